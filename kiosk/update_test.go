package kiosk

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/kiosk/ledger"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

const (
	newVersion = "2026-11-29.165101.4c01c99"
	oldVersion = "2026-10-01.000000.abcdef0"
)

// root is what stands behind the wishes: it tells what a script says after each of them.
type root struct {
	wishes
	mu     sync.Mutex
	update hw.Update
	slot   hw.Slot
	broken error                // what is told cannot be read
	after  map[string][]telling // by wish; what is told from then on
	times  map[string]int       // how often it was wished
}

// telling is what root tells so long after a wish.
type telling struct {
	in     time.Duration
	update hw.Update
}

func (r *root) take(wish string) error {
	if err := r.ask(wish); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.times == nil {
		r.times = map[string]int{}
	}
	r.times[wish]++
	if wish == "unlock-stick" {
		r.update = hw.Update{}
	}
	script := r.after[fmt.Sprint(wish, " ", r.times[wish])]
	if script == nil {
		script = r.after[wish]
	}
	for ; len(script) > 0 && script[0].in == 0; script = script[1:] { // before anybody knows that the wish was taken
		r.update = script[0].update
	}
	go func() {
		for _, s := range script {
			time.Sleep(s.in)
			r.tell(s.update)
		}
	}()
	return nil
}

func (r *root) tell(u hw.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.update = u
}

func (r *root) stands(s hw.Slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot = s
}

func (r *root) Reboot(context.Context) error      { return r.take("reboot") }
func (r *root) UnlockStick(context.Context) error { return r.take("unlock-stick") }
func (r *root) LockStick(context.Context) error   { return r.take("lock-stick") }
func (r *root) Install(context.Context) error     { return r.take("install") }
func (r *root) KeepSlot(context.Context) error    { return r.take("keep-slot") }

func (r *root) Update() (hw.Update, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.update, r.broken
}

func (r *root) Slot() (hw.Slot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slot, r.broken
}

// stuck makes wishes fail.
func (r *root) stuck(err error) {
	r.wishes.mu.Lock()
	defer r.wishes.mu.Unlock()
	r.fail = err
}

func of(stage hw.UpdateStage, kind hw.UpdateKind, percent int) hw.Update {
	return hw.Update{Stage: stage, Kind: kind, Version: newVersion, Running: oldVersion, Percent: percent}
}

// goodStick is a root that finds an update on a stick and installs it.
func goodStick(kind hw.UpdateKind) *root {
	return &root{after: map[string][]telling{
		"unlock-stick": {{time.Second, hw.Update{Stage: hw.UpdateLooking}}, {3 * time.Second, of(hw.UpdateFound, kind, 0)}},
		"install": {{time.Second, of(hw.UpdateInstalling, kind, 0)}, {time.Minute, of(hw.UpdateInstalling, kind, 30)},
			{time.Minute, of(hw.UpdateInstalling, kind, 60)}, {time.Minute, of(hw.UpdateInstalled, kind, 0)}},
	}}
}

// update opens the room of the update in a kiosk with that root.
func update(t *testing.T, r *root, test func(*stand)) {
	t.Helper()
	records := coded(t, "314159")
	visit(t, func(s *stand) { s.cfg.Records, s.cfg.System, s.cfg.Updates = records, r, r }, func(s *stand) {
		s.open("314159")
		s.tap(page.ActUpdate)
		s.inRoom(0, "update")
		test(s)
		s.after(0)
		if said := s.log.String(); strings.Contains(said, "314159") {
			t.Errorf("the log holds the code:\n%s", said)
		}
	})
}

func (s *stand) inStage(after time.Duration, want page.UpdateStage) session.State {
	s.t.Helper()
	st := s.inRoom(after, "update")
	if stage, _ := st.Stage(); stage != want {
		s.t.Fatalf("the update is at %q; want %q:\n%s", stage, want, s.text())
	}
	return st
}

