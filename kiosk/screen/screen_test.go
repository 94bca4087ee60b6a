package screen

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"golang.org/x/text/width"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// The grids of field.md §2.2, the largest one to breathe in, and the panel behind them.
var grids = []struct {
	cols, rows int
	panel      Panel
}{
	{40, 12, Panel{Cols: 40, Rows: 12, WidthMM: 154, HeightMM: 86}},
	{49, 15, Panel{Cols: 49, Rows: 15, WidthMM: 217, HeightMM: 136}},
	{64, 20, Panel{Cols: 64, Rows: 20, WidthMM: 217, HeightMM: 136}},
	{80, 25, Panel{Cols: 80, Rows: 25, WidthMM: 217, HeightMM: 136}},
	{120, 40, Panel{}},
}

// city is the built-in city hall, where every visit takes place.
var city = sync.OnceValues(func() (*site.Profile, error) { return site.Builtin("city-hall") })

var visits = map[string]session.Visit{}

// visit reads a named simulated card and resolves its report on a Tuesday morning.
func visit(t *testing.T, name string) session.Visit {
	t.Helper()
	if v, ok := visits[name]; ok {
		return v
	}
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := card.Read(context.Background(), card.Card{Transmitter: c, ATR: c.ATR()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := city()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)
	now := diagnosis.Now{Earliest: at, Latest: at}
	report := diagnosis.Diagnose(facts, now, diagnosis.Answers{})
	v := session.Visit{Facts: facts, Resolved: site.Resolve(report, now, diagnosis.Answers{}, profile, content.Embedded())}
	visits[name] = v
	return v
}

// stills are all states, with a card that has two ways.
func stills(t *testing.T, l text.Language) []session.State {
	t.Helper()
	var all []session.State
	for _, s := range session.Screens() {
		name := "locked-sign"
		switch s {
		case session.Staff:
			continue // staffStills
		case session.WrongCard:
			name = "drivers-licence"
		}
		v := visit(t, name)
		v.Lang = l
		switch s {
		case session.RemovedEarly:
			v.Facts = card.Facts{Outcome: card.Removed}
			v.Resolved.Report = diagnosis.Diagnose(v.Facts, diagnosis.Now{}, diagnosis.Answers{})
		case session.Reading:
			v.Done, v.Total = 8, 21
		case session.NotPrinted:
			v.Code = "P-02"
		case session.OutOfService:
			v.Code = "R-01"
		case session.Details:
			v.Left = 17
		case session.StartOfDay:
			v.At = staffTime
		case session.Guides, session.GuideStep: // most visitors of a guide have laid no card
			v.Facts, v.Resolved, v.Guide = card.Facts{}, site.Resolved{}, "portal"
		}
		all = append(all, session.Still(session.Settings{Printer: true, Content: content.Embedded()}, s, v))
	}
	all = append(all, staffStills(l)...)
	for _, at := range []string{"portal/extension-off", "memo/portal"} {
		all = append(all, session.Still(session.Settings{Printer: true, Content: content.Embedded()}, session.GuideStep, session.Visit{Lang: l, Guide: at}))
	}
	known := visit(t, "locked-sign")
	known.Lang, known.Guide, known.Left = l, "purpose/signing", 17
	all = append(all, session.Still(session.Settings{Printer: true, Content: content.Embedded()}, session.GuideStep, known))
	for _, code := range []string{"", "S-03"} {
		all = append(all, session.Still(session.Settings{}, session.Preparing, session.Visit{Lang: l, Code: code}))
	}
	return append(all, session.Still(session.Settings{Printer: true, Staff: notice}, session.Attract, session.Visit{Lang: l}))
}

// notice is what staff read when the profile has a mistake.
var notice = []string{
	`F-01 kiosk.toml:26:8: 「open」は時刻を半角で "8:30" のように書いてください（いまは「8：30」）。`,
	"kiosk.toml を読めないので、最後に正しかった設定で動いています。",
}

// name of a state in goldens and tests.
func name(st session.State) string {
	switch {
	case st.Room() == "update":
		stage, kind := st.Stage()
		said := "staff-update-" + string(stage)
		if kind == page.UpdateContent {
			said += "-content"
		}
		if st.Lying {
			said += "-card"
		}
		return strings.Trim(said, "-")
	case st.Room() != "":
		return string(st.Screen) + "-" + st.Room()
	case st.Screen == session.Attract && len(st.Page.Staff) > 0:
		return string(st.Screen) + "-notice"
	case st.Screen == session.Preparing && st.Fault() != "":
		return string(st.Screen) + "-fault"
	case len(st.Page.Fields) > 0:
		return string(st.Screen) + "-memo"
	case st.Screen == session.GuideStep && len(st.Page.Rows) > 0:
		return string(st.Screen) + "-known"
	case st.Screen == session.GuideStep && len(st.Page.Ways) > 0:
		return string(st.Screen) + "-leaf"
	}
	return string(st.Screen)
}

// letters name the paints in a golden: a for the first, A for the same turned.
var letters = func() map[[2]int32]byte {
	m := map[[2]int32]byte{}
	for i, p := range paints {
		m[[2]int32{p.bg, p.fg}] = byte('A' + i)
	}
	for i, p := range paints {
		m[[2]int32{p.fg, p.bg}] = byte('a' + i)
	}
	return m
}()

const legend = "a ink, b muted, c title, d plain, e fine, f attention, g bad, h unclear, i bar, j status; capital: turned\n"

// physical reads what is really on the simulated screen: the logical buffer hides what a terminal cannot show.
func physical(s tcell.SimulationScreen) (rows []string, styles []string) {
	cells, cols, n := s.GetContents()
	for y := range n {
		var row, style strings.Builder
		for x := 0; x < cols; x++ {
			c := cells[y*cols+x]
			fg, bg, _ := c.Style.Decompose()
			row.WriteString(string(c.Runes))
			w := max(text.Width(string(c.Runes)), 1)
			for range w {
				letter, ok := letters[[2]int32{fg.Hex(), bg.Hex()}]
				if !ok {
					letter = '?'
				}
				style.WriteByte(letter)
			}
			x += w - 1
		}
		rows, styles = append(rows, row.String()), append(styles, style.String())
	}
	return rows, styles
}

func simulated(t *testing.T, cols, rows int) tcell.SimulationScreen {
	t.Helper()
	s := tcell.NewSimulationScreen("")
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Fini)
	s.SetSize(cols, rows)
	return s
}

