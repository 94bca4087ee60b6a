package kiosk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/session"
)

// Nobody stands beside the kiosk: what hangs must be noticed and cured by itself. The loop looks every few seconds at
// what it stands on. What a new try, a restarted service or a new process cures, it asks for; what it cannot cure it shows.
// The watchdog is fed only when the look found nothing that a new process would cure, so that a loop that does not
// turn, a terminal that takes no frame and a reader's service that answers nobody all end in one.

// System asks for what this program must not do itself (hw/system).
type System interface {
	// RestartReader starts the PC/SC service anew.
	RestartReader(ctx context.Context) error
	// SetTime sets the machine's clock, and the one with a battery.
	SetTime(ctx context.Context, at time.Time) error
	// Reboot starts the machine anew.
	Reboot(ctx context.Context) error
	// UnlockStick lets a USB stick in and looks for an update on it, LockStick lets none in any more.
	UnlockStick(ctx context.Context) error
	LockStick(ctx context.Context) error
	// Install installs the update that was found.
	Install(ctx context.Context) error
	// KeepSlot keeps the system that runs.
	KeepSlot(ctx context.Context) error
}

// Pulse asks the terminal for a sign of life: whoever answers has worked through everything that was written before.
type Pulse interface {
	Ask()
	Answers() <-chan struct{}
}

// Timekeeper is what a clock wants kept over a power cut, and what it noticed.
type Timekeeper interface {
	// Record returns what is known of the time now, for the ledger.
	Record() ([]byte, error)
	// Jumped returns how far the machine's clock was moved since the last call; 0 = it was not.
	Jumped() time.Duration
}

// Errors that want the program started anew.
var (
	// ErrTerminalSilent tells that the terminal no longer takes in what is drawn.
	ErrTerminalSilent = errors.New("the terminal does not answer")
	// ErrPrinterHung tells that a printer's driver does not return.
	ErrPrinterHung = errors.New("the printer's driver does not return")
)

// How often the loop looks, and how many looks in a row may find something silent. Looks are counted and not seconds: a
// program that was stopped for an hour has missed an hour and nothing else.
const (
	beatEvery     = 3 * time.Second
	unfedAfter    = 2  // a terminal: the watchdog is not fed
	terminalLooks = 4  // a terminal: the program ends
	readerLooks   = 12 // the reader's service, which is restarted meanwhile
	printerLooks  = 10 // a printer, while nobody is there
	minuteLooks   = 20 // what is looked at once a minute
	hourLooks     = 60 * minuteLooks
	settingLooks  = 5 // until the machine's clock has been set as staff said
)

// silentFor is how long the reader's service may be silent before a look counts it; it answers every second.
const silentFor = 8 * time.Second

// cures are the faults of a reader that a restarted service may mend: when to ask for it after the fault came, and how
// long to wait before asking again. A reader that is only unplugged comes back by itself, but some stay lost on the bus
// until the service looks anew (field.md §4).
var cures = map[hw.Code]struct{ first, again time.Duration }{
	hw.ReaderHung:    {0, 20 * time.Second},
	hw.ReaderService: {10 * time.Second, time.Minute},
	hw.ReaderOther:   {10 * time.Second, time.Minute},
	hw.ReaderMissing: {30 * time.Second, 10 * time.Minute},
}

// Kinds of recovery, as they are counted.
const (
	recoveredReader   = "reader-restart" // the service was asked to start anew
	recoveredHung     = "reader-hung"    // the program ended to be rid of an exchange
	recoveredTerminal = "terminal"
	recoveredPrinter  = "printer-hung"
	recoveredUnclean  = "unclean-start" // the program before this one was killed or died
	recoveredPower    = "power-cut"     // so was the machine
	recoveredClock    = "clock-jump"
)

// watchfulness is what the loop knows of what it stands on.
type watchfulness struct {
	looks     int
	answered  bool // the terminal, ever
	unheard   int  // questions to the terminal since its last answer
	worked    bool // the reader, in this process
	mute      int  // looks at which its service was silent
	late      int  // looks at a printer that does not return while nobody is there
	ready     bool // told
	condition string
	standing  hw.Code // fault of the reader
	cure      *time.Timer
	paper     hw.PrinterState // as last asked
	setting   int             // looks for which a moved clock is our own doing
	lying     *time.Timer     // until its owner is reminded of a card, then until staff are called
	reminded  bool
	forgotten bool // staff are called
	calling   bool
}

