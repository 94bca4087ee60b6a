package framebuffer

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// page is memory that notes what is written outside it.
type page struct {
	bytes  []byte
	writes int
	err    error
}

func (p *page) WriteAt(b []byte, at int64) (int, error) {
	p.writes++
	if at < 0 || at+int64(len(b)) > int64(len(p.bytes)) {
		return 0, errors.New("beside the memory")
	}
	return copy(p.bytes[at:], b), p.err
}

func (p *page) Close() error { return nil }

// rgb32 and rgb16 are the geometries that are met: vc4, virtio-gpu and simple-framebuffer; and a 16-bit mode of each.
func rgb32(width, height int) Geometry {
	return Geometry{Width: width, Height: height, Stride: width * 4, Bits: 32, Memory: width * height * 4,
		Red: Channel{16, 8}, Green: Channel{8, 8}, Blue: Channel{0, 8}}
}

func rgb16(width, height int) Geometry {
	return Geometry{Width: width, Height: height, Stride: width * 2, Bits: 16, Memory: width * height * 2,
		Red: Channel{11, 5}, Green: Channel{5, 6}, Blue: Channel{0, 5}}
}

// TestPixels: each colour comes to the bits where the device wants it (little-endian, as every machine of ours).
func TestPixels(t *testing.T) {
	alpha := rgb32(8, 8)
	alpha.Alpha = Channel{24, 8}
	deep := rgb32(8, 8)
	deep.Red, deep.Green, deep.Blue, deep.Alpha = Channel{20, 10}, Channel{10, 10}, Channel{0, 10}, Channel{30, 2}
	swapped := rgb32(8, 8)
	swapped.Red, swapped.Blue = swapped.Blue, swapped.Red
	for _, tt := range []struct {
		name  string
		g     Geometry
		c     color.RGBA
		bytes string
	}{
		{"32", rgb32(8, 8), color.RGBA{0x11, 0x22, 0x33, 0xFF}, "\x33\x22\x11\x00"},
		{"32, blue first", swapped, color.RGBA{0x11, 0x22, 0x33, 0xFF}, "\x11\x22\x33\x00"},
		{"32 with alpha", alpha, color.RGBA{0x11, 0x22, 0x33, 0xFF}, "\x33\x22\x11\xFF"},
		{"ten bits a colour", deep, color.RGBA{0xFF, 0, 0xFF, 0xFF}, "\xFF\x03\xF0\xFF"},
		{"16 white", rgb16(8, 8), color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}, "\xFF\xFF"},
		{"16 red", rgb16(8, 8), color.RGBA{0xFF, 0, 0, 0xFF}, "\x00\xF8"},
		{"16 half a green", rgb16(8, 8), color.RGBA{0, 0x80, 0, 0xFF}, "\x00\x04"},
		{"16 our blue", rgb16(8, 8), color.RGBA{0, 0, 0x5F, 0xFF}, "\x0C\x00"},
	} {
		p := &page{bytes: make([]byte, tt.g.Memory)}
		f, err := New(p, tt.g)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		img := image.NewRGBA(image.Rect(0, 0, 1, 1))
		img.SetRGBA(0, 0, tt.c)
		if err := f.Show(img); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if want := strings.Repeat(tt.bytes, 64); string(p.bytes) != want { // a picture of one pixel fills everything
			t.Errorf("%s: % x; want % x all over", tt.name, p.bytes[:8], tt.bytes)
		}
	}
}

// TestPlace: the picture comes to where the memory is seen, once and in one piece, and nothing else is touched but the ends
// of rows in between.
func TestPlace(t *testing.T) {
	g := rgb32(10, 9)
	g.Left, g.Top, g.Stride = 3, 2, 16*4
	g.Memory = 12 * g.Stride
	p := &page{bytes: bytes.Repeat([]byte{0xEE}, g.Memory)}
	f, err := New(p, g)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(5, 5, 5+6, 5+20)) // too narrow, too high, and not at the origin
	for y := range 20 {
		for x := range 6 {
			img.SetRGBA(5+x, 5+y, color.RGBA{byte(x + 1), byte(y + 1), 0, 0xFF})
		}
	}
	if err := f.Show(img); err != nil || p.writes != 1 {
		t.Fatalf("Show = %v after %d writes; want one", err, p.writes)
	}
	for i := 0; i < g.Memory; i += 4 {
		x, y := i%g.Stride/4-g.Left, i/g.Stride-g.Top
		got := p.bytes[i : i+4]
		switch {
		case x >= 0 && x < 10 && y >= 0 && y < 9:
			if want := []byte{0, byte(y + 1), byte(min(x, 5) + 1), 0}; !bytes.Equal(got, want) {
				t.Errorf("pixel %d, %d is % x; want % x", x, y, got, want)
			}
		case y < 0 || y >= 9 || y == 0 && x < 0 || y == 8 && x >= 10:
			if !bytes.Equal(got, []byte{0xEE, 0xEE, 0xEE, 0xEE}) {
				t.Errorf("pixel %d, %d before or behind the picture is % x", x, y, got)
			}
		}
	}
}

