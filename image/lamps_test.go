//go:build image

package image_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"kagimado/hw/hwtest"
)

// watch looks at the lines from outside, many times a second, as somebody looks at the lamps.
type watch struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	lit  []string // visitors' lamps, each when it is not the one before; "dark" after two seconds without any
	last time.Time
	all  map[string]time.Time // when each line was last seen on
}

var visitorsLamps = []string{"white", "blue", "green", "yellow", "red"}

func watchLamps(m *machine) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{cancel: cancel, done: make(chan struct{}), all: map[string]time.Time{}}
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			if level, err := m.word(m.board.lamps); err == nil {
				w.note(m.board, level)
			}
			select {
			case <-ctx.Done():
			case <-time.After(60 * time.Millisecond): // the shortest flash is of 200 ms
			}
		}
	}()
	return w
}

func (w *watch) note(b board, level uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var on []string
	for name, bit := range b.bits {
		if level>>bit&1 == 0 {
			continue
		}
		w.all[name] = time.Now()
		if slices.Contains(visitorsLamps, name) {
			on = append(on, name)
		}
	}
	slices.Sort(on)
	now := strings.Join(on, "+")
	switch {
	case now != "":
		w.last = time.Now()
	case time.Since(w.last) < 2*time.Second:
		return // it flashes
	default:
		now = "dark"
	}
	if len(w.lit) == 0 || w.lit[len(w.lit)-1] != now {
		w.lit = append(w.lit, now)
	}
}

func (w *watch) stop() {
	w.cancel()
	<-w.done
}

// now is the lamp that flashes or is lit.
func (w *watch) now() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lit) == 0 {
		return ""
	}
	return w.lit[len(w.lit)-1]
}

// forget begins a new list.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lit = w.lit[max(0, len(w.lit)-1):]
}

// since is what was lit, in order, since forget.
func (w *watch) since() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lit)
}

// on tells whether a line was on since then.
func (w *watch) on(name string, since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all[name].After(since)
}

// await waits until that lamp flashes.
func (m *machine) await(lamp string, within time.Duration) {
	m.t.Helper()
	for late := time.Now().Add(within); m.lamps.now() != lamp; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			m.t.Fatalf("after %v the lamps are %q; want %s", within, m.lamps.since(), lamp)
		}
		if m.gone() {
			m.t.Fatal("the machine is gone")
		}
	}
}

// inOrder tells whether want is among got, in that order.
func inOrder(got, want []string) bool {
	for _, g := range got {
		if len(want) > 0 && g == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// dialPrinter connects the virtual printer to the socket behind the machine's USB adapter. The returned function pulls
// the cable.
func dialPrinter(p *hwtest.Printer, path string) (unplug func(), err error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("plugging the printer in: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { p.Serve(ctx, conn) })
	return func() { cancel(); served.Wait() }, nil
}
