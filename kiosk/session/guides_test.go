package session

import (
	"slices"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
)

func words(s string) content.Words { return content.Words{Ja: s, Easy: s, En: s} }

// guides are two small trees: lost asks about the auth key first, and the card may answer; other is one question away.
func guides() *content.Content {
	say := []content.Statement{{Words: words("say"), Source: "own"}}
	return &content.Content{Guides: content.Guides{
		Menu:    []string{"lost", "other"},
		Sources: []content.Source{{ID: "own", Title: "own", Checked: content.Date{Year: 2026, Month: 11, Day: 21}}},
		All: []content.Guide{
			{ID: "lost", Title: words("lost"), Questions: []content.Question{
				{ID: "q1", Ask: words("which"), Unknown: "q2", Answers: []content.Answer{{Label: words("login"), To: "q2"}, {Label: words("other"), To: "other"}}},
				{ID: "q2", Ask: words("refused"), Card: "auth", Unknown: "forgot", Answers: []content.Answer{
					{Label: words("yes"), To: "locked", When: []string{guide.KeyLocked}}, {Label: words("no"), To: "forgot", When: []string{guide.KeyOpen, guide.KeyLastTry}},
				}},
			}, Leaves: []content.Leaf{
				{ID: "locked", Title: words("locked leaf"), Keys: []string{"auth"}, Steps: say, Stop: say, Then: "forgot"},
				{ID: "forgot", Title: words("forgot leaf"), Keys: []string{"auth"}, Steps: say, Stop: say, Forgotten: []string{"auth"}, See: []string{"other/end"}},
			}},
			{ID: "other", Title: words("other"), Questions: []content.Question{
				{ID: "q1", Ask: words("what"), Unknown: "end", Answers: []content.Answer{{Label: words("end"), To: "end"}}},
			}, Leaves: []content.Leaf{{ID: "end", Title: words("end leaf"), Steps: say, Stop: say}}},
		},
	}}
}

func touches(actions ...page.Action) (all []Event) {
	for _, a := range actions {
		all = append(all, Touched{a})
	}
	return all
}

func wantPlace(t *testing.T, s State, headline string) {
	t.Helper()
	want(t, s, GuideStep)
	if s.Page.Headline != headline {
		t.Fatalf("the guide says %q; want %q", s.Page.Headline, headline)
	}
}

func offered(s State, a page.Action) bool {
	return slices.ContainsFunc(s.Page.Buttons, func(b page.Button) bool { return b.Action == a })
}

func TestGuideWithoutCard(t *testing.T) {
	w := waiter{s: New(Settings{Printer: true, Content: guides()})}
	w.feed(touches(page.ActGuides)...)
	want(t, w.s, Guides)
	w.feed(touches(page.ActGuide+"lost", page.ActAnswer+"0")...)
	wantPlace(t, w.s, "refused")
	w.feed(touches(page.ActAnswer + "0")...)
	wantPlace(t, w.s, "locked leaf")
	if len(w.s.Page.Rows) > 0 || w.s.Page.Why == "" {
		t.Errorf("without a card the leaf tells rows %v and %q; want how to find out", w.s.Page.Rows, w.s.Page.Why)
	}
	w.feed(touches(page.ActThen)...)
	wantPlace(t, w.s, "forgot leaf")
	if offered(w.s, page.ActForgot) {
		t.Error("the way for a card that was not read is offered")
	}
	w.feed(touches(page.ActSee + "0")...)
	wantPlace(t, w.s, "end leaf")
	w.feed(touches(page.ActBack, page.ActBack, page.ActBack, page.ActBack)...)
	wantPlace(t, w.s, "which")
	w.feed(touches(page.ActBack)...)
	want(t, w.s, Guides)
	w.feed(touches(page.ActGuide+"lost", page.ActDontKnow, page.ActDontKnow)...)
	wantPlace(t, w.s, "forgot leaf")
	w.feed(touches(page.ActOver)...)
	want(t, w.s, Guides)
	w.feed(touches(page.ActBack)...)
	want(t, w.s, Attract)
	forgotten(t, w.s)
}

