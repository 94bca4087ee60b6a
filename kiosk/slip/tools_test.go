//go:build tools

package slip

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kagimado/kiosk/page"
)

// The QR code is read back by a reader nobody here wrote.
func TestLinkIsRead(t *testing.T) {
	eachSlip(t, func(t *testing.T, p page.Page, o Options) {
		if p.Link == "" {
			return
		}
		img, err := Set(p, o)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "slip.png")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := PNG(f, img); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != p.Link {
			t.Errorf("zbarimg reads %q, %v; want %q", got, err, p.Link)
		}
	})
}
