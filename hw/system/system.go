// Package system asks for the few things that need privilege: set the clock, restart the reader's service, reboot, let a USB
// stick in and out, install an update, keep a system that is on trial. A wish is an empty file of a fixed name; a fixed unit of systemd takes it away and does that one
// thing. The wished moment is the file's own time, so that nobody with privilege ever reads what the kiosk wrote.
//
// The package must never execute anything, never hold a privilege and never wish by itself.
package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kagimado/hw"
)

// Folder is where the units look for wishes (systemd/tmpfiles.d). It lies in memory: a reboot forgets every wish.
const Folder = "/run/kagimado/wishes"

// Names of wishes, as the units have them.
const (
	setTime       = "set-time"
	restartReader = "restart-reader"
	reboot        = "reboot"
	install       = "install"
	unlockStick   = "unlock-stick"
	lockStick     = "lock-stick"
	keepSlot      = "keep-slot"
)

// wishNames are all there are.
var wishNames = []string{setTime, restartReader, reboot, install, unlockStick, lockStick, keepSlot}

// A unit that is there takes a wish within a second, also on a busy Pi. One that needs longer does not run.
const (
	patience = 5 * time.Second
	poll     = 50 * time.Millisecond
)

var errIgnored = errors.New("no unit took it")

// System is where wishes are laid down. Its methods may be called from any goroutine; one wish waits for the other.
type System struct {
	dir  string
	turn chan struct{} // full while somebody wishes
}

// Open makes wishes in dir, which is Folder but for tests. What an earlier program wished and nobody took is withdrawn:
// nobody waits for it any more.
func Open(dir string) *System {
	s := &System{dir, make(chan struct{}, 1)}
	for _, wish := range wishNames {
		_ = os.Remove(s.path(wish)) // or the next wish of that name replaces it
	}
	return s
}

// SetTime wishes that the machine's clock, and the one with a battery, be set to at, which is now; what passes until
// the wish lies there is added. The unit counts in whole seconds, and refuses a wish older than ten of them.
//
// Like the wishes below it returns once a unit took the wish up, which says nothing of how it ended. When none does
// within five seconds the wish is withdrawn and the error is a hw.Fault with S-02. When ctx ends it is withdrawn too.
func (s *System) SetTime(ctx context.Context, at time.Time) error { return s.wish(ctx, setTime, at) }

// RestartReader wishes that the PC/SC service be killed and started anew. Every connection to it breaks.
func (s *System) RestartReader(ctx context.Context) error {
	return s.wish(ctx, restartReader, time.Now())
}

// Reboot wishes that the machine start anew, in order.
func (s *System) Reboot(ctx context.Context) error { return s.wish(ctx, reboot, time.Now()) }

// Install wishes that the update which was found on the stick be installed. That takes minutes; how far it is stands where root
// tells (hw/update).
func (s *System) Install(ctx context.Context) error { return s.wish(ctx, install, time.Now()) }

// UnlockStick wishes that a USB stick be let in and looked at for an update. What root tells of an earlier one is gone when
// the wish is taken (hw/update).
func (s *System) UnlockStick(ctx context.Context) error { return s.wish(ctx, unlockStick, time.Now()) }

// LockStick wishes that no USB stick be let in any more.
func (s *System) LockStick(ctx context.Context) error { return s.wish(ctx, lockStick, time.Now()) }

// KeepSlot wishes that the system that runs stay.
func (s *System) KeepSlot(ctx context.Context) error { return s.wish(ctx, keepSlot, time.Now()) }

func (s *System) path(wish string) string { return filepath.Join(s.dir, wish) }

func (s *System) wish(ctx context.Context, wish string, at time.Time) error {
	begun := time.Now()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wishing %s: %w", wish, ctx.Err())
	}
	if err := s.lay(wish, at.Add(time.Since(begun))); err != nil {
		return &hw.Fault{Code: hw.WishIgnored, Err: fmt.Errorf("wishing %s: %w", wish, err)}
	}
	look := time.NewTicker(poll)
	defer look.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-look.C:
			if _, err := os.Lstat(s.path(wish)); errors.Is(err, fs.ErrNotExist) {
				return nil
			}
		case <-late.C:
			if s.withdraw(wish) {
				return &hw.Fault{Code: hw.WishIgnored, Err: fmt.Errorf("wishing %s: %w", wish, errIgnored)}
			}
			return nil
		case <-ctx.Done():
			if s.withdraw(wish) {
				return fmt.Errorf("wishing %s: %w", wish, ctx.Err())
			}
			return nil
		}
	}
}

// lay makes the wish appear complete, in one step, in place of one that still lies there. Its time of change is the
// wished moment; its time of access is what the machine's clock shows now, right or wrong, from which the unit counts.
func (s *System) lay(wish string, at time.Time) error {
	hidden := s.path("." + wish)
	if err := os.WriteFile(hidden, nil, 0o600); err != nil {
		return err
	}
	if err := os.Chtimes(hidden, time.Now(), at); err != nil {
		return err
	}
	return os.Rename(hidden, s.path(wish))
}

// withdraw takes the wish back. It is false when a unit was quicker: who removes the file decides.
func (s *System) withdraw(wish string) bool {
	return !errors.Is(os.Remove(s.path(wish)), fs.ErrNotExist)
}
