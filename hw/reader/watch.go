package reader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"kagimado/hw"
)

// Watch implements hw.Reader. A card is reported once, however long it lies; a swap that falls between two looks is
// still a CardLifted and a CardLaid, because pcscd counts comings and goings. After ReaderGone everything starts
// anew, so a card that still lies there is reported again.
//
// The channel closes within a second after ctx ends, also when the service hangs. A consumer that reads slowly loses
// nothing.
func (r *Reader) Watch(ctx context.Context) <-chan hw.CardEvent {
	out := make(chan hw.CardEvent)
	go func() {
		defer close(out)
		w := watch{Reader: r, out: out}
		w.run(ctx)
	}()
	return out
}

type watch struct {
	*Reader
	out     chan<- hw.CardEvent
	gone    hw.Code // the fault that stands reported
	refused int     // times in a row that the service hung up on a new client
}

// run keeps a poll going, and starts another with a new context whenever one ends.
func (w *watch) run(ctx context.Context) {
	pause := w.times.pause
	for ctx.Err() == nil {
		seen, err := w.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		w.lose(ctx, err)
		if seen {
			pause = w.times.pause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, w.times.longPause)
	}
}

// follow hands on what one poll sees, until it ends or ctx does, and tells whether it saw anything. While the poll is
// silent because the service does not answer, it says so.
func (w *watch) follow(ctx context.Context) (seen bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := &poll{Reader: w.Reader, events: make(chan hw.CardEvent), alive: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()

	silence := time.NewTimer(w.times.hung)
	defer silence.Stop()
	var last hw.CardEvent
	for {
		select {
		case last = <-p.events:
			seen, w.refused = true, 0
			w.answered()
			w.emit(ctx, last)
		case <-p.alive:
			w.answered()
			if w.gone == hw.ReaderHung && last.Kind != hw.ReaderUnknown {
				w.emit(ctx, last) // it answers again and nothing had changed
			}
		case <-silence.C:
			w.lose(ctx, &hw.Fault{Code: hw.ReaderHung, Err: errors.New("watching: the PC/SC service does not answer")})
		case err := <-ended:
			w.answered()
			if errors.Is(err, errRefused) {
				// Once is a service that was just ending, again is polkit.
				code := hw.ReaderService
				if w.refused++; w.refused > 1 {
					code = hw.ReaderDenied
				}
				err = &hw.Fault{Code: code, Err: err}
			} else {
				w.refused = 0
			}
			return seen, err
		case <-ctx.Done():
			select {
			case <-ended:
			case <-time.After(w.times.grace):
				// It hangs in libpcsclite and releases its context itself when it comes back.
			}
			return seen, ctx.Err()
		}
		silence.Reset(w.times.hung)
	}
}

// lose reports a fault once.
func (w *watch) lose(ctx context.Context, err error) {
	code := hw.CodeOf(fault("watching", err), hw.ReaderOther)
	if code != w.gone {
		w.emit(ctx, hw.CardEvent{Kind: hw.ReaderGone, Code: code, Err: err})
	}
}

func (w *watch) emit(ctx context.Context, ev hw.CardEvent) {
	if ev.Kind == hw.ReaderGone {
		if w.gone == ev.Code {
			return
		}
	} else if w.gone != "" {
		w.log.Info("reader back", "reader", ev.Reader)
	}
	w.gone = ev.Code
	select {
	case w.out <- ev:
	case <-ctx.Done():
	}
}

var errRefused = errors.New("the PC/SC service takes no new client")

// poll is one PC/SC context that watches.
type poll struct {
	*Reader
	events chan hw.CardEvent
	alive  chan struct{} // after every call that returned

	name  string // of the reader watched
	known flags
	atr   []byte
	kind  hw.CardEventKind // what was last reported of it
}

func (p *poll) run(ctx context.Context) error {
	s, err := p.open()
	if refused(err) {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if err != nil {
		return err
	}
	defer s.Release()

	// Cancel reaches GetStatusChange only while it blocks, so one that came a moment too early is lost: repeat it.
	over, quiet := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(quiet)
		for {
			_ = s.Cancel() // fails whenever nothing blocks
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	defer func() {
		close(over)
		if !stop() {
			<-quiet
		}
	}()

	var arrivals flags
	for ctx.Err() == nil {
		names, err := readers(s)
		if err != nil {
			return broke(err)
		}
		if name := choose(names, p.Reader.name, p.name); name != p.name {
			p.name, p.known, p.kind = name, 0, hw.ReaderUnknown
			p.chosen.Store(&name)
			p.log.Debug("reader chosen", "reader", name, "of", names)
		}
		states := []readerState{{Reader: plugAndPlay, Known: arrivals}}
		if p.name != "" {
			states = append(states, readerState{Reader: p.name, Known: p.known})
		} else {
			err := p.missing(names)
			p.report(ctx, hw.CardEvent{Kind: hw.ReaderGone, Code: hw.ReaderMissing, Err: err})
		}
		err = s.GetStatusChange(states, p.times.period)
		select {
		case p.alive <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case errors.Is(err, timedOut), errors.Is(err, cancelled):
			continue
		case err != nil:
			return broke(err)
		}
		arrivals = states[0].Now &^ stateChanged
		if p.name != "" {
			p.look(ctx, states[1])
		}
	}
	return ctx.Err()
}

// broke gives its true name to an error of a context that was granted: whom polkit refuses gets none. A client whose
// service was killed while it hung reads the rest of an answer that never came, and has been told of a refusal (seen
// with 1.9.9).
func broke(err error) error {
	if refused(err) {
		return &hw.Fault{Code: hw.ReaderService, Err: err}
	}
	return err
}

// look compares what the reader shows with what was reported.
func (p *poll) look(ctx context.Context, st readerState) {
	now, before := st.Now&^stateChanged, p.known
	swapped := before != 0 && (now.count() != before.count() || len(st.ATR) > 0 && len(p.atr) > 0 && !bytes.Equal(st.ATR, p.atr))
	p.known, p.atr = now, st.ATR
	ev := hw.CardEvent{Reader: p.name}
	switch {
	case now&(stateUnknown|stateUnavailable) != 0:
		ev.Kind, ev.Code, ev.Err = hw.ReaderGone, hw.ReaderMissing, readerUnavailable
	case now&statePresent != 0 && now&stateMute != 0:
		ev.Kind = hw.CardMute
	case now&statePresent != 0:
		ev.Kind, ev.ATR = hw.CardLaid, st.ATR
	case p.kind == hw.CardLaid || p.kind == hw.CardMute:
		ev.Kind = hw.CardLifted
	case p.kind == hw.CardLifted:
		return
	default:
		ev.Kind = hw.ReaderReady
	}
	if ev.Kind == p.kind && swapped && (ev.Kind == hw.CardLaid || ev.Kind == hw.CardMute) {
		p.report(ctx, hw.CardEvent{Kind: hw.CardLifted, Reader: p.name})
	}
	p.report(ctx, ev)
}

// report hands on an event unless it says what was said last.
func (p *poll) report(ctx context.Context, ev hw.CardEvent) {
	if ev.Kind == p.kind {
		return
	}
	p.kind = ev.Kind
	select {
	case p.events <- ev:
	case <-ctx.Done():
	}
}
