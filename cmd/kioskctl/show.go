package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"image/png"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/hw/printer"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/font"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

func diagnose(_ context.Context, t *tool, args []string) error {
	var v visit
	fs := t.flags("diagnose")
	v.register(fs)
	asJSON := fs.Bool("json", false, "print the report/1 document")
	if err := parse(fs, args); err != nil {
		return err
	}
	facts, resolved, err := v.resolve(t)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(t.stdout, resolved.Report)
	}
	subject := page.Verdict{Report: resolved.Report, Facts: facts}
	return page.WriteText(t.stdout, page.Of(subject, resolved.Office, text.Language(*v.lang)))
}

func makeSlip(_ context.Context, t *tool, args []string) error {
	var v visit
	fs := t.flags("slip")
	v.register(fs)
	width := fs.Int("width", 576, "dots of the print head: 384, 512, 576 or 640")
	dpi := fs.Int("dpi", 203, "dots per inch: 180 or 203")
	place := guideFlag(fs)
	toPNG := fs.String("png", "", "write the slip as a picture to this file")
	toESCPOS := fs.String("escpos", "", "write the bytes for the printer to this file")
	asText := fs.Bool("text", false, "print the words of the slip")
	if err := parse(fs, args); err != nil {
		return err
	}
	if !exactlyOne(*toPNG != "", *toESCPOS != "", *asText) {
		return usagef("slip takes exactly one of --png, --escpos and --text")
	}
	p, err := v.slip(t, *place)
	if err != nil {
		return err
	}
	if *asText {
		return page.WriteText(t.stdout, p)
	}
	img, err := slip.Set(p, slip.Options{Width: *width, DPI: *dpi})
	if err != nil {
		return usagef("setting slip: %w", err)
	}
	if *toPNG != "" {
		return writePNG(*toPNG, func(w io.Writer) error { return slip.PNG(w, img) })
	}
	b, err := printer.Encode(img, true)
	if err != nil {
		return err
	}
	return os.WriteFile(*toESCPOS, b, 0o644)
}

// slip is what is printed: the verdict on a card, or a guide's leaf with what a card has said of it.
func (v *visit) slip(t *tool, place string) (page.Page, error) {
	var verdict *page.Verdict
	office, err := v.office()
	if err == nil && (v.facts != "" || place == "") {
		var resolved site.Resolved
		verdict = new(page.Verdict)
		verdict.Facts, resolved, err = v.resolve(t)
		verdict.Report, office = resolved.Report, resolved.Office
	}
	if err != nil {
		return page.Page{}, err
	}
	lang := text.Language(*v.lang)
	if place == "" {
		return page.Of(*verdict, office, lang), nil
	}
	walk, err := walkTo(place)
	if err != nil {
		return page.Page{}, err
	}
	if walk.Leaf() == nil {
		return page.Page{}, usagef("--guide %q: this is a question; a slip is made of a leaf", place)
	}
	return page.Of(page.GuideStep{Content: content.Embedded(), Walk: walk, Verdict: verdict}, office, lang), nil
}

// guideFlag names a place in the guides.
func guideFlag(fs *flag.FlagSet) *string {
	return fs.String("guide", "", "the place in the guides, as ID or ID/LEAF")
}

// walkTo stands at a place in the guides.
func walkTo(place string) (guide.Walk, error) {
	w, ok := guide.At(&content.Embedded().Guides, place, nil)
	if !ok {
		return w, usagef("--guide %q: there is no such place; kioskctl guide lists them", place)
	}
	return w, nil
}

func exactlyOne(set ...bool) bool {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	return n == 1
}

func writePNG(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return f.Close()
}

// makeScreen draws one screen as it would stand in front of a visitor.
func makeScreen(_ context.Context, t *tool, args []string) error {
	var v visit
	fs := t.flags("screen")
	v.register(fs)
	show := fs.String("show", "", "the screen: "+strings.Join(screenNames(), " "))
	size := fs.String("size", "40x12", "cells")
	part := fs.Int("page", 1, "which part of a screen that has several")
	place := guideFlag(fs)
	room := fs.String("room", session.Rooms()[0], "of the staff menu: "+strings.Join(session.Rooms(), " "))
	stage := fs.String("stage", string(page.UpdateFound), "of staff's room update: "+stageNames())
	toPNG := fs.String("png", "", "write a picture to this file, in the real font and colours")
	asText := fs.Bool("text", false, "print the screen as text")
	if err := parse(fs, args); err != nil {
		return err
	}
	if !exactlyOne(*toPNG != "", *asText) {
		return usagef("screen takes exactly one of --png and --text")
	}
	if !slices.Contains(screenNames(), *show) {
		return usagef("--show %q: want one of %s", *show, strings.Join(screenNames(), " "))
	}
	var cols, rows int
	if n, err := fmt.Sscanf(*size, "%dx%d", &cols, &rows); n != 2 || err != nil || cols < screen.MinCols || rows < screen.MinRows || cols > 400 || rows > 200 {
		return usagef("--size %q: want cells as 40x12, at least %dx%d", *size, screen.MinCols, screen.MinRows)
	}
	if !slices.Contains(session.Rooms(), *room) {
		return usagef("--room %q: want one of %s", *room, strings.Join(session.Rooms(), " "))
	}
	if !slices.Contains(strings.Fields(stageNames()), *stage) {
		return usagef("--stage %q: want one of %s", *stage, stageNames())
	}
	still := session.Visit{Lang: text.Language(*v.lang), Part: *part - 1, Done: 9, Total: 21, Code: "P-02", Left: 45, Guide: *place}
	name := session.Screen(*show)
	if name == session.GuideStep {
		if _, err := walkTo(*place); err != nil {
			return err
		}
	}
	switch name {
	case session.OutOfService:
		still.Code = "R-02"
	case session.Preparing:
		still.Code = "S-03"
	case session.Staff, session.StartOfDay:
		still.Code = "" // of the reader, which stands in for none here
		now, err := v.moment()
		if err != nil {
			return err
		}
		still.Room, still.At, still.Checks = *room, now.Earliest, shownChecks(now.Earliest)
		still.Faults, still.Tally = shownFaults(now.Earliest), shownTally(now.Earliest)
		still.Update = shownUpdate(*stage)
	}
	office, err := v.office()
	if err != nil {
		return err
	}
	if v.facts != "" {
		if still.Facts, still.Resolved, err = v.resolve(t); err != nil {
			return err
		}
	} else if needsFacts(name) {
		return usagef("--show %s is about a card: --facts names the document it is drawn from", name)
	}
	b := screen.NewBuffer(cols, rows)
	screen.Draw(b, session.Still(shownKiosk(office), name, still), screen.Panel{Cols: cols, Rows: rows})
	if *asText {
		_, err := io.WriteString(t.stdout, b.Text())
		return err
	}
	return writePNG(*toPNG, func(w io.Writer) error { return png.Encode(w, pictured(b).Image(20, 40)) })
}

