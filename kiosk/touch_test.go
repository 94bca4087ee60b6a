package kiosk

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
)

// gesture is what the terminal reports, relative to the middle of the button "next".
type gesture struct {
	after   time.Duration
	x, y    int
	buttons tcell.ButtonMask
}

// TestGestures makes every gesture on the button that turns the parts of the details: the part tells how many taps
// were understood, the screen whether anything else was.
func TestGestures(t *testing.T) {
	const (
		ms   = time.Millisecond
		down = tcell.Button1
		up   = tcell.ButtonNone
	)
	join := func(all ...[]gesture) (one []gesture) {
		for _, g := range all {
			one = append(one, g...)
		}
		return one
	}
	tap := func(after time.Duration) []gesture { return []gesture{{after, 0, 0, down}, {0, 0, 0, up}} }
	burst := func(after time.Duration, wheel tcell.ButtonMask, n int) []gesture {
		all := []gesture{{after, 0, 0, wheel}}
		for range n - 1 {
			all = append(all, gesture{30 * ms, 0, 0, wheel})
		}
		return all
	}
	const aside, above = 25, -6 // on another button; where nothing can be touched
	for name, test := range map[string]struct {
		gestures []gesture
		want     int
	}{
		"a tap as foot reports it":                        {tap(0), 1},
		"a long press":                                    {[]gesture{{0, 0, 0, down}, {3 * time.Second, 0, 0, up}}, 1},
		"a press that slides inside":                      {[]gesture{{0, -2, 0, down}, {90 * ms, 2, 1, up}}, 1},
		"a press that slides to another button":           {[]gesture{{0, 0, 0, down}, {90 * ms, -aside, 0, up}}, 0},
		"a press that slides off":                         {[]gesture{{0, 0, 0, down}, {90 * ms, 0, above, up}}, 0},
		"a press that slides on":                          {[]gesture{{0, 0, above, down}, {90 * ms, 0, 0, up}}, 0},
		"another button of a mouse":                       {[]gesture{{0, 0, 0, tcell.Button3}, {0, 0, 0, up}}, 0},
		"a release alone":                                 {[]gesture{{0, 0, 0, up}}, 0},
		"a quick user":                                    {join(tap(0), tap(110*ms), tap(110*ms), tap(110*ms), tap(110*ms)), 5},
		"a panel that bounces":                            {join(tap(0), tap(20*ms), tap(20*ms)), 1},
		"a press that bounces":                            {[]gesture{{0, 0, 0, down}, {30 * ms, 0, 0, up}, {15 * ms, 0, 0, down}, {300 * ms, 0, 0, up}}, 1},
		"an unsteady finger":                              {burst(0, tcell.WheelUp, 1), 1},
		"an unsteady finger sideways":                     {join(burst(0, tcell.WheelLeft, 2), burst(30*ms, tcell.WheelRight, 4), burst(30*ms, tcell.WheelLeft, 1)), 1},
		"a finger that wipes off downwards":               {burst(0, tcell.WheelUp, 5), 0},
		"a finger that wipes off upwards":                 {burst(0, tcell.WheelDown, 5), 0},
		"a finger that wipes to another button":           {burst(0, tcell.WheelRight, aside), 0},
		"a finger that wipes off and comes back":          {join(burst(0, tcell.WheelDown, 5), burst(30*ms, tcell.WheelUp, 5)), 1},
		"a burst that is reported where the finger is":    {[]gesture{{0, 0, 0, tcell.WheelRight}, {30 * ms, -aside, 0, tcell.WheelRight}}, 0},
		"a finger that dawdles on its way off":            {join(burst(0, tcell.WheelUp, 1), burst(200*ms, tcell.WheelUp, 4)), 0},
		"a terminal that follows the finger":              {[]gesture{{0, 0, 0, tcell.WheelUp}, {ms, -1, 0, tcell.WheelUp}, {ms, 0, 0, tcell.WheelUp}, {ms, -1, 0, tcell.WheelUp}, {ms, 0, 0, tcell.WheelUp}, {ms, -1, 0, tcell.WheelUp}}, 1},
		"a finger that rests and trembles again":          {join(burst(0, tcell.WheelUp, 1), burst(400*ms, tcell.WheelDown, 1), burst(550*ms, tcell.WheelUp, 1)), 1},
		"a finger that wipes onto the button and rests":   {[]gesture{{0, 0, above, tcell.WheelUp}, {400 * ms, 0, 0, tcell.WheelUp}}, 0},
		"two unsteady fingers":                            {join(burst(0, tcell.WheelUp, 1), burst(700*ms, tcell.WheelUp, 1)), 2},
		"a tap that trembles as it leaves":                {join(tap(0), burst(20*ms, tcell.WheelUp, 3)), 1},
		"an unsteady finger that clicks too":              {join(burst(0, tcell.WheelUp, 1), tap(30*ms)), 1},
		"an unsteady finger that clicks somewhere else":   {append(burst(0, tcell.WheelUp, 1), gesture{30 * ms, -aside, 0, down}, gesture{0, -aside, 0, up}), 0},
		"a press that trembles":                           {[]gesture{{0, 0, 0, down}, {50 * ms, 0, 0, tcell.WheelUp}, {50 * ms, 0, 0, up}}, 1},
		"a wheel far away after which somebody else taps": {append([]gesture{{0, 0, above, tcell.WheelUp}}, tap(400*ms)...), 1},
	} {
		t.Run(name, func(t *testing.T) {
			visit(t, func(s *stand) { s.cfg.Printer = nil }, func(s *stand) {
				s.desk.lay(t, "locked-sign")
				s.after(time.Second)
				s.desk.Lift()
				s.want(0, session.Result, hw.Ready)
				s.tap(page.ActDetails)
				s.want(settled, session.Details, hw.Ready)
				x, y, ok := s.find("次へ")
				if !ok {
					t.Fatalf("no button:\n%s", s.text())
				}
				for _, g := range test.gestures {
					s.after(g.after)
					s.screen.InjectMouse(x+g.x, y+g.y, g.buttons, 0)
				}
				if st := s.want(time.Second, session.Details, hw.Ready); st.Part != test.want {
					t.Errorf("%d taps were understood; want %d", st.Part, test.want)
				}
			})
		})
	}
}

