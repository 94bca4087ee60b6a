package page

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Text returns the page as plain text: the words of the screen and the slip, without their colours and places.
func Text(p Page) string {
	var b strings.Builder
	// A strings.Builder never fails.
	_ = WriteText(&b, p)
	return b.String()
}

// WriteText writes what Text returns. The blocks stand in the order of importance, a blank line between them.
func WriteText(w io.Writer, p Page) error {
	t := &writer{w: w}
	t.line(marked(p.Mark, p.Headline))
	t.block("", p.Lead)
	var rows []string
	for _, r := range p.Rows {
		rows = append(rows, rowLines(r)...)
	}
	t.block(p.Titles.Rows, rows)
	t.block("", some(p.Rest))
	for _, way := range p.Ways {
		t.block(strings.Join(some(p.Titles.Ways, way.Title), ": "), wayLines(way))
	}
	t.block("", some(p.Question, p.Why))
	t.block(p.Titles.Notes, bulleted(p.Notes))
	for _, x := range p.Sections {
		t.block(x.Title, bulleted(x.Lines))
	}
	for _, f := range p.Fields {
		t.block("", append([]string{f.Label + ":"}, slices.Repeat([]string{strings.Repeat("_", 36)}, f.Lines)...))
	}
	t.block(p.Titles.Bring, bulleted(p.Bring))
	if p.Codes == "" { // a result tells only what is not fine; its details tell all
		rows = nil
		for _, r := range p.AllRows {
			rows = append(rows, rowLines(r)...)
		}
		t.block("", rows)
	}
	t.block("", some(p.Again))
	t.block(p.Titles.Limits, p.Limits)
	t.block(p.Titles.Clerk, append(append([]string{}, p.Clerk...), some(p.Codes)...))
	t.block("", p.Foot)
	t.block("", some(p.LinkText, p.Link))
	t.block("", some(p.Dated))
	t.block("", p.Staff)
	return t.err
}

type writer struct {
	w   io.Writer
	err error
}

func (t *writer) line(s string) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, s)
	}
}

// block writes a title and its lines after a blank line; nothing when there are no lines.
func (t *writer) block(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line("")
	if title != "" {
		t.line("[" + title + "]")
	}
	for _, l := range lines {
		t.line(l)
	}
}

func some(s ...string) []string {
	var all []string
	for _, s := range s {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

func marked(m Mark, s string) string {
	if m == NoMark {
		return s
	}
	return string(m.Rune()) + " " + s
}

func rowLines(r Row) []string {
	lines := []string{marked(r.Mark, r.Name+"  "+r.State)}
	if r.Official != "" && r.Official != r.Name {
		lines = append(lines, "   "+r.Official)
	}
	return append(lines, some(indent(r.Means))...)
}

func wayLines(w Way) []string {
	lines := some(w.If)
	lines = append(lines, w.Place...)
	lines = append(lines, some(w.Opening, strings.Join(some(w.Price, w.Takes), " / "))...)
	for i, s := range w.Steps {
		lines = append(lines, fmt.Sprintf("%2d. %s", i+1, s))
	}
	return lines
}

func bulleted(all []string) []string {
	var lines []string
	for _, s := range all {
		lines = append(lines, "- "+s)
	}
	return lines
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "   " + s
}
