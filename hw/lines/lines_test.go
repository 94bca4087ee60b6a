package lines

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"kagimado/hw"
)

// all are the five lamps, full everything that can be wired.
var (
	all  = Options{White: "GPIO17", Blue: "GPIO27", Green: "GPIO22", Yellow: "GPIO23", Red: "GPIO24"}
	full = Options{
		White: "GPIO17", Blue: "GPIO27", Green: "GPIO22", Yellow: "GPIO23", Red: "GPIO24", Staff: "GPIO5", Beeper: "GPIO25", Door: "GPIO6",
	}
)

// board is a GPIO chip in memory. It tells every change of what is lit, with the time since it was made.
type board struct {
	label string
	lines []string
	busy  string      // a line that another program holds
	dead  atomic.Bool // Out and Read fail from now on
	open  atomic.Bool // the door

	begun time.Time
	level map[string]bool
	held  map[string]bool
	log   []string
	sets  int
}

func newBoard(label string, lines ...string) *board {
	return &board{label: label, lines: lines, begun: time.Now(), level: map[string]bool{}, held: map[string]bool{}}
}

func header(label string) *board {
	return newBoard(label, "GPIO17", "GPIO27", "GPIO22", "GPIO23", "GPIO24", "GPIO5", "GPIO25", "GPIO6")
}

func (b *board) Label() string { return b.label }

func (b *board) has(line string) bool {
	return slices.Contains(b.lines, line)
}

func (b *board) outputs(lines []string) (lineSet, error) {
	b.sets++
	return b.take(lines)
}

func (b *board) input(line string) (input, error) { return b.take([]string{line}) }

func (b *board) take(lines []string) (*boardSet, error) {
	for i, l := range lines {
		if l == b.busy || b.held[l] || slices.Contains(lines[:i], l) {
			return nil, errors.New("LineSetFromConfig: " + syscall.EBUSY.Error()) // all that the module keeps
		}
	}
	for _, l := range lines {
		b.held[l] = true
	}
	return &boardSet{b, lines}, nil
}

type boardSet struct {
	*board
	names []string
}

func (s *boardSet) Out(bits, mask gpio.GPIOValue) error {
	if s.dead.Load() {
		return errors.New("no such device")
	}
	for i, name := range s.names {
		if mask&(1<<i) != 0 {
			s.level[name] = bits&(1<<i) != 0
		}
	}
	var lit []string
	for _, name := range s.lines {
		if s.level[name] {
			lit = append(lit, name)
		}
	}
	now := fmt.Sprintf("%d %s", time.Since(s.begun).Milliseconds(), strings.Join(lit, "+"))
	s.log = append(s.log, now)
	return nil
}

func (s *boardSet) Read(gpio.GPIOValue) (gpio.GPIOValue, error) {
	if s.dead.Load() {
		return 0, errors.New("no such device")
	}
	if s.open.Load() {
		return 1, nil
	}
	return 0, nil
}

func (s *boardSet) Close() error {
	for _, name := range s.names {
		delete(s.held, name)
	}
	return nil
}

func boards(list ...*board) func() ([]chip, error) {
	return func() ([]chip, error) {
		var c []chip
		for _, b := range list {
			c = append(c, b)
		}
		return c, nil
	}
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		signal hw.Signal
		want   []string // within two seconds
	}{
		{hw.Dark, nil},
		{hw.Ready, []string{"0 GPIO17", "1200 ", "1600 GPIO17"}},
		{hw.Busy, []string{"0 GPIO27", "800 ", "1600 GPIO27"}},
		{hw.Done, []string{"0 GPIO22"}},
		{hw.Attention, []string{"0 GPIO23", "400 ", "1600 GPIO23"}},
		{hw.OutOfService, []string{"0 GPIO24", "250 ", "500 GPIO24", "750 ", "1000 GPIO24", "1250 ", "1500 GPIO24", "1750 "}},
		{hw.Signal(99), nil},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			b := header("pinctrl-rp1")
			l, err := open(all, boards(b))
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Show(tt.signal); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1999 * time.Millisecond)
			synctest.Wait()
			if diff := cmp.Diff(append([]string{"0 "}, tt.want...), b.log); diff != "" {
				t.Errorf("%v (-want +got):\n%s", tt.signal, diff)
			}
			if b.sets != 1 {
				t.Errorf("lines were requested in %d sets; want one", b.sets)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if last := b.log[len(b.log)-1]; last != "1999 " || len(b.held) != 0 {
				t.Errorf("after Close %q is lit and %v held; want dark and free", last, b.held)
			}
		})
	}
}

