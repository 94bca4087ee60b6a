// Package wiring opens the hardware that a profile names: for the appliance, and for the bench tool that tests the same
// parts. It must never decide what a missing part costs, and never hold simulated hardware.
package wiring

import (
	"log/slog"
	"time"

	"kagimado/hw"
	"kagimado/hw/clock"
	"kagimado/hw/lines"
	"kagimado/hw/printer"
	"kagimado/hw/reader"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
)

// Reader returns the reader whose PC/SC name the profile gives a part of; an empty name takes any. Nothing is touched yet.
func Reader(name string, log *slog.Logger) *reader.Reader {
	return reader.Open(reader.Options{Name: name, Log: log})
}

// Printer returns the printer, nil when there is none. Only a description that cannot be meant is an error.
func Printer(p site.Printer) (hw.Printer, error) {
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

// PrintTimeout bounds one slip. A serial line is slow enough to count: the longest slip, all of it black, against ten
// bits a byte.
func PrintTimeout(p site.Printer) time.Duration {
	const printing, longest = time.Minute, 72 * 4000 // bytes
	if p.Kind != site.PrinterSerial || p.Baud <= 0 {
		return printing
	}
	return printing + longest*10*time.Second/time.Duration(p.Baud)
}

// Wired tells whether the profile names any line.
func Wired(l site.Lines) bool {
	l.Chip = ""
	return l != site.Lines{}
}

// Lines takes the lines. What it returns works as far as it can and is never nil; the error says with its code what is
// missing.
func Lines(l site.Lines) (*lines.Lines, error) {
	return lines.Open(lines.Options{
		Chip: l.Chip, White: l.White, Blue: l.Blue, Green: l.Green, Yellow: l.Yellow, Red: l.Red,
		Staff: l.Staff, Beeper: l.Beeper, Door: l.Door,
	})
}

// Clock returns the machine's clock, and what it knows of the present moment in the words of diagnosis. saved is the record
// of an earlier run; nil is none. Neither is ever nil; the error tells of what could not be used.
func Clock(saved []byte) (*clock.Clock, func() diagnosis.Now, error) {
	c, err := clock.Open(clock.Options{Saved: saved})
	return c, func() diagnosis.Now {
		n := c.Now()
		return diagnosis.Now{Earliest: n.Earliest, Latest: n.Latest, Why: n.Why}
	}, err
}
