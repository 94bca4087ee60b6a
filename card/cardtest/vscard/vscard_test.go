package vscard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
)

// device is QEMU's side: it answers as ccid-card-passthru does and lets the test be the guest.
type device struct {
	t       *testing.T
	conn    net.Conn
	seen    chan string // what happened to it: plug, lay ATR, lift
	answers chan []byte
	refuse  atomic.Uint32 // the code it answers with
}

func machine(t *testing.T) (*Slot, *device) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "card")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, seen: make(chan string, 100), answers: make(chan []byte, 100)}
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		var err error
		if d.conn, err = l.Accept(); err != nil {
			t.Error(err)
			return
		}
		go d.serve()
	}()
	s, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	<-ready
	t.Cleanup(func() { s.Close(); d.conn.Close(); l.Close() })
	d.sees("plug")
	return s, d
}

func (d *device) send(kind uint32, body []byte) {
	var head [12]byte
	binary.BigEndian.PutUint32(head[:], kind)
	binary.BigEndian.PutUint32(head[8:], uint32(len(body)))
	if _, err := d.conn.Write(head[:]); err != nil { // in two pieces, as QEMU does
		return
	}
	_, _ = d.conn.Write(body)
}

func (d *device) serve() {
	for {
		var head [12]byte
		if _, err := io.ReadFull(d.conn, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[8:]))
		if _, err := io.ReadFull(d.conn, body); err != nil {
			return
		}
		kind, reader := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
		if want := uint32(theOne); kind != typeInit && reader != want {
			d.t.Errorf("a message of type %d for reader %d; want %d", kind, reader, want)
		}
		switch kind {
		case typeInit:
			if !bytes.Equal(body, hello) {
				d.t.Errorf("it says %X; want %X", body, hello)
			}
			d.send(typeInit, hello)
			continue
		case typeAPDU:
			d.answers <- body
			continue
		case typeReaderAdd:
			d.seen <- "plug"
		case typeATR:
			d.seen <- "lay " + string(body)
		case typeCardRemove:
			d.seen <- "lift"
		default:
			d.t.Errorf("a message of type %d", kind)
		}
		d.send(typeError, binary.BigEndian.AppendUint32(nil, d.refuse.Load()))
	}
}

func (d *device) sees(want string) {
	d.t.Helper()
	select {
	case got := <-d.seen:
		if got != want {
			d.t.Errorf("the device sees %q; want %q", got, want)
		}
	case <-time.After(5 * time.Second):
		d.t.Fatalf("the device sees nothing; want %q", want)
	}
}

// ask sends the guest's command and returns the card's answer; nil when it left instead.
func (d *device) ask(command ...byte) []byte {
	d.t.Helper()
	d.send(typeAPDU, command)
	select {
	case a := <-d.answers:
		return a
	case got := <-d.seen:
		if got != "lift" {
			d.t.Errorf("the device sees %q; want an answer or a lift", got)
		}
	case <-time.After(5 * time.Second):
		d.t.Fatal("no answer")
	}
	return nil
}

