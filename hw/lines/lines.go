// Package lines drives what hangs on GPIO lines: the status lamps, staff's lamp, a beeper and the switch of the case's
// door. It finds the chip by its label and the lines by their names, because numbers have changed with kernels and boards
// (field.md §5).
//
// Lamps and beeper are switched by a transistor or a driver such as the ULN2803 each, high is on; the beeper is an active
// one of 1.5–2 kHz. The door's switch lies between its line and ground and is closed while the door is shut: the line is
// pulled up, so that an open door and a broken wire look alike.
//
// When the program dies everything goes dark and silent without it, also after SIGKILL: lines are held by an open file,
// the kernel closes that with the process, the chips of the Raspberry Pi turn freed lines back into inputs, and what
// hangs on them must have a pull-down. No code can do that, and none here tries.
//
// The package must never decide what is signalled, never leave a lamp lit or a beeper on behind, and never stop a kiosk
// whose lamps are missing: they are the first thing a visitor sees and the last thing a reading needs.
package lines

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"periph.io/x/conn/v3/gpio"

	"kagimado/hw"
)

// Options name the lines, as the kernel does: GPIO17. An empty name is a thing that is not there. Chip is the label of
// the GPIO chip; empty means the one behind a Raspberry Pi's header.
type Options struct {
	Chip                            string
	White, Blue, Green, Yellow, Red string
	Staff                           string // staff's own lamp
	Beeper                          string
	Door                            string
}

// output is a bit in what is on.
type output uint8

const (
	white output = 1 << iota
	blue
	green
	yellow
	red
	staff
	beeper
)

const lamps = white | blue | green | yellow | red

// rhythm is how something goes on and off. Without off it is steady; times is how often, and without it for ever.
type rhythm struct {
	on, off time.Duration
	times   int
}

// pattern is how one output tells one thing.
type pattern struct {
	output
	rhythm
}

// patterns follow IEC 60073: slow flashing is 0.4–0.8 Hz, normal 1.4–2.8 Hz and the most urgent. Every signal has a
// rhythm of its own, for those who cannot tell its colour, and none flashes more than three times a second.
var patterns = map[hw.Signal]pattern{
	hw.Ready:        {white, rhythm{on: 1200 * time.Millisecond, off: 400 * time.Millisecond}},
	hw.Busy:         {blue, rhythm{on: 800 * time.Millisecond, off: 800 * time.Millisecond}},
	hw.Done:         {green, rhythm{on: time.Second}},
	hw.Attention:    {yellow, rhythm{on: 400 * time.Millisecond, off: 1200 * time.Millisecond}},
	hw.OutOfService: {red, rhythm{on: 250 * time.Millisecond, off: 250 * time.Millisecond}},
}

// call winks beside whatever the others show: staff find it, visitors need not ask what it means.
var call = pattern{staff, rhythm{on: 200 * time.Millisecond, off: 1800 * time.Millisecond}}

// sounds differ by number and length (field.md §5), and none lasts two seconds.
var sounds = map[hw.Sound]pattern{
	hw.Accepted: {beeper, rhythm{100 * time.Millisecond, 100 * time.Millisecond, 1}},
	hw.Finished: {beeper, rhythm{100 * time.Millisecond, 100 * time.Millisecond, 2}},
	hw.Refused:  {beeper, rhythm{400 * time.Millisecond, 200 * time.Millisecond, 3}},
}

// chip is the part of a GPIO chip that is needed: *gpioioctl.GPIOChip behind an adapter, or a test's.
type chip interface {
	Label() string
	has(line string) bool
	outputs(lines []string) (lineSet, error)
	input(line string) (input, error) // pulled up
}

// lineSet is several lines of one chip, set in one step. *gpioioctl.LineSet is one.
type lineSet interface {
	Out(bits, mask gpio.GPIOValue) error
	Close() error
}

// input is one line that is read. *gpioioctl.LineSet is one too.
type input interface {
	Read(mask gpio.GPIOValue) (gpio.GPIOValue, error)
	Close() error
}

// headerChips are the labels of the chips behind the header: Pi 5, Pi 4, and the boards before.
var headerChips = []string{"pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"}

// Open takes the lines and leaves every lamp dark and the beeper silent. The Lines it returns are never nil and work as
// far as they can; the error says once what does not, as a hw.Fault: L-02 when other programs hold the lines and that is
// all, otherwise L-01.
func Open(o Options) (*Lines, error) { return open(o, chips) }

