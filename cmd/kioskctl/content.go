package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"kagimado/kiosk/edition"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/text"
)

// contents packs the dated data and the words of this program as a copy that kiosks can install, and checks such a copy as
// they do.
func contents(_ context.Context, t *tool, args []string) error {
	const call = "kioskctl content (pack OUT.zip [--version V] | check FILE.zip)"
	if len(args) == 0 || args[0] != "pack" && args[0] != "check" {
		return usagef(call)
	}
	fs := t.flags("content")
	version := fs.String("version", edition.Version(), "of the copy, as 2026-11-29.165101.4c01c99; this program's own by itself")
	// The file's name comes first, as with a command's object everywhere.
	var file string
	rest := args[1:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		file, rest = rest[0], rest[1:]
	}
	if err := parseFlags(fs, rest); err != nil {
		return err
	}
	if file == "" && fs.NArg() == 1 {
		file = fs.Arg(0)
	} else if fs.NArg() > 0 {
		return usagef("content %s takes one file", args[0])
	}
	if file == "" {
		return usagef(call)
	}
	if args[0] == "pack" {
		return pack(file, *version)
	}
	return t.checkContent(file)
}

// pack writes the whole copy or leaves no file.
func pack(file, version string) error {
	if version == "" {
		return usagef("--version: this program does not know its own; make build tells it, or name one as 2026-11-29.165101.4c01c99")
	}
	f, err := os.Create(file)
	if err != nil {
		return usagef("writing content: %w", err)
	}
	if err := edition.Pack(f, version); err != nil {
		return failure{usage, errors.Join(err, f.Close(), os.Remove(file))}
	}
	return f.Close()
}

func (t *tool) checkContent(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return usagef("reading content: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	e, err := edition.Read(f, info.Size())
	if err != nil {
		for _, m := range mistakes(err) {
			fmt.Fprintf(t.stderr, "%s: %v\n  %s\n", file, m, remedy(m))
		}
		return failure{status: usage}
	}
	c := e.Content
	fmt.Fprintf(t.stdout, "version %s\nmessages %d in %d languages\nguides %d with %d places\nchains %d, telephone lines %d, pages %d, fault codes %d\nholidays %s to %s\n",
		e.Version, len(text.Keys()), len(text.Languages()), len(c.Guides.All), len(guide.Nodes(&c.Guides)),
		len(c.Chains), len(c.Phones), len(c.Pages), len(c.Faults), c.Calendar.From, c.Calendar.Until)
	return nil
}

// mistakes are what a copy's error joins, each with its file.
func mistakes(err error) (all []error) {
	if m := (*edition.Mistake)(nil); errors.As(err, &m) && err == error(m) {
		for _, inner := range mistakes(m.Err) {
			all = append(all, &edition.Mistake{File: m.File, Err: inner})
		}
		return all
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range joined.Unwrap() {
			if !errors.Is(inner, edition.ErrDamaged) || len(joined.Unwrap()) == 1 {
				all = append(all, mistakes(inner)...)
			}
		}
		return all
	}
	return []error{err}
}

// remedy is what whoever made a copy can do about a mistake.
func remedy(err error) string {
	m := (*edition.Mistake)(nil)
	switch {
	case errors.Is(err, edition.ErrTooLarge):
		return "A copy holds text alone: make it with kioskctl content pack, and look for what does not belong there."
	case !errors.As(err, &m):
		return "Make it anew with kioskctl content pack, or copy it again: it did not arrive whole."
	case strings.HasPrefix(m.File, "content/guides"):
		return "Look at the place that is named; kioskctl guide --check finds the same before packing."
	}
	said := m.Err.Error()
	for part, remedy := range map[string]string{
		"unknown key":             "Take the key out, or mend its spelling. If a newer program knows it, kiosks need that program first.",
		"said nowhere":            "Take the message out. If a newer program says it, kiosks need that program first.",
		"does not know the file":  "Take the file out. If a newer program knows it, kiosks need that program first.",
		"is missing":              "Add it: an edition is complete or none. If an older program did without, pack with the program that kiosks have.",
		"has the placeholders":    "Use each of the wanted placeholders, in braces, and no other.",
		"cannot be drawn":         "Use a character that the typeface has; kanji of JIS X 0213 and full-width marks are safe.",
		"source and checked must": "Say where it comes from and on which day it was compared.",
		"is no version":           "Pack it with --version YYYY-MM-DD.HHMMSS.COMMIT, the time in UTC.",
	} {
		if strings.Contains(said, part) {
			return remedy
		}
	}
	return "Mend the file at the line that is named, and pack again."
}
