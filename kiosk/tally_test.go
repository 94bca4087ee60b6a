package kiosk

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

func TestTally(t *testing.T) {
	records := shelf(nil)
	c, err := openTally(records)
	if err != nil || c.due(time.Now(), true) != nil {
		t.Fatalf("an empty tally is %v, due %q", err, c.due(time.Now(), true))
	}
	first, second := card.Date{Year: 2026, Month: 11, Day: 23}, card.Date{Year: 2026, Month: 11, Day: 24}
	for range 7 {
		c.count(second, countVisit+"locked:sign")
	}
	c.count(first, countVisit+"all-clear")
	c.count(card.Date{}, countVisit+"date-unknown")
	c.count(second, countGuide+"portal")
	c.count(second, countSlip+"failed")
	c.count(first, countRecovery+"printer")
	c.add(first, countPaper, 204)
	c.add(second, countPaper, 1000)
	want := page.Tally{
		From: first, Until: second,
		Visits: []page.Count{{Name: "all-clear", N: 1}, {Name: "date-unknown", N: 1}, {Name: "locked:sign", N: 7}},
		Guides: []page.Count{{Name: "portal", N: 1}}, Slips: []page.Count{{Name: "failed", N: 1}},
		Recoveries: []page.Count{{Name: "printer", N: 1}}, PaperMM: 1204,
	}
	if diff := cmp.Diff(want, c.sum()); diff != "" {
		t.Errorf("sum (-want +got):\n%s", diff)
	}
	at := time.Now()
	if data := c.due(at, false); data == nil {
		t.Fatal("the first counts are not due")
	} else if err := c.keep(data); err != nil {
		t.Fatal(err)
	}
	c.count(second, countVisit+"all-clear")
	if c.due(at.Add(tallyEvery-time.Second), false) != nil {
		t.Error("counts are written again before their time")
	}
	if c.due(at.Add(tallyEvery-time.Second), true) == nil {
		t.Error("the end of the program loses counts")
	}
	again, err := openTally(records)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.sum()); diff != "" {
		t.Errorf("sum after a restart (-want +got):\n%s", diff)
	}
	for i := range 2 * tallyDays {
		again.count(card.DateOf(second.Time().AddDate(0, 0, i)), countVisit+"all-clear")
	}
	if s := again.sum(); len(again.days) != tallyDays || s.From.Before(second) {
		t.Errorf("%d days are kept, from %s; want the last %d", len(again.days), s.From, tallyDays)
	}
	if nothing, err := openTally(nil); err != nil || nothing.due(at, true) != nil {
		t.Errorf("without a ledger: %v", err)
	}
}

// TestBrokenTally: a record that cannot be read is told, and counting begins anew.
func TestBrokenTally(t *testing.T) {
	for name, records := range map[string]Records{
		"no JSON": shelf(kept{tallyRecord: []byte("{")}), "another schema": shelf(kept{tallyRecord: []byte(`{"schema":2}`)}), "unreadable": unreadable{},
	} {
		c, err := openTally(records)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		c.count(card.Date{}, countVisit+"all-clear")
		if n := len(c.sum().Visits); n != 1 {
			t.Errorf("%s: %d counts after one; want 1", name, n)
		}
	}
	c, err := openTally(shelf(kept{tallyRecord: []byte(`{"schema":1,"days":{"someday":{"visit all-clear":3},"2026-11-24":null}}`)}))
	if err != nil || len(c.days) != 0 {
		t.Errorf("days that are none: %v, %v", c.days, err)
	}
}

type unreadable struct{}

func (unreadable) Load(string) ([]byte, error) { return nil, errors.New("the card is worn out") }
func (unreadable) Save(string, []byte) error   { return errors.New("the card is worn out") }

// TestCounting plays visits through Run: what is kept of them is a number for each verdict, guide and slip, and nothing else.
func TestCounting(t *testing.T) {
	records := shelf(nil)
	visit(t, func(s *stand) { s.cfg.Records = records }, func(s *stand) {
		for range 2 {
			s.desk.lay(t, "locked-sign")
			s.want(time.Second, session.TakeCard, hw.Done)
			s.desk.Lift()
			s.want(time.Second, session.Result, hw.Ready)
			s.tap(page.ActAsk)
			s.tap(page.ActNo)
			s.tap(page.ActFinish)
			s.after(5 * time.Second)
		}
		s.tap(page.ActGuides)
		s.tap(page.ActGuide + "insurance")
		s.tap(page.ActOver)
		s.tap(page.ActBack)
		s.want(0, session.Attract, hw.Ready)
		s.stopped = true
		s.cancel()
		if err := <-s.ended; err != nil {
			t.Fatal(err)
		}
	})
	var d tallyDocument
	if err := json.Unmarshal(records.kept[tallyRecord], &d); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"visit locked:sign": 2, "guide insurance": 1, "slip confirmed": 2}
	if len(d.Days) != 1 {
		t.Fatalf("days %v; want one", d.Days)
	}
	for day, counts := range d.Days {
		if mm := counts[countPaper]; mm < 200 || mm > 800 {
			t.Errorf("two slips are %d mm of paper", mm)
		}
		delete(counts, countPaper)
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Errorf("counts of %s (-want +got):\n%s", day, diff)
		}
	}
	if found := regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}`).FindAllString(string(records.kept[tallyRecord]), -1); len(found) != 1 {
		t.Errorf("the record holds %q; want one day and no time of day", found)
	}
}

// TestFewAreNotTold: a small count is told as small, and its place among others does not tell it either.
func TestFewAreNotTold(t *testing.T) {
	c, _ := openTally(nil)
	day := card.Date{Year: 2026, Month: 11, Day: 24}
	for name, n := range map[string]int{"all-clear": 40, "locked:sign": 5, "locked:juki": 4, "card-expired": 1} {
		for range n {
			c.count(day, countVisit+name)
		}
	}
	s := session.Still(session.Settings{}, session.Staff, session.Visit{Room: "statistics", Tally: c.sum()})
	var told []string
	for _, r := range s.Page.Rows {
		told = append(told, r.State)
	}
	if got := fmt.Sprint(told); got != "[40 5 5未満 5未満]" {
		t.Errorf("told %s; want [40 5 5未満 5未満]", got)
	}
	if i, j := rowOf(s.Page, "期限切れ"), rowOf(s.Page, "窓口"); i < 0 || j < 0 || i > j {
		t.Errorf("the smaller count stands at %d, the larger at %d; want the order of their names", i, j)
	}
}

func rowOf(p page.Page, part string) int {
	for i, r := range p.Rows {
		if strings.Contains(r.Name, part) {
			return i
		}
	}
	return -1
}
