package cardtest

import (
	"encoding/hex"
	"fmt"
	"strings"

	"kagimado/card"
)

// Record wraps a Transmitter and keeps what crossed it, one exchange a line: "command > answer" in hexadecimal.
// It belongs to simulated cards only; an answer of a real one would be personal data.
type Record struct {
	To    card.Transmitter
	lines []string
}

// Transmit passes the command on and notes the exchange. A failed exchange ends as "> !".
func (r *Record) Transmit(command []byte) ([]byte, error) {
	answer, err := r.To.Transmit(command)
	line := fmt.Sprintf("% X > % X", command, answer)
	if err != nil {
		line = fmt.Sprintf("% X > !", command)
	}
	r.lines = append(r.lines, line)
	return answer, err
}

// String returns the recording in the form NewPlayback reads.
func (r *Record) String() string { return strings.Join(r.lines, "\n") + "\n" }

// Playback answers exactly the recorded commands in the recorded order; anything else is an error.
type Playback struct {
	exchanges [][2]string
	next      int
}

// NewPlayback reads a recording. Empty lines and lines that begin with # are skipped.
func NewPlayback(recording string) (*Playback, error) {
	p := &Playback{}
	for i, line := range strings.Split(recording, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		command, answer, ok := strings.Cut(line, ">")
		if !ok {
			return nil, fmt.Errorf("reading recording: line %d has no %q", i+1, ">")
		}
		p.exchanges = append(p.exchanges, [2]string{squeeze(command), squeeze(answer)})
	}
	return p, nil
}

func squeeze(s string) string {
	return strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(s), " ", ""))
}

// Transmit answers the next recorded command.
func (p *Playback) Transmit(command []byte) ([]byte, error) {
	if p.next == len(p.exchanges) {
		return nil, fmt.Errorf("playing back: % X comes after the end", command)
	}
	want := p.exchanges[p.next]
	if got := squeeze(fmt.Sprintf("%X", command)); got != want[0] {
		return nil, fmt.Errorf("playing back: exchange %d is %s; want %s", p.next+1, got, want[0])
	}
	p.next++
	if want[1] == "!" {
		return nil, ErrTorn
	}
	return hex.DecodeString(want[1])
}

// Left returns how many recorded exchanges were not asked for.
func (p *Playback) Left() int { return len(p.exchanges) - p.next }
