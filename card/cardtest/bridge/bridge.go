// Package bridge is what the bridges from simulated cards to real readers share: the card as they see it, and the count
// of what crosses. vpcd and vscard add their wires.
//
// It must never keep a byte of a command or an answer.
package bridge

import (
	"sync"
	"time"
)

// Card is what can be laid. Reset is a power cycle; it also ends a Transmit that hangs.
type Card interface {
	Transmit(command []byte) ([]byte, error)
	ATR() []byte
	Reset()
}

// Traffic is what has crossed the reader; never a byte of a command or an answer.
type Traffic struct {
	Exchanges int
	Sent      int // bytes to the card
	Received  int // bytes from the card
	// SecretSent counts commands of the PIN family (VERIFY 20 and 21, CHANGE 24, RESET RETRY COUNTER 2C) that are
	// longer than their header. It must stay 0: each could spend a try on a real card.
	SecretSent int
}

// Meter counts what crosses one reader, and slows it down. Its methods may be called from any goroutine.
type Meter struct {
	mu      sync.Mutex
	latency time.Duration
	traffic Traffic
}

// SetLatency makes every exchange take at least d, like a real contactless card.
func (m *Meter) SetLatency(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latency = d
}

// Traffic returns what crossed the reader so far, over all cards.
func (m *Meter) Traffic() Traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.traffic
}

// Exchange lets c answer command, counted and no sooner than the latency says.
func (m *Meter) Exchange(c Card, command []byte) ([]byte, error) {
	m.mu.Lock()
	latency := m.latency
	m.traffic.Exchanges++
	m.traffic.Sent += len(command)
	if len(command) > 4 {
		switch command[1] {
		case 0x20, 0x21, 0x24, 0x2C:
			m.traffic.SecretSent++
		}
	}
	m.mu.Unlock()
	begin := time.Now()
	answer, err := c.Transmit(command)
	if wait := latency - time.Since(begin); wait > 0 {
		time.Sleep(wait)
	}
	m.mu.Lock()
	m.traffic.Received += len(answer)
	m.mu.Unlock()
	return answer, err
}
