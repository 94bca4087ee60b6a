package screen

import (
	"github.com/gdamore/tcell/v2"

	"kagimado/kiosk/page"
)

// paint is a pair of colours. Every pair has a contrast of 7:1 or more, and every colour stands in the xterm cube
// of 256, so that a terminal without 24-bit colour shows the very same.
type paint struct{ fg, bg int32 }

// The palette. Dark areas carry white, yellow carries black; grey on white is the lightest text there is.
var (
	inkPaint       = paint{0x000000, 0xFFFFFF}
	mutedPaint     = paint{0x303030, 0xFFFFFF}
	titlePaint     = paint{0x000000, 0xD7D7FF}
	plainPaint     = paint{0xFFFFFF, 0x00005F} // no mark, and the button most visitors want
	finePaint      = paint{0xFFFFFF, 0x005F00}
	attentionPaint = paint{0x000000, 0xFFD700}
	badPaint       = paint{0xFFFFFF, 0xAF0000}
	unclearPaint   = paint{0xFFFFFF, 0x005F87} // and every other button
	barPaint       = paint{0x000000, 0xBCBCBC} // the part of a progress bar still to come
	statusPaint    = paint{0xFFFFFF, 0x000000}
)

// paints is all of them, for the tests.
var paints = []paint{inkPaint, mutedPaint, titlePaint, plainPaint, finePaint, attentionPaint, badPaint, unclearPaint, barPaint, statusPaint}

func paintOf(m page.Mark) paint {
	switch m {
	case page.Fine:
		return finePaint
	case page.Attention:
		return attentionPaint
	case page.Bad:
		return badPaint
	case page.Unclear:
		return unclearPaint
	}
	return plainPaint
}

// turned changes fore- and background.
func (p paint) turned() paint { return paint{p.bg, p.fg} }

func (p paint) style(bold bool) tcell.Style {
	return tcell.StyleDefault.Foreground(tcell.NewHexColor(p.fg)).Background(tcell.NewHexColor(p.bg)).Bold(bold)
}
