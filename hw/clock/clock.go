// Package clock says what time it can be. A machine without a network and without a battery behind its clock starts
// in the past, and a wrong day turns valid certificates into expired ones; so the answer is an interval with its
// reason, and often only "not before" (field.md §6).
//
// The package must never set a clock, never ask a network, and never take the machine's time for the truth because
// it looks plausible.
package clock

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

// Reasons for an interval. They are stable names for staff and logs.
const (
	Synchronised   = "synchronised"       // the kernel's clock follows a time source
	Unsynchronised = "unsynchronised"     // nothing vouches for the kernel's clock
	TooEarly       = "before-lower-bound" // it shows a time that is certainly past
	TooLate        = "too-far-ahead"      // it shows a time beyond the life of this build
	Confirmed      = "confirmed"          // staff said so; what has passed since is counted
)

// Now is what is known of the present moment: not before Earliest, not after Latest. A zero Latest means that there
// is no upper bound. Why is one of the reasons above.
type Now struct {
	Earliest, Latest time.Time
	Why              string
}

// life is how far ahead of its build a clock may run before it is no longer believed (field.md §6 rule 2).
const life = 15 // years

// founded is a day before any build of this program, for builds that carry no date of their own.
var founded = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// built is the build's time as RFC 3339, set by the linker: -X kagimado/hw/clock.built=2026-11-24T03:00:00Z.
var built string

// Clock weighs the kernel's clock against what is certain. Open makes one; the fields are seams.
type Clock struct {
	lower  time.Time // nothing happens before
	build  time.Time
	wall   func() time.Time
	kernel func() (uncertainty time.Duration, synchronised bool)

	elapsed func() time.Duration // on a clock that nobody sets
	said    atomic.Pointer[word] // by staff; nil: nothing
}

// Open returns the clock of this machine. Time is certainly not before notBefore, as staff or a signed update said;
// the zero time says nothing.
func Open(notBefore time.Time) (*Clock, error) {
	build, err := Built()
	if err != nil {
		return nil, err
	}
	return &Clock{lower: later(build, notBefore), build: build, wall: time.Now, kernel: kernel, elapsed: elapsed}, nil
}

// Built returns when this program was built: by the linker's word, else the commit's time, else a day before any
// build. The error tells of a linker's word that is no time.
func Built() (time.Time, error) {
	if built != "" {
		t, err := time.Parse(time.RFC3339, built)
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the build's time: %w", err)
		}
		return later(t, founded), nil
	}
	info, _ := debug.ReadBuildInfo()
	return later(commitTime(info), founded), nil
}

// commitTime returns when the commit that was built was made; the zero time when the build does not tell.
func commitTime(info *debug.BuildInfo) time.Time {
	if info == nil {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value)
			return t
		}
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Now returns what time it can be. Without a believed clock and without staff's word only the lower bound is left: a clock that was restored
// after a power cut is late by the whole cut, and one set by mistake may be ahead by years, so the machine's time is
// no bound either way.
func (c *Clock) Now() Now {
	uncertainty, synchronised := c.kernel()
	now := c.wall().Round(0) // a monotonic reading would outlive a change of the clock
	untrusted := func(why string) Now {
		if said, ok := c.confirmed(); ok {
			return said
		}
		return Now{Earliest: c.lower, Why: why}
	}
	switch {
	case now.Before(c.lower):
		return untrusted(TooEarly)
	case now.After(c.build.AddDate(life, 0, 0)):
		return untrusted(TooLate)
	case !synchronised:
		return untrusted(Unsynchronised)
	}
	return Now{later(now.Add(-uncertainty), c.lower), now.Add(uncertainty), Synchronised}
}

// staUnsync is STA_UNSYNC of linux/timex.h; timeError is what adjtimex then returns.
const (
	staUnsync = 0x0040
	timeError = 5
)

// maxUncertainty is where an estimate of the kernel's error stops meaning anything; it lets the bit fall at 16 s.
const maxUncertainty = 16 * time.Second

// kernel asks whether a time source disciplines the clock (adjtimex(2)). Asking changes nothing and needs no right.
func kernel() (uncertainty time.Duration, synchronised bool) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	return judge(state, err, t.Status, int64(t.Maxerror))
}

func judge(state int, err error, status int32, maxErrorMicros int64) (uncertainty time.Duration, synchronised bool) {
	if err != nil || state == timeError || status&staUnsync != 0 {
		return 0, false
	}
	uncertainty = time.Duration(maxErrorMicros) * time.Microsecond
	if uncertainty < 0 || uncertainty > maxUncertainty {
		return 0, false
	}
	return uncertainty, true
}
