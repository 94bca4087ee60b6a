package kiosk

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"
)

// Records keeps what must outlive the program. What Load finds nothing under is ledger.ErrNone.
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
