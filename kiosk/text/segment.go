package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Width returns the cells s takes on a terminal: two for a wide rune, one for a narrow one, none for what combines.
// Runes of ambiguous width count one cell, as tcell counts them; Check keeps them out of messages.
func Width(s string) int { return uniseg.StringWidth(s) }

// clustersWithin returns the longest run of leading grapheme clusters that fits, one cluster at least.
func clustersWithin(s string, limit int) string {
	end, state, rest := 0, -1, s
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if end > 0 && Width(s[:end+len(cluster)]) > limit {
			break
		}
		end += len(cluster)
	}
	return s[:end]
}

// segments cuts s at every place where a line may end.
func segments(s string) []string {
	var parts []string
	state := -1
	for s != "" {
		var part string
		part, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		if n := len(parts); n > 0 && keepTogether(parts[n-1], part) {
			parts[n-1] += part
			continue
		}
		parts = append(parts, part)
	}
	return parts
}

// keepTogether forbids a break that UAX 14 allows and JIS X 4051 does not.
func keepTogether(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	switch {
	case strings.ContainsRune(neverFirst, first):
		return true
	case strings.ContainsRune(neverLast, last):
		return true
	case number(last) && (number(first) || strings.ContainsRune(counters, first)):
		return true
	case strings.ContainsRune("〜～", last) && number(first): // 6〜16
		return true
	case latin(last) && latin(first): // full-width words: UAX 14 treats them as ideographs
		return true
	}
	return false
}

// The classes of JIS X 4051 that matter here: 行頭禁則, 行末禁則, and the counters that follow numbers.
const (
	neverFirst = "、。，．・：；？！゛゜ヽヾゝゞ々ー〜～）］｝〕〉》」』】ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ％,.:;?!)]}"
	neverLast  = "（［｛〔〈《「『【([{"
	counters   = "年月日時分秒回番階円枚点つ人個桁字文件歩週か歳才"
)

func katakana(r rune) bool { return unicode.Is(unicode.Katakana, r) || r == 'ー' }

func number(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

func latin(r rune) bool {
	return (r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ') || number(r) || r < utf8.RuneSelf && unicode.IsLetter(r)
}
