package diagnosis

import (
	"cmp"
	"math"
	"slices"

	"kagimado/card"
)

// situation is what is so: facts, answers and calendar, read through the modifiers of rules §8.1. Headline, path,
// findings and clerk's note ask it and never the facts' raw numbers.
type situation struct {
	facts   card.Facts
	now     Now
	answers Answers
	today   calendar

	card term // the card's own date; no date when unknown or stale
	auth term // the A certificate; S ends no later (rules §1)

	// Keys in the order of ResetOrder.
	locked    []card.Key // of those a visitor is told about
	forgotten []card.Key
	rare      []card.Key // locked keys that nobody types (rules §8.1)
}

func situationOf(f card.Facts, now Now, a Answers) *situation {
	s := &situation{facts: f, now: now, answers: a, today: calendarOf(now)}
	s.auth = s.today.term(f.Certificate(card.AuthCertificate).NotAfter)
	if !s.staleCardDate() {
		s.card = s.today.term(f.CardExpiry)
	}
	for _, k := range ResetOrder {
		blocked := s.spoken(k).State == card.Blocked
		switch {
		case blocked && rare(k):
			s.rare = append(s.rare, k)
		case blocked && !(k == card.Sign && s.neverSign()):
			s.locked = append(s.locked, k)
		}
		if slices.Contains(a.Forgotten, k) && !(k == card.Sign && s.noSign()) {
			s.forgotten = append(s.forgotten, k)
		}
	}
	return s
}

// with returns the same situation with one more answer.
func (s *situation) with(q Question, v Tri) *situation {
	return situationOf(s.facts, s.now, s.answers.With(q, v))
}

// Counters.

// rare tells that nobody types k: it never makes a headline or a visit (rules §8.1).
func rare(k card.Key) bool { return k == card.SurfaceA || k == card.SurfaceBirth }

// copies returns the counters that speak for k: one printed or typed number may have two (design.md §5).
func copies(k card.Key) []card.Key {
	switch k {
	case card.Juki:
		return []card.Key{card.Juki, card.Common}
	case card.SurfaceB:
		return []card.Key{card.SurfaceB, card.InputSupportB}
	case card.SurfaceA:
		return []card.Key{card.SurfaceA, card.InputSupportA}
	}
	return []card.Key{k}
}

// counter returns the counter of k. A count below one is no answer a chip gives, so it is taken as none; a number
// beside a state that has none is not read.
func counter(f card.Facts, k card.Key) card.Counter {
	c := f.Counter(k)
	switch {
	case c.State == card.Counted && c.Left < 1:
		return card.Counter{Key: k, State: card.Unreported}
	case counts(c):
		return c
	}
	return card.Counter{Key: k, State: c.State}
}

// Speaking are the keys that speak to visitors, in the order of what they are needed for (design.md §5).
var Speaking = []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.SurfaceB}

// Spoken returns the counter that speaks for k, under k's name: the lower one of its copies (design.md §5).
func Spoken(f card.Facts, k card.Key) card.Counter {
	var all []card.Counter
	for _, c := range copies(k) {
		all = append(all, counter(f, c))
	}
	lowest := slices.MinFunc(all, func(a, b card.Counter) int {
		// Equal ranks in different states are an odd answer, the later state, and none at all: the odd one tells more.
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.State, a.State))
	})
	lowest.Key = k
	return lowest
}

func (s *situation) spoken(k card.Key) card.Counter { return Spoken(s.facts, k) }

// rank orders counters from low to high. One that gave no answer may be the lower one, so it stands at its zero below
// every count and only a blocked copy outvotes it; one that is not there says nothing.
func rank(c card.Counter) int {
	switch c.State {
	case card.Blocked:
		return math.MinInt
	case card.CounterAbsent:
		return math.MaxInt
	}
	return c.Left
}

// copiesDiffer tells that the two copies of the 住民基本台帳用 PIN count differently.
func (s *situation) copiesDiffer() bool {
	a, b := counter(s.facts, card.Juki), counter(s.facts, card.Common)
	return counts(a) && counts(b) && a.Left != b.Left
}

// counts tells that c gave a number.
func counts(c card.Counter) bool { return c.State == card.Counted || c.State == card.Blocked }

