package page_test

import (
	"slices"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestEveryGuideStep holds the words of every place in the guides, with and without a card.
func TestEveryGuideStep(t *testing.T) {
	c := content.Embedded()
	v, office := visitOf(t, locking(card.Auth), "", "city-hall", tuesday)
	for _, at := range guide.Nodes(&c.Guides) {
		w, _ := guide.At(&c.Guides, at, nil)
		for _, l := range text.Languages() {
			for name, s := range map[string]page.GuideStep{"without a card": {Content: c, Walk: w}, "with a card": {Content: c, Walk: w, Verdict: &v}} {
				p := page.Of(s, office, l)
				complete(t, at+" "+name+" "+l.String(), p)
				if p.Codes != "" || p.Clerk != nil {
					t.Errorf("%s: a note for the clerk", at)
				}
				if q := w.Question(); q != nil && len(p.Buttons) < len(q.Answers)+3 {
					t.Errorf("%s: %d buttons for %d answers", at, len(p.Buttons), len(q.Answers))
				}
			}
		}
	}
}

// TestLeafTellsFacts: what stands in dated data is told on the leaves that ask for it, in the visitor's language.
func TestLeafTellsFacts(t *testing.T) {
	own := []content.Statement{{Words: content.Words{Ja: "{opens}-{closes} {booking} {minutes}", Easy: "{opens}", En: "{opens}"}, Source: "own"}}
	full := *content.Embedded()
	full.Guides = content.Guides{
		Sources: []content.Source{{ID: "own", Checked: content.Date{Year: 2020, Month: 1, Day: 2}}},
		All: []content.Guide{{ID: "g", Title: content.Words{Ja: "題", Easy: "だい", En: "title"},
			Questions: []content.Question{{ID: "q1", Ask: content.Words{Ja: "何と出ましたか", Easy: "なに", En: "What did it say?"}, Unknown: "leaf",
				Answers: []content.Answer{{Label: content.Words{Ja: "ロック", Easy: "ロック", En: "Locked"}, To: "leaf"}}}},
			Leaves: []content.Leaf{{ID: "leaf", Title: content.Words{Ja: "葉", Easy: "は", En: "leaf"}, Steps: own, Stop: own,
				Keys: []string{"auth", "certificate", "card"}, Stores: []string{"auth"}, Office: true, Phones: []string{"general", "general-foreign"}, Page: "portal-info",
				Fields: []content.Field{{Label: content.Words{Ja: "時刻", Easy: "じかん", En: "time"}, Lines: 2}}}}}},
	}
	v, office := visitOf(t, locking(card.Auth), "", "city-hall", tuesday)
	start, _ := guide.At(&full.Guides, "g", nil)
	w := start.Answer(0)
	for _, tt := range []struct {
		lang       text.Language
		want, hush []string
	}{
		{text.Japanese, []string{"6:30-23:00 24 15", "セブン-イレブン", "0120-95-0178", "2020年1月2日", "何と出ましたか ロック", "時刻", office.Name, "受付時間", "利用者証明用電子証明書"},
			[]string{"0120-0178-26", "開いています"}},
		{text.EasyJapanese, []string{"0120-95-0178", "0120-0178-26"}, nil},
		{text.English, []string{"7-Eleven", "0120-0178-26", "What did it say? Locked", "利用者証明用電子証明書"}, []string{"0120-95-0178"}},
	} {
		p := page.Of(page.GuideStep{Content: &full, Walk: w, Verdict: &v}, office, tt.lang)
		said := page.Text(p)
		for _, s := range tt.want {
			if !strings.Contains(said, s) {
				t.Errorf("%s: %q is not said:\n%s", tt.lang, s, said)
			}
		}
		for _, s := range tt.hush {
			if strings.Contains(said, s) {
				t.Errorf("%s: %q is said:\n%s", tt.lang, s, said)
			}
		}
		if len(p.Rows) != 3 || p.Rows[0].Mark != page.Bad || p.Rows[1].Mark != page.Fine {
			t.Errorf("%s: rows %+v; want the locked PIN, the certificate and the card", tt.lang, p.Rows)
		}
		if p.Link != "https://myna.go.jp/html/info/" || len(p.Fields) != 1 {
			t.Errorf("%s: link %q, fields %v", tt.lang, p.Link, p.Fields)
		}
	}
	p := page.Of(page.GuideStep{Content: &full, Walk: w}, site.Office{}, text.Japanese)
	if len(p.Rows) != 0 || p.Why == "" {
		t.Errorf("without a card: rows %v, %q; want how to learn more", p.Rows, p.Why)
	}
}

// TestAllClearLeadsOn: who is told that nothing is wrong is asked what it was to be used for.
func TestAllClearLeadsOn(t *testing.T) {
	for _, l := range text.Languages() {
		p := told(t, func(*card.Facts) {}, "", "city-hall", tuesday, l)
		if b := p.Buttons[0]; b.Action != page.ActGuide+"purpose" || !b.Main {
			t.Errorf("%s: the first button is %+v; want the one that leads on", l, b)
		}
		p = told(t, locking(card.Juki), "", "city-hall", tuesday, l)
		if slices.ContainsFunc(p.Buttons, func(b page.Button) bool { return b.Action == page.ActGuide+"purpose" }) {
			t.Errorf("%s: a locked card leads elsewhere than to its way", l)
		}
	}
	if _, ok := content.Embedded().Guides.Guide("purpose"); !ok {
		t.Error("there is no guide called purpose")
	}
}