// runningRecord says in which start of the machine a program runs; it is empty when the last one ended as it should.
const runningRecord = "running"

// begin finds out how the program before this one ended.
func (l *loop) begin() {
	if l.Records == nil {
		return
	}
	if boot, err := l.Records.Load(runningRecord); err == nil && len(boot) > 0 {
		if string(boot) == l.Boot {
			l.unclean = true
			l.recovered(recoveredUnclean)
			l.note(hw.Restarted)
		} else { // some offices switch everything off at night
			l.recovered(recoveredPower)
		}
	}
	l.keepRunning(cmp.Or(l.Boot, "?"))
}

// end keeps what is still to be kept.
func (l *loop) end() {
	l.keepRecords(true)
	l.keepTime()
	if l.Records != nil {
		l.wait.Go(func() { l.keepRunning("") })
	}
}

func (l *loop) keepRunning(boot string) {
	if err := l.Records.Save(runningRecord, []byte(boot)); err != nil {
		l.Log.Error("it is not kept that the program runs", "code", hw.StateLost, "error", err)
	}
}

// look is one look at everything. An error means that only a new process helps.
func (l *loop) look(ctx context.Context) error {
	w := &l.watch
	w.looks++
	if l.Pulse != nil {
		if w.answered && w.unheard >= terminalLooks {
			return l.terminalGone(ErrTerminalSilent)
		}
		w.unheard++
		l.Pulse.Ask()
	}
	v, ok := l.Reader.(hw.Vital)
	if w.mute = streak(w.mute, ok && w.worked && v.Silent() > silentFor); w.mute >= readerLooks {
		l.recovered(recoveredHung)
		return ErrReaderHung
	}
	if w.late = streak(w.late, l.printing != nil && l.printing.late && l.state.Below() == session.Attract); w.late >= printerLooks {
		l.recovered(recoveredPrinter)
		return ErrPrinterHung
	}
	if l.Beat != nil && (l.Pulse == nil || w.answered && w.unheard <= unfedAfter) {
		l.Beat()
	}
	if w.setting > 0 {
		if w.setting--; w.setting == 0 {
			if l.Timekeeper != nil {
				l.Timekeeper.Jumped() // our own doing
			}
			l.keepTime()
		}
	}
	if w.looks%minuteLooks == 0 {
		l.minute(ctx)
	}
	if w.looks%hourLooks == 0 {
		l.keepTime()
	}
	l.callStaff()
	l.keepRecords(false)
	return nil
}

// streak counts looks in a row.
func streak(n int, goesOn bool) int {
	if goesOn {
		return n + 1
	}
	return 0
}

// heardTerminal takes in an answer of the terminal.
func (l *loop) heardTerminal() {
	l.watch.answered, l.watch.unheard = true, 0
}

// tellCondition tells the supervisor how it stands, when that changed; the first time a frame is drawn and the terminal
// has taken it, that the kiosk is ready.
func (l *loop) tellCondition() {
	w := &l.watch
	if !w.ready && l.drawn.Screen != "" && (l.Pulse == nil || w.answered) {
		w.ready = true
		if l.Ready != nil {
			l.Ready()
		}
		if l.trial.on {
			l.trial.look.Reset(0)
		}
	}
	condition := "serving"
	nobody := l.state.Below() == session.Attract || l.state.Below() == session.StartOfDay
	switch {
	case l.state.Updating():
		condition = "updating"
	case l.state.Down():
		condition = "out of service: " + l.state.Fault()
	case nobody && l.last == nil:
		condition = "waiting for the reader"
	case nobody:
		condition = "ready"
	}
	if l.trial.on {
		condition += ", on trial"
	}
	if w.ready && condition != w.condition {
		w.condition = condition
		if l.Condition != nil {
			l.Condition(condition)
		}
	}
}

