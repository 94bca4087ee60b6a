package diagnosis

import (
	"slices"

	"kagimado/card"
)

// row is one row of rules §8.3.
type row struct {
	situation string
	fits      func(*situation) bool
	ways      func(*situation) (primary Path, alternative *Path)
}

// paths is the table of rules §8.3, with its fine points as rows where they belong: the first situation that fits gives
// the ways. "elsewhere" is no row of its own, it only changes where a counter is (at). (A function, because askAge
// walks the table again and Go refuses the cycle in a variable.)
func paths() []row {
	return []row{
		{"not a My Number Card", (*situation).notOurs, only(RouteNothing)},
		{"reading not complete", (*situation).incomplete, only(RouteReadAgain)},

		{"card past its date", func(s *situation) bool { return s.card.past() },
			func(s *situation) (Path, *Path) { // no reset, no certificate on a dead card
				return s.counter(Action{Verb: ApplyCard}), s.home()
			}},
		// Begun is enough here and in the renewal windows below: where the clock is not believed and the last day may
		// be over, the way is the same.
		{"card ends within 3 months", func(s *situation) bool { return s.card.begun == Yes }, newCard},
		{"A certificate absent", (*situation).noAuth,
			func(s *situation) (Path, *Path) { return s.visit(IssueCertificates), nil }},
		{"A expired (then S is too)", func(s *situation) bool { return s.auth.past() },
			func(s *situation) (Path, *Path) { return s.visit(RenewCertificates), nil }},

		{"K, J or B locked, or A and S", (*situation).needsCounter, visitAndStopGap},
		{"only S, perhaps a child's card", lone((*situation).doubtfulSign), askAge},
		{"only A or only S, in the renewal window or no store can help",
			lone(func(s *situation) bool { return s.auth.soon() || s.storeClosed() }), visitAndStopGap},
		// Not even a renewal that is due either way joins here: the rule and v62 of the contract name the reset alone.
		{"only A or only S, clock not believed", lone(func(s *situation) bool { return s.auth.ended != No }),
			func(s *situation) (Path, *Path) { return s.visit(), s.stopGap() }},
		{"only A or only S, S certificate not known to exist", lone(func(s *situation) bool { return !s.hasSign() }),
			visitAndStopGap},
		{"only A or only S, three times yes", lone((*situation).storeReady),
			func(s *situation) (Path, *Path) {
				counter := s.visit()
				return s.store(), &counter
			}},
		{"only A or only S", lone(always), askStore},

		{"nothing locked, renewal window", func(s *situation) bool { return s.auth.begun == Yes },
			func(s *situation) (Path, *Path) { return s.visit(RenewCertificates), nil }},
		{"nothing locked, clock not believed", func(s *situation) bool { return !s.auth.far() },
			func(s *situation) (Path, *Path) { return Path{Route: RouteStaffCheck, Who: Owner}, s.newPINs() }},
		{"face card, certificate valid", (*situation).faceCard,
			func(s *situation) (Path, *Path) { return Path{Route: RouteNothing, Who: Owner}, s.newPINs() }},
		{"nothing locked, a counter not heard", (*situation).unheard, only(RouteReadAgain)},
		{"nothing", always, only(RouteNothing)},
	}
}

// row returns the first row that fits; the last one always does.
func (s *situation) row() row {
	table := paths()
	return table[slices.IndexFunc(table, func(r row) bool { return r.fits(s) })]
}

// ways returns the primary way and the alternative.
func (s *situation) ways() (Path, *Path) { return s.row().ways(s) }

func always(*situation) bool { return true }

// lone narrows fits to situations in which exactly one of A and S has to be set anew.
func lone(fits func(*situation) bool) func(*situation) bool {
	return func(s *situation) bool {
		_, _, ok := s.lone()
		return ok && fits(s)
	}
}

// Ways.

func only(r Route) func(*situation) (Path, *Path) {
	return func(*situation) (Path, *Path) { return Path{Route: r, Who: Owner}, nil }
}

// newCard is a card that runs out: a new one, or for a limited stay the same one extended, plus every reset in case
// the old card must serve meanwhile. Certificates are never renewed on it: they end with it.
func newCard(s *situation) (Path, *Path) {
	if s.answers.LimitedStay == Yes {
		return s.visit(ExtendCard), nil
	}
	return s.visit(ApplyCard), s.home()
}

// newPINs turns a face card, on which nothing is broken, back into an ordinary card, free.
func (s *situation) newPINs() *Path {
	if !s.faceCard() {
		return nil
	}
	counter := s.counter(s.resets()...)
	return &counter
}

// visitAndStopGap is one visit for everything; a lone A or S may be helped by a store until then.
func visitAndStopGap(s *situation) (Path, *Path) { return s.visit(s.renewal()...), s.stopGap() }

func (s *situation) stopGap() *Path {
	if s.storeClosed() {
		return nil
	}
	store := s.store()
	return &store
}

// askStore leaves the choice to the open ones of the three questions.
func askStore(s *situation) (Path, *Path) {
	store, counter := s.store(), s.visit()
	alternative := counter
	return Path{Route: RouteAsk, Who: Owner, Actions: store.Actions, Yes: &store, No: &counter}, &alternative
}

// doubtfulSign tells that S may look locked only because it was never set.
func (s *situation) doubtfulSign() bool {
	return slices.Contains(s.locked, card.Sign) && !s.hasSign() && s.answers.Under15 == Unknown
}

// askAge asks whose card it is before anything is called locked.
func askAge(s *situation) (Path, *Path) {
	child, _ := s.with(Under15, Yes).ways()
	adult, _ := s.with(Under15, No).ways()
	alternative := adult
	return Path{Route: RouteAsk, Who: Owner, Actions: adult.Actions, Yes: &child, No: &adult}, &alternative
}

// Paths.

// visit is one visit to the counter: verbs first, then every reset.
func (s *situation) visit(verbs ...Verb) Path {
	var actions []Action
	for _, v := range verbs {
		actions = append(actions, Action{Verb: v})
	}
	if !s.faceCard() {
		actions = append(actions, s.resets()...)
	}
	return s.counter(actions...)
}

// renewal is "[renew if in window]".
func (s *situation) renewal() []Verb {
	if s.auth.begun == Yes {
		return []Verb{RenewCertificates}
	}
	return nil
}

// resets lists every key that is locked or forgotten; rare ones cause no visit but join one.
func (s *situation) resets() []Action {
	var actions []Action
	for _, k := range ResetOrder {
		if slices.Contains(slices.Concat(s.locked, s.forgotten, s.rare), k) {
			actions = append(actions, Action{Reset, k})
		}
	}
	return actions
}

func (s *situation) counter(actions ...Action) Path {
	return Path{Route: RouteCounter, At: s.at(), Who: s.who(), Actions: actions}
}

// home is applying for a card by phone, PC, post or photo booth; none for a limited stay, which only a counter can judge.
func (s *situation) home() *Path {
	if s.answers.LimitedStay == Yes {
		return nil
	}
	return &Path{Route: RouteHome, Who: s.who(), Actions: []Action{{Verb: ApplyCard}}}
}

// store resets the one key; the owner goes in person (rules §2).
func (s *situation) store() Path {
	k, _, _ := s.lone()
	return Path{Route: RouteStore, At: AtAnyStore, Who: Owner, Actions: []Action{{Reset, k}}}
}

func (s *situation) at() At {
	if s.answers.Resident == No {
		return AtOwnMunicipality
	}
	return AtOffice
}

func (s *situation) who() Who {
	if s.answers.Under15 == Yes {
		return LegalRepresentative
	}
	return Owner
}