// TestGuidePrints: a leaf is printed where the visitor stands, and the visitor comes back to it.
func TestGuidePrints(t *testing.T) {
	w := waiter{s: New(Settings{Printer: true, Content: guides()})}
	w.feed(touches(page.ActGuide+"other", page.ActPrint)...)
	if n := prints(w.all); n != 0 {
		t.Fatalf("a question was printed %d times", n)
	}
	w.feed(touches(page.ActAnswer+"0", page.ActPrint, page.ActPrint)...)
	want(t, w.s, Printing)
	if n := prints(w.all); n != 1 {
		t.Fatalf("two touches of print asked for %d slips; want 1", n)
	}
	if p := w.all[0].(Print).Page; p.Headline != "end leaf" {
		t.Errorf("printed %q; want the leaf", p.Headline)
	}
	w.feed(PrintEnded{Job: w.s.job, Result: PrintNothing, Code: "P-02"})
	want(t, w.s, NotPrinted)
	w.wait(messageFor * time.Second)
	wantPlace(t, w.s, "end leaf")
	w.feed(touches(page.ActPrint)...)
	w.feed(PrintEnded{Job: w.s.job, Result: PrintConfirmed})
	want(t, w.s, Printed)
	w.feed(touches(page.ActBack)...)
	wantPlace(t, w.s, "end leaf")
	for range 2 * maxSlips {
		w.feed(touches(page.ActPrint)...)
		w.feed(PrintEnded{Job: w.s.job, Result: PrintConfirmed})
		w.feed(touches(page.ActBack)...)
	}
	if n := prints(w.all); n != maxSlips {
		t.Errorf("%d slips of one visit; want %d at most", n, maxSlips)
	}
}

// TestCardInTheMiddleOfAGuide: the card answers what was asked, and the visitor finds the place again.
func TestCardInTheMiddleOfAGuide(t *testing.T) {
	locked := verdict(diagnosis.Locked)
	locked.Report.Findings = []diagnosis.Finding{{Code: diagnosis.FoundLocked, Key: card.Auth}}
	w := waiter{s: New(Settings{Content: guides()})}
	w.feed(touches(page.ActGuide+"lost", page.ActAnswer+"0")...)
	wantPlace(t, w.s, "refused")
	w.read(locked)
	w.feed(CardLifted{})
	want(t, w.s, Result)
	if !offered(w.s, page.ActResume) || offered(w.s, page.ActGuides) {
		t.Fatalf("the result offers %+v; want the way back into the guide", w.s.Page.Buttons)
	}
	w.feed(touches(page.ActResume)...)
	wantPlace(t, w.s, "locked leaf")
	if len(w.s.Page.Rows) != 1 {
		t.Errorf("the leaf tells %d rows; want the state of the key on this card", len(w.s.Page.Rows))
	}
	w.wait(resultFor * time.Second)
	want(t, w.s, Attract)
	forgotten(t, w.s)
}

// TestForgottenOnThisCard: from a leaf about a forgotten number the visitor's own card leads straight to its way.
func TestForgottenOnThisCard(t *testing.T) {
	s, _ := read(t, New(Settings{Content: guides()}), verdict(diagnosis.AllClear))
	s, _ = run(t, s, CardLifted{})
	s, effects := run(t, s, touches(page.ActGuides, page.ActGuide+"lost", page.ActDontKnow, page.ActDontKnow, page.ActForgot)...)
	if len(effects) != 1 {
		t.Fatalf("effects %v; want one judgement", effects)
	}
	if j, ok := effects[0].(Judge); !ok || !slices.Equal(j.Answers.Forgotten, []card.Key{card.Auth}) {
		t.Fatalf("effect %+v; want the card judged with a forgotten auth PIN", effects[0])
	}
	s, _ = run(t, s, Judged{Visit: s.visit, Resolved: verdict(diagnosis.Forgotten)})
	want(t, s, Result)
	s, _ = run(t, s, Touched{page.ActResume})
	wantPlace(t, s, "forgot leaf")
	s, _ = run(t, s, Touched{page.ActOver}, Touched{page.ActBack})
	want(t, s, Result)
}

// TestGuideLeavesNothing: the next visitor's card finds no guide of somebody whose card was read before.
func TestGuideLeavesNothing(t *testing.T) {
	s, _ := read(t, New(Settings{Content: guides()}), verdict(diagnosis.AllClear))
	s, _ = run(t, s, CardLifted{}, Touched{page.ActGuide + "lost"})
	s, _ = read(t, s, verdict(diagnosis.AllClear))
	s, _ = run(t, s, CardLifted{})
	want(t, s, Result)
	if offered(s, page.ActResume) {
		t.Error("the next visitor is led into the guide of the last one")
	}
}

// TestGuideWhileTheReaderIsGone: trouble that needs no card needs no reader.
func TestGuideWhileTheReaderIsGone(t *testing.T) {
	w := waiter{s: New(Settings{Content: guides()})}
	w.feed(touches(page.ActGuide + "lost")...)
	w.feed(ReaderGone{Code: "R-01"})
	wantPlace(t, w.s, "which")
	w.feed(touches(page.ActOver, page.ActBack)...)
	want(t, w.s, OutOfService)
	w.feed(touches(page.ActGuides, page.ActGuide+"lost")...)
	wantPlace(t, w.s, "which")
	w.feed(ReaderReady{})
	wantPlace(t, w.s, "which")
	w.wait((guideFor - countdown) * time.Second)
	if w.s.Left != countdown {
		t.Errorf("countdown shows %d; want %d", w.s.Left, countdown)
	}
	w.feed(Touched{page.ActExtend})
	if w.s.Left != 0 {
		t.Errorf("after extend the countdown shows %d", w.s.Left)
	}
	w.wait(guideFor * time.Second)
	want(t, w.s, Attract)
	for range 2 * maxRestarts {
		w.feed(touches(page.ActGuides, page.ActBack)...)
	}
	w.feed(touches(page.ActGuides)...)
	for range 2 * maxRestarts {
		w.feed(Touched{page.ActNone})
		w.wait(guideFor / 2 * time.Second)
	}
	want(t, w.s, Attract) // a stuck corner of the touchscreen does not keep it
}

