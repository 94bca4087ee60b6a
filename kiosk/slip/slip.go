// Package slip sets a Page as the picture a receipt printer puts on paper: one strip of the paper's width, one bit
// deep, in our own typeface, so that every printer and every ROM prints the same Japanese.
//
// Hierarchy is made by size and weight alone: heat is what a thermal head has least of, so there are no black areas
// and no grey. Between any two lines lies a row without ink where a printer driver can cut the picture into strips.
//
// The package must never make or shorten a sentence (kiosk/page makes them), never drop a word that does not fit or
// has no glyph (it returns an error instead), and never read a clock or a file.
package slip

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/boombuler/barcode/qr"

	"kagimado/kiosk/font"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// Options describes the paper as the printer sees it (field.md §3.1).
type Options struct {
	Width int // dots across, a multiple of 8: 384 on 58 mm paper, 512, 576 or 640 on 80 mm
	DPI   int // dots per inch: 180 or 203
}

// em is the size of type in dots, never smaller than promised in points.
func (o Options) em(pt float64) int { return int(math.Ceil(pt * float64(o.DPI) / 72)) }

// Palette indices of a slip.
const (
	White = 0
	Black = 1
)

// Set returns p as a picture Options.Width wide and as long as its text. What a slip has no use for is left out:
// buttons, help, the question asked, the details screen's AllRows and Row.Means, the titles of table, ways, notes and
// limits, and of a row what the headline tells and the clerk's note. Empty blocks take no room. An error names the block
// and the text that cannot be set.
func Set(p page.Page, o Options) (*image.Paletted, error) {
	s, err := lay(p, o)
	if err != nil {
		return nil, err
	}
	return s.print(o.Width), nil
}

// Drawable tells whether the typeface has the rune, as wide as a terminal makes it: whatever comes from outside, a
// profile above all, is held against this before it meets a visitor.
func Drawable(r rune) bool {
	cells, ok := font.Cells(r)
	return ok && cells == text.Width(string(r))
}

// PNG writes a slip as a PNG of one bit per pixel.
func PNG(w io.Writer, slip *image.Paletted) error {
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(w, slip); err != nil {
		return fmt.Errorf("writing slip as PNG: %w", err)
	}
	return nil
}

// Type sizes in points. JIS S 0032 has a reader of 70 need 13.5 pt at 50 cm (field.md §2.1); a slip is held nearer,
// and a longer one is not read. What only the clerk and the careful read is small.
const (
	headlinePt = 20.0
	titlePt    = 12.0
	bodyPt     = 10.5
	smallPt    = 9.0
)

// margin is what stays white at every side of the picture, in dots; the paper has a margin of its own around it.
const margin = 3

// setter knows the measures of one slip.
type setter struct {
	sheet
	page column // the whole printable width less the margins

	headlineStyle, title, body, strong, small, smallStrong style

	gap  int // between blocks
	rule int // thickness of a rule
	dot  int // side of a module of the QR code
}

func lay(p page.Page, o Options) (*sheet, error) {
	if o.Width < 320 || o.Width > 1024 || o.Width%8 != 0 {
		return nil, fmt.Errorf("setting slip: width is %d dots; want a multiple of 8 from 320 to 1024", o.Width)
	}
	if o.DPI < 150 || o.DPI > 305 {
		return nil, fmt.Errorf("setting slip: %d dpi; want 150 to 305", o.DPI)
	}
	in := func(w font.Weight, pt, pitch float64) style {
		em := o.em(pt)
		return style{font.At(w, em), int(math.Round(float64(em) * pitch))}
	}
	s := &setter{
		headlineStyle: in(font.Bold, headlinePt, 1.16),
		title:         in(font.Bold, titlePt, 1),
		body:          in(font.Regular, bodyPt, 1.14),
		strong:        in(font.Bold, bodyPt, 1.14),
		small:         in(font.Regular, smallPt, 1.14),
		smallStrong:   in(font.Bold, smallPt, 1.14),
		rule:          2,
		dot:           (o.DPI*5 + 127) / 254, // half a millimetre
	}
	// All lines of a way have one pitch, see there; a title is the tallest.
	s.body.pitch = max(s.body.pitch, s.title.Em())
	s.title.pitch, s.strong.pitch = s.body.pitch, s.body.pitch
	s.gap = s.body.Em() * 2 / 5
	s.page = column{margin, o.Width - margin}
	s.y = margin

	s.verdict(p)
	s.rows(p)
	s.ways(p, o.Width)
	s.list("notes", "", p.Notes)
	for _, x := range p.Sections {
		s.list("section", x.Title, x.Lines)
	}
	s.checklist("things to bring", p.Titles.Bring, p.Bring)
	s.limits(p)
	s.clerk(p)
	s.fields(p, o.DPI)
	s.foot(p)
	s.y += margin
	return &s.sheet, s.err
}

