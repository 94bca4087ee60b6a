package kiosk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/printer"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/ledger"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// The fault matrix: each fault is laid into the running kiosk in a bubble of its own time, and what the visitor sees,
// which code staff read and when the next visitor is served are written down as they were observed. The table is
// testdata/faults.md: a behaviour that changes changes a row, and somebody has to look at it. What no row may ever say,
// a false all-clear above all, is held by the code below.

// happened is one row.
type happened struct{ fault, shown, code, ready string }

// matrix collects the rows of one table.
type matrix struct {
	title string
	rows  []happened
}

func (m *matrix) add(fault, shown, code, ready string) {
	m.rows = append(m.rows, happened{fault, shown, code, ready})
}

// each adds one row for every stretch of numbers with which the same happens.
func (m *matrix) each(to int, fault string, observe func(n int) (shown, code, ready string)) {
	var last happened
	begun := 1
	for n := 1; n <= to+1; n++ {
		var now happened
		if n <= to {
			now.shown, now.code, now.ready = observe(n)
		}
		if n > 1 && now != last {
			stretch := fmt.Sprint(begun)
			if n-1 > begun {
				stretch = fmt.Sprintf("%d–%d", begun, n-1)
			}
			m.add(fmt.Sprintf(fault, stretch), last.shown, last.code, last.ready)
			begun = n
		}
		last = now
	}
}

func (m *matrix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n| fault | shown | code | ready again |\n|---|---|---|---|\n", m.title)
	for _, r := range m.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.fault, r.shown, r.code, r.ready)
	}
	return b.String()
}

// TestFaults lays every fault of one process's life and holds what happened against testdata/faults.md.
func TestFaults(t *testing.T) {
	lays(t, "faults.md", "# Faults\n\nWritten by `go test ./kiosk -run 'TestFaults$' -update`. Times are those of the kiosk's clock.\n"+
		"“at once” in the last column means that the lamps ask for the next card, and that it is read.\n", []part{
		{"Card", cardFaults}, {"Reader", readerFaults}, {"Printer", printerFaults}, {"Records", recordFaults},
		{"Clock", clockFaults}, {"Sizes of the terminal", sizeFaults}, {"Fingers", fingerFaults},
	})
}

type part struct {
	title string
	lay   func(*testing.T, *matrix)
}

// lays makes the tables of all parts, side by side, and holds them against a file.
func lays(t *testing.T, name, head string, parts []part) {
	tables := make([]matrix, len(parts))
	t.Run("all", func(t *testing.T) {
		for i, p := range parts {
			tables[i].title = p.title
			t.Run(p.title, func(t *testing.T) {
				t.Parallel()
				p.lay(t, &tables[i])
			})
		}
	})
	for _, m := range tables {
		head += m.String()
	}
	golden.Text(t, name, head)
}

// What was seen.

var faultCode = regexp.MustCompile(`\b[RPLCSTUF]-[0-9]{2}\b`)

// tale is what was shown since a frame: the screens one after the other, and the codes on them.
func (s *stand) tale(from int) (shown, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var screens, said []string
	for _, st := range s.states[from:] {
		if n := len(screens); n == 0 || screens[n-1] != string(st.Screen) {
			screens = append(screens, string(st.Screen))
		}
		for _, c := range faultCode.FindAllString(page.Text(st.Page)+st.Notice.Text, -1) {
			if !slices.Contains(said, c) {
				said = append(said, c)
			}
		}
	}
	if len(said) == 0 {
		said = []string{"–"}
	}
	return strings.Join(screens, " → "), strings.Join(said, " ")
}

// headlines are the verdicts shown since a frame, each once.
func (s *stand) headlines(from int) (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.states[from:] {
		if h := st.Resolved.Report.Headline; h.Code != "" && !slices.Contains(all, h.String()) {
			all = append(all, h.String())
		}
	}
	return all
}

// readyIn waits until is holds and the lamps ask for the next card, and proves that it is read.
func (s *stand) readyIn(limit time.Duration, is func(session.State) bool) string {
	s.t.Helper()
	begun := time.Now()
	for st := s.after(0); s.lamp() != hw.Ready || !is(st); st = s.after(100 * time.Millisecond) {
		if time.Since(begun) >= limit {
			s.t.Fatalf("after %s still on %s:\n%s", limit, st.Screen, s.text())
		}
	}
	waited := time.Since(begun).Round(100 * time.Millisecond)
	s.proves()
	if waited == 0 {
		return "at once"
	}
	return fmt.Sprint("after ", waited)
}

func anything(session.State) bool     { return true }
func nobody(st session.State) bool    { return st.Screen == session.Attract }
func answered(st session.State) bool  { return st.Screen == session.TakeCard }
func forNobody(s *stand)              { s.t.Helper(); s.until(12*time.Minute, nobody) }
func verdict(st session.State) string { return st.Resolved.Report.Headline.String() }

