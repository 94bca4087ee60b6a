package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCatalogue holds the program's own messages to what a copy of them is held to: they are complete in every language, their
// placeholders agree, and they have room.
func TestCatalogue(t *testing.T) {
	for _, l := range Languages() {
		if err := embedded().check(l); err != nil {
			t.Errorf("%s: %v", l, err)
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
