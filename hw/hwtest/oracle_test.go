//go:build tools

package hwtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kagimado/hw/hwtest/pcscd"
)

// oracle is where .ci/oracle/install puts programs by strangers that know receipt printers.
const oracle = "../../bin/oracle"

// TestMain runs the tests where nobody else has port 9100, which receiptio does not let one choose.
func TestMain(m *testing.M) {
	code, err := pcscd.Isolate(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const (
	codeText = "KAGIMADO 1234567890"
	receipt  = "^^^receipt\n\n{code:" + codeText + ";option:qrcode,6,m}\n\ntext | 100\n"
)

// An independent client finds the virtual printer in every state that it knows.
func TestReceiptio(t *testing.T) {
	const success, online, coverOpen, paperEmpty, failed, offline, disconnect, timeout = 0, 100, 101, 102, 103, 104, 105, 106
	nothing := func(*Condition) {}
	within := func(turn func(*Condition)) func(*Condition) {
		return func(c *Condition) { c.TurnAt, c.Turn = 1500, turn }
	}
	var clients sync.WaitGroup
	for i, tt := range []struct {
		name  string
		lay   func(*Condition)
		first string // what the printer got before
		query bool   // only the state is asked
		want  int
	}{
		{"ready", nothing, "", false, success},
		{"ready, asked", nothing, "", true, online},
		{"near end", func(c *Condition) { c.NearEnd = true }, "", false, success},
		{"slow", func(c *Condition) { c.RowTime = time.Millisecond }, "", false, success},
		{"half a picture left", nothing, "\x1Dv0\x00\x48\x00\x80\x00\xFF", false, success},
		{"cover", func(c *Condition) { c.CoverOpen = true }, "", false, coverOpen},
		{"cover, asked", func(c *Condition) { c.CoverOpen = true }, "", true, coverOpen},
		{"cover within", within(func(c *Condition) { c.CoverOpen = true }), "", false, coverOpen},
		{"paper end", func(c *Condition) { c.PaperEnd = true }, "", false, paperEmpty},
		{"paper end, asked", func(c *Condition) { c.PaperEnd = true }, "", true, paperEmpty},
		{"paper end within", func(c *Condition) { c.RowsLeft = 100 }, "", false, paperEmpty},
		{"cutter", func(c *Condition) { c.CutterError = true }, "", false, failed},
		{"cutter, asked", func(c *Condition) { c.CutterError = true }, "", true, failed},
		{"cutter jams", func(c *Condition) { c.CutterJams = true }, "", false, failed},
		{"offline", func(c *Condition) { c.Offline = true }, "", false, offline},
		{"offline within", within(func(c *Condition) { c.Offline = true }), "", false, timeout},
		{"deaf", func(c *Condition) { c.Deaf = true }, "", false, offline},
		{"deaf, asked", func(c *Condition) { c.Deaf = true }, "", true, offline},
		{"stuck within", within(func(c *Condition) { c.StuckAt = 1 }), "", false, timeout},
		{"no job's end", func(c *Condition) { c.NoJobEnd = true }, "", false, timeout},
		{"hangs up", func(c *Condition) { c.HangUpAt = 1500 }, "", false, disconnect},
		{"away", nil, "", false, disconnect},
	} {
		check := func(t *testing.T) {
			host := fmt.Sprintf("127.0.0.%d", i+1)
			paper := &Printer{}
			if tt.lay != nil {
				_, _ = paper.Write([]byte(tt.first))
				paper.Set(tt.lay)
				_, stop, err := paper.ListenOn(host + ":9100")
				if err != nil {
					t.Fatal(err)
				}
				defer stop()
			}
			args := []string{filepath.Join(oracle, "node_modules/receiptio/bin/cli.js"), "-d", host, "-l", "ja", "-t", "5"}
			if tt.query {
				args = append(args, "-q")
			}
			cmd := exec.CommandContext(t.Context(), "node", args...)
			cmd.Stdin = strings.NewReader(receipt)
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != tt.want {
				t.Errorf("receiptio ended with %d, %v: %s; want %d", code, err, out, tt.want)
			}
			slips := paper.Slips()
			printed := len(slips) > 0 && readCode(t, slips[len(slips)-1]) == codeText
			if taken := tt.want == success || tt.name == "no job's end"; printed != taken {
				t.Errorf("the receipt came out: %v; want %v", printed, taken)
			}
			if notes := unlike(paper); len(notes) > 0 {
				t.Errorf("printer notes %q", notes)
			}
		}
		// All at once, which t.Parallel would not do: receiptio waits twelve seconds for a mute printer.
		clients.Go(func() { t.Run(tt.name, check) })
	}
	clients.Wait()
}

// unlike returns what the printer noted, but not what is the strangers' choice: they draw without regard to what a printer
// obeys anywhere, and ask for the state within a picture that somebody left.
func unlike(p *Printer) (notes []string) {
	for _, note := range p.Notes() {
		if !strings.HasPrefix(note, "real-time command") {
			notes = append(notes, note)
		}
	}
	return notes
}

// readCode returns what zbarimg reads.
func readCode(t *testing.T, m *image.Paletted) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paper.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

const transform = `
const [command, upsideDown, text] = process.argv.slice(1);
const printer = { command, upsideDown: upsideDown === 'true', cpl: 48, encoding: 'shiftjis', cutting: true, spacing: true, gradient: false, gamma: 1, threshold: 128 };
process.stdout.write(Buffer.from(require('receiptline').transform(text, printer), 'binary'));`

// What an independent generator prints in the dialects of ESC/POS comes out as it was meant: its code is read back by a
// third, its picture dot by dot.
func TestReceiptline(t *testing.T) {
	drawn := image.NewPaletted(image.Rect(0, 0, 96, 700), color.Palette{color.White, color.Black}) // higher than one graphic
	r := rand.New(rand.NewPCG(1, 8))
	for i := range drawn.Pix {
		drawn.Pix[i] = uint8(r.IntN(2))
	}
	var file bytes.Buffer
	if err := png.Encode(&file, drawn); err != nil {
		t.Fatal(err)
	}
	text := receipt + "\n{image:" + base64.StdEncoding.EncodeToString(file.Bytes()) + "}\n"
	for _, command := range []string{"escpos", "epson", "citizen", "fit", "generic"} {
		for _, upsideDown := range []bool{false, true} {
			if upsideDown && command == "fit" {
				continue // such printers turn pictures themselves; ours does not
			}
			name := fmt.Sprintf("%s, upside down %v", command, upsideDown)
			cmd := exec.CommandContext(t.Context(), "node", "-e", transform, command, fmt.Sprint(upsideDown), text)
			cmd.Dir = oracle
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v: %s", name, err, &said)
			}
			paper := &Printer{}
			_, _ = paper.Write(out)
			slips := paper.Slips()
			if len(slips) != 1 {
				t.Errorf("%s: %d slips; want 1", name, len(slips))
				continue
			}
			slip := slips[0]
			if got := readCode(t, slip); got != codeText {
				t.Errorf("%s: zbarimg reads %q; want %q", name, got, codeText)
			}
			if upsideDown {
				for i, j := 0, len(slip.Pix)-1; i < j; i, j = i+1, j-1 {
					slip.Pix[i], slip.Pix[j] = slip.Pix[j], slip.Pix[i]
				}
			}
			if !shows(slip, drawn) {
				t.Errorf("%s: the picture is not on the paper", name)
			}
			if notes := unlike(paper); len(notes) > 0 {
				t.Errorf("%s: printer notes %q", name, notes)
			}
		}
	}
}

// shows tells whether m stands somewhere on the middle of the paper.
func shows(paper, m *image.Paletted) bool {
	left, high := (paper.Bounds().Dx()-m.Bounds().Dx())/2, m.Bounds().Dy()
	for top := 0; top+high <= paper.Bounds().Dy(); top++ {
		y := 0
		for y < high && bytes.Equal(paper.Pix[paper.PixOffset(left, top+y):][:m.Stride], m.Pix[y*m.Stride:][:m.Stride]) {
			y++
		}
		if y == high {
			return true
		}
	}
	return false
}
