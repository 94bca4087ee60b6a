package font

import (
	"bytes"
	"image"
	"image/color"
	"sync"
	"testing"

	"kagimado/kiosk/golden"
)

// screenRunes are those a page of the kiosk is made of: ASCII, kana, the marks, brackets and full-width forms.
func screenRunes() []rune {
	var runes []rune
	for _, r := range [][2]rune{{' ', '~'}, {'ぁ', 'ん'}, {'ァ', 'ヶ'}, {'！', '～'}, {'、', '】'}} {
		for c := r[0]; c <= r[1]; c++ {
			runes = append(runes, c)
		}
	}
	return append(runes, []rune("〇ー〜・々市役所窓口暗証番号電子証明書有効期限署名利用者補助住民基本台帳券面照合")...)
}

func TestCells(t *testing.T) {
	for _, tt := range []struct {
		r    rune
		want int
		ok   bool
	}{
		{'0', 1, true}, {'A', 1, true}, {' ', 1, true}, {'ｱ', 1, true}, {'é', 1, true},
		{'あ', 2, true}, {'漢', 2, true}, {'〇', 2, true}, {'！', 2, true}, {'Ｘ', 2, true}, {'？', 2, true}, {'　', 2, true},
		{'♿', 0, false}, {'𠮷', 0, false}, {'😀', 0, false}, {'각', 0, false}, {-1, 0, false}, {0x110000, 0, false},
	} {
		if got, ok := Cells(tt.r); got != tt.want || ok != tt.ok {
			t.Errorf("Cells(%q) = %d, %v; want %d, %v", tt.r, got, ok, tt.want, tt.ok)
		}
		if Has(tt.r) != tt.ok || At(Regular, 20).Has(tt.r) != tt.ok || At(Bold, 20).Has(tt.r) != tt.ok {
			t.Errorf("Has(%q) = %v, %v, %v; want %v", tt.r, Has(tt.r), At(Regular, 20).Has(tt.r), At(Bold, 20).Has(tt.r), tt.ok)
		}
	}
	for _, r := range screenRunes() {
		want := 2
		if r <= '~' {
			want = 1
		}
		if got, ok := Cells(r); got != want || !ok {
			t.Errorf("Cells(%q) = %d, %v; want %d, true", r, got, ok, want)
		}
	}
}

// Figures of one width are what lets a column of dates and counts stand straight.
func TestAdvance(t *testing.T) {
	for _, em := range []int{20, 23, 27, 30, 57} {
		f := At(Bold, em)
		for _, tt := range []struct {
			s     string
			cells int
		}{{"", 0}, {"0", 1}, {"2030-02-17", 10}, {"残り0回", 7}, {"市役所", 6}, {"♿", 2}} {
			if got := f.Cells(tt.s); got != tt.cells {
				t.Errorf("At(Bold, %d).Cells(%q) = %d; want %d", em, tt.s, got, tt.cells)
			}
			if got, want := f.Advance(tt.s), (tt.cells*em+1)/2; got != want {
				t.Errorf("At(Bold, %d).Advance(%q) = %d; want %d", em, tt.s, got, want)
			}
		}
	}
}

// Layout counts on ink staying inside the em square and the advance: otherwise lines would touch.
func TestInkStaysInItsSquare(t *testing.T) {
	for _, w := range []Weight{Regular, Bold} {
		for _, em := range []int{23, 26, 27, 30, 53, 57} {
			f := At(w, em)
			for _, r := range screenRunes() {
				img := paper(3*em, 3*em)
				f.Draw(img, em, em, string(r), 1)
				square := image.Rect(em, em, em+f.Advance(string(r)), 2*em)
				if ink := bounds(img); !ink.In(square) {
					t.Errorf("weight %d, em %d: ink of %q is %v; want inside %v", w, em, r, ink, square)
				}
			}
		}
	}
}

