package kiosk

import (
	"context"
	"errors"
	"slices"
	"time"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

// ErrRestart tells that staff asked for the program to be started anew.
var ErrRestart = errors.New("staff asked for a restart")

// Clock takes staff's word for the time. What follows from it comes back through Config.Now.
type Clock interface {
	// Wall returns what the machine shows, believed or not, and the bounds within which a moment can be confirmed.
	Wall() (now, from, until time.Time)
	Confirm(at time.Time) error
}

// printerFor is how long staff wait for the printer to say how it is.
const printerFor = 5 * time.Second

// serve carries out the effects of staff's screens.
func (l *loop) serve(ctx context.Context, e session.Effect) {
	switch e := e.(type) {
	case session.AskClock:
		if l.Clock != nil {
			now, from, until := l.Clock.Wall()
			l.feed(ctx, session.ClockTold{Wall: now, From: from, Until: until, Believed: !l.Now().Latest.IsZero()})
		}
	case session.Confirm:
		wall, _, _ := l.Clock.Wall()
		err := l.Clock.Confirm(e.At)
		n := l.Now()
		// A time source outvotes staff; they must not be told that their word is used when it is not.
		used := err == nil && !e.At.Before(n.Earliest) && !e.At.After(n.Latest)
		l.Log.Info("staff confirm the time", "at", e.At.UTC().Format(time.RFC3339), "used", used, "error", err)
		if used {
			l.setTime(ctx, wall.Add(e.At.Sub(wall.Truncate(time.Minute))))
		}
		l.feed(ctx, session.Confirmed{OK: used})
	case session.CheckCode:
		l.wait.Go(func() {
			verdict, tries, err := l.lock.check(e.Code)
			if err != nil {
				l.Log.Error("staff code", "code", hw.StateLost, "error", err)
			}
			l.answer(session.CodeChecked{Visit: e.Visit, Verdict: verdict, Tries: tries, Code: string(hw.StateLost)})
		})
	case session.KeepCode:
		l.wait.Go(func() {
			err := l.lock.keep(e.Code)
			if err != nil {
				l.Log.Error("staff code is not kept", "code", hw.StateLost, "error", err)
			}
			l.answer(session.CodeKept{Visit: e.Visit, OK: err == nil, Code: string(hw.StateLost)})
		})
	case session.AskParts:
		l.askParts(ctx, e.Visit)
	case session.AskTally:
		l.feed(ctx, session.TallyTold{Tally: l.tally.sum()})
	case session.AskFaults:
		l.seenFallBack()
		l.feed(ctx, session.FaultsTold{List: l.history.told()})
	case session.Export:
		l.export(ctx, e.Visit)
	case session.UnlockStick:
		l.unlockStick(ctx, e.Attempt)
	case session.LockStick:
		l.lockStick(e.Attempt)
	case session.Install:
		l.install(ctx, e)
	case session.Reboot:
		l.reboot(e.Attempt)
	case session.Restart:
		l.restart = true
	}
}

// count adds to the day's counts, if there is a day.
func (l *loop) count(what string) { l.add(what, 1) }

func (l *loop) add(what string, n int) {
	var day card.Date
	if now := l.Now(); !now.Latest.IsZero() {
		day = card.DateOf(now.Earliest.In(card.Tokyo))
	}
	l.tally.add(day, what, n)
}

// export puts the statistics on the stick, beside the loop.
func (l *loop) export(ctx context.Context, visit int) {
	s := l.snapshot()
	l.wait.Go(func() {
		name, err := l.onStick(ctx, func() (string, error) { return l.Stick(s) })
		code := hw.Code("")
		if err != nil {
			code = hw.CodeOf(err, hw.StickFailed)
			l.Log.Warn("the stick is not written", "code", code, "error", err)
			l.tellFault(code)
		}
		l.answer(session.Exported{Visit: visit, OK: err == nil, Name: name, Code: string(code)})
	})
}

// answer hands an event to the loop from beside it.
func (l *loop) answer(ev session.Event) {
	select {
	case l.answers <- ev:
	case <-l.done:
	}
}

// askParts asks every part how it is.
func (l *loop) askParts(ctx context.Context, visit int) {
	checks, ask := l.parts(ctx)
	if ask == nil {
		l.feed(ctx, session.PartsTold{Visit: visit, Checks: checks})
		return
	}
	l.wait.Go(func() {
		ask()
		l.answer(session.PartsTold{Visit: visit, Checks: checks})
	})
}

// parts tells how every part is. All but the printer answer at once; that one is asked by calling ask, beside the loop, which
// fills in what it says. It is asked once at a time, and not at all while it prints: what it is doing is known then, and ask is nil.
func (l *loop) parts(ctx context.Context) (checks []page.Check, ask func()) {
	now := l.Now()
	checks = []page.Check{
		l.readerCheck(), {Thing: page.ThingPrinter, State: "absent"}, l.lampCheck(), ClockCheck(now, slices.Contains(l.Faults, hw.ClockBattery)),
		ProfileCheck(l.Profile, slices.Contains(l.Faults, hw.ProfileMistake)), ContentCheck(l.Content, now.Earliest, slices.Contains(l.Faults, hw.ContentUnusable)), l.stateCheck(),
		{Thing: page.ThingProgram, Mark: page.Fine, State: "fine", From: l.Built},
	}
	switch {
	case l.Printer == nil:
	case l.printing != nil && !l.printing.late:
		checks[1].State = "printing"
	case l.printing != nil, !l.asking.CompareAndSwap(false, true):
		checks[1] = PrinterCheck(hw.PrinterState{Code: hw.PrinterSilent}, nil)
	default:
		return checks, func() { checks[1] = l.printerCheck(ctx) }
	}
	return checks, nil
}

// printerCheck asks the printer, and no longer than staff wait for it.
func (l *loop) printerCheck(ctx context.Context) page.Check {
	ctx, cancel := context.WithTimeout(ctx, printerFor)
	said := make(chan page.Check, 1)
	l.wait.Go(func() {
		defer cancel()
		defer l.asking.Store(false)
		said <- PrinterCheck(l.Printer.State(ctx))
	})
	select {
	case c := <-said:
		return c
	case <-ctx.Done():
	}
	select {
	case c := <-said: // it ended because it had answered
		return c
	default:
		return PrinterCheck(hw.PrinterState{Code: hw.PrinterSilent}, nil)
	}
}

func (l *loop) readerCheck() page.Check {
	c := page.Check{Thing: page.ThingReader, Mark: page.Fine, State: "fine"}
	gone, _ := l.last.(session.ReaderGone)
	switch {
	case l.hung:
		gone.Code = string(hw.ReaderHung)
	case l.last == nil:
		c.Mark, c.State = page.Unclear, "unknown"
	case l.state.Fault() == string(hw.DoorOpen):
		gone.Code = string(hw.DoorOpen) // the reader may be well
	case l.state.Down() && gone.Code == "":
		gone.Code = string(hw.ReaderOther) // a card could not be opened a moment ago
	}
	if gone.Code != "" {
		c.Mark, c.State, c.Code = page.Bad, "fault", gone.Code
	}
	return c
}

func (l *loop) stateCheck() page.Check {
	switch {
	case l.unkept():
		return page.Check{Thing: page.ThingState, Mark: page.Bad, State: "fault", Code: string(hw.StateLost)}
	case l.Records == nil:
		return page.Check{Thing: page.ThingState, State: "absent"}
	}
	return page.Check{Thing: page.ThingState, Mark: page.Fine, State: "fine"}
}

func (l *loop) lampCheck() page.Check {
	lines := l.Profile.Lines
	switch {
	case l.dark != "":
		return page.Check{Thing: page.ThingLamps, Mark: page.Attention, State: "fault", Code: string(l.dark)}
	case l.Lamps == nil || lines.White+lines.Blue+lines.Green+lines.Yellow+lines.Red == "":
		return page.Check{Thing: page.ThingLamps, State: "absent"}
	}
	return page.Check{Thing: page.ThingLamps, Mark: page.Fine, State: "fine"}
}
