//go:build image

package image_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kagimado/hw"
	"kagimado/hw/hwtest/disk"
)

// tornTest cuts the power in the middle of an installation, after so many sectors as to hit every part of it, and starts
// the card as a board does.
func tornTest(t *testing.T, r *results) {
	card := written(t, remade(t, "", ""))
	image := stick(t, bundled(t, "system", remade(t, versionGood, ""), versionGood))
	// A card that has served: a profile that was good, a slip that was counted.
	m := boot(t, virt, card)
	m.open()
	if !m.served(time.Minute) {
		t.Fatal("nobody is served to begin with")
	}
	m.leave()
	m.tell("test -s /state/kagimado/profile; sync")
	m.cut()

	install := func(t *testing.T, sd string, cutAfter func(d *disk.Disk)) (sectors int, done bool) {
		socket := filepath.Join(room(t), "nbd")
		d, err := disk.Serve(sd, socket, disk.Cached)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		m := boot(t, virt, "nbd:"+socket)
		m.open()
		m.plugStick(image)
		m.wish("unlock-stick")
		if said := m.tells(time.Minute, hw.UpdateFound, hw.UpdateRefused); said.Stage != string(hw.UpdateFound) {
			t.Fatalf("root tells %+v; want found", said)
		}
		before, _ := d.Written()
		cutAfter(d)
		m.wish("install")
		for late := time.Now().Add(5 * time.Minute); time.Now().Before(late); {
			select {
			case <-d.Dead():
				m.cut()
				now, _ := d.Written()
				return now - before, false
			case <-time.After(300 * time.Millisecond):
			}
			out, _, err := m.shell.run("cat /run/kagimado/update", 3*time.Second)
			if err == nil && strings.Contains(out, `"installed"`) {
				now, _ := d.Written()
				d.Cut(uint64(now)) // right after the last word
				m.cut()
				return now - before, true
			}
			if err == nil && strings.Contains(out, `"refused"`) {
				t.Fatalf("root tells %s; want installed", out)
			}
		}
		t.Fatal("the installation does not end")
		return 0, false
	}
	// after starts the card as a board does and tells which slot runs.
	after := func(t *testing.T, sd string) string {
		m := appliance(t, sd)
		m.up()
		m.statePartitionIsGood(0)
		slot := m.slotTold()
		if want := map[string]string{"A": isBuilt(t), "B": versionGood}[slot.Slot]; slot.Version != want {
			t.Errorf("in slot %s %s runs; want %s", slot.Slot, slot.Version, want)
		}
		m.open()
		if !m.served(time.Minute) {
			t.Error("nobody is served")
		}
		if slot.Slot == "B" { // it has passed by now
			m.tell("for i in $(seq 120); do grep -q '\"trial\":false' /run/kagimado/slot && exit 0; sleep 1; done; cat /run/kagimado/slot; exit 1")
		}
		m.cut()
		return slot.Slot
	}

	var whole int
	t.Run("uncut", func(t *testing.T) {
		sd := copied(t, card, "sd.img")
		sectors, done := install(t, sd, func(*disk.Disk) {})
		if whole = sectors; !done {
			t.Fatal("it was cut")
		}
		// Flushed is what was told: even a cut right after the word "installed" loses nothing.
		if slot := after(t, sd); slot != "B" {
			t.Errorf("slot %s runs after an installation that was told; want B", slot)
		}
	})
	if t.Failed() {
		return
	}
	// While U-Boot's environment is written, at random, and while everything is finished.
	chance := rand.New(rand.NewPCG(seed, 3))
	moments := []int{9, chance.IntN(whole), chance.IntN(whole), chance.IntN(whole), whole - 12}
	var ran []string
	for i, n := range moments {
		t.Run(fmt.Sprintf("cut-after-%d", n), func(t *testing.T) {
			sd := copied(t, card, "sd.img")
			install(t, sd, func(d *disk.Disk) { d.CutAfter(n, uint64(i)) })
			ran = append(ran, after(t, sd))
		})
	}
	r.add(t, fmt.Sprintf("update: power cut at %d moments of an installation of %d sectors, unflushed sectors lost, torn and out of order: the slot that ran, profile and counts kept, next card served",
		len(ran)+1, whole), strings.Join(append([]string{"B"}, ran...), " "), "every time one")
}