// until waits for a state and returns how long that took.
func (s *stand) until(limit time.Duration, is func(session.State) bool) time.Duration {
	s.t.Helper()
	begun := time.Now()
	for st := s.after(0); !is(st); st = s.after(100 * time.Millisecond) {
		if time.Since(begun) >= limit {
			s.t.Fatalf("after %s still on %s:\n%s", limit, st.Screen, s.text())
		}
	}
	return time.Since(begun).Round(100 * time.Millisecond)
}

// proves reads a card as if nothing had been.
func (s *stand) proves() {
	s.t.Helper()
	s.desk.lay(s.t, "locked-juki")
	got := verdict(s.want(time.Second, session.TakeCard, hw.Done))
	if want := rulesSay(known(named(s.t, "locked-juki")), s.cfg.Now()); got != want {
		s.t.Fatalf("the next visitor hears %s; want %s", got, want)
	}
	s.desk.Lift()
	s.want(0, session.Result, hw.Ready)
}

// quiet is a stand without a printer on which nobody looks for a button: the smallest screen, and its cells are left alone.
func quiet(s *stand) {
	s.screen.SetSize(40, 12)
	s.cfg.Printer = nil
	s.cfg.Drawn = func(st session.State) {
		s.mu.Lock()
		s.states = append(s.states, st)
		s.mu.Unlock()
	}
}

func named(t *testing.T, name string) cardtest.Spec {
	t.Helper()
	c, err := cardtest.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Spec()
}

// exchanges is how many a faultless reading takes.
func exchanges(t *testing.T, s cardtest.Spec) int {
	t.Helper()
	c := s.New()
	if _, err := card.Read(t.Context(), card.Card{Transmitter: c, ATR: c.ATR()}, nil); err != nil {
		t.Fatal(err)
	}
	return c.Traffic().Commands
}

// within lets time pass until the middle of an exchange of the card that was just laid.
func (s *stand) within(exchange int) {
	s.after(time.Duration(exchange)*s.desk.Delay - s.desk.Delay/2)
}

// Card.

// laid lays a card that something is wrong with, and then the same card whole, which must be told the truth. A first try
// that ends in a verdict must have told it already.
func (s *stand) laid(c *cardtest.Card) (shown, code, ready string) {
	s.t.Helper()
	spec := c.Spec()
	truth := rulesSay(known(spec), s.cfg.Now())
	from := s.frames()
	s.desk.Lay(c)
	st := s.after(2 * time.Second)
	shown, code = s.tale(from)
	for _, h := range s.headlines(from) {
		if h != truth && h != "read-again" {
			s.t.Errorf("%s shows %s; want %s or that it is read again", spec.Name, h, truth)
		}
	}
	if lies := untrue(st.Facts, spec); len(lies) > 0 {
		s.t.Errorf("%s: the screen knows of %v what the card did not say", spec.Name, lies)
	}
	s.desk.Lift()
	s.after(100 * time.Millisecond)
	s.desk.Lay(spec.New())
	if got := verdict(s.after(1500 * time.Millisecond)); got != truth {
		s.t.Errorf("%s laid again shows %s; want %s", spec.Name, got, truth)
	}
	s.desk.Lift()
	s.after(100 * time.Millisecond)
	if n := c.Traffic().VerifyWithData; n > 0 {
		s.t.Errorf("%s: %d tries spent", spec.Name, n)
	}
	return shown, code, "laid again: the truth"
}

