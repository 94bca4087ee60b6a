package page_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
)

// visit is one row of diagnosis's cases.csv, brought as far as page: the contract between rules and words.
type visit struct {
	id, story         string
	mustSay, mustHush []string
	facts             card.Facts
	resolved          site.Resolved
}

func (v visit) verdict() page.Verdict { return page.Verdict{Report: v.resolved.Report, Facts: v.facts} }

// visits reads every row and takes it through Diagnose and the reference office.
func visits(t *testing.T) []visit {
	t.Helper()
	file, err := os.Open("../diagnosis/testdata/cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	dated := content.Embedded()
	var all []visit
	for _, values := range table[1:] {
		row := map[string]string{}
		for i, column := range table[0] {
			row[column] = values[i]
		}
		now := moment(t, row)
		answers, err := diagnosis.ParseAnswers(row["answers"])
		if err != nil {
			t.Fatal(err)
		}
		v := visit{
			id: row["id"], story: row["story"], mustSay: tokens(row["must_say"]), mustHush: tokens(row["must_not_say"]),
			facts: factsOf(t, row),
		}
		v.resolved = site.Resolve(diagnosis.Diagnose(v.facts, now, answers), now, answers, profile, dated)
		all = append(all, v)
	}
	return all
}

func tokens(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ';' }) }

func moment(t *testing.T, row map[string]string) diagnosis.Now {
	t.Helper()
	if row["clock"] == "trusted" {
		now, err := time.ParseInLocation("2006-01-02T15:04", row["now"], card.Tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return diagnosis.Now{Earliest: now, Latest: now}
	}
	if row["not_before"] == "" {
		return diagnosis.Now{}
	}
	return diagnosis.Now{Earliest: day(t, row["not_before"]).Time()}
}

func day(t *testing.T, s string) card.Date {
	t.Helper()
	d, err := card.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func factsOf(t *testing.T, row map[string]string) card.Facts {
	t.Helper()
	f := card.NewFacts()
	f.Kind, f.Outcome, f.Exchanges = card.MyNumberCard, card.Complete, 21
	for _, s := range card.Keys() {
		f.Counters[s.Key-1] = card.Counter{Key: s.Key, State: card.Counted, Left: 10}
	}
	f.Counters[card.Licence-1].State = card.CounterAbsent
	for column, k := range map[string]card.Key{
		"auth": card.Auth, "sign": card.Sign, "input_support": card.InputSupport, "juki": card.Juki, "common": card.Common,
		"surface_b": card.SurfaceB, "input_support_b": card.InputSupportB,
	} {
		f.Counters[k-1] = counter(t, k, row[column])
	}
	for _, pair := range tokens(row["other_counters"]) {
		name, state, _ := strings.Cut(pair, "=")
		k, err := card.ParseKey(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Counters[k-1] = counter(t, k, state)
	}
	for k, s := range map[card.CertificateKey]string{
		card.AuthCertificate: row["auth_cert_end"], card.SignCertificate: row["sign_cert"],
	} {
		c := card.Certificate{Key: k}
		if err := c.State.UnmarshalText([]byte(s)); err != nil {
			c.State, c.NotAfter = card.CertificateRead, day(t, s)
			c.NotBefore = c.NotAfter.AddMonths(-52)
		}
		f.Certificates[k-1] = c
	}
	if s := row["card_end"]; s != "" {
		f.CardExpiry = day(t, s)
	}
	return f
}

func counter(t *testing.T, k card.Key, s string) card.Counter {
	t.Helper()
	c := card.Counter{Key: k}
	if n, err := strconv.Atoi(s); err == nil {
		c.State, c.Left = card.Counted, n
	} else if err := c.State.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return c
}
