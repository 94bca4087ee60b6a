//go:build faults

package kiosk

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/kiosk/session"
)

// TestFaultsAll is the part of the matrix that takes minutes: every named card torn at every exchange, every size of the
// terminal, and fingers on every screen for as long as patience lasts. Its table is testdata/faults-all.md.
func TestFaultsAll(t *testing.T) {
	lays(t, "faults-all.md", "# Faults, at length\n\nWritten by `make faults FLAGS=-update`. See faults.md.\n", []part{
		{"Every named card taken away at every exchange", everyCard(func(s *stand, c *cardtest.Card, k int) (string, string, string) {
			from := s.frames()
			s.desk.Lay(c)
			s.within(k)
			s.desk.Lift()
			s.after(time.Second)
			shown, code := s.tale(from)
			truth := rulesSay(known(c.Spec()), s.cfg.Now())
			if all := s.headlines(from); len(all) != 1 || all[0] != "read-again" && (all[0] != truth || truth != "wrong-card") { // its first bytes may name a stranger
				s.t.Errorf("%s taken away at %d: %v is shown", c.Spec().Name, k, all)
			}
			_, _, ready := s.laid(c.Spec().New())
			return shown, code, ready
		})},
		{"Every named card out of contact for a moment at every exchange", everyCard(func(s *stand, c *cardtest.Card, k int) (string, string, string) {
			s.desk.set(func() { s.desk.tearAt = k })
			return s.laid(c)
		})},
		{"Every named card with an unknown answer at every exchange", everyCard(func(s *stand, c *cardtest.Card, k int) (string, string, string) {
			c.Inject(cardtest.Fault{At: k, Kind: cardtest.Answer, SW: 0x6F00})
			return s.laid(c)
		})},
		{"Every named card with unknown answers from every exchange on", everyCard(func(s *stand, c *cardtest.Card, k int) (string, string, string) {
			c.Inject(cardtest.Fault{At: k, Kind: cardtest.Answer, SW: 0x6400, Always: true})
			return s.laid(c)
		})},
		{"Every size", everySize},
		{"Fingers", everyFinger},
	})
}

func everyCard(observe func(s *stand, c *cardtest.Card, k int) (shown, code, ready string)) func(*testing.T, *matrix) {
	return func(t *testing.T, m *matrix) {
		for _, spec := range cardtest.Library() {
			n := exchanges(t, spec)
			visit(t, quiet, func(s *stand) {
				m.each(n, spec.Name+" at exchange %s", func(k int) (string, string, string) { return observe(s, spec.New(), k) })
			})
		}
	}
}

func everySize(t *testing.T, m *matrix) {
	for _, screen := range session.Screens() {
		visit(t, arranged(screen), func(s *stand) {
			s.reach(screen)
			n := 0
			for cols := 1; cols <= 200; cols += 1 + cols/16 {
				for rows := 1; rows <= 60; rows++ {
					s.resize(cols, rows)
					if got := s.rows(); len(got) != rows {
						t.Errorf("%s: %d rows are drawn at %d×%d", screen, len(got), cols, rows)
					}
					n++
				}
			}
			if got := s.after(0).Screen; got != screen {
				t.Errorf("%s: the storm changed what is shown to %s", screen, got)
			}
			s.resize(64, 20)
			s.leave()
			m.add(fmt.Sprintf("%d sizes on %s", n, screen), "the same, at each size", "–", s.idle())
		})
	}
}

// everyFinger lets taps, presses, wheels, cards and faults of the reader loose on every screen for ten minutes. A kiosk that
// is left alone afterwards must serve the next visitor.
func everyFinger(t *testing.T, m *matrix) {
	buttons := []tcell.ButtonMask{tcell.Button1, tcell.Button1, tcell.Button1, tcell.WheelUp, tcell.WheelDown, tcell.WheelLeft, tcell.WheelRight, tcell.Button3}
	library := cardtest.Library()
	for i, screen := range session.Screens() {
		for seed := range uint64(3) {
			visit(t, arranged(screen), func(s *stand) {
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				s.reach(screen)
				for end := time.Now().Add(10 * time.Minute); time.Now().Before(end) && len(s.ended) == 0; {
					switch rng.IntN(60) {
					case 0:
						s.desk.Lay(library[rng.IntN(len(library))].New())
					case 1:
						s.desk.Lift()
					case 2:
						s.desk.Gone(hw.ReaderMissing)
					case 3:
						s.desk.Back()
					case 4:
						s.desk.Mute()
					default:
						x, y := rng.IntN(64), rng.IntN(20)
						s.screen.InjectMouse(x, y, buttons[rng.IntN(len(buttons))], 0)
						if rng.IntN(4) > 0 {
							s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
						}
					}
					s.after(time.Duration(rng.IntN(500)) * time.Millisecond)
				}
				if len(s.ended) > 0 { // staff's own button, or a quarter of a million rounds of luck
					s.stopped = true
					if err := <-s.ended; screen != session.Staff {
						t.Errorf("on %s, seed %d: Run = %v", screen, seed, err)
					}
					return
				}
				s.leave()
				s.screen.InjectMouse(0, 0, tcell.ButtonNone, 0)
				s.idle()
			})
		}
		m.add("ten minutes of fingers, cards and a loose plug, from "+string(screen), "what was touched and laid", "–", "by itself within 11 minutes")
	}
}
