//go:build image

package image_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kagimado/hw"
)

// appliance starts that card as a board does: U-Boot, then whichever slot it takes.
func appliance(t *testing.T, sd string) *machine {
	t.Helper()
	return start(t, virtCard, sd, []string{"-bios", virtUBoot(t)})
}

// isBuilt is the version of the image that is tested.
func isBuilt(t *testing.T) string {
	t.Helper()
	for _, line := range strings.Split(tools(t, "unsquashfs", "-cat", build(t, "root.squashfs"), "usr/lib/os-release"), "\n") {
		if v, is := strings.CutPrefix(line, "VERSION_ID="); is {
			return v
		}
	}
	t.Fatal("the root has no version")
	return ""
}

// Versions that come after any image's.
const (
	versionGood   = "2098-01-01.000000.900d"
	versionBefore = "2020-01-01.000000.01d0"
)

// remade is the image's root with what the tests need: the agent on the kernel's command line, since here U-Boot gives it,
// another version where one is said, and what change, a script that runs in its folder, does.
func remade(t *testing.T, version, change string) string {
	t.Helper()
	dir := room(t)
	packed := filepath.Join(dir, "root.squashfs")
	line := fmt.Sprintf("cmdline=%s %s %s\n", commandLine(t), virt.console, agentArguments(virt.shell))
	if err := os.WriteFile(filepath.Join(dir, "cmdline.env"), []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	work := `set -eu
		unsquashfs -q -n -no-xattrs -d "$1/root" "$2" >/dev/null
		cd "$1/root"
		cp ../cmdline.env boot/cmdline.env
		if [ -n "$3" ]; then
			sed -i "s/^VERSION_ID=.*/VERSION_ID=$3/" usr/lib/os-release
			sed -i "s/^min-bundle-version=.*/min-bundle-version=$4/" etc/rauc/system.conf
		fi
		` + change + `
		mksquashfs . "$1/root.squashfs" -quiet -no-progress -no-xattrs -comp zstd -Xcompression-level 1 >/dev/null
		cd /; rm -rf "$1/root"`
	number := ""
	if version != "" {
		number = strings.TrimSpace(script(t.Context(), t, "./semver", version))
	}
	tools(t, "sh", "-c", work, "remade", dir, build(t, "root.squashfs"), version, number)
	return packed
}

// written is an SD card with the image on it and that root in slot A.
func written(t *testing.T, root string) string {
	t.Helper()
	sd := sdCard(t, profile(t, virt))
	b, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, sd, slotA, b)
	return sd
}

// bundled is a bundle in a folder of its own, signed with the key of the build that is tested.
func bundled(t *testing.T, kind, payload, version string, env ...string) string {
	t.Helper()
	out := filepath.Join(room(t), "update.raucb")
	cmd := exec.CommandContext(t.Context(), "./bundle", kind, payload, version, out)
	cmd.Env = append(os.Environ(), env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a bundle: %v\n%s", err, said)
	}
	return out
}

// stick is a USB stick with these files in its top folder, as a PC formats it.
func stick(t *testing.T, files ...string) string {
	t.Helper()
	path := filepath.Join(room(t), "stick.img")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 768<<20); err != nil {
		t.Fatal(err)
	}
	tools(t, "mkfs.vfat", "-F", "32", "-n", "STICK", path)
	for _, f := range files {
		tools(t, "mcopy", "-i", path, f, "::"+filepath.Base(f))
	}
	return path
}

// plugStick plugs a stick in; pullStick pulls it.
func (m *machine) plugStick(path string) {
	m.t.Helper()
	for _, step := range []struct {
		command string
		what    arguments
	}{
		{"blockdev-add", arguments{"driver": "raw", "node-name": "stick", "file": map[string]any{"driver": "file", "filename": path}}},
		{"device_add", arguments{"driver": "usb-storage", "id": "stick", "drive": "stick"}},
	} {
		if err := m.do(step.command, step.what, nil); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *machine) pullStick() {
	m.t.Helper()
	if err := m.do("device_del", arguments{"id": "stick"}, nil); err != nil {
		m.t.Fatal(err)
	}
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := m.do("blockdev-del", arguments{"node-name": "stick"}, nil)
		if err == nil {
			return
		}
		if time.Now().After(late) {
			m.t.Fatalf("the stick cannot be pulled: %v", err)
		}
	}
}

// wish lays a wish, as the kiosk does.
func (m *machine) wish(name string) {
	m.t.Helper()
	m.tell("touch /run/kagimado/wishes/" + name + "; for i in $(seq 100); do test -e /run/kagimado/wishes/" + name + " || exit 0; sleep 0.1; done; exit 1")
}