// block leaves room above whatever comes next, unless the page begins with it.
func (s *setter) block() {
	if s.y > margin {
		s.y += s.gap
	}
}

func (s *setter) verdict(p page.Page) {
	words := p.Headline
	if m := p.Mark.Rune(); m != 0 && words != "" {
		words = string(m) + " " + words
	}
	s.headline("headline", s.page, s.headlineStyle, words)
	lead := p.Lead
	if alone(p) {
		s.text("table", s.page, s.small, official(p, p.Rows[0]))
		lead = append(slices.Clone(lead), p.Rest)
	}
	if len(lead) > 0 {
		s.y += s.gap / 3
	}
	s.text("lead", s.page, s.body, paragraph(lead))
}

// official is what a clerk calls a row's key or date; nothing where the clerk's note, on the same paper, says it of what
// the headline told.
func official(p page.Page, r page.Row) string {
	if r.Told && slices.ContainsFunc(p.Clerk, func(l string) bool { return strings.Contains(l, r.Official) }) {
		return ""
	}
	return r.Official
}

// alone tells whether the table is one row of which the headline leaves at most the official name to say.
func alone(p page.Page) bool { return len(p.Rows) == 1 && p.Rows[0].Told }

// rows sets the table of what is not fine: mark and name at the left, the state at the right, on the next line where
// both do not fit on one; below that, small, what a clerk calls it. Of what the headline told, only that is left to say
// of a single row, and all but the state of several. Neither this table nor the ways get their titles: the marks and the
// titles of the ways say enough, and every line is half a centimetre.
func (s *setter) rows(p page.Page) {
	const block = "table"
	if alone(p) {
		return
	}
	if len(p.Rows) > 0 {
		s.block()
	}
	c := s.page.indent(s.body.Em() * 5 / 4)
	for _, r := range p.Rows {
		if m := r.Mark.Rune(); m != 0 {
			s.line(s.page, s.page.left, s.strong, string(m))
		}
		s.text(block, c, s.strong, r.Name)
		if !r.Told {
			state := s.strong.Advance(r.State)
			if n := len(s.lines); r.Name != "" && s.err == nil && s.strong.Advance(s.lines[n-1].s)+s.body.Em()+state <= c.width() {
				s.y -= s.strong.pitch
			}
			if state <= c.width() {
				s.text(block, column{s.page.right - state, s.page.right}, s.strong, r.State)
			} else {
				s.text(block, c, s.strong, r.State)
			}
		}
		s.text(block, c, s.small, official(p, r))
	}
	if p.Rest != "" {
		if len(p.Rows) == 0 {
			s.block()
		}
		s.text("rest of the table", s.page, s.body, p.Rest)
	}
}

// ways sets the ways out. Two of them stand side by side where the paper is wide enough for lines of some eight
// characters, unless they are told at such length that narrow columns would cost more paper.
func (s *setter) ways(p page.Page, width int) {
	if len(p.Ways) == 0 {
		return
	}
	s.block()
	below := func() {
		for i, w := range p.Ways {
			if i > 0 {
				s.block()
			}
			s.way(s.page, w)
		}
	}
	if len(p.Ways) != 2 || width < 512 {
		below()
		return
	}
	a, b, h := s.split(p.Ways[0], p.Ways[1])
	if h > s.height(below) {
		below()
		return
	}
	top := s.y
	s.way(a, p.Ways[0])
	after := s.y
	s.y = top
	s.way(b, p.Ways[1])
	s.y = max(s.y, after)
	// Both columns stand on the same lines, so a divider with gaps keeps the rows between the lines clean.
	x := (a.right + b.left - s.rule) / 2
	for y := top; y < s.y; y += s.body.pitch {
		s.bar(x, y+1, x+s.rule, y+s.body.Em()-1)
	}
}

// split parts the page into two columns so that the ways beside each other take the least paper: steps of a store
// are many, the way to a window is short. Neither column gets less than two fifths. height is what they take.
func (s *setter) split(a, b page.Way) (left, right column, height int) {
	em := s.body.Em()
	cells := (s.page.width() - 6*s.rule) * 2 / em // of both together; the rest is the gutter
	for i := range cells/5 + 1 {
		n := cells/2 + (i+1)/2*(1-i%2*2) // from the middle outwards, so that of equals the most even wins
		l, r := s.page, s.page
		l.right = l.left + (n*em+1)/2
		r.left = r.right - ((cells-n)*em+1)/2
		if h := max(s.height(func() { s.way(l, a) }), s.height(func() { s.way(r, b) })); i == 0 || h < height {
			left, right, height = l, r, h
		}
	}
	return left, right, height
}

