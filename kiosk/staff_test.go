package kiosk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
)

// sundial is a clock that nobody vouches for until staff do.
type sundial struct {
	mu     sync.Mutex
	said   time.Time
	source time.Time // what a time source says; zero: there is none
}

var morning = time.Date(2026, 11, 24, 8, 15, 20, 0, card.Tokyo)

func (c *sundial) Wall() (now, from, until time.Time) {
	return morning, morning.AddDate(0, -1, 0), morning.AddDate(15, 0, 0)
}

func (c *sundial) Confirm(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = at
	return nil
}

func (c *sundial) now() diagnosis.Now {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.source.IsZero():
		return diagnosis.Now{Earliest: c.source, Latest: c.source, Why: "synchronised"}
	case c.said.IsZero():
		return diagnosis.Now{Earliest: morning.AddDate(0, -1, 0), Why: "unsynchronised"}
	}
	return diagnosis.Now{Earliest: c.said.Add(-10 * time.Minute), Latest: c.said.Add(10 * time.Minute), Why: "confirmed"}
}

func unconfirmed(s *stand) {
	c := &sundial{}
	s.cfg.Clock, s.cfg.Now = c, c.now
}

// TestStartOfDay: before staff's touch the days of a certificate are not judged, after it they are.
func TestStartOfDay(t *testing.T) {
	judged := func(s *stand) bool {
		s.desk.lay(t, "all-fine")
		st := s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(100*time.Millisecond, session.Result, hw.Ready)
		s.tap(page.ActFinish)
		s.want(0, session.Attract, hw.Ready)
		return !st.Resolved.Office.ReadAt.IsZero()
	}
	visit(t, unconfirmed, func(s *stand) {
		st := s.want(0, session.StartOfDay, hw.Ready)
		if !strings.Contains(s.text(), "2026年11月24日（火）8:15") {
			t.Errorf("the screen does not say the machine's time:\n%s", s.text())
		}
		s.tap(page.ActConfirm)
		s.want(0, session.Attract, hw.Ready)
		if got := s.cfg.Now(); !got.Earliest.Equal(morning.Truncate(time.Minute).Add(-10*time.Minute)) || got.Why != "confirmed" {
			t.Errorf("after the touch it is %+v; want what stood on the screen (%s)", got, st.Page.Lead)
		}
		if !judged(s) {
			t.Error("after staff's word a reading has no time")
		}
	})
	visit(t, unconfirmed, func(s *stand) {
		s.want(0, session.StartOfDay, hw.Ready)
		if judged(s) {
			t.Error("a card laid before staff's word is judged by the machine's time")
		}
	})
	visit(t, unconfirmed, func(s *stand) {
		s.want(10*time.Minute-time.Second, session.StartOfDay, hw.Ready)
		s.want(time.Second, session.Attract, hw.Ready)
		if s.frames() != 2 {
			t.Errorf("%d frames of a clock that stands; want 2", s.frames())
		}
	})
	visit(t, func(s *stand) { s.cfg.Clock = &sundial{} }, func(s *stand) { s.want(0, session.Attract, hw.Ready) })
}

// open types the code on the keypad, as far as the screen lets it.
func (s *stand) open(code string) {
	s.t.Helper()
	s.tap(page.ActLanguage)
	s.tap(page.ActStaff)
	s.typed(code)
}

func (s *stand) typed(code string) {
	s.t.Helper()
	for _, d := range code {
		s.tap(page.ActDigit + page.Action(d))
	}
}

func (s *stand) inRoom(after time.Duration, room string) session.State {
	s.t.Helper()
	st := s.after(after)
	if st.Room() != room {
		s.t.Fatalf("staff stand in %q; want %q:\n%s", st.Room(), room, s.text())
	}
	return st
}

