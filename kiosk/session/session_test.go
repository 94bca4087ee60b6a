package session

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// visitFacts stands for a reading; what it says does not matter to the session.
func visitFacts() card.Facts {
	f := card.NewFacts()
	f.Kind, f.Outcome = card.MyNumberCard, card.Complete
	f.CardExpiry = card.Date{Year: 2035, Month: 2, Day: 17}
	return f
}

func verdict(h diagnosis.HeadlineCode, questions ...diagnosis.Question) site.Resolved {
	r := site.Resolved{Report: diagnosis.Report{
		Headline:  diagnosis.Headline{Code: h},
		Questions: questions,
		Primary:   diagnosis.Path{Route: diagnosis.RouteCounter, At: diagnosis.AtOffice, Who: diagnosis.Owner},
	}}
	if h == diagnosis.Locked {
		r.Report.Headline.Key = card.Sign
	}
	return r
}

// run feeds events and returns the last state and all effects but the timer's.
func run(t *testing.T, s State, events ...Event) (State, []Effect) {
	t.Helper()
	var all []Effect
	for _, ev := range events {
		var effects []Effect
		s, effects = s.Next(ev)
		for _, e := range effects {
			if _, timer := e.(Wake); !timer {
				all = append(all, e)
			}
		}
	}
	return s, all
}

// read takes s through a reading with this verdict.
func read(t *testing.T, s State, r site.Resolved) (State, []Effect) {
	t.Helper()
	s, started := run(t, s, CardLaid{})
	if len(started) != 1 {
		t.Fatalf("Next(CardLaid) asked for %v; want one reading", started)
	}
	visit := started[0].(StartReading).Visit
	return run(t, s, Progress{Visit: visit, Done: 1, Total: 12}, ReadDone{Visit: visit, Facts: visitFacts()}, Judged{Visit: visit, Resolved: r})
}

func want(t *testing.T, s State, screen Screen) {
	t.Helper()
	if s.Screen != screen {
		t.Fatalf("screen is %s; want %s", s.Screen, screen)
	}
}

// waiter answers every Wake that falls due.
type waiter struct {
	s    State
	wake *Wake
	all  []Effect
}

func (w *waiter) feed(events ...Event) {
	for _, ev := range events {
		s, effects := w.s.Next(ev)
		w.s = s
		for _, e := range effects {
			if k, ok := e.(Wake); ok {
				w.wake = &k
			} else {
				w.all = append(w.all, e)
			}
		}
	}
}

func (w *waiter) wait(d time.Duration) {
	for w.wake != nil && w.wake.After <= d {
		k := *w.wake
		w.wake = nil
		d -= k.After
		w.feed(Timeout{Token: k.Token})
	}
	if w.wake != nil {
		w.wake.After -= d
	}
}

// read lays a card down and answers until the verdict stands.
func (w *waiter) read(r site.Resolved) {
	w.feed(CardLaid{})
	w.feed(ReadDone{Visit: w.s.visit, Facts: visitFacts()}, Judged{Visit: w.s.visit, Resolved: r})
}

func prints(effects []Effect) (n int) {
	for _, e := range effects {
		if _, ok := e.(Print); ok {
			n++
		}
	}
	return n
}

// forgotten fails when a state that belongs to nobody still knows a visitor.
func forgotten(t *testing.T, s State) {
	t.Helper()
	if !reflect.DeepEqual(s.Facts, card.Facts{}) || !reflect.DeepEqual(s.Answers, diagnosis.Answers{}) ||
		!reflect.DeepEqual(s.Resolved, site.Resolved{}) || s.asked != nil || s.question != "" || s.slip != nil {
		t.Errorf("a state that belongs to nobody remembers a visitor: %+v", s)
	}
	if s.at == Attract && !s.walk.Nowhere() || !s.walk.Nowhere() && slices.ContainsFunc(s.walk.Trail(), func(x guide.Turn) bool { return x.Card }) {
		t.Errorf("a state that belongs to nobody stands in a guide, or knows what a card answered there: %+v", s.walk)
	}
}

