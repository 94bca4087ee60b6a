package page_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// told is what one visitor reads: a healthy card changed by lay, these answers, this profile and this moment.
func told(t *testing.T, lay func(*card.Facts), answers, profile string, at time.Time, l text.Language) page.Page {
	t.Helper()
	v, office := visitOf(t, lay, answers, profile, at)
	return page.Of(v, office, l)
}

func visitOf(t *testing.T, lay func(*card.Facts), answers, profile string, at time.Time) (page.Verdict, site.Office) {
	t.Helper()
	f := card.NewFacts()
	f.Kind, f.Outcome, f.CardExpiry = card.MyNumberCard, card.Complete, card.Date{Year: 2035, Month: 2, Day: 17}
	for i, s := range card.Keys() {
		f.Counters[i] = card.Counter{Key: s.Key, State: card.Counted, Left: max(s.Tries, 3)}
	}
	f.Counters[card.Licence-1].State = card.CounterAbsent
	f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateRead, NotAfter: card.Date{Year: 2030, Month: 2, Day: 17}}
	f.Certificates[1].State = card.NeedsPassword
	lay(&f)
	a, err := diagnosis.ParseAnswers(answers)
	if err != nil {
		t.Fatal(err)
	}
	p, err := site.Builtin(profile)
	if err != nil {
		t.Fatal(err)
	}
	now := diagnosis.Now{Earliest: at, Latest: at}
	r := site.Resolve(diagnosis.Diagnose(f, now, a), now, a, p, content.Embedded())
	return page.Verdict{Report: r.Report, Facts: f}, r.Office
}

var tuesday = time.Date(2026, time.November, 24, 10, 15, 0, 0, card.Tokyo)

func locking(keys ...card.Key) func(*card.Facts) {
	return func(f *card.Facts) {
		for _, k := range keys {
			f.Counters[k-1] = card.Counter{Key: k, State: card.Blocked}
		}
	}
}

// storeWay returns the way by store.
func storeWay(t *testing.T, p page.Page) page.Way {
	t.Helper()
	title := pattern(p.Lang, "way.store.title")
	only := pattern(p.Lang, "way.store.title-only")
	for _, w := range p.Ways {
		if title.MatchString(w.Title) || only.MatchString(w.Title) {
			return w
		}
	}
	t.Fatalf("no way by store:\n%s", page.Text(p))
	return page.Way{}
}

// TestStoreSteps holds that the store route says what to type, where, until when, and when the machines run
// (rules §2). What is typed is the other key: the password where the PIN is locked, four digits where the password is.
func TestStoreSteps(t *testing.T) {
	for _, tt := range []struct {
		locked, other card.Key
		form          map[text.Language]string
	}{
		{card.Sign, card.Auth, map[text.Language]string{text.Japanese: "4けた", text.EasyJapanese: "4けた", text.English: "4 digits"}},
		{card.Auth, card.Sign, map[text.Language]string{text.Japanese: "6〜16文字", text.EasyJapanese: "6〜16文字", text.English: "6-16 characters"}},
	} {
		for _, l := range text.Languages() {
			w := storeWay(t, told(t, locking(tt.locked), "", "city-hall", tuesday, l))
			if len(w.Steps) != 2 {
				t.Fatalf("%s %s: %d steps; want booking and terminal: %q", tt.locked, l, len(w.Steps), w.Steps)
			}
			for i, wants := range [][]string{
				{"JPKI暗証番号リセット", l.Say("key." + tt.other.String() + ".short"), tt.form[l]},
				{"24", "マルチコピー機"},
			} {
				for _, want := range wants {
					if !strings.Contains(w.Steps[i], want) {
						t.Errorf("%s %s: step %d %q does not say %q", tt.locked, l, i+1, w.Steps[i], want)
					}
				}
			}
			if all := strings.Join(w.Steps, "\n"); strings.Contains(all, l.Say("key."+tt.locked.String()+".short")) {
				t.Errorf("%s %s: the steps have the locked key typed: %q", tt.locked, l, w.Steps)
			}
			if !strings.Contains(w.Opening, "6:30-23:00") || w.Price != l.Say("price.free") || len(w.Place) == 0 || !strings.Contains(w.If, l.Say("if.nfc-phone")) {
				t.Errorf("%s %s: the way does not say hours, price, place and condition: %+v", tt.locked, l, w)
			}
		}
	}
}