// TestStaffMenu goes through the whole menu, and through the lock.
func TestStaffMenu(t *testing.T) {
	records := coded(t, "314159")
	visit(t, func(s *stand) {
		unconfirmed(s)
		s.cfg.Records, s.cfg.Faults, s.cfg.Built = records, []hw.Code{hw.LinesMissing, hw.ProfileMistake, hw.ClockBattery}, morning
		s.cfg.Staff = []string{"F-01 kiosk.toml:26:8:"}
	}, func(s *stand) {
		s.tap(page.ActLater)
		s.open("271828")
		s.inRoom(0, "code")
		s.typed("314159")
		s.inRoom(0, "menu")

		s.tap(page.ActSelfTest)
		st := s.inRoom(0, "self-test")
		said := page.Text(st.Page)
		for _, want := range []string{"L-01", "C-03", "F-01", "kiosk.toml:26:8", s.cfg.Profile.Name, "2026年11月24日"} {
			if !strings.Contains(said, want) {
				t.Errorf("the self-test does not say %q:\n%s", want, said)
			}
		}
		s.tap(page.ActPrint)
		s.inRoom(1100*time.Millisecond, "self-test")
		if s.paper.count() != 1 {
			t.Errorf("%d slips; want the self-test", s.paper.count())
		}
		s.tap(page.ActBack)

		s.tap(page.ActFaults)
		if said := page.Text(s.inRoom(0, "faults").Page); !strings.Contains(said, "F-01") || !strings.Contains(said, "L-01") {
			t.Errorf("the history does not say F-01 and L-01:\n%s", said)
		}
		s.tap(page.ActBack)

		s.tap(page.ActPaper)
		s.tap(page.ActTrial)
		s.tap(page.ActBack)
		s.tap(page.ActSelfTest)
		if said := page.Text(s.inRoom(0, "self-test").Page); !strings.Contains(said, "印刷中") {
			t.Errorf("while it prints the printer is asked how it is:\n%s", said)
		}
		s.after(1100 * time.Millisecond)
		if s.paper.count() != 2 {
			t.Errorf("%d slips; want the test slip as well", s.paper.count())
		}
		s.tap(page.ActBack)

		s.tap(page.ActClock)
		s.tap(page.ActShift + "+1h0m0s")
		s.tap(page.ActConfirm)
		s.inRoom(0, "menu")
		if got, want := s.cfg.Now().Latest, morning.Truncate(time.Minute).Add(70*time.Minute); !got.Equal(want) {
			t.Errorf("after an hour ahead it is at most %s; want %s", got, want)
		}

		s.tap(page.ActFinish)
		s.want(0, session.Attract, hw.Ready)
		s.open("271828")
		for range 4 {
			s.typed("271828")
		}
		if p := s.inRoom(0, "code").Page; p.Mark != page.Attention || strings.Contains(p.Headline, "・") {
			t.Errorf("five wrong codes leave the keypad open:\n%s", page.Text(p))
		}
		s.want(2*time.Minute, session.Attract, hw.Ready)
		if log := s.log.String(); strings.Contains(log, "314159") || strings.Contains(log, "271828") {
			t.Errorf("the log holds a code:\n%s", log)
		}
	})
	visit(t, func(s *stand) { s.cfg.Records = records }, func(s *stand) {
		s.open("314159")
		s.inRoom(0, "code")
		if strings.Contains(s.text(), "・") {
			t.Errorf("a restart unlocks the menu:\n%s", s.text())
		}
	})
}

// TestSelfTestOfTheRecords: what cannot be kept is said where staff look for it, until it can be.
func TestSelfTestOfTheRecords(t *testing.T) {
	records := coded(t, "314159")
	visit(t, func(s *stand) { s.cfg.Records = records }, func(s *stand) {
		fails := func(err error) {
			records.mu.Lock()
			defer records.mu.Unlock()
			records.save = err
		}
		test := func() string {
			s.tap(page.ActSelfTest)
			defer s.tap(page.ActBack)
			return page.Text(s.inRoom(time.Second, "self-test").Page)
		}
		s.open("314159")
		s.inRoom(0, "menu")
		if said := test(); strings.Contains(said, "S-01") {
			t.Errorf("a disk that takes everything is told as S-01:\n%s", said)
		}
		fails(errors.New("no space left on device"))
		s.desk.Gone(hw.ReaderMissing)
		s.after(2 * faultsEvery)
		if said := test(); !strings.Contains(said, "S-01") || !strings.Contains(said, "R-02") {
			t.Errorf("the self-test does not say S-01 and R-02:\n%s", said)
		}
		fails(nil)
		s.after(2 * faultsEvery)
		if said := test(); strings.Contains(said, "S-01") {
			t.Errorf("the disk works again, and the self-test says S-01:\n%s", said)
		}
	})
}

// TestTimeSourceOutvotesStaff: staff are not told that a moment is used which a time source contradicts.
func TestTimeSourceOutvotesStaff(t *testing.T) {
	records := coded(t, "314159")
	visit(t, func(s *stand) {
		c := &sundial{source: morning.Truncate(time.Minute)}
		s.cfg.Clock, s.cfg.Now, s.cfg.Records = c, c.now, records
	}, func(s *stand) {
		s.want(0, session.Attract, hw.Ready)
		s.open("314159")
		s.tap(page.ActClock)
		s.tap(page.ActShift + "+24h0m0s")
		s.tap(page.ActConfirm)
		if p := s.inRoom(0, "clock").Page; p.Mark != page.Attention {
			t.Errorf("a contradicted moment is told as %q", p.Headline)
		}
		s.tap(page.ActShift + "-24h0m0s")
		s.tap(page.ActConfirm)
		s.inRoom(0, "menu")
	})
}

