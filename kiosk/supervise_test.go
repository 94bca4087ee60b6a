package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

// wishes is a system that remembers what was asked of it.
type wishes struct {
	mu    sync.Mutex
	asked []string
	fail  error
}

func (w *wishes) ask(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
	return w.fail
}

func (w *wishes) RestartReader(context.Context) error { return w.ask("restart-reader") }
func (w *wishes) SetTime(_ context.Context, at time.Time) error {
	return w.ask("set-time " + at.UTC().Format(time.TimeOnly))
}

func (w *wishes) Reboot(context.Context) error      { return w.ask("reboot") }
func (w *wishes) UnlockStick(context.Context) error { return w.ask("unlock-stick") }
func (w *wishes) LockStick(context.Context) error   { return w.ask("lock-stick") }
func (w *wishes) Install(context.Context) error     { return w.ask("install") }
func (w *wishes) KeepSlot(context.Context) error    { return w.ask("keep-slot") }

func (w *wishes) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.asked)
}

// supervised is a kiosk whose supervisor writes down what it is told.
type supervised struct {
	system  wishes
	records *memory

	mu         sync.Mutex
	beats      int
	ready      int
	conditions []string
}

func (v *supervised) configure(s *stand) {
	v.records = shelf(nil)
	s.cfg.System, s.cfg.Records, s.cfg.Boot = &v.system, v.records, "first boot"
	s.cfg.Beat = func() { v.mu.Lock(); v.beats++; v.mu.Unlock() }
	s.cfg.Ready = func() { v.mu.Lock(); v.ready++; v.mu.Unlock() }
	s.cfg.Condition = func(c string) { v.mu.Lock(); v.conditions = append(v.conditions, c); v.mu.Unlock() }
}

func (v *supervised) beaten() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.beats
}

// told returns the last condition.
func (v *supervised) told() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.conditions) == 0 {
		return ""
	}
	return v.conditions[len(v.conditions)-1]
}

// kept returns the record of that name.
func (v *supervised) kept(name string) string {
	v.records.mu.Lock()
	defer v.records.mu.Unlock()
	return string(v.records.kept[name])
}

// recoveries returns how often the kiosk recovered by that kind.
func (v *supervised) recoveries(kind string) int {
	t, err := openTally(v.records)
	if err != nil {
		return -1
	}
	n := 0
	for _, counts := range t.days {
		n += counts[countRecovery+kind]
	}
	return n
}

// vein is a terminal's pulse.
type vein struct {
	mu      sync.Mutex
	alive   bool
	asked   int
	answers chan struct{}
}

func newVein(alive bool) *vein { return &vein{alive: alive, answers: make(chan struct{}, 1)} }

func (v *vein) Ask() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	if v.alive {
		select {
		case v.answers <- struct{}{}:
		default:
		}
	}
}

func (v *vein) Answers() <-chan struct{} { return v.answers }

func (v *vein) live(alive bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alive = alive
}

// endsWith waits for the end of the run.
func (s *stand) endsWith(within time.Duration, want error) {
	s.t.Helper()
	s.stopped = true
	select {
	case err := <-s.ended:
		if !errors.Is(err, want) {
			s.t.Errorf("Run = %v; want %v", err, want)
		}
	case <-time.After(within):
		s.t.Fatalf("Run goes on for %v; want %v", within, want)
	}
}

func TestSilentTerminalEndsTheProgram(t *testing.T) {
	var v supervised
	var pulse *vein
	visit(t, func(s *stand) { v.configure(s); pulse = newVein(true); s.cfg.Pulse = pulse }, func(s *stand) {
		if s.after(0); v.ready != 1 || v.told() != "ready" {
			t.Errorf("ready was told %d times, then %q; want once, ready", v.ready, v.told())
		}
		s.after(10*beatEvery + time.Second)
		if got := v.beaten(); got != 10 {
			t.Errorf("%d beats; want 10", got)
		}
		pulse.live(false)
		s.after(3 * beatEvery)
		fed := v.beaten()
		s.endsWith(20*time.Second, ErrTerminalSilent)
		if got := v.beaten(); got != fed || fed > 13 {
			t.Errorf("a terminal that hangs is fed for: %d beats, then %d", fed, got)
		}
		if v.recoveries(recoveredTerminal) != 1 || !strings.Contains(v.kept(faultsRecord), "T-01") {
			t.Errorf("the lost terminal is not kept: %s", v.kept(faultsRecord))
		}
	})
}

