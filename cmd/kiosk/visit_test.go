//go:build pcscd

package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/vpcd"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/hwtest/pcscd"
	"kagimado/hw/printer"
	"kagimado/hw/reader"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// service is the pcscd that runs.
var service *pcscd.Daemon

func TestMain(m *testing.M) {
	pcscd.Main(func(d *pcscd.Daemon) int {
		service = d
		return m.Run()
	})
}

// TestEveryNamedCardThroughPCSC takes every named card through the real pcscd to the lamp, the verdict and, where
// nothing is left to ask, the slip. Truth comes from the card's description, not from reading it.
func TestEveryNamedCardThroughPCSC(t *testing.T) {
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	paper, err := printer.Open(printer.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	terminal := tcell.NewSimulationScreen("")
	if err := terminal.Init(); err != nil {
		t.Fatal(err)
	}
	terminal.SetSize(80, 25)
	moment := cardtest.Reference.Time().Add(10*time.Hour + 15*time.Minute)
	now := diagnosis.Now{Earliest: moment, Latest: moment}
	var lamps hwtest.Lamps
	states := make(chan session.State, 10000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- kiosk.Run(ctx, kiosk.Config{
			Reader: reader.Open(reader.Options{}), Printer: paper, Lamps: &lamps, Screen: terminal, Profile: place,
			Content: content.Embedded(), Now: func() diagnosis.Now { return now }, Slip: slip.Options{Width: 576, DPI: 203},
			Log: slog.New(slog.DiscardHandler), Drawn: func(s session.State) { states <- s },
		})
	}()
	until := func(what string, is func(session.State) bool) session.State {
		t.Helper()
		late := time.After(10 * time.Second)
		for {
			select {
			case s := <-states:
				if is(s) {
					return s
				}
			case <-late:
				t.Fatalf("the kiosk does not come to %s", what)
			}
		}
	}
	until("the attract screen", func(s session.State) bool { return s.Screen == session.Attract })
	slot := vpcd.At(pcscd.FirstAddress)
	for _, spec := range cardtest.Library() {
		want := spec.Want()
		headline := diagnosis.Diagnose(want, now, diagnosis.Answers{}).Headline
		before := slips(t, folder)
		if err := slot.Lay(spec.New()); err != nil {
			t.Fatal(err)
		}
		// What is drawn of the card before can come late: its slip is out before its last picture is.
		until("the reading of "+spec.Name, func(s session.State) bool { return s.Screen == session.Reading })
		got := until("a verdict on "+spec.Name, func(s session.State) bool { return s.Resolved.Report.Headline.Code != "" })
		got.Facts.Exchanges = 0
		if want.Outcome != card.Complete { // nothing is kept of a card that has no verdict but what it is
			want = card.Facts{Kind: want.Kind, Outcome: want.Outcome}
		}
		if d := cmp.Diff(want, got.Facts); d != "" {
			t.Errorf("%s: -want +got\n%s", spec.Name, d)
		}
		if got.Resolved.Report.Headline != headline || got.Page.Headline == "" {
			t.Errorf("%s: headline is %s %q; want %s", spec.Name, got.Resolved.Report.Headline, got.Page.Headline, headline)
		}
		signal := hw.Done
		if want.Outcome != card.Complete {
			signal = hw.Attention
		}
		if shown := lamps.Signals(); shown[len(shown)-1] != signal {
			t.Errorf("%s: the lamps show %s; want %s", spec.Name, shown[len(shown)-1], signal)
		}
		slot.Lift()
		time.Sleep(500 * time.Millisecond) // vpcd looks every 400 ms only, and not every screen shows that the card has left
		if asks := len(got.Resolved.Report.Questions) > 0; want.Outcome == card.Complete && !asks {
			for late := time.Now().Add(10 * time.Second); slips(t, folder) == before && time.Now().Before(late); {
				time.Sleep(20 * time.Millisecond)
			}
			if n := slips(t, folder) - before; n != 1 {
				t.Errorf("%s: %d slips came out; want one", spec.Name, n)
			}
		}
	}
	if n := slot.Traffic().SecretSent; n != 0 {
		t.Errorf("%d commands with a secret reached a card", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	if shown := lamps.Signals(); shown[len(shown)-1] != hw.Dark {
		t.Errorf("the lamps show %s in the end; want dark", shown[len(shown)-1])
	}
}

func slips(t *testing.T, folder string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "slip-*.png"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
