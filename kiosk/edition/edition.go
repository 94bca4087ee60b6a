// Package edition is everything that is said, in one edition: the dated data (kiosk/content) and the message catalogue
// (kiosk/text) of one day, with a version. One edition is built in; a newer one may be installed as a copy, a single zip
// file, without a new program.
//
// A copy is looked at whole before any of it is used: its size, form, words, guides, and whether every character can be
// drawn. The package must never use a part of a copy, never take an older one over a newer, and never fail where there is a
// built-in edition to serve.
package edition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"time"

	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

// built is the version of this program, set by the linker: -X kagimado/kiosk/edition.built=2026-11-29.165101.4c01c99.
var built string

// Edition is one complete, checked edition. It is not changed after reading.
type Edition struct {
	Version string // empty for the built-in one of a program that does not know its own
	Content *content.Content

	words *text.Catalogue // nil: the built-in one
}

// Version returns the version of the built-in edition, which is the program's own; empty where nobody told the linker, as
// in development.
func Version() string {
	if checkVersion(built) != nil {
		return ""
	}
	return built
}

// Builtin returns the edition this program was built with.
func Builtin() *Edition { return &Edition{Version: Version(), Content: content.Embedded()} }

// Use makes the program speak this edition's words. It is called before the first of them is said; Content is for the caller to
// hand on.
func (e *Edition) Use() { text.Use(e.words) }

// stamp is how much of a version tells what is older: 2026-11-29.165101.
const stamp = len("2026-11-29.165101")

var versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\.\d{6}\.[0-9a-f]{4,40}(\.develop)?$`)

func checkVersion(v string) error {
	if !versionForm.MatchString(v) {
		return fmt.Errorf("%q is no version; want one as 2026-11-29.165101.4c01c99", v)
	}
	if _, err := time.Parse("2006-01-02.150405", v[:stamp]); err != nil {
		return fmt.Errorf("%q is no version: %w", v, err)
	}
	return nil
}

// Newer tells whether version a is newer than b. What is no version is older than everything: a program that does not know its own is
// one in development, whose user names a copy because it is to be seen.
func Newer(a, b string) bool {
	if checkVersion(a) != nil {
		return false
	}
	return checkVersion(b) != nil || a[:stamp] > b[:stamp]
}

// Choose returns the edition to speak: the installed copy, a file of that name, where it is newer than the built-in one and every
// check finds it right, else the built-in one. An empty name, a file that is not there, and a copy that a newer program has
// overtaken are no error; a copy that cannot be used is one, and the built-in edition is returned all the same.
func Choose(name string) (*Edition, error) {
	own := Builtin()
	if name == "" {
		return own, nil
	}
	archive, err := open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	if err == nil {
		var version string
		if version, err = archive.version(); err == nil && !Newer(version, own.Version) {
			return own, nil
		}
	}
	var e *Edition
	if err == nil {
		e, err = archive.edition()
	}
	if err != nil {
		return own, fmt.Errorf("reading the installed content: %w", err)
	}
	return e, nil
}

// CheckFile checks a copy as the kiosk does before it uses one, and returns its version. Whether it is newer than another is for
// the caller to ask (Newer).
func CheckFile(name string) (version string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no plain file", name)
	}
	e, err := Read(f, info.Size())
	if err != nil {
		return "", err
	}
	return e.Version, nil
}
