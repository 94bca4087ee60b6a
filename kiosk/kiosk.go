// Package kiosk is the appliance itself: Run is the one loop in which effects happen. It watches the reader, reads
// cards, asks for verdicts, draws the screen, prints slips and sets the lamps; everything that is decided is decided
// by the packages below it.
//
// The package must never know a driver (hw is all it imports of the hardware), never log what belongs to a visitor
// beyond counts, and never keep anything of a visit outside the session's State but that it was one of its kind (tally).
package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/hw"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// ErrReaderHung tells that an exchange with a card did not return and cannot be cancelled: the process has to be
// started anew.
var ErrReaderHung = errors.New("an exchange with the card does not return")

// Times where Config says none.
const (
	readTimeout  = 10 * time.Second
	printTimeout = 60 * time.Second
)

// Config is everything Run works with. Reader, Screen, Profile, Content and Now must be there.
type Config struct {
	Reader  hw.Reader
	Printer hw.Printer   // nil: there is none, and no button offers to print
	Lamps   hw.Lamps     // nil: there are none; closing them is the caller's
	Beeper  hw.Beeper    // nil: there is none
	Door    hw.Door      // nil: nothing tells whether the case is open
	Screen  tcell.Screen // initialised; Run finishes it
	Profile *site.Profile
	Staff   []string // what staff must see to, told small while nobody's card is shown (page.Attract)
	Content *content.Content
	Now     func() diagnosis.Now
	Clock   Clock     // nil: staff cannot set it
	Records Records   // nil: no staff code can be kept, and their menu stays closed
	Faults  []hw.Code // found while the program started; self-tests name them
	Built   time.Time // this program
	Slip    slip.Options
	Log     *slog.Logger // nil: nothing is logged

	Timekeeper Timekeeper                              // nil: nothing of the time is kept
	System     System                                  // nil: nothing can be asked of it
	Pulse      Pulse                                   // nil: nobody knows whether the terminal takes what is drawn
	Export     func(Snapshot)                          // nil: nobody asks; called once a minute
	Stick      func(Snapshot) (name string, err error) // nil: no USB stick can be written
	Updates    hw.Updates                              // nil: root tells nothing of updates and slots
	Boot       string                                  // names this start of the machine, to tell a power cut from a program that died

	// ReadTimeout bounds the whole reading of one card, a second try included; PrintTimeout bounds one slip. Zero
	// means 10 s and 60 s.
	ReadTimeout, PrintTimeout time.Duration

	Status    func() string              // the simulation's line at the bottom of the screen
	Keys      func(*tcell.EventKey) bool // sees every key first; true = it was meant for it
	Keyboard  bool                       // 1 to 9 touch, q and Ctrl-C end the program; never in front of visitors
	Ready     func()                     // called once, when a frame is on the screen
	Condition func(string)               // called with "ready", "serving" or "out of service: R-02" when it changes
	Beat      func()                     // called every few seconds while all is well (systemd's watchdog)
	Drawn     func(session.State)        // called by the loop after every frame
	// Record is called by the loop with every event, the states around it and its effects, before these are carried out. Of a
	// visitor it sees everything: only simulated hardware may set it.
	Record func(before session.State, ev session.Event, after session.State, effects []session.Effect)
}

// Run shows the kiosk until ctx ends, which is no error; a terminal that is gone is one. It leaves the lamps dark and the screen finished, also
// when it panics.
//
// Every goroutine it started has ended when it returns, unless a driver never returned: ErrReaderHung means that one
// of them is stuck in an exchange with a card. A printer that never returns is logged and left behind. ErrRestart means
// that staff want the program started anew.
func Run(ctx context.Context, cfg Config) (err error) {
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = readTimeout
	}
	if cfg.PrintTimeout <= 0 {
		cfg.PrintTimeout = printTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	defer finish(cfg.Screen)
	cfg.Screen.EnableMouse(tcell.MouseButtonEvents)
	cfg.Screen.HideCursor()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	logPanel(cfg.Log, cfg.Profile.Panel)
	l := &loop{Config: cfg, begun: time.Now(), panel: panel(cfg.Profile), lock: newLock(cfg.Records), slotTurn: make(chan struct{}, 1)}
	set := settings(cfg)
	lost := func(what string, err error) {
		if err != nil && cfg.Records != nil {
			cfg.Log.Error(what, "code", hw.StateLost, "error", err)
			l.spoilt = true
		}
	}
	set.Code, err = l.lock.state()
	lost("the staff code is not read", err)
	l.lock.start()
	l.tally, err = openTally(cfg.Records)
	lost("the counts are not read", err)
	l.history, err = openHistory(cfg.Records)
	lost("the faults are not read", err)
	if l.spoilt {
		l.note(hw.StateLost)
	}
	for _, code := range cfg.Faults {
		l.note(code)
		if code == hw.LinesMissing || code == hw.LinesBusy {
			l.dark = code
		}
	}
	l.begin()
	l.beginTrial()
	if f, ok := cfg.Content.Fault(string(hw.UpdateFellBack)); ok && l.failed.Version != "" {
		set.Staff = append(slices.Clip(set.Staff), f.Code+" "+f.Name)
	}
	l.state = session.New(set)
	l.signal(hw.Ready)
	defer l.signal(hw.Dark)
	err = l.run(ctx)
	l.end()
	if stuck := l.join(cancel); stuck && l.reading != nil {
		err = ErrReaderHung
	}
	if err != nil {
		return fmt.Errorf("running the kiosk: %w", err)
	}
	return nil
}

// finishFor is how long a terminal may take to be left as it was found. One that takes nothing would hold the program.
const finishFor = 2 * time.Second

func finish(s tcell.Screen) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.Fini()
	}()
	select {
	case <-finished:
	case <-time.After(finishFor):
	}
}

// settings are what the profile says about visits.
func settings(cfg Config) session.Settings {
	p := cfg.Profile
	s := session.Settings{
		Office:    site.Resolve(diagnosis.Report{}, cfg.Now(), diagnosis.Answers{}, p, cfg.Content).Office,
		Content:   cfg.Content,
		Staff:     cfg.Staff,
		Printer:   cfg.Printer != nil,
		ResultFor: p.Result,

		Clock: cfg.Clock != nil, Stick: cfg.Stick != nil, Update: cfg.updatable(), StartOfDay: cfg.Now().Latest.IsZero(),
	}
	if p.AskToPrint {
		s.Print = session.PrintAsk
	}
	for _, name := range p.Languages {
		if l, err := text.ParseLanguage(name); err == nil {
			s.Lang = l // the first one this program knows
			break
		}
	}
	return s
}

// panel is the grid's own size: cells seldom fill a panel to its edge.
func panel(p *site.Profile) screen.Panel {
	cols, rows := p.Panel.Grid()
	w, h := p.Panel.CellMM()
	return screen.Panel{Cols: cols, Rows: rows, WidthMM: float64(cols) * w, HeightMM: float64(rows) * h}
}

// logPanel tells by which numbers visitors read and touch, once.
func logPanel(log *slog.Logger, p site.Panel) {
	cols, rows := p.Grid()
	_, _, width, height := p.Target()
	level := slog.LevelInfo
	if !p.Readable() || !p.Touchable() {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "panel", "cols", cols, "rows", rows, "capital_mm", math.Round(p.CapitalMM()*10)/10,
		"target_mm", fmt.Sprintf("%.1fx%.1f", width, height), "readable", p.Readable(), "touchable", p.Touchable())
}
