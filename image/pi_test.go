//go:build image

package image_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kagimado/card/cardtest/vscard"
)

// raspi3b is the real board as far as QEMU knows it: the SD controller, the header's lines, the USB controller. It has no
// screen that Linux can draw on, and its watchdog resets at once when it is armed. It has no printer: that its
// USB controller hears a reader takes care enough (see slow).
var raspi3b = board{
	name: "raspi3b", reader: true, console: "console=ttyS1,115200 loglevel=3", shell: "/dev/ttyS1", lamps: 0x3f200034,
	bits: map[string]int{"white": 17, "blue": 27, "green": 22, "yellow": 23, "red": 24, "staff": 5, "beeper": 25},
	arguments: func(t *testing.T, dir, sd string) []string {
		return []string{
			"-M", "raspi3b", "-dtb", build(t, "dtbs/broadcom/bcm2837-rpi-3-b.dtb"),
			"-drive", "if=sd," + source(sd),
			"-chardev", "socket,id=agent,server=on,wait=off,path=" + filepath.Join(dir, "agent") + ",logfile=" + filepath.Join(dir, "console.log"),
			"-serial", "null", "-serial", "chardev:agent",
		}
	},
}

// headless lets cage draw into memory: everything else of the kiosk is as on a board.
const headless = `[Service]
Environment=WLR_BACKENDS=headless
`

// slow is a card that thinks before it answers. libccid reads with so large a buffer that libusb asks the reader in several
// parts, and takes back those that an answer has made needless. QEMU's dwc2 goes on asking for one that was taken back, until
// its channel is used for something else, and whatever the reader says first is lost: a card that is quick is not heard. The
// reader's own questions after cards use up all eight channels within some 10 ms.
type slow struct{ vscard.Card }

func (c slow) Transmit(command []byte) ([]byte, error) {
	time.Sleep(100 * time.Millisecond)
	return c.Card.Transmit(command)
}

// piTest boots the real layout of the card and looks at the header's own registers for every lamp.
func piTest(t *testing.T, r *results) {
	m := boot(t, raspi3b, sdCard(t, profile(t, raspi3b)),
		"systemd.watchdog_sec=0", "deferred_probe_timeout=1",
		"systemd.set_credential_binary=systemd.unit-dropin.kiosk.service:"+base64.StdEncoding.EncodeToString([]byte(headless)))
	m.await("white", 2*starting)
	r.add(t, "raspi3b: power to the white lamp", fmt.Sprintf("%.0f s", time.Since(m.begun).Seconds()), "")
	if got := m.tell("cat /proc/device-tree/model | tr -d '\\0'"); !strings.HasPrefix(got, "Raspberry Pi 3 Model B") {
		t.Errorf("the machine says it is a %q", got)
	}
	if got := m.tell("awk '$2 == \"/\" { print $1, $3, substr($4, 1, 2) }' /proc/mounts"); got != "/dev/mmcblk0p2 squashfs ro" && got != "/dev/root squashfs ro" {
		t.Errorf("the root is %q", got)
	}
	if failed := m.tell("systemctl list-units --failed --plain --no-legend"); failed != "" {
		t.Errorf("failed units:\n%s", failed)
	}

	// Every lamp, in one life of the reader.
	m.lamps.forget()
	m.layCard(slow{newCard(t, "all-fine")})
	m.await("blue", time.Minute)
	m.await("green", time.Minute)
	m.slot.Lift()
	m.await("white", 3*time.Minute)
	m.layCard(slow{newCard(t, "transit-card")})
	m.await("yellow", time.Minute)
	m.slot.Lift()
	m.await("white", 3*time.Minute)
	if reader := m.tell("journalctl -b -u kiosk -o cat --no-pager | sed -n 's/.*reader=\"\\([^\"]*\\)\".*/\\1/p' | head -n 1"); reader != "" {
		r.add(t, "raspi3b: the reader as pcscd calls it", reader, "")
	}
	// The last of all: QEMU's USB controller does not survive its return, which virt's does.
	m.unplugReader()
	m.await("red", 2*time.Minute)
	if traffic := m.traffic(); traffic.SecretSent != 0 || traffic.Exchanges == 0 {
		t.Errorf("traffic with the card: %+v; want exchanges and no secret", traffic)
	}
}
