package kiosk

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// desk is the scripted reader with faults of the connection itself.
type desk struct {
	*hwtest.Reader
	mu     sync.Mutex
	block  chan struct{} // exchanges wait for it to be closed
	letsGo bool          // closing a connection ends its exchange
	fault  error         // of every Connect
	tearAt int           // the exchange at which the next connection breaks; 0 = none
	opened int
}

func (d *desk) Connect(ctx context.Context) (hw.CardConn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened++
	if d.fault != nil {
		return nil, d.fault
	}
	conn, err := d.Reader.Connect(ctx)
	if err != nil {
		return nil, err
	}
	e := &exchange{conn, d, d.tearAt}
	d.tearAt = 0
	return e, nil
}

type exchange struct {
	hw.CardConn
	desk *desk
	left int
}

// Close lets go of an exchange that hangs, if the desk is one that can.
func (e *exchange) Close() error {
	e.desk.mu.Lock()
	defer e.desk.mu.Unlock()
	err := e.CardConn.Close()
	if e.desk.letsGo && e.desk.block != nil {
		e.desk.letsGo = false
		close(e.desk.block)
		return &hw.Fault{Code: hw.ReaderHung, Err: errors.New("closing while an exchange hangs")}
	}
	return err
}

func (e *exchange) Transmit(command []byte) ([]byte, error) {
	e.desk.mu.Lock()
	block := e.desk.block
	e.desk.mu.Unlock()
	if block != nil {
		<-block
		return nil, errors.New("connection closed")
	}
	if e.left--; e.left == 0 {
		return nil, errors.New("card was reset")
	}
	return e.CardConn.Transmit(command)
}

func (d *desk) lay(t *testing.T, name string) {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	d.Lay(c)
}

func (d *desk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// paper is a printer that takes a second a slip.
type paper struct {
	mu    sync.Mutex
	slips []*image.Paletted
	end   hw.Printed
	err   error
	block chan struct{}
}

func (p *paper) State(context.Context) (hw.PrinterState, error) {
	return hw.PrinterState{Known: true}, nil
}

func (p *paper) Print(_ context.Context, slip *image.Paletted) (hw.Printed, error) {
	if p.block != nil {
		<-p.block
	}
	time.Sleep(time.Second)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slips = append(p.slips, slip)
	return p.end, p.err
}

func (p *paper) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.slips)
}

// stand is a kiosk that runs in the bubble of one test.
type stand struct {
	t       *testing.T
	desk    *desk
	paper   *paper
	lamps   hwtest.Lamps
	screen  tcell.SimulationScreen
	log     bytes.Buffer
	cfg     Config
	cancel  context.CancelFunc
	ended   chan error
	mu      sync.Mutex
	states  []session.State
	cells   []tcell.SimCell // of the last frame
	cols    int
	stopped bool
}

// visit runs test against a kiosk in a bubble of its own time. The bubble ends only when every goroutine has: a
// leak fails the test as a deadlock.
func visit(t *testing.T, configure func(*stand), test func(*stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		profile, err := site.Builtin("city-hall")
		if err != nil {
			t.Fatal(err)
		}
		s := &stand{t: t, desk: &desk{Reader: hwtest.NewReader("Desk")}, paper: &paper{end: hw.Printed{Result: hw.PrintConfirmed}},
			screen: tcell.NewSimulationScreen(""), ended: make(chan error, 1)}
		if err := s.screen.Init(); err != nil {
			t.Fatal(err)
		}
		s.screen.SetSize(64, 20)
		at := time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)
		s.cfg = Config{
			Reader: s.desk, Printer: s.paper, Lamps: &s.lamps, Screen: s.screen, Profile: profile,
			Content: content.Embedded(), Now: func() diagnosis.Now { return diagnosis.Now{Earliest: at, Latest: at} },
			Slip: slip.Options{Width: 576, DPI: 203}, Log: slog.New(slog.NewJSONHandler(&s.log, nil)),
			Drawn: func(st session.State) {
				cells, cols, _ := s.screen.GetContents()
				s.mu.Lock()
				s.states = append(s.states, st)
				s.cells, s.cols = slices.Clone(cells), cols // the loop goes on drawing on its own
				s.mu.Unlock()
			},
		}
		s.desk.Delay = 20 * time.Millisecond // an exchange over the air
		if configure != nil {
			configure(s)
		}
		ctx, cancel := context.WithCancel(context.Background())
		s.cancel = cancel
		defer cancel()
		go func() { s.ended <- Run(ctx, s.cfg) }()
		synctest.Wait()
		test(s)
		if !s.stopped {
			if err := s.stop(); err != nil {
				t.Errorf("Run = %v; want nil after its context ended", err)
			}
		}
		if got := s.lamp(); got != hw.Dark {
			t.Errorf("lamps show %s in the end; want dark", got)
		}
	})
}

