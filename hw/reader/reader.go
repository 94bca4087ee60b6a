// Package reader speaks PC/SC with a contactless reader: it watches for cards, connects to the one that lies there and
// holds it for one reading. It implements hw.Reader and hw.CardConn.
//
// It must never let a reading go on after another program touched the card, never wait for ever inside a call of its
// own, and never look into a command or an answer: what may be sent is decided by package card.
//
// Two facts shape it. A call into libpcsclite cannot be interrupted, apart from GetStatusChange, and may not return
// while the service or the reader hangs. So every PC/SC context belongs to one goroutine, callers wait for it with a
// bound, and a goroutine that is left behind in such a call releases everything itself as soon as the call returns.
// And a context that failed once is never trusted again, whatever SCardIsValidContext says (that asks the library,
// not the service): any error other than a time-out makes a new one.
package reader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"kagimado/hw"
)

// Options tell which reader to use.
type Options struct {
	// Name is part of the PC/SC name of the reader, without regard to case. Empty takes the first contactless one.
	Name string
	// Log receives reader names, fault codes and causes; nothing of any card. Nil logs nothing.
	Log *slog.Logger
}

// Reader is a PC/SC reader chosen by name. The service, the reader and the card may come and go at any time.
type Reader struct {
	name  string
	log   *slog.Logger
	open  establish
	times times

	chosen atomic.Pointer[string]  // the reader that Watch reports on
	turn   chan struct{}           // held by the one connection there can be
	stuck  atomic.Pointer[hw.Code] // what holds turn when its wait runs out

	made  time.Time
	heard atomic.Int64 // nanoseconds from made until the service last answered Watch
}

// times are the waits of a Reader; tests shorten them.
type times struct {
	period    time.Duration // one GetStatusChange: pcscd 1.9 forgets readers that come between two calls, so list again
	hung      time.Duration // the service has not answered for so long: report it
	grace     time.Duration // for a context to end after its cancellation, before it is left behind
	pause     time.Duration // before the first new attempt with the service; doubles
	longPause time.Duration // between the later ones
	busy      time.Duration // try again for so long while another program holds the card
	again     time.Duration // between these tries
	patience  time.Duration // all of Connect, and Close's wait
}

var usual = times{
	period: time.Second, hung: 6 * time.Second, grace: time.Second,
	pause: 100 * time.Millisecond, longPause: 2 * time.Second,
	busy: 1500 * time.Millisecond, again: 50 * time.Millisecond, patience: 3 * time.Second,
}

var (
	_ hw.Reader = (*Reader)(nil)
	_ hw.Vital  = (*Reader)(nil)
)

// Open returns a Reader. It touches nothing yet: what is wrong with the service or the reader is reported by Watch,
// Connect and List, so that a kiosk starts without either.
func Open(o Options) *Reader { return newReader(o, system, usual) }

func newReader(o Options, open establish, t times) *Reader {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Reader{name: o.Name, log: o.Log, open: open, times: t, turn: make(chan struct{}, 1), made: time.Now()}
}

// Silent implements hw.Vital.
func (r *Reader) Silent() time.Duration {
	return time.Since(r.made) - time.Duration(r.heard.Load())
}

func (r *Reader) answered() { r.heard.Store(int64(time.Since(r.made))) }

// List returns the PC/SC names of all readers, also those that Open would not choose. No reader is no error.
func (r *Reader) List(ctx context.Context) ([]string, error) {
	type result struct {
		names []string
		err   error
	}
	done := make(chan result, 1)
	go func() {
		names, err := r.list()
		done <- result{names, err}
	}()
	limit := time.NewTimer(r.times.patience)
	defer limit.Stop()
	select {
	case res := <-done:
		return res.names, res.err
	case <-limit.C:
		return nil, &hw.Fault{Code: hw.ReaderHung, Err: errors.New("listing readers: the PC/SC service does not answer")}
	case <-ctx.Done():
		return nil, fmt.Errorf("listing readers: %w", ctx.Err())
	}
}

func (r *Reader) list() ([]string, error) {
	s, err := r.open()
	if err != nil {
		return nil, fault("listing readers", err)
	}
	defer s.Release()
	names, err := readers(s)
	if err != nil {
		return nil, fault("listing readers", err)
	}
	return names, nil
}

// readers lists without the error that PC/SC makes of an empty list.
func readers(s lister) ([]string, error) {
	names, err := s.ListReaders()
	if errors.Is(err, noReaders) {
		return nil, nil
	}
	return names, err
}

// fault gives err the code its status stands for; an err that has a code keeps it.
func fault(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	var f *hw.Fault
	if errors.As(err, &f) {
		return err
	}
	code := hw.ReaderOther
	var s status
	if errors.As(err, &s) {
		code = s.code()
	}
	return &hw.Fault{Code: code, Err: err}
}

// choose picks the reader to use. Dual readers show two or three PC/SC names, and the card never lies in the slot for
// a SAM or a contact card. A wish decides alone. The reader in use stays unless a more fitting one came.
func choose(names []string, wish, current string) string {
	best, rank := "", -1
	for _, n := range names {
		r := fitness(n)
		if wish != "" {
			r = -1
			if strings.Contains(strings.ToLower(n), strings.ToLower(wish)) {
				r = 0
			}
		}
		if r > rank || r == rank && r >= 0 && n == current {
			best, rank = n, r
		}
	}
	return best
}

// fitness ranks a reader by what its name says: 2 contactless, 1 nothing, 0 contact, -1 never (names from
// the readers/*.txt of LudovicRousseau/CCID: "[ACR1252 Dual Reader PICC]", "[… SAM]", "[uTrust 4701 F CL Reader]",
// "[OMNIKEY 5422CL Smartcard Reader]", "[… Contact Reader]").
func fitness(name string) int {
	words := strings.FieldsFunc(strings.ToUpper(name), func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
	rank := 1
	for _, w := range words {
		switch {
		case w == "SAM":
			return -1
		case w == "PICC", w == "CL", w == "NFC", w == "CONTACTLESS", strings.HasSuffix(w, "CL") && w[0] >= '0' && w[0] <= '9':
			rank = 2
		case (w == "ICC" || w == "CONTACT") && rank == 1:
			rank = 0
		}
	}
	return rank
}
