// Package vscard lays simulated cards on the USB reader of a virtual machine: QEMU's usb-ccid with ccid-card-passthru, so
// that the guest's own libccid and pcscd see them. The card's side dials the Unix socket of the device and keeps the
// connection for the life of the machine.
//
// The wire (libcacard's vscard_common.h, qemu's hw/usb/ccid-card-passthru.c): each message is type, reader and length of
// what follows, four bytes each, most significant first. The device answers each message but an APDU by Init or by Error,
// whose code 0 is success; of itself it sends the guest's APDUs.
//
// ReaderAdd and ReaderRemove are answered and do nothing: the machine's monitor plugs the reader in and out, and this
// connection outlives it. The device does not tell when the guest switches a card off or resets it: a card starts afresh when it is laid, and only then.
//
// It must never send an ATR whose check byte is wrong: the guest would call the card mute.
package vscard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"kagimado/card/cardtest/bridge"
)

// Card is what can be laid, and Traffic what crosses.
type (
	Card    = bridge.Card
	Traffic = bridge.Traffic
)

// Message types.
const (
	typeInit       = 1
	typeError      = 2
	typeReaderAdd  = 3
	typeATR        = 5
	typeCardRemove = 6
	typeAPDU       = 7
)

const (
	noReader = 0xFFFFFFFF
	theOne   = 0
	longest  = 1 << 16 // of a message; QEMU's own buffer
)

// hello is the magic, version 2 and no capability.
var hello = []byte("VSCD\x00\x00\x00\x02\x00\x00\x00\x00")

// patience is how long the device may take to answer. It is QEMU that answers and not the guest, but on a busy machine.
const patience = 10 * time.Second

// Errors of a Slot.
var (
	ErrOccupied = errors.New("a card lies there already")
	ErrGone     = errors.New("the machine hung up")
)

// Slot is the machine's reader as the card sees it. Its methods may be called from any goroutine.
type Slot struct {
	bridge.Meter
	conn    net.Conn
	told    chan uint32 // the codes of Error, one for each message
	greeted chan struct{}
	ended   chan struct{} // closed when the connection is

	turn sync.Mutex // held from a message to its answer

	mu   sync.Mutex
	card Card
	busy sync.WaitGroup // one exchange

	writing sync.Mutex
}

// Dial connects to the device behind the Unix socket at path.
func Dial(path string) (*Slot, error) {
	conn, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		return nil, fmt.Errorf("dialling the virtual reader: %w", err)
	}
	s := &Slot{conn: conn, told: make(chan uint32, 8), greeted: make(chan struct{}), ended: make(chan struct{})}
	go s.serve()
	if err := s.greet(); err != nil {
		s.Close()
		return nil, fmt.Errorf("greeting the virtual reader: %w", err)
	}
	return s, nil
}

func (s *Slot) greet() error {
	if err := s.send(typeInit, noReader, hello); err != nil {
		return err
	}
	select {
	case <-s.greeted:
	case <-s.ended:
		return ErrGone
	case <-time.After(patience):
		return errors.New("it does not greet")
	}
	return s.ask(typeReaderAdd, nil)
}

// Close lifts the card and hangs up.
func (s *Slot) Close() {
	s.conn.Close()
	<-s.ended
}

// Lay lays c and returns when the device has it. The guest sees it a moment later.
func (s *Slot) Lay(c Card) error {
	atr := c.ATR()
	if !whole(atr) {
		return fmt.Errorf("laying a card: the ATR %X has a wrong check byte", atr)
	}
	s.mu.Lock()
	if s.card != nil {
		s.mu.Unlock()
		return fmt.Errorf("laying a card: %w", ErrOccupied)
	}
	s.card = c
	s.mu.Unlock()
	c.Reset()
	if err := s.ask(typeATR, atr); err != nil {
		s.take()
		return fmt.Errorf("laying a card: %w", err)
	}
	return nil
}

// whole tells whether an ATR with a check byte ends in the right one. Without one, which means that T=0 alone is
// offered, it cannot be wrong.
func whole(atr []byte) bool {
	if len(atr) < 2 {
		return false
	}
	sum, checked := atr[1], false
	for i, more := 1, atr[1]; more&0x80 != 0; {
		for bit := byte(0x10); bit != 0; bit <<= 1 {
			if more&bit != 0 {
				i++
			}
		}
		if i >= len(atr) {
			return false
		}
		more = atr[i]
		checked = checked || more&0x0F != 0
	}
	for _, b := range atr[2:] {
		sum ^= b
	}
	return !checked || sum == 0
}

// take forgets the card and returns it.
func (s *Slot) take() Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.card
	s.card = nil
	return c
}

// Lift takes the card away, also in the middle of an exchange, and tells whether one lay there.
func (s *Slot) Lift() bool {
	c := s.take()
	if c == nil {
		return false
	}
	c.Reset() // out of the field it has no power; this also ends an exchange that hangs
	_ = s.ask(typeCardRemove, nil)
	return true
}

// Laid tells whether a card lies there. A card that tore itself away does not.
func (s *Slot) Laid() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.card != nil
}

// ask sends a message and waits for its answer.
func (s *Slot) ask(kind uint32, body []byte) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	for len(s.told) > 0 { // late answers
		<-s.told
	}
	if err := s.send(kind, theOne, body); err != nil {
		return err
	}
	select {
	case code := <-s.told:
		if code != 0 {
			return fmt.Errorf("the virtual reader answers with error %d", code)
		}
		return nil
	case <-s.ended:
		return ErrGone
	case <-time.After(patience):
		return errors.New("the virtual reader does not answer")
	}
}

func (s *Slot) send(kind, reader uint32, body []byte) error {
	var head []byte
	for _, n := range []uint32{kind, reader, uint32(len(body))} {
		head = binary.BigEndian.AppendUint32(head, n)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.conn.Write(append(head, body...))
	return err
}

func (s *Slot) serve() {
	defer func() {
		s.conn.Close()
		if c := s.take(); c != nil {
			c.Reset()
		}
		s.busy.Wait()
		close(s.ended)
	}()
	var greeted sync.Once
	for {
		var head [12]byte
		if _, err := io.ReadFull(s.conn, head[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[8:])
		if length > longest {
			return
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(s.conn, body); err != nil {
			return
		}
		switch binary.BigEndian.Uint32(head[:]) {
		case typeInit: // it greets first when we were here before it
			if bytes.HasPrefix(body, hello[:4]) {
				greeted.Do(func() { close(s.greeted) })
			}
		case typeError:
			if len(body) < 4 {
				return
			}
			select {
			case s.told <- binary.BigEndian.Uint32(body):
			default: // nobody asked
			}
		case typeAPDU:
			s.mu.Lock()
			c := s.card
			s.mu.Unlock()
			if c == nil {
				continue // lifted a moment ago; the device has told the guest
			}
			s.busy.Wait() // the guest sends nothing before it was answered
			s.busy.Go(func() { s.answer(c, body) })
		}
	}
}

// answer runs beside serve, which must hear that a card is lifted whose exchange hangs.
func (s *Slot) answer(c Card, command []byte) {
	answer, err := s.Exchange(c, command)
	s.mu.Lock()
	lies := s.card == c
	if lies && (err != nil || len(answer) == 0) {
		s.card = nil // torn
	}
	s.mu.Unlock()
	switch {
	case !lies:
	case err != nil || len(answer) == 0:
		_ = s.send(typeCardRemove, theOne, nil)
	default:
		_ = s.send(typeAPDU, theOne, answer)
	}
}
