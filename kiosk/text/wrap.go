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

// Wrap breaks s into lines of at most this many cells as WrapFunc does, but rather where a phrase ends than in the
// middle of one, as long as the line stays well filled: 使えませ|ん and パスワー|ド are allowed and hard to read.
func Wrap(s string, cells int) []string {
	return wrap(s, cells, Width, phraseEnd, func(parts []string) []string { return wholeWords(parts, cells*2/3) })
}

// WrapFunc breaks s into lines that measure at most limit, in whatever unit measure counts.
//
// Breaks follow UAX 14 and, where that is looser than JIS X 4051, that: no line begins with a closing bracket, a
// comma or full stop, a small kana or a prolonged sound mark, none ends with an opening bracket, and a number stays
// with its counter (3回). Only what cannot be broken and is wider than the limit is cut between grapheme clusters;
// one cluster wider than the limit stands alone. A space where a line ends is dropped, and a space near the end of
// a line is the better place to break, because spaced Japanese puts it between phrases. Newlines in s are kept as
// breaks; no line is empty unless s has an empty line, and s itself empty gives no lines.
func WrapFunc(s string, limit int, measure func(string) int) []string {
	return wrap(s, limit, measure, func(before, _ string) int {
		if strings.HasSuffix(before, " ") {
			return twoThirds
		}
		return never
	}, func(parts []string) []string { return parts })
}

// fill tells how full a line must be, in thirds, so that the place between two segments is rather taken than the last
// one that fits.
type fill func(before, after string) int

const (
	oneThird  = 1
	twoThirds = 2
	never     = 3
)

func wrap(s string, limit int, measure func(string) int, need fill, join func([]string) []string) []string {
	if s == "" {
		return nil
	}
	var lines []string
	for paragraph := range strings.Lines(s) {
		paragraph = strings.TrimRight(paragraph, " \n\r")
		if paragraph == "" {
			lines = append(lines, "")
			continue
		}
		parts := join(segments(paragraph))
		for len(parts) > 0 {
			var line string
			line, parts = firstLine(parts, limit, measure, need)
			lines = append(lines, line)
		}
	}
	return lines
}

// firstLine takes the longest line that fits, or a shorter one that ends in a good place, and what is left.
func firstLine(parts []string, limit int, measure func(string) int, need fill) (string, []string) {
	width := func(n int) int { return measure(strings.TrimRight(strings.Join(parts[:n], ""), " ")) }
	n := 0
	for n < len(parts) && width(n+1) <= limit {
		n++
	}
	if n == 0 { // not even one segment: cut it
		head := clustersWithin(parts[0], limit, measure)
		if rest := strings.TrimLeft(parts[0][len(head):], " "); rest != "" {
			return strings.TrimRight(head, " "), append([]string{rest}, parts[1:]...)
		}
		return strings.TrimRight(head, " "), parts[1:]
	}
	if n < len(parts) {
		for k := n; k > 0; k-- {
			if width(k)*never > limit*need(parts[k-1], parts[k]) {
				n = k
				break
			}
		}
	}
	return strings.TrimRight(strings.Join(parts[:n], ""), " "), parts[n:]
}

// wholeWords joins segments that are pieces of one katakana word, unless it is so long that keeping it whole would leave
// half a line empty.
func wholeWords(parts []string, cells int) []string {
	var words []string
	for _, p := range parts {
		first, _ := utf8.DecodeRuneInString(p)
		if n := len(words) - 1; n >= 0 && katakana(first) {
			if last, _ := utf8.DecodeLastRuneInString(words[n]); katakana(last) && Width(words[n]+p) <= cells {
				words[n] += p
				continue
			}
		}
		words = append(words, p)
	}
	return words
}

// phraseEnd finds where a phrase (文節) probably ends: certainly at a space, mostly behind punctuation and where
// hiragana, which ends nearly every Japanese phrase, is followed by another script. The hiragana inside a word
// (読み取り) is taken for an end too; telling that apart needs a dictionary and is not worth one.
func phraseEnd(before, after string) int {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	switch {
	case last == ' ':
		return oneThird
	case strings.ContainsRune("、。，．）」』】", last),
		unicode.Is(unicode.Hiragana, last) && !unicode.Is(unicode.Hiragana, first):
		return twoThirds
	}
	return never
}

// clustersWithin returns the longest run of leading grapheme clusters that fits, one cluster at least.
func clustersWithin(s string, limit int, measure func(string) int) string {
	end, state, rest := 0, -1, s
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if end > 0 && measure(s[:end+len(cluster)]) > limit {
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
