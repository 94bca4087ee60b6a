package kiosk

import (
	"slices"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/page"
)

// The record of the last faults, how many it keeps, and how often it is written at most.
const (
	faultsRecord = "faults"
	faultsKept   = 20
	faultsEvery  = 5 * time.Second
)

// history is the last faults, the newest first. It knows the hour and no minute: a slip that failed at a known minute was
// somebody's.
type history struct {
	record
	faults []occurrence
}

// occurrence is a fault that came N times within an hour with no other in between. The zero Hour is one that nobody knew.
type occurrence struct {
	Code hw.Code   `json:"code"`
	Hour time.Time `json:"hour,omitzero"`
	N    int       `json:"n"`
}

type historyDocument struct {
	Schema int          `json:"schema"`
	Faults []occurrence `json:"faults"`
}

// openHistory goes on where the record ends. One that cannot be read is given up, as the counts are.
func openHistory(r Records) (*history, error) {
	h := &history{record: record{records: r, name: faultsRecord, every: faultsEvery}}
	var d historyDocument
	if err := h.load(&d); err != nil {
		return h, err
	}
	h.faults = slices.DeleteFunc(d.Faults, func(o occurrence) bool { return o.Code == "" || o.N < 1 })
	h.faults = h.faults[:min(len(h.faults), faultsKept)]
	return h, nil
}

// note adds a fault. The zero time is an unknown one.
func (h *history) note(code hw.Code, at time.Time) {
	h.changed = true
	hour := time.Time{}
	if !at.IsZero() {
		hour = at.UTC().Truncate(time.Hour)
	}
	if len(h.faults) > 0 && h.faults[0].Code == code && h.faults[0].Hour.Equal(hour) {
		h.faults[0].N++
		return
	}
	h.faults = slices.Insert(h.faults, 0, occurrence{code, hour, 1})
	h.faults = h.faults[:min(len(h.faults), faultsKept)]
}

// told is the history as staff read it; never nil.
func (h *history) told() []page.FaultRecord {
	list := []page.FaultRecord{}
	for _, o := range h.faults {
		list = append(list, page.FaultRecord{Code: string(o.Code), At: o.Hour, N: o.N})
	}
	return list
}

// due returns the record when it has to be written; nil when not.
func (h *history) due(now time.Time, last bool) []byte {
	return h.take(now, last, historyDocument{1, h.faults})
}
