//go:build image

package image_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// A fault must be over within recovery: the attract screen stands there, the white lamp flashes, systemd is told
// "ready". Then the next card becomes a slip.
const recovery = time.Minute

// fault is something that goes wrong in a running machine.
type fault struct {
	name string
	do   func(*machine)
	felt func(*machine) bool // the fault has come through
	back func(*machine)      // what somebody does then; the minute counts from here. nil: nobody does anything
}

// killing is a script that sends a signal to every program of that name.
func killing(signal, comm string) string {
	return fmt.Sprintf("for p in /proc/[0-9]*; do read c <$p/comm && test \"$c\" = %s && kill -%s ${p#/proc/}; done 2>/dev/null; true", comm, signal)
}

// started is a word for the start of a unit, another one for each; empty when the guest does not answer.
func (m *machine) started(unit string) string {
	out, _, err := m.shell.run("systemctl show "+unit+" -p InvocationID --value", 10*time.Second)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// ready tells whether a visitor can lay a card now.
func (m *machine) ready() bool {
	if m.lamps.now() != "white" {
		return false
	}
	if s := m.look(); !s.has(attract) && !s.has(startOfDay) {
		return false
	}
	said, running := m.condition()
	return running && said == "ready"
}

// recovers lets a fault happen and waits until a visitor can be served, and is.
func (m *machine) recovers(t *testing.T, r *results, f fault) {
	t.Helper()
	m.t = t
	begun := time.Now()
	f.do(m)
	for late := begun.Add(recovery); !f.felt(m); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%s: nothing comes of it in %v", f.name, recovery)
		}
	}
	if f.back != nil {
		begun = time.Now()
		f.back(m)
	}
	for late := begun.Add(3 * recovery); !m.ready(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(late) {
			said, running := m.condition()
			t.Fatalf("%s: after %v the kiosk says %q (running: %v), the lamp is %s", f.name, time.Since(begun), said, running, m.lamps.now())
		}
	}
	r.within(t, f.name+": ready again after", time.Since(begun), recovery)
	if !m.served(30 * time.Second) {
		t.Fatalf("%s: the next card becomes no slip:\n%s", f.name, m.look())
	}
	m.leave()
}

// up waits until a visitor can be served by a machine that has just been given power, and tells how long after that.
func (m *machine) up() time.Duration {
	m.t.Helper()
	m.await("white", starting) // nothing is asked of a machine that is busy
	m.see(20*time.Second, attract, startOfDay)
	return time.Since(m.begun)
}

// leave ends the visit that is on the screen.
func (m *machine) leave() {
	m.t.Helper()
	m.touch(say("button.finish"))
	m.see(20*time.Second, attract)
}

