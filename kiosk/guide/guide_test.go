package guide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kagimado/kiosk/content"

	"github.com/google/go-cmp/cmp"
)

// small is a content in which Check finds nothing: two guides and a source, everything else that of the kiosk.
//
//	door/q1 which door?  front -> q2 (the card: auth)   back -> lock   unknown -> key/q1
//	door/q2 locked -> q3 (the card: certificate)   open -> lock   unknown -> lock
//	door/q3 valid -> lock   over -> key/q1   unknown -> lock
//	door/lock then q4 (the card: auth), see key/hook, key
//	door/q4 locked -> key/hook   open -> key/hook   unknown -> key/hook
//	key/q1 -> hook   unknown -> hook
func small() *content.Content {
	c := *content.Embedded()
	answer := func(label, to string, when ...string) content.Answer {
		return content.Answer{Label: words(label), To: to, When: when}
	}
	leaf := func(id string) content.Leaf {
		say := func(s string) []content.Statement {
			return []content.Statement{{Words: words(s), Source: "carpenter"}}
		}
		return content.Leaf{ID: id, Title: words(id), Steps: say("turn"), Stop: say("call")}
	}
	lock := leaf("lock")
	lock.Then, lock.See = "q4", []string{"key/hook", "key"}
	c.Guides = content.Guides{
		Menu:    []string{"door", "key"},
		Sources: []content.Source{{ID: "carpenter", Title: "Carpenter", Checked: content.Date{Year: 2026, Month: 11, Day: 21}}},
		All: []content.Guide{
			{ID: "door", Title: words("door"), Leaves: []content.Leaf{lock}, Questions: []content.Question{
				{ID: "q1", Ask: words("which"), Unknown: "key", Answers: []content.Answer{answer("front", "q2"), answer("back", "lock")}},
				{ID: "q2", Ask: words("locked"), Card: "auth", Unknown: "lock", Answers: []content.Answer{
					answer("yes", "q3", KeyLocked), answer("no", "lock", KeyOpen, KeyLastTry)}},
				{ID: "q3", Ask: words("valid"), Card: Certificate, Unknown: "lock", Answers: []content.Answer{
					answer("yes", "lock", Valid, Soon), answer("no", "key", Over)}},
				{ID: "q4", Ask: words("again"), Card: "auth", Unknown: "key/hook", Answers: []content.Answer{
					answer("yes", "key/hook", KeyLocked), answer("no", "key/hook", KeyOpen)}},
			}},
			{ID: "key", Title: words("key"), Leaves: []content.Leaf{leaf("hook")}, Questions: []content.Question{
				{ID: "q1", Ask: words("lost"), Unknown: "hook", Answers: []content.Answer{answer("yes", "hook")}},
			}},
		},
	}
	return &c
}

func words(s string) content.Words { return content.Words{Ja: s, Easy: s, En: s} }

// told is a walk in one line: the trail, then the place.
func told(w Walk) string {
	var b strings.Builder
	for _, turn := range w.Trail() {
		by, said := "", "?"
		if turn.Card {
			by = "card:"
		}
		if turn.Answer != nil {
			said = turn.Answer.Label.En
		}
		fmt.Fprintf(&b, "%s=%s%s ", turn.Question.Ask.En, by, said)
	}
	return b.String() + w.Ref()
}

func begin(t *testing.T, ref string, known Known) Walk {
	t.Helper()
	w, ok := At(&small().Guides, ref, known)
	if !ok {
		t.Fatalf("At(%q) = nowhere", ref)
	}
	return w
}

