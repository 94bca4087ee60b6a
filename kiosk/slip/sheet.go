package slip

import (
	"fmt"
	"image"
	"image/color"

	"kagimado/kiosk/font"
	"kagimado/kiosk/text"
)

// sheet is the strip of paper while it is being filled, from the top down. Nothing is drawn before everything has its
// place, because only then the length is known. The first error stays and makes the rest idle.
type sheet struct {
	y     int // the first free row
	lines []line
	bars  []image.Rectangle // rules and modules of QR codes
	err   error
}

// line is one set line of text.
type line struct {
	column
	x, top int
	face   *font.Face
	s      string
}

// column is where text may stand: from left up to but not including right.
type column struct{ left, right int }

func (c column) width() int { return c.right - c.left }

// indent returns the column without its first dots.
func (c column) indent(dots int) column { return column{c.left + dots, c.right} }

// style is a face and the distance from the top of one line to the top of the next. The distance is larger than the
// em, so that between two lines there is always a row without ink: the printer cuts its strips there.
type style struct {
	*font.Face
	pitch int
}

// cells returns how many half-ems of the style stand side by side in c.
func (st style) cells(c column) int { return c.width() * 2 / st.Em() }

// wrap breaks s for column c. Whatever cannot be printed as it is becomes an error that names the block: a slip
// that lost a word would be a lie.
func (s *sheet) wrap(block string, c column, st style, words string) []string {
	if s.err != nil {
		return nil
	}
	for _, r := range words {
		if r != '\n' && !st.Has(r) {
			s.err = fmt.Errorf("setting %s: no glyph for %U in %q", block, r, words)
			return nil
		}
	}
	lines := text.Paragraph(words, st.cells(c))
	for _, l := range lines {
		if st.Cells(l) > st.cells(c) {
			s.err = fmt.Errorf("setting %s: %q is wider than %d dots", block, l, c.width())
			return nil
		}
	}
	return lines
}

// text sets words into column c and goes on below them.
func (s *sheet) text(block string, c column, st style, words string) {
	for _, l := range s.wrap(block, c, st, words) {
		s.line(c, c.left, st, l)
		s.y += st.pitch
	}
}

// headline is text whose words stay whole.
func (s *sheet) headline(block string, c column, st style, words string) {
	s.wrap(block, c, st, words) // for its errors
	if s.err != nil {
		return
	}
	for _, l := range text.Balance(words, st.cells(c)) {
		s.line(c, c.left, st, l)
		s.y += st.pitch
	}
}

// line places one line of text without going on.
func (s *sheet) line(c column, x int, st style, words string) {
	s.lines = append(s.lines, line{c, x, s.y, st.Face, words})
}

// bar places a black rectangle.
func (s *sheet) bar(x0, y0, x1, y1 int) { s.bars = append(s.bars, image.Rect(x0, y0, x1, y1)) }

// print draws everything.
func (s *sheet) print(width int) *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, width, s.y), color.Palette{White: color.White, Black: color.Black})
	for _, l := range s.lines {
		l.face.Draw(img, l.x, l.top, l.s, Black)
	}
	for _, b := range s.bars {
		b = b.Intersect(img.Rect)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			row := img.Pix[img.PixOffset(b.Min.X, y):img.PixOffset(b.Max.X, y)]
			for i := range row {
				row[i] = Black
			}
		}
	}
	return img
}