func (s *stand) stop() error {
	s.stopped = true
	s.cancel()
	return <-s.ended
}

// after lets time pass and returns the state on the screen.
func (s *stand) after(d time.Duration) session.State {
	time.Sleep(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[len(s.states)-1]
}

func (s *stand) lamp() hw.Signal {
	all := s.lamps.Signals()
	return all[len(all)-1]
}

func (s *stand) frames() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.states)
}

func (s *stand) want(after time.Duration, screen session.Screen, lamp hw.Signal) session.State {
	s.t.Helper()
	st := s.after(after)
	if st.Screen != screen {
		s.t.Fatalf("screen shows %s; want %s", st.Screen, screen)
	}
	if got := s.lamp(); got != lamp {
		s.t.Fatalf("on %s the lamps show %s; want %s", screen, got, lamp)
	}
	return st
}

// tap finds a button by its label on the physical screen and touches it as foot does: press, release, once it was there
// long enough to be seen.
func (s *stand) tap(a page.Action) {
	s.t.Helper()
	st := s.after(settled)
	var label string
	for _, b := range st.Page.Buttons {
		if b.Action == a {
			label = b.Label
		}
	}
	x, y, ok := s.find(label)
	for short := []rune(label); !ok && len(short) > 2; short = short[:len(short)-1] { // it may go on in the next row
		x, y, ok = s.find(string(short))
	}
	if label == "" || !ok {
		s.t.Fatalf("no button %s on the screen:\n%s", a, s.text())
	}
	s.screen.InjectMouse(x, y, tcell.Button1, 0)
	s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
	synctest.Wait()
}

