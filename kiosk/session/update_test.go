package session

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/page"
)

const (
	newVersion = "2026-11-29.165101.4c01c99"
	oldVersion = "2026-10-01.000000.abcdef0"
)

// inUpdate opens the room of the update with a right code.
func inUpdate(t *testing.T) *waiter {
	t.Helper()
	w := &waiter{s: toMenu(t, Settings{Update: true, Content: guides()})}
	w.feed(Touched{page.ActUpdate})
	inRoom(t, w.s, roomUpdate)
	if diff := cmp.Diff([]Effect{UnlockStick{w.s.attempt}}, w.all); diff != "" {
		t.Errorf("effects of coming in (-want +got):\n%s", diff)
	}
	w.all = nil
	return w
}

func (w *waiter) told(u page.UpdateState) { w.feed(UpdateTold{w.s.attempt, u}) }

func found(kind string) page.UpdateState {
	return page.UpdateState{Stage: page.UpdateFound, Kind: kind, Version: newVersion, Running: oldVersion}
}

// installing is the room while something is being installed.
func installing(t *testing.T, kind string) *waiter {
	t.Helper()
	w := inUpdate(t)
	w.told(found(kind))
	w.feed(Touched{page.ActInstall}, Touched{page.ActInstallNow})
	if diff := cmp.Diff([]Effect{Install{w.s.attempt, kind, newVersion}}, w.all); diff != "" || !w.s.Updating() {
		t.Fatalf("effects of two touches (-want +got):\n%s\nupdating: %v", diff, w.s.Updating())
	}
	w.all = nil
	return w
}

// TestUpdate goes the whole way, once for each kind.
func TestUpdate(t *testing.T) {
	for kind, want := range map[string]Effect{page.UpdateSystem: Reboot{}, page.UpdateContent: Restart{}} {
		w := installing(t, kind)
		for _, n := range []int{1, 50, 99} {
			w.told(page.UpdateState{Stage: page.UpdateInstalling, Kind: kind, Version: newVersion, Running: oldVersion, Percent: n})
		}
		if !strings.Contains(w.s.Page.Headline, "99%") {
			t.Errorf("the page says %q; want how far it is", w.s.Page.Headline)
		}
		w.told(page.UpdateState{Stage: page.UpdateInstalled, Kind: kind, Version: newVersion, Running: oldVersion})
		if w.s.Page.Mark != page.Fine || !offered(w.s, page.ActRestart) || w.s.Updating() {
			t.Errorf("%s: what was installed is told as %q", kind, w.s.Page.Headline)
		}
		if w.all != nil {
			t.Errorf("%s: meanwhile it asks for %v", kind, w.all)
		}
		w.feed(Touched{page.ActRestart}, Touched{page.ActRestart})
		if kind == page.UpdateSystem {
			want = Reboot{w.s.attempt}
			if !w.s.Updating() || len(w.s.Page.Buttons) != 1 {
				t.Errorf("while it starts anew it offers %+v", w.s.Page.Buttons)
			}
			w.all = w.all[:min(len(w.all), 1)]
		} else {
			w.all = slices.Compact(w.all)
		}
		if diff := cmp.Diff([]Effect{want}, w.all); diff != "" {
			t.Errorf("%s: effects of restart (-want +got):\n%s", kind, diff)
		}
	}
}

// TestUpdateAsksTwice: one touch installs nothing, and back leads to what was found.
func TestUpdateAsksTwice(t *testing.T) {
	w := inUpdate(t)
	w.feed(Touched{page.ActInstall}, Touched{page.ActInstallNow})
	if w.all != nil || w.s.desk.update.Stage != page.UpdateLooking {
		t.Errorf("before anything was found: %v at %q", w.all, w.s.desk.update.Stage)
	}
	w.told(found(page.UpdateSystem))
	if said := page.Text(w.s.Page); !strings.Contains(said, "2026年11月30日 1:51（4c01c99）") || !strings.Contains(said, "2026年10月1日 9:00（abcdef0）") {
		t.Errorf("the page does not say both versions in Japan's time:\n%s", said)
	}
	w.feed(Touched{page.ActInstallNow})
	if w.all != nil {
		t.Errorf("without being asked: %v", w.all)
	}
	w.feed(Touched{page.ActInstall}, Touched{page.ActInstall})
	if w.s.desk.update.Stage != page.UpdateConfirm || w.all != nil {
		t.Errorf("after two touches of the same button: %q, %v", w.s.desk.update.Stage, w.all)
	}
	w.feed(Touched{page.ActBack})
	if w.s.desk.update.Stage != page.UpdateFound || w.all != nil {
		t.Errorf("back leads to %q with %v; want what was found", w.s.desk.update.Stage, w.all)
	}
}

