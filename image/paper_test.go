//go:build image

package image_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/text/unicode/norm"
)

// recognised is what tesseract reads in a picture, without spaces and lines, which it sees where there are none.
func recognised(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command("tesseract", path, "-", "-l", "jpn", "--psm", "6")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1") // more threads only wait for each other
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tesseract: %v", err)
	}
	return plain(string(out))
}

func plain(s string) string { return strings.Join(strings.Fields(norm.NFKC.String(s)), "") }

// photographed reads a slip from photos of about 8 cm each, because no photo of the whole strip shows small print.
func photographed(t *testing.T, slip image.Image) string {
	t.Helper()
	const height, overlap, border = 640, 160, 40
	var said strings.Builder
	path := filepath.Join(t.TempDir(), "photo.png")
	width, all := slip.Bounds().Dx(), slip.Bounds().Dy()
	for y := 0; y == 0 || y+overlap < all; y += height - overlap {
		part := image.Rect(0, y, width, min(y+height, all))
		photo := image.NewGray(image.Rect(0, 0, (width+2*border)*3/2, (part.Dy()+2*border)*3/2))
		draw.Draw(photo, photo.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.CatmullRom.Scale(photo, image.Rect(border*3/2, border*3/2, (width+border)*3/2, (part.Dy()+border)*3/2), slip, part, draw.Src, nil)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, photo); err != nil {
			t.Fatal(err)
		}
		f.Close()
		said.WriteString(recognised(t, path))
	}
	return said.String()
}

// codes are the QR codes in a picture.
func codes(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command("zbarimg", "--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	if err != nil {
		t.Fatalf("zbarimg finds no code in %s: %v", path, err)
	}
	return strings.Fields(string(out))
}

// legible wants text to be read, but for a third of its characters: tesseract takes one sign for another now and then.
func legible(t *testing.T, said, text string) {
	t.Helper()
	want := []rune(plain(text))
	row := make([]int, len(want)+1) // the least edits from a beginning of want to what ends here
	for i := range row {
		row[i] = i
	}
	least := len(want)
	for _, r := range said {
		diagonal := row[0]
		for i, w := range want {
			edits := min(row[i+1], row[i], diagonal) + 1
			if w == r {
				edits = min(edits, diagonal)
			}
			diagonal, row[i+1] = row[i+1], edits
		}
		least = min(least, row[len(want)])
	}
	if 3*least > len(want) {
		t.Errorf("%d of %d characters of %q are misread in %q", least, len(want), text, said)
	}
}
