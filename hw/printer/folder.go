package printer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"

	"kagimado/hw"
)

// folder writes slips as pictures where there is no printer: on a desk, in tests, for the office's approval.
type folder struct {
	path string
	free free
	last int // number of the slip written last
}

var _ hw.Printer = (*folder)(nil)

// State is fine: the folder is made when it is needed.
func (f *folder) State(context.Context) (hw.PrinterState, error) {
	return hw.PrinterState{Known: true}, nil
}

// Print writes slip as the first slip-NNNN.png that does not exist yet. The file appears whole or not at all.
func (f *folder) Print(ctx context.Context, slip *image.Paletted) (hw.Printed, error) {
	refused := hw.Printed{Result: hw.PrintRefused}
	if slip.Bounds().Empty() {
		return refused, errors.New("saving slip: it is empty")
	}
	if err := f.free.take(ctx); err != nil {
		return refused, err
	}
	defer f.free.give()
	path, err := f.save(slip)
	if err != nil {
		refused.State.Code = hw.PrinterMissing
		return refused, fault(hw.PrinterMissing, fmt.Errorf("saving slip: %w", err))
	}
	return hw.Printed{Result: hw.PrintSaved, State: hw.PrinterState{Known: true}, Path: path}, nil
}

func (f *folder) save(slip *image.Paletted) (path string, err error) {
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return "", err
	}
	draft, err := os.CreateTemp(f.path, ".slip-*.png")
	if err != nil {
		return "", err
	}
	defer os.Remove(draft.Name())
	err = errors.Join(png.Encode(draft, oneBit(slip)), draft.Chmod(0o644), draft.Close())
	if err != nil {
		return "", err
	}
	for {
		f.last++
		path = filepath.Join(f.path, fmt.Sprintf("slip-%04d.png", f.last))
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		// A link, because a rename would replace the slip that another kiosk on this folder wrote meanwhile.
		err := os.Link(draft.Name(), path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
			err = os.Rename(draft.Name(), path) // FAT has no links
		}
		return path, err
	}
}

// oneBit returns slip as a printer shows it, so that the file takes one bit a dot.
func oneBit(slip *image.Paletted) *image.Paletted {
	b := slip.Bounds()
	m := image.NewPaletted(image.Rect(0, 0, b.Dx(), b.Dy()), color.Palette{color.White, color.Black})
	for y := range b.Dy() {
		for x := range b.Dx() {
			if slip.ColorIndexAt(b.Min.X+x, b.Min.Y+y) == 1 {
				m.Pix[y*m.Stride+x] = 1
			}
		}
	}
	return m
}
