package system

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/hw/hwtest"
)

var moment = time.Date(2027, 3, 5, 0, 10, 0, 0, time.UTC)

// granted is one wish as the units saw it.
type granted struct {
	Wish string
	At   time.Time
}

// ask calls f in a folder of its own whose wishes are granted, and returns them.
func ask(t *testing.T, f func(context.Context, *System) error) (got []granted) {
	t.Helper()
	dir := t.TempDir()
	w := hwtest.NewWishes(dir, func(wish string, at time.Time) { got = append(got, granted{wish, at.UTC()}) })
	if err := f(t.Context(), Open(dir)); err != nil {
		t.Errorf("a wish that is taken = %v; want nil", err)
	}
	w.Close()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v stay behind", left)
	}
	return got
}

func TestWishes(t *testing.T) {
	for _, tt := range []struct {
		f    func(context.Context, *System) error
		want granted
	}{
		{func(ctx context.Context, s *System) error { return s.SetTime(ctx, moment) }, granted{"set-time", moment}},
		{func(ctx context.Context, s *System) error { return s.RestartReader(ctx) }, granted{"restart-reader", fake}},
		{func(ctx context.Context, s *System) error { return s.Reboot(ctx) }, granted{"reboot", fake}},
		{func(ctx context.Context, s *System) error { return s.Install(ctx) }, granted{"install", fake}},
		{func(ctx context.Context, s *System) error { return s.UnlockStick(ctx) }, granted{"unlock-stick", fake}},
		{func(ctx context.Context, s *System) error { return s.LockStick(ctx) }, granted{"lock-stick", fake}},
		{func(ctx context.Context, s *System) error { return s.KeepSlot(ctx) }, granted{"keep-slot", fake}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if diff := cmp.Diff([]granted{tt.want}, ask(t, tt.f)); diff != "" {
				t.Errorf("granted (-want +got):\n%s", diff)
			}
		})
	}
}

// fake is where a bubble's clock begins.
var fake = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Without units a wish is taken back, and nothing happens when they come later.
func TestNobodyTakesAWish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, begun := Open(dir), time.Now()
		err := s.Reboot(t.Context())
		if took := time.Since(begun); hw.CodeOf(err, "") != hw.WishIgnored || took != patience {
			t.Errorf("Reboot = %v after %v; want %s after %v", err, took, hw.WishIgnored, patience)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%v stay behind", left)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := s.Reboot(ctx); !errors.Is(err, context.Canceled) || hw.CodeOf(err, "") != "" {
			t.Errorf("Reboot that is given up = %v; want %v without a code", err, context.Canceled)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%v stay behind after it was given up", left)
		}
	})
}

// A folder that is not there is units that are not installed.
func TestNoFolder(t *testing.T) {
	s := Open(filepath.Join(t.TempDir(), "wishes"))
	if err := s.SetTime(t.Context(), moment); hw.CodeOf(err, "") != hw.WishIgnored {
		t.Errorf("SetTime = %v; want %s", err, hw.WishIgnored)
	}
}

// Two wishes at once: each is granted, and the moment that had to wait is still right.
func TestWishesWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := Open(dir)
		rebooted := make(chan error, 1)
		go func() { rebooted <- s.Reboot(t.Context()) }()
		synctest.Wait()
		set := make(chan error, 1)
		go func() { set <- s.SetTime(t.Context(), moment) }()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Install(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("Install that is given up before its turn = %v; want %v", err, context.Canceled)
		}
		if err := <-rebooted; hw.CodeOf(err, "") != hw.WishIgnored {
			t.Errorf("Reboot = %v; want %s", err, hw.WishIgnored)
		}
		var got []granted
		w := hwtest.NewWishes(dir, func(wish string, at time.Time) { got = append(got, granted{wish, at.UTC()}) })
		if err := <-set; err != nil {
			t.Errorf("SetTime = %v; want nil", err)
		}
		w.Close()
		if diff := cmp.Diff([]granted{{"set-time", moment.Add(patience)}}, got); diff != "" {
			t.Errorf("granted (-want +got):\n%s", diff)
		}
	})
}

// What an earlier program left behind is withdrawn, and if that fails, replaced.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	lay := func(wish string) {
		if err := os.WriteFile(filepath.Join(dir, wish), []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, wish := range wishNames {
		lay(wish)
	}
	s := Open(dir)
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("Open leaves %v", left)
	}
	lay(setTime)
	if err := s.lay(setTime, moment); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(s.path(setTime))
	if err != nil || !info.ModTime().Equal(moment) || info.Size() != 0 {
		t.Errorf("the wish is %v, %v; want an empty file of %v", info, err, moment)
	}
}
