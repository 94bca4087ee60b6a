//go:build tools

package systemd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exposure is the most that systemd-analyze security may say of each service, in tenths. What a wish's unit needs of root
// stands beside what it relaxes.
var exposure = map[string]int{
	"kiosk.service":                   10,
	"kagimado-splash.service":         10,
	"kagimado-network.service":        15,
	"kagimado-install.service":        18,
	"kagimado-keep-slot.service":      18,
	"kagimado-kept.service":           18,
	"kagimado-slot.service":           18,
	"kagimado-unlock-stick.service":   22,
	"kagimado-lock-stick.service":     22,
	"kagimado-stick.service":          22,
	"kagimado-trial.service":          15,
	"kagimado-reboot.service":         15,
	"kagimado-restart-reader.service": 15,
	"kagimado-set-time.service":       22,
}

// onAppliance are the programs that the units start and that this machine need not have.
var onAppliance = []string{"/usr/bin/kioskctl", "/usr/bin/updater", "/usr/lib/kagimado/ground", "/usr/lib/kagimado/screen", "/usr/lib/kagimado/slot", "/usr/lib/kagimado/stick"}

// TestVerify lets systemd itself read the units.
func TestVerify(t *testing.T) {
	var found []string
	for _, pattern := range []string{"*.service", "*.path", "*.timer", "*.mount"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		found = append(found, names...)
	}
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, found...)...).CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		missing := slices.ContainsFunc(onAppliance, func(program string) bool {
			return strings.Contains(line, program+" is not executable")
		})
		if line != "" && !missing {
			t.Error(line)
		}
	}
}

// TestExposure has systemd count what each service could still do.
func TestExposure(t *testing.T) {
	services, err := filepath.Glob("*.service")
	if err != nil || len(services) != len(exposure) {
		t.Fatalf("services are %v, %v; want those that have a bound", services, err)
	}
	for _, service := range services {
		most, known := exposure[service]
		if !known {
			t.Errorf("%s has no bound", service)
			continue
		}
		exposed(t, service, most)
	}
	// The printer on a network: the drop-in's own word is 1.4.
	var both []byte
	for _, name := range []string{"kiosk.service", "tcp-printer.conf"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	opened := filepath.Join(t.TempDir(), "kiosk.service")
	if err := os.WriteFile(opened, both, 0o644); err != nil {
		t.Fatal(err)
	}
	exposed(t, opened, 14)
}

// exposed wants a service to be exposed by so many tenths at most.
func exposed(t *testing.T, service string, most int) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", fmt.Sprintf("--threshold=%d", most), service).CombinedOutput()
	if err != nil {
		t.Errorf("%s is exposed by more than %d tenths: %v\n%s", service, most, err, out)
	}
}
