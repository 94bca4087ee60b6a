package main

import (
	"fmt"
	"io"

	"github.com/gdamore/tcell/v2"
)

// pulse is a terminal that can be asked whether it lives (kiosk.Pulse). A terminal that hangs still takes some thousand
// bytes into the kernel's buffer, so that drawing a frame proves nothing; an answer proves that everything written
// before it was worked through.
type pulse struct {
	tcell.Tty
	answers chan struct{}
	seen    int // bytes of an answer, so far
}

// The question and the answer of DSR (ECMA-48 8.3.35), which foot, tmux and xterm know. tcell passes over the answer.
const (
	statusAsked = "\x1b[5n"
	statusFine  = "\x1b[0n"
	answersKept = 8 // more than one look leaves unread
)

func newPulse(t tcell.Tty) *pulse { return &pulse{Tty: t, answers: make(chan struct{}, answersKept)} }

// Ask implements kiosk.Pulse. It blocks while the terminal takes nothing at all, and with it the loop: then nobody feeds
// the watchdog.
func (p *pulse) Ask() { _, _ = io.WriteString(p.Tty, statusAsked) }

// Answers implements kiosk.Pulse.
func (p *pulse) Answers() <-chan struct{} { return p.answers }

// Read passes on what the terminal says and looks for answers in it.
func (p *pulse) Read(b []byte) (int, error) {
	n, err := p.Tty.Read(b)
	for _, c := range b[:n] {
		switch {
		case c == statusFine[p.seen]:
			p.seen++
		case c == statusFine[0]:
			p.seen = 1
		default:
			p.seen = 0
		}
		if p.seen == len(statusFine) {
			p.seen = 0
			select {
			case p.answers <- struct{}{}:
			default:
			}
		}
	}
	return n, err
}

// openTerminal opens the terminal this program was started in.
func openTerminal() (tcell.Screen, *pulse, error) {
	tty, err := tcell.NewDevTty()
	if err != nil {
		return nil, nil, fmt.Errorf("opening the terminal: %w", err)
	}
	p := newPulse(tty)
	s, err := tcell.NewTerminfoScreenFromTty(p)
	if err == nil {
		err = s.Init()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the terminal: %w", err)
	}
	return s, p, nil
}
