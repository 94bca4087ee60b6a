package reader

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"kagimado/hw"
)

// quick makes the waits short enough for tests.
var quick = times{
	period: 50 * time.Millisecond, hung: 600 * time.Millisecond, grace: 50 * time.Millisecond,
	pause: time.Millisecond, longPause: 5 * time.Millisecond,
	busy: 150 * time.Millisecond, again: 2 * time.Millisecond, patience: 400 * time.Millisecond,
}

// until skips to the next event of a kind.
func until(t *testing.T, events <-chan hw.CardEvent, kind hw.CardEventKind) {
	t.Helper()
	for next(t, events).Kind != kind {
	}
}

func TestChoose(t *testing.T) {
	const (
		picc    = "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00"
		sam     = "ACS ACR1252 Dual Reader [ACR1252 Dual Reader SAM] 01 00"
		contact = "Identiv uTrust 4701 F Dual Interface Reader [uTrust 4701 F Contact Reader] 00 00"
		cl      = "Identiv uTrust 4701 F Dual Interface Reader [uTrust 4701 F CL Reader] 01 00"
		omnikey = "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] 01 00"
		omniICC = "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] 00 00"
		sony    = "SONY FeliCa RC-S300/P (0000000) 00 00"
		v0      = "Virtual PCD 00 00"
		v1      = "Virtual PCD 00 01"
	)
	for _, tt := range []struct {
		names         []string
		wish, current string
		want          string
	}{
		{nil, "", "", ""},
		{[]string{sam, picc}, "", "", picc},
		{[]string{sam}, "", "", ""},
		{[]string{sam, picc}, "sam", "", sam},
		{[]string{contact, cl}, "", "", cl},
		{[]string{contact}, "", "", contact},
		{[]string{omniICC, omnikey}, "", "", omnikey},
		{[]string{contact, cl}, "", contact, cl},
		{[]string{sony}, "", "", sony},
		{[]string{v0, v1}, "", "", v0},
		{[]string{v0, v1}, "", v1, v1},
		{[]string{v0, v1}, "pcd 00 01", v0, v1},
		{[]string{v0, v1}, "RC-S300", v0, ""},
	} {
		if got := choose(tt.names, tt.wish, tt.current); got != tt.want {
			t.Errorf("choose(%q, %q, %q) = %q; want %q", tt.names, tt.wish, tt.current, got, tt.want)
		}
	}
}