func open(o Options, chips func() ([]chip, error)) (*Lines, error) {
	wired := false
	for _, name := range []string{o.White, o.Blue, o.Green, o.Yellow, o.Red, o.Staff, o.Beeper, o.Door} {
		wired = wired || name != ""
	}
	var t taken
	if wired {
		t.take(o, chips)
	}
	return start(t), t.fault()
}

func missing(err error) error {
	if err == nil {
		return nil
	}
	return &hw.Fault{Code: hw.LinesMissing, Err: err}
}

// line is an output's.
type line struct {
	output output
	name   string
}

// group is lines requested together and the outputs on them, in the same order.
type group struct {
	set     lineSet
	outputs []output
}

// taken is what could be had, and why the rest could not.
type taken struct {
	groups       []group
	door         input
	absent, busy []error
}

func (t *taken) fault() error {
	switch err := errors.Join(append(t.absent, t.busy...)...); {
	case len(t.absent) > 0:
		return missing(err)
	case len(t.busy) > 0:
		return &hw.Fault{Code: hw.LinesBusy, Err: err}
	}
	return nil
}

// refused notes why a line could not be had. The module keeps only the text of what the kernel said.
func (t *taken) refused(name string, err error) {
	said := fmt.Errorf("requesting line %s: %w", name, err)
	if strings.Contains(err.Error(), syscall.EBUSY.Error()) {
		t.busy = append(t.busy, said)
		return
	}
	t.absent = append(t.absent, said)
}

// take requests the lines: all outputs in one set, so that they change together, or those that are there and free.
func (t *taken) take(o Options, chips func() ([]chip, error)) {
	found, err := chips()
	if err != nil {
		t.absent = append(t.absent, fmt.Errorf("looking for GPIO chips: %w", err))
		return
	}
	c := choose(found, o.Chip)
	if c == nil {
		var labels []string
		for _, f := range found {
			labels = append(labels, f.Label())
		}
		t.absent = append(t.absent, fmt.Errorf("looking for GPIO chip %q: only %q are there", o.Chip, labels))
		return
	}
	var there []line
	for _, l := range []line{
		{white, o.White}, {blue, o.Blue}, {green, o.Green}, {yellow, o.Yellow}, {red, o.Red}, {staff, o.Staff}, {beeper, o.Beeper},
	} {
		if t.has(c, l.name) {
			there = append(there, l)
		}
	}
	t.takeOutputs(c, there)
	if t.has(c, o.Door) {
		if t.door, err = c.input(o.Door); err != nil {
			t.door = nil
			t.refused(o.Door, err)
		}
	}
}

func (t *taken) has(c chip, name string) bool {
	if name != "" && !c.has(name) {
		t.absent = append(t.absent, fmt.Errorf("line %s is not on %s", name, c.Label()))
		return false
	}
	return name != ""
}

func (t *taken) takeOutputs(c chip, there []line) {
	if len(there) == 0 {
		return
	}
	if g, err := requestGroup(c, there); err == nil {
		t.groups = []group{g}
		return
	}
	// One line that another program holds refuses the whole set.
	for _, l := range there {
		g, err := requestGroup(c, []line{l})
		if err != nil {
			t.refused(l.name, err)
			continue
		}
		t.groups = append(t.groups, g)
	}
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
		g.outputs = append(g.outputs, l.output)
	}
	var err error
	g.set, err = c.outputs(names)
	return g, err
}

func (g group) put(on output) error {
	var bits gpio.GPIOValue
	for i, o := range g.outputs {
		if on&o != 0 {
			bits |= 1 << i
		}
	}
	return g.set.Out(bits, 1<<len(g.outputs)-1)
}

// Wired tells what of the lines could be had at Open.
type Wired struct {
	Lamps  bool // at least one for visitors
	Staff  bool
	Beeper bool
	Door   bool
}

// Lines shows one signal at a time, winks for staff, beeps and watches the door until Close. Its methods may be called
// from any goroutine.
type Lines struct {
	wired    Wired
	door     input // nil: none
	requests chan request
	closing  chan chan error
	closed   chan struct{}
}

var (
	_ hw.Lamps  = (*Lines)(nil)
	_ hw.Beeper = (*Lines)(nil)
	_ hw.Door   = (*Lines)(nil)
)

// request changes what one player plays.
type request struct {
	change func(*players)
	result chan<- error
}

var errClosed = errors.New("the lines are closed")

