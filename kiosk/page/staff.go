package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
)

// Actions of staff's screens.
const (
	ActStaff    Action = "staff"     // from the language screen to the staff code
	ActConfirm  Action = "confirm"   // the date and time on the screen are right
	ActLater    Action = "later"     // they are not, or nobody is there: on to the waiting screen
	ActErase    Action = "erase"     // the last digit
	ActSelfTest Action = "self-test" // how every part is
	ActClock    Action = "clock"     // set the date and time
	ActPaper    Action = "paper"     // what the printer says
	ActTrial    Action = "test-slip" // print one with rulers
	ActRestart  Action = "restart"   // end the program, so that it is started anew; after an update of the system the machine

	ActDigit Action = "digit:" // begins the action of a key of the keypad
	ActShift Action = "shift:" // begins a step of the clock: shift:+1h0m0s
)

// CodeDigits is how long the staff code is.
const CodeDigits = 6

// What stands for a digit that was typed, and for one that is still to come.
const (
	dotTyped = "＊"
	dotOpen  = "・"
)

// Shifts are the steps of the clock; each goes both ways.
func Shifts() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{30 * day, day, time.Hour, 10 * time.Minute}
}

// Things that a Check can be about.
const (
	ThingReader  = "reader"
	ThingPrinter = "printer"
	ThingLamps   = "lamps"
	ThingClock   = "clock"
	ThingProfile = "profile"
	ThingContent = "content"
	ThingState   = "state" // the folder of records
	ThingProgram = "program"
)

// StartOfDay asks staff whether the machine's time is right, because nothing else vouches for it. A wrong "yes" would
// call an ended certificate valid, so it says the whole date in its largest words, speaks to staff and to nobody else,
// and tells visitors that they need not answer. Possible is false when the time cannot be right; then there is no "yes".
// Code is the fault for which no card can be read meanwhile; empty when one can.
type StartOfDay struct {
	At       time.Time
	Possible bool
	Code     string
}

// CodeStep is where staff stand with their code.
type CodeStep uint8

// Steps of the staff code.
const (
	CodeAsked   CodeStep = iota // type it
	CodeNew                     // there is none yet: choose one
	CodeAgain                   // type the new one once more
	CodeDiffers                 // that was another one: choose again
	CodeWrong                   // it is not this one; Tries are left
	CodeChecked                 // it is being checked or kept
	CodeLocked                  // too many wrong ones: later
	CodeClosed                  // no code can be kept, for the reason Code
)

// StaffCode is the keypad. The page knows how many digits were typed and never which.
type StaffCode struct {
	Step    CodeStep
	Typed   int
	Tries   int
	Code    string
	Content *content.Content
}

// StaffMenu is what staff can do. TimeTaken tells that the moment they confirmed is now used.
type StaffMenu struct {
	Clock, Printer bool // there is one that can be set, and one to print on
	Update         bool // a USB stick can be let in
	TimeTaken      bool
}

// Check is how one part of the running program is.
type Check struct {
	Thing string
	Mark  Mark
	Code  string   // of the fault; empty = none
	State string   // the word for it: fine, fault, absent, unknown, near-end, printing, open-ended, old
	Said  []string // names and dates that stand below, already in staff's words
	// Moments that stand below, as far as they are known: an interval, or one date.
	From, Until time.Time
	Why         string // of the clock's interval: the reason's stable name
}

// Calls tells that staff are needed. What nobody can tell does not call them.
func (c Check) Calls() bool { return c.Mark == Attention || c.Mark == Bad }

// SelfTest is one row for every part. Checks is nil while the parts are being asked. Notes are what staff must see to
// besides, in Japanese.
type SelfTest struct {
	Checks  []Check
	Notes   []string
	Slip    Subject // Printing, Printed or NotPrinted of the last slip of this menu; nil: none
	Picture string  // the file that was written instead of that slip; empty = none
	Content *content.Content
	At      time.Time // of the machine's clock, for the paper
}

// StaffClock is the date and time that staff are about to confirm. Refused tells that it cannot be.
type StaffClock struct {
	At      time.Time
	Refused bool
}

// Paper is what the printer says of itself. Check is nil while it is being asked.
type Paper struct {
	Check   *Check
	Slip    Subject // as in SelfTest
	Content *content.Content
}

// TestSlip is the page of the slip with rulers, which whoever sets it adds: Rest says what they show, and AllRows has one
// name for each of Sizes, to be set in that many points.
type TestSlip struct {
	Width, DPI int
	Sizes      []float64
}

func (StartOfDay) subject() {}
func (StaffCode) subject()  {}
func (StaffMenu) subject()  {}
func (SelfTest) subject()   {}
func (StaffClock) subject() {}
func (Paper) subject()      {}
func (TestSlip) subject()   {}

