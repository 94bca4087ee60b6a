package site

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

// Schema is the version of the profile's form.
const Schema = 1

// Preference is what the office wants to stand first where a counter and a store lead to the same end.
type Preference string

// Preferences.
const (
	PreferBoth    Preference = "both"    // the hour decides: an open window in this building beats the store
	PreferCounter Preference = "counter" // the counter, whatever the hour
	PreferStore   Preference = "store"   // the store, whatever the hour, to keep the queue short
)

// Profile is everything one kiosk.toml says. It is not changed after loading.
type Profile struct {
	File         string
	Digest       string // of the file's bytes, 16 hex digits: tells one profile from another
	Name         string // of the place the kiosk stands in
	Municipality string
	Kiosk        string   // the kiosk's own name on slips
	Languages    []string // stable names of kiosk/text; never empty
	Prefer       Preference
	AskResident  bool
	QueueTicket  string
	Windows      []Window
	Nearby       map[string][]Nearby // by chain
	Reader       string              // part of the PC/SC name; empty = any
	Printer      Printer
	Lines        Lines
	Panel        Panel
	AskToPrint   bool          // print on a button only, not by itself
	Result       time.Duration // how long a result stays

	brings []bring
}

// PrinterKind tells how the printer is reached.
type PrinterKind string

// Printer kinds.
const (
	PrinterNone   PrinterKind = "none"
	PrinterFile   PrinterKind = "file" // a folder that takes slips as PNG
	PrinterDevice PrinterKind = "device"
	PrinterSerial PrinterKind = "serial"
	PrinterTCP    PrinterKind = "tcp"
)

// Printer is the receipt printer (field.md §3.1).
type Printer struct {
	Kind    PrinterKind
	Path    string // of the folder, device or serial line
	Address string // host:port
	Baud    int
	Flow    string // of a serial line: rtscts, xonxoff or none
	Width   int    // dots: 384, 512, 576 or 640
	DPI     int    // 180 or 203
	Cut     bool
}

// Lines are the names of the GPIO lines, such as GPIO17; an empty name is not wired. Chip is the label of the GPIO
// chip, empty = the header's own (field.md §5).
type Lines struct {
	Chip                            string
	White, Blue, Green, Yellow, Red string
	Staff                           string // a lamp of their own
	Beeper                          string
	Door                            string
}

type bring struct {
	whom    []diagnosis.Who
	actions []diagnosis.Action
	items   []string
}

// bring returns the profile's own list for the first path that is one: the first entry that fits the person and every
// action. Empty means that the usual list holds.
func (p *Profile) bring(paths ...*diagnosis.Path) []string {
	for _, path := range paths {
		if path == nil || len(path.Actions) == 0 {
			continue
		}
		for _, b := range p.brings {
			if (Window{Whom: b.whom, Serves: b.actions}).serves(path) == len(path.Actions) {
				return b.items
			}
		}
		break
	}
	return nil
}

// languages the message catalogue may have (design.md §8). A language that an older program lacks is left out by
// whoever shows the languages.
var languages = []string{"ja", "ja-easy", "en", "pt", "zh", "ko", "vi"}