// pictured is a drawn screen in the real font.
func pictured(b *screen.Buffer) (grid font.Grid) {
	for _, row := range b.Cells() {
		var cells []font.Cell
		for _, c := range row {
			cells = append(cells, font.Cell(c))
		}
		grid = append(grid, cells)
	}
	return grid
}

// shownKiosk is a kiosk that has every part.
func shownKiosk(office site.Office) session.Settings {
	return session.Settings{Office: office, Content: content.Embedded(), Printer: true, Clock: true, Stick: true, Update: true, Code: session.CodeSet}
}

func screenNames() (names []string) {
	for _, s := range append(session.Screens(), session.Preparing) {
		names = append(names, string(s))
	}
	return names
}

// needsFacts tells the screens that show a verdict.
func needsFacts(s session.Screen) bool {
	switch s {
	case session.Result, session.Details, session.Question, session.WrongCard, session.RemovedEarly:
		return true
	}
	return false
}

// shownChecks is a self-test to look at: everything is well but the paper and the clock.
func shownChecks(at time.Time) []page.Check {
	return []page.Check{
		{Thing: page.ThingReader, Mark: page.Fine, State: "fine"},
		{Thing: page.ThingPrinter, Mark: page.Bad, State: "fault", Code: "P-02"},
		{Thing: page.ThingLamps, Mark: page.Fine, State: "fine"},
		{Thing: page.ThingClock, Mark: page.Attention, State: "untrusted", Code: "C-01", From: at, Why: "unsynchronised"},
		{Thing: page.ThingProfile, Mark: page.Fine, State: "fine"},
		{Thing: page.ThingContent, Mark: page.Fine, State: "fine", From: at},
		{Thing: page.ThingState, Mark: page.Fine, State: "fine"},
		{Thing: page.ThingProgram, Mark: page.Fine, State: "fine", From: at},
	}
}

// shownFaults is a log of faults to look at.
func shownFaults(until time.Time) []page.FaultRecord {
	hour := until.Truncate(time.Hour)
	return []page.FaultRecord{
		{Code: "P-02", At: hour, N: 1}, {Code: "R-05", At: hour.Add(-26 * time.Hour), N: 3}, {Code: "S-03", N: 1},
		{Code: "P-06", At: hour.AddDate(0, 0, -3), N: 2},
	}
}

// looking is the first stage of an update, whose stable name is empty.
const looking = "looking"

func stageNames() string {
	var names []string
	for _, s := range page.UpdateStages() {
		names = append(names, cmp.Or(string(s), looking))
	}
	return strings.Join(names, " ")
}

// shownUpdate is an update of the system to look at.
func shownUpdate(stage string) page.UpdateState {
	u := page.UpdateState{Stage: page.UpdateStage(stage), Kind: page.UpdateSystem, Version: "2026-11-29.165101.4c01c99", Running: "2026-10-01.031500.0a1b2c3"}
	switch u.Stage {
	case looking:
		u.Stage = page.UpdateLooking
	case page.UpdateInstalling:
		u.Percent = 45
	case page.UpdateRefused:
		u.Code = "U-04"
	}
	return u
}

// shownTally is a month of counts to look at.
func shownTally(until time.Time) page.Tally {
	return page.Tally{
		From: card.DateOf(until.AddDate(0, 0, -30)), Until: card.DateOf(until),
		Visits: []page.Count{{Name: "all-clear", N: 61}, {Name: "certificate-expires-soon", N: 33}, {Name: "locked:auth", N: 12}, {Name: "locked:sign", N: 27}, {Name: "wrong-card", N: 3}},
		Guides: []page.Count{{Name: "insurance", N: 9}, {Name: "portal", N: 14}},
		Slips:  []page.Count{{Name: "confirmed", N: 118}, {Name: "failed", N: 2}},

		Recoveries: []page.Count{{Name: "reader-restart", N: 2}, {Name: "power-cut", N: 1}}, PaperMM: 21400,
	}
}

// office is the place as it is spoken of when no card was read.
func (v *visit) office() (site.Office, error) {
	place, err := v.place()
	if err != nil {
		return site.Office{}, err
	}
	return site.Resolve(diagnosis.Report{}, diagnosis.Now{}, diagnosis.Answers{}, place, content.Embedded()).Office, nil
}
