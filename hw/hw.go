// Package hw is the vocabulary in which the kiosk and its hardware speak: what a reader reports, what a printer
// answers, what a lamp is told. It hosts types and interfaces only and must never import a driver, talk to a
// device or know what a card or a visitor is. The drivers live in the folders below it.
package hw

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"
)

// Code is a stable fault code that staff can read over the phone, such as R-03. The table with cause and remedy is
// dated content, not code; a Code is only its key. The empty Code means no fault.
type Code string

// All codes there are: R reader, P printer, L lines, C clock, S state and system, T terminal, U USB stick and updates, F
// files. What each means and what staff can do stands in kiosk/content, once, for screen, paper, tools and README.
const (
	ReaderService Code = "R-01" // no PC/SC service: pcscd is absent or died
	ReaderMissing Code = "R-02" // the service runs but sees no contactless reader, or not the one chosen
	ReaderBusy    Code = "R-03" // another program holds the card or the reader
	ReaderDenied  Code = "R-04" // the service refuses this user (polkit)
	ReaderHung    Code = "R-05" // an exchange did not return in time
	ReaderOther   Code = "R-09" // any other reader fault

	PrinterMissing Code = "P-01" // the device or the address cannot be opened
	PrinterPaper   Code = "P-02" // paper is out
	PrinterCover   Code = "P-03" // the cover is open
	PrinterFault   Code = "P-04" // cutter or other mechanical error
	PrinterOffline Code = "P-05" // the printer says it is offline
	PrinterSilent  Code = "P-06" // data was sent, completion was not confirmed in time
	PrinterBroken  Code = "P-07" // the connection broke while printing

	LinesMissing Code = "L-01" // no GPIO chip, or a named line is not on it
	LinesBusy    Code = "L-02" // another program holds a line
	DoorOpen     Code = "L-03" // the case stands open

	ClockUntrusted Code = "C-01" // nothing vouches for the day
	ClockJumped    Code = "C-02" // the machine's clock was set while the program ran
	ClockBattery   Code = "C-03" // there is a clock with a battery, and it lost its time

	StateLost   Code = "S-01" // records can be neither read nor written
	WishIgnored Code = "S-02" // a privileged unit did not take up what was asked of it
	Restarted   Code = "S-03" // the program before this one was killed or died

	TerminalSilent Code = "T-01" // the terminal does not answer, or is gone
	TerminalSmall  Code = "T-02" // it has fewer cells than a screen needs

	StickMissing Code = "U-01" // no USB stick
	StickFailed  Code = "U-02" // the stick can be neither read nor written

	UpdateMissing   Code = "U-03" // no bundle on the stick, or more than one
	UpdateUnsigned  Code = "U-04" // its signature cannot be verified: wrong key, damaged, cut short
	UpdateOther     Code = "U-05" // it is for another machine
	UpdateOld       Code = "U-06" // it is not newer than what runs
	UpdateLarge     Code = "U-07" // it is too large, packed or unpacked
	UpdateDamaged   Code = "U-08" // it is damaged inside: installing failed
	UpdateUnknown   Code = "U-09" // content that this program does not understand
	UpdateFellBack  Code = "U-10" // a new system failed its self-test; the earlier one runs again
	ContentUnusable Code = "U-11" // the installed content cannot be used; the built-in serves

	ProfileMistake Code = "F-01" // the profile has a mistake; the last good one runs
)

// Fault is an error with a stable code.
type Fault struct {
	Code Code
	Err  error
}

// Error tells code and cause.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %v", f.Code, f.Err) }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// CodeOf returns the stable code carried by err, or otherwise.
func CodeOf(err error, otherwise Code) Code {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return otherwise
}

// CardEventKind tells what happened at the reader. The zero kind means nothing is known.
type CardEventKind uint8

// What a watching reader reports.
const (
	ReaderUnknown CardEventKind = iota
	ReaderReady                 // a reader is there and empty
	CardLaid                    // a card lies on it; ATR is set
	CardLifted                  // the card left
	CardMute                    // something lies on it that does not answer: badly placed, several cards, or a metal case
	ReaderGone                  // no usable reader; Code says why
)

// CardEvent is one thing that happened at the reader.
type CardEvent struct {
	Kind   CardEventKind
	Reader string // the PC/SC name
	ATR    []byte
	Code   Code
	Err    error // cause for the log, never for visitors
}

// Reader watches for cards and connects to them.
type Reader interface {
	// Watch reports until ctx ends, then closes the channel. It starts with the present state. It never gives up:
	// a missing service or reader is reported as ReaderGone, its return as ReaderReady or CardLaid.
	Watch(ctx context.Context) <-chan CardEvent
	// Connect opens the card that lies on the reader and holds a transaction until Close.
	Connect(ctx context.Context) (CardConn, error)
}

