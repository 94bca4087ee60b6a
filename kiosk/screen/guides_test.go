package screen

import (
	"fmt"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

// maxParts is how often a visitor has to touch "next" on the smallest grid to have seen a leaf.
const maxParts = 12

// TestGuidesOnEveryGrid draws every place of the guides: no label is cut, what is to be chosen from stands on one part
// where the grid allows it, and no leaf is endless.
func TestGuidesOnEveryGrid(t *testing.T) {
	c := content.Embedded()
	for _, l := range text.Languages() {
		for _, at := range guide.Nodes(&c.Guides) {
			st := session.Still(session.Settings{Printer: true, Content: c}, session.GuideStep, session.Visit{Lang: l, Guide: at})
			for i, g := range grids {
				if i > 0 && (l != text.Japanese || g.cols != 64) { // the smallest grid is the hardest; the test must stay short
					continue
				}
				name := fmt.Sprintf("%s in %s at %d×%d", at, l, g.cols, g.rows)
				all := parts(st, g.cols, g.rows, g.panel)
				w, _ := guide.At(&c.Guides, at, nil)
				if most := 2; w.Question() != nil && len(all) > most {
					t.Errorf("%s: the question takes %d parts; want %d at most", name, len(all), most)
				}
				if len(all) > maxParts {
					t.Errorf("%s takes %d parts; want %d at most", name, len(all), maxParts)
				}
				st := st
				seen := map[page.Action]bool{}
				for st.Part = range all {
					labels := map[page.Action]string{}
					for _, b := range st.Page.Buttons {
						labels[b.Action] = b.Label
					}
					for _, target := range Draw(NewBuffer(g.cols, g.rows), st, g.panel) {
						seen[target.Action] = true
						if n := len(text.Balance(labels[target.Action], target.Rect.W-1)); n > target.Rect.H {
							t.Errorf("%s: %q takes %d rows of a button of %d×%d", name, labels[target.Action], n, target.Rect.W, target.Rect.H)
						}
						for _, row := range text.Balance(labels[target.Action], target.Rect.W-1) {
							if text.Width(row) > target.Rect.W-1 {
								t.Errorf("%s: %q is wider than its button of %d cells", name, row, target.Rect.W)
							}
						}
					}
				}
				for _, b := range st.Page.Buttons {
					if !seen[b.Action] {
						t.Errorf("%s: %s is on no part", name, b.Action)
					}
				}
				if !seen[page.ActBack] || !seen[page.ActOver] {
					t.Errorf("%s: back or start over is missing", name)
				}
				for _, part := range all {
					for row := range strings.Lines(part) {
						if text.Width(strings.TrimRight(row, "\n")) >= g.cols {
							t.Errorf("%s: %q reaches the last column", name, row)
						}
					}
				}
			}
		}
	}
}

// TestWalksByTouch goes from the waiting screen to every leaf of every guide, touching nothing but what is drawn on the
// smallest panel, and comes back to the waiting screen by "back" alone.
func TestWalksByTouch(t *testing.T) {
	c := content.Embedded()
	g := grids[0]
	reached := map[string]bool{}
	touch := func(st session.State, a page.Action) session.State {
		t.Helper()
		for range maxParts + 1 {
			targets := Draw(NewBuffer(g.cols, g.rows), st, g.panel)
			if at, ok := find(targets, a); ok {
				hit, _ := Hit(targets, at.Rect.X+at.Rect.W/2, at.Rect.Y+at.Rect.H/2)
				st, _ = st.Next(session.Touched{Action: hit})
				return st
			}
			st, _ = st.Next(session.Touched{Action: page.ActMore})
		}
		t.Fatalf("%s is on no part of %q", a, st.Page.Headline)
		return st
	}
	var walk func(st session.State)
	walk = func(st session.State) {
		at := st.Place()
		if reached[at] {
			return
		}
		reached[at] = true
		for _, b := range st.Page.Buttons {
			if b.Choice || b.Action == page.ActDontKnow {
				next := touch(st, b.Action)
				if back := touch(next, page.ActBack); back.Place() != at {
					t.Errorf("from %s to %s; back leads to %q", at, next.Place(), back.Place())
				}
				walk(next)
			}
		}
	}
	start := touch(session.New(session.Settings{Printer: true, Content: c}), page.ActGuides)
	for _, id := range c.Guides.Menu {
		walk(touch(start, page.ActGuide+page.Action(id)))
	}
	for _, at := range guide.Nodes(&c.Guides) {
		if !reached[at] {
			t.Errorf("no touch leads to %s", at)
		}
	}
	if st := touch(start, page.ActBack); st.Screen != session.Attract {
		t.Errorf("back from the menu leads to %s; want the waiting screen", st.Screen)
	}
}

// TestGuidesKnowTheCard: a leaf about a key tells what this visitor's card said of it, whatever the card.
func TestGuidesKnowTheCard(t *testing.T) {
	c := content.Embedded()
	for _, name := range []string{"locked-sign", "all-fine", "expired-locked"} {
		v := visit(t, name)
		told := 0
		for _, at := range guide.Nodes(&c.Guides) {
			w, _ := guide.At(&c.Guides, at, nil)
			l := w.Leaf()
			if l == nil || len(l.Keys) == 0 {
				continue
			}
			v.Guide = at
			st := session.Still(session.Settings{Content: c}, session.GuideStep, v)
			if len(st.Page.Rows) != len(l.Keys) {
				t.Errorf("%s, %s: %d rows for %v", name, at, len(st.Page.Rows), l.Keys)
			}
			for i, k := range l.Keys {
				key, err := card.ParseKey(k)
				if err != nil {
					continue
				}
				told++
				if r := st.Page.Rows[i]; key != card.KeyUnknown && (r.Name == "" || r.State == "") {
					t.Errorf("%s, %s: the row of %s says nothing: %+v", name, at, k, r)
				}
			}
		}
		if told < 10 {
			t.Errorf("%s: %d keys are told in all guides; want ten at least", name, told)
		}
	}
}