// silent tells that nobody knows what c would say.
func silent(c card.Counter) bool {
	return !counts(c) && c.State != card.CounterAbsent
}

// Reading.

// notOurs tells that something other than a My Number Card lies there.
func (s *situation) notOurs() bool {
	f := s.facts
	return f.Outcome == card.WrongCard ||
		f.Outcome == card.Complete && f.Kind != card.MyNumberCard && f.Kind != card.KindUnknown
}

// incomplete tells that the reading does not carry a verdict (rules §8.3, last sentence of the table): cut short,
// no answer from A, S, K or J, or no word on the A certificate.
func (s *situation) incomplete() bool {
	f := s.facts
	if f.Outcome != card.Complete || f.Kind != card.MyNumberCard {
		return true
	}
	for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki} {
		if silent(counter(f, k)) {
			return true
		}
	}
	return !s.noAuth() && !s.auth.end.Known()
}

// unheard tells that J's second copy or a 照合番号B gave no answer. That bars no advice about what is known to be
// locked, but nobody may hear "nothing is wrong" over it.
func (s *situation) unheard() bool {
	return silent(s.spoken(card.Juki)) || silent(s.spoken(card.SurfaceB))
}

// Certificates and card.

func (s *situation) noAuth() bool {
	return s.facts.Certificate(card.AuthCertificate).State == card.CertificateAbsent
}

func (s *situation) noSign() bool {
	return s.facts.Certificate(card.SignCertificate).State == card.CertificateAbsent
}

// hasSign tells that the S certificate is known to exist; with neither hasSign nor noSign, EF 0008 was not conclusive.
func (s *situation) hasSign() bool {
	return s.facts.Certificate(card.SignCertificate).State == card.NeedsPassword
}

// neverSign tells that the S counter must not be called locked: blocked is its look when it was never set.
func (s *situation) neverSign() bool { return s.noSign() || s.answers.Under15 == Yes }

// staleCardDate tells that the chip's card date is old: no certificate outlives its card (rules §4, §8.1).
func (s *situation) staleCardDate() bool {
	return s.facts.CardExpiry.Before(s.facts.Certificate(card.AuthCertificate).NotAfter)
}

// perhapsFaceCard tells that this may be a 顔認証マイナンバーカード: A, K and J all locked, an A certificate kept.
func (s *situation) perhapsFaceCard() bool {
	for _, k := range []card.Key{card.Auth, card.InputSupport, card.Juki} {
		if s.spoken(k).State != card.Blocked {
			return false
		}
	}
	return !s.noAuth()
}

func (s *situation) faceCard() bool { return s.perhapsFaceCard() && s.answers.FaceCard == Yes }

// Needs.

// needs tells whether k has to be set anew: locked, or forgotten, which counts as locked in every path (rules §8.5).
// On a face card nothing is broken.
func (s *situation) needs(k card.Key) bool {
	return !s.faceCard() && (slices.Contains(s.locked, k) || slices.Contains(s.forgotten, k))
}

// needsCounter tells that more has to be set anew than a store can (rules §2).
func (s *situation) needsCounter() bool {
	return s.needs(card.InputSupport) || s.needs(card.Juki) || s.needs(card.SurfaceB) ||
		s.needs(card.Auth) && s.needs(card.Sign)
}

// lone returns A or S when exactly one of them has to be set anew, and the other one.
func (s *situation) lone() (key, other card.Key, ok bool) {
	a, b := s.needs(card.Auth), s.needs(card.Sign)
	if a {
		return card.Auth, card.Sign, !b
	}
	return card.Sign, card.Auth, b
}

// The store route (rules §2 and the three questions of §8.3).

// storeClosed tells that something rules the store route out. An A certificate absent or over does so too, but the
// rows of paths that come first have settled that.
func (s *situation) storeClosed() bool {
	_, other, ok := s.lone()
	if !ok || s.noSign() || s.answers.Under15 == Yes || counter(s.facts, other).State != card.Counted {
		return true
	}
	return slices.ContainsFunc(storeQuestions, func(q Question) bool { return s.answers.Of(q) == No })
}

// storeReady tells that the visitor said yes to all three questions.
func (s *situation) storeReady() bool {
	return !slices.ContainsFunc(storeQuestions, func(q Question) bool { return s.answers.Of(q) != Yes })
}
