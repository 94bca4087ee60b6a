package diagnosis_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// moment is one point of the space the properties are tried on.
type moment struct {
	facts   card.Facts
	now     diagnosis.Now
	answers diagnosis.Answers
}

func (m moment) diagnose() diagnosis.Report { return diagnosis.Diagnose(m.facts, m.now, m.answers) }

func (m moment) String() string {
	b, _ := json.Marshal(m.facts)
	return fmt.Sprintf("between %v and %v, answers %+v, facts %s", card.DateOf(m.now.Earliest), card.DateOf(m.now.Latest), m.answers, b)
}

// somewhere picks a point. Counters are locked often, dates lie close to their edges, and every third clock is not
// believed.
func somewhere(r *rand.Rand) moment {
	m := moment{facts: healthy()}
	f := &m.facts
	today := day("2026-11-24")
	if r.IntN(20) == 0 {
		f.Outcome = pick(r, card.Partial, card.Removed, card.WrongCard)
	}
	if r.IntN(40) == 0 {
		f.Kind = pick(r, card.KindUnknown, card.PhoneAndroid, card.UnknownJPKI)
	}
	locked := pick(r, 2, 6, 40) // one counter in so many
	for i, c := range f.Counters {
		switch {
		case r.IntN(locked) == 0:
			f.Counters[i] = card.Counter{Key: c.Key, State: card.Blocked}
		case r.IntN(20) == 0:
			f.Counters[i].State, f.Counters[i].Left = card.Counted, 1
		case r.IntN(60) == 0:
			f.Counters[i] = card.Counter{Key: c.Key, State: pick(r, card.CounterAbsent, card.Unreported, card.CounterUnread)}
		}
	}
	end := today.AddDays(pick(r, -300, -120, -30, -1, 0, 1, 60, 91, 92, 93, 400, 1200))
	f.CardExpiry = pick(r, card.Date{}, end, end.AddDays(-200), end.AddDays(1800), end.AddDays(1800), end.AddDays(1800))
	f.Certificates = []card.Certificate{{Key: card.AuthCertificate, State: card.CertificateRead, NotBefore: end.AddMonths(-60), NotAfter: end},
		{Key: card.SignCertificate, State: pick(r, card.NeedsPassword, card.NeedsPassword, card.CertificateAbsent, card.CertificateUnread)}}
	if r.IntN(12) == 0 {
		f.Certificates[0] = card.Certificate{Key: card.AuthCertificate, State: pick(r, card.CertificateAbsent, card.CertificateUnread)}
	}
	m.now = on(today.String())
	if r.IntN(3) == 0 {
		m.now.Earliest = pick(r, time.Time{}, m.now.Earliest.AddDate(0, 0, -pick(r, 1, 30, 100)), m.now.Earliest)
		m.now.Latest = pick(r, time.Time{}, m.now.Latest.AddDate(0, 0, pick(r, 1, 60, 2000)))
	}
	for _, q := range allQuestions {
		m.answers = m.answers.With(q, pick(r, diagnosis.Unknown, diagnosis.Unknown, diagnosis.Yes, diagnosis.No))
	}
	if r.IntN(4) == 0 { // the walk would seldom see a store route otherwise
		k := pick(r, card.Auth, card.Sign)
		copy(f.Counters, pick(r, healthy().Counters, f.Counters))
		f.Counters[k-1] = card.Counter{Key: k, State: card.Blocked}
		for _, q := range storeQuestions {
			m.answers = m.answers.With(q, diagnosis.Yes)
		}
	}
	for _, k := range forgettable {
		if r.IntN(6) == 0 {
			m.answers.Forgotten = append(m.answers.Forgotten, k)
		}
	}
	return m
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

var (
	storeQuestions = []diagnosis.Question{diagnosis.NFCPhone, diagnosis.OtherPINKnown, diagnosis.UnchangedSinceIssue}
	allQuestions   = append([]diagnosis.Question{diagnosis.FaceCard, diagnosis.Under15, diagnosis.LimitedStay, diagnosis.NFCPhone,
		diagnosis.OtherPINKnown, diagnosis.UnchangedSinceIssue}, diagnosis.Resident)
	forgettable = []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki}
)

