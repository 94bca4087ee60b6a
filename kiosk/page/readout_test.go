package page_test

import (
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

func TestReadout(t *testing.T) {
	odd := card.NewFacts()
	odd.Kind, odd.Outcome, odd.Exchanges = card.MyNumberCard, card.Partial, 14
	odd.AlsoOnCard = []card.Extra{card.LicenceOnCard, card.ResidenceOnCard}
	for _, c := range []card.Counter{
		{Key: card.Auth, State: card.Counted, Left: 1}, {Key: card.Sign, State: card.Blocked},
		{Key: card.InputSupport, State: card.Counted, Left: 3}, {Key: card.Juki, State: card.Unreported},
		{Key: card.SurfaceB, State: card.Counted, Left: 10}, {Key: card.Licence, State: card.CounterAbsent},
	} {
		odd.Counters[c.Key-1] = c
	}
	odd.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateRead, NotBefore: day(t, "2025-10-27"), NotAfter: day(t, "2030-02-17")}
	odd.Certificates[1].State = card.CertificateAbsent
	odd.Certificates = append(odd.Certificates, card.Certificate{Key: card.AuthAuthority, State: card.CertificateUnread})

	licence := card.NewFacts()
	licence.Kind, licence.Outcome, licence.Exchanges = card.DriversLicence, card.WrongCard, 5

	fine := visits(t)[0].facts
	for name, f := range map[string]card.Facts{"fine": fine, "odd": odd, "licence": licence} {
		for _, l := range text.Languages() {
			got := page.Readout(f, l)
			golden.Text(t, "readout-"+name+"."+l.String()+".txt", got)
			for line := range strings.Lines(got) {
				if err := text.Check(strings.TrimSuffix(line, "\n")); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if strings.ContainsAny(line, "{}") {
					t.Errorf("%s %s: a placeholder is left in %q", name, l, line)
				}
			}
		}
	}
}

// TestReadoutIsAligned: the state of every counter begins in the same cell, however wide the name before it.
func TestReadoutIsAligned(t *testing.T) {
	f := visits(t)[0].facts
	for _, l := range text.Languages() {
		columns := map[int]bool{}
		for line := range strings.Lines(page.Readout(f, l)) {
			for _, s := range card.Keys() {
				if head, _, ok := strings.Cut(line, s.Application.String()); ok && strings.Contains(head, s.Official) {
					columns[text.Width(head)] = true
				}
			}
		}
		if len(columns) != 1 {
			t.Errorf("%s: applications begin in the cells %v; want one", l, columns)
		}
	}
}
