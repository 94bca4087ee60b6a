// Package clock says what time it can be. A machine without a network and without a battery behind its clock starts
// in the past, and a wrong day turns valid certificates into expired ones; so the answer is an interval with its
// reason, and often only "not before" (field.md §6). What an earlier run knew is carried over by a record, and over a
// power cut by the clock with a battery.
//
// The package must never set a clock, never ask a network, and never take the machine's time for the truth because
// it looks plausible. Nor does it learn from cards, as field.md proposes: a certificate's begin would be a lower bound
// only if the card were known to be real, and one forged card would make every later visitor's expired.
package clock

import (
	"fmt"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// Reasons for an interval. They are stable names for staff and logs.
const (
	Synchronised   = "synchronised"       // the kernel's clock follows a time source
	Carried        = "carried"            // it did until lately; what has passed since is counted
	Confirmed      = "confirmed"          // staff said so; what has passed since is counted
	Battery        = "battery"            // an earlier run knew; the clock with a battery counted until now
	Unsynchronised = "unsynchronised"     // nothing vouches for the kernel's clock
	TooEarly       = "before-lower-bound" // it shows a time that is certainly past
	TooLate        = "too-far-ahead"      // it shows a time beyond the life of this build
)

// Now is what is known of the present moment: not before Earliest, not after Latest. A zero Latest means that there
// is no upper bound. Why is one of the reasons above.
type Now struct {
	Earliest, Latest time.Time
	Why              string
}

// life is how far ahead of its build a clock may run before it is no longer believed (field.md §6 rule 2).
const life = 15 // years

// What passes is counted on the kernel's monotonic clock, which no change of the wall clock moves. A crystal drifts by
// 50 millionths and the kernel slews that clock by 500 millionths at most, so 500 for all of it is certain and still only
// 43 seconds a day. A machine that sleeps would lose the time it slept; the appliance never does.
const drift = 2000 // one part in

// founded is a day before any build of this program, for builds that carry no date of their own.
var founded = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// built is the build's time as RFC 3339, set by the linker: -X kagimado/hw/clock.built=2026-11-24T03:00:00Z.
var built string

// machine is what a Clock looks at. Tests have their own.
type machine struct {
	// clocks reads the kernel's clock and, with it, one that nobody sets and that begins anywhere.
	clocks  func() (wall time.Time, passed time.Duration)
	kernel  func() (uncertainty time.Duration, synchronised bool)
	battery func() (time.Time, error)
}

// Clock weighs the kernel's clock against what is certain. Open makes one; its methods may be called from any
// goroutine.
type Clock struct {
	machine
	build  time.Time
	lower  time.Time     // it was not before when the Clock was opened, whoever else erred
	opened time.Duration // as all below on the monotonic clock

	mu      sync.Mutex
	held    *held     // nil: nobody vouched
	wall    time.Time // when Jumped looked last
	wallAt  time.Duration
	shown   time.Time // by the clock with a battery, when it was looked at last; zero: not yet
	shownAt time.Duration
	least   time.Time // what it showed when it was last relied on
}

// held is an interval that somebody vouched for, as it was at since. With a zero latest only its begin is known.
type held struct {
	earliest, latest time.Time
	since            time.Duration
	why              string
	vouched          time.Time // when staff or a time source last did
	by               string
}

// Those who can vouch for a time.
const (
	byStaff  = "staff"
	bySource = "source"
)

// Options say what is known besides the machine's clocks.
type Options struct {
	NotBefore time.Time // as a signed update said; the zero time says nothing
	Saved     []byte    // what Record gave in an earlier run; nil is none
	RTC       string    // folder of the clock with a battery; empty is the kernel's first, /sys/class/rtc/rtc0
}

// Open returns the clock of this machine. It is never nil and works as far as it can; the error tells of a build's date
// or a saved record that could not be used.
func Open(o Options) (*Clock, error) {
	build, err := Built()
	if err != nil {
		build = founded
	}
	c, err2 := open(o, build, machine{clocks, kernel, func() (time.Time, error) { return readRTC(o.RTC) }})
	if err == nil {
		err = err2
	}
	return c, err
}

func open(o Options, build time.Time, m machine) (*Clock, error) {
	c := &Clock{machine: m, build: build, lower: later(build, o.NotBefore)}
	c.wall, c.opened = c.clocks()
	c.wallAt = c.opened
	if o.Saved == nil {
		c.resume(record{})
		return c, nil
	}
	r, err := c.read(o.Saved)
	if err != nil {
		err = fmt.Errorf("reading what the clock saved: %w", err)
	}
	c.resume(r)
	return c, err
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

// floor is what is certain at passed: the lower bound and the time since.
func (c *Clock) floor(passed time.Duration) time.Time {
	return c.lower.Add(slow(passed - c.opened))
}

func slow(d time.Duration) time.Duration { return d - d/drift }
func fast(d time.Duration) time.Duration { return d + d/drift }

func (c *Clock) until() time.Time { return c.build.AddDate(life, 0, 0) }

// Now returns what time it can be. When the kernel's clock follows no time source, the last who vouched for the time is
// believed, with what has passed since, and without one only a lower bound is left: a clock that was restored after a
// power cut is late by the whole cut, and one set by mistake may be ahead by years, so the machine's time is no bound
// either way.
func (c *Clock) Now() Now {
	uncertainty, synchronised := c.kernel()
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, passed := c.clocks()
	floor := c.floor(passed)
	why := Unsynchronised
	switch {
	case wall.Before(floor):
		why = TooEarly
	case wall.After(c.until()):
		why = TooLate
	case synchronised:
		c.held = &held{wall.Add(-uncertainty), wall.Add(uncertainty), passed, Carried, wall, bySource}
		return Now{later(wall.Add(-uncertainty), floor), wall.Add(uncertainty), Synchronised}
	}
	if c.held == nil {
		return Now{Earliest: floor, Why: why}
	}
	return c.carry(*c.held, passed, Now{Earliest: floor, Why: why})
}

// carry tells what follows from h at passed; otherwise is what is left without.
func (c *Clock) carry(h held, passed time.Duration, otherwise Now) Now {
	age := passed - h.since
	n := Now{h.earliest.Add(slow(age)), h.latest.Add(fast(age)), h.why}
	switch {
	case h.latest.IsZero():
		n.Latest = n.Earliest
	case h.why == Battery && middle(n).Sub(h.vouched) > batteryFor:
		h.latest = time.Time{}
	}
	switch {
	case n.Latest.Before(otherwise.Earliest), middle(n).After(c.until()):
		return otherwise
	case h.latest.IsZero():
		return Now{Earliest: later(n.Earliest, otherwise.Earliest), Why: otherwise.Why}
	}
	n.Earliest = later(n.Earliest, otherwise.Earliest)
	return n
}

func middle(n Now) time.Time { return n.Earliest.Add(n.Latest.Sub(n.Earliest) / 2) }

// step is the least that counts as a jump. Slewing is no jump: it moves the monotonic clock as well.
const step = 2 * time.Second

// Jumped tells how far somebody set the machine's clock since the last call or since Open, ahead or back; zero when
// nobody did. No answer of Now rests on it, except that a time source which sets the clock is believed afterwards.
func (c *Clock) Jumped() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, passed := c.clocks()
	moved := wall.Sub(c.wall) - (passed - c.wallAt)
	c.wall, c.wallAt = wall, passed
	if moved.Abs() < step {
		return 0
	}
	return moved
}

// begun is where the monotonic clock is read from.
var begun = time.Now()

// clocks reads both in one call: a process that is stopped between two would see a jump.
func clocks() (wall time.Time, passed time.Duration) {
	now := time.Now()
	return now.Round(0), now.Sub(begun)
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
