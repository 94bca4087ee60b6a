package kiosk

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// resize is what the terminal does; the screen draws when it is told.
func (s *stand) resize(cols, rows int) {
	s.t.Helper()
	s.screen.SetSize(cols, rows)
	if err := s.screen.PostEvent(tcell.NewEventResize(cols, rows)); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

// TestFirstSecond: a terminal that starts with its usual size and grows to the panel's, as foot does under cage.
func TestFirstSecond(t *testing.T) {
	visit(t, nil, func(s *stand) {
		want := s.text() // at 64×20
		s.resize(80, 24)
		for _, size := range [][2]int{{80, 24}, {81, 24}, {40, 12}, {64, 20}} {
			s.after(200 * time.Millisecond)
			s.resize(size[0], size[1])
			if got := s.rows(); len(got) != size[1] || len(got[0]) != size[0] {
				t.Fatalf("%d×%d cells; want %v", len(got[0]), len(got), size)
			}
		}
		if got := s.text(); got != want {
			t.Errorf("the waiting screen after its first second:\n%s\nwant\n%s", got, want)
		}
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.TakeCard, hw.Done)
	})
}

// TestResizeInTheMiddle takes the terminal to nothing and back in the middle of everything: the visit goes on as if it
// had not been, nothing of the old picture stays, and nothing can be touched that cannot be seen.
func TestResizeInTheMiddle(t *testing.T) {
	result := func(s *stand) {
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(0, session.Result, hw.Ready)
	}
	for _, test := range []struct {
		middle, next session.Screen
		reach        func(*stand)
		leave        func(*stand)
	}{
		{session.Reading, session.TakeCard,
			func(s *stand) { s.desk.lay(t, "locked-sign"); s.after(100 * time.Millisecond) },
			func(s *stand) { s.after(time.Second) }},
		{session.Question, session.Question,
			func(s *stand) { result(s); s.tap(page.ActAsk) },
			func(s *stand) { s.tap(page.ActYes) }},
		{session.GuideStep, session.Guides,
			func(s *stand) { s.tap(page.ActGuides); s.tap(page.ActGuide + "purpose") },
			func(s *stand) { s.tap(page.ActBack) }},
		{session.Printing, session.Printed,
			func(s *stand) { result(s); s.tap(page.ActPrint) },
			func(s *stand) { s.after(2 * time.Second) }},
	} {
		t.Run(string(test.middle), func(t *testing.T) {
			visit(t, nil, func(s *stand) {
				test.reach(s)
				if st := s.after(0); st.Screen != test.middle {
					t.Fatalf("on %s; want %s", st.Screen, test.middle)
				}
				before := s.text()
				for _, size := range [][2]int{{80, 24}, {41, 12}, {12, 40}, {3, 1}, {1, 1}, {0, 0}, {0, 12}, {40, 0}, {39, 12}, {40, 11}, {40, 12}, {200, 60}, {64, 20}} {
					s.resize(size[0], size[1])
					if size[0] < 40 || size[1] < 12 {
						for y := range max(size[1], 1) {
							s.screen.InjectMouse(size[0]/2, y, tcell.Button1, 0)
							s.screen.InjectMouse(size[0]/2, y, tcell.ButtonNone, 0)
						}
					}
					if st := s.after(0); st.Screen != test.middle {
						t.Fatalf("on %s after a resize to %v; want %s", st.Screen, size, test.middle)
					}
				}
				if got := s.text(); got != before {
					t.Errorf("after all sizes:\n%s\nwant\n%s", got, before)
				}
				test.leave(s)
				if st := s.after(0); st.Screen != test.next {
					t.Errorf("then %s; want %s", st.Screen, test.next)
				}
			})
		})
	}
}

