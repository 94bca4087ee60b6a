package site

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

const minimal = `schema = 1

[office]
name = "みほん市役所"
municipality = "みほん市"
kiosk = "1号機"

[[window]]
name = "3番"

[[window.hours]]
days = "月-金"
open = "8:30"
close = "17:15"
`

func TestBuiltinProfilesAreClean(t *testing.T) {
	for _, name := range BuiltinNames {
		data, err := BuiltinSource(name)
		if err != nil {
			t.Fatal(err)
		}
		if p, problems := Load(name, data); p == nil || len(problems) > 0 {
			t.Errorf("Load(%s) = %v", name, problems)
		}
	}
	if _, err := Builtin("castle"); err == nil {
		t.Error(`Builtin("castle") succeeded`)
	}
}

func TestLoad(t *testing.T) {
	p := builtin(t, "branch")
	if p.Name != "みほん市 みなみ支所" || p.Municipality != "みほん市" || p.Kiosk != "1号機" || p.Prefer != PreferCounter || p.AskResident ||
		p.AskToPrint || p.Result != time.Minute || p.Reader != "ACR1252" {
		t.Errorf("branch = %+v", p)
	}
	if d := cmp.Diff([]string{"ja", "ja-easy", "en"}, p.Languages); d != "" {
		t.Errorf("languages (-want +got):\n%s", d)
	}
	if d := cmp.Diff(Printer{Kind: PrinterTCP, Address: "192.168.10.20:9100", Baud: 9600, Flow: "rtscts", Width: 512, DPI: 180, Cut: true}, p.Printer); d != "" {
		t.Errorf("printer (-want +got):\n%s", d)
	}
	if d := cmp.Diff(Lines{Chip: "pinctrl-bcm2711", White: "GPIO17", Green: "GPIO22", Red: "GPIO24", Staff: "GPIO5", Door: "GPIO6"}, p.Lines); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
	if columns, rows := p.Panel.Grid(); columns != 49 || rows != 15 {
		t.Errorf("Grid() = %d, %d; want 49, 15", columns, rows)
	}
	if w, h := p.Panel.CellMM(); fmt.Sprintf("%.1f %.1f", w, h) != "4.4 8.8" {
		t.Errorf("CellMM() = %.2f, %.2f; want 4.4, 8.8", w, h)
	}
	want := Window{
		Name: "1番 市民窓口", Floor: "1階", Directions: "入口を入って正面です。", Phone: "000-000-0201",
		Serves: []diagnosis.Action{{Verb: diagnosis.IssueCertificates}, {Verb: diagnosis.RenewCertificates}, {Verb: diagnosis.Reset}},
		Closed: []content.Date{{Year: 2026, Month: 12, Day: 28}},
		Hours: []Hours{
			{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, Open: 510, Close: 1035, LastEntry: 990, LunchFrom: 720, LunchTo: 780},
			{Dates: []content.Date{{Year: 2026, Month: 12, Day: 13}, {Year: 2027, Month: 1, Day: 10}, {Year: 2027, Month: 2, Day: 14}, {Year: 2027, Month: 3, Day: 14}},
				Open: 540, Close: 720, LastEntry: 690},
		},
	}
	if d := cmp.Diff(want, p.Windows[0]); d != "" {
		t.Errorf("window 1 (-want +got):\n%s", d)
	}
	if len(p.Windows) != 2 || p.Windows[1].Building != "みほん市役所 本庁舎" || p.Windows[1].Here() || !p.Windows[0].Here() {
		t.Errorf("window 2 = %+v", p.Windows[1:])
	}
	if d := cmp.Diff(map[string][]Nearby{"seven-eleven": {{"みほん南町店", 12}}, "aeon-retail": {{"イオンみほん南店", 15}}}, p.Nearby); d != "" {
		t.Errorf("nearby (-want +got):\n%s", d)
	}
}

