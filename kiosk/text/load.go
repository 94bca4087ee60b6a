package text

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Load reads a whole catalogue: one file for each language, named as Files are. It must hold exactly the messages of the program's
// own, with the same placeholders, and each must fit where the program puts it: half of another program's words is worse than
// older words. The error joins everything that is wrong with the first file that is.
func Load(files fs.FS) (*Catalogue, error) {
	c := new(Catalogue)
	for _, l := range Languages() {
		b, err := fs.ReadFile(files, l.file())
		if err != nil {
			return nil, fmt.Errorf("loading messages: %w", err)
		}
		m, err := parse(b)
		if err != nil {
			return nil, &FileError{l.file(), err}
		}
		c.messages = append(c.messages, m)
	}
	for _, l := range Languages() {
		if err := c.check(l); err != nil {
			return nil, &FileError{l.file(), err}
		}
	}
	return c, nil
}

// FileError tells which file is at fault.
type FileError struct {
	Name string
	Err  error
}

// Error tells the file and what is wrong with it.
func (e *FileError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// embedded is the catalogue that this program was built with.
func embedded() *Catalogue {
	c := new(Catalogue)
	for _, m := range builtin {
		c.messages = append(c.messages, m())
	}
	return c
}

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

// check holds one language against the program's own Japanese, and against the room there is.
func (c *Catalogue) check(l Language) error {
	ours := builtin[Japanese]()
	var errs []error
	for _, k := range slices.Sorted(maps.Keys(ours)) {
		if _, ok := c.messages[l][k]; needs(l, k) && !ok {
			errs = append(errs, fmt.Errorf("message %s is missing", k))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.messages[l])) {
		model, known := ours[k]
		if !known || !needs(l, k) {
			errs = append(errs, fmt.Errorf("message %s is said nowhere in this program", k))
			continue
		}
		s := c.messages[l][k]
		if got, want := placeholders(s), placeholders(model); !slices.Equal(got, want) {
			errs = append(errs, fmt.Errorf("message %s has the placeholders %q; want %q", k, got, want))
		}
		if err := c.fits(l, k, s); err != nil {
			errs = append(errs, fmt.Errorf("message %s %w", k, err))
		}
	}
	return errors.Join(errs...)
}

// longest is in runes; a sentence that is longer belongs into two messages.
const longest = 240

// fits tells whether a message has room where it stands. Four buttons stand side by side on the smallest panel, so a label has three
// rows of eight cells, two where a line stands below it, and a Latin word is not cut; things to choose from have larger
// buttons. A headline stands alone at the top of 40 cells, in two rows at most.
func (c *Catalogue) fits(l Language, key, s string) error {
	if n := len([]rune(s)); n > longest {
		return fmt.Errorf("takes %d characters; want %d at most", n, longest)
	}
	if name, button := strings.CutPrefix(key, "button."); button {
		cells, most := 8, 3
		switch name {
		case "more", "extend":
			most = 2
		case "then", "forgot":
			cells = 12
		}
		if rows := Balance(s, cells); len(rows) > most {
			return fmt.Errorf("%q takes %d rows of %d cells; want %d at most", s, len(rows), cells, most)
		}
		for _, word := range strings.Fields(s) {
			if l == English && Width(word) > 8 {
				return fmt.Errorf("has the word %q, which takes %d cells; want eight at most", word, Width(word))
			}
		}
	}
	if strings.HasPrefix(key, "headline.") || strings.HasSuffix(key, ".headline") {
		name := ""
		for _, k := range []string{"auth", "sign", "input-support", "juki", "surface-b"} {
			if s := c.messages[l]["key."+k+".short"]; Width(s) > Width(name) {
				name = s
			}
		}
		if rows := Paragraph(fill(s, []string{"name", name, "n", "5"}), 36); len(rows) > 2 {
			return fmt.Errorf("takes %d rows: %q", len(rows), rows)
		}
	}
	return nil
}