// TestFill: below the picture its last pixel goes on, not its last row.
func TestFill(t *testing.T) {
	g := rgb16(9, 12)
	p := &page{bytes: make([]byte, g.Memory)}
	f, err := New(p, g)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 4, 3))
	for i := range img.Pix {
		img.Pix[i] = 0xFF
	}
	img.SetRGBA(3, 0, color.RGBA{A: 0xFF})
	img.SetRGBA(1, 2, color.RGBA{A: 0xFF})
	if err := f.Show(img); err != nil {
		t.Fatal(err)
	}
	for i := range 9 * 12 {
		x, y := i%9, i/9
		black := y == 0 && x >= 3 || y == 2 && x == 1
		if got := p.bytes[2*i] == 0; got != black {
			t.Errorf("pixel %d, %d: black is %t; want %t", x, y, got, black)
		}
	}
}

// TestErrors: what cannot be shown or written is told.
func TestErrors(t *testing.T) {
	g := rgb32(8, 8)
	f, err := New(&page{bytes: make([]byte, g.Memory), err: os.ErrDeadlineExceeded}, g)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Show(image.NewRGBA(image.Rect(0, 0, 8, 8))); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Show = %v; want the device's error", err)
	}
	if err := f.Show(image.NewRGBA(image.Rectangle{})); err == nil {
		t.Error("an empty picture is shown")
	}
}

// TestHostileGeometry: numbers no device has are refused.
func TestHostileGeometry(t *testing.T) {
	for name, spoil := range map[string]func(*Geometry){
		"nothing":               func(g *Geometry) { *g = Geometry{} },
		"no width":              func(g *Geometry) { g.Width = 0 },
		"no height":             func(g *Geometry) { g.Height = 0 },
		"negative":              func(g *Geometry) { g.Height = -480 },
		"huge":                  func(g *Geometry) { g.Width, g.Stride, g.Memory = 1<<31, 1<<33, 1<<62 },
		"high":                  func(g *Geometry) { g.Height, g.Memory = 1<<40, 1<<62 },
		"palette":               func(g *Geometry) { g.Bits = 8 },
		"24 bits":               func(g *Geometry) { g.Bits = 24 },
		"no bits":               func(g *Geometry) { g.Bits = 0 },
		"no stride":             func(g *Geometry) { g.Stride = 0 },
		"short stride":          func(g *Geometry) { g.Stride -= 4 },
		"odd stride":            func(g *Geometry) { g.Stride++; g.Memory *= 2 },
		"huge stride":           func(g *Geometry) { g.Stride, g.Memory = 1<<40, 1<<62 },
		"shown beside a row":    func(g *Geometry) { g.Left = 1 },
		"shown below the end":   func(g *Geometry) { g.Top = 1 },
		"shown far below":       func(g *Geometry) { g.Top, g.Memory = 1<<40, 1<<62 },
		"shown before":          func(g *Geometry) { g.Top = -1 },
		"little memory":         func(g *Geometry) { g.Memory-- },
		"no memory":             func(g *Geometry) { g.Memory = 0 },
		"no red":                func(g *Geometry) { g.Red.Length = 0 },
		"green beside":          func(g *Geometry) { g.Green.Offset = 25 },
		"blue far beside":       func(g *Geometry) { g.Blue.Offset = 1<<32 - 4 },
		"a wide colour":         func(g *Geometry) { g.Red = Channel{0, 32} },
		"alpha beside":          func(g *Geometry) { g.Alpha = Channel{24, 9} },
		"alpha that overflows":  func(g *Geometry) { g.Alpha = Channel{1<<32 - 1, 2} },
		"16 bits, colour of 32": func(g *Geometry) { g.Bits = 16 },
	} {
		g := rgb32(800, 480)
		spoil(&g)
		if _, err := New(&page{}, g); err == nil {
			t.Errorf("%s: %+v is believed", name, g)
		}
	}
}