// TestTerminalThatNeverAnswers: the kiosk serves, but nobody is told that it is ready.
func TestTerminalThatNeverAnswers(t *testing.T) {
	var v supervised
	visit(t, func(s *stand) { v.configure(s); s.cfg.Pulse = newVein(false) }, func(s *stand) {
		s.want(time.Hour, session.Attract, hw.Ready)
		if v.ready != 0 || v.beaten() != 0 || v.told() != "" {
			t.Errorf("ready %d times, %d beats, condition %q; want nothing", v.ready, v.beaten(), v.told())
		}
	})
}

// TestAnswersBetweenLooks: a terminal that is slow to answer is not one that hangs.
func TestAnswersBetweenLooks(t *testing.T) {
	var pulse *vein
	visit(t, func(s *stand) { pulse = newVein(true); s.cfg.Pulse = pulse }, func(s *stand) {
		for range 20 {
			pulse.live(false)
			s.after(time.Duration(terminalLooks-1) * beatEvery)
			pulse.live(true)
			s.after(beatEvery)
		}
		s.want(0, session.Attract, hw.Ready)
	})
}

// silent is a reader whose service can fall silent.
type silent struct {
	*desk
	mu    sync.Mutex
	since time.Time
}

func (r *silent) Silent() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since.IsZero() {
		return 0
	}
	return time.Since(r.since)
}

func (r *silent) fall(silent bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since = (time.Time{}); silent {
		r.since = time.Now()
	}
}

func TestSilentReader(t *testing.T) {
	var v supervised
	var r *silent
	visit(t, func(s *stand) { v.configure(s); r = &silent{desk: s.desk}; s.cfg.Reader = r }, func(s *stand) {
		// What the restarted service mends.
		r.fall(true)
		s.desk.Gone(hw.ReaderHung)
		s.want(time.Second, session.OutOfService, hw.OutOfService)
		if got := v.system.all(); !slices.Equal(got, []string{"restart-reader"}) || v.told() != "out of service: R-05" {
			t.Errorf("a service that hangs: asked for %q, told %q", got, v.told())
		}
		r.fall(false)
		s.desk.Back()
		s.want(time.Minute, session.Attract, hw.Ready)
		if got := v.system.all(); len(got) != 1 || v.told() != "ready" {
			t.Errorf("after it came back: asked for %q, told %q", got, v.told())
		}
		// What only a new process mends.
		r.fall(true)
		s.desk.Gone(hw.ReaderHung)
		begun := time.Now()
		s.endsWith(time.Minute, ErrReaderHung)
		if took := time.Since(begun); took > 55*time.Second {
			t.Errorf("the program ends after %v; want it to be ready again within a minute", took)
		}
		if n := len(v.system.all()); n != 4 {
			t.Errorf("%d wishes; want the restart asked for three times more", n)
		}
		if v.recoveries(recoveredHung) != 1 || v.recoveries(recoveredReader) != 4 {
			t.Errorf("%d ends and %d restarts are counted", v.recoveries(recoveredHung), v.recoveries(recoveredReader))
		}
	})
	// A new process that never heard the reader does not end for it again: the screen would go on and off for ever.
	visit(t, func(s *stand) {
		v = supervised{}
		v.configure(s)
		r = &silent{desk: s.desk}
		r.fall(true)
		s.desk.Gone(hw.ReaderHung)
		s.cfg.Reader = r
	}, func(s *stand) {
		s.want(time.Hour, session.OutOfService, hw.OutOfService)
		if n := len(v.system.all()); n < 100 || v.beaten() < 1000 {
			t.Errorf("%d wishes and %d beats in an hour; want it tried on and on", n, v.beaten())
		}
	})
}

