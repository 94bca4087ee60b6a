package guide

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

// never is what a guide must not say again: advice of the five texts that rules §0 corrects, and facts that live
// elsewhere as dated data. A pattern finds a way of saying it, not every way: who writes a guide still has to read.
var never = []struct {
	what    string
	pattern *regexp.Regexp
	but     []string             // what the pattern may find all the same
	sample  []string             // what it must find
	fine    []string             // what it must not find
	where   func(at string) bool // where it may be said; nil for nowhere
}{
	{
		what:    "a sample of a PIN, which somebody will then take",
		pattern: regexp.MustCompile(`(^|[^0-9])(0000|1111|2222|3333|4444|5555|6666|7777|8888|9999|0123|1234|2345|4321|1212)($|[^0-9])`),
		sample:  []string{"「0000」は使いません。", "Not 1234."}, fine: []string{"2026", "0120-12345", "W-6401"},
	},
	{
		what:    "a sample of a password",
		pattern: regexp.MustCompile(`\b([A-Z]{3,}[0-9]{1,}|(?i)password[0-9]+)[A-Z0-9]*\b`), but: []string{"EDZ207"},
		sample: []string{"SAKURA8", "Password1"}, fine: []string{"EI123-2008", "JPKI", "USB", "W-6401"},
	},
	{
		what:    "a telephone number, which is data/phones.toml's",
		pattern: regexp.MustCompile(`(^|[^0-9])0[0-9]{1,4}-[0-9]{1,4}-[0-9]{2,4}|(^|[^0-9])0[0-9]{9}`),
		sample:  []string{"電話は0120-95-0178へ。", "Call 0120-0178-26.", "03-1234-5678"}, fine: []string{"2026-11-21", "EI123-2008"},
	},
	{
		what:    "an hour of opening, which is the profile's or that of dated data",
		pattern: regexp.MustCompile(`[0-9]{1,2}:[0-9]{2}|[0-9]{1,2}時半?(から|まで|〜|に開|に閉)|(?i)\b[0-9]{1,2} ?[ap]\.?m\b`),
		sample:  []string{"8:30から17:15です。", "朝9時から開きます。", "Open until 5 pm."}, fine: []string{"24時間以内に", "{opens}から{closes}まで", "within 24 hours"},
	},
	{
		what:    "the name of a chain of stores, which is data/stores.toml's",
		pattern: chains(),
		sample:  []string{"ローソンで", "at 7-Eleven"}, fine: []string{"コンビニで"},
	},
	{
		what:    "that an app unlocks the card (C5)",
		pattern: regexp.MustCompile(`アプリ(で|が|から)[^。]*ロックを?(解除|外|はず)[^。、]{0,8}(でき|せ|し)ます|(?i)\b(the|an|this|your)( phone)? app (can )?(unlocks?|clears?)\b|\bunlock it (in|with) the app`),
		sample:  []string{"アプリでカードのロックを解除できます。", "アプリで ロックを はずす ことが できます。", "The app unlocks your card.", "An app can unlock it."},
		fine:    []string{"アプリではカードのロックを解除できません。", "アプリでは ロックを はずす ことは できません。", "No app can unlock the card, the counter can.", "アプリで予約します。"},
	},
	{
		what:    "that a telephone call or the web unlocks the card (C7)",
		pattern: regexp.MustCompile(`(電話|郵送|オンライン|インターネット)で[^。、]*(ロックを?(解除|外|はず)|初期化|作り直|つくりなお)[^。、]{0,8}(でき|せ)ます`),
		sample:  []string{"電話でロックを解除できます。"}, fine: []string{"電話でロックは解除できません。"},
	},
	{
		what:    "that an old insurance card serves (C9)",
		pattern: regexp.MustCompile(`(古い|旧|従来の|前の|今までの)(健康)?保険証(を|で|が|は|も)[^。、]*(見せます|見せてください|出します|出してください|提示します|使えます)|(?i)\b(show|use|hand over) (your|the|an) old (insurance |health )*card`),
		sample:  []string{"古い保険証を見せます。", "従来の保険証が使えます。", "Show your old insurance card."},
		fine:    []string{"古い保険証は使えません。", "An old insurance card is no longer valid."},
	},
	{
		what:    "to try a PIN to see whether it is right",
		pattern: regexp.MustCompile(`(試しに|ためしに)(入れ|入力)|(?i)\btry (the|your|a) (PIN|password|number) (to see|and see)`),
		sample:  []string{"番号を試しに入れます。", "Try your PIN to see."}, fine: []string{"ためさずに"},
	},
	{
		what:    "a private window outside a PC (C14): the app goes round in a circle in one",
		pattern: regexp.MustCompile(`シークレット|プライベート|InPrivate|(?i)\b(private|incognito) (window|mode|browsing)\b`),
		sample:  []string{"シークレットウィンドウで開きます。", "in a private window"}, fine: []string{"private doctor"},
		where: func(at string) bool {
			home, _, _ := strings.Cut(at, "/")
			return home == "portal" && at != "portal/q6" || slices.Contains([]string{"memo/portal", "prevention/portal", "phone/private-mode", "phone/q1b"}, at)
		},
	},
}