func (s *stand) rows() (rows [][]string) {
	s.mu.Lock()
	cells, cols := s.cells, s.cols
	s.mu.Unlock()
	for ; len(cells) > 0; cells = cells[cols:] {
		row := make([]string, cols)
		for x := 0; x < cols; x++ {
			row[x] = string(cells[x].Runes)
			x += max(text.Width(row[x]), 1) - 1
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *stand) find(label string) (x, y int, ok bool) {
	rows := s.rows()
	for y := len(rows) - 1; y >= 0; y-- {
		for x := range rows[y] {
			if label != "" && strings.HasPrefix(strings.Join(rows[y][x:], ""), label) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

func (s *stand) text() string {
	var all strings.Builder
	for _, r := range s.rows() {
		all.WriteString(strings.Join(r, "") + "\n")
	}
	return all.String()
}

func TestTapToSlip(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.want(0, session.Attract, hw.Ready)
		begun := time.Now()
		s.desk.lay(t, "locked-sign")
		s.want(50*time.Millisecond, session.Reading, hw.Busy)
		st := s.want(750*time.Millisecond-time.Since(begun)+50*time.Millisecond, session.TakeCard, hw.Done)
		if got := st.Resolved.Report.Headline.String(); got != "locked:sign" {
			t.Errorf("headline is %s; want locked:sign", got)
		}
		if st.Done == 0 {
			t.Error("no progress was shown")
		}
		s.desk.Lift()
		s.want(100*time.Millisecond, session.Result, hw.Ready)
		s.tap(page.ActPrint)
		s.want(0, session.Printing, hw.Ready)
		s.want(1100*time.Millisecond, session.Printed, hw.Ready)
		if s.paper.count() != 1 {
			t.Errorf("%d slips; want 1", s.paper.count())
		}
		s.want(time.Minute, session.Attract, hw.Ready)
		for _, secret := range []string{"locked:", "sign", "2030", "apdu", "d392"} {
			if strings.Contains(strings.ToLower(s.log.String()), secret) {
				t.Errorf("the log says %q:\n%s", secret, s.log.String())
			}
		}
	})
}

// TestNotice: staff read what is wrong on the waiting screen, and no visitor reads it beside a result.
func TestNotice(t *testing.T) {
	visit(t, func(s *stand) { s.cfg.Staff = []string{"F-01 kiosk.toml:26:8:"} }, func(s *stand) {
		s.want(0, session.Attract, hw.Ready)
		if !strings.Contains(s.text(), "F-01 kiosk.toml:26:8:") {
			t.Errorf("the waiting screen does not tell staff:\n%s", s.text())
		}
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(time.Second, session.Result, hw.Ready)
		if strings.Contains(s.text(), "F-01") {
			t.Errorf("a visitor reads what staff must see to:\n%s", s.text())
		}
	})
}

func TestSlipComesByItself(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		st := s.want(2*time.Second, session.Result, hw.Ready)
		if s.paper.count() != 1 || st.Notice.Text == "" {
			t.Errorf("%d slips, notice %q; want one slip and word of it", s.paper.count(), st.Notice.Text)
		}
		s.want(time.Minute, session.Attract, hw.Ready)
		if s.paper.count() != 1 {
			t.Errorf("%d slips in the end; want 1", s.paper.count())
		}
	})
}

func TestCountdownIsTheOnlyFrame(t *testing.T) {
	visit(t, func(s *stand) { s.cfg.Printer = nil }, func(s *stand) {
		s.after(0)
		before := s.frames()
		s.after(time.Hour)
		if got := s.frames() - before; got != 0 {
			t.Errorf("%d frames in an hour of attract; want none", got)
		}
		s.desk.lay(t, "all-fine")
		s.after(time.Second)
		s.desk.Lift()
		s.want(time.Second, session.Result, hw.Ready)
		before = s.frames()
		s.want(37*time.Second, session.Result, hw.Ready)
		if got := s.frames() - before; got != 0 {
			t.Errorf("%d frames while nothing changed; want none", got)
		}
		s.want(19*time.Second, session.Result, hw.Ready)
		if got := s.frames() - before; got < 17 || got > 20 {
			t.Errorf("%d frames in 19 s of countdown; want one a second", got)
		}
		s.want(3*time.Second, session.Attract, hw.Ready)
	})
}

func TestTornCard(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.lay(t, "locked-sign")
		s.want(100*time.Millisecond, session.Reading, hw.Busy)
		s.desk.Lift()
		s.want(time.Second, session.RemovedEarly, hw.Attention)
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		if s.paper.count() != 0 {
			t.Error("a slip before the questions")
		}
	})
}

func TestTransientErrorIsHidden(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.tearAt = 5
		s.desk.lay(t, "all-fine")
		s.want(1500*time.Millisecond, session.TakeCard, hw.Done)
		if s.desk.opened != 2 {
			t.Errorf("the card was opened %d times; want 2", s.desk.opened)
		}
	})
}

func TestWrongCard(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.lay(t, "drivers-licence")
		s.want(2*time.Second, session.WrongCard, hw.Attention)
		s.desk.Lift()
		s.want(time.Minute, session.Attract, hw.Ready)
		if s.paper.count() != 0 {
			t.Error("a slip for a driving licence")
		}
	})
}

