package guide

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

// MaxAnswers is how many buttons a question may have, "I don't know" included: what fits a small screen at a size that
// a finger finds.
const MaxAnswers = 6

// Check returns everything that would let a visitor down: references that lead nowhere, nodes nobody can reach, ways
// that go round in circles, leaves without steps or without an end, missing translations, sources and dated facts, and
// sentences that are too hard to read. Each problem names its place as GUIDE/NODE.
func Check(c *content.Content) []error {
	k := &checker{c: c, g: &c.Guides, filled: Filled(c.Terminal), cited: map[string]bool{}}
	for i, id := range k.g.Menu {
		if g, ok := k.g.Guide(id); !ok || len(g.Questions) == 0 {
			k.problem(id, "the menu leads to it, and it has no question to begin with")
		}
		if slices.Contains(k.g.Menu[:i], id) {
			k.problem(id, "the menu leads to it twice")
		}
	}
	for i := range k.g.All {
		k.guide(&k.g.All[i])
	}
	on, all := k.edges()
	k.unreachable(all)
	k.circles(on)
	for _, s := range k.g.Sources {
		if s.Title == "" || s.Checked == (content.Date{}) {
			k.problem("source "+s.ID, "title and checked must be given")
		}
		if !k.cited[s.ID] {
			k.problem("source "+s.ID, "nothing is said on its word")
		}
	}
	return k.problems
}

type checker struct {
	c        *content.Content
	g        *content.Guides
	filled   *strings.Replacer
	at       string // the node being checked
	cited    map[string]bool
	problems []error
}