// TestTouchOnWhatWasThere: what stood under the finger when it came down was meant, not what came under it since.
func TestTouchOnWhatWasThere(t *testing.T) {
	result := func(s *stand) (x, y int) {
		s.desk.lay(t, "locked-sign")
		s.after(time.Second)
		s.desk.Lift()
		s.want(settled, session.Result, hw.Ready)
		s.tap(page.ActAsk)
		s.want(settled, session.Question, hw.Ready)
		x, y, ok := s.find("はい")
		if !ok {
			t.Fatalf("no answer:\n%s", s.text())
		}
		return x, y
	}
	tap := func(s *stand, x, y int) {
		s.screen.InjectMouse(x, y, tcell.Button1, 0)
		s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
		synctest.Wait()
	}
	for _, test := range []struct {
		name string
		wait time.Duration
		want int // questions answered
	}{
		{"tap twice out of habit", 180 * time.Millisecond, 1},
		{"read and tap", 500 * time.Millisecond, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			visit(t, func(s *stand) { s.cfg.Printer = nil }, func(s *stand) {
				x, y := result(s)
				asked := map[string]bool{s.after(0).Page.Headline: true}
				tap(s, x, y)
				asked[s.after(test.wait).Page.Headline] = true
				tap(s, x, y)
				asked[s.after(time.Second).Page.Headline] = true
				if len(asked)-1 != test.want {
					t.Errorf("%d questions were answered; want %d", len(asked)-1, test.want)
				}
			})
		})
	}
	t.Run("a burst while the picture changes", func(t *testing.T) {
		visit(t, func(s *stand) { s.cfg.Printer = nil }, func(s *stand) {
			x, y := result(s)
			s.screen.InjectMouse(x, y, tcell.WheelUp, 0)
			s.after(50 * time.Millisecond)
			s.desk.Mute()
			s.want(0, session.TwoCards, hw.Attention)
			s.desk.Lift()
			s.want(time.Second, session.TwoCards, hw.Attention)
		})
	})
}

