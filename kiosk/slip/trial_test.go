package slip

import (
	"testing"
	"time"

	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestSelfTestOnPaper: whatever is or went wrong, the self-test and the log of faults can be printed.
func TestSelfTestOnPaper(t *testing.T) {
	var checks []page.Check
	var lately []page.FaultRecord
	at := time.Date(2026, 11, 24, 1, 15, 0, 0, time.UTC)
	for i, f := range content.Embedded().Faults {
		checks = append(checks, page.Check{Thing: page.ThingPrinter, Mark: page.Bad, State: "fault", Code: f.Code})
		lately = append(lately, page.FaultRecord{Code: f.Code, At: at.Add(-time.Duration(i) * time.Hour).Truncate(time.Hour), N: i + 1})
	}
	checks = append(checks, page.Check{Thing: page.ThingClock, Mark: page.Fine, State: "fine", From: at, Until: at, Why: "confirmed"})
	for _, l := range text.Languages() {
		for _, width := range []int{384, 576} {
			p := page.Of(page.SelfTest{Checks: checks, Content: content.Embedded(), At: at}, site.Office{}, l)
			if _, err := Set(p, Options{width, 203}); err != nil {
				t.Errorf("self-test in %s at %d dots: %v", l, width, err)
			}
			p = page.Of(page.Faults{List: lately, Content: content.Embedded(), At: at}, site.Office{}, l)
			if _, err := Set(p, Options{width, 203}); err != nil {
				t.Errorf("log of faults in %s at %d dots: %v", l, width, err)
			}
		}
	}
}

// TestTrial: the rulers reach from the first dot to the last, and a centimetre is one.
func TestTrial(t *testing.T) {
	for _, o := range []Options{{384, 203}, {512, 180}, {576, 203}, {640, 203}} {
		for _, l := range text.Languages() {
			p := page.Of(page.TestSlip{Width: o.Width, DPI: o.DPI, Sizes: Sizes()}, site.Office{}, l)
			img, err := Trial(p, o)
			if err != nil {
				t.Fatalf("Trial at %+v in %s: %v", o, l, err)
			}
			black := func(x, y int) bool { return img.ColorIndexAt(x, y) == Black }
			var full []int
			for y := range img.Rect.Dy() {
				n := 0
				for x := range o.Width {
					if black(x, y) {
						n++
					}
				}
				if n == o.Width {
					full = append(full, y)
				}
			}
			if len(full) != 4 { // two rulers, two dots thick
				t.Fatalf("at %+v %d rows are black from the first dot to the last; want those of two rulers", o, len(full))
			}
			mm, dots := full[1]+1, full[3]+1
			tall := smallPt * float64(o.DPI) / 72 * 1.3
			for i, ruler := range []struct {
				y    int
				long float64
			}{{mm, 10 * float64(o.DPI) / 25.4}, {dots, 100}} {
				for n := 0.0; n*ruler.long+1 < float64(o.Width); n++ {
					if x := int(n*ruler.long + 0.5); !black(x, ruler.y+int(tall)) {
						t.Errorf("at %+v ruler %d has no long mark at dot %d", o, i, x)
					}
				}
			}
		}
	}
	if _, err := Trial(page.Page{}, Options{576, 203}); err == nil {
		t.Error("a page without lines for the type sizes makes a test slip")
	}
	if _, err := Trial(page.Of(page.TestSlip{Sizes: Sizes()}, site.Office{}, text.Japanese), Options{577, 203}); err == nil {
		t.Error("a width that no head has makes a test slip")
	}
}
