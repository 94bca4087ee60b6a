//go:build image

package image_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// loginUnit is what the same root would be without a kiosk: a login on the serial line, as Debian's own unit starts it.
func loginUnit(t *testing.T) string {
	t.Helper()
	var unit []string
	for _, line := range strings.Split(tools(t, "unsquashfs", "-cat", build(t, "root.squashfs"), "usr/lib/systemd/system/serial-getty@.service"), "\n") {
		if line != "" && line[0] != '#' && !strings.HasPrefix(line, "Description") && !strings.HasPrefix(line, "Documentation") {
			unit = append(unit, strings.NewReplacer("%i", "ttyAMA0", "%I", "ttyAMA0").Replace(line))
		}
	}
	return strings.Join(unit, "\n")
}

// ratio is how much longer the start may take than one to a bare login.
const ratio = 1.25

// startTest measures the start from power to "lay your card" against the same root's to a login, and what the kiosk
// takes of the machine while it waits.
func startTest(t *testing.T, r *results) {
	sd := sdCard(t, profile(t, virt))
	first := boot(t, virt, sd) // makes what only a first start makes
	first.open()
	t.Run("waiting", func(t *testing.T) { first.t = t; first.idle(t, r) })
	first.cut()

	bare := "systemd.mask=kiosk.service systemd.mask=kagimado-splash.service " +
		"systemd.set_credential_binary=systemd.extra-unit.image-test-login.service:" + base64.StdEncoding.EncodeToString([]byte(loginUnit(t))) +
		" systemd.wants=image-test-login.service"
	var kiosk, login []time.Duration
	for range 3 { // in turn, so that a busy hour is shared
		m := boot(t, virt, sd, noShell)
		m.await("white", starting) // nothing is asked of the guest meanwhile
		kiosk = append(kiosk, m.shows(20*time.Second, attract, startOfDay))
		m.cut()

		m = boot(t, virt, sd, noShell, bare)
		for !strings.Contains(m.console(), "login:") {
			time.Sleep(50 * time.Millisecond)
			if time.Since(m.begun) > starting {
				t.Fatalf("no login after %v:\n%s", starting, m.console())
			}
		}
		login = append(login, time.Since(m.begun))
		m.cut()
	}
	slices.Sort(kiosk)
	slices.Sort(login)
	got := kiosk[1].Seconds() / login[1].Seconds()
	r.add(t, "virt: power to \"lay your card\", median of three", fmt.Sprintf("%.1f s (%.1f–%.1f)", kiosk[1].Seconds(), kiosk[0].Seconds(), kiosk[2].Seconds()), "")
	r.add(t, "virt: power to a bare login of the same root, median of three", fmt.Sprintf("%.1f s (%.1f–%.1f)", login[1].Seconds(), login[0].Seconds(), login[2].Seconds()), "")
	r.add(t, "ratio of the two", fmt.Sprintf("%.2f", got), fmt.Sprintf("%.2f", ratio))
	if got > ratio {
		t.Errorf("the start takes %.2f times a bare login's; want %.2f at most", got, ratio)
	}
}

// shows waits until one of the texts stands on the screen and tells when it did; how long the reading takes is the test's
// own matter.
func (m *machine) shows(within time.Duration, texts ...string) time.Duration {
	m.t.Helper()
	for late := time.Now().Add(within); ; {
		s, at := m.look(), m.looked
		for _, text := range texts {
			if s.has(text) {
				return at.Sub(m.begun)
			}
		}
		if time.Now().After(late) {
			m.t.Fatalf("after %v %q does not stand on the screen, but:\n%s", within, texts, s)
		}
	}
}

// console is what the machine has said on its serial line.
func (m *machine) console() string {
	b, _ := os.ReadFile(filepath.Join(m.dir, "console.log"))
	return string(b)
}

// idle measures a minute of waiting.
func (m *machine) idle(t *testing.T, r *results) {
	const sample = "awk '/^cpu / { print $2+$3+$4+$7+$8, $5+$6 }' /proc/stat"
	out, status, err := m.shell.run(sample+"; sleep 60; "+sample, 90*time.Second)
	var busy, idle [2]float64
	if _, scan := fmt.Sscan(out, &busy[0], &idle[0], &busy[1], &idle[1]); err != nil || status != 0 || scan != nil {
		t.Fatalf("a minute of waiting = %q, %d, %v, %v", out, status, err, scan)
	}
	used := 100 * (busy[1] - busy[0]) / (busy[1] - busy[0] + idle[1] - idle[0])
	r.add(t, "virt: processors busy while waiting, of both", fmt.Sprintf("%.1f %%", used), "")
	r.add(t, "memory in use while waiting, of the whole machine", fmt.Sprintf("%.0f MB",
		m.number("awk '/^MemTotal/ { t=$2 } /^MemAvailable/ { a=$2 } END { print (t-a)/1024 }' /proc/meminfo")), "")
	r.add(t, "of that kiosk, cage and foot (unit)", fmt.Sprintf("%.0f MB",
		m.number("systemctl show kiosk -p MemoryCurrent --value")/(1<<20)), "")
}
