package clock

import (
	"io/fs"
	"syscall"
	"testing"
	"time"
)

var (
	day     = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) // of the build
	morning = time.Date(2027, 3, 5, 0, 10, 0, 0, time.UTC)
)

const (
	hour    = time.Hour
	daylong = 24 * hour
)

// fake is a Clock on a machine that the test moves.
type fake struct {
	*Clock
	wall         time.Time
	passed       time.Duration
	synchronised bool
	rtc          time.Time
	fails        error         // of the clock with a battery
	stopped      time.Duration // of the program, while it reads the clock with a battery
}

var errInvalid = &fs.PathError{Op: "read", Path: "since_epoch", Err: syscall.EINVAL}

// machine is what the Clock sees of f.
func (f *fake) machine() machine {
	return machine{
		clocks: func() (time.Time, time.Duration) { return f.wall, f.passed },
		kernel: func() (time.Duration, bool) { return time.Second, f.synchronised },
		battery: func() (time.Time, error) {
			shows := f.rtc
			f.passed += f.stopped
			return shows.Truncate(time.Second), f.fails
		},
	}
}

// newFake is a machine without a clock with a battery that shows morning.
func newFake() *fake {
	f := &fake{wall: morning, fails: fs.ErrNotExist}
	f.Clock, _ = open(Options{}, day, f.machine())
	return f
}

// withRTC is one with such a clock, which goes right.
func withRTC() *fake {
	f := &fake{wall: morning, rtc: morning}
	f.Clock, _ = open(Options{}, day, f.machine())
	return f
}

// run lets time pass while the program runs.
func (f *fake) run(d time.Duration) {
	f.wall, f.passed, f.rtc = f.wall.Add(d), f.passed+d, f.rtc.Add(d)
}

// cut is the same machine after its record was saved and its power was cut for d: it starts in 1970.
func (f *fake) cut(t *testing.T, d time.Duration) *fake {
	t.Helper()
	saved, err := f.Record()
	if err != nil {
		t.Fatal(err)
	}
	return f.start(t, saved, d)
}

// start is the machine after d without power, with what was saved before.
func (f *fake) start(t *testing.T, saved []byte, d time.Duration) *fake {
	t.Helper()
	next := &fake{wall: time.Unix(40, 0).UTC(), passed: 7 * time.Second, rtc: f.rtc.Add(d), fails: f.fails}
	var err error
	if next.Clock, err = open(Options{Saved: saved}, day, next.machine()); err != nil {
		t.Fatalf("opening %s: %v", saved, err)
	}
	return next
}

// confirm takes staff's word.
func (f *fake) confirm(t *testing.T, at time.Time) {
	t.Helper()
	if err := f.Confirm(at); err != nil {
		t.Fatal(err)
	}
}
