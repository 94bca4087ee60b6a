package kiosk_test

import (
	"context"
	"image"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/printer"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// encoder is a printer whose paper is the moment at which the bytes of a slip were ready.
type encoder struct{ ready chan time.Time }

func (e *encoder) State(context.Context) (hw.PrinterState, error) {
	return hw.PrinterState{Known: true}, nil
}

func (e *encoder) Print(_ context.Context, img *image.Paletted) (hw.Printed, error) {
	if _, err := printer.Encode(img, true); err != nil {
		return hw.Printed{}, err
	}
	e.ready <- time.Now()
	return hw.Printed{Result: hw.PrintConfirmed}, nil
}

// BenchmarkTapToSlip runs whole visits through Run at 20 ms an exchange. Goals: the first frame with progress at most
// 100 ms and the verdict at most 800 ms after the tap, the bytes of the slip at most 100 ms after the verdict.
// ratio-reading is the verdict's time over that of the bare exchanges.
func BenchmarkTapToSlip(b *testing.B) {
	const exchange = 20 * time.Millisecond
	place, err := site.Builtin("city-hall")
	if err != nil {
		b.Fatal(err)
	}
	terminal := tcell.NewSimulationScreen("")
	if err := terminal.Init(); err != nil {
		b.Fatal(err)
	}
	terminal.SetSize(64, 20)
	reader := hwtest.NewReader("bench")
	reader.Delay = exchange
	paper := &encoder{make(chan time.Time, 1)}
	type frame struct {
		at    time.Time
		state session.State
	}
	frames := make(chan frame, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	at := cardtest.Reference.Time().Add(10*time.Hour + 15*time.Minute)
	go func() {
		ended <- kiosk.Run(ctx, kiosk.Config{
			Reader: reader, Printer: paper, Screen: terminal, Profile: place, Content: content.Embedded(),
			Now: func() diagnosis.Now { return diagnosis.Now{Earliest: at, Latest: at} }, Slip: slip.Options{Width: 576, DPI: 203},
			Drawn: func(s session.State) { frames <- frame{time.Now(), s} },
		})
	}()
	until := func(is func(session.State) bool) time.Time {
		for {
			select {
			case f := <-frames:
				if is(f.state) {
					return f.at
				}
			case <-time.After(10 * time.Second):
				b.Fatal("the kiosk does not get there")
			}
		}
	}
	screen := func(want session.Screen) func(session.State) bool {
		return func(s session.State) bool { return s.Screen == want }
	}
	until(screen(session.Attract))
	var progress, verdict, bytes time.Duration
	exchanges := 0
	for b.Loop() {
		// A card without questions prints at once: the slip follows the verdict with nobody in between.
		c, err := cardtest.New("locked-input-support")
		if err != nil {
			b.Fatal(err)
		}
		tap := time.Now()
		reader.Lay(c)
		progress += until(func(s session.State) bool { return s.Screen == session.Reading && s.Total > 0 }).Sub(tap)
		told := until(screen(session.TakeCard))
		verdict += told.Sub(tap)
		bytes += (<-paper.ready).Sub(told)
		exchanges += c.Traffic().Commands
		reader.Lift()
		until(func(s session.State) bool { return !s.Lying })
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(each(progress), "ms-progress")
	b.ReportMetric(each(verdict), "ms-verdict")
	b.ReportMetric(each(bytes), "ms-slip")
	b.ReportMetric(float64(verdict)/float64(time.Duration(exchanges)*exchange), "ratio-reading")
	b.ReportMetric(0, "ns/op")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
