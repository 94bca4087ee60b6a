package edition

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"kagimado/kiosk/content"
	"kagimado/kiosk/font"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/text"
)

// Most is how many bytes a copy may have, packed.
const Most = 4 << 20

// Limits of what is in a copy. The whole of it fits into each many times over; what does not is no copy of ours, or one that is
// meant to fill the memory.
const (
	maxEntries  = 400
	maxUnpacked = 16 << 20
	maxFile     = 1 << 20 // unpacked
	maxRatio    = 100     // unpacked bytes to a packed one; TOML packs to about a fourth
	ratioFrom   = 64 << 10
)

// maxAddress is in bytes; a longer one makes a code that 58 mm paper has no room for, and then no slip comes out at all.
const maxAddress = 500

// Places in the archive.
const (
	versionEntry  = "version.txt"
	contentFolder = "content"
	textFolder    = "text"
)

// What a copy can be besides not understood.
var (
	ErrTooLarge = errors.New("it is too large")
	ErrDamaged  = errors.New("it is damaged or no zip file")
)

// Mistake is what is wrong with one file of a copy. A copy can have several.
type Mistake struct {
	File string // its place in the archive
	Err  error  // begins with line and column where the form is at fault
}

// Error tells file and cause.
func (m *Mistake) Error() string { return m.File + ": " + m.Err.Error() }

// Unwrap returns the cause.
func (m *Mistake) Unwrap() error { return m.Err }

// archive is a copy whose limits hold and whose every byte was unpacked once; of its words nothing is known yet.
type archive struct{ files *zip.Reader }

// open reads a copy into memory: a file that is exchanged later changes nothing.
func open(name string) (*archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err != nil {
		return nil, err
	}
	return unpack(data)
}

// Read reads a copy and checks all of it. The error is or joins ErrTooLarge, ErrDamaged, Mistakes, or the reader's.
func Read(r io.ReaderAt, size int64) (*Edition, error) {
	data, err := io.ReadAll(io.LimitReader(io.NewSectionReader(r, 0, size), Most+1))
	if err != nil {
		return nil, err
	}
	a, err := unpack(data)
	if err != nil {
		return nil, err
	}
	return a.edition()
}

// unpack holds an archive against the limits before and while it unpacks every entry.
func unpack(data []byte) (*archive, error) {
	if len(data) > Most {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, Most)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errors.Join(ErrDamaged, err)
	}
	if n := len(z.File); n > maxEntries {
		return nil, fmt.Errorf("%w: %d entries; want %d at most", ErrTooLarge, n, maxEntries)
	}
	seen := map[string]bool{}
	left := uint64(maxUnpacked)
	for _, f := range z.File {
		if err := named(f, seen); err != nil {
			return nil, &Mistake{strings.ToValidUTF8(f.Name, "?"), err}
		}
		size := f.UncompressedSize64
		if size > maxFile || size > left || size > ratioFrom && size/maxRatio > f.CompressedSize64 {
			return nil, fmt.Errorf("%w: %s takes %d bytes unpacked, %d packed", ErrTooLarge, f.Name, size, f.CompressedSize64)
		}
		left -= size
		if err := drain(f); err != nil {
			return nil, err
		}
	}
	return &archive{z}, nil
}

// drain unpacks an entry to its checksum, and no more than it claims to hold.
func drain(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return errors.Join(ErrDamaged, &Mistake{f.Name, err})
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(r, int64(f.UncompressedSize64)+1))
	if err == nil && uint64(n) != f.UncompressedSize64 {
		err = fmt.Errorf("it does not hold the %d bytes it claims", f.UncompressedSize64)
	}
	if err != nil {
		return errors.Join(ErrDamaged, &Mistake{f.Name, err})
	}
	return nil
}

