// Package diagnosis decides. Diagnose is a pure function from the chip's facts, an interval of time and the
// visitor's answers to a Report: what is wrong, which way solves it, what cannot be known. Rules and their order
// are those of the rule sheet, section 8; each finding names the rule it rests on.
//
// The package must never read a clock, a file or a device, never touch bytes of a chip, and never hold a sentence
// for people. Offices, opening hours and shops are not its business: it says "counter", site says which.
package diagnosis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kagimado/card"
)

// Now is what is known of the present moment: it is not before Earliest and not after Latest.
//
// A zero Earliest means no lower bound, a zero Latest no upper bound. A trusted clock has both within a day.
// Why says where the interval comes from; it is for staff and never changes a decision.
type Now struct {
	Earliest, Latest time.Time
	Why              string
}

// Tri is an answer that may be missing. The zero Tri means unknown, also when the visitor said "I don't know".
type Tri uint8

// Answers a visitor can give.
const (
	Unknown Tri = iota
	Yes
	No
)

// Question names one of the questions a visitor may be asked (design.md §6).
type Question string

// Questions, in the order in which they are asked.
const (
	FaceCard            Question = "face-card"
	Under15             Question = "under15"
	LimitedStay         Question = "limited-stay"
	NFCPhone            Question = "nfc-phone"
	OtherPINKnown       Question = "other-pin-known"
	UnchangedSinceIssue Question = "unchanged-since-issue"
	Resident            Question = "resident" // Yes = lives here, No = elsewhere; asked only if the profile says so
)

// Answers is what the visitor said. The zero Answers says nothing.
type Answers struct {
	Resident            Tri // Yes = here, No = elsewhere
	Under15             Tri
	FaceCard            Tri
	LimitedStay         Tri
	OtherPINKnown       Tri
	UnchangedSinceIssue Tri
	NFCPhone            Tri
	Forgotten           []card.Key // of Auth, Sign, InputSupport, Juki
}

// Of returns the answer given to q.
func (a Answers) Of(q Question) Tri {
	if p := a.at(q); p != nil {
		return *p
	}
	return Unknown
}

// With returns a copy of a in which q is answered with v.
func (a Answers) With(q Question, v Tri) Answers {
	if p := a.at(q); p != nil {
		*p = v
	}
	return a
}

func (a *Answers) at(q Question) *Tri {
	switch q {
	case Resident:
		return &a.Resident
	case Under15:
		return &a.Under15
	case FaceCard:
		return &a.FaceCard
	case LimitedStay:
		return &a.LimitedStay
	case OtherPINKnown:
		return &a.OtherPINKnown
	case UnchangedSinceIssue:
		return &a.UnchangedSinceIssue
	case NFCPhone:
		return &a.NFCPhone
	}
	return nil
}

// ParseAnswers reads the form of the command line and of cases: "resident=elsewhere,nfc-phone=yes,forgotten=sign".
// Pairs are separated by a comma or a semicolon.
func ParseAnswers(s string) (Answers, error) {
	var a Answers
	for pair := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' }) {
		k, v, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			return a, fmt.Errorf("reading answer %q: want name=value", pair)
		}
		if k == "forgotten" {
			key, err := card.ParseKey(v)
			if err != nil || (key != card.Auth && key != card.Sign && key != card.InputSupport && key != card.Juki) {
				return a, fmt.Errorf("reading answer %q: forgotten takes auth, sign, input-support or juki", pair)
			}
			a.Forgotten = append(a.Forgotten, key)
			continue
		}
		p := a.at(Question(k))
		if p == nil {
			return a, fmt.Errorf("reading answer %q: no question has this name", pair)
		}
		yes, no := "yes", "no"
		if Question(k) == Resident {
			yes, no = "here", "elsewhere"
		}
		switch v {
		case yes:
			*p = Yes
		case no:
			*p = No
		default:
			return a, fmt.Errorf("reading answer %q: want %s or %s", pair, yes, no)
		}
	}
	return a, nil
}

// HeadlineCode is the first word of a headline (rules §8.2).
type HeadlineCode string

