package main

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestReaderCheck: a reader that is there, one that comes a moment late, one that is gone, a service that refuses.
func TestReaderCheck(t *testing.T) {
	const name = "ACR1252 PICC 00 00"
	for _, tt := range []struct {
		about string
		does  func(*hwtest.Reader)
		want  string
		took  time.Duration
	}{
		{"there", func(*hwtest.Reader) {}, name, 0},
		{"with something on it", func(r *hwtest.Reader) { r.Mute() }, name, 0},
		{"late", func(r *hwtest.Reader) {
			r.Gone(hw.ReaderService)
			time.AfterFunc(time.Second, r.Back)
		}, name, time.Second},
		{"gone", func(r *hwtest.Reader) { r.Gone(hw.ReaderMissing) }, "R-02", settling},
		{"refused", func(r *hwtest.Reader) { // once could be a service that was just ending, twice is polkit
			r.Gone(hw.ReaderService)
			time.AfterFunc(100*time.Millisecond, func() { r.Gone(hw.ReaderDenied) })
		}, "R-04", settling},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := hwtest.NewReader(name)
			tt.does(r)
			begun := time.Now()
			got, err := readerCheck(t.Context(), r)
			if said := strings.Join(got.Said, "") + got.Code; said != tt.want || (err != nil) != (got.Code != "") {
				t.Errorf("reader %s: %+v, %v; want %s", tt.about, got, err, tt.want)
			}
			if took := time.Since(begun); took != tt.took {
				t.Errorf("reader %s took %v; want %v", tt.about, took, tt.took)
			}
		})
	}
}

// silent neither answers nor notices that nobody waits any more.
type silent struct{}

func (silent) Watch(ctx context.Context) <-chan hw.CardEvent {
	out := make(chan hw.CardEvent)
	context.AfterFunc(ctx, func() { close(out) })
	return out
}

func (silent) Connect(context.Context) (hw.CardConn, error) {
	return nil, errors.New("nobody connects")
}

func (silent) State(context.Context) (hw.PrinterState, error) {
	time.Sleep(time.Hour)
	return hw.PrinterState{}, nil
}

func (silent) Print(context.Context, *image.Paletted) (hw.Printed, error) {
	time.Sleep(time.Hour)
	return hw.Printed{}, nil
}

// TestOneHangs: what does not answer has a code in its time, and keeps nothing else from answering.
func TestOneHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes strings.Builder
		begun := time.Now()
		checks := ask(t.Context(), &causes, []inquiry{
			{page.ThingReader, hw.ReaderHung, readerFor, func(ctx context.Context) (page.Check, error) { return readerCheck(ctx, silent{}) }},
			{page.ThingPrinter, hw.PrinterSilent, printerFor, func(ctx context.Context) (page.Check, error) {
				return printerCheck(ctx, silent{}, page.Check{})
			}},
			answered(page.Check{Thing: page.ThingClock, Mark: page.Fine, State: "fine"}),
		})
		if took := time.Since(begun); took != readerFor {
			t.Errorf("it took %v; want %v", took, readerFor)
		}
		for i, want := range []string{"reader R-05", "printer P-06", "clock "} {
			if got := checks[i].Thing + " " + checks[i].Code; got != want {
				t.Errorf("check %d is %q; want %q", i, got, want)
			}
		}
		if ready(checks) || !ready(checks[2:]) {
			t.Errorf("of %+v what hangs must call for staff, and what is well must not", checks)
		}
		for _, want := range []string{"kioskctl: reader: ", "kioskctl: printer: no answer within 5s"} {
			if !strings.Contains(causes.String(), want) {
				t.Errorf("the causes do not hold %q:\n%s", want, causes.String())
			}
		}
		time.Sleep(time.Hour) // until what was left behind has ended
	})
}

type deaf struct{ silent }

func (deaf) State(context.Context) (hw.PrinterState, error) { return hw.PrinterState{}, nil }

// TestDeafPrinter: one that cannot tell how it is has no fault and is not called well.
func TestDeafPrinter(t *testing.T) {
	check, err := printerCheck(t.Context(), deaf{}, page.Check{})
	if err != nil || check.State != "unknown" || !ready([]page.Check{check}) {
		t.Errorf("printerCheck of a deaf printer = %+v, %v; want unknown and nobody called", check, err)
	}
	p := page.Of(page.SelfTest{Checks: []page.Check{check}}, site.Office{}, text.English)
	if want := text.English.Say("scene.self-test.unclear"); p.Headline != want {
		t.Errorf("with it the self-test says %q; want %q", p.Headline, want)
	}
}

// outcome is a printer that ends every slip in the same way.
type outcome struct {
	silent
	printed hw.Printed
	err     error
}

func (o outcome) Print(context.Context, *image.Paletted) (hw.Printed, error) { return o.printed, o.err }

// TestTrialTellsTheTruth: only what a printer confirmed is said to be there.
func TestTrialTellsTheTruth(t *testing.T) {
	jam := &hw.Fault{Code: hw.PrinterFault, Err: errors.New("jammed")}
	empty := hw.PrinterState{Code: hw.PrinterPaper}
	for _, tt := range []struct {
		printer            hw.Printer
		result, code, says string
	}{
		{outcome{printed: hw.Printed{Result: hw.PrintConfirmed}}, "confirmed", "", "printed"},
		{outcome{printed: hw.Printed{Result: hw.PrintSent}}, "sent", "", "printed-maybe"},
		{outcome{printed: hw.Printed{Result: hw.PrintRefused, State: empty}, err: jam}, "refused", "P-02", "not-printed"},
		{outcome{printed: hw.Printed{Result: hw.PrintBroken}, err: jam}, "broken", "P-04", "printed-partly"},
		{outcome{err: errors.New("gone")}, "unknown", "P-06", "printed-partly"},
		{silent{}, "unknown", "P-06", "printed-partly"},
	} {
		synctest.Test(t, func(t *testing.T) {
			picture, err := trial(site.Printer{Width: 384, DPI: 203}, text.Japanese)
			if err != nil {
				t.Fatal(err)
			}
			p, err := putOn(t.Context(), tt.printer, picture, time.Minute)
			if (err != nil) != (tt.code != "") {
				t.Errorf("printing that is %s: %v", tt.result, err)
			}
			got, err := json.Marshal(documentOf(nil, &p).Slip)
			if err != nil {
				t.Fatal(err)
			}
			want := `{"result":"` + tt.result + `","code":"` + tt.code + `","file":null}`
			if want = strings.ReplaceAll(want, `""`, "null"); string(got) != want {
				t.Errorf("the document says %s; want %s", got, want)
			}
			said := page.Of(page.SelfTest{Checks: []page.Check{}, Slip: slipSubject(p)}, site.Office{}, text.Japanese).Rest
			if want := text.Japanese.Say("scene." + tt.says + ".headline"); !strings.HasPrefix(said, want) || !strings.HasSuffix(said, tt.code) {
				t.Errorf("of a slip that is %s is said %q; want %q and %q", tt.result, said, want, tt.code)
			}
			time.Sleep(time.Hour) // until what was left behind has ended
		})
	}
}

// TestMissingProfile is a mistake as the kiosk sees it, not one of the call.
func TestMissingProfile(t *testing.T) {
	p, check, err := namedProfile(filepath.Join(t.TempDir(), "kiosk.toml"))
	if p != nil || check.Code != "F-01" || err == nil {
		t.Errorf("namedProfile = %v, %+v, %v; want F-01 and its cause", p, check, err)
	}
}
