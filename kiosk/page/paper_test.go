package page_test

import (
	"slices"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// TestTold: what headline and lead say is marked, so that paper need not say it again; what only the table says is not.
func TestTold(t *testing.T) {
	soon := card.Date{Year: 2027, Month: 1, Day: 15}
	for _, tt := range []struct {
		name, answers string
		lay           func(*card.Facts)
		told          []bool // of the rows
	}{
		{"one locked", "", locking(card.Sign), []bool{true}},
		{"two locked", "", locking(card.Auth, card.Sign), []bool{true, true}},
		{"one locked, one at its last try", "", func(f *card.Facts) {
			locking(card.Juki)(f)
			f.Counters[card.Auth-1].Left = 1
		}, []bool{true, false}},
		{"certificate ends soon", "", func(f *card.Facts) { f.Certificates[0].NotAfter = soon }, []bool{true}},
		{"certificate ended, one locked", "", func(f *card.Facts) {
			locking(card.Juki)(f)
			f.Certificates[0].NotAfter = card.Date{Year: 2026, Month: 11, Day: 1}
		}, []bool{true, false}},
		{"card and certificate end together", "", func(f *card.Facts) { f.CardExpiry, f.Certificates[0].NotAfter = soon, soon }, []bool{true}},
		{"card ends later than its certificate", "", func(f *card.Facts) {
			f.CardExpiry, f.Certificates[0].NotAfter = soon, soon.AddDays(-9)
		}, []bool{true, false}},
		{"one forgotten", "forgotten=sign", func(*card.Facts) {}, []bool{true}},
		{"last try", "", func(f *card.Facts) { f.Counters[card.Auth-1].Left = 1 }, []bool{false}},
	} {
		for _, l := range text.Languages() {
			var got []bool
			for _, r := range told(t, tt.lay, tt.answers, "city-hall", tuesday, l).Rows {
				got = append(got, r.Told)
			}
			if !slices.Equal(got, tt.told) {
				t.Errorf("%s, %s: rows told by the headline = %v; want %v", tt.name, l, got, tt.told)
			}
		}
	}
}

// TestCalendar: who can renew only later, or need not do it today, takes the first day home; nobody else gets a code that
// leads away from what must be done first.
func TestCalendar(t *testing.T) {
	ends := func(certificate, whole card.Date) func(*card.Facts) {
		return func(f *card.Facts) { f.Certificates[0].NotAfter, f.CardExpiry = certificate, whole }
	}
	soon, far := card.Date{Year: 2027, Month: 1, Day: 15}, card.Date{Year: 2032, Month: 5, Day: 31}
	for _, tt := range []struct {
		name, answers string
		lay           func(*card.Facts)
		what          string // the message that is its summary
		start, end    string // the day of DTEND is no more part of it
	}{
		{"fine", "", func(*card.Facts) {}, "certificate", "20291118", "20300218"},
		{"certificate ends soon", "", ends(soon, far), "certificate", "20261016", "20270116"},
		{"both end soon", "", ends(soon, soon), "card", "20261016", "20270116"},
		{"both end far", "", ends(far, far), "card", "20320301", "20320601"},
		{"the chip's card date is old", "", ends(far, card.Date{Year: 2026, Month: 10, Day: 1}), "certificate", "20320301", "20320601"},
		{"card date unknown", "", ends(far, card.Date{}), "certificate", "20320301", "20320601"},
		{"period of stay", "limited-stay=yes", ends(soon, soon), "", "", ""},
		{"locked", "", locking(card.Sign), "", "", ""},
		{"forgotten", "forgotten=juki", func(*card.Facts) {}, "", "", ""},
		{"card ended", "", ended, "", "", ""},
	} {
		for _, l := range text.Languages() {
			p := told(t, tt.lay, tt.answers, "city-hall", tuesday, l)
			if tt.what == "" {
				if p.Calendar != "" || p.Dated != "" {
					t.Errorf("%s, %s: calendar %q, %q; want none", tt.name, l, p.Calendar, p.Dated)
				}
				continue
			}
			what := l.Say("calendar." + tt.what)
			want := "BEGIN:VEVENT\r\nSUMMARY:" + what + "\r\nDTSTART;VALUE=DATE:" + tt.start + "\r\nDTEND;VALUE=DATE:" + tt.end + "\r\nEND:VEVENT\r\n"
			if p.Calendar != want {
				t.Errorf("%s, %s: calendar = %q; want %q", tt.name, l, p.Calendar, want)
			}
			if !strings.HasPrefix(p.Dated, what) || !strings.Contains(page.Text(p), p.Dated) {
				t.Errorf("%s, %s: the caption %q does not say %q, or is not said", tt.name, l, p.Dated, what)
			}
			for line := range strings.SplitSeq(p.Calendar, "\r\n") {
				if len(line) > 75 { // RFC 5545, section 3.1: a longer one would be folded
					t.Errorf("%s, %s: the line %q is %d octets long; want 75 at most", tt.name, l, line, len(line))
				}
			}
			if strings.ContainsAny(what, `,;\`) {
				t.Errorf("%s, %s: %q has a character that RFC 5545 escapes", tt.name, l, what)
			}
		}
	}
}

// TestStopGap: a store that solves only a part is told in short, with its steps.
func TestStopGap(t *testing.T) {
	for _, l := range text.Languages() {
		w := storeWay(t, told(t, locking(card.Auth, card.Juki, card.Common), "", "city-hall", tuesday, l))
		if w.Opening != "" || len(w.Place) != 1 || len(w.Steps) != 2 || !pattern(l, "if.store").MatchString(w.If) {
			t.Errorf("%s: stop-gap %+v; want condition, chains and steps alone", l, w)
		}
	}
}
