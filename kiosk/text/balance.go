package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many lines a text may take to be worth balancing: nobody pauses in a longer one, and looking for the
// best takes its time.
const longest = 6

// Balance breaks a headline or a label into as few lines of at most this many cells as it needs, each where a reader
// would pause and not just where a line is full: a verdict must not end in one orphaned kana or tear a word in two.
// Lines end where Wrap may end them.
func Balance(s string, cells int) []string {
	lines := Wrap(s, cells)
	if len(lines) > longest || len(lines) < 2 {
		return lines
	}
	lines = nil
	for paragraph := range strings.Lines(s) {
		lines = append(lines, newBreaker(strings.TrimRight(paragraph, " \n\r"), cells).best(0).lines...)
	}
	return lines
}

// breaker finds the best lines for a short text by trying all ends that a line may have.
type breaker struct {
	cells int
	parts []string // between two of them a line may end
	known []broken // by the part a line begins with; the same rest is reached in many ways
}

func newBreaker(s string, cells int) *breaker {
	b := &breaker{cells: cells}
	for _, p := range segments(s) {
		for Width(p) > cells { // not to be broken and too wide: cut it
			head := clustersWithin(p, cells, Width)
			if p = p[len(head):]; p == "" {
				p = head
				break
			}
			b.parts = append(b.parts, head)
		}
		b.parts = append(b.parts, p)
	}
	b.known = make([]broken, len(b.parts))
	return b
}

type broken struct {
	lines []string
	cost  int
}

// Costs of a break. A line more outweighs every ugliness but a torn word, because paper is short.
const (
	costLine     = 100000
	costTornWord = 120000 // within a run of one script, or a word parted from its ending
	costParticle = 400    // before a particle
	costEnding   = 300    // after hiragana that is no particle: the word may go on
	costNewWord  = 200    // between two scripts
	costRagged   = 600    // for a line with nothing on it; falls with the square of what is on it
)

// best returns the best lines for the parts from i on.
func (b *breaker) best(i int) broken {
	if i == len(b.parts) {
		return broken{}
	}
	if b.known[i].lines != nil {
		return b.known[i]
	}
	type end struct {
		at    int
		line  string
		width int
	}
	var ends []end
	for j, line := i+1, ""; j <= len(b.parts); j++ {
		line += b.parts[j-1]
		trimmed := strings.TrimRight(line, " ")
		w := Width(trimmed)
		if w > b.cells && len(ends) > 0 {
			break
		}
		if n := len(ends) - 1; n >= 0 && ends[n].width < b.cells/3 {
			ends = ends[:n] // too short to be worth a line, unless nothing longer fits
		}
		ends = append(ends, end{j, trimmed, w})
	}
	var best broken
	for _, e := range ends {
		free := b.cells - e.width
		cost := costLine + costRagged*free*free/(b.cells*b.cells)
		after := b.best(e.at)
		if after.lines != nil {
			cost += after.cost + breakCost(b.parts[e.at-1], b.parts[e.at])
		}
		if best.lines == nil || cost <= best.cost { // of equals the fuller line
			best = broken{append([]string{e.line}, after.lines...), cost}
		}
	}
	b.known[i] = best
	return best
}

// breakCost judges the place between two runes by their scripts: Japanese begins a phrase with kanji or katakana and ends it
// with hiragana.
func breakCost(before, after string) int {
	a, _ := utf8.DecodeLastRuneInString(before)
	z, _ := utf8.DecodeRuneInString(after)
	from, to := script(a), script(z)
	switch {
	case from == 0 || to == 0:
		return 0
	case to == 'あ' && from != 'あ' && particle(z):
		return costParticle
	case to == 'あ' || from == to:
		return costTornWord
	case from == 'あ' && particle(a):
		return 0
	case from == 'あ':
		return costEnding
	}
	return costNewWord
}

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