// TestOldStoreList: more than a year after the list was checked visitors are told that it may be old, on a store route
// alone, and everywhere the day of the information stands at the foot.
func TestOldStoreList(t *testing.T) {
	checked := content.Embedded().Terminal.Checked
	for _, tt := range []struct {
		at  time.Time
		key card.Key
		old bool
	}{
		{time.Date(checked.Year+1, time.Month(checked.Month), checked.Day, 10, 0, 0, 0, card.Tokyo), card.Sign, false},
		{time.Date(checked.Year+1, time.Month(checked.Month), checked.Day+1, 10, 0, 0, 0, card.Tokyo), card.Sign, true},
		{time.Date(checked.Year+1, time.Month(checked.Month), checked.Day+1, 10, 0, 0, 0, card.Tokyo), card.Juki, false},
	} {
		for _, l := range text.Languages() {
			p := told(t, locking(tt.key), "", "city-hall", tt.at, l)
			if got := pattern(l, "place.stores-old").MatchString(page.Text(p)); got != tt.old {
				t.Errorf("%s at %s in %s: said to be old: %v; want %v\n%s", tt.key, tt.at.Format(time.DateOnly), l, got, tt.old, page.Text(p))
			}
			if !slices.ContainsFunc(p.Foot, func(s string) bool { return pattern(l, "foot.info").MatchString(s) }) {
				t.Errorf("%s in %s: the foot %q does not say the date of the information", tt.key, l, p.Foot)
			}
		}
	}
}

// TestFaceCardB: on a card without numbers the locked reference of face readers is told, and told to be mended.
func TestFaceCardB(t *testing.T) {
	numbers := []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.Common}
	for _, locked := range [][]card.Key{nil, {card.SurfaceB}, {card.InputSupportB}, {card.SurfaceB, card.InputSupportB}} {
		for _, l := range text.Languages() {
			v, office := visitOf(t, locking(append(numbers, locked...)...), "face-card=yes", "city-hall", tuesday)
			p, details := page.Of(v, office, l), page.Of(page.Details{Report: v.Report, Facts: v.Facts}, office, l)
			note := l.Say("note.face-card-b")
			want := len(locked) > 0
			if slices.Contains(p.Notes, note) != want || slices.Contains(details.Notes, note) != want {
				t.Errorf("%v locked, %s: told on the result %v, in the details %v; want %v", locked, l,
					slices.Contains(p.Notes, note), slices.Contains(details.Notes, note), want)
			}
			if mark := map[bool]page.Mark{false: page.Fine, true: page.Attention}[want]; p.Mark != mark {
				t.Errorf("%v locked, %s: mark %c; want %c", locked, l, p.Mark.Rune(), mark.Rune())
			}
			if got := slices.ContainsFunc(p.Rows, func(r page.Row) bool { return r.Official == "照合番号B" }); got != want {
				t.Errorf("%v locked, %s: a row for 照合番号B: %v; want %v", locked, l, got, want)
			}
			for _, r := range details.AllRows {
				if r.Official == "照合番号B" && r.State == l.Say("state.face-card") {
					t.Errorf("%v locked, %s: the details say that a card without numbers does without its printed one", locked, l)
				}
			}
			if len(p.Ways) != 1 || p.Ways[0].If == "" || want && !strings.Contains(strings.Join(p.Ways[0].Steps, " "), l.Say("key.surface-b.short")) {
				t.Errorf("%v locked, %s: ways %+v; want the counter, on condition, mending what is locked", locked, l, p.Ways)
			}
		}
	}
}

// TestAgent: who goes for the owner learns before going that new PINs take two visits, and that a renewal takes the
// inquiry of the notice. A legal representative goes once.
func TestAgent(t *testing.T) {
	expiring := func(f *card.Facts) { f.Certificates[0].NotAfter = card.Date{Year: 2027, Month: 1, Day: 15} }
	for _, tt := range []struct {
		name, answers  string
		lay            func(*card.Facts)
		twice, inquiry bool
	}{
		{"locked", "", locking(card.Juki), true, false},
		{"forgotten", "forgotten=juki", func(*card.Facts) {}, true, false},
		{"certificates absent", "", func(f *card.Facts) {
			f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: card.CertificateAbsent}
			f.Certificates[1].State = card.CertificateAbsent
		}, true, false},
		{"expiring", "", expiring, false, true},
		{"expiring and locked", "", func(f *card.Facts) { expiring(f); locking(card.Juki)(f) }, true, false},
		{"expired", "", func(f *card.Facts) { f.Certificates[0].NotAfter = card.Date{Year: 2026, Month: 11, Day: 1} }, true, false},
		{"card ended", "", ended, false, false},
		{"child", "under15=yes", locking(card.Juki), false, false},
		{"child, expiring", "under15=yes", expiring, false, false},
		{"nothing", "", func(*card.Facts) {}, false, false},
	} {
		for _, l := range text.Languages() {
			v, office := visitOf(t, tt.lay, tt.answers, "pop-up", tuesday)
			p, details := page.Of(v, office, l), page.Of(page.Details{Report: v.Report, Facts: v.Facts}, office, l)
			takes := slices.ContainsFunc(p.Ways, func(w page.Way) bool { return w.Takes == l.Say("takes.agent") })
			if takes != tt.twice || slices.Contains(details.Notes, l.Say("note.agent")) != tt.twice {
				t.Errorf("%s, %s: two visits told: %v, details %q; want %v", tt.name, l, takes, details.Notes, tt.twice)
			}
			if slices.Contains(p.Notes, l.Say("note.agent-renewal")) != tt.inquiry || slices.Contains(details.Notes, l.Say("note.agent-renewal")) != tt.inquiry {
				t.Errorf("%s, %s: notes %q, details %q; the inquiry told: want %v", tt.name, l, p.Notes, details.Notes, tt.inquiry)
			}
		}
	}
}