// TestNoFrameWithoutChange: whatever is drawn is another picture than before, through a whole visit.
func TestNoFrameWithoutChange(t *testing.T) {
	var s *stand
	var last string
	frames := 0
	visit(t, func(made *stand) {
		s = made
		drawn := s.cfg.Drawn
		s.cfg.Drawn = func(st session.State) {
			drawn(st)
			cells, cols, rows := s.screen.GetContents()
			picture := fmt.Sprint(cols, rows)
			for _, c := range cells {
				picture += fmt.Sprint(string(c.Runes), c.Style)
			}
			if frames++; picture == last {
				t.Errorf("frame %d on %s is the one before:\n%s", frames, st.Screen, s.text())
			}
			last = picture
		}
	}, func(s *stand) {
		s.after(time.Hour)
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(0, session.Result, hw.Ready)
		s.tap(page.ActDetails)
		s.tap(page.ActBack)
		s.tap(page.ActAsk)
		s.want(0, session.Question, hw.Ready)
		s.after(50 * time.Second) // into the countdown
		for s.after(settled).Screen == session.Question {
			s.tap(page.ActNo)
		}
		s.want(3*time.Second, session.Result, hw.Ready)
		s.tap(page.ActPrint)
		s.want(30*time.Second, session.Attract, hw.Ready)
		s.tap(page.ActLanguage)
		s.tap(page.ActBack)
		s.tap(page.ActGuides)
		s.tap(page.ActGuide + "purpose")
		s.want(time.Hour, session.Attract, hw.Ready)
	})
	if frames < 40 {
		t.Errorf("%d frames; the visit was not a whole one", frames)
	}
}

// TestTargetsOfPanels draws visits on panels up to the edge of what the profile's check lets pass: every target is as large
// as the check says, in millimetres of the real thing.
func TestTargetsOfPanels(t *testing.T) {
	for _, p := range []site.Panel{
		{WidthMM: 154, HeightMM: 86, WidthPixels: 800, HeightPixels: 480, CellWidth: 20, CellHeight: 40},
		{WidthMM: 217, HeightMM: 136, WidthPixels: 1280, HeightPixels: 800, CellWidth: 19, CellHeight: 38},
		{WidthMM: 217, HeightMM: 136, WidthPixels: 1280, HeightPixels: 800, CellWidth: 26, CellHeight: 52},
		{WidthMM: 217, HeightMM: 136, WidthPixels: 1280, HeightPixels: 800, CellWidth: 32, CellHeight: 64},
		{WidthMM: 155, HeightMM: 88, WidthPixels: 1280, HeightPixels: 720, CellWidth: 28, CellHeight: 56},
	} {
		visit(t, func(s *stand) {
			profile := *s.cfg.Profile
			profile.Panel = p
			s.cfg.Profile = &profile
		}, func(s *stand) {
			if !p.Readable() || !p.Touchable() {
				t.Fatalf("%v does not pass", p)
			}
			if !strings.Contains(s.log.String(), `"msg":"panel"`) || strings.Contains(s.log.String(), `"level":"WARN"`) {
				t.Errorf("the log does not tell the panel's numbers:\n%s", s.log.String())
			}
			cols, rows := p.Grid()
			s.resize(cols, rows)
			w, h := p.CellMM()
			narrow, low, most := 1000.0, 1000.0, 0
			check := func() {
				st := s.after(0)
				targets := screen.Draw(screen.NewBuffer(cols, rows), st, panel(s.cfg.Profile))
				for _, target := range targets {
					narrow, low = min(narrow, float64(target.Rect.W)*w), min(low, float64(target.Rect.H)*h)
				}
				most = max(most, len(targets))
			}
			s.tap(page.ActGuides)
			check()
			s.tap(page.ActGuide + "purpose")
			check()
			s.desk.lay(t, "locked-sign")
			s.want(time.Second, session.TakeCard, hw.Done)
			check()
			s.desk.Lift()
			s.want(0, session.Result, hw.Ready)
			check()
			s.after(45 * time.Second)
			check()
			_, _, width, height := p.Target()
			if narrow < width || math.Abs(low-height) > 0.01 || min(width, height) < 20 || most < 4 {
				t.Errorf("%v: up to %d targets are %.1f mm wide and %.1f high at least", p, most, narrow, low)
			}
		})
	}
	visit(t, func(s *stand) {
		profile := *s.cfg.Profile
		profile.Panel.CellWidth, profile.Panel.CellHeight = 16, 32
		s.cfg.Profile = &profile
	}, func(s *stand) {
		if n := strings.Count(s.log.String(), `"level":"WARN","msg":"panel"`); n != 1 {
			t.Errorf("the log names a panel that fails %d times; want once:\n%s", n, s.log.String())
		}
	})
}
