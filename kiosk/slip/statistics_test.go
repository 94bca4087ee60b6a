package slip_test

import (
	"fmt"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// statistics is a month's slip with so many guides; the summary of forty is as long as one becomes.
func statistics(lang text.Language, guides int) page.Page {
	t := page.Tally{
		From: card.Date{Year: 2026, Month: 10, Day: 25}, Until: card.Date{Year: 2026, Month: 11, Day: 24}, PaperMM: 14300,
		Visits:     []page.Count{{Name: "all-clear", N: 61}, {Name: "locked:sign", N: 27}, {Name: "wrong-card", N: 3}},
		Slips:      []page.Count{{Name: "confirmed", N: 118}, {Name: "failed", N: 2}},
		Recoveries: []page.Count{{Name: "reader-restart", N: 1}},
	}
	for n := range guides {
		t.Guides = append(t.Guides, page.Count{Name: fmt.Sprintf("guide-number-%d", n), N: 100 + n})
	}
	return page.Of(page.Statistics{Tally: t, Content: content.Embedded(), Paper: true}, site.Office{Kiosk: "ロビー 1号機"}, lang)
}

// TestStatistics: the longest summary finds room on every paper.
func TestStatistics(t *testing.T) {
	for _, lang := range text.Languages() {
		for _, o := range []slip.Options{{Width: 384, DPI: 203}, {Width: 512, DPI: 180}, {Width: 576, DPI: 203}, {Width: 640, DPI: 203}} {
			for _, guides := range []int{0, 8, 40} {
				if _, err := slip.Set(statistics(lang, guides), o); err != nil {
					t.Errorf("statistics with %d guides in %s on %v: %v", guides, lang, o, err)
				}
			}
		}
	}
}