// Load reads a profile. It returns nil when there is a Mistake; unknown keys and advice leave it usable. A check of the
// file fails on unknown keys too: see Failed. name stands in the problems, which are in the order of the file.
func Load(name string, data []byte) (*Profile, []Problem) {
	doc, top := parse(name, data)
	if top == nil {
		return nil, doc.sorted()
	}
	sum := sha256.Sum256(data)
	p := &Profile{File: name, Digest: hex.EncodeToString(sum[:8]), Nearby: map[string][]Nearby{}}

	if !top.has("schema") {
		top.mistake("schema", "「schema」がありません。ファイルのはじめに schema = %d と書いてください。", Schema)
	} else if n := top.number("schema", 1, 1<<30, Schema); n != Schema {
		top.mistake("schema", "この設定ファイルは新しい形（schema = %d）です。このプログラムが読めるのは schema = %d です。プログラムを更新してください。", n, Schema)
	}
	top.get("schema")

	office := top.table("office")
	p.Name = office.need("name")
	p.Municipality = office.need("municipality")
	p.Kiosk = office.need("kiosk")
	p.Languages = office.texts("languages", languages...)
	if len(p.Languages) == 0 {
		p.Languages = []string{"ja"}
	}
	office.finish()

	visit := top.table("visit")
	p.Prefer = Preference(visit.oneOf("prefer", string(PreferBoth), string(PreferBoth), string(PreferCounter), string(PreferStore)))
	p.AskResident = visit.flag("ask_resident")
	p.QueueTicket = visit.text("queue_ticket")
	p.AskToPrint = visit.oneOf("print", "auto", "auto", "ask") == "ask"
	p.Result = time.Duration(visit.number("result_seconds", 10, 60, 60)) * time.Second
	visit.finish()

	for _, t := range top.tables("window") {
		p.Windows = append(p.Windows, window(t))
	}
	served(top, p.Windows)

	for _, t := range top.tables("bring") {
		b := bring{whom: whom(t, "whom"), actions: actions(t, "actions"), items: t.texts("items")}
		if len(b.items) == 0 {
			t.mistake("items", "「items」に持ち物を書いてください。例: items = [\"マイナンバーカード\"]")
		}
		t.finish()
		p.brings = append(p.brings, b)
	}

	for _, t := range top.tables("store") {
		chain := t.need("chain")
		var ids []string
		for _, h := range content.Embedded().Chains {
			ids = append(ids, h.ID)
		}
		if chain != "" && !slices.Contains(ids, chain) {
			// A newer list of stores may know it, so the profile stays usable.
			doc.report(doc.at(t.full("chain")), t.full("chain"), UnknownKey, "「%s」というチェーンはありません。%sから選んでください。%s",
				chain, strings.Join(ids, "、"), nearest(chain, ids))
		}
		near := Nearby{Name: t.need("name"), Minutes: t.number("minutes", 1, 120, 0)}
		if !t.has("minutes") {
			t.mistake("minutes", "「minutes」がありません。歩いて何分かを minutes = 5 のように書いてください。")
		}
		t.finish()
		p.Nearby[chain] = append(p.Nearby[chain], near)
	}

	reader := top.table("reader")
	p.Reader = reader.text("name")
	reader.finish()

	p.Printer = printer(top.table("printer"))

	lines := top.table("lines")
	p.Lines = Lines{
		Chip: lines.text("chip"), White: lines.text("white"), Blue: lines.text("blue"), Green: lines.text("green"),
		Yellow: lines.text("yellow"), Red: lines.text("red"), Staff: lines.text("staff"),
		Beeper: lines.text("beeper"), Door: lines.text("door"),
	}
	twice(lines, "white", "blue", "green", "yellow", "red", "staff", "beeper", "door")
	lines.finish()

	p.Panel = panel(top.table("panel"))

	top.finish()
	problems := doc.sorted()
	if slices.ContainsFunc(problems, func(q Problem) bool { return q.Severity == Mistake }) {
		return nil, problems
	}
	return p, problems
}

func window(t *table) Window {
	w := Window{
		Name: t.need("name"), Building: t.text("building"), Address: t.text("address"), Floor: t.text("floor"),
		Directions: t.text("directions"), Phone: t.text("phone"), Appointment: t.text("appointment"),
		Serves: actions(t, "serves"), Whom: whom(t, "whom"), Closed: dates(t, "closed"), OpenOnHolidays: t.flag("open_on_holidays"),
	}
	if w.Address != "" && w.Building == "" {
		t.mistake("address", "「address」は別の建物の窓口に書きます。「building」に建物の名前も書いてください。")
	}
	var week [7]bool
	list := t.tables("hours")
	if len(list) == 0 {
		t.mistake("hours", "受付時間がありません。[[window.hours]] の見出しと days、open、close を書いてください。")
	}
	for _, h := range list {
		hours := hours(h)
		for d, on := range hours.Days {
			if on && week[d] {
				h.mistake("days", "%s曜日の受付時間が2回書かれています。", weekdayNames[d])
			}
			week[d] = week[d] || on
		}
		w.Hours = append(w.Hours, hours)
	}
	t.finish()
	return w
}