func TestStaffCodeIsSetOnce(t *testing.T) {
	records := shelf(nil)
	visit(t, func(s *stand) { s.cfg.Records = records }, func(s *stand) {
		if !strings.Contains(s.text(), "係員コードが未設定です") {
			t.Errorf("the waiting screen does not say that there is no code:\n%s", s.text())
		}
		s.open("314159")
		s.typed("314159")
		s.inRoom(0, "menu")
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(time.Minute+time.Second, session.Attract, hw.Ready)
		if strings.Contains(s.text(), "係員コード") {
			t.Errorf("the waiting screen still asks for a code:\n%s", s.text())
		}
		s.open("314159")
		s.inRoom(0, "menu")
	})
	visit(t, nil, func(s *stand) {
		s.open("")
		if !strings.Contains(s.text(), "S-01") {
			t.Errorf("without a ledger the menu does not say why it is closed:\n%s", s.text())
		}
	})
}

func TestRestart(t *testing.T) {
	records := coded(t, "314159")
	visit(t, func(s *stand) { s.cfg.Records = records }, func(s *stand) {
		s.open("314159")
		s.inRoom(0, "menu")
		s.tap(page.ActRestart)
		s.stopped = true
		if err := <-s.ended; !errors.Is(err, ErrRestart) {
			t.Errorf("Run = %v; want ErrRestart", err)
		}
	})
}

// mutePrinter never answers how it is.
type mutePrinter struct {
	paper
	asked chan struct{}
}

func (p *mutePrinter) State(ctx context.Context) (hw.PrinterState, error) {
	p.asked <- struct{}{}
	<-ctx.Done()
	time.Sleep(time.Minute)
	return hw.PrinterState{Known: true}, nil
}

func TestSelfTestDoesNotWaitForThePrinter(t *testing.T) {
	records := coded(t, "314159")
	printer := &mutePrinter{asked: make(chan struct{}, 9)}
	visit(t, func(s *stand) { s.cfg.Records, s.cfg.Printer = records, printer }, func(s *stand) {
		said := func(st session.State) string {
			return strings.Join(slices.Collect(func(yield func(string) bool) {
				for _, r := range st.Page.Rows {
					if strings.Contains(r.Name, "プリンター") && !yield(r.State) {
						return
					}
				}
			}), " ")
		}
		s.open("314159")
		s.tap(page.ActSelfTest)
		if st := s.inRoom(printerFor-time.Second, "self-test"); len(st.Page.Rows) != 0 {
			t.Errorf("the printer is given %s; want all of its time", said(st))
		}
		if st := s.inRoom(time.Second, "self-test"); !strings.Contains(said(st), "P-06") {
			t.Errorf("a printer that does not answer is %q; want P-06", said(st))
		}
		s.tap(page.ActBack)
		s.tap(page.ActPaper)
		if st := s.inRoom(0, "paper"); !strings.Contains(said(st), "P-06") {
			t.Errorf("a printer that still does not answer is %q; want P-06 at once", said(st))
		}
		if n := len(printer.asked); n != 1 {
			t.Errorf("it is asked %d times while it has not answered; want once", n)
		}
		s.want(2*time.Minute, session.Attract, hw.Ready)
		s.open("314159")
		s.tap(page.ActSelfTest)
		s.after(time.Second)
		if n := len(printer.asked); n != 2 {
			t.Errorf("after its answer it is asked %d times in all; want twice", n)
		}
		s.after(2 * time.Minute)
	})
}

func TestPrinterCheck(t *testing.T) {
	for _, tt := range []struct {
		s     hw.PrinterState
		err   error
		mark  page.Mark
		state string
		code  hw.Code
	}{
		{hw.PrinterState{Known: true}, nil, page.Fine, "fine", ""},
		{hw.PrinterState{}, nil, page.Unclear, "unknown", ""},
		{hw.PrinterState{Known: true, NearEnd: true}, nil, page.Attention, "near-end", ""},
		{hw.PrinterState{Known: true, Code: hw.PrinterPaper}, nil, page.Bad, "fault", hw.PrinterPaper},
		{hw.PrinterState{}, &hw.Fault{Code: hw.PrinterMissing}, page.Bad, "fault", hw.PrinterMissing},
		{hw.PrinterState{}, errors.New("?"), page.Bad, "fault", hw.PrinterSilent},
	} {
		if c := PrinterCheck(tt.s, tt.err); c.Mark != tt.mark || c.State != tt.state || c.Code != string(tt.code) {
			t.Errorf("PrinterCheck(%+v, %v) = %+v", tt.s, tt.err, c)
		}
	}
}
