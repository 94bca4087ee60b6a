// Package ledger keeps small records on the state partition: the last good profile, what was set up on the device.
// A power cut leaves the old record or the new one, whole, and a record that the SD card spoilt is told from a good one.
//
// The package must never keep personal data: no reading, no date of a card, nothing of a visit, not even for a moment.
// It never looks into what it keeps, and it is no log: a record is replaced, never appended to.
package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// What Load may find instead of a record.
var (
	ErrNone    = errors.New("there is no such record")
	ErrDamaged = errors.New("the record is damaged")
)

// Ledger is a folder of records, each a file of its own. Several goroutines and processes may use one folder.
type Ledger struct {
	dir  string
	open func(dir string) (folder, error)
}

// Open returns the ledger in the folder dir, which is made if it is not there.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return &Ledger{dir, lock}, nil
}

// recordName keeps records inside the folder and apart from what is half written.
var recordName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Save replaces the record name, of lower-case letters, digits and single hyphens, and returns when it is on the disk.
// After an error, as after a power cut, the record is the old one or the new one.
func (l *Ledger) Save(name string, data []byte) error {
	if err := l.save(name, data); err != nil {
		return fmt.Errorf("saving the record %q: %w", name, err)
	}
	return nil
}

func (l *Ledger) save(name string, data []byte) (err error) {
	if !recordName.MatchString(name) {
		return fs.ErrInvalid
	}
	d, err := l.open(l.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return write(d, name, data)
}

// write replaces a record in a folder in which nobody else saves.
func write(d folder, name string, data []byte) error {
	// Always the same name: what a power cut left of it is overwritten, and never piles up.
	half := name + ".new"
	f, err := d.Create(half)
	if err != nil {
		return err
	}
	_, err = f.Write(append(header(name, data), data...))
	if err == nil {
		err = f.Sync() // else the new name may reach the disk before the data does
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Rename(half, name); err != nil {
		return err
	}
	return d.Sync()
}

// Load returns what was last saved under name. The error is ErrNone where nothing was, ErrDamaged where it cannot be
// trusted, and otherwise what the disk said.
func (l *Ledger) Load(name string) ([]byte, error) {
	data, err := l.load(name)
	if err != nil {
		return nil, fmt.Errorf("loading the record %q: %w", name, err)
	}
	return data, nil
}

func (l *Ledger) load(name string) ([]byte, error) {
	if !recordName.MatchString(name) {
		return nil, fs.ErrInvalid
	}
	record, err := os.ReadFile(filepath.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	if end := bytes.IndexByte(record, '\n') + 1; end > 0 {
		if data := record[end:]; bytes.Equal(record[:end], header(name, data)) {
			return data, nil
		}
	}
	return nil, ErrDamaged
}

// header is the first line of a record. The name is part of the sum, because a repaired file system may give a file's
// blocks to another name.
func header(name string, data []byte) []byte {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", name)
	sum.Write(data)
	return fmt.Appendf(nil, "kagimado-record/1 %x\n", sum.Sum(nil))
}

// folder is what Save needs of the folder; a test takes its place that loses the power.
type folder interface {
	Create(name string) (file, error) // empty, for writing
	Rename(from, to string) error
	Sync() error
	Close() error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// locked is a real folder in which nobody else saves until it is closed.
type locked struct{ *os.File }

func lock(dir string) (folder, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the folder: %w", err), d.Close())
	}
	return locked{d}, nil
}

func (l locked) Create(name string) (file, error) {
	return os.OpenFile(filepath.Join(l.Name(), name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (l locked) Rename(from, to string) error {
	return os.Rename(filepath.Join(l.Name(), from), filepath.Join(l.Name(), to))
}