// IEC 60073 and the limit for people with photosensitive epilepsy, for every lamp alone and beside staff's.
func TestFlashRates(t *testing.T) {
	rate := func(p pattern) float64 {
		if p.off == 0 {
			return 0
		}
		return float64(time.Second) / float64(p.on+p.off)
	}
	rhythms, outputs := map[rhythm]hw.Signal{}, staff|beeper
	for s := hw.Ready; s <= hw.OutOfService; s++ {
		p, ok := patterns[s]
		if !ok || p.output&lamps == 0 || p.on <= 0 || p.times != 0 {
			t.Errorf("%v is shown as %+v; want one lamp until the next signal", s, p)
		}
		if outputs&p.output != 0 {
			t.Errorf("%v shares its lamp", s)
		}
		outputs |= p.output
		if other, taken := rhythms[p.rhythm]; taken || p.rhythm == call.rhythm {
			t.Errorf("%v and %v differ by their colour alone", s, other)
		}
		rhythms[p.rhythm] = s
		slow, normal := rate(p) >= 0.4 && rate(p) <= 0.8, rate(p) >= 1.4 && rate(p) <= 2.8
		switch {
		case s == hw.Done && rate(p) != 0, s == hw.OutOfService && !normal, s != hw.Done && s != hw.OutOfService && !slow:
			t.Errorf("%v flashes %.2f times a second; want steady when done, normal for out of service alone, else slow", s, rate(p))
		case rate(p)+rate(call) > 3:
			t.Errorf("%v and staff's lamp flash %.2f times a second; want three at most", s, rate(p)+rate(call))
		}
	}
	if len(patterns) != int(hw.OutOfService) || call.output != staff || rate(call) < 0.4 || rate(call) > 0.8 {
		t.Errorf("there are %d patterns, and staff's lamp flashes %.2f times a second", len(patterns), rate(call))
	}
}

// Sounds are told apart by number and length, and are soon over.
func TestSoundsDiffer(t *testing.T) {
	heard := map[rhythm]bool{}
	for s := hw.Accepted; s <= hw.Refused; s++ {
		p := sounds[s]
		last := time.Duration(p.times)*(p.on+p.off) - p.off
		if p.output != beeper || p.times < 1 || p.on < 50*time.Millisecond || p.off <= 0 || last > 2*time.Second {
			t.Errorf("sound %d is %+v and lasts %v; want beeps for two seconds at most", s, p, last)
		}
		if heard[p.rhythm] {
			t.Errorf("sound %d is that of another", s)
		}
		heard[p.rhythm] = true
	}
	if len(sounds) != int(hw.Refused) {
		t.Errorf("there are %d sounds; want one each", len(sounds))
	}
}

// The same signal again does not disturb its rhythm; another begins at once and leaves nothing lit.
func TestSignalsFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := header("pinctrl-bcm2711")
		l, _ := open(all, boards(b))
		for _, step := range []struct {
			wait   time.Duration
			signal hw.Signal
		}{{0, hw.Ready}, {500, hw.Ready}, {800, hw.Busy}, {900, hw.Done}, {5000, hw.OutOfService}, {100, hw.Dark}, {3000, hw.Dark}} {
			time.Sleep(step.wait * time.Millisecond)
			if err := l.Show(step.signal); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"0 ", "0 GPIO17", "1200 ", "1300 GPIO27", "2100 ", "2200 GPIO22", "7200 GPIO24", "7300 "}
		if diff := cmp.Diff(want, b.log); diff != "" {
			t.Errorf("lit (-want +got):\n%s", diff)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("second Close = %v; want nil", err)
		}
		if err := l.Show(hw.Ready); err == nil {
			t.Error("Show after Close succeeded; want an error")
		}
	})
}

