//go:build pcscd && cgo

package reader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ebfe/scard"
	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/vpcd"
	"kagimado/hw"
	"kagimado/hw/hwtest/pcscd"
)

// These tests run against a real pcscd, because what other programs and a dying service do to us is theirs to decide.

func TestMain(m *testing.M) {
	status, err := pcscd.Isolate(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func start(t *testing.T) *pcscd.Daemon {
	t.Helper()
	d, err := pcscd.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	return d
}

func lay(t *testing.T, name string) (*vpcd.Slot, *cardtest.Card) {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	s := vpcd.At(pcscd.FirstAddress)
	if err := s.Lay(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Lift()
		if n := s.Traffic().SecretSent; n != 0 {
			t.Errorf("%d commands with a secret reached the card", n)
		}
	})
	return s, c
}

// other is another program: a client of its own that knows nothing of us.
func other(t *testing.T) *scard.Context {
	t.Helper()
	c, err := scard.EstablishContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Release() })
	return c
}

func otherCard(t *testing.T, mode scard.ShareMode) *scard.Card {
	t.Helper()
	ctx := other(t)
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := ctx.Connect(pcscd.FirstReader, mode, scard.ProtocolAny)
		if err == nil {
			return c
		}
		if time.Now().After(end) {
			t.Fatalf("the other program cannot connect: %v", err)
		}
	}
}

func read(t *testing.T, c hw.CardConn) (card.Facts, error) {
	t.Helper()
	return card.Read(t.Context(), card.Card{Transmitter: c, ATR: c.ATR()}, nil)
}

func mustConnect(t *testing.T, r *Reader) hw.CardConn {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := r.Connect(t.Context())
		if err == nil {
			t.Cleanup(func() { c.Close() })
			return c
		}
		if !errors.Is(err, hw.ErrNoCard) || time.Now().After(end) {
			t.Fatalf("Connect = %v", err)
		}
	}
}

func TestStackHeldByAnother(t *testing.T) {
	start(t)
	lay(t, "all-fine")
	t.Run("exclusively", func(t *testing.T) {
		held := otherCard(t, scard.ShareExclusive)
		begin := time.Now()
		if _, err := Open(Options{}).Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderBusy {
			t.Errorf("Connect = %v; want R-03", err)
		}
		if d := time.Since(begin); d > usual.patience {
			t.Errorf("Connect took %v; want less than %v", d, usual.patience)
		}
		if err := held.Disconnect(scard.LeaveCard); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("for a moment", func(t *testing.T) {
		held := otherCard(t, scard.ShareExclusive)
		time.AfterFunc(400*time.Millisecond, func() { held.Disconnect(scard.LeaveCard) })
		c := mustConnect(t, Open(Options{}))
		if f, err := read(t, c); err != nil || f.Outcome != card.Complete {
			t.Errorf("Read = %v, %v; want complete", f.Outcome, err)
		}
	})
	t.Run("in a transaction", func(t *testing.T) {
		held := otherCard(t, scard.ShareShared)
		if err := held.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		r := Open(Options{})
		for range 2 { // the second finds the first still waiting in libpcsclite
			if _, err := r.Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderBusy {
				t.Errorf("Connect = %v; want R-03", err)
			}
		}
		if err := held.EndTransaction(scard.LeaveCard); err != nil {
			t.Fatal(err)
		}
		c := mustConnect(t, r)
		if f, err := read(t, c); err != nil || f.Outcome != card.Complete {
			t.Errorf("Read = %v, %v; want complete", f.Outcome, err)
		}
		held.Disconnect(scard.LeaveCard)
	})
	t.Run("idly", func(t *testing.T) {
		held := otherCard(t, scard.ShareShared)
		defer held.Disconnect(scard.LeaveCard)
		c := mustConnect(t, Open(Options{}))
		if f, err := read(t, c); err != nil || f.Outcome != card.Complete {
			t.Errorf("Read = %v, %v; want complete", f.Outcome, err)
		}
	})
}

// Another program that selects another application all the time, as fast as pcscd lets it. Had one of its commands come
// between two of ours, our counters would be those of the wrong file.
func TestStackMeddledWith(t *testing.T) {
	start(t)
	slot, simulated := lay(t, "counters-differ")
	held := otherCard(t, scard.ShareShared)
	defer held.Disconnect(scard.LeaveCard)
	slot.SetLatency(20 * time.Millisecond) // time for the other program to try many times
	c := mustConnect(t, Open(Options{}))
	var ours atomic.Bool
	ours.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			_, err := held.Transmit(append([]byte{0x00, 0xA4, 0x04, 0x0C, 0x0A}, card.InputSupportApp.AID()...))
			if err == nil && ours.Load() {
				t.Error("the other program's SELECT came into our transaction")
			}
		}
		ended <- n
	}()
	f, err := read(t, c)
	if err != nil || f.Outcome != card.Complete {
		t.Fatalf("Read = %v, %v; want complete", f.Outcome, err)
	}
	for _, w := range simulated.Spec().Want().Counters {
		if got := f.Counter(w.Key); got != w {
			t.Errorf("%v = %+v; want %+v", w.Key, got, w)
		}
	}
	ours.Store(false)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(150 * time.Millisecond)
	stop()
	if n := <-ended; n == 0 {
		t.Error("the other program never got its turn")
	}
}

