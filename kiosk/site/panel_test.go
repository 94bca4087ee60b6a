package site

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"kagimado/kiosk/font"
)

// TestCapital measures the typeface.
func TestCapital(t *testing.T) {
	const em = 1000
	for _, w := range []font.Weight{font.Regular, font.Bold} {
		for _, letter := range []string{"H", "E", "I"} {
			paper := image.NewPaletted(image.Rect(0, 0, em, em), color.Palette{color.White, color.Black})
			font.At(w, em).Draw(paper, 0, 0, letter, 1)
			rows := 0
			for y := range em {
				if strings.ContainsRune(string(paper.Pix[y*paper.Stride:(y+1)*paper.Stride]), 1) {
					rows++
				}
			}
			// The foot of a letter stands below the baseline, which makes it higher still.
			if high := float64(rows) / em; high < capital || high > capital+0.03 {
				t.Errorf("%s of weight %d is %.3f em high; capital is %.3f", letter, w, high, capital)
			}
		}
	}
}

// TestPanels holds the check against the table of field.md §2.2, with the typeface's own capital.
func TestPanels(t *testing.T) {
	for _, test := range []struct {
		name                 string
		panel                Panel
		capital              float64
		columns, rows        int // of the smallest target
		width, height        float64
		readable, touchable  bool
		nearest, least, most int // cell widths that pass; 0: none
	}{
		{"Touch Display 1", Panel{154, 86, 800, 480, 20, 40}, 5.6, 6, 3, 23.1, 21.5, true, true, 20, 19, 20},
		{"Touch Display 2", Panel{155, 88, 1280, 720, 28, 56}, 5.4, 6, 3, 20.3, 20.5, true, true, 28, 28, 30},
		{"10.1 inches", Panel{217, 136, 1280, 800, 20, 40}, 5.3, 6, 3, 20.3, 20.4, true, true, 20, 19, 32},
		{"10.1 inches, large", Panel{217, 136, 1280, 800, 26, 52}, 6.9, 6, 3, 26.4, 26.5, true, true, 26, 19, 32},
		{"10.1 inches, 80×25", Panel{217, 136, 1280, 800, 16, 32}, 4.3, 8, 4, 21.7, 21.8, false, true, 19, 19, 32},
		{"10.1 inches, narrow cells", Panel{217, 136, 1280, 800, 16, 40}, 4.3, 8, 3, 21.7, 20.4, false, true, 19, 19, 32},
		{"5 inches", Panel{108, 65, 800, 480, 20, 40}, 4.3, 8, 4, 21.6, 21.7, false, false, 0, 0, 0},
		{"a flat one", Panel{300, 70, 1920, 480, 20, 40}, 4.6, 7, 4, 21.9, 23.3, false, false, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := test.panel
			columns, rows, w, h := p.Target()
			for what, v := range map[string][2]float64{"capital": {p.CapitalMM(), test.capital}, "target's width": {w, test.width}, "target's height": {h, test.height}} {
				if math.Abs(v[0]-v[1]) > 0.05 {
					t.Errorf("%s is %.2f mm; want %.1f", what, v[0], v[1])
				}
			}
			if columns != test.columns || rows != test.rows || p.Readable() != test.readable || p.Touchable() != test.touchable {
				t.Errorf("target of %d×%d cells, readable %t, touchable %t; want %+v", columns, rows, p.Readable(), p.Touchable(), test)
			}
			want := "もっと大きい画面が要ります"
			if test.nearest > 0 {
				want = fmt.Sprintf("[%d, %d] にしてください（[%d, %d] から [%d, %d] まで",
					test.nearest, 2*test.nearest, test.least, 2*test.least, test.most, 2*test.most)
			}
			if got := p.remedy(); !strings.Contains(got, want) {
				t.Errorf("remedy %q; want %q in it", got, want)
			}
			source := minimal + fmt.Sprintf("\n[panel]\nmm = [%d, %d]\npixels = [%d, %d]\ncell = [%d, %d]\n",
				p.WidthMM, p.HeightMM, p.WidthPixels, p.HeightPixels, p.CellWidth, p.CellHeight)
			_, problems := Load("kiosk.toml", []byte(source))
			told := ""
			for _, q := range problems {
				if q.Key == "panel.cell" {
					told += q.Message
				}
			}
			if passes := test.readable && test.touchable; passes != (told == "") || !passes && !strings.Contains(told, p.remedy()) {
				t.Errorf("the profile's problems: %q; want the remedy %q unless the panel passes", told, p.remedy())
			}
		})
	}
}

func TestPanelTellsItsNumbers(t *testing.T) {
	const want = "画面 64桁×20行（1文字分 3.4×6.8mm）、英大文字の高さ 5.3mm（4.9mm以上）、ボタンの最小 6桁×3行で 20.3×20.4mm（20mm以上）"
	if got := (Panel{217, 136, 1280, 800, 20, 40}).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
