package hwtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kagimado/hw"
)

// Card is what can be laid on a Reader. One that also has Reset() is powered up when it is laid, one that has Lift()
// is told when it leaves.
type Card interface {
	Transmit(command []byte) ([]byte, error)
	ATR() []byte
}

// Reader is a contactless reader whose cards come and go by call. NewReader makes one. Its methods may be called
// from any goroutine.
type Reader struct {
	// Delay is how long one exchange takes beyond the card's own time. Set it before the first Connect.
	Delay time.Duration

	name string
	held chan struct{} // taken while a connection is open

	mu       sync.Mutex
	card     Card
	mute     bool
	gone     hw.Code
	lying    *lying // of the present card; nil without one
	watchers map[*watcher]bool
}

// lying is one stay of one card on the reader.
type lying struct{ over bool }

type watcher struct {
	events []hw.CardEvent
	wake   chan struct{}
}

var _ hw.Reader = (*Reader)(nil)

// errGone is what an exchange ends with when the card was lifted.
var errGone = fmt.Errorf("exchanging with the card: %w", hw.ErrNoCard)

// NewReader returns an empty reader with this PC/SC name.
func NewReader(name string) *Reader {
	return &Reader{name: name, held: make(chan struct{}, 1), watchers: map[*watcher]bool{}}
}

// Lay lays a card on the reader; what lay there before is lifted first.
func (r *Reader) Lay(c Card) {
	r.Lift()
	powerUp(c)
	r.change(func() { r.card, r.lying = c, &lying{} })
}

// Mute lays something that does not answer; what lay there before is lifted first.
func (r *Reader) Mute() {
	r.Lift()
	r.change(func() { r.mute = true })
}

// Lift takes away whatever lies there. Exchanges on their way fail.
func (r *Reader) Lift() {
	r.mu.Lock()
	c, empty := r.card, r.card == nil && !r.mute
	r.leave()
	if !empty && r.gone == "" {
		r.tell(hw.CardEvent{Kind: hw.CardLifted, Reader: r.name})
	}
	r.mu.Unlock()
	powerDown(c)
}

func powerUp(c Card) {
	if p, ok := c.(interface{ Reset() }); ok {
		p.Reset()
	}
}

func powerDown(c Card) {
	if p, ok := c.(interface{ Lift() }); ok {
		p.Lift()
	}
}

// Gone takes the reader away, for the reason that code tells. A card on it stays where it is, without power.
func (r *Reader) Gone(code hw.Code) {
	var c Card
	r.change(func() {
		r.gone, c = code, r.card
		if r.lying != nil {
			r.lying.over = true
		}
	})
	powerDown(c)
}

// Back brings the reader back, with what lies on it.
func (r *Reader) Back() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone == "" {
		return
	}
	r.gone = ""
	if r.card != nil {
		powerUp(r.card)
		r.lying = &lying{}
	}
	r.tell(r.present())
}

func (r *Reader) leave() {
	if r.lying != nil {
		r.lying.over = true
	}
	r.card, r.lying, r.mute = nil, nil, false
}

// change does and tells the state that came of it, which a reader that is away keeps to itself.
func (r *Reader) change(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.gone
	do()
	if before == "" || before != r.gone {
		r.tell(r.present())
	}
}

func (r *Reader) present() hw.CardEvent {
	ev := hw.CardEvent{Kind: hw.ReaderReady, Reader: r.name}
	switch {
	case r.gone != "":
		ev = hw.CardEvent{Kind: hw.ReaderGone, Code: r.gone, Err: errors.New("the simulated reader was taken away")}
	case r.card != nil:
		ev.Kind, ev.ATR = hw.CardLaid, r.card.ATR()
	case r.mute:
		ev.Kind = hw.CardMute
	}
	return ev
}

func (r *Reader) tell(ev hw.CardEvent) {
	for w := range r.watchers {
		w.events = append(w.events, ev)
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// Watch reports every call above, beginning with the present state; several may watch.
func (r *Reader) Watch(ctx context.Context) <-chan hw.CardEvent {
	w := &watcher{wake: make(chan struct{}, 1)}
	r.mu.Lock()
	r.watchers[w] = true
	w.events = append(w.events, r.present())
	r.mu.Unlock()
	out := make(chan hw.CardEvent)
	go func() {
		defer close(out)
		defer func() {
			r.mu.Lock()
			delete(r.watchers, w)
			r.mu.Unlock()
		}()
		for {
			r.mu.Lock()
			events := w.events
			w.events = nil
			r.mu.Unlock()
			for _, ev := range events {
				select {
				case out <- ev:
				case <-ctx.Done():
					return
				}
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-w.wake:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// Connect opens the card that lies there, once an earlier connection is closed.
func (r *Reader) Connect(ctx context.Context) (hw.CardConn, error) {
	select {
	case r.held <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("connecting to the card: %w", ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.gone != "":
		<-r.held
		return nil, &hw.Fault{Code: r.gone, Err: errors.New("connecting to the card: the simulated reader was taken away")}
	case r.card == nil:
		<-r.held
		return nil, fmt.Errorf("connecting to the card: %w", hw.ErrNoCard)
	}
	return &cardConn{reader: r, card: r.card, stay: r.lying}, nil
}

type cardConn struct {
	reader *Reader
	card   Card
	stay   *lying
	close  sync.Once
}

func (c *cardConn) over() bool {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	return c.stay.over
}

// Transmit passes one command to the card while it lies there.
func (c *cardConn) Transmit(command []byte) ([]byte, error) {
	if c.over() {
		return nil, errGone
	}
	time.Sleep(c.reader.Delay)
	answer, err := c.card.Transmit(command)
	if c.over() {
		return nil, errGone
	}
	return answer, err
}

// ATR returns the card's answer to reset.
func (c *cardConn) ATR() []byte { return c.card.ATR() }

// Close lets the next connection in.
func (c *cardConn) Close() error {
	c.close.Do(func() { <-c.reader.held })
	return nil
}
