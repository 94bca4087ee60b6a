package card

import (
	"fmt"
	"time"
)

// Tokyo is the zone every date of a card is counted in. Japan has had no summer time since 1951, so a fixed zone
// is right and needs no zone database on the appliance.
var Tokyo = time.FixedZone("JST", 9*60*60)

// Date is a calendar day in Asia/Tokyo. The zero Date means unknown.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day in Asia/Tokyo on which t falls. A zero t gives the unknown Date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	y, m, d := t.In(Tokyo).Date()
	return Date{y, m, d}
}

// ParseDate reads a day written as 2030-02-17.
func ParseDate(s string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Tokyo)
	if err != nil {
		return Date{}, fmt.Errorf("reading date %q: want YYYY-MM-DD, a day that exists", s)
	}
	return DateOf(t), nil
}

// Known tells whether d is a day at all.
func (d Date) Known() bool { return d != Date{} }

// Time returns the first instant of d in Asia/Tokyo; the zero time for an unknown day.
func (d Date) Time() time.Time {
	if !d.Known() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Tokyo)
}

// Before tells whether d is an earlier day than e. An unknown day is before nothing and nothing is before it.
func (d Date) Before(e Date) bool {
	return d.Known() && e.Known() && d.Time().Before(e.Time())
}

// AddDays returns the day n days after d; an unknown day stays unknown.
func (d Date) AddDays(n int) Date {
	if !d.Known() {
		return d
	}
	return DateOf(d.Time().AddDate(0, 0, n))
}

// AddMonths returns the same day n months later, clamped to the last day of that month: three months before
// 31 May is 28 (or 29) February, not 3 March, which is how offices count.
func (d Date) AddMonths(n int) Date {
	if !d.Known() {
		return d
	}
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, Tokyo)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// DaysUntil returns the number of days from d to e, negative when e is past. Both must be known.
func (d Date) DaysUntil(e Date) int {
	return int(e.Time().Sub(d.Time()) / (24 * time.Hour))
}

// String writes d as 2030-02-17, or "unknown".
func (d Date) String() string {
	if !d.Known() {
		return "unknown"
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalJSON writes the day as a string, unknown as null.
func (d Date) MarshalJSON() ([]byte, error) {
	if !d.Known() {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Date) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = Date{}
		return nil
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("reading date: want a string YYYY-MM-DD or null, got %s", b)
	}
	v, err := ParseDate(string(b[1 : len(b)-1]))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
