// Package vpcd lays simulated cards on the virtual reader of vsmartcard, so that a real pcscd and every PC/SC client sees
// them. The card's side dials the reader over TCP; laying is connecting, lifting is hanging up.
//
// The wire (virtualsmartcard/src/vpcd/vpcd.c of frankmorgner/vsmartcard): each message is two bytes of length, most
// significant first, and that many bytes. A message of one byte from the reader is a control: 0 power off, 1 power on, 2
// reset, 4 send the ATR, which alone of these is answered. Anything longer is a command, answered by its answer. A
// command of one byte can therefore not be told from a control.
//
// It must never send an empty answer: vpcd 3.3 would wait for ever and pcscd with it.
package vpcd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"kagimado/card/cardtest/bridge"
)

// Address is where vpcd of Debian waits for the card of its first reader. The second waits on the next port.
const Address = "127.0.0.1:35963"

// Card is what can be laid, and Traffic what crosses.
type (
	Card    = bridge.Card
	Traffic = bridge.Traffic
)

// Slot is one virtual reader as the card sees it. Its methods may be called from any goroutine.
type Slot struct {
	bridge.Meter
	addr string

	mu    sync.Mutex
	conn  *net.TCPConn
	card  Card
	ended chan struct{} // closed when the card that lies is served no more
	left  time.Time     // when the last card left
	mute  bool
}

// At returns the slot behind addr, usually Address.
func At(addr string) *Slot { return &Slot{addr: addr} }

// ErrOccupied tells that a card lies there already.
var ErrOccupied = errors.New("a card lies there already")

// unseen is how long pcscd may take to see that a card left: it looks every 0.4 s.
const unseen = 450 * time.Millisecond

// Lay lays c and returns when the reader has powered it up. pcscd reports it at about that time.
//
// It waits until pcscd must have seen the card before leave, and lays anew when it had not: if both happen between two
// looks, vpcd 3.3 slips the new card under the old one's ATR and power state without a word to pcscd. No hand and no real
// reader does that.
func (s *Slot) Lay(c Card) error {
	for tries := 1; ; tries++ {
		powered, err := s.lay(c)
		if err != nil || powered || tries == 3 { // a pcscd may also be built not to power up what nobody uses
			return err
		}
		s.Lift()
	}
}

func (s *Slot) lay(c Card) (powered bool, err error) {
	s.mu.Lock()
	if s.conn != nil {
		s.mu.Unlock()
		return false, fmt.Errorf("laying a card: %w", ErrOccupied)
	}
	if !s.left.IsZero() {
		time.Sleep(unseen - time.Since(s.left))
	}
	// vpcd keeps a queue of one and forgets a card that waits in it only when pcscd looks: a busy machine needs patience.
	dial, err := net.DialTimeout("tcp", s.addr, 8*time.Second)
	if err != nil {
		s.mu.Unlock()
		return false, fmt.Errorf("laying a card: %w (is pcscd running with the vpcd driver?)", err)
	}
	l := &lying{conn: dial.(*net.TCPConn), card: c, asked: make(chan struct{}), powered: make(chan struct{}), ended: make(chan struct{})}
	s.conn, s.card, s.ended = l.conn, c, l.ended
	s.mu.Unlock()
	go s.serve(l)

	limit := time.NewTimer(3 * time.Second)
	defer limit.Stop()
	select {
	case <-l.asked:
	case <-l.ended:
		return false, errors.New("laying a card: vpcd hung up (is another program's card on this reader?)")
	case <-limit.C:
		s.Lift()
		return false, errors.New("laying a card: vpcd does not ask for it (is another program's card on this reader?)")
	}
	select {
	case <-l.powered:
		return true, nil
	case <-time.After(250 * time.Millisecond): // it follows at once
		return false, nil
	}
}

// lying is one card on the reader.
type lying struct {
	conn    *net.TCPConn
	card    Card
	asked   chan struct{} // closed when vpcd has asked for the ATR, which is how it looks for a card
	powered chan struct{} // closed when pcscd has switched it on, which it does with every new card
	ended   chan struct{} // closed when it is served no more
}

// Lift takes the card away, also in the middle of an exchange, and tells whether one lay there. pcscd reports it
// within about 0.25 s.
func (s *Slot) Lift() bool {
	s.mu.Lock()
	conn, c, ended := s.conn, s.card, s.ended
	s.mu.Unlock()
	if conn == nil {
		return false
	}
	conn.Close()
	c.Reset() // out of the field it has no power; this also ends an exchange that hangs
	<-ended
	return true
}

// Laid tells whether a card lies there. A card that tore itself away does not.
func (s *Slot) Laid() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

// SetMute makes cards unable to power up, from the next power-up on: present but mute.
func (s *Slot) SetMute(mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = mute
}

const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	sendATR  = 4
)

func (s *Slot) serve(l *lying) {
	defer func() {
		l.conn.Close()
		s.mu.Lock()
		s.conn, s.left = nil, time.Now()
		s.mu.Unlock()
		close(l.ended)
	}()
	var asked, powered sync.Once
	for {
		message, err := receive(l.conn)
		if err != nil {
			return
		}
		var answer []byte
		control := len(message) == 1
		switch {
		case !control:
			if answer, err = s.Exchange(l.card, message); err != nil {
				return // torn: a card that left hangs up
			}
		case message[0] == sendATR:
			answer = s.atr(l.card)
		case message[0] == powerOn || message[0] == reset:
			powered.Do(func() { close(l.powered) })
			fallthrough
		case message[0] == powerOff:
			l.card.Reset()
			continue
		default:
			continue
		}
		if len(answer) == 0 || len(answer) > 0xFFFF {
			return
		}
		if _, err := l.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
		if control {
			asked.Do(func() { close(l.asked) })
		}
	}
}

// atr is also how vpcd looks whether the card is still there.
func (s *Slot) atr(c Card) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		// Longer than any ATR can be (33 bytes): enough to count as present, and powering up fails.
		return make([]byte, 64)
	}
	return c.ATR()
}

func receive(conn *net.TCPConn) ([]byte, error) {
	var head [2]byte
	if err := readFull(conn, head[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(head[:]))
	return message, readFull(conn, message)
}

// readFull reads with delayed acknowledgements switched off, which the kernel forgets after each time. vpcd 3.3 sends
// length and body in two pieces with Nagle on, so every delayed acknowledgement costs 40 ms per command.
func readFull(conn *net.TCPConn, b []byte) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Control(func(fd uintptr) {
		// When it fails the exchange is slow, no more.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, b)
	return err
}
