package hwtest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/system"
	"kagimado/hw/update"
)

const (
	newVersion = "2026-11-29.165101.4c01c99"
	oldVersion = "2026-10-01.000000.abcdef0"
)

// TestRoot plays an update with the real wishes and the real reader of what root tells: every stage comes, nothing of an earlier stick is
// told of a new one, and what cannot be installed is refused.
func TestRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := hwtest.NewRoot(t.TempDir(), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		wish, from := system.Open(r.Wishes()), update.Told{UpdateFile: r.UpdateFile(), SlotFile: r.SlotFile()}
		told := func() hw.Update {
			u, err := from.Update()
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		until := func(stage hw.UpdateStage, within time.Duration) (percents []int) {
			t.Helper()
			for begun := time.Now(); told().Stage != stage; time.Sleep(100 * time.Millisecond) {
				if u := told(); u.Stage == hw.UpdateInstalling && !slices.Contains(percents, u.Percent) {
					percents = append(percents, u.Percent)
				}
				if time.Since(begun) > within {
					t.Fatalf("after %v it is at %+v; want %s", within, told(), stage)
				}
			}
			return percents
		}
		unlock := func() {
			t.Helper()
			if err := wish.UnlockStick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		unlock()
		until(hw.UpdateRefused, 2*time.Second)
		if u := told(); u.Code != hw.StickMissing {
			t.Errorf("without a stick: %+v", u)
		}

		stick := &hwtest.Stick{Kind: hw.UpdateSystem, Version: newVersion, Running: oldVersion}
		r.Plug(stick)
		unlock()
		if u := told(); u.Stage == hw.UpdateRefused {
			t.Errorf("what was told of an earlier stick is told of a new one: %+v", u)
		}
		until(hw.UpdateFound, 2*time.Second)
		want := hw.Update{Stage: hw.UpdateFound, Kind: hw.UpdateSystem, Version: newVersion, Running: oldVersion}
		if diff := cmp.Diff(want, told()); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
		if err := wish.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
		if percents := until(hw.UpdateInstalled, time.Minute); len(percents) < 20 || !slices.IsSorted(percents) || percents[len(percents)-1] != 100 {
			t.Errorf("it is told as %v percent", percents)
		}

		stick.Fails = hw.UpdateDamaged
		unlock()
		until(hw.UpdateFound, 2*time.Second)
		if err := wish.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
		if percents := until(hw.UpdateRefused, time.Minute); told().Code != hw.UpdateDamaged || slices.Max(percents) > 50 {
			t.Errorf("a damaged one is told as %v percent and %+v", percents, told())
		}

		if err := wish.LockStick(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := wish.Install(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if u := told(); u.Code != hw.StickMissing {
			t.Errorf("from a stick that is locked out: %+v", u)
		}

		if s, err := from.Slot(); s != (hw.Slot{}) || err != nil {
			t.Errorf("before it stands: %+v, %v", s, err)
		}
		slot := hw.Slot{Name: "B", Version: newVersion, Trial: true, FellBack: oldVersion}
		if err := r.Stand(slot); err != nil {
			t.Fatal(err)
		}
		if s, err := from.Slot(); s != slot || err != nil {
			t.Errorf("slot is %+v, %v; want %+v", s, err, slot)
		}
		if diff := cmp.Diff([]string{"unlock-stick", "unlock-stick", "install", "unlock-stick", "install", "lock-stick", "install"}, r.Wished()); diff != "" {
			t.Errorf("wished (-want +got):\n%s", diff)
		}
	})
}
