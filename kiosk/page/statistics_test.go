package page_test

import (
	"fmt"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

func onPaper(t page.Tally, kiosk string) page.Page {
	return page.Of(page.Statistics{Tally: t, Content: content.Embedded(), Paper: true}, site.Office{Kiosk: kiosk}, text.Japanese)
}

// TestSummary: the figures for machines hide what the words hide.
func TestSummary(t *testing.T) {
	p := onPaper(page.Tally{
		From: card.DateOf(tuesday), Until: card.DateOf(tuesday),
		Visits: []page.Count{{Name: "locked:sign", N: 4}, {Name: "wrong-card", N: 5}, {Name: "all-clear", N: 61}},
		Guides: []page.Count{{Name: "portal", N: 14}}, Slips: []page.Count{{Name: "failed", N: 2}, {Name: "confirmed", N: 118}},
		Recoveries: []page.Count{{Name: "reader-restart", N: 1}}, PaperMM: 14900,
	}, "ロビー 1")
	want := `kagimado-statistics/1
kiosk "\u30ed\u30d3\u30fc 1"
from 2026-11-24
until 2026-11-24
paper-m 14
visit all-clear 61
visit wrong-card 5
guide portal 14
slip confirmed 118
recovery reader-restart 1`
	if p.Link != want {
		t.Errorf("the summary is\n%s\nwant\n%s", p.Link, want)
	}
	if said := page.Text(p); !strings.Contains(said, "読み取りサービスの再開　1") || !strings.Contains(said, "使った紙　14m") || strings.Contains(said, "　4\n") {
		t.Errorf("in words that is\n%s", said)
	}
	p = onPaper(page.Tally{PaperMM: 400, Visits: []page.Count{{Name: "all-clear", N: 2}}}, "")
	want = "kagimado-statistics/1\nkiosk \"\"\nfrom unknown\nuntil unknown"
	if p.Link != want || strings.Contains(page.Text(p), "400") || !strings.Contains(page.Text(p), "1m未満") {
		t.Errorf("the summary of a day with two visits is %q; want %q, and no length of paper that counts them:\n%s", p.Link, want, page.Text(p))
	}
}

// TestSummaryIsShort: of too many figures the rarest are left out, and it says so.
func TestSummaryIsShort(t *testing.T) {
	var all page.Tally
	for n := range 40 {
		all.Guides = append(all.Guides, page.Count{Name: fmt.Sprintf("guide-number-%d", n), N: 100 + n})
		all.Recoveries = append(all.Recoveries[:min(n, 7)], page.Count{Name: "reader-restart", N: 1})
		link := onPaper(all, "みほん市役所本庁舎ロビー 1号機").Link
		if len(link) > 700 {
			t.Errorf("%d guides take %d bytes; want 700 at most", n+1, len(link))
		}
		for _, r := range link {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Errorf("the summary holds %q; want ASCII", r)
			}
		}
		lines := strings.Split(link, "\n")
		told := strings.Count(link, "\nguide ")
		if whole := told == n+1; whole == (lines[len(lines)-1] == "and more") {
			t.Errorf("%d of %d guides are told, and it ends with %q", told, n+1, lines[len(lines)-1])
		}
		if want := fmt.Sprintf("guide guide-number-%d %d", n, 100+n); !strings.Contains(link, want) {
			t.Errorf("the most frequent of %d guides is left out", n+1)
		}
		if got := strings.Count(link, "\nrecovery "); got != len(all.Recoveries) {
			t.Errorf("%d recoveries are told; want all %d", got, len(all.Recoveries))
		}
	}
}
