package site

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02T15:04", s, card.Tokyo)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func builtin(t *testing.T, name string) *Profile {
	t.Helper()
	p, err := Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpeningAt(t *testing.T) {
	hall := builtin(t, "city-hall").Windows[0]
	branch := builtin(t, "branch").Windows[0]
	always := Window{OpenOnHolidays: true, Hours: []Hours{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 600, Close: 1260, LastEntry: 1260}}}
	early := Window{Hours: []Hours{{Days: [7]bool{1: true}, Open: 540, Close: 900, LastEntry: 690, LunchFrom: 720, LunchTo: 780}}}
	for _, test := range []struct {
		window *Window
		at     string
		state  OpeningState
		closes int // minutes
		last   string
		lunch  string
		next   string
		reason ClosedReason
	}{
		// An ordinary Tuesday around every boundary.
		{&hall, "2026-11-24T00:00", ClosedNow, 0, "16:45", "", "2026-11-24T08:30", NoReason},
		{&hall, "2026-11-24T08:29", ClosedNow, 0, "16:45", "", "2026-11-24T08:30", NoReason},
		{&hall, "2026-11-24T08:30", Open, 495, "16:45", "", "", NoReason},
		{&hall, "2026-11-24T12:30", Open, 255, "16:45", "", "", NoReason},
		{&hall, "2026-11-24T16:44", Open, 1, "16:45", "", "", NoReason},
		{&hall, "2026-11-24T16:45", ClosedNow, 0, "16:45", "", "2026-11-25T08:30", NoReason},
		{&hall, "2026-11-24T16:46", ClosedNow, 0, "16:45", "", "2026-11-25T08:30", NoReason},
		{&hall, "2026-11-24T17:15", ClosedNow, 0, "16:45", "", "2026-11-25T08:30", NoReason},
		{&hall, "2026-11-24T23:59", ClosedNow, 0, "16:45", "", "2026-11-25T08:30", NoReason},
		// From Friday over the weekend, the nation-wide stop and the holiday to Tuesday.
		{&hall, "2026-11-20T16:55", ClosedNow, 0, "16:45", "", "2026-11-24T08:30", NoReason},
		{&hall, "2026-11-21T10:15", ClosedToday, 0, "16:45", "", "2026-11-24T08:30", NoHours},
		{&hall, "2026-11-22T10:15", ClosedToday, 0, "16:45", "", "2026-11-24T08:30", NationwideStop},
		{&hall, "2026-11-23T10:15", ClosedToday, 0, "16:45", "", "2026-11-24T08:30", PublicHoliday},
		// The lunch break.
		{&branch, "2026-11-24T11:59", Open, 1, "16:30", "12:00-13:00", "", NoReason},
		{&branch, "2026-11-24T12:00", ClosedNow, 0, "16:30", "", "2026-11-24T13:00", NoReason},
		{&branch, "2026-11-24T12:59", ClosedNow, 0, "16:30", "", "2026-11-24T13:00", NoReason},
		{&branch, "2026-11-24T13:00", Open, 210, "16:30", "", "", NoReason},
		{&branch, "2026-11-24T16:30", ClosedNow, 0, "16:30", "", "2026-11-25T08:30", NoReason},
		{&early, "2026-11-30T11:29", Open, 1, "11:30", "", "", NoReason},
		{&early, "2026-11-30T13:30", ClosedNow, 0, "11:30", "", "2026-12-07T09:00", NoReason},
		// A single open Sunday, and a day on which this window alone is closed.
		{&branch, "2026-12-12T10:00", ClosedToday, 0, "11:30", "", "2026-12-13T09:00", NoHours},
		{&branch, "2026-12-13T11:00", Open, 30, "11:30", "", "", NoReason},
		{&branch, "2026-12-28T10:00", ClosedToday, 0, "16:30", "", "2027-01-04T08:30", LocalClosure},
		// The turn of the year.
		{&hall, "2026-12-28T10:15", Open, 390, "16:45", "", "", NoReason},
		{&hall, "2026-12-28T16:50", ClosedNow, 0, "16:45", "", "2027-01-04T08:30", NoReason},
		{&hall, "2026-12-29T10:15", ClosedToday, 0, "16:45", "", "2027-01-04T08:30", YearEnd},
		{&hall, "2027-01-01T10:15", ClosedToday, 0, "16:45", "", "2027-01-04T08:30", YearEnd},
		{&hall, "2027-01-03T23:59", ClosedToday, 0, "16:45", "", "2027-01-04T08:30", YearEnd},
		{&hall, "2027-01-04T08:30", Open, 495, "16:45", "", "", NoReason},
		// A window that is open on holidays still stops with the whole country and at the turn of the year.
		{&always, "2026-11-23T10:15", Open, 645, "21:00", "", "", NoReason},
		{&always, "2026-11-22T10:15", ClosedToday, 0, "21:00", "", "2026-11-23T10:00", NationwideStop},
		{&always, "2026-12-31T10:15", ClosedToday, 0, "21:00", "", "2027-01-04T10:00", YearEnd},
		// The end of what is known: no opening is promised beyond it, and nothing is claimed there.
		{&hall, "2027-12-28T16:50", ClosedNow, 0, "", "", "", NoReason},
		{&hall, "2027-12-31T10:15", ClosedToday, 0, "", "", "", YearEnd},
		{&hall, "2028-01-01T10:15", OpeningUnknown, 0, "", "", "", NoReason},
		{&hall, "2028-02-29T10:15", OpeningUnknown, 0, "", "", "", NoReason},
		{&hall, "2025-12-26T10:15", OpeningUnknown, 0, "", "", "", NoReason},
		{&Window{}, "2026-11-24T10:15", ClosedToday, 0, "", "", "", NoHours},
	} {
		want := Opening{State: test.state, ClosesIn: time.Duration(test.closes) * time.Minute, LastEntry: test.last, Lunch: test.lunch,
			Reason: test.reason, Hours: test.window.week()}
		if test.next != "" {
			want.Next = at(t, test.next)
		}
		if d := cmp.Diff(want, test.window.OpeningAt(at(t, test.at), content.Embedded().Calendar)); d != "" {
			t.Errorf("%s OpeningAt(%s) (-want +got):\n%s", test.window.Name, test.at, d)
		}
	}
}

