package session

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
)

// turn is one call of Next at work.
type turn struct {
	State
	effects []Effect
	rearm   bool // the timer must be set anew
}

// Next returns the state after ev and what has to be done. It is pure: the receiver does not change, and the same
// state and event always give the same answer. An event that cannot matter any more, such as the end of a reading
// whose visitor is gone, changes nothing.
func (s State) Next(ev Event) (State, []Effect) {
	n := turn{State: s}
	// The slice is grown below: never into an array that an older State shares.
	n.asked = slices.Clip(n.asked)
	switch ev := ev.(type) {
	case CardLaid:
		n.cardLaid()
	case CardLifted, ReaderReady:
		n.cardLifted()
	case CardMute:
		n.cardMute()
	case ReaderGone:
		n.readerGone(ev.Code)
	case DoorMoved:
		n.doorMoved(ev.Open)
	case Progress:
		if n.at == Reading && ev.Visit == n.visit && !n.judging {
			n.Done, n.Total = ev.Done, ev.Total
		}
	case ReadDone:
		if n.at == Reading && ev.Visit == n.visit && !n.judging {
			n.Facts = ev.Facts
			n.judge()
		}
	case Judged:
		if n.judging && ev.Visit == n.visit {
			n.judged(ev)
		}
	case Touched:
		n.touched(ev.Action)
	case PrintEnded:
		n.printEnded(ev)
	case Timeout:
		if ev.Token == n.token && n.step > 0 {
			n.timeout()
		}
	default:
		n.deskEvent(ev)
	}
	if s.docked() && (!n.docked() || n.attempt != s.attempt) {
		n.do(LockStick{s.attempt})
	}
	n.arm()
	n.compose()
	return n.State, n.effects
}

func (n *turn) do(e Effect) { n.effects = append(n.effects, e) }

func (n *turn) enter(screen Screen) {
	n.State.enter(screen)
	n.rearm = true
}

func (n *turn) rest() {
	n.State.rest()
	n.rearm = true
}

// end clears the visit and waits for the next.
func (n *turn) end() {
	n.forget()
	n.rest()
}

// begin clears the last visit at once and keeps what a second try of the same person needs: the language, how often it
// went wrong, and the place in the guides of somebody whose card has not been read yet.
func (n *turn) begin(on occupancy) {
	lang, tries, walk := n.Lang, 0, n.walk
	if n.readToEnd() {
		walk = guide.Walk{}
	}
	switch n.at {
	case RemovedEarly, TwoCards, Reading:
		tries = n.tries
	}
	n.forget()
	n.Lang, n.tries, n.walk = lang, tries, walk
	n.gone, n.fault, n.on = false, "", on
}

func (n *turn) cardLaid() {
	if n.door || n.Updating() {
		n.gone, n.fault, n.on = false, "", occupied
		return
	}
	if n.on == occupied && !n.gone {
		return
	}
	// A reader that went and came back finds the card that lay there before. It is read again, since nobody knows
	// that it is the same; but its slip does not come again by itself, or a loose plug would eat the roll.
	fresh := n.on != occupied
	n.begin(occupied)
	n.fresh = fresh
	n.enter(Reading)
	n.do(StartReading{Visit: n.visit})
}

func (n *turn) cardLifted() {
	n.gone, n.fault, n.on = false, "", empty
	switch n.at {
	case OutOfService:
		n.rest()
	case TakeCard:
		if !n.hasVerdict() {
			n.rest()
			return
		}
		// Not enter: the result's time runs since the verdict appeared.
		n.at, n.Part = Result, 0
	case TwoCards:
		n.enter(TwoCards)
	}
}

func (n *turn) cardMute() {
	if n.door || n.Updating() {
		n.gone, n.fault, n.on = false, "", mute
		return
	}
	if n.on == occupied && !n.gone && n.at != Reading && n.at != RemovedEarly {
		return // the card that was read falls silent while it lies there: nothing new
	}
	if n.on == mute && !n.gone {
		return
	}
	n.begin(mute)
	n.enter(TwoCards)
}

func (n *turn) readerGone(code string) {
	n.gone, n.fault = true, code
	if n.personal() && n.hasVerdict() || n.at == WrongCard || n.guiding() || n.at == Staff || n.at == StartOfDay {
		return // what is on the screen stays true; the fault shows when the visit is over
	}
	n.end()
}

// doorMoved stops the service while somebody's hands may be in the case, and clears what a visitor left on the screen.
// Staff who look at their own screens opened it themselves, to change the paper.
func (n *turn) doorMoved(open bool) {
	if n.door == open {
		return
	}
	n.door = open
	if n.at == Staff || n.at == StartOfDay || !open && n.at != OutOfService {
		return
	}
	n.end()
}

func (n *turn) judge() {
	n.judging = true
	n.do(Judge{Visit: n.visit, Facts: n.Facts, Answers: n.Answers})
}