// TestProperties tries what must hold for every visit, whatever the rules say in detail.
func TestProperties(t *testing.T) {
	seen := map[string]int{}
	r := rand.New(rand.NewPCG(8, 3)) // the same walk on every run
	for range 2000 {
		report := try(t, somewhere(r))
		seen[string(report.Headline.Code)]++
		seen[string(report.Primary.Route)]++
	}
	// The walk is worth something only if it meets every headline and route.
	for _, what := range []string{"wrong-card", "read-again", "card-expired", "certificates-absent", "face-card", "certificate-expired",
		"locked-several", "locked", "card-expires-soon", "certificate-expires-soon", "forgotten", "date-unknown", "all-clear",
		"nothing", "counter", "store", "ask", "staff-check"} {
		if seen[what] < 10 {
			t.Errorf("the walk met %q %d times; want 10 at least", what, seen[what])
		}
	}
}

// FuzzProperties walks on from any seed: go test -fuzz FuzzProperties.
func FuzzProperties(f *testing.F) {
	f.Add(uint64(0))
	f.Fuzz(func(t *testing.T, seed uint64) { try(t, somewhere(rand.New(rand.NewPCG(seed, 0)))) })
}

func try(t *testing.T, m moment) diagnosis.Report {
	t.Helper()
	r := m.diagnose()
	for name, property := range properties {
		if err := property(m, r); err != "" {
			b, _ := json.Marshal(r)
			t.Fatalf("%s: %s\n%s\nreport %s", name, err, m, b)
		}
	}
	return r
}

var properties = map[string]func(moment, diagnosis.Report) string{
	"a store is first only for one JPKI key and nothing else": storeFirst,
	"a store is named only where it can help":                 storeAnywhere,
	"what an interval says holds on each of its days":         everyDay,
	"day counts need a clock":                                 dayCounts,
	"the clerk sees every locked counter":                     clerkSees,
	"every locked key is reset":                               lockedIsReset,
	"every report has a next step":                            nextStep,
	"answers never make a path worse":                         answersHelp,
	"residence changes the place only":                        residence,
	"a forgotten key only adds to a visit":                    forgettingAdds,
	"questions are open, in order and worth asking":           questionsMatter,
	"pure":                 pure,
	"lists are never null": listsAreLists,
}

// blocked and broken read raw facts and answers, not the package's own view of them.
func blocked(m moment, keys ...card.Key) bool {
	return slices.ContainsFunc(keys, func(k card.Key) bool { return m.facts.Counter(k).State == card.Blocked })
}

func broken(m moment, keys ...card.Key) bool {
	return blocked(m, keys...) || slices.ContainsFunc(keys, func(k card.Key) bool { return slices.Contains(m.answers.Forgotten, k) })
}

func storeFirst(m moment, r diagnosis.Report) string {
	if r.Primary.Route != diagnosis.RouteStore {
		return ""
	}
	auth, sign := m.facts.Certificate(card.AuthCertificate), m.facts.Certificate(card.SignCertificate)
	latest := card.DateOf(m.now.Latest)
	switch {
	case broken(m, card.Auth) == broken(m, card.Sign):
		return "not exactly one JPKI key is the problem"
	case broken(m, card.InputSupport, card.Juki, card.Common, card.SurfaceB, card.InputSupportB):
		return "something else needs the counter"
	case auth.State != card.CertificateRead || !latest.Known() || auth.NotAfter.Before(latest):
		return "the A certificate is not known to be valid"
	case sign.State != card.NeedsPassword || m.answers.Under15 == diagnosis.Yes:
		return "the S certificate is not known to be usable"
	case slices.ContainsFunc(storeQuestions, func(q diagnosis.Question) bool { return m.answers.Of(q) != diagnosis.Yes }):
		return "not all three questions were answered yes"
	case r.Alternative == nil || r.Alternative.Route != diagnosis.RouteCounter:
		return "the counter is not the alternative"
	}
	return ""
}