func TestOpenDegrades(t *testing.T) {
	busy := header("pinctrl-rp1")
	busy.busy = "GPIO22"
	beep := header("pinctrl-rp1")
	beep.busy = "GPIO25"
	door := header("pinctrl-rp1")
	door.busy = "GPIO6"
	both := newBoard("pinctrl-rp1", "GPIO17", "GPIO22", "GPIO24")
	both.busy = "GPIO24"
	tests := []struct {
		name   string
		o      Options
		chips  func() ([]chip, error)
		code   hw.Code
		says   string // in the error; empty = there is none
		lights string // at Done
		reds   string // at OutOfService
		wired  Wired
	}{
		{"nothing wired", Options{}, func() ([]chip, error) { panic("asked for chips") }, "", "", "", "", Wired{}},
		{"no chip", full, func() ([]chip, error) { return nil, errors.New("no GPIO chip can be opened") }, hw.LinesMissing, "no GPIO chip", "", "", Wired{}},
		{"only another chip", full, boards(newBoard("raspberrypi-exp-gpio", "BT_ON")), hw.LinesMissing, "raspberrypi-exp-gpio", "", "", Wired{}},
		{"header among others", all, boards(newBoard("raspberrypi-exp-gpio", "BT_ON"), header("pinctrl-bcm2835")), "", "", "GPIO22", "GPIO24", Wired{Lamps: true}},
		{"everything", full, boards(header("pinctrl-bcm2711")), "", "", "GPIO22", "GPIO24", Wired{true, true, true, true}},
		{"staff's lamp alone", Options{Staff: "GPIO5"}, boards(header("pinctrl-bcm2711")), "", "", "", "", Wired{Staff: true}},
		{"the door alone", Options{Door: "GPIO6"}, boards(header("pinctrl-bcm2711")), "", "", "", "", Wired{Door: true}},
		{"chip by label", Options{Chip: "mcp23017", Green: "P0"}, boards(header("pinctrl-rp1"), newBoard("mcp23017", "P0")), "", "", "P0", "", Wired{Lamps: true}},
		{"label not there", Options{Chip: "mcp23017", Green: "P0"}, boards(header("pinctrl-rp1")), hw.LinesMissing, "mcp23017", "", "", Wired{}},
		{"a line is missing", all, boards(newBoard("pinctrl-rp1", "GPIO17", "GPIO24")), hw.LinesMissing, "line GPIO22 is not on pinctrl-rp1", "", "GPIO24", Wired{Lamps: true}},
		{"no line is there", full, boards(newBoard("pinctrl-rp1", "GPIO2")), hw.LinesMissing, "GPIO6", "", "", Wired{}},
		{"a line is busy", full, boards(busy), hw.LinesBusy, "requesting line GPIO22", "", "GPIO24", Wired{true, true, true, true}},
		{"the beeper is busy", full, boards(beep), hw.LinesBusy, "requesting line GPIO25", "GPIO22", "GPIO24", Wired{true, true, false, true}},
		{"the door is busy", full, boards(door), hw.LinesBusy, "requesting line GPIO6", "GPIO22", "GPIO24", Wired{true, true, true, false}},
		{"one is missing and one busy", all, boards(both), hw.LinesMissing, "requesting line GPIO24", "GPIO22", "", Wired{Lamps: true}},
		{"one line for two lamps", Options{Green: "GPIO22", Red: "GPIO22"}, boards(header("pinctrl-rp1")), hw.LinesBusy, "requesting line GPIO22", "GPIO22", "", Wired{Lamps: true}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var lit []*board
			l, err := open(tt.o, func() ([]chip, error) {
				found, err := tt.chips()
				for _, c := range found {
					lit = append(lit, c.(*board))
				}
				return found, err
			})
			if (err != nil) != (tt.says != "") || err != nil && (!strings.Contains(err.Error(), tt.says) || hw.CodeOf(err, "") != tt.code) {
				t.Errorf("%s: open = %v; want %s saying %q", tt.name, err, tt.code, tt.says)
			}
			if got := l.Wired(); got != tt.wired {
				t.Errorf("%s: wired are %+v; want %+v", tt.name, got, tt.wired)
			}
			for _, step := range []struct {
				signal hw.Signal
				want   string
			}{{hw.Done, tt.lights}, {hw.OutOfService, tt.reds}} {
				if err := l.Show(step.signal); err != nil {
					t.Errorf("%s: Show(%v) = %v; want nil", tt.name, step.signal, err)
				}
				var got []string
				for _, b := range lit {
					for _, name := range b.lines {
						if b.level[name] {
							got = append(got, name)
						}
					}
				}
				if strings.Join(got, "+") != step.want {
					t.Errorf("%s: Show(%v) lights %q; want %q", tt.name, step.signal, got, step.want)
				}
			}
			if err := l.Close(); err != nil {
				t.Errorf("%s: Close = %v; want nil", tt.name, err)
			}
		})
	}
}

