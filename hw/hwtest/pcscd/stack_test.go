//go:build pcscd

package pcscd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/conformance"
	"kagimado/card/cardtest/vpcd"
	"kagimado/hw"
	"kagimado/hw/hwtest/pcscd"
	"kagimado/hw/reader"

	"github.com/google/go-cmp/cmp"
)

// daemon is the pcscd of all tests that leave it alive.
var daemon *pcscd.Daemon

func TestMain(m *testing.M) {
	pcscd.Main(func(d *pcscd.Daemon) int {
		daemon = d
		return m.Run()
	})
}

func newCard(t *testing.T, name string) *cardtest.Card {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lay(t *testing.T, s *vpcd.Slot, c *cardtest.Card) {
	t.Helper()
	if err := s.Lay(c); err != nil {
		t.Fatalf("%v; pcscd said:\n%s", err, daemon.Output())
	}
}

// slot returns the first reader, empty at the end.
func slot(t *testing.T) *vpcd.Slot {
	t.Helper()
	s := vpcd.At(pcscd.FirstAddress)
	t.Cleanup(func() {
		if s.Lift() {
			seenEmpty(t)
		}
		if n := s.Traffic().SecretSent; n != 0 {
			t.Errorf("%d commands with a secret reached the card", n)
		}
	})
	return s
}

// seenEmpty waits until pcscd has seen that no card lies on the first reader.
func seenEmpty(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for ev := range reader.Open(reader.Options{}).Watch(ctx) {
		if ev.Kind == hw.ReaderReady || ev.Kind == hw.CardLifted {
			return
		}
	}
	t.Error("pcscd still sees a card")
}

func watch(t *testing.T, r *reader.Reader) <-chan hw.CardEvent {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	events := r.Watch(ctx)
	t.Cleanup(func() {
		stop()
		for range events {
		}
	})
	return events
}

func next(t *testing.T, events <-chan hw.CardEvent) hw.CardEvent {
	t.Helper()
	select {
	case ev := <-events:
		return ev
	case <-time.After(10 * time.Second):
		t.Fatalf("no event; pcscd said:\n%s", daemon.Output())
	}
	panic("unreachable")
}

func want(t *testing.T, events <-chan hw.CardEvent, kinds ...hw.CardEventKind) {
	t.Helper()
	for _, k := range kinds {
		if ev := next(t, events); ev.Kind != k {
			t.Fatalf("event = %+v; want kind %d", ev, k)
		}
	}
}

// until skips to the next event of a kind.
func until(t *testing.T, events <-chan hw.CardEvent, kind hw.CardEventKind) hw.CardEvent {
	t.Helper()
	for {
		if ev := next(t, events); ev.Kind == kind {
			return ev
		}
	}
}

func quiet(t *testing.T, events <-chan hw.CardEvent, d time.Duration) {
	t.Helper()
	select {
	case ev := <-events:
		t.Fatalf("event = %+v; want none", ev)
	case <-time.After(d):
	}
}

// connect opens the card as soon as pcscd sees it.
func connect(t *testing.T, r *reader.Reader) hw.CardConn {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := r.Connect(t.Context())
		if err == nil {
			return c
		}
		if !errors.Is(err, hw.ErrNoCard) || time.Now().After(end) {
			t.Fatalf("Connect = %v; pcscd said:\n%s", err, daemon.Output())
		}
	}
}

func TestWatch(t *testing.T) {
	s, other := slot(t), vpcd.At(pcscd.SecondAddress)
	defer other.Lift()
	r := reader.Open(reader.Options{})
	events := watch(t, r)
	if ev := next(t, events); ev.Kind != hw.ReaderReady || ev.Reader != pcscd.FirstReader {
		t.Fatalf("event = %+v; want ReaderReady of the first reader", ev)
	}
	c := newCard(t, "all-fine")
	begin := time.Now()
	lay(t, s, c)
	if ev := next(t, events); ev.Kind != hw.CardLaid || !bytes.Equal(ev.ATR, c.ATR()) {
		t.Fatalf("event = %+v; want CardLaid with ATR %X", ev, c.ATR())
	}
	t.Logf("laid seen after %v", time.Since(begin).Round(time.Millisecond))
	// Left lying: pcscd powers it down and readings power it up, but it is not laid again.
	for range 2 {
		conn := connect(t, r)
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		quiet(t, events, 900*time.Millisecond)
	}
	begin = time.Now()
	s.Lift()
	want(t, events, hw.CardLifted)
	t.Logf("lifted seen after %v", time.Since(begin).Round(time.Millisecond))
	if err := other.Lay(newCard(t, "locked-sign")); err != nil { // on the reader not chosen
		t.Fatal(err)
	}
	quiet(t, events, 900*time.Millisecond)
}

