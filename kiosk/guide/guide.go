// Package guide walks the trouble-shooting trees of kiosk/content: trouble that a card cannot explain by itself, such
// as a browser's message or what a reader at a hospital said. One question at a time leads to a leaf, which says what
// to do and when to stop and go where.
//
// A question that the visitor's card has answered already is not asked. What a card has not said for certain stays a
// question.
//
// The package must never make a sentence (content holds them, page puts them together), never decide what is right for
// a card (diagnosis did), and never ask for a PIN or lead anybody to try one.
package guide

import (
	"slices"

	"kagimado/kiosk/content"
)

// Known is what a reading has said for certain, by the name of what it is about: a key's stable name, or Certificate.
// What is missing is unknown. The nil Known knows nothing.
type Known map[string]string

// Certificate names the certificate for user verification in Known and in the trees.
const Certificate = "certificate"

// What can be known of a key.
const (
	KeyLocked  = "locked"
	KeyLastTry = "last-try" // one try left
	KeyOpen    = "open"     // more than one
	KeyAbsent  = "absent"   // this card has none
)

// What can be known of the certificate.
const (
	Valid   = "valid"
	Soon    = "soon"    // valid, and may be renewed now
	Grace   = "grace"   // expired; hospitals still take it
	Over    = "over"    // expired; hospitals no longer take it
	Expired = "expired" // expired; nobody knows today's date well enough to say for how long
	Absent  = "absent"
)

// Turn is one question that lies behind.
type Turn struct {
	Question *content.Question
	Answer   *content.Answer // nil: the visitor does not know
	Card     bool            // the card has answered, nobody was asked
}

// Walk is where somebody stands in the guides. It is a value: walking on gives another Walk. The zero Walk stands
// nowhere.
type Walk struct {
	guides      *content.Guides
	known       Known
	guide, node string
	trail       []Turn
	steps       []step // what Back undoes, one for each touch
}

// step is a place to come back to.
type step struct {
	guide, node string
	trail       int
}

// At begins the guide, or stands at the node, that ref names: GUIDE or GUIDE/NODE. A visitor whose card has been read
// brings along what is known of it.
func At(g *content.Guides, ref string, known Known) (Walk, bool) {
	w := Walk{guides: g, known: known}
	if g == nil || !w.enter("", ref) {
		return Walk{}, false
	}
	w.skip()
	return w, true
}

// Nowhere tells whether w is the zero Walk.
func (w Walk) Nowhere() bool { return w.guides == nil }

// Guide returns the guide w stands in.
func (w Walk) Guide() *content.Guide {
	g, _ := w.guides.Guide(w.guide)
	return g
}

// Ref names the place where w stands as GUIDE/NODE.
func (w Walk) Ref() string { return w.guide + "/" + w.node }

// Question returns the question that is put here, nil at a leaf.
func (w Walk) Question() *content.Question {
	q, _ := w.Guide().Question(w.node)
	return q
}

// Leaf returns the leaf where w stands, nil at a question.
func (w Walk) Leaf() *content.Leaf {
	l, _ := w.Guide().Leaf(w.node)
	return l
}

// Trail returns the questions that lie behind, the oldest first.
func (w Walk) Trail() []Turn { return slices.Clip(w.trail) }

// Know returns the walk of somebody whose card has been read meanwhile. What has been answered stays answered; the
// question put now is answered by the card if it can be.
func (w Walk) Know(known Known) Walk {
	w.known = known
	w.trail, w.steps = slices.Clip(w.trail), slices.Clip(w.steps)
	w.skip()
	return w
}

// Answer takes the i-th answer of the question; one that does not exist means "I don't know".
func (w Walk) Answer(i int) Walk {
	q := w.Question()
	if q == nil {
		return w
	}
	w.remember()
	if i < 0 || i >= len(q.Answers) {
		w.pass(q, nil, false)
	} else {
		w.pass(q, &q.Answers[i], false)
	}
	w.skip()
	return w
}

// Then goes on from a leaf that did not help.
func (w Walk) Then() Walk {
	if l := w.Leaf(); l != nil && l.Then != "" {
		w.remember()
		w.enter(w.guide, l.Then)
		w.skip()
	}
	return w
}

// See goes to the i-th place a leaf refers to.
func (w Walk) See(i int) Walk {
	if l := w.Leaf(); l != nil && i >= 0 && i < len(l.See) {
		w.remember()
		w.enter(w.guide, l.See[i])
		w.skip()
	}
	return w
}

// Back returns to where the last touch came from; false where there is nothing behind.
func (w Walk) Back() (Walk, bool) {
	if len(w.steps) == 0 {
		return w, false
	}
	last := w.steps[len(w.steps)-1]
	w.guide, w.node, w.trail = last.guide, last.node, w.trail[:last.trail:last.trail]
	w.steps = w.steps[: len(w.steps)-1 : len(w.steps)-1]
	return w, true
}

// remember makes the present place one to come back to. The slices are grown in arrays of their own: an older Walk
// keeps its.
func (w *Walk) remember() {
	w.trail = slices.Clip(w.trail)
	w.steps = append(slices.Clip(w.steps), step{w.guide, w.node, len(w.trail)})
}

// pass leaves the question behind; false where the way on leads nowhere.
func (w *Walk) pass(q *content.Question, a *content.Answer, card bool) bool {
	to := q.Unknown
	if a != nil {
		to = a.To
	}
	if !w.enter(w.guide, to) {
		return false
	}
	w.trail = append(w.trail, Turn{q, a, card})
	return true
}

// enter goes to a node. A reference that leads nowhere leaves w where it is; Check finds those before a visitor does.
func (w *Walk) enter(from, ref string) bool {
	guide, node, ok := w.guides.Resolve(from, ref)
	if ok {
		w.guide, w.node = guide, node
	}
	return ok
}

// skip passes the questions that the card has answered. It ends because no way through the questions is a circle.
func (w *Walk) skip() {
	for q := w.Question(); q != nil; q = w.Question() {
		said, ok := w.known[q.Card]
		i := slices.IndexFunc(q.Answers, func(a content.Answer) bool { return slices.Contains(a.When, said) })
		if !ok || i < 0 || !w.pass(q, &q.Answers[i], true) {
			return
		}
	}
}

// Nodes returns every place of the guides as GUIDE/NODE, in the order of the files.
func Nodes(g *content.Guides) []string {
	var all []string
	for _, x := range g.All {
		for _, q := range x.Questions {
			all = append(all, x.ID+"/"+q.ID)
		}
		for _, l := range x.Leaves {
			all = append(all, x.ID+"/"+l.ID)
		}
	}
	return all
}