// A reset between Connect and our transaction, and one that comes when we hold no transaction, must both void what
// was read: the first is retried, the second breaks the connection for good.
func TestStackResetByAnother(t *testing.T) {
	start(t)
	lay(t, "all-fine")
	held := otherCard(t, scard.ShareShared)
	s, err := system()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	h, err := s.Connect(pcscd.FirstReader)
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.ResetCard); err != nil {
		t.Fatal(err)
	}
	begun := h.Begin()
	_, err = h.ATR()
	if !errors.Is(begun, resetCard) && !errors.Is(err, resetCard) {
		t.Errorf("after a reset by another: Begin = %v, ATR = %v; want reset", begun, err)
	}
	if begun == nil {
		h.End()
	}
	if _, err := h.Transmit([]byte{0x00, 0x20, 0x00, 0x80}); !errors.Is(err, resetCard) {
		t.Errorf("after a reset by another: Transmit = %v; want reset", err)
	}
	h.Disconnect()
	// Reset within our transaction: pcscd keeps it from happening.
	r := Open(Options{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	events := r.Watch(ctx)
	want(t, events, hw.CardLaid)
	c := mustConnect(t, r)
	done := make(chan error, 1)
	go func() { done <- held.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.ResetCard) }()
	f, err := read(t, c)
	if err != nil || f.Outcome != card.Complete {
		t.Errorf("Read while another wants to reset = %v, %v; want complete", f.Outcome, err)
	}
	c.Close()
	if err := <-done; err != nil {
		t.Errorf("the other program's reset after our transaction: %v", err)
	}
	held.Disconnect(scard.LeaveCard)
	select { // a reset is no other card
	case ev := <-events:
		t.Errorf("event = %+v; want none", ev)
	case <-time.After(900 * time.Millisecond):
	}
}

// Two cards take turns and leave at any moment, two other programs select and reset all the time. Most readings fail; one that
// says complete must be of one of the two cards, in every number and date.
func TestStackNeverWrong(t *testing.T) {
	start(t)
	random := rand.New(rand.NewPCG(1, 2))
	var facts []card.Facts
	var names = []string{"all-fine", "expired-locked"}
	for _, n := range names {
		c, err := cardtest.New(n)
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, c.Spec().Want())
	}
	ctx, stop := context.WithTimeout(t.Context(), 12*time.Second)
	defer stop()
	slot := vpcd.At(pcscd.FirstAddress)
	slot.SetLatency(5 * time.Millisecond)
	var programs sync.WaitGroup
	defer programs.Wait()
	programs.Go(func() {
		defer slot.Lift()
		for i := 0; ctx.Err() == nil; i++ {
			c, err := cardtest.New(names[i%2])
			if err == nil {
				err = slot.Lay(c)
			}
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Duration(100+random.IntN(500)) * time.Millisecond)
			slot.Lift()
		}
	})
	for i := range 2 {
		mine := rand.New(rand.NewPCG(3, uint64(i)))
		theirs := other(t)
		programs.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(time.Duration(mine.IntN(40)) * time.Millisecond)
				c, err := theirs.Connect(pcscd.FirstReader, scard.ShareShared, scard.ProtocolAny)
				if err != nil {
					continue // no card, or ours
				}
				_, _ = c.Transmit(append([]byte{0x00, 0xA4, 0x04, 0x0C, 0x0A}, card.SurfaceApp.AID()...))
				leave := scard.LeaveCard
				if mine.IntN(3) == 0 {
					leave = scard.ResetCard
				}
				_ = c.Disconnect(leave)
			}
		})
	}
	r := Open(Options{})
	complete, failed := 0, 0
	for ctx.Err() == nil {
		c, err := r.Connect(ctx)
		if err != nil {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		f, err := read(t, c)
		if closed := c.Close(); closed != nil {
			t.Errorf("Close() = %v", closed)
		}
		if err != nil || f.Outcome != card.Complete {
			failed++
			continue
		}
		complete++
		f.Exchanges = 0
		a, b := cmp.Diff(facts[0], f), cmp.Diff(facts[1], f)
		if a != "" && b != "" {
			t.Fatalf("a complete reading is of no card that was laid; against the first -want +got\n%s", a)
		}
	}
	t.Logf("%d readings complete, %d not", complete, failed)
	if complete < 5 || failed < 5 {
		t.Errorf("%d readings complete, %d not; want at least 5 of each, else this proves little", complete, failed)
	}
	if n := slot.Traffic().SecretSent; n != 0 {
		t.Errorf("%d commands with a secret reached a card", n)
	}
}