func cardFaults(t *testing.T, m *matrix) {
	locked := named(t, "locked-sign")
	n := exchanges(t, locked)
	visit(t, quiet, func(s *stand) {
		m.each(n, "taken away at exchange %s", func(k int) (string, string, string) {
			from := s.frames() // of what follows, the loop draws at once
			s.desk.Lay(locked.New())
			s.within(k)
			s.desk.Lift()
			s.after(time.Second)
			shown, code := s.tale(from)
			if all := s.headlines(from); len(all) != 1 || all[0] != "read-again" {
				t.Errorf("taken away at %d: %v is shown", k, all)
			}
			_, _, ready := s.laid(locked.New())
			return shown, code, ready
		})
		m.each(n, "contact lost for a moment at exchange %s", func(k int) (string, string, string) {
			s.desk.set(func() { s.desk.tearAt = k })
			return s.laid(locked.New())
		})
	})
	for _, f := range []struct {
		what  string
		fault cardtest.Fault
	}{
		{"contact lost for good at exchange %s", cardtest.Fault{Kind: cardtest.Tear}},
		{"contact lost at exchange %s, told as success", cardtest.Fault{Kind: cardtest.TearSilent}},
		{"half a status word at exchange %s", cardtest.Fault{Kind: cardtest.Short}},
		{"6F00 at exchange %s", cardtest.Fault{Kind: cardtest.Answer, SW: 0x6F00}},
		{"6F00 from exchange %s on", cardtest.Fault{Kind: cardtest.Answer, SW: 0x6F00, Always: true}},
	} {
		visit(t, quiet, func(s *stand) {
			m.each(n, f.what, func(k int) (string, string, string) {
				c := locked.New()
				f.fault.At = k
				c.Inject(f.fault)
				return s.laid(c)
			})
		})
	}
	visit(t, quiet, func(s *stand) {
		m.each(n, "exchanged for another card at exchange %s", func(k int) (string, string, string) {
			from := s.frames()
			s.desk.lay(t, "locked-all")
			s.within(k)
			shown, code, ready := s.laid(named(t, "all-fine").New())
			if slices.Contains(s.headlines(from), "locked-several") {
				t.Errorf("exchanged at %d: the first card's verdict is shown", k)
			}
			return shown, code, ready
		})
	})
	for _, f := range []struct {
		what  string
		delay time.Duration
	}{
		{"300 ms an exchange", 300 * time.Millisecond},
		{"600 ms an exchange: no reading ends in 10 s", 600 * time.Millisecond},
	} {
		visit(t, func(s *stand) { quiet(s); s.desk.Delay = f.delay }, func(s *stand) {
			from := s.frames()
			s.desk.Lay(locked.New())
			s.after(readTimeout + 2*time.Second)
			shown, code := s.tale(from)
			for _, h := range s.headlines(from) {
				if h != "locked:sign" && h != "read-again" {
					t.Errorf("%s shows %s", f.what, h)
				}
			}
			s.desk.Lift()
			forNobody(s)
			m.add(f.what, shown, code, "at once")
		})
	}
	visit(t, quiet, func(s *stand) {
		for _, away := range []time.Duration{3 * time.Second, 15 * time.Second} {
			c := locked.New()
			c.Inject(cardtest.Fault{At: 7, Kind: cardtest.Mute})
			from := s.frames()
			s.desk.Lay(c)
			s.after(away)
			shown, code := s.tale(from)
			s.desk.Lift() // the exchange ends at the same moment: which is heard of first is chance
			if got := s.after(time.Second).Screen; got != session.RemovedEarly && got != session.Attract {
				t.Errorf("taken away after %s: %s is shown", away, got)
			}
			_, _, ready := s.laid(locked.New())
			m.add(fmt.Sprintf("falls silent at exchange 7, taken away after %s", away), shown+" → removed-early or attract", code, ready)
		}
		from := s.frames()
		s.desk.Mute()
		s.want(time.Hour, session.TwoCards, hw.Attention)
		s.desk.Lift()
		s.after(time.Second)
		shown, code := s.tale(from)
		m.add("two cards, a case or a coin for an hour, taken away", shown, code, s.readyIn(time.Minute, nobody))
		s.desk.Mute()
		s.after(time.Second)
		next, code, ready := s.laid(locked.New())
		m.add("two cards, then one of them", "two-cards → "+next, code, ready)
	})
}

// Reader.

var readerCodes = []hw.Code{hw.ReaderService, hw.ReaderMissing, hw.ReaderBusy, hw.ReaderDenied, hw.ReaderHung, hw.ReaderOther}

