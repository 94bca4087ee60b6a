package slip

import (
	"fmt"
	"image"
	"strconv"

	"kagimado/kiosk/font"
	"kagimado/kiosk/page"
)

// Sizes are the type sizes of a slip, in points, the largest first.
func Sizes() []float64 { return []float64{headlinePt, titlePt, bodyPt, smallPt} }

// Trial returns the slip that shows whether Options fit the printer: below p's text a ruler in millimetres and one in
// dots, both as long as the paper is meant to be wide, and each of p.AllRows in the type of Sizes with the same index.
// A ruler that ends before the paper does, or is cut off, or whose centimetres are none, names the wrong number.
func Trial(p page.Page, o Options) (*image.Paletted, error) {
	rows := p.AllRows
	s, err := lay(p, o)
	if err != nil {
		return nil, err
	}
	if len(rows) != len(Sizes()) {
		return nil, fmt.Errorf("setting test slip: %d lines for %d sizes", len(rows), len(Sizes()))
	}
	in := func(pt float64) style {
		em := o.em(pt)
		return style{font.At(font.Regular, em), em * 5 / 4}
	}
	dots := func(mm int) int { return (mm*o.DPI*10 + 127) / 254 }
	one := func(n int) int { return n }
	s.ruler(o.Width, in(smallPt), dots, 1, 5, 10)
	s.ruler(o.Width, in(smallPt), one, 10, 50, 100)
	whole := column{6, o.Width - 6}
	for i, pt := range Sizes() {
		s.text("type sizes", whole, in(pt), rows[i].Name)
	}
	s.y += 6
	if s.err != nil {
		return nil, s.err
	}
	return s.print(o.Width), nil
}

// ruler draws marks at the short, middle and long steps of a unit, and numbers the long ones; at turns the unit into dots.
func (s *sheet) ruler(width int, st style, at func(int) int, short, middle, long int) {
	s.y += st.pitch / 2
	s.bar(0, s.y, width, s.y+2)
	for n := 0; at(n) < width; n += short {
		h := st.Em() / 2
		switch {
		case n%long == 0:
			h = st.Em() * 3 / 2
		case n%middle == 0:
			h = st.Em()
		}
		s.bar(at(n), s.y, at(n)+1, s.y+h)
	}
	s.bar(width-1, s.y, width, s.y+st.Em()*2) // the last dot there is
	s.y += st.Em() * 3 / 2
	for n := long; at(n) < width; n += long {
		label := strconv.Itoa(n)
		if x := at(n) - st.Advance(label)/2; x+st.Advance(label) <= width {
			s.line(column{0, width}, x, st, label)
		}
	}
	s.y += st.pitch
}