// TestWalk takes touches one after the other: a number answers, ? does not know, then goes on, see0 refers, back goes
// back, and a=b is what a card that is laid down now says.
func TestWalk(t *testing.T) {
	locked := Known{"auth": KeyLocked}
	for _, tt := range []struct {
		name, at string
		known    Known
		touches  string
		want     string
	}{
		{"begins at the first question", "door", nil, "", "door/q1"},
		{"stands at a node", "door/q3", nil, "", "door/q3"},
		{"answers", "door", nil, "0 1", "which=front locked=no door/lock"},
		{"does not know, and goes to another guide", "door", nil, "?", "which=? key/q1"},
		{"an answer that does not exist means unknown", "door", nil, "7", "which=? key/q1"},
		{"a leaf takes no answer", "door/lock", nil, "0", "door/lock"},
		{"a question has no then and refers to nothing", "door", nil, "then see0", "door/q1"},
		{"goes on from a leaf", "door", nil, "1 then ?", "which=back again=? key/hook"},
		{"a leaf without then stays", "key/hook", nil, "then", "key/hook"},
		{"refers to a leaf", "door/lock", nil, "see0", "key/hook"},
		{"refers to a guide", "door/lock", nil, "see1 0", "lost=yes key/hook"},
		{"refers to nothing", "door/lock", nil, "see2 see-1", "door/lock"},

		{"back to the beginning", "door", nil, "0 1 back back", "door/q1"},
		{"back from another guide", "door", nil, "? 0 back back", "door/q1"},
		{"back from a reference", "door", nil, "1 see0 back", "which=back door/lock"},
		{"back from then", "door", nil, "1 then back", "which=back door/lock"},
		{"nothing behind", "door", nil, "back", "door/q1"},
		{"another way after back", "door", nil, "0 back 1", "which=back door/lock"},

		{"the card answers at once", "door/q2", locked, "", "locked=card:yes door/q3"},
		{"the card answers on the way", "door", locked, "0", "which=front locked=card:yes door/q3"},
		{"the card answers one after the other", "door", Known{"auth": KeyLocked, Certificate: Over}, "0", "which=front locked=card:yes valid=card:no key/q1"},
		{"the card answers after then", "door", locked, "1 then", "which=back again=card:yes key/hook"},
		{"one touch back takes the card's answers along", "door", locked, "0 0 back", "which=front locked=card:yes door/q3"},
		{"back past what the card answered", "door", locked, "0 0 back back", "door/q1"},
		{"back to a leaf past what the card answered", "door", locked, "1 then back", "which=back door/lock"},
		{"the last try is no lock", "door", Known{"auth": KeyLastTry}, "0", "which=front locked=card:no door/lock"},
		{"what no answer takes stays a question", "door", Known{"auth": KeyAbsent}, "0", "which=front door/q2"},
		{"what is not known stays a question", "door", Known{"auth": ""}, "0", "which=front door/q2"},
		{"another key says nothing", "door", Known{"sign": KeyLocked}, "0", "which=front door/q2"},
		{"no name for no card", "door", Known{"": ""}, "", "door/q1"},

		{"a card in the middle answers what is asked now", "door", nil, "0 auth=locked", "which=front locked=card:yes door/q3"},
		{"and what comes later", "door", nil, "0 certificate=over 0", "which=front locked=yes valid=card:no key/q1"},
		{"and changes nothing that was answered", "door", nil, "0 0 auth=open", "which=front locked=yes door/q3"},
		{"and back undoes its answer too", "door", nil, "0 auth=locked back", "door/q1"},
		{"and at the beginning there is nothing to undo", "door/q2", nil, "auth=locked back", "locked=card:yes door/q3"},
		{"a card at a leaf stays there", "door", nil, "1 auth=locked", "which=back door/lock"},
		{"a card taken away asks again", "door", locked, "forget 0", "which=front door/q2"},
	} {
		w := begin(t, tt.at, tt.known)
		for _, touch := range strings.Fields(tt.touches) {
			var i int
			name, value, card := strings.Cut(touch, "=")
			switch {
			case card:
				w = w.Know(Known{name: value})
			case touch == "forget":
				w = w.Know(nil)
			case touch == "?":
				w = w.Answer(-1)
			case touch == "then":
				w = w.Then()
			case touch == "back":
				w, _ = w.Back()
			case strings.HasPrefix(touch, "see"):
				fmt.Sscanf(touch, "see%d", &i)
				w = w.See(i)
			default:
				fmt.Sscanf(touch, "%d", &i)
				w = w.Answer(i)
			}
		}
		if got := told(w); got != tt.want {
			t.Errorf("%s: after %q the walk is %q; want %q", tt.name, tt.touches, got, tt.want)
		}
		if (w.Question() == nil) == (w.Leaf() == nil) {
			t.Errorf("%s: %s is a question and a leaf, or neither", tt.name, w.Ref())
		}
	}
}

