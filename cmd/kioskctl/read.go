package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/hw/reader"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// readWithin bounds one whole reading, since an exchange cannot be cancelled. The slowest cards seen need 3 s.
const readWithin = 15 * time.Second

func read(ctx context.Context, t *tool, args []string) error {
	fs := t.flags("read")
	name := fs.String("reader", "", "part of the reader's PC/SC name; empty takes the first contactless one")
	timeout := fs.Duration("timeout", 10*time.Second, "how long to wait for a card")
	all := fs.Bool("all", false, "read the dates of the two certificate authorities as well")
	trace := fs.Bool("trace", false, "list the commands on standard error: no answer but its status and length")
	asJSON := fs.Bool("json", false, "print the facts/1 document")
	lang := languageFlag(fs)
	if err := parse(fs, args); err != nil {
		return err
	}
	r := reader.Open(reader.Options{Name: *name})
	if err := waitForCard(ctx, r, *timeout); err != nil {
		return err
	}
	facts, err := readCard(ctx, t.stderr, r, *all, *trace)
	if err != nil && !errors.Is(err, card.ErrRemoved) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if *asJSON {
		if err := printJSON(t.stdout, facts); err != nil {
			return err
		}
	} else {
		fmt.Fprint(t.stdout, page.Readout(facts, text.Language(*lang)))
	}
	switch facts.Outcome {
	case card.Complete:
		return nil
	case card.WrongCard:
		return failure{status: wrongCard}
	}
	return failure{status: incomplete, err: err}
}

// waitForCard returns when a card lies there. A missing service or reader does not get better by waiting at a bench.
func waitForCard(ctx context.Context, r hw.Reader, timeout time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	events := r.Watch(ctx)
	defer func() {
		cancel()
		for range events { // the watching goroutine ends before the reading begins
		}
	}()
	late := time.After(timeout)
	for {
		select {
		case ev, ok := <-events:
			if !ok {
				return failure{internal, ctx.Err()}
			}
			switch ev.Kind {
			case hw.CardLaid:
				return nil
			case hw.ReaderGone:
				return failure{noReader, &hw.Fault{Code: ev.Code, Err: ev.Err}}
			}
		case <-late:
			return failure{noCard, fmt.Errorf("no card was laid on the reader within %v", timeout)}
		}
	}
}

// readCard reads the card that lies there. When the whole reading does not end in time its goroutine is left behind:
// the process is about to end anyway.
func readCard(ctx context.Context, log io.Writer, r hw.Reader, all, trace bool) (card.Facts, error) {
	type result struct {
		facts card.Facts
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	ended := make(chan result, 1)
	go func() {
		facts, err := readConnected(ctx, log, r, all, trace)
		ended <- result{facts, err}
	}()
	select {
	case res := <-ended:
		return res.facts, res.err
	case <-ctx.Done():
		select {
		case res := <-ended: // it noticed by itself
			return res.facts, res.err
		case <-time.After(time.Second):
		}
		return card.NewFacts(), fmt.Errorf("reading card: it stopped answering: %w", ctx.Err())
	}
}

func readConnected(ctx context.Context, log io.Writer, r hw.Reader, all, trace bool) (card.Facts, error) {
	conn, err := r.Connect(ctx)
	if err != nil {
		if code := hw.CodeOf(err, ""); code != "" {
			return card.NewFacts(), failure{noReader, err}
		}
		facts := card.NewFacts()
		facts.Outcome = card.Removed
		return facts, fmt.Errorf("%w: %w", card.ErrRemoved, err)
	}
	defer conn.Close()
	c := card.Card{Transmitter: conn, ATR: conn.ATR()}
	if trace {
		c.Transmitter = &tracer{conn, log, time.Now}
	}
	if all {
		return card.ReadAll(ctx, c, nil)
	}
	return card.Read(ctx, c, nil)
}

// tracer lists commands with the status and length of their answers. What an answer holds it never shows: some of it
// would be a certificate or a serial number.
type tracer struct {
	to    card.Transmitter
	log   io.Writer
	clock func() time.Time
}

func (t *tracer) Transmit(command []byte) ([]byte, error) {
	start := t.clock()
	answer, err := t.to.Transmit(command)
	took := t.clock().Sub(start).Round(100 * time.Microsecond)
	switch n := len(answer); {
	case err != nil:
		fmt.Fprintf(t.log, "% X > %v (%v)\n", command, err, took)
	case n < 2:
		fmt.Fprintf(t.log, "% X > %d bytes (%v)\n", command, n, took)
	default:
		fmt.Fprintf(t.log, "% X > %X, %d bytes (%v)\n", command, answer[n-2:], n-2, took)
	}
	return answer, err
}

func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
