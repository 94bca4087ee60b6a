package screen

import (
	"testing"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

var staffTime = time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)

// staffStills are staff's pages, with a printer that has no paper and a clock that nobody has confirmed.
func staffStills(l text.Language) []session.State {
	checks := []page.Check{
		{Thing: page.ThingReader, Mark: page.Fine, State: "fine"},
		{Thing: page.ThingPrinter, Mark: page.Bad, State: "fault", Code: "P-02"},
		{Thing: page.ThingClock, Mark: page.Attention, State: "untrusted", Code: "C-01", From: staffTime, Why: "unsynchronised"},
		{Thing: page.ThingProgram, Mark: page.Fine, State: "fine", From: staffTime},
	}
	day := card.DateOf(staffTime)
	tally := page.Tally{
		From: day, Until: day, Visits: []page.Count{{Name: "all-clear", N: 61}, {Name: "locked:sign", N: 27}, {Name: "wrong-card", N: 3}},
		Guides: []page.Count{{Name: "portal", N: 14}}, Slips: []page.Count{{Name: "confirmed", N: 118}, {Name: "failed", N: 2}},
		Recoveries: []page.Count{{Name: "reader-restart", N: 2}}, PaperMM: 21400,
	}
	faults := []page.FaultRecord{
		{Code: "P-02", At: staffTime.Truncate(time.Hour), N: 1}, {Code: "R-05", At: staffTime.Add(-26 * time.Hour).Truncate(time.Hour), N: 12},
		{Code: "L-02", N: 2}, {Code: "Z-99", At: staffTime.AddDate(0, -1, 0).Truncate(time.Hour), N: 1},
	}
	set := session.Settings{Printer: true, Clock: true, Stick: true, Update: true, Code: session.CodeSet, Content: content.Embedded(), Staff: notice}
	var all []session.State
	for _, room := range session.Rooms() {
		if room == "update" {
			all = append(all, updateStills(set, l)...)
			continue
		}
		all = append(all, session.Still(set, session.Staff, session.Visit{Lang: l, Room: room, At: staffTime, Checks: checks, Faults: faults, Tally: tally}))
	}
	return all
}

// updateStills are the room of the update in each of its stages: of both kinds where they differ, with a card that was laid
// meanwhile, and refused for the reason that takes most room.
func updateStills(set session.Settings, l text.Language) (all []session.State) {
	still := func(u page.UpdateState, lying bool) {
		u.Version, u.Running = "2026-11-29.165101.4c01c99.develop", "2026-10-01.000000.0a1b2c3d"
		all = append(all, session.Still(set, session.Staff, session.Visit{Lang: l, Room: "update", At: staffTime, Update: u, Lying: lying}))
	}
	for _, stage := range page.UpdateStages() {
		u := page.UpdateState{Stage: stage, Kind: page.UpdateSystem}
		switch stage {
		case page.UpdateFound, page.UpdateInstalled:
			still(u, false)
			u.Kind = page.UpdateContent
		case page.UpdateInstalling:
			still(u, true)
			u.Percent = 100
		case page.UpdateRefused:
			u.Code = "U-08"
		}
		still(u, false)
	}
	return all
}

// TestStaffTouchesOnePart: the keypad, the menu, the steps of the clock and of an update stand on one part wherever they are drawn, or
// staff would look for a digit.
func TestStaffTouchesOnePart(t *testing.T) {
	for _, l := range text.Languages() {
		for _, st := range append(staffStills(l), session.Still(session.Settings{Clock: true}, session.StartOfDay, session.Visit{Lang: l, At: staffTime})) {
			stage, _ := st.Stage()
			if r := st.Room(); r == "self-test" || r == "faults" || r == "paper" || r == "statistics" || stage == page.UpdateRefused {
				continue
			}
			for _, g := range grids {
				if all := parts(st, g.cols, g.rows, g.panel); len(all) != 1 {
					t.Errorf("%s in %s at %d×%d takes %d parts:\n%s", name(st), l, g.cols, g.rows, len(all), all[0])
				}
			}
		}
	}
}
