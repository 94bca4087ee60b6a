// Package lines drives what hangs on GPIO lines: the status lamps. It finds the chip by its label and the lines by
// their names, because numbers have changed with kernels and boards (field.md §5).
//
// The package must never decide what is signalled, never leave a lamp lit behind, and never stop a kiosk whose lamps
// are missing: they are the first thing a visitor sees and the last thing a reading needs.
package lines

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"kagimado/hw"
)

// Options name the lines, as the kernel does: GPIO17. An empty name is a lamp that is not there. Chip is the label of
// the GPIO chip; empty means the one behind a Raspberry Pi's header.
type Options struct {
	Chip                            string
	White, Blue, Green, Yellow, Red string
}

// lamp is a bit in what is lit.
type lamp uint8

const (
	white lamp = 1 << iota
	blue
	green
	yellow
	red
)

// pattern is how one lamp shows one signal. Without off it is steady.
type pattern struct {
	lamp    lamp
	on, off time.Duration
}

// patterns follow IEC 60073: slow flashing is 0.4–0.8 Hz, normal 1.4–2.8 Hz and the most urgent. Every signal has a
// rhythm of its own, for those who cannot tell its colour, and none flashes more than three times a second.
var patterns = map[hw.Signal]pattern{
	hw.Ready:        {white, 1200 * time.Millisecond, 400 * time.Millisecond},
	hw.Busy:         {blue, 800 * time.Millisecond, 800 * time.Millisecond},
	hw.Done:         {green, time.Second, 0},
	hw.Attention:    {yellow, 400 * time.Millisecond, 1200 * time.Millisecond},
	hw.OutOfService: {red, 250 * time.Millisecond, 250 * time.Millisecond},
}

// chip is the part of a GPIO chip that is needed: *gpioioctl.GPIOChip behind an adapter, or a test's.
type chip interface {
	Label() string
	has(line string) bool
	request(lines []string) (lineSet, error)
}

// lineSet is several lines of one chip, set in one step. *gpioioctl.LineSet is one.
type lineSet interface {
	Out(bits, mask gpio.GPIOValue) error
	Close() error
}

// headerChips are the labels of the chips behind the header: Pi 5, Pi 4, and the boards before.
var headerChips = []string{"pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"}

// Open takes the lines and leaves every lamp dark. The Lamps it returns are never nil and work as far as they can;
// the error, a hw.Fault with L-01, says once what is missing.
func Open(o Options) (*Lamps, error) { return open(o, chips) }

func open(o Options, chips func() ([]chip, error)) (*Lamps, error) {
	var wired []line
	for _, l := range []line{{white, o.White}, {blue, o.Blue}, {green, o.Green}, {yellow, o.Yellow}, {red, o.Red}} {
		if l.name != "" {
			wired = append(wired, l)
		}
	}
	var groups []group
	var err error
	if len(wired) > 0 {
		groups, err = take(o.Chip, wired, chips)
	}
	return start(groups), missing(err)
}

func missing(err error) error {
	if err == nil {
		return nil
	}
	return &hw.Fault{Code: hw.LinesMissing, Err: err}
}

type line struct {
	lamp lamp
	name string
}

// group is lines requested together and the lamps on them, in the same order.
type group struct {
	set   lineSet
	lamps []lamp
}

// take requests the wired lines: all in one set, so that they change together, or those that are there and free.
func take(label string, wired []line, chips func() ([]chip, error)) ([]group, error) {
	found, err := chips()
	if err != nil {
		return nil, fmt.Errorf("looking for GPIO chips: %w", err)
	}
	c := choose(found, label)
	if c == nil {
		var labels []string
		for _, f := range found {
			labels = append(labels, f.Label())
		}
		return nil, fmt.Errorf("looking for GPIO chip %q: only %q are there", label, labels)
	}
	var errs []error
	var there []line
	for _, l := range wired {
		if c.has(l.name) {
			there = append(there, l)
		} else {
			errs = append(errs, fmt.Errorf("line %s is not on %s", l.name, c.Label()))
		}
	}
	if len(there) == 0 {
		return nil, errors.Join(errs...)
	}
	if g, err := requestGroup(c, there); err == nil {
		return []group{g}, errors.Join(errs...)
	}
	// One line that another program holds refuses the whole set.
	var groups []group
	for _, l := range there {
		g, err := requestGroup(c, []line{l})
		if err != nil {
			errs = append(errs, fmt.Errorf("requesting line %s: %w", l.name, err))
			continue
		}
		groups = append(groups, g)
	}
	return groups, errors.Join(errs...)
}

