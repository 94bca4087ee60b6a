package hwtest

import (
	"bytes"
	"context"
	"image"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// draw shows a picture as text: # is black.
func draw(m *image.Paletted) []string {
	var rows []string
	for y := range m.Bounds().Dy() {
		var b strings.Builder
		for x := range m.Bounds().Dx() {
			b.WriteByte(".#"[m.ColorIndexAt(x, y)])
		}
		rows = append(rows, b.String())
	}
	return rows
}

func TestPaper(t *testing.T) {
	const init, cut = "\x1B\x40", "\x1DV\x42\x00"
	tests := []struct {
		name, in string
		want     []string // of the only slip; nil = none
		text     string
		notes    []string
	}{
		{"raster", init + "\x1Dv0\x00\x01\x00\x02\x00\xA5\x3C" + cut, []string{"#.#..#.#........", "..####.........."}, "", nil},
		{"raster of double size", "\x1Dv0\x03\x01\x00\x01\x00\xA1" + cut, []string{"##..##........##", "##..##........##"}, "", nil},
		{"raster across the edge", "\x1Dv0\x00\x03\x00\x01\x00\xFF\x00\xFF" + cut, []string{"########........"}, "", []string{"picture of 24 dots on 16"}},
		{"graphics in the middle", init + "\x1Ba\x01\x1D8L\x0C\x00\x00\x000p0\x01\x011\x08\x00\x02\x00\x81\xFF\x1D(L\x02\x0002" + cut, []string{"....#......#....", "....########...."}, "", nil},
		{"graphics on the right of an area", init + "\x1DL\x02\x00\x1DW\x0A\x00\x1Ba\x02\x1D(L\x0B\x000p0\x01\x011\x08\x00\x01\x00\xFF\x1D(L\x02\x0002" + cut, []string{"....########...."}, "", nil},
		{"graphics that lie", "\x1D(L\x0B\x000p0\x01\x011\x08\x00\x02\x00\xFF\x1D(L\x02\x0002", nil, "", []string{"graphics of 8×2 dots with 1 bytes"}},
		{"feeds", init + "\x1BJ\x01\x1B3\x02\x1Bd\x01\x0A" + cut, []string{strings.Repeat(".", 16), strings.Repeat(".", 16), strings.Repeat(".", 16), strings.Repeat(".", 16), strings.Repeat(".", 16)}, "", nil},
		{"a line of text keeps its room", init + "\x1B3\x00ab\x0A", nil, "ab", nil},
		{"cutting nothing", cut + "\x1DV\x00", nil, "", nil},
		{"old cut", "\x1BJ\x01\x1DV\x01", []string{strings.Repeat(".", 16)}, "", nil},
		{"commands without paper", "\x1BM0\x1C(A\x02\x000\x00\x1B \x00\x1CS\x00\x00\x1B{\x00\x1C.\x1DP\xCB\xCB\x1BE1\x1DB1\x1D!\x11\x1Bt\x01\x1CC1\x1BR\x08\x1Dw\x02\x1Dh\x3C\x1DH\x02\x1B$\x00\x01\x1B\\\x00\x01\x1Bp\x00\x19\x19\x1B\x06\x01\x00\x0D", nil, "", nil},
		{"barcodes", "\x1Dk\x04CODE\x00\x1DkI\x04{B12", nil, "", nil},
		{"column image", init + "\x1B*!\x02\x00abcdef", nil, "", []string{"column image: not drawn"}},
		{"real-time command at its place", "\x10\x04\x01\x10\x05\x01\x10\x14\x01", nil, "", nil},
		{"real-time command in a picture", "\x1Dv0\x00\x02\x00\x01\x00\x10\x04" + cut, []string{"...#.........#.."}, "", []string{"real-time command 10 04 inside a picture"}},
		{"unknown", "\x1B\xFE\x1D\xFE\x1C\xFE", nil, "", []string{"unknown command 1B FE", "unknown command 1D FE", "unknown command 1C FE"}},
	}
	for _, tt := range tests {
		for _, piece := range []int{1, len(tt.in)} {
			p := Printer{Width: 16}
			for b := []byte(tt.in); len(b) > 0; b = b[piece:] {
				_, _ = p.Write(b[:piece])
			}
			var got []string
			for _, s := range p.Slips() {
				got = append(got, draw(s)...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: slip (-want +got):\n%s", tt.name, diff)
			}
			if p.Text() != tt.text {
				t.Errorf("%s: text %q; want %q", tt.name, p.Text(), tt.text)
			}
			if diff := cmp.Diff(tt.notes, p.Notes()); diff != "" {
				t.Errorf("%s: notes (-want +got):\n%s", tt.name, diff)
			}
			if p.Received() != len(tt.in) {
				t.Errorf("%s: received %d bytes; want %d", tt.name, p.Received(), len(tt.in))
			}
		}
	}
}

// talk connects to p and returns a function that sends and one that expects exactly these bytes next.
func talk(t *testing.T, p *Printer) (send func(string), expect func(string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	near, far := net.Pipe()
	var server sync.WaitGroup
	server.Go(func() { p.Serve(ctx, far) })
	t.Cleanup(func() { cancel(); server.Wait() })
	if err := near.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return func(s string) {
			t.Helper()
			if _, err := io.WriteString(near, s); err != nil {
				t.Fatalf("sending % X: %v", s, err)
			}
		}, func(want string) {
			t.Helper()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(near, got); err != nil || string(got) != want {
				t.Fatalf("got % X, %v; want % X", got, err, want)
			}
		}
}

func TestStatus(t *testing.T) {
	const all = "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
	for _, tt := range []struct {
		name     string
		is       Condition
		realTime string
		auto     string
	}{
		{"ready", Condition{}, "\x12\x12\x12\x12", "\x10\x00\x00\x00"},
		{"near end", Condition{NearEnd: true}, "\x12\x12\x12\x1E", "\x10\x00\x03\x00"},
		{"paper end", Condition{PaperEnd: true}, "\x1A\x32\x12\x7E", "\x18\x00\x0F\x00"},
		{"cover", Condition{CoverOpen: true}, "\x1A\x16\x12\x12", "\x38\x00\x00\x00"},
		{"cutter", Condition{CutterError: true}, "\x1A\x52\x1A\x12", "\x18\x08\x00\x00"},
		{"offline", Condition{Offline: true}, "\x1A\x12\x12\x12", "\x18\x00\x00\x00"},
	} {
		p := &Printer{}
		send, expect := talk(t, p)
		send("\x1Da\xFF")
		expect("\x10\x00\x00\x00")
		p.Set(func(c *Condition) { *c = tt.is })
		if tt.name != "ready" {
			expect(tt.auto)
		}
		send(all)
		expect(tt.realTime)
	}
}

// While it is out of paper a printer keeps what comes and answers real-time questions only.
func TestStoppedPrinterWaits(t *testing.T) {
	p := &Printer{Width: 16}
	send, expect := talk(t, p)
	p.Set(func(c *Condition) { c.PaperEnd = true })
	send("\x1Dv0\x00\x01\x00\x01\x00\xFF\x1DV\x00\x1Dr\x01\x10\x04\x02")
	expect("\x32")
	if n := len(p.Slips()); n != 0 {
		t.Errorf("%d slips without paper; want none", n)
	}
	p.Set(func(c *Condition) { c.PaperEnd = false })
	expect("\x00")
	if n := len(p.Slips()); n != 1 {
		t.Errorf("%d slips with paper again; want 1", n)
	}
}

func TestClearBuffer(t *testing.T) {
	for _, tt := range []struct{ name, clear, answer string }{
		{"DLE ENQ", "\x10\x05\x02", ""},
		{"DLE DC4", "\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", "\x37\x25\x00"},
	} {
		p := &Printer{Width: 16}
		send, expect := talk(t, p)
		p.Set(func(c *Condition) { c.PaperEnd = true })
		send("\x1BJ\x09\x1DV\x00" + tt.clear + "\x10\x04\x04")
		expect(tt.answer + "\x7E")
		p.Set(func(c *Condition) { c.PaperEnd = false })
		if n := len(p.Slips()); n != 0 {
			t.Errorf("%s: %d slips of a cleared job; want none", tt.name, n)
		}
	}
}

func TestAnswers(t *testing.T) {
	p := &Printer{}
	send, expect := talk(t, p)
	send("\x1DI\x42\x1DI\x01\x1D(H\x06\x00001234\x1Dr1\x1Dr\x02")
	expect("\x5FEPSON\x00\x02\x37\x221234\x00\x00")
	p.Set(func(c *Condition) { c.CutterJams = true })
	send("\x1Da\xFF")
	expect("\x10\x00\x00\x00")
	send("\x1BJ\x01\x1DV\x00\x1Dr\x01")
	expect("\x18\x08\x00\x00")
	send("\x10\x05\x01")
	expect("\x10\x00\x00\x00\x00") // recovered, and then the job's end that had waited
	p.Set(func(c *Condition) { c.Garble = func(b []byte) []byte { return append(b, 0xFF) } })
	send("\x10\x04\x01")
	expect("\x12\xFF")
	p.Set(func(c *Condition) { *c = Condition{Deaf: true} })
	send("\x10\x04\x01\x1Dr\x01")
	p.Set(func(c *Condition) { *c = Condition{NoJobEnd: true} })
	send("\x1Dr\x01\x1D(H\x06\x00001234\x10\x04\x01")
	expect("\x12")
	p.Set(func(c *Condition) { *c = Condition{NoName: true, NoJobID: true} })
	send("\x1DI\x42\x1D(H\x06\x00001234\x1Dr\x01")
	expect("\x00")
}

// A turn comes between two bytes, whatever pieces they arrive in, and once.
func TestTurn(t *testing.T) {
	p := &Printer{Width: 16}
	p.Set(func(c *Condition) {
		c.TurnAt, c.Turn = 6, func(c *Condition) { c.CoverOpen = true }
	})
	send, expect := talk(t, p)
	send("\x1BJ\x01\x10\x04\x01\x10\x04\x01\x1BJ\x01")
	expect("\x12\x1A")
	send("\x10\x04\x02")
	expect("\x16")
	if n := p.Paper().Bounds().Dy(); n != 1 {
		t.Errorf("%d rows; want only the one before the turn", n)
	}
	p.Set(func(c *Condition) { c.CoverOpen = false })
	send("\x10\x04\x01")
	expect("\x12")
	if n := p.Paper().Bounds().Dy(); n != 2 {
		t.Errorf("%d rows with the cover closed; want 2", n)
	}
}

// The answer at the job's end waits for the paper; an answer to a real-time question does not wait for it.
func TestSlow(t *testing.T) {
	p := &Printer{}
	p.Set(func(c *Condition) { c.RowTime = time.Millisecond })
	send, expect := talk(t, p)
	begun := time.Now()
	send("\x1BJ\x50\x1Dr\x01\x10\x04\x01")
	expect("\x12\x00")
	if d := time.Since(begun); d < 80*time.Millisecond {
		t.Errorf("80 rows took %v; want at least 80 ms", d)
	}
}

func TestRowsLeft(t *testing.T) {
	p := &Printer{}
	p.Set(func(c *Condition) { c.RowsLeft = 10 })
	_, _ = p.Write([]byte("\x1BJ\x09\x1DV\x00\x1BJ\x01\x1DV\x00"))
	if n, rows := len(p.Slips()), p.Paper().Bounds().Dy(); n != 1 || rows != 1 {
		t.Errorf("%d slips and %d rows hanging out; want 1 and 1", n, rows)
	}
}

// Half a command outlives its connection.
func TestHalfCommandStays(t *testing.T) {
	p := &Printer{Width: 16}
	p.Set(func(c *Condition) { c.HangUpAt = 10 })
	address, stop, err := p.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	job := []byte("\x1Dv0\x00\x01\x00\x02\x00\xFF\xFF\x1DV\x00")
	for _, b := range [][]byte{job, {0x00, 0x1D, 'V', 0x00}} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		if len(b) > 4 {
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("connection still talks; want it broken")
			}
			p.Set(func(c *Condition) { c.HangUpAt = 0 })
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // until the printer has taken it and lets go
		conn.Close()
	}
	if diff := cmp.Diff([]string{"########........", "................"}, draw(p.Slips()[0])); diff != "" {
		t.Errorf("slip (-want +got):\n%s", diff)
	}
}

func TestStuck(t *testing.T) {
	p := &Printer{}
	p.Set(func(c *Condition) { c.StuckAt = 3 })
	send, expect := talk(t, p)
	send("\x10\x04\x01")
	if n := p.Received(); n > 2 {
		t.Errorf("received %d bytes; want 2", n)
	}
	p.Set(func(c *Condition) { c.StuckAt = 0 })
	expect("\x12")
}

// FuzzPrinter shows that no bytes hurt the printer, and that it does not matter how they are cut up.
func FuzzPrinter(f *testing.F) {
	f.Add([]byte("\x1Dv0\x00\x01\x00\x02\x00\xFF\xFF\x1DV\x00"), 3)
	f.Add([]byte("\x1D8L\x0C\x00\x00\x000p0\x01\x011\x08\x00\x02\x00\x81\xFF\x1D(L\x02\x0002\x10\x04\x01\x10\x14\x08"), 5)
	f.Add([]byte("\x1B*\x21\xFF\xFF\x1Bd\xFF\x1Dk\x04\x1C(A\x10\x10\x05\x02"), 1)
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		if piece < 1 || len(in) > 64 { // much longer ones feed metres of paper
			return
		}
		whole, cut := Printer{Width: 24}, Printer{Width: 24}
		_, _ = whole.Write(in)
		for r := bytes.NewReader(in); r.Len() > 0; {
			_, _ = io.CopyN(&cut, r, int64(min(piece, r.Len())))
		}
		// DLE ENQ and DLE DC4 clear what was received and not yet obeyed, which is a matter of time.
		if bytes.Contains(in, []byte{0x10, 0x05}) || bytes.Contains(in, []byte{0x10, 0x14}) {
			return
		}
		if !bytes.Equal(whole.Paper().Pix, cut.Paper().Pix) || len(whole.Slips()) != len(cut.Slips()) || whole.Text() != cut.Text() {
			t.Errorf("pieces of %d bytes print something else than the whole", piece)
		}
	})
}
