// Package page is where words for people are made, once: a report, a fault or a moment of the visit becomes a Page
// of finished sentences in blocks. Screen, slip, plain text and later speech say these sentences and no others.
//
// The package must never decide what is right for a visitor (diagnosis and site did), never know about cells, dots
// or colours, and never hold a sentence in code: every word comes from the catalogue in kiosk/text.
package page

import (
	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/text"
)

// Mark is the shape that goes with a state, beside its colour and its word. The zero Mark is none.
type Mark uint8

// Marks, drawn full-width as 〇 ！ Ｘ ？.
const (
	NoMark Mark = iota
	Fine
	Attention
	Bad
	Unclear
)

// Rune returns the full-width mark; 0 for none.
func (m Mark) Rune() rune {
	return [...]rune{0, '〇', '！', 'Ｘ', '？'}[m]
}

// Action is what a button does. The names are stable: goldens, tests and recordings use them.
type Action string

// Actions.
const (
	ActNone     Action = ""
	ActLanguage Action = "language" // open the language screen
	ActPrint    Action = "print"    // print the slip
	ActDetails  Action = "details"  // all counters and dates
	ActBack     Action = "back"     // to the result
	ActMore     Action = "more"     // next part of the same screen
	ActExtend   Action = "extend"   // keep the result longer
	ActFinish   Action = "finish"   // clear the result now
	ActAsk      Action = "ask"      // answer the questions that refine the way
	ActYes      Action = "yes"
	ActNo       Action = "no"
	ActDontKnow Action = "dont-know"
	// ActLang plus a language name, such as lang:en, chooses that language.
	ActLang Action = "lang:"

	ActGuides Action = "guides"     // the menu of guides
	ActResume Action = "resume"     // back into the guide that was left to lay a card
	ActOver   Action = "start-over" // out of this guide, to the menu
	ActThen   Action = "then"       // that did not help: on to what else there is
	ActForgot Action = "forgot"     // this number is forgotten: the way for the card that was read
	// These begin an action; the rest is a guide's id, or counts answers and references from 0.
	ActGuide  Action = "guide:"
	ActAnswer Action = "answer:"
	ActSee    Action = "see:"
)

// Button is something to touch.
type Button struct {
	Action Action
	Label  string
	Main   bool // the one most visitors want
	Choice bool // one of several things to choose from, not a step around the screens
}

// Section is a block of sentences under its own title.
type Section struct {
	Title string
	Lines []string
}

// Field is a place on paper to write on: a label and empty lines.
type Field struct {
	Label string
	Lines int
}

// Row is one line of the table of keys and dates.
type Row struct {
	Mark     Mark
	Name     string // the visitor's word for it; the official term follows in Official where they differ
	Official string // official Japanese name
	State    string // 使えません（残り0回）
	Means    string // what it is used for, one short sentence
	Told     bool   // headline and lead say its name and state: paper need not say them again
}

// Way is one way out, told to its end.
type Way struct {
	Title   string   // 市役所の窓口で / コンビニで
	Place   []string // window, floor, how to get there
	Opening string   // open now, closes in …, next opening …; empty when there is nothing to say
	Price   string   // 無料
	Takes   string   // about 15 minutes
	Steps   []string // ordered
	If      string   // the condition under which this way works; empty for none
}

// Page is everything said at one moment, in the order of importance. Empty blocks are simply not said.
type Page struct {
	Lang     text.Language
	Mark     Mark
	Headline string   // the verdict or the instruction: one sentence, alone at the top
	Lead     []string // what that means, at most two sentences
	Rows     []Row    // what is not fine, worst first
	AllRows  []Row    // every counter and date, worst first, for the details screen
	Rest     string   // the other n are usable
	Ways     []Way    // none, one or two; the first is the one to take
	Question string   // the question asked now
	Why      string   // why it is asked
	Notes    []string // do not try again, insurance grace, ask about the face card …
	Sections []Section
	Fields   []Field
	Bring    []string
	Limits   []string // what the chip cannot tell, two lines
	Clerk    []string // the clerk's note, always Japanese, without its title
	Codes    string   // the clerk's line of codes
	Again    string   // tap here again before you leave
	Foot     []string // time of reading and kiosk, date of the information
	Link     string   // address for the QR code
	LinkText string   // what the QR code leads to
	Calendar string   // entry for the visitor's calendar, for a QR code: a VEVENT of RFC 5545
	Dated    string   // what the calendar entry says
	Buttons  []Button
	Help     string   // small line at the bottom: whom to ask
	Staff    []string // what staff must see to, small below everything; always Japanese

	// Titles of the blocks above, in the page's language.
	Titles Titles
}

// Titles are the headings of a Page's blocks.
type Titles struct {
	Rows, Ways, Notes, Fields, Bring, Limits, Clerk string
}

// Subject is what a Page is about: one of the types below.
type Subject interface{ subject() }

// Attract invites the next visitor. Staff is what staff must see to meanwhile, in Japanese, the most urgent first: a code
// and what is wrong. NoCode tells that the staff menu waits for its first code.
type Attract struct {
	Staff  []string
	NoCode bool
}

// ChooseLanguage offers the languages.
type ChooseLanguage struct{}

// Reading tells that the card is being read and must stay. Done of Total steps are over.
type Reading struct{ Done, Total int }

// TakeCard tells that the reading is over and the card can go, while it still lies there.
type TakeCard struct{}

// Verdict is the result of a reading, whatever it is, wrong cards and incomplete readings included.
type Verdict struct {
	Report diagnosis.Report
	Facts  card.Facts
	Tries  int // how often in a row the reading was incomplete
}

// Details is every counter and date of the same reading.
type Details struct {
	Report diagnosis.Report
	Facts  card.Facts
}

// Ask is one question of the report.
type Ask struct {
	Question diagnosis.Question
	Report   diagnosis.Report
}

// GuideMenu offers the guides.
type GuideMenu struct{ Content *content.Content }

// GuideStep is one place in a guide, a question or a leaf. Verdict is what a card has said; nil when none was read.
type GuideStep struct {
	Content *content.Content
	Walk    guide.Walk
	Verdict *Verdict
}

// Printing tells that the slip is on its way.
type Printing struct{}

// Printed tells that the slip is there. Confirmed is false when the printer cannot say so itself.
type Printed struct{ Confirmed bool }

// NotPrinted tells that no slip, or only a part of one, came out. The result stays readable on the screen.
type NotPrinted struct {
	Code    string
	Partial bool // some of it may be on paper
}

// Mute tells that something lies on the reader that does not answer: one card alone, out of its case.
type Mute struct{}

// OutOfService tells that the kiosk cannot read cards now. Content says to staff what its code means and what to do first.
type OutOfService struct {
	Code    string
	Content *content.Content
}

// Preparing tells that no program runs yet, or none any more: who stands there waits, and staff can tell the code on the
// phone. Nobody can choose a language, so the page says it in two.
type Preparing struct{ Code string }

func (Attract) subject()        {}
func (ChooseLanguage) subject() {}
func (Reading) subject()        {}
func (TakeCard) subject()       {}
func (Verdict) subject()        {}
func (Details) subject()        {}
func (Ask) subject()            {}
func (GuideMenu) subject()      {}
func (GuideStep) subject()      {}
func (Printing) subject()       {}
func (Printed) subject()        {}
func (NotPrinted) subject()     {}
func (Mute) subject()           {}
func (OutOfService) subject()   {}
func (Preparing) subject()      {}