func TestVisit(t *testing.T) {
	s := New(Settings{Printer: true, Print: PrintAsk})
	want(t, s, Attract)
	s, _ = run(t, s, CardLaid{})
	want(t, s, Reading)
	s, _ = run(t, s, Progress{Visit: s.visit, Done: 3, Total: 12})
	if s.Done != 3 || s.Total != 12 {
		t.Errorf("progress is %d of %d; want 3 of 12", s.Done, s.Total)
	}
	s, effects := run(t, s, ReadDone{Visit: s.visit, Facts: visitFacts()})
	if diff := cmp.Diff([]Effect{Judge{Visit: s.visit, Facts: visitFacts()}}, effects); diff != "" {
		t.Errorf("Next(ReadDone) effects (-want +got):\n%s", diff)
	}
	s, _ = run(t, s, Judged{Visit: s.visit, Resolved: verdict(diagnosis.Locked, diagnosis.NFCPhone, diagnosis.OtherPINKnown)})
	want(t, s, TakeCard)
	if s.Notice.Text == "" {
		t.Error("take-card shows no notice")
	}
	s, _ = run(t, s, CardLifted{})
	want(t, s, Result)
	s, _ = run(t, s, Touched{page.ActDetails})
	want(t, s, Details)
	s, _ = run(t, s, Touched{page.ActMore})
	if s.Part != 1 {
		t.Errorf("part after more = %d; want 1", s.Part)
	}
	s, _ = run(t, s, Touched{page.ActBack}, Touched{page.ActAsk})
	want(t, s, Question)
	s, effects = run(t, s, Touched{page.ActYes})
	if diff := cmp.Diff([]Effect{Judge{Visit: s.visit, Facts: visitFacts(), Answers: diagnosis.Answers{NFCPhone: diagnosis.Yes}}}, effects); diff != "" {
		t.Errorf("Next(yes) effects (-want +got):\n%s", diff)
	}
	s, _ = run(t, s, Judged{Visit: s.visit, Resolved: verdict(diagnosis.Locked, diagnosis.OtherPINKnown)})
	want(t, s, Question)
	if s.question != diagnosis.OtherPINKnown {
		t.Errorf("second question is %s; want %s", s.question, diagnosis.OtherPINKnown)
	}
	// The first "no" ends them: the new report asks nothing more.
	s, _ = run(t, s, Touched{page.ActNo}, Judged{Visit: s.visit, Resolved: verdict(diagnosis.Locked)})
	want(t, s, Result)
	s, effects = run(t, s, Touched{page.ActPrint}, Touched{page.ActPrint})
	want(t, s, Printing)
	if prints(effects) != 1 {
		t.Errorf("two touches of print asked for %d slips; want 1", prints(effects))
	}
	w := waiter{s: s}
	w.feed(PrintEnded{Job: s.job, Result: PrintConfirmed})
	want(t, w.s, Printed)
	w.wait(printedFor * time.Second)
	want(t, w.s, Attract)
	forgotten(t, w.s)
}

func TestSlipThatDidNotCome(t *testing.T) {
	w := waiter{s: New(Settings{Printer: true, Print: PrintAsk})}
	w.read(verdict(diagnosis.Locked))
	w.feed(CardLifted{}, Touched{page.ActPrint})
	w.feed(PrintEnded{Job: w.s.job, Result: PrintNothing, Code: "P-02"})
	want(t, w.s, NotPrinted)
	w.wait(messageFor * time.Second)
	want(t, w.s, Result) // it stays readable
	w.feed(Touched{page.ActFinish})
	want(t, w.s, Attract)
	if prints(w.all) != 1 {
		t.Errorf("%d slips asked for; want 1: never a reprint by itself", prints(w.all))
	}
}

