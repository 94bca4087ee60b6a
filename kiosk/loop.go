package kiosk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/hw"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// joinFor is how long the end waits for goroutines that are in the middle of something.
const joinFor = 5 * time.Second

// loop is one run. Only the goroutine of run touches it; the others speak through its channels.
type loop struct {
	Config
	panel screen.Panel

	state   session.State
	inbox   []session.Event // being fed
	drawn   session.State
	status  string
	redraw  bool
	targets []screen.Target
	touch   touch
	lift    *time.Timer // of a finger that became a burst of wheel events
	shown   hw.Signal
	dark    hw.Code // why the lines failed; empty while they work
	small   bool    // the terminal, and it was said

	wake  *time.Timer
	token int

	reads    chan readEnd
	progress chan session.Progress
	reading  *reading
	next     int           // the visit to be read when the present reading has ended; 0 = none
	last     session.Event // what the reader said last
	hung     bool
	overdue  *time.Timer // of the reading, then of the hanging
	again    *time.Timer // until a card that could not be opened is tried again

	prints   chan printEnd
	printing *printing
	queue    []session.Print

	lock    *lock
	tally   *tally
	history *history
	answers chan session.Event // to effects of staff's screens
	asking  atomic.Bool        // the printer how it is
	restart bool

	dock     dock          // of the stick that is let in
	slotTurn chan struct{} // full while somebody has let one in
	givenUp  hw.Update     // what root told when an installation was given up; of whoever has the turn
	trial    trial
	failed   fellBack // the system of which staff have not heard yet
	unclean  bool     // the program before this one died

	begun  time.Time
	spoilt bool // a record could not be read
	watch  watchfulness
	noted  chan hw.Code         // faults that were found beside the loop
	papers chan hw.PrinterState // what the printer says of itself

	wait sync.WaitGroup
	done chan struct{} // closed when the loop no longer listens
}

