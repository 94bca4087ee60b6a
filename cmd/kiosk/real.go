//go:build !sim

package main

import (
	"log/slog"

	"kagimado/cmd/internal/wiring"
	"kagimado/hw"
	"kagimado/kiosk/site"
)

// openHardware opens the devices the profile names. Only a profile that cannot be meant fails; a device that is not
// there is a fault with a code, later, where it is needed.
func openHardware(p *site.Profile, log *slog.Logger) (hardware, error) {
	paper, err := wiring.Printer(p.Printer)
	if err != nil {
		return hardware{}, err
	}
	watch, now, err := wiring.Clock(nil)
	if err != nil {
		log.Warn("clock", "error", err)
	}
	lamps, err := wiring.Lines(p.Lines)
	var faults []hw.Code
	if err != nil {
		code := hw.CodeOf(err, hw.LinesMissing)
		log.Warn("lamps", "code", code, "error", err)
		faults = append(faults, code)
	}
	return hardware{
		reader: wiring.Reader(p.Reader, log), printer: paper, lamps: lamps,
		clock: watch, now: now, faults: faults,
	}, nil
}
