//go:build terminal

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
)

// TestRecordedVisit records a whole visit in a real terminal, with a question, a guide, slips, a torn card and the staff menu, and
// plays it again. RECORDING names a file that keeps the recording, as the one in kioskctl's tests was kept.
func TestRecordedVisit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "visit.jsonl")
	k := startTerminal(t, 64, 20, "-record", file, "-state", filepath.Join(folder, "state"))
	k.lockedCard()
	k.healthyCard()
	k.tornCard()
	k.staffMenu("271828")
	k.tmux("send-keys", "q")

	recording, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if digits := regexp.MustCompile(`digit:[^0]`).FindAll(recording, -1); len(digits) > 0 || strings.Count(string(recording), "digit:0") != 12 {
		t.Errorf("the recording holds %d digits of the staff code", len(digits))
	}
	if keep := os.Getenv("RECORDING"); keep != "" {
		if err := os.WriteFile(keep, recording, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kioskctl := exec.Command("go", "run", "../kioskctl", "replay", file)
	kioskctl.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := kioskctl.CombinedOutput(); err != nil || !regexp.MustCompile(`^\d+ events, \d+ screens, 4 slips: all the same\n$`).Match(out) {
		t.Errorf("the replay says %v:\n%s", err, out)
	}
}

// TestNoRecordingOfRealCards: where a real card could be read, nothing is recorded.
func TestNoRecordingOfRealCards(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "visit.jsonl")
	kiosk := exec.Command("go", "run", "-tags", "sim", ".", "-cardsim", filepath.Join(folder, "socket"), "-record", file)
	kiosk.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := kiosk.CombinedOutput(); err == nil || !strings.Contains(string(out), "-record does not go with -cardsim") {
		t.Errorf("-record with -cardsim: %v\n%s", err, out)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the recording was begun all the same: %v", err)
	}
	release := exec.Command("go", "run", ".", "-record", file)
	release.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := release.CombinedOutput(); err == nil || !strings.Contains(string(out), "flag provided but not defined: -record") {
		t.Errorf("the release program with -record: %v\n%s", err, out)
	}
}

// tornCard takes the card away while it is read.
func (k *terminal) tornCard() {
	k.t.Helper()
	torn := card.NewFacts()
	torn.Outcome = card.Removed
	verdict := page.Verdict{Report: diagnosis.Diagnose(torn, diagnosis.Now{}, diagnosis.Answers{}), Facts: torn, Tries: 1}
	k.tmux("send-keys", "t")
	k.see(page.Of(verdict, site.Office{}, k.lang).Headline)
	k.tmux("send-keys", "t")
	k.button("finish")
	k.see(k.lang.Say("scene.attract.headline"))
}

// staffMenu chooses the code and looks at the self-test, the paper and the counts.
func (k *terminal) staffMenu(code string) {
	k.t.Helper()
	k.button("language")
	k.button("staff")
	for _, step := range []string{"new", "again"} {
		k.see(k.lang.Say("staff.code." + step))
		for _, digit := range code {
			k.tap(string(digit))
		}
	}
	for _, room := range []string{"self-test", "paper", "faults", "statistics"} {
		k.see(k.lang.Say("scene.staff.headline"))
		k.button(room)
		if room == "paper" {
			k.button("test-slip")
			k.see(k.lang.Say("scene.printed.headline"))
		}
		k.button("back")
	}
	k.see(k.lang.Say("scene.staff.headline"))
	k.button("finish")
	k.see(k.lang.Say("scene.attract.headline"))
}