// wayStores lists every store path of a report.
func wayStores(r diagnosis.Report) []diagnosis.Path {
	var stores []diagnosis.Path
	for _, p := range []*diagnosis.Path{&r.Primary, r.Primary.Yes, r.Primary.No, r.Alternative} {
		if p != nil && p.Route == diagnosis.RouteStore {
			stores = append(stores, *p)
		}
	}
	return stores
}

func storeAnywhere(m moment, r diagnosis.Report) string {
	for _, p := range wayStores(r) {
		if len(p.Actions) != 1 || p.Actions[0].Verb != diagnosis.Reset || p.At != diagnosis.AtAnyStore || p.Who != diagnosis.Owner {
			return "a store does one reset for the owner"
		}
		k, other := p.Actions[0].Key, card.Sign
		if k == card.Sign {
			other = card.Auth
		}
		switch {
		case k != card.Auth && k != card.Sign:
			return "no store resets " + k.String()
		case !broken(m, k) || broken(m, other) || m.facts.Counter(other).State != card.Counted:
			return "the other JPKI key must be in order"
		case m.facts.Certificate(card.SignCertificate).State == card.CertificateAbsent || m.answers.Under15 == diagnosis.Yes:
			return "no S certificate"
		case m.facts.Certificate(card.AuthCertificate).NotAfter.Before(card.DateOf(m.now.Earliest)):
			return "the A certificate has ended"
		case slices.ContainsFunc(storeQuestions, func(q diagnosis.Question) bool { return m.answers.Of(q) == diagnosis.No }):
			return "a question was answered no"
		}
	}
	return ""
}

// everyDay tries days of the interval as a trusted clock would show them: whatever the interval claims about time must
// hold on each, and a trusted day's claims must agree with plain comparison of dates.
func everyDay(m moment, r diagnosis.Report) string {
	claims := timeClaims(r)
	if len(claims) == 0 {
		return ""
	}
	earliest, latest := card.DateOf(m.now.Earliest), card.DateOf(m.now.Latest)
	var days []card.Date
	for _, d := range []card.Date{m.facts.CardExpiry, m.facts.Certificate(card.AuthCertificate).NotAfter, day("2026-11-24"), earliest, latest} {
		for _, n := range []int{-93, -92, -91, -90, -1, 0, 1, 61, 92, 123} {
			days = append(days, d.AddDays(n))
		}
	}
	for _, d := range days {
		if !d.Known() || d.Before(earliest) || latest.Before(d) {
			continue
		}
		that := moment{m.facts, on(d.String()), m.answers}
		have := timeClaims(that.diagnose())
		for _, c := range claims {
			// The rules do not look ahead to the card's own end, when certificates are no longer what is needed.
			cardEnds := m.facts.CardExpiry.AddMonths(-3).Before(d)
			if cardEnds && (c == "go-for renew-certificates" || c == "go-for issue-certificates") {
				continue
			}
			if !slices.Contains(have, c) {
				return fmt.Sprintf("claims %s, which is not so on %s", c, d)
			}
		}
		if err := plainly(m.facts, d, have); err != "" {
			return fmt.Sprintf("on %s: %s", d, err)
		}
	}
	return ""
}

