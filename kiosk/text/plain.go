package text

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What one sentence may hold: in やさしい日本語 one thing, in English what can be read at a glance.
const (
	easyRunes    = 40 // readings and spaces aside
	englishWords = 20
)

var (
	reading  = regexp.MustCompile(`（[ぁ-んー]+）`) // the reading behind a word is no length
	sentence = regexp.MustCompile(`[^。.!?]+[。.!?]?`)
	perhaps  = regexp.MustCompile(`かも ?しれません`) // denies nothing
	negation = map[Language]*regexp.Regexp{
		EasyJapanese: regexp.MustCompile(`(?:^|[^ん])ない|ません|なければ|ずに`),
		English:      regexp.MustCompile(`(?i)\b(not|no|none|nothing|never|cannot|without)\b|n't\b`),
	}
)

// Hard tells what makes s hard to read for those who chose l: sentences that are too long, and sentences that have to
// be turned round twice because they negate a negation. Ordinary Japanese is not measured.
func (l Language) Hard(s string) []error {
	var errs []error
	if l == EasyJapanese {
		s = reading.ReplaceAllString(s, "")
	}
	for _, s := range sentence.FindAllString(s, -1) {
		switch l {
		case EasyJapanese:
			if n := utf8.RuneCountInString(strings.ReplaceAll(s, " ", "")); n > easyRunes {
				errs = append(errs, fmt.Errorf("%d characters in one sentence; want %d at most: %q", n, easyRunes, s))
			}
		case English:
			if n := len(strings.Fields(s)); n > englishWords {
				errs = append(errs, fmt.Errorf("%d words in one sentence; want %d at most: %q", n, englishWords, s))
			}
		}
		if no, ok := negation[l]; ok {
			if n := no.FindAllString(perhaps.ReplaceAllString(s, ""), -1); len(n) > 1 {
				errs = append(errs, fmt.Errorf("%q negates %d times", s, len(n)))
			}
		}
	}
	return errs
}
