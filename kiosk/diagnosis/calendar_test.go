package diagnosis

import (
	"testing"
	"time"

	"kagimado/card"
)

func date(s string) card.Date {
	d, err := card.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestRenewalStart(t *testing.T) {
	for _, c := range []struct{ end, want string }{
		{"2027-07-07", "2027-04-08"}, // rules §4
		{"2027-05-31", "2027-03-01"}, // three months earlier clamps to 28 February
		{"2028-05-31", "2028-03-01"}, // … to 29 February of a leap year
		{"2028-05-30", "2028-03-01"},
		{"2028-05-29", "2028-03-01"}, // 29 February exists
		{"2028-05-28", "2028-02-29"},
		{"2027-05-28", "2027-03-01"},
		{"2027-05-27", "2027-02-28"},
		{"2028-02-29", "2027-11-30"}, // rules §8.4
		{"2027-02-28", "2026-11-29"},
		{"2027-12-31", "2027-10-01"}, // 30 September
		{"2027-01-15", "2026-10-16"}, // across the year
		{"2027-03-31", "2027-01-01"},
		{"2100-05-31", "2100-03-01"}, // 2100 is no leap year
	} {
		if got := RenewalStart(date(c.end)).String(); got != c.want {
			t.Errorf("RenewalStart(%s) = %s; want %s", c.end, got, c.want)
		}
	}
	if got := RenewalStart(card.Date{}); got.Known() {
		t.Errorf("RenewalStart(unknown) = %s; want unknown", got)
	}
}

func TestGraceEnd(t *testing.T) {
	for _, c := range []struct{ end, want string }{
		{"2026-08-10", "2026-11-30"}, // rules §4
		{"2026-02-01", "2026-05-31"}, // city of Tama
		{"2026-02-28", "2026-05-31"},
		{"2026-08-31", "2026-11-30"}, // three months from the day itself would not exist
		{"2026-10-05", "2027-01-31"}, // across the year
		{"2026-12-31", "2027-03-31"},
		{"2027-11-15", "2028-02-29"}, // a leap year
		{"2026-11-30", "2027-02-28"},
	} {
		if got := graceEnd(date(c.end)).String(); got != c.want {
			t.Errorf("graceEnd(%s) = %s; want %s", c.end, got, c.want)
		}
	}
}

// TestTerm walks a trusted clock over every edge of a certificate that ends on 2027-05-31.
func TestTerm(t *testing.T) {
	for _, c := range []struct {
		today           string
		far, soon, past bool
	}{
		{today: "2027-02-28", far: true},
		{today: "2027-03-01", soon: true},
		{today: "2027-05-31", soon: true}, // the last day counts
		{today: "2027-06-01", past: true},
	} {
		got := calendar{date(c.today), date(c.today)}.term(date("2027-05-31"))
		if got.far() != c.far || got.soon() != c.soon || got.past() != c.past {
			t.Errorf("on %s: far %v, soon %v, past %v; want %v, %v, %v",
				c.today, got.far(), got.soon(), got.past(), c.far, c.soon, c.past)
		}
	}
}

func TestReached(t *testing.T) {
	day := "2026-11-24"
	for _, c := range []struct {
		earliest, latest string
		want             Tri
	}{
		{"", "", Unknown},
		{"2026-11-23", "", Unknown},
		{"2026-11-24", "", Yes},
		{"", "2026-11-24", Unknown},
		{"", "2026-11-23", No},
		{"2026-11-23", "2026-11-24", Unknown},
		{"2026-11-22", "2026-11-23", No},
		{"2026-11-24", "2026-11-24", Yes},
	} {
		var k calendar
		if c.earliest != "" {
			k.earliest = date(c.earliest)
		}
		if c.latest != "" {
			k.latest = date(c.latest)
		}
		if got := k.reached(date(day)); got != c.want {
			t.Errorf("%q..%q: reached(%s) = %v; want %v", c.earliest, c.latest, day, got, c.want)
		}
	}
	if got := (calendar{date(day), date(day)}).reached(card.Date{}); got != Unknown {
		t.Errorf("reached(unknown) = %v; want unknown", got)
	}
}

// TestCalendarOf counts days in Asia/Tokyo, whatever the zone of the instants.
func TestCalendarOf(t *testing.T) {
	at := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC) // midnight in Tokyo
	if got, want := calendarOf(Now{Earliest: at.Add(-time.Second), Latest: at}), (calendar{date("2026-11-30"), date("2026-12-01")}); got != want {
		t.Errorf("calendarOf = %v; want %v", got, want)
	}
}

func TestDaysTo(t *testing.T) {
	today := calendar{date("2028-02-28"), date("2028-02-28")}
	for _, c := range []struct {
		day  string
		want int
	}{{"2028-03-01", 2}, {"2028-02-28", 0}, {"2028-02-27", -1}, {"2029-02-28", 366}} {
		if got := today.daysTo(date(c.day)); got == nil || *got != c.want {
			t.Errorf("daysTo(%s) = %v; want %d", c.day, got, c.want)
		}
	}
	for _, c := range []calendar{{}, {earliest: today.earliest}, {latest: today.latest}, {today.earliest, date("2028-02-29")}} {
		if got := c.daysTo(date("2028-03-01")); got != nil {
			t.Errorf("%v: daysTo = %d; want nil", c, *got)
		}
	}
	if got := today.daysTo(card.Date{}); got != nil {
		t.Errorf("daysTo(unknown) = %d; want nil", *got)
	}
}