func readerFaults(t *testing.T, m *matrix) {
	visit(t, quiet, func(s *stand) {
		for _, c := range readerCodes {
			from := s.frames()
			s.desk.Gone(c)
			s.want(10*time.Minute, session.OutOfService, hw.OutOfService)
			shown, code := s.tale(from)
			if code != string(c) {
				t.Errorf("%s is shown as %s", c, code)
			}
			s.desk.Back()
			m.add("gone for ten minutes", shown, code, s.readyIn(time.Minute, nobody))
			forNobody(s)
		}
	})
	n := exchanges(t, named(t, "locked-sign"))
	for _, stays := range []bool{true, false} {
		what := "unplugged at exchange %s, back after 5 s with the card"
		if !stays {
			what = "unplugged at exchange %s, back after 5 s, the card taken away"
		}
		visit(t, quiet, func(s *stand) {
			m.each(n, what, func(k int) (string, string, string) {
				from := s.frames()
				s.desk.lay(t, "locked-sign")
				s.within(k)
				s.desk.Gone(hw.ReaderMissing)
				s.want(time.Second, session.OutOfService, hw.OutOfService)
				s.after(4 * time.Second)
				if !stays {
					s.desk.Lift()
				}
				s.desk.Back()
				s.after(time.Second)
				shown, code := s.tale(from)
				if all := s.headlines(from); len(all) > 1 || stays != slices.Contains(all, "locked:sign") {
					t.Errorf("unplugged at %d: %v is shown", k, all)
				}
				s.desk.Lift()
				return shown, code, s.readyIn(time.Minute, anything)
			})
		})
	}
	for _, screen := range session.Screens() {
		if screen == session.OutOfService || screen == session.Reading {
			continue // above
		}
		visit(t, arranged(screen), func(s *stand) {
			s.reach(screen)
			from := s.frames() - 1
			s.desk.Gone(hw.ReaderService)
			s.until(11*time.Minute, func(st session.State) bool { return st.Screen == session.OutOfService })
			shown, code := s.tale(from)
			if got := s.lamp(); got != hw.OutOfService {
				t.Errorf("gone on %s: the lamps show %s", screen, got)
			}
			s.leave()
			m.add("gone on "+string(screen), shown, code, s.readyIn(time.Minute, nobody))
		})
	}
	visit(t, quiet, func(s *stand) {
		for _, c := range readerCodes {
			if c == hw.ReaderHung {
				continue // below
			}
			from := s.frames()
			s.desk.set(func() { s.desk.fault = &hw.Fault{Code: c, Err: errors.New("refused")} })
			s.desk.lay(t, "locked-sign")
			s.want(8*time.Second, session.OutOfService, hw.OutOfService)
			shown, code := s.tale(from)
			if code != string(c) {
				t.Errorf("%s is shown as %s", c, code)
			}
			s.desk.set(func() { s.desk.fault = nil })
			m.add("refuses the card for 8 s", shown, code, fmt.Sprint("the verdict after ", s.until(time.Minute, answered)))
			s.desk.Lift()
			forNobody(s)
		}
		for _, returns := range []time.Duration{5 * time.Second, 15 * time.Second} {
			block := make(chan struct{})
			s.desk.set(func() { s.desk.block = block })
			from := s.frames()
			s.desk.lay(t, "locked-sign")
			s.after(returns)
			s.desk.set(func() { s.desk.block = nil })
			close(block)
			s.after(time.Second)
			shown, code := s.tale(from)
			s.desk.Lift()
			m.add(fmt.Sprintf("an exchange returns after %s, broken off", returns), shown, code, s.readyIn(time.Minute, anything))
			forNobody(s)
		}
	})
	visit(t, quiet, func(s *stand) {
		block := make(chan struct{})
		s.desk.set(func() { s.desk.block = block })
		from, begun := s.frames(), time.Now()
		s.desk.lay(t, "locked-sign")
		s.stopped = true
		if err := <-s.ended; !errors.Is(err, ErrReaderHung) {
			t.Errorf("Run = %v; want ErrReaderHung", err)
		}
		shown, code := s.tale(from)
		m.add("an exchange never returns", shown, code, fmt.Sprintf("the program ends after %s, to be started anew", time.Since(begun).Round(time.Second)))
		close(block)
	})
	visit(t, func(s *stand) { quiet(s); s.cfg.Printer = s.paper }, func(s *stand) {
		from := s.frames()
		s.desk.lay(t, "all-fine")
		for range 100 {
			s.after(300 * time.Millisecond)
			s.desk.Gone(hw.ReaderMissing)
			s.after(300 * time.Millisecond)
			s.desk.Back()
		}
		s.want(time.Second, session.TakeCard, hw.Done)
		if n := s.paper.count(); n > 1 {
			t.Errorf("%d slips for one card on a loose plug", n)
		}
		for _, h := range s.headlines(from) {
			if h != "all-clear" {
				t.Errorf("a loose plug shows %s", h)
			}
		}
		s.desk.Lift()
		m.add("comes and goes every 300 ms for a minute, a card on it", "reading and out-of-service in turns; at most one slip", string(hw.ReaderMissing), s.readyIn(time.Minute, anything))
	})
}

// Printer.

// press is a virtual printer behind the real driver, in the bubble's own time.
type press struct {
	*hwtest.Printer
	ctx    context.Context
	server sync.WaitGroup
	free   chan struct{} // one connection at a time

	mu     sync.Mutex
	absent error // of every connection
}

// newPress returns such a printer and its driver. They end with the test.
func newPress(t *testing.T) (*press, hw.Printer) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &press{Printer: &hwtest.Printer{}, ctx: ctx, free: make(chan struct{}, 1)}
	driver, err := printer.Open(printer.Options{Dial: p.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); p.server.Wait() })
	return p, driver
}