// timeClaims lists what a report says that hangs on today's date.
func timeClaims(r diagnosis.Report) []string {
	var claims []string
	for _, f := range r.Findings {
		switch f.Code {
		case diagnosis.FoundCardExpired, diagnosis.FoundCardExpiresSoon, diagnosis.FoundCertificateExpired,
			diagnosis.FoundCertificateExpiresSoon, diagnosis.FoundGraceUntil, diagnosis.FoundGraceOver:
			claims = append(claims, string(f.Code)+" "+f.Date.String())
		}
	}
	if r.Headline.Code == diagnosis.AllClear {
		claims = append(claims, "all-clear")
	}
	for _, a := range r.Primary.Actions {
		if a.Verb != diagnosis.Reset && a.Verb != diagnosis.ExtendCard { // past its date a card is no longer extended
			claims = append(claims, "go-for "+a.String())
		}
	}
	return claims
}

// plainly checks the claims of one day by comparing dates as they are written.
func plainly(f card.Facts, today card.Date, claims []string) string {
	certificate, own := f.Certificate(card.AuthCertificate).NotAfter, f.CardExpiry
	for _, c := range claims {
		code, end, _ := strings.Cut(c, " ")
		over := today.String() > end
		so := true
		switch diagnosis.FindingCode(code) {
		case diagnosis.FoundCardExpired:
			so = over && end == own.String() && !own.Before(certificate)
		case diagnosis.FoundCertificateExpired:
			so = over && end == certificate.String()
		case diagnosis.FoundCardExpiresSoon, diagnosis.FoundCertificateExpiresSoon:
			so = !over && today.AddMonths(3).AddDays(3).String() > end
		case diagnosis.FoundGraceUntil:
			so = !over && today.String() > certificate.String()
		case diagnosis.FoundGraceOver:
			so = over && today.String() > certificate.AddMonths(3).String()
		case "go-for":
		default: // all-clear
			so = today.String() < certificate.String() && certificate.Known()
		}
		if !so {
			return "it is not so that " + c
		}
	}
	return ""
}

func dayCounts(m moment, r diagnosis.Report) string {
	trusted := card.DateOf(m.now.Earliest) == card.DateOf(m.now.Latest) && !m.now.Earliest.IsZero()
	for _, f := range r.Findings {
		if (f.Days != nil) != (trusted && f.Date.Known()) {
			return string(f.Code) + ": days without a clock, or none with one"
		}
		if f.Days != nil && card.DateOf(m.now.Earliest).AddDays(*f.Days) != f.Date {
			return string(f.Code) + ": wrong number of days"
		}
	}
	return ""
}

func clerkSees(m moment, r diagnosis.Report) string {
	if r.Headline.Code == diagnosis.WrongCard {
		return ""
	}
	named := map[card.Key]bool{}
	for _, l := range r.Clerk {
		named[l.Key] = true
		if c := m.facts.Counter(l.Key); c.State != l.State || (l.Left != nil) != (c.State == card.Counted || c.State == card.Blocked) || l.Left != nil && *l.Left != c.Left {
			return fmt.Sprintf("%s is not what the chip said", l.Key)
		}
	}
	for _, s := range card.Keys() {
		if blocked(m, s.Key) && !named[s.Key] {
			return s.Name + " is locked and not in the list"
		}
	}
	if named[card.Juki] != named[card.Common] || named[card.SurfaceB] != named[card.InputSupportB] {
		return "one copy without the other"
	}
	return ""
}

func lockedIsReset(m moment, r diagnosis.Report) string {
	switch r.Headline.Code {
	case diagnosis.CardExpired, diagnosis.FaceCardFound: // a dead card is not reset; on a face card nothing is broken
		return ""
	case diagnosis.ReadAgain, diagnosis.WrongCard:
		for _, f := range r.Findings {
			if f.Code != diagnosis.FoundUnreported && r.Headline.Code == diagnosis.WrongCard {
				return "a wrong card has no findings"
			}
		}
		return ""
	}
	for _, pair := range [][]card.Key{{card.Auth}, {card.Sign}, {card.InputSupport}, {card.Juki, card.Common}, {card.SurfaceB, card.InputSupportB}} {
		k := pair[0]
		neverSet := k == card.Sign && (m.facts.Certificate(card.SignCertificate).State == card.CertificateAbsent || m.answers.Under15 == diagnosis.Yes)
		found := slices.ContainsFunc(r.Findings, func(f diagnosis.Finding) bool { return f.Code == diagnosis.FoundLocked && f.Key == k })
		if locked := blocked(m, pair...) && !neverSet; found != locked {
			return fmt.Sprintf("%s: found locked %v; want %v", k, found, locked)
		}
		if found && !r.Primary.Does(diagnosis.Action{Verb: diagnosis.Reset, Key: k}) {
			return k.String() + " is locked and the primary way does not reset it"
		}
	}
	return ""
}

