package content

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Words is one text in every language of the kiosk.
type Words struct {
	Ja   string `toml:"ja"`
	Easy string `toml:"ja-easy"`
	En   string `toml:"en"`
}

// In returns the text in the language with this stable name, the Japanese one where that language has none.
func (w Words) In(language string) string {
	if s := w.Only(language); s != "" {
		return s
	}
	return w.Ja
}

// Only returns the text in just this language; empty where that language has none.
func (w Words) Only(language string) string {
	switch language {
	case "ja":
		return w.Ja
	case "ja-easy":
		return w.Easy
	case "en":
		return w.En
	}
	return ""
}

// Source is where a statement of a guide comes from.
type Source struct {
	ID      string `toml:"id"`
	Title   string `toml:"title"`
	Address string `toml:"address"` // empty for what was never on the web
	Checked Date   `toml:"checked"` // the day on which it was last compared
}

// Statement is one finished sentence, or a few, that a guide says. {opens}, {closes}, {booking} and {minutes} stand for
// what Terminal says, so that no fact is written twice.
type Statement struct {
	Words
	Source string `toml:"source"` // id of a Source
}

// Answer is one button below a question.
type Answer struct {
	Label Words  `toml:"label"`
	To    string `toml:"to"` // see Guide
	// When lists what the card may have said (Question.Card) for this to be the answer without asking.
	When []string `toml:"when"`
}

// Question is a node with a choice.
type Question struct {
	ID      string   `toml:"id"`
	Ask     Words    `toml:"ask"`
	Why     Words    `toml:"why"`  // what helps to answer it; empty for nothing
	Card    string   `toml:"card"` // what a reading can answer: a key's stable name, or certificate; empty for nothing
	Answers []Answer `toml:"answer"`
	// Unknown is where those go on who do not know; NoneLabel names that button where "I don't know" does not fit.
	Unknown   string `toml:"unknown"`
	NoneLabel Words  `toml:"none-label"`
}

// Field is a place on a memo that the visitor fills in by hand.
type Field struct {
	Label Words `toml:"label"`
	Lines int   `toml:"lines"` // empty lines to write on
}

// Leaf is a node that ends a walk: what to do, in order, and when to stop and go where.
type Leaf struct {
	ID    string      `toml:"id"`
	Title Words       `toml:"title"`
	Keys  []string    `toml:"keys"` // whose state on the visitor's card is told: stable names, certificate, card
	Lead  []Statement `toml:"lead"` // what it means, at most two
	Steps []Statement `toml:"steps"`
	Stop  []Statement `toml:"stop"`  // when to stop here and where to go instead
	Notes []Statement `toml:"notes"` // what must not be overlooked
	Then  string      `toml:"then"`  // where to go on if that did not help; see Guide
	// ThenLabel names that button where "that did not help" does not fit.
	ThenLabel Words    `toml:"then-label"`
	See       []string `toml:"see"` // what belongs to it, at most three; see Guide

	Forgotten []string `toml:"forgotten"` // keys a visitor who gets here has forgotten: with a card read, the way is known
	Stores    []string `toml:"stores"`    // keys whose chains of stores are listed
	Office    bool     `toml:"office"`    // tell this office's counter and hours
	Phones    []string `toml:"phones"`    // ids of telephone lines
	Page      string   `toml:"page"`      // id of the official page for the QR code
	Fields    []Field  `toml:"field"`     // makes it a memo: the walk that led here and lines to fill in
}

// Guide is one tree of trouble that the card alone cannot explain. A reference in it is the id of a node of the same
// guide, the id of another guide, or GUIDE/NODE.
type Guide struct {
	ID        string     `toml:"id"`
	Title     Words      `toml:"title"`
	Staff     bool       `toml:"staff"` // for people who work at a clinic or a booth, not for visitors
	Sources   []Source   `toml:"source"`
	Questions []Question `toml:"question"` // the first one begins the guide; a guide of leaves alone is only referred to
	Leaves    []Leaf     `toml:"leaf"`
}

