package kiosk

import (
	"slices"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/diagnosis"
)

// known is what a faultless reading of this card says: its description's word, and what no description draws. An
// application that is there and answers for none of its references did not tell; there is no such card.
func known(s cardtest.Spec) card.Facts {
	f := s.Want()
	if s.Kind != card.MyNumberCard {
		return f
	}
	for _, app := range []card.Application{card.JPKI, card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp} {
		told := !slices.Contains(s.Applications, app)
		for _, k := range card.Keys() {
			_, there := s.Left[k.Key]
			told = told || k.Application == app && there
		}
		if told {
			continue
		}
		for i, k := range card.Keys() {
			if k.Application == app {
				f.Counters[i].State = card.Unreported
			}
		}
		if app != card.SurfaceApp && app != card.CommonApp {
			f.Outcome = card.Partial
		}
	}
	return f
}

// rulesSay is the headline that rules.md §8.2 gives to these facts while no question is answered. It is written from
// that table alone and shares nothing with the package that decides in the kiosk: a test that asked diagnosis for the
// truth would find it right for ever.
func rulesSay(f card.Facts, now diagnosis.Now) string {
	if f.Outcome == card.WrongCard {
		return "wrong-card"
	}
	first, last := card.DateOf(now.Earliest), card.DateOf(now.Latest)
	if last.Before(first) {
		first, last = card.Date{}, card.Date{}
	}
	over := func(end card.Date) bool { return end.Before(first) }
	window := func(end card.Date) card.Date { return end.AddMonths(-3).AddDays(1) }
	near := func(end card.Date) bool {
		return end.Known() && first.Known() && last.Known() && !first.Before(window(end)) && !end.Before(last)
	}
	far := func(end card.Date) bool { return last.Before(window(end)) }
	silent := func(k card.Key) bool {
		s := f.Counter(k).State
		return s != card.Counted && s != card.Blocked && s != card.CounterAbsent
	}
	auth := f.Certificate(card.AuthCertificate)
	if f.Outcome != card.Complete || silent(card.Auth) || silent(card.Sign) || silent(card.InputSupport) || silent(card.Juki) ||
		auth.State != card.CertificateAbsent && !auth.NotAfter.Known() {
		return "read-again"
	}
	whole := f.CardExpiry
	if whole.Before(auth.NotAfter) {
		whole = card.Date{} // no certificate outlives its card: the chip's date is old
	}
	blocked := func(k card.Key) bool { return f.Counter(k).State == card.Blocked }
	var locked []string
	for _, k := range []struct {
		name string
		all  []card.Key
	}{
		{"auth", []card.Key{card.Auth}}, {"sign", []card.Key{card.Sign}}, {"input-support", []card.Key{card.InputSupport}},
		{"juki", []card.Key{card.Juki, card.Common}}, {"surface-b", []card.Key{card.SurfaceB, card.InputSupportB}},
	} {
		if slices.ContainsFunc(k.all, blocked) && !(k.name == "sign" && f.Certificate(card.SignCertificate).State == card.CertificateAbsent) {
			locked = append(locked, k.name)
		}
	}
	switch {
	case over(whole):
		return "card-expired"
	case auth.State == card.CertificateAbsent:
		return "certificates-absent"
	case over(auth.NotAfter):
		return "certificate-expired"
	case len(locked) > 1:
		return "locked-several"
	case len(locked) == 1:
		return "locked:" + locked[0]
	case near(whole):
		return "card-expires-soon"
	case near(auth.NotAfter):
		return "certificate-expires-soon"
	case !far(auth.NotAfter):
		return "date-unknown"
	case silent(card.Common), silent(card.SurfaceB), silent(card.InputSupportB):
		return "read-again"
	}
	return "all-clear"
}

// untrue names what facts say that the card does not: nothing may be made up, whatever went wrong on the way. Facts may
// tell less than the card.
func untrue(f card.Facts, s cardtest.Spec) (lies []string) {
	truth := known(s)
	for _, c := range f.Counters {
		switch want := truth.Counter(c.Key); c.State {
		case card.Counted, card.Blocked:
			if c.State != want.State || c.Left != want.Left {
				lies = append(lies, c.Key.String())
			}
		case card.CounterAbsent:
			if want.State == card.Counted || want.State == card.Blocked {
				lies = append(lies, c.Key.String())
			}
		}
	}
	for _, c := range f.Certificates {
		want := truth.Certificate(c.Key)
		if c.State != card.CertificateUnread && (c.State != want.State || c.NotAfter != want.NotAfter || c.NotBefore != want.NotBefore) {
			lies = append(lies, c.Key.String())
		}
	}
	if f.CardExpiry.Known() && f.CardExpiry != truth.CardExpiry {
		lies = append(lies, "card-expiry")
	}
	return lies
}
