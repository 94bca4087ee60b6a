package kiosk

import (
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

// Times of a touch.
const (
	// settled is how long something must have stood under a finger to have been meant. foot tells of a tap when the
	// finger leaves, press and release together, so that it may have come down on the picture before. Nobody has seen
	// a new picture, understood it and touched it in this time; what stays where it was, as "next" does, never waits.
	// foot's long-press-delay must not be longer: a finger that rests for so long is told of when it came down.
	settled = 250 * time.Millisecond
	// bounced is how long after a touch a panel may still report the same finger.
	bounced = 80 * time.Millisecond
	// stillness ends a burst of wheel events, of whose finger nobody tells when it leaves.
	stillness = 250 * time.Millisecond
	// resumed is how long after a burst further wheel events still belong to its finger, which only paused.
	resumed = 600 * time.Millisecond
)

// touch makes taps of what the terminal says of fingers. A tap begins and ends on one target that stood there all
// the while.
//
// foot (input.c, wl_touch_*) delivers a finger in three ways. One that stays in its cell is a press and a release, both
// when it leaves. One that stays and moves later is a press where it came down and a release where it leaves. One
// that moves a cell or more at once is a burst of wheel events, one for each cell, all of them reported where it came
// down, and nothing when it leaves: an unsteady hand never clicks.
type touch struct {
	frames []frame // those that were seen lately, the present one last

	down    bool // the button is pressed
	moving  bool // in a burst of wheel events
	sound   bool // began on a target that has not changed since
	action  page.Action
	from    cell      // where it came down
	told    cell      // what the last wheel event said
	reached cell      // where the wheel events have led
	ended   time.Time // of the last touch
	wheeled time.Time // of the last wheel event
}

type cell struct{ x, y int }

// frame is what could be touched from a moment on.
type frame struct {
	at      time.Time
	about   scene
	targets []screen.Target
}

// scene is what gives a button its sense: the same "yes" below another question is another button.
type scene struct {
	screen             session.Screen
	lang               text.Language
	headline, question string
}

func sceneOf(s session.State) scene {
	return scene{s.Screen, s.Lang, s.Page.Headline, s.Page.Question}
}

// show takes in a new frame. A touch on something that is no longer there has become nothing.
func (t *touch) show(f frame) {
	// What was replaced long ago is under no finger any more; events may have waited while the loop was busy.
	for len(t.frames) > 1 && f.at.Sub(t.frames[1].at) > 4*settled {
		t.frames = slices.Delete(t.frames, 0, 1)
	}
	if t.frames = append(t.frames, f); t.down || t.moving {
		t.sound = t.sound && t.on(t.from) && f.about == t.frames[len(t.frames)-2].about
	}
}

// under returns what stands at a cell, and has stood there long enough before at.
func (t *touch) under(c cell, at time.Time) (page.Action, bool) {
	if len(t.frames) == 0 {
		return page.ActNone, false
	}
	now := t.frames[len(t.frames)-1]
	a, on := screen.Hit(now.targets, c.x, c.y)
	for i := len(t.frames) - 1; i > 0 && at.Sub(t.frames[i].at) < settled; i-- {
		before := t.frames[i-1]
		if b, was := screen.Hit(before.targets, c.x, c.y); !was || b != a || before.about != now.about {
			return page.ActNone, false
		}
	}
	return a, on
}

// mouse takes in an event and returns the action of the tap that it completes.
func (t *touch) mouse(ev *tcell.EventMouse) (page.Action, bool) {
	x, y := ev.Position()
	c, at := cell{x, y}, ev.When()
	pressed := ev.Buttons()&tcell.Button1 != 0
	switch step, wheel := moves[ev.Buttons()&wheels]; {
	case wheel && t.down: // the release tells where it ends
	case wheel:
		if !t.moving && at.Sub(t.wheeled) >= resumed {
			t.moving = t.begin(c, at)
		}
		t.wheeled = at
		if t.moving {
			if c != t.told { // another terminal than foot, or the next finger close behind
				t.told, t.reached = c, c
				t.confirm(c, at)
			}
			t.reached.x, t.reached.y = t.reached.x+step.x, t.reached.y+step.y
		}
	case pressed && !t.down && t.moving: // the same finger still
		t.down = true
		t.confirm(c, at)
	case pressed && !t.down:
		t.down = t.begin(c, at)
	case !pressed && t.down:
		return t.end(c, at)
	}
	return page.ActNone, false
}

const wheels = tcell.WheelUp | tcell.WheelDown | tcell.WheelLeft | tcell.WheelRight

// moves is where a finger went, by the wheel event it becomes: what it touches follows it as paper would.
var moves = map[tcell.ButtonMask]cell{
	tcell.WheelUp: {0, 1}, tcell.WheelDown: {0, -1}, tcell.WheelLeft: {1, 0}, tcell.WheelRight: {-1, 0},
}

// begin starts a touch, unless it is the last one still.
func (t *touch) begin(c cell, at time.Time) bool {
	if at.Sub(t.ended) < bounced {
		return false
	}
	t.from, t.told, t.reached = c, c, c
	t.action, t.sound = t.under(c, at)
	return true
}

// confirm lets the touch become nothing when it is reported at a cell where it did not begin.
func (t *touch) confirm(c cell, at time.Time) {
	a, on := t.under(c, at)
	t.sound = t.sound && on && a == t.action
}

// on tells whether the action stands at a cell.
func (t *touch) on(c cell) bool {
	a, on := screen.Hit(t.frames[len(t.frames)-1].targets, c.x, c.y)
	return on && a == t.action
}

// end ends the touch at a cell.
func (t *touch) end(c cell, at time.Time) (page.Action, bool) {
	t.down, t.moving, t.ended = false, false, at
	return t.action, t.sound && t.on(c)
}

// still ends a burst: the finger has left, or rests where it is.
func (t *touch) still() (page.Action, bool) {
	if !t.moving || t.down {
		return page.ActNone, false
	}
	return t.end(t.reached, t.wheeled)
}
