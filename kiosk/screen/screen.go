// Package screen draws a session's State on a grid of cells and tells which areas can be touched. Every screen is
// made for 40×12 cells, the grid of a 7-inch panel at readable size, and breathes on larger ones: a headline in
// the colour of its mark at the top, with the language button beside it; below it what is to be said, in parts
// when it does not fit; at the bottom the buttons.
//
// A state is always a colour, a mark and a word. Areas are coloured cells: there are no block glyphs and no box
// drawing. The last column stays free of text, because terminals disagree about a wide rune that ends a row.
//
// The package must never decide what is said or done (page and session did), keep anything between two calls, or
// know a terminal's escape codes.
package screen

import (
	"fmt"
	"math"
	"slices"

	"github.com/gdamore/tcell/v2"

	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

// The smallest grid that can be drawn on.
const (
	MinCols = 40
	MinRows = 12
)

// wide is the width in cells from which two ways stand side by side.
const wide = 64

// Smallest touch target: 20 mm (field.md §2.1), and in cells where the millimetres are not known.
const (
	touchMM   = 20
	touchCols = 6
	touchRows = 3
)

// slotCols is the width a button needs for most labels to stand on one line.
const slotCols = 9

// Surface is what Draw needs of a tcell.Screen.
type Surface interface {
	Size() (cols, rows int)
	Fill(r rune, style tcell.Style)
	Put(x, y int, s string, style tcell.Style) (rest string, width int)
}

// Panel is the real thing behind the grid: its cells and its size. The zero Panel is of unknown size.
type Panel struct {
	Cols, Rows        int
	WidthMM, HeightMM float64
	Status            string // one line at the bottom, of the simulation; never in front of visitors
}

// touch returns the cells a target needs at least.
func (p Panel) touch() (cols, rows int) {
	cols, rows = touchCols, touchRows
	if p.Cols > 0 && p.WidthMM > 0 {
		cols = max(cols, int(math.Ceil(touchMM*float64(p.Cols)/p.WidthMM)))
	}
	if p.Rows > 0 && p.HeightMM > 0 {
		rows = max(rows, int(math.Ceil(touchMM*float64(p.Rows)/p.HeightMM)))
	}
	return cols, rows
}

// Rect is an area of cells.
type Rect struct{ X, Y, W, H int }

// Contains tells whether the cell belongs to r.
func (r Rect) Contains(x, y int) bool { return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H }

// Target is an area that can be touched.
type Target struct {
	Rect   Rect
	Action page.Action
}

// Hit returns what lies at a cell.
func Hit(targets []Target, x, y int) (page.Action, bool) {
	for _, t := range targets {
		if t.Rect.Contains(x, y) {
			return t.Action, true
		}
	}
	return page.ActNone, false
}

// Draw fills the surface with the state and returns what can be touched, in reading order but for the language
// button, which comes last. It shows the part st.Part counts to; whatever does not fit is on a further part.
func Draw(s Surface, st session.State, panel Panel) []Target {
	cols, rows := s.Size()
	s.Fill(' ', inkPaint.style(false))
	c := canvas{s: s, st: st, p: st.Page, cols: cols, rows: rows}
	if panel.Status != "" && rows > MinRows {
		c.rows--
		c.fill(Rect{0, c.rows, cols, 1}, statusPaint)
		c.put(1, c.rows, text.Paragraph(panel.Status, max(cols-2, 1))[0], statusPaint, false)
	}
	if cols < MinCols || rows < MinRows {
		c.tooSmall()
		return nil
	}
	c.touchCols, c.touchRows = panel.touch()
	c.draw()
	return c.targets
}

// canvas is one call of Draw at work.
type canvas struct {
	s                    Surface
	st                   session.State
	p                    page.Page
	cols, rows           int
	touchCols, touchRows int
	body                 int // rows that a single row of buttons leaves for the text
	targets              []Target
}

func (c *canvas) roomy() bool { return c.rows >= 18 }

func (c *canvas) fill(r Rect, p paint) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			c.s.Put(x, y, " ", p.style(false))
		}
	}
}

// put writes a line of text; it never wraps, and callers have measured it. Nothing is taken where there are no cells:
// a terminal may have become smaller since it told its size.
func (c *canvas) put(x, y int, s string, p paint, bold bool) {
	for s != "" {
		rest, width := c.s.Put(x, y, s, p.style(bold))
		if len(rest) == len(s) {
			return
		}
		x, s = x+width, rest
	}
}

// centred writes lines into the middle of r.
func (c *canvas) centred(r Rect, lines []string, p paint, bold bool) {
	for i, l := range lines[:min(len(lines), r.H)] {
		free := max(r.W-text.Width(l), 0)
		if r.X == 0 {
			free++ // the odd cell goes to the side of the frame; on the right the last column stays free anyway
		}
		c.put(r.X+free/2, r.Y+max(r.H-len(lines), 0)/2+i, l, p, bold)
	}
}

