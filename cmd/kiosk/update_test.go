//go:build terminal

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/edition"
	"kagimado/kiosk/text"
)

// TestUpdateInATerminal goes as staff from the first code to a system that is installed, with nothing but a finger, while a copy of the
// content serves that was installed before; what is no copy costs staff a line and nobody else anything.
func TestUpdateInATerminal(t *testing.T) {
	dir := t.TempDir()
	install := func(data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "copy"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	if err := edition.Pack(&packed, "2026-11-29.165101.4c01c99"); err != nil {
		t.Fatal(err)
	}
	said := text.Japanese.Say("scene.staff.headline")
	const other = "係員のメニュー"
	changed := bytes.Replace(packed.Bytes(), []byte(said), []byte(other), 1)
	install(changed) // a byte is not what its checksum says
	k := startTerminal(t, 64, 20, "-content", filepath.Join(dir, "copy"), "-state", filepath.Join(dir, "state"))
	k.see(string(hw.ContentUnusable))
	k.staff("314159", true)
	k.see(said)
	k.button("update")
	k.see(k.lang.Say("scene.update-found-system.headline"))
	k.button("install")
	k.see(k.lang.Say("scene.update-confirm.headline"))
	k.button("install-now")
	k.see(k.lang.Say("scene.update-installing.headline"))
	k.see(k.lang.Say("staff.percent", "n", "5"))
	k.tmux("send-keys", "Space") // a card is laid
	k.see(k.lang.Say("scene.update-card.headline"))
	k.tmux("send-keys", "Space")
	for late := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, _, there := find(k.rows(), k.lang.Say("scene.update-installed-system.headline")); there {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("it is not installed within a minute:\n%s", strings.Join(k.rows(), "\n"))
		}
	}
	k.button("restart")
	k.see(k.lang.Say("scene.update-rebooting.headline"))
	wished := filepath.Join(k.dir, rootUpdate)
	if _, err := os.Stat(wished); err != nil {
		t.Errorf("root's file is not where the simulation keeps it: %v", err)
	}

	k.end()
	install(packed.Bytes())
	k = startTerminal(t, 64, 20, "-content", filepath.Join(dir, "copy"), "-state", filepath.Join(dir, "state"))
	if rows := k.settled(); strings.Contains(squeezed(rows), string(hw.ContentUnusable)) {
		t.Errorf("a good copy is told as a fault:\n%s", strings.Join(rows, "\n"))
	}
	log, err := os.ReadFile(filepath.Join(k.dir, "log"))
	if err != nil || !strings.Contains(string(log), "version=2026-11-29.165101.4c01c99") {
		t.Errorf("the copy does not serve: %v\n%s", err, log)
	}
	k.staff("314159", false)
	k.end()
}

// end ends the program, and waits until it has kept what it keeps.
func (k *terminal) end() {
	k.t.Helper()
	k.tmux("send-keys", "q")
	for late := time.Now().Add(patience); k.command("has-session").Run() == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			k.t.Fatal("the kiosk does not end")
		}
	}
}

// rootUpdate is where the simulated root tells, below the folder it runs in.
const rootUpdate = "out/root/update"

// staff opens the menu; the first time the code is chosen, by typing it twice.
func (k *terminal) staff(code string, first bool) {
	k.t.Helper()
	k.button("language")
	k.button("staff")
	times := map[bool]int{true: 2, false: 1}[first]
	for range times {
		for _, d := range code {
			k.tap(string(d))
		}
	}
	k.see(k.lang.Say("scene.staff.headline"))
}
