package session

import (
	"time"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
)

// Event is something that happened: at the reader, at the printer, on the touchscreen, or a time that ran out.
// Events are values; the types below are all there are.
type Event interface{ event() }

// CardLaid tells that a card was laid down. A reader that sees one card exchanged for another reports CardLifted
// in between: without it this is the same card, and a card is never read twice while it lies there.
type CardLaid struct{}

// CardLifted tells that the card, or whatever lay there, is gone.
type CardLifted struct{}

// CardMute tells that something lies on the reader that does not answer: two cards, a case, a coin.
type CardMute struct{}

// ReaderReady tells that a reader is there and empty.
type ReaderReady struct{}

// ReaderGone tells that no card can be read; Code is the stable fault code (hw.Code).
type ReaderGone struct{ Code string }

// DoorMoved tells that the case was opened or shut.
type DoorMoved struct{ Open bool }

// Progress tells that Done of Total steps of a reading are over. Events of an abandoned visit are ignored.
type Progress struct{ Visit, Done, Total int }

// ReadDone ends a reading, however far it got.
type ReadDone struct {
	Visit int
	Facts card.Facts
}

// Judged is the answer to a Judge effect.
type Judged struct {
	Visit    int
	Resolved site.Resolved
}

// Touched tells that a button was touched.
type Touched struct{ Action page.Action }

// PrintEnded is the answer to a Print effect.
type PrintEnded struct {
	Job    int
	Result PrintResult
	Code   string // why, when there is no slip
}

// PrintResult tells how far a slip certainly got. The zero result claims nothing.
type PrintResult uint8

// Results of a Print.
const (
	PrintPartial     PrintResult = iota // some of it may be on paper
	PrintNothing                        // nothing came out
	PrintUnconfirmed                    // everything was sent to a printer that cannot say more
	PrintConfirmed                      // the printer said so after the last byte
)

// Timeout is the answer to a Wake effect.
type Timeout struct{ Token int }

func (CardLaid) event()    {}
func (CardLifted) event()  {}
func (CardMute) event()    {}
func (ReaderReady) event() {}
func (ReaderGone) event()  {}
func (DoorMoved) event()   {}
func (Progress) event()    {}
func (ReadDone) event()    {}
func (Judged) event()      {}
func (Touched) event()     {}
func (PrintEnded) event()  {}
func (Timeout) event()     {}

// Effect is something the loop has to do. Effects are values; the types below are all there are.
type Effect interface{ effect() }

// StartReading asks for the card that lies there to be read; Progress and ReadDone carry the same Visit.
type StartReading struct{ Visit int }

// Judge asks for the verdict on Facts given Answers; the answer is Judged.
type Judge struct {
	Visit   int
	Facts   card.Facts
	Answers diagnosis.Answers
}

// Print asks for one slip; the answer is PrintEnded.
type Print struct {
	Job   int
	Page  page.Page
	Trial bool // the test slip of the printer instead, in the Page's language
}

// Wake asks for a Timeout with this token after this time. It replaces every earlier Wake.
type Wake struct {
	After time.Duration
	Token int
}

func (StartReading) effect() {}
func (Judge) effect()        {}
func (Print) effect()        {}
func (Wake) effect()         {}
