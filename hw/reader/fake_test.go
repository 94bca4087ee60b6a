package reader

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// service is PC/SC in memory: readers, cards, other programs, and what goes wrong with them.
type service struct {
	mu      sync.Mutex
	changed chan struct{} // closed and renewed at every change
	down    error         // what every call returns while the service is away
	frozen  chan struct{} // calls wait while this is open
	readers []*slot

	established, released atomic.Int64
	connected, left       atomic.Int64
}

type slot struct {
	name      string
	present   bool
	mute      bool
	count     uint16
	atr       []byte
	answer    func(command []byte) ([]byte, error)
	exclusive bool // another program holds it
	locked    bool // in a transaction, ours or another's
	resets    int  // by other programs
	refuse    error
}

func newService(names ...string) *service {
	s := &service{changed: make(chan struct{})}
	for _, n := range names {
		s.readers = append(s.readers, &slot{name: n})
	}
	return s
}

// change does something to the service and wakes everyone who watches.
func (s *service) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *service) lay(i int) {
	s.change(func() {
		r := s.readers[i]
		r.present, r.mute = true, false
		r.count++
		r.atr = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
		r.answer = echo
	})
}

func (s *service) lift(i int) {
	s.change(func() { s.readers[i].present = false; s.readers[i].count++ })
}

func echo(command []byte) ([]byte, error) { return append(bytes.Clone(command), 0x90, 0x00), nil }

func (s *service) find(name string) *slot {
	for _, r := range s.readers {
		if r.name == name {
			return r
		}
	}
	return nil
}

// enter stands at the start of every call.
func (s *service) enter() error {
	for {
		s.mu.Lock()
		frozen, down := s.frozen, s.down
		s.mu.Unlock()
		if frozen == nil {
			return down
		}
		<-frozen
	}
}

func (s *service) freeze() (thaw func()) {
	c := make(chan struct{})
	s.change(func() { s.frozen = c })
	return func() {
		s.change(func() { s.frozen = nil })
		close(c)
	}
}

func (s *service) open() (session, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	s.established.Add(1)
	return &fakeSession{service: s, cancel: make(chan struct{}, 1)}, nil
}

type fakeSession struct {
	*service
	cancel   chan struct{}
	waiting  atomic.Bool
	released atomic.Bool
}

func (f *fakeSession) Release() error {
	if f.released.Swap(true) {
		panic("released twice")
	}
	f.service.released.Add(1)
	return f.enter()
}

func (f *fakeSession) Cancel() error {
	if f.released.Load() {
		panic("cancelled after release")
	}
	if f.waiting.Load() { // as in pcscd, a cancel while nothing waits is lost
		select {
		case f.cancel <- struct{}{}:
		default:
		}
	}
	return nil
}

func (f *fakeSession) ListReaders() ([]string, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.readers) == 0 {
		return nil, noReaders
	}
	var names []string
	for _, r := range f.readers {
		names = append(names, r.name)
	}
	return names, nil
}

func (f *fakeSession) GetStatusChange(states []readerState, limit time.Duration) error {
	f.waiting.Store(true)
	defer f.waiting.Store(false)
	end := time.NewTimer(limit)
	defer end.Stop()
	before := -1
	for {
		if err := f.enter(); err != nil {
			return err
		}
		f.mu.Lock()
		differs, changed := false, f.changed
		if before < 0 {
			before = len(f.readers)
		}
		for i := range states {
			st := &states[i]
			if st.Reader == plugAndPlay {
				st.Now = 0
				differs = differs || len(f.readers) != before
				continue
			}
			r := f.find(st.Reader)
			switch {
			case r == nil && st.Known == 0:
				f.mu.Unlock()
				return unknownReader
			case r == nil:
				st.Now = stateUnknown | stateUnavailable
			case !r.present:
				st.Now, st.ATR = flags(r.count)<<16|stateEmpty, nil
			case r.mute:
				st.Now, st.ATR = flags(r.count)<<16|statePresent|stateMute, nil
			default:
				st.Now, st.ATR = flags(r.count)<<16|statePresent, bytes.Clone(r.atr)
			}
			if st.Now != st.Known {
				st.Now |= stateChanged
				differs = true
			}
		}
		f.mu.Unlock()
		if differs {
			return nil
		}
		select {
		case <-changed:
		case <-f.cancel:
			return cancelled
		case <-end.C:
			return timedOut
		}
	}
}

func (f *fakeSession) Connect(name string) (handle, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.find(name)
	switch {
	case r == nil:
		return nil, unknownReader
	case r.refuse != nil:
		return nil, r.refuse
	case r.exclusive:
		return nil, sharingViolation
	case !r.present:
		return nil, noSmartcard
	case r.mute:
		return nil, unresponsiveCard
	}
	f.connected.Add(1)
	return &fakeHandle{fakeSession: f, slot: r, count: r.count, resets: r.resets}, nil
}

type fakeHandle struct {
	*fakeSession
	slot   *slot
	count  uint16
	resets int
	locks  bool
}

func (h *fakeHandle) Begin() error {
	for {
		if err := h.enter(); err != nil {
			return err
		}
		h.mu.Lock()
		changed := h.changed
		free := !h.slot.locked
		if free {
			h.slot.locked, h.locks = true, true
		}
		h.mu.Unlock()
		if free {
			return nil
		}
		<-changed
	}
}

func (h *fakeHandle) End() error {
	err := h.enter()
	h.change(func() { h.slot.locked = false })
	h.locks = false
	return err
}

func (h *fakeHandle) Disconnect() error {
	if h.locks {
		panic("disconnected inside the transaction")
	}
	h.left.Add(1)
	return h.enter()
}

func (h *fakeHandle) state() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.slot.present || h.slot.count != h.count:
		return removedCard
	case h.slot.resets != h.resets:
		return resetCard
	}
	return nil
}

func (h *fakeHandle) ATR() ([]byte, error) {
	if err := h.enter(); err != nil {
		return nil, err
	}
	if err := h.state(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.slot.atr), nil
}

func (h *fakeHandle) Transmit(command []byte) ([]byte, error) {
	if !h.locks {
		panic(fmt.Sprintf("command %X outside the transaction", command))
	}
	if err := h.enter(); err != nil {
		return nil, err
	}
	if err := h.state(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	answer := h.slot.answer
	h.mu.Unlock()
	return answer(command)
}
