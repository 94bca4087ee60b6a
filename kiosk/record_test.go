package kiosk

import (
	"bytes"
	"testing"
	"time"

	"kagimado/hw"
	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/replay"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// TestRecord plays a visit through Run and again from its recording: what the loop hands over is whole and in order.
func TestRecord(t *testing.T) {
	var file bytes.Buffer
	visit(t, func(s *stand) {
		unconfirmed(s)
		s.cfg.Records = shelf(nil)
		r, began := replay.NewRecorder(&file, s.cfg.Profile), time.Now()
		s.cfg.Record = func(before session.State, ev session.Event, after session.State, effects []session.Effect) {
			if err := r.Record(time.Since(began), before, ev, after, effects); err != nil {
				s.t.Error(err)
			}
		}
	}, func(s *stand) {
		s.tap(page.ActConfirm)
		s.want(0, session.Attract, hw.Ready)
		s.desk.lay(t, "locked-sign")
		s.want(time.Second, session.TakeCard, hw.Done)
		s.desk.Lift()
		s.want(time.Second, session.Result, hw.Ready)
		s.tap(page.ActAsk)
		s.tap(page.ActNo)
		s.after(5 * time.Second)
		s.tap(page.ActFinish)
		s.open("271828")
		s.typed("271828")
		s.inRoom(time.Second, "menu")
		s.tap(page.ActSelfTest)
		s.after(time.Second)
	})
	if bytes.Contains(file.Bytes(), []byte("digit:2")) {
		t.Error("digits of the staff code are in the recording")
	}
	rec, err := replay.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	slips, last := 0, session.Screen("")
	for e, f := range rec.Play(place, content.Embedded()) {
		if e.Shown != f.Shown {
			t.Errorf("line %d: %s was recorded as %+v and is %+v", e.Line, e.Name(), e.Shown, f.Shown)
		}
		if last = f.Name; f.Slip != "" {
			slips++
		}
	}
	if len(rec.Events) < 40 || slips != 1 || last != session.Staff {
		t.Errorf("%d events lead to %d slips and %s; want at least 40, one and %s", len(rec.Events), slips, last, session.Staff)
	}
}
