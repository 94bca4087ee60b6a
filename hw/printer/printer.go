package printer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net"
	"time"

	"kagimado/hw"
)

// Options tell where the printer is. Exactly one of Device, Address, Folder and Dial is set.
type Options struct {
	Device  string // character device, such as /dev/usb/lp0 or /dev/ttyUSB0
	Address string // host:port of a network printer; printers listen on 9100
	Folder  string // slips become slip-NNNN.png here instead of paper

	// Dial reaches a printer that is none of these: one inside this process, whose time is a test's.
	Dial func(context.Context) (net.Conn, error)

	Baud  int    // of a serial line, eight bits without parity; 0 leaves the line's speed alone
	Flow  string // of a serial line: "rtscts", which is also the empty string, "xonxoff" or "none"
	NoCut bool   // the printer has no cutter

	Limits Limits
}

// Limits bound how long the printer is waited for. A zero limit means its default.
type Limits struct {
	Open   time.Duration // to reach a network printer: 3 s
	Answer time.Duration // to one status request: 1 s
	Write  time.Duration // until one slice is taken, beyond its time on a serial line: 10 s
	Finish time.Duration // from the last byte to the answer at the job's end, beyond the time on a serial line: 15 s
}

func (l Limits) orDefault() Limits {
	for _, d := range []struct {
		limit *time.Duration
		value time.Duration
	}{{&l.Open, 3 * time.Second}, {&l.Answer, time.Second}, {&l.Write, 10 * time.Second}, {&l.Finish, 15 * time.Second}} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	return l
}

// Open returns the printer that o describes. Only mistakes in o are errors: the printer itself is opened anew for
// every job, so one that is missing, off or replugged is a fault of that job and no more.
//
// Its methods may be called from any goroutine; jobs follow one another. There is nothing to close.
func Open(o Options) (hw.Printer, error) {
	set := 0
	for _, is := range []bool{o.Device != "", o.Address != "", o.Folder != "", o.Dial != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return nil, fmt.Errorf("opening printer: %d of device, address, folder and dial are set; want exactly one", set)
	}
	if o.Folder != "" {
		return &folder{path: o.Folder, free: freed()}, nil
	}
	if _, err := lineSpeed(o.Baud); err != nil {
		return nil, fmt.Errorf("opening printer: %w", err)
	}
	if _, err := lineFlow(o.Flow); err != nil {
		return nil, fmt.Errorf("opening printer: %w", err)
	}
	o.Limits = o.Limits.orDefault()
	return &printer{options: o, dial: o.dial, unclean: true, free: freed()}, nil
}

// free is a lock that a context can give up waiting for.
type free chan struct{}

func freed() free {
	f := make(free, 1)
	f <- struct{}{}
	return f
}

func (f free) take(ctx context.Context) error {
	select {
	case <-f:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the printer: %w", ctx.Err())
	}
}

func (f free) give() { f <- struct{}{} }

// flushBytes completes any picture that this program can have left half sent on heads of up to 640 dots.
const flushBytes = 8 + sliceRows*640/8

// lookBytes is how much is sent from one look at the printer to the next: what small interface buffers hold. Oftener, it
// would run dry and stand still between two lines of text.
const lookBytes = 4096

// rowTime is how long the slowest print heads take for a row: 50 mm/s with 203 rows an inch.
const rowTime = 2500 * time.Microsecond

type printer struct {
	options Options
	dial    func(context.Context) (*link, error)

	free    free
	unclean bool // the printer may still wait for the rest of a picture, of a stranger's at first; only a confirmed job ends it
	torn    bool // half a slip of ours may hang out of it
}

var _ hw.Printer = (*printer)(nil)

func fault(code hw.Code, err error) error { return &hw.Fault{Code: code, Err: err} }

// State asks the printer how it is. A printer that cannot be reached is an error with a code.
func (p *printer) State(ctx context.Context) (hw.PrinterState, error) {
	if err := p.free.take(ctx); err != nil {
		return hw.PrinterState{}, err
	}
	defer p.free.give()
	c, err := p.open(ctx)
	if err != nil {
		return hw.PrinterState{Code: hw.CodeOf(err, "")}, err
	}
	defer c.close(true)
	s, err := c.state()
	switch {
	case ctx.Err() != nil:
		return hw.PrinterState{}, fmt.Errorf("asking the printer: %w", ctx.Err())
	case err != nil:
		err = fault(hw.PrinterMissing, fmt.Errorf("asking the printer: %w", err))
		s.Code = hw.PrinterMissing
	}
	return s.PrinterState, err
}

