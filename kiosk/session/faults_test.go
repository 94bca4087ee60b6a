package session

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
)

// TestFaults: what went wrong is asked when staff come for it, told nowhere else, and printed only when it is told.
func TestFaults(t *testing.T) {
	list := []page.FaultRecord{{Code: "P-02", At: noon.Truncate(time.Hour), N: 3}}
	s := toMenu(t, Settings{Printer: true, Content: content.Embedded()})
	s, effects := run(t, s, FaultsTold{list}, Touched{page.ActFaults})
	inRoom(t, s, roomFault)
	if diff := cmp.Diff([]Effect{AskClock{}, AskFaults{}}, effects); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if s.desk.faults != nil || offered(s, page.ActPrint) {
		t.Errorf("before it is told the page says %+v", s.Page)
	}
	if s, effects = run(t, s, Touched{page.ActPrint}); prints(effects) != 0 {
		t.Error("what is not told is printed")
	}
	none, _ := run(t, s, FaultsTold{})
	if none.Page.Lead[0] == s.Page.Lead[0] {
		t.Errorf("that there was no fault is told as %q, as when it is asked", none.Page.Lead)
	}
	s, effects = run(t, s, FaultsTold{list}, told(noon), Touched{page.ActPrint}, Touched{page.ActPrint})
	if prints(effects) != 1 {
		t.Errorf("%d slips; want one", prints(effects))
	}
	for _, want := range []string{"P-02", "用紙がありません", "2026年11月24日 12時台", "3回", "2026年11月24日 12:00"} {
		if said := page.Text(effects[len(effects)-1].(Print).Page); !strings.Contains(said, want) {
			t.Errorf("the slip does not say %q:\n%s", want, said)
		}
	}
	s, _ = run(t, s, PrintEnded{Job: s.job, Result: PrintNothing, Code: "P-02"})
	if !strings.Contains(s.Page.Rest, "P-02") {
		t.Errorf("of a slip that did not come the page says %q", s.Page.Rest)
	}
	s, _ = run(t, s, Touched{page.ActBack})
	inRoom(t, s, roomMenu)
	if s.desk.faults != nil {
		t.Error("the menu still knows the faults")
	}
}
