package session

import (
	"cmp"
	"strings"
	"time"

	"kagimado/kiosk/page"
)

// Staff's screens stand beside the visits: nobody comes to them who has a card on the reader, a result or a guide before
// him, a card that is laid ends them, and whatever they know is forgotten when they end. The menu opens to CodeRight, the
// loop's answer to a CheckCode, and to the first code, which is kept when CodeKept says so; to nothing else.

// Times, in seconds.
const (
	staffFor = 120 // the menu, untouched
	startFor = 600 // the question of the morning; then nobody is there to answer it
)

// CodeState tells whether staff's code is known. It is the loop's word at the start; a code that is kept changes it.
type CodeState uint8

// States of the code.
const (
	CodeImpossible CodeState = iota // none can be kept: the menu stays closed
	CodeUnset                       // the first one is still to be chosen
	CodeSet
)

// room is where staff stand. The zero room is the keypad.
type room string

const (
	roomCode  room = "code"
	roomMenu  room = "menu"
	roomTest  room = "self-test"
	roomFault room = "faults"
	roomClock room = "clock"
	roomPaper room = "paper"
	roomTally room = "statistics"

	roomUpdate room = "update"
)

// Rooms returns the names of staff's pages, for pictures.
func Rooms() []string {
	return []string{string(roomMenu), string(roomCode), string(roomTest), string(roomFault), string(roomClock), string(roomPaper), string(roomTally), string(roomUpdate)}
}

// Stage tells how far an update is, and of what kind it is; empty elsewhere, and while the stick is being looked for.
func (s State) Stage() (stage page.UpdateStage, kind string) {
	return s.desk.update.Stage, s.desk.update.Kind
}

// desk is what staff's screens know.
type desk struct {
	room    room
	step    page.CodeStep
	typed   string // never shown, never told to anybody but the loop
	first   string // the new code, typed once
	tries   int    // left
	code    string // of the fault that closes the menu
	checks  []page.Check
	faults  []page.FaultRecord // nil: not yet told
	tally   page.Tally
	export  page.Export
	update  page.UpdateState
	refused bool // the moment cannot be
	taken   bool // the moment is used

	// The machine's clock as last told, the bounds of what can be confirmed, and how far staff moved it.
	told               bool
	wall, lower, upper time.Time
	shift              time.Duration
}

// Effects of staff's screens.
type (
	// AskClock asks what the machine shows; the answer is ClockTold.
	AskClock struct{}
	// Confirm tells the clock what staff said; the answer is Confirmed.
	Confirm struct{ At time.Time }
	// CheckCode asks whether this is the code; the answer is CodeChecked with the same Visit.
	CheckCode struct {
		Visit int
		Code  string
	}
	// KeepCode asks for the first code to be kept; the answer is CodeKept with the same Visit.
	KeepCode struct {
		Visit int
		Code  string
	}
	// AskParts asks how every part is; the answer is PartsTold with the same Visit.
	AskParts struct{ Visit int }
	// AskFaults asks what went wrong lately; the answer is FaultsTold.
	AskFaults struct{}
	// AskTally asks what was counted; the answer is TallyTold.
	AskTally struct{}
	// Export asks for the statistics on a USB stick; the answer is Exported with the same Visit.
	Export struct{ Visit int }
	// UnlockStick asks for a USB stick to be let in and looked at for an update; the answers are UpdateTold with the same Attempt,
	// until LockStick ends it.
	UnlockStick struct{ Attempt int }
	// LockStick asks for no stick to be let in any more.
	LockStick struct{ Attempt int }
	// Install asks for what was found to be installed; the answers are UpdateTold.
	Install struct {
		Attempt       int
		Kind, Version string
	}
	// Reboot asks for the machine to start anew; the answer is an UpdateTold when it will not.
	Reboot struct{ Attempt int }
	// Restart ends the program so that it is started anew.
	Restart struct{}
)

func (AskClock) effect()  {}
func (Confirm) effect()   {}
func (CheckCode) effect() {}
func (KeepCode) effect()  {}
func (AskParts) effect()  {}
func (AskFaults) effect() {}
func (AskTally) effect()  {}
func (Export) effect()    {}
func (Restart) effect()   {}