// told is what root tells the kiosk of the update.
type told struct {
	Stage, Kind, Version, Running, Code string
	Percent                             int
}

// tells waits until root tells one of these stages.
func (m *machine) tells(within time.Duration, stages ...hw.UpdateStage) told {
	m.t.Helper()
	var said told
	for late := time.Now().Add(within); ; time.Sleep(300 * time.Millisecond) {
		out, _, err := m.shell.run("cat /run/kagimado/update", 20*time.Second)
		said = told{}
		if err == nil && json.Unmarshal([]byte(out), &said) == nil {
			for _, s := range stages {
				if said.Stage == string(s) {
					return said
				}
			}
		}
		if time.Now().After(late) {
			m.t.Fatalf("after %v root tells %q (%v); want %q\n%s", within, out, err, stages,
				m.updateJournal())
		}
	}
}

// updateJournal is what the units of updates said last.
func (m *machine) updateJournal() string {
	return m.tell("journalctl -b --no-pager -o cat -u kagimado-install -u kagimado-unlock-stick -u run-kagimado-stick.mount -u rauc -k | tail -n 30")
}

// shut shuts the door for sticks and sees that it is.
func (m *machine) shut() {
	m.t.Helper()
	m.wish("lock-stick")
	m.tell(`for i in $(seq 100); do
		test -e /sys/module/usb_storage || ! grep -q /run/kagimado/stick /proc/mounts || { sleep 0.2; continue; }
		test -e /sys/module/usb_storage || exit 0
		sleep 0.2
	done
	lsmod; grep stick /proc/mounts; systemctl status kagimado-lock-stick --no-pager; exit 1`)
}

// installs has root look at a stick and install what is on it, and returns the last it told.
func (m *machine) installs(path string) told {
	m.t.Helper()
	m.plugStick(path)
	m.wish("unlock-stick")
	said := m.tells(time.Minute, hw.UpdateFound, hw.UpdateRefused)
	if said.Stage == string(hw.UpdateFound) {
		m.wish("install")
		said = m.tells(10*time.Minute, hw.UpdateInstalled, hw.UpdateRefused)
	}
	m.shut()
	m.pullStick()
	return said
}

// variable is one of U-Boot's.
func (m *machine) variable(name string) string {
	m.t.Helper()
	return m.tell("fw_printenv -n " + name + " 2>/dev/null || true")
}

// slot is what root tells of the system that runs.
func (m *machine) slotTold() (said struct {
	Slot, Version string
	Trial         bool
	FellBack      *string `json:"fell_back"`
}) {
	m.t.Helper()
	out := m.tell("cat /run/kagimado/slot")
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		m.t.Fatalf("root tells %q of the slot: %v", out, err)
	}
	return said
}

// packed is the content of this repository as a bundle carries it, with what change does to the files in it.
func packed(t *testing.T, version string, change func(files map[string][]byte)) string {
	t.Helper()
	out := filepath.Join(room(t), "copy.zip")
	pack := exec.CommandContext(t.Context(), "go", "run", "kagimado/cmd/kioskctl", "content", "pack", out, "--version", version)
	pack.Env = append(os.Environ(), "CGO_ENABLED=0") // packing takes no reader, and this host need not have pcsc-lite
	if said, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("packing the content: %v\n%s", err, said)
	}
	if change == nil {
		return out
	}
	in, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range in.File {
		if files[f.Name], err = fs.ReadFile(in, f.Name); err != nil {
			t.Fatal(err)
		}
	}
	in.Close()
	change(files)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(out, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return out
}