// TestUpdateSystem goes from the stick to the reboot, and writes down first what was wrong.
func TestUpdateSystem(t *testing.T) {
	r := goodStick(hw.UpdateSystem)
	update(t, r, func(s *stand) {
		s.desk.Gone(hw.ReaderMissing)
		s.inStage(2*time.Second, page.UpdateLooking)
		s.inStage(3*time.Second, page.UpdateFound)
		s.tap(page.ActInstall)
		s.tap(page.ActInstallNow)
		s.inStage(5*time.Second, page.UpdateInstalling)
		frames := s.frames()
		s.inStage(50*time.Second, page.UpdateInstalling)
		if n := s.frames() - frames; n != 0 {
			t.Errorf("%d frames without a change", n)
		}
		s.desk.Back()
		s.inStage(30*time.Second, page.UpdateInstalling)
		if !strings.Contains(s.text(), "30%") {
			t.Errorf("the screen does not say how far it is:\n%s", s.text())
		}
		s.desk.lay(t, "locked-sign")
		s.inStage(10*time.Second, page.UpdateInstalling)
		if !strings.Contains(s.text(), "カードをお取りください") || s.desk.opened != 0 || s.lamp() != hw.Attention {
			t.Errorf("a card that is laid meanwhile is read %d times, lamps %s:\n%s", s.desk.opened, s.lamp(), s.text())
		}
		s.desk.Lift()
		s.inStage(2*time.Minute, page.UpdateInstalled)
		s.tap(page.ActRestart)
		s.inStage(time.Second, page.UpdateRebooting)
		if diff := cmp.Diff([]string{"unlock-stick", "install", "reboot"}, slices.DeleteFunc(r.all(), func(w string) bool { return w == "restart-reader" })); diff != "" {
			t.Errorf("wishes (-want +got):\n%s", diff)
		}
		data, err := s.cfg.Records.Load(beforeRecord)
		if want := `{"schema":1,"version":"` + newVersion + `","codes":["R-02"]}`; string(data) != want || err != nil {
			t.Errorf("the record of what was wrong is %s, %v; want %s", data, err, want)
		}
	})
}

// TestUpdateContent ends in a new start of the program, which locks the stick.
func TestUpdateContent(t *testing.T) {
	r := goodStick(hw.UpdateContent)
	update(t, r, func(s *stand) {
		s.inStage(5*time.Second, page.UpdateFound)
		s.tap(page.ActInstall)
		s.tap(page.ActInstallNow)
		s.inStage(4*time.Minute, page.UpdateInstalled)
		s.tap(page.ActRestart)
		s.endsWith(time.Second, ErrRestart)
		if _, err := s.cfg.Records.Load(beforeRecord); !errors.Is(err, ledger.ErrNone) {
			t.Errorf("content is on trial: %v", err)
		}
	})
	r.after = nil
	visit(t, func(s *stand) { s.cfg.System, s.cfg.Updates = r, r }, func(s *stand) {
		s.want(time.Second, session.Attract, hw.Ready)
		if diff := cmp.Diff([]string{"unlock-stick", "install", "lock-stick"}, r.all()); diff != "" {
			t.Errorf("wishes (-want +got):\n%s", diff)
		}
	})
}