func (k *checker) problem(at, format string, args ...any) {
	k.problems = append(k.problems, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
}

func (k *checker) say(format string, args ...any) { k.problem(k.at, format, args...) }

func (k *checker) guide(g *content.Guide) {
	k.at = g.ID
	k.words("title", g.Title, 22)
	for i := range g.Questions {
		k.question(g, &g.Questions[i])
	}
	for i := range g.Leaves {
		k.leaf(g, &g.Leaves[i])
	}
}

func (k *checker) question(g *content.Guide, q *content.Question) {
	k.at = g.ID + "/" + q.ID
	k.words("question", q.Ask, 36)
	if q.Why != (content.Words{}) {
		k.words("help to the question", q.Why, 0)
	}
	if q.NoneLabel != (content.Words{}) {
		k.words("label of the last answer", q.NoneLabel, 22)
	}
	if n := len(q.Answers) + 1; len(q.Answers) == 0 || n > MaxAnswers {
		k.say("%d answers with \"I don't know\"; want 2 to %d", n, MaxAnswers)
	}
	if q.Unknown == "" {
		k.say("nowhere to go for who does not know")
	} else {
		k.leads("I don't know", q.Unknown)
	}
	said := values(q.Card)
	if q.Card != "" && said == nil {
		k.say("no reading answers %q", q.Card)
	}
	when := map[string]bool{}
	for _, a := range q.Answers {
		k.words("answer", a.Label, 22)
		k.leads(a.Label.Ja, a.To)
		for _, w := range a.When {
			if !slices.Contains(said, w) || when[w] {
				k.say("answer %q: the card never says %q of %q, or another answer has it", a.Label.Ja, w, q.Card)
			}
			when[w] = true
		}
	}
	if (q.Card != "") != (len(when) > 0) {
		k.say("card and when go together")
	}
	for _, l := range text.Languages() {
		said := map[string]bool{}
		for _, label := range append(labels(q.Answers), q.NoneLabel) {
			s := label.Only(l.String())
			if s != "" && said[s] {
				k.say("two answers are %q in %s", s, l)
			}
			said[s] = true
		}
	}
}

func labels(answers []content.Answer) (all []content.Words) {
	for _, a := range answers {
		all = append(all, a.Label)
	}
	return all
}

// values are what can be Known of a thing.
func values(of string) []string {
	if of == Certificate {
		return []string{Valid, Soon, Grace, Over, Expired, Absent}
	}
	if isKey(of) {
		return []string{KeyLocked, KeyLastTry, KeyOpen, KeyAbsent}
	}
	return nil
}

func isKey(name string) bool {
	return slices.ContainsFunc(card.Keys(), func(s card.KeySpec) bool { return s.Name == name })
}

func (k *checker) leaf(g *content.Guide, l *content.Leaf) {
	k.at = g.ID + "/" + l.ID
	k.words("title", l.Title, 30)
	for _, b := range []struct {
		what     string
		said     []content.Statement
		min, max int
	}{{"lead", l.Lead, 0, 2}, {"steps", l.Steps, 1, 7}, {"stop", l.Stop, 1, 2}, {"notes", l.Notes, 0, 3}} {
		if n := len(b.said); n < b.min || n > b.max {
			k.say("%d %s; want %d to %d", n, b.what, b.min, b.max)
		}
		for _, s := range b.said {
			k.statement(b.what, s)
		}
	}
	if l.Then != "" {
		k.leads("then", l.Then)
	}
	if l.ThenLabel != (content.Words{}) {
		k.words("label of then", l.ThenLabel, 22)
	}
	if len(l.See) > 3 {
		k.say("refers to %d places; want 3 at most", len(l.See))
	}
	seen := map[string]bool{}
	for _, ref := range l.See {
		switch to := k.leads("see", ref); {
		case to == k.at:
			k.say("refers to itself")
		case to != "" && seen[to]:
			k.say("refers to %s twice", to)
		default:
			seen[to] = true
		}
	}
	for _, name := range l.Keys {
		if !isKey(name) && name != Certificate && name != "card" {
			k.say("nothing on a card is called %q", name)
		}
	}
	for _, name := range l.Forgotten {
		if !slices.Contains([]string{"auth", "sign", "input-support", "juki"}, name) {
			k.say("%q is nothing a visitor can forget", name)
		}
	}
	for _, name := range l.Stores {
		if len(k.c.Resetting(name)) == 0 {
			k.say("no chain of stores resets %q", name)
		}
	}
	for _, id := range l.Phones {
		if _, ok := k.c.Phone(id); !ok {
			k.say("no telephone line is called %q", id)
		}
	}
	if l.Page != "" {
		if _, ok := k.c.Page(l.Page); !ok {
			k.say("no page is called %q", l.Page)
		}
	}
	for _, f := range l.Fields {
		k.words("field", f.Label, 30)
		if f.Lines < 1 || f.Lines > 4 {
			k.say("field %q has %d lines; want 1 to 4", f.Label.Ja, f.Lines)
		}
	}
}

func (k *checker) statement(what string, s content.Statement) {
	k.words(what, s.Words, 0)
	if _, ok := k.g.Source(s.Source); !ok {
		k.say("%s %q: no source is called %q", what, s.Ja, s.Source)
	}
	k.cited[s.Source] = true
}

// Filled are the placeholders a statement may hold: what content.Terminal says.
func Filled(t content.Terminal) *strings.Replacer {
	return strings.NewReplacer("{opens}", t.Opens, "{closes}", t.Closes,
		"{booking}", fmt.Sprint(t.BookingHours), "{minutes}", fmt.Sprint(t.Minutes))
}

// In やさしい日本語 every word with kanji has its reading behind it, as 番号（ばんごう）.
var (
	kanji = regexp.MustCompile(`\p{Han}+`)
	read  = regexp.MustCompile(`\p{Han}[^\x{FF08}\x{FF09}\s\x{3001}\x{3002}]*\x{FF08}[\p{Hiragana}\x{30FC}]+\x{FF09}`)
)

// words holds a text in every language: there, drawable, plain, and where limit is not 0 no longer than so many full
// ems, a third more where readings stand between the words.
func (k *checker) words(what string, w content.Words, limit int) {
	for _, l := range text.Languages() {
		s := w.Only(l.String())
		if strings.TrimSpace(s) == "" || s != strings.TrimSpace(s) {
			k.say("%s %q: nothing in %s, or a space at an end", what, w.Ja, l)
			continue
		}
		var errs []error
		if err := text.Check(s); err != nil {
			errs = append(errs, err)
		}
		if rest := k.filled.Replace(s); strings.ContainsAny(rest, "{}") {
			errs = append(errs, errors.New("a placeholder nobody fills"))
		}
		errs = append(errs, l.Hard(s)...)
		if rest := kanji.FindString(read.ReplaceAllString(s, "")); l == text.EasyJapanese && rest != "" {
			errs = append(errs, fmt.Errorf("no reading behind %s", rest))
		}
		most := limit
		if l == text.EasyJapanese {
			most += limit / 3
		}
		if n := (text.Width(s) + 1) / 2; limit > 0 && n > most {
			errs = append(errs, fmt.Errorf("%d ems; want %d at most", n, most))
		}
		for _, err := range errs {
			k.say("%s in %s: %q: %w", what, l, s, err)
		}
	}
}

// leads returns the node a reference leads to, nothing where there is none.
func (k *checker) leads(what, ref string) string {
	from, _, _ := strings.Cut(k.at, "/")
	guide, node, ok := k.g.Resolve(from, ref)
	if !ok {
		k.say("%s leads to %q, which does not exist", what, ref)
		return ""
	}
	return guide + "/" + node
}

// edges are the ways on from every node: those a visitor follows to an end, and those a leaf refers to.
func (k *checker) edges() (on, all map[string][]string) {
	on, all = map[string][]string{}, map[string][]string{}
	for i := range k.g.All {
		g := &k.g.All[i]
		add := func(from, ref string, ends bool) {
			if guide, node, ok := k.g.Resolve(g.ID, ref); ok {
				from, to := g.ID+"/"+from, guide+"/"+node
				all[from] = append(all[from], to)
				if !ends {
					on[from] = append(on[from], to)
				}
			}
		}
		for _, q := range g.Questions {
			for _, a := range q.Answers {
				add(q.ID, a.To, false)
			}
			add(q.ID, q.Unknown, false)
		}
		for _, l := range g.Leaves {
			add(l.ID, l.Then, false)
			for _, ref := range l.See {
				add(l.ID, ref, true)
			}
		}
	}
	return on, all
}

// unreachable finds nodes to which no way leads from the menu.
func (k *checker) unreachable(all map[string][]string) {
	seen := map[string]bool{}
	var visit func(at string)
	visit = func(at string) {
		if !seen[at] {
			seen[at] = true
			for _, to := range all[at] {
				visit(to)
			}
		}
	}
	for _, id := range k.g.Menu {
		if guide, node, ok := k.g.Resolve("", id); ok {
			visit(guide + "/" + node)
		}
	}
	for _, at := range Nodes(k.g) {
		if !seen[at] {
			k.problem(at, "nobody can reach it from the menu")
		}
	}
}

// circles finds ways on that come back to where they were: answering must end.
func (k *checker) circles(on map[string][]string) {
	const open, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(at string)
	visit = func(at string) {
		switch state[at] {
		case open:
			k.problem(at, "a way goes round in a circle: %s", strings.Join(append(path[slices.Index(path, at):], at), " "))
			return
		case done:
			return
		}
		state[at] = open
		path = append(path, at)
		for _, to := range on[at] {
			visit(to)
		}
		path = path[:len(path)-1]
		state[at] = done
	}
	for _, at := range Nodes(k.g) {
		visit(at)
	}
}