// TestRandomTouches lets fingers loose on a picture that changes when it likes, as foot reports them with a
// long-press-delay of settled: whatever is tapped was under the finger when it came down and when it left, and no
// finger taps twice.
func TestRandomTouches(t *testing.T) {
	const (
		cols, rows = 40, 12
		tick       = 5 * time.Millisecond
	)
	synctest.Test(t, func(t *testing.T) {
		taps, fingers := 0, 0
		for seed := uint64(3000); seed < 3100; seed++ { // 3043 has a finger close behind another while the picture changes
			rng := rand.New(rand.NewPCG(5, seed))
			var touches touch
			draw := func() {
				f := frame{at: time.Now(), about: scene{headline: string(rune('a' + rng.IntN(3)))}}
				if n := len(touches.frames); n > 0 && rng.IntN(2) == 0 {
					f.about, f.targets = touches.frames[n-1].about, touches.frames[n-1].targets // a countdown, say
				} else {
					for x := 0; x < cols; x += 10 {
						if rng.IntN(4) > 0 {
							f.targets = append(f.targets, screen.Target{Rect: screen.Rect{X: x, Y: 6 * rng.IntN(2), W: 9, H: 4}, Action: page.Action(rune('A' + rng.IntN(4)))})
						}
					}
				}
				touches.show(f)
			}
			type look struct {
				about  scene
				action page.Action
				on     bool
			}
			at := func(c cell) look {
				f := touches.frames[len(touches.frames)-1]
				a, on := screen.Hit(f.targets, c.x, c.y)
				return look{f.about, a, on}
			}
			var now, burst *finger // the one on the panel, and the one of the last wheel event
			var quiet time.Time
			tapped := func(f *finger, a page.Action, ok bool) {
				if !ok {
					return
				}
				taps++
				want := look{touches.frames[len(touches.frames)-1].about, a, true}
				if f.began != want || at(f.c) != want {
					t.Fatalf("seed %d: %+v tapped; the finger came down on %+v and left %+v", seed, want, f.began, at(f.c))
				}
				if f.taps++; f.taps > 1 {
					t.Fatalf("seed %d: a finger tapped twice", seed)
				}
			}
			// pass lets time pass and the picture change.
			pass := func(d time.Duration) {
				for end := time.Now().Add(d); time.Now().Before(end); {
					time.Sleep(tick)
					if rng.IntN(160) == 0 {
						draw()
					}
					if !quiet.IsZero() && !time.Now().Before(quiet) {
						quiet = time.Time{}
						a, ok := touches.still()
						tapped(burst, a, ok)
					}
				}
			}
			say := func(c cell, b tcell.ButtonMask) {
				a, ok := touches.mouse(tcell.NewEventMouse(c.x, c.y, b, 0))
				tapped(now, a, ok)
				if touches.moving {
					quiet = time.Now().Add(stillness)
				}
			}
			draw()
			pass(time.Second)
			for range 12 {
				fingers++
				start := cell{rng.IntN(cols), rng.IntN(rows)}
				now = &finger{c: start, began: at(start)}
				held := tick * time.Duration(rng.IntN(int(settled/tick)))
				pass(held)
				switch rng.IntN(3) {
				case 0: // stays
					say(start, tcell.Button1)
					say(start, tcell.ButtonNone)
				case 1: // stays, then moves
					pass(settled - tick - held)
					say(start, tcell.Button1)
					pass(time.Duration(rng.IntN(int(time.Second))))
					now.c = cell{min(max(start.x+rng.IntN(7)-3, 0), cols-1), min(max(start.y+rng.IntN(5)-2, 0), rows-1)}
					say(now.c, tcell.ButtonNone)
				case 2: // moves before
					for range 1 + rng.IntN(6) {
						wheel := []tcell.ButtonMask{tcell.WheelUp, tcell.WheelDown, tcell.WheelLeft, tcell.WheelRight}[rng.IntN(4)]
						now.c = cell{now.c.x + moves[wheel].x, now.c.y + moves[wheel].y}
						burst = now
						say(start, wheel)
						pass(time.Duration(rng.IntN(int(100 * time.Millisecond))))
					}
				}
				// Somebody else may come at once.
				pass(time.Duration(rng.IntN(int(1500 * time.Millisecond))))
			}
		}
		if taps < fingers/10 || taps > fingers {
			t.Errorf("%d fingers made %d taps: the test is not about touches any more", fingers, taps)
		}
		t.Logf("%d fingers, %d taps", fingers, taps)
	})
}

// finger is one of TestRandomTouches.
type finger struct {
	c     cell
	began any
	taps  int
}
