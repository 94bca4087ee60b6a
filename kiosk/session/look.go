package session

import (
	"reflect"
	"strings"

	"kagimado/kiosk/page"
)

// look is all of a State that whoever draws may use.
type look struct {
	screen            Screen
	page              page.Page
	notice            Notice
	part, left        int
	done, total, lang int
}

func (s State) look() look {
	return look{s.Screen, s.Page, s.Notice, s.Part, s.Left, s.Done, s.Total, int(s.Lang)}
}

// Looks tells whether s looks the same as t: then there is nothing to draw.
func (s State) Looks(t State) bool { return reflect.DeepEqual(s.look(), t.look()) }

// Below returns the screen below the language screen; Screen itself everywhere else.
func (s State) Below() Screen { return s.at }

// Settings returns what the profile says about visits; of Code, what has become of it.
func (s State) Settings() Settings { return s.set }

// Masked returns ev as it may be written down: of the staff code not one digit. before is the state in which it happened and after
// the one it led to: events that are masked lead along the same screens again.
func Masked(before State, ev Event, after State) Event {
	touch, _ := ev.(Touched)
	digit, typed := strings.CutPrefix(string(touch.Action), string(page.ActDigit))
	switch {
	case !typed:
		return ev
	case len(digit) != 1 || digit[0] < '0' || digit[0] > '9': // it means nothing
		return Touched{page.ActDigit}
	case before.desk.step == page.CodeAgain && after.desk.step == page.CodeDiffers: // the last one of a code unlike the first
		return Touched{page.ActDigit + "1"}
	}
	return Touched{page.ActDigit + "0"}
}

// Down tells whether no card is read, also while an earlier result is still shown.
func (s State) Down() bool { return s.gone || s.door }

// doorOpen is the code of a case that stands open.
const doorOpen = "L-03"

// Fault is the code for which no card is read; empty while cards are.
func (s State) Fault() string {
	if s.door {
		return doorOpen
	}
	return s.fault
}

// Place names where the visitor stands in the guides, as GUIDE/NODE; empty elsewhere.
func (s State) Place() string {
	if s.at != GuideStep {
		return ""
	}
	return s.walk.Ref()
}