// tooSmall says so in as few cells as there may be.
func (c *canvas) tooSmall() {
	have, need := fmt.Sprintf("%dx%d", c.cols, c.rows), fmt.Sprintf("%dx%d", MinCols, MinRows)
	lines := text.Paragraph(c.st.Lang.Say("small", "have", have, "need", need), max(c.cols-1, 2))
	for y, l := range lines[:min(len(lines), c.rows)] {
		c.put(0, y, l, inkPaint, false)
	}
}

func (c *canvas) draw() {
	top := c.header()
	switch {
	case c.st.Screen == session.TakeCard && c.st.Notice.Text != "":
		top = c.band(top, c.touchRows)
	case c.strips():
		top = c.strip(top)
	}
	c.body = c.rows - top - c.touchRows - 2*c.gap()
	groups, staff := c.groups(), c.staff()
	need := height(groups, c.gap())
	if len(staff) > 0 {
		need += c.gap() + len(staff)
	}
	if c.roomy() {
		top++
	}
	buttons := slices.DeleteFunc(slices.Clone(c.p.Buttons), func(b page.Button) bool { return b.Action == page.ActLanguage || b.Choice })
	// What keeps the result from going stands first while the countdown runs.
	slices.SortStableFunc(buttons, func(a, b page.Button) int { return rank(a) - rank(b) })
	bar := c.bar(buttons, need, c.rows-top)
	body := c.rows - top - bar.height
	if c.roomy() && bar.height > 0 {
		body--
	}
	parts := follow(paginate(groups, body, c.gap()), staff, body, c.gap())
	count := max(len(parts), bar.parts(len(parts)))
	part := 0
	if count > 1 {
		part = c.st.Part % count
	}
	switch {
	case len(parts) == 1 && len(staff) > 0: // what is no visitor's business stands at the edge
		free, end := body-len(staff), len(parts[0])-len(staff)
		c.lines(top, free, parts[0][:end], true)
		c.lines(top+free, len(staff), parts[0][end:], false)
	case part < len(parts):
		c.lines(top, body, parts[part], len(parts) == 1)
	}
	c.buttons(bar, part, count)
	c.language()
}

func rank(b page.Button) int {
	if b.Action == page.ActExtend {
		return 0
	}
	return 1
}

// header draws mark and headline and returns the first row below.
func (c *canvas) header() int {
	p := paintOf(c.p.Mark)
	lang := c.languageRect().W + 2
	x := 1
	if c.p.Mark != page.NoMark {
		x = 4
	}
	lines := text.Balance(c.p.Headline, c.cols-x-lang)
	h := max(c.touchRows, len(lines))
	if c.roomy() {
		h = max(c.touchRows+2, len(lines)+2)
	}
	c.fill(Rect{0, 0, c.cols, h}, p)
	y := (h - len(lines)) / 2
	if m := c.p.Mark.Rune(); m != 0 {
		c.put(1, y, string(m), p, true)
	}
	for i, l := range lines {
		c.put(x, y+i, l, p, true)
	}
	return h
}

// languageButton is the same on every screen but the one it leads to.
func (c *canvas) languageButton() (page.Button, bool) {
	i := slices.IndexFunc(c.p.Buttons, func(b page.Button) bool { return b.Action == page.ActLanguage })
	if i < 0 {
		return page.Button{}, false
	}
	return c.p.Buttons[i], true
}

func (c *canvas) languageRect() Rect {
	b, ok := c.languageButton()
	if !ok {
		return Rect{}
	}
	w := max(c.touchCols, text.Width(b.Label)+2)
	y := 0
	if c.roomy() {
		y = 1
	}
	return Rect{c.cols - w - 1, y, w, c.touchRows}
}

func (c *canvas) language() {
	if b, ok := c.languageButton(); ok {
		c.button(c.languageRect(), b, paintOf(c.p.Mark).turned(), "")
	}
}

// strips tells whether this screen keeps rows for the notice and the countdown. They are kept while there is
// nothing to say too: a line that comes and goes would move the text under the reader's eyes.
func (c *canvas) strips() bool {
	switch c.st.Screen {
	case session.Result, session.Details, session.Question:
		return true
	}
	return false
}

// strip draws the countdown and the notice on one row, side by side where both fit, else the countdown alone.
func (c *canvas) strip(y int) int {
	type said struct {
		text string
		p    paint
	}
	var all []said
	if c.st.Left > 0 {
		all = append(all, said{page.Countdown(c.st.Left, c.st.Lang), attentionPaint})
	}
	if n := c.st.Notice; n.Text != "" {
		t := n.Text
		if m := n.Mark.Rune(); m != 0 {
			t = string(m) + " " + t
		}
		all = append(all, said{t, paintOf(n.Mark)})
	}
	if len(all) == 2 && max(text.Width(all[0].text), text.Width(all[1].text)) > c.cols/2-2 {
		all = all[:1]
	}
	for i, s := range all {
		r := Rect{i * c.cols / 2, y, c.cols - i*c.cols/2, 1}
		c.fill(r, s.p)
		c.put(r.X+1, y, text.Paragraph(s.text, c.cols-2)[0], s.p, true)
	}
	return y + 1
}

