package lines

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"kagimado/hw"
)

var all = Options{White: "GPIO17", Blue: "GPIO27", Green: "GPIO22", Yellow: "GPIO23", Red: "GPIO24"}

// board is a GPIO chip in memory. It tells every change of what is lit, with the time since it was made.
type board struct {
	label string
	lines []string
	busy  string      // a line that another program holds
	dead  atomic.Bool // Out fails from now on

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
	return newBoard(label, "GPIO17", "GPIO27", "GPIO22", "GPIO23", "GPIO24")
}

func (b *board) Label() string { return b.label }

func (b *board) has(line string) bool {
	return slices.Contains(b.lines, line)
}

func (b *board) request(lines []string) (lineSet, error) {
	for i, l := range lines {
		if l == b.busy || b.held[l] || slices.Contains(lines[:i], l) {
			return nil, errors.New("device or resource busy")
		}
	}
	for _, l := range lines {
		b.held[l] = true
	}
	b.sets++
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
		{hw.Signal(99), []string{"0 "}},
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

// IEC 60073 and the limit for people with photosensitive epilepsy.
func TestFlashRates(t *testing.T) {
	rhythms := map[[2]time.Duration]hw.Signal{}
	for s, p := range patterns {
		if p.off == 0 {
			continue
		}
		rate := float64(time.Second) / float64(p.on+p.off)
		slow, normal := rate >= 0.4 && rate <= 0.8, rate >= 1.4 && rate <= 2.8
		if s == hw.OutOfService && !normal || s != hw.OutOfService && !slow {
			t.Errorf("%v flashes %.2f times a second; want slow, and normal for out of service alone", s, rate)
		}
		if other, taken := rhythms[[2]time.Duration{p.on, p.off}]; taken {
			t.Errorf("%v and %v differ by their colour alone", s, other)
		}
		rhythms[[2]time.Duration{p.on, p.off}] = s
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
	tests := []struct {
		name   string
		o      Options
		chips  func() ([]chip, error)
		says   string // in the error; empty = there is none
		lights string // at Done
		reds   string // at OutOfService
	}{
		{"nothing wired", Options{}, func() ([]chip, error) { panic("asked for chips") }, "", "", ""},
		{"no chip", all, func() ([]chip, error) { return nil, errors.New("no GPIO chip can be opened") }, "no GPIO chip", "", ""},
		{"only another chip", all, boards(newBoard("raspberrypi-exp-gpio", "BT_ON")), "raspberrypi-exp-gpio", "", ""},
		{"header among others", all, boards(newBoard("raspberrypi-exp-gpio", "BT_ON"), header("pinctrl-bcm2835")), "", "GPIO22", "GPIO24"},
		{"chip by label", Options{Chip: "mcp23017", Green: "P0"}, boards(header("pinctrl-rp1"), newBoard("mcp23017", "P0")), "", "P0", ""},
		{"label not there", Options{Chip: "mcp23017", Green: "P0"}, boards(header("pinctrl-rp1")), "mcp23017", "", ""},
		{"a line is missing", all, boards(newBoard("pinctrl-rp1", "GPIO17", "GPIO24")), "line GPIO22 is not on pinctrl-rp1", "", "GPIO24"},
		{"no line is there", all, boards(newBoard("pinctrl-rp1", "GPIO2")), "GPIO24", "", ""},
		{"a line is busy", all, boards(busy), "requesting line GPIO22", "", "GPIO24"},
		{"one line for two lamps", Options{Green: "GPIO22", Red: "GPIO22"}, boards(header("pinctrl-rp1")), "requesting line GPIO22", "GPIO22", ""},
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
			if (err != nil) != (tt.says != "") || err != nil && (!strings.Contains(err.Error(), tt.says) || hw.CodeOf(err, "") != hw.LinesMissing) {
				t.Errorf("%s: open = %v; want %s saying %q", tt.name, err, hw.LinesMissing, tt.says)
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
