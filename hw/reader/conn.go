package reader

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kagimado/hw"
)

// conn is one card held in one transaction. All PC/SC calls happen in its goroutine.
type conn struct {
	requests chan request
	closing  chan struct{} // closed by Close, or by Connect that gave up
	close    sync.Once
	ended    chan struct{} // closed when everything is released
	grace    time.Duration
	atr      []byte
}

type request struct {
	command []byte
	reply   chan<- reply
}

type reply struct {
	answer []byte
	err    error
}

var errClosed = errors.New("the connection to the card is closed")

// Connect opens the card that lies on the reader and begins the transaction that keeps other programs away until
// Close. It returns within about three seconds.
//
// Errors: hw.ErrNoCard when no card can be opened (it left, or is mute); otherwise a hw.Fault: R-01 no service, R-02 no
// reader, R-03 another program holds the card, R-04 the service refuses this user, R-05 an earlier exchange or the
// service hangs.
func (r *Reader) Connect(ctx context.Context) (hw.CardConn, error) {
	limit := time.NewTimer(r.times.patience)
	defer limit.Stop()
	late := func() error {
		code := hw.ReaderHung
		if c := r.stuck.Load(); c != nil {
			code = *c
		}
		return &hw.Fault{Code: code, Err: errors.New("connecting to the card: no answer in time")}
	}
	select {
	case r.turn <- struct{}{}:
	case <-limit.C:
		return nil, late()
	case <-ctx.Done():
		return nil, fmt.Errorf("connecting to the card: %w", ctx.Err())
	}
	c := &conn{
		requests: make(chan request), closing: make(chan struct{}), ended: make(chan struct{}),
		grace: r.times.patience,
	}
	opened := make(chan error, 1)
	go func() {
		defer close(c.ended)
		defer func() { <-r.turn }()
		c.run(r, opened)
	}()
	select {
	case err := <-opened:
		if err != nil {
			<-c.ended
			return nil, err
		}
		return c, nil
	case <-limit.C:
		c.abandon()
		return nil, late()
	case <-ctx.Done():
		c.abandon()
		return nil, fmt.Errorf("connecting to the card: %w", ctx.Err())
	}
}

func (c *conn) abandon() { c.close.Do(func() { close(c.closing) }) }

// ATR returns the answer to reset; a hint about the kind of card, no more.
func (c *conn) ATR() []byte { return c.atr }

// Transmit sends one command. It cannot be cancelled and may not return while the card or the service hangs, unless
// Close is called meanwhile: bound the whole reading and close.
//
// After the first error every further call fails: the card is gone, or another program reset it and its state is no
// longer the one our earlier commands made. An answer below two bytes carries no status word and is an error
// (pcscd reports a card torn away as success with no bytes).
func (c *conn) Transmit(command []byte) ([]byte, error) {
	replies := make(chan reply, 1)
	// A copy, because a caller that gave up may use its buffer again while the goroutine still sends it.
	req := request{append([]byte(nil), command...), replies}
	select {
	case c.requests <- req:
	case <-c.closing:
		return nil, errClosed
	}
	select {
	case r := <-replies:
		return r.answer, r.err
	case <-c.closing:
		return nil, errClosed
	}
}

// Close ends the transaction and leaves the card. When a Transmit hangs it returns a hw.Fault R-05 after three
// seconds; everything is released as soon as that call returns, and until then Connect fails.
//
// The card is left as it is, not reset: no secret was presented, so the selected application is all that stays, and pcscd
// takes the power away itself soon after the last connection is gone. A reset would fail the next exchange of every
// other program (SCARD_W_RESET_CARD), and switches the field of a contactless reader off and on, which some report
// as a card that left and came: the same card would be read again for ever.
func (c *conn) Close() error {
	c.abandon()
	limit := time.NewTimer(c.grace)
	defer limit.Stop()
	select {
	case <-c.ended:
		return nil
	case <-limit.C:
		return &hw.Fault{Code: hw.ReaderHung, Err: errors.New("closing the card: an exchange did not return")}
	}
}

