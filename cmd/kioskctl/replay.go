package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"

	"kagimado/kiosk/content"
	"kagimado/kiosk/replay"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// playBack runs a recording again and holds what is shown and printed against what was.
func playBack(_ context.Context, t *tool, args []string) error {
	fs := t.flags("replay")
	var v visit
	fs.StringVar(&v.profile, "profile", "", "the profile of the recording, where it is not a built-in one")
	verbose := fs.Bool("verbose", false, "print every event")
	until := fs.Int("until", 0, "end after this line of the file")
	toPNG := fs.String("png", "", "write a picture of the last screen to this file")
	anew := fs.String("anew", "", "compare nothing; write the recording to this file with the screens and slips of this program")
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	file := fs.Arg(0)
	if file == "" {
		return usagef("replay takes a recording; kiosk -record of a simulated build writes one")
	}
	if err := parse(fs, fs.Args()[1:]); err != nil { // flags may stand on either side of it
		return err
	}
	rec, err := readRecording(file)
	if err != nil {
		return err
	}
	place, err := v.recorded(rec, file, *anew != "")
	if err != nil {
		return err
	}
	if last := len(rec.Events) + 1; *until != 0 && (*until < 2 || *until > last) {
		return usagef("--until %d: the events of %s stand in the lines 2 to %d", *until, file, last)
	}
	p := playing{tool: t, file: file, verbose: *verbose, compare: *anew == "", seen: map[string]shown{}}
	for e, f := range rec.Play(place, content.Embedded()) {
		if err := p.event(e, f); err != nil {
			return err
		}
		rec.Events[p.events-1].Shown = f.Shown
		if e.Line == *until {
			break
		}
	}
	if *toPNG != "" {
		err := writePNG(*toPNG, func(w io.Writer) error { return png.Encode(w, pictured(p.last.Cells).Image(20, 40)) })
		if err != nil {
			return err
		}
	}
	if *anew != "" {
		rec.Profile, rec.Digest, rec.Events = place.File, place.Digest, rec.Events[:p.events]
		var b bytes.Buffer
		if err := rec.Write(&b); err != nil {
			return err
		}
		return os.WriteFile(*anew, b.Bytes(), 0o644)
	}
	fmt.Fprintf(t.stdout, "%d events, %d screens, %d slips: all the same\n", p.events, p.screens, p.slips)
	return nil
}

func readRecording(file string) (*replay.Recording, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usagef("reading recording: %w", err)
	}
	defer f.Close()
	rec, err := replay.Read(f)
	if m := (*replay.Mistake)(nil); errors.As(err, &m) {
		return nil, usagef("%s:%w; play it with the program that recorded it, or record it again", file, m)
	} else if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(rec.Events) == 0 {
		return nil, usagef("%s: nothing happens in this recording", file)
	}
	return rec, nil
}

// recorded returns the profile a recording was made with, which may have changed since when the recording is to be written anew.
func (v *visit) recorded(rec *replay.Recording, file string, changed bool) (*site.Profile, error) {
	if v.profile != "" {
		p, err := v.place()
		if err == nil && p.Digest != rec.Digest && !changed {
			err = usagef("%s:1: digest is %s, that of %s is %s: name the profile %s as it was, or write the recording --anew",
				file, rec.Digest, v.profile, p.Digest, rec.Profile)
		}
		return p, err
	}
	for _, name := range site.BuiltinNames {
		if p, err := site.Builtin(name); err != nil || p.Digest == rec.Digest {
			return p, err
		}
	}
	return nil, usagef("%s:1: digest %s of %s is none of the built-in profiles': name that file with --profile", file, rec.Digest, rec.Profile)
}

// playing is a replay at work.
type playing struct {
	*tool
	file             string
	verbose, compare bool

	events, screens, slips int
	last                   replay.Frame
	seen                   map[string]shown // by digest
}

// shown is a screen and the first line that showed it.
type shown struct {
	line  int
	cells *screen.Buffer
}

// event takes in one event and what it shows.
func (p *playing) event(e replay.Event, f replay.Frame) error {
	p.events++
	if f.Screen != p.last.Screen {
		p.screens++
	}
	if f.Slip != "" {
		p.slips++
	}
	p.last = f
	if p.verbose {
		slip := ""
		if f.Slip != "" {
			slip = "  slip"
		}
		fmt.Fprintf(p.stdout, "%5d %9.3fs  %-30s %s%s\n", e.Line, e.At.Seconds(), happened(e), f.Name, slip)
	}
	if p.compare && e.Shown != f.Shown {
		return p.differs(e, f)
	}
	if _, had := p.seen[f.Screen]; !had {
		p.seen[f.Screen] = shown{e.Line, f.Cells}
	}
	return nil
}

// happened is an event in a few words.
func happened(e replay.Event) string {
	switch ev := e.Event.(type) {
	case session.Touched:
		return e.Name() + " " + string(ev.Action)
	case session.ReaderGone:
		return e.Name() + " " + ev.Code
	}
	return e.Name()
}

// differs tells where a replay leaves the recording. The recording holds no screens, only their digests: the recorded one can be
// drawn where an earlier line showed it too.
func (p *playing) differs(e replay.Event, f replay.Frame) error {
	where := fmt.Sprintf("%s:%d: after %s at %.3f s ", p.file, e.Line, happened(e), e.At.Seconds())
	if e.Shown.Name == f.Name && e.Shown.Screen == f.Screen {
		return fmt.Errorf("%sthe slip differs: it was %s and is %s", where, slipNamed(e.Shown.Slip), slipNamed(f.Slip))
	}
	fmt.Fprintf(p.stdout, "now, %s:\n%s", f.Name, f.Cells.Text())
	if was, ok := p.seen[e.Shown.Screen]; ok {
		fmt.Fprintf(p.stdout, "recorded, %s, as in line %d:\n%s", e.Shown.Name, was.line, was.cells.Text())
	}
	return fmt.Errorf("%sthe screen differs: it was %s (%s) and is %s (%s)", where, e.Shown.Name, e.Shown.Screen, f.Name, f.Screen)
}

func slipNamed(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest
}