func TestReaderGoneAndBack(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.Gone(hw.ReaderService)
		s.want(0, session.OutOfService, hw.OutOfService)
		if !strings.Contains(s.text(), "R-01") {
			t.Errorf("no code on the screen:\n%s", s.text())
		}
		s.desk.Back()
		s.want(0, session.Attract, hw.Ready)
	})
}

func TestBusyReaderIsTriedAgain(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.set(func() { s.desk.fault = &hw.Fault{Code: hw.ReaderBusy, Err: errors.New("shared")} })
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.OutOfService, hw.OutOfService)
		s.desk.set(func() { s.desk.fault = nil })
		s.want(againAfter+time.Second, session.TakeCard, hw.Done)
	})
}

func TestNoPrinter(t *testing.T) {
	visit(t, func(s *stand) { s.cfg.Printer = nil }, func(s *stand) {
		s.desk.lay(t, "locked-all")
		s.after(time.Second)
		s.desk.Lift()
		st := s.want(0, session.Result, hw.Ready)
		if st.Page.Codes == "" || len(st.Page.Clerk) == 0 {
			t.Error("without a slip the clerk's note must be on the screen")
		}
		for _, b := range st.Page.Buttons {
			if b.Action == page.ActPrint {
				t.Error("a button to print without a printer")
			}
		}
	})
}

func TestPrinterFails(t *testing.T) {
	visit(t, func(s *stand) {
		s.paper.end = hw.Printed{Result: hw.PrintRefused, State: hw.PrinterState{Known: true, Code: hw.PrinterPaper}}
		s.paper.err = &hw.Fault{Code: hw.PrinterPaper, Err: errors.New("no paper")}
	}, func(s *stand) {
		s.desk.lay(t, "locked-sign")
		s.after(time.Second)
		s.desk.Lift()
		s.want(0, session.Result, hw.Ready)
		s.tap(page.ActPrint)
		s.want(1100*time.Millisecond, session.NotPrinted, hw.Attention)
		if !strings.Contains(s.text(), "P-02") {
			t.Errorf("no code on the screen:\n%s", s.text())
		}
		st := s.want(31*time.Second, session.Result, hw.Ready)
		if st.Page.Codes == "" {
			t.Error("without a slip the clerk's line of codes must be on the screen")
		}
	})
}

// TestPrinterHangs: nothing more is sent to a printer that hangs, and when nobody is there the program ends to be rid of
// it.
func TestPrinterHangs(t *testing.T) {
	visit(t, func(s *stand) { s.paper.block = make(chan struct{}) }, func(s *stand) {
		for _, wait := range []time.Duration{printTimeout + time.Second, 0} {
			s.desk.lay(t, "locked-sign")
			s.after(time.Second)
			s.desk.Lift()
			s.want(0, session.Result, hw.Ready)
			s.tap(page.ActPrint)
			s.want(wait, session.NotPrinted, hw.Attention)
			if !s.lamps.Calling() {
				s.after(beatEvery)
			}
			if !s.lamps.Calling() {
				t.Error("staff are not called to a printer that hangs")
			}
			s.want(95*time.Second, session.Attract, hw.Ready) // the message, then the result
		}
		s.stopped = true
		if err := <-s.ended; !errors.Is(err, ErrPrinterHung) {
			t.Errorf("Run = %v; want ErrPrinterHung", err)
		}
		close(s.paper.block)
		s.after(2 * time.Second)
		if s.paper.count() != 1 {
			t.Errorf("%d slips; want the first alone, for nothing is sent to a printer that hangs", s.paper.count())
		}
	})
}

func TestTwoVisitors(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.lay(t, "locked-sign")
		s.after(time.Second)
		s.desk.Lift()
		s.want(0, session.Result, hw.Ready)
		s.desk.lay(t, "all-fine")
		st := s.want(50*time.Millisecond, session.Reading, hw.Busy)
		if st.Resolved.Report.Headline.Code != "" || len(st.Facts.Counters) != 0 {
			t.Error("the first visitor's result is still there")
		}
		st = s.want(time.Second, session.TakeCard, hw.Done)
		if got := st.Resolved.Report.Headline.Code; got != diagnosis.AllClear {
			t.Errorf("second verdict is %s; want all-clear", got)
		}
	})
}