func (n *turn) judged(ev Judged) {
	n.judging = false
	first := n.at == Reading
	n.Resolved = ev.Resolved
	if !first {
		switch n.at {
		case Question:
			n.advance()
		case GuideStep: // the visitor asked for the way of a forgotten number
			n.enter(Result)
		}
		return
	}
	switch ev.Resolved.Report.Headline.Code {
	case diagnosis.WrongCard:
		n.tries = 0
		n.stripped()
		n.enter(WrongCard)
		return
	case diagnosis.ReadAgain:
		n.tries++
		n.stripped()
		n.enter(RemovedEarly)
		return
	}
	n.tries = 0
	if !n.walk.Nowhere() {
		n.walk = n.walk.Know(n.known())
	}
	n.owed = n.set.Printer && n.set.Print == PrintAuto && n.fresh
	if n.on == occupied {
		n.enter(TakeCard)
	} else {
		n.enter(Result)
	}
	if _, open := n.open(); !open {
		n.slipOwed()
	}
}

// stripped drops counters and dates where the message needs none: an incomplete reading is never shown as final.
func (n *turn) stripped() {
	n.Facts = card.Facts{Kind: n.Facts.Kind, Outcome: n.Facts.Outcome}
}

// advance puts the next question, or goes back to the result when there is none.
func (n *turn) advance() {
	if _, open := n.open(); open {
		n.enter(Question)
		return
	}
	n.enter(Result)
	n.slipOwed()
}

// slipOwed prints the slip that comes by itself, once.
func (n *turn) slipOwed() {
	if n.owed && n.canPrint() {
		n.print(Result)
	}
}

// print asks for the slip of the result, or of the guide's leaf the visitor looks at.
func (n *turn) print(of Screen) {
	n.job++
	n.slips++
	n.slip, n.printed = page.Printing{}, of
	var subject page.Subject = n.verdict()
	if of == GuideStep {
		subject = n.place()
	} else {
		n.owed = false
	}
	n.do(Print{Job: n.job, Page: page.Of(subject, n.office(), n.Lang)})
}

func (n *turn) printEnded(ev PrintEnded) {
	if _, printing := n.slip.(page.Printing); !printing || ev.Job != n.job {
		return
	}
	next := NotPrinted
	switch ev.Result {
	case PrintConfirmed, PrintUnconfirmed:
		n.slip = page.Printed{Confirmed: ev.Result == PrintConfirmed}
		next = Printed
	case PrintNothing:
		n.slip = page.NotPrinted{Code: ev.Code}
	default:
		n.slip = page.NotPrinted{Code: ev.Code, Partial: true}
	}
	// A slip that came by itself tells its end in the notice and leaves the result where it is.
	if n.at == Printing {
		n.enter(next)
	}
}

func (n *turn) touched(a page.Action) {
	if a == page.ActFinish && (n.at == Reading || n.Updating()) {
		return // the card is being read, the update installed; there is nothing to clear yet
	}
	n.act(a)
	n.restart()
	if n.ticking() {
		n.do(AskClock{})
	}
}

// restart gives the screen its full time again, as any touch does.
func (n *turn) restart() {
	if n.personal() || n.guiding() || n.at == Staff || n.at == StartOfDay {
		if n.restarts == maxRestarts {
			return
		}
		n.restarts++
	}
	n.remain = n.span()
	if n.owedLeft > 0 {
		n.owedLeft = owedAfter
	}
	n.rearm = true
}

func (n *turn) act(a page.Action) {
	if l, ok := language(a); ok {
		n.Lang, n.choosing, n.Part = l, false, 0
		return
	}
	switch a {
	case page.ActLanguage:
		n.choosing, n.Part = true, 0
		return
	case page.ActMore:
		n.Part++
		return
	case page.ActFinish:
		n.end()
		return
	}
	if n.choosing {
		switch {
		case a == page.ActBack:
			n.choosing, n.Part = false, 0
		case a == page.ActStaff && n.idle():
			n.openDesk()
		}
		return
	}
	if n.atDesk(a) || n.guide(a) || !n.hasVerdict() {
		return
	}
	switch a {
	case page.ActBack:
		switch n.at {
		case Details, Question, Printed, NotPrinted:
			n.enter(Result)
		}
	case page.ActDetails:
		if n.at == Result {
			n.enter(Details)
		}
	case page.ActPrint:
		if n.canPrint() && (n.at == Result || n.at == Details || n.at == NotPrinted) {
			n.print(Result)
			n.enter(Printing)
		}
	case page.ActAsk:
		if n.at == Result && len(n.Resolved.Report.Questions) > 0 {
			if _, open := n.open(); !open {
				n.asked = nil // "I don't know" may be thought over
			}
			n.enter(Question)
		}
	case page.ActYes, page.ActNo, page.ActDontKnow:
		n.answered(a)
	}
}