// Question returns the question with this id.
func (g *Guide) Question(id string) (*Question, bool) {
	return at(g.Questions, func(q Question) bool { return q.ID == id })
}

// Leaf returns the leaf with this id.
func (g *Guide) Leaf(id string) (*Leaf, bool) {
	return at(g.Leaves, func(l Leaf) bool { return l.ID == id })
}

// at returns a pointer into s: nodes are large, and nobody changes them.
func at[T any](s []T, is func(T) bool) (*T, bool) {
	if i := slices.IndexFunc(s, is); i >= 0 {
		return &s[i], true
	}
	return nil, false
}

// Guides are all trees, and what they share.
type Guides struct {
	Menu    []string // ids of the guides a visitor can start, in the order of the menu
	Sources []Source // of all guides
	All     []Guide
}

// Guide returns the guide with this id.
func (g *Guides) Guide(id string) (*Guide, bool) {
	return at(g.All, func(x Guide) bool { return x.ID == id })
}

// Source returns the source with this id.
func (g *Guides) Source(id string) (Source, bool) {
	return find(g.Sources, func(s Source) bool { return s.ID == id })
}

// Resolve finds the node a reference in guide from leads to. The node is empty where there is none.
func (g *Guides) Resolve(from, ref string) (guide, node string, ok bool) {
	here, _ := g.Guide(from)
	guide, node, other := strings.Cut(ref, "/")
	switch {
	case !other && here != nil && here.has(ref):
		return from, ref, true
	case !other:
		there, ok := g.Guide(ref)
		if !ok || len(there.Questions) == 0 {
			return "", "", false
		}
		return ref, there.Questions[0].ID, true
	}
	there, ok := g.Guide(guide)
	if !ok || !there.has(node) {
		return "", "", false
	}
	return guide, node, true
}

func (g *Guide) has(node string) bool {
	_, q := g.Question(node)
	_, l := g.Leaf(node)
	return q || l
}

// loadGuides reads every file of a folder: index.toml holds the order of the menu and the sources that several guides
// name, each other file one guide. What a walk through them would meet is for guide.Check to find.
func loadGuides(files fs.FS, folder string) (Guides, error) {
	var all Guides
	names, err := fs.Glob(files, path.Join(folder, "*.toml"))
	if err != nil {
		return all, err
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return all, err
		}
		if path.Base(name) == "index.toml" {
			var index struct {
				Menu    []string `toml:"menu"`
				Sources []Source `toml:"source"`
			}
			if err := decode(data, &index); err != nil {
				return all, &FileError{name, err}
			}
			all.Menu = index.Menu
			all.Sources = append(all.Sources, index.Sources...)
			continue
		}
		var g Guide
		if err := decode(data, &g); err != nil {
			return all, &FileError{name, err}
		}
		if want := strings.TrimSuffix(path.Base(name), ".toml"); g.ID != want {
			return all, &FileError{name, fmt.Errorf("the id is %q; want the name of the file, %q", g.ID, want)}
		}
		if err := g.check(); err != nil {
			return all, &FileError{name, err}
		}
		all.Sources = append(all.Sources, g.Sources...)
		all.All = append(all.All, g)
	}
	errs := []error{ids("guide", all.All, func(g Guide) string { return g.ID }), ids("source", all.Sources, func(s Source) string { return s.ID })}
	for _, s := range all.Sources {
		if s.Title == "" || s.Checked == (Date{}) {
			errs = append(errs, fmt.Errorf("checking source %s: title and checked must be given", s.ID))
		}
	}
	return all, errors.Join(errs...)
}

// check holds the form of one guide: ids, and words in every place that has some.
func (g *Guide) check() error {
	var nodes []string
	for _, q := range g.Questions {
		nodes = append(nodes, q.ID)
	}
	for _, l := range g.Leaves {
		nodes = append(nodes, l.ID)
	}
	errs := []error{ids("node", nodes, func(id string) string { return id })}
	for _, id := range nodes {
		if strings.Contains(id, "/") {
			errs = append(errs, fmt.Errorf("checking node %s: an id holds no slash", id))
		}
	}
	return errors.Join(errs...)
}
