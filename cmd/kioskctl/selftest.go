package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"kagimado/card"
	"kagimado/cmd/internal/wiring"
	"kagimado/hw"
	"kagimado/hw/clock"
	"kagimado/kiosk"
	"kagimado/kiosk/edition"
	"kagimado/kiosk/ledger"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// How long each part is waited for.
const (
	readerFor  = 8 * time.Second         // longer than the reader's driver needs to call the service hung, and settling
	settling   = 1500 * time.Millisecond // for a service that is just starting, from its first bad word
	printerFor = 5 * time.Second
	linesFor   = 5 * time.Second
	stateFor   = 10 * time.Second
)

// selftest asks every part that the profile names how it is, whether or not the kiosk runs beside it.
func selftest(ctx context.Context, t *tool, args []string) error {
	fs := t.flags("selftest")
	file := fs.String("profile", "", "profile of the office; without it only what every kiosk has is tested")
	state := fs.String("state", "", "folder of the records; empty tests none")
	copies := fs.String("content", "", "an installed copy of the content, a file; empty tests the built-in one")
	asJSON := fs.Bool("json", false, "print the selftest/1 document")
	toPrint := fs.Bool("print", false, "print a slip with rulers on the profile's printer")
	lang := languageFlag(fs)
	if err := parse(fs, args); err != nil {
		return err
	}
	place, about, err := namedProfile(*file)
	if err != nil {
		fmt.Fprintf(t.stderr, "kioskctl: %s: %v\n", about.Thing, err)
	}
	var reader string
	var paper hw.Printer
	if place != nil {
		reader = place.Reader
		if paper, err = wiring.Printer(place.Printer); err != nil {
			return err
		}
	}
	if *toPrint && paper == nil {
		return usagef("--print needs a --profile that can be read and names a printer")
	}
	watch, now, err := wiring.Clock(savedTime(*state))
	if err != nil {
		fmt.Fprintf(t.stderr, "kioskctl: clock: %v\n", err)
	}
	built, err := clock.Built()
	if err != nil {
		return err
	}
	said, unusable := edition.Choose(*copies)
	if unusable != nil {
		fmt.Fprintf(t.stderr, "kioskctl: content: %v\n", unusable)
	}
	said.Use()
	test := page.SelfTest{Content: said.Content, At: time.Now()}
	test.Checks = ask(ctx, t.stderr, []inquiry{
		{page.ThingReader, hw.ReaderHung, readerFor, func(ctx context.Context) (page.Check, error) {
			return readerCheck(ctx, wiring.Reader(reader, nil))
		}},
		{page.ThingPrinter, hw.PrinterSilent, printerFor, func(ctx context.Context) (page.Check, error) {
			return printerCheck(ctx, paper, about)
		}},
		{page.ThingLamps, hw.LinesMissing, linesFor, func(context.Context) (page.Check, error) { return linesCheck(place, about) }},
		answered(kiosk.ClockCheck(now(), watch.Battery() == clock.BatteryLost)),
		answered(about),
		answered(kiosk.ContentCheck(said.Content, now().Earliest, unusable != nil)),
		{page.ThingState, hw.StateLost, stateFor, func(context.Context) (page.Check, error) { return stateCheck(*state) }},
		answered(programCheck(built)),
	})
	var printed *hw.Printed
	if *toPrint {
		picture, err := trial(place.Printer, text.Language(*lang))
		if err != nil {
			return err
		}
		p, err := putOn(ctx, paper, picture, wiring.PrintTimeout(place.Printer))
		if err != nil {
			fmt.Fprintf(t.stderr, "kioskctl: %v\n", err)
		}
		printed = &p
		test.Slip, test.Picture = slipSubject(p), p.Path
		if p.State.Code != "" {
			test.Checks[1] = kiosk.PrinterCheck(p.State, nil)
		}
	}
	if *asJSON {
		err = printJSON(t.stdout, documentOf(test.Checks, printed))
	} else {
		err = page.WriteText(t.stdout, page.Of(test, site.Office{}, text.Language(*lang)))
	}
	if err == nil && !ready(test.Checks) {
		return failure{status: staffNeeded}
	}
	return err
}

// savedTime is what the kiosk kept of the time in the folder of its records; nil where there is none.
func savedTime(folder string) []byte {
	if _, err := os.Stat(folder); err != nil {
		return nil
	}
	records, err := ledger.Open(folder)
	if err != nil {
		return nil // stateCheck says so
	}
	data, _ := records.Load(kiosk.ClockRecord)
	return data
}

// ready tells that nothing calls for staff.
func ready(checks []page.Check) bool {
	return !slices.ContainsFunc(checks, page.Check.Calls)
}