func choose(found []chip, label string) chip {
	labels := headerChips
	if label != "" {
		labels = []string{label}
	}
	for _, want := range labels {
		for _, c := range found {
			if c.Label() == want {
				return c
			}
		}
	}
	return nil
}

func requestGroup(c chip, lines []line) (group, error) {
	var g group
	var names []string
	for _, l := range lines {
		names = append(names, l.name)
		g.lamps = append(g.lamps, l.lamp)
	}
	var err error
	g.set, err = c.request(names)
	return g, err
}

func (g group) light(lit lamp) error {
	var bits gpio.GPIOValue
	for i, l := range g.lamps {
		if lit&l != 0 {
			bits |= 1 << i
		}
	}
	return g.set.Out(bits, 1<<len(g.lamps)-1)
}

// Lamps shows one signal at a time until Close. Its methods may be called from any goroutine.
type Lamps struct {
	requests chan request
	closing  chan chan error
	closed   chan struct{}
}

var _ hw.Lamps = (*Lamps)(nil)

type request struct {
	signal hw.Signal
	result chan<- error
}

var errClosed = errors.New("the lamps are closed")

func start(groups []group) *Lamps {
	l := &Lamps{make(chan request), make(chan chan error), make(chan struct{})}
	go l.run(groups)
	return l
}

// Show changes the signal. The first failure of a line is returned once, here or at the next call when it came while
// a lamp was flashing; then the lamps stay dark and Show does nothing.
func (l *Lamps) Show(s hw.Signal) error {
	result := make(chan error, 1)
	select {
	case l.requests <- request{s, result}:
		return <-result
	case <-l.closed:
		return errClosed
	}
}

// Call does nothing yet: the profile names no line for staff's lamp.
func (l *Lamps) Call(bool) error { return nil }

// Close turns every lamp off, gives the lines back and waits until that is done.
func (l *Lamps) Close() error {
	result := make(chan error, 1)
	select {
	case l.closing <- result:
		<-l.closed
		return <-result
	case <-l.closed:
		return nil
	}
}

// run owns the lines. It starts and ends with every lamp dark.
func (l *Lamps) run(groups []group) {
	defer close(l.closed)
	var failed error // not yet told
	light := func(lit lamp) {
		for _, g := range groups {
			if err := g.light(lit); err != nil {
				failed = fmt.Errorf("setting the lamps: %w", err)
			}
		}
		if failed != nil {
			for _, g := range groups {
				_ = g.light(0)
				_ = g.set.Close()
			}
			groups = nil
		}
	}
	light(0)
	var now hw.Signal
	var p pattern
	lit := false
	flash := time.NewTimer(time.Hour)
	flash.Stop()
	set := func(on bool) {
		lit = on
		next := p.on
		if !on {
			next = p.off
			light(0)
		} else {
			light(p.lamp)
		}
		if p.off > 0 && len(groups) > 0 {
			flash.Reset(next)
		}
	}
	for {
		select {
		case r := <-l.requests:
			if r.signal != now {
				now, p = r.signal, patterns[r.signal]
				flash.Stop()
				set(p.lamp != 0)
			}
			r.result <- missing(failed)
			failed = nil
		case <-flash.C:
			set(!lit)
		case result := <-l.closing:
			flash.Stop()
			light(0)
			for _, g := range groups {
				failed = errors.Join(failed, g.set.Close())
			}
			result <- missing(failed)
			return
		}
	}
}
