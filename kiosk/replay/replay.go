// Package replay writes down what happened at a simulated kiosk and lets it happen again: a recording holds the events that
// went into the session, in their order, and of what followed a digest of each screen and each slip. What was judged is not
// written but the moment it was judged at; a replay judges anew. So a recording tells whether a change of rules, words or
// drawing changes a visit.
//
// A recording is lines of JSON: first how the kiosk was set up, then one line for each event.
//
// The package must never record a real card (the facts of a reading stand in the recording: it is for simulated ones), never
// write a digit of the staff code, and never read a clock or open a file.
package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"iter"
	"time"

	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// Recording is one run of a kiosk.
type Recording struct {
	Profile  string           // the name of the profile's file
	Digest   string           // of the profile: site.Profile.Digest
	Settings session.Settings // without Content, and of Office nothing but the moment
	Panel    screen.Panel
	Slip     slip.Options
	Events   []Event
}

// Event is one line: what happened, when, and what it led to.
type Event struct {
	Line  int           // of the recording, where the first event's is 2
	At    time.Duration // since the kiosk started
	Event session.Event // of a Judged nothing but the visit and the moment
	Shown Shown
}

// Name returns the stable name of what happened.
func (e Event) Name() string {
	k, err := kindOf(e.Event)
	if err != nil {
		return fmt.Sprintf("%T", e.Event)
	}
	return k.name
}

// Shown is what can be seen after an event. The digests are 16 hex digits each.
type Shown struct {
	Name   session.Screen
	Screen string // digest of the text and the colours of its cells
	Slip   string // digest of the slips that the event asked for; empty when it asked for none
}

// Frame is what a replay shows after an event.
type Frame struct {
	Shown
	State session.State
	Cells *screen.Buffer
}

// Play runs the recording again, at the place of p and with the dated data c. Whoever calls compares each Event.Shown with its
// Frame.Shown.
func (r *Recording) Play(p *site.Profile, c *content.Content) iter.Seq2[Event, Frame] {
	return func(yield func(Event, Frame) bool) {
		set := r.Settings
		set.Content = c
		set.Office = site.Resolve(diagnosis.Report{}, set.Office.Now, diagnosis.Answers{}, p, c).Office
		s, draw, asked := session.New(set), painter{panel: r.Panel, slip: r.Slip}, session.Judge{}
		for _, e := range r.Events {
			ev := e.Event
			if j, ok := ev.(session.Judged); ok {
				now := j.Resolved.Office.Now
				j.Resolved = site.Resolve(diagnosis.Diagnose(asked.Facts, now, asked.Answers), now, asked.Answers, p, c)
				ev = j
			}
			var effects []session.Effect
			s, effects = s.Next(ev)
			for _, effect := range effects {
				if j, ok := effect.(session.Judge); ok {
					asked = j
				}
			}
			if !yield(e, draw.frame(s, effects)) {
				return
			}
		}
	}
}

// painter draws what an event led to, and a screen that looks like the last one only once.
type painter struct {
	panel screen.Panel
	slip  slip.Options
	last  Frame
}

func (p *painter) frame(s session.State, effects []session.Effect) Frame {
	f := p.last
	f.Name, f.State = s.Screen, s
	if f.Cells == nil || !s.Looks(p.last.State) {
		f.Cells = screen.NewBuffer(p.panel.Cols, p.panel.Rows)
		screen.Draw(f.Cells, s, p.panel)
		f.Screen = screenDigest(f.Cells)
	}
	p.last = f
	slips := sha256.New()
	for _, e := range effects {
		job, ok := e.(session.Print)
		if !ok {
			continue
		}
		if img, err := p.set(job); err == nil { // else there is none, as on the kiosk
			fmt.Fprintln(slips, img.Rect)
			slips.Write(img.Pix)
		}
		f.Slip = hex.EncodeToString(slips.Sum(nil)[:8])
	}
	return f
}

// set makes a slip as the loop of package kiosk does.
func (p *painter) set(job session.Print) (*image.Paletted, error) {
	if job.Trial {
		about := page.TestSlip{Width: p.slip.Width, DPI: p.slip.DPI, Sizes: slip.Sizes()}
		return slip.Trial(page.Of(about, site.Office{}, job.Page.Lang), p.slip)
	}
	return slip.Set(job.Page, p.slip)
}

func screenDigest(b *screen.Buffer) string {
	var all []byte
	for _, row := range b.Cells() {
		for _, c := range row {
			bold := byte(0)
			if c.Bold {
				bold = 1
			}
			all = append(append(all, c.Text...), 0, c.FG.R, c.FG.G, c.FG.B, c.BG.R, c.BG.G, c.BG.B, bold)
		}
		all = append(all, '\n')
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:8])
}

// Recorder writes a recording while the kiosk runs.
type Recorder struct {
	w       io.Writer
	profile *site.Profile
	draw    painter
	begun   bool
}

// NewRecorder returns a Recorder for a kiosk with this profile. Every line is one Write.
func NewRecorder(w io.Writer, p *site.Profile) *Recorder {
	cols, rows := p.Panel.Grid()
	width, height := p.Panel.CellMM()
	return &Recorder{w: w, profile: p, draw: painter{
		panel: screen.Panel{Cols: cols, Rows: rows, WidthMM: float64(cols) * width, HeightMM: float64(rows) * height},
		slip:  slip.Options{Width: p.Printer.Width, DPI: p.Printer.DPI},
	}}
}

// Record writes one event: at is the time since the kiosk started, before and after are the states around it and effects what
// it asked for. An error is the writer's, or an event's that has no encoding.
func (r *Recorder) Record(at time.Duration, before session.State, ev session.Event, after session.State, effects []session.Effect) error {
	if !r.begun {
		err := (&Recording{
			Profile: r.profile.File, Digest: r.profile.Digest, Settings: before.Settings(), Panel: r.draw.panel, Slip: r.draw.slip,
		}).Write(r.w)
		if err != nil {
			return err
		}
		r.begun = true
	}
	return writeEvent(r.w, Event{At: at, Event: session.Masked(before, ev, after), Shown: r.draw.frame(after, effects).Shown})
}
