package card

import (
	"bytes"
	"context"
	"errors"
	"strings"
)

// Card is a card on a reader. The ATR is a hint for naming a wrong card and never a gate: real cards were hidden
// by programs that trusted it (card.md §4).
type Card struct {
	Transmitter
	ATR []byte
}

// Step is the progress of a reading: Done of about Total exchanges are over. Done reaches Total with the last.
type Step struct{ Done, Total int }

// usual is the number of exchanges of an ordinary card.
const usual = 21

// residenceSince is the first day on which a card with the residence application was issued (card.md §5). An older
// auth certificate proves that the card is older too, and saves the question.
var residenceSince = Date{2026, 6, 14}

// Read reads every counter and date that needs no PIN. It sends only what the guard allows, no exchange twice, and
// tries to learn each thing on its own: one odd key never spoils the others.
//
// The Facts are always meaningful; Outcome says how far they go. The error is non-nil exactly when the reading was
// cut short: it wraps ErrRemoved when the card or the connection was lost, and is ctx.Err() when ctx ended between
// two exchanges. Transmit itself cannot be cancelled: whoever must not hang bounds the whole call from outside.
//
// progress may be nil. It is called in this goroutine, first with Done = 0.
func Read(ctx context.Context, c Card, progress func(Step)) (Facts, error) {
	return read(ctx, c, false, progress)
}

// ReadAll is Read with the dates of the two certificate authorities (000B, 0002) as well.
func ReadAll(ctx context.Context, c Card, progress func(Step)) (Facts, error) {
	return read(ctx, c, true, progress)
}

func read(ctx context.Context, c Card, authorities bool, progress func(Step)) (Facts, error) {
	if progress == nil {
		progress = func(Step) {}
	}
	r := &reading{
		ctx: ctx, atr: c.ATR, facts: NewFacts(), progress: progress,
		guard: guard{to: c.Transmitter, authorities: authorities},
	}
	if authorities {
		r.facts.setCertificate(Certificate{Key: AuthAuthority})
		r.facts.setCertificate(Certificate{Key: SignAuthority})
	}
	progress(Step{0, usual})
	r.run()
	if r.err == nil {
		r.facts.Outcome = r.outcome()
		progress(Step{usual, usual})
	} else if errors.Is(r.err, ErrRemoved) {
		r.facts.Outcome = Removed
	}
	return r.facts, r.err
}

// reading is one pass over one card. Once err is set nothing is sent any more and every step falls through.
type reading struct {
	ctx      context.Context
	guard    guard
	atr      []byte
	facts    Facts
	progress func(Step)
	err      error

	jpki    Status               // what SELECT of the JPKI application answered
	missing map[Application]bool // core applications that were not found
	odd     bool                 // the card answered so strangely that its kind is not proven
}

func (r *reading) run() {
	r.missing = map[Application]bool{}
	r.readCardExpiry()
	if r.jpki = r.selectApplication(JPKI); r.jpki != StatusOK {
		r.nameOtherCard()
		return
	}
	r.readLabel()
	if r.facts.Kind != MyNumberCard && r.facts.Kind != KindUnknown {
		return // a phone, a 住基カード or a newer card: its counters are not ours to judge
	}
	r.readCounters(JPKI)
	r.readAuth()
	r.readPresence()
	if r.guard.authorities {
		r.readAuthority(AuthAuthority, fileAuthAuthority)
		r.readAuthority(SignAuthority, fileSignAuthority)
	}
	for _, app := range []Application{InputSupportApp, SurfaceApp, JukiApp, CommonApp} {
		r.readApplication(app)
	}
	if r.facts.Kind == KindUnknown { // no label: the other applications tell
		switch {
		case !r.missing[InputSupportApp]:
			r.facts.Kind = MyNumberCard
		case !r.odd:
			r.facts.Kind = UnknownJPKI
		}
	}
	r.readExtras()
}

// outcome is what a reading that came to its end may claim.
func (r *reading) outcome() Outcome {
	f := &r.facts
	switch {
	case f.Kind == KindUnknown && r.odd:
		return Partial
	case f.Kind != MyNumberCard:
		return WrongCard
	}
	// 共通 is the second copy of a key whose first copy in 住基 is what the counter works with; a card without it
	// would still be wholly read. A card without any other core application is not known to exist.
	if r.missing[InputSupportApp] || r.missing[SurfaceApp] || r.missing[JukiApp] {
		return Partial
	}
	if s := f.Certificate(AuthCertificate).State; s != CertificateRead && s != CertificateAbsent {
		return Partial
	}
	for _, c := range f.Counters {
		if c.State == CounterUnread && c.Key != Licence { // no verdict hangs on the licence
			return Partial
		}
		if c.State == Unreported && (c.Key == Auth || c.Key == Sign || c.Key == InputSupport || c.Key == Juki) {
			return Partial
		}
	}
	return Complete
}

