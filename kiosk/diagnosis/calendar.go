package diagnosis

import "kagimado/card"

// calendar is the interval of time in days of Asia/Tokyo (rules §8.4): today is not before earliest and not after
// latest. An unknown day is an open end.
type calendar struct{ earliest, latest card.Date }

// calendarOf turns instants into days. Bounds that contradict each other prove nothing, so both are dropped.
func calendarOf(now Now) calendar {
	c := calendar{card.DateOf(now.Earliest), card.DateOf(now.Latest)}
	if c.latest.Before(c.earliest) {
		return calendar{}
	}
	return c
}

// reached tells whether day d has begun: Yes and No only where the whole interval says so.
func (c calendar) reached(d card.Date) Tri {
	switch {
	case d.AddDays(-1).Before(c.earliest):
		return Yes
	case c.latest.Before(d):
		return No
	}
	return Unknown
}

// daysTo counts from today to d, negative when d is past; nil unless both days are certain.
func (c calendar) daysTo(d card.Date) *int {
	if !d.Known() || !c.earliest.Known() || c.earliest != c.latest {
		return nil
	}
	n := c.earliest.DaysUntil(d)
	return &n
}

// term is what the calendar says about a last day, of the card or of a certificate. The zero term has no date.
type term struct {
	end   card.Date
	begun Tri // has its renewal window begun?
	ended Tri // is its last day over? The last day itself still counts.
}

func (c calendar) term(end card.Date) term {
	return term{end: end, begun: c.reached(RenewalStart(end)), ended: c.reached(end.AddDays(1))}
}

func (t term) past() bool { return t.ended == Yes }
func (t term) soon() bool { return t.begun == Yes && t.ended == No }
func (t term) far() bool  { return t.begun == No }

// RenewalStart returns the first day on which card or certificate can be renewed: the day after the date three
// months earlier, that date clamped to its month's end (rules §8.4: 2027-05-31 gives 2027-03-01).
func RenewalStart(end card.Date) card.Date { return end.AddMonths(-3).AddDays(1) }

// graceEnd returns the last day of the insurance grace: the last day of the third month after the month of expiry
// (rules §8.4: 2026-08-10 gives 2026-11-30). Three months from the day itself would be wrong.
func graceEnd(end card.Date) card.Date {
	first := card.Date{Year: end.Year, Month: end.Month, Day: 1}
	return first.AddMonths(4).AddDays(-1)
}
