package hwtest

import (
	"sync"

	"kagimado/hw"
)

// Lamps remembers what it was told to show and to sound. The zero Lamps is ready. Its methods may be called from any goroutine.
type Lamps struct {
	// Shown is called with every signal that differs from the one before; nil means nobody looks. It must not call
	// back. Set it before the first Show.
	Shown func(hw.Signal)

	mu      sync.Mutex
	signals []hw.Signal
	now     hw.Signal
	calling bool
	sounds  []hw.Sound
	closed  bool
	fault   error
}

var (
	_ hw.Lamps  = (*Lamps)(nil)
	_ hw.Beeper = (*Lamps)(nil)
)

// Fail lets every later Show fail with err; nil mends it.
func (l *Lamps) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = err
}

// Show implements hw.Lamps.
func (l *Lamps) Show(s hw.Signal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	l.set(s)
	return nil
}

func (l *Lamps) set(s hw.Signal) {
	if s == l.now {
		return
	}
	l.now = s
	l.signals = append(l.signals, s)
	if l.Shown != nil {
		l.Shown(s)
	}
}

// Call implements hw.Lamps.
func (l *Lamps) Call(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	l.calling = on
	return nil
}

// Calling tells whether staff's lamp is lit.
func (l *Lamps) Calling() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calling
}

// Beep implements hw.Beeper.
func (l *Lamps) Beep(s hw.Sound) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	l.sounds = append(l.sounds, s)
	return nil
}

// Sounds returns every sound so far.
func (l *Lamps) Sounds() []hw.Sound {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]hw.Sound(nil), l.sounds...)
}

// Close leaves the lamps dark.
func (l *Lamps) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(hw.Dark)
	l.calling, l.closed = false, true
	return nil
}

// Signals returns every signal shown so far, repetitions left out; lamps begin dark.
func (l *Lamps) Signals() []hw.Signal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]hw.Signal(nil), l.signals...)
}

// Closed tells whether Close was called.
func (l *Lamps) Closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