func TestAtNowhere(t *testing.T) {
	g := &small().Guides
	for _, ref := range []string{"", "nowhere", "door/nowhere", "nowhere/q1", "q1"} {
		if w, ok := At(g, ref, nil); ok || !w.Nowhere() {
			t.Errorf("At(%q) = %s; want nowhere", ref, w.Ref())
		}
	}
	if w, ok := At(nil, "door", nil); ok || !w.Nowhere() {
		t.Error("without guides there is a place to stand")
	}
	if begin(t, "door", nil).Nowhere() {
		t.Error("the beginning of a guide is nowhere")
	}
}

// TestMissingTarget: Check finds a way that leads nowhere before a visitor does. One who meets it all the same stays where
// the question is, also when it is the card that answers.
func TestMissingTarget(t *testing.T) {
	c := small()
	c.Guides.All[0].Questions[1].Answers[0].To = "nowhere"
	w, ok := At(&c.Guides, "door", Known{"auth": KeyLocked})
	if w = w.Answer(0); !ok || told(w) != "which=front door/q2" {
		t.Errorf("the card leads to %q; want the question", told(w))
	}
	if w = w.Answer(0); told(w) != "which=front door/q2" {
		t.Errorf("the answer leads to %q; want the question", told(w))
	}
}

func TestBackTellsWhetherThereIsAnything(t *testing.T) {
	w := begin(t, "door", nil)
	if _, ok := w.Back(); ok {
		t.Error("there is something behind the beginning")
	}
	if _, ok := w.Answer(0).Back(); !ok {
		t.Error("there is nothing behind the second question")
	}
}

// TestOlderWalksStay: a Walk is a value that others keep. All walks that grow from one another to a depth are made, in an
// order that lets a shared array be written to by a brother, and every one must still tell what it told when it was made.
func TestOlderWalksStay(t *testing.T) {
	type kept struct {
		w     Walk
		told  string
		steps int
	}
	var all []kept
	var grow func(w Walk, depth int)
	grow = func(w Walk, depth int) {
		all = append(all, kept{w, told(w), len(w.steps)})
		if depth == 0 {
			return
		}
		back, _ := w.Back()
		for _, next := range []Walk{
			w.Answer(0), w.Answer(1), w.Answer(-1), w.Then(), w.See(0), w.See(1), back,
			w.Know(Known{"auth": KeyLocked, Certificate: Over}), w.Know(Known{"auth": KeyOpen}),
		} {
			grow(next, depth-1)
		}
	}
	grow(begin(t, "door", nil), 4)
	for _, k := range all {
		if got := told(k.w); got != k.told || len(k.w.steps) != k.steps {
			t.Fatalf("a walk that was %q is now %q", k.told, got)
		}
	}
	// What a walk hands out is not its own array to grow either.
	w := begin(t, "door", nil).Answer(0).Answer(1)
	before := told(w)
	_ = append(w.Trail(), Turn{}, Turn{})
	if got := told(w); got != before {
		t.Errorf("growing a trail changed the walk from %q to %q", before, got)
	}
}

func TestNodes(t *testing.T) {
	want := []string{"door/q1", "door/q2", "door/q3", "door/q4", "door/lock", "key/q1", "key/hook"}
	if diff := cmp.Diff(want, Nodes(&small().Guides)); diff != "" {
		t.Errorf("Nodes (-want +got):\n%s", diff)
	}
}