func chains() *regexp.Regexp {
	var names []string
	for _, c := range content.Embedded().Chains {
		for _, n := range []string{c.Name, c.Latin} {
			if len(n) > len("フジ") { // in two characters too much else begins
				names = append(names, regexp.QuoteMeta(n))
			}
		}
	}
	return regexp.MustCompile(strings.Join(names, "|"))
}

// texts calls f with everything the guides say in every language.
func texts(g *content.Guides, f func(at string, l text.Language, s string)) {
	for _, x := range g.All {
		each := func(node string, all ...content.Words) {
			for _, w := range all {
				for _, l := range text.Languages() {
					f(x.ID+"/"+node, l, w.Only(l.String()))
				}
			}
		}
		for _, q := range x.Questions {
			each(q.ID, q.Ask, q.Why, q.NoneLabel)
			each(q.ID, labels(q.Answers)...)
		}
		for _, l := range x.Leaves {
			each(l.ID, l.Title)
			for _, s := range slices.Concat(l.Lead, l.Steps, l.Stop, l.Notes) {
				each(l.ID, s.Words)
			}
			for _, field := range l.Fields {
				each(l.ID, field.Label)
			}
		}
	}
}

var readings = regexp.MustCompile(`（[ぁ-んー]+）|([^ -~]) +`)

// bare is a text without what やさしい日本語 puts between the words of a sentence: readings and spaces.
func bare(s string) string { return readings.ReplaceAllString(s, "$1") }

func TestNeverSaid(t *testing.T) {
	g := &content.Embedded().Guides
	for _, n := range never {
		texts(g, func(at string, l text.Language, s string) {
			for _, found := range n.pattern.FindAllString(bare(s), -1) {
				if !slices.Contains(n.but, found) && (n.where == nil || !n.where(at)) {
					t.Errorf("%s in %s says %s: %q in %q", at, l, n.what, found, s)
				}
			}
		})
		for _, s := range n.sample {
			if !n.pattern.MatchString(bare(s)) {
				t.Errorf("%q is not found to say %s", s, n.what)
			}
		}
		for _, s := range n.fine {
			if n.pattern.MatchString(bare(s)) {
				t.Errorf("%q is found to say %s", s, n.what)
			}
		}
	}
}

// TestNoStoreForCounterKeys: a store resets the two PINs of the certificates and no other (C2), so no leaf about another key
// lists stores.
func TestNoStoreForCounterKeys(t *testing.T) {
	for _, g := range content.Embedded().Guides.All {
		for _, l := range g.Leaves {
			for _, key := range slices.Concat(l.Keys, l.Forgotten) {
				if len(l.Stores) > 0 && !slices.Contains([]string{"auth", "sign", Certificate, "card"}, key) {
					t.Errorf("%s/%s is about %s and lists stores", g.ID, l.ID, key)
				}
			}
		}
	}
}
