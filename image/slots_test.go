//go:build image

package image_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Where the slots lie on the card, in MiB (disk.cfg).
const (
	slotA = 68
	slotB = slotA + 256
)

// fill writes a slot of the card; nil empties it as far as anybody looks.
func fill(t *testing.T, sd string, slot int64, root []byte) {
	t.Helper()
	if root == nil {
		root = make([]byte, 1<<20)
	}
	f, err := os.OpenFile(sd, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(root, slot<<20); err != nil {
		t.Fatal(err)
	}
}

// rootSaying is the image's root with a command line to which words are added: the only way to reach the kernel that U-Boot
// starts.
func rootSaying(t *testing.T, words ...string) []byte {
	t.Helper()
	dir := room(t)
	root, packed := filepath.Join(dir, "root"), filepath.Join(dir, "root.squashfs")
	tools(t, "unsquashfs", "-q", "-n", "-no-xattrs", "-d", root, build(t, "root.squashfs"))
	line := fmt.Sprintf("cmdline=%s %s\n", commandLine(t), strings.Join(words, " "))
	if err := os.WriteFile(filepath.Join(root, "boot", "cmdline.env"), []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	tools(t, "mksquashfs", root, packed, "-quiet", "-no-progress", "-no-xattrs", "-comp", "zstd", "-Xcompression-level", "1")
	b, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// says waits until the serial line has said it.
func (m *machine) says(text string, within time.Duration) {
	m.t.Helper()
	for late := time.Now().Add(within); !strings.Contains(m.console(), text); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) || m.gone() {
			m.t.Fatalf("%q is not on the serial line, but:\n%s", text, m.console())
		}
	}
}

// slotsTest starts the card as a board does, by its own U-Boot, which finds kernel, device tree and initial file system
// inside a slot.
func slotsTest(t *testing.T, r *results) {
	uboot := func(t *testing.T, sd string) *machine {
		return start(t, raspi3b, sd, []string{"-kernel", build(t, "u-boot.bin"), "-no-reboot"})
	}
	t.Run("as-released", func(t *testing.T) {
		sd := sdCard(t, profile(t, raspi3b))
		m := uboot(t, sd)
		m.says("Kagimado: starting 4b474d31-02", time.Minute)
		m.says("Starting kernel", 30*time.Second)
		m.cut()
		if got := counted(t, sd); got != "A B 2 3" {
			t.Errorf("the card says %q", got)
		}
	})
	t.Run("slot-A-empty", func(t *testing.T) {
		sd := sdCard(t, profile(t, raspi3b))
		fill(t, sd, slotA, nil)
		fill(t, sd, slotB, rootSaying(t, raspi3b.console, "systemd.watchdog_sec=0", "deferred_probe_timeout=1",
			"systemd.mask=kiosk.service", agentArguments(raspi3b.shell)))
		m := uboot(t, sd)
		m.says("Kagimado: starting 4b474d31-03", 90*time.Second)
		if err := m.shell.meet(2 * starting); err != nil {
			t.Fatalf("Linux does not come up: %v\n%s", err, m.console())
		}
		if got := m.tell("tr ' ' '\\n' </proc/cmdline | grep -e ^root= -e ^rauc"); got != "root=PARTUUID=4b474d31-03\nrauc.slot=B" {
			t.Errorf("the kernel was told %q", got)
		}
		if got := m.tell("awk '$2 == \"/\" { print $1, $3, substr($4, 1, 2) }' /proc/mounts"); got != "/dev/mmcblk0p3 squashfs ro" && got != "/dev/root squashfs ro" {
			t.Errorf("the root is %q", got)
		}
		r.add(t, "raspi3b: power to a shell in slot B by U-Boot, slot A being empty", fmt.Sprintf("%.0f s", time.Since(m.begun).Seconds()), "")
		// What RAUC changes the environment with reads what U-Boot wrote, and the other way round.
		if got, _, err := m.shell.run("until readlink -e /dev/kagimado/card; do sleep 1; done", starting); got != "/dev/mmcblk0\n" {
			t.Fatalf("the card is %q, %v", got, err)
		}
		if got, want := m.tell("fw_printenv BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"), "BOOT_ORDER=A B\nBOOT_A_LEFT=2\nBOOT_B_LEFT=2"; got != want {
			t.Errorf("Linux reads %q; want %q", got, want)
		}
		m.tell("fw_setenv BOOT_B_LEFT 3 && fw_setenv BOOT_ORDER 'B A' && fw_setenv BOOT_A_LEFT 0")
		m.cut()
		if got := counted(t, sd); got != "B A 0 3" {
			t.Errorf("Linux wrote %q", got)
		}
		m = uboot(t, sd)
		m.says("Kagimado: starting 4b474d31-03", time.Minute)
		m.cut()
		if got, said := counted(t, sd), m.console(); got != "B A 0 2" || strings.Contains(said, "trying slot A") {
			t.Errorf("the card says %q:\n%s", got, said)
		}
	})
	t.Run("virt", func(t *testing.T) {
		sd := sdCard(t, profile(t, virt))
		fill(t, sd, slotA, rootSaying(t, virt.console, agentArguments(virt.shell)))
		m := start(t, virtCard, sd, []string{"-bios", virtUBoot(t)})
		m.see(2*starting, attract, startOfDay)
		r.add(t, "virt: power to the kiosk's screen by U-Boot", fmt.Sprintf("%.0f s", time.Since(m.begun).Seconds()), "")
		if got := m.tell("tr ' ' '\\n' </proc/cmdline | grep -e ^root= -e ^rauc"); got != "root=PARTUUID=4b474d31-02\nrauc.slot=A" {
			t.Errorf("the kernel was told %q", got)
		}
		if got := m.tell("readlink -f /dev/kagimado/card"); got != "/dev/mmcblk0" {
			t.Errorf("the card is %q", got)
		}
		if got := m.tell("fw_printenv -n BOOT_A_LEFT"); got != "2" {
			t.Errorf("Linux reads %q", got)
		}
	})
	t.Run("both-empty", func(t *testing.T) {
		sd := sdCard(t, profile(t, raspi3b))
		fill(t, sd, slotA, nil)
		fill(t, sd, slotB, nil)
		m := uboot(t, sd)
		m.says("nothing on this SD card can be started", 90*time.Second)
		_ = m.shell.say("\x03\x03\r\r \r")
		select {
		case <-m.ended: // it was reset
		case <-time.After(time.Minute):
			t.Errorf("it is not started anew:\n%s", m.console())
		}
		if said := m.console(); strings.Contains(said, "U-Boot>") || strings.Contains(said, "=> ") {
			t.Errorf("there is a prompt:\n%s", said)
		}
	})
}
