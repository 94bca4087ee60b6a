package cardtest

import (
	"time"

	"kagimado/card"
)

// Spec describes a simulated card. The zero Spec is an empty chip; start from the library and change what matters.
type Spec struct {
	Name  string // stable: all-fine, locked-sign …
	About string // one line for the person at the bench
	Kind  card.Kind
	ATR   []byte
	Label string // of the JPKI token; empty: EF 0006 is missing

	Applications []card.Application
	Left         map[card.Key]int         // tries left; a key that is missing here is absent from the chip
	Strange      map[card.Key]card.Status // answered to the query instead of a counter

	AuthFrom, AuthTo card.Date // of the auth certificate; unknown: the chip has none
	AuthFile         []byte    // replaces the whole auth certificate file when not nil
	Serial           int       // octets of the certificate's serial number; 0 means 4
	Filler           int       // bytes after the certificate
	Presence         []byte    // EF 0008; nil: the file is missing
	CardTo           card.Date // the card's own date; unknown: the chip tells none
	DateInRecord     bool      // the power-on state does not tell it, the record of the common application does
	LicencePIN       bool

	Other []string // further applications, by identifier: what a card that is not ours has

	NoShortIDs      bool // short identifiers answer 6A88 and 6A86
	FirstAnswer6F00 bool // first command after power-up
	Chain           int  // answers longer than this come by 61xx and GET RESPONSE
	WrongLength     bool // a too long Le is answered with 6Cxx
	EmptyReads      bool // a read past the end answers 9000 with nothing, for ever
	NoCommands      bool // storage card: every command is refused
}

// Contactless ATRs as readers compose them (card.md §4).
var (
	atrMyNumber = []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x05, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x7F}
	atrJuki     = []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x14, 0xE0, 0xB3, 0x81, 0x91, 0x00, 0x5E}
	atrLicence  = []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x91, 0x81, 0xC1, 0x00, 0xD8}
	atrPlain    = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
	atrFeliCa   = []byte{0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06, 0x11, 0x00, 0x3B, 0x00, 0x00, 0x00, 0x00, 0x42}
)

// New makes the card that s describes.
func (s Spec) New() *Card {
	c := &Card{spec: s, mute: make(chan struct{})}
	for _, app := range s.Applications {
		a := application{aid: app.AID(), seen: map[string]bool{}}
		for _, k := range card.Keys() {
			if k.Application != app {
				continue
			}
			if left, ok := s.Left[k.Key]; ok {
				a.files = append(a.files, &file{id: k.File, counter: true, left: left, sw: s.Strange[k.Key]})
			}
		}
		switch app {
		case card.JPKI:
			a.files = append(a.files, s.jpkiFiles()...)
		case card.InputSupportApp:
			a.files = append(a.files, &file{id: 0x0012, counter: true}) // arrives blocked on every card, card.md §2
		case card.LicenceApp:
			pin := byte(0)
			if s.LicencePIN {
				pin = 1
			}
			a.files = append(a.files, &file{id: 0x001A, data: []byte{0xC1, 0x01, pin}})
		}
		c.apps = append(c.apps, a)
	}
	for _, aid := range s.Other {
		c.apps = append(c.apps, application{aid: []byte(aid), fci: []byte{0x6F, 0x00}, seen: map[string]bool{}})
	}
	return c
}

func (s Spec) jpkiFiles() (files []*file) {
	if s.Label != "" {
		token := make([]byte, 160)
		for i := range token {
			token[i] = ' '
		}
		copy(token, s.Label)
		files = append(files, &file{id: 0x0006, data: token})
	}
	if s.Presence != nil {
		files = append(files, &file{id: 0x0008, data: s.Presence})
	}
	if s.AuthFile != nil {
		files = append(files, &file{id: 0x000A, data: s.AuthFile})
	} else if s.AuthTo.Known() {
		der := Certificate(lastSecond(s.AuthTo), s.AuthFrom.Time().Add(10*time.Hour), s.Serial)
		files = append(files, &file{id: 0x000A, data: append(der, make([]byte, s.Filler)...)})
	}
	ca := Certificate(time.Date(2033, 7, 15, 14, 59, 59, 0, time.UTC), time.Date(2023, 7, 16, 0, 0, 0, 0, card.Tokyo), 4)
	return append(files,
		&file{id: 0x0001, data: []byte{0x30}, secret: true},
		&file{id: 0x000B, data: ca}, &file{id: 0x0002, data: ca})
}