// Vital is what a Reader adds that can tell how its service fares. Silent returns for how long Watch has heard nothing of
// the service, be it only that there is none; a service that is absent is known, one that hangs is silent.
type Vital interface{ Silent() time.Duration }

// ErrNoCard tells that no card could be opened, or that it left: taken away, badly placed or mute. It is nobody's fault
// and carries no code.
var ErrNoCard = errors.New("no card answers")

// CardConn is one card held for one reading. Transmit cannot be cancelled; whoever reads bounds the whole reading.
type CardConn interface {
	Transmit(command []byte) ([]byte, error)
	ATR() []byte
	Close() error
}

// PrinterState is what a printer says about itself. The zero state means that it said nothing.
type PrinterState struct {
	Known   bool // the printer answered; without it the rest means nothing
	NearEnd bool // paper is running low
	Code    Code // why it cannot print now; empty when it can
}

// PrintResult tells how far a slip certainly got (field.md §3.5).
type PrintResult uint8

// Rungs of the ladder. The zero result claims nothing.
const (
	PrintUnknown   PrintResult = iota // bytes may have left; nothing confirms paper
	PrintRefused                      // nothing was sent; the printer was not ready
	PrintBroken                       // the connection broke or the printer failed after some bytes had left
	PrintSent                         // every byte was written to a printer that cannot say whether it came out
	PrintConfirmed                    // the printer answered after the last byte and is well
	PrintSaved                        // written as a file instead of paper
)

// Printed is the outcome of one Print.
type Printed struct {
	Result PrintResult
	State  PrinterState
	Path   string // of the file, when Result is PrintSaved
}

// Printer puts one slip on paper. It never prints anything twice by itself.
type Printer interface {
	State(ctx context.Context) (PrinterState, error)
	// Print sends the one-bit picture: palette index 1 is black, the width is the print head's in dots.
	Print(ctx context.Context, slip *image.Paletted) (Printed, error)
}

// Signal is what the lamps tell, as one thing; the driver turns it into colours and blinking (field.md §5).
type Signal uint8

// Signals. The zero Signal leaves every lamp dark, which is also what a dead program shows.
const (
	Dark         Signal = iota
	Ready               // lay your card here
	Busy                // reading, do not move the card
	Done                // take your card
	Attention           // the visitor should look: wrong card, lifted early
	OutOfService        // out of service
)

var signalNames = [...]string{"dark", "ready", "busy", "done", "attention", "fault"}

// String returns the stable name.
func (s Signal) String() string {
	if int(s) < len(signalNames) {
		return signalNames[s]
	}
	return fmt.Sprintf("signal-%d", uint8(s))
}

// Lamps shows one Signal at a time, and beside it staff's own lamp.
type Lamps interface {
	Show(s Signal) error
	// Call lights staff's lamp: something waits for them that visitors cannot mend.
	Call(on bool) error
	Close() error
}

// Sound is what the beeper says once. The zero Sound is none.
type Sound uint8

// Sounds.
const (
	Silence  Sound = iota
	Accepted       // the card is seen
	Finished       // the card can be taken
	Refused        // something is wrong; look at the screen
)

// Beeper says a Sound and returns at once. A new Sound ends the one before.
type Beeper interface {
	Beep(s Sound) error
}

// Door reports whether the case stands open: first how it is, then every change, until ctx ends; then it closes the channel.
type Door interface {
	WatchDoor(ctx context.Context) <-chan bool
}

// UpdateStage is how far root is with what lies on the stick. The zero stage is nothing known.
type UpdateStage string

// Stages, as root writes them.
const (
	UpdateLooking    UpdateStage = "looking"
	UpdateFound      UpdateStage = "found"
	UpdateInstalling UpdateStage = "installing"
	UpdateInstalled  UpdateStage = "installed"
	UpdateRefused    UpdateStage = "refused" // Update.Code says why
)

// UpdateKind is what an update replaces. The zero kind is unknown.
type UpdateKind string

// Kinds, as root writes them.
const (
	UpdateSystem  UpdateKind = "system"  // the whole root; it takes a reboot
	UpdateContent UpdateKind = "content" // dated data and words; it takes a new start of the program
)

// Update is what root tells of the update on the stick. The zero Update is nothing known.
type Update struct {
	Stage   UpdateStage
	Kind    UpdateKind
	Version string // of what was found; empty while unknown
	Running string // of what it replaces
	Code    Code   // why it was refused
	Percent int    // of an installation, as far as it is told; 0 = nothing
}

// Slot is what root tells of the system that runs. The zero Slot is nothing known: no slots, or none on trial.
type Slot struct {
	Name     string // A or B
	Version  string
	Trial    bool   // it stays only if somebody asks for it
	FellBack string // the version that was tried and failed; empty = none
}

// Updates is where root tells of updates and slots.
type Updates interface {
	Update() (Update, error)
	Slot() (Slot, error)
}