func TestDontKnowKeepsBothWays(t *testing.T) {
	s, _ := read(t, New(Settings{}), verdict(diagnosis.Locked, diagnosis.NFCPhone, diagnosis.OtherPINKnown))
	s, _ = run(t, s, CardLifted{}, Touched{page.ActAsk})
	s, effects := run(t, s, Touched{page.ActDontKnow}, Touched{page.ActDontKnow})
	want(t, s, Result)
	if len(effects) != 0 || !reflect.DeepEqual(s.Answers, diagnosis.Answers{}) {
		t.Errorf("two times \"I don't know\" gave effects %v and answers %+v; want none", effects, s.Answers)
	}
	s, _ = run(t, s, Touched{page.ActAsk})
	want(t, s, Question)
	if s.question != diagnosis.NFCPhone {
		t.Errorf("asking again starts with %q; want the first question", s.question)
	}
}

func TestAutomaticSlip(t *testing.T) {
	auto := Settings{Printer: true}
	t.Run("at once when nothing is asked", func(t *testing.T) {
		s, effects := read(t, New(auto), verdict(diagnosis.AllClear))
		if prints(effects) != 1 {
			t.Fatalf("verdict asked for %d slips; want 1", prints(effects))
		}
		s, _ = run(t, s, CardLifted{}, PrintEnded{Job: s.job, Result: PrintNothing, Code: "P-02"})
		want(t, s, Result)
		if s.Notice.Text == "" {
			t.Error("a slip that did not come is not told")
		}
	})
	t.Run("after the last answer", func(t *testing.T) {
		s, effects := read(t, New(auto), verdict(diagnosis.Locked, diagnosis.NFCPhone))
		if prints(effects) != 0 {
			t.Fatal("slip printed before the question was put")
		}
		s, effects = run(t, s, CardLifted{}, Touched{page.ActAsk}, Touched{page.ActNo}, Judged{Visit: s.visit, Resolved: verdict(diagnosis.Locked)})
		want(t, s, Result)
		if prints(effects) != 1 {
			t.Errorf("last answer asked for %d slips; want 1", prints(effects))
		}
	})
	t.Run("for a visitor who only waits, once", func(t *testing.T) {
		w := waiter{s: New(auto)}
		w.read(verdict(diagnosis.Locked, diagnosis.NFCPhone))
		w.feed(CardLifted{})
		w.wait((owedAfter - 1) * time.Second)
		if prints(w.all) != 0 {
			t.Fatal("slip came before its time")
		}
		w.wait(time.Second)
		if prints(w.all) != 1 {
			t.Fatalf("after %d s %d slips; want 1", owedAfter, prints(w.all))
		}
		w.feed(PrintEnded{Job: w.s.job, Result: PrintConfirmed})
		w.wait(2 * time.Minute)
		want(t, w.s, Attract)
		if prints(w.all) != 1 {
			t.Errorf("%d slips in the end; want 1", prints(w.all))
		}
	})
	t.Run("for a visitor stuck at a question, before the result goes", func(t *testing.T) {
		w := waiter{s: New(auto)}
		w.read(verdict(diagnosis.Locked, diagnosis.NFCPhone))
		w.feed(CardLifted{}, Touched{page.ActAsk})
		w.wait((resultFor - countdown - 1) * time.Second)
		if prints(w.all) != 0 {
			t.Fatal("slip came while the visitor was thinking")
		}
		w.wait(time.Second)
		if prints(w.all) != 1 {
			t.Errorf("%d slips at the countdown; want 1", prints(w.all))
		}
	})
	t.Run("not again when the reader comes back with the card", func(t *testing.T) {
		s, _ := read(t, New(auto), verdict(diagnosis.AllClear))
		s, _ = run(t, s, ReaderGone{Code: "R-01"})
		_, effects := read(t, s, verdict(diagnosis.AllClear))
		if prints(effects) != 0 {
			t.Error("a loose plug prints slip after slip")
		}
	})
	t.Run("never without a printer", func(t *testing.T) {
		s, effects := read(t, New(Settings{}), verdict(diagnosis.AllClear))
		s, more := run(t, s, CardLifted{}, Touched{page.ActPrint})
		if prints(effects)+prints(more) != 0 {
			t.Error("slip asked for without a printer")
		}
		for _, b := range s.Page.Buttons {
			if b.Action == page.ActPrint {
				t.Error("print button without a printer")
			}
		}
	})
}

