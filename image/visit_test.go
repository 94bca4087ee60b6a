//go:build image

package image_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/vscard"
	"kagimado/kiosk/text"
)

// profile is staff's file for this machine: the example of a city hall with this machine's printer, lines and panel.
func profile(t *testing.T, on board) string {
	t.Helper()
	printer, lines := `kind = "none" `, ""
	if on.printer {
		printer = `kind = "serial" `
	}
	if on.name == "virt" {
		lines = "\nchip = \"9030000.pl061\"" // on a Raspberry Pi the header's is found by itself
	}
	b, err := os.ReadFile("../kiosk/site/profiles/city-hall.toml")
	if err != nil {
		t.Fatal(err)
	}
	p := string(b)
	for old, anew := range map[string]string{
		`kind = "device" `:      printer,
		`path = "/dev/usb/lp0"`: "path = \"/dev/ttyUSB0\"\nbaud = 115200\nflow = \"none\"",
		`[lines]  `:             "[lines]" + lines + " ",
	} {
		if !strings.Contains(p, old) {
			t.Fatalf("the example profile has no %q any more", old)
		}
		p = strings.Replace(p, old, anew, 1)
	}
	return p
}

// The start of a day, and of every visit.
var (
	attract    = text.Japanese.Say("scene.attract.headline")
	startOfDay = text.Japanese.Say("scene.start-of-day.headline")
)

// starting is how long a machine may take to its first screen. It is a bound for tests; what it took is in RESULTS.md.
const starting = 6 * time.Minute

// open waits for the start of the day and confirms it, as staff do in the morning.
func (m *machine) open() {
	m.t.Helper()
	if m.see(starting, attract, startOfDay) == startOfDay {
		// The screen comes up before the panel. Half a tap, which is what a finger then leaves there, QEMU never forgets.
		m.tell("until udevadm info /dev/input/event* | grep -q ID_INPUT_TOUCHSCREEN=1; do sleep 0.3; done; sleep 2")
		m.touch(text.Japanese.Say("button.confirm"))
		m.see(20*time.Second, attract)
	}
	m.settle()
}

// settle waits until the machine has nothing more to do: the kiosk is ready and stays so, and systemd has no job left.
func (m *machine) settle() {
	m.t.Helper()
	quiet := 0
	for late := time.Now().Add(2 * time.Minute); quiet < 4; time.Sleep(2 * time.Second) {
		said, running := m.condition()
		jobs, _, err := m.shell.run("systemctl list-jobs --no-legend --plain", 20*time.Second)
		if quiet++; err != nil || !running || said != "ready" || strings.TrimSpace(jobs) != "" || m.lamps.now() != "white" {
			quiet = 0
		}
		if time.Now().After(late) {
			m.t.Fatalf("the kiosk says %q (running: %v), the lamps were %q, and of jobs there are:\n%s", said, running, m.lamps.since(), jobs)
		}
	}
}

// today is the day on which the simulated cards are as they are called.
func today() card.Date { return card.DateOf(time.Now().In(card.Tokyo)) }

func newCard(t *testing.T, name string) *cardtest.Card {
	t.Helper()
	c, err := cardtest.NewOn(name, today())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (m *machine) lay(name string) {
	m.t.Helper()
	m.layCard(newCard(m.t, name))
}

func (m *machine) layCard(c vscard.Card) {
	m.t.Helper()
	if err := m.slot.Lay(c); err != nil {
		m.t.Fatal(err)
	}
}

// slipAfter waits until more slips than before have come out.
func (m *machine) slipAfter(before int, within time.Duration) {
	m.t.Helper()
	for late := time.Now().Add(within); len(m.printer.Slips()) <= before; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) {
			m.t.Fatalf("no slip after %v; on the screen:\n%s", within, m.look())
		}
	}
}

// served tells whether a card that is laid down becomes a slip.
func (m *machine) served(within time.Duration) bool {
	m.t.Helper()
	before := len(m.printer.Slips())
	if err := m.slot.Lay(newCard(m.t, "locked-input-support")); err != nil {
		m.t.Fatal(err)
	}
	defer m.slot.Lift()
	for late := time.Now().Add(within); time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
		if len(m.printer.Slips()) > before {
			return true
		}
	}
	return false
}

func say(key string) string { return text.Japanese.Say(key) }