// spoilt is a copy of a bundle with what change does to its bytes.
func spoilt(t *testing.T, bundle string, change func([]byte) []byte) string {
	t.Helper()
	b, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(room(t), "update.raucb")
	if err := os.WriteFile(out, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// stranger is a key that this machine does not know, as image/bundle takes one.
func stranger(t *testing.T) []string {
	t.Helper()
	dir := room(t)
	key, certificate := filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificate.pem")
	tools(t, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30",
		"-subj", "/CN=Kagimado development, not for a lobby", "-keyout", key, "-out", certificate)
	return []string{"SIGN_KEY=" + key, "SIGN_CERT=" + certificate, "KEYRING=" + certificate}
}

// refusedTest brings sticks with everything that must not be installed.
func refusedTest(t *testing.T, r *results) {
	root := build(t, "root.squashfs")
	good := bundled(t, "system", root, versionGood)
	bomb := filepath.Join(room(t), "bomb")
	if err := errors.Join(os.WriteFile(bomb, []byte("hsqs"), 0o644), os.Truncate(bomb, 2<<30)); err != nil {
		t.Fatal(err)
	}
	ext4 := filepath.Join(room(t), "ext4.img")
	tools(t, "sh", "-c", `truncate -s 64M "$1"; mkfs.ext4 -q "$1"`, "ext4", ext4)
	words := func(name, old, anew string) func(map[string][]byte) {
		return func(files map[string][]byte) {
			was := files[name]
			if files[name] = bytes.Replace(was, []byte(old), []byte(anew), 1); bytes.Equal(was, files[name]) {
				t.Fatalf("%s has no %q", name, old)
			}
		}
	}
	noArchive := filepath.Join(room(t), "text")
	if err := os.WriteFile(noArchive, bytes.Repeat([]byte("kagimado"), 1<<14), 0o644); err != nil {
		t.Fatal(err)
	}
	sticks := []struct {
		name, image string
		want        hw.Code
	}{
		{"a stick without a bundle", stick(t), hw.UpdateMissing},
		{"a stick with two", stick(t, good, copied(t, good, "second.raucb")), hw.UpdateMissing},
		{"a stick that no PC formats", ext4, hw.StickFailed},
		{"any file", stick(t, spoilt(t, good, func(b []byte) []byte { return bytes.Repeat([]byte("kagimado"), 1<<17) })), hw.UpdateUnsigned},
		{"another's signature", stick(t, bundled(t, "system", root, versionGood, stranger(t)...)), hw.UpdateUnsigned},
		{"a damaged signature", stick(t, spoilt(t, good, func(b []byte) []byte { b[len(b)-200] ^= 1; return b })), hw.UpdateUnsigned},
		{"cut short by half", stick(t, spoilt(t, good, func(b []byte) []byte { return b[:len(b)/2] })), hw.UpdateUnsigned},
		{"one for another machine", stick(t, bundled(t, "system", root, versionGood, "COMPATIBLE=kagimado-arm64-develop")), hw.UpdateOther},
		{"an older system", stick(t, bundled(t, "system", root, versionBefore)), hw.UpdateOld},
		{"the same system", stick(t, bundled(t, "system", root, isBuilt(t))), hw.UpdateOld},
		{"a root of 2 GiB in a few kilobytes", stick(t, bundled(t, "system", bomb, versionGood)), hw.UpdateLarge},
		{"a flipped bit inside", stick(t, spoilt(t, good, func(b []byte) []byte { b[len(b)/3] ^= 1; return b })), hw.UpdateDamaged},
		{"a root that is none", stick(t, bundled(t, "system", ext4, versionGood)), hw.UpdateDamaged},
		{"older content", stick(t, bundled(t, "content", packed(t, versionBefore, nil), versionBefore)), hw.UpdateOld},
		{"older content that is called newer", stick(t, bundled(t, "content", packed(t, versionBefore, nil), versionGood)), hw.UpdateOld},
		{"content that does not fit together", stick(t, bundled(t, "content", packed(t, versionGood, words("content/stores.toml", "opens", "opened")), versionGood)), hw.UpdateUnknown},
		{"content of 64 MiB in 64 KiB", stick(t, bundled(t, "content", packed(t, versionGood, func(files map[string][]byte) {
			files["text/ja.toml"] = make([]byte, 64<<20)
		}), versionGood)), hw.UpdateLarge},
		{"content that is no archive", stick(t, bundled(t, "content", noArchive, versionGood)), hw.UpdateDamaged},
	}
	m := boot(t, virt, sdCard(t, profile(t, virt)))
	m.open()
	before := m.tell("fw_printenv | sort; sha256sum </dev/kagimado/card-part3; ls -lR /state/content /state/rauc 2>/dev/null")
	for _, tt := range sticks {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			m.t = t
			said := m.installs(tt.image)
			if said.Stage != string(hw.UpdateRefused) || said.Code != string(tt.want) {
				t.Errorf("%s: root tells %+v; want refused with %s\n%s", tt.name, said, tt.want, m.updateJournal())
			}
			r.add(t, "update refused: "+tt.name, said.Code, "")
		})
		m.t = t
	}
	m.wish("unlock-stick")
	if said := m.tells(time.Minute, hw.UpdateFound, hw.UpdateRefused); said.Code != string(hw.StickMissing) {
		t.Errorf("without a stick root tells %+v; want %s", said, hw.StickMissing)
	}
	m.shut()
	// A bundle that is refused leaves the order without the slot it would have gone to, and nothing else.
	after := m.tell("fw_printenv | sort; sha256sum </dev/kagimado/card-part3; ls -lR /state/content /state/rauc 2>/dev/null")
	t.Logf("before:\n%s\nafter:\n%s", before, after)
	if got := m.variable("BOOT_ORDER"); got != "A" && got != "A B" {
		t.Errorf("BOOT_ORDER is %q; want A first", got)
	}
	if got := m.tell("ls /state/content"); got != "" {
		t.Errorf("of refused content there is %q", got)
	}
	if !m.served(time.Minute) {
		t.Error("after all that nobody is served")
	}
}

