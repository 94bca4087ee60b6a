package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"kagimado/hw"
)

// stream is the part that *os.File and net.Conn have in common.
type stream interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// link is an open way to a printer.
type link struct {
	stream
	byteTime time.Duration       // a byte's time on a serial line; 0 elsewhere
	idleEOF  bool                // a read without an answer looks like an end of file
	port     func() (byte, bool) // the status lines of a USB printer; nil elsewhere
	queued   func() int          // bytes that the other end has not taken yet; nil where nobody knows
	discard  func()              // throws away what was written and not yet sent; nil elsewhere
}

// errSilent tells that an answer did not come in time.
var errSilent = errors.New("no answer in time")

// errStuck tells that the printer takes no more bytes.
var errStuck = errors.New("the printer takes no more bytes")

// failure is how a job ended that the printer itself told something about.
type failure struct {
	result hw.PrintResult
	state  state // its Code says why
}

func (f *failure) Error() string {
	if f.state.Code == hw.PrinterSilent {
		return "the end of the slip was not confirmed"
	}
	return "the printer stopped"
}

// state is a PrinterState and whether the printer itself can talk. A USB port's status lines alone cannot confirm
// anything: cheap printers hold them still.
type state struct {
	hw.PrinterState
	talks bool
}

// conversation is one job's talk over a link. Its methods are for one goroutine; the end of the context interrupts
// whatever it waits for.
type conversation struct {
	ctx     context.Context
	link    *link
	limits  Limits
	answers answers
	written int // bytes of the job
	stop    func() bool
}

func converse(ctx context.Context, l *link, limits Limits) *conversation {
	c := &conversation{ctx: ctx, link: l, limits: limits}
	c.stop = context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		_ = l.SetReadDeadline(past)
		_ = l.SetWriteDeadline(past)
	})
	return c
}

// close ends the talk. Without drain it also throws away what has not left the machine, because closing a serial
// line whose other end has stopped would wait for half a minute.
func (c *conversation) close(drain bool) {
	c.stop()
	if !drain && c.link.discard != nil {
		c.link.discard()
	}
	_ = c.link.Close()
}

// deadline arms set for at, unless the context has ended.
func (c *conversation) deadline(set func(time.Time) error, at time.Time) error {
	if err := set(at); err != nil {
		return err
	}
	// In this order: a context that ends in between finds its own deadline overwritten, but not this question.
	return c.ctx.Err()
}

// write sends one command whole.
func (c *conversation) write(command []byte, limit time.Duration) error {
	limit += time.Duration(len(command)) * c.link.byteTime
	if err := c.deadline(c.link.SetWriteDeadline, time.Now().Add(limit)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return err
	}
	n, err := c.link.Write(command)
	c.written += n
	switch {
	case err == nil:
		return nil
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errStuck
	}
	return err
}

// await reads until found says so. It returns errSilent after limit, and at once on a link that cannot wait.
func (c *conversation) await(limit time.Duration, found func() bool) error {
	end := time.Now().Add(limit)
	var buf [64]byte
	for !found() {
		if err := c.deadline(c.link.SetReadDeadline, end); err != nil {
			if errors.Is(err, os.ErrNoDeadline) {
				return errSilent
			}
			return err
		}
		n, err := c.link.Read(buf[:])
		for _, b := range buf[:n] {
			c.answers.take(b)
		}
		switch {
		case err == nil || n > 0:
		case c.ctx.Err() != nil:
			return c.ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errSilent
		case errors.Is(err, io.EOF) && c.link.idleEOF:
			if time.Now().After(end) {
				return errSilent
			}
			time.Sleep(min(10*time.Millisecond, limit))
		case errors.Is(err, syscall.EINVAL):
			// usblp says so of a printer that has no way back at all.
			time.Sleep(min(10*time.Millisecond, limit))
			return errSilent
		default:
			return err
		}
	}
	return nil
}

// ask sends DLE EOT n and returns the answer. One question at a time: the four answers look alike. The NUL before it
// ends the half question that a broken connection may have left behind, and means nothing otherwise.
func (c *conversation) ask(n byte) (byte, error) {
	c.answers.status = nil
	if err := c.write([]byte{0x00, 0x10, 0x04, n}, c.limits.Answer); err != nil {
		return 0, err
	}
	if err := c.await(c.limits.Answer, func() bool { return len(c.answers.status) > 0 }); err != nil {
		return 0, err
	}
	return c.answers.status[0], nil
}

