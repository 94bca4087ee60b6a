package kiosk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/ledger"
)

// Records keeps what must outlive the program; it is used from several goroutines. What Load finds nothing under is
// ledger.ErrNone.
type Records interface {
	Load(name string) ([]byte, error)
	Save(name string, data []byte) error
}

// record is a document that the loop changes often and writes now and then: a memory card wears.
type record struct {
	records Records // nil: it ends with the program
	name    string
	every   time.Duration // it is written at most
	changed bool
	kept    time.Time

	saving sync.Mutex  // one is written at a time
	failed atomic.Bool // the last writing; it is tried again as if something had changed
}

// load reads the document, whose schema must be 1. Without one there is nothing to read; one that makes no sense is given up,
// and begins anew.
func (r *record) load(document any) error {
	if r.records == nil {
		return nil
	}
	data, err := r.records.Load(r.name)
	if errors.Is(err, ledger.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Schema != 1 {
		return fmt.Errorf("reading the record %q: schema %d: %w", r.name, head.Schema, errors.Join(err, errBegunAnew))
	}
	if err := json.Unmarshal(data, document); err != nil {
		return fmt.Errorf("reading the record %q: %w", r.name, errors.Join(err, errBegunAnew))
	}
	return nil
}

var errBegunAnew = errors.New("it begins anew")

// take returns the document when it has to be written; nil when not.
func (r *record) take(now time.Time, last bool, document any) []byte {
	r.changed = r.changed || r.failed.Load()
	if r.records == nil || !r.changed || !last && now.Sub(r.kept) < r.every {
		return nil
	}
	data, err := json.Marshal(document)
	if err != nil {
		return nil // numbers and names: it cannot fail
	}
	r.changed, r.kept = false, now
	return data
}

// keep writes a document that was due. It may be called from any goroutine.
func (r *record) keep(data []byte) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	err := r.records.Save(r.name, data)
	r.failed.Store(err != nil)
	return err
}

// keepRecords writes the counts and the faults when it is time, beside the loop: a memory card takes its own.
func (l *loop) keepRecords(last bool) {
	now := time.Now()
	keep := func(r *record, data []byte, what string) {
		if data == nil {
			return
		}
		l.wait.Go(func() {
			if err := r.keep(data); err != nil {
				l.Log.Error(what+" are not kept", "code", hw.StateLost, "error", err)
				l.tellFault(hw.StateLost)
			}
		})
	}
	keep(&l.tally.record, l.tally.due(now, last), "the counts")
	keep(&l.history.record, l.history.due(now, last), "the faults")
}

// unkept tells that a record could not be read when the program started, or not be written when it was last tried.
func (l *loop) unkept() bool {
	return l.spoilt || l.tally.failed.Load() || l.history.failed.Load() || slices.Contains(l.Faults, hw.StateLost)
}

// keepTime writes down what is known of the time; the card takes its own beside the loop.
func (l *loop) keepTime() {
	if l.Timekeeper == nil || l.Records == nil {
		return
	}
	data, err := l.Timekeeper.Record()
	if err != nil {
		l.Log.Error("the time is not kept", "error", err)
		return
	}
	l.wait.Go(func() {
		if err := l.Records.Save(ClockRecord, data); err != nil {
			l.Log.Error("the time is not kept", "code", hw.StateLost, "error", err)
			l.tellFault(hw.StateLost)
		}
	})
}

// ClockRecord is the name of the record that a Timekeeper's Record is kept under.
const ClockRecord = "clock"