func TestDefaults(t *testing.T) {
	p, problems := Load("kiosk.toml", []byte(minimal))
	if p == nil || len(problems) > 0 {
		t.Fatalf("Load = %v, %v", p, problems)
	}
	if p.Prefer != PreferBoth || p.Result != time.Minute || p.Printer.Kind != PrinterNone || p.Printer.Width != 576 || p.Printer.DPI != 203 || p.AskToPrint {
		t.Errorf("defaults = %+v", p)
	}
	if d := cmp.Diff([]string{"ja"}, p.Languages); d != "" {
		t.Errorf("languages (-want +got):\n%s", d)
	}
	if columns, rows := p.Panel.Grid(); columns != 64 || rows != 20 {
		t.Errorf("Grid() = %d, %d; want 64, 20", columns, rows)
	}
	if got := p.Windows[0].Hours[0].LastEntry; got != 1035 {
		t.Errorf("last entry = %v; want the closing time", got)
	}
}

func TestWindowsLineEndingsAndMark(t *testing.T) {
	want, _ := Load("kiosk.toml", []byte(minimal))
	crlf := strings.ReplaceAll(minimal, "\n", "\r\n")
	for name, text := range map[string]string{"CRLF": crlf, "BOM": "\uFEFF" + minimal, "BOM and CRLF": "\uFEFF" + crlf} {
		got, problems := Load("kiosk.toml", []byte(text))
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		got.Digest = want.Digest // of the bytes, which differ
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Profile{})); d != "" {
			t.Errorf("%s changes the profile:\n%s", name, d)
		}
	}
	// Places are counted the same with both.
	bad := "\uFEFF" + strings.Replace(crlf, `name = "3番"`, `nam = "3番"`, 1)
	_, problems := Load("kiosk.toml", []byte(bad))
	if len(problems) != 2 || problems[1].Line != 9 || problems[1].Column != 1 {
		t.Errorf("problems = %v; want the unknown key at 9:1", problems)
	}
}