func TestResultLeavesByItself(t *testing.T) {
	w := waiter{s: New(Settings{})}
	w.read(verdict(diagnosis.AllClear))
	w.wait(takeCardFor * time.Second)
	want(t, w.s, Result) // the card still lies there, the visitor may read on
	w.wait((resultFor - takeCardFor - countdown - 1) * time.Second)
	if w.s.Left != 0 {
		t.Fatalf("countdown shows %d before its time", w.s.Left)
	}
	for left := countdown; left > 0; left-- {
		w.wait(time.Second)
		if w.s.Left != left {
			t.Fatalf("countdown shows %d; want %d", w.s.Left, left)
		}
	}
	for range 10 {
		w.feed(Touched{page.ActExtend})
		if w.s.Left != 0 {
			t.Fatalf("after extend the countdown still shows %d", w.s.Left)
		}
		w.wait((resultFor - 1) * time.Second)
		want(t, w.s, Result)
	}
	w.wait(time.Second)
	want(t, w.s, TakeCard) // the card was forgotten: nothing but the reminder stays
	forgotten(t, w.s)
	w.feed(CardLifted{})
	want(t, w.s, Attract)
}

func TestStuckTouchDoesNotKeepAResult(t *testing.T) {
	w := waiter{s: New(Settings{})}
	w.read(verdict(diagnosis.AllClear))
	w.feed(CardLifted{})
	for range 2 * maxRestarts {
		w.feed(Touched{page.ActExtend})
		w.wait(50 * time.Second)
	}
	want(t, w.s, Attract)
}

func TestTouchesOnAttractWearNothingOut(t *testing.T) {
	w := waiter{s: New(Settings{})}
	for range 2 * maxRestarts {
		w.feed(Touched{page.ActNone})
	}
	w.feed(Touched{page.ActLanguage})
	w.wait(choosingFor * time.Second)
	want(t, w.s, Attract)
}

// TestNotice: what staff must see to stands on the attract screen and on no other, and whoever leafed through it
// leaves the screen as it was for the next visitor.
func TestNotice(t *testing.T) {
	notice := []string{"F-01 kiosk.toml:26:8:"}
	w := &waiter{s: New(Settings{Staff: notice})}
	shown := func(want bool) {
		t.Helper()
		if got := len(w.s.Page.Staff) > 0; got != want {
			t.Errorf("%s shows staff's notice: %v; want %v", w.s.Screen, got, want)
		}
	}
	shown(true)
	w.feed(Touched{page.ActMore})
	if w.s.Part != 1 {
		t.Fatalf("part = %d after one touch; want 1", w.s.Part)
	}
	w.wait((resultFor - 1) * time.Second)
	if w.s.Part != 1 {
		t.Errorf("part = %d before its time; want 1", w.s.Part)
	}
	w.wait(time.Second)
	if w.s.Part != 0 || w.wake != nil {
		t.Errorf("part = %d, timer %v when nobody touches; want 0 and none", w.s.Part, w.wake)
	}
	w.feed(Touched{page.ActLanguage})
	shown(false)
	w.feed(Touched{page.ActLang + "en"})
	shown(true)
	w.read(verdict(diagnosis.Locked))
	want(t, w.s, TakeCard)
	shown(false)
	w.feed(CardLifted{})
	want(t, w.s, Result)
	shown(false)
	w.feed(Touched{page.ActFinish})
	want(t, w.s, Attract)
	shown(true)
}

func TestNextCardClearsAtOnce(t *testing.T) {
	s, _ := read(t, New(Settings{Printer: true}), verdict(diagnosis.Locked))
	s, _ = run(t, s, CardLifted{})
	want(t, s, Result)
	old := s.visit
	s, effects := run(t, s, CardLaid{})
	want(t, s, Reading)
	forgotten(t, s)
	if len(effects) != 1 {
		t.Errorf("effects %v; want one reading", effects)
	}
	// What still arrives for the first visitor is nobody's business any more.
	s, effects = run(t, s, Judged{Visit: old, Resolved: verdict(diagnosis.Locked)}, ReadDone{Visit: old, Facts: visitFacts()}, PrintEnded{Job: 1, Result: PrintConfirmed})
	want(t, s, Reading)
	if len(effects) != 0 {
		t.Errorf("late events gave %v", effects)
	}
	forgotten(t, s)
}

