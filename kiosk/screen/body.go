package screen

import (
	"fmt"
	"slices"

	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

// span is a run of text in one style.
type span struct {
	x     int
	text  string
	paint paint
	bold  bool
}

// line is one row of the text. fill colours the whole row; choices are buttons that begin here and cover the rows of
// their group. A group that has to be cut is cut above a line that begins something, where there is one.
type line struct {
	spans   []span
	fill    *paint
	choices []choice
	begins  bool
}

// choice is a button among the text.
type choice struct {
	page.Button
	x, w  int
	paint paint
}

// group is lines that belong together: a part ends between groups where it can.
type group []line

func (c *canvas) gap() int {
	if c.roomy() {
		return 1
	}
	return 0
}

// height is the rows the groups take in one piece.
func height(groups []group, gap int) int {
	n := 0
	for i, g := range groups {
		n += len(g)
		if i > 0 {
			n += gap
		}
	}
	return n
}

// paginate cuts the groups into parts of at most h rows. A group that does not fit any more is cut above the last line
// that begins something there, else it goes to the next part as a whole; one that is longer than a part and begins
// nothing begins where at least half a part is free and goes on over the next.
func paginate(groups []group, h, gap int) [][]line {
	var parts [][]line
	var now []line
	flush := func() {
		if len(now) > 0 {
			parts = append(parts, now)
		}
		now = nil
	}
	for _, g := range groups {
		for len(g) > 0 {
			pad := 0
			if len(now) > 0 {
				pad = gap
			}
			n := min(len(g), h-len(now)-pad)
			for whole := n == len(g); n > 0 && !whole && !g[n].begins; n-- {
			}
			switch {
			case n > 0:
			case len(now) > 0 && (len(g) <= h || len(now)+pad > h/2):
				flush()
				continue
			default:
				n = h - len(now) - pad
			}
			now = append(append(now, make([]line, pad)...), g[:n]...)
			if g = g[n:]; len(g) > 0 {
				flush()
			}
		}
	}
	flush()
	return parts
}

// follow puts lines behind the last part and lets them go on over further ones, cut anywhere: their first line is seen
// as early as it can be.
func follow(parts [][]line, lines []line, h, gap int) [][]line {
	for i, l := range lines {
		last := len(parts) - 1
		if i == 0 && last >= 0 && len(parts[last])+gap < h {
			parts[last] = append(parts[last], make([]line, gap)...)
		}
		if last < 0 || len(parts[last]) == h {
			parts = append(parts, nil)
			last++
		}
		parts[last] = append(parts[last], l)
	}
	return parts
}

// paragraph wraps s into lines between x and x+w, in one style; prefix stands before the first line.
func paragraph(x, w int, prefix, s string, p paint, bold bool) []line {
	var lines []line
	in := text.Width(prefix)
	for i, l := range text.Paragraph(s, w-in) {
		at := line{spans: []span{{x + in, l, p, bold}}}
		if i == 0 && prefix != "" {
			at.spans = append([]span{{x, prefix, p, bold}}, at.spans...)
		}
		lines = append(lines, at)
	}
	return lines
}

func (c *canvas) paragraph(prefix, s string, p paint, bold bool) []line {
	return paragraph(1, c.cols-2, prefix, s, p, bold)
}

// title is a heading over the whole width.
func (c *canvas) title(s string) []line {
	lines := c.paragraph("", s, titlePaint, true)
	for i := range lines {
		lines[i].fill = &titlePaint
	}
	return lines
}

// groups is everything the page says below its headline, in the order of importance.
func (c *canvas) groups() []group {
	var all []group
	add := func(g group) {
		if len(g) > 0 {
			all = append(all, g)
		}
	}
	plain := func(lines []string) group {
		var g group
		for _, s := range lines {
			g = append(g, c.paragraph("", s, inkPaint, false)...)
		}
		return g
	}
	titled := func(title, prefix string, lines []string) group {
		if len(lines) == 0 {
			return nil
		}
		g := group(c.title(title))
		for i, s := range lines {
			g = append(g, begin(c.paragraph(prefix, s, inkPaint, false), i > 0)...)
		}
		return g
	}

	p := c.p
	if c.st.Screen == session.Result && !c.roomy() {
		add(c.digest(p.Ways))
	}
	rows := func() {
		all := p.Rows
		if c.st.Screen == session.Details {
			all = p.AllRows
		}
		for i, r := range all {
			var g group
			if i == 0 && c.st.Screen != session.Details && !c.guide() {
				g = c.title(p.Titles.Rows)
			}
			add(append(g, c.row(r)...))
		}
	}
	if c.guide() {
		rows() // what this card says of the very number is what the visitor came for
	}
	add(plain(p.Lead))
	if c.st.Screen == session.Reading {
		add(c.progress())
	}
	if c.st.Screen == session.TakeCard {
		return all // one instruction, nothing beside it; the rest follows when the card is taken
	}
	if len(p.Ways) == 2 && c.cols >= wide {
		add(c.sideBySide(p.Ways[0], p.Ways[1]))
	} else {
		for _, w := range p.Ways {
			add(c.way(1, c.cols-2, w, true))
		}
	}
	if !c.guide() {
		rows()
	}
	if p.Rest != "" {
		add(c.paragraph("", p.Rest, inkPaint, false))
	}
	// What is chosen from stands first where there is little room.
	choices := c.choices()
	if len(choices) > 0 && !c.roomy() && len(p.Ways) == 0 {
		all = append(all, choices...)
		choices = nil
	}
	if p.Question != "" {
		add(append(group(c.paragraph("", p.Question, inkPaint, true)), c.paragraph("", p.Why, inkPaint, false)...))
	} else if p.Why != "" {
		add(c.paragraph("", p.Why, inkPaint, false))
	}
	add(titled(p.Titles.Notes, "・", p.Notes))
	for _, x := range p.Sections {
		add(titled(x.Title, "・", x.Lines))
	}
	var labels []string
	for _, f := range p.Fields {
		labels = append(labels, f.Label)
	}
	add(titled(p.Titles.Fields, "・", labels))
	add(titled(p.Titles.Bring, "・", p.Bring))
	add(titled(p.Titles.Limits, "", p.Limits))
	clerk := p.Clerk
	if p.Codes != "" {
		clerk = append(clerk[:len(clerk):len(clerk)], p.Codes)
	}
	add(titled(p.Titles.Clerk, "", clerk))
	if p.Again != "" {
		add(c.paragraph("", p.Again, inkPaint, false))
	}
	if p.Link != "" {
		add(append(group(c.paragraph("", p.LinkText, inkPaint, false)), c.paragraph("", p.Link, mutedPaint, false)...))
	}
	all = append(all, choices...)
	var foot group
	for _, s := range p.Foot {
		foot = append(foot, c.paragraph("", s, mutedPaint, false)...)
	}
	// A line that everybody knows makes no part of its own.
	help := c.paragraph("", p.Help, mutedPaint, false)
	parts := func(last group) int { return len(paginate(append(slices.Clip(all), last), c.body, c.gap())) }
	if with := slices.Concat(foot, help); parts(with) <= max(1, parts(foot)) {
		foot = with
	}
	add(foot)
	return all
}

// guide tells whether this is one of the guides' screens.
func (c *canvas) guide() bool {
	return c.st.Screen == session.Guides || c.st.Screen == session.GuideStep
}

// choices are the things to choose from, in as few columns as let all of them stand on one part, and in as many as
// their labels allow where none does.
func (c *canvas) choices() []group {
	var all []page.Button
	for _, b := range c.p.Buttons {
		if b.Choice {
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil
	}
	columns := 1
	for n := 1; n <= 5; n++ {
		w := (c.cols - n + 1) / n
		if w < c.touchCols || slices.ContainsFunc(all, func(b page.Button) bool { return len(text.Balance(b.Label, c.label(Rect{W: w}))) > c.touchRows }) {
			break
		}
		columns = n
		if rows := (len(all) + n - 1) / n; rows*c.touchRows+(rows-1)*c.gap() <= c.body {
			break
		}
	}
	var groups []group
	for row := 0; len(all) > 0; row++ {
		// Rows that touch each other are told apart by their colour.
		p := unclearPaint
		if row%2 == 1 && c.gap() == 0 {
			p = plainPaint
		}
		g := make(group, c.touchRows)
		x := 0
		for i := range columns {
			w := (c.cols - x - (columns - 1 - i)) / (columns - i)
			if len(all) > 0 {
				g[0].choices = append(g[0].choices, choice{all[0], x, w, p})
				all = all[1:]
			}
			x += w + 1
		}
		groups = append(groups, g)
	}
	return groups
}

// staff is what staff must see to; it comes last.
func (c *canvas) staff() []line {
	var all []line
	for _, s := range c.p.Staff {
		all = append(all, c.paragraph("", s, mutedPaint, false)...)
	}
	return all
}

// progress is a bar of coloured cells: no glyph, so that it is the same in every font.
func (c *canvas) progress() group {
	full := c.cols - 2
	done := 0
	if c.st.Total > 0 {
		done = full * min(c.st.Done, c.st.Total) / c.st.Total
	}
	bar := line{spans: []span{
		{1, blanks(done), finePaint, false},
		{1 + done, blanks(full - done), barPaint, false},
	}}
	if c.roomy() {
		return group{bar, bar}
	}
	return group{bar}
}

func blanks(n int) string { return fmt.Sprintf("%*s", n, "") }

// row is one key or date: mark, name and state, on one line where they fit, and the official term below.
func (c *canvas) row(r page.Row) group {
	const in = 4
	mark := "  "
	if m := r.Mark.Rune(); m != 0 {
		mark = string(m)
	}
	head := span{1, mark, paintOf(r.Mark), true}
	if r.Mark == page.NoMark {
		head.paint = inkPaint
	}
	var g group
	if w := text.Width(r.Name) + 2 + text.Width(r.State); in+w <= c.cols-1 {
		g = group{{spans: []span{head, {in, r.Name, inkPaint, true}, {c.cols - 1 - text.Width(r.State), r.State, inkPaint, true}}}}
	} else {
		g = append(g, paragraph(in, c.cols-in-1, "", r.Name, inkPaint, true)...)
		g[0].spans = append([]span{head}, g[0].spans...)
		g = append(g, paragraph(in, c.cols-in-1, "", r.State, inkPaint, false)...)
	}
	if r.Official != "" && r.Official != r.Name {
		g = append(g, paragraph(in, c.cols-in-1, "", r.Official, mutedPaint, false)...)
	}
	if c.st.Screen == session.Details && r.Means != "" && c.roomy() {
		g = append(g, paragraph(in, c.cols-in-1, "", r.Means, mutedPaint, false)...)
	}
	return g
}

// digest is where to go, in as few lines as a small grid has below the verdict: it is all that many visitors look
// for. The ways are told to their end further on.
func (c *canvas) digest(ways []page.Way) group {
	var g group
	for i, w := range ways {
		g = append(g, c.title(w.Title)...)
		if i > 0 {
			continue
		}
		for _, s := range append(slices.Clone(w.Place[:min(len(w.Place), 1)]), w.Opening) {
			if s != "" {
				g = append(g, c.paragraph("", s, inkPaint, true)...)
			}
		}
	}
	return g
}

// way tells one way out between x and x+w: where and whether it is open first, since a part may end there.
func (c *canvas) way(x, w int, way page.Way, full bool) group {
	var g group
	g = append(g, paragraph(x, w, "", way.Title, titlePaint, true)...)
	for i := range g {
		if full {
			g[i].fill = &titlePaint
		} else {
			g[i].spans = append([]span{{x, blanks(w), titlePaint, false}}, g[i].spans...)
		}
	}
	head := true // title, place and opening stay together: many look for nothing else
	add := func(prefix, s string, p paint, bold bool) {
		if s != "" {
			g = append(g, begin(paragraph(x, w, prefix, s, p, bold), !head)...)
		}
	}
	first := min(len(way.Place), 1)
	for _, s := range way.Place[:first] {
		add("", s, inkPaint, true)
	}
	add("", way.Opening, inkPaint, true)
	head = way.Opening == "" && first == 0
	cost := way.Price
	if way.Takes != "" {
		if cost != "" {
			cost += "　"
		}
		cost += way.Takes
	}
	add("", cost, inkPaint, false)
	for _, s := range way.Place[first:] {
		add("", s, inkPaint, false)
	}
	add("", way.If, inkPaint, false)
	for i, s := range way.Steps {
		add(fmt.Sprintf("%d ", i+1), s, inkPaint, false)
		head = false
	}
	return g
}

// begin marks lines as a whole that a part may begin with.
func begin(lines []line, ok bool) []line {
	if len(lines) > 0 {
		lines[0].begins = ok
	}
	return lines
}

// sideBySide sets two ways in two columns.
func (c *canvas) sideBySide(a, b page.Way) group {
	w := (c.cols - 4) / 2
	left, right := c.way(1, w, a, false), c.way(3+w, w, b, false)
	g := make(group, max(len(left), len(right)))
	for i := range g {
		if i < len(left) {
			g[i].spans = append(g[i].spans, left[i].spans...)
		}
		if i < len(right) {
			g[i].spans = append(g[i].spans, right[i].spans...)
		}
		g[i].begins = (i >= len(left) || left[i].begins) && (i >= len(right) || right[i].begins)
	}
	return g
}