// A chip that vanishes is said once; the kiosk goes on.
func TestLinesDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := header("pinctrl-rp1")
		l, err := open(all, boards(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Show(hw.Ready); err != nil {
			t.Fatal(err)
		}
		b.dead.Store(true)
		time.Sleep(5 * time.Second)
		if err := l.Show(hw.Ready); hw.CodeOf(err, "") != hw.LinesMissing {
			t.Errorf("Show after the chip vanished = %v; want %s", err, hw.LinesMissing)
		}
		for _, s := range []hw.Signal{hw.Busy, hw.Dark} {
			if err := l.Show(s); err != nil {
				t.Errorf("Show(%v) later = %v; want nil", s, err)
			}
		}
		if len(b.held) != 0 {
			t.Errorf("%v still held", b.held)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close = %v; want nil", err)
		}
	})
}

// Lamps, staff's lamp and the beeper go on together and do not disturb each other.
func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := header("pinctrl-rp1")
		l, err := open(full, boards(b))
		if err != nil {
			t.Fatal(err)
		}
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		do(l.Show(hw.Done))
		do(l.Call(true))
		do(l.Call(true))
		do(l.Beep(hw.Finished))
		time.Sleep(2100 * time.Millisecond)
		do(l.Call(false))
		do(l.Beep(hw.Refused))
		time.Sleep(900 * time.Millisecond)
		do(l.Beep(hw.Accepted)) // in place of the rest
		time.Sleep(5 * time.Second)
		do(l.Beep(hw.Refused))
		do(l.Beep(hw.Silence))
		do(l.Beep(hw.Refused))
		time.Sleep(time.Millisecond)
		do(l.Close())
		want := []string{
			"0 ", "0 GPIO22", "0 GPIO22+GPIO5", "0 GPIO22+GPIO5+GPIO25", "100 GPIO22+GPIO5", "200 GPIO22+GPIO25", "300 GPIO22",
			"2000 GPIO22+GPIO5", "2100 GPIO22", "2100 GPIO22+GPIO25", "2500 GPIO22", "2700 GPIO22+GPIO25", "3100 GPIO22",
			"8000 GPIO22+GPIO25", "8000 GPIO22", "8000 GPIO22+GPIO25", "8001 ",
		}
		if diff := cmp.Diff(want, settled(b.log)); diff != "" {
			t.Errorf("on (-want +got):\n%s", diff)
		}
		if b.sets != 1 || len(b.held) != 0 {
			t.Errorf("lines were requested in %d sets and %v are still held; want one and none", b.sets, b.held)
		}
		if l.Beep(hw.Accepted) == nil || l.Call(true) == nil {
			t.Error("Beep and Call after Close succeeded; want an error")
		}
	})
}

// settled leaves out what two timers of the same moment show in between, whose order is open.
func settled(log []string) (out []string) {
	for i, l := range log {
		moment, _, _ := strings.Cut(l, " ")
		if i+1 < len(log) && moment == "200" && strings.HasPrefix(log[i+1], "200 ") {
			continue
		}
		out = append(out, l)
	}
	return out
}

