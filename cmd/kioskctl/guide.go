package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"kagimado/kiosk/content"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// guides lists the guides, draws one as a tree, or prints one of its leaves.
func guides(_ context.Context, t *tool, args []string) error {
	fs := t.flags("guide")
	v := visit{lang: languageFlag(fs)}
	fs.StringVar(&v.profile, "profile", "", "profile of the office a leaf is told at")
	asJSON := fs.Bool("json", false, "print guide/1 documents, one a line")
	check := fs.Bool("check", false, "find the mistakes in the guides this program was built with")
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	ref := fs.Arg(0)
	if ref != "" { // flags may stand on either side of it
		if err := parse(fs, fs.Args()[1:]); err != nil {
			return err
		}
	}
	c := content.Embedded()
	b := book{Guides: &c.Guides, lang: text.Language(*v.lang), filled: guide.Filled(c.Terminal), w: t.stdout}
	if *check {
		if *asJSON || ref != "" {
			return usagef("--check is about all guides, and prints no document")
		}
		return b.check(c)
	}
	if ref == "" {
		if *asJSON {
			for _, g := range b.ordered() {
				if err := printJSON(t.stdout, b.document(g, g.Questions, g.Leaves)); err != nil {
					return err
				}
			}
			return nil
		}
		return b.list()
	}
	id, node, one := strings.Cut(ref, "/")
	g, ok := b.Guide(id)
	if !ok {
		return usagef("no guide is called %q; there are %s", id, strings.Join(b.names(), " "))
	}
	l, isLeaf := g.Leaf(node)
	if one && !isLeaf {
		return usagef("no leaf of %s is called %q; there are %s", id, node, strings.Join(leafNames(g), " "))
	}
	switch {
	case *asJSON && one:
		return printJSON(t.stdout, b.document(g, nil, []content.Leaf{*l}))
	case *asJSON:
		return printJSON(t.stdout, b.document(g, g.Questions, g.Leaves))
	case one:
		p, err := v.slip(t, ref)
		if err != nil {
			return err
		}
		return page.WriteText(t.stdout, p)
	}
	return b.tree(g)
}

// book is the guides as this tool prints them.
type book struct {
	*content.Guides
	lang   text.Language
	filled *strings.Replacer
	w      io.Writer
}

func (b book) check(c *content.Content) error {
	problems := guide.Check(c)
	for _, p := range problems {
		fmt.Fprintln(b.w, p)
	}
	if len(problems) > 0 {
		return failure{status: usage}
	}
	return nil
}

// ordered returns the guides as visitors meet them: those of the menu, then those that are only referred to.
func (b book) ordered() []*content.Guide {
	var all []*content.Guide
	for i := range b.All {
		all = append(all, &b.All[i])
	}
	place := func(g *content.Guide) int {
		if i := slices.Index(b.Menu, g.ID); i >= 0 {
			return i
		}
		return len(b.Menu)
	}
	slices.SortStableFunc(all, func(x, y *content.Guide) int { return cmp.Compare(place(x), place(y)) })
	return all
}

func (b book) names() (ids []string) {
	for _, g := range b.ordered() {
		ids = append(ids, g.ID)
	}
	return ids
}

func leafNames(g *content.Guide) (ids []string) {
	for _, l := range g.Leaves {
		ids = append(ids, l.ID)
	}
	return ids
}

func (b book) say(w content.Words) string { return b.filled.Replace(w.In(b.lang.String())) }