func TestCardsExchangedWhileReading(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.desk.lay(t, "locked-all")
		s.want(100*time.Millisecond, session.Reading, hw.Busy)
		s.desk.lay(t, "all-fine")
		st := s.want(2*time.Second, session.TakeCard, hw.Done)
		if got := st.Resolved.Report.Headline.Code; got != diagnosis.AllClear {
			t.Errorf("verdict is %s; want that of the second card", got)
		}
	})
}

func TestHungReaderComesBack(t *testing.T) {
	visit(t, nil, func(s *stand) {
		block := make(chan struct{})
		s.desk.set(func() { s.desk.block = block })
		s.desk.lay(t, "all-fine")
		s.want(readTimeout, session.Reading, hw.Busy)
		s.want(2*time.Second, session.OutOfService, hw.OutOfService)
		s.desk.Lift()
		s.want(time.Second, session.OutOfService, hw.OutOfService) // the reader says it is ready; it is not
		s.desk.set(func() { s.desk.block = nil })
		close(block)
		s.want(time.Second, session.Attract, hw.Ready)
	})
}

// TestStuckReader is a driver that gives the exchange up when asked to, while the reader goes on taking no connection.
func TestStuckReader(t *testing.T) {
	visit(t, nil, func(s *stand) {
		stuck := &hw.Fault{Code: hw.ReaderHung, Err: errors.New("an earlier exchange hangs")}
		s.desk.set(func() { s.desk.block, s.desk.letsGo, s.desk.fault = make(chan struct{}), true, nil })
		s.desk.lay(t, "all-fine")
		s.want(readTimeout-time.Second, session.Reading, hw.Busy)
		s.desk.set(func() { s.desk.fault = stuck })
		s.want(2*time.Second, session.OutOfService, hw.OutOfService)
		s.want(5*time.Second, session.OutOfService, hw.OutOfService)
		s.desk.set(func() { s.desk.fault, s.desk.block = nil, nil })
		// The card that lies there is read again: nobody knows what it said.
		s.want(2*time.Second, session.TakeCard, hw.Done)
		// A connection that is refused for the same reason from the start is the same fault.
		s.desk.Lift()
		s.desk.set(func() { s.desk.fault = stuck })
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.OutOfService, hw.OutOfService)
		s.stopped = true
		if err := <-s.ended; !errors.Is(err, ErrReaderHung) {
			t.Errorf("Run = %v; want ErrReaderHung", err)
		}
	})
}

// TestEveryNamedCard takes every card of the library through a visit, up to its slip.
func TestEveryNamedCard(t *testing.T) {
	visit(t, nil, func(s *stand) {
		for _, spec := range cardtest.Library() {
			slips := s.paper.count()
			s.desk.lay(t, spec.Name)
			st := s.after(3 * time.Second)
			s.desk.Lift()
			after := s.after(2 * time.Second)
			switch st.Screen {
			case session.TakeCard:
				if after.Screen != session.Result {
					t.Errorf("%s: %s after the card was taken; want result", spec.Name, after.Screen)
				}
				// A visitor who only waits gets the slip, once, and the result goes by itself.
				s.want(70*time.Second, session.Attract, hw.Ready)
				if got := s.paper.count() - slips; got != 1 {
					t.Errorf("%s: %d slips; want 1", spec.Name, got)
				}
			case session.WrongCard, session.RemovedEarly:
				s.want(time.Minute, session.Attract, hw.Ready)
				if s.paper.count() != slips {
					t.Errorf("%s: a slip for %s", spec.Name, st.Screen)
				}
			default:
				t.Errorf("%s ends on %s", spec.Name, st.Screen)
			}
			if wrong := spec.Kind != card.MyNumberCard; wrong != (st.Screen == session.WrongCard) {
				t.Errorf("%s is a %s and ends on %s", spec.Name, spec.Kind, st.Screen)
			}
		}
		if strings.Contains(s.log.String(), "ERROR") {
			t.Errorf("the log tells errors:\n%s", s.log.String())
		}
	})
}

