package kiosk

import (
	"encoding/json"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/hw"
	"kagimado/kiosk/content"
	"kagimado/kiosk/session"
)

// FuzzStaffCode puts anything into the record of the staff code. The menu opens for nobody who does not know the code, and
// no new one can be chosen over it.
func FuzzStaffCode(f *testing.F) {
	f.Fuzz(func(t *testing.T, record []byte) {
		m := shelf(kept{codeRecord: record})
		k := fast(m)
		k.start()
		state, err := k.state()
		if state == session.CodeUnset || (state == session.CodeSet) != (err == nil) {
			t.Fatalf("state = %d, %v", state, err)
		}
		if err := k.keep("271828"); err == nil || m.saves > 0 {
			t.Fatal("a new code is kept over the record")
		}
		var c staffCode
		if json.Unmarshal(record, &c) == nil && c.Rounds > 1000 { // takes its time, and is no other question
			return
		}
		for range 2 * codeTries {
			verdict, tries, err := k.check("271828")
			if verdict == session.CodeRight || tries < 0 || tries >= codeTries || (verdict == session.CodeFailed) != (err != nil) {
				t.Fatalf("check = %d with %d tries, %v", verdict, tries, err)
			}
			if (state == session.CodeSet) == (verdict == session.CodeFailed) {
				t.Fatalf("state %d and verdict %d", state, verdict)
			}
		}
	})
}

// FuzzTally opens counts from anything. They are refused, or can be counted on, told and kept.
func FuzzTally(f *testing.F) {
	settings := session.Settings{Content: content.Embedded()}
	f.Fuzz(func(t *testing.T, record []byte) {
		records := shelf(kept{tallyRecord: record})
		c, _ := openTally(records)
		c.count(card.Date{Year: 2026, Month: 11, Day: 24}, countVisit+"all-clear")
		if len(c.days) == 0 || len(c.days) > tallyDays {
			t.Fatalf("%d days are kept", len(c.days))
		}
		sum := c.sum()
		session.Still(settings, session.Staff, session.Visit{Room: "statistics", Tally: sum})
		data := c.due(time.Now(), true)
		if data == nil {
			t.Fatal("a count is not due")
		}
		if err := c.keep(data); err != nil {
			t.Fatal(err)
		}
		if _, err := openTally(records); err != nil {
			t.Fatalf("own record %s: %v", data, err)
		}
	})
}

// FuzzHistory opens faults from anything. They are refused, or can be added to, told and kept.
func FuzzHistory(f *testing.F) {
	settings := session.Settings{Content: content.Embedded()}
	f.Fuzz(func(t *testing.T, record []byte) {
		records := shelf(kept{faultsRecord: record})
		h, _ := openHistory(records)
		h.note(hw.PrinterPaper, time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC))
		told := h.told()
		if len(told) == 0 || len(told) > faultsKept || told[0].Code != string(hw.PrinterPaper) {
			t.Fatalf("%d faults are told, the newest of %v", len(told), told)
		}
		session.Still(settings, session.Staff, session.Visit{Room: "faults", Faults: told})
		data := h.due(time.Now(), true)
		if data == nil {
			t.Fatal("a fault is not due")
		}
		if err := h.keep(data); err != nil {
			t.Fatal(err)
		}
		if _, err := openHistory(records); err != nil {
			t.Fatalf("own record %s: %v", data, err)
		}
	})
}
