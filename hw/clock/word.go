package clock

import (
	"errors"
	"fmt"
	"time"
)

// wordWithin is what staff's word is good for. Staff compare the machine's minutes with a watch or with the clock on the
// wall, and confirm what stood on the screen up to a minute ago: ten minutes hold all of that.
const wordWithin = 10 * time.Minute

// ErrImplausible tells that staff's word cannot be: it is before the lower bound or beyond the life of this build.
var ErrImplausible = errors.New("the moment is not within what is possible")

// Wall returns what the machine shows, whoever set it, and the bounds within which staff may confirm a moment. These
// hold whoever erred before: what staff or a time source once said is no bound, since it could never be put right.
func (c *Clock) Wall() (now, from, until time.Time) {
	now, passed := c.clocks()
	return now, c.floor(passed), c.until()
}

// Confirm takes staff's word that it is at now. From then on Now answers with that moment and the time that has passed
// since, ten minutes and a drift allowance either way, unless the kernel's clock follows a time source: that one knows
// better, and puts right what staff read wrongly. A later word replaces an earlier one. The error is ErrImplausible.
//
// The machine's own time is not believed in between: a kiosk that takes it because it looks plausible would call a
// certificate valid that ended while its plug was out. Only somebody who looked at another clock can say so.
func (c *Clock) Confirm(at time.Time) error {
	at = at.Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, passed := c.clocks()
	// The lower bound moves on while staff think.
	if at.Before(c.lower) || at.Add(wordWithin).Before(c.floor(passed)) || at.After(c.until()) {
		return fmt.Errorf("taking staff's word for %s: %w", at.Format(time.DateOnly), ErrImplausible)
	}
	c.held = &held{at.Add(-wordWithin), at.Add(wordWithin), passed, Confirmed, at, byStaff}
	return nil
}
