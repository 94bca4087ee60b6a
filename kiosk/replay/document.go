package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// version of the recording's form.
const version = 1

// Bounds of what is read: a line in bytes, and the cells of a panel.
const (
	maxLine = 1 << 20
	maxCols = 400
	maxRows = 200
)

// Mistake is what is wrong with a line of a recording.
type Mistake struct {
	Line int
	Err  error
}

// Error tells line and cause.
func (m *Mistake) Error() string { return fmt.Sprintf("%d: %v", m.Line, m.Err) }

// Unwrap returns the cause.
func (m *Mistake) Unwrap() error { return m.Err }

type header struct {
	Recording  int      `json:"recording"`
	Profile    string   `json:"profile"`
	Digest     string   `json:"digest"`
	Screen     panel    `json:"screen"`
	Slip       paper    `json:"slip"`
	Now        interval `json:"now"`
	Lang       string   `json:"lang"`
	Staff      []string `json:"staff,omitempty"`
	Printer    bool     `json:"printer"`
	Print      string   `json:"print"`
	ResultMS   int64    `json:"result_ms"`
	Code       string   `json:"code"`
	Clock      bool     `json:"clock"`
	Stick      bool     `json:"stick"`
	Update     bool     `json:"update,omitempty"`
	StartOfDay bool     `json:"start_of_day"`
}

type panel struct {
	Cols     int     `json:"cols"`
	Rows     int     `json:"rows"`
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
}

type paper struct {
	Width int `json:"width"`
	DPI   int `json:"dpi"`
}

type interval struct {
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`
	Why      string    `json:"why,omitempty"`
}

type line struct {
	MS     int64           `json:"ms"`
	Event  string          `json:"event"`
	With   json.RawMessage `json:"with,omitempty"`
	Shows  string          `json:"shows"`
	Screen string          `json:"screen"`
	Slip   string          `json:"slip,omitempty"`
}

// Write writes the recording, of Settings.Office and Content nothing but the moment.
func (r *Recording) Write(w io.Writer) error {
	set := r.Settings
	print, err := printModes.of(uint8(set.Print))
	if err != nil {
		return fmt.Errorf("writing recording: print: %w", err)
	}
	code, err := codeStates.of(uint8(set.Code))
	if err != nil {
		return fmt.Errorf("writing recording: code: %w", err)
	}
	err = writeLine(w, header{
		Recording: version, Profile: filepath.Base(r.Profile), Digest: r.Digest,
		Screen: panel{r.Panel.Cols, r.Panel.Rows, r.Panel.WidthMM, r.Panel.HeightMM}, Slip: paper(r.Slip), Now: interval(set.Office.Now),
		Lang: set.Lang.String(), Staff: set.Staff, Printer: set.Printer, Print: print, ResultMS: set.ResultFor.Milliseconds(),
		Code: code, Clock: set.Clock, Stick: set.Stick, Update: set.Update, StartOfDay: set.StartOfDay,
	})
	for _, e := range r.Events {
		if err == nil {
			err = writeEvent(w, e)
		}
	}
	return err
}

func writeEvent(w io.Writer, e Event) error {
	k, err := kindOf(e.Event)
	if err != nil {
		return fmt.Errorf("writing recording: %w", err)
	}
	with, err := k.write(e.Event)
	if err != nil {
		return fmt.Errorf("writing recording: event %s: %w", k.name, err)
	}
	return writeLine(w, line{e.At.Milliseconds(), k.name, with, string(e.Shown.Name), e.Shown.Screen, e.Shown.Slip})
}

func writeLine(w io.Writer, document any) error {
	b, err := json.Marshal(document)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing recording: %w", err)
	}
	return nil
}

// Read reads a recording strictly: what this program does not know, it would play wrongly. An error is a *Mistake or the
// reader's.
func Read(r io.Reader) (*Recording, error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, maxLine)
	n := 0
	next := func(document any) (more bool, err error) {
		n++
		if !scan.Scan() {
			err := scan.Err()
			if errors.Is(err, bufio.ErrTooLong) {
				err = &Mistake{n, fmt.Errorf("the line is longer than %d bytes", maxLine)}
			}
			return false, err
		}
		if err := strictly(scan.Bytes(), document); err != nil {
			return false, &Mistake{n, err}
		}
		return true, nil
	}
	var head header
	if more, err := next(&head); err != nil {
		return nil, err
	} else if !more {
		return nil, &Mistake{1, errors.New("the file is empty")}
	}
	rec, err := head.recording()
	if err != nil {
		return nil, &Mistake{1, err}
	}
	for {
		var l line
		if more, err := next(&l); err != nil {
			return nil, err
		} else if !more {
			return rec, nil
		}
		e, err := l.event()
		if err != nil {
			return nil, &Mistake{n, err}
		}
		e.Line = n
		rec.Events = append(rec.Events, e)
	}
}

// strictly reads one document and nothing else.
func strictly(b []byte, document any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(document); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

var digest = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (h header) recording() (*Recording, error) {
	if h.Recording != version {
		return nil, fmt.Errorf("recording is %d; this program plays %d", h.Recording, version)
	}
	if !digest.MatchString(h.Digest) {
		return nil, fmt.Errorf("digest is %q; want 16 hex digits", h.Digest)
	}
	if s := h.Screen; s.Cols < screen.MinCols || s.Rows < screen.MinRows || s.Cols > maxCols || s.Rows > maxRows || s.WidthMM < 0 || s.HeightMM < 0 {
		return nil, fmt.Errorf("screen is %+v; want %d to %d columns and %d to %d rows", s, screen.MinCols, maxCols, screen.MinRows, maxRows)
	}
	lang, err := text.ParseLanguage(h.Lang)
	if err != nil {
		return nil, err
	}
	print, err := printModes.parse("print", h.Print)
	if err != nil {
		return nil, err
	}
	code, err := codeStates.parse("code", h.Code)
	if err != nil {
		return nil, err
	}
	result, err := milliseconds("result_ms", h.ResultMS)
	if err != nil {
		return nil, err
	}
	return &Recording{
		Profile: h.Profile, Digest: h.Digest, Slip: slip.Options(h.Slip),
		Panel: screen.Panel{Cols: h.Screen.Cols, Rows: h.Screen.Rows, WidthMM: h.Screen.WidthMM, HeightMM: h.Screen.HeightMM},
		Settings: session.Settings{
			Lang: lang, Office: site.Office{Now: diagnosis.Now(h.Now)}, Staff: h.Staff, Printer: h.Printer, Print: session.PrintMode(print),
			ResultFor: result, Code: session.CodeState(code), Clock: h.Clock, Stick: h.Stick, Update: h.Update, StartOfDay: h.StartOfDay,
		},
	}, nil
}

func (l line) event() (Event, error) {
	at, err := milliseconds("ms", l.MS)
	if err != nil {
		return Event{}, err
	}
	k, err := kindNamed(l.Event)
	if err != nil {
		return Event{}, err
	}
	ev, err := k.read(l.With)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", l.Event, err)
	}
	return Event{At: at, Event: ev, Shown: Shown{session.Screen(l.Shows), l.Screen, l.Slip}}, nil
}

// milliseconds bounds a time to what a Duration holds.
func milliseconds(what string, n int64) (time.Duration, error) {
	if most := int64(1<<63-1) / int64(time.Millisecond); n < 0 || n > most {
		return 0, fmt.Errorf("%s is %d; want 0 to %d", what, n, most)
	}
	return time.Duration(n) * time.Millisecond, nil
}