func lastSecond(d card.Date) time.Time { return d.AddDays(1).Time().Add(-time.Second) }

func (s Spec) cardData() []byte {
	if !s.CardTo.Known() || s.DateInRecord {
		return nil
	}
	return []byte(s.CardTo.Time().Format("20060102"))
}

// record holds an invented serial number and municipality before the date.
func (s Spec) record() []byte {
	if !s.CardTo.Known() {
		return nil
	}
	return []byte("\x01\x1C" + "000000000000000" + "00000" + s.CardTo.Time().Format("20060102"))
}

// Want returns the Facts of a faultless reading, Exchanges aside. It is worked out from the description, not by
// reading the card.
func (s Spec) Want() card.Facts {
	f := card.NewFacts()
	f.Kind = s.Kind
	if s.Kind != card.MyNumberCard {
		f.Outcome = card.WrongCard
		if s.has(card.JPKI) && !s.DateInRecord {
			f.CardExpiry = s.CardTo // asked for before the card is known
		}
		return f
	}
	f.Outcome = card.Complete
	f.CardExpiry = s.CardTo
	for i, k := range card.Keys() {
		c := &f.Counters[i]
		left, ok := s.Left[k.Key]
		switch sw := s.Strange[k.Key]; {
		case !ok || !s.has(k.Application):
			c.State = card.CounterAbsent
		case sw == 0x6983 || sw == 0x6984 || sw == 0 && left == 0:
			c.State = card.Blocked
		case sw != 0:
			c.State = card.Unreported
			if k.Key == card.Auth || k.Key == card.Sign || k.Key == card.InputSupport || k.Key == card.Juki {
				f.Outcome = card.Partial
			}
		default:
			c.State, c.Left = card.Counted, left
		}
	}
	for _, app := range []card.Application{card.InputSupportApp, card.SurfaceApp, card.JukiApp} {
		if !s.has(app) {
			f.Outcome = card.Partial
		}
	}
	auth, sign := &f.Certificates[0], &f.Certificates[1]
	switch {
	case s.AuthTo.Known():
		auth.State, auth.NotBefore, auth.NotAfter = card.CertificateRead, s.AuthFrom, s.AuthTo
	case s.AuthFile == nil:
		auth.State = card.CertificateAbsent
	default:
		f.Outcome = card.Partial
	}
	_, keyed := s.Left[card.Sign]
	switch {
	case !keyed, len(s.Presence) == 3 && s.Presence[0] == 0x00:
		sign.State = card.CertificateAbsent
	case len(s.Presence) == 3 && s.Presence[0] == 0x8F:
		sign.State = card.NeedsPassword
	}
	if s.has(card.LicenceApp) {
		f.AlsoOnCard = append(f.AlsoOnCard, card.LicenceOnCard)
	}
	if s.has(card.ResidenceApp) {
		f.AlsoOnCard = append(f.AlsoOnCard, card.ResidenceOnCard)
	}
	return f
}

func (s Spec) has(app card.Application) bool {
	for _, a := range s.Applications {
		if a == app {
			return true
		}
	}
	return false
}

// Healthy tells whether the chip is a My Number Card that answers every
// command the short way: those the budget of exchanges is about.
func (s Spec) Healthy() bool {
	return s.Kind == card.MyNumberCard && !s.NoShortIDs && s.Chain == 0 && s.Strange == nil && s.Serial <= 5 &&
		s.AuthTo.Known() && s.Presence != nil && s.complete()
}

// complete tells whether every application in the chip has all its references.
func (s Spec) complete() bool {
	for _, k := range card.Keys() {
		if _, ok := s.Left[k.Key]; s.has(k.Application) && !ok {
			return false
		}
	}
	return true
}
