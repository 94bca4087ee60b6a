package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestEveryEventHasAnEncoding: a new event of package session must be able to be recorded.
func TestEveryEventHasAnEncoding(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "session", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "event" {
				want = append(want, fn.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	var got, called []string
	for _, k := range kinds {
		got = append(got, k.goes.Name())
		called = append(called, k.name)
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(k.name) {
			t.Errorf("the name %q is not kebab-case", k.name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("events of package session and those with an encoding (-want +got):\n%s", diff)
	}
	slices.Sort(called)
	if len(slices.Compact(called)) != len(kinds) {
		t.Errorf("two of the names are the same: %q", called)
	}
}

// TestEventsSurvive writes and reads every type of event with every field set: a new field must be able to be recorded too.
func TestEventsSurvive(t *testing.T) {
	for _, k := range kinds {
		v := reflect.New(k.goes).Elem()
		if k.name == "judged" { // what was judged is not written
			now := diagnosis.Now{Earliest: noon, Latest: noon, Why: "x"}
			v.Set(reflect.ValueOf(session.Judged{Visit: 3, Resolved: site.Resolved{Office: site.Office{Now: now}}}))
		} else {
			fill(t, v)
		}
		rec := Recording{Digest: "0123456789abcdef", Panel: small, Events: []Event{
			{Line: 2, At: time.Second, Event: v.Interface().(session.Event), Shown: Shown{"result", "0123456789abcdef", "x"}},
		}}
		var b bytes.Buffer
		if err := rec.Write(&b); err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		again, err := Read(&b)
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if diff := cmp.Diff(rec.Events, again.Events); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k.name, diff)
		}
		if got := again.Events[0].Name(); got != k.name {
			t.Errorf("%s comes back as %s", k.name, got)
		}
	}
}

// TestSettingsSurvive: so must a new setting, or replays go another way than the kiosk did.
func TestSettingsSurvive(t *testing.T) {
	var set session.Settings
	v := reflect.ValueOf(&set).Elem()
	for i := range v.NumField() {
		switch v.Type().Field(i).Name {
		case "Office", "Content":
		default:
			fill(t, v.Field(i))
		}
	}
	set.Office.Now = diagnosis.Now{Earliest: noon, Latest: noon.Add(time.Hour), Why: "x"}
	rec := Recording{Profile: "kiosk.toml", Digest: "0123456789abcdef", Panel: small, Settings: set}
	var b bytes.Buffer
	if err := rec.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&rec, again); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// fill sets everything to something that is not zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Addr().Interface().(type) {
	case *time.Time:
		v.Set(reflect.ValueOf(noon))
		return
	case *time.Duration:
		v.Set(reflect.ValueOf(30 * time.Second))
		return
	case *card.Date:
		v.Set(reflect.ValueOf(cardtest.Reference))
		return
	case *card.Facts:
		v.Set(reflect.ValueOf(cardtest.Library()[3].Want()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		v.SetString("x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("this test cannot fill a %s", v.Type())
	}
}

var (
	noon  = time.Date(2026, 11, 24, 12, 0, 10, 0, time.UTC)
	small = screen.Panel{Cols: 40, Rows: 12, WidthMM: 154.5, HeightMM: 86}
)

// kiosk is the loop in small: it answers the effects, and everything goes through the recorder.
type kiosk struct {
	t       *testing.T
	place   *site.Profile
	state   session.State
	now     diagnosis.Now
	at      time.Duration
	record  *Recorder
	file    bytes.Buffer
	printed session.PrintResult
	verdict session.CodeVerdict
	later   []session.Event // answers that come later
	token   int
	visit   int
	shown   []session.Screen
}

func start(t *testing.T, change func(*session.Settings)) *kiosk {
	t.Helper()
	k := &kiosk{t: t, place: cityHall(t), now: diagnosis.Now{Earliest: noon, Latest: noon}, printed: session.PrintConfirmed, verdict: session.CodeRight}
	k.record = NewRecorder(&k.file, k.place)
	set := session.Settings{Content: content.Embedded(), Printer: true, Stick: true, Update: true, Code: session.CodeUnset}
	set.Office = site.Resolve(diagnosis.Report{}, k.now, diagnosis.Answers{}, k.place, content.Embedded()).Office
	if change != nil {
		change(&set)
	}
	k.state = session.New(set)
	k.feed(session.Started{})
	return k
}

func cityHall(t testing.TB) *site.Profile {
	t.Helper()
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func (k *kiosk) feed(ev session.Event) {
	k.t.Helper()
	k.at += 100 * time.Millisecond
	before := k.state
	var effects []session.Effect
	k.state, effects = before.Next(ev)
	if err := k.record.Record(k.at, before, ev, k.state, effects); err != nil {
		k.t.Fatal(err)
	}
	k.shown = append(k.shown, k.state.Screen)
	var now []session.Event
	for _, e := range effects {
		switch e := e.(type) {
		case session.Wake:
			k.token = e.Token
		case session.StartReading:
			k.visit = e.Visit
		case session.Judge:
			r := diagnosis.Diagnose(e.Facts, k.now, e.Answers)
			now = append(now, session.Judged{Visit: e.Visit, Resolved: site.Resolve(r, k.now, e.Answers, k.place, content.Embedded())})
		case session.Print:
			k.later = append(k.later, session.PrintEnded{Job: e.Job, Result: k.printed, Code: "P-02"})
		case session.AskClock:
			now = append(now, session.ClockTold{Wall: noon, From: noon.AddDate(0, -1, 0), Until: noon.AddDate(15, 0, 0)})
		case session.Confirm:
			now = append(now, session.Confirmed{OK: true})
		case session.CheckCode:
			k.later = append(k.later, session.CodeChecked{Visit: e.Visit, Verdict: k.verdict, Tries: 4, Code: "S-01"})
		case session.KeepCode:
			k.later = append(k.later, session.CodeKept{Visit: e.Visit, OK: true})
		case session.AskParts:
			now = append(now, session.PartsTold{Visit: e.Visit, Checks: []page.Check{
				{Thing: page.ThingPrinter, Mark: page.Bad, Code: "P-02", State: "fault"}, {Thing: page.ThingProgram, Mark: page.Fine, State: "fine", From: noon},
			}})
		case session.AskFaults:
			now = append(now, session.FaultsTold{List: []page.FaultRecord{{Code: "R-05", At: noon.Truncate(time.Hour), N: 2}}})
		case session.Export:
			k.later = append(k.later, session.Exported{Visit: e.Visit, OK: true, Name: "kagimado-statistics.txt"})
		case session.UnlockStick:
			k.later = append(k.later, session.UpdateTold{Attempt: e.Attempt, Update: page.UpdateState{
				Stage: page.UpdateFound, Kind: page.UpdateSystem, Version: "2026-11-29.165101.4c01c99", Running: "2026-10-01.000000.abcdef0"}})
		case session.Install:
			k.later = append(k.later, session.UpdateTold{Attempt: e.Attempt, Update: page.UpdateState{Stage: page.UpdateInstalling, Kind: page.UpdateSystem, Percent: 40}},
				session.UpdateTold{Attempt: e.Attempt, Update: page.UpdateState{Stage: page.UpdateRefused, Code: "U-08"}})
		case session.AskTally:
			now = append(now, session.TallyTold{Tally: page.Tally{
				From: cardtest.Reference, Until: cardtest.Reference, Visits: []page.Count{{Name: "locked:sign", N: 12}}, Slips: []page.Count{{Name: "confirmed", N: 7}},
				Recoveries: []page.Count{{Name: "terminal", N: 1}}, PaperMM: 1500,
			}})
		}
	}
	for _, answer := range now {
		k.feed(answer)
	}
}

// settle gives the answers that come later.
func (k *kiosk) settle() {
	k.t.Helper()
	for len(k.later) > 0 {
		next := k.later[0]
		k.later = k.later[1:]
		k.feed(next)
	}
}

func (k *kiosk) touch(actions ...page.Action) {
	k.t.Helper()
	for _, a := range actions {
		k.feed(session.Touched{Action: a})
		k.settle()
	}
}

func (k *kiosk) typed(code string) {
	k.t.Helper()
	for _, d := range code {
		k.touch(page.ActDigit + page.Action(d))
	}
}

func (k *kiosk) read(f card.Facts) {
	k.t.Helper()
	k.feed(session.CardLaid{})
	k.feed(session.Progress{Visit: k.visit, Done: 9, Total: 21})
	k.feed(session.ReadDone{Visit: k.visit, Facts: f})
	k.settle()
}

func (k *kiosk) in(want session.Screen) {
	k.t.Helper()
	if k.state.Screen != want {
		k.t.Fatalf("the kiosk shows %s; want %s", k.state.Screen, want)
	}
}

// whole plays a question, a guide, slips, a torn card, an open door and the staff menu, of which code is to be the code and other
// is none.
func whole(t *testing.T, code, other string) *kiosk {
	t.Helper()
	k := start(t, nil)
	cards := cardtest.Library()
	locked := slices.IndexFunc(cards, func(s cardtest.Spec) bool { return s.Name == "locked-sign" })
	k.read(cards[locked].Want())
	k.in(session.TakeCard)
	k.feed(session.CardLifted{})
	k.in(session.Result)
	k.touch(page.ActDetails, page.ActMore, page.ActBack, page.ActAsk)
	k.in(session.Question)
	k.touch(page.ActYes, page.ActDontKnow, page.ActNo)
	k.in(session.Result)
	k.touch(page.ActPrint)
	k.in(session.Printed)
	k.touch(page.ActFinish, page.ActLanguage, page.ActLang+"en", page.ActGuides, page.ActGuide+"prevention/stop")
	k.in(session.GuideStep)
	k.touch(page.ActPrint, page.ActBack, page.ActOver, page.ActBack)
	torn := card.NewFacts()
	torn.Outcome = card.Removed
	k.read(torn)
	k.in(session.RemovedEarly)
	k.feed(session.Timeout{Token: k.token})
	k.feed(session.CardLifted{})
	k.feed(session.ReaderGone{Code: "R-02"})
	k.feed(session.DoorMoved{Open: true})
	k.feed(session.ReaderReady{})
	k.feed(session.DoorMoved{})
	k.touch(page.ActLanguage, page.ActStaff)
	k.in(session.Staff)
	k.typed(code + other)
	k.typed(code + code)
	k.touch(page.ActSelfTest, page.ActPrint, page.ActBack, page.ActPaper, page.ActTrial, page.ActBack, page.ActFaults, page.ActPrint, page.ActBack,
		page.ActStatistics, page.ActExport, page.ActPrint, page.ActMore, page.ActBack, page.ActUpdate, page.ActInstall, page.ActInstallNow, page.ActBack, page.ActFinish)
	k.in(session.Attract)
	k.touch(page.ActLanguage, page.ActStaff)
	k.typed(code)
	k.touch(page.ActSelfTest, page.ActBack, page.ActFinish)
	k.in(session.Attract)
	return k
}

// played runs a recording again and names the lines that differ.
func played(t *testing.T, recording string) (rec *Recording, differ []int) {
	t.Helper()
	rec, err := Read(strings.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	for e, f := range rec.Play(cityHall(t), content.Embedded()) {
		if e.Shown != f.Shown {
			differ = append(differ, e.Line)
		}
	}
	return rec, differ
}

// TestReplay: a whole visit leads to the same screens and slips again.
func TestReplay(t *testing.T) {
	k := whole(t, "271828", "314159")
	rec, differ := played(t, k.file.String())
	if len(differ) > 0 || len(rec.Events) != len(k.shown) {
		t.Errorf("%d events were recorded and %d played, of which lines %v differ", len(k.shown), len(rec.Events), differ)
	}
	screens, slips := map[session.Screen]bool{}, 0
	for i, e := range rec.Events {
		if e.Shown.Name != k.shown[i] {
			t.Errorf("line %d shows %s; want %s", e.Line, e.Shown.Name, k.shown[i])
		}
		screens[e.Shown.Name] = true
		if e.Shown.Slip != "" {
			slips++
		}
	}
	if len(screens) < 13 || slips != 7 {
		t.Errorf("the visit goes to %d screens and prints %d slips; want 13 and 7", len(screens), slips)
	}
	var again bytes.Buffer
	if err := rec.Write(&again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k.file.String(), again.String()); diff != "" {
		t.Errorf("what was read is written differently (-want +got):\n%s", diff)
	}
}

// TestNoDigitOfTheCode: two codes make the same recording to the byte, and a replay of it goes through the same doors.
func TestNoDigitOfTheCode(t *testing.T) {
	one, other := whole(t, "271828", "314159").file.String(), whole(t, "000001", "986532").file.String()
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("the recording depends on the code:\n%s", diff)
	}
	got := regexp.MustCompile(`digit:[^"]*`).FindAllString(one, -1)
	if len(got) != 30 || slices.ContainsFunc(got, func(s string) bool { return s != "digit:0" && s != "digit:1" }) {
		t.Errorf("digits are written as %q", got)
	}
	k := start(t, nil)
	k.touch(page.ActLanguage, page.ActStaff, page.ActDigit+"271828", page.ActDigit+"9", page.ActErase)
	if strings.Contains(k.file.String(), "271828") || strings.Contains(k.file.String(), "digit:9") {
		t.Errorf("digits are in the recording:\n%s", k.file.String())
	}
	if _, differ := played(t, k.file.String()); len(differ) > 0 {
		t.Errorf("lines %v differ", differ)
	}
}

// TestKeys holds a recording against a list of what may stand in it: whoever adds to it has to think of visitors.
func TestKeys(t *testing.T) {
	allowed := strings.Fields("ms event with shows screen slip visit done total facts now earliest latest why action job result code token " +
		"verdict tries fault ok checks thing mark state said from until visits guides slips recoveries paper_mm faults name n believed wall open " +
		"attempt stage version running percent " +
		"schema kind outcome card_expiry counters certificates also_on_card exchanges key left not_before not_after")
	for i, l := range strings.Split(strings.TrimSpace(whole(t, "271828", "314159").file.String()), "\n") {
		var document any
		if err := json.Unmarshal([]byte(l), &document); err != nil {
			t.Fatal(err)
		}
		keys(document, func(k string) {
			if i > 0 && !slices.Contains(allowed, k) {
				t.Errorf("line %d holds %q", i+1, k)
			}
		})
	}
}

func keys(document any, each func(string)) {
	switch d := document.(type) {
	case map[string]any:
		for k, v := range d {
			each(k)
			keys(v, each)
		}
	case []any:
		for _, v := range d {
			keys(v, each)
		}
	}
}

// TestChangedRecordings: an event that is missing and a counter that is another are told as different.
func TestChangedRecordings(t *testing.T) {
	lines := strings.SplitAfter(whole(t, "271828", "314159").file.String(), "\n")
	for _, part := range []string{
		`"card-laid"`, `"read-done"`, `"judged"`, `"action":"details"`, `"action":"yes"`, `"action":"print"`, `"print-ended"`, `"card-lifted"`,
		`"action":"lang:en"`, `"action":"guide:prevention/stop"`, `"timeout"`, `"reader-gone"`, `"door-moved","with":{"open":false}`,
		`"action":"staff"`, `"action":"digit:0"`, `"code-kept"`, `"code-checked"`, `"parts-told"`, `"faults-told"`, `"tally-told"`, `"exported"`,
	} {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, part) })
		if i < 0 {
			t.Fatalf("no line holds %s", part)
		}
		if _, differ := played(t, strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")); len(differ) == 0 {
			t.Errorf("nothing differs without %s", strings.TrimSpace(lines[i]))
		}
	}
	all := strings.Join(lines, "")
	for old, changed := range map[string]string{
		`"key":"auth","state":"counted","left":3`: `"key":"auth","state":"counted","left":2`,
		`"key":"sign","state":"blocked","left":0`: `"key":"sign","state":"counted","left":5`,
		`"visit":1,"now":{"earliest":"2026-11-24`: `"visit":1,"now":{"earliest":"2036-11-24`,
		`"result":"confirmed"`:                    `"result":"nothing"`,
		`"verdict":"right"`:                       `"verdict":"locked"`,
		`"name":"locked:sign","n":12`:             `"name":"locked:sign","n":13`,
		`"code":"R-05"`:                           `"code":"R-04"`,
		`"mark":"bad"`:                            `"mark":"fine"`,
		`"printer":true`:                          `"printer":false`,
		`"slip":{"width":576`:                     `"slip":{"width":384`,
	} {
		if !strings.Contains(all, old) {
			t.Fatalf("the recording does not hold %s", old)
		}
		if _, differ := played(t, strings.ReplaceAll(all, old, changed)); len(differ) == 0 {
			t.Errorf("nothing differs with %s instead of %s", changed, old)
		}
	}
}

// TestRandomVisits: whatever happens, in whatever order, happens again in a replay.
func TestRandomVisits(t *testing.T) {
	cards := cardtest.Library()
	actions := []page.Action{page.ActLanguage, page.ActLang + "ja-easy", page.ActBack, page.ActMore, page.ActExtend, page.ActFinish,
		page.ActStaff, page.ActDigit + "7", "nonsense"}
	screens := map[session.Screen]int{}
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		k := start(t, func(s *session.Settings) {
			s.Printer, s.Print, s.Code = seed%4 > 0, session.PrintMode(seed%2), session.CodeState(seed%3)
			s.Clock, s.StartOfDay, s.Lang = seed%2 == 0, seed%4 == 0, text.Language(seed%3)
			s.Staff = []string{"F-01 kiosk.toml:3:1"}[:seed%2]
			s.ResultFor = time.Duration(rnd.IntN(60)) * time.Second
		})
		for range 100 {
			k.printed, k.verdict = session.PrintResult(rnd.IntN(4)), session.CodeVerdict(rnd.IntN(4))
			if rnd.IntN(8) == 0 {
				k.now = diagnosis.Now{Earliest: noon.AddDate(rnd.IntN(8), 0, 0)}
				if rnd.IntN(2) == 0 {
					k.now.Latest = k.now.Earliest.Add(time.Hour)
				}
			}
			switch n, buttons := rnd.IntN(20), k.state.Page.Buttons; {
			case n < 3 && k.state.Lying:
				k.feed(session.CardLifted{})
			case n < 3:
				k.read(cards[rnd.IntN(len(cards))].Want())
			case n < 4:
				k.feed([]session.Event{
					session.CardMute{}, session.ReaderReady{}, session.ReaderGone{Code: "R-01"}, session.CardLaid{}, session.DoorMoved{Open: rnd.IntN(4) == 0},
				}[rnd.IntN(5)])
			case n < 6:
				k.feed(session.Timeout{Token: k.token})
			case n < 8 || len(buttons) == 0:
				k.touch(actions[rnd.IntN(len(actions))])
			default:
				k.feed(session.Touched{Action: buttons[rnd.IntN(len(buttons))].Action})
			}
			if rnd.IntN(2) == 0 {
				k.settle()
			}
		}
		if _, differ := played(t, k.file.String()); len(differ) > 0 {
			t.Fatalf("seed %d: lines %v differ", seed, differ)
		}
		for _, s := range k.shown {
			screens[s]++
		}
	}
	for _, s := range session.Screens() {
		if screens[s] == 0 {
			t.Errorf("no random visit comes to %s", s)
		}
	}
}

