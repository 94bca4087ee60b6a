package diagnosis_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// verdict is what a row of cases.csv says about a report; its words (must_say, must_not_say) are kiosk/page's business.
type verdict struct {
	Headline, Route, At, Who, Actions, AlternativeRoute, AlternativeActions string
}

func verdictOf(r diagnosis.Report) verdict {
	v := verdict{
		Headline: r.Headline.String(),
		Route:    string(r.Primary.Route), At: string(r.Primary.At), Who: string(r.Primary.Who),
		Actions: join(r.Primary.Actions),
	}
	if a := r.Alternative; a != nil {
		v.AlternativeRoute, v.AlternativeActions = string(a.Route), join(a.Actions)
	}
	return v
}

func join(actions []diagnosis.Action) string {
	var s []string
	for _, a := range actions {
		s = append(s, a.String())
	}
	return strings.Join(s, ";")
}

// TestCases holds every row of the contract against Diagnose.
func TestCases(t *testing.T) {
	n := 0
	for row := range rows(t) {
		n++
		t.Run(row.get("id"), func(t *testing.T) {
			f, now, a, err := row.visit()
			if err != nil {
				t.Fatalf("%s: %v", row, err)
			}
			want := verdict{
				Headline: row.get("headline"), Route: row.get("route"), At: row.get("at"), Who: row.get("who"),
				Actions:          row.get("actions"),
				AlternativeRoute: row.get("alternative_route"), AlternativeActions: row.get("alternative_actions"),
			}
			if diff := cmp.Diff(want, verdictOf(diagnosis.Diagnose(f, now, a))); diff != "" {
				t.Errorf("%s\n%s\nverdict (-want +got):\n%s", row, row.get("story"), diff)
			}
		})
	}
	if n < 70 {
		t.Errorf("cases.csv has %d rows; want the 70 of the contract at least", n)
	}
}

// row is one visit of cases.csv.
type row struct {
	line   int
	fields map[string]string
}

func (r row) get(column string) string { return r.fields[column] }
func (r row) String() string           { return fmt.Sprintf("testdata/cases.csv:%d (%s)", r.line, r.get("id")) }

func rows(t *testing.T) func(func(row) bool) {
	t.Helper()
	file, err := os.Open("testdata/cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	in := csv.NewReader(file)
	columns, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(row) bool) {
		for {
			values, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r := row{fields: map[string]string{}}
			r.line, _ = in.FieldPos(0)
			for i, c := range columns {
				r.fields[c] = values[i]
			}
			if !yield(r) {
				return
			}
		}
	}
}

// visit turns the columns into Diagnose's arguments. Counters without a column are fine, the licence is not there.
func (r row) visit() (f card.Facts, now diagnosis.Now, a diagnosis.Answers, err error) {
	f = healthy()
	counters := map[card.Key]string{
		card.Auth: r.get("auth"), card.Sign: r.get("sign"), card.InputSupport: r.get("input_support"), card.Juki: r.get("juki"),
		card.Common: r.get("common"), card.SurfaceB: r.get("surface_b"), card.InputSupportB: r.get("input_support_b"),
	}
	for pair := range strings.SplitSeq(r.get("other_counters"), ";") {
		if name, state, ok := strings.Cut(pair, "="); ok {
			k, err := card.ParseKey(name)
			if err != nil {
				return f, now, a, err
			}
			counters[k] = state
		}
	}
	for k, s := range counters {
		if err := setCounter(&f, k, s); err != nil {
			return f, now, a, err
		}
	}
	if err := setCertificate(&f, card.AuthCertificate, r.get("auth_cert_end")); err != nil {
		return f, now, a, err
	}
	if err := setCertificate(&f, card.SignCertificate, r.get("sign_cert")); err != nil {
		return f, now, a, err
	}
	f.CardExpiry = card.Date{}
	if s := r.get("card_end"); s != "" {
		if f.CardExpiry, err = card.ParseDate(s); err != nil {
			return f, now, a, err
		}
	}
	if now, err = r.now(); err != nil {
		return f, now, a, err
	}
	a, err = diagnosis.ParseAnswers(r.get("answers"))
	return f, now, a, err
}

func (r row) now() (diagnosis.Now, error) {
	switch r.get("clock") {
	case "trusted":
		t, err := time.ParseInLocation("2006-01-02T15:04", r.get("now"), card.Tokyo)
		return diagnosis.Now{Earliest: t, Latest: t, Why: "trusted"}, err
	case "untrusted":
		if r.get("not_before") == "" {
			return diagnosis.Now{Why: "untrusted"}, nil
		}
		d, err := card.ParseDate(r.get("not_before"))
		return diagnosis.Now{Earliest: d.Time(), Why: "not before"}, err
	}
	return diagnosis.Now{}, fmt.Errorf("reading clock %q: want trusted or untrusted", r.get("clock"))
}

// healthy is an adult's card with nothing wrong in November 2026.
func healthy() card.Facts {
	f := card.NewFacts()
	f.Kind, f.Outcome, f.Exchanges = card.MyNumberCard, card.Complete, 21
	for _, s := range card.Keys() {
		tries := s.Tries
		if tries == 0 {
			tries = 10
		}
		f.Counters[s.Key-1] = card.Counter{Key: s.Key, State: card.Counted, Left: tries}
	}
	f.Counters[card.Common-1].Left = 3
	f.Counters[card.Licence-1] = card.Counter{Key: card.Licence, State: card.CounterAbsent}
	f.CardExpiry = day("2035-02-17")
	f.Certificates = []card.Certificate{
		{Key: card.AuthCertificate, State: card.CertificateRead, NotBefore: day("2025-10-27"), NotAfter: day("2030-02-17")},
		{Key: card.SignCertificate, State: card.NeedsPassword},
	}
	return f
}

func setCounter(f *card.Facts, k card.Key, s string) error {
	c := card.Counter{Key: k}
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		c.State, c.Left = card.Counted, n
	} else if err := c.State.UnmarshalText([]byte(s)); err != nil {
		return err
	}
	f.Counters[k-1] = c
	return nil
}

// setCertificate takes a last day or the name of a state.
func setCertificate(f *card.Facts, k card.CertificateKey, s string) error {
	c := card.Certificate{Key: k}
	if d, err := card.ParseDate(s); err == nil {
		c.State, c.NotBefore, c.NotAfter = card.CertificateRead, d.AddMonths(-60), d
	} else if err := c.State.UnmarshalText([]byte(s)); err != nil {
		return err
	}
	f.Certificates[k-1] = c
	return nil
}

func day(s string) card.Date {
	d, err := card.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// on is a trusted clock on one day.
func on(s string) diagnosis.Now {
	t := day(s).Time().Add(10*time.Hour + 15*time.Minute)
	return diagnosis.Now{Earliest: t, Latest: t}
}
