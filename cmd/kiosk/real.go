//go:build !sim

package main

import (
	"log/slog"

	"kagimado/cmd/internal/wiring"
	"kagimado/hw"
	"kagimado/hw/clock"
	"kagimado/kiosk/site"
)

// openHardware opens the devices the profile names; saved is what was kept of the time. Only a profile that cannot be
// meant fails; a device that is not there is a fault with a code, later, where it is needed.
func openHardware(p *site.Profile, saved []byte, log *slog.Logger) (hardware, error) {
	paper, err := wiring.Printer(p.Printer)
	if err != nil {
		return hardware{}, err
	}
	watch, now, err := wiring.Clock(saved)
	if err != nil {
		log.Warn("clock", "error", err)
	}
	var faults []hw.Code
	if watch.Battery() == clock.BatteryLost {
		log.Warn("clock", "code", hw.ClockBattery)
		faults = append(faults, hw.ClockBattery)
	}
	wires, err := wiring.Lines(p.Lines)
	if err != nil {
		code := hw.CodeOf(err, hw.LinesMissing)
		log.Warn("lines", "code", code, "error", err)
		faults = append(faults, code)
	}
	var beeper hw.Beeper // nil, not the driver without one
	var door hw.Door
	if wires.Wired().Beeper {
		beeper = wires
	}
	if wires.Wired().Door {
		door = wires
	}
	return hardware{
		reader: wiring.Reader(p.Reader, log), printer: paper, lamps: wires, beeper: beeper, door: door,
		clock: watch, timekeeper: watch, now: now, faults: faults,
	}, nil
}
