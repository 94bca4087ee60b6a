package content

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day(y, m, d int) Date { return Date{Year: y, Month: m, Day: d} }

func TestResetting(t *testing.T) {
	c := Embedded()
	for _, test := range []struct {
		key                  string
		nationwide, regional []string
	}{
		{"sign", []string{"seven-eleven", "lawson", "family-mart", "ministop"},
			[]string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji", "daiei"}},
		{"auth", []string{"seven-eleven"}, []string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji"}},
		{"juki", nil, nil},
		{"input-support", nil, nil},
	} {
		var nationwide, regional []string
		for _, h := range c.Resetting(test.key) {
			if h.Nationwide {
				nationwide = append(nationwide, h.ID)
			} else {
				regional = append(regional, h.ID)
			}
		}
		if d := cmp.Diff(test.nationwide, nationwide); d != "" {
			t.Errorf("Resetting(%q), nation-wide (-want +got):\n%s", test.key, d)
		}
		if d := cmp.Diff(test.regional, regional); d != "" {
			t.Errorf("Resetting(%q), regional (-want +got):\n%s", test.key, d)
		}
	}
}

func TestNationwideStop(t *testing.T) {
	cal := Embedded().Calendar
	// The Sundays that rules.md section 3 names, and the two months in which the rule differs from "third Sunday".
	stops := map[Date]bool{
		day(2026, 11, 22): true, day(2026, 12, 20): true, day(2027, 1, 17): true, day(2027, 2, 21): true, day(2027, 3, 21): true,
		day(2026, 11, 15): false, // third Sunday of a month that begins on a Sunday
		day(2026, 11, 21): false, day(2026, 11, 23): false, day(2027, 8, 15): false, day(2027, 8, 22): true, day(2026, 2, 1): false,
	}
	for d, want := range stops {
		if got := cal.NationwideStop(d); got != want {
			t.Errorf("NationwideStop(%s) = %v; want %v", d, got, want)
		}
	}
	n := 0
	for i := range 730 {
		if cal.NationwideStop(DateOf(day(2026, 1, 1).AsTime(time.UTC).AddDate(0, 0, i))) {
			n++
		}
	}
	if n != 24 {
		t.Errorf("stops in two years = %d; want one in every month", n)
	}
}

func TestCalendar(t *testing.T) {
	cal := Embedded().Calendar
	for _, test := range []struct {
		d              Date
		known, yearEnd bool
		holiday        string
	}{
		{day(2025, 12, 31), false, true, ""},
		{day(2026, 1, 1), true, true, "元日"},
		{day(2026, 1, 3), true, true, ""},
		{day(2026, 1, 4), true, false, ""},
		{day(2026, 9, 22), true, false, "休日"},
		{day(2026, 11, 23), true, false, "勤労感謝の日"},
		{day(2026, 11, 24), true, false, ""},
		{day(2026, 12, 28), true, false, ""},
		{day(2026, 12, 29), true, true, ""},
		{day(2027, 3, 22), true, false, "休日"},
		{day(2027, 12, 31), true, true, ""},
		{day(2028, 1, 1), false, true, ""},
	} {
		name, _ := cal.Holiday(test.d)
		if k, y := cal.Known(test.d), cal.YearEnd(test.d); k != test.known || y != test.yearEnd || name != test.holiday {
			t.Errorf("%s: Known, YearEnd, Holiday = %v, %v, %q; want %v, %v, %q", test.d, k, y, name, test.known, test.yearEnd, test.holiday)
		}
	}
	var zero Calendar
	if d := day(2026, 1, 1); zero.Known(d) || zero.YearEnd(d) || zero.NationwideStop(day(2026, 11, 22)) {
		t.Error("the zero Calendar claims to know a day")
	}
}

// Every code a driver can produce must mean something to staff. The constants are read from source because this
// package may not import hw.
func TestFaultsCoverHardwareCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../hw/hw.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			code, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if f, ok := Embedded().Fault(code); !ok || f.Code != code {
				t.Errorf("Fault(%q) = %v, %v; want an entry for every code of package hw", code, f, ok)
			}
		}
		return true
	})
	if n < 14 {
		t.Errorf("found %d codes in package hw; want at least the fourteen of its first version", n)
	}
	if _, ok := Embedded().Fault("Z-99"); ok {
		t.Error(`Fault("Z-99") exists`)
	}
}

func TestEntries(t *testing.T) {
	c := Embedded()
	if p, ok := c.Phone("general"); !ok || p.Number != "0120-95-0178" {
		t.Errorf(`Phone("general") = %+v, %v; want 0120-95-0178`, p, ok)
	}
	if p, ok := c.Page(PageStoreReset); !ok || p.Address != "https://www.jpki.go.jp/jpkiidreset/howto/kiosk.html" {
		t.Errorf("Page(%q) = %+v, %v", PageStoreReset, p, ok)
	}
	if h, ok := c.Chain("lawson"); !ok || h.Latin != "Lawson" {
		t.Errorf(`Chain("lawson") = %+v, %v`, h, ok)
	}
	if c.Terminal.Opens != "6:30" || c.Terminal.Closes != "23:00" || c.Terminal.BookingHours != 24 {
		t.Errorf("Terminal = %+v; want 6:30 to 23:00, 24 hours", c.Terminal)
	}
}