func nextStep(_ moment, r diagnosis.Report) string {
	h := r.Headline.Code
	switch r.Primary.Route {
	case diagnosis.RouteNothing:
		if h != diagnosis.AllClear && h != diagnosis.WrongCard && h != diagnosis.FaceCardFound {
			return "nothing to do under this headline"
		}
	case diagnosis.RouteAsk:
		if r.Primary.Yes == nil || r.Primary.No == nil || len(r.Questions) == 0 || r.Alternative == nil {
			return "an ask without questions or without both ways"
		}
	case diagnosis.RouteReadAgain:
		if h != diagnosis.ReadAgain {
			return "read again under another headline"
		}
	case diagnosis.RouteStaffCheck:
		if h != diagnosis.DateUnknown && h != diagnosis.FaceCardFound {
			return "staff check under this headline"
		}
	case diagnosis.RouteCounter, diagnosis.RouteStore:
		if len(r.Primary.Actions) == 0 || r.Primary.At == diagnosis.AtNowhere {
			return "a way without place or purpose"
		}
	default:
		return "a primary way of another kind: " + string(r.Primary.Route)
	}
	if h == diagnosis.ReadAgain && r.Primary.Route != diagnosis.RouteReadAgain {
		return "a reading without verdict leads elsewhere"
	}
	for _, p := range []*diagnosis.Path{r.Primary.Yes, r.Primary.No, r.Alternative} {
		if p != nil && p.Route == "" {
			return "a path without a route"
		}
	}
	return ""
}

// answersHelp: an answer may close the store, change who goes, or clear up that nothing is broken; it never leaves
// anything unsolved that was to be solved, and never turns a way into a wait.
func answersHelp(m moment, before diagnosis.Report) string {
	for _, q := range storeQuestions {
		if m.answers.Of(q) != diagnosis.Unknown {
			continue
		}
		yes := moment{m.facts, m.now, m.answers.With(q, diagnosis.Yes)}.diagnose()
		no := moment{m.facts, m.now, m.answers.With(q, diagnosis.No)}.diagnose()
		if len(wayStores(yes)) != len(wayStores(before)) {
			return fmt.Sprintf("%s=yes: %d store ways; before %d", q, len(wayStores(yes)), len(wayStores(before)))
		}
		if len(wayStores(no)) != 0 {
			return fmt.Sprintf("%s=no leaves a store", q)
		}
		for _, after := range []diagnosis.Report{yes, no} {
			if after.Headline != before.Headline {
				return fmt.Sprintf("%s changes the headline to %s", q, after.Headline)
			}
			for _, a := range before.Primary.Actions {
				if !after.Primary.Does(a) {
					return fmt.Sprintf("%s: %s is left undone", q, a)
				}
			}
		}
	}
	for _, q := range []diagnosis.Question{diagnosis.FaceCard, diagnosis.Under15, diagnosis.LimitedStay} {
		for _, v := range []diagnosis.Tri{diagnosis.Yes, diagnosis.No} {
			if m.answers.Of(q) != diagnosis.Unknown {
				continue
			}
			after := moment{m.facts, m.now, m.answers.With(q, v)}.diagnose()
			waits := after.Primary.Route == diagnosis.RouteReadAgain || after.Primary.Route == diagnosis.RouteStaffCheck
			solved := q == diagnosis.Under15 && before.Headline.String() == "locked:sign" // a child's S was never locked
			if waits && !solved && after.Alternative == nil && before.Primary.Route == diagnosis.RouteCounter {
				return fmt.Sprintf("%s=%v turns a way into a wait", q, v)
			}
			if v == diagnosis.No && !reflect.DeepEqual(after.Primary, before.Primary) && before.Primary.Route != diagnosis.RouteAsk {
				return fmt.Sprintf("%s=no changes the primary way", q)
			}
		}
	}
	return ""
}