// named takes the names a copy has, once each, and nothing else: no folders, no links, no way out of the archive.
func named(f *zip.File, seen map[string]bool) error {
	switch {
	case !fs.ValidPath(f.Name) || strings.Contains(f.Name, `\`) || !utf8.ValidString(f.Name):
		return errors.New("the name leads out of the archive")
	case seen[f.Name]:
		return errors.New("it stands twice in the archive")
	case !f.Mode().IsRegular():
		return errors.New("it is no plain file")
	}
	seen[f.Name] = true
	for _, pattern := range []string{versionEntry, contentFolder + "/*.toml", contentFolder + "/guides/*.toml", textFolder + "/*.toml"} {
		if ok, _ := path.Match(pattern, f.Name); ok {
			return nil
		}
	}
	return errors.New("no file of that name belongs into the archive")
}

// version reads the version and nothing else.
func (a *archive) version() (string, error) {
	data, err := fs.ReadFile(a.files, versionEntry)
	if err != nil {
		return "", &Mistake{versionEntry, errors.New("it is missing")}
	}
	v, end, _ := strings.Cut(string(data), "\n")
	if end != "" {
		return "", &Mistake{versionEntry, errors.New("something follows the version")}
	}
	if err := checkVersion(v); err != nil {
		return "", &Mistake{versionEntry, err}
	}
	return v, nil
}

// edition understands the whole archive, or nothing of it.
func (a *archive) edition() (*Edition, error) {
	version, err := a.version()
	if err != nil {
		return nil, err
	}
	facts, err := fs.Sub(a.files, contentFolder)
	if err != nil {
		return nil, err
	}
	words, err := fs.Sub(a.files, textFolder)
	if err != nil {
		return nil, err
	}
	e := &Edition{Version: version}
	if e.Content, err = content.Load(facts); err != nil {
		return nil, mistaken(contentFolder, err)
	}
	if e.words, err = text.Load(words); err != nil {
		return nil, mistaken(textFolder, err)
	}
	if err := a.unread(); err != nil {
		return nil, err
	}
	errs := append(a.drawn(), understood(e.Content)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return e, nil
}

// mistaken says where in the archive the file of an error lies.
func mistaken(folder string, err error) error {
	var c *content.FileError
	var w *text.FileError
	switch {
	case errors.As(err, &c):
		return &Mistake{path.Join(folder, c.Name), c.Err}
	case errors.As(err, &w):
		return &Mistake{path.Join(folder, w.Name), w.Err}
	}
	return &Mistake{folder, err}
}

// unread finds files that nobody has read: a program that knows them would say more than this one.
func (a *archive) unread() error {
	for _, f := range a.files.File {
		known := f.Name == versionEntry || path.Dir(f.Name) == contentFolder+"/guides"
		for folder, files := range map[string]fs.FS{contentFolder: content.Files(), textFolder: text.Files()} {
			if name, below := strings.CutPrefix(f.Name, folder+"/"); below && !known {
				_, err := fs.Stat(files, name)
				known = err == nil
			}
		}
		if !known {
			return &Mistake{f.Name, errors.New("this program does not know the file")}
		}
	}
	return nil
}

// drawn finds characters without a glyph, and such as take another room in the font than in a cell, in everything that is no
// comment.
func (a *archive) drawn() (errs []error) {
	seen := glyphs{}
	for _, f := range a.files.File {
		if f.Name == versionEntry {
			continue
		}
		data, err := fs.ReadFile(a.files, f.Name)
		var tree map[string]any
		if err == nil {
			err = toml.Unmarshal(data, &tree)
		}
		if err == nil {
			err = seen.drawable(tree)
		}
		if err != nil {
			errs = append(errs, &Mistake{f.Name, err})
		}
	}
	return errs
}

// glyphs remembers which runes can be drawn: the font is slow to tell, and a text says the same ones again and again.
type glyphs map[rune]bool

func (g glyphs) has(r rune) bool {
	ok, known := g[r]
	if !known {
		var cells int
		cells, ok = font.Cells(r)
		ok = ok && cells == text.Width(string(r))
		g[r] = ok
	}
	return ok
}

// drawable looks through a tree for the first text that cannot be drawn.
func (g glyphs) drawable(tree any) error {
	switch v := tree.(type) {
	case string:
		for _, r := range v {
			if !g.has(r) {
				return fmt.Errorf("%q holds %q (%U), which cannot be drawn", v, r, r)
			}
		}
	case []any:
		for _, x := range v {
			if err := g.drawable(x); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range sorted(v) {
			if err := g.drawable(v[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sorted(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// understood holds the data against what this program does with them: guides without dead ends, addresses that paper has room for, and an
// entry for each fault it can have.
func understood(c *content.Content) (errs []error) {
	for _, err := range guide.Check(c) {
		errs = append(errs, &Mistake{contentFolder + "/guides", err})
	}
	for _, p := range c.Pages {
		if len(p.Address) > maxAddress {
			errs = append(errs, &Mistake{contentFolder + "/pages.toml", fmt.Errorf("the address of %s has %d bytes; want %d at most", p.ID, len(p.Address), maxAddress)})
		}
	}
	for _, f := range content.Embedded().Faults {
		if _, ok := c.Fault(f.Code); !ok {
			errs = append(errs, &Mistake{contentFolder + "/faults.toml", fmt.Errorf("the code %s is missing", f.Code)})
		}
	}
	return errs
}
