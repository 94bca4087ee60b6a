package diagnosis

import (
	"slices"

	"kagimado/card"
)

// because names the rule each finding rests on, and where the rule has one that could be checked, its source.
var because = map[FindingCode][]string{
	FoundLocked:                 {"rules 8.3"},
	FoundLastTry:                {"rules 1", "city of Tsu"},
	FoundCertificateExpired:     {"rules 8.3", "rules 8.4", "jpki.go.jp"},
	FoundCertificateExpiresSoon: {"rules 8.3", "rules 8.4", "city of Nerima"},
	FoundCertificateAbsent:      {"rules 8.1", "rules 8.3", "kojinbango-card.go.jp faq_certificate7"},
	FoundCardExpired:            {"rules 8.3", "rules 8.7"},
	FoundCardExpiresSoon:        {"rules 8.3", "rules 8.7"},
	FoundCardDateStale:          {"rules 8.1", "kojinbango-card.go.jp 220401_2"},
	FoundGraceUntil:             {"rules 8.4", "MHLW 001459106.pdf"},
	FoundGraceOver:              {"rules 8.4", "MHLW 001459106.pdf"},
	FoundCountersDiffer:         {"rules 8.1"},
	FoundUnreported:             {"rules 8.3"},
	FoundFaceCard:               {"rules 8.1", "city of Himi"},
	FoundLicenceOnCard:          {"rules 1"},
	FoundResidenceOnCard:        {"rules 4", "moj.go.jp/isa/tokutei.html"},
}

// findings lists what is so, worst first. Rare keys are none: they stand in the clerk's note only (rules §8.1).
// A reading that carries no verdict tells no more than which key gave no answer.
func (s *situation) findings() []Finding {
	var found []Finding
	add := func(code FindingCode, k card.Key, d card.Date) {
		found = append(found, Finding{Code: code, Key: k, Date: d, Days: s.today.daysTo(d), Because: slices.Clone(because[code])})
	}
	on := func(so bool, code FindingCode, k card.Key, d card.Date) {
		if so {
			add(code, k, d)
		}
	}
	none, noDate := card.KeyUnknown, card.Date{}

	if s.notOurs() {
		return nil
	}
	if !s.incomplete() {
		on(s.card.past(), FoundCardExpired, none, s.card.end)
		on(s.noAuth(), FoundCertificateAbsent, card.Auth, noDate)
		on(s.faceCard(), FoundFaceCard, none, noDate)
		on(s.auth.past(), FoundCertificateExpired, card.Auth, s.auth.end)
		if s.auth.past() { // the grace is the certificate's; no source grants one to a card that is over itself
			grace := s.today.term(graceEnd(s.auth.end))
			on(grace.ended == No && (s.card.ended == No || !s.card.end.Known()), FoundGraceUntil, none, grace.end)
			on(grace.ended == Yes, FoundGraceOver, none, grace.end)
		}
		for _, k := range s.locked {
			on(k == card.SurfaceB || !s.faceCard(), FoundLocked, k, noDate)
		}
	}
	for _, spec := range card.Keys() {
		on(spec.Key != card.Licence && counter(s.facts, spec.Key).State == card.Unreported, FoundUnreported, spec.Key, noDate)
	}
	if s.incomplete() {
		return found
	}
	on(s.card.soon(), FoundCardExpiresSoon, none, s.card.end)
	on(s.auth.soon(), FoundCertificateExpiresSoon, card.Auth, s.auth.end)
	for _, k := range ResetOrder {
		on(s.spoken(k).Left == 1 && !rare(k) && !(k == card.Sign && s.neverSign()), FoundLastTry, k, noDate)
	}
	on(s.copiesDiffer(), FoundCountersDiffer, card.Juki, noDate)
	on(s.staleCardDate(), FoundCardDateStale, none, s.facts.CardExpiry)
	on(s.neverSign() && !s.hasSign(), FoundCertificateAbsent, card.Sign, noDate)
	on(s.facts.Has(card.LicenceOnCard), FoundLicenceOnCard, none, noDate)
	on(s.facts.Has(card.ResidenceOnCard), FoundResidenceOnCard, none, noDate)
	return found
}

// limits names what the chip cannot tell (rules §8.6); nothing after a reading that told nothing.
func (s *situation) limits() []Limit {
	if s.incomplete() {
		return nil
	}
	limits := []Limit{LimitRevocation, LimitAddressChange}
	if s.hasSign() || !s.neverSign() {
		limits = append(limits, LimitSignDate)
	}
	limits = append(limits, LimitForgottenPIN, LimitInsurer)
	if !s.facts.CardExpiry.Known() {
		limits = append(limits, LimitCardDate)
	}
	if s.perhapsFaceCard() && s.answers.FaceCard == Unknown {
		limits = append(limits, LimitFaceCard)
	}
	return limits
}