func TestLyingCardIsReadOnce(t *testing.T) {
	s, _ := read(t, New(Settings{}), verdict(diagnosis.ReadAgain))
	want(t, s, RemovedEarly)
	if s.tries != 1 {
		t.Errorf("tries = %d; want 1", s.tries)
	}
	if !reflect.DeepEqual(s.Facts, card.Facts{Kind: card.MyNumberCard, Outcome: card.Complete}) {
		t.Errorf("an incomplete reading keeps its counters: %+v", s.Facts)
	}
	s, effects := run(t, s, CardLaid{}, Touched{page.ActLanguage}, Touched{page.ActLang + "en"})
	if len(effects) != 0 || s.Screen != RemovedEarly || s.Lang != text.English {
		t.Errorf("screen %s, language %s, effects %v; want removed-early in en and nothing to do", s.Screen, s.Lang, effects)
	}
	s, _ = run(t, s, CardLifted{})
	s, _ = read(t, s, verdict(diagnosis.ReadAgain))
	if s.tries != 2 || s.Lang != text.English {
		t.Errorf("second try: tries = %d, language %s; want 2, en", s.tries, s.Lang)
	}
}

func TestLanguageKeepsTheResult(t *testing.T) {
	w := waiter{s: New(Settings{})}
	w.read(verdict(diagnosis.Locked))
	w.feed(CardLifted{}, Touched{page.ActDetails}, Touched{page.ActLanguage})
	want(t, w.s, Language)
	w.feed(Touched{page.ActLang + "ja-easy"})
	want(t, w.s, Details)
	if w.s.Lang != text.EasyJapanese || w.s.Page.Lang != text.EasyJapanese || !w.s.hasVerdict() {
		t.Errorf("after the choice: language %s, page in %s, verdict %v", w.s.Lang, w.s.Page.Lang, w.s.hasVerdict())
	}
	w.wait(2 * time.Minute)
	if w.s.Screen != Attract || w.s.Lang != text.Japanese {
		t.Errorf("after the visit: %s in %s; want attract in ja", w.s.Screen, w.s.Lang)
	}
	w.feed(Touched{page.ActLanguage}, Touched{page.ActLang + "en"})
	if w.s.Lang != text.English {
		t.Fatal("language not chosen on attract")
	}
	w.wait(2 * time.Minute)
	if w.s.Lang != text.Japanese {
		t.Error("nobody came, and the next visitor is greeted in English")
	}
}

func TestFaultShowsAfterTheVisit(t *testing.T) {
	s, _ := run(t, New(Settings{}), ReaderGone{Code: "R-02"})
	want(t, s, OutOfService)
	s, _ = run(t, s, ReaderReady{})
	want(t, s, Attract)
	s, _ = read(t, s, verdict(diagnosis.AllClear))
	s, _ = run(t, s, CardLifted{}, ReaderGone{Code: "R-01"})
	want(t, s, Result)
	s, _ = run(t, s, Touched{page.ActFinish})
	want(t, s, OutOfService)
	if s.fault != "R-01" {
		t.Errorf("code %q; want R-01", s.fault)
	}
	s, effects := run(t, s, CardLaid{})
	want(t, s, Reading)
	if len(effects) != 1 {
		t.Errorf("effects %v; want one reading", effects)
	}
}

func TestMute(t *testing.T) {
	s, _ := run(t, New(Settings{}), CardMute{})
	want(t, s, TwoCards)
	s, _ = run(t, s, CardLifted{})
	want(t, s, TwoCards)
	s, _ = read(t, s, verdict(diagnosis.AllClear))
	want(t, s, TakeCard)
	s, _ = run(t, s, CardMute{})
	want(t, s, TakeCard)
}

