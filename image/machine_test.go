//go:build image

package image_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"kagimado/kiosk/site"
)

// The tests of what tests: a machine without any software in it.

func TestMachine(t *testing.T) {
	sd := filepath.Join(room(t), "sd.img")
	if err := os.WriteFile(sd, make([]byte, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	m := start(t, virt, sd, []string{"-S"}) // QEMU hangs when it adds a device to a processor that runs wild
	plugged := func(id string, want bool) {
		t.Helper()
		for late := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			var is bool
			if err := m.do("qom-get", arguments{"path": "/machine/peripheral/" + id, "property": "attached"}, &is); err != nil {
				t.Fatal(err)
			}
			if is == want {
				return
			}
			if time.Now().After(late) {
				t.Errorf("that the %s is plugged in is %v; want %v", id, is, want)
				return
			}
		}
	}
	plugged("reader", true)
	plugged("printer", true)
	m.unplug()
	plugged("printer", false)
	m.plugPrinter()
	plugged("printer", true)
	m.lay("all-fine")
	m.unplugReader()
	m.plugReader()
	plugged("reader", true)
	m.lay("all-fine")
	if !m.slot.Laid() || !m.slot.Lift() {
		t.Error("a card cannot be laid")
	}
	if level, err := m.word(m.board.lamps); level != 0 || err != nil {
		t.Errorf("the lines of a machine that does nothing are %x, %v", level, err)
	}
	if s := m.look(); s.has(attract) {
		t.Errorf("a machine that does nothing shows\n%s", s)
	}
	m.cut()
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(m.pid))); err == nil {
		t.Error("QEMU is still there after the power was cut")
	}
}

// The profile of the test is one without mistakes.
func TestProfile(t *testing.T) {
	for _, b := range []board{virt, raspi3b} {
		if _, problems := site.Load("kiosk.toml", []byte(profile(t, b))); len(problems) > 0 {
			t.Errorf("%s: %v", b.name, problems)
		}
	}
}

func TestLampsInOrder(t *testing.T) {
	w := &watch{all: map[string]time.Time{}}
	for _, level := range []uint32{0, 1, 0, 1, 1 | 1<<6, 1 << 1, 0, 1<<2 | 1<<7, 1} {
		w.note(virt, level)
	}
	if got, want := w.since(), []string{"dark", "white", "blue", "green", "white"}; !slices.Equal(got, want) {
		t.Errorf("the lamps were %q; want %q", got, want)
	}
	if !w.on("beeper", time.Time{}) || w.on("yellow", time.Time{}) {
		t.Error("beeper and yellow are mixed up")
	}
	if got := w.since(); inOrder(got, []string{"blue", "dark"}) || !inOrder(got, []string{"white", "green"}) {
		t.Error("inOrder is wrong")
	}
}
