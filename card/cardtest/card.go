package cardtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"kagimado/card"
)

// Card is one simulated card. It is safe for use by one reader and one controlling goroutine at a time.
type Card struct {
	spec Spec

	mu       sync.Mutex
	apps     []application
	selected *application
	file     *file
	power    int           // commands since power-up
	pending  []byte        // waiting for GET RESPONSE
	touched  bool          // an application was selected since power-up
	faults   []Fault       // what goes wrong, by command number since power-up
	gone     bool          // torn from the reader
	mute     chan struct{} // closed by Reset and Tear; a mute card waits for it
	traffic  Traffic
}

// Traffic is what has crossed the reader so far. It never holds a byte of a command or an answer.
type Traffic struct {
	Commands        int
	Sent            int // bytes to the card
	Received        int // bytes from the card, status words included
	VerifyWithData  int // must stay 0: each would have spent a try
	RepeatedCommand int // commands that repeated one of the same application since power-up
}

type application struct {
	aid   []byte
	fci   []byte // answered to SELECT with P2 = 00
	files []*file
	seen  map[string]bool
}

type file struct {
	id      uint16
	data    []byte
	counter bool
	left    int
	sw      card.Status // answered to the query instead of a counter, when not 0
	secret  bool        // needs a PIN: 6982
}

// FaultKind is a way in which a card or its connection fails.
type FaultKind uint8

// Faults.
const (
	NoFault    FaultKind = iota
	Tear                 // the exchange returns an error and so does every later one
	TearSilent           // the exchange returns success with nothing, later ones an error (pcsc.md pitfall 8)
	Mute                 // the exchange does not return before Reset or Lift
	Answer               // the card answers SW instead of doing anything
	Short                // the card answers a single byte
	Empty                // the card answers 9000 without data
)

// Fault happens at command number At since power-up, the first being 1. Always repeats it from there on.
type Fault struct {
	At     int
	Kind   FaultKind
	SW     card.Status
	Always bool
}

// ErrTorn is what a torn simulated card returns from Transmit.
var ErrTorn = errors.New("simulated card was torn away")

// Spec returns what the card was made from.
func (c *Card) Spec() Spec { return c.spec }

// ATR returns the answer to reset as a contactless reader composes it.
func (c *Card) ATR() []byte { return bytes.Clone(c.spec.ATR) }

// Inject adds faults.
func (c *Card) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, faults...)
}

// Traffic returns what has crossed the reader since the card was made.
func (c *Card) Traffic() Traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic
}

// Reset is a power cycle: the selection is lost and a torn card is back. Faults stay, counted from the start again.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.power, c.selected, c.file, c.pending, c.touched, c.gone = 0, nil, nil, nil, false, false
	for i := range c.apps {
		c.apps[i].seen = map[string]bool{}
	}
	close(c.mute)
	c.mute = make(chan struct{})
}

// Lift tears the card away: a waiting exchange ends, later ones fail until Reset.
func (c *Card) Lift() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	close(c.mute)
	c.mute = make(chan struct{})
}

// Transmit answers one command as the chip would.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	answer, wait, err := c.transmit(command)
	if wait != nil {
		<-wait
		return nil, ErrTorn
	}
	return answer, err
}

func (c *Card) transmit(command []byte) (answer []byte, wait chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, nil, ErrTorn
	}
	c.power++
	c.traffic.Commands++
	c.traffic.Sent += len(command)
	if len(command) > 4 && command[1] == 0x20 {
		c.traffic.VerifyWithData++
	}
	switch f := c.fault(); f.Kind {
	case Tear:
		c.gone = true
		return nil, nil, ErrTorn
	case TearSilent:
		c.gone = true
		return nil, nil, nil
	case Mute:
		return nil, c.mute, nil
	case Answer:
		answer = status(f.SW)
	case Short:
		answer = []byte{0x90}
	case Empty:
		answer = status(card.StatusOK)
	default:
		c.countRepeat(command)
		answer = c.answer(command)
	}
	c.traffic.Received += len(answer)
	return answer, nil, nil
}

func (c *Card) fault() Fault {
	for _, f := range c.faults {
		if f.At == c.power || f.Always && c.power >= f.At {
			return f
		}
	}
	return Fault{}
}

func (c *Card) countRepeat(command []byte) {
	if c.selected == nil || command[1] == 0xC0 { // the next piece of an answer is no repetition
		return
	}
	key := fmt.Sprintf("%x", command)
	if c.file != nil && command[1] != 0xA4 {
		key += fmt.Sprintf("@%04X", c.file.id) // by current file: the same bytes there mean something else
	}
	if c.selected.seen[key] {
		c.traffic.RepeatedCommand++
	}
	c.selected.seen[key] = true
}

func status(sw card.Status) []byte { return []byte{byte(sw >> 8), byte(sw)} }

// answer follows card.md §1–§3 and ISO 7816-4.
func (c *Card) answer(cmd []byte) []byte {
	if c.spec.FirstAnswer6F00 && c.power == 1 {
		return status(0x6F00)
	}
	pending := c.pending
	c.pending = nil
	switch {
	case len(c.apps) == 0 && c.spec.NoCommands:
		return status(0x6D00)
	case len(cmd) < 4:
		return status(0x6700)
	case cmd[0] != 0x00:
		return status(0x6E00)
	}
	switch cmd[1] {
	case 0xA4:
		return c.selectSomething(cmd)
	case 0x20:
		return c.verify(cmd)
	case 0xB0:
		return c.deliver(c.readBinary(cmd))
	case 0xB2:
		return c.deliver(c.readRecord(cmd))
	case 0xCA:
		return c.deliver(c.getData(cmd))
	case 0xC0:
		if len(pending) == 0 {
			return status(0x6985)
		}
		return c.chunk(pending)
	}
	return status(0x6D00)
}