// Headlines in the order in which the first hit wins.
const (
	WrongCard              HeadlineCode = "wrong-card"
	ReadAgain              HeadlineCode = "read-again"
	CardExpired            HeadlineCode = "card-expired"
	CertificatesAbsent     HeadlineCode = "certificates-absent"
	FaceCardFound          HeadlineCode = "face-card"
	CertificateExpired     HeadlineCode = "certificate-expired"
	LockedSeveral          HeadlineCode = "locked-several"
	Locked                 HeadlineCode = "locked" // with a key
	CardExpiresSoon        HeadlineCode = "card-expires-soon"
	CertificateExpiresSoon HeadlineCode = "certificate-expires-soon"
	Forgotten              HeadlineCode = "forgotten" // with a key
	DateUnknown            HeadlineCode = "date-unknown"
	AllClear               HeadlineCode = "all-clear"
)

// Headline is the verdict in one code, such as locked:sign.
type Headline struct {
	Code HeadlineCode
	Key  card.Key // only with Locked and Forgotten
}

// String writes the code, with ":key" where it has one.
func (h Headline) String() string {
	if h.Key == card.KeyUnknown {
		return string(h.Code)
	}
	return string(h.Code) + ":" + h.Key.String()
}

// MarshalText writes what String returns.
func (h Headline) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// FindingCode names one finding (design.md §6).
type FindingCode string

// Findings. FoundLocked … are listed worst first in a Report.
const (
	FoundLocked                 FindingCode = "locked"
	FoundLastTry                FindingCode = "last-try"
	FoundCertificateExpired     FindingCode = "certificate-expired"
	FoundCertificateExpiresSoon FindingCode = "certificate-expires-soon"
	FoundCertificateAbsent      FindingCode = "certificate-absent"
	FoundCardExpired            FindingCode = "card-expired"
	FoundCardExpiresSoon        FindingCode = "card-expires-soon"
	FoundCardDateStale          FindingCode = "card-date-stale"
	FoundGraceUntil             FindingCode = "grace-until"
	FoundGraceOver              FindingCode = "grace-over"
	FoundCountersDiffer         FindingCode = "counters-differ"
	FoundUnreported             FindingCode = "unreported"
	FoundFaceCard               FindingCode = "face-card"
	FoundLicenceOnCard          FindingCode = "licence-on-card"
	FoundResidenceOnCard        FindingCode = "residence-on-card"
)

// Finding is one thing that is so, and why this program says so.
type Finding struct {
	Code    FindingCode
	Key     card.Key  // KeyUnknown where the finding is about no key
	Date    card.Date // the day it turns on, where there is one
	Days    *int      // days from today to Date, only when the clock is believed
	Because []string  // rule and source
}

// Route is a kind of way out.
type Route string

// Routes.
const (
	RouteNothing    Route = "nothing"
	RouteCounter    Route = "counter"
	RouteStore      Route = "store"
	RouteAsk        Route = "ask" // it depends on the open questions: Yes and No hold both ways
	RouteStaffCheck Route = "staff-check"
	RouteReadAgain  Route = "read-again"
	RouteHome       Route = "home"
)

// At is where a path leads.
type At string

// Places a path can lead to.
const (
	AtNowhere         At = ""
	AtOffice          At = "office"
	AtOwnMunicipality At = "own-municipality"
	AtAnyStore        At = "any-store"
)

// Who has to go.
type Who string

// Persons.
const (
	Owner               Who = "owner"
	LegalRepresentative Who = "legal-representative"
)

// Verb is what is done about something.
type Verb string

// Verbs, in the order in which actions are listed. Reset comes with a key.
const (
	ApplyCard         Verb = "apply-card"
	ExtendCard        Verb = "extend-card"
	IssueCertificates Verb = "issue-certificates"
	RenewCertificates Verb = "renew-certificates"
	Reset             Verb = "reset"
)

// ResetOrder is the order of resets within the actions of a path.
var ResetOrder = []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.SurfaceB, card.SurfaceA, card.SurfaceBirth}

// Action is one thing done on a path, such as reset:sign.
type Action struct {
	Verb Verb
	Key  card.Key // only with Reset
}

// String writes the verb, with ":key" for a reset.
func (a Action) String() string {
	if a.Key == card.KeyUnknown {
		return string(a.Verb)
	}
	return string(a.Verb) + ":" + a.Key.String()
}

// MarshalText writes what String returns.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Place is the window a path leads to, as far as the profile tells; filled in by site.Resolve, never here.
type Place struct {
	Window      string `json:"window"`
	Open        *bool  `json:"open"` // null when the time cannot be known
	ClosesInMin *int   `json:"closes_in_min"`
	LastEntry   string `json:"last_entry"` // 16:45, or empty
	Next        string `json:"next"`       // next opening as 2026-11-24T08:30, or empty
}