// Every pulse of every lamp and sound, as the lines get it, within the limits.
func TestPulses(t *testing.T) {
	for s := hw.Dark; s <= hw.OutOfService; s++ {
		synctest.Test(t, func(t *testing.T) {
			b := header("pinctrl-rp1")
			l, err := open(full, boards(b))
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{l.Show(s), l.Call(true), l.Beep(hw.Refused)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(30 * time.Second)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			ons, last := map[string]int{}, ""
			for _, at := range b.log {
				moment, lit, _ := strings.Cut(at, " ")
				for _, name := range strings.Split(lit, "+") {
					if name != "" && !slices.Contains(strings.Split(last, "+"), name) {
						ons[name]++
					}
					if name == full.Beeper && len(moment) > len("1999") {
						t.Errorf("%v: the beeper is on at %s ms", s, moment)
					}
				}
				last = lit
			}
			for name, n := range ons {
				if n > 3*30 || name == full.Beeper && n != 3 {
					t.Errorf("%v: %s goes on %d times in half a minute", s, name, n)
				}
			}
			if last != "" {
				t.Errorf("%v: %s is on after Close", s, last)
			}
		})
	}
}

func TestWatchDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := header("pinctrl-rp1")
		l, err := open(full, boards(b))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		door, begun := l.WatchDoor(ctx), time.Now()
		var told []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for open := range door {
				told = append(told, fmt.Sprintf("%d %t", time.Since(begun).Milliseconds(), open))
			}
		}()
		at := func(ms int, open bool) {
			time.Sleep(time.Duration(ms)*time.Millisecond - time.Since(begun))
			b.open.Store(open)
		}
		at(1010, true)
		for ms := 2010; ms < 2200; ms += 40 { // it bounces
			at(ms, ms%80 != 10)
		}
		at(2210, false)
		at(3010, true) // and back before anybody looks
		at(3030, false)
		time.Sleep(time.Second)
		b.dead.Store(true)
		at(5010, true)
		time.Sleep(time.Second)
		b.dead.Store(false)
		time.Sleep(time.Second)
		cancel()
		<-done
		if len(told) != 4 || told[0] != "50 false" {
			t.Errorf("told %v; want how it is, open, shut and open again", told)
		}
		last := "true"
		for _, s := range told {
			_, open, _ := strings.Cut(s, " ")
			if open == last {
				t.Errorf("told %v; want changes only", told)
			}
			last = open
		}
		// Close ends a watch whose context goes on, also one that nobody listens to.
		door = l.WatchDoor(t.Context())
		time.Sleep(time.Second)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if open, more := <-door; more {
			t.Errorf("after Close the door is %t; want no more", open)
		}
	})
}

// Without a door nothing is told, and the channel is closed all the same.
func TestNoDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := open(all, boards(header("pinctrl-rp1")))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun := time.Now()
		if open, more := <-l.WatchDoor(ctx); more || time.Since(begun) != time.Hour {
			t.Errorf("told %t after %v; want the end with the context", open, time.Since(begun))
		}
		door := l.WatchDoor(t.Context())
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if open, more := <-door; more {
			t.Errorf("told %t after Close; want the end", open)
		}
	})
}

// Of lines that were requested one by one the others go on when one dies.
func TestOneLineDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, alive := &boardSet{header("a"), []string{"GPIO17"}}, &boardSet{header("b"), []string{"GPIO24"}}
		l := start(taken{groups: []group{{dead, []output{white}}, {alive, []output{red}}}})
		dead.dead.Store(true)
		if err := l.Show(hw.Ready); hw.CodeOf(err, "") != hw.LinesMissing {
			t.Errorf("Show = %v; want %s", err, hw.LinesMissing)
		}
		if err := l.Show(hw.OutOfService); err != nil || !alive.level["GPIO24"] {
			t.Errorf("Show after one line died = %v, the other is %t; want it lit", err, alive.level["GPIO24"])
		}
		if err := l.Close(); err != nil || alive.level["GPIO24"] {
			t.Errorf("Close = %v, the other is %t; want it dark", err, alive.level["GPIO24"])
		}
	})
}

// Where there is no GPIO, as here or on a desk, Open says so and the lamps can still be told anything.
func TestOpenOnThisMachine(t *testing.T) {
	l, err := Open(Options{Chip: "no chip has this label", Green: "GPIO22"})
	if hw.CodeOf(err, "") != hw.LinesMissing {
		t.Errorf("Open = %v; want %s", err, hw.LinesMissing)
	}
	if err := l.Show(hw.Done); err != nil {
		t.Errorf("Show = %v; want nil", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close = %v; want nil", err)
	}
}
