package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Balance breaks a headline or a label into lines of at most this many cells, each where a reader would pause and not
// just where a line is full: a verdict must not end in one orphaned kana or tear a word in two. It takes as few lines as
// that needs.
//
// Lines end where UAX 14 lets them and, where that is looser than JIS X 4051, where that does: none begins with a closing
// bracket, a comma or full stop, a small kana or a prolonged sound mark, none ends with an opening bracket, and a number
// stays with its counter (3回). Only what cannot be broken and is wider than a line is cut between grapheme clusters; one
// cluster wider than a line stands alone. A space where a line ends is dropped. Newlines in s are kept as breaks; no line
// is empty unless s has an empty line, and s itself empty gives no lines.
func Balance(s string, cells int) []string { return balance(s, cells, costTornLabel) }

// Paragraph breaks by the same rules a text that is read in one go: it takes as few lines as there can be, and tears a
// word only where that saves one. Where spaces part the words, as やさしい日本語 has it, words stay whole there too.
func Paragraph(s string, cells int) []string {
	if strings.Count(s, " ")*spacing >= utf8.RuneCountInString(s) {
		return balance(s, cells, costTornLabel)
	}
	return balance(s, cells, costTornWord)
}

// spacing is how many runes there are to a space at most in a text whose words are parted.
const spacing = 14

func balance(s string, cells, torn int) []string {
	var lines []string
	for paragraph := range strings.Lines(s) {
		paragraph = strings.TrimRight(paragraph, " \n\r")
		if paragraph == "" {
			lines = append(lines, "")
			continue
		}
		lines = append(lines, newBreaker(paragraph, max(cells, 1), torn).lines()...)
	}
	return lines
}

// breaker finds the best lines of a paragraph by weighing all ends that each line may have, from the last line to the
// first. Widths are added up: measuring every line that could be is what would take the time.
type breaker struct {
	cells int
	torn  int      // cost of a torn word
	parts []string // between two of them a line may end
	width []int    // of each part
	blank []int    // of the spaces that end it, which a line drops
	end   []int    // of the best line that begins with the part
	cost  []int    // of the best lines from there on
}

func newBreaker(s string, cells, torn int) *breaker {
	b := &breaker{cells: cells, torn: torn}
	add := func(p string) {
		trimmed := strings.TrimRight(p, " ")
		b.parts = append(b.parts, p)
		b.width = append(b.width, Width(p))
		b.blank = append(b.blank, len(p)-len(trimmed))
	}
	for _, p := range segments(s) {
		for Width(strings.TrimRight(p, " ")) > cells { // not to be broken and too wide: cut it
			head := clustersWithin(p, cells)
			if head == p {
				break
			}
			add(head)
			p = p[len(head):]
		}
		add(p)
	}
	b.end, b.cost = make([]int, len(b.parts)), make([]int, len(b.parts)+1)
	for i := len(b.parts) - 1; i >= 0; i-- {
		b.weigh(i)
	}
	return b
}

func (b *breaker) lines() []string {
	var lines []string
	for i := 0; i < len(b.parts); i = b.end[i] {
		lines = append(lines, strings.TrimRight(strings.Join(b.parts[i:b.end[i]], ""), " "))
	}
	return lines
}

// Costs of a break. A line more outweighs every ugliness but, in a label, a torn word: paper is short.
const (
	costLine      = 100000
	costTornLabel = 120000 // within a run of one script, or a word parted from its ending
	costTornWord  = 1500   // the same in a paragraph
	costParticle  = 400    // before a particle
	costEnding    = 300    // after hiragana that is no particle: the word may go on
	costNewWord   = 200    // between two scripts
	costPhrase    = 100    // after a particle, where a comma would be better
	costRagged    = 600    // for a line with nothing on it; falls with the square of what is on it
)

// weigh finds the best end for a line that begins with part i. A line that is nearly empty is none, unless nothing
// more fits; of equals the fuller one is taken.
func (b *breaker) weigh(i int) {
	b.end[i] = 0
	for j, w := i+1, 0; j <= len(b.parts); j++ {
		w += b.width[j-1]
		used := w - b.blank[j-1]
		if used > b.cells && b.end[i] > 0 {
			return
		}
		free := b.cells - used
		cost := costLine + costRagged*free*free/(b.cells*b.cells) + b.cost[j]
		if j < len(b.parts) {
			cost += b.breakCost(b.parts[j-1], b.parts[j])
		}
		if short := b.end[i] > 0 && b.short(i); b.end[i] == 0 || short || cost <= b.cost[i] {
			b.end[i], b.cost[i] = j, cost
		}
	}
}

// short tells whether the best line so far that begins with part i is nearly empty.
func (b *breaker) short(i int) bool {
	n := -b.blank[b.end[i]-1]
	for _, w := range b.width[i:b.end[i]] {
		n += w
	}
	return n < b.cells/3
}

// breakCost judges the place between two runes by their scripts: Japanese begins a phrase with kanji or katakana and ends it
// with hiragana.
func (b *breaker) breakCost(before, after string) int {
	a, _ := utf8.DecodeLastRuneInString(before)
	z, _ := utf8.DecodeRuneInString(after)
	from, to := script(a), script(z)
	switch {
	case to == 'あ' && from != 'あ' && particle(z) && !strings.ContainsRune(stops, a):
		return costParticle
	case from == 0 || to == 0:
		return 0
	case to == 'あ' || from == to:
		return b.torn
	case from == 'あ' && particle(a):
		return costPhrase
	case from == 'あ':
		return costEnding
	}
	return costNewWord
}

// stops end a phrase for certain; a closing bracket does not when a particle follows.
const stops = " 、。，．！？・："

// particle tells the hiragana that mostly mark the end of a phrase.
func particle(r rune) bool {
	switch r {
	case 'が', 'の', 'は', 'を', 'に', 'も', 'で', 'と', 'へ':
		return true
	}
	return false
}

// script returns a rune that stands for the script of r, 0 for spaces and punctuation.
func script(r rune) rune {
	switch {
	case unicode.Is(unicode.Hiragana, r):
		return 'あ'
	case katakana(r):
		return 'ア'
	case unicode.Is(unicode.Han, r):
		return '漢'
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return 'A'
	}
	return 0
}
