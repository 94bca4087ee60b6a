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
	if s.says[0] = s.says[0][n:]; len(s.says[0]) == 0 {
		s.says = s.says[1:]
	}
	return n, nil
}

func (s *said) Write(b []byte) (int, error) { return s.taken.Write(b) }

// TestPulse: an answer is found however it is cut up, nothing else is one, and at a bench all of it is passed on.
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
			p := newPulse(s, true)
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
	newPulse(s, true).Ask()
	if got := s.taken.String(); got != "\x1b[5n" {
		t.Errorf("Ask wrote %q", got)
	}
	many := &said{says: [][]byte{bytes.Repeat([]byte("\x1b[0n"), 100)}}
	if n, err := newPulse(many, true).Read(make([]byte, 1000)); n != 400 || err != nil {
		t.Errorf("a hundred answers that nobody takes: Read = %d, %v; want 400 bytes", n, err)
	}
}

// hears is what the program is told when the terminal says that in pieces of so many bytes, read into so small a buffer.
func hears(t *testing.T, says string, piece, buffer int) string {
	t.Helper()
	var all [][]byte
	for rest := []byte(says); len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		all = append(all, rest[:min(piece, len(rest))])
	}
	s := &said{says: all}
	p := newPulse(s, false)
	var passed bytes.Buffer
	for b := make([]byte, buffer); len(s.says) > 0 || p.told.Len() > 0; {
		n, err := p.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		passed.Write(b[:n])
	}
	return passed.String()
}

// TestOnlyFingers: whatever else a terminal says to the kiosk never reaches the program.
func TestOnlyFingers(t *testing.T) {
	const tap = "\x1b[<0;12;7M\x1b[<0;12;7m"
	for name, noise := range map[string]string{
		"typed":                 "1q\x03\r\t\x1a\x1c漢",
		"Escape":                "\x1b",
		"Alt and a letter":      "\x1bx",
		"function keys":         "\x1bOP\x1b[15~\x1b[1;3Q\x1b[[B",
		"kitty's keyboard":      "\x1b[49u\x1b[113;5u\x1b[57400u",
		"modifyOtherKeys":       "\x1b[27;5;99~",
		"win32's keyboard":      "\x1b[49;2;49;1;0;2147483647_",
		"a paste":               "\x1b[200~1q\x03\x1b[201~",
		"who it is (DA1, DA2)":  "\x1b[?62;4;22;28;52c\x1b[>1;12200;0c",
		"who it is (DA3)":       "\x1bP!|464f4f54\x1b\\",
		"its version":           "\x1bP>|foot(1.21.0)\x1b\\",
		"where the cursor is":   "\x1b[12;34R",
		"its status":            "\x1b[0n",
		"the clipboard (OSC52)": "\x1b]52;c;MXEDMQ==\x1b\\",
		"a colour (OSC 11)":     "\x1b]11;rgb:1111/1111/1111\x07",
		"its title":             "\x1b]l1q\x1b\\",
		"focus":                 "\x1b[I\x1b[O",
		"an old mouse":          "\x1b[M !!",
		"a mode":                "\x1b[?2026;1$y",
		"no end":                "\x1b]52;c;",
		"half a report":         "\x1b[<0;12;",
		"a report too long":     "\x1b[<0;12;700000M",
		"a report of a letter":  "\x1b[<0;12;7u",
		"too few numbers":       "\x1b[<0;12M\x1b[<M",
		"too many numbers":      "\x1b[<0;1;2;3M",
		"8-bit controls":        "\x9b<0;1;1M\x9b0n\x90q1\x9c",
		"NUL and DEL":           "\x00\x7f\xff\xfe",
	} {
		for piece := 1; piece < 9; piece++ {
			for _, buffer := range []int{1, 5, 128} {
				if got := hears(t, tap+noise+tap, piece, buffer); got != tap+tap {
					t.Errorf("%s, in pieces of %d read by %d: the program is told %q; want the two taps", name, piece, buffer, got)
				}
			}
		}
	}
}

// FuzzTerminal lets a terminal say anything. tcell makes no key, no paste and no clipboard of what is passed on, and never more
// events than there were reports.
func FuzzTerminal(f *testing.F) {
	f.Add("\x1b[<0;12;7M\x1b[<0;12;7m", 3)
	f.Add("\x1b[<64;1;1M1\x1bP>|foot(1)\x1b\\\x1b[49;2;49;1;0;99_", 7)
	f.Fuzz(func(t *testing.T, says string, piece int) {
		passed := hears(t, says, 1+max(piece, 0)%64, 128)
		if whole := hears(t, says, max(len(says), 1), 128); whole != passed {
			t.Fatalf("in pieces %q, at once %q", passed, whole)
		}
		events := make(chan tcell.Event, len(passed)+1)
		tcell.NewInputProcessor(events).ScanUTF8([]byte(passed))
		close(events)
		for ev := range events {
			if _, ok := ev.(*tcell.EventMouse); !ok {
				t.Fatalf("%q becomes %T", passed, ev)
			}
		}
	})
}
