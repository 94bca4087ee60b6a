package slip_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// pageOf is what a visitor with the named card is told on a working Tuesday in the city hall.
func pageOf(t *testing.T, spec cardtest.Spec, answers string, lang text.Language) page.Page {
	t.Helper()
	facts, err := card.Read(t.Context(), card.Card{Transmitter: spec.New(), ATR: spec.ATR}, nil)
	if err != nil {
		t.Fatal(err)
	}
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnosis.ParseAnswers(answers)
	if err != nil {
		t.Fatal(err)
	}
	moment := cardtest.Reference.Time().Add(10*time.Hour + 15*time.Minute)
	now := diagnosis.Now{Earliest: moment, Latest: moment}
	r := site.Resolve(diagnosis.Diagnose(facts, now, a), now, a, place, content.Embedded())
	return page.Of(page.Verdict{Report: r.Report, Facts: facts}, r.Office, lang)
}

// visit is a named card and what its owner answered.
type visit struct{ card, answers string }

// visits are every named card without answers, and the common cases that take an answer.
func visits() []visit {
	var all []visit
	for _, spec := range cardtest.Library() {
		all = append(all, visit{card: spec.Name})
	}
	return append(all,
		visit{"all-fine", "forgotten=auth"}, visit{"all-fine", "forgotten=sign"}, visit{"all-fine", "forgotten=juki"},
		visit{"locked-auth", "resident=elsewhere"}, visit{"locked-sign", "resident=elsewhere"}, visit{"locked-juki", "resident=elsewhere"},
		visit{"child-locked-auth", "under15=yes"}, visit{"sign-unclear", "under15=yes"}, visit{"face-card", "face-card=yes"},
		visit{"locked-sign", "nfc-phone=yes,other-pin-known=yes,unchanged-since-issue=yes"}, visit{"locked-sign", "nfc-phone=no"})
}

// longest is how much paper a slip may take in cm, on 80 mm and on 58 mm: the goal for every visit, and what holds where
// more is wrong than one thing or two. やさしい日本語 says every word in kanji twice and may be 1.4 times as long.
var (
	longest = [2]float64{20, 32}
	longer  = map[string][2]float64{
		"locked-auth-juki":      {21, 33}, // two locks, a store for one of them, and how to go to hospital meanwhile
		"face-card":             {21, 32},
		"locked-four-digits":    {24, 37},
		"locked-all":            {23, 35},
		"locked-auth-last-sign": {24, 36},
		"expiring-locked-sign":  {24, 36},
		"expired-locked":        {24, 36},
		"ending-locked-sign":    {24, 37},
	}
)

var pictures = flag.String("pictures", "", "write the slips that are not as testdata/cards.txt has them into this directory")

// TestCards sets the slip of every visit in every language on every paper, bounds its length, and holds the picture's
// SHA-256 against testdata/cards.txt: visit, language, dots across, dots down, first half of the sum over the rows of
// Pix. What a change of words or layout does is seen with
//
//	go test ./kiosk/slip -run TestCards -pictures /tmp/slips
//
// which writes the slips that changed as PNG, of several alike the first; after looking, -update takes them.
func TestCards(t *testing.T) {
	const sums = "testdata/cards.txt"
	known, err := os.ReadFile(sums)
	if err != nil && !golden.Updating() {
		t.Fatal(err)
	}
	var lines strings.Builder
	changed := 0
	type strip struct {
		rows int
		sum  string
	}
	set := map[string]strip{} // by page and paper: many cards are told the same
	for _, v := range visits() {
		spec := named(t, v.card)
		for _, lang := range text.Languages() {
			p := pageOf(t, spec, v.answers, lang)
			for _, o := range []slip.Options{{Width: 384, DPI: 203}, {Width: 512, DPI: 180}, {Width: 576, DPI: 203}, {Width: 640, DPI: 203}} {
				name := fmt.Sprintf("%s %s %d", strings.TrimSuffix(v.card+","+v.answers, ","), lang, o.Width)
				said := fmt.Sprint(p, o)
				s, ok := set[said]
				var img *image.Paletted
				if !ok {
					var err error
					if img, err = slip.Set(p, o); err != nil {
						t.Errorf("Set(%s) = %v", name, err)
						continue
					}
					s = strip{img.Rect.Dy(), fmt.Sprintf("%x", sha256.Sum256(img.Pix))[:32]}
					set[said] = s
				}
				if cm, most := float64(s.rows)/float64(o.DPI)*2.54, bound(v, lang, o); cm > most {
					t.Errorf("the slip %s is %.1f cm long; want %.1f at most", name, cm, most)
				}
				line := fmt.Sprintf("%s %d %s\n", name, s.rows, s.sum)
				lines.WriteString(line)
				if !strings.Contains(string(known), line) {
					changed++
					if *pictures != "" && img != nil {
						write(t, filepath.Join(*pictures, strings.ReplaceAll(name, " ", "-")+".png"), img)
					}
				}
			}
		}
	}
	if golden.Updating() {
		if err := os.WriteFile(sums, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(known), "\n"), strings.Split(lines.String(), "\n")); diff != "" {
		t.Errorf("%d slips changed, look at them with -pictures (-want +got):\n%s", changed, diff)
	}
}

// bound is how long the slip of a visit may be.
func bound(v visit, lang text.Language, o slip.Options) float64 {
	most, ok := longer[v.card]
	if !ok {
		most = longest
	}
	cm := most[0]
	switch o.Width {
	case 384:
		cm = most[1]
	case 512: // at 180 dpi: more paper, but fewer characters in a line
		cm *= 1.1
	}
	if lang == text.EasyJapanese {
		cm *= 1.4
	}
	return cm
}

func named(t *testing.T, card string) cardtest.Spec {
	t.Helper()
	all := cardtest.Library()
	i := slices.IndexFunc(all, func(s cardtest.Spec) bool { return s.Name == card })
	if i < 0 {
		t.Fatalf("no card is called %s", card)
	}
	return all[i]
}

func write(t *testing.T, path string, img *image.Paletted) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := slip.PNG(f, img); err != nil {
		t.Fatal(err)
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
