package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestStaffPages holds every page of staff's screens: finished sentences, a next step, the code never more than dots.
func TestStaffPages(t *testing.T) {
	at := tuesday
	var checks []page.Check
	for i, thing := range []string{
		page.ThingReader, page.ThingPrinter, page.ThingLamps, page.ThingClock, page.ThingProfile, page.ThingContent, page.ThingState, page.ThingProgram,
	} {
		state := []string{"fine", "fault", "absent", "unknown", "near-end", "printing", "old", "fine"}[i]
		checks = append(checks, page.Check{Thing: thing, Mark: page.Mark(i % 5), State: state, From: at, Said: []string{"a name"}})
	}
	for _, why := range []string{"synchronised", "unsynchronised", "before-lower-bound", "too-far-ahead", "confirmed", "carried", "battery", "simulation"} {
		checks = append(checks, page.Check{Thing: page.ThingClock, Mark: page.Attention, State: "untrusted", Code: "C-01", From: at, Until: at, Why: why})
	}
	lately := []page.FaultRecord{{Code: "P-02", At: at, N: 1}, {Code: "R-05", N: 12}, {Code: "Z-99", At: at, N: 2}}
	subjects := []page.Subject{
		page.StartOfDay{}, page.StartOfDay{At: at}, page.StartOfDay{At: at, Possible: true}, page.StartOfDay{At: at, Possible: true, Code: "R-02"},
		page.StaffMenu{}, page.StaffMenu{Clock: true, Printer: true, TimeTaken: true},
		page.StaffClock{}, page.StaffClock{At: at}, page.StaffClock{At: at, Refused: true},
		page.SelfTest{}, page.SelfTest{Checks: checks[:1], Picture: "slip-0001.png"}, page.SelfTest{Checks: checks, Content: content.Embedded(), At: at, Slip: page.Printing{}, Notes: []string{"F-01"}},
		page.Faults{}, page.Faults{List: []page.FaultRecord{}}, page.Faults{List: lately, Content: content.Embedded(), At: at, Slip: page.Printed{}},
		page.Paper{}, page.Paper{Check: &checks[1], Slip: page.NotPrinted{Code: "P-02", Partial: true}}, page.Paper{Slip: page.Printed{}},
		page.TestSlip{Width: 576, DPI: 203, Sizes: []float64{20, 10.5}},
	}
	for _, stage := range page.UpdateStages() {
		for _, kind := range []string{page.UpdateSystem, page.UpdateContent} {
			u := page.UpdateState{Stage: stage, Kind: kind, Version: "2026-11-29.165101.4c01c99", Running: "2026-10-01.4c01c99", Percent: 7, Code: "U-04"}
			subjects = append(subjects, page.Update{UpdateState: u, Content: content.Embedded()}, page.Update{UpdateState: u, Lying: true},
				page.Update{UpdateState: page.UpdateState{Stage: stage, Kind: kind, Version: u.Version, Code: "Z-99"}})
		}
	}
	all := page.Tally{From: card.DateOf(at), Until: card.DateOf(at), Guides: []page.Count{{Name: "portal", N: 5}, {Name: "gone", N: 5}}}
	for _, code := range []diagnosis.HeadlineCode{
		diagnosis.WrongCard, diagnosis.ReadAgain, diagnosis.CardExpired, diagnosis.CertificatesAbsent, diagnosis.FaceCardFound, diagnosis.CertificateExpired,
		diagnosis.LockedSeveral, diagnosis.CardExpiresSoon, diagnosis.CertificateExpiresSoon, diagnosis.DateUnknown, diagnosis.AllClear,
	} {
		all.Visits = append(all.Visits, page.Count{Name: diagnosis.Headline{Code: code}.String(), N: 7})
	}
	for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.SurfaceB} {
		all.Visits = append(all.Visits, page.Count{Name: diagnosis.Headline{Code: diagnosis.Locked, Key: k}.String(), N: 7},
			page.Count{Name: diagnosis.Headline{Code: diagnosis.Forgotten, Key: k}.String(), N: 1})
	}
	for _, end := range []string{"confirmed", "sent", "failed"} {
		all.Slips = append(all.Slips, page.Count{Name: end, N: 9})
	}
	for _, name := range []string{"reader-restart", "reader-hung", "terminal", "printer-hung", "unclean-start", "power-cut", "clock-jump", "newer"} {
		all.Recoveries = append(all.Recoveries, page.Count{Name: name, N: 1})
	}
	all.PaperMM = 14300
	for _, e := range []page.Export{{Writing: true}, {Done: true, Name: "a.txt"}, {Code: "U-01"}} {
		subjects = append(subjects, page.Statistics{Tally: all, Content: content.Embedded(), Export: e, Slip: page.Printed{}})
	}
	subjects = append(subjects, page.Statistics{Tally: all, Content: content.Embedded(), Paper: true, At: at}, page.Statistics{Tally: page.Tally{PaperMM: 900}}, page.Statistics{Content: content.Embedded()}, page.Statistics{Tally: all, Content: content.Embedded()},
		page.Statistics{Tally: page.Tally{Visits: all.Visits}, Content: content.Embedded()})
	for step := page.CodeAsked; step <= page.CodeClosed; step++ {
		subjects = append(subjects, page.StaffCode{Step: step, Typed: 4, Tries: 3, Code: "S-01", Content: content.Embedded()})
	}
	for _, l := range text.Languages() {
		for _, s := range subjects {
			p := page.Of(s, site.Office{}, l)
			if p.Help != "" {
				t.Errorf("%T in %s sends staff to staff: %q", s, l, p.Help)
			}
			p.Help = "-"
			complete(t, fmt.Sprintf("%T %+v %s", s, s, l), p)
		}
		all := page.Text(page.Of(page.SelfTest{Checks: checks, Content: content.Embedded(), Notes: []string{"F-01 x"}}, site.Office{}, l))
		for _, want := range []string{"C-01", "F-01 x", "本体の日時を確かめられません", "係員メニューで日付と時刻を入れます"} {
			if !strings.Contains(all, want) {
				t.Errorf("the self-test in %s does not say %q:\n%s", l, want, all)
			}
		}
		log := page.Text(page.Of(page.Faults{List: lately, Content: content.Embedded()}, site.Office{}, l))
		for _, want := range []string{"P-02", "用紙がありません", "R-05", "時刻不明", "12", "Z-99"} {
			if !strings.Contains(log, want) {
				t.Errorf("the log of faults in %s does not say %q:\n%s", l, want, log)
			}
		}
		fine := page.Of(page.SelfTest{Checks: []page.Check{{Thing: page.ThingReader, Mark: page.Fine, State: "fine"}, {Thing: page.ThingLamps, State: "absent"}}}, site.Office{}, l)
		if fine.Mark != page.Fine {
			t.Errorf("lamps that do not belong to this kiosk make its self-test %q", fine.Headline)
		}
		unclear := []page.Check{{Thing: page.ThingReader, Mark: page.Fine, State: "fine"}, {Thing: page.ThingPrinter, Mark: page.Unclear, State: "unknown"}}
		if p := page.Of(page.SelfTest{Checks: unclear}, site.Office{}, l); p.Mark != page.Unclear {
			t.Errorf("a printer that cannot tell makes the self-test %q", p.Headline)
		}
	}
}

