package kiosk

import (
	"context"
	"errors"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

// A USB stick is let in only while staff stand in the room of the update, or for as long as it takes to write their statistics.
// Root mounts it, looks at it and installs what is on it; the loop wishes, reads what root tells, and hands it on. Whatever
// root does or does not do, staff are told an end.
const (
	stickFor   = 20 * time.Second // a stick is looked for
	stickAgain = 2 * time.Second  // after which root is asked to look once more
	toldEvery  = 500 * time.Millisecond
	lookFor    = time.Minute      // root may wait for a stick and look at it before it is given up
	installFor = 20 * time.Minute // an installation may tell the same before it is given up
)

// dock is one time that a stick is let in.
type dock struct {
	attempt int
	cancel  context.CancelFunc
	install chan struct{}
	reboot  chan struct{}
}

// updatable tells whether a stick can be let in.
func (c *Config) updatable() bool { return c.System != nil && c.Updates != nil }

// unlockStick lets a stick in for staff, beside the loop.
func (l *loop) unlockStick(ctx context.Context, attempt int) {
	if !l.updatable() {
		return
	}
	l.lockStick(l.dock.attempt)
	inside, cancel := context.WithCancel(ctx)
	l.dock = dock{attempt, cancel, make(chan struct{}, 1), make(chan struct{}, 1)}
	d := l.dock
	l.wait.Go(func() { l.attend(ctx, inside, d) })
}

// lockStick ends what unlockStick began.
func (l *loop) lockStick(attempt int) {
	if l.dock.cancel != nil && l.dock.attempt == attempt {
		l.dock.cancel()
		l.dock = dock{}
	}
}

// attend follows root from the stick to the reboot, until inside ends. It locks the stick, unless the whole program ends: then root
// goes on with what it does, and the next program locks.
func (l *loop) attend(ctx, inside context.Context, d dock) {
	select {
	case l.slotTurn <- struct{}{}:
		defer func() { <-l.slotTurn }()
	case <-inside.Done():
		return
	}
	defer l.wishLocked(ctx)
	tell := func(u hw.Update) { l.tellUpdate(inside, d.attempt, u) }
	begun := l.told()
	switch {
	case begun == l.givenUp:
		begun = hw.Update{}
	case begun.Stage == hw.UpdateInstalling, begun.Stage == hw.UpdateInstalled && begun.Kind == hw.UpdateSystem:
		tell(begun) // by a program before this one
	default:
		begun = hw.Update{}
	}
	if begun == (hw.Update{}) {
		begun = l.lookAtStick(inside)
		tell(begun)
		if begun.Stage != hw.UpdateFound || !awaited(inside, d.install) {
			<-inside.Done()
			return
		}
		if err := l.wished(inside, "install", l.System.Install); err != nil {
			tell(refused(hw.CodeOf(err, hw.WishIgnored)))
			<-inside.Done()
			return
		}
	}
	if begun.Stage != hw.UpdateInstalled {
		l.followInstallation(inside, begun, tell)
	}
	if awaited(inside, d.reboot) {
		if err := l.wished(inside, "reboot", l.System.Reboot); err != nil {
			tell(refused(hw.CodeOf(err, hw.WishIgnored)))
		}
	}
	<-inside.Done()
}

func awaited(ctx context.Context, asked <-chan struct{}) bool {
	select {
	case <-asked:
		return true
	case <-ctx.Done():
		return false
	}
}

func refused(code hw.Code) hw.Update { return hw.Update{Stage: hw.UpdateRefused, Code: code} }

// lookAtStick asks root to look at a stick, again while there is none, and returns what was found or why nothing was. A wish that is not
// taken is laid again as well: root may still look for what staff asked for before they left and came back.
func (l *loop) lookAtStick(ctx context.Context) hw.Update {
	for begun := time.Now(); ; {
		u := l.letIn(ctx)
		if u.Code != hw.StickMissing && u.Code != hw.WishIgnored || time.Since(begun) >= stickFor || !slept(ctx, stickAgain) {
			return u
		}
	}
}

// letIn asks root to let a stick in, and returns what it found or why nothing was.
func (l *loop) letIn(ctx context.Context) hw.Update {
	if err := l.wished(ctx, "unlock-stick", l.System.UnlockStick); err != nil {
		return refused(hw.CodeOf(err, hw.WishIgnored))
	}
	for begun := time.Now(); ; {
		switch u := l.told(); {
		case u.Stage == hw.UpdateFound || u.Stage == hw.UpdateRefused:
			return u
		case time.Since(begun) >= lookFor && u.Stage == hw.UpdateLooking:
			return refused(hw.StickFailed)
		case time.Since(begun) >= lookFor:
			return refused(hw.WishIgnored)
		}
		if !slept(ctx, toldEvery) {
			return refused(hw.WishIgnored) // to nobody
		}
	}
}

// followInstallation tells every change until root has installed or refused; last is what it told before.
func (l *loop) followInstallation(ctx context.Context, last hw.Update, tell func(hw.Update)) {
	for since := time.Now(); ; {
		u := l.told()
		if u == last && time.Since(since) < installFor {
			if !slept(ctx, toldEvery) {
				return
			}
			continue
		}
		if u == last {
			l.Log.Error("the installation is given up", "stage", u.Stage, "percent", u.Percent)
			l.givenUp = u
			u = refused(hw.UpdateDamaged)
		}
		last, since = u, time.Now()
		switch u.Stage {
		case hw.UpdateInstalling:
			tell(u)
		case hw.UpdateInstalled, hw.UpdateRefused:
			tell(u)
			return
		}
	}
}

// slept waits; it is false when ctx ended first.
func slept(ctx context.Context, d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// told is what root tells; what cannot be read is nothing known.
func (l *loop) told() hw.Update {
	u, err := l.Updates.Update()
	if err != nil {
		l.Log.Warn("what root tells of updates is not understood", "error", err)
		return hw.Update{}
	}
	return u
}

// tellUpdate hands to staff how an update stands, unless they have left.
func (l *loop) tellUpdate(inside context.Context, attempt int, u hw.Update) {
	if inside.Err() != nil {
		return
	}
	switch u.Stage {
	case hw.UpdateRefused:
		l.Log.Warn("an update is refused", "code", u.Code, "kind", u.Kind, "version", u.Version)
		l.tellFault(u.Code)
	case hw.UpdateInstalling:
	default:
		l.Log.Info("update", "stage", u.Stage, "kind", u.Kind, "version", u.Version)
	}
	ev := session.UpdateTold{Attempt: attempt, Update: page.UpdateState{
		Stage: page.UpdateStage(u.Stage), Kind: string(u.Kind), Version: u.Version, Running: u.Running, Code: string(u.Code), Percent: u.Percent,
	}}
	select {
	case l.answers <- ev:
	case <-inside.Done():
	case <-l.done:
	}
}

// wished lays a wish and waits until it is taken.
func (l *loop) wished(ctx context.Context, what string, ask func(context.Context) error) error {
	err := ask(ctx)
	switch {
	case err == nil:
		l.Log.Info("the system took up a wish", "wish", what)
	case ctx.Err() == nil:
		l.Log.Error("the system does not take up a wish", "wish", what, "code", hw.CodeOf(err, hw.WishIgnored), "error", err)
	}
	return err
}

// wishLocked lets no stick in any more. A program that ends leaves it to the next (lockLeft).
func (l *loop) wishLocked(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	if err := l.wished(ctx, "lock-stick", l.System.LockStick); err != nil && ctx.Err() == nil {
		l.tellFault(hw.CodeOf(err, hw.WishIgnored))
	}
}

// lockLeft locks what a program before this one let in.
func (l *loop) lockLeft(ctx context.Context) {
	if !l.updatable() {
		return
	}
	if u := l.told(); u.Stage == "" || u.Stage == hw.UpdateInstalling {
		return
	}
	l.slotTurn <- struct{}{} // nobody else has had it
	l.wait.Go(func() {
		defer func() { <-l.slotTurn }()
		l.wishLocked(ctx)
	})
}

// install asks for what was found, after what is wrong now has been written down: a new system is held against it.
func (l *loop) install(ctx context.Context, e session.Install) {
	if l.dock.attempt != e.Attempt || l.dock.install == nil {
		return
	}
	asked := l.dock.install
	checks, ask := l.parts(ctx)
	before := l.codes()
	l.wait.Go(func() {
		if ask != nil {
			ask()
		}
		if e.Kind == page.UpdateSystem {
			l.keepBefore(e.Version, append(before, codesOf(checks)...))
		}
		asked <- struct{}{}
	})
}

// reboot asks for the machine to start anew.
func (l *loop) reboot(attempt int) {
	if l.dock.attempt == attempt && l.dock.reboot != nil {
		select {
		case l.dock.reboot <- struct{}{}:
		default:
		}
	}
}

var errInstalling = errors.New("an update is being installed")

// onStick lets a stick in, writes onto it, and locks it. Where nobody can let one in, it is mounted or it is not.
func (l *loop) onStick(ctx context.Context, write func() (string, error)) (name string, err error) {
	if !l.updatable() {
		return write()
	}
	select {
	case l.slotTurn <- struct{}{}:
		defer func() { <-l.slotTurn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if l.told().Stage == hw.UpdateInstalling {
		return "", &hw.Fault{Code: hw.StickFailed, Err: errInstalling}
	}
	defer l.wishLocked(ctx)
	switch u := l.letIn(ctx); u.Code {
	case hw.StickMissing, hw.StickFailed, hw.WishIgnored:
		return "", &hw.Fault{Code: u.Code, Err: errors.New("no stick was let in")}
	}
	return write() // with an update on it or without
}
