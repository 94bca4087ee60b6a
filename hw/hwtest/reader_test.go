package hwtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
)

// echo is a card that answers 9000 and counts what happens to it.
type echo struct {
	mu            sync.Mutex
	resets, lifts int
	blocked       chan struct{} // Transmit waits for it when it is there
}

func (e *echo) Transmit([]byte) ([]byte, error) {
	if e.blocked != nil {
		<-e.blocked
	}
	return []byte{0x90, 0x00}, nil
}
func (e *echo) ATR() []byte { return []byte{0x3B, 0x80} }
func (e *echo) Reset()      { e.mu.Lock(); e.resets++; e.mu.Unlock() }
func (e *echo) Lift() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lifts++; e.blocked != nil {
		close(e.blocked)
	}
}

func TestReaderTellsWhatHappens(t *testing.T) {
	r := NewReader("Simulated 00 00")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := r.Watch(ctx)
	c := &echo{}
	for _, step := range []func(){
		func() { r.Lay(c) }, func() { r.Lay(c) }, r.Mute, r.Lift, r.Lift,
		func() { r.Gone(hw.ReaderService) }, func() { r.Gone(hw.ReaderMissing) }, func() { r.Lay(c) }, r.Back, r.Back,
	} {
		step()
	}
	want := []hw.CardEvent{
		{Kind: hw.ReaderReady}, {Kind: hw.CardLaid}, {Kind: hw.CardLifted}, {Kind: hw.CardLaid}, {Kind: hw.CardLifted},
		{Kind: hw.CardMute}, {Kind: hw.CardLifted}, {Kind: hw.ReaderGone, Code: hw.ReaderService},
		{Kind: hw.ReaderGone, Code: hw.ReaderMissing}, {Kind: hw.CardLaid},
	}
	var got []hw.CardEvent
	for range want {
		ev := <-events
		if (ev.Kind == hw.ReaderGone) != (ev.Err != nil) || (ev.Kind == hw.CardLaid) != (len(ev.ATR) > 0) ||
			(ev.Kind == hw.ReaderGone) != (ev.Reader == "") {
			t.Errorf("event %+v: a laid card has an ATR, a reader that is gone a cause, every other one a name", ev)
		}
		got = append(got, hw.CardEvent{Kind: ev.Kind, Code: ev.Code})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if c.resets != 4 || c.lifts != 2 {
		t.Errorf("card was powered up %d times and down %d times; want 4 and 2", c.resets, c.lifts)
	}
	cancel()
	if ev, open := <-events; open {
		t.Errorf("event %+v after the end; want a closed channel", ev)
	}
}

func TestReaderConnects(t *testing.T) {
	r := NewReader("Simulated 00 00")
	ctx := t.Context()
	if _, err := r.Connect(ctx); !errors.Is(err, hw.ErrNoCard) {
		t.Errorf("Connect without a card = %v; want ErrNoCard", err)
	}
	r.Mute()
	if _, err := r.Connect(ctx); !errors.Is(err, hw.ErrNoCard) {
		t.Errorf("Connect to what does not answer = %v; want ErrNoCard", err)
	}
	r.Gone(hw.ReaderMissing)
	if _, err := r.Connect(ctx); hw.CodeOf(err, "") != hw.ReaderMissing {
		t.Errorf("Connect without a reader = %v; want %s", err, hw.ReaderMissing)
	}
	r.Back()
	r.Lay(&echo{})
	conn, err := r.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := conn.Transmit([]byte{0}); string(b) != "\x90\x00" || err != nil {
		t.Errorf("Transmit = % X, %v; want 90 00", b, err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := r.Connect(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second Connect = %v; want to wait for the first's end", err)
	}
	r.Lay(&echo{})
	if _, err := conn.Transmit([]byte{0}); err == nil {
		t.Error("Transmit to a card that was swapped succeeded; want an error")
	}
	conn.Close()
	conn.Close()
	if conn, err = r.Connect(ctx); err != nil {
		t.Fatalf("Connect after Close: %v", err)
	}
	conn.Close()
}

func TestLiftEndsAnExchange(t *testing.T) {
	r := NewReader("Simulated 00 00")
	r.Lay(&echo{blocked: make(chan struct{})})
	conn, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := conn.Transmit([]byte{0})
		ended <- err
	}()
	time.Sleep(5 * time.Millisecond)
	r.Lift()
	if err := <-ended; err == nil {
		t.Error("Transmit succeeded while the card was lifted; want an error")
	}
}

func TestLamps(t *testing.T) {
	var shown []hw.Signal
	l := &Lamps{Shown: func(s hw.Signal) { shown = append(shown, s) }}
	for _, s := range []hw.Signal{hw.Dark, hw.Ready, hw.Ready, hw.Busy} {
		if err := l.Show(s); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	l.Fail(broken)
	if err := l.Show(hw.Done); !errors.Is(err, broken) {
		t.Errorf("Show = %v; want the laid fault", err)
	}
	if err := l.Close(); err != nil || !l.Closed() {
		t.Errorf("Close = %v, closed %v; want nil, true", err, l.Closed())
	}
	want := []hw.Signal{hw.Ready, hw.Busy, hw.Dark}
	if diff := cmp.Diff(want, l.Signals()); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}
