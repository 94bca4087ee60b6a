package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func open(t *testing.T) *Ledger {
	t.Helper()
	l, err := Open(filepath.Join(t.TempDir(), "state", "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func save(t *testing.T, l *Ledger, name, data string) {
	t.Helper()
	if err := l.Save(name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	l := open(t)
	if _, err := l.Load("profile"); !errors.Is(err, ErrNone) {
		t.Errorf("Load of nothing = %v; want ErrNone", err)
	}
	for _, want := range []string{"first", "", "line\nline\n", "\x00\xFF", "last"} {
		save(t, l, "profile", want)
		save(t, l, "other", "beside it")
		again, err := Open(l.dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Load("profile"); string(got) != want || err != nil {
			t.Errorf("Load = %q, %v; want %q", got, err, want)
		}
	}
	if got := files(t, l); !slices.Equal(got, []string{"other", "profile"}) {
		t.Errorf("the folder holds %q; want the two records and nothing else", got)
	}
}

func files(t *testing.T, l *Ledger) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestNames(t *testing.T) {
	l := open(t)
	for _, name := range []string{"", ".", "..", "../up", "a/b", "profile.new", "A", "a b", "-", "a-", "設定"} {
		if err := l.Save(name, nil); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Save(%q) = %v; want fs.ErrInvalid", name, err)
		}
		if _, err := l.Load(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Load(%q) = %v; want fs.ErrInvalid", name, err)
		}
	}
	save(t, l, "last-good-2", "x")
}

// TestDamage cuts a record at every byte, turns every bit, adds to it, and gives it another record's name.
func TestDamage(t *testing.T) {
	l := open(t)
	save(t, l, "profile", "schema = 1\n")
	path := filepath.Join(l.dir, "profile")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, record []byte) {
		t.Helper()
		if err := os.WriteFile(path, record, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := l.Load("profile"); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("%s: Load = %q, %v; want ErrDamaged", what, got, err)
		}
	}
	for n := range good {
		damaged(fmt.Sprintf("cut after %d bytes", n), good[:n])
		blank := slices.Concat(good[:n], make([]byte, len(good)-n))
		damaged(fmt.Sprintf("zeros after %d bytes", n), blank)
		for bit := range 8 {
			turned := bytes.Clone(good)
			turned[n] ^= 1 << bit
			damaged(fmt.Sprintf("bit %d of byte %d turned", bit, n), turned)
		}
	}
	damaged("a byte too many", append(bytes.Clone(good), 0))
	damaged("never a record", []byte("schema = 1\n"))
	if err := os.WriteFile(filepath.Join(l.dir, "other"), good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Load("other"); !errors.Is(err, ErrDamaged) {
		t.Errorf("Load under another name = %v; want ErrDamaged", err)
	}
	save(t, l, "profile", "mended")
	if got, err := l.Load("profile"); string(got) != "mended" || err != nil {
		t.Errorf("Load after saving over a damaged record = %q, %v", got, err)
	}
}

var errCut = errors.New("the power is cut")

// disk is a folder that loses its power after so many steps. What was synced is there afterwards; of what was not,
// anything may be: no file, any beginning of it, zeros for the rest, a new name or the old one.
type disk struct {
	left   int               // steps until the cut
	synced map[string]string // names and data that are certainly on the disk
	now    map[string]*blocks
}

type blocks struct {
	disk   *disk
	data   []byte
	synced bool
}

func (d *disk) step() error {
	if d.left == 0 {
		return errCut
	}
	d.left--
	return nil
}

func (d *disk) Create(name string) (file, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	d.now[name] = &blocks{disk: d}
	return d.now[name], nil
}

func (b *blocks) Write(p []byte) (int, error) {
	if err := b.disk.step(); err != nil {
		return 0, err
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

func (b *blocks) Sync() error {
	if err := b.disk.step(); err != nil {
		return err
	}
	b.synced = true
	return nil
}

func (b *blocks) Close() error { return b.disk.step() }

func (d *disk) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	d.now[to] = d.now[from]
	delete(d.now, from)
	return nil
}

func (d *disk) Sync() error {
	if err := d.step(); err != nil {
		return err
	}
	d.synced = map[string]string{}
	for name, b := range d.now {
		d.synced[name] = string(b.data)
	}
	return nil
}

func (d *disk) Close() error { return nil }

// after returns what may be found when the power is back.
func (d *disk) after() []map[string]string {
	all := []map[string]string{d.synced}
	for name, b := range d.now {
		for n := range len(b.data) + 1 {
			if b.synced && n < len(b.data) {
				continue
			}
			for _, rest := range []int{0, len(b.data) - n} {
				found := maps.Clone(d.synced)
				found[name] = string(b.data[:n]) + string(make([]byte, rest))
				all = append(all, found)
			}
		}
	}
	return all
}

// TestPowerCut cuts the power before every step of a Save and looks at everything the disk may then hold: the record
// is the old one or the new one, and the new one once Save has returned.
func TestPowerCut(t *testing.T) {
	cuts := 0
	for _, old := range []string{"", "old"} { // "" = none
		for steps := 0; ; steps++ {
			l := open(t)
			d := &disk{left: steps, synced: map[string]string{}, now: map[string]*blocks{}}
			if old != "" {
				record := string(header("profile", []byte(old))) + old
				d.synced["profile"] = record
				d.now["profile"] = &blocks{disk: d, data: []byte(record), synced: true}
			}
			l.open = func(string) (folder, error) { return d, nil }
			saved := l.Save("profile", []byte("new"))
			if saved != nil && !errors.Is(saved, errCut) {
				t.Fatal(saved)
			}
			for _, found := range d.after() {
				cuts++
				for _, name := range []string{"profile", "profile.new"} {
					path := filepath.Join(l.dir, name)
					if data, ok := found[name]; !ok {
						if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
							t.Fatal(err)
						}
					} else if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				got, err := l.Load("profile")
				switch {
				case err == nil && string(got) == "new":
				case saved == nil:
					t.Fatalf("Save returned, and Load = %q, %v after a cut", got, err)
				case old == "" && errors.Is(err, ErrNone), old != "" && err == nil && string(got) == old:
				default:
					t.Fatalf("cut after %d steps: Load = %q, %v; want the old record or the new one", steps, got, err)
				}
			}
			if saved == nil {
				break
			}
		}
	}
	if cuts < 100 {
		t.Errorf("%d disks were looked at; want the half-written ones too", cuts)
	}
}

// TestSavesAtOnce saves from several ledgers on one folder while others load: no record is ever a mixture.
func TestSavesAtOnce(t *testing.T) {
	first := open(t)
	save(t, first, "profile", "0")
	var all sync.WaitGroup
	for n := range 8 {
		l := first
		if n%2 > 0 {
			var err error
			if l, err = Open(first.dir); err != nil {
				t.Fatal(err)
			}
		}
		all.Go(func() {
			data := bytes.Repeat([]byte{byte('a' + n)}, 3000+500*n)
			for range 10 {
				if err := l.Save("profile", data); err != nil {
					t.Error(err)
				}
				got, err := l.Load("profile")
				if err != nil || len(got) != 3000+500*int(got[0]-'a') || len(bytes.Trim(got, string(got[:1]))) > 0 {
					t.Errorf("Load among saves = %d bytes, %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
	if got := files(t, first); !slices.Equal(got, []string{"profile"}) {
		t.Errorf("the folder holds %q; want the record alone", got)
	}
}

// TestSaveFails tells of a folder that cannot be written, and keeps what was there.
func TestSaveFails(t *testing.T) {
	l := open(t)
	save(t, l, "profile", "old")
	if err := os.Mkdir(filepath.Join(l.dir, "profile.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := l.Save("profile", []byte("new")); err == nil {
		t.Error("Save into a folder that cannot be written = nil; want an error")
	}
	if got, err := l.Load("profile"); string(got) != "old" || err != nil {
		t.Errorf("Load after a Save that failed = %q, %v; want the old record", got, err)
	}
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	if err := l.Save("profile", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Save into a folder that is gone = %v; want fs.ErrNotExist", err)
	}
	if _, err := Open(filepath.Join("ledger_test.go", "x")); err == nil {
		t.Error("Open below a file = nil; want an error")
	}
}