func TestAbsentService(t *testing.T) {
	var v supervised
	visit(t, v.configure, func(s *stand) {
		s.desk.Gone(hw.ReaderService)
		s.want(9*time.Second, session.OutOfService, hw.OutOfService)
		if got := v.system.all(); len(got) != 0 {
			t.Errorf("asked for %q before systemd had its time", got)
		}
		s.after(2 * time.Second)
		v.system.mu.Lock()
		v.system.fail = &hw.Fault{Code: hw.WishIgnored, Err: errors.New("nobody took it")}
		v.system.mu.Unlock()
		s.after(2 * time.Minute)
		if got := v.system.all(); len(got) != 3 {
			t.Errorf("asked for %q in two minutes; want three times", got)
		}
		s.desk.Back()
		s.want(10*time.Minute, session.Attract, hw.Ready)
		if got := v.system.all(); len(got) != 3 {
			t.Errorf("asked for %q after the service came back", got)
		}
		if h := v.kept(faultsRecord); !strings.Contains(h, "R-01") || !strings.Contains(h, "S-02") {
			t.Errorf("the faults kept are %s; want R-01 and S-02", h)
		}
	})
}

// TestHungExchangeAsksForTheService: a restarted service lets go of an exchange without a new process.
func TestHungExchangeAsksForTheService(t *testing.T) {
	var v supervised
	visit(t, v.configure, func(s *stand) {
		block := make(chan struct{})
		s.desk.set(func() { s.desk.block = block })
		s.desk.lay(t, "all-fine")
		s.want(readTimeout+2*time.Second, session.OutOfService, hw.OutOfService)
		if got := v.system.all(); !slices.Equal(got, []string{"restart-reader"}) {
			t.Errorf("asked for %q", got)
		}
		s.desk.set(func() { s.desk.block = nil })
		close(block)
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(2*time.Minute, session.Attract, hw.Ready)
		if got := v.system.all(); len(got) != 1 {
			t.Errorf("asked for %q though the exchange came back", got)
		}
	})
}

func TestHowTheLastProgramEnded(t *testing.T) {
	var v supervised
	end := func(boot string, do func(*stand)) {
		visit(t, func(s *stand) {
			kept := v.records
			v.configure(s)
			if kept != nil {
				v.records, s.cfg.Records = kept, kept
			}
			s.cfg.Boot = boot
		}, do)
	}
	end("a", func(*stand) {})
	if v.recoveries(recoveredUnclean) != 0 || v.recoveries(recoveredPower) != 0 {
		t.Error("a first start is counted as a recovery")
	}
	end("a", func(*stand) {})
	if v.recoveries(recoveredUnclean) != 0 {
		t.Error("a start after a clean end is counted as a recovery")
	}
	v.records.kept[runningRecord] = []byte("a") // it was killed
	end("a", func(*stand) {})
	if v.recoveries(recoveredUnclean) != 1 || v.recoveries(recoveredPower) != 0 || !strings.Contains(v.kept(faultsRecord), "S-03") {
		t.Errorf("a program that was killed is not kept: %s", v.kept(tallyRecord))
	}
	v.records.kept[runningRecord] = []byte("a") // so was the machine
	end("b", func(*stand) {})
	if v.recoveries(recoveredUnclean) != 1 || v.recoveries(recoveredPower) != 1 {
		t.Errorf("a power cut is not kept: %s", v.kept(tallyRecord))
	}
}

// quartz is a clock that notices and keeps.
type quartz struct {
	sundial
	mu   sync.Mutex
	jump time.Duration
	kept int
}

func (q *quartz) Record() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept++
	return fmt.Appendf(nil, "record %d", q.kept), nil
}

func (q *quartz) Jumped() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.jump
	q.jump = 0
	return j
}

func (q *quartz) move(by time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jump = by
}

