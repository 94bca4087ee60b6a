//go:build cgo

package reader

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ebfe/scard"
)

// system is the PC/SC service of this machine.
func system() (session, error) {
	c, err := scard.EstablishContext()
	if err != nil {
		return nil, translate(err)
	}
	return scardSession{c, fmt.Sprintf("\x00%d", pins.Add(1)%pinCount)}, nil
}

// scard keeps the C string of a reader name alive in a table by name, and only the newest one. Two contexts that
// watch the same reader would free each other's string while the library still reads it. Behind the end of the C
// string each context adds a number of its own, which makes the names differ in the table but not in C. The
// numbers repeat so that the table stays small.
var pins atomic.Uint32

const pinCount = 64

func translate(err error) error {
	var e scard.Error
	if errors.As(err, &e) {
		return status(e)
	}
	return err
}

type scardSession struct {
	context *scard.Context
	pin     string
}

func (s scardSession) ListReaders() ([]string, error) {
	names, err := s.context.ListReaders()
	return names, translate(err)
}

func (s scardSession) GetStatusChange(states []readerState, limit time.Duration) error {
	list := make([]scard.ReaderState, len(states))
	for i, st := range states {
		list[i] = scard.ReaderState{Reader: st.Reader + s.pin, CurrentState: scard.StateFlag(st.Known)}
	}
	if err := s.context.GetStatusChange(list, limit); err != nil {
		return translate(err)
	}
	for i, st := range list {
		states[i].Now, states[i].ATR = flags(st.EventState), st.Atr
	}
	return nil
}

func (s scardSession) Cancel() error  { return translate(s.context.Cancel()) }
func (s scardSession) Release() error { return translate(s.context.Release()) }

func (s scardSession) Connect(reader string) (handle, error) {
	// Shared, not exclusive: an exclusive connection fails as soon as any other program keeps an idle one (scdaemon
	// and browsers do). The transaction keeps them away while we read.
	c, err := s.context.Connect(reader, scard.ShareShared, scard.ProtocolAny)
	if err != nil {
		return nil, translate(err)
	}
	return scardHandle{c}, nil
}

type scardHandle struct{ card *scard.Card }

func (h scardHandle) Begin() error      { return translate(h.card.BeginTransaction()) }
func (h scardHandle) End() error        { return translate(h.card.EndTransaction(scard.LeaveCard)) }
func (h scardHandle) Disconnect() error { return translate(h.card.Disconnect(scard.LeaveCard)) }

func (h scardHandle) ATR() ([]byte, error) {
	s, err := h.card.Status()
	if err != nil {
		return nil, translate(err)
	}
	return s.Atr, nil
}

func (h scardHandle) Transmit(command []byte) ([]byte, error) {
	// scard panics on both.
	if len(command) == 0 {
		return nil, errors.New("the command is empty")
	}
	if p := h.card.ActiveProtocol(); p != scard.ProtocolT0 && p != scard.ProtocolT1 {
		return nil, protocolMismatch
	}
	answer, err := h.card.Transmit(command)
	return answer, translate(err)
}
