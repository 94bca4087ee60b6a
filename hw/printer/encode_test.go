package printer

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"kagimado/hw/hwtest"
)

var blackOnWhite = color.Palette{color.White, color.Black}

// text returns a picture like printed lines: strokes of two dots and more, blank rows between the lines.
func text(width, height int, seed uint64) *image.Paletted {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewPaletted(image.Rect(0, 0, width, height), blackOnWhite)
	for y := range height {
		if y%45 >= 30 {
			continue
		}
		for x := 0; x < width; x += 1 + r.IntN(12) {
			for end := min(width, x+2+r.IntN(4)); x < end; x++ {
				m.SetColorIndex(x, y, 1)
			}
		}
	}
	return m
}

// fromBytes returns a picture whose packed rows are exactly these bytes.
func fromBytes(stride int, data []byte) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, stride*8, max(1, (len(data)+stride-1)/stride)), blackOnWhite)
	for i, b := range data {
		for bit := range 8 {
			if b&(0x80>>bit) != 0 {
				m.SetColorIndex(i%stride*8+bit, i/stride, 1)
			}
		}
	}
	return m
}

// changed counts the dots in which printed differs from slip, and fails when black turned white.
func changed(t testing.TB, slip, printed *image.Paletted) int {
	t.Helper()
	if slip.Bounds().Dy() != printed.Bounds().Dy() {
		t.Fatalf("printed %d rows; want %d", printed.Bounds().Dy(), slip.Bounds().Dy())
	}
	n := 0
	b, c := slip.Bounds(), printed.Bounds()
	for y := range b.Dy() {
		want := slip.Pix[slip.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()]
		got := printed.Pix[printed.PixOffset(c.Min.X, c.Min.Y+y):][:b.Dx()]
		if bytes.Equal(want, got) {
			continue
		}
		for x := range want {
			if want[x] != got[x] {
				n++
				if want[x] == 1 {
					t.Fatalf("dot %d,%d turned white", x, y)
				}
			}
		}
	}
	return n
}

func printOn(t testing.TB, stream []byte, width int) (*hwtest.Printer, *image.Paletted) {
	t.Helper()
	paper := &hwtest.Printer{Width: width}
	if _, err := paper.Write(stream); err != nil {
		t.Fatal(err)
	}
	slips := paper.Slips()
	if len(slips) != 1 {
		t.Fatalf("cut %d slips; want 1", len(slips))
	}
	return paper, slips[0]
}

func TestEncodePrintsThePicture(t *testing.T) {
	tests := []struct {
		name string
		slip *image.Paletted
	}{
		{"one dot", text(1, 1, 1)},
		{"58 mm text", text(384, 900, 2)},
		{"80 mm text", text(576, 1600, 3)},
		{"odd width", text(419, 333, 4)},
		{"640 dots", text(640, 257, 5)},
		{"blank", image.NewPaletted(image.Rect(0, 0, 576, 400), blackOnWhite)},
		{"all black", fromBytes(72, bytes.Repeat([]byte{0xFF}, 72*300))},
		{"part of a larger picture", text(576, 800, 6).SubImage(image.Rect(13, 17, 397, 500)).(*image.Paletted)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stream, err := Encode(tt.slip, true)
			if err != nil {
				t.Fatal(err)
			}
			width := (tt.slip.Bounds().Dx() + 7) / 8 * 8
			paper, printed := printOn(t, stream, width)
			if n := changed(t, tt.slip, printed); n > 5 {
				t.Errorf("Encode changed %d dots; want at most a few", n)
			}
			if w := paper.Notes(); len(w) != 0 {
				t.Errorf("printer notes %q; want none", w)
			}
		})
	}
}

func TestEncodeRefusesWhatIsNoSlip(t *testing.T) {
	for _, r := range []image.Rectangle{{}, image.Rect(0, 0, 0, 5), image.Rect(0, 0, maxWidth+1, 1)} {
		if _, err := Encode(image.NewPaletted(r, blackOnWhite), true); err == nil {
			t.Errorf("Encode(%v) succeeded; want an error", r)
		}
	}
}

func TestSlices(t *testing.T) {
	slip := text(576, 1600, 7)
	commands, err := encode(slip, true)
	if err != nil {
		t.Fatal(err)
	}
	rows, size := 0, 0
	for _, c := range commands {
		size += len(c)
		if !bytes.HasPrefix(c, []byte{0x1D, 0x76, 0x30, 0x00}) {
			continue
		}
		n := int(c[6])
		if n == 0 || n > sliceRows || c[5] != 0 || c[7] != 0 || len(c) != 8+int(c[4])*n {
			t.Fatalf("slice header % X with %d bytes; want at most %d rows and as many bytes as it says", c[:8], len(c), sliceRows)
		}
		rows += n
		if y := rows; y < 1600 && y%45 != 0 && y%45 != 30 {
			t.Errorf("slice ends at row %d; want it beside blank rows", y)
		}
	}
	if rows != 1600 {
		t.Errorf("slices hold %d rows; want 1600", rows)
	}
	if full := 1600 * 72; size > full*7/10 {
		t.Errorf("Encode takes %d bytes; want blank rows, a third of %d, nearly free", size, full)
	}
}