// visitTest boots the image untouched and visits it: a card with a question, its slip, a guide without a card.
func visitTest(t *testing.T, r *results) {
	m := boot(t, virt, sdCard(t, profile(t, virt)))
	m.open()
	legible(t, recognised(t, m.keepScreen("attract.png")), "暗証番号のロックと期限を調べ、行き先をお知らせします。")

	t.Run("machine", func(t *testing.T) { m.isAnAppliance(t, r) })

	m.lamps.forget()
	m.slot.SetLatency(20 * time.Millisecond) // as a contactless card takes
	laid := time.Now()
	m.lay("locked-sign")
	m.see(30*time.Second, say("scene.take-card.headline"))
	r.add(t, "virt: card laid to verdict", fmt.Sprintf("%.1f s", time.Since(laid).Seconds()), "")
	m.await("green", 10*time.Second)
	if !m.lamps.on("beeper", laid) {
		t.Error("the beeper was silent")
	}
	m.keepScreen("take-card.png")
	if !m.slot.Lift() {
		t.Error("the card had torn itself away")
	}
	const headline = "署名用パスワードが使えません"
	m.see(20*time.Second, headline)
	m.keepScreen("result.png")
	if len(m.printer.Slips()) > 0 {
		t.Error("a slip came out before the question was answered")
	}
	m.touch(say("button.ask"))
	m.see(20*time.Second, say("button.dont-know"))
	asked := 0
	for m.see(20*time.Second, say("button.dont-know"), headline) != headline {
		if asked++; asked > 6 {
			t.Fatal("the questions never end")
		}
		m.keepScreen(fmt.Sprintf("question-%d.png", asked))
		question := m.look()
		m.touch(say("button.yes"))
		for late := time.Now().Add(10 * time.Second); m.look().String() == question.String() && time.Now().Before(late); {
			time.Sleep(200 * time.Millisecond)
		}
	}
	m.slipAfter(0, time.Minute)
	paper := keepSlip(t, m.printer, "slip.png")
	if c := codes(t, paper); !slices.ContainsFunc(c, func(s string) bool { return strings.HasPrefix(s, "https://") }) {
		t.Errorf("the slip's codes are %q; want one of a page", c)
	}
	said := photographed(t, m.printer.Slips()[0])
	for _, want := range []string{headline, "署名用電子証明書の暗証番号", "みほん市役所本庁舎", "ロビー1号機"} {
		legible(t, said, want)
	}

	m.touch(say("button.details"))
	m.see(10*time.Second, say("scene.details.headline"))
	if s := m.look(); !s.has("残り0回") {
		t.Errorf("the details do not tell that no try is left:\n%s", s)
	}
	m.touch(say("button.back"))
	m.touch(say("button.finish"))
	m.see(10*time.Second, attract)
	m.await("white", 10*time.Second)
	if got, want := m.lamps.since(), []string{"white", "blue", "green", "white"}; !inOrder(got, want) {
		t.Errorf("the lamps showed %q; want %q in order", got, want)
	}

	// Trouble without a card.
	m.touch(say("button.guides"))
	m.see(10*time.Second, say("scene.guides.headline"))
	for _, answer := range []string{"マイナポータルが使えない", "パソコン", "「無効」「オフ」・権限"} {
		m.touch(answer)
	}
	m.see(10*time.Second, "ブラウザの拡張機能の通知")
	m.keepScreen("guide.png")
	m.touch(say("button.print"))
	m.slipAfter(1, time.Minute)
	keepSlip(t, m.printer, "slip-guide.png")
	legible(t, photographed(t, m.printer.Slips()[1]), "カードやウイルスの話ではなく、利用を止められたのでもありません。")

	// Another language.
	m.touch(say("button.language"))
	m.touch(text.English.Say("language.name"))
	m.see(10*time.Second, text.English.Say("button.finish"))
	m.keepScreen("english.png")
	m.touch(text.English.Say("button.finish"))
	m.see(10*time.Second, attract, text.English.Say("scene.attract.headline"))

	if traffic := m.traffic(); traffic.SecretSent != 0 || traffic.Exchanges == 0 {
		t.Errorf("traffic with the card: %+v; want exchanges and no secret", traffic)
	}
	if notes, said := m.printer.Notes(), m.printer.Text(); len(notes) > 0 || said != "" {
		t.Errorf("the printer takes amiss %q and prints as text %q", notes, said)
	}
	if failed := m.tell("systemctl list-units --failed --plain --no-legend"); failed != "" {
		t.Errorf("failed units after the visit:\n%s", failed)
	}
}

// isAnAppliance looks from inside whether the machine is what the README promises.
func (m *machine) isAnAppliance(t *testing.T, r *results) {
	for _, tt := range []struct{ name, script, want string }{
		{"failed units", "systemctl list-units --failed --plain --no-legend", ""},
		{"the root", "awk '$2 == \"/\" { print $3, substr($4, 1, 2) }' /proc/mounts", "squashfs ro"},
		{"staff's partition", "awk '$2 == \"/boot/firmware\" { print $3, substr($4, 1, 2) }' /proc/mounts", "vfat ro"},
		{"swap", "tail -n +2 /proc/swaps", ""},
		{"listening or bound sockets", "tail -q -n +2 /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/raw /proc/net/raw6 2>/dev/null", ""},
		{"whom kiosk, cage and foot run as", "for p in /proc/[0-9]*; do read c <$p/comm && case $c in kiosk|cage|foot) echo $c $(stat -c %U $p);; esac; done 2>/dev/null | sort -u",
			"cage kiosk\nfoot kiosk\nkiosk kiosk"},
		{"the kiosk's capabilities", "grep -h CapEff /proc/$(systemctl show kiosk -p MainPID --value)/status", "CapEff:\t0000000000000000"},
		{"the hardware watchdog", "cat /sys/class/watchdog/watchdog0/state", "active"},
		{"core dumps", "cat /proc/$(systemctl show kiosk -p MainPID --value)/limits | awk '/core file/ { print $5, $6 }'", "0 0"},
		{"logins", "systemctl list-units --state=active --plain --no-legend '*getty*'", ""},
	} {
		if got := m.tell("{ " + tt.script + "; } || true"); got != tt.want {
			t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
		}
	}
	for _, err := range strings.Split(m.tell("dmesg -l err,crit,alert,emerg || true"), "\n") {
		if err != "" {
			t.Logf("the kernel complains: %s", err)
		}
	}
}