// TestAnyGeometry: whatever is believed can be filled, and stays within its memory.
func TestAnyGeometry(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(values ...int) int { return values[rng.IntN(len(values))] }
	channel := func() Channel { return Channel{uint32(rng.IntN(34)), uint32(rng.IntN(18))} }
	img := image.NewRGBA(image.Rect(0, 0, 20, 12))
	believed := 0
	for range 20_000 {
		g := Geometry{
			Width: rng.IntN(64), Height: rng.IntN(64), Left: some(0, 0, rng.IntN(9)-1), Top: some(0, 0, rng.IntN(9)-1), Stride: some(64*4, rng.IntN(600)),
			Bits: some(16, 32, 32, rng.IntN(40)), Red: channel(), Green: channel(), Blue: channel(), Alpha: channel(), Memory: some(1<<16, rng.IntN(1<<14)),
		}
		p := &page{bytes: make([]byte, g.Memory)}
		f, err := New(p, g)
		if err != nil {
			continue
		}
		believed++
		if err := f.Show(img); err != nil {
			t.Fatalf("%+v: %v", g, err)
		}
	}
	if believed < 100 {
		t.Errorf("%d geometries are believed; want 100 at least", believed)
	}
}

// TestAnswers: the kernel's structures are as long as linux/fb.h has them, and what they tell is understood.
func TestAnswers(t *testing.T) {
	var v variableInfo
	var f fixedInfo
	if unsafe.Sizeof(v) != 160 || unsafe.Offsetof(v.NonStd) != 80 {
		t.Errorf("struct fb_var_screeninfo has %d bytes, nonstd at %d; want 160, 80", unsafe.Sizeof(v), unsafe.Offsetof(v.NonStd))
	}
	if unsafe.Sizeof(uintptr(0)) == 8 && (unsafe.Sizeof(f) != 80 || unsafe.Offsetof(f.SMemLen) != 24 || unsafe.Offsetof(f.Visual) != 36 || unsafe.Offsetof(f.LineLength) != 48) {
		t.Errorf("struct fb_fix_screeninfo has %d bytes, smem_len at %d, visual at %d, line_length at %d; want 80, 24, 36, 48",
			unsafe.Sizeof(f), unsafe.Offsetof(f.SMemLen), unsafe.Offsetof(f.Visual), unsafe.Offsetof(f.LineLength))
	}
	v.XRes, v.YRes, v.XOffset, v.YOffset, v.BitsPerPixel = 1280, 800, 1, 2, 32
	v.Red, v.Green, v.Blue, v.Transp = bitfield{16, 8, 0}, bitfield{8, 8, 0}, bitfield{0, 8, 0}, bitfield{24, 8, 0}
	f.Visual, f.LineLength, f.SMemLen = trueColour, 5376, 5376*900
	g, err := geometry(&v, &f)
	want := Geometry{1280, 800, 1, 2, 5376, 32, Channel{16, 8}, Channel{8, 8}, Channel{0, 8}, Channel{24, 8}, 5376 * 900}
	if err != nil || g != want {
		t.Errorf("geometry = %+v, %v; want %+v", g, err, want)
	}
	for name, spoil := range map[string]func(*variableInfo, *fixedInfo){
		"planes":    func(_ *variableInfo, f *fixedInfo) { f.Type = 1 },
		"palette":   func(_ *variableInfo, f *fixedInfo) { f.Visual = 3 },
		"grey":      func(v *variableInfo, _ *fixedInfo) { v.Grayscale = 1 },
		"odd":       func(v *variableInfo, _ *fixedInfo) { v.NonStd = 1 },
		"backwards": func(v *variableInfo, _ *fixedInfo) { v.Green.MSBRight = 1 },
	} {
		v, f := v, f
		spoil(&v, &f)
		if _, err := geometry(&v, &f); err == nil {
			t.Errorf("%s is understood", name)
		}
	}
}

// TestNoFramebuffer: what is none is told by name, and nothing is written to it.
func TestNoFramebuffer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fb0")
	if _, err := Open(file); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), file) {
		t.Errorf("Open of nothing = %v; want the file's name and that it does not exist", err)
	}
	if err := os.WriteFile(file, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, os.DevNull, t.TempDir()} {
		if _, err := Open(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Open(%s) = %v; want an error with its name", name, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "whole" {
		t.Errorf("the file is %q now, %v", b, err)
	}
}