// Without a blank row there is no good place to cut; a single blank row is one.
func TestSliceEnd(t *testing.T) {
	full := func(n int, blank ...int) []int {
		used := make([]int, n)
		for i := range used {
			used[i] = 9
		}
		for _, i := range blank {
			used[i] = 0
		}
		return used
	}
	tests := []struct {
		name string
		used []int
		want int
	}{
		{"solid", full(400), 128},
		{"short", full(100), 100},
		{"one blank row", full(400, 90), 90},
		{"last of several", full(400, 20, 90, 127), 127},
		{"no need to cut", full(100, 50), 100},
		{"blank first row", full(400, 0), 128},
		{"gap", full(400, 40, 41, 42, 43, 44, 45, 46, 47), 40},
		{"gap across the limit", full(400, 125, 126, 127, 128, 129, 130, 131, 132), 125},
		{"leading gap", full(400, 0, 1, 2, 3, 4, 5, 6, 7, 8), 9},
		{"all blank", make([]int, 400), 128},
		{"blank end", make([]int, 3), 3},
	}
	for _, tt := range tests {
		if got := sliceEnd(tt.used, 0); got != tt.want {
			t.Errorf("%s: sliceEnd = %d; want %d", tt.name, got, tt.want)
		}
	}
}

// harmless holds the invariant of field.md §3.4: no picture contains a command that a printer obeys anywhere, not across
// rows, not across slices and not with whatever header stands before it. What comes out differs in no more dots than there
// were bytes that could begin one.
func harmless(t *testing.T, slip *image.Paletted) {
	t.Helper()
	commands, err := encode(slip, true)
	if err != nil {
		t.Fatal(err)
	}
	var stream []byte
	for _, c := range commands {
		if c[len(c)-1] == 0x10 {
			t.Fatalf("a command ends in DLE: the next status request would hide behind it")
		}
		stream = append(stream, c...)
	}
	for _, forbidden := range [][]byte{{0x10, 0x04}, {0x10, 0x05}, {0x10, 0x14}} {
		if i := bytes.Index(stream, forbidden); i >= 0 {
			t.Fatalf("% X at byte %d", forbidden, i)
		}
	}
	bits, _ := pack(slip)
	paper, printed := printOn(t, stream, (slip.Bounds().Dx()+7)/8*8)
	if n, most := changed(t, slip, printed), bytes.Count(bits, []byte{0x10}); n > most {
		t.Errorf("Encode changed %d dots for %d DLE bytes", n, most)
	}
	if w := paper.Notes(); len(w) != 0 {
		t.Errorf("printer notes %q; want none", w)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(1, []byte{0x10, 0x04, 0x10, 0x05, 0x10, 0x14})
	f.Add(2, []byte{0x10, 0x10, 0x04, 0x10, 0x10})
	f.Add(16, bytes.Repeat([]byte{0x10, 0x04}, 16*100))
	f.Add(16, append(make([]byte, 16*127), bytes.Repeat([]byte{0x10}, 64)...))
	f.Add(3, append(append(bytes.Repeat([]byte{0x10}, 3*128), make([]byte, 30)...), 0x14, 0x05, 0x04))
	f.Add(80, bytes.Repeat([]byte{0x04, 0x10, 0x14, 0x10, 0x05, 0x10}, 2000))
	f.Fuzz(func(t *testing.T, stride int, data []byte) {
		if stride < 1 || stride > 255 || len(data) == 0 || len(data) > 1<<16 {
			return
		}
		harmless(t, fromBytes(stride, data))
	})
}

// Every slip that the repository keeps, and pictures of the bytes that real-time commands are made of.
func TestNoRealTimeCommandInPictures(t *testing.T) {
	paths, err := filepath.Glob("../../kiosk/slip/testdata/*.png")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no slips found: %v", err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		slip, ok := m.(*image.Paletted)
		if !ok {
			t.Fatalf("%s has no palette", path)
		}
		harmless(t, slip)
	}
	r := rand.New(rand.NewPCG(1, 7))
	for range 300 {
		data := make([]byte, 1+r.IntN(3000))
		for i := range data {
			data[i] = []byte{0x10, 0x10, 0x04, 0x05, 0x14, 0x00, byte(r.Uint32())}[r.IntN(7)]
		}
		harmless(t, fromBytes(1+r.IntN(80), data))
	}
}

func BenchmarkEncode(b *testing.B) {
	slip := text(576, 1600, 8)
	b.ReportAllocs()
	for b.Loop() {
		stream, err := Encode(slip, true)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(stream)), "slip-bytes")
	}
}
