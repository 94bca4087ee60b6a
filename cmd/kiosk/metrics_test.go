package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"kagimado/card"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/page"
)

// month is a kiosk that has stood in a lobby for a while.
func month() kiosk.Snapshot {
	day := card.Date{Year: 2026, Month: 11, Day: 24}
	return kiosk.Snapshot{
		Kiosk: "ロビー 1号機", Built: time.Date(2026, 11, 1, 9, 0, 0, 0, card.Tokyo), Up: 26*time.Hour + 1500*time.Millisecond,
		Fault: "R-02", Clock: "confirmed", Bounded: true,
		Tally: page.Tally{
			From: day, Until: day,
			Visits: []page.Count{{Name: "all-clear", N: 61}, {Name: "card-expired", N: 4}, {Name: "locked:auth", N: 12}, {Name: "locked:juki", N: 1}, {Name: "locked:sign", N: 27}},
			Guides: []page.Count{{Name: "insurance", N: 9}, {Name: "portal", N: 3}},
			Slips:  []page.Count{{Name: "confirmed", N: 118}, {Name: "failed", N: 2}}, PaperMM: 21240,
			Recoveries: []page.Count{{Name: "printer-hung", N: 1}, {Name: "power-cut", N: 3}},
		},
		Faults: []page.Count{{Name: "P-02", N: 4}, {Name: "R-05", N: 1}},
	}
}

func printed(t *testing.T, s kiosk.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := printMetrics(&b, s, content.Embedded()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMetrics(t *testing.T) {
	got := printed(t, month())
	golden.Text(t, "metrics.prom", got)
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	file := filepath.Join(t.TempDir(), "kagimado.prom")
	for range 2 {
		if err := writeMetrics(file, month(), content.Embedded()); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(written)); diff != "" {
		t.Errorf("the file differs from what is printed (-printed +file):\n%s", diff)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("beside the file lie %v (%v); want nothing", left, err)
	}
	if err := writeMetrics(filepath.Join(filepath.Dir(file), "gone", "x.prom"), month(), content.Embedded()); err == nil {
		t.Error("a folder that is not there is written to")
	}
	zero := printed(t, kiosk.Snapshot{})
	if problems, err := promlint.New(strings.NewReader(zero)).Lint(); err != nil || len(problems) > 0 || !strings.Contains(zero, "kagimado_ready 0\n") {
		t.Errorf("of a kiosk that knows nothing: %v %v\n%s", problems, err, zero)
	}
}

// TestFewAreWithheld: no single visitor moves a number, and fewer than five are no number at all. What the kiosk did is exact.
func TestFewAreWithheld(t *testing.T) {
	for n := range 24 {
		s := kiosk.Snapshot{Tally: page.Tally{
			Visits: []page.Count{{Name: "locked:sign", N: n}}, Guides: []page.Count{{Name: "portal", N: n}}, Slips: []page.Count{{Name: "sent", N: n}},
			Recoveries: []page.Count{{Name: "terminal", N: n}}, PaperMM: n,
		}}
		before, now := s, printed(t, s)
		before.Tally.Visits, before.Tally.Guides, before.Tally.Slips = nil, nil, nil
		if n < 5 && now != printed(t, before) {
			t.Errorf("%d visits, guides and slips are told:\n%s", n, now)
		}
		for _, people := range []string{`visits{headline="locked:sign"}`, `guides{guide="portal"}`, `slips{end="sent"}`} {
			if told := number(t, now, people); told != n-n%5 {
				t.Errorf("%d of %s are told as %d; want %d", n, people, told, n-n%5)
			}
		}
		if told := number(t, now, `recoveries{kind="terminal"}`); told != n {
			t.Errorf("%d recoveries are told as %d", n, told)
		}
	}
}

// number is the value of a metric; 0 where it is not told.
func number(t *testing.T, text, metric string) (n int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "kagimado_"+metric+" "); ok {
			for _, d := range strings.TrimSpace(v) {
				n = 10*n + int(d-'0')
			}
		}
	}
	return n
}

// TestLabels: whatever stands in the records, a label holds the kiosk's name or one of ours.
func TestLabels(t *testing.T) {
	hostile := []page.Count{}
	for _, name := range []string{
		"見本 太郎", "1990-04-01", "locked:見本", "locked:", "locked:unknown", "all-clear\"} 1\nkagimado_ready 1", "", "../../etc", "P-02\n", "confirmed ", "R-99", "\xff\xfe",
		"staff.visits", strings.Repeat("x", 10000),
	} {
		hostile = append(hostile, page.Count{Name: name, N: 10})
	}
	s := kiosk.Snapshot{
		Kiosk: "a\"b\nc\\d\xff", Fault: "見本", Clock: "見本", Faults: hostile,
		Tally: page.Tally{Visits: hostile, Guides: hostile, Slips: hostile, Recoveries: hostile},
	}
	got := printed(t, s)
	labels := map[string]bool{}
	for _, m := range regexp.MustCompile(`\{([a-z]+)="((?:[^"\\]|\\.)*)"\}`).FindAllStringSubmatch(got, -1) {
		labels[m[1]+"="+m[2]] = true
	}
	want := map[string]bool{`kiosk=a\"b\nc\\d?`: true}
	for _, label := range []string{"headline", "guide", "end", "kind", "code", "why"} {
		want[label+"=other"] = true
	}
	if diff := cmp.Diff(want, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if strings.Contains(got, "見本") || strings.Contains(got, "xxx") || len(got) > 6000 {
		t.Errorf("the records' own words are told:\n%.2000s", got)
	}
	if n := number(t, got, `visits{headline="other"}`); n != 10*len(hostile) {
		t.Errorf("other visits are %d; want %d", n, 10*len(hostile))
	}
	if _, err := promlint.New(strings.NewReader(got)).Lint(); err != nil {
		t.Errorf("the file is not read: %v", err)
	}
}

// TestOurNames: what the kiosk counts is told by its name.
func TestOurNames(t *testing.T) {
	s := month()
	s.Tally.Recoveries = nil
	for _, kind := range kiosk.Recoveries {
		s.Tally.Recoveries = append(s.Tally.Recoveries, page.Count{Name: kind, N: 1})
	}
	if got := printed(t, s); strings.Contains(got, other) {
		t.Errorf("a name of our own is told as %q:\n%s", other, got)
	}
}
