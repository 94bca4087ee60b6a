package kiosk

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
)

// A new system is on trial until this program says that it is as good as the one before: then root keeps it. A system that nobody
// speaks for is left by itself, and the earlier one comes back.
const (
	trialEvery = 10 * time.Second // it is looked at, until it passes

	beforeRecord   = "update"    // what was wrong when a new system was asked for
	fellBackRecord = "fell-back" // the version that staff were told of
)

// burden is what a code says of a new system.
type burden uint8

const (
	never  burden = iota // people, paper and the restart itself bring it about, whatever the system
	newly                // it may be the system, or a cable that came loose meanwhile: only if it was not there before
	always               // nothing but the system brings it about
)

// burdens are all codes. One that stood in the record before the update is never held against the new system; where there is no
// record, only those of always are: a missing printer may have been missing for a year.
var burdens = map[hw.Code]burden{
	hw.ReaderService: always, hw.ReaderDenied: always, hw.ReaderHung: always, // its services, rights and drivers
	hw.ReaderMissing: newly, hw.ReaderBusy: newly, hw.ReaderOther: newly, // a driver that is gone, or a plug
	hw.PrinterMissing: newly, hw.PrinterSilent: newly, hw.PrinterBroken: newly,
	hw.PrinterPaper: never, hw.PrinterCover: never, hw.PrinterFault: never, hw.PrinterOffline: never, // the printer says so itself
	hw.LinesMissing: newly, hw.LinesBusy: newly,
	hw.DoorOpen: never, // staff stand there
	// A kiosk without a battery does not know the day after a restart, and asks.
	hw.ClockUntrusted: never, hw.ClockJumped: never, hw.ClockBattery: never,
	hw.StateLost: always, hw.WishIgnored: always, hw.Restarted: always,
	hw.TerminalSilent: always, hw.TerminalSmall: always,
	hw.ProfileMistake: newly, // a program that no longer understands the office's file
	// What is on a stick, or in a copy of the content, is no part of the system.
	hw.StickMissing: never, hw.StickFailed: never, hw.UpdateMissing: never, hw.UpdateUnsigned: never, hw.UpdateOther: never,
	hw.UpdateOld: never, hw.UpdateLarge: never, hw.UpdateDamaged: never, hw.UpdateUnknown: never, hw.UpdateFellBack: never, hw.ContentUnusable: never,
}

// trial is what is known of the system that runs.
type trial struct {
	on     bool // nobody has spoken for it
	before *before
	held   []hw.Code // against it, as last logged

	look  *time.Timer
	tests chan []page.Check
	kept  chan error
	asked bool // an answer is still to come
}

// before is the record of what was wrong when a new system was asked for.
type before struct {
	Schema  int       `json:"schema"`
	Version string    `json:"version"` // the new one
	Codes   []hw.Code `json:"codes"`
}

// against returns those codes that are held against a new system, in order, each once.
func (b *before) against(now []hw.Code) (held []hw.Code) {
	for _, c := range now {
		weight, known := burdens[c]
		switch {
		case b != nil && slices.Contains(b.Codes, c), slices.Contains(held, c):
		case !known, weight == always, weight == newly && b != nil: // a code nobody has thought of is no good sign
			held = append(held, c)
		}
	}
	slices.Sort(held)
	return held
}

// keepBefore writes down what is wrong before a new system is installed. Without it the new one is judged by less.
func (l *loop) keepBefore(version string, codes []hw.Code) {
	if l.Records == nil {
		return
	}
	slices.Sort(codes)
	data, err := json.Marshal(before{1, version, slices.Compact(codes)})
	if err == nil {
		err = l.Records.Save(beforeRecord, data)
	}
	if err != nil {
		l.Log.Error("what is wrong before the update is not kept", "code", hw.StateLost, "error", err)
		l.tellFault(hw.StateLost)
	}
}

// beginTrial finds out whether the system that runs is on trial, and whether another one failed.
func (l *loop) beginTrial() {
	l.trial.look, l.trial.tests, l.trial.kept = stopped(), make(chan []page.Check), make(chan error)
	if l.Updates == nil {
		return
	}
	slot, err := l.Updates.Slot()
	if err != nil {
		l.Log.Warn("what root tells of the slot is not understood", "error", err)
		return
	}
	if slot.FellBack != "" {
		l.heedFallBack(slot.FellBack)
	}
	if l.trial.on = slot.Trial && l.System != nil; !l.trial.on {
		return
	}
	r := record{records: l.Records, name: beforeRecord}
	var b before
	if err := r.load(&b); err != nil {
		l.Log.Warn("what was wrong before the update is not known", "error", err)
	} else if b.Version != "" && b.Version == slot.Version {
		l.trial.before = &b
	}
	l.Log.Info("the system is on trial", "slot", slot.Name, "version", slot.Version, "record", l.trial.before != nil)
}

