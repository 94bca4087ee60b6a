//go:build image

package image_test

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kagimado/kiosk/font"
	"kagimado/kiosk/screen"
)

// The panel of the test, as its profile tells it.
const (
	panelWidth, panelHeight = 1280, 800
	cellWidth, cellHeight   = 20, 40
)

// reader reads the panel cell by cell. The kiosk's typeface is known and its grid too, so that every character is read
// for certain, where a general reader guesses; that people could read it, tesseract says for one screen.
type reader struct {
	known [2][]glyph // by cells: one or two

	mu   sync.Mutex
	seen map[string]match // by what a cell looks like
}

// glyph is a character's ink, each pixel from 0 to 1, with mean 0 and length 1 so that a product tells likeness.
type glyph struct {
	r      rune
	ink    []float32
	coarse []float32 // of blocks of four by four
}

type match struct {
	r        rune
	likeness float32
}

// theReader knows every character that the kiosk may show.
var theReader = sync.OnceValues(func() (*reader, error) {
	alphabet := map[rune]bool{}
	for r := rune('!'); r <= '~'; r++ {
		alphabet[r] = true
	}
	for _, place := range []string{"../kiosk/text", "../kiosk/content", "../kiosk/site/profiles", "../card", "../kiosk/page"} {
		err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".toml", ".go"}, filepath.Ext(path)) || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, r := range string(b) {
				if r > '~' {
					alphabet[r] = true
				}
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("collecting characters: %w", err)
		}
	}
	read := &reader{seen: map[string]match{}}
	for r := range alphabet {
		cells, ok := font.Cells(r)
		if !ok || r == '　' {
			continue
		}
		for _, bold := range []bool{false, true} {
			cell := font.Cell{Text: string(r), FG: color.RGBA{A: 255}, BG: color.RGBA{R: 255, G: 255, B: 255, A: 255}, Bold: bold, Wide: cells == 2}
			row := []font.Cell{cell, {}}
			img := font.Grid{row[:cells]}.Image(cellWidth, cellHeight)
			ink, _ := inkOf(img, img.Rect)
			if g, ok := newGlyph(r, ink, cells*cellWidth); ok {
				read.known[cells-1] = append(read.known[cells-1], g)
			}
		}
	}
	for _, known := range read.known {
		slices.SortStableFunc(known, func(a, b glyph) int { return cmp.Compare(a.r, b.r) })
	}
	return read, nil
})

// inkOf tells for each pixel how far it is from the cell's background, as a part of the farthest; contrast is that one.
func inkOf(img image.Image, at image.Rectangle) (ink []float32, contrast float32) {
	count := map[color.RGBA]int{}
	pixels := make([]color.RGBA, 0, at.Dx()*at.Dy())
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			pixels = append(pixels, c)
			count[c]++
		}
	}
	var ground color.RGBA
	for c, n := range count {
		if n > count[ground] {
			ground = c
		}
	}
	ink = make([]float32, len(pixels))
	for i, c := range pixels {
		for _, d := range []int{int(c.R) - int(ground.R), int(c.G) - int(ground.G), int(c.B) - int(ground.B)} {
			ink[i] = max(ink[i], float32(max(d, -d)))
		}
		contrast = max(contrast, ink[i])
	}
	if contrast > 0 {
		for i := range ink {
			ink[i] /= contrast
		}
	}
	return ink, contrast
}

func newGlyph(r rune, ink []float32, width int) (glyph, bool) {
	const block = 4
	coarse := make([]float32, width/block*(cellHeight/block))
	for i, v := range ink {
		coarse[i/width/block*(width/block)+i%width/block] += v
	}
	whole := slices.Clone(ink)
	ok := unit(whole)
	return glyph{r, whole, coarse}, unit(coarse) && ok
}

// unit makes the mean 0 and the length 1; ok is false for what is all alike.
func unit(v []float32) (ok bool) {
	var sum, square float64
	for _, x := range v {
		sum += float64(x)
	}
	mean := float32(sum / float64(len(v)))
	for i := range v {
		v[i] -= mean
		square += float64(v[i] * v[i])
	}
	if square < 1e-6 {
		return false
	}
	length := float32(math.Sqrt(square))
	for i := range v {
		v[i] /= length
	}
	return true
}

