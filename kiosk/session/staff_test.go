package session

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// staffActions are touches that mean something on staff's screens alone.
func staffActions() []page.Action {
	return []page.Action{page.ActStaff, page.ActConfirm, page.ActLater, page.ActSelfTest, page.ActFaults, page.ActStatistics, page.ActExport, page.ActUpdate, page.ActInstall, page.ActInstallNow, page.ActAgain, page.ActRestart, page.ActShift + "soon", page.ActDigit + "12"}
}

// atDesk is what happens at staff's screens: mostly touches of what is offered there.
func atDesk(rnd *rand.Rand, s State) Event {
	switch all := s.Page.Buttons; {
	case rnd.IntN(20) == 0:
		return Timeout{Token: s.token}
	case s.choosing:
		return Touched{page.ActStaff}
	case s.desk.room == "" && rnd.IntN(10) > 0:
		return Touched{page.ActDigit + "1"}
	default:
		return Touched{all[rnd.IntN(len(all))].Action}
	}
}

// answered is what a loop with a code of its own mind answers staff's effects.
func answered(rnd *rand.Rand, e Effect) Event {
	switch e := e.(type) {
	case AskClock:
		return ClockTold{Wall: noon, From: noon.AddDate(0, 0, -3), Until: noon.AddDate(15, 0, 0), Believed: rnd.IntN(4) == 0}
	case Confirm:
		return Confirmed{OK: rnd.IntN(2) == 0}
	case CheckCode:
		return CodeChecked{Visit: e.Visit, Verdict: min(CodeVerdict(rnd.IntN(9)), CodeRight), Tries: 3, Code: "S-01"}
	case KeepCode:
		return CodeKept{Visit: e.Visit, OK: rnd.IntN(2) == 0, Code: "S-01"}
	case AskFaults:
		return FaultsTold{List: []page.FaultRecord{{Code: "P-02", N: 1}}}
	case Export:
		return Exported{Visit: e.Visit, OK: rnd.IntN(2) == 0, Name: "statistics.txt"}
	case AskParts:
		return PartsTold{Visit: e.Visit, Checks: parts()}
	case UnlockStick:
		return UpdateTold{e.Attempt - rnd.IntN(10)/9, page.UpdateState{Stage: stages[rnd.IntN(len(stages))], Kind: page.UpdateSystem, Version: newVersion}}
	case Install:
		return UpdateTold{e.Attempt, page.UpdateState{Stage: stages[1+rnd.IntN(3)], Kind: []string{page.UpdateSystem, page.UpdateContent}[rnd.IntN(2)], Version: newVersion}}
	case Reboot:
		return UpdateTold{e.Attempt, page.UpdateState{Stage: page.UpdateRefused, Code: "S-02"}}
	}
	return nil
}

// stages are what root may tell.
var stages = []page.UpdateStage{page.UpdateFound, page.UpdateInstalling, page.UpdateInstalled, page.UpdateRefused}

