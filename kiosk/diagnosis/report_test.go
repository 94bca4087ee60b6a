package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// TestReportDocument holds the report/1 document byte for byte (white space aside) against hand-written ones;
// locked-sign.json is the one that design.md §6 shows, before site fills in stores.
func TestReportDocument(t *testing.T) {
	locked := healthy()
	locked.Counters[card.Sign-1] = card.Counter{Key: card.Sign, State: card.Blocked}
	ending := locked
	ending.CardExpiry = day("2027-01-15")
	ending.Certificates = []card.Certificate{
		{Key: card.AuthCertificate, State: card.CertificateRead, NotBefore: day("2022-01-15"), NotAfter: day("2027-01-15")},
		{Key: card.SignCertificate, State: card.NeedsPassword},
	}
	for file, f := range map[string]card.Facts{
		"locked-sign.json":    locked,
		"card-ends-soon.json": ending,
		"wrong-card.json":     {Kind: card.DriversLicence, Outcome: card.WrongCard},
		"read-again.json":     {},
	} {
		t.Run(file, func(t *testing.T) {
			shown, err := os.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			var want bytes.Buffer
			if err := json.Compact(&want, shown); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(diagnosis.Diagnose(f, on("2026-11-24"), diagnosis.Answers{}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), string(got)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutcomes gives a healthy card every outcome and kind: only a complete reading of a My Number Card carries a verdict.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		outcome card.Outcome
		kind    card.Kind
		want    string
		way     string
	}{
		{card.Complete, card.MyNumberCard, "all-clear", "nothing owner"},
		{card.Partial, card.MyNumberCard, "read-again", "read-again owner"},
		{card.Removed, card.MyNumberCard, "read-again", "read-again owner"},
		{card.Removed, card.KindUnknown, "read-again", "read-again owner"},
		{card.Partial, card.DriversLicence, "read-again", "read-again owner"},
		{card.Complete, card.KindUnknown, "read-again", "read-again owner"},
		{card.WrongCard, card.KindUnknown, "wrong-card", "nothing owner"},
		{card.WrongCard, card.UnknownJPKI, "wrong-card", "nothing owner"},
		{card.WrongCard, card.PhoneAndroid, "wrong-card", "nothing owner"},
		{card.Complete, card.JukiCard, "wrong-card", "nothing owner"},
	} {
		f := healthy()
		f.Outcome, f.Kind = c.outcome, c.kind
		r := diagnosis.Diagnose(f, on("2026-11-24"), diagnosis.Answers{})
		if got := r.Headline.String(); got != c.want || tell(&r.Primary) != c.way || r.Kind != c.kind {
			t.Errorf("%s %s: %s, %s, kind %s; want %s, %s, kind %s", c.outcome, c.kind, got, tell(&r.Primary), r.Kind, c.want, c.way, c.kind)
		}
	}
}

// TestStrayLeft: a number beside a state that has none is not read.
func TestStrayLeft(t *testing.T) {
	f := healthy()
	f.Counters[card.SurfaceB-1].Left = 1
	f.Counters[card.InputSupportB-1] = card.Counter{Key: card.InputSupportB, State: card.CounterUnread, Left: 5}
	if r := diagnosis.Diagnose(f, on("2026-11-24"), diagnosis.Answers{}); r.Headline.Code != diagnosis.ReadAgain {
		t.Errorf("a copy that was not asked: headline %s; want read-again", r.Headline)
	}
	f.Counters[card.SurfaceB-1] = card.Counter{Key: card.SurfaceB, State: card.CounterAbsent, Left: 1}
	f.Counters[card.InputSupportB-1] = card.Counter{Key: card.InputSupportB, State: card.CounterAbsent, Left: 1}
	r := diagnosis.Diagnose(f, on("2026-11-24"), diagnosis.Answers{})
	if len(r.Findings) > 0 || len(r.Clerk) > 0 {
		t.Errorf("findings %v, clerk %v; want none", r.Findings, r.Clerk)
	}
}

// TestLimits: what the chip cannot tell, in its fixed order, and no limit that does not apply.
func TestLimits(t *testing.T) {
	face := map[card.Key]string{card.Auth: "blocked", card.InputSupport: "blocked", card.Juki: "blocked"}
	for _, c := range []struct {
		name       string
		counters   map[card.Key]string
		sign       string
		cardExpiry card.Date
		answers    diagnosis.Answers
		want       string
	}{
		{"ordinary", nil, "needs-password", day("2035-02-17"), diagnosis.Answers{},
			"revocation address-change sign-date forgotten-pin insurer"},
		{"card date unknown", nil, "unread", card.Date{}, diagnosis.Answers{},
			"revocation address-change sign-date forgotten-pin insurer card-date"},
		{"no S certificate", nil, "absent", day("2035-02-17"), diagnosis.Answers{},
			"revocation address-change forgotten-pin insurer"},
		{"a child, EF 0008 not conclusive", nil, "unread", day("2035-02-17"), diagnosis.Answers{Under15: diagnosis.Yes},
			"revocation address-change forgotten-pin insurer"},
		{"a child with an S certificate", nil, "needs-password", day("2035-02-17"), diagnosis.Answers{Under15: diagnosis.Yes},
			"revocation address-change sign-date forgotten-pin insurer"},
		{"perhaps a face card", face, "needs-password", card.Date{}, diagnosis.Answers{},
			"revocation address-change sign-date forgotten-pin insurer card-date face-card"},
		{"a face card", face, "needs-password", day("2035-02-17"), diagnosis.Answers{FaceCard: diagnosis.Yes},
			"revocation address-change sign-date forgotten-pin insurer"},
	} {
		f := healthy()
		f.CardExpiry = c.cardExpiry
		for k, s := range c.counters {
			if err := setCounter(&f, k, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := setCertificate(&f, card.SignCertificate, c.sign); err != nil {
			t.Fatal(err)
		}
		r := diagnosis.Diagnose(f, on("2026-11-24"), c.answers)
		if got := words(r.Limits, func(l diagnosis.Limit) string { return string(l) }); got != c.want {
			t.Errorf("%s: limits %q; want %q", c.name, got, c.want)
		}
	}
}

// TestAlsoOnCard: what else lives on the card is told last.
func TestAlsoOnCard(t *testing.T) {
	f := healthy()
	f.AlsoOnCard = []card.Extra{card.ResidenceOnCard, card.LicenceOnCard}
	r := diagnosis.Diagnose(f, on("2026-11-24"), diagnosis.Answers{})
	if got, want := words(r.Findings, tellFinding), "licence-on-card residence-on-card"; got != want {
		t.Errorf("findings %q; want %q", got, want)
	}
}

// TestBecause: every finding names its rule, and a caller who edits one report edits no other.
func TestBecause(t *testing.T) {
	check := func(visit string, m moment) {
		m.facts.AlsoOnCard = []card.Extra{card.LicenceOnCard, card.ResidenceOnCard}
		for _, f := range m.diagnose().Findings {
			if len(f.Because) == 0 || !strings.HasPrefix(f.Because[0], "rules ") {
				t.Errorf("%s: %s because %q; want a rule first", visit, f.Code, f.Because)
				continue
			}
			f.Because[0] = "edited"
		}
	}
	for row := range rows(t) {
		f, now, a, err := row.visit()
		if err != nil {
			t.Fatal(err)
		}
		check(row.get("id"), moment{f, now, a})
	}
	for _, v := range visits {
		a, err := diagnosis.ParseAnswers(v.answers)
		if err != nil {
			t.Fatal(err)
		}
		check(v.rule, moment{v.facts(t), v.now(t), a})
	}
}

// TestPathNeeds: a rare key joins a visit and is not what the visit is for.
func TestPathNeeds(t *testing.T) {
	reset := func(k card.Key) diagnosis.Action { return diagnosis.Action{Verb: diagnosis.Reset, Key: k} }
	p := &diagnosis.Path{Actions: []diagnosis.Action{
		{Verb: diagnosis.RenewCertificates}, reset(card.Auth), reset(card.SurfaceB), reset(card.SurfaceA), reset(card.SurfaceBirth)}}
	if diff := cmp.Diff(p.Actions[:3], p.Needs()); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	if !p.Does(reset(card.SurfaceA)) || p.Does(reset(card.Sign)) {
		t.Errorf("Does: reset:surface-a %v, reset:sign %v; want true, false", p.Does(reset(card.SurfaceA)), p.Does(reset(card.Sign)))
	}
	if p = nil; p.Does(reset(card.Auth)) {
		t.Error("no path at all does something")
	}
}

// TestParseAnswers: the form of the command line.
func TestParseAnswers(t *testing.T) {
	got, err := diagnosis.ParseAnswers("resident=elsewhere, under15=no;face-card=yes,limited-stay=no,other-pin-known=yes," +
		"unchanged-since-issue=no,nfc-phone=yes,forgotten=sign,forgotten=juki")
	want := diagnosis.Answers{Resident: diagnosis.No, Under15: diagnosis.No, FaceCard: diagnosis.Yes, LimitedStay: diagnosis.No,
		OtherPINKnown: diagnosis.Yes, UnchangedSinceIssue: diagnosis.No, NFCPhone: diagnosis.Yes, Forgotten: []card.Key{card.Sign, card.Juki}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("answers: %v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"nfc-phone", "nfc-phone=maybe", "resident=yes", "age=12", "forgotten=surface-b", "forgotten=pin"} {
		if a, err := diagnosis.ParseAnswers(bad); err == nil {
			t.Errorf("ParseAnswers(%q) = %v; want an error", bad, a)
		}
	}
	if a := (diagnosis.Answers{}).With("age", diagnosis.Yes); a.Of("age") != diagnosis.Unknown {
		t.Errorf("an unknown question was answered")
	}
}

func TestHas(t *testing.T) {
	r := diagnosis.Report{Findings: []diagnosis.Finding{{Code: diagnosis.FoundLocked, Key: card.Sign}, {Code: diagnosis.FoundGraceUntil}}}
	for _, tt := range []struct {
		code diagnosis.FindingCode
		key  card.Key
		want bool
	}{
		{diagnosis.FoundLocked, card.Sign, true}, {diagnosis.FoundGraceUntil, card.KeyUnknown, true},
		{diagnosis.FoundLocked, card.Auth, false}, {diagnosis.FoundLastTry, card.Sign, false}, {diagnosis.FoundGraceUntil, card.Sign, false},
	} {
		if got := r.Has(tt.code, tt.key); got != tt.want {
			t.Errorf("Has(%s, %s) = %v; want %v", tt.code, tt.key, got, tt.want)
		}
	}
}
