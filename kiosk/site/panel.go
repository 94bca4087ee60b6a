package site

import (
	"fmt"
	"math"
)

// Panel is the touch panel and the character cell the terminal was set to.
type Panel struct {
	WidthMM, HeightMM         int
	WidthPixels, HeightPixels int
	CellWidth, CellHeight     int // pixels
}

// Limits of a panel (field.md §2.1): every screen is designed for 40 by 12 cells; a capital letter must be 4.9 mm high
// to be read at 40 cm, and a target 20 mm wide and high to be hit.
const (
	leastColumns = 40
	leastRows    = 12
	leastCapital = 4.9
	leastTarget  = 20

	// A target takes so many cells at least, however large they are.
	targetColumns = 6
	targetRows    = 3
	// Between headline and buttons stand at least so many rows, and on a row so many buttons.
	bodyRows   = 6
	rowTargets = 4

	// capital is the height of a capital letter of BIZ UDGothic in ems; a test measures it.
	capital = 0.785
)

// Grid returns the size in cells.
func (p Panel) Grid() (columns, rows int) {
	return p.WidthPixels / p.CellWidth, p.HeightPixels / p.CellHeight
}

// CellMM returns the size of a cell in millimetres.
func (p Panel) CellMM() (width, height float64) {
	return float64(p.WidthMM*p.CellWidth) / float64(p.WidthPixels), float64(p.HeightMM*p.CellHeight) / float64(p.HeightPixels)
}

// CapitalMM returns the height of a capital letter in millimetres. The em is as large as two cells side by side allow.
func (p Panel) CapitalMM() float64 {
	em := min(2*p.CellWidth, p.CellHeight)
	return capital * float64(em*p.HeightMM) / float64(p.HeightPixels)
}

// Target returns the size of the smallest target in cells and in millimetres.
func (p Panel) Target() (columns, rows int, width, height float64) {
	w, h := p.CellMM()
	columns, rows = max(targetColumns, int(math.Ceil(leastTarget/w))), max(targetRows, int(math.Ceil(leastTarget/h)))
	return columns, rows, float64(columns) * w, float64(rows) * h
}

// Readable tells whether the letters are high enough.
func (p Panel) Readable() bool { return p.CapitalMM() >= leastCapital }

// Touchable tells whether there is room for targets that can be hit, and for the text beside them.
func (p Panel) Touchable() bool {
	columns, rows := p.Grid()
	w, h, _, _ := p.Target()
	return columns >= leastColumns && rows >= leastRows && rows-2*h >= bodyRows && (columns+1)/(w+1) >= rowTargets
}

// String tells the numbers by which a panel is judged.
func (p Panel) String() string {
	columns, rows := p.Grid()
	w, h := p.CellMM()
	tw, th, width, height := p.Target()
	return fmt.Sprintf("画面 %d桁×%d行（1文字分 %.1f×%.1fmm）、英大文字の高さ %.1fmm（%.1fmm以上）、ボタンの最小 %d桁×%d行で %.1f×%.1fmm（%dmm以上）",
		columns, rows, w, h, p.CapitalMM(), leastCapital, tw, th, width, height, leastTarget)
}

// remedy names the cells with which the panel would pass: the one nearest to the present, and all between two ends.
func (p Panel) remedy() string {
	var least, most, nearest int
	for w := 1; w*leastColumns <= p.WidthPixels; w++ {
		q := p
		q.CellWidth, q.CellHeight = w, 2*w
		if !q.Readable() || !q.Touchable() {
			continue
		}
		if least == 0 {
			least = w
		}
		if most = w; nearest == 0 || math.Abs(float64(w-p.CellWidth)) < math.Abs(float64(nearest-p.CellWidth)) {
			nearest = w
		}
	}
	if least == 0 {
		return "この画面では、「cell」をどう変えても足りません。もっと大きい画面が要ります（「mm」と「pixels」も確かめてください）。"
	}
	return fmt.Sprintf("「cell」を [%d, %d] にしてください（[%d, %d] から [%d, %d] までが使えます）。",
		nearest, 2*nearest, least, 2*least, most, 2*most)
}

func panel(t *table) Panel {
	if t.values == nil { // no panel given: the 10.1 inch one
		return Panel{217, 136, 1280, 800, 20, 40}
	}
	var p Panel
	p.WidthMM, p.HeightMM = t.pair("mm")
	p.WidthPixels, p.HeightPixels = t.pair("pixels")
	p.CellWidth, p.CellHeight = t.pair("cell")
	if p.WidthMM*p.WidthPixels*p.CellWidth > 0 {
		columns, rows := p.Grid()
		switch {
		case columns < leastColumns || rows < leastRows:
			t.mistake("cell", "画面が%d桁×%d行になり、足りません（%d桁×%d行以上）。%s", columns, rows, leastColumns, leastRows, p.remedy())
		case !p.Readable():
			t.advice("cell", "文字が小さすぎます（英大文字の高さ%.1fmm。%.1fmm以上）。%s", p.CapitalMM(), leastCapital, p.remedy())
		case !p.Touchable():
			w, h, _, _ := p.Target()
			t.advice("cell", "指で押せる大きさ（%dmm以上）のボタンは%d桁×%d行になり、画面に収まりません。%s", leastTarget, w, h, p.remedy())
		}
	}
	t.finish()
	return p
}