// trialTest lets roots fail in ways in which roots fail, and sees that the machine comes back with the earlier one by itself.
func trialTest(t *testing.T, r *results) {
	m := appliance(t, written(t, remade(t, "", "")))
	m.open()
	was := m.slotTold()
	if was.Slot != "A" || was.Trial || was.FellBack != nil {
		t.Fatalf("a new card tells %+v of its slot", was)
	}
	// The trial's time is shorter than a lobby's, or the test would wait a quarter of an hour.
	const shorter = `sed -i "s/^OnActiveSec=.*/OnActiveSec=40s/" usr/lib/systemd/system/kagimado-trial.timer
`
	for _, tt := range []struct{ name, version, change string }{
		{"a root without a reader's service", "2098-01-01.000000.deaf", shorter + "rm usr/sbin/pcscd"},
		{"a root whose kernel finds no init", "2098-01-02.000000.deaf", "rm usr/lib/systemd/systemd"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			m.t = t
			said := m.installs(stick(t, bundled(t, "system", remade(t, tt.version, tt.change), tt.version)))
			if said.Stage != string(hw.UpdateInstalled) {
				t.Fatalf("root tells %+v; want installed", said)
			}
			if got := m.variable("BOOT_ORDER"); got != "B A" {
				t.Fatalf("BOOT_ORDER is %q; want B A", got)
			}
			starts := strings.Count(m.console(), "Kagimado: starting")
			begun := time.Now()
			m.wish("reboot")
			for late := begun.Add(12 * time.Minute); ; time.Sleep(time.Second) {
				out, _, err := m.shell.run("cat /run/kagimado/slot", 10*time.Second)
				if err == nil && strings.Contains(out, tt.version) && strings.Contains(out, "fell_back") && strings.Contains(out, `"slot":"A"`) {
					break
				}
				if time.Now().After(late) {
					t.Fatalf("after %v the earlier system does not run (%v):\n%s", time.Since(begun), err, out)
				}
			}
			r.add(t, "update falls back: "+tt.name, fmt.Sprintf("%d starts of it, %.0f s until the earlier one runs", strings.Count(m.console(), "Kagimado: starting")-starts-1, time.Since(begun).Seconds()), "3 starts")
			if n := strings.Count(m.console(), "Kagimado: starting") - starts; n != 4 {
				t.Errorf("there were %d starts; want three of the new system and one of the earlier", n)
			}
			m.open()
			now := m.slotTold()
			if now.Version != was.Version || now.Trial || now.FellBack == nil || *now.FellBack != tt.version {
				t.Errorf("root tells %+v; want %s, and that %s fell back", now, was.Version, tt.version)
			}
			if !m.served(time.Minute) {
				t.Error("nobody is served")
			}
			m.leave()
		})
		m.t = t
		if t.Failed() {
			return // what follows stands on it
		}
	}
}

// staffCode is the code that staff choose: digits that stand nowhere else on a keypad's screen.
const staffCode = "789789"

// enterStaff opens staff's menu by touch, with the code, or by choosing it where there is none yet.
func (m *machine) enterStaff() {
	m.t.Helper()
	m.touch(say("button.language"))
	m.touch(say("button.staff"))
	times := 1
	if m.see(20*time.Second, say("staff.code.new"), say("staff.code.asked")) == say("staff.code.new") {
		times = 2
	}
	for range times {
		for _, digit := range staffCode {
			m.touch(string(digit))
		}
	}
	m.see(20*time.Second, say("button.update"))
}

// touchBelow touches a button in the lower half of the screen, where the same word may stand in a sentence above.
func (m *machine) touchBelow(text string) {
	m.t.Helper()
	s := m.look()
	at, found := s[len(s)/2:].find(text)
	if !found {
		m.t.Fatalf("there is no button %q below:\n%s", text, s)
	}
	y := float64(at.Y+len(s)/2) + float64(at.H)/2
	if err := m.tap((float64(at.X)+float64(at.W)/2)*cellWidth/panelWidth, y*cellHeight/panelHeight); err != nil {
		m.t.Fatal(err)
	}
}