func (UnlockStick) effect() {}
func (LockStick) effect()   {}
func (Install) effect()     {}
func (Reboot) effect()      {}

// Started is the first event of a run.
type Started struct{}

// ClockTold tells what the machine shows and the bounds of what staff can confirm. Believed tells that the time is known
// without their word.
type ClockTold struct {
	Wall, From, Until time.Time
	Believed          bool
}

// Confirmed tells whether the kiosk now goes by staff's word.
type Confirmed struct{ OK bool }

// CodeVerdict is what became of a code that was typed. The zero verdict opens nothing.
type CodeVerdict uint8

// Verdicts.
const (
	CodeFailed CodeVerdict = iota // it could not be checked, for the reason Code
	CodeWrong                     // Tries are left
	CodeLocked                    // too many wrong ones; this one was not looked at
	CodeRight
)

// CodeChecked is the answer to a CheckCode.
type CodeChecked struct {
	Visit   int
	Verdict CodeVerdict
	Tries   int
	Code    string
}

// CodeKept is the answer to a KeepCode. OK is false when it was not kept, for the reason Code.
type CodeKept struct {
	Visit int
	OK    bool
	Code  string
}

// PartsTold is the answer to an AskParts.
type PartsTold struct {
	Visit  int
	Checks []page.Check
}

// FaultsTold is the answer to an AskFaults, the newest first.
type FaultsTold struct{ List []page.FaultRecord }

// TallyTold is the answer to an AskTally.
type TallyTold struct{ Tally page.Tally }

// Exported is the answer to an Export: the name of the file, or the code for which it is not there.
type Exported struct {
	Visit int
	OK    bool
	Name  string
	Code  string
}

// UpdateTold tells how an update stands, in one of the stages that are not staff's to choose.
type UpdateTold struct {
	Attempt int
	Update  page.UpdateState
}

func (UpdateTold) event() {}

func (Started) event()     {}
func (ClockTold) event()   {}
func (Confirmed) event()   {}
func (CodeChecked) event() {}
func (CodeKept) event()    {}
func (PartsTold) event()   {}
func (FaultsTold) event()  {}
func (TallyTold) event()   {}
func (Exported) event()    {}

// Codes of package hw that are said here: of a ledger that is not there or cannot be used, and of a stick and an update for
// whose failure no other reason is given.
const (
	noState = "S-01"
	noStick = "U-02"

	noUpdate = "U-08" // an update that failed for no reason given
)

// Room names where staff stand; empty when they do not.
func (s State) Room() string {
	switch {
	case s.at != Staff:
		return ""
	case s.desk.room == "":
		return string(roomCode)
	}
	return string(s.desk.room)
}

// idle tells whether nobody's visit would be lost by opening staff's menu.
func (s *State) idle() bool {
	switch s.at {
	case Attract, TwoCards, OutOfService, StartOfDay:
		return true
	case Staff:
		return !s.Updating()
	case TakeCard:
		return !s.hasVerdict()
	}
	return false
}

// moment is what stands on the screen: the machine's time as staff moved it, to the minute, and never beyond what can
// be confirmed once they moved it.
func (s *State) moment() time.Time {
	d := s.desk
	if !d.told {
		return time.Time{}
	}
	at := d.wall
	if s.at == Staff {
		at = clamp(clamp(at, d).Add(d.shift), d)
	}
	return at.Truncate(time.Minute)
}

func clamp(at time.Time, d desk) time.Time {
	switch {
	case at.Before(d.lower): // a whole minute, since that is what is confirmed
		return d.lower.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
	case at.After(d.upper):
		return d.upper
	}
	return at
}

// possible tells whether the moment on the screen can be confirmed.
func (s *State) possible() bool {
	m := s.moment()
	return s.desk.told && !m.Before(s.desk.lower) && !m.After(s.desk.upper)
}

// ticking tells whether the screen shows the machine's clock. It is asked every minute and at every touch: what staff
// confirm is what they read, and that must not be older than a minute.
func (s *State) ticking() bool { return s.at == StartOfDay || s.Room() == string(roomClock) }

