// Command kiosk is the appliance: it loads the profile, opens the hardware, runs, and tells systemd how it goes.
//
// Built with the tag sim it runs on simulated hardware in any terminal; the release program contains none of that. It
// must stay short: what a visit is stands in package kiosk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/gdamore/tcell/v2"

	"kagimado/cmd/internal/exit"
	"kagimado/cmd/internal/wiring"
	"kagimado/hw"
	"kagimado/hw/clock"
	"kagimado/hw/system"
	"kagimado/hw/update"
	"kagimado/kiosk"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/edition"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// hardware is what a kiosk stands on, real or simulated.
type hardware struct {
	reader  hw.Reader
	printer hw.Printer // nil: none
	lamps   hw.Lamps
	beeper  hw.Beeper // nil: none
	door    hw.Door   // nil: none
	now     func() diagnosis.Now
	clock   kiosk.Clock // nil: it cannot be set
	faults  []hw.Code   // of what could not be opened

	system  kiosk.System // nil: what the flags say
	updates hw.Updates   // goes with it

	timekeeper kiosk.Timekeeper // nil: nothing of the time is kept
	bench      bench
}

// bench is what simulated hardware adds: a line at the bottom, keys that lay cards, an end, and a recording. It is empty in
// the release program.
type bench struct {
	status func() string
	keys   func(*tcell.EventKey) bool
	typed  bool // keys act
	record func(before session.State, ev session.Event, after session.State, effects []session.Effect)
}

// options are what the program is called with. Each is a file or a folder, and empty when there is none.
type options struct {
	profile, log, state, wishes, metrics, stick, content, update, slot string

	cell bool // only say how large a character is
}

func main() {
	var o options
	flag.StringVar(&o.profile, "profile", "", "the office's kiosk.toml; empty takes the built-in city hall lobby, for trying out")
	flag.StringVar(&o.log, "log", "", "append the log to this file; empty logs to standard error unless that is the terminal")
	flag.StringVar(&o.state, "state", "", "keep in this folder what must outlive the program: the last good profile, the staff code, the time, counts and faults; empty keeps nothing, and the staff menu stays closed")
	flag.StringVar(&o.wishes, "wishes", "", "lay wishes for the privileged units of systemd into this folder, on the appliance "+system.Folder+"; empty asks nobody")
	flag.StringVar(&o.metrics, "metrics", "", "write what the kiosk tells of itself into this file once a minute, for Prometheus' node exporter; empty writes none")
	flag.StringVar(&o.stick, "stick", "", "where a USB stick is mounted, for staff's export; empty offers none")
	flag.StringVar(&o.update, "update", "", "the file in which root tells of the update on a USB stick, on the appliance "+update.File+"; empty offers no updates, and lets no stick in")
	flag.StringVar(&o.slot, "slot", "", "the file in which root tells whether the system is on trial, on the appliance "+update.SlotFile+"; goes with -update")
	flag.StringVar(&o.content, "content", "", "an installed copy of data and words (kioskctl content), which serves while it is newer than the built-in one; empty looks for none")
	flag.BoolVar(&o.cell, "cell", false, "only print how wide and high a character is on the profile's panel, in pixels, for whoever sets up the terminal")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "kiosk: unexpected argument %q\n", flag.Arg(0))
		os.Exit(exit.Usage)
	}
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, "kiosk:", err)
		os.Exit(exit.Usage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, o)
	switch {
	case err == nil:
		return
	case errors.Is(err, kiosk.ErrRestart): // nothing is wrong
	case errors.Is(err, kiosk.ErrTerminalSilent): // it may be where standard error leads, and takes nothing
	default:
		fmt.Fprintln(os.Stderr, "kiosk:", err)
	}
	os.Exit(exit.Status(err))
}

// check refuses flags of which one means nothing without the other.
func (o options) check() error {
	switch {
	case o.slot != "" && o.update == "":
		return errors.New("-slot goes with -update")
	case o.update != "" && o.wishes == "":
		return errors.New("-update goes with -wishes: what root tells is the answer to a wish")
	}
	return nil
}

// bootID names this start of the machine (random(4)); empty where nobody tells.
func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}