// tryOut looks at the system on trial, beside the loop.
func (l *loop) tryOut(ctx context.Context) {
	t := &l.trial
	if !t.on || t.asked {
		return
	}
	if slot, err := l.Updates.Slot(); err == nil && !slot.Trial && slot.Name != "" {
		t.on = false // root has kept it
		l.Log.Info("the system is kept", "version", slot.Version)
		return
	}
	t.asked = true
	checks, ask := l.parts(ctx)
	l.wait.Go(func() {
		if ask != nil {
			ask()
		}
		select {
		case t.tests <- checks:
		case <-l.done:
		}
	})
}

// tested judges the system on trial and asks root to keep it, or looks again a little later.
func (l *loop) tested(ctx context.Context, checks []page.Check) {
	t := &l.trial
	held := t.before.against(append(l.codes(), codesOf(checks)...))
	unheard := slices.ContainsFunc(checks, func(c page.Check) bool { return c.Thing == page.ThingReader && c.State == "unknown" })
	if len(held) > 0 && !slices.Equal(held, t.held) {
		l.Log.Error("the system on trial does not pass", "codes", held)
	}
	t.held = held
	if len(held) > 0 || unheard {
		t.asked = false
		t.look.Reset(trialEvery)
		return
	}
	l.wait.Go(func() {
		err := l.wished(ctx, "keep-slot", l.System.KeepSlot)
		select {
		case t.kept <- err:
		case <-l.done:
		}
	})
}

// keptSlot takes in whether root took the wish to keep the system.
func (l *loop) keptSlot(err error) {
	t := &l.trial
	t.asked = false
	if err != nil {
		l.note(hw.CodeOf(err, hw.WishIgnored))
		t.look.Reset(trialEvery)
		return
	}
	t.on = false
	l.Log.Info("the system on trial passes")
}

// codesOf are the codes of checks.
func codesOf(checks []page.Check) (all []hw.Code) {
	for _, c := range checks {
		if c.Code != "" {
			all = append(all, hw.Code(c.Code))
		}
	}
	return all
}

// codes are what is wrong now that no part of a self-test tells.
func (l *loop) codes() (all []hw.Code) {
	all = slices.Clone(l.Faults)
	if cols, rows := l.Screen.Size(); cols < screen.MinCols || rows < screen.MinRows {
		all = append(all, hw.TerminalSmall)
	}
	if l.unclean {
		all = append(all, hw.Restarted)
	}
	return all
}

// fellBack is the record of a system that was tried in vain.
type fellBack struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	Seen    bool   `json:"seen"` // by staff, who looked at the faults since
}

// heedFallBack notes once that a new system failed, and calls staff until they have looked.
func (l *loop) heedFallBack(version string) {
	r := record{records: l.Records, name: fellBackRecord}
	var f fellBack
	if err := r.load(&f); err != nil {
		l.Log.Warn("whether staff know of the system that failed is not known", "error", err)
	}
	if f.Version != version {
		l.note(hw.UpdateFellBack)
		f = fellBack{Schema: 1, Version: version}
		l.keepFallBack(f)
	}
	l.Log.Error("a new system failed, and the earlier one runs", "code", hw.UpdateFellBack, "version", version)
	if !f.Seen {
		l.failed = f
	}
}

// seenFallBack takes in that staff looked at the faults.
func (l *loop) seenFallBack() {
	if l.failed.Version == "" {
		return
	}
	f := l.failed
	f.Seen = true
	l.failed = fellBack{}
	l.wait.Go(func() { l.keepFallBack(f) })
}

func (l *loop) keepFallBack(f fellBack) {
	if l.Records == nil {
		return
	}
	data, err := json.Marshal(f)
	if err == nil {
		err = l.Records.Save(fellBackRecord, data)
	}
	if err != nil {
		l.Log.Error("it is not kept that a system failed", "code", hw.StateLost, "error", err)
	}
}