// updates goes through staff's room for updates by touch, from the menu to the word that it is installed, and returns how long
// the installation took.
func (m *machine) updates(path, found, installed string) time.Duration {
	m.t.Helper()
	m.touch(say("button.update"))
	m.see(20*time.Second, say("scene.update-looking.headline"))
	m.plugStick(path)
	m.see(time.Minute, say(found))
	m.keepScreen("update-found.png")
	m.touch(say("button.install"))
	m.touch(say("button.install-now"))
	begun := time.Now()
	m.see(20*time.Second, say("scene.update-installing.headline"), say(installed))
	if m.see(10*time.Minute, say(installed), strings.TrimSuffix(say("scene.update-refused.headline"), "{code}")) != say(installed) {
		m.t.Fatalf("it is refused:\n%s", m.look())
	}
	took := time.Since(begun)
	m.keepScreen("update-installed.png")
	return took
}

// updateTest carries a stick to a kiosk and updates it as staff do: the system, then the content alone.
func updateTest(t *testing.T, r *results) {
	m := appliance(t, written(t, remade(t, "", "")))
	m.open()
	if !m.served(time.Minute) {
		t.Fatal("nobody is served to begin with")
	}
	m.leave()
	m.enterStaff()
	if out := m.tell("lsmod | grep usb_storage || true"); out != "" {
		t.Errorf("before anybody asks for a stick its driver is there: %s", out)
	}
	took := m.updates(stick(t, bundled(t, "system", remade(t, versionGood, ""), versionGood)), "scene.update-found-system.headline", "scene.update-installed-system.headline")
	r.add(t, "update by staff's touches, from \"yes\" to installed", fmt.Sprintf("%.0f s", took.Seconds()), "")
	begun := time.Now()
	m.touchBelow(say("button.restart"))
	m.says("Kagimado: starting 4b474d31-03", time.Minute)
	if m.see(2*starting, attract, startOfDay) == "" {
		t.Fatal("nothing is seen")
	}
	r.add(t, "virt: from the touch on 再起動 through U-Boot to the new system's first screen", fmt.Sprintf("%.0f s", time.Since(begun).Seconds()), "")
	m.open()
	if got := m.slotTold(); got.Slot != "B" || got.Version != versionGood || got.Trial || got.FellBack != nil {
		t.Errorf("root tells %+v; want %s in slot B, kept", got, versionGood)
	}
	for name, want := range map[string]string{"BOOT_ORDER": "B A", "BOOT_B_LEFT": "3", "BOOT_TRIAL": ""} {
		if got := m.variable(name); got != want {
			t.Errorf("%s is %q; want %q", name, got, want)
		}
	}
	m.statePartitionIsGood(0)
	if got := m.tell("ls /dev/kagimado | grep stick || true; lsmod | grep usb_storage || true"); got != "" {
		t.Errorf("after the restart there is %q", got)
	}
	if !m.served(time.Minute) {
		t.Error("the new system serves nobody")
	}
	m.leave()
	m.pullStick()

	// The code is still known, and words that nobody built in come to stand on the screen.
	const newer, words = "2098-02-01.000000.c0de", "ためしの言葉に替わりました。"
	content := packed(t, newer, func(files map[string][]byte) {
		was := files["text/ja.toml"]
		if files["text/ja.toml"] = bytes.Replace(was, []byte("暗証番号は入力しません。"), []byte(words), 1); bytes.Equal(was, files["text/ja.toml"]) {
			t.Fatal("the words to be replaced are gone")
		}
	})
	m.enterStaff()
	m.updates(stick(t, bundled(t, "content", content, newer)), "scene.update-found-content.headline", "scene.update-installed-content.headline")
	m.touchBelow(say("button.restart"))
	m.see(time.Minute, words)
	m.shutByItself()
	m.cut()
	again := appliance(t, m.sd)
	again.see(starting, words, startOfDay)
	again.open()
	again.see(20*time.Second, words)
	r.add(t, "content alone, by staff's touches: its words on the screen, also after a power cut", "yes", "")
}

// shutByItself sees that the door for sticks is shut without anybody's wish, since the program ended at the staff menu.
func (m *machine) shutByItself() {
	m.t.Helper()
	m.tell("for i in $(seq 150); do test -e /sys/module/usb_storage || exit 0; sleep 0.2; done; lsmod; exit 1")
}
