// Package update reads what root tells of updates and slots: two small documents in memory, which root replaces by renaming.
// What the kiosk wishes about them goes the other way (hw/system).
//
// The package must never write there itself (root does, what encode.go makes), never believe half a document, and never take a file that is not there for a fault:
// where root tells nothing, nothing is known.
package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"syscall"

	"kagimado/hw"
)

// Where root writes on the appliance.
const (
	File     = "/run/kagimado/update"
	SlotFile = "/run/kagimado/slot"
)

// Schemas of the documents.
const (
	updateSchema = "update/1"
	slotSchema   = "slot/1"
)

// maxBytes is far more than either document needs. Root is trusted to mean well, not to be free of mistakes.
const maxBytes = 4096

// Told is where root tells; an empty name is one that tells nothing.
type Told struct{ UpdateFile, SlotFile string }

var _ hw.Updates = Told{}

type updateDocument struct {
	Schema  string  `json:"schema"`
	Stage   string  `json:"stage"`
	Kind    *string `json:"kind"`
	Version *string `json:"version"`
	Running string  `json:"running"`
	Code    *string `json:"code"`
	Percent *int    `json:"percent"`
}

type slotDocument struct {
	Schema   string  `json:"schema"`
	Slot     string  `json:"slot"`
	Version  string  `json:"version"`
	Trial    bool    `json:"trial"`
	FellBack *string `json:"fell_back"`
}

// Update returns what root tells of the update on the stick.
func (t Told) Update() (hw.Update, error) {
	var d updateDocument
	if known, err := read(t.UpdateFile, &d); err != nil || !known {
		return hw.Update{}, err
	}
	u, err := d.update()
	if err != nil {
		return hw.Update{}, fmt.Errorf("reading what is told of the update: %w", err)
	}
	return u, nil
}

// Slot returns what root tells of the system that runs.
func (t Told) Slot() (hw.Slot, error) {
	var d slotDocument
	if known, err := read(t.SlotFile, &d); err != nil || !known {
		return hw.Slot{}, err
	}
	s, err := d.slot()
	if err != nil {
		return hw.Slot{}, fmt.Errorf("reading what is told of the slot: %w", err)
	}
	return s, nil
}

// read reads one document and nothing else; known is false when there is none.
func read(name string, document any) (known bool, err error) {
	if name == "" {
		return false, nil
	}
	// A pipe in its place must not hold the kiosk.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading what root tells: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, fmt.Errorf("reading what root tells: %w", errors.Join(err, fmt.Errorf("%s is no plain file", name)))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = fmt.Errorf("it is longer than %d bytes", maxBytes)
	}
	if err == nil {
		err = strictly(data, document)
	}
	if err != nil {
		return false, fmt.Errorf("reading what root tells in %s: %w", name, err)
	}
	return true, nil
}

func strictly(data []byte, document any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(document); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

// What a version and a code may look like: both come to stand on a screen.
var (
	versionForm = regexp.MustCompile(`^[0-9A-Za-z.+~-]{0,64}$`)
	codeForm    = regexp.MustCompile(`^[A-Z]-[0-9]{2}$`)
)

func (d updateDocument) update() (hw.Update, error) {
	u := hw.Update{Stage: hw.UpdateStage(d.Stage), Running: d.Running}
	if d.Schema != updateSchema {
		return u, fmt.Errorf("schema is %q; want %q", d.Schema, updateSchema)
	}
	if d.Kind != nil {
		u.Kind = hw.UpdateKind(*d.Kind)
	}
	if d.Version != nil {
		u.Version = *d.Version
	}
	if d.Code != nil {
		u.Code = hw.Code(*d.Code)
	}
	if d.Percent != nil {
		u.Percent = *d.Percent
	}
	switch u.Kind {
	case hw.UpdateSystem, hw.UpdateContent:
	case "":
		if d.Kind != nil || u.Stage == hw.UpdateFound || u.Stage == hw.UpdateInstalling || u.Stage == hw.UpdateInstalled {
			return u, fmt.Errorf("stage %q without a kind", u.Stage)
		}
	default:
		return u, fmt.Errorf("kind %q is unknown", u.Kind)
	}
	switch {
	case !versionForm.MatchString(u.Version) || !versionForm.MatchString(u.Running):
		return u, fmt.Errorf("versions %q and %q are none", u.Version, u.Running)
	case u.Percent < 0 || u.Percent > 100:
		return u, fmt.Errorf("percent is %d", u.Percent)
	}
	switch u.Stage {
	case hw.UpdateLooking, hw.UpdateInstalling:
	case hw.UpdateFound, hw.UpdateInstalled:
		if u.Version == "" {
			return u, fmt.Errorf("stage %q without a version", u.Stage)
		}
	case hw.UpdateRefused:
		if !codeForm.MatchString(string(u.Code)) {
			return u, fmt.Errorf("it was refused with the code %q", u.Code)
		}
		return u, nil
	default:
		return u, fmt.Errorf("stage %q is unknown", u.Stage)
	}
	if u.Code != "" {
		return u, fmt.Errorf("stage %q with the code %q", u.Stage, u.Code)
	}
	return u, nil
}

func (d slotDocument) slot() (hw.Slot, error) {
	s := hw.Slot{Name: d.Slot, Version: d.Version, Trial: d.Trial}
	if d.FellBack != nil {
		s.FellBack = *d.FellBack
	}
	switch {
	case d.Schema != slotSchema:
		return hw.Slot{}, fmt.Errorf("schema is %q; want %q", d.Schema, slotSchema)
	case s.Name != "A" && s.Name != "B":
		return hw.Slot{}, fmt.Errorf("slot is %q; want A or B", s.Name)
	case s.Version == "" || !versionForm.MatchString(s.Version) || !versionForm.MatchString(s.FellBack):
		return hw.Slot{}, fmt.Errorf("versions %q and %q are none", s.Version, s.FellBack)
	}
	return s, nil
}