// stands takes in a fault of the reader, or that there is none, and sets the time for its cure.
func (l *loop) stands(code hw.Code) {
	w := &l.watch
	w.worked = w.worked || code == ""
	if code == w.standing {
		return
	}
	w.standing = code
	w.cure.Stop()
	if code == "" {
		return
	}
	l.note(code)
	if c, ok := cures[code]; ok && l.System != nil {
		w.cure.Reset(c.first)
	}
}

// restartReader asks for the service to be started anew, and again while the fault stands.
func (l *loop) restartReader(ctx context.Context) {
	c, ok := cures[l.watch.standing]
	if !ok {
		return
	}
	l.watch.cure.Reset(c.again)
	l.recovered(recoveredReader)
	l.Log.Warn("the reader's service is to be restarted", "code", l.watch.standing)
	l.wish(ctx, "restart-reader", l.System.RestartReader)
}

// wish asks the system for something, beside the loop.
func (l *loop) wish(ctx context.Context, what string, ask func(context.Context) error) {
	l.wait.Go(func() {
		err := ask(ctx)
		if err == nil {
			l.Log.Info("the system took up a wish", "wish", what)
			return
		}
		if ctx.Err() != nil {
			return
		}
		l.Log.Error("the system does not take up a wish", "wish", what, "code", hw.CodeOf(err, hw.WishIgnored), "error", err)
		l.tellFault(hw.CodeOf(err, hw.WishIgnored))
	})
}

// tellFault hands a fault to the loop from beside it.
func (l *loop) tellFault(code hw.Code) {
	select {
	case l.noted <- code:
	case <-l.done:
	}
}

// note writes a fault into the history.
func (l *loop) note(code hw.Code) {
	var at time.Time
	if n := l.Now(); !n.Latest.IsZero() {
		at = n.Earliest
	}
	l.history.note(code, at)
}

// recovered counts a recovery.
func (l *loop) recovered(kind string) {
	l.Log.Warn("recovery", "kind", kind)
	l.count(countRecovery + kind)
}

// minute looks at what changes slowly.
func (l *loop) minute(ctx context.Context) {
	w := &l.watch
	if l.Timekeeper != nil {
		if jump := l.Timekeeper.Jumped(); jump != 0 && w.setting == 0 {
			l.Log.Warn("the machine's clock was moved", "code", hw.ClockJumped, "by", jump.String())
			l.note(hw.ClockJumped)
			l.recovered(recoveredClock)
		}
	}
	l.askPaper(ctx)
	l.tellSnapshot()
}

// tellSnapshot hands on what the kiosk tells of itself, beside the loop.
func (l *loop) tellSnapshot() {
	if l.Export == nil {
		return
	}
	s := l.snapshot()
	l.wait.Go(func() { l.Export(s) })
}

// askPaper asks the printer how it is while nobody is there, so that staff hear of a paper end before a visitor does.
func (l *loop) askPaper(ctx context.Context) {
	if l.Printer == nil || l.printing != nil || l.state.Below() != session.Attract || !l.asking.CompareAndSwap(false, true) {
		return
	}
	l.wait.Go(func() {
		defer l.asking.Store(false)
		ctx, cancel := context.WithTimeout(ctx, printerFor)
		defer cancel()
		s, err := l.Printer.State(ctx)
		if err != nil && s.Code == "" {
			if s.Code = hw.CodeOf(err, ""); s.Code == "" {
				return // it was given up, and said nothing
			}
		}
		select {
		case l.papers <- s:
		case <-l.done:
		}
	})
}

// heardPrinter takes in how the printer is, asked or after a slip.
func (l *loop) heardPrinter(s hw.PrinterState) {
	if s.Code != "" && s.Code != l.watch.paper.Code {
		l.note(s.Code)
	}
	if s != l.watch.paper {
		l.Log.Info("printer", "code", s.Code, "known", s.Known, "near_end", s.NearEnd)
	}
	l.watch.paper = s
}

// setTime lets the machine's own clocks follow staff's word, so that logs are right and a clock with a battery carries
// the word over a power cut; what is known of the time is kept either way.
func (l *loop) setTime(ctx context.Context, at time.Time) {
	if l.System == nil {
		l.keepTime()
		return
	}
	l.watch.setting = settingLooks
	l.wish(ctx, "set-time", func(ctx context.Context) error { return l.System.SetTime(ctx, at) })
}