// send exchanges one command, follows 61xx, and repeats a reading command once with the length 6Cxx names, unless that is
// more than was asked for: the rest of a file is none of this program's business. What 61xx offers after a SELECT is
// nothing anybody needs; it is selected.
func (r *reading) send(command []byte) ([]byte, Status) {
	data, sw := r.once(command)
	if sw == statusFirstAnswer && r.facts.Exchanges == 1 {
		data, sw = r.once(command)
	}
	switch ins := command[1]; {
	case ins == 0xA4 && sw>>8 == 0x61:
		return nil, StatusOK
	case (ins == 0xB0 || ins == 0xCA) && sw>>8 == 0x6C && size(byte(sw)) < size(command[4]):
		c := bytes.Clone(command)
		c[4] = byte(sw)
		data, sw = r.once(c)
	}
	for range maxChain {
		if sw>>8 != 0x61 {
			break
		}
		var more []byte
		more, sw = r.once(getResponse(byte(sw)))
		if data = append(data, more...); len(more) == 0 {
			break // no answer, or one that promises for ever and gives nothing
		}
	}
	return data, sw
}

// size is how many bytes a short Le asks for.
func size(le byte) int { return int(le-1) + 1 }

// maxChain bounds GET RESPONSE: the longest answer of all, 256 bytes, may come in pieces of 16.
const maxChain = 16

// once exchanges one command and counts it. A command the guard refuses is a mistake of this program and ends the
// reading like a lost card, with ErrForbidden.
func (r *reading) once(command []byte) ([]byte, Status) {
	if r.err != nil {
		return nil, 0
	}
	if r.err = r.ctx.Err(); r.err != nil {
		return nil, 0
	}
	data, sw, err := r.guard.exchange(command)
	r.facts.Exchanges++
	if err != nil {
		r.err = err
		return nil, 0
	}
	r.progress(Step{min(r.facts.Exchanges, usual-1), usual})
	return data, sw
}

func (r *reading) selectApplication(app Application) Status {
	_, sw := r.send(selectApplication(app.AID()))
	if sw != StatusOK && sw != statusNotFound {
		r.odd = true
	}
	return sw
}

// readCardExpiry asks the power-on state, the only place that tells the card's date without its serial number.
func (r *reading) readCardExpiry() {
	if data, sw := r.send(getCardExpiry()); sw == StatusOK {
		r.facts.CardExpiry = parseCardExpiry(data)
	}
}

var labels = map[string]Kind{
	"JPKIAPICCTOKEN2": MyNumberCard,
	"JPKIAPICCTOKEN":  JukiCard,
	"JPKIAPGPSETOKEN": PhoneAndroid,
	"JPKIAPIOSTOKEN":  PhoneIPhone,
}

// readLabel sets Kind from the token label. An unreadable label leaves it unknown, and so does one that is cut short: the
// names begin alike. An unheard-of one is a card newer than this program.
func (r *reading) readLabel() {
	const whole = 32
	data, sw := r.readFile(fileTokenLabel, 0, whole)
	if sw != StatusOK || len(data) != whole {
		return
	}
	label := strings.TrimRight(string(data), " \x00")
	if kind, ok := labels[label]; ok {
		r.facts.Kind = kind
	} else if label != "" {
		r.facts.Kind = UnknownJPKI
	}
}

// readFile reads a file of the selected application by its short identifier, and by SELECT EF where the chip does
// not take that. The status is 9000 when there is data, and 6A82 only when SELECT EF said so.
func (r *reading) readFile(file uint16, offset, size byte) ([]byte, Status) {
	if data, sw := r.send(readShort(byte(file), offset, size)); readable(data, sw) {
		return data, StatusOK
	}
	if _, sw := r.send(selectFile(file)); sw != StatusOK {
		return nil, sw
	}
	return r.readCurrent(uint16(offset), size)
}