// height tells how much paper a filling takes, without filling.
func (s *setter) height(fill func()) int {
	before := s.sheet
	fill()
	h := s.y - before.y
	s.sheet = before
	return h
}

// way sets one way; every line has the pitch of body text, because another way may stand beside it. A price that
// stands alone joins the title.
func (s *setter) way(c column, w page.Way) {
	const block = "way"
	s.headline(block, c, s.title, w.Title)
	if price := s.body.Advance(w.Price); price > 0 && w.Takes == "" && len(s.lines) > 0 && s.title.Advance(s.lines[len(s.lines)-1].s)+s.body.Em()+price <= c.width() {
		s.y -= s.title.pitch
		s.text(block, column{c.right - price, c.right}, s.body, w.Price)
		w.Price = ""
	}
	s.text(block, c, s.body, w.If)
	for _, l := range paragraphs(w.Place) {
		s.text(block, c, s.body, l)
	}
	s.text(block, c, s.strong, w.Opening)
	s.together(block, c, s.body, w.Price, w.Takes)
	for i, step := range nonEmpty(w.Steps) {
		n := strconv.Itoa(i + 1)
		indent := c.indent(s.strong.Advance(n) + s.body.Em()/2)
		s.line(c, c.left, s.strong, n)
		s.text(block, indent, s.body, step)
	}
}

// paragraphs joins each sentence to the one before it; what is no sentence stands on lines of its own.
func paragraphs(items []string) []string {
	sentence := func(s string) bool { return strings.HasSuffix(s, "。") || strings.HasSuffix(s, ".") }
	var all []string
	for i, it := range items {
		if i > 0 && sentence(it) && sentence(items[i-1]) {
			all[len(all)-1] = paragraph([]string{all[len(all)-1], it})
			continue
		}
		all = append(all, it)
	}
	return all
}

// together sets two short texts as one.
func (s *setter) together(block string, c column, st style, a, b string) {
	if a != "" && b != "" {
		a += "　"
	}
	s.text(block, c, st, a+b)
}

// heading sets the title of a block behind a short upright bar.
func (s *setter) heading(block, words string) {
	if words == "" {
		return
	}
	top := s.y
	s.text(block, s.page.indent(s.body.Em()/2), s.strong, words)
	for y := top; y < s.y; y += s.strong.pitch {
		s.bar(s.page.left, y+1, s.page.left+3*s.rule, y+s.strong.Em()-1)
	}
}

// list sets sentences, each behind a bullet.
func (s *setter) list(block, title string, items []string) {
	if len(items) == 0 {
		return
	}
	s.block()
	s.heading(block, title)
	for _, it := range nonEmpty(items) {
		s.line(s.page, s.page.left, s.body, "・")
		s.text(block, s.page.indent(s.body.Em()), s.body, it)
	}
}

// checklist sets things behind boxes to tick, after their title.
func (s *setter) checklist(block, title string, items []string) {
	if len(items) == 0 {
		return
	}
	s.block()
	s.flow(block, s.page, s.body, "□", title, items)
}

// flow sets a title and items one after the other, each item behind its bullet, and as many on a line as fit whole.
func (s *setter) flow(block string, page column, st style, bullet, title string, items []string) {
	c := page // what is left of the line above s.y
	if title != "" {
		s.text(block, page, s.strong, title)
		c.left += s.strong.Advance(title) + st.Em()/2
	}
	indent := st.Advance(bullet)
	for i, it := range nonEmpty(items) {
		need := indent + st.Advance(it)
		if (i > 0 || title != "") && need <= c.width() {
			s.y -= st.pitch
		} else {
			c = page
		}
		if bullet != "" {
			s.line(c, c.left, st, bullet)
		}
		s.text(block, c.indent(indent), st, it)
		c.left += need + st.Em()/2 // beyond the right end after an item of several lines
	}
}

// writing is the room for one line of handwriting, in millimetres: what a form allows for.
const writing = 8

// fields sets places to write on: a label, and rules below it.
func (s *setter) fields(p page.Page, dpi int) {
	for _, f := range p.Fields {
		s.block()
		s.text("field", s.page, s.strong, f.Label)
		for range f.Lines {
			s.y += writing * dpi * 10 / 254
			s.bar(s.page.left, s.y-s.rule, s.page.right, s.y)
		}
	}
}