func (b book) list() error {
	var rows [][3]string
	var widest [2]int
	for _, g := range b.ordered() {
		row := [3]string{g.ID, b.say(g.Title), fmt.Sprintf("%2d questions, %2d leaves", len(g.Questions), len(g.Leaves))}
		if !slices.Contains(b.Menu, g.ID) {
			row[2] += ", not in the menu"
		}
		for i := range widest {
			widest[i] = max(widest[i], text.Width(row[i]))
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		for i, n := range widest {
			row[i] += strings.Repeat(" ", n-text.Width(row[i]))
		}
		if _, err := fmt.Fprintln(b.w, strings.Join(row[:], "  ")); err != nil {
			return err
		}
	}
	return nil
}

// tree draws the guide from its first question. A node that stands above, or in another guide, is only named; leaves
// no answer leads to, which other places refer to, follow below.
func (b book) tree(g *content.Guide) error {
	d := drawing{book: b, g: g, drawn: map[string]bool{}}
	fmt.Fprintf(&d.Builder, "%s  %s\n", g.ID, b.say(g.Title))
	if len(g.Questions) > 0 {
		d.node("", g.Questions[0].ID)
	}
	for _, q := range g.Questions {
		if !d.drawn[q.ID] {
			d.node("", q.ID)
		}
	}
	for _, l := range g.Leaves {
		if !d.drawn[l.ID] {
			d.node("", l.ID)
		}
	}
	_, err := io.WriteString(b.w, d.String())
	return err
}

type drawing struct {
	book
	g     *content.Guide
	drawn map[string]bool
	strings.Builder
}

func (d *drawing) line(indent, format string, args ...any) {
	fmt.Fprintf(&d.Builder, "%s%s\n", indent, fmt.Sprintf(format, args...))
}

// node draws what a reference leads to, and all that comes after it.
func (d *drawing) node(indent, ref string) {
	id, at, ok := d.Resolve(d.g.ID, ref)
	if !ok {
		d.line(indent, "%s, which does not exist", ref)
		return
	}
	there, _ := d.Guide(id)
	q, _ := there.Question(at)
	l, _ := there.Leaf(at)
	switch {
	case id != d.g.ID && q != nil:
		d.line(indent, "=> %s/%s  %s", id, at, d.say(q.Ask))
	case id != d.g.ID:
		d.line(indent, "=> %s/%s  %s", id, at, d.say(l.Title))
	case d.drawn[at]:
		d.line(indent, "%s, above", at)
	case q != nil:
		d.drawn[at] = true
		d.question(indent, q)
	default:
		d.drawn[at] = true
		d.line(indent, "%s/%s  %s", id, at, d.say(l.Title))
		if len(l.See) > 0 {
			d.line(indent, "   see %s", strings.Join(each(l.See, func(ref string) string { return d.target(d.g, ref) }), ", "))
		}
		if l.Then != "" {
			then := d.lang.Say("button.then")
			if l.ThenLabel != (content.Words{}) {
				then = d.say(l.ThenLabel)
			}
			d.line(indent, "+- %s", then)
			d.node(indent+"   ", l.Then)
		}
	}
}

func (d *drawing) question(indent string, q *content.Question) {
	line := q.ID + "  " + d.say(q.Ask)
	if q.Card != "" {
		line += "  [" + q.Card + "]"
	}
	d.line(indent, "%s", line)
	for _, a := range q.Answers {
		line := "+- " + d.say(a.Label)
		if len(a.When) > 0 {
			line += "  [" + strings.Join(a.When, " ") + "]"
		}
		d.line(indent, "%s", line)
		d.node(indent+"|  ", a.To)
	}
	none := d.lang.Say("button.dont-know")
	if q.NoneLabel != (content.Words{}) {
		none = d.say(q.NoneLabel)
	}
	d.line(indent, "+- %s", none)
	d.node(indent+"   ", q.Unknown)
}

// The document guide/1. Texts are given in every language, references as GUIDE/NODE, sources once below.
type (
	guideDocument struct {
		Schema    string             `json:"schema"`
		ID        string             `json:"id"`
		Title     wordsDocument      `json:"title"`
		Staff     bool               `json:"staff"`
		Menu      bool               `json:"menu"`
		Questions []questionDocument `json:"questions"`
		Leaves    []leafDocument     `json:"leaves"`
		Sources   []sourceDocument   `json:"sources"`
	}
	wordsDocument struct {
		Ja   string `json:"ja"`
		Easy string `json:"ja-easy"`
		En   string `json:"en"`
	}
	questionDocument struct {
		ID        string           `json:"id"`
		Ask       wordsDocument    `json:"ask"`
		Why       *wordsDocument   `json:"why"`
		Card      *string          `json:"card"`
		Answers   []answerDocument `json:"answers"`
		Unknown   string           `json:"unknown"`
		NoneLabel *wordsDocument   `json:"none_label"`
	}
	answerDocument struct {
		Label wordsDocument `json:"label"`
		To    string        `json:"to"`
		When  []string      `json:"when"`
	}
	leafDocument struct {
		ID        string              `json:"id"`
		Title     wordsDocument       `json:"title"`
		Keys      []string            `json:"keys"`
		Lead      []statementDocument `json:"lead"`
		Steps     []statementDocument `json:"steps"`
		Stop      []statementDocument `json:"stop"`
		Notes     []statementDocument `json:"notes"`
		Then      *string             `json:"then"`
		ThenLabel *wordsDocument      `json:"then_label"`
		See       []string            `json:"see"`
		Forgotten []string            `json:"forgotten"`
		Stores    []string            `json:"stores"`
		Office    bool                `json:"office"`
		Phones    []string            `json:"phones"`
		Page      *string             `json:"page"`
		Fields    []fieldDocument     `json:"fields"`
	}
	statementDocument struct {
		wordsDocument
		Source string `json:"source"`
	}
	fieldDocument struct {
		Label wordsDocument `json:"label"`
		Lines int           `json:"lines"`
	}
	sourceDocument struct {
		ID      string  `json:"id"`
		Title   string  `json:"title"`
		Address *string `json:"address"`
		Checked string  `json:"checked"`
	}
)

// document is the guide with these of its nodes, and the sources they rest on.
func (b book) document(g *content.Guide, questions []content.Question, leaves []content.Leaf) guideDocument {
	d := guideDocument{Schema: "guide/1", ID: g.ID, Title: b.words(g.Title), Staff: g.Staff, Menu: slices.Contains(b.Menu, g.ID)}
	to := func(ref string) string { return b.target(g, ref) }
	cited := map[string]bool{}
	say := func(all []content.Statement) []statementDocument {
		return each(all, func(s content.Statement) statementDocument {
			cited[s.Source] = true
			return statementDocument{b.words(s.Words), s.Source}
		})
	}
	d.Questions = each(questions, func(q content.Question) questionDocument {
		return questionDocument{
			ID: q.ID, Ask: b.words(q.Ask), Why: b.someWords(q.Why), Card: some(q.Card), Unknown: to(q.Unknown), NoneLabel: b.someWords(q.NoneLabel),
			Answers: each(q.Answers, func(a content.Answer) answerDocument {
				return answerDocument{b.words(a.Label), to(a.To), list(a.When)}
			}),
		}
	})
	d.Leaves = each(leaves, func(l content.Leaf) leafDocument {
		x := leafDocument{
			ID: l.ID, Title: b.words(l.Title), Keys: list(l.Keys), Lead: say(l.Lead), Steps: say(l.Steps), Stop: say(l.Stop), Notes: say(l.Notes),
			ThenLabel: b.someWords(l.ThenLabel), See: each(l.See, to), Forgotten: list(l.Forgotten), Stores: list(l.Stores), Office: l.Office, Phones: list(l.Phones), Page: some(l.Page),
			Fields: each(l.Fields, func(f content.Field) fieldDocument { return fieldDocument{b.words(f.Label), f.Lines} }),
		}
		if l.Then != "" {
			x.Then = some(to(l.Then))
		}
		return x
	})
	d.Sources = []sourceDocument{}
	for _, s := range b.Sources {
		if cited[s.ID] {
			d.Sources = append(d.Sources, sourceDocument{s.ID, s.Title, some(s.Address), s.Checked.String()})
		}
	}
	return d
}

// target is a reference in g as GUIDE/NODE.
func (b book) target(g *content.Guide, ref string) string {
	if guide, node, ok := b.Resolve(g.ID, ref); ok {
		return guide + "/" + node
	}
	return ref
}

func (b book) words(w content.Words) wordsDocument {
	return wordsDocument{b.filled.Replace(w.Ja), b.filled.Replace(w.Easy), b.filled.Replace(w.En)}
}

func (b book) someWords(w content.Words) *wordsDocument {
	if w == (content.Words{}) {
		return nil
	}
	d := b.words(w)
	return &d
}

// some is s, or null for nothing.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// each and list never make null of an empty list.
func each[T, D any](all []T, document func(T) D) []D {
	out := make([]D, 0, len(all))
	for _, x := range all {
		out = append(out, document(x))
	}
	return out
}

func list(s []string) []string { return append([]string{}, s...) }