// faultsTest lets everything fail that can fail around the kiosk, in one machine.
func faultsTest(t *testing.T, r *results) {
	m := boot(t, virt, sdCard(t, profile(t, virt)))
	m.open()
	if !m.served(time.Minute) {
		t.Fatal("nobody is served to begin with")
	}
	m.leave()
	kill := func(name, unit, signal, comm string) fault {
		before := ""
		return fault{name: name, do: func(m *machine) {
			before = m.started(unit)
			m.tell(killing(signal, comm))
		}, felt: func(m *machine) bool {
			now := m.started(unit)
			return now != "" && now != before
		}}
	}
	without := func(lamp string) func(*machine) bool { return func(m *machine) bool { return m.lamps.now() == lamp } }
	var crash time.Time
	for _, f := range []fault{
		kill("kiosk killed (SIGKILL)", "kiosk", "KILL", "kiosk"),
		kill("kiosk stopped (SIGSTOP)", "kiosk", "STOP", "kiosk"),
		kill("cage killed", "kiosk", "KILL", "cage"),
		kill("foot killed", "kiosk", "KILL", "foot"),
		kill("foot stopped", "kiosk", "STOP", "foot"),
		kill("seatd killed", "seatd", "KILL", "seatd"),
		kill("pcscd killed", "pcscd", "KILL", "pcscd"),
		kill("pcscd stopped", "pcscd", "STOP", "pcscd"),
		// However often it fails, the panel is never dark and says what staff can read over the telephone.
		{"kiosk that cannot start", func(m *machine) {
			m.tell("mount --bind /bin/false /usr/bin/kiosk; " + killing("KILL", "kiosk"))
		}, func(m *machine) bool {
			said := recognised(m.t, m.keepScreen("preparing.png"))
			return strings.Contains(said, "準備中") && strings.Contains(said, "S-03")
		}, func(m *machine) { m.tell("umount /usr/bin/kiosk") }},
		{"reader unplugged and back", (*machine).unplugReader, without("red"), (*machine).plugReader},
		{"printer unplugged and back", func(m *machine) { m.unplug() }, func(m *machine) bool {
			if m.served(5 * time.Second) {
				m.t.Error("a slip came out of a printer that is unplugged")
			}
			m.leave()
			return true
		}, func(m *machine) { m.plugPrinter() }},
		// It must not mend itself: that is the watchdog's part. QEMU tells when it bit, so that nobody asks a machine that starts.
		{"kernel crash (watchdog)", func(m *machine) {
			crash = time.Now()
			_ = m.shell.say("echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger\n")
		}, func(m *machine) bool { return m.last("WATCHDOG").After(crash) && m.last("RESET").After(crash) }, nil},
	} {
		if !t.Run(strings.ReplaceAll(f.name, " ", "-"), func(sub *testing.T) { m.recovers(sub, r, f) }) {
			m.t = t
			return // what follows stands on it
		}
		m.t = t
	}
	if bit := m.last("WATCHDOG"); bit.After(crash) {
		r.add(t, "of that, until the watchdog restarts the machine", fmt.Sprintf("%.1f s", bit.Sub(crash).Seconds()), "")
	}
}

// seed is for the moments at which power is cut.
const seed = 7

// cutsTest cuts the power at random moments, in the start and after it, while records are written.
func cutsTest(t *testing.T, r *results) {
	const cuts = 5
	sd := sdCard(t, profile(t, virt))
	m := boot(t, virt, sd)
	m.open()
	if !m.served(time.Minute) {
		t.Fatal("nobody is served to begin with")
	}
	m.tell("test -s /state/kagimado/profile")
	chance := rand.New(rand.NewPCG(seed, 0))
	var worst time.Duration
	for i := range cuts {
		wait := time.Duration(chance.Int64N(int64(8 * time.Second)))
		if i%2 == 1 { // in the start
			m.cut()
			m = boot(t, virt, sd)
			wait = 5*time.Second + time.Duration(chance.Int64N(int64(40*time.Second)))
		} else {
			m.lay("locked-input-support") // a slip is counted, and that is written
		}
		time.Sleep(wait)
		m.cut()
		m = boot(t, virt, sd)
		worst = max(worst, m.up())
		m.statePartitionIsGood(i)
	}
	m.open()
	if !m.served(time.Minute) {
		t.Error("after the last cut nobody is served")
	}
	r.within(t, fmt.Sprintf("power cut at %d random moments: longest from power to ready", cuts), worst, recovery)
}

// failedUnits are those of the guest but for the splash, whose ten seconds an emulated machine beside others may not have; what
// it draws is seen in the part faults.
const failedUnits = "systemctl list-units --failed --plain --no-legend | grep -v kagimado-splash || true"

func (m *machine) statePartitionIsGood(cut int) {
	m.t.Helper()
	for _, tt := range []struct{ name, script, want string }{
		{"the state partition", "awk '$2 == \"/state\" { print $3, substr($4, 1, 2) }' /proc/mounts", "ext4 rw"},
		{"errors of its file system", "dmesg | grep -i 'EXT4-fs error\\|EXT4-fs warning' ", ""},
		{"the last good profile", "test -s /state/kagimado/profile && echo there", "there"},
		{"complaints about records", "journalctl -b -u kiosk --no-pager -o cat | grep -i 'lost\\|nothing is kept\\|not kept'", ""},
		{"failed units", failedUnits, ""},
	} {
		if got := m.tell("{ " + tt.script + "; } || true"); got != tt.want {
			m.t.Errorf("after cut %d, %s: %q; want %q", cut+1, tt.name, got, tt.want)
		}
	}
}