// TestKnown: only what is certain answers a guide's question.
func TestKnown(t *testing.T) {
	day := card.Date{Year: 2030, Month: 2, Day: 17}
	for _, tt := range []struct {
		name      string
		headline  diagnosis.HeadlineCode
		questions []diagnosis.Question
		findings  []diagnosis.Finding
		facts     func(*card.Facts)
		timeless  bool
		want      map[string]string
	}{
		{name: "nothing read", headline: diagnosis.ReadAgain},
		{name: "a licence", headline: diagnosis.WrongCard},
		{name: "counters", headline: diagnosis.Locked, findings: []diagnosis.Finding{{Code: diagnosis.FoundLocked, Key: card.Sign}, {Code: diagnosis.FoundLastTry, Key: card.Auth}},
			facts: func(f *card.Facts) {
				f.Counters[card.Auth-1] = card.Counter{Key: card.Auth, State: card.Counted, Left: 1}
				f.Counters[card.Sign-1] = card.Counter{Key: card.Sign, State: card.Blocked}
				f.Counters[card.InputSupport-1] = card.Counter{Key: card.InputSupport, State: card.Counted, Left: 3}
			}, want: map[string]string{"auth": guide.KeyLastTry, "sign": guide.KeyLocked, "input-support": guide.KeyOpen}},
		{name: "a child's signing counter is no lock", headline: diagnosis.AllClear,
			facts: func(f *card.Facts) { f.Counters[card.Sign-1] = card.Counter{Key: card.Sign, State: card.Blocked} }, want: map[string]string{}},
		{name: "nor while it is open whose card it is", headline: diagnosis.Locked, questions: []diagnosis.Question{diagnosis.Under15},
			findings: []diagnosis.Finding{{Code: diagnosis.FoundLocked, Key: card.Sign}}, want: map[string]string{}},
		{name: "valid", headline: diagnosis.AllClear, facts: func(f *card.Facts) {
			f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateRead, NotAfter: day}
		}, want: map[string]string{guide.Certificate: guide.Valid}},
		{name: "nobody knows the date", headline: diagnosis.DateUnknown, timeless: true, facts: func(f *card.Facts) {
			f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateRead, NotAfter: day}
		}, want: map[string]string{}},
		{name: "grace", headline: diagnosis.CertificateExpired, findings: []diagnosis.Finding{{Code: diagnosis.FoundCertificateExpired}, {Code: diagnosis.FoundGraceUntil}},
			want: map[string]string{guide.Certificate: guide.Grace}},
		{name: "over", headline: diagnosis.CertificateExpired, findings: []diagnosis.Finding{{Code: diagnosis.FoundCertificateExpired}, {Code: diagnosis.FoundGraceOver}},
			want: map[string]string{guide.Certificate: guide.Over}},
		{name: "expired", headline: diagnosis.CertificateExpired, findings: []diagnosis.Finding{{Code: diagnosis.FoundCertificateExpired}},
			want: map[string]string{guide.Certificate: guide.Expired}},
		{name: "soon", headline: diagnosis.CertificateExpiresSoon, findings: []diagnosis.Finding{{Code: diagnosis.FoundCertificateExpiresSoon}},
			want: map[string]string{guide.Certificate: guide.Soon}},
		{name: "absent", headline: diagnosis.CertificatesAbsent, findings: []diagnosis.Finding{{Code: diagnosis.FoundCertificateAbsent}},
			want: map[string]string{guide.Certificate: guide.Absent}},
	} {
		s := State{Facts: card.NewFacts(), Resolved: verdict(tt.headline)}
		s.Resolved.Report.Findings, s.Resolved.Report.Questions = tt.findings, tt.questions
		if !tt.timeless {
			s.Resolved.Office.ReadAt = time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)
		}
		if tt.facts != nil {
			tt.facts(&s.Facts)
		}
		got := s.known()
		if len(got) != len(tt.want) || got == nil != (tt.want == nil) {
			t.Errorf("%s: known() = %v; want %v", tt.name, got, tt.want)
		}
		for k, v := range tt.want {
			if got[k] != v {
				t.Errorf("%s: known()[%s] = %q; want %q", tt.name, k, got[k], v)
			}
		}
	}
}