// nonEmpty returns the items that say something: a bullet alone says nothing.
func nonEmpty(items []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// paragraph joins sentences.
func paragraph(sentences []string) string {
	var b strings.Builder
	for _, s := range sentences {
		last, _ := utf8.DecodeLastRuneInString(b.String())
		if cells, _ := font.Cells(last); cells == 1 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String()
}

// limits sets what the chip cannot tell, beside the calendar entry where there is one.
func (s *setter) limits(p page.Page) {
	limits := func(c column) { s.text("limits", c, s.small, paragraph(p.Limits)) }
	switch {
	case p.Calendar != "":
		s.block()
		s.beside("calendar entry", p.Calendar, func(c column) {
			s.text("caption of the calendar entry", c, s.small, p.Dated)
			s.y += s.gap / 2
		}, limits)
	case len(p.Limits) > 0:
		s.block()
		limits(s.page)
	}
}

// clerk sets the clerk's note between two rules. It has no frame: what reads a slip from a photo takes upright strokes
// beside small print for letters.
func (s *setter) clerk(p page.Page) {
	if len(p.Clerk) == 0 && p.Codes == "" {
		return
	}
	const block = "clerk's note"
	s.block()
	pad := s.small.Em() / 4
	s.bar(s.page.left, s.y, s.page.right, s.y+s.rule)
	s.y += s.rule + pad
	s.text(block, s.page, s.smallStrong, p.Titles.Clerk)
	first := s.page.indent(s.smallStrong.Advance(p.Titles.Clerk) + s.small.Em())
	for i, l := range p.Clerk {
		c := s.page
		if i == 0 && s.small.Advance(l) <= first.width() {
			s.y -= s.small.pitch
			c = first
		}
		s.text(block, c, s.small, l)
	}
	s.text(block, s.page, s.smallStrong, p.Codes)
	s.y += s.small.Em() - s.small.pitch + pad
	s.bar(s.page.left, s.y, s.page.right, s.y+s.rule)
	s.y += s.rule
}

// foot sets what is said last: the reminder, then the QR code with its caption, when and where.
func (s *setter) foot(p page.Page) {
	if p.Again != "" {
		s.block()
		s.text("reminder", s.page, s.strong, p.Again)
	}
	if p.Link == "" {
		items := append(nonEmpty([]string{p.LinkText}), p.Foot...)
		if len(items) > 0 {
			s.block()
		}
		s.flow("foot", s.page, s.small, "", "", items)
		return
	}
	s.block()
	blocks := []func(column){func(c column) { s.text("caption of the link", c, s.small, p.LinkText) }}
	for _, l := range p.Foot {
		blocks = append(blocks, func(c column) { s.text("foot", c, s.small, l) })
	}
	s.beside("link", p.Link, blocks...)
}

// beside sets a QR code at the right and blocks of text at its left; those that come below it get the whole width, as
// does from the second on what would stand in a column of few characters. A code that takes most of the width stands
// below its caption instead, if need be in modules of a dot less, which a phone still tells apart.
func (s *setter) beside(block, content string, texts ...func(column)) {
	if s.err != nil {
		return
	}
	m, err := qr.Encode(content, qr.M, qr.Auto) // M stands a scratch or a bad dot of the head
	if err != nil {
		s.err = fmt.Errorf("setting %s: making a QR code of %q: %w", block, content, err)
		return
	}
	modules, dot, width := m.Bounds().Dx(), s.dot, s.page.width()+2*margin
	const quietModules = 4 // of white on every side: ISO/IEC 18004
	if (modules+2*quietModules)*dot > width {
		dot--
	}
	side, quiet := modules*dot, quietModules*dot
	left := s.page.right + margin - quiet - side
	c := column{s.page.left, left - quiet}
	alone := 3*side > 2*width && len(texts) > 0
	if left < quiet || !alone && c.width() < 4*s.body.Em() {
		s.err = fmt.Errorf("setting %s: the QR code of %q is %d dots wide and leaves no room beside it", block, content, side)
		return
	}
	if alone {
		texts[0](s.page)
		texts = texts[1:]
		left = (width - side) / 2
	}
	s.y += max(0, quiet-s.gap)
	for y := range modules {
		for x := range modules {
			if r, _, _, _ := m.At(x, y).RGBA(); r == 0 {
				s.bar(left+x*dot, s.y+y*dot, left+(x+1)*dot, s.y+(y+1)*dot)
			}
		}
	}
	bottom := s.y + side
	if alone {
		s.y = bottom + quiet
		for _, set := range texts {
			set(s.page)
		}
		return
	}
	for i, set := range texts {
		switch {
		case s.y < bottom+quiet && (i == 0 || c.width() >= 7*s.body.Em()):
			set(c)
		default:
			s.y = max(s.y, bottom+quiet)
			set(s.page)
		}
	}
	s.y = max(s.y, bottom)
}
