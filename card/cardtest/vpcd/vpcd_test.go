package vpcd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo is a card that answers every command with itself and 9000.
type echo struct {
	resets atomic.Int32
	answer func([]byte) ([]byte, error)
	hang   chan struct{}
}

func (e *echo) ATR() []byte { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }

func (e *echo) Reset() {
	if e.resets.Add(1); e.hang != nil {
		select {
		case e.hang <- struct{}{}:
		default:
		}
	}
}

func (e *echo) Transmit(command []byte) ([]byte, error) {
	if e.hang != nil {
		<-e.hang
		return nil, errors.New("power lost")
	}
	if e.answer != nil {
		return e.answer(command)
	}
	return append(bytes.Clone(command), 0x90, 0x00), nil
}

// reader is vpcd's side: it accepts one card at a time.
type reader struct {
	t *testing.T
	l net.Listener
}

func listen(t *testing.T) *reader {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &reader{t, l}
}

// accept takes the next card and asks for its ATR.
func (r *reader) accept() <-chan net.Conn {
	c := make(chan net.Conn, 1)
	go func() {
		conn, err := r.l.Accept()
		if err != nil {
			return
		}
		if err := conn.(*net.TCPConn).SetNoDelay(false); err != nil { // Nagle on, as in vpcd 3.3
			r.t.Error(err)
		}
		if got := ask(r.t, conn, []byte{sendATR}); len(got) == 0 {
			r.t.Error("no ATR")
		}
		tell(r.t, conn, []byte{powerOn})
		c <- conn
	}()
	return c
}

func tell(t *testing.T, conn net.Conn, message []byte) {
	t.Helper()
	// In two pieces, as vpcd 3.3 does.
	var head [2]byte
	binary.BigEndian.PutUint16(head[:], uint16(len(message)))
	if _, err := conn.Write(head[:]); err != nil {
		t.Error(err)
	}
	if _, err := conn.Write(message); err != nil {
		t.Error(err)
	}
}

func ask(t *testing.T, conn net.Conn, message []byte) []byte {
	t.Helper()
	tell(t, conn, message)
	var head [2]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil
	}
	b := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil
	}
	return b
}

func lay(t *testing.T, c Card) (*Slot, net.Conn) {
	t.Helper()
	r := listen(t)
	accepted := r.accept()
	s := At(r.l.Addr().String())
	if err := s.Lay(c); err != nil {
		t.Fatal(err)
	}
	conn := <-accepted
	t.Cleanup(func() { s.Lift(); conn.Close() })
	return s, conn
}

func TestExchange(t *testing.T) {
	c := &echo{}
	s, conn := lay(t, c)
	if !s.Laid() {
		t.Error("Laid() = false; want true")
	}
	if got := ask(t, conn, []byte{sendATR}); !bytes.Equal(got, c.ATR()) {
		t.Errorf("ATR = %X; want %X", got, c.ATR())
	}
	tell(t, conn, []byte{powerOn})
	tell(t, conn, []byte{reset})
	tell(t, conn, []byte{powerOff})
	for _, command := range [][]byte{{0, 0xA4, 4, 0x0C, 1, 2}, {0, 0x20, 0, 0x80}, {0, 0xB0, 0, 0, 0}} {
		if got, want := ask(t, conn, command), append(bytes.Clone(command), 0x90, 0); !bytes.Equal(got, want) {
			t.Errorf("answer to %X = %X; want %X", command, got, want)
		}
	}
	if got := c.resets.Load(); got != 4 { // one is the power-up when it was laid
		t.Errorf("power cycles = %d; want 4", got)
	}
	if got, want := s.Traffic(), (Traffic{Exchanges: 3, Sent: 15, Received: 21}); got != want {
		t.Errorf("Traffic() = %+v; want %+v", got, want)
	}
	ask(t, conn, []byte{0, 0x20, 0, 0x80, 4, 1, 2, 3, 4})
	ask(t, conn, []byte{0, 0x2C, 0, 0x80, 1, 2})
	if got := s.Traffic().SecretSent; got != 2 {
		t.Errorf("SecretSent = %d; want 2", got)
	}
}

