package main

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"kagimado/hw"
	"kagimado/hw/framebuffer"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
)

// memory is a framebuffer's memory, and how often it was written to.
type memory struct {
	bytes  []byte
	writes int
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.writes++
	return copy(m.bytes[at:], b), nil
}

func (m *memory) Close() error { return nil }

// panel is a fake framebuffer as vc4 and virtio-gpu have it, filled with what a console left.
func panel(t testing.TB, width, height int) (*framebuffer.Framebuffer, *memory) {
	t.Helper()
	m := &memory{bytes: []byte(strings.Repeat("\x55\xAA\x55\xAA", width*height))}
	f, err := framebuffer.New(m, framebuffer.Geometry{
		Width: width, Height: height, Stride: width * 4, Bits: 32, Memory: len(m.bytes),
		Red: framebuffer.Channel{Offset: 16, Length: 8}, Green: framebuffer.Channel{Offset: 8, Length: 8}, Blue: framebuffer.Channel{Length: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, m
}

// seen is what stands on such a panel.
func (m *memory) seen(width int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, len(m.bytes)/4/width))
	for i := range len(m.bytes) / 4 {
		v := binary.NativeEndian.Uint32(m.bytes[i*4:])
		img.SetRGBA(i%width, i/width, color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xFF})
	}
	return img
}

// TestSplash: on every panel the whole screen is there, in cells as large as they can be or as the profile has them, and the
// rest is filled up.
func TestSplash(t *testing.T) {
	const hall = "../../kiosk/site/profiles/city-hall.toml" // cells of 20×40
	for _, tt := range []struct {
		width, height int
		profile       string
		w, h          int // of a cell
	}{
		{800, 480, "", 20, 40},
		{1024, 600, "", 25, 50},
		{1280, 800, "", 32, 64},
		{1280, 800, hall, 20, 40},
		{1920, 1080, "", 45, 90},
		{1920, 1080, hall, 20, 40},
		{720, 480, hall, 18, 36},            // 36 columns of the profile's are too few
		{1280, 800, "missing", 32, 64},      // as at boot, before the partition is mounted
		{1280, 800, "splash.go", 32, 64},    // no profile
		{480, 800, "", 12, 24},              // on its side
		{1366, 768, "", 32, 64},             // padded below
		{1001, 333, "", 13, 26},             // padded on both sides
		{3840, 2160, "", 90, 180},           // large ones
		{160, 96, "", 4, 8},                 // the smallest that is tried
		{8192, 96, "/dev/null", 4, 8},       // as wide as can be
		{screen.MinCols * 20, 96, "", 4, 8}, // low
	} {
		for _, code := range []hw.Code{"", hw.Restarted} {
			t.Run(fmt.Sprintf("%dx%d%s%s", tt.width, tt.height, filepath.Base(tt.profile), code), func(t *testing.T) {
				f, m := panel(t, tt.width, tt.height)
				if err := showPreparing(f, code, tt.profile); err != nil {
					t.Fatal(err)
				}
				if m.writes != 1 {
					t.Errorf("it is written in %d pieces; want one", m.writes)
				}
				cols, rows := tt.width/tt.w, tt.height/tt.h
				b := screen.NewBuffer(cols, rows)
				screen.Draw(b, session.Still(session.Settings{}, session.Preparing, session.Visit{Code: string(code)}), screen.Panel{})
				if text := b.Text(); !strings.Contains(text, string(code)) || strings.Contains(text, "S-") != (code != "") {
					t.Errorf("want the code %q in\n%s", code, text)
				}
				want, got := pictured(b).Image(tt.w, tt.h), m.seen(tt.width)
				at := func(x, y int) color.RGBA {
					x = min(x, want.Rect.Dx()-1)
					if y >= want.Rect.Dy() {
						x, y = want.Rect.Dx()-1, want.Rect.Dy()-1
					}
					return want.RGBAAt(x, y)
				}
				for y := range tt.height {
					for x := range tt.width {
						if g, w := got.RGBAAt(x, y), at(x, y); g != w {
							t.Fatalf("pixel %d, %d is %v; want %v", x, y, g, w)
						}
					}
				}
			})
		}
	}
}

// TestSplashTooSmall: nothing that could not be read is drawn.
func TestSplashTooSmall(t *testing.T) {
	for _, size := range [][2]int{{159, 1000}, {1000, 95}, {8, 8}} {
		f, m := panel(t, size[0], size[1])
		if err := showPreparing(f, "", ""); err == nil || !strings.Contains(err.Error(), "too few") || m.writes > 0 {
			t.Errorf("%d×%d: %v after %d writes; want an error and none", size[0], size[1], err, m.writes)
		}
	}
}

// BenchmarkSplash is what a boot waits for, but for the start of the program.
func BenchmarkSplash(b *testing.B) {
	for _, size := range [][2]int{{800, 480}, {1280, 800}, {1920, 1080}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			f, _ := panel(b, size[0], size[1])
			for b.Loop() {
				if err := showPreparing(f, hw.Restarted, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
