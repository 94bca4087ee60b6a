package card

import (
	"errors"
	"fmt"
)

// Transmitter carries one command to the card and returns data and status word. *scard.Card satisfies it.
type Transmitter interface {
	Transmit(command []byte) ([]byte, error)
}

// ErrRemoved tells that the card left, or that the connection to it broke, in the middle of a reading.
var ErrRemoved = errors.New("card left the reader")

// ErrForbidden tells that the guard refused a command. It means a mistake in this program, never in a card.
var ErrForbidden = errors.New("command is not on the list")

// Status is the status word SW1-SW2 of an answer (ISO 7816-4 §5.6; card.md §2.1).
type Status uint16

// Status words this program branches on.
const (
	StatusOK          Status = 0x9000
	statusEndOfFile   Status = 0x6282 // fewer bytes than asked for, all there are
	statusBlocked     Status = 0x6983
	statusReferenced  Status = 0x6984 // referenced key is blocked (JICSAP)
	statusNotFound    Status = 0x6A82
	statusFirstAnswer Status = 0x6F00 // what one measured card says to its first command after power-up
)

// String writes the status word as 6A82.
func (s Status) String() string { return fmt.Sprintf("%04X", uint16(s)) }

// counter returns the state a status word of an empty VERIFY stands for. 6300 carries no number and 9000 was
// never seen here: neither is a counter, and neither may pass for one.
func (s Status) counter() (state CounterState, left int, ok bool) {
	switch {
	case s == 0x63C0, s == statusBlocked, s == statusReferenced:
		return Blocked, 0, true
	case s&0xFFF0 == 0x63C0:
		return Counted, int(s & 0x000F), true
	}
	return CounterUnread, 0, false
}

// The commands below are the only ones this package ever builds; the guard checks them all the same.

func selectApplication(aid []byte) []byte {
	return append([]byte{0x00, 0xA4, 0x04, 0x0C, byte(len(aid))}, aid...)
}

// selectPPSE asks a payment card for its directory. Unlike the applications of a My Number Card it must be asked
// with P2 = 00 and Le (EMV Book 1 §11.3).
func selectPPSE() []byte {
	return append(append([]byte{0x00, 0xA4, 0x04, 0x00, byte(len(ppse))}, ppse...), 0x00)
}

const ppse = "2PAY.SYS.DDF01"

func selectFile(file uint16) []byte {
	return []byte{0x00, 0xA4, 0x02, 0x0C, 0x02, byte(file >> 8), byte(file)}
}

// queryShort and queryCurrent are VERIFY without data: exactly four bytes, or it is another command.
func queryShort(shortID byte) []byte { return []byte{0x00, 0x20, 0x00, 0x80 | shortID} }

func queryCurrent() []byte { return []byte{0x00, 0x20, 0x00, 0x80} }

func readShort(shortID, offset, le byte) []byte {
	return []byte{0x00, 0xB0, 0x80 | shortID, offset, le}
}

func readCurrent(offset uint16, le byte) []byte {
	return []byte{0x00, 0xB0, byte(offset >> 8 & 0x7F), byte(offset), le}
}

func getCardExpiry() []byte { return []byte{0x00, 0xCA, 0x00, 0xF2, 0x00} }

func readCommonRecord() []byte { return []byte{0x00, 0xB2, 0x01, 0x0C, 0x00} }

func getResponse(n byte) []byte { return []byte{0x00, 0xC0, 0x00, 0x00, n} }
