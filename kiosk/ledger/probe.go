package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// probeRecord is what Probe writes, and takes away again.
const probeRecord = "probe"

// Probe tells whether records can be kept: it saves one, loads it and removes it, and lets nobody else save meanwhile.
func (l *Ledger) Probe() error {
	if err := l.probe(); err != nil {
		return fmt.Errorf("trying the ledger: %w", err)
	}
	return nil
}

func (l *Ledger) probe() (err error) {
	d, err := l.open(l.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	want := []byte("kagimado")
	if err := write(d, probeRecord, want); err != nil {
		return err
	}
	got, err := l.load(probeRecord)
	if err == nil && !bytes.Equal(got, want) {
		err = ErrDamaged
	}
	return errors.Join(err, os.Remove(filepath.Join(l.dir, probeRecord)))
}