// next returns the next event, failing the test when none comes.
func next(t *testing.T, events <-chan hw.CardEvent) hw.CardEvent {
	t.Helper()
	select {
	case ev, ok := <-events:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return ev
	case <-time.After(5 * time.Second):
		t.Fatal("no event")
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

func wantGone(t *testing.T, events <-chan hw.CardEvent, code hw.Code) {
	t.Helper()
	if ev := next(t, events); ev.Kind != hw.ReaderGone || ev.Code != code || ev.Err == nil {
		t.Fatalf("event = %+v; want ReaderGone %s with a cause", ev, code)
	}
}

// quiet fails when anything is reported within a few periods.
func quiet(t *testing.T, events <-chan hw.CardEvent) {
	t.Helper()
	select {
	case ev := <-events:
		t.Fatalf("event = %+v; want none", ev)
	case <-time.After(3 * quick.period):
	}
}

func watching(t *testing.T, s *service, o Options) (*Reader, <-chan hw.CardEvent) {
	t.Helper()
	r := newReader(o, s.open, quick)
	ctx, stop := context.WithCancel(context.Background())
	events := r.Watch(ctx)
	t.Cleanup(func() {
		stop()
		for range events {
		}
		if e, r := s.established.Load(), s.released.Load(); e != r {
			t.Errorf("contexts established = %d, released = %d", e, r)
		}
		if c, l := s.connected.Load(), s.left.Load(); c != l {
			t.Errorf("cards connected = %d, disconnected = %d", c, l)
		}
	})
	return r, events
}

func TestWatchCardComesAndGoes(t *testing.T) {
	s := newService("PCD 00 00", "PCD 00 01")
	_, events := watching(t, s, Options{})
	want(t, events, hw.ReaderReady)
	s.lay(0)
	if ev := next(t, events); ev.Kind != hw.CardLaid || ev.Reader != "PCD 00 00" || len(ev.ATR) == 0 {
		t.Fatalf("event = %+v; want CardLaid with reader and ATR", ev)
	}
	quiet(t, events)
	s.lift(0)
	want(t, events, hw.CardLifted)
	s.lay(1) // not the chosen reader
	quiet(t, events)
}

func TestWatchCardLeftLying(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	r, events := watching(t, s, Options{})
	want(t, events, hw.CardLaid)
	for range 3 {
		c, err := r.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	quiet(t, events)
	s.lift(0)
	want(t, events, hw.CardLifted)
}

func TestWatchSwapBetweenLooks(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	_, events := watching(t, s, Options{})
	want(t, events, hw.CardLaid)
	s.change(func() { s.readers[0].count += 2 })
	want(t, events, hw.CardLifted, hw.CardLaid)
	s.change(func() { s.readers[0].atr = []byte{0x3B, 0x00} })
	s.change(func() { s.readers[0].count += 2 })
	want(t, events, hw.CardLifted, hw.CardLaid)
}

func TestWatchMute(t *testing.T) {
	s := newService("PCD")
	_, events := watching(t, s, Options{})
	want(t, events, hw.ReaderReady)
	s.change(func() { r := s.readers[0]; r.present, r.mute = true, true; r.count++ })
	want(t, events, hw.CardMute)
	s.change(func() { s.readers[0].count += 2 })
	want(t, events, hw.CardLifted, hw.CardMute)
	s.change(func() { s.readers[0].mute = false })
	want(t, events, hw.CardLaid)
}

func TestWatchReaders(t *testing.T) {
	s := newService()
	_, events := watching(t, s, Options{})
	wantGone(t, events, hw.ReaderMissing)
	s.change(func() { s.readers = append(s.readers, &slot{name: "ACR [SAM] 01 00"}) })
	quiet(t, events)
	s.change(func() { s.readers = append(s.readers, &slot{name: "ACR [PICC] 00 00"}) })
	if ev := next(t, events); ev.Kind != hw.ReaderReady || ev.Reader != "ACR [PICC] 00 00" {
		t.Fatalf("event = %+v; want ReaderReady of the PICC", ev)
	}
	s.lay(1)
	want(t, events, hw.CardLaid)
	s.change(func() { s.readers = s.readers[:1] })
	wantGone(t, events, hw.ReaderMissing)
	s.change(func() { s.readers = nil })
	quiet(t, events)
	s.change(func() { s.readers = append(s.readers, &slot{name: "ACR [PICC] 00 00"}) })
	want(t, events, hw.ReaderReady)
}

func TestWatchWish(t *testing.T) {
	s := newService("Virtual PCD 00 00", "Virtual PCD 00 01")
	s.lay(0)
	_, events := watching(t, s, Options{Name: "00 01"})
	want(t, events, hw.ReaderReady)
	s.lay(1)
	if ev := next(t, events); ev.Kind != hw.CardLaid || ev.Reader != "Virtual PCD 00 01" {
		t.Fatalf("event = %+v; want CardLaid on the second reader", ev)
	}
}

func TestWatchWishMissing(t *testing.T) {
	s := newService("Virtual PCD 00 00")
	r, events := watching(t, s, Options{Name: "RC-S300"})
	ev := next(t, events)
	if ev.Code != hw.ReaderMissing || !strings.Contains(ev.Err.Error(), "RC-S300") || !strings.Contains(ev.Err.Error(), "Virtual PCD 00 00") {
		t.Fatalf("event = %+v; want R-02 naming both what is wanted and what is there", ev)
	}
	if _, err := r.Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderMissing {
		t.Fatalf("Connect = %v; want R-02", err)
	}
}

func TestWatchServiceComesAndGoes(t *testing.T) {
	s := newService("PCD")
	s.down = noService
	_, events := watching(t, s, Options{})
	wantGone(t, events, hw.ReaderService)
	quiet(t, events)
	s.change(func() { s.down = nil })
	want(t, events, hw.ReaderReady)
	s.lay(0)
	want(t, events, hw.CardLaid)
	for _, e := range []status{noService, invalidHandle, serviceStopped} {
		s.change(func() { s.down = e })
		wantGone(t, events, hw.ReaderService)
		s.change(func() { s.down = nil })
		want(t, events, hw.CardLaid) // it still lies there
	}
}

func TestWatchDenied(t *testing.T) {
	for _, down := range []status{securityViolation, commError} {
		s := newService("PCD")
		s.down = down
		_, events := watching(t, s, Options{})
		wantGone(t, events, hw.ReaderService)
		wantGone(t, events, hw.ReaderDenied)
		quiet(t, events)
		s.change(func() { s.down = nil })
		want(t, events, hw.ReaderReady)
	}
}

// TestWatchBreaks: a context that was granted and breaks with a refusal belonged to a service that died.
func TestWatchBreaks(t *testing.T) {
	for _, down := range []status{securityViolation, commError} {
		s := newService("PCD")
		_, events := watching(t, s, Options{})
		want(t, events, hw.ReaderReady)
		s.change(func() { s.down = down })
		wantGone(t, events, hw.ReaderService)
		s.change(func() { s.down = nil })
		until(t, events, hw.ReaderReady)
	}
}

func TestWatchServiceHangs(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	r, events := watching(t, s, Options{})
	want(t, events, hw.CardLaid)
	thaw := s.freeze()
	wantGone(t, events, hw.ReaderHung)
	quiet(t, events)
	if silent := r.Silent(); silent < quick.hung {
		t.Errorf("Silent() = %v while the service hangs; want at least %v", silent, quick.hung)
	}
	thaw()
	want(t, events, hw.CardLaid)
	if silent := r.Silent(); silent >= quick.hung {
		t.Errorf("Silent() = %v after the service answered; want less than %v", silent, quick.hung)
	}
	quiet(t, events)
	thaw = s.freeze()
	wantGone(t, events, hw.ReaderHung)
	s.mu.Lock()
	s.readers[0].present = false
	s.mu.Unlock()
	thaw()
	for ev := range events {
		if ev.Kind == hw.CardLifted {
			break
		}
	}
}

func TestWatchEndsWhileServiceHangs(t *testing.T) {
	s := newService("PCD")
	r := newReader(Options{}, s.open, quick)
	ctx, stop := context.WithCancel(context.Background())
	events := r.Watch(ctx)
	want(t, events, hw.ReaderReady)
	thaw := s.freeze()
	stop()
	begin := time.Now()
	for range events {
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("the channel closed after %v; want less than a second", d)
	}
	thaw()
	settle(t, func() bool { return s.established.Load() == s.released.Load() })
}

// settle waits until ok, which the service reaches after what was left behind has ended.
func settle(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never settled")
		}
	}
}

func TestTransmit(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	r, _ := watching(t, s, Options{})
	c, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.ATR(), s.readers[0].atr; !bytes.Equal(got, want) {
		t.Errorf("ATR() = %X; want %X", got, want)
	}
	for _, command := range [][]byte{{0, 0xA4, 4, 0x0C}, {0, 0x20, 0, 0x80}} {
		got, err := c.Transmit(command)
		if want, _ := echo(command); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Transmit(%X) = %X, %v; want %X", command, got, err, want)
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close() = %v", err)
	}
	if _, err := c.Transmit([]byte{0, 0}); !errors.Is(err, errClosed) {
		t.Errorf("Transmit after Close = %v; want %v", err, errClosed)
	}
}

func TestTransmitBreaks(t *testing.T) {
	answer := func(b []byte, err error) func(*service) {
		return func(s *service) {
			s.change(func() { s.readers[0].answer = func([]byte) ([]byte, error) { return b, err } })
		}
	}
	for _, tt := range []struct {
		name string
		do   func(*service)
		gone bool
		code hw.Code
	}{
		{"torn as success", answer(nil, nil), true, ""},
		{"one byte", answer([]byte{0x90}, nil), true, ""},
		{"removed", func(s *service) { s.lift(0) }, true, ""},
		{"not transacted", answer(nil, notTransacted), true, ""},
		{"swapped", func(s *service) { s.lift(0); s.lay(0) }, true, ""},
		{"reset by another", func(s *service) { s.change(func() { s.readers[0].resets++ }) }, false, hw.ReaderBusy},
		{"service dies", func(s *service) { s.change(func() { s.down = commError }) }, false, hw.ReaderService},
		{"reader unplugged", answer(nil, readerUnavailable), false, hw.ReaderMissing},
		{"something else", answer(nil, status(0x80100001)), false, hw.ReaderOther},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService("PCD")
			s.lay(0)
			r, _ := watching(t, s, Options{})
			c, err := r.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Transmit([]byte{0, 0xA4}); err != nil {
				t.Fatal(err)
			}
			tt.do(s)
			_, err = c.Transmit([]byte{0, 0xA4})
			if errors.Is(err, hw.ErrNoCard) != tt.gone || hw.CodeOf(err, "") != tt.code || err == nil {
				t.Errorf("Transmit = %v; want ErrNoCard %v, code %q", err, tt.gone, tt.code)
			}
			// Healthy again, but what was selected before is no longer: the reading must not go on.
			s.change(func() { s.down = nil; s.readers[0].resets = 0; s.readers[0].answer = echo })
			if _, again := c.Transmit([]byte{0, 0x20, 0, 0x80}); again == nil || again.Error() != err.Error() {
				t.Errorf("next Transmit = %v; want the same error", again)
			}
			if err := c.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
}

func TestConnectFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*service)
		gone bool
		code hw.Code
	}{
		{"empty", func(*service) {}, true, ""},
		{"mute", func(s *service) { s.lay(0); s.readers[0].mute = true }, true, ""},
		{"held exclusively", func(s *service) { s.lay(0); s.readers[0].exclusive = true }, false, hw.ReaderBusy},
		{"in another's transaction", func(s *service) { s.lay(0); s.readers[0].locked = true }, false, hw.ReaderBusy},
		{"no service", func(s *service) { s.down = noService }, false, hw.ReaderService},
		{"denied", func(s *service) { s.down = securityViolation }, false, hw.ReaderDenied},
		{"hung up at the context", func(s *service) { s.down = commError }, false, hw.ReaderDenied},
		{"hung up at the card", func(s *service) { s.readers[0].refuse = commError }, false, hw.ReaderDenied},
		{"no reader", func(s *service) { s.readers = nil }, false, hw.ReaderMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService("PCD")
			tt.do(s)
			r := newReader(Options{}, s.open, quick)
			begin := time.Now()
			c, err := r.Connect(t.Context())
			if c != nil || err == nil || errors.Is(err, hw.ErrNoCard) != tt.gone || hw.CodeOf(err, "") != tt.code {
				t.Errorf("Connect = %v, %v; want ErrNoCard %v, code %q", c, err, tt.gone, tt.code)
			}
			if d := time.Since(begin); d > 2*time.Second {
				t.Errorf("Connect took %v", d)
			}
			s.change(func() {
				for _, r := range s.readers {
					r.locked = false // a Begin that was left behind comes back
				}
			})
			settle(t, func() bool {
				return s.established.Load() == s.released.Load() && s.connected.Load() == s.left.Load()
			})
		})
	}
}