// readCurrent reads from the file that SELECT EF has found. Whatever the answer, the file is there: the status is 9000 with
// data, and otherwise 0.
func (r *reading) readCurrent(offset uint16, size byte) ([]byte, Status) {
	if data, sw := r.send(readCurrent(offset, size)); readable(data, sw) {
		return data, StatusOK
	}
	return nil, 0
}

func readable(data []byte, sw Status) bool {
	return len(data) > 0 && (sw == StatusOK || sw == statusEndOfFile)
}

// readApplication selects a core application and reads its counters.
func (r *reading) readApplication(app Application) {
	switch r.selectApplication(app) {
	case StatusOK:
		r.readCounters(app)
		if app == CommonApp && !r.facts.CardExpiry.Known() {
			r.readCommonExpiry()
		}
	case statusNotFound:
		r.missing[app] = true
		for i := range r.facts.Counters {
			if c := &r.facts.Counters[i]; c.Key.Spec().Application == app {
				c.State = CounterAbsent
			}
		}
	default:
		r.missing[app] = true
	}
}

// readCounters asks for every counter of the selected application, one exchange each where the chip takes short
// identifiers. Only SELECT EF can prove that a reference is absent.
func (r *reading) readCounters(app Application) {
	short, present := true, false
	for i := range r.facts.Counters {
		c := &r.facts.Counters[i]
		spec := c.Key.Spec()
		if spec.Application != app {
			continue
		}
		if short {
			_, sw := r.send(queryShort(spec.ShortID()))
			if sw&0xFFF0 == 0x63C0 {
				c.State, c.Left, _ = sw.counter()
				present = true
				continue
			}
		}
		r.queryLong(c, spec.File)
		if c.State == Counted || c.State == Blocked {
			short = false // the long way works here and the short one does not: do not knock twice again
		}
		present = present || c.State != CounterAbsent
	}
	if present || r.err != nil {
		return
	}
	// An application without a single reference is not a card anybody has seen. It rather did not tell.
	for i := range r.facts.Counters {
		if c := &r.facts.Counters[i]; c.Key.Spec().Application == app {
			c.State = Unreported
		}
	}
}

// queryLong selects the reference and asks for its counter. Only the answer to the question is a counter: one that comes
// to the SELECT was never asked for.
func (r *reading) queryLong(c *Counter, file uint16) {
	_, sw := r.send(selectFile(file))
	found := sw == StatusOK
	if found {
		_, sw = r.send(queryCurrent())
	}
	if r.err != nil {
		return
	}
	switch state, left, ok := sw.counter(); {
	case found && ok:
		c.State, c.Left = state, left
	case !found && sw == statusNotFound:
		c.State = CounterAbsent
	default:
		c.State = Unreported
	}
}

// readAuth reads the validity of the auth certificate: its window first, a prefix only where that does not do.
func (r *reading) readAuth() {
	data, sw := r.readFile(fileAuth, windowStart, windowSize)
	v, ok := windowValidity(data)
	if !ok && sw != statusNotFound {
		v, ok, sw = r.readPrefix(fileAuth)
	}
	r.setValidity(AuthCertificate, v, ok, sw)
}

// setValidity notes a certificate that was read, or that SELECT EF did not find; any other stays unread.
func (r *reading) setValidity(key CertificateKey, v validity, ok bool, sw Status) {
	cert := Certificate{Key: key}
	switch {
	case ok:
		cert.State, cert.NotBefore, cert.NotAfter = CertificateRead, v.notBefore, v.notAfter
	case sw == statusNotFound:
		cert.State = CertificateAbsent
	}
	r.facts.setCertificate(cert)
}

// readPrefix reads a certificate from its start, as far as its validity and never beyond prefixSize. What it had
// to read on the way there is overwritten before it returns.
func (r *reading) readPrefix(file uint16) (v validity, ok bool, sw Status) {
	if r.guard.file != file {
		if _, sw = r.send(selectFile(file)); sw != StatusOK {
			return v, false, sw
		}
	}
	buffer := make([]byte, 0, prefixSize)
	defer func() { clear(buffer[:cap(buffer)]) }()
	for !ok && len(buffer) < prefixSize {
		size := byte(min(256, prefixSize-len(buffer))) // 256 becomes 0, which is how a short Le writes it
		var data []byte
		data, sw = r.readCurrent(uint16(len(buffer)), size)
		if sw != StatusOK || len(data) > prefixSize-len(buffer) {
			break // end of the file, an error, or an answer of nothing that would go on for ever
		}
		buffer = append(buffer, data...)
		clear(data)
		v, ok = prefixValidity(buffer)
	}
	return v, ok, sw
}

