//go:build sim

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kagimado/kiosk/text"
)

// TestSheets: there is a sheet of screens and one of slips for every language, with something on it.
func TestSheets(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if status := run(t.Context(), &tool{strings.NewReader(""), &out, &errs}, []string{"sheets", dir}); status != done {
		t.Fatalf("exit status %d: %s", status, errs.String())
	}
	for _, l := range text.Languages() {
		for _, name := range []string{"screens", "slips"} {
			f, err := os.Open(filepath.Join(dir, name+"-"+l.String()+".png"))
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(f)
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			dark := 0
			b := img.Bounds()
			for y := b.Min.Y; y < b.Max.Y; y += 5 {
				for x := b.Min.X; x < b.Max.X; x += 5 {
					if r, _, _, _ := img.At(x, y).RGBA(); r < 0x2000 {
						dark++
					}
				}
			}
			if b.Dx() > sheetWidth+2*margin || b.Dy() < 2000 || dark < 2000 {
				t.Errorf("%s is %v with %d dark dots", f.Name(), b.Size(), dark)
			}
		}
	}
}
