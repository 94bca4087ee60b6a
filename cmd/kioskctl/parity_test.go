package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// TestToolsSayTheSame holds diagnose, slip --text and all parts of the result screen against each other: every
// sentence of one stands in the other. What only one of them has is
//
//   - left to the slip: from the clerk's note on, that is the note with its codes, the foot and the official page;
//   - in the text alone: the heading of the ways, whose own titles are the screen's headings, and what each key is used
//     for, which the details screen has room for;
//   - on the screen alone: the countdown, the buttons, the line whom to ask, and a digest that says the first way's
//     place twice.
func TestToolsSayTheSame(t *testing.T) {
	for _, tt := range []struct {
		card, profile, now, answers string
		more                        []string
	}{
		{"all-fine", "city-hall", "2026-11-24T10:15", "", nil},
		{"locked-auth", "pop-up", "2026-11-21T10:15", "resident=elsewhere", nil},
		{"locked-sign", "city-hall", "2026-11-24T10:15", "", nil},
		{"locked-sign", "branch", "2028-02-01T10:15", "", nil}, // the list of stores is old
		{"locked-sign", "pop-up", "", "", []string{"--clock", "untrusted"}},
		{"locked-juki", "city-hall", "2026-11-22T10:15", "", nil}, // nation-wide stop
		{"locked-both-b", "branch", "2026-12-30T10:15", "", nil},
		{"locked-sign-input-support", "pop-up", "2026-11-24T16:50", "resident=here", nil},
		{"locked-four-digits", "city-hall", "2026-11-24T10:15", "", nil},
		{"locked-all", "city-hall", "2026-11-24T10:15", "face-card=yes", nil},
		{"one-try-left", "city-hall", "2026-11-24T10:15", "", nil},
		{"child-locked-auth", "branch", "2026-11-24T11:45", "under15=yes", nil},
		{"sign-unclear", "city-hall", "2026-11-24T10:15", "", nil},
		{"expiring-locked-sign", "branch", "2026-11-24T10:15", "", nil},
		{"expired", "pop-up", "2026-11-24T10:15", "", nil},
		{"ending-locked-sign", "city-hall", "2026-11-24T10:15", "limited-stay=no", nil},
		{"card-past", "city-hall", "2026-11-24T10:15", "limited-stay=yes", nil},
		{"no-certificates", "branch", "2026-11-24T10:15", "", nil},
		{"no-card-date", "city-hall", "2026-11-24T10:15", "forgotten=auth", nil},
	} {
		facts := factsFile(t, tt.card)
		for _, l := range text.Languages() {
			t.Run(fmt.Sprintf("%s at %s %s in %s", tt.card, tt.profile, tt.answers, l), func(t *testing.T) {
				args := append([]string{"--facts", facts, "--profile", "../../kiosk/site/profiles/" + tt.profile + ".toml",
					"--now", tt.now, "--answers", tt.answers, "--lang", l.String()}, tt.more...)
				said := output(t, append([]string{"diagnose"}, args...))
				if slip := output(t, append([]string{"slip", "--text"}, args...)); slip != said {
					t.Errorf("slip --text says\n%s\nand diagnose\n%s", slip, said)
				}
				screen := resultScreen(t, args, l)
				both, slipOnly, ok := strings.Cut(said, "\n["+l.Say("title.clerk")+"]\n")
				if !ok || !strings.Contains(slipOnly, "証") {
					t.Fatalf("the text has no note for the clerk:\n%s", said)
				}
				sentences := sentencesOf(both, l)
				if len(sentences) < 8 {
					t.Fatalf("only %d sentences: %q", len(sentences), sentences)
				}
				for _, s := range sentences {
					if !strings.Contains(screen, bare(s)) {
						t.Errorf("the screen does not say %q", s)
					}
				}
				if rest := without(screen, sentences, l); rest != "" {
					t.Errorf("the screen says %q, and the text does not:\n%s", rest, said)
				}
			})
		}
	}
}

func factsFile(t *testing.T, name string) string {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := card.Read(t.Context(), card.Card{Transmitter: c, ATR: c.ATR()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "facts.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func output(t *testing.T, args []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), &tool{strings.NewReader(""), &out, &errs}, args); status != done {
		t.Fatalf("kioskctl %q exits %d: %s", args, status, errs.String())
	}
	return out.String()
}

// numbering stands on the button to the next part; the bar of buttons begins in the row above.
var numbering = regexp.MustCompile(`\b1/(\d+)\b`)

// resultScreen returns the words of all parts of the result screen without white space, without its buttons, and with
// the rows that every part begins with, headline and countdown, once.
func resultScreen(t *testing.T, args []string, l text.Language) string {
	t.Helper()
	part := func(n int) []string {
		return strings.Split(output(t, append([]string{"screen", "--show", "result", "--text", "--page", strconv.Itoa(n)}, args...)), "\n")
	}
	first := part(1)
	bar := slices.IndexFunc(first, numbering.MatchString) - 1
	if bar < 1 {
		t.Fatalf("the screen has one part only, or no room for text:\n%s", strings.Join(first, "\n"))
	}
	count, err := strconv.Atoi(numbering.FindStringSubmatch(first[bar+1])[1])
	if err != nil {
		t.Fatal(err)
	}
	parts := [][]string{first[:bar]}
	for n := 2; n <= count; n++ {
		parts = append(parts, part(n)[:bar])
	}
	head := 0
	for head < bar && !slices.ContainsFunc(parts, func(p []string) bool { return p[head] != first[head] }) {
		head++
	}
	all := strings.ReplaceAll(strings.Join(first[:head], "\n"), l.Say("button.language"), "")
	for _, p := range parts {
		all += strings.Join(p[head:], "\n")
	}
	return bare(all)
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

var (
	heading = regexp.MustCompile(`^\[(?:[^:\]]*: )?(.*)\]$`)
	bullet  = regexp.MustCompile(`^(?:- |\s*\d+\. |[〇！Ｘ？] )?\s*`)
)

// sentencesOf returns what the text form says, sentence by sentence, but for what the screen does not say.
func sentencesOf(said string, l text.Language) []string {
	var used []string
	for _, k := range text.Keys() {
		if strings.HasSuffix(k, ".means") {
			used = append(used, l.Say(k))
		}
	}
	var all []string
	for line := range strings.Lines(said) {
		line = strings.TrimSuffix(line, "\n")
		if m := heading.FindStringSubmatch(line); m != nil {
			line = m[1]
		}
		line = line[len(bullet.FindString(line)):]
		for piece := range strings.SplitSeq(strings.ReplaceAll(line, " / ", "  "), "  ") {
			if piece != "" && !slices.Contains(used, piece) {
				all = append(all, piece)
			}
		}
	}
	return all
}

// without takes the sentences out of the screen's words, then the marks and numbers before them and what only a screen
// says, and returns what is left. The longest goes first, because a short one may be a part of it.
func without(screen string, sentences []string, l text.Language) string {
	sentences = append([]string{l.Say("help"), page.Countdown(45, l)}, sentences...)
	slices.SortFunc(sentences, func(a, b string) int { return cmp.Compare(len(bare(b)), len(bare(a))) })
	const gap = "\x00"
	for _, s := range sentences {
		screen = strings.ReplaceAll(screen, bare(s), gap)
	}
	return strings.Trim(regexp.MustCompile(gap+`(?:[・〇！Ｘ？\d]`+gap+`)*`).ReplaceAllString(screen, gap), gap+"〇！Ｘ？・")
}