// readPresence learns from EF 0008 whether the sign certificate exists; its own file opens with its password only.
// Byte 0 stands for sign, byte 1 for auth; 8F was seen for present, 00 is the likely value for absent and anything
// else says nothing (card.md §2.2).
func (r *reading) readPresence() {
	const present, absent = 0x8F, 0x00
	data, sw := r.readFile(fileCertificates, 0, 3)
	known := sw == StatusOK && len(data) == 3
	sign := Certificate{Key: SignCertificate}
	switch {
	case r.facts.Counter(Sign).State == CounterAbsent, known && data[0] == absent:
		sign.State = CertificateAbsent
	case known && data[0] == present:
		sign.State = NeedsPassword
	}
	r.facts.setCertificate(sign)
	// A file that holds no certificate and a chip that says there is none agree: absent, not unread.
	if auth := r.facts.Certificate(AuthCertificate); auth.State == CertificateUnread && known && data[1] == absent {
		auth.State = CertificateAbsent
		r.facts.setCertificate(auth)
	}
}

func (r *reading) readAuthority(key CertificateKey, file uint16) {
	v, ok, sw := r.readPrefix(file)
	r.setValidity(key, v, ok, sw)
}

// readCommonExpiry is the fallback for the card's date. Its record begins with a serial number, which is dropped
// here unread.
func (r *reading) readCommonExpiry() {
	const head, digits = "\x01\x1C", 28
	data, sw := r.send(readCommonRecord())
	if sw == StatusOK && bytes.HasPrefix(data, []byte(head)) && len(data) >= len(head)+digits {
		r.facts.CardExpiry = parseCardExpiry(data[:len(head)+digits])
	}
	clear(data)
}

// readExtras looks for what else lives on the card.
func (r *reading) readExtras() {
	switch r.selectApplication(LicenceApp) {
	case StatusOK:
		r.facts.AlsoOnCard = append(r.facts.AlsoOnCard, LicenceOnCard)
		r.readCounters(LicenceApp)
		c := &r.facts.Counters[Licence-1]
		if c.State == Unreported || c.State == CounterAbsent { // its PIN is optional
			data, sw := r.readFile(fileLicencePIN, 0, 3)
			if sw == StatusOK && bytes.Equal(data, []byte{0xC1, 0x01, 0x00}) {
				c.State = CounterAbsent
			}
		}
	case statusNotFound:
		r.facts.Counters[Licence-1].State = CounterAbsent
	}
	auth := r.facts.Certificate(AuthCertificate)
	if auth.State == CertificateRead && auth.NotBefore.Before(residenceSince) {
		return
	}
	if r.selectApplication(ResidenceApp) == StatusOK {
		r.facts.AlsoOnCard = append(r.facts.AlsoOnCard, ResidenceOnCard)
	}
}

// storageCard is how PC/SC part 3 composes the ATR of a contactless storage card; FeliCa is one of them.
var storageCard = []byte{0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06}

// nameOtherCard finds out what lies there instead, so that the visitor hears more than "wrong card". Without any
// hit a card that said clearly that it has no JPKI application is another card, and anything else is not proven.
func (r *reading) nameOtherCard() {
	if bytes.Contains(r.atr, storageCard) {
		// Such a card takes no commands at all; some readers answer the attempt with an error.
		r.err, r.odd, r.facts.Kind = nil, false, FeliCa
		return
	}
	for _, o := range otherCards {
		if _, sw := r.send(selectApplication([]byte(o.aid))); sw == StatusOK {
			r.facts.Kind = o.kind
			return
		}
	}
	if _, sw := r.send(selectPPSE()); sw == StatusOK {
		r.facts.Kind = PaymentCard
		return
	}
	r.odd = r.jpki != statusNotFound && !saysUnknown(r.jpki)
}

// saysUnknown tells the other ways in which a foreign card refuses a SELECT it understands or does not:
// instruction or class unknown, function not supported, wrong parameters, conditions not satisfied.
func saysUnknown(sw Status) bool {
	switch sw {
	case 0x6D00, 0x6E00, 0x6A81, 0x6A86, 0x6A87, 0x6999, 0x6985:
		return true
	}
	return false
}
