// Package session is the visit as a pure state machine: what the screen shows, and what happens when a card is
// laid down, a button is touched or time runs out. State.Next takes a State and an Event and gives the next State
// and the effects the loop has to carry out.
//
// A visit goes: attract, reading, take-card (the verdict is there already; the band asks for the card), result,
// and from there questions, details and printing as the visitor likes, then attract again. The guides are open from
// the screens that belong to nobody and from a result alike; who lays a card in the middle of one finds it again.
//
// The package must never read a clock, start a goroutine, log, draw or talk to a device: time-outs are events. It
// must never keep anything of a visitor beyond the visit, and never decide what is right for a card.
package session

import (
	"slices"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// Screen names what is shown; the names are those of `kioskctl screen --show` (design.md §6).
type Screen string

// Screens.
const (
	Attract      Screen = "attract"
	Language     Screen = "language"
	Reading      Screen = "reading"
	TakeCard     Screen = "take-card"
	Result       Screen = "result"
	Details      Screen = "details"
	Question     Screen = "question"
	Guides       Screen = "guides"
	GuideStep    Screen = "guide-step"
	Printing     Screen = "printing"
	Printed      Screen = "printed"
	NotPrinted   Screen = "not-printed"
	WrongCard    Screen = "wrong-card"
	RemovedEarly Screen = "removed-early"
	TwoCards     Screen = "two-cards"
	OutOfService Screen = "out-of-service"
	Staff        Screen = "staff"
	StartOfDay   Screen = "start-of-day"

	// Preparing stands on the panel while no program is there. No State comes to it; Still alone shows it.
	Preparing Screen = "preparing"
)

// Screens returns every screen in the order of a visit.
func Screens() []Screen {
	return []Screen{Attract, Language, Reading, TakeCard, Result, Details, Question, Guides, GuideStep, Printing, Printed,
		NotPrinted, WrongCard, RemovedEarly, TwoCards, OutOfService, Staff, StartOfDay}
}

// PrintMode tells when a slip is printed.
type PrintMode uint8

// Print modes.
//
// PrintAuto prints once a visit, when the verdict is final: at once if nothing is left to ask, else after the last
// answer, else when the visitor has touched nothing for a while. A slip that comes out before the answers would
// name both ways and make the second slip a puzzle; a visitor who only waits must still get one.
const (
	PrintAuto PrintMode = iota
	PrintAsk            // only when the button is touched
)

// Settings are what the profile says about visits. They never change while the kiosk runs.
type Settings struct {
	Lang      text.Language    // greets every new visitor
	Office    site.Office      // spoken of on screens without a verdict
	Content   *content.Content // its guides; nil: there are none, and no button offers them
	Staff     []string         // what staff must see to (page.Attract); shown while nobody's card is
	Printer   bool             // a printer belongs to this kiosk
	Print     PrintMode
	ResultFor time.Duration // how long a result stays untouched; 0 or more than 60 s means 60 s

	Code       CodeState // whether staff's menu can be opened
	Clock      bool      // it can be set
	Stick      bool      // statistics can be written onto a USB stick
	Update     bool      // a USB stick can be let in for an update
	StartOfDay bool      // nothing vouches for it: staff are asked before the first visitor is
}

// Times, in seconds (field.md §2.1, §2.3).
const (
	resultFor   = 60  // a result, at most
	countdown   = 20  // its last seconds are counted down in the open
	guideFor    = 120 // a step of a guide, as long as no card has been read: reading takes time, and nobody's affairs are shown
	messageFor  = 30  // wrong card, lifted early, two cards
	takeCardFor = 5   // then the result shows although the card still lies there
	printedFor  = 15  // the slip is out
	choosingFor = 30  // the language screen where nothing else runs out
	owedAfter   = 15  // an automatic slip waits this long for a first touch when there are questions
	maxRestarts = 100 // a touchscreen with a stuck corner must not keep a result for ever
	maxSlips    = 6   // of one visit
)

// occupancy tells what lies on the reader.
type occupancy uint8

const (
	empty occupancy = iota
	occupied
	mute
)

// Notice is a strip below the headline: take your card, the slip is coming.
type Notice struct {
	Mark page.Mark
	Text string
}

// State is one moment of the kiosk. The exported fields are what can be seen; they are consequences and are
// written by Next alone. Make the first State with New.
type State struct {
	Screen      Screen
	Lang        text.Language
	Page        page.Page
	Notice      Notice
	Part        int  // how often "more" was touched on this screen; whoever draws counts round
	Left        int  // seconds until the result is cleared; 0 = not yet counted down
	Done, Total int  // steps of the reading
	Lying       bool // something lies on the reader

	// What is known of the visitor: zero on every screen that belongs to nobody.
	Facts    card.Facts
	Answers  diagnosis.Answers
	Resolved site.Resolved

	set      Settings
	at       Screen // the screen below the language screen
	choosing bool   // the language screen lies above it
	on       occupancy
	gone     bool // the reader is gone, for the reason fault
	fault    string
	door     bool // the case stands open: nobody is served
	visit    int  // grows with every reading
	tries    int  // incomplete readings in a row
	judging  bool
	question diagnosis.Question // the one on the screen
	asked    []diagnosis.Question
	walk     guide.Walk   // where the visitor stands in the guides, also while a card is read in between
	printed  Screen       // where the slip was asked for: Result or GuideStep
	slip     page.Subject // Printing, Printed or NotPrinted of this visit's last slip
	job      int          // grows with every slip
	slips    int          // of this visit
	owed     bool         // an automatic slip is still to come
	fresh    bool         // the reader was seen empty before this card: see CardLaid

	desk    desk // staff's, zero unless they stand at it
	attempt int  // grows each time a stick is let in

	// The one timer. All in seconds, as of the moment it was armed for step seconds.
	token, step                int
	remain, takeLeft, owedLeft int
	minute                     int // until the machine's clock shows the next one
	restarts                   int
}

// New returns the state of a kiosk that waits for its first visitor.
func New(set Settings) State {
	if set.ResultFor < time.Second || set.ResultFor > resultFor*time.Second {
		set.ResultFor = resultFor * time.Second
	}
	s := State{set: set, Lang: set.Lang, at: Attract}
	if set.StartOfDay && set.Clock {
		s.at = StartOfDay
	}
	s.compose()
	return s
}

// Visit is a verdict to look at, for Still.
type Visit struct {
	Lang        text.Language
	Facts       card.Facts
	Resolved    site.Resolved
	Part, Left  int
	Done, Total int    // of a reading
	Code        string // of a fault or a slip that did not come
	Tries       int
	Guide       string // the place in the guides: GUIDE or GUIDE/NODE
	Room        string // of staff's: code menu self-test faults clock paper statistics update
	At          time.Time
	Checks      []page.Check
	Faults      []page.FaultRecord
	Tally       page.Tally
	Update      page.UpdateState
	Lying       bool // a card lies on the reader in staff's rooms
}

// Still returns the State in which screen shows v: for pictures and tests, not for visits.
func Still(set Settings, screen Screen, v Visit) State {
	s := New(set)
	s.at, s.Lang, s.Part = screen, v.Lang, v.Part
	s.Done, s.Total, s.tries, s.fault = v.Done, v.Total, v.Tries, v.Code
	s.slip = page.Printed{Confirmed: true}
	s.printed = Result
	switch screen {
	case Language:
		s.at, s.choosing = Attract, true
	case TakeCard, Reading:
		s.on = occupied
	case TwoCards:
		s.on = mute
	case Printing:
		s.slip = page.Printing{}
	case NotPrinted:
		s.slip = page.NotPrinted{Code: v.Code}
	case Result, Details, Question, Guides, GuideStep:
		s.slip, s.remain = nil, v.Left
	}
	if s.personal() || screen == WrongCard || screen == RemovedEarly || screen == Guides || screen == GuideStep {
		s.Facts, s.Resolved = v.Facts, v.Resolved
		s.question, _ = s.open()
	}
	if screen == Staff || screen == StartOfDay {
		s.slip = nil
		s.desk = desk{room: room(v.Room), told: true, wall: v.At, upper: v.At, lower: v.At.Truncate(time.Minute), checks: v.Checks, faults: v.Faults, tally: v.Tally, update: v.Update}
		if v.Lying {
			s.on = occupied
		}
	}
	if screen == GuideStep && set.Content != nil {
		s.walk, _ = guide.At(&set.Content.Guides, v.Guide, s.known())
	}
	s.compose()
	return s
}

// personal tells whether the screen below belongs to one visitor's verdict.
func (s *State) personal() bool {
	switch s.at {
	case TakeCard, Result, Details, Question, Printing, Printed, NotPrinted:
		return true
	}
	return s.guiding() && s.readToEnd()
}

// guiding tells whether the screen below is one of the guides'.
func (s *State) guiding() bool { return s.at == Guides || s.at == GuideStep }

// readToEnd tells whether a My Number Card has been read to its end: there is a result to look at.
func (s *State) readToEnd() bool {
	switch s.Resolved.Report.Headline.Code {
	case "", diagnosis.WrongCard, diagnosis.ReadAgain:
		return false
	}
	return true
}

// hasVerdict tells whether there is a verdict to come back to.
func (s *State) hasVerdict() bool { return s.Resolved.Report.Headline.Code != "" }

// counted tells whether the last seconds of this screen are counted down in the open.
func (s *State) counted() bool {
	switch s.at {
	case Result, Details, Question, TakeCard:
		return s.hasVerdict()
	}
	return s.guiding()
}

// open returns the next question whose answer could change the way and that was not put yet.
func (s *State) open() (diagnosis.Question, bool) {
	for _, q := range s.Resolved.Report.Questions {
		if !slices.Contains(s.asked, q) {
			return q, true
		}
	}
	return "", false
}

func (s *State) canPrint() bool {
	_, busy := s.slip.(page.Printing)
	return s.set.Printer && (s.readToEnd() || s.at == GuideStep || s.printed == GuideStep || s.at == Staff) && !busy && s.slips < maxSlips
}

func (s *State) office() site.Office {
	if s.hasVerdict() {
		return s.Resolved.Office
	}
	return s.set.Office
}

func (s *State) verdict() page.Verdict {
	return page.Verdict{Report: s.Resolved.Report, Facts: s.Facts, Tries: s.tries}
}

// place is where the visitor stands in the guides, with what a card has said.
func (s *State) place() page.GuideStep {
	g := page.GuideStep{Content: s.set.Content, Walk: s.walk}
	if s.readToEnd() {
		v := s.verdict()
		g.Verdict = &v
	}
	return g
}

// subject tells what the page is about.
func (s *State) subject() page.Subject {
	switch s.Screen {
	case Language:
		return page.ChooseLanguage{}
	case Reading:
		return page.Reading{Done: s.Done, Total: s.Total}
	case TakeCard:
		if !s.hasVerdict() {
			return page.TakeCard{}
		}
		return s.verdict()
	case Result, WrongCard, RemovedEarly:
		return s.verdict()
	case Details:
		return page.Details{Report: s.Resolved.Report, Facts: s.Facts}
	case Question:
		return page.Ask{Question: s.question, Report: s.Resolved.Report}
	case Guides:
		return page.GuideMenu{Content: s.set.Content}
	case GuideStep:
		return s.place()
	case Printing, Printed, NotPrinted:
		return s.slip
	case TwoCards:
		return page.Mute{}
	case OutOfService:
		return page.OutOfService{Code: s.Fault(), Content: s.set.Content}
	case Staff, StartOfDay:
		return s.deskSubject()
	case Preparing:
		return page.Preparing{Code: s.Fault()}
	}
	return page.Attract{Staff: s.set.Staff, NoCode: s.set.Code == CodeUnset}
}

// compose derives what is seen from what is so.
func (s *State) compose() {
	s.Screen = s.at
	if s.choosing {
		s.Screen = Language
	}
	s.Lying = s.on != empty
	s.Left = 0
	if s.counted() && s.remain <= countdown {
		s.Left = max(s.remain, 0)
	}
	s.Page = page.Of(s.subject(), s.office(), s.Lang)
	if _, failed := s.slip.(page.NotPrinted); s.set.Printer && !failed {
		// The slip says this, and a small screen has better uses for its room. Without a slip the screen is complete.
		s.Page.Clerk, s.Page.Codes, s.Page.Foot, s.Page.Link, s.Page.LinkText = nil, "", nil, "", ""
	}
	s.Notice = s.notice()
	s.Page.Buttons = slices.DeleteFunc(s.Page.Buttons, func(b page.Button) bool { return !s.offers(b.Action) })
}

// offers tells whether a button makes sense now; page offers everything a subject could lead to.
func (s *State) offers(a page.Action) bool {
	// The band of take-card asks for one thing only.
	if s.Screen == TakeCard && a != page.ActLanguage {
		return false
	}
	switch a {
	case page.ActStaff:
		return s.idle()
	case page.ActPrint, page.ActTrial:
		return s.canPrint()
	case page.ActExport:
		return s.canExport()
	case page.ActExtend:
		return s.Left > 0
	case page.ActAsk:
		return len(s.Resolved.Report.Questions) > 0
	case page.ActFinish:
		return !s.guiding() || s.readToEnd() // otherwise there is nothing to clear, and back leads out
	case page.ActGuides:
		return s.set.Content != nil && s.walk.Nowhere()
	case page.ActResume:
		return !s.walk.Nowhere()
	case page.ActMore:
		return false // whoever draws knows whether there is more
	}
	return true
}

func (s *State) notice() Notice {
	var about page.Subject
	switch {
	case s.Screen == TakeCard && s.hasVerdict(), s.counted() && !s.choosing && s.on == occupied:
		about = page.TakeCard{}
	case s.slip != nil && (s.Screen == Result || s.Screen == Details || s.Screen == Question || s.Screen == GuideStep):
		about = s.slip
	default:
		return Notice{}
	}
	p := page.Of(about, s.office(), s.Lang)
	return Notice{Mark: p.Mark, Text: p.Headline}
}

// enter goes to a screen and starts its time.
func (s *State) enter(screen Screen) {
	s.at, s.Part, s.choosing = screen, 0, false
	s.takeLeft, s.owedLeft, s.minute = 0, 0, 0
	switch {
	case screen == TakeCard && s.hasVerdict():
		s.takeLeft = takeCardFor
		s.owedLeft = owedAfter
	case screen == Result:
		s.owedLeft = owedAfter
	case screen == Question:
		s.question, _ = s.open()
	}
	s.remain = s.span()
}

// stay is how long the screen below the language screen stays untouched; 0 = until something happens.
func (s *State) stay() int {
	result := int(s.set.ResultFor / time.Second)
	switch s.at {
	case TakeCard:
		if s.hasVerdict() {
			return result
		}
	case Result, Details, Question:
		return result
	case Printed:
		return printedFor
	case Guides, GuideStep:
		if s.readToEnd() {
			return result
		}
		return guideFor
	case NotPrinted, WrongCard, RemovedEarly:
		return messageFor
	case Staff:
		if s.docked() && s.desk.update.Stage == page.UpdateInstalling {
			return 0
		}
		return staffFor
	case StartOfDay:
		return startFor
	case TwoCards:
		if s.on == empty {
			return messageFor
		}
	}
	return 0
}

// span is stay, and where nothing ends by time the time after which a choice of language is undone.
func (s *State) span() int {
	switch {
	case s.stay() > 0:
		return s.stay()
	case s.choosing:
		return choosingFor
	case (s.Lang != s.set.Lang || s.Part > 0) && s.at != Reading && s.at != Printing:
		return resultFor // nobody came: the next visitor is greeted in the kiosk's own language, and from the beginning
	}
	return 0
}

// forget ends the visit: nothing of the visitor stays in the State that is left.
func (s *State) forget() {
	*s = State{
		Lang: s.set.Lang, set: s.set, on: s.on, gone: s.gone, fault: s.fault, door: s.door,
		visit: s.visit + 1, job: s.job, token: s.token, attempt: s.attempt,
	}
}

// rest goes to the screen that belongs to nobody.
func (s *State) rest() {
	switch {
	case s.Down():
		s.enter(OutOfService)
	case s.on == occupied:
		s.enter(TakeCard)
	case s.on == mute:
		s.enter(TwoCards)
	default:
		s.enter(Attract)
	}
}

// known is what the card has said for certain, for the guides. A card that answers on only some points leaves the
// others open.
func (s *State) known() guide.Known {
	if !s.readToEnd() {
		return nil
	}
	r := s.Resolved.Report
	known := guide.Known{}
	for _, k := range diagnosis.Speaking {
		c := diagnosis.Spoken(s.Facts, k)
		switch {
		case k == card.Sign && slices.Contains(r.Questions, diagnosis.Under15):
			// Whose card it is decides whether there ever was a password to lock.
		case r.Has(diagnosis.FoundLocked, k):
			known[k.String()] = guide.KeyLocked
		case r.Has(diagnosis.FoundLastTry, k):
			known[k.String()] = guide.KeyLastTry
		case c.State == card.Counted:
			known[k.String()] = guide.KeyOpen
		case c.State == card.CounterAbsent:
			known[k.String()] = guide.KeyAbsent
		}
	}
	c := s.Facts.Certificate(card.AuthCertificate)
	none := card.KeyUnknown
	switch {
	case r.Has(diagnosis.FoundCertificateAbsent, none):
		known[guide.Certificate] = guide.Absent
	case r.Has(diagnosis.FoundGraceUntil, none):
		known[guide.Certificate] = guide.Grace
	case r.Has(diagnosis.FoundGraceOver, none):
		known[guide.Certificate] = guide.Over
	case r.Has(diagnosis.FoundCertificateExpired, none):
		known[guide.Certificate] = guide.Expired
	case r.Has(diagnosis.FoundCertificateExpiresSoon, none):
		known[guide.Certificate] = guide.Soon
	case c.State == card.CertificateRead && !s.Resolved.Office.ReadAt.IsZero():
		known[guide.Certificate] = guide.Valid
	}
	return known
}

// language of a lang: action.
func language(a page.Action) (text.Language, bool) {
	name, ok := strings.CutPrefix(string(a), string(page.ActLang))
	if !ok {
		return 0, false
	}
	l, err := text.ParseLanguage(name)
	return l, err == nil
}