// TestStickIsLookedFor: staff have twenty seconds to plug it in, and are told why nothing can be installed.
func TestStickIsLookedFor(t *testing.T) {
	none := []telling{{100 * time.Millisecond, hw.Update{Stage: hw.UpdateRefused, Code: hw.StickMissing}}}
	late := goodStick(hw.UpdateSystem)
	found := late.after["unlock-stick"]
	late.after["unlock-stick"] = none
	late.after["unlock-stick 5"] = found
	update(t, late, func(s *stand) {
		s.inStage(8*time.Second, page.UpdateLooking)
		s.inStage(10*time.Second, page.UpdateFound)
	})
	for name, tt := range map[string]struct {
		root *root
		in   time.Duration
		code hw.Code
	}{
		"no stick":              {&root{after: map[string][]telling{"unlock-stick": none}}, stickFor + 3*time.Second, hw.StickMissing},
		"a wrong signature":     {&root{after: map[string][]telling{"unlock-stick": {{time.Second, hw.Update{Stage: hw.UpdateRefused, Code: hw.UpdateUnsigned}}}}}, 2 * time.Second, hw.UpdateUnsigned},
		"root looks for ever":   {&root{after: map[string][]telling{"unlock-stick": {{0, hw.Update{Stage: hw.UpdateLooking}}}}}, lookFor + time.Second, hw.StickFailed},
		"root says nothing":     {&root{}, lookFor + time.Second, hw.WishIgnored},
		"root cannot be read":   {&root{broken: errors.New("half a document")}, lookFor + time.Second, hw.WishIgnored},
		"nobody takes the wish": {&root{wishes: wishes{fail: &hw.Fault{Code: hw.WishIgnored, Err: errors.New("no unit")}}}, stickFor + 3*time.Second, hw.WishIgnored},
	} {
		t.Run(name, func(t *testing.T) {
			update(t, tt.root, func(s *stand) {
				st := s.inStage(tt.in, page.UpdateRefused)
				if !strings.Contains(st.Page.Headline, string(tt.code)) || len(st.Page.Sections) != 1 {
					t.Errorf("staff are told %q; want %s with its remedy", st.Page.Headline, tt.code)
				}
				s.tap(page.ActBack)
				s.inRoom(time.Second, "menu")
				if all := tt.root.all(); all[len(all)-1] != "lock-stick" {
					t.Errorf("in the end root is asked for %q; want the stick to be locked", all[len(all)-1])
				}
				if h := s.cfg.Records; h != nil {
					s.tap(page.ActFaults)
					if said := page.Text(s.inRoom(0, "faults").Page); !strings.Contains(said, string(tt.code)) {
						t.Errorf("the history does not say %s:\n%s", tt.code, said)
					}
				}
			})
		})
	}
}

// TestInstallationEnds: whatever root does or does not do, staff are told an end, and the kiosk serves again.
func TestInstallationEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		script []telling
		fail   bool
		in     time.Duration
		code   hw.Code
	}{
		"damaged inside":           {[]telling{{0, of(hw.UpdateInstalling, hw.UpdateSystem, 10)}, {time.Minute, hw.Update{Stage: hw.UpdateRefused, Code: hw.UpdateDamaged}}}, false, 2 * time.Minute, hw.UpdateDamaged},
		"refused at once":          {[]telling{{0, hw.Update{Stage: hw.UpdateRefused, Code: hw.UpdateOld}}}, false, 2 * time.Second, hw.UpdateOld},
		"root dies":                {[]telling{{0, of(hw.UpdateInstalling, hw.UpdateSystem, 10)}}, false, installFor + 2*time.Second, hw.UpdateDamaged},
		"root says nothing":        {nil, false, installFor + 2*time.Second, hw.UpdateDamaged},
		"what it tells disappears": {[]telling{{0, of(hw.UpdateInstalling, hw.UpdateSystem, 10)}, {time.Minute, hw.Update{}}}, false, installFor + 2*time.Minute, hw.UpdateDamaged},
		"nobody takes the wish":    {nil, true, 2 * time.Second, hw.WishIgnored},
	} {
		t.Run(name, func(t *testing.T) {
			r := goodStick(hw.UpdateSystem)
			r.after["install"] = tt.script
			update(t, r, func(s *stand) {
				s.inStage(5*time.Second, page.UpdateFound)
				if tt.fail {
					r.stuck(&hw.Fault{Code: hw.WishIgnored, Err: errors.New("no unit")})
				}
				s.tap(page.ActInstall)
				s.tap(page.ActInstallNow)
				if st := s.inStage(tt.in, page.UpdateRefused); !strings.Contains(st.Page.Headline, string(tt.code)) {
					t.Errorf("staff are told %q; want %s", st.Page.Headline, tt.code)
				}
				s.desk.lay(t, "locked-sign")
				s.want(time.Second, session.TakeCard, hw.Done)
			})
		})
	}
}