// guarded fails when the menu opens to anything but a right code or the first one that is kept.
func guarded(t *testing.T, before State, ev Event, after State) {
	t.Helper()
	open := func(s State) bool { return s.at == Staff && s.desk.room != "" }
	if open(before) || !open(after) {
		return
	}
	checked, _ := ev.(CodeChecked)
	kept, _ := ev.(CodeKept)
	if before.at != Staff || checked.Verdict != CodeRight && !kept.OK {
		t.Fatalf("%T %+v opens the staff menu on %s", ev, ev, before.at)
	}
	if before.set.Code == CodeImpossible {
		t.Fatalf("%T opens a menu that can have no code", ev)
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 10, 0, card.Tokyo)

func parts() []page.Check {
	return []page.Check{{Thing: page.ThingPrinter, Mark: page.Bad, Code: "P-02", State: "fault"}}
}

func told(at time.Time) ClockTold {
	return ClockTold{Wall: at, From: noon.AddDate(0, 0, -3), Until: noon.AddDate(15, 0, 0)}
}

// typing is the touches of a code.
func typing(code string) (all []Event) {
	for _, d := range code {
		all = append(all, Touched{page.ActDigit + page.Action(d)})
	}
	return all
}

// toCode goes to the keypad.
func toCode(t *testing.T, set Settings) State {
	t.Helper()
	s, _ := run(t, New(set), Touched{page.ActLanguage}, Touched{page.ActStaff})
	want(t, s, Staff)
	return s
}

// toMenu opens the menu with the right code.
func toMenu(t *testing.T, set Settings) State {
	t.Helper()
	set.Code = CodeSet
	s, _ := run(t, toCode(t, set), typing("314159")...)
	s, _ = run(t, s, CodeChecked{Visit: s.visit, Verdict: CodeRight})
	inRoom(t, s, roomMenu)
	return s
}

func TestStaffCode(t *testing.T) {
	s := toCode(t, Settings{Code: CodeSet})
	s, effects := run(t, s, append(typing("31415"), Touched{page.ActErase}, Touched{page.ActDigit + "5"}, Touched{page.ActMore})...)
	if effects != nil || !strings.HasSuffix(s.Page.Headline, "＊＊＊＊＊・") {
		t.Fatalf("after five digits: %v, %q; want five dots and nothing to do", effects, s.Page.Headline)
	}
	if said := page.Text(s.Page); strings.Contains(said, "3141") {
		t.Errorf("the page shows the code:\n%s", said)
	}
	s, effects = run(t, s, typing("99")...)
	if diff := cmp.Diff([]Effect{CheckCode{s.visit, "314159"}}, effects); diff != "" {
		t.Errorf("effects of the sixth digit and a seventh (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		answer CodeChecked
		step   page.CodeStep
	}{
		{CodeChecked{Visit: s.visit, Verdict: CodeWrong, Tries: 4}, page.CodeWrong},
		{CodeChecked{Visit: s.visit, Verdict: CodeLocked}, page.CodeLocked},
		{CodeChecked{Visit: s.visit, Verdict: CodeFailed, Code: "S-01"}, page.CodeClosed},
		{CodeChecked{Visit: s.visit - 1, Verdict: CodeRight}, page.CodeChecked},
		{CodeChecked{}, page.CodeChecked},
	} {
		got, effects := run(t, s, tt.answer)
		inRoom(t, got, roomCode)
		if got.desk.step != tt.step || effects != nil {
			t.Errorf("after %+v: step %d, effects %v; want step %d", tt.answer, got.desk.step, effects, tt.step)
		}
		if again, more := run(t, got, typing("271828")...); tt.step == page.CodeWrong != (len(more) == 1) {
			t.Errorf("after %+v another code asks for %v on step %d", tt.answer, more, again.desk.step)
		}
	}
	open, _ := run(t, s, CodeChecked{Visit: s.visit, Verdict: CodeRight})
	inRoom(t, open, roomMenu)
	if again, _ := run(t, open, Touched{page.ActFinish}, CodeChecked{Visit: open.visit, Verdict: CodeRight}); again.at != Attract {
		t.Error("a late answer opens the menu")
	}
}

func inRoom(t *testing.T, s State, r room) {
	t.Helper()
	if s.Room() != string(r) {
		t.Fatalf("on %s in room %q; want %q", s.Screen, s.Room(), r)
	}
}

func TestFirstCode(t *testing.T) {
	set := Settings{Code: CodeUnset}
	if s := New(set); len(s.Page.Staff) != 1 {
		t.Errorf("staff are told %q on the waiting screen; want that there is no code", s.Page.Staff)
	}
	s, effects := run(t, toCode(t, set), append(typing("314159"), typing("271828")...)...)
	if effects != nil || s.desk.step != page.CodeDiffers {
		t.Fatalf("two different codes: effects %v, step %d; want none", effects, s.desk.step)
	}
	s, effects = run(t, s, append(typing("314159"), typing("314159")...)...)
	if diff := cmp.Diff([]Effect{KeepCode{s.visit, "314159"}}, effects); diff != "" {
		t.Fatalf("the same code twice (-want +got):\n%s", diff)
	}
	failed, _ := run(t, s, CodeKept{Visit: s.visit, Code: "S-01"})
	inRoom(t, failed, roomCode)
	if failed.set.Code != CodeUnset {
		t.Error("a code that was not kept counts as set")
	}
	s, _ = run(t, s, CodeKept{Visit: s.visit, OK: true})
	inRoom(t, s, roomMenu)
	s, _ = run(t, s, Touched{page.ActFinish})
	want(t, s, Attract)
	if len(s.Page.Staff) != 0 || s.set.Code != CodeSet {
		t.Errorf("after the first code staff are told %q", s.Page.Staff)
	}
	closed := toCode(t, Settings{Code: CodeImpossible})
	if _, effects := run(t, closed, typing("314159")...); effects != nil || closed.desk.step != page.CodeClosed {
		t.Errorf("without a ledger the menu asks for %v", effects)
	}
}

// TestStaffMenuIsNobodysVisit: who has a card or a result before him is offered no way into the menu that would cost it,
// and who stands in the menu when a card comes leaves nothing behind.
func TestStaffMenuIsNobodysVisit(t *testing.T) {
	set := Settings{Code: CodeSet, Content: guides()}
	busy, _ := read(t, New(set), verdict(diagnosis.Locked))
	lifted, _ := run(t, busy, CardLifted{})
	walking, _ := run(t, New(set), Touched{page.ActGuides})
	reading, _ := run(t, New(set), CardLaid{})
	for _, s := range []State{busy, lifted, walking, reading} {
		s, _ = run(t, s, Touched{page.ActLanguage})
		if offered := slices.ContainsFunc(s.Page.Buttons, func(b page.Button) bool { return b.Action == page.ActStaff }); offered {
			t.Errorf("above %s the language screen offers the staff menu", s.at)
		}
		if got, _ := run(t, s, Touched{page.ActStaff}); got.at != s.at {
			t.Errorf("from above %s a touch leads to %s", s.at, got.at)
		}
	}
	s := toMenu(t, set)
	s, effects := run(t, s, CardLaid{})
	want(t, s, Reading)
	if len(effects) != 1 || !reflect.DeepEqual(s.desk, desk{}) {
		t.Errorf("a card in the menu: effects %v, desk %+v; want one reading and nothing of staff", effects, s.desk)
	}
	s = toMenu(t, set)
	s, _ = run(t, s, ReaderGone{Code: "R-02"}, ReaderReady{}, CardLifted{}, ReaderGone{Code: "R-02"})
	inRoom(t, s, roomMenu)
	s, _ = run(t, s, Touched{page.ActFinish})
	want(t, s, OutOfService)
}

func TestStaffMenuLeavesByItself(t *testing.T) {
	for _, a := range []page.Action{page.ActNone, page.ActSelfTest, page.ActClock, page.ActPaper, page.ActStatistics, page.ActUpdate} {
		w := &waiter{s: toMenu(t, Settings{Printer: true, Clock: true, Update: true})}
		w.feed(Touched{a}, told(noon))
		w.wait((staffFor - 1) * time.Second)
		want(t, w.s, Staff)
		w.wait(time.Second)
		want(t, w.s, Attract)
		if !reflect.DeepEqual(w.s.desk, desk{}) {
			t.Errorf("%s: the waiting screen remembers %+v", a, w.s.desk)
		}
	}
}

func TestStatistics(t *testing.T) {
	counted := page.Tally{Visits: []page.Count{{Name: "all-clear", N: 12}}}
	s, effects := run(t, toMenu(t, Settings{}), Touched{page.ActStatistics})
	if diff := cmp.Diff([]Effect{AskClock{}, AskTally{}}, effects); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	s, _ = run(t, s, TallyTold{counted})
	inRoom(t, s, roomTally)
	if len(s.Page.Rows) != 1 || s.Page.Rows[0].State != "12" {
		t.Errorf("the page tells %+v; want twelve visits", s.Page.Rows)
	}
	s, _ = run(t, s, Touched{page.ActBack})
	inRoom(t, s, roomMenu)
	if s, _ = run(t, s, TallyTold{counted}); !reflect.DeepEqual(s.desk, desk{room: roomMenu}) {
		t.Errorf("an answer that comes late is kept: %+v", s.desk)
	}
}

// TestExport: one stick at a time, only where one can be written, and what came of it is told before anything else.
func TestExport(t *testing.T) {
	counted := page.Tally{Visits: []page.Count{{Name: "all-clear", N: 12}}}
	s, effects := run(t, toMenu(t, Settings{}), Touched{page.ActStatistics}, TallyTold{counted}, Touched{page.ActExport})
	if offered(s, page.ActExport) || slices.Contains(effects, Effect(Export{s.visit})) {
		t.Errorf("without a stick the page offers %+v and asks for %v", s.Page.Buttons, effects)
	}
	s, effects = run(t, toMenu(t, Settings{Stick: true}), Touched{page.ActStatistics}, TallyTold{counted}, Touched{page.ActMore}, Touched{page.ActExport}, Touched{page.ActExport})
	if n := len(slices.DeleteFunc(effects, func(e Effect) bool { return e != Effect(Export{s.visit}) })); n != 1 || offered(s, page.ActExport) || s.Part != 0 {
		t.Errorf("two touches ask for %d exports, on part %d; want one, on the first", n, s.Part)
	}
	if late, _ := run(t, s, Exported{Visit: s.visit - 1, OK: true}); !late.desk.export.Writing {
		t.Errorf("the answer of an earlier visit is taken: %+v", late.desk.export)
	}
	fine, _ := run(t, s, Exported{Visit: s.visit, OK: true, Name: "kagimado.txt"})
	if said := page.Text(fine.Page); fine.Page.Mark != page.Fine || !strings.Contains(said, "kagimado.txt") || len(fine.Page.Rows) != 1 || !offered(fine, page.ActExport) {
		t.Errorf("what was written is told as\n%s", said)
	}
	for code, want := range map[string]string{"U-01": "U-01", "": "U-02"} {
		bad, _ := run(t, s, Exported{Visit: s.visit, Code: code})
		if bad.Page.Mark != page.Attention || !strings.Contains(bad.Page.Headline, want) || !offered(bad, page.ActExport) {
			t.Errorf("a failure %q is told as %q; want %s", code, bad.Page.Headline, want)
		}
	}
	s, _ = run(t, s, Touched{page.ActBack}, Touched{page.ActStatistics})
	if s, _ = run(t, s, Exported{Visit: s.visit, OK: true}); s.desk.export != (page.Export{}) {
		t.Errorf("an answer that comes late is told: %+v", s.desk.export)
	}
}

// TestStatisticsOnPaper carry a summary for machines, and nothing of the slip or the stick before.
func TestStatisticsOnPaper(t *testing.T) {
	set := Settings{Printer: true, Stick: true, Office: site.Office{Kiosk: "1号機"}}
	s, effects := run(t, toMenu(t, set), Touched{page.ActStatistics}, told(noon), TallyTold{page.Tally{Visits: []page.Count{{Name: "all-clear", N: 12}}}},
		Touched{page.ActPrint})
	s, _ = run(t, s, PrintEnded{Job: s.job, Result: PrintConfirmed}, Touched{page.ActExport}, Exported{Visit: s.visit, Code: "U-01"})
	_, again := run(t, s, Touched{page.ActPrint})
	if prints(effects) != 1 || prints(again) != 1 {
		t.Fatalf("%d and %d slips; want one each", prints(effects), prints(again))
	}
	first, second := effects[len(effects)-1].(Print).Page, again[0].(Print).Page
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second slip differs (-first +second):\n%s", diff)
	}
	if !strings.Contains(first.Link, "visit all-clear 12") || s.Page.Link != "" {
		t.Errorf("the slip's code says %q and the screen's %q; want the summary on paper alone", first.Link, s.Page.Link)
	}
}

func TestSelfTest(t *testing.T) {
	s, effects := run(t, toMenu(t, Settings{Printer: true}), Touched{page.ActSelfTest})
	if diff := cmp.Diff([]Effect{AskClock{}, AskParts{s.visit}}, effects); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if _, effects := run(t, s, Touched{page.ActPrint}); effects != nil {
		t.Errorf("a test that is not over prints %v", effects)
	}
	s, _ = run(t, s, PartsTold{Visit: s.visit - 1, Checks: parts()})
	if s.desk.checks != nil {
		t.Error("the answer of an earlier visit is taken")
	}
	s, effects = run(t, s, PartsTold{Visit: s.visit, Checks: parts()}, Touched{page.ActPrint}, Touched{page.ActPrint})
	if prints(effects) != 1 || !strings.Contains(page.Text(effects[0].(Print).Page), "P-02") {
		t.Errorf("two touches of print: %v; want one slip that says P-02", effects)
	}
	s, _ = run(t, s, PrintEnded{Job: s.job, Result: PrintNothing, Code: "P-03"})
	inRoom(t, s, roomTest)
	if !strings.Contains(s.Page.Rest, "P-03") {
		t.Errorf("the page says %q of the slip; want its code", s.Page.Rest)
	}
	s, effects = run(t, s, Touched{page.ActBack}, Touched{page.ActPaper}, Touched{page.ActTrial})
	if trial, ok := effects[len(effects)-1].(Print); !ok || !trial.Trial || trial.Job != s.job {
		t.Errorf("a test slip: %v", effects)
	}
	if _, effects := run(t, toMenu(t, Settings{}), Touched{page.ActPaper}, Touched{page.ActClock}, Touched{page.ActTrial}, Touched{page.ActConfirm}); effects != nil {
		t.Errorf("without printer and clock: %v", effects)
	}
	if _, effects := run(t, toMenu(t, Settings{}), Touched{page.ActRestart}); !reflect.DeepEqual(effects, []Effect{Restart{}}) {
		t.Errorf("restart: %v", effects)
	}
}

func TestStaffClock(t *testing.T) {
	at := func(t time.Time) string {
		return page.Of(page.StaffClock{At: t}, site.Office{}, text.Japanese).Headline
	}
	s, _ := run(t, toMenu(t, Settings{Clock: true}), Touched{page.ActClock})
	if _, effects := run(t, s, Touched{page.ActConfirm}, Touched{page.ActShift + "+24h0m0s"}); len(effects) != 2 {
		t.Errorf("before the clock has said anything: %v; want two questions to it", effects)
	}
	s, _ = run(t, s, told(noon))
	for _, tt := range []struct {
		steps []string
		want  time.Time
	}{
		{nil, noon},
		{[]string{"+24h0m0s", "-1h0m0s", "+10m0s"}, noon.Add(23*time.Hour + 10*time.Minute)},
		{[]string{"+720h0m0s", "+720h0m0s"}, noon.AddDate(0, 0, 60)},
		{[]string{"-720h0m0s"}, noon.AddDate(0, 0, -3).Add(50 * time.Second)}, // the lower bound, to the next minute
		{[]string{"-720h0m0s", "+24h0m0s"}, noon.AddDate(0, 0, -2).Add(50 * time.Second)},
		{[]string{"nonsense"}, noon},
	} {
		s := s
		for _, step := range tt.steps {
			s, _ = run(t, s, Touched{page.ActShift + page.Action(step)})
		}
		if got := s.Page.Headline; got != at(tt.want) {
			t.Errorf("after %v the screen says %s; want %s", tt.steps, got, at(tt.want))
		}
		_, effects := run(t, s, Touched{page.ActConfirm})
		if c, ok := effects[0].(Confirm); !ok || !c.At.Equal(tt.want.Truncate(time.Minute)) {
			t.Errorf("after %v confirm asks for %v; want what stood on the screen, %s", tt.steps, effects, tt.want)
		}
	}
	early, _ := run(t, s, told(time.Unix(40, 0)))
	if got, lower := early.Page.Headline, at(noon.AddDate(0, 0, -3).Add(50*time.Second)); got != lower {
		t.Errorf("from 1970 staff begin at %s; want the lower bound, %s", got, lower)
	}
	refused, _ := run(t, s, Confirmed{})
	if refused.Page.Mark != page.Attention {
		t.Errorf("a refused moment is told as %q", refused.Page.Headline)
	}
	s, _ = run(t, s, Confirmed{OK: true})
	inRoom(t, s, roomMenu)
	if s.Page.Mark != page.Fine {
		t.Errorf("a moment that was taken is told as %q", s.Page.Headline)
	}
}

func TestStartOfDay(t *testing.T) {
	set := Settings{Clock: true, StartOfDay: true, Content: guides()}
	begin := func() *waiter {
		w := &waiter{s: New(set)}
		w.feed(Started{})
		w.feed(told(noon))
		want(t, w.s, StartOfDay)
		w.all = nil
		return w
	}
	t.Run("one touch", func(t *testing.T) {
		w := begin()
		w.feed(Touched{page.ActConfirm})
		if diff := cmp.Diff(Effect(Confirm{noon.Truncate(time.Minute)}), w.all[0]); diff != "" {
			t.Errorf("effect (-want +got):\n%s", diff)
		}
		w.feed(Confirmed{OK: true})
		want(t, w.s, Attract)
		w.read(verdict(diagnosis.AllClear))
		w.feed(CardLifted{}, Touched{page.ActFinish}, Started{})
		want(t, w.s, Attract)
	})
	t.Run("refused", func(t *testing.T) {
		w := begin()
		w.feed(Touched{page.ActConfirm}, Confirmed{})
		want(t, w.s, StartOfDay)
	})
	t.Run("later", func(t *testing.T) {
		w := begin()
		w.feed(Touched{page.ActLater})
		want(t, w.s, Attract)
	})
	t.Run("a card", func(t *testing.T) {
		w := begin()
		w.read(verdict(diagnosis.AllClear))
		want(t, w.s, TakeCard)
	})
	t.Run("nobody is there", func(t *testing.T) {
		w := begin()
		asked := 0
		for range startFor - 1 {
			w.all = nil
			w.wait(time.Second)
			for _, e := range w.all {
				if _, ok := e.(AskClock); ok {
					asked++
					w.feed(told(noon.Add(time.Duration(asked)*time.Minute - 10*time.Second)))
				}
			}
		}
		want(t, w.s, StartOfDay)
		if asked != startFor/60 {
			t.Errorf("the clock was asked %d times in %d s; want every minute", asked, startFor)
		}
		w.wait(time.Second)
		want(t, w.s, Attract)
	})
	t.Run("a time source comes", func(t *testing.T) {
		w := begin()
		now := told(noon)
		now.Believed = true
		w.feed(now)
		want(t, w.s, Attract)
	})
	t.Run("impossible", func(t *testing.T) {
		w := begin()
		w.feed(told(time.Unix(40, 0)))
		if slices.ContainsFunc(w.s.Page.Buttons, func(b page.Button) bool { return b.Action == page.ActConfirm }) {
			t.Error("1970 is offered to be confirmed")
		}
		w.all = nil
		w.feed(Touched{page.ActConfirm})
		for _, e := range w.all {
			if _, ok := e.(Confirm); ok {
				t.Error("1970 is confirmed")
			}
		}
	})
	t.Run("no reader", func(t *testing.T) {
		w := begin()
		w.feed(ReaderGone{Code: "R-02"})
		want(t, w.s, StartOfDay)
		if !strings.Contains(w.s.Page.Rest, "R-02") {
			t.Errorf("the screen says %q; want that no card can be read", w.s.Page.Rest)
		}
		w.feed(Touched{page.ActLater})
		want(t, w.s, OutOfService)
	})
	if s := New(Settings{StartOfDay: true}); s.Screen != Attract {
		t.Errorf("a clock that cannot be set is asked about on %s", s.Screen)
	}
}
