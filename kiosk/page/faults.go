package page

import (
	"strconv"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
)

// ActFaults leads to what went wrong lately.
const ActFaults Action = "faults"

// FaultRecord is a fault that came N times within the hour that begins At; the zero time is one that nobody knew.
type FaultRecord struct {
	Code string
	At   time.Time
	N    int
}

// Faults is what went wrong lately, the newest first. List is nil while it is being asked, and empty when there was none.
type Faults struct {
	List    []FaultRecord
	Slip    Subject // as in SelfTest
	Content *content.Content
	At      time.Time // as in SelfTest
}

func (Faults) subject() {}

func (v voice) faults(s Faults) Page {
	p := v.scene(NoMark, "faults")
	p.Rest = v.slipSaid(s.Slip)
	p.Foot = v.machineTime(s.At)
	p.Buttons = []Button{v.button(ActPrint), v.button(ActBack)}
	switch {
	case s.List == nil:
		p.Lead = []string{v.Say("scene.self-test-asking.headline")}
		p.Buttons = p.Buttons[1:]
	case len(s.List) == 0:
		p.Lead = []string{v.Say("staff.no-faults")}
	}
	for _, r := range s.List {
		when := v.Say("staff.hour-unknown")
		if !r.At.IsZero() {
			at := r.At.In(card.Tokyo)
			when = v.Say("staff.hour", "date", v.day(card.DateOf(at)), "hour", strconv.Itoa(at.Hour()))
		}
		row := Row{Name: r.Code + " " + when, State: v.Say("staff.times", "n", strconv.Itoa(r.N))}
		if f, ok := fault(s.Content, r.Code); ok { // else of a program that has been replaced
			row.Official = f.Name
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// machineTime says on paper when that was, as far as the machine knows; nothing before it was told.
func (v voice) machineTime(at time.Time) []string {
	if at.IsZero() {
		return nil
	}
	return []string{v.Say("staff.machine-time", "moment", v.moment(at))}
}
