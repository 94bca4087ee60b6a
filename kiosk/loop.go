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
	dark    bool // the lamps failed, and it was said

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
	answers chan session.Event // to effects of staff's screens
	asking  atomic.Bool        // the printer how it is
	restart bool

	wait sync.WaitGroup
	done chan struct{} // closed when the loop no longer listens
}

// run is the loop. It returns nil when ctx ends or the operator quits.
func (l *loop) run(ctx context.Context) error {
	l.reads, l.progress = make(chan readEnd), make(chan session.Progress, 1)
	l.prints, l.done = make(chan printEnd), make(chan struct{})
	l.answers = make(chan session.Event)
	l.wake, l.lift, l.overdue, l.again = stopped(), stopped(), stopped(), stopped()
	defer close(l.done)

	watched := l.Reader.Watch(ctx)
	watch := watched
	defer l.wait.Go(func() {
		for range watched { // the watcher ends when it has closed its channel
		}
	})
	terminal := make(chan tcell.Event)
	l.wait.Go(func() { l.Screen.ChannelEvents(terminal, ctx.Done()) })

	var beat <-chan time.Time
	if l.Beat != nil {
		t := time.NewTicker(beatEvery)
		defer t.Stop()
		beat = t.C
	}
	l.feed(ctx, session.Started{})
	l.draw()
	for {
		select {
		case <-beat:
			l.Beat()
			continue
		case <-ctx.Done():
			return nil
		case ev, ok := <-watch:
			if !ok {
				watch = nil
				ev = hw.CardEvent{Kind: hw.ReaderGone, Code: hw.ReaderOther}
			}
			l.heard(ctx, ev)
		case ev, ok := <-terminal:
			if !ok && ctx.Err() == nil {
				return errTerminal
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
		l.keepTally(false)
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
	l.feed(ctx, said)
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
		before, _, _ := strings.Cut(l.state.Place(), "/")
		l.state, effects = l.state.Next(l.inbox[0])
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

// signal sets the lamps; that they cannot be set is said once.
func (l *loop) signal(s hw.Signal) {
	l.shown = s
	if l.Lamps == nil {
		return
	}
	err := l.Lamps.Show(s)
	if err != nil && !l.dark {
		l.Log.Warn("lamps cannot be set", "code", hw.CodeOf(err, hw.LinesMissing), "error", err)
	}
	l.dark = err != nil
}

// errTerminal tells that nobody can see or touch the kiosk any more.
var errTerminal = errors.New("the terminal is gone")

// event takes in what the terminal says; quit means that the operator does.
func (l *loop) event(ctx context.Context, ev tcell.Event) (quit bool, err error) {
	switch ev := ev.(type) {
	case *tcell.EventResize:
		l.redraw = true
	case *tcell.EventMouse:
		l.mouse(ctx, ev)
	case *tcell.EventKey:
		return l.key(ctx, ev), nil
	case *tcell.EventError:
		return false, fmt.Errorf("%w: %w", errTerminal, ev)
	}
	return false, nil
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
	if l.Keys != nil && l.Keys(ev) {
		return false
	}
	if l.AllowQuit && (ev.Key() == tcell.KeyCtrlC || ev.Key() == tcell.KeyRune && ev.Rune() == 'q') {
		return true
	}
	if n := int(ev.Rune() - '1'); ev.Key() == tcell.KeyRune && n >= 0 && n < 9 && n < len(l.targets) {
		l.feed(ctx, session.Touched{Action: l.targets[n].Action})
	}
	return false
}