// inquiry is what is asked of one part. One that does not answer within its limit has the code late.
type inquiry struct {
	thing string
	late  hw.Code
	limit time.Duration
	ask   func(context.Context) (page.Check, error)
}

// answered is a part that needs no asking.
func answered(c page.Check) inquiry {
	return inquiry{thing: c.Thing, limit: time.Second, ask: func(context.Context) (page.Check, error) { return c, nil }}
}

// ask asks all parts at once and returns the answers in their order: one part that hangs keeps no other from answering.
// Causes, which mean nothing to staff, go to causes. What hangs is left behind: the process is about to end.
func ask(ctx context.Context, causes io.Writer, parts []inquiry) []page.Check {
	type answer struct {
		check page.Check
		err   error
	}
	answers := make([]answer, len(parts))
	var wait sync.WaitGroup
	for i, part := range parts {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, part.limit)
			defer cancel()
			told := make(chan answer, 1)
			go func() {
				c, err := part.ask(ctx)
				told <- answer{c, err}
			}()
			select {
			case answers[i] = <-told:
			case <-ctx.Done():
				answers[i] = answer{faulty(part.thing, part.late), fmt.Errorf("no answer within %v", part.limit)}
			}
		})
	}
	wait.Wait()
	var checks []page.Check
	for i, a := range answers {
		if a.err != nil {
			fmt.Fprintf(causes, "kioskctl: %s: %v\n", parts[i].thing, a.err)
		}
		checks = append(checks, a.check)
	}
	return checks
}

func faulty(thing string, code hw.Code) page.Check {
	return page.Check{Thing: thing, Mark: page.Bad, State: "fault", Code: string(code)}
}

// readerCheck waits until the reader is there. A service that is only just starting is given a moment to find it.
func readerCheck(ctx context.Context, r hw.Reader) (page.Check, error) {
	ctx, cancel := context.WithCancel(ctx)
	events := r.Watch(ctx)
	defer func() {
		cancel()
		for range events { // until the watching goroutine has ended
		}
	}()
	gone := hw.CardEvent{Code: hw.ReaderHung, Err: errors.New("the PC/SC service says nothing")}
	var settled <-chan time.Time
	for {
		select {
		case ev, ok := <-events:
			switch {
			case !ok:
				return faulty(page.ThingReader, gone.Code), gone.Err
			case ev.Kind == hw.ReaderGone:
				if gone = ev; settled == nil {
					settled = time.After(settling)
				}
			case ev.Kind != hw.ReaderUnknown:
				return page.Check{Thing: page.ThingReader, Mark: page.Fine, State: "fine", Said: []string{ev.Reader}}, nil
			}
		case <-settled:
			return faulty(page.ThingReader, gone.Code), gone.Err
		}
	}
}

// printerCheck asks the printer; nil is none.
func printerCheck(ctx context.Context, p hw.Printer, profile page.Check) (page.Check, error) {
	if p == nil {
		return unnamed(page.ThingPrinter, profile), nil
	}
	s, err := p.State(ctx)
	return kiosk.PrinterCheck(s, err), err
}

// linesCheck takes the lines and gives them back. A kiosk that runs holds them, which is what L-02 then says.
func linesCheck(p *site.Profile, profile page.Check) (page.Check, error) {
	if p == nil || !wiring.Wired(p.Lines) {
		return unnamed(page.ThingLamps, profile), nil
	}
	held, err := wiring.Lines(p.Lines)
	if err = errors.Join(err, held.Close()); err != nil {
		c := faulty(page.ThingLamps, hw.CodeOf(err, hw.LinesMissing))
		c.Mark = page.Attention // the kiosk goes on without
		if c.Code == string(hw.LinesBusy) {
			c.Mark, c.State = page.Unclear, "unknown" // most likely it is the kiosk that holds them
		}
		return c, err
	}
	return page.Check{Thing: page.ThingLamps, Mark: page.Fine, State: "fine"}, nil
}

// unnamed is a part that no profile names; unknown where the profile that might have is of no use.
func unnamed(thing string, profile page.Check) page.Check {
	if profile.Code != "" {
		return page.Check{Thing: thing, Mark: page.Unclear, State: "unknown"}
	}
	return page.Check{Thing: thing, State: "absent"}
}

