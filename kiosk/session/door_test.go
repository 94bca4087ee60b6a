package session

import (
	"testing"

	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
)

// TestDoor opens the case in the middle of everything: the visitor's screen is cleared, no card is read until it is shut,
// and staff who opened it at their own screens stay there.
func TestDoor(t *testing.T) {
	r := verdict(diagnosis.Locked)
	reading, effects := run(t, New(Settings{Printer: true, Content: guides()}), CardLaid{})
	visit := effects[0].(StartReading).Visit
	result, _ := run(t, reading, ReadDone{Visit: visit, Facts: visitFacts()}, Judged{Visit: visit, Resolved: r}, CardLifted{})
	for name, s := range map[string]State{"attract": New(Settings{}), "reading": reading, "result": result} {
		open, _ := run(t, s, DoorMoved{true})
		if open.Screen != OutOfService || open.Fault() != "L-03" || !open.Down() {
			t.Errorf("%s: the open door shows %s, code %q; want %s, L-03", name, open.Screen, open.Fault(), OutOfService)
		}
		forgotten(t, open)
		for _, ev := range []Event{CardLaid{}, CardMute{}, CardLifted{}, ReaderReady{}, ReadDone{Visit: visit, Facts: visitFacts()}} {
			after, effects := run(t, open, ev)
			for _, e := range effects {
				if _, read := e.(StartReading); read {
					t.Errorf("%s: %T starts a reading behind the open door", name, ev)
				}
			}
			if after.Screen != OutOfService {
				t.Errorf("%s: %T shows %s behind the open door", name, ev, after.Screen)
			}
		}
		if shut, _ := run(t, open, CardLifted{}, DoorMoved{}); shut.Screen != Attract || shut.Down() {
			t.Errorf("%s: the shut door shows %s; want %s", name, shut.Screen, Attract)
		}
		lying, _ := run(t, open, CardLaid{}, DoorMoved{})
		if lying.Screen != TakeCard || lying.hasVerdict() {
			t.Errorf("%s: a card that lay there while the door was open shows %s; want it taken", name, lying.Screen)
		}
		if gone, _ := run(t, open, ReaderGone{Code: "R-02"}, DoorMoved{}); gone.Fault() != "R-02" || gone.Screen != OutOfService {
			t.Errorf("%s: behind the shut door %s with code %q; want the reader's", name, gone.Screen, gone.Fault())
		}
	}
	staff, _ := run(t, New(Settings{Code: CodeSet}), Touched{page.ActLanguage}, Touched{page.ActStaff}, DoorMoved{true})
	if staff.Screen != Staff {
		t.Errorf("staff who open the case stand on %s", staff.Screen)
	}
	if after, _ := run(t, staff, Touched{page.ActBack}); after.Screen != OutOfService {
		t.Errorf("after the menu the open door shows %s", after.Screen)
	}
	if after, _ := run(t, staff, CardLaid{}); after.Screen != Staff {
		t.Errorf("a card laid behind the open door shows %s", after.Screen)
	}
	morning, _ := run(t, New(Settings{Clock: true, StartOfDay: true}), Started{}, DoorMoved{true}, DoorMoved{})
	if morning.Screen != StartOfDay {
		t.Errorf("the question of the morning is lost behind a door: %s", morning.Screen)
	}
}