// deskSubject tells what staff's page is about.
func (s *State) deskSubject() page.Subject {
	d := s.desk
	if s.Screen == StartOfDay {
		return page.StartOfDay{At: s.moment(), Possible: s.possible(), Code: s.Fault()}
	}
	switch d.room {
	case roomMenu:
		return page.StaffMenu{Clock: s.set.Clock, Printer: s.set.Printer, Update: s.set.Update, TimeTaken: d.taken}
	case roomTest:
		return page.SelfTest{Checks: d.checks, Notes: s.set.Staff, Slip: s.slip, Content: s.set.Content, At: d.wall}
	case roomFault:
		return page.Faults{List: d.faults, Slip: s.slip, Content: s.set.Content, At: d.wall}
	case roomTally:
		return page.Statistics{Tally: d.tally, Export: d.export, Slip: s.slip, Content: s.set.Content, At: d.wall}
	case roomClock:
		return page.StaffClock{At: s.moment(), Refused: d.refused}
	case roomUpdate:
		return page.Update{UpdateState: d.update, Lying: s.on != empty, Content: s.set.Content}
	case roomPaper:
		p := page.Paper{Slip: s.slip, Content: s.set.Content}
		for i, c := range d.checks {
			if c.Thing == page.ThingPrinter {
				p.Check = &d.checks[i]
			}
		}
		return p
	}
	return page.StaffCode{Step: d.step, Typed: len(d.typed), Tries: d.tries, Code: d.code, Content: s.set.Content}
}

// openDesk leaves whatever nobody's screen there was, for the keypad.
func (n *turn) openDesk() {
	lang := n.Lang
	n.forget()
	n.Lang = lang
	switch n.set.Code {
	case CodeImpossible:
		n.desk = desk{step: page.CodeClosed, code: noState}
	case CodeUnset:
		n.desk.step = page.CodeNew
	}
	n.enter(Staff)
}

// atDesk does what a touch means on staff's screens, and tells whether it was one of theirs.
func (n *turn) atDesk(a page.Action) bool {
	switch n.at {
	case StartOfDay:
		switch {
		case a == page.ActConfirm && n.possible():
			n.do(Confirm{n.moment()})
		case a == page.ActLater:
			n.end()
		}
		return true
	case Staff:
	default:
		return false
	}
	switch n.desk.room {
	case roomMenu:
		n.menu(a)
	case roomTest, roomPaper, roomFault, roomTally:
		n.parts(a)
	case roomClock:
		n.clock(a)
	case roomUpdate:
		n.update(a)
	default:
		n.keypad(a)
	}
	return true
}

// keypad types the code.
func (n *turn) keypad(a page.Action) {
	d := &n.desk
	if a == page.ActBack {
		n.end()
		return
	}
	switch d.step {
	case page.CodeChecked, page.CodeLocked, page.CodeClosed:
		return
	}
	if a == page.ActErase && d.typed != "" {
		d.typed = d.typed[:len(d.typed)-1]
		return
	}
	digit, ok := strings.CutPrefix(string(a), string(page.ActDigit))
	if !ok || len(digit) != 1 || digit[0] < '0' || digit[0] > '9' {
		return
	}
	d.typed += digit
	if len(d.typed) < page.CodeDigits {
		return
	}
	code := d.typed
	d.typed = ""
	switch d.step {
	case page.CodeNew, page.CodeDiffers:
		d.first, d.step = code, page.CodeAgain
	case page.CodeAgain:
		same := code == d.first
		d.first, d.step = "", page.CodeDiffers
		if same {
			d.step = page.CodeChecked
			n.do(KeepCode{n.visit, code})
		}
	default:
		d.step = page.CodeChecked
		n.do(CheckCode{n.visit, code})
	}
}

// goTo goes to a room, with nothing of the one before.
func (n *turn) goTo(r room) {
	n.desk, n.slip = desk{room: r}, nil
	n.enter(Staff)
	switch r {
	case roomTest:
		n.do(AskClock{})
		n.do(AskParts{n.visit})
	case roomPaper:
		n.do(AskParts{n.visit})
	case roomClock:
		n.do(AskClock{})
	case roomFault:
		n.do(AskClock{})
		n.do(AskFaults{})
	case roomTally:
		n.do(AskClock{})
		n.do(AskTally{})
	case roomUpdate:
		n.attempt++
		n.do(UnlockStick{n.attempt})
	}
}