// namedProfile reads the profile as the kiosk does at its start, where unknown keys are no mistake. It returns nil where
// none is named or none can be used; the error is the cause for the log.
func namedProfile(file string) (*site.Profile, page.Check, error) {
	if file == "" {
		return nil, page.Check{Thing: page.ThingProfile, State: "absent"}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, faulty(page.ThingProfile, hw.ProfileMistake), err
	}
	place, problems := site.Load(file, data)
	problems = append(problems, site.Unprintable(file, data, slip.Drawable)...)
	first := slices.IndexFunc(problems, func(p site.Problem) bool { return p.Severity == site.Mistake })
	c := faulty(page.ThingProfile, hw.ProfileMistake)
	if place != nil {
		c = kiosk.ProfileCheck(place, first >= 0)
	}
	if first >= 0 {
		mistake := problems[first]
		mistake.File = filepath.Base(file)
		c.Said = append(c.Said, mistake.String())
	}
	return place, c, nil
}

// stateCheck tries the records. A folder that is not there is not made: its name may be the mistake.
func stateCheck(dir string) (page.Check, error) {
	if dir == "" {
		return page.Check{Thing: page.ThingState, State: "absent"}, nil
	}
	_, err := os.Stat(dir)
	var records *ledger.Ledger
	if err == nil {
		records, err = ledger.Open(dir)
	}
	if err == nil {
		err = records.Probe()
	}
	if err != nil {
		return faulty(page.ThingState, hw.StateLost), err
	}
	return page.Check{Thing: page.ThingState, Mark: page.Fine, State: "fine"}, nil
}

func programCheck(built time.Time) page.Check {
	c := page.Check{Thing: page.ThingProgram, Mark: page.Fine, State: "fine", From: built}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		c.Said = []string{info.Main.Version}
	}
	return c
}

// trial sets the slip with rulers.
func trial(p site.Printer, lang text.Language) (*image.Paletted, error) {
	words := page.Of(page.TestSlip{Width: p.Width, DPI: p.DPI, Sizes: slip.Sizes()}, site.Office{}, lang)
	return slip.Trial(words, slip.Options{Width: p.Width, DPI: p.DPI})
}

// putOn prints the slip and waits no longer than limit. With an error there is a code for it.
func putOn(ctx context.Context, on hw.Printer, picture *image.Paletted, limit time.Duration) (hw.Printed, error) {
	type end struct {
		printed hw.Printed
		err     error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ended := make(chan end, 1)
	go func() {
		printed, err := on.Print(ctx, picture)
		ended <- end{printed, err}
	}()
	var e end
	select {
	case e = <-ended:
	case <-ctx.Done():
		select {
		case e = <-ended: // it noticed by itself
		case <-time.After(time.Second):
			e.err = fmt.Errorf("printing: the printer does not return: %w", ctx.Err())
		}
	}
	if e.err != nil && e.printed.State.Code == "" {
		e.printed.State.Code = hw.CodeOf(e.err, hw.PrinterSilent)
	}
	return e.printed, e.err
}

// slipSubject is what came of a slip, in the words of the screen.
func slipSubject(p hw.Printed) page.Subject {
	switch p.Result {
	case hw.PrintConfirmed, hw.PrintSaved:
		return page.Printed{Confirmed: true}
	case hw.PrintSent:
		return page.Printed{}
	case hw.PrintRefused:
		return page.NotPrinted{Code: string(p.State.Code)}
	}
	return page.NotPrinted{Code: string(p.State.Code), Partial: true}
}

// The document of a self-test. Every field is always there; null is unknown or none.
type (
	testDocument struct {
		Schema string          `json:"schema"`
		Ready  bool            `json:"ready"`
		Checks []checkDocument `json:"checks"`
		Slip   *slipDocument   `json:"slip"`
	}
	checkDocument struct {
		Thing string   `json:"thing"`
		State string   `json:"state"`
		Code  *string  `json:"code"`
		From  *string  `json:"from"`
		Until *string  `json:"until"`
		Why   *string  `json:"why"`
		Said  []string `json:"said"`
	}
	slipDocument struct {
		Result string  `json:"result"`
		Code   *string `json:"code"`
		File   *string `json:"file"`
	}
)

var printResults = map[hw.PrintResult]string{
	hw.PrintUnknown: "unknown", hw.PrintRefused: "refused", hw.PrintBroken: "broken", hw.PrintSent: "sent",
	hw.PrintConfirmed: "confirmed", hw.PrintSaved: "saved",
}

func documentOf(checks []page.Check, printed *hw.Printed) testDocument {
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	moment := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		return orNull(t.In(card.Tokyo).Format(time.RFC3339))
	}
	d := testDocument{Schema: "selftest/1", Ready: ready(checks)}
	for _, c := range checks {
		d.Checks = append(d.Checks, checkDocument{
			c.Thing, c.State, orNull(c.Code), moment(c.From), moment(c.Until), orNull(c.Why), append([]string{}, c.Said...),
		})
	}
	if printed != nil {
		d.Slip = &slipDocument{printResults[printed.Result], orNull(string(printed.State.Code)), orNull(printed.Path)}
	}
	return d
}