// TestFingersDuringAnInstallation change nothing, in whatever language and wherever they land.
func TestFingersDuringAnInstallation(t *testing.T) {
	r := goodStick(hw.UpdateSystem)
	r.after["install"] = r.after["install"][:1]
	update(t, r, func(s *stand) {
		s.inStage(5*time.Second, page.UpdateFound)
		s.tap(page.ActInstall)
		s.tap(page.ActInstallNow)
		rng := rand.New(rand.NewPCG(8, 1))
		for i := range 600 {
			x, y := rng.IntN(64), rng.IntN(20)
			s.screen.InjectMouse(x, y, tcell.Button1, 0)
			s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
			switch i % 100 {
			case 20:
				s.desk.lay(t, "locked-sign")
			case 40:
				s.desk.Lift()
			case 60:
				s.desk.Gone(hw.ReaderMissing)
			case 80:
				s.desk.Back()
			}
			if st := s.after(100 * time.Millisecond); !st.Updating() {
				t.Fatalf("touch %d at %d,%d ends the installation:\n%s", i, x, y, s.text())
			}
		}
		if all := r.all(); !slices.Equal(all, []string{"unlock-stick", "install"}) || s.desk.opened != 0 {
			t.Errorf("root is asked for %v, and %d cards are read", all, s.desk.opened)
		}
		r.tell(of(hw.UpdateInstalled, hw.UpdateSystem, 0))
		s.after(time.Minute) // whatever language the fingers left
		s.inStage(0, page.UpdateInstalled)
		s.want(2*time.Minute, session.Attract, hw.Ready)
	})
}

// TestAgainAfterADeadInstallation: what a dead root left told is not taken for an installation a second time.
func TestAgainAfterADeadInstallation(t *testing.T) {
	r := goodStick(hw.UpdateSystem)
	r.tell(of(hw.UpdateInstalling, hw.UpdateSystem, 10)) // it died under a program before this one
	update(t, r, func(s *stand) {
		s.inStage(time.Minute, page.UpdateInstalling)
		if len(r.all()) != 0 {
			t.Errorf("while something is installed root is asked for %v", r.all())
		}
		s.inStage(installFor, page.UpdateRefused)
		s.tap(page.ActAgain)
		s.inStage(5*time.Second, page.UpdateFound)
	})
}

// TestInstalledBefore: a program that was started anew meanwhile offers what is left to do.
func TestInstalledBefore(t *testing.T) {
	r := &root{update: of(hw.UpdateInstalling, hw.UpdateSystem, 90)}
	update(t, r, func(s *stand) {
		s.inStage(time.Minute, page.UpdateInstalling)
		r.tell(of(hw.UpdateInstalled, hw.UpdateSystem, 0))
		s.inStage(time.Second, page.UpdateInstalled)
		s.tap(page.ActBack)
		s.inRoom(time.Second, "menu")
		s.tap(page.ActUpdate)
		s.inStage(0, page.UpdateInstalled)
		r.stuck(&hw.Fault{Code: hw.WishIgnored, Err: errors.New("no unit")})
		s.tap(page.ActRestart)
		if st := s.inStage(time.Second, page.UpdateRefused); !strings.Contains(st.Page.Headline, "S-02") {
			t.Errorf("a machine that does not start anew is told as %q; want S-02", st.Page.Headline)
		}
	})
}

// TestLeavingTheRoomLocks, also while root still looks, and before another time.
func TestLeavingTheRoomLocks(t *testing.T) {
	r := goodStick(hw.UpdateSystem)
	update(t, r, func(s *stand) {
		s.tap(page.ActBack)
		s.tap(page.ActUpdate)
		s.inStage(5*time.Second, page.UpdateFound)
		s.want(2*time.Minute, session.Attract, hw.Ready)
		if diff := cmp.Diff([]string{"unlock-stick", "lock-stick", "unlock-stick", "lock-stick"}, r.all()); diff != "" {
			t.Errorf("wishes (-want +got):\n%s", diff)
		}
	})
}