func TestConnectWhenTheOtherLetsGo(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	s.readers[0].exclusive = true
	time.AfterFunc(20*time.Millisecond, func() { s.change(func() { s.readers[0].exclusive = false }) })
	r := newReader(Options{}, s.open, quick)
	c, err := r.Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect = %v; want success after the other program left", err)
	}
	// One holder at a time: the second waits, and gets its turn.
	if _, err := r.Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderBusy {
		t.Errorf("second Connect = %v; want R-03", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = r.Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect after Close = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestConnectCancelled(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	s.readers[0].locked = true
	r := newReader(Options{}, s.open, quick)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, stop)
	if _, err := r.Connect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect = %v; want cancelled", err)
	}
	s.change(func() { s.readers[0].locked = false })
	settle(t, func() bool { return s.established.Load() == s.released.Load() && !s.locked() })
	c, err := r.Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect afterwards = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *service) locked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readers[0].locked
}

func TestTransmitHangs(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	r := newReader(Options{}, s.open, quick)
	c, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	come := make(chan struct{})
	s.change(func() {
		s.readers[0].answer = func([]byte) ([]byte, error) { <-come; return []byte{0x90, 0}, nil }
	})
	returned := make(chan error, 1)
	go func() { _, err := c.Transmit([]byte{0, 0xA4}); returned <- err }()
	time.Sleep(10 * time.Millisecond)
	if err := c.Close(); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("Close() = %v; want R-05", err)
	}
	if err := <-returned; !errors.Is(err, errClosed) {
		t.Errorf("hanging Transmit = %v; want %v", err, errClosed)
	}
	if _, err := r.Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("Connect meanwhile = %v; want R-05", err)
	}
	close(come)
	settle(t, func() bool { return s.established.Load() == s.released.Load() && s.connected.Load() == s.left.Load() })
	s.change(func() { s.readers[0].answer = echo })
	c, err = r.Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect afterwards = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestList(t *testing.T) {
	s := newService("B", "A")
	r := newReader(Options{}, s.open, quick)
	if names, err := r.List(t.Context()); err != nil || len(names) != 2 || names[0] != "B" {
		t.Errorf("List() = %q, %v; want B, A", names, err)
	}
	s.change(func() { s.readers = nil })
	if names, err := r.List(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("List() = %q, %v; want none", names, err)
	}
	s.change(func() { s.down = noService })
	if _, err := r.List(t.Context()); hw.CodeOf(err, "") != hw.ReaderService {
		t.Errorf("List() = %v; want R-01", err)
	}
	thaw := s.freeze()
	if _, err := r.List(t.Context()); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("List() = %v; want R-05", err)
	}
	thaw()
	settle(t, func() bool { return s.established.Load() == s.released.Load() })
}

