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
	nuls    int     // NULs before the next question
	owed    int     // questions that were not answered in time: their answers may still come
	mute    [5]bool // questions that this printer does not know
	written int     // bytes of the job
	heard   bool    // the printer answers GS r: it did at the job's beginning
	stop    func() bool
}

func converse(ctx context.Context, l *link, limits Limits) *conversation {
	c := &conversation{ctx: ctx, link: l, limits: limits, nuls: halfCommand}
	c.stop = context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		_ = l.SetReadDeadline(past)
		_ = l.SetWriteDeadline(past)
	})
	return c
}

// close ends the talk. Without drain it also throws away what has not left the machine: nobody is to be handed the
// rest of a slip that was given up, and closing a serial line whose other end has stopped would wait for half a minute.
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

// onTheWay is how long a serial line takes for what this machine has yet to send.
func (c *conversation) onTheWay() time.Duration {
	if c.link.byteTime == 0 || c.link.queued == nil {
		return 0
	}
	return time.Duration(c.link.queued()) * c.link.byteTime
}

// put sends one command of the job whole.
func (c *conversation) put(command []byte) error {
	n, err := c.write(command, c.limits.Write)
	c.written += n
	return err
}

func (c *conversation) write(command []byte, limit time.Duration) (int, error) {
	limit += time.Duration(len(command))*c.link.byteTime + c.onTheWay()
	if err := c.deadline(c.link.SetWriteDeadline, time.Now().Add(limit)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return 0, err
	}
	n, err := c.link.Write(command)
	switch {
	case err == nil:
		return n, nil
	case c.ctx.Err() != nil:
		return n, c.ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errStuck
	}
	return n, err
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

// halfCommand is more than what can be missing of a command without its data. As many NULs complete it: a question in
// their place would be taken for the size of a picture, up to megabytes. Otherwise they mean nothing.
const halfCommand = 16

// ask sends DLE EOT n and returns the answer. One question at a time: the four answers look alike.
func (c *conversation) ask(n byte) (byte, error) {
	c.answers.status = nil
	question := append(make([]byte, c.nuls), 0x10, 0x04, n)
	c.nuls = 0
	if _, err := c.write(question, c.limits.Answer); err != nil {
		return 0, err
	}
	answered := func() bool { return len(c.answers.status) > c.owed }
	if err := c.await(c.limits.Answer+c.onTheWay(), answered); err != nil {
		if errors.Is(err, errSilent) {
			c.owed += 1 - len(c.answers.status)
		}
		return 0, err
	}
	b := c.answers.status[c.owed]
	c.owed = 0
	return b, nil
}

// state asks how the printer is. Silence is no error: the state then says what little is known.
func (c *conversation) state() (state, error) {
	var s state
	var got [5]byte
	for _, n := range []byte{1, 2, 4} {
		if c.mute[n] {
			continue
		}
		b, err := c.ask(n)
		if errors.Is(err, errSilent) {
			c.mute[n] = s.Known && c.written == 0
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
	if !s.Known {
		s.PrinterState = c.lines()
	}
	return s, nil
}

// lines is what the status lines of a USB port tell.
func (c *conversation) lines() (s hw.PrinterState) {
	if c.link.port != nil {
		s.Code, s.Known = portCode(c.link.port())
	}
	return s
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

// begin sends head, which has to stand before a slip, and finds out whether the printer answers in its turn: only then
// does an answer at the job's end mean anything. It asks for the maker's name first. That answer and those of older jobs
// cannot be mistaken for one another; without it, an unclean printer is given time to answer what it still owes.
func (c *conversation) begin(head [][]byte, clean bool) error {
	for _, command := range append(head, cmdMaker, cmdJobEnd) {
		if err := c.put(command); err != nil {
			return err
		}
	}
	err := c.await(c.limits.Answer+c.onTheWay(), func() bool {
		return len(c.answers.jobEnd) > 0 && (clean || c.answers.maker != "")
	})
	if c.heard = len(c.answers.jobEnd) > 0; c.heard {
		c.owed = 0 // what was not answered before this will not be
	}
	if errors.Is(err, errSilent) {
		return nil
	}
	return err
}

// ready is asked between two slices, so that a printer which has stopped is not filled up with the rest of a slip.
func (c *conversation) ready(talks bool) error {
	for end := time.Now().Add(c.limits.Write); ; {
		var s state
		if !talks {
			s.PrinterState = c.lines()
		} else if c.owed == 0 {
			b, err := c.ask(1)
			if err == nil && b&0x08 != 0 {
				s, err = c.state()
			}
			if err != nil && !errors.Is(err, errSilent) {
				return err
			}
		}
		switch {
		case s.Code == "":
			return nil
		case s.Code != hw.PrinterOffline || time.Now().After(end):
			return &failure{hw.PrintBroken, s}
		}
		// Offline alone passes: someone holds the feed button.
		if err := c.await(c.limits.Answer, never); !errors.Is(err, errSilent) {
			return err
		}
	}
}

// epson is the maker that knows GS ( H and DLE DC4 8. Its oldest models do not know the first, but skip it.
const epson = "EPSON"

// finish asks for the answer at the job's end and waits for it until then, looking every now and then for what could
// keep it from coming: out of paper a printer does not even obey the request. It returns the state after that answer.
// A printer that does not answer in its turn is only watched for as long as it may be printing; the slip is then not
// confirmed.
func (c *conversation) finish(printing time.Time) (after state, confirmed bool, err error) {
	c.answers.jobEnd = nil
	end := time.Now().Add(c.limits.Finish + c.onTheWay())
	if !c.heard {
		end = printing.Add(c.limits.Answer)
	}
	ended := func() bool { return c.heard && len(c.answers.jobEnd) > 0 }
	if c.answers.maker == epson {
		job := jobName(time.Now())
		if err := c.put(append(cmdJob[:len(cmdJob):len(cmdJob)], job...)); err != nil {
			return state{}, false, err
		}
		ended = func() bool { return c.answers.job == job }
	}
	if c.heard {
		if err := c.put(cmdJobEnd); err != nil {
			return state{}, false, err
		}
	}
	for {
		left := time.Until(end)
		err := c.await(min(c.limits.Answer, left), ended)
		if err != nil && !errors.Is(err, errSilent) {
			return state{}, false, err
		}
		s, stateErr := c.state()
		switch {
		case stateErr != nil:
			return state{}, false, stateErr
		case err == nil, c.heard && len(c.answers.jobEnd) > 0:
			return s, true, nil
		case s.Code != "" && (s.Code != hw.PrinterOffline || left <= 0):
			return state{}, false, &failure{hw.PrintBroken, s}
		case left > 0:
		case !c.heard:
			return s, false, nil
		default:
			s.Code = hw.PrinterSilent
			return state{}, false, &failure{hw.PrintUnknown, s}
		}
	}
}

// jobName returns the four printable characters that tell a job from those before it.
func jobName(at time.Time) string {
	const first, count = 0x21, 0x7E - 0x21 + 1
	name := make([]byte, 4)
	for i, n := 3, at.UnixMilli(); i >= 0; i, n = i-1, n/count {
		name[i] = first + byte(n%count)
	}
	return string(name)
}

// clear has an Epson that stopped forget the rest of the slip: it would come out when someone has laid in paper.
// An answer or the lack of one changes nothing; it is waited for because what follows the command at once is lost.
func (c *conversation) clear() {
	if c.answers.maker != epson {
		return
	}
	if _, err := c.write(cmdClear, c.limits.Answer); err == nil {
		_ = c.await(c.limits.Answer+c.onTheWay(), func() bool { return c.answers.cleared })
	}
}

// drain waits until the other end has taken every byte, and then as long as for an answer: for a connection that
// breaks. This is all that a printer which cannot answer lets one know, but for its status lines.
func (c *conversation) drain() error {
	for end := time.Now().Add(c.limits.Finish + c.onTheWay()); c.link.queued != nil && c.link.queued() > 0; {
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
	if s := c.lines(); s.Code != "" {
		return &failure{hw.PrintBroken, state{PrinterState: s}}
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
	switch code := stopped.state.Code; {
	case c.written == 0:
		stopped.result = hw.PrintRefused
	case code == hw.PrinterPaper || code == hw.PrinterCover || code == hw.PrinterOffline:
		c.clear()
	}
	return hw.Printed{Result: stopped.result, State: stopped.state.PrinterState},
		fault(stopped.state.Code, fmt.Errorf("printing: %w", err))
}