func (p *press) dial(ctx context.Context) (net.Conn, error) {
	p.mu.Lock()
	absent, paper := p.absent, p.Printer
	p.mu.Unlock()
	if absent != nil {
		return nil, absent
	}
	select {
	case p.free <- struct{}{}:
	case <-time.After(3 * time.Second): // as long as a printer in the network is waited for
		return nil, os.ErrDeadlineExceeded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	p.server.Go(func() {
		defer func() { <-p.free }()
		paper.Serve(p.ctx, far)
	})
	return near, nil
}

func (p *press) lose(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.absent = err
}

// saidOf are the words in which the screen tells of a slip, and what they claim.
func saidOf(lang text.Language, office site.Office) map[string]string {
	said := map[string]string{}
	for name, subject := range map[string]page.Subject{
		"printing": page.Printing{}, "printed": page.Printed{Confirmed: true}, "sent": page.Printed{},
		"nothing": page.NotPrinted{}, "partial": page.NotPrinted{Partial: true},
	} {
		said[page.Of(subject, office, lang).Headline] = name
	}
	return said
}

// ofSlip are the words a state has for the visitor's slip; empty when it has none.
func ofSlip(st session.State) string {
	switch st.Screen {
	case session.Printing, session.Printed, session.NotPrinted:
		return st.Page.Headline
	}
	return st.Notice.Text
}

// claims is what the screen says of the slip.
func (s *stand) claims() string { return s.claim(s.after(0)) }

func (s *stand) claim(st session.State) string {
	office := site.Resolve(diagnosis.Report{}, s.cfg.Now(), diagnosis.Answers{}, s.cfg.Profile, s.cfg.Content).Office
	return saidOf(st.Lang, office)[ofSlip(st)]
}

func printerFaults(t *testing.T, m *matrix) {
	var p *press
	with := func(s *stand) {
		p, s.cfg.Printer = newPress(s.t)
		s.cfg.Profile.AskToPrint = true // then the screen is the slip's own
	}
	whole := 0 // bytes of a first job
	visit(t, with, func(s *stand) {
		s.desk.lay(t, "locked-juki")
		s.after(time.Second)
		s.desk.Lift()
		s.tap(page.ActPrint)
		s.after(10 * time.Second)
		if got := s.claims(); got != "printed" || len(p.Slips()) != 1 {
			t.Fatalf("a printer in order: the screen says %q, %d slips", got, len(p.Slips()))
		}
		whole = p.Received()
	})
	for _, c := range []struct {
		name string
		turn func(*hwtest.Condition)
	}{
		{"cover open", func(c *hwtest.Condition) { c.CoverOpen = true }},
		{"paper low", func(c *hwtest.Condition) { c.NearEnd = true }},
		{"no paper", func(c *hwtest.Condition) { c.PaperEnd = true }},
		{"paper ends 300 rows later", func(c *hwtest.Condition) { c.RowsLeft = 300 }},
		{"cutter stuck", func(c *hwtest.Condition) { c.CutterError = true }},
		{"cutter jams at the next cut", func(c *hwtest.Condition) { c.CutterJams = true }},
		{"offline by its button", func(c *hwtest.Condition) { c.Offline = true }},
		{"answers nothing", func(c *hwtest.Condition) { c.Deaf = true }},
		{"tells its state, never a job's end", func(c *hwtest.Condition) { c.NoJobEnd = true }},
		{"knows no names of jobs", func(c *hwtest.Condition) { c.NoJobID = true }},
		{"knows no maker's name", func(c *hwtest.Condition) { c.NoName = true }},
		{"answers noise", func(c *hwtest.Condition) {
			c.Garble = func(b []byte) []byte { return bytes.Repeat([]byte{0xFF}, len(b)) }
		}},
		{"hangs up", func(c *hwtest.Condition) { c.HangUpAt = 1 }},
		{"takes no more bytes", func(c *hwtest.Condition) { c.StuckAt = 1 }},
		{"20 ms a row", func(c *hwtest.Condition) { c.RowTime = 20 * time.Millisecond }},
	} {
		for _, moment := range []struct {
			name string
			at   int
		}{{"before", 0}, {"in the middle of", whole / 2}, {"after the cut of", whole - 13}} { // the rest asks whether it is there
			visit(t, with, func(s *stand) {
				s.printsOver(m, c.name+", "+moment.name+" a slip", p, func() {
					p.Set(func(now *hwtest.Condition) {
						if moment.at > 0 {
							now.TurnAt, now.Turn = moment.at, c.turn
						} else {
							c.turn(now)
						}
					})
				}, func() { p.Set(func(now *hwtest.Condition) { *now = hwtest.Condition{} }) })
			})
		}
	}
	visit(t, with, func(s *stand) {
		s.printsOver(m, "not there", p, func() { p.lose(syscall.ENOENT) }, func() { p.lose(nil) })
	})
	visit(t, func(s *stand) { s.paper.block = make(chan struct{}) }, func(s *stand) {
		from := s.frames()
		s.desk.lay(t, "locked-juki")
		s.after(time.Second)
		s.desk.Lift()
		s.after(printTimeout - 2*time.Second)
		s.desk.lay(t, "locked-juki") // the next visitor, before the slip is given up
		s.after(time.Second)
		s.desk.Lift()
		s.after(4 * time.Second)
		if got := s.claims(); got != "nothing" {
			t.Errorf("the next visitor at a printer that never returns reads %q", got)
		}
		shown, code := s.tale(from)
		close(s.paper.block)
		s.after(3 * time.Second)
		s.desk.lay(t, "locked-juki")
		s.after(time.Second)
		s.desk.Lift()
		s.after(2 * time.Second)
		if got := s.claims(); got != "printed" || s.paper.count() != 2 {
			t.Errorf("a printer that came back: the screen says %q of %d slips", got, s.paper.count())
		}
		m.add("its driver never returns, in a slip", shown+"; of the next visitor's slip: nothing", code, "cards at once; slips when it returns")
	})
}

// printsOver lets one visitor's slip come by itself while something is wrong, and another's after it was mended.
func (s *stand) printsOver(m *matrix, fault string, p *press, lay, mend func()) {
	s.t.Helper()
	from := 0
	prints := func() (said string, after time.Duration) {
		before := len(p.Slips())
		s.desk.lay(s.t, "locked-juki")
		if got := verdict(s.want(time.Second, session.TakeCard, hw.Done)); got != "locked:juki" {
			s.t.Errorf("%s: the verdict is %s", fault, got)
		}
		from = s.frames()
		s.desk.Lift()
		s.tap(page.ActPrint)
		after = s.until(time.Minute, func(st session.State) bool { said = s.claim(st); return said != "printing" && said != "" })
		switch came := len(p.Slips()) - before; {
		case said == "printed" && came < 1:
			s.t.Errorf("%s: the screen says that the slip is there; none is", fault)
		case said == "nothing" && (came > 0 || p.Paper() != nil && p.Paper().Bounds().Dy() > 0):
			s.t.Errorf("%s: the screen says that nothing came out; %d slips did", fault, came)
		}
		return said, after
	}
	lay()
	said, after := prints()
	shown, code := s.tale(from)
	mend()
	again, _ := prints()
	m.add(fault, fmt.Sprintf("%s: %s, after %s", shown, said, after), code, "cards at once; the next slip, mended: "+again)
}

// Records.

func recordFaults(t *testing.T, m *matrix) {
	full := func(t *testing.T, dir string) { // every half written record is the full device
		for _, name := range []string{codeRecord, tallyRecord} {
			if err := os.Symlink("/dev/full", filepath.Join(dir, name+".new")); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := func(t *testing.T, dir string) { // the partition is not there
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spoil := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(b []byte) []byte { b[len(b)-2] ^= 0x40; return b }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	none := func([]byte) []byte { return nil }
	for _, f := range []struct {
		name  string
		late  bool // it happens while the program runs
		spoil func(*testing.T, string)
		opens bool // staff's menu does
	}{
		{"disk full from the start", false, full, false},
		{"disk full while it runs", true, full, false},
		{"the folder is a file from the start", false, gone, false},
		{"the folder becomes a file while it runs", true, gone, false},
		{"staff's code: a bit flipped", false, spoil(codeRecord, flip), false},
		{"staff's code: half of it", false, spoil(codeRecord, half), false},
		{"staff's code: empty", false, spoil(codeRecord, none), false},
		{"staff's code: a bit flipped while it runs", true, spoil(codeRecord, flip), false},
		{"the counts: a bit flipped", false, spoil(tallyRecord, flip), true},
		{"the counts: half of them", false, spoil(tallyRecord, half), true},
		{"the counts: empty", false, spoil(tallyRecord, none), true},
		{"the counts: a bit flipped while it runs", true, spoil(tallyRecord, flip), true},
	} {
		dir := filepath.Join(t.TempDir(), "state")
		l, err := ledger.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := fast(l).keep("314159"); err != nil {
			t.Fatal(err)
		}
		if err := l.Save(tallyRecord, []byte(`{"schema":1,"days":{"2026-11-20":{"visit all-clear":40}}}`)); err != nil {
			t.Fatal(err)
		}
		if !f.late {
			f.spoil(t, dir)
		}
		visit(t, func(s *stand) { s.cfg.Records = l }, func(s *stand) {
			if f.late {
				f.spoil(t, dir)
			}
			s.serves(m, f.name, f.opens)
		})
	}
	readOnly, unreadable := coded(t, "314159"), coded(t, "314159")
	readOnly.save, unreadable.load, unreadable.save = syscall.EROFS, syscall.EIO, syscall.EIO
	visit(t, func(s *stand) { s.cfg.Records = readOnly }, func(s *stand) { s.serves(m, "read-only", false) })
	visit(t, func(s *stand) { s.cfg.Records = unreadable }, func(s *stand) { s.serves(m, "neither read nor written", false) })
	visit(t, nil, func(s *stand) { s.serves(m, "no records at all", false) })
}

// serves takes visitors through their visits and staff to their menu.
func (s *stand) serves(m *matrix, fault string, opens bool) {
	s.t.Helper()
	for range 2 {
		s.desk.lay(s.t, "locked-juki")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.after(2 * time.Second)
		if got := s.claims(); got != "printed" {
			s.t.Errorf("%s: the slip is %q", fault, got)
		}
		s.tap(page.ActFinish)
		s.want(tallyEvery, session.Attract, hw.Ready) // so that the counts are written
	}
	from := s.frames()
	s.tap(page.ActLanguage)
	s.tap(page.ActStaff)
	if slices.ContainsFunc(s.after(0).Page.Buttons, func(b page.Button) bool { return b.Action == page.ActDigit+"3" }) {
		s.typed("314159")
	}
	st := s.after(time.Second)
	_, code := s.tale(from)
	menu := "closed"
	if st.Room() == "menu" {
		menu = "open to the code"
	}
	if opens != (st.Room() == "menu") || opens != (code == "–") || !opens && code != string(hw.StateLost) {
		s.t.Errorf("%s: staff stand in %q and read %s:\n%s", fault, st.Room(), code, s.text())
	}
	s.proves()
	m.add(fault, "visits and slips as ever; staff's menu "+menu, code, "never away")
}

// Clock.

func clockFaults(t *testing.T, m *matrix) {
	built := time.Date(2026, 11, 20, 0, 0, 0, 0, card.Tokyo)
	today := time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)
	trusted := func(at time.Time) diagnosis.Now { return diagnosis.Now{Earliest: at, Latest: at} }
	unvouched := diagnosis.Now{Earliest: built} // what hw/clock makes of 1970, of 2045 and of any time that nothing vouches for
	crossed := diagnosis.Now{Earliest: today.AddDate(10, 0, 0), Latest: today}
	month := diagnosis.Now{Earliest: today, Latest: today.AddDate(0, 1, 0)}
	for _, c := range []struct {
		name        string
		first, then diagnosis.Now // while the card is read, and when it has been
	}{
		{"1970, or any time that nothing vouches for", unvouched, unvouched},
		{"not even a build date", diagnosis.Now{}, diagnosis.Now{}},
		{"bounds that contradict each other", crossed, crossed},
		{"some time within a month", month, month},
		{"2038, believed", trusted(today.AddDate(12, 0, 0)), trusted(today.AddDate(12, 0, 0))},
		{"ten years ahead, believed", trusted(today.AddDate(10, 0, 0)), trusted(today.AddDate(10, 0, 0))},
		{"lost while a card is read", trusted(today), unvouched},
		{"found while a card is read", unvouched, trusted(today)},
		{"set ten years ahead while a card is read", trusted(today), trusted(today.AddDate(10, 0, 0))},
	} {
		var mu sync.Mutex
		now := c.first
		set := func(n diagnosis.Now) { mu.Lock(); defer mu.Unlock(); now = n }
		visit(t, func(s *stand) {
			quiet(s)
			s.cfg.Now = func() diagnosis.Now { mu.Lock(); defer mu.Unlock(); return now }
		}, func(s *stand) {
			var told []string
			for _, name := range []string{"all-fine", "expiring", "expires-today", "expired", "card-past", "locked-auth", "expired-locked"} {
				spec := named(t, name)
				from := s.frames()
				s.desk.Lay(spec.New())
				s.after(300 * time.Millisecond)
				set(c.then)
				st := s.want(time.Second, session.TakeCard, hw.Done)
				if got, want := verdict(st), rulesSay(known(spec), c.then); got != want {
					t.Errorf("%s: %s is %s; want %s", c.name, name, got, want)
				}
				if sure := !c.then.Latest.IsZero() && !c.then.Latest.Before(c.then.Earliest); !sure {
					switch verdict(st) {
					case "all-clear", "certificate-expires-soon", "card-expires-soon":
						t.Errorf("%s: %s is judged %s by a day nobody knows", c.name, name, verdict(st))
					}
				}
				set(c.first) // what was said stays said
				s.desk.Lift()
				s.want(30*time.Second, session.Result, hw.Ready)
				if all := s.headlines(from); len(all) != 1 {
					t.Errorf("%s: %s is told %v in one visit", c.name, name, all)
				}
				told = append(told, name+": "+verdict(st))
			}
			m.add(c.name, strings.Join(told, ", "), "–", s.readyIn(time.Minute, anything))
		})
	}
	turn := 0
	visit(t, func(s *stand) {
		quiet(s)
		s.cfg.Now = func() diagnosis.Now {
			turn++
			return []diagnosis.Now{trusted(today), unvouched, trusted(today.AddDate(-56, 0, 0)), {}, trusted(today.AddDate(19, 0, 0))}[turn%5]
		}
	}, func(s *stand) {
		for _, name := range []string{"locked-auth", "locked-input-support", "locked-all"} {
			for range 10 {
				s.desk.lay(t, name)
				if got := verdict(s.want(time.Second, session.TakeCard, hw.Done)); got == "all-clear" || got == "date-unknown" {
					t.Errorf("%s is told %s by a clock that jumps", name, got)
				}
				s.desk.Lift()
				s.after(time.Second)
			}
		}
		m.add("another year at every look", "a locked card is never all-clear and never date-unknown", "–", s.idle())
	})
}

// Terminal.

// arranged prepares a stand for reach.
func arranged(screen session.Screen) func(*stand) {
	return func(s *stand) {
		s.cfg.Records = coded(s.t, "314159")
		switch screen {
		case session.StartOfDay:
			unconfirmed(s)
		case session.Staff: // whose fingers may find an update, and install it
			r := goodStick(hw.UpdateSystem)
			s.cfg.System, s.cfg.Updates = r, r
		case session.NotPrinted:
			s.paper.end = hw.Printed{Result: hw.PrintRefused, State: hw.PrinterState{Known: true, Code: hw.PrinterPaper}}
		case session.Printing:
			s.paper.block = make(chan struct{})
			time.AfterFunc(30*time.Second, func() { close(s.paper.block) })
		}
	}
}

// reach leads from the waiting screen to another one.
func (s *stand) reach(screen session.Screen) {
	s.t.Helper()
	read := func() {
		s.desk.lay(s.t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(0, session.Result, hw.Ready)
	}
	switch screen {
	case session.Language:
		s.tap(page.ActLanguage)
	case session.Reading:
		s.desk.lay(s.t, "locked-sign")
		s.within(5)
	case session.TakeCard:
		s.desk.lay(s.t, "locked-sign")
		s.after(time.Second)
	case session.Result:
		read()
	case session.Details:
		read()
		s.tap(page.ActDetails)
	case session.Question:
		read()
		s.tap(page.ActAsk)
	case session.Guides:
		s.tap(page.ActGuides)
	case session.GuideStep:
		s.tap(page.ActGuides)
		s.tap(page.ActGuide + "purpose")
	case session.Printing, session.Printed, session.NotPrinted:
		read()
		s.tap(page.ActPrint)
		s.after(1100 * time.Millisecond)
	case session.WrongCard:
		s.desk.lay(s.t, "drivers-licence")
		s.after(time.Second)
		s.desk.Lift()
	case session.RemovedEarly:
		s.desk.lay(s.t, "locked-sign")
		s.within(5)
		s.desk.Lift()
		s.after(time.Second)
	case session.TwoCards:
		s.desk.Mute()
	case session.OutOfService:
		s.desk.Gone(hw.ReaderService)
	case session.Staff:
		s.open("314159")
		s.after(time.Second)
	}
	if got := s.after(0).Screen; got != screen {
		s.t.Fatalf("%s is reached; want %s", got, screen)
	}
}

// leave takes away what may hold a screen.
func (s *stand) leave() {
	s.desk.Lift()
	s.desk.Back()
	s.after(0)
}

// idle waits until nobody's screen is shown, and proves that the next card is read.
func (s *stand) idle() string {
	s.t.Helper()
	return s.readyIn(11*time.Minute, nobody)
}

// storm is every kind of size a terminal may have, from none worth the name to a television's.
func storm() (all [][2]int) {
	for _, cols := range []int{1, 2, 7, 20, 39, 40, 41, 64, 80, 133, 200} {
		for _, rows := range []int{1, 5, 11, 12, 20, 60} {
			all = append(all, [2]int{cols, rows})
		}
	}
	return all
}

func sizeFaults(t *testing.T, m *matrix) {
	for _, screen := range session.Screens() {
		visit(t, arranged(screen), func(s *stand) {
			s.reach(screen)
			want := s.after(0)
			for _, size := range storm() { // faster than anybody draws
				s.screen.SetSize(size[0], size[1])
				if err := s.screen.PostEvent(tcell.NewEventResize(size[0], size[1])); err != nil {
					break // the queue is full, as the terminal's may be
				}
			}
			synctest.Wait()
			for _, size := range storm() {
				s.resize(size[0], size[1])
				if rows := s.rows(); len(rows) != size[1] {
					t.Errorf("%s: %d rows are drawn at %v", screen, len(rows), size)
				}
			}
			s.resize(64, 20)
			if st := s.after(0); st.Screen != want.Screen || st.Page.Headline != want.Page.Headline {
				t.Errorf("%s: the storm changed what is shown to %s", screen, st.Screen)
			}
			s.leave()
			m.add(fmt.Sprintf("%d sizes from 1×1 to 200×60 on %s", len(storm()), screen), "the same, at each size", "–", s.idle())
		})
	}
}

// leftAlone is how long a screen stays at most when nobody touches it any more: that of the morning's question.
const leftAlone = 10 * time.Minute

func fingerFaults(t *testing.T, m *matrix) {
	rolls := []tcell.ButtonMask{tcell.WheelUp, tcell.WheelDown, tcell.WheelLeft, tcell.WheelRight}
	part := 1
	if raced {
		part = 6
	}
	for _, fingers := range []struct {
		name  string
		touch func(s *stand, rng *rand.Rand)
	}{
		{"10 taps a second for a minute", func(s *stand, rng *rand.Rand) {
			for range 600 / part {
				x, y := rng.IntN(64), rng.IntN(20)
				s.screen.InjectMouse(x, y, tcell.Button1, 0)
				s.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
				s.after(100 * time.Millisecond)
			}
		}},
		{"a finger stuck for 20 s", func(s *stand, rng *rand.Rand) {
			x, y := rng.IntN(64), 17
			for range 200 / part {
				s.screen.InjectMouse(x, y, tcell.Button1, 0)
				s.after(100 * time.Millisecond)
			}
		}},
		{"wheels for 20 s", func(s *stand, rng *rand.Rand) {
			for range 66 / part {
				x, y := rng.IntN(64), rng.IntN(20)
				for range 1 + rng.IntN(5) {
					s.screen.InjectMouse(x, y, rolls[rng.IntN(len(rolls))], 0)
				}
				s.after(300 * time.Millisecond)
			}
		}},
	} {
		longest := time.Duration(0)
		for i, screen := range session.Screens() {
			visit(t, arranged(screen), func(s *stand) {
				s.reach(screen)
				fingers.touch(s, rand.New(rand.NewPCG(6, uint64(i))))
				if len(s.ended) > 0 {
					// Staff's own button ends the program, and the visit with it.
					if err := <-s.ended; screen != session.Staff || !errors.Is(err, ErrRestart) {
						t.Errorf("%s on %s: Run = %v", fingers.name, screen, err)
					}
					s.stopped = true
					return
				}
				s.leave()
				begun := time.Now()
				s.idle()
				longest = max(longest, time.Since(begun))
			})
		}
		if longest > leftAlone+10*time.Second { // a result or a message before it
			t.Errorf("%s: a screen stays for %v; want %v at most", fingers.name, longest, leftAlone)
		}
		m.add(fmt.Sprintf("%s, on each of the %d screens", fingers.name, len(session.Screens())), "what was touched", "–", fmt.Sprint("by itself within ", leftAlone))
	}
}
