package kiosk_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card/cardtest"
	"kagimado/hw/hwtest"
	"kagimado/hw/printer"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// wire is a line to a printer that tells when the first byte of a picture passes (GS v 0), and when its slip is cut.
type wire struct{ first, whole chan time.Time }

// lay lays the wire in front of the printer at address and returns where it begins.
func (w *wire) lay(b *testing.B, address string) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", address)
			if err != nil {
				here.Close()
				return
			}
			go func() {
				_, _ = io.Copy(here, there)
				here.Close()
			}()
			go func() {
				_, _ = io.Copy(io.MultiWriter(&spotter{w: w}, there), here)
				there.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// spotter looks for commands in what one connection sends; the driver writes none in two pieces.
type spotter struct {
	w     *wire
	begun bool
}

func (s *spotter) Write(p []byte) (int, error) {
	if !s.begun && bytes.Contains(p, []byte("\x1dv0")) {
		s.begun = true
		s.w.first <- time.Now()
	}
	if s.begun && bytes.Contains(p, []byte("\x1dV")) {
		s.begun = false
		s.w.whole <- time.Now()
	}
	return len(p), nil
}

// BenchmarkTapToSlip runs whole visits through Run at 20 ms an exchange. Goals: the first frame with progress at most
// 100 ms and the verdict at most 800 ms after the tap, the first byte of the slip's picture at the printer at most 100 ms
// after the verdict.
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
	w := &wire{make(chan time.Time, 1), make(chan time.Time, 1)}
	virtual := &hwtest.Printer{}
	address, stop, err := virtual.Listen()
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	paper, err := printer.Open(printer.Options{Address: w.lay(b, address)})
	if err != nil {
		b.Fatal(err)
	}
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
	var progress, verdict, first, whole time.Duration
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
		first += (<-w.first).Sub(told)
		whole += (<-w.whole).Sub(told)
		exchanges += c.Traffic().Commands
		reader.Lift()
		until(func(s session.State) bool { return !s.Lying })
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(each(progress), "ms-progress")
	b.ReportMetric(each(verdict), "ms-verdict")
	b.ReportMetric(each(first), "ms-first-byte")
	b.ReportMetric(each(whole), "ms-slip")
	b.ReportMetric(float64(verdict)/float64(time.Duration(exchanges)*exchange), "ratio-reading")
	b.ReportMetric(0, "ns/op")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