// parts draws every part of a state and returns each as text.
func parts(st session.State, cols, rows int, panel Panel) []string {
	var all []string
	for st.Part = 0; ; st.Part++ {
		b := NewBuffer(cols, rows)
		targets := Draw(b, st, panel)
		if st.Part > 0 && b.Text() == all[0] || st.Part > 99 {
			return all
		}
		all = append(all, b.Text())
		if _, more := find(targets, page.ActMore); !more {
			return all
		}
	}
}

func find(targets []Target, a page.Action) (Target, bool) {
	for _, t := range targets {
		if t.Action == a {
			return t, true
		}
	}
	return Target{}, false
}

func TestGoldens(t *testing.T) {
	for _, g := range grids {
		if g.cols != 40 && g.cols != 64 {
			continue
		}
		for _, st := range stills(t, text.Japanese) {
			name := fmt.Sprintf("%s-ja-%dx%d", name(st), g.cols, g.rows)
			t.Run(name, func(t *testing.T) {
				var got strings.Builder
				s := simulated(t, g.cols, g.rows)
				n := len(parts(st, g.cols, g.rows, g.panel))
				for st.Part = 0; st.Part < n; st.Part++ {
					targets := Draw(s, st, g.panel)
					s.Show()
					rows, styles := physical(s)
					fmt.Fprintf(&got, "part %d of %d\n", st.Part+1, n)
					for _, r := range rows {
						fmt.Fprintf(&got, "|%s|\n", r)
					}
					for _, r := range styles {
						fmt.Fprintln(&got, r)
					}
					for _, target := range targets {
						fmt.Fprintf(&got, "%s %+v\n", target.Action, target.Rect)
					}
				}
				golden.Text(t, name+".txt", legend+got.String())
			})
		}
	}
}