// run is the loop. It returns nil when ctx ends or the operator quits.
func (l *loop) run(ctx context.Context) error {
	l.reads, l.progress = make(chan readEnd), make(chan session.Progress, 1)
	l.prints, l.done = make(chan printEnd), make(chan struct{})
	l.answers = make(chan session.Event)
	l.noted, l.papers = make(chan hw.Code), make(chan hw.PrinterState)
	l.watch.cure, l.watch.lying = stopped(), stopped()
	l.wake, l.lift, l.overdue, l.again = stopped(), stopped(), stopped(), stopped()
	defer close(l.done)

	watched := l.Reader.Watch(ctx)
	defer l.wait.Go(func() {
		for range watched { // the watcher ends when it has closed its channel
		}
	})
	var door <-chan bool
	if l.Door != nil {
		moves := l.Door.WatchDoor(ctx)
		door = moves
		defer l.wait.Go(func() {
			for range moves {
			}
		})
	}
	terminal := make(chan tcell.Event)
	l.wait.Go(func() { l.Screen.ChannelEvents(terminal, ctx.Done()) })

	var pulse <-chan struct{}
	if l.Pulse != nil {
		pulse = l.Pulse.Answers()
		l.Pulse.Ask()
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	l.lockLeft(ctx)
	l.feed(ctx, session.Started{})
	l.draw()
	for {
		l.tellCondition()
		select {
		case <-beat.C:
			if err := l.look(ctx); err != nil {
				return err
			}
			continue
		case <-pulse:
			l.heardTerminal()
			continue
		case <-l.watch.cure.C:
			l.restartReader(ctx)
			continue
		case <-l.watch.lying.C:
			l.remind()
			continue
		case code := <-l.noted:
			l.note(code)
			continue
		case s := <-l.papers:
			l.heardPrinter(s)
			continue
		case <-l.trial.look.C:
			l.tryOut(ctx)
			continue
		case checks := <-l.trial.tests:
			l.tested(ctx, checks)
			continue
		case err := <-l.trial.kept:
			l.keptSlot(err)
			continue
		case open, ok := <-door:
			if !ok {
				door = nil
				continue
			}
			l.doorMoved(ctx, open)
		case <-ctx.Done():
			return nil
		case ev, ok := <-watched:
			if !ok && ctx.Err() == nil {
				return errWatch
			}
			l.heard(ctx, ev)
		case ev, ok := <-terminal:
			if !ok && ctx.Err() == nil {
				return l.terminalGone(errTerminal)
			}
			if quit, err := l.event(ctx, ev); quit || err != nil {
				return err
			}
		case <-l.lift.C:
			if action, tapped := l.touch.still(); tapped {
				l.feed(ctx, session.Touched{Action: action})
			}
		case p := <-l.progress:
			l.feed(ctx, p)
		case r := <-l.reads:
			l.readEnded(ctx, r)
		case <-l.overdue.C:
			if l.hung {
				l.recovered(recoveredHung)
				return ErrReaderHung
			}
			l.hang(ctx)
		case <-l.again.C:
			if l.state.Below() == session.OutOfService && !l.hung {
				l.feed(ctx, l.last)
			}
		case p := <-l.prints:
			l.printEnded(ctx, p)
		case <-l.wake.C:
			l.feed(ctx, session.Timeout{Token: l.token})
		case ev := <-l.answers:
			l.feed(ctx, ev)
		}
		if l.restart {
			return ErrRestart
		}
		l.draw()
	}
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// join ends and awaits every goroutine; it returns true when one of them does not end.
func (l *loop) join(cancel context.CancelFunc) (stuck bool) {
	if l.printing != nil && !l.hung {
		// A slip that is coming out is let out: half a slip helps nobody.
		select {
		case <-l.printing.ended:
		case <-time.After(joinFor):
		}
		l.printing.cancel()
	}
	cancel()
	ended := make(chan struct{})
	go func() {
		l.wait.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return false
	case <-time.After(joinFor):
		return true
	}
}

// heard takes in what the reader says.
func (l *loop) heard(ctx context.Context, ev hw.CardEvent) {
	var said session.Event
	switch ev.Kind {
	case hw.ReaderReady:
		said = session.ReaderReady{}
	case hw.CardLaid:
		said = session.CardLaid{}
	case hw.CardLifted:
		said = session.CardLifted{}
	case hw.CardMute:
		said = session.CardMute{}
	case hw.ReaderGone:
		said = session.ReaderGone{Code: string(ev.Code)}
		l.Log.Warn("reader gone", "code", ev.Code, "error", ev.Err)
	default:
		return
	}
	l.last = said
	if l.hung {
		return // the reader may say what it likes: no card can be read before the exchange returns
	}
	l.stands(ev.Code)
	l.feed(ctx, said)
}

// errWatch tells that the reader is no longer watched, though nobody asked for it.
var errWatch = errors.New("the reader is no longer watched")

// doorMoved takes in that the case was opened or shut.
func (l *loop) doorMoved(ctx context.Context, open bool) {
	l.Log.Warn("the case was moved", "open", open)
	if open {
		l.note(hw.DoorOpen)
	}
	l.feed(ctx, session.DoorMoved{Open: open})
}

// feed gives an event to the session and carries out the effects. An effect that is answered at once is answered
// after all effects of its event are carried out: else the Wake of the older event would replace the newer one's.
func (l *loop) feed(ctx context.Context, ev session.Event) {
	l.inbox = append(l.inbox, ev)
	if len(l.inbox) > 1 {
		return
	}
	for ; len(l.inbox) > 0; l.inbox = l.inbox[1:] {
		if p, ended := l.inbox[0].(session.PrintEnded); ended {
			l.count(countSlip + slipEnds[p.Result])
		}
		var effects []session.Effect
		was := l.state
		before, _, _ := strings.Cut(was.Place(), "/")
		l.state, effects = was.Next(l.inbox[0])
		l.follow(was, l.state)
		if l.Record != nil {
			l.Record(was, l.inbox[0], l.state, effects)
		}
		if g, _, _ := strings.Cut(l.state.Place(), "/"); g != "" && g != before {
			l.count(countGuide + g)
		}
		for _, e := range effects {
			switch e := e.(type) {
			case session.Wake:
				l.token = e.Token
				l.wake.Reset(e.After)
			case session.StartReading:
				l.startReading(ctx, e.Visit)
			case session.Judge:
				r := l.judge(e)
				if l.state.Below() == session.Reading { // the first verdict of a visit
					l.count(countVisit + r.Report.Headline.String())
				}
				l.feed(ctx, session.Judged{Visit: e.Visit, Resolved: r})
			case session.Print:
				l.startPrinting(ctx, e)
			default:
				l.serve(ctx, e)
			}
		}
	}
}

func (l *loop) judge(e session.Judge) site.Resolved {
	now := l.Now()
	return site.Resolve(diagnosis.Diagnose(e.Facts, now, e.Answers), now, e.Answers, l.Profile, l.Content)
}

// draw shows the state if it looks different, and sets the lamps.
func (l *loop) draw() {
	if s := signalOf(l.state); s != l.shown {
		l.signal(s)
	}
	status := ""
	if l.Status != nil {
		status = l.Status()
	}
	if !l.redraw && l.drawn.Screen != "" && status == l.status && l.state.Looks(l.drawn) {
		return
	}
	p := l.panel
	p.Status = status
	l.targets = screen.Draw(l.Screen, l.state, p)
	if l.redraw {
		l.Screen.Sync()
	} else {
		l.Screen.Show()
	}
	l.touch.show(frame{time.Now(), sceneOf(l.state), l.targets})
	l.drawn, l.status, l.redraw = l.state, status, false
	if l.Drawn != nil {
		l.Drawn(l.state)
	}
}

// errTerminal tells that nobody can see or touch the kiosk any more.
var errTerminal = errors.New("the terminal is gone")

// terminalGone counts that a terminal was lost, for that reason.
func (l *loop) terminalGone(err error) error {
	l.note(hw.TerminalSilent)
	l.recovered(recoveredTerminal)
	return err
}

// event takes in what the terminal says; quit means that the operator does.
func (l *loop) event(ctx context.Context, ev tcell.Event) (quit bool, err error) {
	switch ev := ev.(type) {
	case *tcell.EventResize:
		l.redraw = true
		l.resized(ev.Size())
	case *tcell.EventMouse:
		l.mouse(ctx, ev)
	case *tcell.EventKey:
		return l.key(ctx, ev), nil
	case *tcell.EventError:
		return false, l.terminalGone(fmt.Errorf("%w: %w", errTerminal, ev))
	}
	return false, nil
}

// resized notices a grid on which no screen fits, once.
func (l *loop) resized(cols, rows int) {
	small := cols < screen.MinCols || rows < screen.MinRows
	if small && !l.small {
		l.Log.Error("the terminal is too small", "code", hw.TerminalSmall, "cols", cols, "rows", rows)
		l.note(hw.TerminalSmall)
	}
	l.small = small
}

// mouse feeds the tap that an event completes. A burst of wheel events is completed by the silence after it.
func (l *loop) mouse(ctx context.Context, ev *tcell.EventMouse) {
	if action, tapped := l.touch.mouse(ev); tapped {
		l.feed(ctx, session.Touched{Action: action})
	}
	if l.touch.moving {
		l.lift.Reset(stillness)
	}
}

func (l *loop) key(ctx context.Context, ev *tcell.EventKey) (quit bool) {
	if !l.Keyboard || l.Keys != nil && l.Keys(ev) {
		return false
	}
	if ev.Key() == tcell.KeyCtrlC || ev.Key() == tcell.KeyRune && ev.Rune() == 'q' {
		return true
	}
	if n := int(ev.Rune() - '1'); ev.Key() == tcell.KeyRune && n >= 0 && n < 9 && n < len(l.targets) {
		l.feed(ctx, session.Touched{Action: l.targets[n].Action})
	}
	return false
}