func (n *turn) menu(a page.Action) {
	switch {
	case a == page.ActSelfTest:
		n.goTo(roomTest)
	case a == page.ActFaults:
		n.goTo(roomFault)
	case a == page.ActClock && n.set.Clock:
		n.goTo(roomClock)
	case a == page.ActPaper && n.set.Printer:
		n.goTo(roomPaper)
	case a == page.ActStatistics:
		n.goTo(roomTally)
	case a == page.ActUpdate && n.set.Update:
		n.goTo(roomUpdate)
	case a == page.ActRestart:
		n.do(Restart{})
	}
}

// docked tells whether staff stand where a stick is let in. Whoever leaves that room, by whichever way, locks it (Next).
func (s *State) docked() bool { return s.at == Staff && s.desk.room == roomUpdate }

// Updating tells whether something is being installed, or the machine is about to start anew: nothing ends that, and no card
// is read meanwhile.
func (s State) Updating() bool {
	return s.docked() && (s.desk.update.Stage == page.UpdateInstalling || s.desk.update.Stage == page.UpdateRebooting)
}

// update does what staff touch in the room of the update.
func (n *turn) update(a page.Action) {
	u := &n.desk.update
	to := func(stage page.UpdateStage) {
		u.Stage, u.Percent = stage, 0
		n.enter(Staff)
	}
	switch stage := u.Stage; {
	case n.Updating():
	case a == page.ActBack && stage == page.UpdateConfirm:
		to(page.UpdateFound)
	case a == page.ActBack:
		n.goTo(roomMenu)
	case a == page.ActInstall && stage == page.UpdateFound:
		to(page.UpdateConfirm)
	case a == page.ActInstallNow && stage == page.UpdateConfirm:
		to(page.UpdateInstalling)
		n.do(Install{n.attempt, u.Kind, u.Version})
	case a == page.ActAgain && stage == page.UpdateRefused:
		n.goTo(roomUpdate)
	case a == page.ActRestart && stage == page.UpdateInstalled && u.Kind == page.UpdateSystem:
		to(page.UpdateRebooting)
		n.do(Reboot{n.attempt})
	case a == page.ActRestart && stage == page.UpdateInstalled:
		n.do(Restart{})
	}
}

// updateTold takes in how the update stands. What staff have moved on from is not taken back by an answer that comes late, and an
// installation that began without them, before the program did, is found running.
func (n *turn) updateTold(ev UpdateTold) {
	u := &n.desk.update
	if !n.docked() || ev.Attempt != n.attempt {
		return
	}
	from, told := u.Stage, ev.Update
	switch told.Stage {
	case page.UpdateFound:
		if from != page.UpdateLooking {
			return
		}
	case page.UpdateInstalling, page.UpdateInstalled:
		if from != page.UpdateLooking && from != page.UpdateInstalling {
			return
		}
	case page.UpdateRefused:
		if from == page.UpdateInstalled || from == page.UpdateRefused {
			return
		}
		told.Code = cmp.Or(told.Code, noUpdate)
	default:
		return
	}
	if told.Kind != page.UpdateSystem {
		told.Kind = page.UpdateContent
	}
	*u = told
	if told.Stage != from {
		n.enter(Staff)
	}
}

func (n *turn) parts(a page.Action) {
	switch {
	case a == page.ActBack:
		n.goTo(roomMenu)
	case a == page.ActPrint && n.printable() && n.canPrint():
		n.slip = nil // what became of the last one does not belong on paper
		subject := n.deskSubject()
		if s, ok := subject.(page.Statistics); ok {
			s.Export, s.Paper = page.Export{}, true
			subject = s
		}
		n.printForStaff(Print{Page: page.Of(subject, n.office(), n.Lang)})
	case a == page.ActTrial && n.desk.room == roomPaper && n.canPrint():
		n.printForStaff(Print{Page: page.Page{Lang: n.Lang}, Trial: true})
	case a == page.ActExport && n.desk.room == roomTally && n.canExport():
		n.desk.export, n.Part = page.Export{Writing: true}, 0
		n.do(Export{n.visit})
	}
}

