package kiosk

import (
	"time"

	"kagimado/hw"
	"kagimado/kiosk/session"
)

// signalOf turns what is shown into what the lamps tell (field.md §5).
func signalOf(s session.State) hw.Signal {
	switch s.Below() {
	case session.Reading:
		return hw.Busy
	case session.WrongCard, session.RemovedEarly, session.TwoCards, session.NotPrinted:
		return hw.Attention
	case session.OutOfService:
		return hw.OutOfService
	}
	switch {
	case s.Updating() && s.Lying:
		return hw.Attention // it is not read: the screen says why
	case s.Updating():
		return hw.OutOfService
	case s.Lying:
		return hw.Done
	case s.Down():
		return hw.OutOfService // a result is still read, but the next card would wait in vain
	}
	return hw.Ready
}

// signal sets the lamps; that they cannot be set is said once.
func (l *loop) signal(s hw.Signal) {
	l.shown = s
	if l.Lamps == nil {
		return
	}
	l.darken(l.Lamps.Show(s))
}

// darken takes in whether the lines could be set.
func (l *loop) darken(err error) {
	if err == nil || l.dark != "" {
		return // lines that failed once stay dark
	}
	l.dark = hw.CodeOf(err, hw.LinesMissing)
	l.Log.Warn("lines cannot be set", "code", l.dark, "error", err)
	l.note(l.dark)
}

// callStaff lights staff's lamp while something waits for them.
func (l *loop) callStaff() {
	if l.Lamps == nil {
		return
	}
	w := &l.watch
	calling := l.state.Down() || w.forgotten || w.paper.Code != "" || w.paper.NearEnd || len(l.Faults) > 0 || len(l.Staff) > 0 ||
		l.failed.Version != "" || l.unkept() || l.Clock != nil && l.Now().Latest.IsZero()
	if calling == w.calling {
		return
	}
	w.calling = calling
	l.darken(l.Lamps.Call(calling))
}

// soundOf is what is heard when one screen follows another.
func soundOf(before, after session.State) hw.Sound {
	if after.Updating() && after.Lying && !before.Lying {
		return hw.Refused
	}
	if before.Below() == after.Below() {
		return hw.Silence
	}
	switch after.Below() {
	case session.Reading:
		return hw.Accepted
	case session.TakeCard, session.Result:
		if before.Below() == session.Reading {
			return hw.Finished
		}
	case session.WrongCard, session.RemovedEarly, session.TwoCards, session.NotPrinted:
		return hw.Refused
	}
	return hw.Silence
}

// A card that can be taken is asked for again, and then staff are called: its owner has left without it (field.md §2.3).
const (
	remindAfter = 10 * time.Second
	callAfter   = 50 * time.Second // more
)

// follow takes in that a state followed another.
func (l *loop) follow(before, after session.State) {
	l.beep(soundOf(before, after))
	w := &l.watch
	waits := func(s session.State) bool { return s.Lying && s.Below() != session.Reading && !s.Down() }
	switch {
	case waits(after) && !waits(before):
		w.reminded, w.forgotten = false, false
		w.lying.Reset(remindAfter)
	case !waits(after) && waits(before):
		w.lying.Stop()
		w.forgotten = false
		l.callStaff()
	}
}

// remind does what is due about a card that was left.
func (l *loop) remind() {
	w := &l.watch
	l.beep(hw.Finished)
	if !w.reminded {
		w.reminded = true
		w.lying.Reset(callAfter)
		return
	}
	w.forgotten = true
	l.callStaff()
}

func (l *loop) beep(s hw.Sound) {
	if l.Beeper == nil || s == hw.Silence {
		return
	}
	l.darken(l.Beeper.Beep(s))
}