// TestEveryStateOnEveryGrid holds what must be true of every picture.
func TestEveryStateOnEveryGrid(t *testing.T) {
	for _, l := range text.Languages() {
		for _, st := range stills(t, l) {
			for _, g := range grids {
				t.Run(fmt.Sprintf("%s-%s-%dx%d", name(st), l, g.cols, g.rows), func(t *testing.T) {
					s := simulated(t, g.cols, g.rows)
					touchCols, touchRows := g.panel.touch()
					seen := map[page.Action]bool{}
					n := len(parts(st, g.cols, g.rows, g.panel))
					if n > 99 {
						t.Fatal("the parts never come round")
					}
					for st.Part = 0; st.Part < n; st.Part++ {
						targets := Draw(s, st, g.panel)
						s.Show()
						rows, styles := physical(s)
						for y, r := range rows {
							if text.Width(r) != g.cols {
								t.Errorf("row %d is %d cells wide: %q", y, text.Width(r), r)
							}
							if !strings.HasSuffix(r, " ") {
								t.Errorf("text in the last column of row %d: %q", y, r)
							}
							if strings.Contains(styles[y], "?") {
								t.Errorf("a colour that is not of the palette in row %d: %s", y, styles[y])
							}
							for _, c := range r {
								if width.LookupRune(c).Kind() == width.EastAsianAmbiguous {
									t.Errorf("%q is of ambiguous width", c)
								}
							}
						}
						for i, a := range targets {
							seen[a.Action] = true
							if a.Rect.W < touchCols || a.Rect.H < touchRows {
								t.Errorf("%s is %+v; want at least %d×%d cells", a.Action, a.Rect, touchCols, touchRows)
							}
							if a.Rect.X < 0 || a.Rect.Y < 0 || a.Rect.X+a.Rect.W > g.cols || a.Rect.Y+a.Rect.H > g.rows {
								t.Errorf("%s lies outside: %+v", a.Action, a.Rect)
							}
							for _, b := range targets[:i] {
								if a.Rect.X < b.Rect.X+b.Rect.W && b.Rect.X < a.Rect.X+a.Rect.W && a.Rect.Y < b.Rect.Y+b.Rect.H && b.Rect.Y < a.Rect.Y+a.Rect.H {
									t.Errorf("%s and %s overlap: %+v %+v", a.Action, b.Action, a.Rect, b.Rect)
								}
							}
							if got, ok := Hit(targets, a.Rect.X+a.Rect.W/2, a.Rect.Y+a.Rect.H/2); !ok || got != a.Action {
								t.Errorf("Hit in the middle of %s = %s", a.Action, got)
							}
						}
					}
					for _, b := range st.Page.Buttons {
						if !seen[b.Action] {
							t.Errorf("button %s is on no part", b.Action)
						}
					}
					if alone := st.Screen == session.Preparing; st.Screen != session.Language && seen[page.ActLanguage] == alone {
						t.Errorf("a language button is %t; somebody is there to answer it is %t", seen[page.ActLanguage], !alone)
					}
					if st.Screen == session.Preparing && n != 1 {
						t.Errorf("%d parts, and nobody to turn them", n)
					}
				})
			}
		}
	}
}