func TestHungReaderEndsTheProgram(t *testing.T) {
	block := make(chan struct{})
	visit(t, nil, func(s *stand) {
		block = make(chan struct{})
		s.desk.set(func() { s.desk.block = block })
		s.desk.lay(t, "all-fine")
		s.want(readTimeout+2*time.Second, session.OutOfService, hw.OutOfService)
		s.stopped = true
		if err := <-s.ended; !errors.Is(err, ErrReaderHung) {
			t.Errorf("Run = %v; want ErrReaderHung", err)
		}
		s.cancel()
		close(block) // the stuck goroutine may go, or the bubble would not end
	})
}

func TestTouch(t *testing.T) {
	visit(t, func(s *stand) { s.cfg.Keyboard = true; s.cfg.Printer = nil }, func(s *stand) {
		s.desk.lay(t, "locked-sign")
		s.after(time.Second)
		s.desk.Lift()
		st := s.want(0, session.Result, hw.Ready)
		x, y, ok := s.find(label(st, page.ActDetails))
		if !ok {
			t.Fatalf("no details button:\n%s", s.text())
		}
		// A finger that slides off is no tap.
		s.screen.InjectMouse(x, y, tcell.Button1, 0)
		s.screen.InjectMouse(0, 8, tcell.ButtonNone, 0)
		s.want(0, session.Result, hw.Ready)
		// A finger that came down before the screen changed is none either.
		s.screen.InjectMouse(x, y, tcell.Button1, 0)
		synctest.Wait()
		s.desk.Mute()
		synctest.Wait()
		s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
		s.want(0, session.TwoCards, hw.Attention)
		s.desk.Lift()
		s.want(time.Minute, session.Attract, hw.Ready)
		s.screen.InjectKey(tcell.KeyRune, '2', 0)
		s.want(0, session.Language, hw.Ready)
		s.screen.InjectKey(tcell.KeyRune, '9', 0)
		s.want(0, session.Language, hw.Ready)
		s.screen.InjectKey(tcell.KeyRune, 'q', 0)
		s.stopped = true
		if err := <-s.ended; err != nil {
			t.Errorf("Run = %v after q; want nil", err)
		}
	})
}

// TestGuideToSlip goes from the waiting screen by touch to a leaf, prints it, lays a card and finds the leaf again, which
// now knows the card.
func TestGuideToSlip(t *testing.T) {
	visit(t, nil, func(s *stand) {
		s.tap(page.ActGuides)
		s.want(0, session.Guides, hw.Ready)
		s.tap(page.ActGuide + "purpose")
		for st := s.want(0, session.GuideStep, hw.Ready); len(st.Page.Ways) == 0; st = s.after(0) {
			s.tap(page.ActAnswer + "0")
		}
		st := s.after(0)
		if len(st.Page.Rows) > 0 {
			t.Fatalf("without a card %s tells %+v", st.Place(), st.Page.Rows)
		}
		s.tap(page.ActPrint)
		s.want(time.Second, session.Printed, hw.Ready)
		if n := s.paper.count(); n != 1 {
			t.Errorf("%d slips; want 1", n)
		}
		s.tap(page.ActBack)
		if back := s.want(0, session.GuideStep, hw.Ready); back.Place() != st.Place() {
			t.Errorf("back from the slip at %s; want %s", back.Place(), st.Place())
		}
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(2*time.Second, session.Result, hw.Ready)
		s.tap(page.ActResume)
		if back := s.want(0, session.GuideStep, hw.Ready); back.Place() != st.Place() || len(back.Page.Rows) == 0 {
			t.Errorf("after the card at %s with rows %+v; want %s and what the card said", back.Place(), back.Page.Rows, st.Place())
		}
		s.want(time.Minute, session.Attract, hw.Ready)
	})
}

