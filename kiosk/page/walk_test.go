package page_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestWalk makes pages of cards, clocks, answers and places that nobody thought of, from a fixed seed, and holds what
// must be true of every one of them.
func TestWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2026))
	var profiles []*site.Profile
	for _, name := range site.BuiltinNames {
		p, err := site.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		profiles = append(profiles, p)
	}
	profiles = append(profiles, nil)
	headlines := map[string]bool{}
	for i := range 1500 {
		f, now, a := randomFacts(r), randomNow(r), randomAnswers(r)
		resolved := site.Resolve(diagnosis.Diagnose(f, now, a), now, a, profiles[r.IntN(len(profiles))], content.Embedded())
		v := page.Verdict{Report: resolved.Report, Facts: f, Tries: r.IntN(4)}
		headlines[resolved.Report.Headline.String()] = true
		l := text.Languages()[i%3]
		name := fmt.Sprintf("walk %d %s %s", i, resolved.Report.Headline, l)
		p := page.Of(v, resolved.Office, l)
		complete(t, name, p)
		complete(t, name+" details", page.Of(page.Details{Report: resolved.Report, Facts: f}, resolved.Office, l))
		for _, q := range resolved.Report.Questions {
			complete(t, name+" ask", page.Of(page.Ask{Question: q, Report: resolved.Report}, resolved.Office, l))
		}
		holdPromises(t, name, v, resolved.Office, p)
		if t.Failed() {
			t.Fatalf("%s: the page is\n%s", name, page.Text(p))
		}
	}
	if len(headlines) < 19 {
		t.Errorf("the walk met %d headlines; want every one, 19 at least: %v", len(headlines), headlines)
	}
}

// holdPromises checks the second promise of the design: nothing that is wrong or unknown is shown as fine.
func holdPromises(t *testing.T, name string, v page.Verdict, o site.Office, p page.Page) {
	t.Helper()
	code := v.Report.Headline.Code
	if code == diagnosis.WrongCard || code == diagnosis.ReadAgain {
		if len(p.Rows)+len(p.AllRows)+len(p.Clerk) > 0 || p.Rest != "" || p.Codes != "" || p.Mark == page.Fine {
			t.Errorf("%s: a reading that told nothing is shown as if it had", name)
		}
		return
	}
	for _, row := range p.AllRows {
		for _, s := range card.Keys() {
			c := v.Facts.Counter(s.Key)
			if row.Name == p.Lang.Say("key."+s.Name+".name") && row.Mark == page.Fine && (c.State != card.Counted || c.Left < 1) {
				t.Errorf("%s: %s is %s and shown as fine", name, s.Name, c.State)
			}
		}
		if o.ReadAt.IsZero() && row.Mark == page.Fine && strings.Contains(row.State, "20") {
			t.Errorf("%s: the date %q is shown as fine, though nobody knows what day it is", name, row.State)
		}
	}
	if code == diagnosis.AllClear && slices.ContainsFunc(p.Rows, func(r page.Row) bool { return r.Mark == page.Bad }) {
		t.Errorf("%s: an all-clear lists something bad", name)
	}
	fine := 0
	for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.SurfaceB} {
		copies := []card.Counter{v.Facts.Counter(k)}
		switch k {
		case card.Juki:
			copies = append(copies, v.Facts.Counter(card.Common))
		case card.SurfaceB:
			copies = append(copies, v.Facts.Counter(card.InputSupportB))
		}
		open := func(c card.Counter) bool { return c.State == card.Counted }
		if slices.ContainsFunc(copies, open) && !slices.ContainsFunc(copies, func(c card.Counter) bool { return !open(c) && c.State != card.CounterAbsent }) {
			fine++
		}
	}
	if fine < 5 && p.Rest == p.Lang.Say("rest.all", "n", "5") {
		t.Errorf("%s: %q, but only %d of 5 keys are known to be open", name, p.Rest, fine)
	}
	if p.Codes == "" {
		t.Errorf("%s: no line of codes", name)
	}
	for _, w := range p.Ways {
		if w.Title == "" || len(w.Steps) == 0 {
			t.Errorf("%s: a way without title or steps: %+v", name, w)
		}
		if o.ReadAt.IsZero() && slices.ContainsFunc(words["open-now"], func(k string) bool { return pattern(p.Lang, k).MatchString(w.Opening) }) {
			t.Errorf("%s: a window is open at an unknown time", name)
		}
	}
}

func randomFacts(r *rand.Rand) card.Facts {
	f := card.NewFacts()
	f.Kind, f.Outcome = card.MyNumberCard, card.Complete
	if r.IntN(20) == 0 {
		f.Outcome = card.Outcome(r.IntN(4))
	}
	if f.Outcome == card.WrongCard {
		f.Kind = card.Kind(r.IntN(11))
	}
	wild := 2 + r.IntN(12)
	for i, s := range card.Keys() {
		c := card.Counter{Key: s.Key, State: card.Counted, Left: 10}
		if s.Tries > 0 {
			c.Left = s.Tries
		}
		switch r.IntN(wild) {
		case 0:
			c.State, c.Left = card.Blocked, 0
		case 1:
			c.Left = 1 + r.IntN(c.Left)
		}
		if r.IntN(60) == 0 {
			c.State, c.Left = []card.CounterState{card.CounterUnread, card.CounterAbsent, card.Unreported}[r.IntN(3)], 0
		}
		f.Counters[i] = c
	}
	day := func() card.Date {
		return card.Date{Year: 2026, Month: 6, Day: 1}.AddDays(r.IntN(420) + 700*r.IntN(2))
	}
	f.CardExpiry = day()
	if r.IntN(8) == 0 {
		f.CardExpiry = card.Date{}
	}
	f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateRead, NotAfter: day()}
	if f.CardExpiry.Known() && r.IntN(3) > 0 {
		f.Certificates[0].NotAfter = f.CardExpiry
	}
	f.Certificates[0].NotBefore = f.Certificates[0].NotAfter.AddMonths(-58)
	if r.IntN(15) == 0 {
		f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateAbsent}
	}
	f.Certificates[1].State = []card.CertificateState{card.NeedsPassword, card.NeedsPassword, card.CertificateAbsent, card.CertificateUnread}[r.IntN(4)]
	if r.IntN(10) == 0 {
		f.AlsoOnCard = []card.Extra{card.LicenceOnCard, card.ResidenceOnCard}
	}
	return f
}

func randomNow(r *rand.Rand) diagnosis.Now {
	at := time.Date(2026, time.November, 1, 0, 0, 0, 0, card.Tokyo).Add(time.Duration(r.IntN(90*24*60)) * time.Minute)
	switch r.IntN(5) {
	case 0:
		return diagnosis.Now{}
	case 1:
		return diagnosis.Now{Earliest: at}
	}
	return diagnosis.Now{Earliest: at, Latest: at}
}

func randomAnswers(r *rand.Rand) diagnosis.Answers {
	var a diagnosis.Answers
	for _, q := range []diagnosis.Question{
		diagnosis.FaceCard, diagnosis.Under15, diagnosis.LimitedStay, diagnosis.NFCPhone, diagnosis.OtherPINKnown,
		diagnosis.UnchangedSinceIssue, diagnosis.Resident,
	} {
		if r.IntN(3) == 0 {
			a = a.With(q, diagnosis.Tri(1+r.IntN(2)))
		}
	}
	for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki} {
		if r.IntN(8) == 0 {
			a.Forgotten = append(a.Forgotten, k)
		}
	}
	return a
}