// staff makes the pages of staff's screens; ok is false for every other subject. They have no line for whom to ask. kiosk is
// its name.
func (v voice) staff(subject Subject, kiosk string) (p Page, ok bool) {
	switch s := subject.(type) {
	case StartOfDay:
		p = v.startOfDay(s)
	case StaffCode:
		p = v.code(s)
	case StaffMenu:
		p = v.menu(s)
	case SelfTest:
		p = v.selfTest(s)
	case StaffClock:
		p = v.staffClock(s)
	case Paper:
		p = v.paper(s)
	case Statistics:
		p = v.statistics(s, kiosk)
	case Faults:
		p = v.faults(s)
	case Update:
		p = v.update(s)
	case TestSlip:
		p = v.scene(NoMark, "test-slip")
		p.Lead = append(p.Lead, v.Say("scene.test-slip.paper", "width", strconv.Itoa(s.Width), "dpi", strconv.Itoa(s.DPI)))
		p.Rest = v.Say("scene.test-slip.ruler")
		for _, pt := range s.Sizes {
			p.AllRows = append(p.AllRows, Row{Name: v.Say("scene.test-slip.size", "pt", strconv.FormatFloat(pt, 'f', -1, 64))})
		}
	default:
		return Page{}, false
	}
	p.Lang, p.Titles = v.Language, v.titles()
	switch subject.(type) {
	case Statistics:
		p.Titles.Rows = v.Say("staff.visits")
	case Faults:
		p.Titles.Rows = v.Say("staff.newest-first")
	case Update:
		p.Titles.Rows = v.Say("staff.versions")
	default:
		p.Titles.Rows = v.Say("staff.now")
	}
	p.Buttons = append(p.Buttons, v.button(ActLanguage))
	return p, true
}

func (v voice) startOfDay(s StartOfDay) Page {
	p := v.scene(Unclear, "start-of-day")
	if p.Rest = v.fault(s.Code); p.Rest == "" {
		p.Rest = v.Say("scene.start-of-day.visitors")
	}
	yes := v.choice(ActConfirm)
	yes.Main = true
	p.Buttons = []Button{yes, v.choice(ActLater)}
	if !s.Possible {
		p.Lead = v.lines("scene.start-of-day.impossible")
		p.Buttons = []Button{v.choice(ActLater)}
	}
	if !s.At.IsZero() {
		p.Lead = append([]string{v.full(s.At)}, p.Lead...)
	}
	return p
}

func (v voice) code(s StaffCode) Page {
	step := map[CodeStep]string{
		CodeAsked: "asked", CodeNew: "new", CodeAgain: "again", CodeDiffers: "differs", CodeWrong: "wrong", CodeChecked: "checked",
		CodeLocked: "locked", CodeClosed: "closed",
	}[s.Step]
	p := Page{Headline: v.Say("staff.code."+step, "n", strconv.Itoa(s.Tries))}
	switch s.Step {
	case CodeLocked, CodeClosed:
		p.Mark = Attention
		p.Lead = []string{v.Say("staff.code-lead." + step)}
		p.Sections = remedies(s.Content, s.Code)
		p.Buttons = []Button{v.main(ActBack)}
		return p
	case CodeDiffers, CodeWrong:
		p.Mark = Attention
	}
	p.Headline += "　" + strings.Repeat(dotTyped, s.Typed) + strings.Repeat(dotOpen, max(CodeDigits-s.Typed, 0))
	for _, d := range "1234567890" {
		p.Buttons = append(p.Buttons, Button{Action: ActDigit + Action(d), Label: string(d), Choice: true})
	}
	p.Buttons = append(p.Buttons, v.button(ActErase), v.button(ActBack))
	return p
}

func (v voice) menu(s StaffMenu) Page {
	p := v.scene(NoMark, "staff")
	if s.TimeTaken {
		p = v.scene(Fine, "staff-time")
	}
	p.Buttons = []Button{v.choice(ActSelfTest), v.choice(ActFaults)}
	if s.Clock {
		p.Buttons = append(p.Buttons, v.choice(ActClock))
	}
	if s.Printer {
		p.Buttons = append(p.Buttons, v.choice(ActPaper))
	}
	p.Buttons = append(p.Buttons, v.choice(ActStatistics))
	if s.Update {
		p.Buttons = append(p.Buttons, v.choice(ActUpdate))
	}
	p.Buttons = append(p.Buttons, v.choice(ActRestart), v.button(ActFinish))
	return p
}