// guide does what a touch means in the guides and on the way into them, and tells whether it meant anything there.
func (n *turn) guide(a page.Action) bool {
	if n.set.Content == nil || n.at == Reading || n.judging {
		return false
	}
	switch a {
	case page.ActGuides:
		n.walk = guide.Walk{}
		n.enter(Guides)
		return true
	case page.ActResume:
		if n.walk.Nowhere() {
			return false
		}
		n.enter(GuideStep)
		return true
	case page.ActBack:
		if n.printed == GuideStep && (n.at == Printed || n.at == NotPrinted) {
			n.enter(GuideStep)
			return true
		}
	case page.ActPrint:
		if n.canPrint() && (n.at == GuideStep && n.walk.Leaf() != nil || n.at == NotPrinted && n.printed == GuideStep) {
			n.print(GuideStep)
			n.enter(Printing)
			return true
		}
	}
	if id, ok := strings.CutPrefix(string(a), string(page.ActGuide)); ok {
		w, found := guide.At(&n.set.Content.Guides, id, n.known())
		if found {
			n.walk = w
			n.enter(GuideStep)
		}
		return true
	}
	switch {
	case n.at == Guides && a == page.ActBack:
		n.leaveGuides()
		return true
	case n.at == GuideStep:
		n.walked(a)
		return true
	}
	return false
}

// leaveGuides goes back to the result, or to where nobody is.
func (n *turn) leaveGuides() {
	if n.readToEnd() {
		n.enter(Result)
		return
	}
	n.end()
}

// walked goes on in a guide.
func (n *turn) walked(a page.Action) {
	on := n.walk
	count := func(prefix page.Action) (int, bool) {
		s, ok := strings.CutPrefix(string(a), string(prefix))
		i, err := strconv.Atoi(s)
		return i, ok && err == nil
	}
	switch a {
	case page.ActOver:
		n.walk = guide.Walk{}
		n.enter(Guides)
		return
	case page.ActBack:
		var behind bool
		if on, behind = on.Back(); !behind {
			n.walk = guide.Walk{}
			n.enter(Guides)
			return
		}
	case page.ActDontKnow:
		on = on.Answer(-1)
	case page.ActThen:
		on = on.Then()
	case page.ActForgot:
		if n.readToEnd() && n.walk.Leaf() != nil {
			for _, name := range n.walk.Leaf().Forgotten {
				if k, err := card.ParseKey(name); err == nil && !slices.Contains(n.Answers.Forgotten, k) {
					n.Answers.Forgotten = append(slices.Clip(n.Answers.Forgotten), k)
				}
			}
			n.judge()
		}
		return
	default:
		if i, ok := count(page.ActAnswer); ok {
			on = on.Answer(i)
		} else if i, ok := count(page.ActSee); ok {
			on = on.See(i)
		} else {
			return
		}
	}
	n.walk = on
	n.enter(GuideStep)
}

func (n *turn) answered(a page.Action) {
	q := n.question
	if n.at != Question || n.judging {
		return
	}
	n.asked = append(n.asked, q)
	switch a {
	case page.ActYes:
		n.Answers = n.Answers.With(q, diagnosis.Yes)
	case page.ActNo:
		n.Answers = n.Answers.With(q, diagnosis.No)
	default:
		n.advance()
		return
	}
	n.judge()
}

// timeout counts the time that ran out and does what was due.
func (n *turn) timeout() {
	n.rearm = true
	due := func(left *int) bool {
		if *left == 0 {
			return false
		}
		*left = max(*left-n.step, 0)
		return *left == 0
	}
	over, taken, owed, minute := due(&n.remain), due(&n.takeLeft), due(&n.owedLeft), due(&n.minute)
	switch {
	case over:
		n.over()
		return
	case taken && n.at == TakeCard:
		n.at = Result
	case minute:
		n.do(AskClock{})
	}
	// Answering takes longer than reading: whoever is at a question is left alone until the countdown.
	if owed && n.at != Question || n.counted() && n.remain <= min(countdown, n.stay()/2) {
		n.slipOwed()
	}
}

// over does what follows when a screen's time is up.
func (n *turn) over() {
	switch {
	case n.at == NotPrinted:
		n.enter(n.printed)
	case n.stay() > 0:
		n.end()
	case n.choosing:
		n.choosing = false
		n.remain = n.span()
	default:
		n.Lang, n.Part = n.set.Lang, 0
	}
}

// arm asks for the next time-out that matters, and for none when nothing can run out.
func (n *turn) arm() {
	if !n.rearm {
		return
	}
	n.token++
	n.step = 0
	next := func(left int) {
		if left > 0 && (n.step == 0 || left < n.step) {
			n.step = left
		}
	}
	next(n.remain)
	if n.counted() {
		if n.remain > countdown {
			next(n.remain - countdown)
		} else if n.remain > 0 {
			next(1)
		}
	}
	next(n.takeLeft)
	next(n.minute)
	if n.owed {
		next(n.owedLeft)
	}
	if n.step > 0 {
		n.do(Wake{After: time.Duration(n.step) * time.Second, Token: n.token})
	}
}
