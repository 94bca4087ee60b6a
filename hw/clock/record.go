package clock

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// schema is the version of the record.
const schema = 1

// record is what the next run shall know. It holds whole seconds, rounded to the safe side.
type record struct {
	Schema int `json:"schema"`
	// Floor is certain whoever erred: the build, a signed update, and the time that programs ran since.
	Floor time.Time `json:"floor"`
	// Earliest is the lower bound with what staff or a time source said.
	Earliest time.Time `json:"earliest"`
	// Battery is nil when there was no upper bound, or no clock with a battery to go by.
	Battery *paired `json:"battery"`
}

// paired is the rest of an interval and what the clock with a battery showed then.
type paired struct {
	Latest  time.Time `json:"latest"`
	Shows   time.Time `json:"shows"`
	Vouched time.Time `json:"vouched"` // when somebody last did
	By      string    `json:"by"`      // staff or source
}

func (r record) now() Now { return Now{r.Earliest, r.Battery.Latest, Battery} }

// off is how wrong the clock with a battery goes.
func off(n Now, shows time.Time) time.Duration { return shows.Sub(middle(n)).Abs() }

// Record returns what the next run shall get as Options.Saved: a JSON document of a few hundred bytes, without anything
// about anybody. Save it from time to time, and at once when staff confirm a moment or the clock with a battery was set.
// It may take as long as a slow bus takes.
func (c *Clock) Record() ([]byte, error) {
	l := c.look()
	c.mu.Lock()
	r := record{Schema: schema, Floor: c.floor(l.passed).UTC().Truncate(time.Second), Earliest: l.now.Earliest.UTC().Truncate(time.Second)}
	if relied := c.rely(l); relied && c.held != nil {
		r.Battery = &paired{
			l.now.Latest.UTC().Add(time.Second - 1).Truncate(time.Second), l.shows, c.held.vouched.UTC().Truncate(time.Second), c.held.by,
		}
	}
	c.mu.Unlock()
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing what the clock knows: %w", err)
	}
	return b, nil
}

// rely tells whether the clock with a battery can be gone by from now on: the time is known, it is not far off, and it
// ran like the monotonic clock since it was last looked at or was just set right. One that does neither stands still, or
// somebody else sets it.
func (c *Clock) rely(l look) bool {
	if l.err != nil {
		c.shown = time.Time{}
		return false
	}
	passed := l.passed - c.shownAt
	steady := !c.shown.IsZero() && (l.shows.Sub(c.shown)-passed).Abs() <= step+passed/1000 // both drifts together
	c.shown, c.shownAt = l.shows, l.passed
	if l.now.Latest.IsZero() || off(l.now, l.shows) > batteryOff {
		return false
	}
	right := !l.shows.Before(l.now.Earliest.Add(-time.Minute)) && !l.shows.After(l.now.Latest.Add(time.Minute))
	if steady || right {
		c.least = l.shows
		return true
	}
	return false
}

// read takes a record apart and refuses one that this package cannot have written.
func (c *Clock) read(saved []byte) (record, error) {
	var r record
	if err := json.Unmarshal(saved, &r); err != nil {
		return record{}, err
	}
	if r.Schema != schema {
		return record{}, fmt.Errorf("schema is %d; this program knows %d", r.Schema, schema)
	}
	if r.Floor.Before(founded) || r.Earliest.Before(r.Floor) || r.Earliest.After(c.until()) {
		return record{}, errors.New("its lower bounds cannot be")
	}
	if p := r.Battery; p != nil && (p.Latest.Before(r.Earliest) || p.Latest.After(c.until().Add(batteryFor)) || off(r.now(), p.Shows) > batteryOff ||
		p.Vouched.After(p.Latest) || p.By != byStaff && p.By != bySource) {
		return record{}, errors.New("its interval cannot be")
	}
	return r, nil
}

// resume goes on from a record; the empty one is none. What the machine knows by itself is better.
func (c *Clock) resume(r record) {
	c.lower = later(c.lower, r.Floor)
	l := c.look()
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.err == nil {
		c.shown, c.shownAt = l.shows, l.passed
	}
	if r.Schema == 0 || l.now.Why == Synchronised {
		return
	}
	c.held = &held{earliest: r.Earliest, since: c.opened}
	if r.Battery == nil || l.err != nil {
		return
	}
	c.least = r.Battery.Shows
	gone := l.shows.Sub(r.Battery.Shows)
	if gone < 0 || gone > batteryCut {
		return
	}
	within := batteryReads + gone/batteryDrift + off(r.now(), r.Battery.Shows)
	h := held{later(r.Earliest, r.Earliest.Add(gone-within)), r.Battery.Latest.Add(gone + within), l.passed, Battery, r.Battery.Vouched, r.Battery.By}
	if n := (Now{h.earliest, h.latest, Battery}); middle(n).Sub(h.vouched) <= batteryFor {
		c.held = &h
	}
}