// Leaving the card must not disturb others, nor be seen as another card.
func TestStackCloseLeavesTheCard(t *testing.T) {
	start(t)
	lay(t, "all-fine")
	held := otherCard(t, scard.ShareShared)
	defer held.Disconnect(scard.LeaveCard)
	c := mustConnect(t, Open(Options{}))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	answer, err := held.Transmit(append([]byte{0x00, 0xA4, 0x04, 0x0C, 0x0A}, card.JPKI.AID()...))
	if err != nil || !bytes.Equal(answer, []byte{0x90, 0x00}) {
		t.Errorf("the other program's exchange after ours = %X, %v; want 9000", answer, err)
	}
}

func TestStackServiceComesAndGoes(t *testing.T) {
	r := Open(Options{})
	ctx, stop := context.WithCancel(t.Context())
	events := r.Watch(ctx)
	defer func() {
		stop()
		for range events {
		}
	}()
	wantGone(t, events, hw.ReaderService)
	if _, err := r.Connect(ctx); hw.CodeOf(err, "") != hw.ReaderService {
		t.Errorf("Connect without a service = %v; want R-01", err)
	}
	if _, err := r.List(ctx); hw.CodeOf(err, "") != hw.ReaderService {
		t.Errorf("List without a service = %v; want R-01", err)
	}
	for i, end := range []func(*pcscd.Daemon){(*pcscd.Daemon).Kill, (*pcscd.Daemon).Stop} {
		d, err := pcscd.Start()
		if err != nil {
			t.Fatal(err)
		}
		want(t, events, hw.ReaderReady)
		s, _ := lay(t, "all-fine")
		want(t, events, hw.CardLaid)
		c := mustConnect(t, r)
		if f, err := read(t, c); err != nil || f.Outcome != card.Complete {
			t.Errorf("Read = %v, %v; want complete", f.Outcome, err)
		}
		end(d) // while we hold the card
		wantGone(t, events, hw.ReaderService)
		if _, err := c.Transmit([]byte{0x00, 0x20, 0x00, 0x80}); hw.CodeOf(err, "") != hw.ReaderService {
			t.Errorf("round %d: Transmit to a dead service = %v; want R-01", i, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("round %d: Close() = %v", i, err)
		}
		s.Lift()
	}
}

func TestStackServiceHangs(t *testing.T) {
	d := start(t)
	short := usual
	short.hung, short.patience = 1500*time.Millisecond, 500*time.Millisecond
	r := newReader(Options{}, system, short)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	events := r.Watch(ctx)
	want(t, events, hw.ReaderReady)
	lay(t, "all-fine")
	want(t, events, hw.CardLaid)
	thaw, err := d.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Connect(ctx); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("Connect to a hanging service = %v; want R-05", err)
	}
	wantGone(t, events, hw.ReaderHung)
	thaw()
	want(t, events, hw.CardLaid)
	mustConnect(t, r).Close()
	thaw, err = d.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	defer thaw()
	stop()
	begin := time.Now()
	for range events {
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("the channel closed after %v; want about a second", took)
	}
}

// Several watchers of the same reader in one process: scard's table of names must not free what another still uses.
func TestStackManyWatchers(t *testing.T) {
	start(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all []<-chan hw.CardEvent
	for range 5 {
		all = append(all, Open(Options{}).Watch(ctx))
	}
	for _, events := range all {
		want(t, events, hw.ReaderReady)
	}
	lay(t, "all-fine")
	for _, events := range all {
		want(t, events, hw.CardLaid)
	}
}

// impostor stands where pcscd would and treats every client alike: what libpcsclite makes of that is not ours to guess.
func impostor(t *testing.T, treat func(net.Conn)) {
	t.Helper()
	const socket = "/run/pcscd/pcscd.comm"
	_ = os.Remove(socket) // a pcscd that was killed leaves it
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go treat(conn)
		}
	}()
}

// pcscd with polkit closes the connection of a user it refuses, and says nothing. Asking polkit takes a while, in which
// the client has already sent its greeting.
func TestStackDenied(t *testing.T) {
	impostor(t, func(c net.Conn) { time.Sleep(20 * time.Millisecond); c.Close() })
	r := Open(Options{})
	if _, err := r.Connect(t.Context()); hw.CodeOf(err, "") != hw.ReaderDenied {
		t.Errorf("Connect = %v; want R-04", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	events := r.Watch(ctx)
	wantGone(t, events, hw.ReaderService)
	wantGone(t, events, hw.ReaderDenied)
	stop()
	for range events {
	}
}

// A service that takes clients and never answers, from the very first.
func TestStackNeverAnswers(t *testing.T) {
	impostor(t, func(c net.Conn) { t.Cleanup(func() { c.Close() }) })
	short := usual
	short.hung, short.patience = 500*time.Millisecond, 300*time.Millisecond
	r := newReader(Options{}, system, short)
	ctx, stop := context.WithCancel(t.Context())
	events := r.Watch(ctx)
	wantGone(t, events, hw.ReaderHung)
	if _, err := r.Connect(ctx); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("Connect = %v; want R-05", err)
	}
	if _, err := r.List(ctx); hw.CodeOf(err, "") != hw.ReaderHung {
		t.Errorf("List = %v; want R-05", err)
	}
	stop()
	for range events {
	}
}