// run opens the card, serves Transmit until Close, and releases everything.
func (c *conn) run(r *Reader, opened chan<- error) {
	blame := func(code hw.Code) { r.stuck.Store(&code) }
	blame(hw.ReaderHung)
	s, h, err := c.openCard(r, blame)
	if err != nil {
		opened <- err
		return
	}
	// Errors while letting go change nothing: the service forgets a client that is gone.
	defer s.Release()
	defer h.Disconnect()
	defer h.End()
	defer blame(hw.ReaderHung)
	blame(hw.ReaderBusy) // by ourselves
	opened <- nil
	var broken error
	for {
		select {
		case <-c.closing:
			return
		case req := <-c.requests:
			var answer []byte
			if broken == nil {
				blame(hw.ReaderHung)
				answer, broken = exchange(h, req.command)
				blame(hw.ReaderBusy)
			}
			req.reply <- reply{answer, broken}
		}
	}
}

func exchange(h handle, command []byte) ([]byte, error) {
	answer, err := h.Transmit(command)
	var s status
	switch {
	case err == nil && len(answer) >= 2:
		return answer, nil
	case err == nil:
		return nil, fmt.Errorf("transmitting: %w: %d bytes came back", hw.ErrNoCard, len(answer))
	case errors.As(err, &s) && s.noCard():
		return nil, fmt.Errorf("transmitting: %w: %w", hw.ErrNoCard, err)
	}
	return nil, fault("transmitting", err)
}

// openCard connects and begins the transaction, again and again while another program is in the way.
func (c *conn) openCard(r *Reader, blame func(hw.Code)) (session, handle, error) {
	end := time.Now().Add(r.times.busy)
	broke := 0
	for {
		s, h, err := c.attempt(r, blame)
		if err == nil {
			return s, h, nil
		}
		var st status
		if !errors.As(err, &st) {
			return nil, nil, err
		}
		switch {
		case st.noCard():
			return nil, nil, fmt.Errorf("connecting to the card: %w: %w", hw.ErrNoCard, st)
		case st == sharingViolation, st == resetCard:
		case refused(st): // a service that ends does so once, one that asks polkit every time
			if broke++; broke > 1 {
				return nil, nil, &hw.Fault{Code: hw.ReaderDenied, Err: err}
			}
		default:
			return nil, nil, fault("connecting to the card", err)
		}
		if time.Now().After(end) {
			return nil, nil, fault("connecting to the card", err)
		}
		select {
		case <-time.After(r.times.again):
		case <-c.closing:
			return nil, nil, errClosed
		}
	}
}

func (c *conn) attempt(r *Reader, blame func(hw.Code)) (_ session, _ handle, err error) {
	s, err := r.open()
	if err != nil {
		return nil, nil, fault("reaching PC/SC", err)
	}
	defer func() {
		if err != nil {
			s.Release()
		}
	}()
	names, err := readers(s)
	if err != nil {
		return nil, nil, fault("listing readers", err)
	}
	current := ""
	if p := r.chosen.Load(); p != nil {
		current = *p
	}
	name := choose(names, r.name, current)
	if name == "" {
		return nil, nil, r.missing(names)
	}
	blame(hw.ReaderBusy) // both wait without limit for another program's transaction to end
	defer blame(hw.ReaderHung)
	h, err := s.Connect(name)
	if err != nil {
		return nil, nil, err
	}
	if err = h.Begin(); err != nil {
		h.Disconnect()
		return nil, nil, err
	}
	// Asked inside the transaction: a reset between Connect and Begin shows here, before anything is read.
	if c.atr, err = h.ATR(); err != nil {
		h.End()
		h.Disconnect()
		return nil, nil, err
	}
	return s, h, nil
}

// missing says why none of names can be used.
func (r *Reader) missing(names []string) error {
	err := errors.New("no reader is connected")
	switch {
	case len(names) > 0 && r.name != "":
		err = fmt.Errorf("no reader is called %q; there are %q", r.name, names)
	case len(names) > 0:
		err = fmt.Errorf("none of the readers %q takes a card", names)
	}
	return &hw.Fault{Code: hw.ReaderMissing, Err: err}
}