// state asks how the printer is. Silence is no error: the state then says what little is known.
func (c *conversation) state() (state, error) {
	written := c.written
	defer func() { c.written = written }()
	var s state
	var got [5]byte
	for _, n := range []byte{1, 2, 4} {
		b, err := c.ask(n)
		if errors.Is(err, errSilent) {
			// A late answer would be taken for the next question's, so there is none.
			break
		}
		if err != nil {
			return s, err
		}
		got[n] = b
		s.Known, s.talks = true, true
	}
	offline, cause, paper := got[1], got[2], got[4]
	s.NearEnd = paper&0x0C != 0
	switch {
	case cause&0x04 != 0:
		s.Code = hw.PrinterCover
	case cause&0x20 != 0 || paper&0x60 != 0:
		s.Code = hw.PrinterPaper
	case cause&0x40 != 0:
		s.Code = hw.PrinterFault
	case offline&0x08 != 0:
		s.Code = hw.PrinterOffline
	}
	if !s.Known && c.link.port != nil {
		s.Code, s.Known = portCode(c.link.port())
	}
	return s, nil
}

// portCode reads the status lines of a parallel or USB port as the kernel's usblp driver does: only without "no
// error" do the others count.
func portCode(lines byte, ok bool) (code hw.Code, known bool) {
	const noError, selected, paperOut = 0x08, 0x10, 0x20
	switch {
	case !ok || lines&(noError|selected|paperOut) == 0:
		return "", false
	case lines&noError != 0:
		return "", true
	case lines&paperOut != 0:
		return hw.PrinterPaper, true
	case lines&selected == 0:
		return hw.PrinterOffline, true
	}
	return hw.PrinterFault, true
}

// finish asks for the answer at the job's end and waits for it, looking every now and then for what could keep it
// from coming: out of paper a printer does not even obey the request. It returns the state after that answer.
func (c *conversation) finish() (state, error) {
	c.answers.jobEnd = nil
	if err := c.write(cmdJobEnd, c.limits.Write); err != nil {
		return state{}, err
	}
	ended := func() bool { return len(c.answers.jobEnd) > 0 }
	for end := c.end(); ; {
		left := time.Until(end)
		err := c.await(min(c.limits.Answer, left), ended)
		if err != nil && !errors.Is(err, errSilent) {
			return state{}, err
		}
		s, stateErr := c.state()
		switch {
		case stateErr != nil:
			return state{}, stateErr
		case err == nil:
			return s, nil
		case s.Code != "" && (s.Code != hw.PrinterOffline || left <= 0):
			// Offline alone passes: someone holds the feed button.
			return state{}, &failure{hw.PrintBroken, s}
		case left <= 0 && !ended():
			s.Code = hw.PrinterSilent
			return state{}, &failure{hw.PrintUnknown, s}
		}
	}
}

// end returns until when a printer may still be printing what was written.
func (c *conversation) end() time.Time {
	return time.Now().Add(c.limits.Finish + time.Duration(c.written)*c.link.byteTime)
}

// drain waits until the other end has taken every byte, and then as long as for an answer: for a connection that
// breaks. This is all that a printer which cannot answer lets one know.
func (c *conversation) drain() error {
	for end := c.end(); c.link.queued != nil && c.link.queued() > 0; {
		if err := c.await(5*time.Millisecond, never); !errors.Is(err, errSilent) {
			return err
		}
		if time.Now().After(end) {
			return errStuck
		}
	}
	if err := c.await(c.limits.Answer, never); !errors.Is(err, errSilent) {
		return err
	}
	return nil
}

func never() bool { return false }

// lost says what is certain about a job that err ended.
func (c *conversation) lost(err error) (hw.Printed, error) {
	var stopped *failure
	switch {
	case errors.As(err, &stopped):
	case c.ctx.Err() != nil:
		err = c.ctx.Err()
		if c.written == 0 {
			return hw.Printed{Result: hw.PrintRefused}, fmt.Errorf("printing: %w", err)
		}
		return hw.Printed{}, fmt.Errorf("printing: %w", err)
	case errors.Is(err, errStuck):
		// Inside a command the question is lost as data, but a real-time one is still answered.
		s, stateErr := c.state()
		stopped = &failure{hw.PrintBroken, s}
		if stateErr != nil || s.Code == "" {
			stopped.result, stopped.state.Code = hw.PrintUnknown, hw.PrinterSilent
		}
	default:
		stopped = &failure{hw.PrintBroken, state{PrinterState: hw.PrinterState{Code: hw.PrinterBroken}}}
	}
	if c.written == 0 {
		stopped.result = hw.PrintRefused
	}
	return hw.Printed{Result: stopped.result, State: stopped.state.PrinterState},
		fault(stopped.state.Code, fmt.Errorf("printing: %w", err))
}