func TestClockIsWatchedAndKept(t *testing.T) {
	var v supervised
	q := &quartz{}
	visit(t, func(s *stand) {
		v.configure(s)
		s.cfg.Clock, s.cfg.Timekeeper, s.cfg.Now = q, q, q.now
	}, func(s *stand) {
		s.after(time.Minute)
		if !s.lamps.Calling() {
			t.Error("staff are not called to a clock that nobody vouches for")
		}
		s.tap(page.ActConfirm)
		if got := v.system.all(); !slices.Equal(got, []string{"set-time 23:15:20"}) {
			t.Errorf("after the touch asked for %q; want the machine's clock set to its own time", got)
		}
		q.move(time.Second) // by ourselves
		s.after(time.Minute)
		if v.recoveries(recoveredClock) != 0 {
			t.Error("the kiosk wonders at its own setting of the clock")
		}
		if got := v.kept(ClockRecord); got != "record 1" {
			t.Errorf("the time kept is %q; want that of the setting", got)
		}
		if s.lamps.Calling() {
			t.Error("staff are still called")
		}
		q.move(-time.Hour)
		s.after(6 * time.Minute)
		if v.recoveries(recoveredClock) != 1 || !strings.Contains(v.kept(faultsRecord), "C-02") {
			t.Errorf("a clock that jumped is not kept: %s", v.kept(faultsRecord))
		}
		s.after(3 * time.Hour)
		if got := v.kept(ClockRecord); got != "record 4" {
			t.Errorf("the time kept after three hours is %q; want it kept every hour", got)
		}
	})
	if got := v.kept(ClockRecord); got != "record 5" {
		t.Errorf("the time kept in the end is %q", got)
	}
}

// moody is a printer that says how it is.
type moody struct {
	*paper
	mu    sync.Mutex
	state hw.PrinterState
	asked int
}

func (m *moody) State(context.Context) (hw.PrinterState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	return m.state, nil
}

func (m *moody) set(s hw.PrinterState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
}

func TestPaperIsWatched(t *testing.T) {
	var v supervised
	m := &moody{state: hw.PrinterState{Known: true}}
	visit(t, func(s *stand) { v.configure(s); m.paper = s.paper; s.cfg.Printer = m }, func(s *stand) {
		s.after(10 * time.Minute)
		if s.lamps.Calling() || m.asked != 10 {
			t.Errorf("asked %d times in ten minutes, staff called: %t; want ten times and no", m.asked, s.lamps.Calling())
		}
		for _, tt := range []struct {
			state hw.PrinterState
			call  bool
		}{
			{hw.PrinterState{Known: true, NearEnd: true}, true}, {hw.PrinterState{Known: true}, false},
			{hw.PrinterState{Known: true, Code: hw.PrinterPaper}, true}, {hw.PrinterState{}, false},
		} {
			m.set(tt.state)
			s.want(70*time.Second, session.Attract, hw.Ready)
			if s.lamps.Calling() != tt.call {
				t.Errorf("%+v: staff called: %t; want %t", tt.state, s.lamps.Calling(), tt.call)
			}
		}
		s.after(time.Minute)
		if got := v.kept(faultsRecord); strings.Count(got, "P-02") != 1 || !strings.Contains(got, `"n":1`) {
			t.Errorf("the faults kept are %s; want one P-02", got)
		}
	})
}

func TestForgottenCard(t *testing.T) {
	visit(t, func(s *stand) { s.cfg.Beeper = &s.lamps }, func(s *stand) {
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.TakeCard, hw.Done)
		if got := s.lamps.Sounds(); !slices.Equal(got, []hw.Sound{hw.Accepted, hw.Finished}) {
			t.Errorf("a card is read to the sounds %v", got)
		}
		s.after(10 * time.Second)
		if n := len(s.lamps.Sounds()); n != 3 || s.lamps.Calling() {
			t.Errorf("%d sounds after ten seconds, staff called: %t; want a reminder and no", n, s.lamps.Calling())
		}
		s.after(50 * time.Second)
		if !s.lamps.Calling() {
			t.Error("staff are not called to a card that was left")
		}
		s.after(time.Hour)
		if n := len(s.lamps.Sounds()); n != 4 {
			t.Errorf("%d sounds after an hour; want no more than four", n)
		}
		s.desk.Lift()
		s.after(0)
		if s.lamps.Calling() {
			t.Error("staff are called though the card is taken")
		}
	})
	visit(t, func(s *stand) { s.cfg.Beeper = &s.lamps }, func(s *stand) {
		s.desk.lay(t, "drivers-licence")
		s.want(2*time.Second, session.WrongCard, hw.Attention)
		if got := s.lamps.Sounds(); !slices.Equal(got, []hw.Sound{hw.Accepted, hw.Refused}) {
			t.Errorf("a driving licence is read to the sounds %v", got)
		}
	})
}

