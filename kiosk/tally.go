package kiosk

import (
	"maps"
	"slices"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

// The record of the counts, how many days it keeps, and how often it is written at most: a memory card wears.
const (
	tallyRecord = "tally"
	tallyDays   = 35
	tallyEvery  = 5 * time.Minute
)

// What is counted: a kind, and after a space what of it.
const (
	countVisit = "visit " // a headline, as locked:sign
	countGuide = "guide " // a guide that was begun
	countSlip  = "slip "  // confirmed, sent or failed

	countRecovery = "recovery " // what the kiosk did to work again
	countPaper    = "paper mm"  // and nothing after it
)

var slipEnds = map[session.PrintResult]string{
	session.PrintConfirmed: "confirmed", session.PrintUnconfirmed: "sent", session.PrintNothing: "failed", session.PrintPartial: "failed",
}

// tally counts for staff, by day, what people came for. It is all that is kept of them: no time of day, no date of a card,
// and nothing that says which count belongs to which. What page tells of it, it tells in sums, and none that is small.
type tally struct {
	record
	days map[string]map[string]int // by 2026-11-24, "" while nobody knows the day
}

type tallyDocument struct {
	Schema int                       `json:"schema"`
	Days   map[string]map[string]int `json:"days"`
}

// openTally goes on counting where the record ends. One that cannot be read is given up: counts are worth no fault.
func openTally(r Records) (*tally, error) {
	t := &tally{record: record{records: r, name: tallyRecord, every: tallyEvery}, days: map[string]map[string]int{}}
	var d tallyDocument
	if err := t.load(&d); err != nil {
		return t, err
	}
	for day, counts := range d.Days {
		if _, err := card.ParseDate(day); day != "" && err != nil || counts == nil {
			continue
		}
		t.days[day] = counts
	}
	return t, nil
}

// count adds one to what of a day; the zero Date is an unknown day.
func (t *tally) count(day card.Date, what string) { t.add(day, what, 1) }

// add adds n to what of a day.
func (t *tally) add(day card.Date, what string, n int) {
	name := ""
	if day.Known() {
		name = day.String()
	}
	if t.days[name] == nil {
		t.days[name] = map[string]int{}
	}
	t.days[name][what] += n
	t.changed = true
	for days := slices.Sorted(maps.Keys(t.days)); len(days) > tallyDays; days = days[1:] {
		delete(t.days, days[0])
	}
}

// due returns the record when it has to be written; nil when not.
func (t *tally) due(now time.Time, last bool) []byte {
	return t.take(now, last, tallyDocument{1, t.days})
}

// sum is what staff are told: everything that was counted, and from when to when.
func (t *tally) sum() page.Tally {
	var s page.Tally
	counts := map[string]int{}
	for _, day := range slices.Sorted(maps.Keys(t.days)) {
		if d, err := card.ParseDate(day); err == nil {
			if !s.From.Known() {
				s.From = d
			}
			s.Until = d
		}
		for what, n := range t.days[day] {
			counts[what] += n
		}
	}
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		if what == countPaper {
			s.PaperMM = counts[what]
		}
		for kind, list := range map[string]*[]page.Count{
			countVisit: &s.Visits, countGuide: &s.Guides, countSlip: &s.Slips, countRecovery: &s.Recoveries,
		} {
			if name, ok := strings.CutPrefix(what, kind); ok {
				*list = append(*list, page.Count{Name: name, N: counts[what]})
			}
		}
	}
	return s
}
