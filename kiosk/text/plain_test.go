package text

import (
	"strings"
	"testing"
)

// Plain language is measured where a visitor reads it: not in the clerk's note, nor in what staff read on the bench.
func visitors(key string) bool {
	return !strings.HasPrefix(key, "clerk.") && !strings.HasPrefix(key, "readout.")
}

func TestCatalogueIsPlain(t *testing.T) {
	for _, l := range Languages() {
		for _, k := range Keys() {
			if !visitors(k) {
				continue
			}
			for _, err := range l.Hard(l.Say(k)) {
				t.Errorf("%s in %s: %v", k, l, err)
			}
		}
	}
}

func TestHard(t *testing.T) {
	long := strings.Repeat("あ", 41)
	for _, tt := range []struct {
		l    Language
		s    string
		want int
	}{
		{Japanese, long + "ないわけではありません。", 0},
		{EasyJapanese, long, 1},
		{EasyJapanese, long[:39*3] + "。" + long[:40*3], 0},
		{EasyJapanese, strings.Repeat("紙（かみ） ", 40), 0},
		{EasyJapanese, "使（つか）えない ことは ありません。", 1},
		{EasyJapanese, "使（つか）えません。番号（ばんごう）が ない。", 0},
		{EasyJapanese, "使（つか）えない かも しれません。", 0},
		{English, strings.Repeat("word ", 21), 1},
		{English, strings.Repeat("word ", 19) + "word. One more.", 0},
		{English, "It isn't that nothing works.", 1},
		{English, "It does not work. Nothing helps.", 0},
	} {
		if got := tt.l.Hard(tt.s); len(got) != tt.want {
			t.Errorf("%s.Hard(%q) = %v; want %d", tt.l, tt.s, got, tt.want)
		}
	}
}