func TestResizeAndStatus(t *testing.T) {
	status := "lamp: ready"
	visit(t, func(s *stand) { s.cfg.Status = func() string { return status } }, func(s *stand) {
		if !strings.Contains(s.text(), "lamp: ready") {
			t.Errorf("no status line:\n%s", s.text())
		}
		for _, size := range [][2]int{{40, 12}, {10, 3}, {120, 40}} {
			s.resize(size[0], size[1])
			s.want(0, session.Attract, hw.Ready)
			if rows := s.rows(); len(rows) != size[1] || strings.Contains(s.text(), "XXX") {
				t.Errorf("after a resize to %v:\n%s", size, s.text())
			}
		}
	})
}

func TestBeat(t *testing.T) {
	beats := 0
	visit(t, func(s *stand) { s.cfg.Beat = func() { beats++ } }, func(s *stand) {
		s.after(10*beatEvery + time.Second)
		if beats != 10 {
			t.Errorf("%d beats; want 10", beats)
		}
	})
}

func TestTerminalGone(t *testing.T) {
	for name, lose := range map[string]func(*stand){
		"closed":   func(s *stand) { s.screen.Fini() },
		"an error": func(s *stand) { _ = s.screen.PostEvent(tcell.NewEventError(io.EOF)) },
	} {
		visit(t, nil, func(s *stand) {
			lose(s)
			s.stopped = true
			if err := <-s.ended; !errors.Is(err, errTerminal) {
				t.Errorf("Run = %v after the terminal was %s; want errTerminal", err, name)
			}
		})
	}
}

// TestNoKey: in front of visitors no key does anything, nor does anything else that a terminal may say but a finger.
func TestNoKey(t *testing.T) {
	visit(t, nil, func(s *stand) {
		before := s.want(0, session.Attract, hw.Ready)
		for _, r := range "123456789qQ 0\x03" {
			s.screen.InjectKey(tcell.KeyRune, r, 0)
			s.screen.InjectKey(tcell.KeyRune, r, tcell.ModAlt|tcell.ModCtrl)
			s.after(0) // the queue holds a few
		}
		for _, k := range []tcell.Key{
			tcell.KeyCtrlC, tcell.KeyCtrlD, tcell.KeyCtrlZ, tcell.KeyCtrlBackslash, tcell.KeyEnter, tcell.KeyEscape, tcell.KeyTab, tcell.KeyDelete, tcell.KeyF2, tcell.KeyHelp,
		} {
			s.screen.InjectKey(k, 0, 0)
			s.screen.InjectKey(k, 0, tcell.ModAlt)
			s.after(0)
		}
		for _, ev := range []tcell.Event{tcell.NewEventPaste(true), tcell.NewEventPaste(false), tcell.NewEventClipboard([]byte("1q")), tcell.NewEventFocus(false)} {
			if err := s.screen.PostEvent(ev); err != nil {
				t.Fatal(err)
			}
		}
		if after := s.want(0, session.Attract, hw.Ready); !after.Looks(before) {
			t.Errorf("keys changed the screen:\n%s", s.text())
		}
		s.desk.lay(t, "all-fine")
		s.want(time.Second, session.TakeCard, hw.Done)
	})
}

func TestKeysGoFirst(t *testing.T) {
	seen := 0
	visit(t, func(s *stand) {
		s.cfg.Keyboard = true
		s.cfg.Keys = func(ev *tcell.EventKey) bool { seen++; return true }
	}, func(s *stand) {
		s.screen.InjectKey(tcell.KeyRune, 'q', 0)
		s.want(0, session.Attract, hw.Ready)
		if seen != 1 {
			t.Errorf("the key was seen %d times; want 1", seen)
		}
	})
}

func label(st session.State, a page.Action) string {
	for _, b := range st.Page.Buttons {
		if b.Action == a {
			return b.Label
		}
	}
	return ""
}