func start(t taken) *Lines {
	l := &Lines{door: t.door, requests: make(chan request), closing: make(chan chan error), closed: make(chan struct{})}
	l.wired.Door = t.door != nil
	for _, g := range t.groups {
		for _, o := range g.outputs {
			l.wired.Lamps = l.wired.Lamps || o&lamps != 0
			l.wired.Staff = l.wired.Staff || o == staff
			l.wired.Beeper = l.wired.Beeper || o == beeper
		}
	}
	go l.run(t.groups)
	return l
}

// Wired tells what is there to be used.
func (l *Lines) Wired() Wired { return l.wired }

// Show changes the signal. The first failure of a line is returned once, here or at the next call of Show, Call or Beep
// when it came while a lamp was flashing; then what hung on it stays dark and the calls do nothing.
func (l *Lines) Show(s hw.Signal) error {
	return l.request(func(p *players) {
		if s != p.shown {
			p.shown = s
			p.signal.begin(patterns[s])
		}
	})
}

// Call lets staff's lamp wink, or not. It fails as Show does.
func (l *Lines) Call(on bool) error {
	return l.request(func(p *players) {
		switch {
		case on == p.called:
		case on:
			p.staff.begin(call)
		default:
			p.staff.begin(pattern{})
		}
		p.called = on
	})
}

// Beep sounds s, in place of a sound that still lasts. It fails as Show does.
func (l *Lines) Beep(s hw.Sound) error {
	return l.request(func(p *players) { p.beeper.begin(sounds[s]) })
}

func (l *Lines) request(change func(*players)) error {
	result := make(chan error, 1)
	select {
	case l.requests <- request{change, result}:
		return <-result
	case <-l.closed:
		return errClosed
	}
}

// Close turns everything off, gives the lines back and waits until that is done. Doors are watched no more.
func (l *Lines) Close() error {
	result := make(chan error, 1)
	select {
	case l.closing <- result:
		<-l.closed
		return <-result
	case <-l.closed:
		return nil
	}
}

// player plays one pattern after the other.
type player struct {
	pattern
	timer *time.Timer
	lit   bool
	left  int // how often it still goes on, when that is counted
}

func newPlayer() player {
	p := player{timer: time.NewTimer(time.Hour)}
	p.timer.Stop()
	return p
}

// begin starts n at once, whatever was played before. The zero pattern is nothing.
func (p *player) begin(n pattern) {
	p.timer.Stop()
	p.pattern, p.lit, p.left = n, n.output != 0, n.times-1
	if p.lit && n.off > 0 {
		p.timer.Reset(n.on)
	}
}

// turn is called when the timer fires.
func (p *player) turn() {
	switch {
	case p.lit && p.times > 0 && p.left == 0:
		p.lit = false
	case p.lit:
		p.lit = false
		p.timer.Reset(p.off)
	default:
		p.lit = true
		p.left--
		p.timer.Reset(p.on)
	}
}

// now is the output that is on now, if it is.
func (p *player) now() output {
	if p.lit {
		return p.output
	}
	return 0
}

// players are all that go on at once.
type players struct {
	signal, staff, beeper player
	shown                 hw.Signal
	called                bool
}

// run owns the outputs. It starts and ends with all of them off.
func (l *Lines) run(groups []group) {
	defer close(l.closed)
	var failed error // not yet told
	put := func(on output) {
		var live []group
		for _, g := range groups {
			if err := g.put(on); err != nil {
				failed = fmt.Errorf("setting the lines: %w", err)
				_ = g.put(0)
				_ = g.set.Close()
				continue
			}
			live = append(live, g)
		}
		groups = live
	}
	put(0)
	p := &players{signal: newPlayer(), staff: newPlayer(), beeper: newPlayer()}
	var now output
	follow := func() {
		if on := p.signal.now() | p.staff.now() | p.beeper.now(); on != now {
			now = on
			put(on)
		}
		if len(groups) == 0 { // nothing is left that could go on
			for _, x := range []*player{&p.signal, &p.staff, &p.beeper} {
				x.begin(pattern{})
			}
		}
	}
	for {
		select {
		case r := <-l.requests:
			r.change(p)
			follow()
			r.result <- missing(failed)
			failed = nil
		case <-p.signal.timer.C:
			p.signal.turn()
			follow()
		case <-p.staff.timer.C:
			p.staff.turn()
			follow()
		case <-p.beeper.timer.C:
			p.beeper.turn()
			follow()
		case result := <-l.closing:
			put(0)
			for _, g := range groups {
				failed = errors.Join(failed, g.set.Close())
			}
			if l.door != nil {
				failed = errors.Join(failed, l.door.Close())
			}
			result <- missing(failed)
			return
		}
	}
}