func residence(m moment, r diagnosis.Report) string {
	m.answers.Resident = diagnosis.Unknown
	here, _ := json.Marshal(m.diagnose())
	m.answers.Resident = diagnosis.No
	elsewhere, _ := json.Marshal(m.diagnose())
	if want := strings.ReplaceAll(string(here), `"at":"office"`, `"at":"own-municipality"`); want != string(elsewhere) {
		return cmp.Diff(want, string(elsewhere))
	}
	return ""
}

func forgettingAdds(m moment, before diagnosis.Report) string {
	for _, k := range forgettable {
		a := m.answers
		a.Forgotten = append(slices.Clone(a.Forgotten), k)
		after := moment{m.facts, m.now, a}.diagnose()
		for _, done := range before.Primary.Actions {
			// With a clock that is not believed a reset stands alone (rules 8.3; v62 of the contract): what was due only
			// because it is right whether or not the date is over comes out when the dates are compared.
			if !after.Primary.Does(done) && before.Headline.Code != diagnosis.DateUnknown {
				return fmt.Sprintf("forgotten %s: %s is left undone", k, done)
			}
		}
	}
	return ""
}

func questionsMatter(m moment, r diagnosis.Report) string {
	last := -1
	for _, q := range r.Questions {
		i := slices.Index(allQuestions, q)
		if i <= last || m.answers.Of(q) != diagnosis.Unknown || q == diagnosis.Resident {
			return string(q) + " is out of order, answered or not ours to ask"
		}
		last = i
	}
	for _, q := range allQuestions[:6] {
		if m.answers.Of(q) != diagnosis.Unknown {
			continue
		}
		yes := moment{m.facts, m.now, m.answers.With(q, diagnosis.Yes)}.diagnose()
		no := moment{m.facts, m.now, m.answers.With(q, diagnosis.No)}.diagnose()
		differ := tell(&yes.Primary)+tell(yes.Alternative) != tell(&no.Primary)+tell(no.Alternative)
		if q == diagnosis.Under15 && m.facts.Certificate(card.SignCertificate).State == card.NeedsPassword {
			differ = false // an S certificate is not issued to a child
		}
		if asked := slices.Contains(r.Questions, q); asked != differ {
			return fmt.Sprintf("%s: asked %v; its answer changes the way: %v", q, asked, differ)
		}
	}
	return ""
}

func pure(m moment, r diagnosis.Report) string {
	facts, answers := m.facts, m.answers
	facts.Counters, facts.Certificates = slices.Clone(facts.Counters), slices.Clone(facts.Certificates)
	answers.Forgotten = slices.Clone(answers.Forgotten)
	if again := m.diagnose(); !reflect.DeepEqual(r, again) {
		return "a second look says otherwise:\n" + cmp.Diff(r, again)
	}
	if !reflect.DeepEqual(facts, m.facts) || !reflect.DeepEqual(answers, m.answers) {
		return "the input was changed"
	}
	return ""
}

func listsAreLists(_ moment, r diagnosis.Report) string {
	b, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	for _, list := range []string{"findings", "because", "questions", "actions", "stores", "limits", "clerk"} {
		if strings.Contains(string(b), `"`+list+`":null`) {
			return list + " is null"
		}
	}
	return ""
}