// TestMistakes: what this program cannot play is told with its line.
func TestMistakes(t *testing.T) {
	k := whole(t, "271828", "314159")
	all := k.file.String()
	edit := func(old, changed string) string {
		t.Helper()
		if !strings.Contains(all, old) {
			t.Fatalf("the recording does not hold %s", old)
		}
		return strings.Replace(all, old, changed, 1)
	}
	for _, c := range []struct {
		file string
		line int
		want string
	}{
		{"", 1, "the file is empty"},
		{"{}", 1, "recording is 0; this program plays 1"},
		{"hello\n", 1, "invalid character"},
		{edit(`"recording":1`, `"recording":2`), 1, "recording is 2"},
		{edit(`"cols":`, `"cols":4`), 1, "want 40 to 400 columns"},
		{edit(`"lang":"ja"`, `"lang":"fr"`), 1, `"fr"`},
		{edit(`"digest":"`, `"digest":"x`), 1, "want 16 hex digits"},
		{edit(`"print":"auto"`, `"print":"often"`), 1, `print "often" is none of`},
		{edit(`"code":"unset"`, `"code":"271828"`), 1, `code "271828" is none of`},
		{edit(`"result_ms":60000`, `"result_ms":-60000`), 1, "result_ms is -60000"},
		{edit(`{"ms":100,`, `{"ms":100,"loud":true,`), 2, `unknown field "loud"`},
		{edit(`{"ms":100,`, `{"ms":-1,`), 2, "ms is -1"},
		{edit(`"event":"started"`, `"event":"touched"`), 2, "event touched"},
		{edit(`"event":"started"`, `"event":"started","with":{}`), 2, "it comes with nothing"},
		{edit(`"event":"card-laid"`, `"event":"card-thrown"`), 3, `no event is called "card-thrown"`},
		{edit(`"schema":"facts/1"`, `"schema":"facts/9"`), 5, `schema is "facts/9"`},
		{edit("\n", "{}\n"), 1, "something follows the document"},
		{all + strings.Repeat("x", maxLine+1), strings.Count(all, "\n") + 1, "longer than"},
	} {
		_, err := Read(strings.NewReader(c.file))
		if m := new(Mistake); !errors.As(err, &m) || m.Line != c.line || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want line %d and %q", err, c.line, c.want)
		}
	}
	if err := (&Recording{Settings: session.Settings{Code: 99}}).Write(&bytes.Buffer{}); err == nil {
		t.Error("a code state that has no name is written")
	}
	if err := k.record.Record(0, k.state, nil, k.state, nil); err == nil || !strings.Contains(err.Error(), "no encoding") {
		t.Errorf("no event: %v; want that it has no encoding", err)
	}
	if err := k.record.Record(0, k.state, session.PrintEnded{Result: 99}, k.state, nil); err == nil {
		t.Error("a result that has no name is written")
	}
}

// FuzzRead: no file makes the reader fall; what it took it writes and reads again as it was, and it can be played.
func FuzzRead(f *testing.F) {
	place := cityHall(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		rec, err := Read(bytes.NewReader(file))
		if err != nil {
			if m := new(Mistake); !errors.As(err, &m) {
				t.Errorf("error %v tells no line", err)
			}
			return
		}
		var once, twice bytes.Buffer
		if err := rec.Write(&once); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(once.Bytes()))
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, once.Bytes())
		}
		if err := again.Write(&twice); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("%v; written once and twice:\n%s\n%s", err, once.Bytes(), twice.Bytes())
		}
		n := 0
		for range rec.Play(place, content.Embedded()) {
			if n++; n == 20 {
				break
			}
		}
	})
}