func hours(t *table) Hours {
	h := Hours{Dates: dates(t, "dates")}
	if t.has("days") == t.has("dates") {
		t.mistake("days", "「days」（曜日、例: \"月-金\"）か「dates」（日付）のどちらか一つを書いてください。")
	}
	if text := t.text("days"); text != "" {
		var ok bool
		if h.Days, ok = parseDays(text); !ok {
			t.mistake("days", "「days」に「%s」は使えません。\"月-金\" や \"月・水・金\" のように曜日の一文字で書いてください。", text)
		}
	}
	h.Open, h.Close = clock(t, "open"), clock(t, "close")
	for _, key := range []string{"open", "close"} {
		if !t.has(key) {
			t.mistake(key, "「%s」がありません。%s = \"8:30\" のように書いてください。", key, key)
		}
	}
	if h.Open >= h.Close && t.has("open") && t.has("close") && h.Open > 0 && h.Close > 0 {
		t.mistake("close", "閉まる時刻（%s）が開く時刻（%s）より前です。", h.Close, h.Open)
	}
	h.LastEntry = h.Close
	if _, ok := t.get("last_entry"); ok {
		if h.LastEntry = clock(t, "last_entry"); h.LastEntry > 0 && (h.LastEntry <= h.Open || h.LastEntry > h.Close) {
			t.mistake("last_entry", "受付の終わり（%s）は、開く時刻（%s）より後、閉まる時刻（%s）までにしてください。", h.LastEntry, h.Open, h.Close)
		}
	}
	if text := t.text("lunch"); text != "" {
		from, to, _ := strings.Cut(text, "-")
		a, aOK := parseClock(strings.TrimSpace(from))
		b, bOK := parseClock(strings.TrimSpace(to))
		switch {
		case !aOK || !bOK:
			t.mistake("lunch", "「lunch」に「%s」は使えません。半角で \"12:00-13:00\" のように書いてください。", text)
		case a >= b || a <= h.Open || b >= h.Close:
			t.mistake("lunch", "昼休み（%s）は、開く時刻（%s）と閉まる時刻（%s）の間にしてください。", text, h.Open, h.Close)
		case h.LastEntry > a && h.LastEntry <= b && t.has("last_entry"):
			t.mistake("last_entry", "受付の終わり（%s）が昼休み（%s）の中にあります。", h.LastEntry, text)
		default:
			h.LunchFrom, h.LunchTo = a, b
		}
	}
	t.finish()
	return h
}

// clock reads a time of day; 0 after a mistake.
func clock(t *table, key string) Clock {
	v, ok := t.get(key)
	if !ok {
		return 0
	}
	text, isText := v.(string)
	if l, isTime := v.(toml.LocalTime); isTime { // 08:30:00 without quotation marks is good TOML
		text, isText = fmt.Sprintf("%d:%02d", l.Hour, l.Minute), true
	}
	c, ok := parseClock(text)
	if !isText || !ok {
		remedy := "半角で \"8:30\" のように書いてください。"
		if half := halfWidth(text); half != text {
			if c, ok := parseClock(half); ok {
				remedy = fmt.Sprintf("全角の数字や記号があります。半角で \"%s\" と書いてください。", c)
			}
		}
		t.mistake(key, "「%s」に「%v」は使えません。%s", key, v, remedy)
		return 0
	}
	return c
}

var clockPattern = regexp.MustCompile(`^(\d{1,2}):(\d{2})$`)

func parseClock(s string) (Clock, bool) {
	m := clockPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	h, _ := strconv.Atoi(m[1])
	min, _ := strconv.Atoi(m[2])
	c := Clock(h*60 + min)
	return c, min < 60 && c <= 24*60
}

// halfWidth turns full-width letters, digits and signs into the usual ones.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

// parseDays reads 月-金, 月・水・金, 火木.
func parseDays(s string) (days [7]bool, ok bool) {
	last, open := -1, false // the weekday before, and whether a range began there
	for _, r := range s {
		d := slices.Index(weekdayNames[:], string(r))
		switch {
		case strings.ContainsRune("-－ー−～〜", r):
			if last < 0 || open {
				return days, false
			}
			open = true
		case d >= 0 && open:
			for i := last; ; i = (i + 1) % 7 {
				days[i] = true
				if i == d {
					break
				}
			}
			last, open = -1, false
		case d >= 0:
			days[d], last = true, d
		case strings.ContainsRune("・,、， 　", r):
		default:
			return days, false
		}
	}
	return days, !open && days != [7]bool{}
}

