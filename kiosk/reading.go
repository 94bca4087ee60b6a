package kiosk

import (
	"context"
	"errors"
	"sync"
	"time"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/kiosk/session"
)

const (
	freeEvery  = time.Second     // a reader that hung is asked whether it works again
	againAfter = 5 * time.Second // a card that could not be opened is tried again
	overdueBy  = time.Second     // a driver may need this long to let go of an exchange
)

// reading is a reading on its way.
type reading struct {
	visit  int
	cancel context.CancelFunc
}

// readEnd is what a reading sends. With hangs set it is not the end: the reader takes no connection because an
// exchange hangs in it, and the end comes when it works again.
type readEnd struct {
	visit int
	facts card.Facts
	fault error // of the reader, with a code; nil when the card answered or left
	hangs bool
}

// startReading reads the card, after the present reading has ended: a reader holds one card at a time.
func (l *loop) startReading(ctx context.Context, visit int) {
	if l.reading != nil {
		l.next = visit
		l.reading.cancel()
		return
	}
	l.next = 0
	ctx, cancel := context.WithTimeout(ctx, l.ReadTimeout)
	l.reading = &reading{visit, cancel}
	l.overdue.Reset(l.ReadTimeout + overdueBy)
	l.wait.Go(func() {
		defer cancel()
		l.readCard(ctx, visit)
	})
}

// readCard runs beside the loop.
func (l *loop) readCard(ctx context.Context, visit int) {
	begun := time.Now()
	facts, err := l.readTwice(ctx, visit)
	l.Log.Info("reading", "facts", facts, "ms", time.Since(begun).Milliseconds(), "error", err)
	end := readEnd{visit: visit, facts: facts}
	if hw.CodeOf(err, "") != "" {
		end.fault = err
	}
	if hw.CodeOf(err, "") == hw.ReaderHung {
		l.tell(readEnd{visit: visit, hangs: true})
	}
	if hw.CodeOf(err, "") == hw.ReaderHung || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		l.untilFree(context.WithoutCancel(ctx))
	}
	l.tell(end)
}

func (l *loop) tell(r readEnd) {
	select {
	case l.reads <- r:
	case <-l.done:
	}
}

// readTwice reads the card and, if the reading was incomplete and the card is still there, once more from the
// start: single transient errors are common on contactless readers and vanish at the second try (field.md §8).
func (l *loop) readTwice(ctx context.Context, visit int) (card.Facts, error) {
	best := -1 // the bar never runs backwards
	progress := func(s card.Step) {
		if s.Done <= best {
			return
		}
		best = s.Done
		select {
		case l.progress <- session.Progress{Visit: visit, Done: s.Done, Total: s.Total}:
		default: // the loop is drawing; the next step tells the same and more
		}
	}
	facts, connected, err := l.readOnce(ctx, progress)
	if !connected || ctx.Err() != nil || facts.Outcome != card.Partial && facts.Outcome != card.Removed {
		return facts, err
	}
	if again, connected, err := l.readOnce(ctx, progress); connected {
		return again, err
	}
	return facts, err
}

// readOnce connects and reads. The error carries a code when the reader, and not the card, is the reason.
func (l *loop) readOnce(ctx context.Context, progress func(card.Step)) (facts card.Facts, connected bool, err error) {
	conn, err := l.Reader.Connect(ctx)
	if err != nil {
		facts = card.NewFacts()
		facts.Outcome = card.Removed
		return facts, false, err
	}
	// Transmit cannot be cancelled, but a driver may let go of it when its connection is closed.
	shut := sync.OnceValue(conn.Close)
	stop := context.AfterFunc(ctx, func() { _ = shut() })
	facts, err = card.Read(ctx, card.Card{Transmitter: conn, ATR: conn.ATR()}, progress)
	stop()
	if closed := shut(); facts.Outcome != card.Complete {
		err = errors.Join(err, closed) // what was read whole is worth showing, whatever came after
	}
	return facts, true, err
}

// untilFree returns when the reader takes connections again, or finds no card to connect to.
func (l *loop) untilFree(ctx context.Context) {
	for {
		conn, err := l.Reader.Connect(ctx)
		if err == nil {
			err = conn.Close()
		}
		if hw.CodeOf(err, "") != hw.ReaderHung {
			return
		}
		select {
		case <-time.After(freeEvery):
		case <-l.done:
			return
		}
	}
}

// hang shows that the reader is out of service until the exchange returns. Whoever waits has as long again; then
// the process ends and is started anew, which is all that is left to do.
func (l *loop) hang(ctx context.Context) {
	if l.hung {
		return
	}
	l.hung, l.next = true, 0
	l.overdue.Reset(l.ReadTimeout)
	l.Log.Error("reading does not return", "code", hw.ReaderHung)
	l.stands(hw.ReaderHung)
	l.feed(ctx, session.ReaderGone{Code: string(hw.ReaderHung)})
}

func (l *loop) readEnded(ctx context.Context, r readEnd) {
	if r.hangs {
		l.hang(ctx)
		return
	}
	l.reading = nil
	l.overdue.Stop()
	if l.hung {
		l.hung = false
		l.Log.Info("reader works again")
		gone, _ := l.last.(session.ReaderGone)
		l.stands(hw.Code(gone.Code))
		l.feed(ctx, l.last)
		return
	}
	if next := l.next; next != 0 {
		l.startReading(ctx, next)
		return
	}
	if r.fault != nil {
		l.again.Reset(againAfter) // nobody reports when another program lets go of the card
		code := hw.CodeOf(r.fault, hw.ReaderOther)
		l.note(code)
		l.feed(ctx, session.ReaderGone{Code: string(code)})
		return
	}
	l.feed(ctx, session.ReadDone{Visit: r.visit, Facts: r.facts})
}
