package card

import "log/slog"

// Kind tells what lies on the reader. The zero Kind means that nobody knows.
type Kind uint8

// What can lie on a contactless reader in Japan (card.md §4).
const (
	KindUnknown Kind = iota
	MyNumberCard
	JukiCard // the 住基カード issued until 2015: same application, no longer issued
	PhoneAndroid
	PhoneIPhone
	ResidenceCard
	DriversLicence
	Passport
	PaymentCard
	FeliCa
	UnknownJPKI // selects the JPKI application but fits no table: a newer card than this program
)

var kindNames = [...]string{"unknown", "my-number-card", "juki-card", "phone-android", "phone-iphone", "residence-card",
	"drivers-licence", "passport", "payment-card", "felica", "unknown-jpki"}

// Outcome tells how far the reading got. The zero Outcome is Partial: the one that promises nothing.
type Outcome uint8

// Outcomes of a reading.
const (
	Partial   Outcome = iota // the card is there but did not answer everything a verdict needs
	Complete                 // everything a verdict needs was read
	Removed                  // the card left, or the connection broke, before the end
	WrongCard                // not a card this program reads; Kind says which, as far as known
)

var outcomeNames = [...]string{"partial", "complete", "removed", "wrong-card"}

// CounterState tells what is known of one retry counter. The zero state is Unread.
type CounterState uint8

// States of a counter.
const (
	CounterUnread CounterState = iota // not asked, or the card left first
	Counted                           // Left tries remain, at least one
	Blocked                           // no try remains
	CounterAbsent                     // the chip has no such reference: SELECT EF answered 6A82
	Unreported                        // the reference exists, its answer was no counter
)

var counterStateNames = [...]string{"unread", "counted", "blocked", "absent", "unreported"}

// Counter is the state of one key's retry counter.
type Counter struct {
	Key   Key
	State CounterState
	Left  int // tries left, meaningful only when State is Counted (then ≥ 1) or Blocked (then 0)
}

// CertificateKey names a certificate on the chip.
type CertificateKey uint8

// Certificates. The two authorities are read on demand only.
const (
	CertificateUnknown CertificateKey = iota
	AuthCertificate
	SignCertificate
	AuthAuthority
	SignAuthority
)

var certificateNames = [...]string{"unknown", "auth", "sign", "auth-ca", "sign-ca"}

// CertificateState tells what is known of one certificate. The zero state is CertificateUnread.
type CertificateState uint8

// States of a certificate.
const (
	CertificateUnread CertificateState = iota
	CertificateRead                    // NotBefore and NotAfter are known
	NeedsPassword                      // it exists but only its holder's password opens it; its date stays unknown
	CertificateAbsent
)

var certificateStateNames = [...]string{"unread", "read", "needs-password", "absent"}

// Certificate is what is known of one certificate: its dates, never its subject or serial number.
type Certificate struct {
	Key       CertificateKey
	State     CertificateState
	NotBefore Date // day of issue
	NotAfter  Date // last whole day of validity
}

// Extra is something else that lives on a My Number Card.
type Extra uint8

// Extras.
const (
	ExtraUnknown Extra = iota
	LicenceOnCard
	ResidenceOnCard
)

var extraNames = [...]string{"unknown", "drivers-licence", "residence-card"}

// Facts is everything one reading learned. The zero Facts knows nothing and claims nothing.
//
// Facts holds dates that are as good as a birthday: they may be shown and printed, never logged. LogValue keeps
// them out of slog.
type Facts struct {
	Kind         Kind
	Outcome      Outcome
	CardExpiry   Date // last day of the card itself
	Counters     []Counter
	Certificates []Certificate
	AlsoOnCard   []Extra
	Exchanges    int // command-response pairs that crossed the reader
}

// NewFacts returns Facts that list every counter and both certificates as unread.
func NewFacts() Facts {
	f := Facts{
		Counters:     make([]Counter, len(keyTable)),
		Certificates: []Certificate{{Key: AuthCertificate}, {Key: SignCertificate}},
	}
	for i, s := range keyTable {
		f.Counters[i].Key = s.Key
	}
	return f
}

// Counter returns the counter of k; an unread one when the Facts do not list it.
func (f Facts) Counter(k Key) Counter {
	for _, c := range f.Counters {
		if c.Key == k {
			return c
		}
	}
	return Counter{Key: k}
}

// Certificate returns what is known of the certificate k; an unread one when the Facts do not list it.
func (f Facts) Certificate(k CertificateKey) Certificate {
	for _, c := range f.Certificates {
		if c.Key == k {
			return c
		}
	}
	return Certificate{Key: k}
}

// Has tells whether x was found on the card.
func (f Facts) Has(x Extra) bool {
	for _, e := range f.AlsoOnCard {
		if e == x {
			return true
		}
	}
	return false
}

// LogValue counts states and nothing else: a log must not hold a date or which key of whom is locked.
func (f Facts) LogValue() slog.Value {
	var n [len(counterStateNames)]int
	for _, c := range f.Counters {
		n[c.State]++
	}
	attrs := []slog.Attr{
		slog.String("kind", f.Kind.String()),
		slog.String("outcome", f.Outcome.String()),
		slog.Int("exchanges", f.Exchanges),
	}
	for s, count := range n {
		attrs = append(attrs, slog.Int(counterStateNames[s], count))
	}
	return slog.GroupValue(attrs...)
}