func product(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// possible is the likeness from which something is a character at all. A rasteriser of another program hints and smooths
// differently.
const possible = 0.70

// best returns the character most like the ink of one or two cells. The ink may lie a pixel off.
func (read *reader) best(ink []float32, cells int) match {
	width := cells * cellWidth
	g, ok := newGlyph(0, ink, width)
	if !ok {
		return match{}
	}
	key := string(rune(cells))
	for _, v := range ink {
		key += string(rune(v * 64))
	}
	read.mu.Lock()
	defer read.mu.Unlock()
	if m, ok := read.seen[key]; ok {
		return m
	}
	type candidate struct {
		*glyph
		likeness float32
	}
	var near []candidate
	for i := range read.known[cells-1] {
		k := &read.known[cells-1][i]
		if p := product(k.coarse, g.coarse); p > possible-0.2 {
			near = append(near, candidate{k, p})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int { return cmp.Compare(b.likeness, a.likeness) })
	m := match{}
	for dy := -2; dy <= 2; dy++ {
		for dx := -1; dx <= 1; dx++ {
			off := shifted(ink, width, dx, dy)
			if !unit(off) {
				continue
			}
			for _, c := range near[:min(len(near), 24)] {
				if p := product(c.ink, off); p > m.likeness {
					m = match{c.r, p}
				}
			}
		}
	}
	read.seen[key] = m
	return m
}

func shifted(ink []float32, width, dx, dy int) []float32 {
	out := make([]float32, len(ink))
	for i := range out {
		if x, y := i%width+dx, i/width+dy; x >= 0 && x < width && y >= 0 && y < len(ink)/width {
			out[i] = ink[y*width+x]
		}
	}
	return out
}

// seen is what stands on the panel: a character a cell, 0 in the second cell of a wide one.
type seen [][]rune

// read reads the whole panel. What is not blank and like nothing known is read as U+FFFD.
func (read *reader) read(img image.Image) seen {
	cols, rows := img.Bounds().Dx()/cellWidth, img.Bounds().Dy()/cellHeight
	at := func(x, y, cells int) match {
		if x+cells > cols {
			return match{}
		}
		ink, contrast := inkOf(img, image.Rect(x*cellWidth, y*cellHeight, (x+cells)*cellWidth, (y+1)*cellHeight).Add(img.Bounds().Min))
		if contrast < 60 { // an area's colour and nothing on it
			return match{r: ' '}
		}
		return read.best(ink, cells)
	}
	out := make(seen, rows)
	for y := range out {
		out[y] = make([]rune, cols)
		for x := 0; x < cols; x++ {
			one, two := at(x, y, 1), at(x, y, 2)
			rival := one.likeness
			if one.r == ' ' && two.r != ' ' { // the empty half of a bracket, or nothing before the next character
				rival = max(at(x+1, y, 1).likeness, at(x+1, y, 2).likeness)
			}
			switch {
			// A full-width bracket is as like a narrow one in half its cells; the kiosk's texts have full-width ones.
			case two.likeness >= possible && two.likeness > rival-0.03:
				out[y][x], out[y][x+1] = two.r, 0
				x++
			case one.r == ' ' || one.likeness >= possible:
				out[y][x] = one.r
			default:
				out[y][x] = '\uFFFD'
			}
		}
	}
	return out
}

// String is the text, a line a row.
func (s seen) String() string {
	var lines []string
	for _, row := range s {
		lines = append(lines, strings.TrimRight(strings.ReplaceAll(string(row), "\x00", ""), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// find returns the area in cells of the first place where text stands: on a row, or broken onto as many below each other
// as it takes, as on a button.
func (s seen) find(text string) (at screen.Rect, found bool) {
	want := []rune(strings.ReplaceAll(text, " ", ""))
	for y := range s {
		for x := range s[y] {
			if right, bottom, ok := s.follow(want, x, y, x, x); ok {
				return screen.Rect{X: x, Y: y, W: right - x, H: bottom - y + 1}, true
			}
		}
	}
	return screen.Rect{}, false
}

// follow reads want from a cell on; left and right are how far the lines above reach.
func (s seen) follow(want []rune, x, y, left, right int) (farthest, bottom int, found bool) {
	read, end := 0, x
	for i := x; i < len(s[y]) && read < len(want); i++ {
		switch s[y][i] {
		case want[read]:
			read, end = read+1, i+1
			if i+1 < len(s[y]) && s[y][i+1] == 0 {
				end++
			}
		case 0:
		case ' ':
			if i == x || i > end+1 { // a gap of two is another text
				i = len(s[y])
			}
		default:
			i = len(s[y])
		}
	}
	switch {
	case read == 0:
		return 0, 0, false
	case read == len(want):
		return max(right, end), y, true
	case y+1 == len(s):
		return 0, 0, false
	}
	// The next line is centred below: it begins somewhere under this one, or a little beside.
	for i := max(0, left-10); i < min(len(s[y+1]), end+10); i++ {
		if s[y+1][i] == want[read] {
			if far, bottom, ok := s.follow(want[read:], i, y+1, min(left, i), max(right, end)); ok {
				return far, bottom, true
			}
		}
	}
	return 0, 0, false
}

// has tells whether text stands there.
func (s seen) has(text string) bool {
	_, found := s.find(text)
	return found
}

// TestReader reads screens that kioskctl's own font drew.
func TestReader(t *testing.T) {
	read, err := theReader()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"マイナンバーカードを置いてください", "暗証番号のロックと期限を調べ、行き先をお知らせします。", "Language あと12秒",
		"", "    困りごと    はい", "    から探す", "R-02 〇！Ｘ？ 0OoIl1|", "  「無効」、（オフ） 「ア」。",
	}
	var grid font.Grid
	for i := range panelHeight / cellHeight {
		row := make([]font.Cell, panelWidth/cellWidth)
		paint := font.Cell{FG: color.RGBA{R: 255, G: 255, B: 255, A: 255}, BG: color.RGBA{B: 95, A: 255}, Bold: i%2 == 0}
		for x := range row {
			row[x] = paint
		}
		x := 0
		if i < len(lines) {
			for _, r := range lines[i] {
				cells, _ := font.Cells(r)
				row[x].Text, row[x].Wide = string(r), cells == 2
				x += cells
			}
		}
		grid = append(grid, row)
	}
	img := grid.Image(cellWidth, cellHeight)
	got := read.read(img)
	if want := strings.Join(lines, "\n") + "\n"; got.String() != want {
		t.Errorf("it reads:\n%swant:\n%s", got, want)
	}
	// A pixel lower, as another program may draw it.
	lower := image.NewRGBA(img.Rect)
	copy(lower.Pix[lower.Stride:], img.Pix)
	if again := read.read(lower); !again.has(lines[0]) || !again.has(lines[1]) {
		t.Errorf("a pixel lower it reads:\n%s", again)
	}
	if at, found := got.find("困りごとから探す"); !found || at != (screen.Rect{X: 4, Y: 4, W: 8, H: 2}) {
		t.Errorf("the button is found at %v, %v", at, found)
	}
	if got.has("はいから探す") || got.has("困りごとはい") || got.has("いいえ") {
		t.Error("it finds what does not stand there")
	}
}
