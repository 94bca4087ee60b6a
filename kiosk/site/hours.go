package site

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

// Clock is a time of day in minutes since midnight.
type Clock int

// String writes 8:30, the way Japanese offices do.
func (c Clock) String() string { return fmt.Sprintf("%d:%02d", c/60, c%60) }

// Hours are the hours of some days: of weekdays, or of single dates that count before everything but a nation-wide
// stop and a closure of the window.
type Hours struct {
	Days               [7]bool // by time.Weekday
	Dates              []content.Date
	Open, Close        Clock
	LastEntry          Clock // nobody is taken at or after it
	LunchFrom, LunchTo Clock // equal = no lunch break
}

type session struct{ from, until Clock }

// sessions are the stretches in which somebody who comes is taken.
func (h Hours) sessions() []session {
	if h.LunchFrom == h.LunchTo {
		return []session{{h.Open, h.LastEntry}}
	}
	s := []session{{h.Open, min(h.LunchFrom, h.LastEntry)}}
	if h.LunchTo < h.LastEntry {
		s = append(s, session{h.LunchTo, h.LastEntry})
	}
	return s
}

// hoursOn returns the hours of one day, or why there are none; known is false where the calendar does not reach.
func (w Window) hoursOn(d content.Date, cal content.Calendar) (h Hours, why ClosedReason, known bool) {
	if !cal.Known(d) {
		return Hours{}, NoReason, false
	}
	if cal.NationwideStop(d) {
		return Hours{}, NationwideStop, true
	}
	if slices.Contains(w.Closed, d) {
		return Hours{}, LocalClosure, true
	}
	for _, h := range w.Hours {
		if slices.Contains(h.Dates, d) {
			return h, NoReason, true
		}
	}
	if cal.YearEnd(d) {
		return Hours{}, YearEnd, true
	}
	if _, holiday := cal.Holiday(d); holiday && !w.OpenOnHolidays {
		return Hours{}, PublicHoliday, true
	}
	for _, h := range w.Hours {
		if h.Days[d.AsTime(time.UTC).Weekday()] {
			return h, NoReason, true
		}
	}
	return Hours{}, NoHours, true
}

// OpeningAt tells what can be said of the window at t. For the zero t, and for days the calendar does not know, it is
// OpeningUnknown: a holiday that parliament has not yet fixed must not become a promise. The window takes people from
// the minute it opens to the minute before its last entry.
func (w Window) OpeningAt(t time.Time, cal content.Calendar) Opening {
	o := Opening{Hours: w.week()}
	if t.IsZero() {
		return o
	}
	t = t.In(card.Tokyo)
	today := content.DateOf(t)
	h, why, known := w.hoursOn(today, cal)
	if !known {
		return o
	}
	o.State, o.Reason = ClosedToday, why
	if why == NoReason {
		o.State = ClosedNow
		for _, s := range h.sessions() {
			if from, until := s.from.on(today), s.until.on(today); !t.Before(from) && t.Before(until) {
				o.State, o.ClosesIn, o.LastEntry = Open, until.Sub(t), h.LastEntry.String()
				if s.until == h.LunchFrom && h.LunchTo < h.LastEntry {
					o.Lunch = h.LunchFrom.String() + "-" + h.LunchTo.String()
				}
				return o
			}
		}
	}
	for d := today; ; d = content.DateOf(d.AsTime(time.UTC).AddDate(0, 0, 1)) {
		h, why, known := w.hoursOn(d, cal)
		if !known {
			return o // nothing is promised beyond the calendar
		}
		if why != NoReason {
			continue
		}
		for _, s := range h.sessions() {
			if from := s.from.on(d); t.Before(from) {
				o.Next, o.LastEntry = from, h.LastEntry.String()
				return o
			}
		}
	}
}

// opening is OpeningAt for a moment that is only known within bounds: what does not hold throughout is not said.
func (w Window) opening(now diagnosis.Now, cal content.Calendar) Opening {
	unknown := w.OpeningAt(time.Time{}, cal)
	if !believed(now) {
		return unknown
	}
	a, b := w.OpeningAt(now.Earliest, cal), w.OpeningAt(now.Latest, cal)
	if a.State != b.State || a.Reason != b.Reason || !a.Next.Equal(b.Next) || a.LastEntry != b.LastEntry || a.Lunch != b.Lunch {
		return unknown
	}
	if a.State == Open && a.ClosesIn <= now.Latest.Sub(now.Earliest) {
		return unknown // both ends fall into opening hours, of two days
	}
	return b
}

// believed tells whether now is good enough to speak of today at all.
func believed(now diagnosis.Now) bool {
	if now.Earliest.IsZero() || now.Latest.IsZero() {
		return false
	}
	width := now.Latest.Sub(now.Earliest)
	return width >= 0 && width <= 24*time.Hour
}

func (c Clock) on(d content.Date) time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, int(c), 0, 0, card.Tokyo)
}

// weekdays in the order of an office's door plate.
var weekdays = [7]time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

var weekdayNames = [7]string{"日", "月", "火", "水", "木", "金", "土"}

// week writes the weekly hours in which people are taken in one line of digits and weekday letters, which page can put
// into any language: 月-金 8:30-12:00 13:00-16:45、土 9:00-11:30.
func (w Window) week() string {
	var parts []string
	for _, h := range w.Hours {
		if len(h.Dates) > 0 {
			continue
		}
		part := h.days()
		for _, s := range h.sessions() {
			part += " " + s.from.String() + "-" + s.until.String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "、")
}

// line writes the hours of one day for staff.
func (h Hours) line() string {
	s := h.Open.String() + "-" + h.Close.String()
	var more []string
	if h.LunchFrom != h.LunchTo {
		more = append(more, "昼休み"+h.LunchFrom.String()+"-"+h.LunchTo.String())
	}
	if h.LastEntry != h.Close {
		more = append(more, "受付"+h.LastEntry.String()+"まで")
	}
	if len(more) > 0 {
		s += "（" + strings.Join(more, "、") + "）"
	}
	return s
}

func (h Hours) days() string {
	var runs []string
	for i := 0; i < 7; i++ {
		if !h.Days[weekdays[i]] {
			continue
		}
		j := i
		for j < 6 && h.Days[weekdays[j+1]] {
			j++
		}
		switch first, last := weekdayNames[weekdays[i]], weekdayNames[weekdays[j]]; j - i {
		case 0:
			runs = append(runs, first)
		case 1:
			runs = append(runs, first, last)
		default:
			runs = append(runs, first+"-"+last)
		}
		i = j
	}
	return strings.Join(runs, "・")
}
