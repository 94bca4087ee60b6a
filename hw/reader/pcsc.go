package reader

import (
	"errors"
	"fmt"
	"time"

	"kagimado/hw"
)

// The seam to PC/SC. The types below are what this package needs of it, written without cgo, so that everything but
// scard.go is built and tested anywhere. scard.go satisfies the seam with the real service, the tests with one in memory.

// establish opens one PC/SC context.
type establish func() (session, error)

// session is one PC/SC context. Only the goroutine that established it may use it; Cancel alone may come from another.
type session interface {
	lister
	watcher
	// Connect opens the card in the named reader, shared with other programs.
	Connect(reader string) (handle, error)
	Release() error
}

type lister interface {
	// ListReaders returns noReaders when there is none, as PC/SC does.
	ListReaders() ([]string, error)
}

type watcher interface {
	// GetStatusChange blocks until a reader differs from what is Known of it.
	GetStatusChange(states []readerState, limit time.Duration) error
	Cancel() error
}

// handle is one connected card.
type handle interface {
	transaction
	Transmit(command []byte) ([]byte, error)
	// ATR fails with resetCard when another program reset the card since it was connected.
	ATR() ([]byte, error)
	// Disconnect leaves the card powered and as it is.
	Disconnect() error
}

type transaction interface {
	// Begin waits without limit while another program holds a transaction.
	Begin() error
	// End leaves the card as it is.
	End() error
}

// readerState is SCARD_READERSTATE.
type readerState struct {
	Reader string
	Known  flags
	Now    flags
	ATR    []byte
}

// flags are the bits of SCARD_STATE; the upper half counts cards that came or went (pcsc-lite).
type flags uint32

const (
	stateChanged     flags = 0x0002
	stateUnknown     flags = 0x0004
	stateUnavailable flags = 0x0008
	stateEmpty       flags = 0x0010
	statePresent     flags = 0x0020
	stateMute        flags = 0x0200
)

func (f flags) count() uint16 { return uint16(f >> 16) }

// plugAndPlay is the reader name that stands for "a reader came or went".
const plugAndPlay = `\\?PnP?\Notification`

// status is a PC/SC return code other than success.
type status uint32

const (
	cancelled         status = 0x80100002
	invalidHandle     status = 0x80100003
	unknownReader     status = 0x80100009
	timedOut          status = 0x8010000A
	sharingViolation  status = 0x8010000B
	noSmartcard       status = 0x8010000C
	protocolMismatch  status = 0x8010000F
	notReady          status = 0x80100010
	commError         status = 0x80100013
	invalidATR        status = 0x80100015
	notTransacted     status = 0x80100016
	readerUnavailable status = 0x80100017
	shutDown          status = 0x80100018
	noService         status = 0x8010001D
	serviceStopped    status = 0x8010001E
	noAccess          status = 0x80100027
	noReaders         status = 0x8010002E
	unsupportedCard   status = 0x80100065
	unresponsiveCard  status = 0x80100066
	unpoweredCard     status = 0x80100067
	resetCard         status = 0x80100068
	removedCard       status = 0x80100069
	securityViolation status = 0x8010006A
)

var statusNames = map[status]string{
	cancelled:         "cancelled",
	invalidHandle:     "the context is no longer valid",
	unknownReader:     "no such reader",
	timedOut:          "timed out",
	sharingViolation:  "another program holds the card",
	noSmartcard:       "no card in the reader",
	protocolMismatch:  "no common protocol with the card",
	commError:         "the PC/SC service broke the connection",
	notReady:          "the card is not ready",
	invalidATR:        "the card's ATR is invalid",
	unsupportedCard:   "the reader does not support the card",
	notTransacted:     "the exchange broke off",
	readerUnavailable: "the reader is gone",
	shutDown:          "the PC/SC service shuts down",
	noService:         "no PC/SC service",
	serviceStopped:    "the PC/SC service stopped",
	noAccess:          "access denied",
	noReaders:         "no reader",
	unresponsiveCard:  "the card does not answer",
	unpoweredCard:     "the card has no power",
	resetCard:         "another program reset the card",
	removedCard:       "the card was removed",
	securityViolation: "the PC/SC service refuses this user",
}

// Error names the code.
func (s status) Error() string {
	if n, ok := statusNames[s]; ok {
		return "PC/SC: " + n
	}
	return fmt.Sprintf("PC/SC: error %08X", uint32(s))
}

// code sorts a PC/SC return code into what staff can do about it.
func (s status) code() hw.Code {
	switch s {
	case noService, serviceStopped, shutDown, commError, invalidHandle:
		return hw.ReaderService
	case unknownReader, readerUnavailable, noReaders:
		return hw.ReaderMissing
	case sharingViolation, resetCard:
		return hw.ReaderBusy
	case securityViolation, noAccess:
		return hw.ReaderDenied
	}
	return hw.ReaderOther
}

// refused tells whether the service hung up instead of opening a context or a card. pcscd asks polkit for both and just
// closes the connection of whom it refuses, which libpcsclite reports as the one or the other by its version. A service
// that is being stopped looks the same to a client that comes in its last moment (seen with 1.9.9).
func refused(err error) bool {
	return errors.Is(err, commError) || errors.Is(err, securityViolation)
}

// noCard tells whether s says that nothing usable lies on the reader, which is nobody's fault.
func (s status) noCard() bool {
	switch s {
	case noSmartcard, removedCard, unresponsiveCard, unpoweredCard, unsupportedCard, invalidATR, protocolMismatch, notReady, notTransacted:
		return true
	}
	return false
}
