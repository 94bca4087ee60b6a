package kiosk

import (
	"time"

	"kagimado/hw"
	"kagimado/kiosk/page"
)

// Snapshot is what a kiosk tells of itself in numbers, to whoever looks after it from afar. It must never tell of a visitor: of
// what people did it holds sums over weeks, in steps (page.Tally.Told).
type Snapshot struct {
	Kiosk   string        // its own name, from the profile
	Built   time.Time     // the program
	Up      time.Duration // since the program started
	Ready   bool          // a card that is laid now is read
	Fault   hw.Code       // why none is; empty when one is
	Clock   string        // the reason for what the time can be: its stable name
	Bounded bool          // it is known what the time can be at most, so that dates are judged
	Tally   page.Tally    // of the days that are kept, as it is told
	Faults  []page.Count  // by code, among the last faults that are kept
}

// Recoveries are the kinds of what a kiosk gets over without anybody's help.
var Recoveries = []string{
	recoveredReader, recoveredHung, recoveredTerminal, recoveredPrinter, recoveredUnclean, recoveredPower, recoveredClock,
}

// snapshot is what the kiosk tells of itself now.
func (l *loop) snapshot() Snapshot {
	now := l.Now()
	s := Snapshot{
		Kiosk: l.Profile.Kiosk, Built: l.Built, Up: time.Since(l.begun), Ready: l.last != nil && !l.state.Down() && !l.state.Updating(),
		Fault: hw.Code(l.state.Fault()), Clock: now.Why, Bounded: !now.Latest.IsZero(), Tally: l.tally.sum().Told(),
	}
	for _, o := range l.history.faults {
		s.Faults = append(s.Faults, page.Count{Name: string(o.Code), N: o.N})
	}
	return s
}
