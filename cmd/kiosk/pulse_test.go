package main

import (
	"bytes"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// said is a terminal that says something and takes everything.
type said struct {
	tcell.Tty
	says  [][]byte
	taken bytes.Buffer
}

func (s *said) Read(b []byte) (int, error) {
	n := copy(b, s.says[0])
	s.says = s.says[1:]
	return n, nil
}

func (s *said) Write(b []byte) (int, error) { return s.taken.Write(b) }

// TestPulse: an answer is found however it is cut up, nothing else is one, and all of it is passed on.
func TestPulse(t *testing.T) {
	for _, tt := range []struct {
		says string
		want int
	}{
		{"\x1b[0n", 1},
		{"\x1b[<0;3;4M\x1b[0n\x1b[<0;3;4m", 1},
		{"\x1b\x1b[0n\x1b[0n", 2},
		{"\x1b[\x1b[0n", 1},
		{"\x1b[3n[0n0n", 0},
		{"\x1b[0", 0},
		{"", 0},
	} {
		for cut := range len(tt.says) + 1 {
			s := &said{says: [][]byte{[]byte(tt.says[:cut]), []byte(tt.says[cut:])}}
			p := newPulse(s)
			var passed bytes.Buffer
			for range 2 {
				b := make([]byte, 64)
				n, err := p.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				passed.Write(b[:n])
			}
			if len(p.answers) != tt.want || passed.String() != tt.says {
				t.Errorf("%q cut at %d: %d answers, %q passed on; want %d and all", tt.says, cut, len(p.answers), passed.String(), tt.want)
			}
		}
	}
	s := &said{}
	newPulse(s).Ask()
	if got := s.taken.String(); got != "\x1b[5n" {
		t.Errorf("Ask wrote %q", got)
	}
	many := &said{says: [][]byte{bytes.Repeat([]byte("\x1b[0n"), 100)}}
	if n, err := newPulse(many).Read(make([]byte, 1000)); n != 400 || err != nil {
		t.Errorf("a hundred answers that nobody takes: Read = %d, %v; want 400 bytes", n, err)
	}
}