// Every mistake staff are likely to make: the place and what the message must name.
func TestMistakes(t *testing.T) {
	with := func(extra string) string { return minimal + extra }
	instead := func(old, text string) string {
		if !strings.Contains(minimal, old) {
			t.Fatalf("the minimal profile has no %q", old)
		}
		return strings.Replace(minimal, old, text, 1)
	}
	for _, test := range []struct {
		name, text string
		at, key    string
		severity   Severity
		says       []string
	}{
		// The file as a whole.
		{"Shift_JIS", instead("みほん市役所", "\x82\xdd\x82\xd9\x82\xf1"), "4:9", "", Mistake, []string{"Shift_JIS", "UTF-8"}},
		{"UTF-16", "\xff\xfes\x00c\x00", "1:1", "", Mistake, []string{"UTF-16", "UTF-8"}},
		{"empty", "", "1:1", "office.name", Mistake, []string{"name"}},
		{"no schema", instead("schema = 1\n", ""), "1:1", "schema", Mistake, []string{"schema = 1"}},
		{"newer schema", instead("schema = 1", "schema = 2"), "1:10", "schema", Mistake, []string{"schema = 2", "更新"}},
		// What an input method leaves behind.
		{"full-width equals sign", instead(`name = "み`, `name ＝ "み`), "4:6", "", Mistake, []string{"全角の「＝」", "半角の「=」"}},
		{"full-width space", instead(`kiosk = `, `kiosk =　`), "6:8", "", Mistake, []string{"全角の空白"}},
		{"full-width digit outside a string", instead("schema = 1", "schema = １"), "1:10", "", Mistake, []string{"全角の「１」", "半角の「1」"}},
		{"curly quotation marks", instead(`"みほん市役所"`, `“みほん市役所”`), "4:8", "", Mistake, []string{"「“」", `半角の "`}},
		{"corner brackets", instead(`"1号機"`, `「1号機」`), "6:9", "", Mistake, []string{"「「」", `半角の "`}},
		{"full-width bracket", instead("[office]", "［office］"), "3:1", "", Mistake, []string{"全角の「［」", "半角の「[」"}},
		{"ideographic comma", with("[[bring]]\nitems = [\"a\"、\"b\"]\n"), "16:13", "", Mistake, []string{"「、」"}},
		{"full-width time", instead(`"8:30"`, `"８：３０"`), "13:8", "window[1].hours[1].open", Mistake, []string{"全角", `"8:30"`}},
		// TOML.
		{"no quotation marks", instead(`"8:30"`, "8:30"), "13:", "", Mistake, []string{`open = "8:30"`}},
		{"text without quotation marks", instead(`"1号機"`, "いちごうき"), "6:", "", Mistake, []string{"いちごうき", `半角の "`}},
		{"quotation mark missing", instead(`"1号機"`, `"1号機`), "6:", "", Mistake, []string{"片方"}},
		{"no value", instead(`"1号機"`, ""), "6:", "", Mistake, []string{"kiosk", "値がありません"}},
		{"no equals sign", instead(`kiosk = `, "kiosk "), "6:", "", Mistake, []string{"「=」がありません"}},
		{"bracket missing", instead("[office]", "[office"), "3:", "", Mistake, []string{"かっこ"}},
		{"key twice", instead(`kiosk = `, `name = `), "6:", "", Mistake, []string{"「name」", "2回"}},
		{"heading twice", with("[office]\n"), "15:", "", Mistake, []string{"「office」", "2回"}},
		// Keys.
		{"unknown key", instead("municipality =", "municipalty ="), "5:1", "office.municipalty", UnknownKey, []string{"municipalty", "「municipality」の書きまちがい"}},
		{"unknown heading", with("[printr]\nkind = \"none\"\n"), "15:2", "printr", UnknownKey, []string{"「printer」の書きまちがい"}},
		{"unknown key in hours", with("last_enty = \"16:45\"\n"), "15:1", "window[1].hours[1].last_enty", UnknownKey, []string{"last_entry"}},
		{"unknown and nothing near", with("[[window]]\nname = \"4番\"\ncolour = \"red\"\n[[window.hours]]\ndays = \"月\"\nopen = \"9:00\"\nclose = \"12:00\"\n"), "17:1", "window[2].colour", UnknownKey, []string{"colour"}},
		{"missing key", instead("municipality = \"みほん市\"\n", ""), "3:2", "office.municipality", Mistake, []string{"「municipality」がありません"}},
		{"empty value", instead(`"みほん市"`, `""`), "5:16", "office.municipality", Mistake, []string{"空です"}},
		{"number for text", instead(`"1号機"`, "1"), "6:9", "office.kiosk", Mistake, []string{`半角の "`}},
		{"single bracket", instead("[[window]]", "[window]"), "8:2", "window", Mistake, []string{"[[window]]"}},
		{"heading as value", strings.Replace(minimal, "[office]", "office = 1\n[offices]", 1), "3:10", "office", Mistake, []string{"[office]"}},
		// Values.
		{"language", instead(`kiosk = "1号機"`, "kiosk = \"1号機\"\nlanguages = [\"ja\", \"jp\"]"), "7:20", "office.languages[2]", Mistake, []string{"jp", "ja-easy"}},
		{"prefer", with("[visit]\nprefer = \"shop\"\n"), "16:10", "visit.prefer", Mistake, []string{"shop", "both", "counter", "store"}},
		{"flag as text", with("[visit]\nask_resident = \"yes\"\n"), "16:16", "visit.ask_resident", Mistake, []string{"true", "false"}},
		{"too long on the screen", with("[visit]\nresult_seconds = 90\n"), "16:18", "visit.result_seconds", Mistake, []string{"60", "90"}},
		{"seconds as text", with("[visit]\nresult_seconds = \"60\"\n"), "16:18", "visit.result_seconds", Mistake, []string{"引用符なし"}},
		{"no such time", instead(`"17:15"`, `"25:00"`), "14:9", "window[1].hours[1].close", Mistake, []string{"25:00"}},
		{"closes before it opens", instead(`"17:15"`, `"8:15"`), "14:9", "window[1].hours[1].close", Mistake, []string{"8:15", "8:30"}},
		{"last entry after closing", with("last_entry = \"17:30\"\n"), "15:14", "window[1].hours[1].last_entry", Mistake, []string{"17:30", "17:15"}},
		{"lunch outside", with("lunch = \"17:00-18:00\"\n"), "15:9", "window[1].hours[1].lunch", Mistake, []string{"昼休み"}},
		{"lunch unreadable", with("lunch = \"12時から\"\n"), "15:9", "window[1].hours[1].lunch", Mistake, []string{"12:00-13:00"}},
		{"last entry in the lunch break", with("lunch = \"12:00-13:00\"\nlast_entry = \"12:30\"\n"), "16:14", "window[1].hours[1].last_entry", Mistake, []string{"12:30"}},
		{"weekday", instead(`"月-金"`, `"平日"`), "12:8", "window[1].hours[1].days", Mistake, []string{"平日", "月-金"}},
		{"weekday twice", with("[[window.hours]]\ndays = \"金・土\"\nopen = \"9:00\"\nclose = \"12:00\"\n"), "16:8", "window[1].hours[2].days", Mistake, []string{"金曜日", "2回"}},
		{"neither days nor dates", instead("days = \"月-金\"\n", ""), "11:10", "window[1].hours[1].days", Mistake, []string{"days", "dates"}},
		{"no such date", with("[[window.hours]]\ndates = [\"2026-02-30\"]\nopen = \"9:00\"\nclose = \"12:00\"\n"), "16:10", "window[1].hours[2].dates[1]", Mistake, []string{"2026-12-13"}},
		{"window without hours", with("[[window]]\nname = \"4番\"\n"), "15:3", "window[2].hours", Mistake, []string{"[[window.hours]]"}},
		{"address without building", instead(`name = "3番"`, "name = \"3番\"\naddress = \"みほん町\""), "10:11", "window[1].address", Mistake, []string{"building"}},
		{"action", instead(`name = "3番"`, "name = \"3番\"\nserves = [\"reset\", \"renew\"]"), "10:20", "window[1].serves[2]", Mistake, []string{"renew", "renew-certificates"}},
		{"action of nobody", instead(`name = "3番"`, "name = \"3番\"\nserves = [\"apply-card\", \"extend-card\", \"issue-certificates\", \"reset\"]"), "8:3", "window", Advice, []string{"renew-certificates"}},
		{"no window", minimal[:strings.Index(minimal, "[[window]]")], "1:1", "window", Advice, []string{"[[window]]"}},
		{"bring nothing", with("[[bring]]\nwhom = [\"owner\"]\n"), "15:3", "bring[1].items", Mistake, []string{"items"}},
		{"chain", with("[[store]]\nchain = \"seven-elven\"\nname = \"みほん店\"\nminutes = 3\n"), "16:9", "store[1].chain", UnknownKey, []string{"「seven-eleven」の書きまちがい"}},
		{"store without minutes", with("[[store]]\nchain = \"lawson\"\nname = \"みほん店\"\n"), "15:3", "store[1].minutes", Mistake, []string{"minutes = 5"}},
		{"printer kind", with("[printer]\nkind = \"usb\"\n"), "16:8", "printer.kind", Mistake, []string{"usb", "device"}},
		{"printer without path", with("[printer]\nkind = \"device\"\n"), "15:2", "printer.path", Mistake, []string{"/dev/usb/lp0"}},
		{"printer without port", with("[printer]\nkind = \"tcp\"\naddress = \"192.168.1.20\"\n"), "17:11", "printer.address", Mistake, []string{":9100"}},
		{"printer width", with("[printer]\nkind = \"none\"\nwidth = 600\n"), "17:9", "printer.width", Mistake, []string{"600", "576"}},
		{"printer resolution", with("[printer]\nkind = \"none\"\ndpi = 300\n"), "17:7", "printer.dpi", Mistake, []string{"300", "180"}},
		{"printer baud", with("[printer]\nkind = \"serial\"\npath = \"/dev/ttyUSB0\"\nbaud = 9601\n"), "18:8", "printer.baud", Mistake, []string{"9601", "115200"}},
		{"staff's lamp on the door's line", with("[lines]\nstaff = \"GPIO6\"\ndoor = \"GPIO6\"\n"), "17:8", "lines.door", Mistake, []string{"GPIO6", "staff", "door"}},
		{"line twice", with("[lines]\nwhite = \"GPIO17\"\nred = \"GPIO17\"\n"), "17:7", "lines.red", Mistake, []string{"GPIO17", "white", "red"}},
		{"panel too coarse", with("[panel]\nmm = [155, 88]\npixels = [1280, 720]\ncell = [40, 80]\n"), "18:9", "panel.cell", Mistake, []string{"32桁×9行", "40桁×12行"}},
		{"panel too fine", with("[panel]\nmm = [217, 136]\npixels = [1280, 800]\ncell = [16, 32]\n"), "18:9", "panel.cell", Advice, []string{"4.3mm", "4.9mm"}},
		{"panel incomplete", with("[panel]\nmm = [155, 88]\npixels = [1280, 720]\n"), "15:2", "panel.cell", Mistake, []string{"cell = [横, 縦]"}},
		{"panel pair", with("[panel]\nmm = [155]\npixels = [1280, 720]\ncell = [28, 56]\n"), "16:7", "panel.mm", Mistake, []string{"mm = [横, 縦]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, problems := Load("kiosk.toml", []byte(test.text))
			found := false
			for _, q := range problems {
				place := fmt.Sprintf("%d:%d", q.Line, q.Column)
				if q.Key != test.key || q.Severity != test.severity || !strings.HasPrefix(place, test.at) {
					continue
				}
				found = true
				for _, s := range test.says {
					if !strings.Contains(q.Message, s) {
						t.Errorf("message %q does not name %q", q.Message, s)
					}
				}
				if !strings.HasPrefix(q.String(), "kiosk.toml:"+place+": ") {
					t.Errorf("String() = %q; want file, line and column in front", q)
				}
			}
			if !found {
				t.Errorf("problems = %q; want one at %s, key %q, severity %d", problems, test.at, test.key, test.severity)
			}
			if usable := test.severity != Mistake; usable && p == nil && test.name != "unknown key" { // the misspelt key is missing as well
				t.Errorf("the profile is refused: %q", problems)
			} else if !usable && p != nil {
				t.Errorf("a profile with a mistake is used: %q", problems)
			}
			if got, want := Failed(problems), test.severity != Advice; got != want {
				t.Errorf("Failed(%q) = %v; want %v", problems, got, want)
			}
		})
	}
}