// The zone of the argument must not matter: an appliance may run on UTC.
func TestOpeningAtOtherZone(t *testing.T) {
	hall := builtin(t, "city-hall").Windows[0]
	for _, s := range []string{"2026-11-24T08:30", "2026-11-24T00:30", "2026-11-23T23:30"} {
		v := at(t, s)
		a, b := hall.OpeningAt(v, content.Embedded().Calendar), hall.OpeningAt(v.UTC(), content.Embedded().Calendar)
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("OpeningAt(%s) in Tokyo and UTC differ:\n%s", s, d)
		}
	}
}

// Every minute of three weeks: open and the next opening must agree with each other.
func TestOpeningIsConsistent(t *testing.T) {
	cal := content.Embedded().Calendar
	for _, name := range BuiltinNames {
		for _, w := range builtin(t, name).Windows {
			for m := at(t, "2026-12-18T00:00"); m.Before(at(t, "2027-01-08T00:00")); m = m.Add(5 * time.Minute) {
				o := w.OpeningAt(m, cal)
				switch o.State {
				case Open:
					if end := m.Add(o.ClosesIn); w.OpeningAt(end, cal).State == Open || w.OpeningAt(end.Add(-time.Minute), cal).State != Open {
						t.Fatalf("%s at %v: closes in %v, which is no end", name, m, o.ClosesIn)
					}
				default:
					if w.OpeningAt(o.Next, cal).State != Open || w.OpeningAt(o.Next.Add(-time.Minute), cal).State == Open {
						t.Fatalf("%s at %v: next opening %v is none", name, m, o.Next)
					}
				}
			}
		}
	}
}

