package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// importTable is what each package may import, tests aside: the rooms of this repository first, then what lies outside
// the standard library. A name that ends in /... stands for itself and everything below it. It began as design.md §3; where a
// line was moved, the reason stands beside it.
var importTable = map[string][2]string{
	"card":                      {"", ""},
	"card/cardtest":             {"card", ""},
	"card/cardtest/conformance": {"card card/cardtest", "github.com/google/go-cmp/..."}, // a test suite that others run
	"card/cardtest/bridge":      {"", ""},                                               // what the two below share
	"card/cardtest/vpcd":        {"card/cardtest/bridge", ""},                           // of cardsim to the virtual reader
	"card/cardtest/vscard":      {"card/cardtest/bridge", ""},                           // to the reader of a virtual machine
	"hw":                        {"", ""},
	"hw/reader":                 {"hw", "github.com/ebfe/scard"},
	"hw/lines":                  {"hw", "periph.io/x/..."},
	"hw/printer":                {"hw", "golang.org/x/sys/..."},
	"hw/clock":                  {"hw", ""},
	"hw/update":                 {"hw", ""},
	"hw/system":                 {"hw", ""}, // it writes a file and waits: no privilege, no module
	"hw/framebuffer":            {"", "golang.org/x/sys/..."},
	"hw/hwtest":                 {"hw hw/update", ""}, // its stand-in for root writes root's documents
	"hw/hwtest/pcscd":           {"", ""},
	"hw/hwtest/disk":            {"", ""}, // what a virtual machine starts from
	"kiosk/text":                {"", "golang.org/x/text/... github.com/rivo/uniseg github.com/pelletier/go-toml/v2/..."},
	"kiosk/font":                {"", "golang.org/x/image/..."},
	"kiosk/content":             {"", "github.com/pelletier/go-toml/v2/..."},
	"kiosk/diagnosis":           {"card", ""},
	"kiosk/ledger":              {"", ""},
	"kiosk/golden":              {"", "github.com/google/go-cmp/..."}, // what tests hold their goldens with
	// site needs card for the day of a dated fact and the key of a store path, both of which are card's types.
	"kiosk/site": {"card kiosk/content kiosk/diagnosis", "github.com/pelletier/go-toml/v2/..."},
	// guide holds its trees against the rules of plain language, which are text's; what a card said comes as names.
	"kiosk/guide": {"card kiosk/content kiosk/text", ""},
	// edition holds a copy against everything that will say it: the trees' own rules, and the font that draws it.
	"kiosk/edition": {"kiosk/content kiosk/font kiosk/guide kiosk/text", "github.com/pelletier/go-toml/v2/..."},
	"kiosk/page":    {"card kiosk/content kiosk/diagnosis kiosk/guide kiosk/site kiosk/text", ""},
	// session holds the visitor's language, the resolved office and the guides, because State.Next makes the State's Page.
	"kiosk/session": {"card kiosk/content kiosk/diagnosis kiosk/guide kiosk/page kiosk/site kiosk/text", ""},
	"kiosk/screen":  {"kiosk/session kiosk/page kiosk/text", "github.com/gdamore/tcell/v2"},
	"kiosk/slip":    {"kiosk/page kiosk/font kiosk/text", "golang.org/x/image/... github.com/boombuler/barcode/..."},
	// replay draws what a recording shows and judges what it judged: of a visit it needs everything but the loop.
	"kiosk/replay": {"card kiosk/content kiosk/diagnosis kiosk/page kiosk/screen kiosk/session kiosk/site kiosk/slip kiosk/text", ""},
	"kiosk":        {"card hw kiosk/...", "github.com/gdamore/tcell/v2"},
	// wiring is what two commands open alike: the kiosk that uses the hardware, and the tool that tests it.
	"cmd/internal/wiring": {"hw hw/clock hw/lines hw/printer hw/reader kiosk/diagnosis kiosk/site", ""},
	// exit is what one command says when it ends and the other understands.
	"cmd/internal/exit": {"hw kiosk", ""},
	// updater is root's: it checks the content of an update by the rules of whoever will use it.
	"cmd/updater": {"hw hw/update kiosk/edition", ""},
	"image":       {"", ""}, // files, and the tests that boot what is made of them
	"image/sbom":  {"", ""}, // what is in the image
	"systemd":     {"", ""}, // files, and the tests that let systemd read them
	// expfmt is what client_golang itself writes its textfile with; the same bytes go to a USB stick.
	"cmd/kiosk":    {"...", "github.com/gdamore/tcell/v2 github.com/coreos/go-systemd/v22/daemon github.com/prometheus/client_golang/prometheus github.com/prometheus/common/expfmt"},
	"cmd/kioskctl": {"...", "github.com/gdamore/tcell/v2"},
	"cmd/cardsim":  {"...", ""},
}