func run(ctx context.Context, o options) error {
	out, err := openLog(o.log)
	if err != nil {
		return err
	}
	if o.cell { // the run that follows logs the same, and looks at the copy: here nobody is told anything
		out, o.content = io.Discard, ""
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	slog.SetDefault(log) // periph logs through package log
	records := openLedger(o.state, log)
	said, err := edition.Choose(o.content)
	said.Use()
	if err != nil {
		log.Error("the built-in content serves", "code", hw.ContentUnusable, "error", err)
	}
	usable, facts := err == nil, said.Content
	log.Info("content", "version", said.Version, "program", edition.Version())
	place, err := loadProfile(o.profile, facts, records, log)
	if err != nil {
		return err
	}
	if o.cell {
		_, err := fmt.Println(place.Panel.CellWidth, place.Panel.CellHeight)
		return err
	}
	devices, err := openHardware(place.Profile, loadTime(records, log), log)
	if err != nil {
		return err
	}
	defer devices.lamps.Close()
	keepProfile(place, records, log)
	if len(place.staff) > 0 {
		devices.faults = append(devices.faults, hw.ProfileMistake)
	}
	if !usable {
		devices.faults = append(devices.faults, hw.ContentUnusable)
		f, _ := facts.Fault(string(hw.ContentUnusable))
		place.staff = append(place.staff, f.Code+" "+f.Name)
	}
	terminal, pulse, err := openTerminal(devices.bench.typed)
	if err != nil {
		return err
	}
	if old := site.OldStores(facts, devices.now().Earliest); old != "" {
		place.staff = append(place.staff, old)
	}
	built, err := clock.Built()
	if err != nil {
		return err
	}
	cfg := kiosk.Config{
		Reader: devices.reader, Printer: devices.printer, Lamps: devices.lamps, Beeper: devices.beeper, Door: devices.door, Screen: terminal,
		Profile: place.Profile, Staff: place.staff, Content: facts, Now: devices.now,
		Slip: slip.Options{Width: place.Printer.Width, DPI: place.Printer.DPI}, Log: log,
		Clock: devices.clock, Timekeeper: devices.timekeeper, Faults: devices.faults, Built: built,
		PrintTimeout: wiring.PrintTimeout(place.Printer),
		Status:       devices.bench.status, Keys: devices.bench.keys, Keyboard: devices.bench.typed, Record: devices.bench.record,
		Pulse: pulse, Boot: bootID(),
		Ready:     func() { notify(log, daemon.SdNotifyReady) },
		Condition: func(said string) { notify(log, "STATUS="+said) },
		Beat:      func() { notify(log, daemon.SdNotifyWatchdog) },
	}
	if records != nil { // a nil ledger would be something
		cfg.Records = records
	} else if o.state != "" {
		cfg.Faults = append(cfg.Faults, hw.StateLost)
	}
	if o.wishes != "" {
		cfg.System = system.Open(o.wishes)
	}
	if o.update != "" {
		cfg.Updates = update.Told{UpdateFile: o.update, SlotFile: o.slot}
	}
	if devices.system != nil {
		cfg.System, cfg.Updates = devices.system, devices.updates
	}
	if o.metrics != "" {
		cfg.Export = func(s kiosk.Snapshot) {
			if err := writeMetrics(o.metrics, s, facts); err != nil {
				log.Warn("metrics", "error", err)
			}
		}
	}
	if o.stick != "" {
		cfg.Stick = func(s kiosk.Snapshot) (string, error) { return stick(o.stick).write(s, facts) }
	}
	err = kiosk.Run(ctx, cfg)
	notify(log, daemon.SdNotifyStopping)
	return err
}

// notify tells systemd; without systemd nobody listens, which is no fault.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("telling systemd", "state", state, "error", err)
	}
}

// openLog keeps the log out of the terminal the screen is drawn on.
func openLog(name string) (io.Writer, error) {
	if name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		if err != nil {
			return nil, fmt.Errorf("opening the log: %w", err)
		}
		return f, nil
	}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return io.Discard, nil
	}
	return os.Stderr, nil
}