func (v voice) selfTest(s SelfTest) Page {
	if s.Checks == nil {
		p := v.scene(NoMark, "self-test-asking")
		p.Buttons = []Button{v.button(ActBack)}
		return p
	}
	p := v.scene(Fine, "self-test")
	for _, c := range s.Checks {
		p.Rows = append(p.Rows, v.checkRow(c, s.Content))
		switch {
		case c.Calls():
			p.Mark, p.Headline = Attention, v.Say("scene.self-test.calls")
		case c.Mark == Unclear && p.Mark == Fine:
			p.Mark, p.Headline = Unclear, v.Say("scene.self-test.unclear")
		}
		for _, x := range remedies(s.Content, c.Code) {
			if !slices.ContainsFunc(p.Sections, func(had Section) bool { return had.Title == x.Title }) {
				p.Sections = append(p.Sections, x)
			}
		}
	}
	worstFirst(p.Rows)
	p.Notes = s.Notes
	p.Rest = v.slipSaid(s.Slip)
	if s.Picture != "" {
		p.Rest = v.Say("staff.picture", "file", s.Picture)
	}
	p.Foot = v.machineTime(s.At)
	p.Buttons = []Button{v.button(ActPrint), v.button(ActBack)}
	return p
}

func (v voice) checkRow(c Check, facts *content.Content) Row {
	said := slices.Clone(c.Said)
	if c.Why != "" {
		said = append(said, v.Say("staff.clock-why."+c.Why))
	}
	switch {
	case c.Thing == ThingClock && !c.From.IsZero() && !c.Until.IsZero():
		said = append(said, v.Say("staff.between", "from", v.moment(c.From), "until", v.moment(c.Until)))
	case c.Thing == ThingClock && !c.From.IsZero():
		said = append(said, v.Say("staff.not-before", "from", v.moment(c.From)))
	case c.Thing == ThingContent && !c.From.IsZero():
		said = append(said, v.Say("staff.oldest", "date", v.day(card.DateOf(c.From.In(card.Tokyo)))))
	case !c.From.IsZero():
		said = append(said, v.Say("staff.built", "date", v.day(card.DateOf(c.From.In(card.Tokyo)))))
	}
	state := v.Say("staff.state." + c.State)
	if c.Code != "" {
		state += " " + c.Code
		if f, ok := fault(facts, c.Code); ok {
			said = append([]string{f.Name}, said...)
		}
	}
	return Row{Mark: c.Mark, Name: v.Say("staff.thing." + c.Thing), State: state, Official: v.list(said)}
}

// remedies are what somebody without tools can do about a fault, in Japanese.
func remedies(facts *content.Content, code string) []Section {
	f, ok := fault(facts, code)
	if !ok {
		return nil
	}
	return []Section{{Title: f.Code + " " + f.Name, Lines: append([]string{f.Cause}, f.Remedy...)}}
}

func fault(facts *content.Content, code string) (content.Fault, bool) {
	if facts == nil || code == "" {
		return content.Fault{}, false
	}
	return facts.Fault(code)
}

func (v voice) staffClock(s StaffClock) Page {
	p := v.scene(NoMark, "staff-clock")
	if !s.At.IsZero() {
		p.Headline = v.full(s.At)
	}
	if s.Refused {
		p.Mark, p.Headline = Attention, v.Say("scene.staff-clock.refused")
	}
	for _, d := range Shifts() {
		for _, sign := range []string{"+", "-"} {
			p.Buttons = append(p.Buttons, Button{
				Action: ActShift + Action(sign+d.String()), Label: v.Say("staff.shift." + sign + d.String()), Choice: true,
			})
		}
	}
	p.Buttons = append(p.Buttons, v.main(ActConfirm), v.button(ActBack))
	return p
}

func (v voice) paper(s Paper) Page {
	p := v.scene(NoMark, "paper")
	if s.Check != nil {
		p.Mark = s.Check.Mark
		p.Rows = []Row{v.checkRow(*s.Check, s.Content)}
		p.Sections = remedies(s.Content, s.Check.Code)
	} else {
		p.Lead = []string{v.Say("scene.self-test-asking.headline")}
	}
	p.Rest = v.slipSaid(s.Slip)
	p.Buttons = []Button{v.main(ActTrial), v.button(ActBack)}
	return p
}

// slipSaid is what became of the last slip.
func (v voice) slipSaid(slip Subject) string {
	switch s := slip.(type) {
	case Printing:
		return v.Say("scene.printing.headline")
	case Printed:
		if s.Confirmed {
			return v.Say("scene.printed.headline")
		}
		return v.Say("scene.printed-maybe.headline")
	case NotPrinted:
		said := v.Say("scene.not-printed.headline")
		if s.Partial {
			said = v.Say("scene.printed-partly.headline")
		}
		return strings.Join(some(said, s.Code), " ")
	}
	return ""
}