// TestNotice: staff read the same Japanese whatever the visitor before them chose, and only where something is wrong.
func TestNotice(t *testing.T) {
	said := []string{"F-01 kiosk.toml:26:8: 「open」がありません。", "前の設定で動いています。"}
	for _, l := range text.Languages() {
		p := page.Of(page.Attract{Staff: said}, site.Office{}, l)
		complete(t, "notice "+l.String(), p)
		want := []string{"係の方へ F-01 kiosk.toml:26:8: 「open」がありません。", "前の設定で動いています。"}
		if diff := cmp.Diff(want, p.Staff); diff != "" {
			t.Errorf("notice in %s (-want +got):\n%s", l, diff)
		}
		if text := page.Text(p); !strings.HasSuffix(text, strings.Join(want, "\n")+"\n") {
			t.Errorf("the text in %s does not end with the notice:\n%s", l, text)
		}
		if p := page.Of(page.Attract{}, site.Office{}, l); p.Staff != nil {
			t.Errorf("notice in %s = %q; want none when all is well", l, p.Staff)
		}
	}
	if said[0] != "F-01 kiosk.toml:26:8: 「open」がありません。" {
		t.Errorf("Of changed its subject to %q", said[0])
	}
}

// TestTallyTold: of what people did, what leaves the kiosk moves in steps that are no single person's.
func TestTallyTold(t *testing.T) {
	all := func(n int) page.Tally {
		c := []page.Count{{Name: "a", N: n}, {Name: "b", N: 40}}
		return page.Tally{Visits: c, Guides: c, Slips: c, Recoveries: c, PaperMM: n * 100}
	}
	for n, want := range map[int]int{0: 0, 1: 0, 4: 0, 5: 5, 9: 5, 10: 10, 14: 10, 123: 120} {
		told := all(n).Told()
		for what, counts := range map[string][]page.Count{"visits": told.Visits, "guides": told.Guides, "slips": told.Slips} {
			got := 0
			if len(counts) == 2 {
				got = counts[0].N
			}
			if got != want || counts[len(counts)-1] != (page.Count{Name: "b", N: 40}) {
				t.Errorf("%d %s are told as %v; want %d", n, what, counts, want)
			}
		}
		if told.PaperMM != n*100/1000*1000 || told.Recoveries[0].N != n {
			t.Errorf("%d mm of paper and %d recoveries are told as %d and %d", n*100, n, told.PaperMM, told.Recoveries[0].N)
		}
		if diff := cmp.Diff(told, told.Told()); diff != "" {
			t.Errorf("told twice (-want +got):\n%s", diff)
		}
	}
}