// TestEveryNamedCard draws the result, the details and every question of every card of the library.
func TestEveryNamedCard(t *testing.T) {
	for _, spec := range cardtest.Library() {
		v := visit(t, spec.Name)
		screens := []session.Screen{session.Result, session.Details, session.Question}
		switch v.Resolved.Report.Headline.Code {
		case diagnosis.WrongCard:
			screens = []session.Screen{session.WrongCard}
		case diagnosis.ReadAgain:
			screens = []session.Screen{session.RemovedEarly}
		}
		for _, screen := range screens {
			if screen == session.Question && len(v.Resolved.Report.Questions) == 0 {
				continue
			}
			for _, v.Lang = range text.Languages() {

				st := session.Still(session.Settings{}, screen, v)
				for i, g := range grids {
					// The smallest grid is the hardest; the test must stay short.
					if i > 0 && (v.Lang != text.Japanese || screen != session.Result || i != 2) {
						continue
					}
					all := parts(st, g.cols, g.rows, g.panel)
					if len(all) > 30 {
						t.Errorf("%s, %s in %s at %d×%d takes %d parts", spec.Name, screen, v.Lang, g.cols, g.rows, len(all))
					}
					for _, part := range all {
						for row := range strings.Lines(part) {
							if text.Width(strings.TrimRight(row, "\n")) >= g.cols || strings.ContainsAny(row, "{}") {
								t.Errorf("%s, %s in %s at %d×%d: %q", spec.Name, screen, v.Lang, g.cols, g.rows, row)
							}
						}
					}
				}
			}
		}
	}
}

// TestNothingIsLost looks for every sentence of a page on the parts it is drawn on.
func TestNothingIsLost(t *testing.T) {
	squeeze := strings.NewReplacer(" ", "", "\n", "", "　", "")
	for _, g := range grids {
		for _, name := range []string{"all-fine", "locked-sign", "locked-all", "expired-locked", "ending-locked-sign"} {
			st := session.Still(session.Settings{Printer: true}, session.Result, visit(t, name))
			if len(st.Page.Ways) == 2 && g.cols >= wide {
				st.Page.Ways = st.Page.Ways[:1] // two columns mix the lines; the golden shows them
			}
			all := squeeze.Replace(strings.Join(parts(st, g.cols, g.rows, g.panel), ""))
			p := st.Page
			said := append([]string{p.Headline, p.Rest, p.Again, p.Codes}, p.Lead...) // help makes no part of its own
			said = append(said, p.Bring...)
			said = append(said, p.Limits...)
			said = append(said, p.Notes...)
			for _, w := range p.Ways {
				said = append(append(append(said, w.Title, w.Opening, w.Price, w.Takes, w.If), w.Place...), w.Steps...)
			}
			for _, r := range p.Rows {
				said = append(said, r.Name, r.State, r.Official)
			}
			for _, s := range said {
				// The language button stands between the lines of a headline, a page break between others.
				for _, piece := range text.Paragraph(s, 12) {
					if piece = squeeze.Replace(piece); !strings.Contains(all, piece) && text.Width(piece) <= 12 && !splitSomewhere(all, piece) {
						t.Errorf("%s at %d×%d: %q of %q is nowhere", name, g.cols, g.rows, piece, s)
					}
				}
			}
		}
	}
}

// TestNotice looks for what staff must see to on every grid: whole, below everything else, and never beside a card's
// result.
func TestNotice(t *testing.T) {
	long := append([]string{"F-01 " + strings.Repeat("kiosk.toml:26:8: 「open」は時刻です。", 9)}, notice...)
	squeeze := strings.NewReplacer(" ", "", "\n", "")
	for _, l := range text.Languages() {
		for _, g := range grids {
			for _, said := range [][]string{notice[:1], notice, long} {
				st := session.Still(session.Settings{Staff: said}, session.Attract, session.Visit{Lang: l})
				all := parts(st, g.cols, g.rows, g.panel)
				if len(said) == 1 && len(all) > 1 && l == text.Japanese {
					t.Errorf("at %d×%d a notice of one line takes %d parts", g.cols, g.rows, len(all))
				}
				if len(all) > 1 { // the rows of the headline and of the buttons stand between the pieces
					for i, part := range all {
						rows := strings.Split(part, "\n")
						all[i] = strings.Join(rows[3:g.rows-3], "\n")
					}
				}
				if !strings.Contains(all[0], "F-01 kiosk.toml:26:8:") {
					t.Errorf("in %s at %d×%d staff do not see at once what is wrong:\n%s", l, g.cols, g.rows, all[0])
				}
				whole := squeeze.Replace(strings.Join(all, ""))
				help, at := strings.Index(whole, squeeze.Replace(st.Page.Help)), 0
				for _, s := range st.Page.Staff {
					i := strings.Index(whole[at:], squeeze.Replace(s))
					if i < 0 {
						t.Errorf("in %s at %d×%d: %q is not whole in\n%s", l, g.cols, g.rows, s, strings.Join(all, "\n"))
						break
					}
					at += i
				}
				if at < help {
					t.Errorf("in %s at %d×%d: the notice stands above what visitors read", l, g.cols, g.rows)
				}
			}
			for _, s := range session.Screens() {
				if s == session.Attract {
					continue
				}
				v := visit(t, "locked-sign")
				v.Lang, v.Guide = l, "portal"
				for _, part := range parts(session.Still(session.Settings{Staff: notice, Content: content.Embedded()}, s, v), g.cols, g.rows, g.panel) {
					if strings.Contains(part, "F-01") || strings.Contains(part, "kiosk.toml") {
						t.Errorf("%s shows staff's notice:\n%s", s, part)
					}
				}
			}
		}
	}
}

