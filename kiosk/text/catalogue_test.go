package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// needs tells whether l must have this message. The clerk's note and official names are Japanese in every language;
// what staff read on the bench exists in Japanese and English.
func needs(l Language, key string) bool {
	switch {
	case l == Japanese:
		return true
	case strings.HasPrefix(key, "clerk."), key == "title.clerk", strings.HasSuffix(key, ".official") && !strings.HasPrefix(key, "readout."):
		return false
	case strings.HasPrefix(key, "readout."):
		return l != EasyJapanese
	}
	return true
}

func TestLanguagesAreComplete(t *testing.T) {
	for _, l := range Languages() {
		var want []string
		for _, k := range Keys() {
			if needs(l, k) {
				want = append(want, k)
			}
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(catalogues[l]()))); diff != "" {
			t.Errorf("keys of %s (-want +got):\n%s", l, diff)
		}
	}
}

func TestPlaceholdersAgree(t *testing.T) {
	for _, l := range Languages()[1:] {
		for _, k := range Keys() {
			if diff := cmp.Diff(Japanese.Placeholders(k), l.Placeholders(k)); diff != "" {
				t.Errorf("placeholders of %s in %s (-ja +%s):\n%s", k, l, l, diff)
			}
		}
	}
}

// TestEveryMessageIsUsed looks for each key in the program's string literals: as a whole, as the beginning of a
// numbered series, or behind a literal that ends with a dot and takes a name from a fixed list.
func TestEveryMessageIsUsed(t *testing.T) {
	literals := map[string]bool{}
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return nil // a file somebody is writing just now says nothing
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if s, err := strconv.Unquote(lit.Value); err == nil {
						literals[s] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range Keys() {
		if !used(literals, k) {
			t.Errorf("message %s is said nowhere", k)
		}
	}
}

func used(literals map[string]bool, key string) bool {
	if literals[key] {
		return true
	}
	segments := strings.Split(key, ".")
	if _, err := strconv.Atoi(segments[len(segments)-1]); err == nil && used(literals, strings.Join(segments[:len(segments)-1], ".")) {
		return true
	}
	for i := 1; i < len(segments); i++ {
		prefix, rest := strings.Join(segments[:i], ".")+".", strings.Join(segments[i+1:], ".")
		if literals[prefix] && (rest == "" || literals["."+rest]) {
			return true
		}
	}
	return false
}

func TestSay(t *testing.T) {
	for _, tt := range []struct {
		l     Language
		key   string
		pairs []string
		want  string
	}{
		{Japanese, "headline.locked", []string{"name", "署名用パスワード"}, "署名用パスワードが使えません"},
		{English, "headline.locked", []string{"name", "login PIN"}, "Your login PIN is locked"},
		{English, "headline.locked", []string{"name", "{name}"}, "Your {name} is locked"}, // values are not looked into
		{English, "title.clerk", nil, "窓口の方へ"},
		{Language(9), "language.name", nil, "日本語"},
		{English, "no.such.key", nil, "{no.such.key}"},
		{English, "date.day", []string{"year"}, "{day} {month} {year}"},
	} {
		if got := tt.l.Say(tt.key, tt.pairs...); got != tt.want {
			t.Errorf("%s.Say(%q, %q) = %q; want %q", tt.l, tt.key, tt.pairs, got, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, file := range map[string]string{
		"number":           `a = 1`,
		"list":             `a = ["b"]`,
		"twice":            "a = \"b\"\na = \"c\"",
		"empty":            `a = ""`,
		"outer space":      `a = "b "`,
		"open brace":       `a = "{b"`,
		"odd placeholder":  `a = "{B1}"`,
		"control":          `a = "b\tc"`,
		"newline":          "a = \"\"\"b\nc\"\"\"",
		"ambiguous circle": `a = "①"`,
		"ambiguous dash":   `a = "b — c"`,
		"curly quote":      `a = "don’t"`,
		"not TOML":         `a`,
	} {
		if m, err := parse([]byte(file)); err == nil {
			t.Errorf("%s: parse(%q) = %v; want an error", name, file, m)
		}
	}
}

// TestButtonsFitTargets: four buttons stand side by side on the smallest panel, so a label has three rows of eight
// cells, two where a line stands below it, and a Latin word is not cut. Things to choose from have larger buttons.
func TestButtonsFitTargets(t *testing.T) {
	for _, l := range Languages() {
		for _, k := range Keys() {
			name, button := strings.CutPrefix(k, "button.")
			if !button {
				continue
			}
			cells, most := 8, 3
			switch name {
			case "more", "extend":
				most = 2
			case "then", "forgot":
				cells = 12
			}
			s := l.Say(k)
			if rows := Balance(s, cells); len(rows) > most {
				t.Errorf("%s %s %q takes %d rows of %d cells; want %d at most", l, k, s, len(rows), cells, most)
			}
			for _, word := range strings.Fields(s) {
				if l == English && Width(word) > 8 {
					t.Errorf("%s %s: the word %q takes %d cells; want eight at most", l, k, word, Width(word))
				}
			}
		}
	}
}

// TestHeadlinesFitTwoRows: the verdict stands alone at the top of 40 cells, in two rows at most.
func TestHeadlinesFitTwoRows(t *testing.T) {
	for _, l := range Languages() {
		for _, k := range Keys() {
			if !strings.HasPrefix(k, "headline.") && !strings.HasSuffix(k, ".headline") {
				continue
			}
			longest := ""
			for _, name := range []string{"auth", "sign", "input-support", "juki", "surface-b"} {
				if s := l.Say("key." + name + ".short"); Width(s) > Width(longest) {
					longest = s
				}
			}
			if rows := Paragraph(l.Say(k, "name", longest, "n", "5"), 36); len(rows) > 2 {
				t.Errorf("%s %s takes %d rows: %q", l, k, len(rows), rows)
			}
		}
	}
}
