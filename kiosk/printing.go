package kiosk

import (
	"context"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// printing is a slip on its way.
type printing struct {
	cancel context.CancelFunc
	ended  chan struct{}
	late   bool // it did not return in time and may yet
}

type printEnd struct {
	job    int
	result session.PrintResult
	code   hw.Code
	state  hw.PrinterState
	mm     int  // of paper, when all of it was sent to paper
	late   bool // the printer did not return in time; the end that follows comes too late to be told
}

// startPrinting prints after the slips that were asked for before: the next visitor's never cuts into the last's.
func (l *loop) startPrinting(ctx context.Context, job session.Print) {
	switch {
	case l.printing != nil && l.printing.late:
		// Nothing more is sent to a printer that hangs in the last slip.
		l.feed(ctx, session.PrintEnded{Job: job.Job, Result: session.PrintNothing, Code: string(hw.PrinterSilent)})
		return
	case l.printing != nil:
		l.queue = append(l.queue, job)
		return
	}
	// A slip that is coming out is not torn by the end of the program; join waits for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.PrintTimeout)
	p := &printing{cancel: cancel, ended: make(chan struct{})}
	l.printing = p
	l.wait.Go(func() {
		defer cancel()
		defer close(p.ended)
		ends := make(chan printEnd, 1)
		l.wait.Go(func() { ends <- l.print(ctx, job) })
		select {
		case end := <-ends:
			l.tellPrint(end)
		case <-ctx.Done():
			l.tellPrint(printEnd{job: job.Job, result: session.PrintPartial, code: hw.PrinterSilent, state: hw.PrinterState{Code: hw.PrinterSilent}, late: true})
			l.tellPrint(<-ends)
		}
	})
}

func (l *loop) tellPrint(p printEnd) {
	select {
	case l.prints <- p:
	case <-l.done:
	}
}

// print runs beside the loop.
func (l *loop) print(ctx context.Context, job session.Print) printEnd {
	begun := time.Now()
	set, p := slip.Set, job.Page
	if job.Trial {
		set, p = slip.Trial, page.Of(page.TestSlip{Width: l.Slip.Width, DPI: l.Slip.DPI, Sizes: slip.Sizes()}, site.Office{}, p.Lang)
	}
	picture, err := set(p, l.Slip)
	if err != nil {
		l.Log.Error("slip cannot be set", "error", err)
		return printEnd{job: job.Job, result: session.PrintNothing}
	}
	printed, err := l.Printer.Print(ctx, picture)
	end := printEnd{job: job.Job, code: printed.State.Code, state: printed.State}
	switch printed.Result {
	case hw.PrintConfirmed, hw.PrintSaved:
		end.result = session.PrintConfirmed
	case hw.PrintSent:
		end.result = session.PrintUnconfirmed
	case hw.PrintRefused:
		end.result = session.PrintNothing
	default:
		end.result = session.PrintPartial
	}
	if printed.Result == hw.PrintConfirmed || printed.Result == hw.PrintSent {
		end.mm = int(float64(picture.Bounds().Dy()) / float64(l.Slip.DPI) * 25.4)
	}
	if end.code == "" && end.result <= session.PrintNothing {
		end.code = hw.CodeOf(err, hw.PrinterSilent)
	}
	l.Log.Info("slip", "result", printed.Result, "code", end.code, "near_end", printed.State.NearEnd,
		"ms", time.Since(begun).Milliseconds(), "error", err)
	return end
}

func (l *loop) printEnded(ctx context.Context, p printEnd) {
	p.state.Code = p.code
	l.heardPrinter(p.state)
	if p.mm > 0 {
		l.add(countPaper, p.mm)
	}
	l.feed(ctx, session.PrintEnded{Job: p.job, Result: p.result, Code: string(p.code)})
	if p.late {
		l.Log.Error("printer does not return", "code", p.code)
		l.printing.late = true
	} else {
		l.printing = nil
	}
	queue := l.queue
	l.queue = nil
	for _, job := range queue {
		l.startPrinting(ctx, job)
	}
}
