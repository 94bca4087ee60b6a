package slip

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kagimado/kiosk/font"
	"kagimado/kiosk/text"
)

// breaker finds the best lines for a short text by trying, for every line, all the ends that text.WrapFunc allows.
type breaker struct {
	face  *font.Face
	cells int               // of a full line
	known map[string]broken // by what is left to break: the same rest is reached in many ways
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

func (b breaker) best(rest string) broken {
	if rest == "" {
		return broken{}
	}
	if w, ok := b.known[rest]; ok {
		return w
	}
	var best broken
	last := ""
	for limit := b.cells; limit >= b.cells/3 && limit > 0; limit-- {
		line := text.WrapFunc(rest, limit, b.face.Cells)[0]
		if line == last || line == "" {
			continue
		}
		last = line
		free := b.cells - b.face.Cells(line)
		cost := costLine + costRagged*free*free/(b.cells*b.cells)
		next := rest[len(line):]
		after := b.best(strings.TrimLeft(next, " \n"))
		if after.lines != nil {
			cost += after.cost + breakCost(line, next)
		}
		if best.lines == nil || cost < best.cost {
			best = broken{append([]string{line}, after.lines...), cost}
		}
	}
	b.known[rest] = best
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
	case unicode.Is(unicode.Katakana, r) || r == 'ー':
		return 'ア'
	case unicode.Is(unicode.Han, r):
		return '漢'
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return 'A'
	}
	return 0
}