func TestTornAndLifted(t *testing.T) {
	for name, answer := range map[string]func([]byte) ([]byte, error){
		"error": func([]byte) ([]byte, error) { return nil, errors.New("torn") },
		"empty": func([]byte) ([]byte, error) { return nil, nil },
	} {
		s, conn := lay(t, &echo{answer: answer})
		if got := ask(t, conn, []byte{0, 0xA4, 0, 0}); got != nil {
			t.Errorf("%s: answer = %X; want a hang-up", name, got)
		}
		for end := time.Now().Add(time.Second); s.Laid(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the card still lies there", name)
			}
		}
		if s.Lift() {
			t.Errorf("%s: Lift() = true; want false, it had left", name)
		}
	}
}

func TestLiftWhileHanging(t *testing.T) {
	s, conn := lay(t, &echo{hang: make(chan struct{})})
	got := make(chan []byte)
	go func() { got <- ask(t, conn, []byte{0, 0xA4, 0, 0}) }()
	time.Sleep(20 * time.Millisecond)
	if !s.Lift() {
		t.Error("Lift() = false; want true")
	}
	if b := <-got; b != nil {
		t.Errorf("answer = %X; want a hang-up", b)
	}
}

func TestMuteAndShort(t *testing.T) {
	s, conn := lay(t, &echo{answer: func([]byte) ([]byte, error) { return []byte{0x90}, nil }})
	s.SetMute(true)
	if got := ask(t, conn, []byte{sendATR}); len(got) <= 33 {
		t.Errorf("ATR of a mute card has %d bytes; want more than any ATR", len(got))
	}
	if got := ask(t, conn, []byte{0, 0xA4, 0, 0}); len(got) != 1 {
		t.Errorf("answer = %X; want one byte", got)
	}
}

func TestLatency(t *testing.T) {
	s, conn := lay(t, &echo{})
	s.SetLatency(30 * time.Millisecond)
	begin := time.Now()
	ask(t, conn, []byte{0, 0xA4, 0, 0})
	if d := time.Since(begin); d < 30*time.Millisecond {
		t.Errorf("an exchange took %v; want at least 30 ms", d)
	}
	s.SetLatency(0)
	begin = time.Now()
	for range 20 {
		ask(t, conn, []byte{0, 0xA4, 0, 0})
	}
	if d := time.Since(begin); d > 400*time.Millisecond {
		t.Errorf("20 exchanges took %v; delayed acknowledgements cost 40 ms each", d)
	}
}

func TestLayRetriesAndFails(t *testing.T) {
	s, _ := lay(t, &echo{})
	if err := s.Lay(&echo{}); !errors.Is(err, ErrOccupied) {
		t.Errorf("second Lay = %v; want %v", err, ErrOccupied)
	}
	r := listen(t)
	addr := r.l.Addr().String()
	r.l.Close()
	if err := At(addr).Lay(&echo{}); err == nil || !strings.Contains(err.Error(), "pcscd") {
		t.Errorf("Lay without vpcd = %v; want an error that names pcscd", err)
	}
	late := listen(t) // sees the new card as the one before and does not power it up, the first time
	go func() {
		conn, err := late.l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		ask(t, conn, []byte{sendATR})
		conn = <-late.accept()
		t.Cleanup(func() { conn.Close() })
	}()
	s = At(late.l.Addr().String())
	if err := s.Lay(&echo{}); err != nil || !s.Laid() {
		t.Errorf("Lay unseen = %v, Laid() = %v; want it laid anew", err, s.Laid())
	}
	s.Lift()
	silent := listen(t) // accepts into its queue and asks nothing: another card lies there
	s = At(silent.l.Addr().String())
	if err := s.Lay(&echo{}); err == nil || s.Laid() {
		t.Errorf("Lay on a silent reader = %v, Laid() = %v; want an error and no card", err, s.Laid())
	}
}