func named(t *testing.T, name string) *cardtest.Card {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lay(t *testing.T, s *Slot, d *device, c *cardtest.Card) {
	t.Helper()
	if err := s.Lay(c); err != nil {
		t.Fatal(err)
	}
	d.sees("lay " + string(c.ATR()))
}

func TestExchange(t *testing.T) {
	s, d := machine(t)
	if s.Laid() || s.Lift() {
		t.Error("a card lies there before any was laid")
	}
	c := named(t, "all-fine")
	lay(t, s, d, c)
	if err := s.Lay(c); !errors.Is(err, ErrOccupied) || !s.Laid() {
		t.Errorf("a second Lay = %v, Laid() = %v; want %v and the first card", err, s.Laid(), ErrOccupied)
	}
	aid := card.JPKI.AID()
	if got := d.ask(append([]byte{0, 0xA4, 4, 0x0C, byte(len(aid))}, aid...)...); !bytes.Equal(got, []byte{0x90, 0}) {
		t.Errorf("SELECT = %X; want 9000", got)
	}
	if got := d.ask(0, 0x20, 0, 0x98); !bytes.Equal(got, []byte{0x63, 0xC3}) {
		t.Errorf("a query of the counter = %X; want 63C3", got)
	}
	if got, want := s.Traffic(), (Traffic{Exchanges: 2, Sent: 9 + len(aid), Received: 4}); got != want {
		t.Errorf("Traffic() = %+v; want %+v", got, want)
	}
	d.ask(0, 0x20, 0, 0x98, 1, 0x30)
	if got := s.Traffic().SecretSent; got != 1 {
		t.Errorf("SecretSent = %d; want 1", got)
	}
	if !s.Lift() || s.Laid() {
		t.Error("the card cannot be lifted")
	}
	d.sees("lift")
	if _, err := c.Transmit(append([]byte{0, 0xA4, 4, 0x0C, byte(len(aid))}, aid...)); err != nil { // by another reader
		t.Fatal(err)
	}
	lay(t, s, d, c)
	if got := d.ask(0, 0x20, 0, 0x98); !bytes.Equal(got, []byte{0x69, 0x85}) {
		t.Errorf("a query after it was laid anew = %X; want 6985, nothing selected", got)
	}
}

func TestTornAndHanging(t *testing.T) {
	s, d := machine(t)
	for _, kind := range []cardtest.FaultKind{cardtest.Tear, cardtest.TearSilent} {
		c := named(t, "all-fine")
		c.Inject(cardtest.Fault{At: 1, Kind: kind})
		lay(t, s, d, c)
		if got := d.ask(0, 0xA4, 0, 0); got != nil || s.Laid() || s.Lift() {
			t.Errorf("a card that tears away answers %X, Laid() = %v; want it gone", got, s.Laid())
		}
	}
	c := named(t, "all-fine")
	c.Inject(cardtest.Fault{At: 1, Kind: cardtest.Mute})
	lay(t, s, d, c)
	d.send(typeAPDU, []byte{0, 0xA4, 0, 0})
	time.Sleep(20 * time.Millisecond)
	if !s.Lift() {
		t.Error("a card whose exchange hangs cannot be lifted")
	}
	d.sees("lift")
	lay(t, s, d, named(t, "all-fine"))
	if got := d.ask(0, 0xC0, 0, 0, 0); !bytes.Equal(got, []byte{0x69, 0x85}) {
		t.Errorf("the next card answers %X; want 6985 and nothing of the one before", got)
	}
}

func TestRefusedAndGone(t *testing.T) {
	s, d := machine(t)
	d.refuse.Store(2)
	c := named(t, "all-fine")
	if err := s.Lay(c); err == nil || s.Laid() {
		t.Errorf("Lay on a device that refuses = %v, Laid() = %v; want an error and no card", err, s.Laid())
	}
	d.refuse.Store(0)
	d.conn.Close()
	<-s.ended
	if err := s.Lay(c); err == nil || s.Laid() {
		t.Errorf("Lay without a machine = %v, Laid() = %v; want an error and no card", err, s.Laid())
	}
	if _, err := Dial(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "virtual reader") {
		t.Errorf("Dial without a machine = %v; want an error that names the reader", err)
	}
}

// Every card of the library can be laid; a guest calls one mute whose check byte is wrong.
func TestATRs(t *testing.T) {
	for _, spec := range cardtest.Library() {
		if !whole(spec.ATR) {
			t.Errorf("%s: the ATR %X has a wrong check byte", spec.Name, spec.ATR)
		}
	}
	for _, tt := range []struct {
		atr  []byte
		want bool
	}{
		{nil, false}, {[]byte{0x3B}, false}, {[]byte{0x3B, 0x00}, true}, {[]byte{0x3B, 0x80}, false},
		{[]byte{0x3B, 0x80, 0x00}, true}, {[]byte{0x3B, 0x80, 0x01, 0x81}, true}, {[]byte{0x3B, 0x80, 0x01, 0x80}, false},
		{[]byte{0x3B, 0x80, 0x80, 0x01, 0x01}, true}, {[]byte{0x3B, 0x80, 0x80, 0x01, 0x02}, false},
	} {
		if got := whole(tt.atr); got != tt.want {
			t.Errorf("whole(%X) = %v; want %v", tt.atr, got, tt.want)
		}
	}
}