func TestStillShowsEveryScreen(t *testing.T) {
	for _, screen := range Screens() {
		s := Still(Settings{Printer: true, Content: guides()}, screen, Visit{Guide: "lost", Facts: visitFacts(), Resolved: verdict(diagnosis.Locked, diagnosis.NFCPhone), Total: 12, Left: 20, Code: "R-01"})
		if s.Screen != screen || s.Page.Headline == "" {
			t.Errorf("Still(%s) shows %s with headline %q", screen, s.Screen, s.Page.Headline)
		}
	}
}

// TestAnySequence plays visits nobody planned and holds every state against what is promised.
func TestAnySequence(t *testing.T) {
	actions := []page.Action{page.ActNone, page.ActLanguage, page.ActPrint, page.ActDetails, page.ActBack, page.ActMore, page.ActExtend,
		page.ActFinish, page.ActAsk, page.ActYes, page.ActNo, page.ActDontKnow, page.ActLang + "en", page.ActLang + "xx", "nonsense",
		page.ActGuides, page.ActGuide + "lost", page.ActGuide + "nowhere", page.ActAnswer + "0", page.ActAnswer + "9", page.ActThen, page.ActSee + "0",
		page.ActOver, page.ActForgot, page.ActResume, page.ActBack, page.ActPrint}
	actions = append(actions, staffActions()...)
	headlines := []diagnosis.HeadlineCode{diagnosis.WrongCard, diagnosis.ReadAgain, diagnosis.Locked, diagnosis.AllClear}
	seen, rooms := map[Screen]int{}, map[string]int{}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := New(Settings{Content: guides(), Printer: seed%2 == 0, Print: PrintMode(seed / 2 % 2), ResultFor: time.Duration(rnd.IntN(90)) * time.Second,
			Code: CodeState(seed % 3), Clock: seed%5 > 0, StartOfDay: seed%4 < 2, Stick: true, Update: seed%7 > 0})
		pending := []Event{Started{}}
		wake, timer := 0, s.at != StartOfDay
		var open []int // attempts for which a stick is let in
		for i := range 300 {
			var ev Event
			switch n := rnd.IntN(20); {
			case (n < 6 || i == 0) && len(pending) > 0:
				ev, pending = pending[0], pending[1:]
			case (s.at == Staff || s.choosing && s.idle()) && n < 19:
				ev = atDesk(rnd, s)
			case s.at == Attract && rnd.IntN(6) == 0: // or staff would hardly ever come to their rooms
				ev = Touched{page.ActLanguage}
			case n < 11:
				ev = Timeout{Token: wake - rnd.IntN(2)}
			case n < 16:
				ev = Touched{actions[rnd.IntN(len(actions))]}
			default:
				ev = []Event{CardLaid{}, CardLifted{}, CardMute{}, ReaderReady{}, ReaderGone{Code: "R-01"}, DoorMoved{true}, DoorMoved{}, DoorMoved{}}[rnd.IntN(8)]
			}
			next, effects := s.Next(ev)
			if again, _ := s.Next(ev); !reflect.DeepEqual(next, again) {
				t.Fatalf("seed %d, event %d, %T: Next is not a function", seed, i, ev)
			}
			if next.token != s.token {
				timer = false
			}
			guarded(t, s, ev, next)
			if told, _ := ev.(UpdateTold); s.Updating() && !next.docked() && told == (UpdateTold{}) && s.desk.update.Stage == page.UpdateInstalling {
				t.Fatalf("seed %d, event %d, %T ends an installation", seed, i, ev)
			}
			slips := 0
			for _, e := range effects {
				if answer := answered(rnd, e); answer != nil {
					pending = slices.Insert(pending, 0, answer) // staff are answered at once
				}
				switch e := e.(type) {
				case Wake:
					if e.After <= 0 || e.Token != next.token {
						t.Fatalf("seed %d, event %d, %T: %+v for token %d", seed, i, ev, e, next.token)
					}
					wake, timer = e.Token, true
				case UnlockStick:
					open = append(open, e.Attempt)
				case LockStick:
					open = slices.DeleteFunc(open, func(a int) bool { return a == e.Attempt })
				case StartReading:
					if s.Updating() {
						t.Fatalf("seed %d, event %d, %T: a card is read while something is installed", seed, i, ev)
					}
					pending = append(pending, ReadDone{Visit: e.Visit, Facts: visitFacts()})
				case Judge:
					r := verdict(headlines[rnd.IntN(len(headlines))], diagnosis.NFCPhone, diagnosis.OtherPINKnown)
					if rnd.IntN(2) == 0 {
						r.Report.Questions = nil
					}
					pending = append(pending, Judged{Visit: e.Visit, Resolved: r})
				case Print:
					slips++
					pending = append(pending, PrintEnded{Job: e.Job, Result: PrintResult(rnd.IntN(4))})
				}
			}
			s = next
			if s.docked() != (len(open) > 0) || s.docked() && !slices.Equal(open, []int{s.attempt}) {
				t.Fatalf("seed %d, event %d, %T: a stick is let in for %v in room %q, attempt %d", seed, i, ev, open, s.Room(), s.attempt)
			}
			seen[s.Screen]++
			rooms[s.Room()]++
			if _, touch := ev.(Touched); slips > 1 || slips == 1 && (!s.set.Printer || !touch && s.set.Print == PrintAsk) {
				t.Fatalf("seed %d, event %d, %T: %d slips nobody asked for", seed, i, ev, slips)
			}
			switch s.at {
			case Attract, OutOfService, TwoCards:
				forgotten(t, s)
			case Staff, StartOfDay:
				own := s
				own.slip = nil // of staff's own papers
				forgotten(t, own)
				if s.at == StartOfDay && i == 0 {
					break // before it is Started
				}
				if !timer && !s.Updating() {
					t.Fatalf("seed %d, event %d, %T: %s has no time-out", seed, i, ev, s.at)
				}
				if s.Updating() && rnd.IntN(5) == 0 { // no loop would leave it at that
					pending = append(pending, UpdateTold{s.attempt, page.UpdateState{Stage: page.UpdateRefused}})
				}
			case Result, Details, Question, Printed, NotPrinted, WrongCard, RemovedEarly, Guides, GuideStep:
				if !timer {
					t.Fatalf("seed %d, event %d, %T: %s has no time-out", seed, i, ev, s.at)
				}
			case TakeCard:
				if s.hasVerdict() && !timer {
					t.Fatalf("seed %d, event %d, %T: a verdict without time-out", seed, i, ev)
				}
			case Printing:
				if _, busy := s.slip.(page.Printing); !busy {
					t.Fatalf("seed %d, event %d, %T: printing without a slip", seed, i, ev)
				}
			}
			if s.choosing && !timer {
				t.Fatalf("seed %d, event %d, %T: the language screen has no time-out", seed, i, ev)
			}
			shut, _ := s.Next(DoorMoved{})
			if ready, _ := shut.Next(ReaderReady{}); ready.at == OutOfService {
				t.Fatalf("seed %d, event %d, %T: a reader that is ready behind a shut door leaves the kiosk out of service", seed, i, ev)
			}
			if s.door && s.personal() && s.hasVerdict() { // a page of a guide may be printed
				t.Fatalf("seed %d, event %d, %T: %s behind an open door", seed, i, ev, s.at)
			}
			if laid, _ := s.Next(CardLaid{}); laid.visit != s.visit {
				forgotten(t, laid)
			}
			if t.Failed() {
				t.Fatalf("seed %d, event %d, %T", seed, i, ev)
			}
		}
	}
	for _, screen := range Screens() {
		if seen[screen] == 0 {
			t.Errorf("no sequence reached %s", screen)
		}
	}
	for _, r := range Rooms() {
		if rooms[r] == 0 {
			t.Errorf("no sequence reached staff's %s", r)
		}
	}
}