// splitSomewhere tells whether s is there in two pieces, around the end of a part.
func splitSomewhere(all, s string) bool {
	r := []rune(s)
	for i := 1; i < len(r); i++ {
		if strings.Contains(all, string(r[:i])) && strings.Contains(all, string(r[i:])) {
			return true
		}
	}
	return false
}

func TestTooSmall(t *testing.T) {
	st := session.New(session.Settings{})
	for _, size := range [][2]int{{39, 12}, {40, 11}, {20, 5}, {1, 1}, {0, 0}} {
		b := NewBuffer(size[0], size[1])
		if targets := Draw(b, st, Panel{}); targets != nil {
			t.Errorf("at %v there are targets", size)
		}
		if size[0] >= 20 && !strings.Contains(strings.ReplaceAll(b.Text(), "\n", ""), "40x12") {
			t.Errorf("at %v the screen says %q; want the size it needs", size, b.Text())
		}
	}
}

func TestStatus(t *testing.T) {
	b := NewBuffer(64, 20)
	Draw(b, session.New(session.Settings{}), Panel{Status: "lamp ready"})
	if !strings.Contains(b.Text(), "lamp ready") {
		t.Error("status line is not drawn")
	}
}

// contrast is the ratio of WCAG 2.0.
func contrast(a, b int32) float64 {
	luminance := func(v int32) float64 {
		channel := func(c int32) float64 {
			f := float64(c&0xFF) / 255
			if f <= 0.03928 {
				return f / 12.92
			}
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return 0.2126*channel(v>>16) + 0.7152*channel(v>>8) + 0.0722*channel(v)
	}
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

func TestContrast(t *testing.T) {
	cube, sixteen := palette(256), palette(16)
	for _, p := range paints {
		if got := contrast(p.fg, p.bg); got < 7 {
			t.Errorf("%06X on %06X: contrast %.2f; want 7", p.fg, p.bg, got)
		}
		for name, of := range map[string]struct {
			colors []tcell.Color
			least  float64
		}{"256": {cube, 4.5}, "16": {sixteen, 4.5}} {
			fg, bg := tcell.FindColor(tcell.NewHexColor(p.fg), of.colors), tcell.FindColor(tcell.NewHexColor(p.bg), of.colors)
			if got := contrast(fg.Hex(), bg.Hex()); got < of.least {
				t.Errorf("%06X on %06X becomes %06X on %06X with %s colours: contrast %.2f; want %.1f", p.fg, p.bg, fg.Hex(), bg.Hex(), name, got, of.least)
			}
		}
	}
	for _, p := range []paint{plainPaint, unclearPaint, finePaint, badPaint} {
		if got := contrast(p.bg, inkPaint.bg); got < 3 {
			t.Errorf("an area of %06X on white: contrast %.2f; want 3", p.bg, got)
		}
	}
}

func palette(n int) []tcell.Color {
	var all []tcell.Color
	for i := range n {
		all = append(all, tcell.PaletteColor(i))
	}
	return all
}
