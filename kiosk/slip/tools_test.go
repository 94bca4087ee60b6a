//go:build tools

package slip_test

import (
	"fmt"
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

	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

// Slips are read back by programs nobody here wrote.

// TestCodesAreRead: every QR code of every visit's slip and of every guide leaf is read as what the page says.
func TestCodesAreRead(t *testing.T) {
	read := 0
	for _, v := range visits() {
		spec := named(t, v.card)
		for _, lang := range text.Languages() {
			read += codesAreRead(t, v.card+","+v.answers+" "+lang.String(), pageOf(t, spec, v.answers, lang))
		}
	}
	c := content.Embedded()
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	office := site.Resolve(diagnosis.Report{}, diagnosis.Now{}, diagnosis.Answers{}, place, c).Office
	leaves := 0
	for _, at := range guide.Nodes(&c.Guides) {
		if w, _ := guide.At(&c.Guides, at, nil); w.Leaf() != nil {
			leaves += codesAreRead(t, at, page.Of(page.GuideStep{Content: c, Walk: w}, office, text.Japanese))
		}
	}
	for _, guides := range []int{0, 8, 40} {
		if n := codesAreRead(t, fmt.Sprintf("statistics with %d guides", guides), statistics(text.Japanese, guides)); n != 2 {
			t.Errorf("%d QR codes of statistics with %d guides were read; want 2", n, guides)
		}
	}
	t.Logf("%d QR codes of visits and %d of guide leaves were read", read, leaves)
	if read < 400 || leaves < 20 {
		t.Errorf("%d QR codes of visits and %d of guide leaves were read; want 400 and 20 at least", read, leaves)
	}
}

// codesAreRead returns how many codes were read on the narrowest paper and the usual one.
func codesAreRead(t *testing.T, name string, p page.Page) (read int) {
	t.Helper()
	if p.Link == "" && p.Calendar == "" {
		return 0
	}
	path := filepath.Join(t.TempDir(), "slip.png")
	for _, o := range []slip.Options{{Width: 384, DPI: 203}, {Width: 576, DPI: 203}} {
		img, err := slip.Set(p, o)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, img)
		out, err := exec.Command("zbarimg", "--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
		rest := string(out)
		for _, want := range []string{p.Link, p.Calendar} {
			if want == "" {
				continue
			}
			before, after, found := strings.Cut(rest, want+"\n")
			if !found {
				t.Errorf("%s on %d dots: zbarimg reads %q, %v; want %q among it", name, o.Width, out, err, want)
				continue
			}
			rest = before + after
			read++
		}
		if rest != "" {
			t.Errorf("%s on %d dots: zbarimg reads %q as well", name, o.Width, rest)
		}
	}
	return read
}

// worst and usual are which part of the characters of one text, and of all together, may be misread. Tesseract takes 署
// for 著 and sees letters between the lines of a headline, which is why those are looked for one by one.
const worst, usual = 0.34, 0.03

// TestWordsAreRead: what a clerk and a helper must read is read from photos of a slip.
func TestWordsAreRead(t *testing.T) {
	wrong, all := 0, 0
	for _, tt := range []struct {
		card  string
		width int
	}{
		{"locked-sign", 576}, {"locked-auth", 384}, {"locked-input-support", 576}, {"locked-juki", 384}, {"locked-surface-b", 576},
		{"locked-auth-sign", 384}, {"locked-all", 576}, {"expiring", 384}, {"expired", 576}, {"ending-together", 576},
		{"child-locked-auth", 384}, {"no-certificates", 576},
	} {
		p := pageOf(t, named(t, tt.card), "", text.Japanese)
		img, err := slip.Set(p, slip.Options{Width: tt.width, DPI: 203})
		if err != nil {
			t.Fatal(err)
		}
		said := photographed(t, img)
		texts := []string{p.Rows[0].Official, p.Ways[0].Place[0], p.Ways[0].Opening, p.Codes}
		const em = 57 // of a headline
		for _, want := range append(texts, text.Balance(string(p.Mark.Rune())+" "+p.Headline, tt.width*2/em)...) {
			e := []rune(plain(want))
			n := misread(e, []rune(said))
			wrong, all = wrong+n, all+len(e)
			if len(e) == 0 || float64(n) > worst*float64(len(e)) {
				t.Errorf("%s on %d dots: %d of %d characters of %q are misread in\n%s", tt.card, tt.width, n, len(e), want, said)
			}
		}
	}
	t.Logf("%d of %d characters were misread", wrong, all)
	if float64(wrong) > usual*float64(all) {
		t.Errorf("%d of %d characters were misread; want %.0f %% at most", wrong, all, usual*100)
	}
}

// photographed reads a slip from greyscale photos of about 8 cm each, because no photo of the whole strip shows small
// print. Each begins before the end of the last.
func photographed(t *testing.T, img *image.Paletted) string {
	t.Helper()
	const height, overlap, border = 640, 160, 40
	var said strings.Builder
	path := filepath.Join(t.TempDir(), "photo.png")
	for y := 0; y == 0 || y+overlap < img.Rect.Dy(); y += height - overlap {
		part := image.Rect(0, y, img.Rect.Dx(), min(y+height, img.Rect.Dy()))
		photo := image.NewGray(image.Rect(0, 0, (part.Dx()+2*border)*3/2, (part.Dy()+2*border)*3/2))
		draw.Draw(photo, photo.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		at := image.Rect(border*3/2, border*3/2, (part.Dx()+border)*3/2, (part.Dy()+border)*3/2)
		draw.CatmullRom.Scale(photo, at, img, part, draw.Src, nil)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, photo); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		read := exec.Command("tesseract", path, "-", "-l", "jpn", "--psm", "6")
		read.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1") // more threads only wait for each other
		out, err := read.Output()
		if err != nil {
			t.Fatalf("tesseract: %v", err)
		}
		said.WriteString(plain(string(out)))
	}
	return said.String()
}

// plain leaves of a text what can be misread: no spaces, no lines, no full-width forms of ASCII.
func plain(s string) string { return strings.Join(strings.Fields(norm.NFKC.String(s)), "") }

// misread returns the least number of edits that turn want into a part of said.
func misread(want, said []rune) int {
	row := make([]int, len(want)+1) // of said's beginning: row[i] edits for want[:i] against a part that ends here
	for i := range row {
		row[i] = i
	}
	least := row[len(want)]
	for _, r := range said {
		diagonal := row[0]
		for i, w := range want {
			edits := min(row[i+1]+1, row[i]+1, diagonal)
			if w != r {
				edits = min(row[i+1]+1, row[i]+1, diagonal+1)
			}
			diagonal, row[i+1] = row[i+1], edits
		}
		least = min(least, row[len(want)])
	}
	return least
}
