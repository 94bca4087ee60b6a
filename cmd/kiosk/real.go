//go:build !sim

package main

import (
	"log/slog"

	"kagimado/hw"
	"kagimado/hw/clock"
	"kagimado/hw/lines"
	"kagimado/hw/printer"
	"kagimado/hw/reader"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
)

// openHardware opens the devices the profile names. Only a profile that cannot be meant fails; a device that is not
// there is a fault with a code, later, where it is needed.
func openHardware(p *site.Profile, log *slog.Logger) (hardware, error) {
	paper, err := openPrinter(p.Printer)
	if err != nil {
		return hardware{}, err
	}
	watch, err := clock.Open(clock.Options{})
	if err != nil {
		log.Warn("clock", "error", err)
	}
	lamps, err := lines.Open(lines.Options{
		Chip: p.Lines.Chip, White: p.Lines.White, Blue: p.Lines.Blue, Green: p.Lines.Green, Yellow: p.Lines.Yellow,
		Red: p.Lines.Red,
	})
	var faults []hw.Code
	if err != nil {
		log.Warn("lamps", "code", hw.LinesMissing, "error", err)
		faults = append(faults, hw.LinesMissing)
	}
	return hardware{
		clock:   watch,
		faults:  faults,
		reader:  reader.Open(reader.Options{Name: p.Reader, Log: log}),
		printer: paper,
		lamps:   lamps,
		now: func() diagnosis.Now {
			n := watch.Now()
			return diagnosis.Now{Earliest: n.Earliest, Latest: n.Latest, Why: n.Why}
		},
	}, nil
}

func openPrinter(p site.Printer) (hw.Printer, error) {
	o := printer.Options{NoCut: !p.Cut}
	switch p.Kind {
	case site.PrinterNone:
		return nil, nil
	case site.PrinterFile:
		o.Folder = p.Path
	case site.PrinterDevice:
		o.Device = p.Path
	case site.PrinterSerial:
		o.Device, o.Baud, o.Flow = p.Path, p.Baud, p.Flow
	case site.PrinterTCP:
		o.Address = p.Address
	}
	return printer.Open(o)
}