// dates reads an array of days, with or without quotation marks.
func dates(t *table, key string) []content.Date {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.mistake(key, "「%s」は日付をかっこで囲んで並べます。例: %s = [2026-12-13]", key, key)
		return nil
	}
	var out []content.Date
	for i, e := range list {
		var d content.Date
		switch e := e.(type) {
		case toml.LocalDate:
			d = e
		case string:
			if c, err := card.ParseDate(e); err == nil {
				d = content.Date{Year: c.Year, Month: int(c.Month), Day: c.Day}
			}
		}
		if d == (content.Date{}) {
			t.mistake(fmt.Sprintf("%s[%d]", key, i+1), "「%s」の%d番目は、ある日付を半角で 2026-12-13 のように書いてください。", key, i+1)
			continue
		}
		out = append(out, d)
	}
	return out
}

// verbs in the order in which actions are listed.
var verbs = []diagnosis.Verb{
	diagnosis.ApplyCard, diagnosis.ExtendCard, diagnosis.IssueCertificates, diagnosis.RenewCertificates, diagnosis.Reset,
}

func actions(t *table, key string) []diagnosis.Action {
	var choices []string
	byName := map[string]diagnosis.Action{}
	add := func(a diagnosis.Action) {
		choices = append(choices, a.String())
		byName[a.String()] = a
	}
	for _, v := range verbs {
		add(diagnosis.Action{Verb: v})
	}
	for _, k := range diagnosis.ResetOrder {
		add(diagnosis.Action{Verb: diagnosis.Reset, Key: k})
	}
	var out []diagnosis.Action
	for _, name := range t.texts(key, choices...) {
		out = append(out, byName[name])
	}
	return out
}

func whom(t *table, key string) []diagnosis.Who {
	var out []diagnosis.Who
	for _, name := range t.texts(key, string(diagnosis.Owner), string(diagnosis.LegalRepresentative)) {
		out = append(out, diagnosis.Who(name))
	}
	return out
}

// served advises on what no window does: such a visitor would be sent to a counter without being told which.
func served(top *table, windows []Window) {
	if len(windows) == 0 {
		top.advice("window", "窓口が一つもありません。[[window]] を書かないと、案内に窓口の場所と受付時間が出ません。")
		return
	}
	for _, v := range verbs {
		path := &diagnosis.Path{Who: diagnosis.Owner, Actions: []diagnosis.Action{{Verb: v}}}
		if v == diagnosis.Reset {
			path.Actions[0].Key = card.Sign
		}
		if !slices.ContainsFunc(windows, func(w Window) bool { return w.serves(path) > 0 }) {
			top.advice("window", "「%s」を受け付ける窓口がありません。どこかの窓口の serves に足してください。", path.Actions[0])
		}
	}
}

func printer(t *table) Printer {
	kind := PrinterKind(t.oneOf("kind", string(PrinterNone),
		string(PrinterNone), string(PrinterFile), string(PrinterDevice), string(PrinterSerial), string(PrinterTCP)))
	p := Printer{Kind: kind, Path: t.text("path"), Address: t.text("address"), Cut: t.flag("cut")}
	p.Width, _ = strconv.Atoi(t.oneOf("width", "576", "384", "512", "576", "640"))
	p.DPI, _ = strconv.Atoi(t.oneOf("dpi", "203", "180", "203"))
	p.Baud, _ = strconv.Atoi(t.oneOf("baud", "9600", "9600", "19200", "38400", "57600", "115200"))
	p.Flow = t.oneOf("flow", "rtscts", "rtscts", "xonxoff", "none")
	switch kind {
	case PrinterFile, PrinterDevice, PrinterSerial:
		if p.Path == "" {
			t.mistake("path", "kind = \"%s\" のときは「path」が要ります。例: path = \"%s\"", kind,
				map[PrinterKind]string{PrinterFile: "slips", PrinterDevice: "/dev/usb/lp0", PrinterSerial: "/dev/ttyUSB0"}[kind])
		}
	case PrinterTCP:
		if _, port, err := net.SplitHostPort(p.Address); err != nil || port == "" {
			t.mistake("address", "kind = \"tcp\" のときは「address」をアドレスとポートで書きます。例: address = \"192.168.1.20:9100\"")
		}
	}
	t.finish()
	return p
}

// twice reports two keys with the same value: a line can only do one thing.
func twice(t *table, keys ...string) {
	seen := map[string]string{}
	for _, key := range keys {
		line, _ := t.values[key].(string)
		if line == "" {
			continue
		}
		if other, ok := seen[line]; ok {
			t.mistake(key, "線「%s」が「%s」と「%s」の両方に書かれています。", line, other, key)
		}
		seen[line] = key
	}
}
