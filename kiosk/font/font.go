// Package font is the one typeface of the kiosk, BIZ UDGothic: which runes it covers, how wide they are, their
// one-bit raster for paper, and a grid of terminal cells as a picture.
//
// The face is embedded so that a slip looks the same wherever it is set; it never reads a file. It knows neither
// pages nor languages, breaks no lines, and never replaces one rune by another: a rune without a glyph shows as
// the font's empty box, and who must not let that happen asks Has before.
//
// BIZ UDGothic is fixed-width: every glyph is half an em or a whole em wide, so widths are counted in half-ems
// ("cells", as on a terminal) and stay integers.
package font

import (
	_ "embed" // the two weights
	"fmt"
	"image"
	"sync"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Weight is the thickness of strokes.
type Weight uint8

// Weights.
const (
	Regular Weight = iota
	Bold
)

// The files are those of Debian's fonts-morisawa-bizud-gothic 1.05; the licence stands in OFL.txt.
var (
	//go:embed BIZUDGothic-Regular.ttf
	regularTTF []byte
	//go:embed BIZUDGothic-Bold.ttf
	boldTTF []byte
)

// Parsing reads tables of offsets only, but a program that never draws should not do even that: hence lazily.
var outlines = [...]func() *sfnt.Font{
	Regular: sync.OnceValue(func() *sfnt.Font { return parse(regularTTF) }),
	Bold:    sync.OnceValue(func() *sfnt.Font { return parse(boldTTF) }),
}

// parse panics because the bytes are part of the program: a font that does not parse is a broken build.
func parse(ttf []byte) *sfnt.Font {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("parsing the embedded font: %v", err))
	}
	return f
}

// Has tells whether both weights have a glyph for r.
func Has(r rune) bool {
	_, ok := Cells(r)
	return ok
}

// Cells returns the advance of r in half-ems, 1 or 2, and whether both weights have a glyph for it with that advance.
// It is the font's own opinion, to hold against the width a terminal gives the same rune.
func Cells(r rune) (int, bool) {
	var cells [2]int
	for w := range outlines {
		f := outlines[w]()
		var buf sfnt.Buffer
		index, err := f.GlyphIndex(&buf, r)
		if err != nil || index == 0 {
			return 0, false
		}
		em := fixed.I(int(f.UnitsPerEm()))
		advance, err := f.GlyphAdvance(&buf, index, em, xfont.HintingNone)
		if err != nil || advance*2%em != 0 {
			return 0, false
		}
		cells[w] = int(advance * 2 / em)
	}
	return cells[Regular], cells[Regular] == cells[Bold]
}

// Face is one weight at one size, with the glyphs it has already rastered. It is safe for concurrent use.
type Face struct {
	em int

	mu     sync.Mutex // guards what follows: a glyph is rastered into buffers of the outline face
	face   xfont.Face
	glyphs map[rune]glyph
}

// glyph is a one-bit picture relative to the left end of its advance on the baseline.
type glyph struct {
	known bool // false: the picture is the empty box
	cells int
	box   image.Rectangle
	ink   []bool // row by row
}

var (
	facesMu sync.Mutex
	faces   = map[faceKey]*Face{}
)

type faceKey struct {
	weight Weight
	em     int
}

// At returns the face of this weight with an em of so many pixels, at least 1. Faces are kept for the life of the
// program, so ask for few sizes.
func At(w Weight, em int) *Face {
	facesMu.Lock()
	defer facesMu.Unlock()
	key := faceKey{w, em}
	if f := faces[key]; f != nil {
		return f
	}
	f := &Face{em: em, face: outline(w, em), glyphs: map[rune]glyph{}}
	faces[key] = f
	return f
}

// outline returns a grey face. Without hinting, because hinting moves the advances off their half-ems.
func outline(w Weight, em int) xfont.Face {
	face, err := opentype.NewFace(outlines[w](), &opentype.FaceOptions{Size: float64(em), DPI: 72, Hinting: xfont.HintingNone})
	if err != nil {
		panic(fmt.Sprintf("sizing the embedded font: %v", err)) // NewFace returns no error in fact
	}
	return face
}

// Em returns the em in pixels. A line of text is one em high, ascenders and descenders included.
func (f *Face) Em() int { return f.em }

// Has tells whether this face has a glyph for r. It is quicker than the function for runes drawn before.
func (f *Face) Has(r rune) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.glyph(r).known
}

// Advance returns the width of s in pixels, rounded up.
func (f *Face) Advance(s string) int { return (f.Cells(s)*f.em + 1) / 2 }

// Cells returns the width of s in half-ems. A rune without a glyph counts as the box drawn for it.
func (f *Face) Cells(s string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range s {
		n += f.glyph(r).cells
	}
	return n
}

// Draw sets s into dst with palette index ink; its first em square begins at (x, top). Pixels outside dst are lost.
func (f *Face) Draw(dst *image.Paletted, x, top int, s string, ink uint8) {
	f.mu.Lock()
	defer f.mu.Unlock()
	cells := 0
	for _, r := range s {
		g := f.glyph(r)
		// From the cell count and not from the last pen position: with an odd em half-ems would drift.
		box := g.box.Add(image.Pt(x+cells*f.em/2, top+ascent(f.em)))
		cells += g.cells
		for y := max(box.Min.Y, dst.Rect.Min.Y); y < min(box.Max.Y, dst.Rect.Max.Y); y++ {
			row := g.ink[(y-box.Min.Y)*box.Dx():]
			for px := max(box.Min.X, dst.Rect.Min.X); px < min(box.Max.X, dst.Rect.Max.X); px++ {
				if row[px-box.Min.X] {
					dst.Pix[dst.PixOffset(px, y)] = ink
				}
			}
		}
	}
}

// ascent returns the distance from the top of the em square to the baseline: 0.88 em, as the font's tables say.
func ascent(em int) int { return (em*88 + 50) / 100 }

// glyph rasters r or returns what was rastered before. The caller holds the lock.
func (f *Face) glyph(r rune) glyph {
	if g, ok := f.glyphs[r]; ok {
		return g
	}
	box, mask, at, advance, ok := f.face.Glyph(fixed.Point26_6{}, r)
	g := glyph{known: ok, cells: int((advance*2 + fixed.I(f.em)/2) / fixed.I(f.em)), box: box,
		ink: make([]bool, box.Dx()*box.Dy())}
	for i := range g.ink {
		_, _, _, a := mask.At(at.X+i%box.Dx(), at.Y+i/box.Dx()).RGBA()
		// Half and more is ink. One bit is what a printer has, and the same on every processor; greys are not:
		// the rasteriser's floating point is fused on arm64 and not on amd64.
		g.ink[i] = a >= 0x8000
	}
	f.glyphs[r] = g
	return g
}
