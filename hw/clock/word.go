package clock

import (
	"errors"
	"fmt"
	"time"
)

// What staff's word is good for. Staff compare the machine's minutes with a watch or with the clock on the wall, and
// confirm what stood on the screen up to a minute ago: ten minutes hold all of that. What passes afterwards is counted
// on the kernel's monotonic clock, which no change of the wall clock moves. A crystal drifts by 50 millionths and the
// kernel slews that clock by 500 millionths at most, so 500 for all of it is certain and still only 43 seconds a day.
// A machine that sleeps would lose the time it slept; the appliance never does.
const (
	wordWithin = 10 * time.Minute
	drift      = 2000 // one part in
)

// ErrImplausible tells that staff's word cannot be: it is before the lower bound or beyond the life of this build.
var ErrImplausible = errors.New("the moment is not within what is possible")

// word is the moment that staff confirmed last, and when they did.
type word struct {
	at    time.Time
	since time.Duration // on the monotonic clock
}

// begun is where the monotonic clock is read from.
var begun = time.Now()

func elapsed() time.Duration { return time.Since(begun) }

// Wall returns what the machine shows, whoever set it, and the bounds within which staff may confirm a moment.
func (c *Clock) Wall() (now, from, until time.Time) {
	return c.wall().Round(0), c.lower, c.build.AddDate(life, 0, 0)
}

// Confirm takes staff's word that it is at now. From then on Now answers with that moment and the time that has passed
// since, ten minutes and a drift allowance either way, unless the kernel's clock follows a time source: that one knows
// better, and puts right what staff read wrongly. A later word replaces an earlier one. The error is ErrImplausible.
//
// The machine's own time is not believed in between: a kiosk that takes it because it looks plausible would call a
// certificate valid that ended while its plug was out. Only somebody who looked at another clock can say so.
func (c *Clock) Confirm(at time.Time) error {
	at = at.Round(0)
	if _, from, until := c.Wall(); at.Before(from) || at.After(until) {
		return fmt.Errorf("taking staff's word for %s: %w", at.Format(time.DateOnly), ErrImplausible)
	}
	c.said.Store(&word{at, c.elapsed()})
	return nil
}

// confirmed is what follows from staff's word by now; ok is false when there is none, or when this build has outlived it.
func (c *Clock) confirmed() (Now, bool) {
	w := c.said.Load()
	if w == nil {
		return Now{}, false
	}
	passed := c.elapsed() - w.since
	at, within := w.at.Add(passed), wordWithin+passed/drift
	if _, _, until := c.Wall(); at.After(until) {
		return Now{}, false
	}
	return Now{later(at.Add(-within), c.lower), at.Add(within), Confirmed}, true
}