// ways are the touches that lead on from w, one walk for each: every answer, "I don't know", and then. What a leaf
// refers to is none of them.
func ways(w Walk) (on []Walk) {
	if q := w.Question(); q != nil {
		for i := range q.Answers {
			on = append(on, w.Answer(i))
		}
		return append(on, w.Answer(-1))
	}
	if w.Leaf().Then != "" {
		on = append(on, w.Then())
	}
	return on
}

// hike walks every way from a beginning to its end. How a walk goes on depends on where it stands and what is known
// alone, so each place is gone on from once and the number of walks through it is remembered.
type hike struct {
	t     *testing.T
	walks map[string]int // from a place to the end
	asked map[string]int // questions from there to the first leaf at most
	path  []string
}

func (h *hike) from(w Walk) (walks, asked int) {
	at := w.Ref()
	if n, ok := h.walks[at]; ok {
		return n, h.asked[at]
	}
	if i := slices.Index(h.path, at); i >= 0 {
		h.t.Errorf("a walk never ends: %s", strings.Join(append(slices.Clone(h.path[i:]), at), " "))
		return 0, 0
	}
	h.path = append(h.path, at)
	for _, next := range ways(w) {
		if next.Ref() == at {
			h.t.Errorf("%s: a touch leads nowhere", at)
			continue
		}
		n, q := h.from(next)
		walks, asked = walks+n, max(asked, q+1)
	}
	h.path = h.path[:len(h.path)-1]
	if w.Leaf() != nil { // who is helped ends here
		walks, asked = walks+1, 0
	}
	h.walks[at], h.asked[at] = walks, asked
	return walks, asked
}

func newHike(t *testing.T) *hike {
	return &hike{t: t, walks: map[string]int{}, asked: map[string]int{}}
}

// TestWalks goes from every node of every guide to every end by touch. Every answer of every question is taken.
func TestWalks(t *testing.T) {
	g := &content.Embedded().Guides
	h := newHike(t)
	for _, at := range Nodes(g) {
		w, ok := At(g, at, nil)
		if !ok || w.Ref() != at {
			t.Fatalf("At(%s) = %s", at, w.Ref())
		}
		if n, _ := h.from(w); n == 0 {
			t.Errorf("%s: no walk from here ends at a leaf", at)
		}
	}
	var sum int
	for _, id := range g.Menu {
		w, ok := At(g, id, nil)
		if !ok {
			t.Errorf("the menu leads to %s, which cannot be entered", id)
			continue
		}
		n, q := h.from(w)
		t.Logf("%-15s %8d walks, at most %d questions to the first leaf", id, n, q)
		sum += n
	}
	t.Logf("%d walks through %d nodes", sum, len(h.walks))
}

// TestWalksWithACard: whatever a card says, walks end, and the card's answers are not asked for again.
func TestWalksWithACard(t *testing.T) {
	g := &content.Embedded().Guides
	var asked []string
	for _, x := range g.All {
		for _, q := range x.Questions {
			if q.Card != "" && !slices.Contains(asked, q.Card) {
				asked = append(asked, q.Card)
			}
		}
	}
	var cards []Known
	for i := range 6 { // as many as a certificate has values; keys begin again
		all := Known{}
		for _, of := range asked {
			said := values(of)
			all[of] = said[i%len(said)]
			if i < len(said) {
				cards = append(cards, Known{of: said[i]})
			}
		}
		cards = append(cards, all)
	}
	for _, known := range cards {
		h := newHike(t)
		for _, at := range Nodes(g) {
			w, ok := At(g, at, known)
			if !ok {
				t.Fatalf("At(%s, %v) = nowhere", at, known)
			}
			h.from(w)
			if q := w.Question(); q != nil && slices.ContainsFunc(q.Answers, func(a content.Answer) bool {
				return slices.Contains(a.When, known[q.Card])
			}) {
				t.Errorf("%s is asked of a card with %v", w.Ref(), known)
			}
		}
	}
}
