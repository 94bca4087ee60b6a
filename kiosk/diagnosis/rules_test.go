package diagnosis_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// visit is one visit that pins down a point of the rules the contract (cases.csv) leaves open. What is not given is
// that of healthy on Tuesday 2026-11-24.
type visit struct {
	rule     string
	counters string // auth=blocked sign=1
	auth     string // last day, or a state
	sign     string // state
	card     string // last day, or unknown
	clock    string // first..last possible day, either may be missing
	answers  string

	headline    string
	way         string // as tell writes it
	alternative string
	findings    string // code[:key][@date][+days], space separated
	questions   string
	clerk       string // key, space separated
}

const threeQuestions = "nfc-phone other-pin-known unchanged-since-issue"

var visits = []visit{
	// 8.2: which headline comes first.
	{rule: "card-expired is before certificates-absent", auth: "absent", sign: "absent", card: "2026-11-23",
		headline: "card-expired", way: "counter@office owner apply-card", alternative: "home owner apply-card",
		findings: "card-expired@2026-11-23-1 certificate-absent:auth certificate-absent:sign", questions: "under15 limited-stay"},
	{rule: "certificates-absent is before face-card, which keeps its certificate", auth: "absent", sign: "absent",
		counters: "auth=blocked input-support=blocked juki=blocked", answers: "face-card=yes",
		headline: "certificates-absent", way: "counter@office owner issue-certificates;reset:auth;reset:input-support;reset:juki",
		findings:  "certificate-absent:auth locked:auth locked:input-support locked:juki counters-differ:juki certificate-absent:sign",
		questions: "under15", clerk: "auth input-support juki common"},
	{rule: "certificates-absent is before card-expires-soon; the way is the card's", auth: "absent", sign: "absent", card: "2027-01-15",
		headline: "certificates-absent", way: "counter@office owner apply-card", alternative: "home owner apply-card",
		findings: "certificate-absent:auth card-expires-soon@2027-01-15+52 certificate-absent:sign", questions: "under15 limited-stay"},
	{rule: "forgotten is before date-unknown", clock: "..", answers: "forgotten=juki",
		headline: "forgotten:juki", way: "counter@office owner reset:juki"},
	{rule: "of several forgotten keys the first in key order", answers: "forgotten=juki,forgotten=input-support",
		headline: "forgotten:input-support", way: "counter@office owner reset:input-support;reset:juki"},
	{rule: "a key both locked and forgotten is one problem", counters: "sign=blocked", answers: "forgotten=sign",
		headline: "locked:sign", way: "ask owner reset:sign (yes: store@any-store owner reset:sign) (no: counter@office owner reset:sign)",
		alternative: "counter@office owner reset:sign", findings: "locked:sign", questions: threeQuestions, clerk: "sign"},
	{rule: "a forgotten J on a card without S", sign: "absent", answers: "forgotten=juki", headline: "forgotten:juki",
		way: "counter@office owner reset:juki", findings: "certificate-absent:sign", questions: "under15"},
	{rule: "a forgotten password of a certificate that is not there is no problem", sign: "absent", answers: "forgotten=sign",
		headline: "all-clear", way: "nothing owner", findings: "certificate-absent:sign"},

	// 8.1 clock not believed, 8.4 the interval.
	{rule: "an interval that ends before the window is as good as a clock", clock: "..2027-11-24",
		headline: "all-clear", way: "nothing owner"},
	{rule: "an interval that may reach the window is not", clock: "..2029-12-01",
		headline: "date-unknown", way: "staff-check owner"},
	{rule: "a certificate proven not to have ended opens the store, although its window is not proven", counters: "auth=blocked",
		clock: "..2029-12-01", headline: "locked:auth",
		way:         "ask owner reset:auth (yes: store@any-store owner reset:auth) (no: counter@office owner reset:auth)",
		alternative: "counter@office owner reset:auth", findings: "locked:auth", questions: threeQuestions, clerk: "auth"},
	{rule: "bounds that contradict each other prove nothing", clock: "2031-01-01..2026-01-01",
		headline: "date-unknown", way: "staff-check owner"},
	{rule: "no day count when midnight lies in the interval", auth: "2027-01-15",
		clock:    "2026-11-24..2026-11-25",
		headline: "certificate-expires-soon", way: "counter@office owner renew-certificates", findings: "certificate-expires-soon:auth@2027-01-15"},
	{rule: "lower bound in the card's window: a new card either way", auth: "2027-01-15", card: "2027-01-15", clock: "2026-11-20..",
		headline: "date-unknown", way: "counter@office owner apply-card", alternative: "home owner apply-card", questions: "limited-stay"},
	{rule: "the same with a limited stay: the counter judges", auth: "2027-01-15", card: "2027-01-15", clock: "2026-11-20..",
		answers: "limited-stay=yes", headline: "date-unknown", way: "counter@office owner extend-card"},
	{rule: "the same with the certificate surely over and A locked", auth: "2026-11-10", card: "2027-01-15", clock: "2026-11-20..",
		counters: "auth=blocked", headline: "certificate-expired", way: "counter@office owner apply-card;reset:auth", alternative: "home owner apply-card",
		findings: "certificate-expired:auth@2026-11-10 locked:auth", questions: "limited-stay", clerk: "auth"},
	{rule: "A locked, no S certificate, lower bound in the window: renewal either way", counters: "auth=blocked", sign: "absent",
		auth: "2027-01-15", clock: "2026-11-20..", headline: "locked:auth", way: "counter@office owner renew-certificates;reset:auth",
		findings: "locked:auth certificate-absent:sign", questions: "under15", clerk: "auth"},
	{rule: "A locked, clock not believed, EF 0008 not conclusive: the reset alone, as with an S certificate", counters: "auth=blocked",
		sign: "unread", auth: "2027-01-15", clock: "2026-11-20..", headline: "locked:auth", way: "counter@office owner reset:auth",
		alternative: "store@any-store owner reset:auth", findings: "locked:auth", questions: "under15 " + threeQuestions, clerk: "auth"},
	{rule: "A expired, and the card that may be over too grants no grace", auth: "2026-11-10", card: "2026-12-01", clock: "2026-11-20..2026-12-05",
		headline: "certificate-expired", way: "counter@office owner apply-card", alternative: "home owner apply-card",
		findings: "certificate-expired:auth@2026-11-10", questions: "limited-stay"},
	{rule: "K locked, clock not believed, lower bound in the window: renewal either way", counters: "input-support=blocked",
		auth: "2027-01-15", clock: "2026-11-20..", headline: "locked:input-support",
		way: "counter@office owner renew-certificates;reset:input-support", findings: "locked:input-support", clerk: "input-support"},
	{rule: "three times yes is not enough when the clock is not believed", counters: "sign=blocked", clock: "..",
		answers: "nfc-phone=yes,other-pin-known=yes,unchanged-since-issue=yes", headline: "locked:sign", way: "counter@office owner reset:sign",
		alternative: "store@any-store owner reset:sign", findings: "locked:sign", clerk: "sign"},

	// 8.1 under 15, or no S certificate.
	{rule: "EF 0008 not conclusive, S blocked alone: only the age is asked", counters: "sign=blocked", sign: "unread",
		headline: "locked:sign", way: "ask owner reset:sign (yes: nothing owner) (no: counter@office owner reset:sign)",
		alternative: "counter@office owner reset:sign", findings: "locked:sign", questions: "under15", clerk: "sign"},
	{rule: "the same in the renewal window", counters: "sign=blocked", sign: "unread", auth: "2027-01-15", headline: "locked:sign",
		way: "ask owner renew-certificates;reset:sign (yes: counter@office legal-representative renew-certificates)" +
			" (no: counter@office owner renew-certificates;reset:sign)",
		alternative: "counter@office owner renew-certificates;reset:sign",
		findings:    "locked:sign certificate-expires-soon:auth@2027-01-15+52", questions: "under15", clerk: "sign"},
	{rule: "the same with A expired: one visit either way, whose card it is settles the reset", counters: "sign=blocked", sign: "unread",
		auth: "2026-11-23", headline: "certificate-expired", way: "counter@office owner renew-certificates;reset:sign",
		findings: "certificate-expired:auth@2026-11-23-1 grace-until@2027-02-28+96 locked:sign", questions: "under15", clerk: "sign"},
	{rule: "the same with a forgotten K: a visit either way", counters: "sign=blocked", sign: "unread", answers: "forgotten=input-support",
		headline: "locked:sign", way: "counter@office owner reset:sign;reset:input-support",
		alternative: "store@any-store owner reset:sign", findings: "locked:sign", questions: "under15 " + threeQuestions, clerk: "sign"},
	{rule: "the same with a forgotten A: a visit either way", counters: "sign=blocked", sign: "unread", answers: "forgotten=auth",
		headline: "locked:sign", way: "counter@office owner reset:auth;reset:sign", findings: "locked:sign", questions: "under15", clerk: "sign"},
	{rule: "an adult, EF 0008 not conclusive: the store is not proven, so it is not first", counters: "sign=blocked", sign: "unread",
		answers: "under15=no", headline: "locked:sign", way: "counter@office owner reset:sign", alternative: "store@any-store owner reset:sign",
		findings: "locked:sign", questions: threeQuestions, clerk: "sign"},
	{rule: "A locked, EF 0008 not conclusive", counters: "auth=blocked", sign: "unread", headline: "locked:auth",
		way: "counter@office owner reset:auth", alternative: "store@any-store owner reset:auth", findings: "locked:auth",
		questions: "under15 " + threeQuestions, clerk: "auth"},
	{rule: "a forgotten S, EF 0008 not conclusive: nothing looks locked", sign: "unread", answers: "forgotten=sign", headline: "forgotten:sign",
		way: "counter@office owner reset:sign", alternative: "store@any-store owner reset:sign", questions: "under15 " + threeQuestions},
	{rule: "S and K locked, EF 0008 not conclusive", counters: "sign=blocked input-support=blocked", sign: "unread", headline: "locked-several",
		way: "counter@office owner reset:sign;reset:input-support", alternative: "store@any-store owner reset:sign",
		findings: "locked:sign locked:input-support", questions: "under15 " + threeQuestions, clerk: "sign input-support"},
	{rule: "a child's S counter is never called locked", counters: "sign=blocked", answers: "under15=yes",
		headline: "all-clear", way: "nothing owner", clerk: "sign"},
	{rule: "nor is it on its last try", counters: "sign=1", sign: "absent",
		headline: "all-clear", way: "nothing owner", findings: "certificate-absent:sign", clerk: "sign"},
	{rule: "a child's forgotten signing password is no store matter", answers: "under15=yes,forgotten=sign",
		headline: "forgotten:sign", way: "counter@office legal-representative reset:sign"},
	{rule: "but the other last tries are told", counters: "juki=1 common=1", sign: "absent",
		headline: "all-clear", way: "nothing owner", findings: "last-try:juki certificate-absent:sign", clerk: "juki common"},
	{rule: "only A, no S certificate: the age is asked, nothing else", counters: "auth=blocked", sign: "absent", headline: "locked:auth",
		way: "counter@office owner reset:auth", findings: "locked:auth certificate-absent:sign", questions: "under15", clerk: "auth"},
	{rule: "a child's new card is applied for by the legal representative", sign: "absent", auth: "2027-01-15", card: "2027-01-15",
		answers: "under15=yes,limited-stay=no", headline: "card-expires-soon", way: "counter@office legal-representative apply-card",
		alternative: "home legal-representative apply-card",
		findings:    "card-expires-soon@2027-01-15+52 certificate-expires-soon:auth@2027-01-15+52 certificate-absent:sign"},

	// 8.1 limited stay.
	{rule: "limited stay with a lock: both in one visit", counters: "input-support=blocked", auth: "2027-01-31", card: "2027-01-31",
		answers: "limited-stay=yes", headline: "locked:input-support", way: "counter@office owner extend-card;reset:input-support",
		findings: "locked:input-support card-expires-soon@2027-01-31+68 certificate-expires-soon:auth@2027-01-31+68", clerk: "input-support"},
	{rule: "limited stay says nothing while the card's date is far", answers: "limited-stay=yes", headline: "all-clear", way: "nothing owner"},
	{rule: "a stale card date is not asked about", auth: "2029-05-20", card: "2026-12-01",
		headline: "all-clear", way: "nothing owner", findings: "card-date-stale@2026-12-01+7"},
	{rule: "card and certificate ending on one day are not stale", auth: "2029-05-20", card: "2029-05-20",
		headline: "all-clear", way: "nothing owner"},

	// 8.1 face card.
	{rule: "face-card=yes counts only when A, K and J are all blocked", counters: "auth=blocked input-support=blocked", answers: "face-card=yes",
		headline: "locked-several", way: "counter@office owner reset:auth;reset:input-support", alternative: "store@any-store owner reset:auth",
		findings: "locked:auth locked:input-support", questions: threeQuestions, clerk: "auth input-support"},
	{rule: "nor when A is fine", counters: "input-support=blocked juki=blocked common=blocked", answers: "face-card=yes",
		headline: "locked-several", way: "counter@office owner reset:input-support;reset:juki",
		findings: "locked:input-support locked:juki", clerk: "input-support juki common"},
	{rule: "nor when K is fine", counters: "auth=blocked juki=blocked common=blocked", answers: "face-card=yes",
		headline: "locked-several", way: "counter@office owner reset:auth;reset:juki", alternative: "store@any-store owner reset:auth",
		findings: "locked:auth locked:juki", questions: threeQuestions, clerk: "auth juki common"},
	{rule: "A, K and J blocked: first the face card is asked", counters: "auth=blocked input-support=blocked juki=blocked common=blocked",
		headline: "locked-several", way: "counter@office owner reset:auth;reset:input-support;reset:juki",
		alternative: "store@any-store owner reset:auth", findings: "locked:auth locked:input-support locked:juki",
		questions: "face-card " + threeQuestions, clerk: "auth input-support juki common"},
	{rule: "face card in the renewal window: the certificate is all it needs", auth: "2027-01-15", answers: "face-card=yes",
		counters: "auth=blocked sign=blocked input-support=blocked juki=blocked common=blocked surface-a=blocked",
		headline: "face-card", way: "counter@office owner renew-certificates",
		findings: "face-card certificate-expires-soon:auth@2027-01-15+52", clerk: "auth sign input-support surface-a juki common"},
	{rule: "face card that runs out", auth: "2027-01-15", card: "2027-01-15", answers: "face-card=yes,limited-stay=no",
		counters: "auth=blocked input-support=blocked juki=blocked common=blocked", headline: "face-card",
		way: "counter@office owner apply-card", alternative: "home owner apply-card",
		findings: "face-card card-expires-soon@2027-01-15+52 certificate-expires-soon:auth@2027-01-15+52", clerk: "auth input-support juki common"},
	{rule: "face card, clock not believed: nobody may call its certificate valid", clock: "..", answers: "face-card=yes",
		counters: "auth=blocked input-support=blocked juki=blocked common=blocked", headline: "face-card", way: "staff-check owner",
		alternative: "counter@office owner reset:auth;reset:input-support;reset:juki", findings: "face-card", clerk: "auth input-support juki common"},
	{rule: "face card, EF 0008 not conclusive: nothing is broken, whoever's it is", answers: "face-card=yes", sign: "unread",
		counters: "auth=blocked sign=blocked input-support=blocked juki=blocked common=blocked", headline: "face-card", way: "nothing owner",
		alternative: "counter@office owner reset:auth;reset:sign;reset:input-support;reset:juki",
		findings:    "face-card", questions: "under15", clerk: "auth sign input-support juki common"},
	{rule: "face card whose 照合番号B gave no answer: its verdict stands", answers: "face-card=yes",
		counters: "auth=blocked input-support=blocked juki=blocked common=blocked surface-b=unreported", headline: "face-card", way: "nothing owner",
		alternative: "counter@office owner reset:auth;reset:input-support;reset:juki",
		findings:    "face-card unreported:surface-b", clerk: "auth input-support input-support-b surface-b juki common"},
	{rule: "face card with 照合番号B locked: that lock is named", answers: "face-card=yes,forgotten=sign",
		counters: "auth=blocked input-support=blocked juki=blocked common=blocked surface-b=blocked", headline: "face-card", way: "nothing owner",
		alternative: "counter@office owner reset:auth;reset:sign;reset:input-support;reset:juki;reset:surface-b",
		findings:    "face-card locked:surface-b", clerk: "auth input-support input-support-b surface-b juki common"},

	// 8.1 rare keys, copies.
	{rule: "a rare key joins a visit made anyway", counters: "input-support-a=blocked surface-birth=blocked", auth: "2027-01-15",
		headline: "certificate-expires-soon", way: "counter@office owner renew-certificates;reset:surface-a;reset:surface-birth",
		findings: "certificate-expires-soon:auth@2027-01-15+52", clerk: "input-support-a surface-birth"},
	{rule: "a rare key causes none, so it does not bar the store", counters: "auth=blocked surface-a=blocked", headline: "locked:auth",
		way:         "ask owner reset:auth (yes: store@any-store owner reset:auth) (no: counter@office owner reset:auth;reset:surface-a)",
		alternative: "counter@office owner reset:auth;reset:surface-a", findings: "locked:auth", questions: threeQuestions, clerk: "auth surface-a"},
	{rule: "a rare key is set anew last", counters: "surface-b=blocked surface-a=blocked", headline: "locked:surface-b",
		way: "counter@office owner reset:surface-b;reset:surface-a", findings: "locked:surface-b", clerk: "input-support-b surface-a surface-b"},
	{rule: "a rare key on its last try is the clerk's business", counters: "surface-birth=1", headline: "all-clear", way: "nothing owner",
		clerk: "surface-birth"},
	{rule: "the second copy of J locked: it speaks", counters: "juki=2 common=blocked", headline: "locked:juki",
		way: "counter@office owner reset:juki", findings: "locked:juki counters-differ:juki", clerk: "juki common"},
	{rule: "copies of J that differ without harm are the clerk's business", counters: "juki=3 common=2",
		headline: "all-clear", way: "nothing owner", findings: "counters-differ:juki", clerk: "juki common"},
	{rule: "one try left on one 照合番号B", counters: "input-support-b=1", headline: "all-clear", way: "nothing owner",
		findings: "last-try:surface-b", clerk: "input-support-b surface-b"},
	{rule: "one try left on S", counters: "sign=1", headline: "all-clear", way: "nothing owner", findings: "last-try:sign", clerk: "sign"},
	{rule: "two tries left are fine", counters: "auth=2 surface-b=2", headline: "all-clear", way: "nothing owner"},
	{rule: "one try left on J, on a card without its second copy", counters: "juki=1 common=absent", headline: "all-clear",
		way: "nothing owner", findings: "last-try:juki", clerk: "juki common"},
	{rule: "a licence key is not spoken of, but the clerk sees it", counters: "licence=blocked", headline: "all-clear", way: "nothing owner",
		clerk: "licence"},
	{rule: "an absent copy does not differ", counters: "juki=absent common=3", headline: "all-clear", way: "nothing owner"},
	{rule: "a card without the second copy of J", counters: "common=absent", headline: "all-clear", way: "nothing owner"},

	// 8.3 the store route.
	{rule: "the first no ends the questions and the stop-gap", counters: "sign=blocked juki=blocked common=blocked",
		answers: "unchanged-since-issue=no", headline: "locked-several", way: "counter@office owner reset:sign;reset:juki",
		findings: "locked:sign locked:juki", clerk: "sign juki common"},
	{rule: "a forgotten A beside a locked S needs the counter", counters: "sign=blocked", answers: "forgotten=auth", headline: "locked:sign",
		way: "counter@office owner reset:auth;reset:sign", findings: "locked:sign", clerk: "sign"},
	{rule: "a forgotten J beside a locked S: one visit, the store as stop-gap", counters: "sign=blocked", answers: "forgotten=juki",
		headline: "locked:sign", way: "counter@office owner reset:sign;reset:juki", alternative: "store@any-store owner reset:sign",
		findings: "locked:sign", questions: threeQuestions, clerk: "sign"},
	{rule: "A expired, card date unknown: the grace is the certificate's", auth: "2026-11-23", card: "unknown",
		headline: "certificate-expired", way: "counter@office owner renew-certificates",
		findings: "certificate-expired:auth@2026-11-23-1 grace-until@2027-02-28+96"},
	{rule: "A expired and S forgotten: no store", auth: "2026-11-23", answers: "forgotten=sign", headline: "certificate-expired",
		way:      "counter@office owner renew-certificates;reset:sign",
		findings: "certificate-expired:auth@2026-11-23-1 grace-until@2027-02-28+96"},
	{rule: "the other key's counter is missing: no store", counters: "sign=blocked auth=absent", headline: "locked:sign",
		way: "counter@office owner reset:sign", findings: "locked:sign", clerk: "sign"},
	{rule: "A and S locked in the window", counters: "auth=blocked sign=blocked", auth: "2027-01-15", headline: "locked-several",
		way:      "counter@office owner renew-certificates;reset:auth;reset:sign",
		findings: "locked:auth locked:sign certificate-expires-soon:auth@2027-01-15+52", clerk: "auth sign"},
	{rule: "elsewhere in the window: own municipality, store as stop-gap", counters: "auth=blocked", auth: "2027-01-15", answers: "resident=elsewhere",
		headline: "locked:auth", way: "counter@own-municipality owner renew-certificates;reset:auth", alternative: "store@any-store owner reset:auth",
		findings: "locked:auth certificate-expires-soon:auth@2027-01-15+52", questions: threeQuestions, clerk: "auth"},
	{rule: "resident here is the office of the kiosk", answers: "resident=here,forgotten=juki",
		headline: "forgotten:juki", way: "counter@office owner reset:juki"},
	{rule: "a new card is applied for at the own municipality or at home", auth: "2026-10-31", card: "2026-10-31",
		answers: "resident=elsewhere,limited-stay=no", headline: "card-expired", way: "counter@own-municipality owner apply-card",
		alternative: "home owner apply-card", findings: "card-expired@2026-10-31-24 certificate-expired:auth@2026-10-31-24"},

	// 8.3 readings that carry no verdict; promise 2: never a false all-clear.
	{rule: "J unreported: read again, although its copy is blocked", counters: "juki=unreported common=blocked",
		headline: "read-again", way: "read-again owner", findings: "unreported:juki", clerk: "juki common"},
	{rule: "A not asked", counters: "auth=unread", headline: "read-again", way: "read-again owner"},
	{rule: "S unreported", counters: "sign=unreported", headline: "read-again", way: "read-again owner",
		findings: "unreported:sign", clerk: "sign"},
	{rule: "J not asked", counters: "juki=unread", headline: "read-again", way: "read-again owner"},
	{rule: "the A certificate not read", auth: "needs-password", headline: "read-again", way: "read-again owner"},
	{rule: "K not asked", counters: "input-support=unread", headline: "read-again", way: "read-again owner"},
	{rule: "a 照合番号B that gave no answer is no all-clear", counters: "surface-b=unreported",
		headline: "read-again", way: "read-again owner", findings: "unreported:surface-b", clerk: "input-support-b surface-b"},
	{rule: "J's second copy that gave no answer is no all-clear", counters: "common=unread",
		headline: "read-again", way: "read-again owner"},
	{rule: "nor is it outvoted by a copy on its last try", counters: "juki=1 common=unread", headline: "read-again", way: "read-again owner",
		clerk: "juki common"},
	{rule: "but it does not hold back what is known", counters: "surface-b=unreported juki=blocked common=unread", headline: "locked:juki",
		way: "counter@office owner reset:juki", findings: "locked:juki unreported:surface-b", clerk: "input-support-b surface-b juki common"},
	{rule: "a blocked copy outvotes a silent one", counters: "surface-b=unread input-support-b=blocked", headline: "locked:surface-b",
		way: "counter@office owner reset:surface-b", findings: "locked:surface-b", clerk: "input-support-b surface-b"},
	{rule: "a rare key or a licence key that gave no answer bars nothing", counters: "surface-a=unreported licence=unreported",
		headline: "all-clear", way: "nothing owner", findings: "unreported:surface-a", clerk: "surface-a licence"},
	{rule: "a count of zero is no count", counters: "input-support=zero",
		headline: "read-again", way: "read-again owner", findings: "unreported:input-support", clerk: "input-support"},
}