// band draws the notice as the largest thing below the headline.
func (c *canvas) band(y, h int) int {
	n := c.st.Notice
	lines := text.Balance(n.Text, c.cols-6)
	if c.roomy() {
		y, h = y+1, h+1
	}
	r := Rect{0, y, c.cols, max(h, len(lines))}
	p := plainPaint
	c.fill(r, p)
	c.centred(r, lines, p, true)
	return r.Y + r.H
}

// layout of the buttons at the bottom.
type layout struct {
	fixedLeft, rotating, fixedRight []page.Button
	slots, rows, height             int
	all                             bool // every button has its place
}

// bar chooses rows and slots: every button at once when the text leaves room, else one row in which those that are
// not always needed take turns, together with the parts of the text.
func (c *canvas) bar(buttons []page.Button, textRows, free int) layout {
	slots := (c.cols + 1) / (max(slotCols, c.touchCols) + 1)
	l := layout{rotating: buttons, slots: slots, all: true}
	gap := 0
	if c.roomy() {
		gap = 1
	}
	heightOf := func(rows int) int { return rows*c.touchRows + max(rows-1, 0) }
	for rows := (len(buttons) + slots - 1) / slots; rows >= 1; rows-- {
		h := heightOf(rows)
		if len(buttons) <= rows*slots && (textRows+h+gap <= free || rows == 1 && len(buttons) < slots) {
			l.rows, l.height = rows, h
			return l
		}
	}
	if len(buttons) == 0 && textRows <= free {
		return l
	}
	l.rows, l.height, l.all = 1, heightOf(1), false
	l.rotating = nil
	for _, b := range buttons {
		switch {
		case c.guide() && (b.Action == page.ActBack || b.Action == page.ActOver),
			!c.guide() && (b.Action == page.ActFinish || b.Action == page.ActBack && len(l.fixedRight) == 0):
			l.fixedRight = append(l.fixedRight, b)
		case b.Action == page.ActExtend:
			l.fixedLeft = append(l.fixedLeft, b)
		default:
			l.rotating = append(l.rotating, b)
		}
	}
	return l
}

// turns is how many buttons take turns at once.
func (l layout) turns() int { return max(l.slots-len(l.fixedLeft)-len(l.fixedRight)-1, 1) }

// parts is how many parts the buttons need when the text needs so many.
func (l layout) parts(text int) int {
	if l.all {
		return text
	}
	return max(text, (len(l.rotating)+l.turns()-1)/l.turns())
}

// buttons draws the bar of one part.
func (c *canvas) buttons(l layout, part, parts int) {
	row := slices.Clone(l.rotating)
	if !l.all {
		row = nil
		n := len(l.rotating)
		for i := range min(l.turns(), n) {
			row = append(row, l.rotating[(part*l.turns()+i)%n])
		}
		row = slices.Concat(l.fixedLeft, row)
	}
	if parts > 1 {
		row = append(row, page.Button{Action: page.ActMore, Label: c.st.Lang.Say("button.more")})
	}
	row = append(row, l.fixedRight...)
	if len(row) == 0 {
		return
	}
	perRow := (len(row) + l.rows - 1) / max(l.rows, 1)
	for y := c.rows - l.height; len(row) > 0; y += c.touchRows + 1 {
		line := row[:min(perRow, len(row))]
		row = row[len(line):]
		x := 0
		for i, b := range line {
			w := (c.cols - x - (len(line) - 1 - i)) / (len(line) - i)
			p := unclearPaint
			switch {
			case b.Action == page.ActExtend:
				p = attentionPaint
			case b.Main:
				p = plainPaint
			}
			under := ""
			switch {
			case b.Action == page.ActMore:
				under = fmt.Sprintf("%d/%d", part+1, parts)
			case b.Action == page.ActExtend && !c.strips():
				under = page.CountdownShort(c.st.Left, c.st.Lang)
			}
			c.button(Rect{x, y, w, c.touchRows}, b, p, under)
			x += w + 1
		}
	}
}

// label returns the cells of a line on a button. One that is as wide as the screen keeps a column free on both sides.
func (c *canvas) label(r Rect) int {
	if r.W == c.cols {
		return max(r.W-2, 2)
	}
	return max(r.W-1, 2)
}

func (c *canvas) button(r Rect, b page.Button, p paint, under string) {
	c.fill(r, p)
	lines := text.Balance(b.Label, c.label(r))
	if under != "" {
		lines = append(lines, under)
	}
	c.centred(r, lines, p, true)
	c.targets = append(c.targets, Target{r, b.Action})
}

// lines draws one part of the text.
func (c *canvas) lines(y, h int, lines []line, alone bool) {
	if alone && !c.strips() {
		y += min((h-len(lines))/2, 2)
	}
	for i, l := range lines {
		if l.fill != nil {
			c.fill(Rect{0, y + i, c.cols, 1}, *l.fill)
		}
		for _, s := range l.spans {
			c.put(s.x, y+i, s.text, s.paint, s.bold)
		}
		for _, b := range l.choices {
			c.button(Rect{b.x, y + i, b.w, c.touchRows}, b.Button, b.paint, "")
		}
	}
}
