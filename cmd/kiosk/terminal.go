package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/gdamore/tcell/v2"
)

// pulse is a terminal that can be asked whether it lives (kiosk.Pulse). A terminal that hangs still takes some thousand
// bytes into the kernel's buffer, so that drawing a frame proves nothing; an answer proves that everything written
// before it was worked through.
//
// In front of visitors it passes on what a finger does and nothing else that the terminal says: no key, no paste, no
// answer to a question nobody asked. tcell would take parts of some answers (DCS) for typed letters.
type pulse struct {
	tcell.Tty
	answers chan struct{}
	seen    int // bytes of an answer, so far

	keys bool         // everything is passed on: a bench
	held []byte       // what may become a finger's report
	told bytes.Buffer // reports that Read has not yet returned
}

// The question and the answer of DSR (ECMA-48 8.3.35), which foot, tmux and xterm know. tcell passes over the answer.
const (
	statusAsked = "\x1b[5n"
	statusFine  = "\x1b[0n"
	answersKept = 8 // more than one look leaves unread
)

// A finger's report (xterm's SGR mouse mode, the one that tcell asks for): what, column, row.
const fingerStart = "\x1b[<"

var (
	fingerReport  = regexp.MustCompile(`^\x1b\[<[0-9]{1,3};[0-9]{1,5};[0-9]{1,5}[Mm]$`)
	longestReport = len(fingerStart) + len("255;65535;65535M")
)

// newPulse lets a terminal be asked. With keys everything that it says is passed on.
func newPulse(t tcell.Tty, keys bool) *pulse {
	return &pulse{Tty: t, answers: make(chan struct{}, answersKept), keys: keys}
}

// Ask implements kiosk.Pulse. It blocks while the terminal takes nothing at all, and with it the loop: then nobody feeds
// the watchdog.
func (p *pulse) Ask() { _, _ = io.WriteString(p.Tty, statusAsked) }

// Answers implements kiosk.Pulse.
func (p *pulse) Answers() <-chan struct{} { return p.answers }

// Read passes on what the terminal says and looks for answers in it. That it has nothing to pass on is no end.
func (p *pulse) Read(b []byte) (int, error) {
	if p.told.Len() > 0 {
		return p.told.Read(b)
	}
	n, err := p.Tty.Read(b)
	for _, c := range b[:n] {
		p.answer(c)
		if !p.keys {
			p.finger(c)
		}
	}
	if p.keys {
		return n, err
	}
	n, _ = p.told.Read(b)
	return n, err
}

// answer takes in the next byte and tells when it ends an answer.
func (p *pulse) answer(c byte) {
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

// finger takes in the next byte and keeps the report that it completes. What becomes none is dropped.
func (p *pulse) finger(c byte) {
	n := len(p.held)
	switch {
	case c == fingerStart[0]:
		p.held = append(p.held[:0], c)
	case n == 0:
	case n < len(fingerStart) && c != fingerStart[n], n == longestReport:
		p.held = p.held[:0]
	case n >= len(fingerStart) && (c < '0' || c > ';'): // the end, or nothing
		if p.held = append(p.held, c); fingerReport.Match(p.held) {
			p.told.Write(p.held)
		}
		p.held = p.held[:0]
	default:
		p.held = append(p.held, c)
	}
}

// openTerminal opens the terminal this program was started in; keys are for a bench.
func openTerminal(keys bool) (tcell.Screen, *pulse, error) {
	tty, err := tcell.NewDevTty()
	if err != nil {
		return nil, nil, fmt.Errorf("opening the terminal: %w", err)
	}
	p := newPulse(tty, keys)
	s, err := tcell.NewTerminfoScreenFromTty(p)
	if err == nil {
		err = s.Init()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the terminal: %w", err)
	}
	return s, p, nil
}