// A kiosk runs for months: nothing may stay behind.
func TestNoLeak(t *testing.T) {
	s := newService("PCD")
	s.lay(0)
	r := newReader(Options{}, s.open, quick)
	before := runtime.NumGoroutine()
	const cycles = 10_000
	for i := range cycles {
		ctx, stop := context.WithCancel(context.Background())
		events := r.Watch(ctx)
		if ev := <-events; ev.Kind != hw.CardLaid {
			t.Fatalf("cycle %d: event = %+v; want CardLaid", i, ev)
		}
		c, err := r.Connect(ctx)
		if err != nil {
			t.Fatalf("cycle %d: %v", i, err)
		}
		if _, err := c.Transmit([]byte{0, 0xA4}); err != nil {
			t.Fatalf("cycle %d: %v", i, err)
		}
		if err := c.Close(); err != nil {
			t.Fatalf("cycle %d: %v", i, err)
		}
		stop()
		for range events {
		}
	}
	settle(t, func() bool { return runtime.NumGoroutine() <= before+1 })
	if e, rel := s.established.Load(), s.released.Load(); e != rel || e != 2*cycles {
		t.Errorf("contexts established = %d, released = %d; want %d each", e, rel, 2*cycles)
	}
	if c, l := s.connected.Load(), s.left.Load(); c != l || c != cycles {
		t.Errorf("cards connected = %d, disconnected = %d; want %d each", c, l, cycles)
	}
}