// pure packages get time and everything else as arguments: no clock, no chance, no files, no logging, no goroutine. card
// may say what of its facts a log may hold, and therefore knows slog's value types. The Makefile has the same list, since
// the race detector has nothing to find in them.
var pure = []string{"card", "kiosk/diagnosis", "kiosk/guide", "kiosk/session", "kiosk/screen", "kiosk/slip", "kiosk/replay"}

var impure = []string{"os", "os/exec", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "io/ioutil", "net", "syscall"}

type listed struct {
	ImportPath, Dir            string
	Imports, GoFiles, CgoFiles []string
}

func list(t *testing.T, args ...string) (out []listed) {
	t.Helper()
	b, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Imports,GoFiles,CgoFiles"}, args...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(b))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, tags := range []string{"", "sim"} {
		for _, p := range list(t, "-tags", tags, "kagimado/...") {
			room := strings.TrimPrefix(p.ImportPath, "kagimado/")
			row, ok := importTable[room]
			if !ok {
				t.Errorf("package %s stands in no row of the import table", room)
				continue
			}
			seen[room] = true
			for _, i := range p.Imports {
				if inner, ours := strings.CutPrefix(i, "kagimado/"); ours {
					if !allowed(row[0], inner) {
						t.Errorf("%s imports %s; the table allows %q of ours", room, inner, row[0])
					}
				} else if strings.Contains(strings.Split(i, "/")[0], ".") && !allowed(row[1], i) {
					t.Errorf("%s imports %s; the table allows %q from outside", room, i, row[1])
				}
			}
		}
	}
	for room := range importTable {
		if !seen[room] {
			t.Errorf("the import table has a row for %s, which does not exist", room)
		}
	}
}

func allowed(list, path string) bool {
	for _, a := range strings.Fields(list) {
		stem, tree := strings.CutSuffix(a, "/...")
		if a == path || a == "..." || tree && (path == stem || strings.HasPrefix(path, stem+"/")) {
			return true
		}
	}
	return false
}

// TestKioskKnowsNoDriver holds package kiosk to "never hw/*", which kiosk/... in its row does not say.
func TestKioskKnowsNoDriver(t *testing.T) {
	for _, p := range list(t, "-deps", "kagimado/kiosk") {
		if strings.HasPrefix(p.ImportPath, "kagimado/hw/") {
			t.Errorf("kagimado/kiosk depends on the driver %s", p.ImportPath)
		}
	}
}

func TestReleaseHasNoSimulatedHardware(t *testing.T) {
	for _, command := range []string{"kagimado/cmd/kiosk", "kagimado/cmd/kioskctl", "kagimado/cmd/updater"} {
		for _, p := range list(t, "-deps", command) {
			if strings.HasPrefix(p.ImportPath, "kagimado/card/cardtest") || strings.HasPrefix(p.ImportPath, "kagimado/hw/hwtest") ||
				p.ImportPath == "testing" || command == "kagimado/cmd/kiosk" && p.ImportPath == "kagimado/kiosk/replay" {
				t.Errorf("%s depends on %s", command, p.ImportPath)
			}
		}
	}
}

func TestPurePackages(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if list := "\nPURE = " + strings.Join(pure, " ") + "\n"; !strings.Contains(string(makefile), list) {
		t.Errorf("the Makefile does not say %q", strings.TrimSpace(list))
	}
	for _, p := range list(t, "kagimado/...") {
		room := strings.TrimPrefix(p.ImportPath, "kagimado/")
		if !slices.Contains(pure, room) {
			continue
		}
		for _, i := range p.Imports {
			if slices.Contains(impure, i) && !(room == "card" && i == "log/slog") {
				t.Errorf("%s imports %s", room, i)
			}
		}
		for _, name := range p.GoFiles {
			tellsTime(t, filepath.Join(p.Dir, name))
		}
	}
}

func tellsTime(t *testing.T, name string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			t.Errorf("%s starts a goroutine", fset.Position(g.Pos()))
		}
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" &&
			slices.Contains([]string{"Now", "Since", "Until", "After", "Sleep", "Tick", "NewTimer", "NewTicker", "AfterFunc"}, s.Sel.Name) {
			t.Errorf("%s uses time.%s", fset.Position(n.Pos()), s.Sel.Name)
		}
		return true
	})
}

// TestTextsStayInTheCatalogue fails on Japanese in a string of a Go file outside the few places where it is a name
// rather than a text: the official terms of the key table, the message catalogue's own package, what the profile
// tells staff, and simulated cards.
func TestTextsStayInTheCatalogue(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		room := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), root+string(filepath.Separator)))
		if slices.Contains([]string{"card", "card/cardtest", "kiosk/site", "kiosk/text"}, room) {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.ContainsFunc(l.Value, japanese) {
				t.Errorf("%s holds text for people: %s", fset.Position(l.Pos()), l.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func japanese(r rune) bool {
	return r >= 0x3041 && r <= 0x30FE && r != 0x30FB || r >= 0x4E00 && r <= 0x9FFF // the middle dot is a bullet
}
