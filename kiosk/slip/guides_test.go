package slip_test

import (
	"fmt"
	"strings"
	"testing"

	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// TestEveryLeafFitsItsPaper sets every leaf of the guides in every language on every paper, with all that a leaf can
// have on it: the office's counter, and for a memo a long walk. やさしい日本語 says every word in kanji twice, and a memo has
// room for handwriting: both may be longer.
func TestEveryLeafFitsItsPaper(t *testing.T) {
	c := content.Embedded()
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	office := site.Resolve(diagnosis.Report{}, diagnosis.Now{}, diagnosis.Answers{}, place, c).Office
	for _, paper := range []struct {
		options             slip.Options
		longest, easy, memo float64 // cm
	}{
		{slip.Options{Width: 576, DPI: 203}, 20, 28, 33},
		{slip.Options{Width: 512, DPI: 180}, 24, 33, 37},
		{slip.Options{Width: 640, DPI: 203}, 20, 28, 33},
		{slip.Options{Width: 384, DPI: 203}, 32, 45, 46},
	} {
		longest, which := 0.0, ""
		for _, at := range guide.Nodes(&c.Guides) {
			w, _ := guide.At(&c.Guides, at, nil)
			if w.Leaf() == nil {
				continue
			}
			if len(w.Leaf().Fields) > 0 {
				w = walkTo(t, c, at)
			}
			for _, lang := range text.Languages() {
				img, err := slip.Set(page.Of(page.GuideStep{Content: c, Walk: w}, office, lang), paper.options)
				if err != nil {
					t.Errorf("Set(%s, %s, %d dots) = %v", at, lang, paper.options.Width, err)
					continue
				}
				cm, most := float64(img.Rect.Dy())/float64(paper.options.DPI)*2.54, paper.longest
				switch {
				case len(w.Leaf().Fields) > 0:
					most = paper.memo
				case lang == text.EasyJapanese:
					most = paper.easy
				case cm > longest:
					longest, which = cm, fmt.Sprintf("%s in %s", at, lang)
				}
				if cm > most {
					t.Errorf("%s in %s is %.1f cm long on %d dots; want %.0f at most", at, lang, cm, paper.options.Width, most)
				}
			}
		}
		t.Logf("%d dots: the longest leaf, memos and やさしい日本語 aside, is %s with %.1f cm", paper.options.Width, which, longest)
	}
}

// walkTo answers the questions of a memo's guide, as long as there are any, and looks at the memo in the end.
func walkTo(t *testing.T, c *content.Content, memo string) guide.Walk {
	t.Helper()
	for _, start := range c.Guides.Menu {
		w, _ := guide.At(&c.Guides, start, nil)
		for range 20 {
			if w.Question() != nil {
				w = w.Answer(-1)
			} else {
				w = w.Then()
			}
		}
		for i := range w.Leaf().See {
			if w.See(i).Ref() == memo {
				return w.See(i)
			}
		}
	}
	w, _ := guide.At(&c.Guides, memo, nil)
	if !strings.HasPrefix(memo, "memo/") {
		t.Errorf("%s has fields to fill in and is no memo", memo)
	}
	return w
}
