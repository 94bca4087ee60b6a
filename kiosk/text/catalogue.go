package text

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/width"
)

//go:embed *.toml
var files embed.FS

// Files are the catalogues that this program was built with: a file for each language.
func Files() fs.FS { return files }

// Catalogue is every message in every language: the one that this program was built with, or a newer one of the same
// messages. It is not changed after loading.
type Catalogue struct{ messages []map[string]string }

// builtin parses a language when its first message is asked for: a tool that prints one language should not pay
// for all. The files are part of the program, so a broken one is a broken build and panics; the tests load them all.
var builtin = func() []func() map[string]string {
	var all []func() map[string]string
	for _, l := range Languages() {
		all = append(all, sync.OnceValue(func() map[string]string {
			b, err := files.ReadFile(l.file())
			if err != nil {
				panic(err)
			}
			m, err := parse(b)
			if err != nil {
				panic(fmt.Sprintf("reading catalogue %s: %v", l, err))
			}
			return m
		}))
	}
	return all
}()

// spoken is the catalogue that Say says; nil is the one that this program was built with.
var spoken atomic.Pointer[Catalogue]

// Use makes Say say the messages of c from now on, of the built-in catalogue where c is nil. Words that were said before stay as they
// were, so whoever uses it does so before the first.
func Use(c *Catalogue) { spoken.Store(c) }

// in returns the messages of a language; it must be one of Languages.
func in(l Language) map[string]string {
	if c := spoken.Load(); c != nil {
		return c.messages[l]
	}
	return builtin[l]()
}

func (l Language) file() string { return l.String() + ".toml" }

// Keys returns every message key, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(in(Japanese))) }

// Has tells whether there is a message with this key.
func Has(key string) bool {
	_, ok := in(Japanese)[key]
	return ok
}

// Say returns the message with its placeholders filled: pairs are a placeholder's name and its value, in turn.
// A key that a language lacks is said in Japanese; one that no language has comes back in braces, like a
// placeholder nobody filled, so that one test finds both.
func (l Language) Say(key string, pairs ...string) string {
	s, ok := "", false
	if int(l) < len(builtin) {
		s, ok = in(l)[key]
	}
	if !ok {
		s, ok = in(Japanese)[key]
	}
	if !ok {
		return "{" + key + "}"
	}
	return fill(s, pairs)
}

// fill puts values for placeholders.
func fill(s string, pairs []string) string {
	if len(pairs) == 0 {
		return s
	}
	braced := make([]string, len(pairs)&^1)
	for i := range braced {
		braced[i] = pairs[i]
		if i%2 == 0 {
			braced[i] = "{" + pairs[i] + "}"
		}
	}
	return strings.NewReplacer(braced...).Replace(s)
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Placeholders returns the names of the placeholders in a message, sorted, each once.
func (l Language) Placeholders(key string) []string {
	return placeholders(l.Say(key))
}

func placeholders(s string) []string {
	var names []string
	for _, p := range placeholder.FindAllString(s, -1) {
		names = append(names, strings.Trim(p, "{}"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// parse reads one language strictly: tables of strings and nothing else, no empty message, no brace that is not a
// placeholder, no rune that Check refuses. Nested tables give keys joined with dots.
func parse(b []byte) (map[string]string, error) {
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return nil, err
	}
	flat := map[string]string{}
	var walk func(prefix string, t map[string]any) error
	walk = func(prefix string, t map[string]any) error {
		for k, v := range t {
			key := prefix + k
			switch v := v.(type) {
			case map[string]any:
				if err := walk(key+".", v); err != nil {
					return err
				}
			case string:
				if err := checkMessage(v); err != nil {
					return fmt.Errorf("message %s: %w", key, err)
				}
				flat[key] = v
			default:
				return fmt.Errorf("message %s is %T, want a string", key, v)
			}
		}
		return nil
	}
	return flat, walk("", tree)
}

func checkMessage(s string) error {
	if strings.TrimSpace(s) == "" {
		return fmt.Errorf("it is empty")
	}
	if s != strings.TrimSpace(s) {
		return fmt.Errorf("%q begins or ends with a space", s)
	}
	if rest := placeholder.ReplaceAllString(s, ""); strings.ContainsAny(rest, "{}") {
		return fmt.Errorf("%q holds a brace that is no placeholder", s)
	}
	return Check(s)
}

// Check refuses what must never reach a screen: control characters, and runes of ambiguous width (East Asian Width
// A), which a terminal draws in one cell and a Japanese font in two.
func Check(s string) error {
	for _, r := range s {
		switch {
		case unicode.IsControl(r):
			return fmt.Errorf("%q holds the control character %U", s, r)
		case width.LookupRune(r).Kind() == width.EastAsianAmbiguous:
			return fmt.Errorf("%q holds %c (%U), whose width is ambiguous", s, r, r)
		}
	}
	return nil
}