func TestWatchSwap(t *testing.T) {
	s := slot(t)
	lay(t, s, newCard(t, "all-fine"))
	events := watch(t, reader.Open(reader.Options{}))
	until(t, events, hw.CardLaid)
	for range 3 {
		s.Lift()
		lay(t, s, newCard(t, "juki-card"))
		want(t, events, hw.CardLifted, hw.CardLaid)
	}
}

func TestWatchMute(t *testing.T) {
	s := slot(t)
	r := reader.Open(reader.Options{})
	events := watch(t, r)
	want(t, events, hw.ReaderReady)
	s.SetMute(true)
	lay(t, s, newCard(t, "all-fine"))
	want(t, events, hw.CardMute)
	if _, err := r.Connect(t.Context()); !errors.Is(err, hw.ErrNoCard) {
		t.Errorf("Connect to a mute card = %v; want ErrNoCard", err)
	}
	s.Lift()
	want(t, events, hw.CardLifted)
}

func TestChoiceByName(t *testing.T) {
	second := vpcd.At(pcscd.SecondAddress)
	defer second.Lift()
	lay(t, second, newCard(t, "all-fine"))
	r := reader.Open(reader.Options{Name: "00 01"})
	if ev := until(t, watch(t, r), hw.CardLaid); ev.Reader != pcscd.SecondReader {
		t.Errorf("card on %q; want %q", ev.Reader, pcscd.SecondReader)
	}
	names, err := r.List(t.Context())
	if d := cmp.Diff([]string{pcscd.FirstReader, pcscd.SecondReader}, names); d != "" || err != nil {
		t.Errorf("List() = %v: -want +got\n%s", err, d)
	}
	if _, err := reader.Open(reader.Options{Name: "RC-S300"}).Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderMissing {
		t.Errorf("Connect to a reader that is not there = %v; want R-02", err)
	}
}

// recorder keeps what passed.
type recorder struct {
	card.Transmitter
	lines []string
}

func (r *recorder) Transmit(command []byte) ([]byte, error) {
	answer, err := r.Transmitter.Transmit(command)
	r.lines = append(r.lines, fmt.Sprintf("%X -> %X %v", command, answer, err))
	return answer, err
}

