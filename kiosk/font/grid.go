package font

import (
	"image"
	"image/color"
	"image/draw"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// Cell is one cell of a terminal.
type Cell struct {
	Text    string // one grapheme cluster; empty draws the background alone
	FG, BG  color.RGBA
	Bold    bool
	Reverse bool // FG and BG change places
	Wide    bool // the cluster covers this cell and the next one, whose own content is not drawn
}

// Grid is rows of cells. Rows may differ in length.
type Grid [][]Cell

// Image draws the grid in the real font, one cell being w×h pixels: the em is as large as two cells side by side
// allow. What is wider than its cells is cut there, so that a rune of the wrong width is seen to be wrong. Unlike
// a slip the picture is grey at the edges, and the greys differ between processors: look at it, never compare it.
func (g Grid) Image(w, h int) *image.RGBA {
	cols := 0
	for _, row := range g {
		cols = max(cols, len(row))
	}
	img := image.NewRGBA(image.Rect(0, 0, cols*w, len(g)*h))
	draw.Draw(img, img.Rect, image.Black, image.Point{}, draw.Src)

	em := max(1, min(2*w, h))
	faces := [...]xfont.Face{Regular: outline(Regular, em), Bold: outline(Bold, em)}
	for y, row := range g {
		for x := 0; x < len(row); x++ {
			c := row[x]
			cells := 1
			if c.Wide {
				cells = 2
			}
			fg, bg, weight := c.FG, c.BG, Regular
			if c.Reverse {
				fg, bg = bg, fg
			}
			if c.Bold {
				weight = Bold
			}
			box := image.Rect(x*w, y*h, (x+cells)*w, (y+1)*h).Intersect(img.Rect)
			draw.Draw(img, box, image.NewUniform(bg), image.Point{}, draw.Src)
			origin := fixed.P(x*w+(cells*w-cells*em/2)/2, y*h+(h-em)/2+ascent(em))
			for _, r := range c.Text {
				ink, mask, at, _, _ := faces[weight].Glyph(origin, r)
				inside := ink.Intersect(box)
				draw.DrawMask(img, inside, image.NewUniform(fg), image.Point{}, mask, at.Add(inside.Min).Sub(ink.Min), draw.Over)
			}
			x += cells - 1
		}
	}
	return img
}
