package text

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// Plain language is measured where a visitor reads it: not in the clerk's note, nor in what staff read on the bench.
func visitors(key string) bool {
	return !strings.HasPrefix(key, "clerk.") && !strings.HasPrefix(key, "readout.")
}

var (
	reading  = regexp.MustCompile(`（[ぁ-ん]+）`) // the reading behind a word is no length
	sentence = regexp.MustCompile(`[^。.!?]+[。.!?]?`)
)

// TestSentencesAreShort: a sentence of やさしい日本語 holds one thing, an English one what can be read at a glance.
func TestSentencesAreShort(t *testing.T) {
	for _, k := range Keys() {
		if !visitors(k) {
			continue
		}
		for _, s := range sentence.FindAllString(reading.ReplaceAllString(EasyJapanese.Say(k), ""), -1) {
			if n := utf8.RuneCountInString(strings.ReplaceAll(s, " ", "")); n > 40 {
				t.Errorf("%s in %s: %d characters in one sentence; want 40 at most: %q", k, EasyJapanese, n, s)
			}
		}
		for _, s := range sentence.FindAllString(English.Say(k), -1) {
			if n := len(strings.Fields(s)); n > 20 {
				t.Errorf("%s in %s: %d words in one sentence; want 20 at most: %q", k, English, n, s)
			}
		}
	}
}

// TestNoDoubleNegation: who reads slowly must not have to turn a sentence round twice.
func TestNoDoubleNegation(t *testing.T) {
	for l, negation := range map[Language]*regexp.Regexp{
		EasyJapanese: regexp.MustCompile(`ない|ません|なければ|ずに`),
		English:      regexp.MustCompile(`(?i)\b(not|no|none|nothing|never|cannot|without)\b|n't\b`),
	} {
		for _, k := range Keys() {
			if !visitors(k) {
				continue
			}
			for _, s := range sentence.FindAllString(l.Say(k), -1) {
				if n := negation.FindAllString(s, -1); len(n) > 1 {
					t.Errorf("%s in %s: %q negates %d times", k, l, s, len(n))
				}
			}
		}
	}
}