// deliver hands data out at once, or in pieces by 61xx where the spec wants that.
func (c *Card) deliver(data []byte, sw card.Status) []byte {
	if sw == card.StatusOK && c.spec.Chain > 0 && len(data) > c.spec.Chain {
		c.pending = data
		return status(0x6100 | card.Status(min(len(data), c.spec.Chain)&0xFF))
	}
	return append(bytes.Clone(data), status(sw)...)
}

func (c *Card) chunk(pending []byte) []byte {
	n := min(len(pending), c.spec.Chain)
	out, rest := pending[:n], pending[n:]
	if len(rest) == 0 {
		return append(bytes.Clone(out), status(card.StatusOK)...)
	}
	c.pending = rest
	return append(bytes.Clone(out), status(0x6100|card.Status(min(len(rest), c.spec.Chain)&0xFF))...)
}

func (c *Card) selectSomething(cmd []byte) []byte {
	if len(cmd) < 6 || len(cmd) < 5+int(cmd[4]) {
		return status(0x6700)
	}
	body := cmd[5 : 5+int(cmd[4])]
	switch cmd[2] {
	case 0x04:
		for i := range c.apps {
			// The chip also selects by a prefix (card.md §1).
			if a := &c.apps[i]; bytes.HasPrefix(a.aid, body) {
				c.selected, c.file, c.touched = a, nil, true
				if cmd[3] == 0x00 {
					return append(bytes.Clone(a.fci), status(card.StatusOK)...)
				}
				return status(card.StatusOK)
			}
		}
		return status(0x6A82)
	case 0x02:
		if c.selected == nil || len(body) != 2 {
			return status(0x6A86)
		}
		if f := c.selected.find(uint16(body[0])<<8 | uint16(body[1])); f != nil {
			c.file = f
			return status(card.StatusOK)
		}
		return status(0x6A82)
	}
	return status(0x6A86)
}

func (a *application) find(id uint16) *file {
	for _, f := range a.files {
		if f.id == id {
			return f
		}
	}
	return nil
}

func (a *application) short(id byte) *file {
	for _, f := range a.files {
		if byte(f.id&0x1F) == id {
			return f
		}
	}
	return nil
}

func (c *Card) verify(cmd []byte) []byte {
	if len(cmd) != 4 {
		return status(0x6700)
	}
	if c.selected == nil {
		return status(0x6985)
	}
	f := c.file
	if id := cmd[3] & 0x1F; id != 0 {
		if c.spec.NoShortIDs {
			return status(0x6A88)
		}
		if f = c.selected.short(id); f == nil {
			return status(0x6A88)
		}
		c.file = f
	}
	switch {
	case f == nil:
		return status(0x6986)
	case !f.counter:
		return status(0x6981)
	case f.sw != 0:
		return status(f.sw)
	}
	return status(0x63C0 | card.Status(f.left))
}

func (c *Card) readBinary(cmd []byte) ([]byte, card.Status) {
	if len(cmd) != 5 {
		return nil, 0x6700
	}
	if c.selected == nil {
		return nil, 0x6986
	}
	f, offset := c.file, int(cmd[2]&0x7F)<<8|int(cmd[3])
	if cmd[2]&0x80 != 0 {
		if c.spec.NoShortIDs {
			return nil, 0x6A86
		}
		if f = c.selected.short(cmd[2] & 0x1F); f == nil {
			return nil, 0x6A82
		}
		c.file, offset = f, int(cmd[3])
	}
	switch {
	case f == nil:
		return nil, 0x6986
	case f.counter:
		return nil, 0x6981
	case f.secret:
		return nil, 0x6982
	case offset >= len(f.data) && c.spec.EmptyReads:
		return nil, card.StatusOK
	case offset >= len(f.data):
		return nil, 0x6B00
	}
	size := int(cmd[4])
	if size == 0 {
		size = 256
	}
	rest := f.data[offset:]
	if c.spec.WrongLength && size > len(rest) && len(rest) < 256 {
		return nil, 0x6C00 | card.Status(len(rest))
	}
	return rest[:min(size, len(rest))], card.StatusOK
}

func (c *Card) readRecord(cmd []byte) ([]byte, card.Status) {
	if c.selected == nil || !bytes.Equal(c.selected.aid, card.CommonApp.AID()) || len(c.spec.record()) == 0 {
		return nil, 0x6A83
	}
	if !bytes.Equal(cmd, []byte{0x00, 0xB2, 0x01, 0x0C, 0x00}) {
		return nil, 0x6A86
	}
	return c.spec.record(), card.StatusOK
}

func (c *Card) getData(cmd []byte) ([]byte, card.Status) {
	if c.touched || !bytes.Equal(cmd, []byte{0x00, 0xCA, 0x00, 0xF2, 0x00}) || len(c.spec.cardData()) == 0 {
		return nil, 0x6A88
	}
	return c.spec.cardData(), card.StatusOK
}
