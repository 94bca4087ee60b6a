package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kagimado/hw"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
)

// stick is the folder on which a USB stick is mounted while one is there.
type stick string

// mostFiles is how many statistics a stick may hold. An earlier one is never overwritten.
const mostFiles = 999

var errNotMounted = errors.New("no stick is mounted there")

// write puts the snapshot, as for Prometheus, into a new file on the stick and returns the file's name when all of it is on
// the stick. The error is a hw.Fault with U-01 or U-02.
func (s stick) write(snapshot kiosk.Snapshot, c *content.Content) (name string, err error) {
	if err := s.mounted(); err != nil {
		return "", &hw.Fault{Code: hw.StickMissing, Err: fmt.Errorf("looking for the stick: %w", err)}
	}
	name, err = s.fill(snapshot, c)
	if err != nil {
		return "", &hw.Fault{Code: hw.StickFailed, Err: fmt.Errorf("writing the stick: %w", err)}
	}
	return name, nil
}

// mounted tells whether another file system than its parent's lies on the folder: what is written into an empty mount
// point stays in the kiosk, and staff go home with an empty stick.
func (s stick) mounted() error {
	var here, above syscall.Stat_t
	if err := errors.Join(syscall.Stat(string(s), &here), syscall.Stat(filepath.Dir(filepath.Clean(string(s))), &above)); err != nil {
		return err
	}
	if here.Dev == above.Dev {
		return errNotMounted
	}
	return nil
}

func (s stick) fill(snapshot kiosk.Snapshot, c *content.Content) (name string, err error) {
	f, name, err := s.create()
	if err != nil {
		return "", err
	}
	err = printMetrics(f, snapshot, c)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name())) // half a file is worse than none
	}
	return name, s.sync()
}

// create makes the first file whose name is free. FAT and exFAT take the name.
func (s stick) create() (*os.File, string, error) {
	for n := range mostFiles {
		name := fmt.Sprintf("kagimado-%03d.prom", n+1)
		f, err := os.OpenFile(filepath.Join(string(s), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, name, err
		}
	}
	return nil, "", fmt.Errorf("%d files are there already", mostFiles)
}

// sync brings the new name onto the stick, which staff pull as soon as they read it.
func (s stick) sync() error {
	d, err := os.Open(string(s))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