// files returns the embedded files with one text replaced in one of them.
func files(t *testing.T, name, old, text string) fs.FS {
	t.Helper()
	m := fstest.MapFS{}
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(sub, ".", func(n string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(sub, n)
		if err != nil {
			return err
		}
		s := string(data)
		if n == name {
			if !strings.Contains(s, old) {
				t.Fatalf("%s does not contain %q", name, old)
			}
			s = strings.Replace(s, old, text, 1)
		}
		m[n] = &fstest.MapFile{Data: []byte(s)}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ name, file, old, text, want string }{
		{"unknown key", "stores.toml", `reach = "全国"`, "reach = \"全国\"\ncolour = \"red\"", "stores.toml: 23:1: unknown key chain.colour"},
		{"syntax", "stores.toml", `id = "lawson"`, `id = lawson`, "stores.toml: 27:6"},
		{"wrong type", "stores.toml", "booking_hours = 24", `booking_hours = "24"`, "stores.toml: 11:"},
		{"no source", "stores.toml", "\nsource = ", "\nlatin = ", "unknown key terminal.latin"},
		{"empty source", "phones.toml", `source = "https://www.kojinbango-card.go.jp/"`, `source = ""`, "checking phone general: source"},
		{"no date", "pages.toml", "checked = 2026-09-08", "", "checking page store-reset: source and checked"},
		{"date that does not exist", "pages.toml", "checked = 2026-09-08", "checked = 2026-02-30", "pages.toml: 8:"},
		{"id twice", "stores.toml", `id = "lawson"`, `id = "seven-eleven"`, `"seven-eleven": the id is empty or stands twice`},
		{"key no terminal resets", "stores.toml", `resets = ["auth", "sign"]`, `resets = ["juki"]`, `no terminal resets "juki"`},
		{"regional before nation-wide", "stores.toml", "nationwide = true", "nationwide = false", "nation-wide chains come first"},
		{"no time of day", "stores.toml", `"23:00"`, `"24:60"`, `"24:60" is no time of day`},
		{"phone number", "phones.toml", "0120-95-0178", "0120950178", "checking phone general"},
		{"page address", "pages.toml", `address = "https`, `address = "http`, "checking page store-reset"},
		{"page missing", "pages.toml", `id = "card"`, `id = "cards"`, "page card is missing"},
		{"fault code", "faults.toml", `"R-01"`, `"R1"`, `checking fault "R1"`},
		{"fault without source", "faults.toml", "checked = 2026-11-29", "", "checking faults: source and checked"},
		{"holiday outside", "calendar.toml", "date = 2027-11-23", "date = 2028-11-23", "checking holiday 2028-11-23"},
		{"holiday twice", "calendar.toml", "date = 2027-11-23", "date = 2027-11-03", "checking holiday 2027-11-03"},
		{"a year begun but not filled", "calendar.toml", "until = 2027-12-31", "until = 2028-12-31", "checking holidays of 2028: 0 days"},
		{"range reversed", "calendar.toml", "from = 2026-01-01", "from = 2028-01-01", "from and until must be given"},
		{"year-end", "calendar.toml", `first = "12-29"`, `first = "12-32"`, `"12-32" is no month and day`},
		{"year-end reversed", "calendar.toml", `first = "12-29"`, `first = "01-01"`, "must span the turn"},
		{"guide under another name", "guides/prevention.toml", `id = "prevention"`, `id = "caution"`, `want the name of the file, "prevention"`},
		{"unknown key of a guide", "guides/prevention.toml", `id = "stop"`, "id = \"stop\"\ncolour = 1", "guides/prevention.toml: 8:1: unknown key leaf.colour"},
		{"node without id", "guides/prevention.toml", `id = "stop"`, `id = ""`, "checking node"},
		{"node with a slash", "guides/prevention.toml", `id = "stop"`, `id = "a/b"`, "an id holds no slash"},
		{"source without date", "guides/index.toml", "checked = 2026-11-21", "", "checking source own"},
		{"source twice", "guides/index.toml", `id = "card-keys"`, `id = "own"`, `checking source "own"`},
		{"stop rule", "calendar.toml", "after_saturday = 3", "after_saturday = 5", "checking nationwide_stop"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Load(files(t, test.file, test.old, test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || c != nil {
				t.Errorf("Load = %v, %v; want an error containing %q", c, err, test.want)
			}
		})
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("Load of nothing succeeded")
	}
}

func TestExtraStop(t *testing.T) {
	c, err := Load(files(t, "calendar.toml", "extra = []", "extra = [2026-12-05]"))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Calendar.NationwideStop(day(2026, 12, 5)) || c.Calendar.NationwideStop(day(2026, 12, 6)) {
		t.Error("NationwideStop does not follow the announced days")
	}
}
