package screen

import (
	"image/color"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// Cell is one cell of a drawn screen. Its fields are those of font.Cell, so that one converts to the other.
type Cell struct {
	Text    string // one grapheme cluster
	FG, BG  color.RGBA
	Bold    bool
	Reverse bool // never set by Draw
	Wide    bool // the cluster covers the next cell too, which is empty
}

// Buffer is a Surface in memory: a screen without a terminal, for pictures and tests.
type Buffer struct{ tcell.CellBuffer }

var _ Surface = (*Buffer)(nil)

// NewBuffer returns an empty Buffer.
func NewBuffer(cols, rows int) *Buffer {
	b := new(Buffer)
	b.Resize(cols, rows)
	return b
}

// Cells returns the rows of cells. The caller may keep and change them.
func (b *Buffer) Cells() [][]Cell {
	cols, n := b.Size()
	rows := make([][]Cell, n)
	for y := range rows {
		rows[y] = make([]Cell, cols)
		for x := 0; x < cols; x++ {
			text, style, width := b.Get(x, y)
			fg, bg, attrs := style.Decompose()
			c := Cell{Text: text, FG: rgba(fg), BG: rgba(bg), Bold: attrs&tcell.AttrBold != 0}
			switch {
			case width > 1 && x == cols-1:
				c.Text = " " // as on a terminal, which has no room for it
			case width > 1:
				c.Wide = true
				x++
				rows[y][x] = Cell{FG: c.FG, BG: c.BG, Bold: c.Bold}
				rows[y][x-1] = c
				continue
			}
			rows[y][x] = c
		}
	}
	return rows
}

// Text returns the rows as lines of text, without colours and trailing blanks.
func (b *Buffer) Text() string {
	var all strings.Builder
	for _, row := range b.Cells() {
		var line strings.Builder
		for _, c := range row {
			line.WriteString(c.Text)
		}
		all.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return all.String()
}

func rgba(c tcell.Color) color.RGBA {
	r, g, b := c.RGB()
	return color.RGBA{uint8(r), uint8(g), uint8(b), 0xFF}
}
