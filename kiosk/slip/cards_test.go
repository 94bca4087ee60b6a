package slip_test

import (
	"fmt"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// pageOf is what a visitor with the named card is told on a working Tuesday in the city hall.
func pageOf(t *testing.T, spec cardtest.Spec, lang text.Language) page.Page {
	t.Helper()
	facts, err := card.Read(t.Context(), card.Card{Transmitter: spec.New(), ATR: spec.ATR}, nil)
	if err != nil {
		t.Fatal(err)
	}
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	moment := cardtest.Reference.Time().Add(10*time.Hour + 15*time.Minute)
	now, answers := diagnosis.Now{Earliest: moment, Latest: moment}, diagnosis.Answers{}
	r := site.Resolve(diagnosis.Diagnose(facts, now, answers), now, answers, place, content.Embedded())
	return page.Of(page.Verdict{Report: r.Report, Facts: facts}, r.Office, lang)
}

// TestEveryNamedCardIsSet sets the slip of every named card in every language on both papers, and bounds how much
// paper one may take. The goal of 20 and 32 cm is not met by slips with two ways on them.
func TestEveryNamedCardIsSet(t *testing.T) {
	for _, paper := range []struct {
		options slip.Options
		longest float64 // cm
	}{
		{slip.Options{Width: 576, DPI: 203}, 42},
		{slip.Options{Width: 384, DPI: 203}, 61},
	} {
		longest, which := 0.0, ""
		for _, spec := range cardtest.Library() {
			for _, lang := range text.Languages() {
				img, err := slip.Set(pageOf(t, spec, lang), paper.options)
				if err != nil {
					t.Errorf("Set(%s, %s, %d dots) = %v", spec.Name, lang, paper.options.Width, err)
					continue
				}
				if cm := float64(img.Rect.Dy()) / float64(paper.options.DPI) * 2.54; cm > longest {
					longest, which = cm, fmt.Sprintf("%s in %s", spec.Name, lang)
				}
			}
		}
		t.Logf("%d dots: the longest slip is %s with %.1f cm", paper.options.Width, which, longest)
		if longest > paper.longest {
			t.Errorf("%d dots: the slip of %s is %.1f cm long; want at most %.1f", paper.options.Width, which, longest, paper.longest)
		}
	}
}

// TestCatalogueHasGlyphs holds every message against the typeface: a glyph for each rune, and the advance the terminal
// gives it.
func TestCatalogueHasGlyphs(t *testing.T) {
	for _, key := range text.Keys() {
		for _, lang := range text.Languages() {
			for _, r := range lang.Say(key) {
				if r == '\n' {
					continue
				}
				if !slip.Drawable(r) {
					t.Errorf("%s in %s: %q has no glyph, or not the width the terminal gives it", key, lang, r)
				}
			}
		}
	}
}