func TestRules(t *testing.T) {
	for _, v := range visits {
		t.Run(v.rule, func(t *testing.T) {
			a, err := diagnosis.ParseAnswers(v.answers)
			if err != nil {
				t.Fatal(err)
			}
			r := diagnosis.Diagnose(v.facts(t), v.now(t), a)
			got := visit{
				headline: r.Headline.String(), way: tell(&r.Primary), alternative: tell(r.Alternative),
				findings: words(r.Findings, tellFinding), questions: words(r.Questions, func(q diagnosis.Question) string { return string(q) }),
				clerk: words(r.Clerk, func(l diagnosis.ClerkLine) string { return l.Key.String() }),
			}
			want := visit{headline: v.headline, way: v.way, alternative: v.alternative, findings: v.findings, questions: v.questions, clerk: v.clerk}
			if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(visit{})); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func (v visit) facts(t *testing.T) card.Facts {
	t.Helper()
	f := healthy()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for pair := range strings.FieldsSeq(v.counters) {
		name, state, _ := strings.Cut(pair, "=")
		k, err := card.ParseKey(name)
		check(err)
		if state == "zero" {
			f.Counters[k-1] = card.Counter{Key: k, State: card.Counted}
			continue
		}
		check(setCounter(&f, k, state))
	}
	if v.auth != "" {
		check(setCertificate(&f, card.AuthCertificate, v.auth))
	}
	if v.sign != "" {
		check(setCertificate(&f, card.SignCertificate, v.sign))
	}
	switch v.card {
	case "":
	case "unknown":
		f.CardExpiry = card.Date{}
	default:
		f.CardExpiry = day(v.card)
	}
	return f
}

func (v visit) now(t *testing.T) (now diagnosis.Now) {
	t.Helper()
	first, last, ok := strings.Cut(cmp.Or(v.clock, "2026-11-24..2026-11-24"), "..")
	if !ok {
		t.Fatalf("clock %q: want first..last", v.clock)
	}
	if first != "" {
		now.Earliest = on(first).Earliest
	}
	if last != "" {
		now.Latest = on(last).Latest
	}
	return now
}

// tell writes a path in one line: route@at who actions, and the two branches of an ask.
func tell(p *diagnosis.Path) string {
	if p == nil {
		return ""
	}
	s := string(p.Route)
	if p.At != "" {
		s += "@" + string(p.At)
	}
	s += " " + string(p.Who)
	if len(p.Actions) > 0 {
		s += " " + join(p.Actions)
	}
	if p.Yes != nil {
		s += " (yes: " + tell(p.Yes) + ")"
	}
	if p.No != nil {
		s += " (no: " + tell(p.No) + ")"
	}
	return s
}

func tellFinding(f diagnosis.Finding) string {
	s := string(f.Code)
	if f.Key != card.KeyUnknown {
		s += ":" + f.Key.String()
	}
	if f.Date.Known() {
		s += "@" + f.Date.String()
	}
	if f.Days != nil {
		s += fmt.Sprintf("%+d", *f.Days)
	}
	return s
}

func words[T any](list []T, word func(T) string) string {
	var s []string
	for _, v := range list {
		s = append(s, word(v))
	}
	return strings.Join(s, " ")
}

// TestEveryRow: each row of the table of ways is met by a hand-written visit, here or in cases.csv.
func TestEveryRow(t *testing.T) {
	met := map[string]bool{}
	for row := range rows(t) {
		f, now, a, err := row.visit()
		if err != nil {
			t.Fatal(err)
		}
		met[diagnosis.RowOf(f, now, a)] = true
	}
	for _, v := range visits {
		a, err := diagnosis.ParseAnswers(v.answers)
		if err != nil {
			t.Fatal(err)
		}
		met[diagnosis.RowOf(v.facts(t), v.now(t), a)] = true
	}
	met[diagnosis.RowOf(card.Facts{Outcome: card.WrongCard}, diagnosis.Now{}, diagnosis.Answers{})] = true
	for _, name := range diagnosis.Rows() {
		if !met[name] {
			t.Errorf("no visit falls into %q", name)
		}
	}
}

func TestSpoken(t *testing.T) {
	left := func(n int) card.Counter { return card.Counter{State: card.Counted, Left: n} }
	state := func(s card.CounterState) card.Counter { return card.Counter{State: s} }
	for _, test := range []struct{ one, other, want card.Counter }{
		{left(3), left(3), left(3)},
		{left(3), left(1), left(1)},
		{left(3), state(card.Blocked), state(card.Blocked)},
		{left(1), state(card.CounterUnread), state(card.CounterUnread)}, // it may be the lower one
		{state(card.Unreported), state(card.Blocked), state(card.Blocked)},
		{state(card.CounterUnread), state(card.Unreported), state(card.Unreported)},
		{state(card.CounterAbsent), left(2), left(2)},
		{state(card.CounterAbsent), state(card.CounterAbsent), state(card.CounterAbsent)},
		{left(0), left(2), state(card.Unreported)}, // no chip counts zero without being blocked
	} {
		for _, pair := range [][2]card.Key{{card.Juki, card.Common}, {card.SurfaceB, card.InputSupportB}, {card.SurfaceA, card.InputSupportA}} {
			for _, swap := range []bool{false, true} {
				f := card.NewFacts()
				one, other := test.one, test.other
				if swap {
					one, other = other, one
				}
				one.Key, other.Key = pair[0], pair[1]
				f.Counters[pair[0]-1], f.Counters[pair[1]-1] = one, other
				want := test.want
				want.Key = pair[0]
				if got := diagnosis.Spoken(f, pair[0]); got != want {
					t.Errorf("Spoken(%+v, %+v) = %+v; want %+v", one, other, got, want)
				}
			}
		}
	}
}
