//go:build sim

package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kagimado/card"
	"kagimado/card/cardtest"
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

// The named cards are simulated ones, which the release program knows nothing of.
func init() {
	benchCommands = append(benchCommands, command{"sheets", "DIR [--now TIME] [--profile FILE]", "draw contact sheets of all screens and slips, to be looked at", sheets})
}

// sheets writes two pictures per language: every part of every screen, and the slip of every named card and memo.
func sheets(_ context.Context, t *tool, args []string) error {
	if len(args) == 0 {
		return usagef("sheets takes the folder to write to")
	}
	v := visit{clock: "trusted"}
	fs := t.flags("sheets")
	fs.StringVar(&v.now, "now", "2026-11-24T10:15", "moment in Asia/Tokyo")
	fs.StringVar(&v.profile, "profile", "", "profile of the office")
	if err := parse(fs, args[1:]); err != nil {
		return err
	}
	now, err := v.moment()
	if err != nil {
		return err
	}
	place, err := v.place()
	if err != nil {
		return err
	}
	if place == nil {
		if place, err = site.Builtin("city-hall"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	m := maker{now, place}
	for _, l := range text.Languages() {
		slips, err := m.slips(l)
		if err != nil {
			return err
		}
		for name, s := range map[string]*sheet{"screens": m.screens(l), "slips": slips} {
			file := filepath.Join(args[0], name+"-"+l.String()+".png")
			if err := writePNG(file, func(w io.Writer) error { return png.Encode(w, s.image()) }); err != nil {
				return err
			}
			fmt.Fprintln(t.stdout, file)
		}
	}
	return nil
}

// maker knows the moment and the place.
type maker struct {
	now   diagnosis.Now
	place *site.Profile
}

// card is what is known of a simulated card.
func (m maker) card(spec cardtest.Spec) (card.Facts, site.Resolved) {
	facts := spec.Want()
	return facts, site.Resolve(diagnosis.Diagnose(facts, m.now, diagnosis.Answers{}), m.now, diagnosis.Answers{}, m.place, content.Embedded())
}

// cards are the named cards as of the moment.
func (m maker) cards() []cardtest.Spec { return cardtest.LibraryOn(card.DateOf(m.now.Earliest)) }

// still is a state with the words that tell it apart.
type still struct {
	name  string
	state session.State
}

// stills are all states of a card with two ways, further verdicts, and leaves of guides.
func (m maker) stills(l text.Language) (all []still) {
	library := map[string]cardtest.Spec{}
	for _, spec := range m.cards() {
		library[spec.Name] = spec
	}
	office := site.Resolve(diagnosis.Report{}, m.now, diagnosis.Answers{}, m.place, content.Embedded()).Office
	add := func(name string, s session.Screen, v session.Visit) {
		v.Lang = l
		all = append(all, still{name, session.Still(shownKiosk(office), s, v)})
	}
	for _, s := range append(session.Screens(), session.Preparing) {
		v := session.Visit{Left: 45, Done: 9, Total: 21, Code: "P-02"}
		name := "locked-sign"
		switch s {
		case session.WrongCard:
			name = "drivers-licence"
		case session.OutOfService:
			v.Code = "R-02"
		case session.Preparing:
			v.Code = "S-03"
		case session.Question:
			v.Left = 17
		case session.StartOfDay:
			v.Code, v.At = "", m.now.Earliest
		case session.Staff:
			for _, stage := range strings.Fields(stageNames()) {
				add("staff update "+stage, s, session.Visit{Room: "update", At: m.now.Earliest, Update: shownUpdate(stage)})
			}
			for _, room := range session.Rooms() {
				if room == "update" {
					continue
				}
				add("staff "+room, s, session.Visit{Room: room, At: m.now.Earliest, Checks: shownChecks(m.now.Earliest), Faults: shownFaults(m.now.Earliest), Tally: shownTally(m.now.Earliest)})
			}
			continue
		}
		v.Facts, v.Resolved = m.card(library[name])
		switch s {
		case session.RemovedEarly:
			v.Facts = card.Facts{Outcome: card.Removed}
			v.Resolved.Report = diagnosis.Diagnose(v.Facts, m.now, diagnosis.Answers{})
		case session.Guides, session.GuideStep:
			v.Facts, v.Resolved, v.Guide = card.Facts{}, site.Resolved{}, "portal"
		}
		add(string(s), s, v)
	}
	for _, name := range []string{"all-fine", "locked-all", "locked-auth", "one-try-left", "expiring", "expired", "child", "sign-unclear"} {
		v := session.Visit{}
		v.Facts, v.Resolved = m.card(library[name])
		add("result "+name, session.Result, v)
	}
	for _, at := range []string{"portal/extension-off", "memo/insurance"} {
		add("guide-step "+at, session.GuideStep, session.Visit{Guide: at})
	}
	known := session.Visit{Guide: "purpose/signing", Left: 17}
	known.Facts, known.Resolved = m.card(library["locked-sign"])
	add("guide-step purpose/signing", session.GuideStep, known)
	return all
}

func (m maker) screens(l text.Language) *sheet {
	s := new(sheet)
	cw, ch := m.place.Panel.CellMM()
	for _, size := range [][2]int{{40, 12}, {64, 20}} {
		panel := screen.Panel{Cols: size[0], Rows: size[1], WidthMM: float64(size[0]) * cw, HeightMM: float64(size[1]) * ch}
		for _, st := range m.stills(l) {
			var first string
			for part := 0; ; part++ {
				st.state.Part = part
				b := screen.NewBuffer(size[0], size[1])
				screen.Draw(b, st.state, panel)
				if part == 0 {
					first = b.Text()
				} else if b.Text() == first {
					break
				}
				s.add(fmt.Sprintf("%s %d", st.name, part+1), pictured(b).Image(10, 20))
			}
		}
		s.wrap()
	}
	return s
}

func (m maker) slips(l text.Language) (*sheet, error) {
	s := new(sheet)
	add := func(name string, p page.Page) error {
		img, err := slip.Set(p, slip.Options{Width: 576, DPI: 203})
		if err != nil {
			return fmt.Errorf("setting the slip of %s: %w", name, err)
		}
		s.add(name, half(img))
		return nil
	}
	for _, spec := range m.cards() {
		facts, resolved := m.card(spec)
		if facts.Kind != card.MyNumberCard {
			continue // no slip is printed
		}
		if err := add(spec.Name, page.Of(page.Verdict{Report: resolved.Report, Facts: facts}, resolved.Office, l)); err != nil {
			return nil, err
		}
	}
	office := site.Resolve(diagnosis.Report{}, m.now, diagnosis.Answers{}, m.place, content.Embedded()).Office
	for _, at := range []string{"portal/extension-off", "memo/insurance"} {
		walk, _ := guide.At(&content.Embedded().Guides, at, nil)
		if err := add(at, page.Of(page.GuideStep{Content: content.Embedded(), Walk: walk}, office, l)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// half scales a slip down to half its size, in greys.
func half(img image.Image) image.Image {
	size := img.Bounds().Size()
	small := image.NewGray(image.Rect(0, 0, size.X/2, size.Y/2))
	for y := range size.Y / 2 {
		for x := range size.X / 2 {
			sum := 0
			for _, at := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				g, _ := color.GrayModel.Convert(img.At(2*x+at[0], 2*y+at[1])).(color.Gray)
				sum += int(g.Y)
			}
			small.SetGray(x, y, color.Gray{uint8(sum / 4)})
		}
	}
	return small
}

// sheet is pictures with labels, in rows.
type sheet struct {
	tiles []tile
	next  image.Point // where the next one goes
	low   int         // the lower end of this row
	right int         // the right end of all
}

type tile struct {
	at      image.Point
	label   image.Image
	picture image.Image
}

const (
	sheetWidth = 4200
	margin     = 12
)

func (s *sheet) add(label string, picture image.Image) {
	var row []font.Cell
	for _, r := range label {
		row = append(row, font.Cell{Text: string(r), FG: color.RGBA{A: 255}, BG: color.RGBA{200, 200, 200, 255}})
	}
	title := font.Grid{row}.Image(9, 18)
	if s.next.X+picture.Bounds().Dx() > sheetWidth {
		s.wrap()
	}
	s.tiles = append(s.tiles, tile{s.next, title, picture})
	s.low = max(s.low, s.next.Y+title.Bounds().Dy()+picture.Bounds().Dy())
	s.next.X += max(picture.Bounds().Dx(), title.Bounds().Dx()) + margin
	s.right = max(s.right, s.next.X)
}

func (s *sheet) wrap() { s.next = image.Pt(0, s.low+margin) }

func (s *sheet) image() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, s.right, s.low))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{120, 120, 120, 255}), image.Point{}, draw.Src)
	for _, t := range s.tiles {
		draw.Draw(img, t.label.Bounds().Add(t.at), t.label, image.Point{}, draw.Src)
		draw.Draw(img, t.picture.Bounds().Add(t.at).Add(image.Pt(0, t.label.Bounds().Dy())), t.picture, image.Point{}, draw.Src)
	}
	return img
}