// TestExportLetsAStickIn for as long as it takes, and says what root says of a stick; what it says of an update does not matter.
func TestExportLetsAStickIn(t *testing.T) {
	records := coded(t, "314159")
	for name, tt := range map[string]struct {
		root  *root
		write error
		said  string
		asked []string
	}{
		"no update on it": {&root{after: map[string][]telling{"unlock-stick": {{time.Second, hw.Update{Stage: hw.UpdateRefused, Code: hw.UpdateMissing}}}}}, nil, "kagimado-001.prom", []string{"unlock-stick", "write", "lock-stick"}},
		"an update on it": {goodStick(hw.UpdateSystem), nil, "kagimado-001.prom", []string{"unlock-stick", "write", "lock-stick"}},
		"no stick":        {&root{after: map[string][]telling{"unlock-stick": {{time.Second, hw.Update{Stage: hw.UpdateRefused, Code: hw.StickMissing}}}}}, nil, "U-01", []string{"unlock-stick", "lock-stick"}},
		"root waits long": {&root{after: map[string][]telling{"unlock-stick": {{0, hw.Update{Stage: hw.UpdateLooking}}, {21 * time.Second, hw.Update{Stage: hw.UpdateRefused, Code: hw.StickMissing}}}}}, nil, "U-01", []string{"unlock-stick", "lock-stick"}},
		"a broken stick":  {&root{after: map[string][]telling{"unlock-stick": {{time.Second, hw.Update{Stage: hw.UpdateRefused, Code: hw.StickFailed}}}}}, nil, "U-02", []string{"unlock-stick", "lock-stick"}},
		"it is full":      {goodStick(hw.UpdateSystem), &hw.Fault{Code: hw.StickFailed, Err: errors.New("no space left")}, "U-02", []string{"unlock-stick", "write", "lock-stick"}},
		"nobody is there": {&root{wishes: wishes{fail: &hw.Fault{Code: hw.WishIgnored, Err: errors.New("no unit")}}}, nil, "S-02", []string{"unlock-stick", "lock-stick"}},
		"being installed": {&root{update: of(hw.UpdateInstalling, hw.UpdateSystem, 1)}, nil, "U-02", nil},
	} {
		t.Run(name, func(t *testing.T) {
			visit(t, func(s *stand) {
				s.cfg.Records, s.cfg.System, s.cfg.Updates = records, tt.root, tt.root
				s.cfg.Stick = func(Snapshot) (string, error) {
					_ = tt.root.wishes.ask("write")
					if tt.write != nil {
						return "", tt.write
					}
					return "kagimado-001.prom", nil
				}
			}, func(s *stand) {
				s.open("314159")
				s.tap(page.ActStatistics)
				s.tap(page.ActExport)
				s.inRoom(25*time.Second, "statistics")
				if !strings.Contains(s.text(), tt.said) {
					t.Errorf("staff are not told %s:\n%s", tt.said, s.text())
				}
				if diff := cmp.Diff(tt.asked, tt.root.all()); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// onTrial is a kiosk whose system is on trial.
func onTrial(r *root, v *supervised, before string) func(*stand) {
	return func(s *stand) {
		v.configure(s)
		r.slot = hw.Slot{Name: "B", Version: newVersion, Trial: true}
		s.cfg.System, s.cfg.Updates = r, r
		if before != "" {
			v.records.kept[beforeRecord] = []byte(before)
		}
	}
}

func wishedFor(r *root, wish string) (n int) {
	for _, w := range r.all() {
		if w == wish {
			n++
		}
	}
	return n
}

// TestTrialPasses: a system in which all is well is kept, once, and its trial is told until then.
func TestTrialPasses(t *testing.T) {
	r, v := &root{}, &supervised{}
	visit(t, onTrial(r, v, ""), func(s *stand) {
		s.after(time.Second)
		if got := v.told(); !strings.HasSuffix(got, ", on trial") && wishedFor(r, "keep-slot") == 0 {
			t.Errorf("the supervisor is told %q; want that it is on trial", got)
		}
		s.after(2 * trialEvery)
		if n := wishedFor(r, "keep-slot"); n != 1 || v.told() != "ready" {
			t.Errorf("it is kept %d times, and told as %q; want once, ready", n, v.told())
		}
		s.after(time.Hour)
		if n := wishedFor(r, "keep-slot"); n != 1 {
			t.Errorf("it is kept %d times in an hour; want once", n)
		}
	})
}

// TestTrialHoldsCodes: what the new system shows is held against what was wrong before.
func TestTrialHoldsCodes(t *testing.T) {
	record := func(version string, codes string) string {
		return `{"schema":1,"version":"` + version + `","codes":[` + codes + `]}`
	}
	for name, tt := range map[string]struct {
		before string
		change func(*stand)
		passes bool
	}{
		"a reader that was missing before":              {record(newVersion, `"R-02"`), func(s *stand) { s.desk.Gone(hw.ReaderMissing) }, true},
		"a reader that is missing now":                  {record(newVersion, ``), func(s *stand) { s.desk.Gone(hw.ReaderMissing) }, false},
		"a missing reader, and nothing known":           {"", func(s *stand) { s.desk.Gone(hw.ReaderMissing) }, true},
		"a missing reader, and another update's record": {record(oldVersion, ``), func(s *stand) { s.desk.Gone(hw.ReaderMissing) }, true},
		"a missing reader, and a record that is torn":   {"{", func(s *stand) { s.desk.Gone(hw.ReaderMissing) }, true},
		"no service, and nothing known":                 {"", func(s *stand) { s.desk.Gone(hw.ReaderService) }, false},
		"no rights, and nothing known":                  {"", func(s *stand) { s.desk.Gone(hw.ReaderDenied) }, false},
		"no rights, as before":                          {record(newVersion, `"R-04"`), func(s *stand) { s.desk.Gone(hw.ReaderDenied) }, true},
		"no paper, where there was some":                {record(newVersion, ``), func(s *stand) { s.cfg.Printer = outOf(hw.PrinterPaper) }, true},
		"no printer, where there was one":               {record(newVersion, ``), func(s *stand) { s.cfg.Printer = outOf(hw.PrinterMissing) }, false},
		"no printer, and nothing known":                 {"", func(s *stand) { s.cfg.Printer = outOf(hw.PrinterMissing) }, true},
		"nobody confirmed the time":                     {record(newVersion, ``), unconfirmed, true},
		"a profile it does not understand":              {record(newVersion, ``), func(s *stand) { s.cfg.Faults = []hw.Code{hw.ProfileMistake} }, false},
		"records that cannot be kept":                   {"", func(s *stand) { s.cfg.Faults = []hw.Code{hw.StateLost} }, false},
		"lines that were missing before":                {record(newVersion, `"L-01"`), func(s *stand) { s.cfg.Faults = []hw.Code{hw.LinesMissing} }, true},
		"a program that died":                           {record(newVersion, ``), func(s *stand) { s.cfg.Records.(*memory).kept[runningRecord] = []byte("first boot") }, false},
		"a terminal that is too small":                  {record(newVersion, ``), func(s *stand) { s.screen.SetSize(30, 10) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, v := &root{}, &supervised{}
			visit(t, func(s *stand) { onTrial(r, v, tt.before)(s); tt.change(s) }, func(s *stand) {
				s.after(time.Minute)
				if kept := wishedFor(r, "keep-slot") > 0; kept != tt.passes {
					t.Errorf("kept: %v; want %v\n%s", kept, tt.passes, s.log.String())
				}
			})
		})
	}
}

// outOf is a printer that says so.
func outOf(code hw.Code) hw.Printer { return &saying{code: code} }

type saying struct {
	paper
	code hw.Code
}

func (p *saying) State(context.Context) (hw.PrinterState, error) {
	return hw.PrinterState{Known: true, Code: p.code}, nil
}

// TestTrialIsTriedAgain: a system that does not pass yet passes later, a wish that is not taken is repeated, and one that root has
// kept by itself is not asked for.
func TestTrialIsTriedAgain(t *testing.T) {
	r, v := &root{}, &supervised{}
	visit(t, func(s *stand) { onTrial(r, v, "")(s); s.desk.Gone(hw.ReaderService) }, func(s *stand) {
		s.after(time.Minute)
		if wishedFor(r, "keep-slot") > 0 || !strings.HasSuffix(v.told(), "R-01, on trial") {
			t.Errorf("without a service it is kept %d times, and told as %q", wishedFor(r, "keep-slot"), v.told())
		}
		s.desk.Back()
		r.stuck(&hw.Fault{Code: hw.WishIgnored, Err: errors.New("no unit")})
		s.after(time.Minute)
		if n := wishedFor(r, "keep-slot"); n < 5 {
			t.Errorf("a wish that is not taken is repeated %d times in a minute; want every ten seconds", n)
		}
		r.stuck(nil)
		s.after(trialEvery)
		n := wishedFor(r, "keep-slot")
		s.after(time.Minute)
		if wishedFor(r, "keep-slot") != n || v.told() != "ready" {
			t.Errorf("after it was taken it is wished again, or told as %q", v.told())
		}
	})
	r, v = &root{}, &supervised{}
	visit(t, func(s *stand) { onTrial(r, v, "")(s); s.desk.Gone(hw.ReaderService) }, func(s *stand) {
		s.after(15 * time.Second)
		r.stands(hw.Slot{Name: "B", Version: newVersion})
		s.after(trialEvery)
		s.desk.Back()
		s.after(time.Minute)
		if n := wishedFor(r, "keep-slot"); n != 0 || v.told() != "ready" {
			t.Errorf("root has kept it, and it is asked for %d times, told as %q", n, v.told())
		}
	})
}

// TestNoTrial: where root tells nothing, or that nothing is on trial, nothing is wished.
func TestNoTrial(t *testing.T) {
	for name, r := range map[string]*root{"nothing told": {}, "kept": {slot: hw.Slot{Name: "A", Version: newVersion}}, "cannot be read": {broken: errors.New("half a document")}} {
		v := &supervised{}
		visit(t, func(s *stand) { v.configure(s); s.cfg.System, s.cfg.Updates = r, r }, func(s *stand) {
			s.after(time.Minute)
			if all := r.all(); len(all) > 0 || v.told() != "ready" {
				t.Errorf("%s: asked for %v, told as %q", name, all, v.told())
			}
		})
	}
}

// TestFellBack: staff are told once that a new system failed, and called until they have looked.
func TestFellBack(t *testing.T) {
	r, records := &root{slot: hw.Slot{Name: "A", Version: oldVersion, FellBack: newVersion}}, coded(t, "314159")
	run := func(test func(*stand)) {
		visit(t, func(s *stand) { s.cfg.Records, s.cfg.System, s.cfg.Updates = records, r, r }, test)
	}
	times := func() (n int) {
		h, err := openHistory(records)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range h.faults {
			if f.Code == hw.UpdateFellBack {
				n += f.N
			}
		}
		return n
	}
	for range 2 { // starts of the program
		run(func(s *stand) {
			s.after(2 * faultsEvery)
			if !strings.Contains(s.text(), "U-10") || !s.lamps.Calling() {
				t.Errorf("staff are not called (%v), or not told:\n%s", s.lamps.Calling(), s.text())
			}
		})
		if times() != 1 {
			t.Errorf("it stands %d times in the history; want once", times())
		}
	}
	run(func(s *stand) {
		s.open("314159")
		s.tap(page.ActFaults)
		if said := page.Text(s.inRoom(0, "faults").Page); !strings.Contains(said, "U-10") {
			t.Errorf("the history does not say U-10:\n%s", said)
		}
		s.after(2 * beatEvery)
		if s.lamps.Calling() {
			t.Error("staff have looked, and are still called")
		}
	})
	run(func(s *stand) {
		s.after(2 * faultsEvery)
		if strings.Contains(s.text(), "U-10") || s.lamps.Calling() {
			t.Errorf("after staff have looked they are called (%v), or told:\n%s", s.lamps.Calling(), s.text())
		}
	})
	r.stands(hw.Slot{Name: "A", Version: oldVersion, FellBack: "2026-12-24.000000.0000000"})
	run(func(s *stand) { s.after(2 * faultsEvery) })
	if times() != 2 {
		t.Errorf("another one that failed makes it %d times; want twice", times())
	}
}

// TestEveryCodeIsWeighed: whoever adds a code says what it tells of a new system.
func TestEveryCodeIsWeighed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../hw/hw.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			code, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if _, weighed := burdens[hw.Code(code)]; err != nil || !weighed {
				t.Errorf("%s is not weighed: %v", code, err)
			}
			n++
		}
		return true
	})
	if n != len(burdens) {
		t.Errorf("%d codes, %d burdens", n, len(burdens))
	}
}