// ended is a card past its date.
func ended(f *card.Facts) {
	f.CardExpiry = card.Date{Year: 2026, Month: 11, Day: 1}
	f.Certificates[0].NotAfter = f.CardExpiry
}

// TestNothingContradictsItself holds what reading slips aloud brought up.
func TestNothingContradictsItself(t *testing.T) {
	for _, tt := range []struct {
		name, answers string
		lay           func(*card.Facts)
		say, hush     []string // messages
	}{
		{"a forgotten number is not locked, and the others are not others", "forgotten=juki", func(*card.Facts) {},
			[]string{"rest.all"}, []string{"rest.others"}},
		{"nor is one that has a try left", "", func(f *card.Facts) { f.Counters[card.Auth-1].Left = 1 },
			[]string{"rest.all"}, []string{"rest.others"}},
		{"a child's card has no row that others could be other to", "under15=yes", func(f *card.Facts) {
			locking(card.Sign)(f)
			f.Certificates[1].State = card.CertificateAbsent
		}, []string{"rest.all"}, []string{"rest.others"}},
		{"one locked number has others", "", locking(card.Juki), []string{"rest.others"}, []string{"rest.all"}},
		{"rare keys are unlocked on a visit made anyway", "", locking(card.Juki, card.Common, card.SurfaceA), nil, []string{"note.rare"}},
		{"rare keys alone make no visit", "", locking(card.SurfaceA), []string{"note.rare"}, nil},
		{"without a PIN there is the face at hospitals", "", locking(card.Auth), []string{"note.hospital-face"}, []string{"note.hospital-pin"}},
		{"without the face there is the PIN at hospitals", "", locking(card.InputSupportB), []string{"note.hospital-pin"}, []string{"note.hospital-face"}},
		{"without both there is neither", "", locking(card.Auth, card.SurfaceB), nil, []string{"note.hospital-pin", "note.hospital-face"}},
		{"an expired certificate ends both", "", func(f *card.Facts) {
			locking(card.Auth)(f)
			f.Certificates[0].NotAfter = card.Date{Year: 2026, Month: 6, Day: 1}
		}, []string{"note.grace-over"}, []string{"note.hospital-face"}},
		{"a new card takes a photo", "", ended,
			[]string{"bring.photo", "bring.old-card"}, []string{"bring.card"}},
		{"also after a period of stay", "limited-stay=yes", ended, []string{"bring.photo", "bring.residence-card", "price.paid"}, []string{"price.free"}},
		{"new PINs on a face card are for who wants them", "face-card=yes",
			locking(card.Auth, card.Sign, card.InputSupport, card.Juki, card.Common), []string{"clerk.asked-if"}, []string{"clerk.asked"}},
		{"everywhere else they are asked for", "", locking(card.Juki), []string{"clerk.asked"}, []string{"clerk.asked-if"}},
	} {
		for _, l := range text.Languages() {
			p := told(t, tt.lay, tt.answers, "city-hall", tuesday, l)
			for key, want := range wanted(tt.say, tt.hush) {
				line := regexp.MustCompile("(?m)^(- |.* / )?" + pattern(l, key).String() + "( / .*)?$")
				got := line.MatchString(page.Text(p))
				if got != want {
					t.Errorf("%s, %s: %s said: %v; want %v\n%s", tt.name, l, key, got, want, page.Text(p))
				}
			}
		}
	}
}

func wanted(say, hush []string) map[string]bool {
	all := map[string]bool{}
	for _, k := range say {
		all[k] = true
	}
	for _, k := range hush {
		all[k] = false
	}
	return all
}

// TestStopReachesEveryTown holds that a visitor from elsewhere is not sent to an office on the one Sunday on which no
// office can help.
func TestStopReachesEveryTown(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		stop bool
	}{
		{time.Date(2026, time.November, 22, 10, 15, 0, 0, card.Tokyo), true},
		{time.Date(2026, time.November, 22, 15, 0, 0, 0, time.UTC), false}, // Monday in Tokyo
		{tuesday, false},
	} {
		for _, l := range text.Languages() {
			p := told(t, locking(card.InputSupport), "resident=elsewhere", "city-hall", test.at, l)
			if len(p.Ways) != 1 || p.Ways[0].Title != l.Say("way.own.title") {
				t.Fatalf("ways in %s are %+v; want the visitor's own office", l, p.Ways)
			}
			want := ""
			if test.stop {
				want = l.Say("opening.closed-today-for", "reason", l.Say("reason.nationwide-stop"))
			}
			if p.Ways[0].Opening != want {
				t.Errorf("at %s in %s the own office is %q; want %q", test.at, l, p.Ways[0].Opening, want)
			}
		}
	}
}
