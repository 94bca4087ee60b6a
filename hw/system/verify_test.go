//go:build tools

package system

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVerify lets systemd itself read the units. RAUC is on the appliance alone.
func TestVerify(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(units, "kagimado-*.*"))
	if err != nil || len(found) != 2*len(everyWish) {
		t.Fatalf("units are %v, %v", found, err)
	}
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, found...)...).CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if line != "" && !strings.Contains(line, "/usr/bin/rauc is not executable") {
			t.Error(line)
		}
	}
}