// printable tells whether this room has something to print that has been told.
func (s *State) printable() bool {
	d := s.desk
	return d.room == roomTest && d.checks != nil || d.room == roomFault && d.faults != nil || d.room == roomTally
}

// canExport tells whether a stick can be written: one at a time.
func (s *State) canExport() bool { return s.set.Stick && !s.desk.export.Writing }

func (n *turn) printForStaff(p Print) {
	n.job++
	n.slips++
	n.slip = page.Printing{}
	p.Job = n.job
	n.do(p)
}

func (n *turn) clock(a page.Action) {
	d := &n.desk
	if a == page.ActBack {
		n.goTo(roomMenu)
		return
	}
	if a == page.ActConfirm && n.possible() {
		n.do(Confirm{n.moment()})
		return
	}
	step, ok := strings.CutPrefix(string(a), string(page.ActShift))
	by, err := time.ParseDuration(step)
	if !ok || err != nil || !d.told {
		return
	}
	// What cannot be confirmed cannot be reached: the shift ends where the bounds do.
	from := clamp(d.wall, *d)
	d.refused, d.shift = false, clamp(from.Add(d.shift+by), *d).Sub(from)
}

// deskEvent takes in what the loop answers staff.
func (n *turn) deskEvent(ev Event) {
	d := &n.desk
	switch ev := ev.(type) {
	case Started:
		if n.at == StartOfDay {
			n.enter(StartOfDay)
			n.do(AskClock{})
		}
	case ClockTold:
		if r := n.Room(); !n.ticking() && r != string(roomTest) && r != string(roomFault) && r != string(roomTally) {
			return
		}
		if n.at == StartOfDay && ev.Believed { // a time source came first
			n.end()
			return
		}
		d.told, d.wall, d.lower, d.upper = true, ev.Wall, ev.From, ev.Until
		if n.ticking() { // what is printed only says when it was
			n.minute, n.rearm = 60-ev.Wall.Second(), true
		}
	case Confirmed:
		switch {
		case n.at == StartOfDay && ev.OK:
			n.end()
		case n.Room() == string(roomClock) && ev.OK:
			n.goTo(roomMenu)
			n.desk.taken = true
		case n.Room() == string(roomClock):
			d.refused = true
		}
	case CodeChecked:
		if n.at != Staff || ev.Visit != n.visit || d.room != "" || d.step != page.CodeChecked {
			return
		}
		switch ev.Verdict {
		case CodeRight:
			n.goTo(roomMenu)
		case CodeWrong:
			d.step, d.tries = page.CodeWrong, ev.Tries
		case CodeLocked:
			d.step = page.CodeLocked
		default:
			d.step, d.code = page.CodeClosed, ev.Code
		}
	case CodeKept:
		if n.at != Staff || ev.Visit != n.visit || d.room != "" || d.step != page.CodeChecked {
			return
		}
		if !ev.OK {
			d.step, d.code = page.CodeClosed, ev.Code
			return
		}
		n.set.Code = CodeSet
		n.goTo(roomMenu)
	case FaultsTold:
		if n.Room() == string(roomFault) {
			d.faults = append([]page.FaultRecord{}, ev.List...)
		}
	case TallyTold:
		if n.Room() == string(roomTally) {
			d.tally = ev.Tally
		}
	case Exported:
		if n.Room() != string(roomTally) || ev.Visit != n.visit || !d.export.Writing {
			return
		}
		d.export, n.Part = page.Export{Done: ev.OK, Name: ev.Name}, 0
		if !ev.OK {
			d.export = page.Export{Code: cmp.Or(ev.Code, noStick)}
		}
	case UpdateTold:
		n.updateTold(ev)
	case PartsTold:
		if r := n.Room(); ev.Visit == n.visit && (r == string(roomTest) || r == string(roomPaper)) {
			d.checks = ev.Checks
		}
	}
}