// All mistakes at once, in the order of the file.
func TestAllMistakesAreReported(t *testing.T) {
	text := strings.NewReplacer(`"8:30"`, `"8:3O"`, `"17:15"`, `"１７：１５"`, `"月-金"`, `"平日"`).Replace(minimal)
	_, problems := Load("kiosk.toml", []byte(text))
	var got []string
	for _, p := range problems {
		got = append(got, p.Key)
	}
	if d := cmp.Diff([]string{"window[1].hours[1].days", "window[1].hours[1].open", "window[1].hours[1].close"}, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

// Strings and comments may hold anything.
func TestLookAlikesInsideStringsAndComments(t *testing.T) {
	text := strings.Replace(minimal, `name = "3番"`, "name = '３番（“市民”）　＃' # 全角の　空白、“引用符”\ndirections = \"\"\"\n右　＝\n左\\\"\"\"\"", 1)
	p, problems := Load("kiosk.toml", []byte(text))
	if p == nil || len(problems) > 0 {
		t.Fatalf("Load = %v", problems)
	}
	if w := p.Windows[0]; w.Name != "３番（“市民”）　＃" || w.Directions != "右　＝\n左\"" {
		t.Errorf("window = %+v", w)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range BuiltinNames {
		data, err := BuiltinSource(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(minimal))
	f.Add([]byte("window = [{hours = [{open = 08:30:00, days = \"月\"}]}]\na.b.c = 1\n"))
	f.Add([]byte("schema = \"\"\"１\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := Load("kiosk.toml", data)
		if p == nil && len(problems) == 0 {
			t.Fatal("a profile is refused without a word")
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, q := range problems {
			if q.Line < 1 || q.Line > lines || q.Column < 1 || q.Message == "" {
				t.Fatalf("problem %+v of a file with %d lines", q, lines)
			}
		}
		if p != nil {
			Week(p, content.Embedded(), time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo))
		}
	})
}