// Print climbs the ladder of field.md §3.5: ready before and between the slices, every byte taken, the answer at the job's
// end, well afterwards. A printer that tells its state but answers nothing in its turn is watched for as long as it may be
// printing, and its slip is sent, not confirmed. The error is nil when Result is PrintSent or PrintConfirmed, and otherwise
// says with its code why the slip may not be there; State has the same code. Nothing is tried twice.
func (p *printer) Print(ctx context.Context, slip *image.Paletted) (hw.Printed, error) {
	refused := hw.Printed{Result: hw.PrintRefused}
	commands, err := encode(slip, !p.options.NoCut)
	if err != nil {
		return refused, err
	}
	if err := p.free.take(ctx); err != nil {
		return refused, err
	}
	defer p.free.give()
	c, err := p.open(ctx)
	if err != nil {
		refused.State.Code = hw.CodeOf(err, "")
		return refused, err
	}
	before, err := c.state()
	refused.State = before.PrinterState
	switch {
	case ctx.Err() != nil:
		refused.State.Code, err = "", ctx.Err()
	case err != nil:
		refused.State.Code, err = hw.PrinterMissing, fault(hw.PrinterMissing, err)
	case before.Code != "":
		err = fault(before.Code, errors.New("the printer is not ready"))
	}
	if err != nil {
		c.close(false)
		return refused, fmt.Errorf("printing: %w", err)
	}
	printed, err := p.job(c, commands, slip.Bounds().Dy(), before)
	c.close(err == nil)
	return printed, err
}

func (p *printer) open(ctx context.Context) (*conversation, error) {
	l, err := p.dial(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("opening the printer: %w", ctx.Err())
		}
		return nil, fault(hw.PrinterMissing, fmt.Errorf("opening the printer: %w", err))
	}
	return converse(ctx, l, p.options.Limits), nil
}

// job sends the commands and finds out what became of them.
func (p *printer) job(c *conversation, commands [][]byte, rows int, before state) (hw.Printed, error) {
	var head [][]byte
	clean := !p.unclean
	if p.unclean {
		// What was left half sent swallows these as white dots; otherwise they mean nothing.
		head = append(head, make([]byte, flushBytes))
	}
	if p.torn {
		// The last visitor's half slip is not handed out on top of this one.
		head = append(head, cmdInit, commands[len(commands)-1])
	}
	p.unclean, p.torn = true, true
	after, confirmed, err := p.send(c, head, commands, rows, clean, before)
	if err != nil {
		return c.lost(err)
	}
	p.torn = false
	switch {
	case after.Code != "":
		return hw.Printed{State: after.PrinterState}, fault(after.Code, errors.New("printing: the printer stopped after the slip"))
	case !confirmed:
		return hw.Printed{Result: hw.PrintSent, State: after.PrinterState}, nil
	case !after.talks:
		// It answered and then fell silent: every byte was taken, and no more is certain.
		return hw.Printed{Result: hw.PrintSent, State: before.PrinterState}, nil
	}
	p.unclean = false
	return hw.Printed{Result: hw.PrintConfirmed, State: after.PrinterState}, nil
}

// send sends one job. Whether the slip is confirmed and how the printer is afterwards means something without an error
// only.
func (p *printer) send(c *conversation, head, commands [][]byte, rows int, clean bool, before state) (after state, confirmed bool, err error) {
	if before.talks {
		err = c.begin(head, clean)
	} else {
		commands = append(head, commands...)
	}
	if err != nil {
		return state{}, false, err
	}
	printing := time.Now().Add(time.Duration(rows) * rowTime)
	for looked := c.written; len(commands) > 0; commands = commands[1:] {
		if c.written-looked >= lookBytes {
			if err := c.ready(before.talks); err != nil {
				return state{}, false, err
			}
			looked = c.written
		}
		if err := c.put(commands[0]); err != nil {
			return state{}, false, err
		}
	}
	if !before.talks {
		return before, false, c.drain()
	}
	return c.finish(printing)
}