func TestDrawIsCutByItsImage(t *testing.T) {
	f := At(Regular, 30)
	whole := paper(200, 60)
	f.Draw(whole, 10, 10, "鍵窓Kg", 1)
	part := image.NewPaletted(image.Rect(25, 18, 60, 30), whole.Palette)
	f.Draw(part, 10, 10, "鍵窓Kg", 1)
	for y := part.Rect.Min.Y; y < part.Rect.Max.Y; y++ {
		for x := part.Rect.Min.X; x < part.Rect.Max.X; x++ {
			if got, want := part.ColorIndexAt(x, y), whole.ColorIndexAt(x, y); got != want {
				t.Fatalf("pixel %d,%d = %d; want %d", x, y, got, want)
			}
		}
	}
}

func TestConcurrentDraw(t *testing.T) {
	want := paper(400, 40)
	At(Regular, 31).Draw(want, 0, 0, "マイナンバーカード", 1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got := paper(400, 40)
			At(Regular, 31).Draw(got, 0, 0, "マイナンバーカード", 1)
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Error("a drawing in parallel differs")
			}
		})
	}
	wg.Wait()
}

func TestRaster(t *testing.T) {
	img := paper(580, 300)
	y := 4
	for _, em := range []int{23, 26, 30, 57} {
		for _, w := range []Weight{Regular, Bold} {
			At(w, em).Draw(img, 4, y, "署名用パスワード 残り0回 2030-02-17", 1)
			y += em + 4
		}
	}
	golden.Picture(t, "raster.png", img)
}

func TestGrid(t *testing.T) {
	white, black, red := color.RGBA{255, 255, 255, 255}, color.RGBA{A: 255}, color.RGBA{0xB0, 0, 0x20, 255}
	g := Grid{
		{{Text: "鍵", FG: white, BG: red, Wide: true}, {}, {Text: "A", FG: black, BG: white, Bold: true}},
		{{Text: "b", FG: white, BG: black, Reverse: true}, {BG: red}},
		{{}, {}, {Text: "鍵", FG: black, BG: white}}, // a wide rune said to be narrow
	}
	img := g.Image(20, 40)
	if got, want := img.Rect, image.Rect(0, 0, 60, 120); got != want {
		t.Fatalf("bounds = %v; want %v", got, want)
	}
	for _, tt := range []struct {
		name string
		area image.Rectangle
		bg   color.RGBA
		ink  bool
	}{
		{"wide", image.Rect(0, 0, 40, 40), red, true},
		{"right half of wide", image.Rect(20, 0, 40, 40), red, true},
		{"bold", image.Rect(40, 0, 60, 40), white, true},
		{"reverse", image.Rect(0, 40, 20, 80), white, true},
		{"empty", image.Rect(20, 40, 40, 80), red, false},
		{"beyond a short row", image.Rect(40, 40, 60, 80), black, false},
		{"cut", image.Rect(40, 80, 60, 120), white, true},
	} {
		if got := img.RGBAAt(tt.area.Min.X, tt.area.Min.Y); got != tt.bg {
			t.Errorf("%s: background = %v; want %v", tt.name, got, tt.bg)
		}
		ink := false
		for y := tt.area.Min.Y; y < tt.area.Max.Y; y++ {
			for x := tt.area.Min.X; x < tt.area.Max.X; x++ {
				ink = ink || img.RGBAAt(x, y) != tt.bg
			}
		}
		if ink != tt.ink {
			t.Errorf("%s: ink = %v; want %v", tt.name, ink, tt.ink)
		}
	}
	if got := (Grid{}).Image(20, 40).Rect; !got.Empty() {
		t.Errorf("Grid{}.Image bounds = %v; want none", got)
	}
}

func BenchmarkFirstText(b *testing.B) {
	for b.Loop() {
		f := &Face{em: 30, face: outline(Regular, 30), glyphs: map[rune]glyph{}}
		f.Draw(paper(600, 30), 0, 0, "署名用電子証明書の暗証番号が使えません", 1)
	}
}

func paper(w, h int) *image.Paletted {
	return image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})
}

func bounds(img *image.Paletted) image.Rectangle {
	var r image.Rectangle
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
			if img.ColorIndexAt(x, y) != 0 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}