// TestLeavingLocks: by whichever way staff leave, no stick is let in any more; what is being installed is not left at all.
func TestLeavingLocks(t *testing.T) {
	stages := map[string]func(*waiter){
		"looking": func(*waiter) {},
		"found":   func(w *waiter) { w.told(found(page.UpdateContent)) },
		"asked":   func(w *waiter) { w.told(found(page.UpdateContent)); w.feed(Touched{page.ActInstall}) },
		"refused": func(w *waiter) { w.told(page.UpdateState{Stage: page.UpdateRefused, Code: "U-04"}) },
	}
	for name, to := range stages {
		for how, leave := range map[string]func(*waiter){
			"time":     func(w *waiter) { w.wait(staffFor * time.Second) },
			"finish":   func(w *waiter) { w.feed(Touched{page.ActFinish}) },
			"a card":   func(w *waiter) { w.feed(CardLaid{}) },
			"two":      func(w *waiter) { w.feed(CardMute{}) },
			"the code": func(w *waiter) { w.feed(Touched{page.ActLanguage}, Touched{page.ActStaff}) },
		} {
			w := inUpdate(t)
			to(w)
			w.all = nil
			attempt := w.s.attempt
			leave(w)
			if locks := locked(w.all); w.s.docked() || !slices.Equal(locks, []int{attempt}) {
				t.Errorf("%s, left by %s: docked %v, locked %v; want the attempt %d locked once", name, how, w.s.docked(), locks, attempt)
			}
		}
	}
	w := inUpdate(t)
	w.told(page.UpdateState{Stage: page.UpdateRefused, Code: "U-01"})
	if !strings.Contains(w.s.Page.Headline, "U-01") {
		t.Errorf("refused: %q", w.s.Page.Headline)
	}
	first := w.s.attempt
	w.feed(Touched{page.ActAgain})
	if diff := cmp.Diff([]Effect{UnlockStick{first + 1}, LockStick{first}}, w.all); diff != "" {
		t.Errorf("once more (-want +got):\n%s", diff)
	}
	w.feed(UpdateTold{first, found(page.UpdateSystem)})
	if w.s.desk.update.Stage != page.UpdateLooking {
		t.Errorf("the answer of an earlier attempt leads to %q", w.s.desk.update.Stage)
	}
}

func locked(effects []Effect) (all []int) {
	for _, e := range effects {
		if l, ok := e.(LockStick); ok {
			all = append(all, l.Attempt)
		}
	}
	return all
}

// TestNobodyIsServedMeanwhile: an installation stays on the screen whatever happens, a card is told to be taken and is not
// read, and an end there is.
func TestNobodyIsServedMeanwhile(t *testing.T) {
	w := installing(t, page.UpdateSystem)
	w.wait(time.Hour)
	for _, ev := range []Event{
		CardLaid{}, CardLifted{}, CardMute{}, ReaderReady{}, ReaderGone{Code: "R-01"}, DoorMoved{true}, DoorMoved{}, Touched{page.ActFinish}, Touched{page.ActBack},
		Touched{page.ActRestart}, Touched{page.ActLanguage}, Touched{page.ActStaff}, Touched{page.ActLang + "ja"}, Touched{page.ActGuides}, Touched{page.ActInstall}, Touched{page.ActInstallNow},
		UpdateTold{w.s.attempt - 1, page.UpdateState{Stage: page.UpdateRefused, Code: "U-08"}}, UpdateTold{w.s.attempt, found(page.UpdateSystem)},
	} {
		w.feed(ev)
		if !w.s.Updating() || w.all != nil {
			t.Fatalf("%T %+v ends an installation, or asks for %v", ev, ev, w.all)
		}
	}
	w.feed(CardLaid{})
	if said := page.Text(w.s.Page); !strings.Contains(said, "カードをお取りください") || w.s.Page.Mark != page.Attention {
		t.Errorf("a card that is laid meanwhile is told\n%s", said)
	}
	w.feed(CardLifted{})
	if said := page.Text(w.s.Page); strings.Contains(said, "カードをお取りください") {
		t.Errorf("after it was taken:\n%s", said)
	}
	w.feed(CardLaid{})
	w.told(page.UpdateState{Stage: page.UpdateRefused, Code: "U-08"})
	if w.s.Updating() || !strings.Contains(w.s.Page.Headline, "U-08") {
		t.Errorf("an installation that failed is told as %q", w.s.Page.Headline)
	}
	w.wait(staffFor * time.Second)
	want(t, w.s, TakeCard)
	if locks := locked(w.all); len(locks) != 1 {
		t.Errorf("afterwards it is locked %d times", len(locks))
	}
}

// TestUpdateIsFoundRunning: a program that was started anew meanwhile finds what root is doing.
func TestUpdateIsFoundRunning(t *testing.T) {
	w := inUpdate(t)
	w.told(page.UpdateState{Stage: page.UpdateInstalling, Kind: page.UpdateSystem, Version: newVersion, Percent: 40})
	if !w.s.Updating() {
		t.Error("what is being installed is not shown")
	}
	w = inUpdate(t)
	w.told(page.UpdateState{Stage: page.UpdateInstalled, Kind: page.UpdateSystem, Version: newVersion})
	if !offered(w.s, page.ActRestart) {
		t.Error("what was installed is not shown")
	}
}

// TestRebootEnds: a machine that does not start anew is said, and a kiosk that waits for it in vain serves again.
func TestRebootEnds(t *testing.T) {
	for _, answered := range []bool{false, true} {
		w := installing(t, page.UpdateSystem)
		w.told(page.UpdateState{Stage: page.UpdateInstalled, Kind: page.UpdateSystem, Version: newVersion})
		w.feed(Touched{page.ActRestart}, CardLaid{}, CardLifted{})
		if answered {
			w.told(page.UpdateState{Stage: page.UpdateRefused, Code: "S-02"})
			if !strings.Contains(w.s.Page.Headline, "S-02") {
				t.Errorf("the page says %q; want S-02", w.s.Page.Headline)
			}
		}
		w.wait(staffFor * time.Second)
		want(t, w.s, Attract)
	}
}

func TestNoUpdateWithoutWishes(t *testing.T) {
	s, effects := run(t, toMenu(t, Settings{Stick: true}), Touched{page.ActUpdate})
	inRoom(t, s, roomMenu)
	if effects != nil || offered(s, page.ActUpdate) {
		t.Errorf("without a stick that can be let in: %v, offered %v", effects, offered(s, page.ActUpdate))
	}
}