func TestSameBytesAsInMemory(t *testing.T) {
	s := slot(t)
	for _, name := range []string{"all-fine", "locked-four-digits", "no-short-ids", "chained", "drivers-licence"} {
		memory := &recorder{Transmitter: newCard(t, name)}
		wantFacts, err := card.Read(t.Context(), card.Card{Transmitter: memory}, nil)
		if err != nil {
			t.Fatal(err)
		}
		lay(t, s, newCard(t, name))
		conn := connect(t, reader.Open(reader.Options{}))
		wire := &recorder{Transmitter: conn}
		facts, err := card.Read(t.Context(), card.Card{Transmitter: wire}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(memory.lines, wire.lines); d != "" {
			t.Errorf("%s: -in memory +through pcscd\n%s", name, d)
		}
		if d := cmp.Diff(wantFacts, facts); d != "" {
			t.Errorf("%s: -in memory +through pcscd\n%s", name, d)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		s.Lift()
	}
}

// The two readers take turns, so that one looks for its card while the other is emptied.
func TestConformance(t *testing.T) {
	slots := []*vpcd.Slot{slot(t), vpcd.At(pcscd.SecondAddress)}
	readers := []*reader.Reader{
		reader.Open(reader.Options{Name: pcscd.FirstReader}),
		reader.Open(reader.Options{Name: pcscd.SecondReader}),
	}
	defer slots[1].Lift()
	turn := 0
	conformance.Run(t, func(t *testing.T, c *cardtest.Card) card.Card {
		turn ^= 1
		s := slots[turn]
		lay(t, s, c)
		conn := connect(t, readers[turn])
		t.Cleanup(func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			s.Lift()
		})
		return card.Card{Transmitter: conn, ATR: conn.ATR()}
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestNoLeak(t *testing.T) {
	s := slot(t)
	lay(t, s, newCard(t, "all-fine"))
	r := reader.Open(reader.Options{})
	cycle := func() {
		ctx, stop := context.WithCancel(t.Context())
		events := r.Watch(ctx)
		until(t, events, hw.CardLaid)
		conn := connect(t, r)
		facts, err := card.Read(ctx, card.Card{Transmitter: conn}, nil)
		if err != nil || facts.Outcome != card.Complete {
			t.Fatalf("Read = %v, %v; want complete", facts.Outcome, err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		stop()
		for range events {
		}
	}
	cycle()
	time.Sleep(100 * time.Millisecond)
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	theirs, err := daemon.Files()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	const cycles = 300
	for range cycles {
		cycle()
	}
	t.Logf("%v a cycle", (time.Since(begin) / cycles).Round(10*time.Microsecond))
	end := time.Now().Add(3 * time.Second)
	for ; ; time.Sleep(10 * time.Millisecond) {
		g, f := runtime.NumGoroutine(), descriptors(t)
		d, err := daemon.Files()
		if err != nil {
			t.Fatal(err)
		}
		if g <= goroutines && f <= files && d <= theirs {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %d cycles: goroutines %d, files %d, files of pcscd %d; before %d, %d, %d", cycles, g, f, d,
				goroutines, files, theirs)
		}
	}
}

// Each way of tearing leaves a reading without an outcome that claims anything, and the reader ready for the next card.
func TestTorn(t *testing.T) {
	s := slot(t)
	r := reader.Open(reader.Options{})
	for _, fault := range []cardtest.Fault{{Kind: cardtest.Tear}, {Kind: cardtest.TearSilent}, {Kind: cardtest.Short}} {
		for _, at := range []int{1, 9} {
			fault.At = at
			c := newCard(t, "all-fine")
			c.Inject(fault)
			lay(t, s, c)
			conn := connect(t, r)
			facts, err := card.Read(t.Context(), card.Card{Transmitter: conn}, nil)
			if err == nil || facts.Outcome != card.Removed {
				t.Errorf("fault %d at %d: Read = %v, %v; want removed", fault.Kind, at, facts.Outcome, err)
			}
			if _, err := conn.Transmit([]byte{0x00, 0x20, 0x00, 0x80}); err == nil {
				t.Errorf("fault %d at %d: a command after the tear succeeded", fault.Kind, at)
			}
			if err := conn.Close(); err != nil {
				t.Errorf("fault %d at %d: Close() = %v", fault.Kind, at, err)
			}
			s.Lift()
		}
	}
	lay(t, s, newCard(t, "all-fine"))
	conn := connect(t, r)
	defer conn.Close()
	if facts, err := card.Read(t.Context(), card.Card{Transmitter: conn}, nil); err != nil || facts.Outcome != card.Complete {
		t.Errorf("Read afterwards = %v, %v; want complete", facts.Outcome, err)
	}
}

// A card that hangs in the middle of an exchange must not hang the kiosk.
func TestHangingCard(t *testing.T) {
	s := slot(t)
	r := reader.Open(reader.Options{})
	c := newCard(t, "all-fine")
	c.Inject(cardtest.Fault{At: 3, Kind: cardtest.Mute})
	lay(t, s, c)
	conn := connect(t, r)
	read := make(chan error, 1)
	go func() {
		_, err := card.Read(context.Background(), card.Card{Transmitter: conn}, nil)
		read <- err
	}()
	time.Sleep(300 * time.Millisecond)
	if err := conn.Close(); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("Close() = %v; want R-05", err)
	}
	select {
	case err := <-read:
		if err == nil {
			t.Error("Read of a hanging card = nil; want an error")
		}
	case <-time.After(time.Second):
		t.Error("Read did not return after Close")
	}
	s.Lift()
	lay(t, s, newCard(t, "all-fine"))
	again := connect(t, r)
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