func TestDoorStopsTheService(t *testing.T) {
	var v supervised
	door := &hwtest.Door{}
	visit(t, func(s *stand) { v.configure(s); s.cfg.Door = door }, func(s *stand) {
		s.want(0, session.Attract, hw.Ready)
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		door.Move(true)
		s.want(0, session.OutOfService, hw.OutOfService)
		if !strings.Contains(s.text(), "L-03") || v.told() != "out of service: L-03" {
			t.Errorf("the open case is told as %q:\n%s", v.told(), s.text())
		}
		s.desk.Lift()
		door.Move(false)
		s.want(0, session.Attract, hw.Ready)
		s.after(time.Minute)
		if !strings.Contains(v.kept(faultsRecord), "L-03") {
			t.Errorf("the faults kept are %s; want L-03", v.kept(faultsRecord))
		}
	})
}

func TestSmallTerminal(t *testing.T) {
	var v supervised
	visit(t, v.configure, func(s *stand) {
		s.resize(10, 3)
		s.resize(9, 3)
		s.resize(64, 20)
		s.want(time.Minute, session.Attract, hw.Ready)
		if got := v.kept(faultsRecord); strings.Count(got, "T-02") != 1 || !strings.Contains(got, `"n":1`) {
			t.Errorf("the faults kept are %s; want one T-02", got)
		}
	})
}

// TestRecordsAreTriedAgain: what could not be written is written when the disk takes it again, and staff are called meanwhile.
func TestRecordsAreTriedAgain(t *testing.T) {
	var v supervised
	visit(t, v.configure, func(s *stand) {
		s.desk.Gone(hw.ReaderMissing)
		v.records.mu.Lock()
		v.records.save = errors.New("no space left on device")
		v.records.mu.Unlock()
		s.after(time.Minute)
		s.desk.Back()
		s.want(time.Minute, session.Attract, hw.Ready)
		if !s.lamps.Calling() {
			t.Error("staff are not called to a disk that takes nothing")
		}
		v.records.mu.Lock()
		v.records.save = nil
		v.records.mu.Unlock()
		s.want(6*time.Minute, session.Attract, hw.Ready)
		if s.lamps.Calling() || !strings.Contains(v.kept(faultsRecord), "R-02") || !strings.Contains(v.kept(faultsRecord), "S-01") {
			t.Errorf("staff called: %t, faults kept: %s; want none, R-02 and S-01", s.lamps.Calling(), v.kept(faultsRecord))
		}
	})
}

func TestHistory(t *testing.T) {
	h, err := openHistory(shelf(nil))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	h.note("R-01", at)
	h.note("R-01", at.Add(40*time.Minute))
	h.note("R-01", at.Add(50*time.Minute))
	h.note("P-02", time.Time{})
	want := []occurrence{{"P-02", time.Time{}, 1}, {"R-01", at.Add(45 * time.Minute), 1}, {"R-01", at.Add(-15 * time.Minute), 2}}
	if diff := cmp.Diff(want, h.faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	data := h.due(at, true)
	again, err := openHistory(shelf(kept{faultsRecord: data}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.faults); diff != "" {
		t.Errorf("faults after a restart (-want +got):\n%s", diff)
	}
	for i := range 100 {
		again.note(hw.Code(fmt.Sprintf("X-%02d", i)), time.Time{})
	}
	if len(again.faults) != faultsKept || again.faults[0].Code != "X-99" {
		t.Errorf("%d faults are kept, the newest %q", len(again.faults), again.faults[0].Code)
	}
	for _, broken := range []string{"", "{", `{"schema":2}`, "[]"} {
		h, err := openHistory(shelf(kept{faultsRecord: []byte(broken)}))
		if err == nil || h == nil || len(h.faults) != 0 {
			t.Errorf("openHistory(%q) = %v, %v; want an empty one and an error", broken, h, err)
		}
	}
	h, err = openHistory(shelf(kept{faultsRecord: []byte(`{"schema":1,"faults":[{"code":"","n":3},{"code":"P-01","n":0},{"code":"P-03","n":1}]}`)}))
	if err != nil || len(h.faults) != 1 {
		t.Errorf("senseless faults: %v, %v; want P-03 alone", h.faults, err)
	}
}
