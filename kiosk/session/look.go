package session

import (
	"reflect"

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
