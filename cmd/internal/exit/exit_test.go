package exit

import (
	"errors"
	"fmt"
	"testing"

	"kagimado/hw"
	"kagimado/kiosk"
)

// TestCode holds what systemd says against what staff are told.
func TestCode(t *testing.T) {
	for _, tt := range []struct {
		result, status string
		want           hw.Code
	}{
		{"", "", ""}, // at boot
		{"success", "0", ""},
		{"success", "TERM", ""},
		{"success", "71", ""}, // where the unit calls it one
		{"exit-code", "70", "R-05"},
		{"exit-code", "71", ""},
		{"exit-code", "72", "P-06"},
		{"exit-code", "73", "T-01"},
		{"exit-code", "1", "S-03"},
		{"exit-code", "2", "S-03"},
		{"exit-code", "203", "S-03"}, // systemd could not start it
		{"exit-code", "", "S-03"},
		{"exit-code", "070", "S-03"},
		{"signal", "KILL", "S-03"},
		{"core-dump", "SEGV", "S-03"},
		{"watchdog", "ABRT", "S-03"},
		{"watchdog", "70", "S-03"}, // it answered the watchdog's signal, whatever it says
		{"timeout", "71", "S-03"},
		{"start-limit-hit", "71", "S-03"},
		{"oom-kill", "KILL", "S-03"},
		{"something-new", "0", "S-03"},
	} {
		if got := Code(tt.result, tt.status); got != tt.want {
			t.Errorf("Code(%q, %q) = %q; want %q", tt.result, tt.status, got, tt.want)
		}
	}
}

// TestStatus holds the numbers that units and people know.
func TestStatus(t *testing.T) {
	for err, want := range map[error]int{
		kiosk.ErrReaderHung: 70, kiosk.ErrRestart: 71, kiosk.ErrPrinterHung: 72, kiosk.ErrTerminalSilent: 73, errors.New("no profile"): 1,
	} {
		if got := Status(fmt.Errorf("running: %w", err)); got != want {
			t.Errorf("Status(%v) = %d; want %d", err, got, want)
		}
	}
}