// Path is one way out.
type Path struct {
	Route   Route    `json:"route"`
	At      At       `json:"at"`
	Who     Who      `json:"who"`
	Actions []Action `json:"actions"`
	Stores  []string `json:"stores"` // chains that reset this key; filled in by site.Resolve
	Place   *Place   `json:"place"`
	Yes     *Path    `json:"yes"` // of an ask: the way if every open question is answered yes
	No      *Path    `json:"no"`  // of an ask: the way at the first no
}

// Does tells whether the path includes a.
func (p *Path) Does(a Action) bool {
	return p != nil && slices.Contains(p.Actions, a)
}

// Needs returns the actions the way is taken for. Resets of rare keys join a visit that is made anyway and never cause
// one (rules §8.3, fine points).
func (p *Path) Needs() (needs []Action) {
	for _, a := range p.Actions {
		if !rare(a.Key) {
			needs = append(needs, a)
		}
	}
	return needs
}

// Limit names something the chip cannot tell (rules §8.6).
type Limit string

// Limits, in the order in which they are listed.
const (
	LimitRevocation    Limit = "revocation"
	LimitAddressChange Limit = "address-change"
	LimitSignDate      Limit = "sign-date"
	LimitForgottenPIN  Limit = "forgotten-pin"
	LimitInsurer       Limit = "insurer"
	LimitCardDate      Limit = "card-date" // only when unknown
	LimitFaceCard      Limit = "face-card" // only when it might be one and nobody was asked
)

// ClerkLine is one counter the clerk has to look at.
type ClerkLine struct {
	Key         card.Key          `json:"key"`
	Application string            `json:"application"`
	State       card.CounterState `json:"state"`
	Left        *int              `json:"left"`
}

// Report is the whole verdict. The zero Report says nothing and is never shown.
type Report struct {
	Headline    Headline
	Kind        card.Kind // what lies there; in the document only with WrongCard
	Findings    []Finding
	Questions   []Question
	Primary     Path
	Alternative *Path
	Limits      []Limit
	Clerk       []ClerkLine
}

// Has tells whether r found this of this key; what is no key's is card.KeyUnknown's.
func (r Report) Has(code FindingCode, k card.Key) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code && f.Key == k })
}

// ReportSchema names the document that a Report marshals to (design.md §6).
const ReportSchema = "report/1"

type reportDocument struct {
	Schema      string            `json:"schema"`
	Headline    Headline          `json:"headline"`
	Kind        *card.Kind        `json:"kind,omitempty"`
	Findings    []findingDocument `json:"findings"`
	Questions   []Question        `json:"questions"`
	Primary     Path              `json:"primary"`
	Alternative *Path             `json:"alternative"`
	Limits      []Limit           `json:"limits"`
	Clerk       []ClerkLine       `json:"clerk"`
}

type findingDocument struct {
	Code    FindingCode `json:"code"`
	Key     *card.Key   `json:"key"`
	Date    card.Date   `json:"date"`
	Days    *int        `json:"days"`
	Because []string    `json:"because"`
}

// MarshalJSON writes the report/1 document: every field present, lists never null.
func (r Report) MarshalJSON() ([]byte, error) {
	d := reportDocument{
		Schema: ReportSchema, Headline: r.Headline,
		Findings: []findingDocument{}, Questions: list(r.Questions), Primary: full(r.Primary),
		Limits: list(r.Limits), Clerk: list(r.Clerk),
	}
	if r.Headline.Code == WrongCard {
		d.Kind = &r.Kind
	}
	for _, f := range r.Findings {
		fd := findingDocument{Code: f.Code, Date: f.Date, Days: f.Days, Because: list(f.Because)}
		if f.Key != card.KeyUnknown {
			fd.Key = &f.Key
		}
		d.Findings = append(d.Findings, fd)
	}
	if r.Alternative != nil {
		p := full(*r.Alternative)
		d.Alternative = &p
	}
	return json.Marshal(d)
}

func list[T any](s []T) []T { return append([]T{}, s...) }

func full(p Path) Path {
	p.Actions, p.Stores = list(p.Actions), list(p.Stores)
	for _, branch := range []**Path{&p.Yes, &p.No} {
		if *branch != nil {
			b := full(**branch)
			*branch = &b
		}
	}
	return p
}
