package content

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Calendar knows the days on which counters are closed for reasons that are the same everywhere. Its zero value
// knows no day at all.
type Calendar struct {
	From, Until Date // first and last day of the holiday list, both included
	Checked     Date // the oldest day on which one of its rules was checked

	holidays      map[Date]string
	first, last   [2]int // month and day of the year-end closure
	afterSaturday int    // the stop is the Sunday after the month's n-th Saturday
	extra         map[Date]bool
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date {
	return Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
}

// Known tells whether the holiday list covers d. Outside it nothing can be said of an opening.
func (c Calendar) Known(d Date) bool {
	return c.From != (Date{}) && !before(d, c.From) && !before(c.Until, d)
}

// Holiday returns the name of the public holiday on d. Days outside the list are no holidays: ask Known first.
func (c Calendar) Holiday(d Date) (name string, ok bool) {
	name, ok = c.holidays[d]
	return name, ok
}

// YearEnd tells whether offices are closed on d for the turn of the year.
func (c Calendar) YearEnd(d Date) bool {
	if c.first == c.last { // no rule
		return false
	}
	day := [2]int{d.Month, d.Day}
	return slices.Compare(day[:], c.first[:]) >= 0 || slices.Compare(day[:], c.last[:]) <= 0
}

// NationwideStop tells whether the card system of the whole country stops on d: on the Sunday after the month's
// third Saturday, which is not always the third Sunday, and on announced days.
func (c Calendar) NationwideStop(d Date) bool {
	if c.extra[d] {
		return true
	}
	if d.AsTime(time.UTC).Weekday() != time.Sunday || d.Day == 1 {
		return false
	}
	saturday := d.Day - 1
	return (saturday+6)/7 == c.afterSaturday
}

func before(a, b Date) bool { return a.AsTime(time.UTC).Before(b.AsTime(time.UTC)) }

type calendarFile struct {
	Holidays struct {
		From  Date `toml:"from"`
		Until Date `toml:"until"`
		Days  []struct {
			Date Date   `toml:"date"`
			Name string `toml:"name"`
		} `toml:"days"`
		Dated
	} `toml:"holidays"`
	YearEnd struct {
		First string `toml:"first"`
		Last  string `toml:"last"`
		Dated
	} `toml:"year_end"`
	Stop struct {
		AfterSaturday int    `toml:"after_saturday"`
		Extra         []Date `toml:"extra"`
		Dated
	} `toml:"nationwide_stop"`
}

func (f calendarFile) calendar() (Calendar, error) {
	c := Calendar{
		From: f.Holidays.From, Until: f.Holidays.Until, afterSaturday: f.Stop.AfterSaturday,
		holidays: map[Date]string{}, extra: map[Date]bool{},
	}
	errs := []error{f.Holidays.check("holidays"), f.YearEnd.check("year_end"), f.Stop.check("nationwide_stop")}
	if c.From == (Date{}) || before(c.Until, c.From) {
		errs = append(errs, errors.New("checking holidays: from and until must be given, in this order"))
	}
	for _, d := range f.Holidays.Days {
		if _, twice := c.holidays[d.Date]; twice || d.Name == "" || !c.Known(d.Date) {
			errs = append(errs, fmt.Errorf("checking holiday %s: it stands twice, has no name, or lies outside the list", d.Date))
		}
		c.holidays[d.Date] = d.Name
	}
	// A year that has been begun but not filled would make every holiday of it a working day.
	for y := c.From.Year; y <= c.Until.Year; y++ {
		n := 0
		for d := range c.holidays {
			if d.Year == y {
				n++
			}
		}
		if n < 16 {
			errs = append(errs, fmt.Errorf("checking holidays of %d: %d days; the law names sixteen", y, n))
		}
	}
	for _, e := range []struct {
		text string
		into *[2]int
	}{{f.YearEnd.First, &c.first}, {f.YearEnd.Last, &c.last}} {
		t, err := time.Parse("01-02", e.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("checking year_end: %q is no month and day", e.text))
		}
		*e.into = [2]int{int(t.Month()), t.Day()}
	}
	if slices.Compare(c.first[:], c.last[:]) <= 0 {
		errs = append(errs, errors.New("checking year_end: the closure must span the turn of the year"))
	}
	if c.afterSaturday < 1 || c.afterSaturday > 4 {
		errs = append(errs, errors.New("checking nationwide_stop: after_saturday must be 1 to 4"))
	}
	for _, d := range f.Stop.Extra {
		c.extra[d] = true
	}
	c.Checked = f.Holidays.Checked
	for _, d := range []Date{f.YearEnd.Checked, f.Stop.Checked} {
		if before(d, c.Checked) {
			c.Checked = d
		}
	}
	return c, errors.Join(errs...)
}