func TestOpeningOfInterval(t *testing.T) {
	hall := builtin(t, "city-hall").Windows[0]
	branch := builtin(t, "branch").Windows[0]
	for _, test := range []struct {
		window           *Window
		earliest, latest string
		want             OpeningState
	}{
		{&hall, "2026-11-24T10:15", "2026-11-24T10:15", Open},
		{&hall, "2026-11-24T10:15", "2026-11-24T10:45", Open},
		{&hall, "2026-11-24T16:40", "2026-11-24T16:50", OpeningUnknown},
		{&hall, "2026-11-24T08:20", "2026-11-24T08:31", OpeningUnknown},
		{&branch, "2026-11-24T11:50", "2026-11-24T13:10", OpeningUnknown}, // open at both ends, lunch between
		{&hall, "2026-11-24T10:00", "2026-11-25T10:00", OpeningUnknown},   // open at both ends, a night between
		{&hall, "2026-11-24T23:50", "2026-11-25T00:10", ClosedNow},        // another day, the same next opening
		{&hall, "2026-11-21T23:50", "2026-11-22T00:10", OpeningUnknown},   // another reason
		{&hall, "2026-11-21T08:00", "2026-11-21T20:00", ClosedToday},
		{&hall, "2026-11-21T08:00", "2026-11-22T08:01", OpeningUnknown}, // wider than a day
		{&hall, "2026-11-24T10:15", "2026-11-24T10:14", OpeningUnknown}, // reversed
	} {
		now := diagnosis.Now{Earliest: at(t, test.earliest), Latest: at(t, test.latest)}
		if got := test.window.opening(now, content.Embedded().Calendar).State; got != test.want {
			t.Errorf("opening(%s … %s) = %v; want %v", test.earliest, test.latest, got, test.want)
		}
	}
	for _, now := range []diagnosis.Now{{}, {Earliest: at(t, "2026-11-24T10:15")}, {Latest: at(t, "2026-11-24T10:15")}} {
		o := hall.opening(now, content.Embedded().Calendar)
		if d := cmp.Diff(Opening{Hours: "月-金 8:30-16:45"}, o); d != "" {
			t.Errorf("opening(%+v) (-want +got):\n%s", now, d)
		}
	}
}

func TestWeekLine(t *testing.T) {
	for _, test := range []struct{ days, want string }{
		{"月-金", "月-金"}, {"月～金", "月-金"}, {"月・水・金", "月・水・金"}, {"火木", "火・木"}, {"月火", "月・火"}, {"金-月", "月・金-日"},
		{"月-金、日", "月-金・日"}, {"土日", "土・日"}, {"日", "日"}, {"月-日", "月-日"}, {"水-水", "水"},
	} {
		days, ok := parseDays(test.days)
		if got := (Hours{Days: days}).days(); !ok || got != test.want {
			t.Errorf("days of %q = %q, %v; want %q", test.days, got, ok, test.want)
		}
	}
	for _, bad := range []string{"", "月-", "-金", "月--金", "月曜", "mon-fri", "月-金-土", "平日"} {
		if days, ok := parseDays(bad); ok {
			t.Errorf("parseDays(%q) = %v; want an error", bad, days)
		}
	}
	branch := builtin(t, "branch").Windows[0]
	if got, want := branch.week(), "月-金 8:30-12:00 13:00-16:30"; got != want {
		t.Errorf("week() = %q; want %q", got, want)
	}
}

// The reference office must say what the hand-written visits expect of it.
func TestReferenceOfficeFitsCases(t *testing.T) {
	file, err := os.Open("../diagnosis/testdata/cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	hall := builtin(t, "city-hall").Windows[0]
	checked := 0
	for _, row := range rows[1:] {
		get := func(name string) string { return row[column[name]] }
		now := diagnosis.Now{Earliest: at(t, get("now")), Latest: at(t, get("now"))}
		if get("clock") == "untrusted" {
			now = diagnosis.Now{}
		}
		o := hall.opening(now, content.Embedded().Calendar)
		said := map[string]bool{
			"open-now":        o.State == Open,
			"closed-today":    o.State == ClosedToday,
			"next-opening":    !o.Next.IsZero(),
			"nationwide-stop": o.Reason == NationwideStop,
		}
		for _, word := range strings.Split(get("must_say"), ";") {
			if says, ours := said[word]; ours {
				checked++
				if !says {
					t.Errorf("%s at %s: must say %s; opening is %+v", get("id"), get("now"), word, o)
				}
			}
		}
		// Beside another town's counter or without any way nothing is said of this office, whatever its hours.
		if get("at") != "office" {
			continue
		}
		for _, word := range strings.Split(get("must_not_say"), ";") {
			if said[word] {
				t.Errorf("%s at %s: must not say %s; opening is %+v", get("id"), get("now"), word, o)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d expectations found in %d cases", checked, len(rows)-1)
	}
}
