package card_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/golden"
)

// The commands of a reading, told apart without the guard's help: what stands here is design.md §5 and card.md §1–§4
// once more, so that table and guard cannot be wrong together.

type subject uint8

const (
	cardDate subject = iota
	application
	otherCard
	counter
	label
	presence
	authCertificate
	licencePIN
)

type way uint8

const (
	selecting     way = iota // SELECT of an application or of a file
	byShortID                // VERIFY or READ BINARY by a short identifier
	ofCurrent                // the same of the current file
	byTag                    // GET DATA
	ofRecord                 // READ RECORD
	takingTheRest            // GET RESPONSE
)

// command is one command in words.
type command struct {
	what subject
	how  way
	app  card.Application
	key  card.Key // of a counter
}

func (c command) reads() bool {
	switch c.how {
	case byTag, ofRecord, takingTheRest:
		return true
	case selecting:
		return false
	}
	return c.what != counter
}

type place struct {
	app  card.Application
	file uint16
}

var counterAt = map[place]card.Key{
	{card.JPKI, 0x18}: card.Auth, {card.JPKI, 0x1B}: card.Sign,
	{card.InputSupportApp, 0x11}: card.InputSupport, {card.InputSupportApp, 0x14}: card.InputSupportA, {card.InputSupportApp, 0x15}: card.InputSupportB,
	{card.SurfaceApp, 0x11}: card.SurfaceBirth, {card.SurfaceApp, 0x13}: card.SurfaceA, {card.SurfaceApp, 0x12}: card.SurfaceB,
	{card.JukiApp, 0x1C}: card.Juki, {card.CommonApp, 0x1C}: card.Common, {card.LicenceApp, 0x06}: card.Licence,
}

var fileAt = map[place]struct {
	what subject
	end  int // no byte from here on is ever asked for
}{
	{card.JPKI, 0x06}: {label, 32}, {card.JPKI, 0x08}: {presence, 3}, {card.JPKI, 0x0A}: {authCertificate, 512},
	{card.LicenceApp, 0x1A}: {licencePIN, 3},
}

var applicationOf = map[string]card.Application{
	"\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01":                         card.JPKI,
	"\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x08":                         card.InputSupportApp,
	"\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02":                         card.SurfaceApp,
	"\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x01":                         card.JukiApp,
	"\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00":                         card.CommonApp,
	"\xA0\x00\x00\x02\x31\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": card.LicenceApp,
	"\xD3\x92\xF0\x00\x4F\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": card.ResidenceApp,
}

var otherCards = []string{
	"\xA0\x00\x00\x02\x31\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\xA0\x00\x00\x02\x31\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"\xA0\x00\x00\x02\x48\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\xD3\x92\xF0\x00\x4F\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"\xA0\x00\x00\x02\x47\x10\x01",
}

// lie is an answer that comes instead of the chip's own.
type lie struct {
	at     int // exchange, from 1
	data   []byte
	sw     card.Status
	obeyed bool   // the chip did as it was told, and only its answer was lost
	beside string // what data is, for the table

	torn bool // the card leaves here: so many bytes, or this error, come back, and errors from then on
	stub int
	err  error
}

// done tells that a SELECT has selected: 61xx adds that there is something to hear about it.
func done(sw card.Status) bool { return sw == card.StatusOK || sw>>8 == 0x61 }

// witness stands between a reading and a chip. It lies once where it is told to, and notes a command that no reading
// may send.
type witness struct {
	chip card.Transmitter
	lie  lie
	note func(command, []byte, card.Status) // of every exchange; may be nil

	sent    int
	app     card.Application // as the answers would have one believe
	file    uint16
	last    command
	rest    int // bytes that 61xx promises; -1 none
	illegal string
}

// Transmit answers for the chip.
func (w *witness) Transmit(c []byte) ([]byte, error) {
	w.sent++
	told, ok := w.tell(c)
	if !ok && w.illegal == "" {
		w.illegal = fmt.Sprintf("command %d, % X", w.sent, c)
	}
	w.last = told
	var answer []byte
	switch {
	case w.lie.torn && w.sent > w.lie.at:
		return nil, cardtest.ErrTorn
	case w.lie.torn && w.sent == w.lie.at:
		return make([]byte, w.lie.stub), w.lie.err
	case w.sent == w.lie.at:
		if w.lie.obeyed {
			if _, err := w.chip.Transmit(c); err != nil {
				return nil, err
			}
		}
		answer = append(slices.Clip(w.lie.data), byte(w.lie.sw>>8), byte(w.lie.sw))
	default:
		var err error
		if answer, err = w.chip.Transmit(c); err != nil || len(answer) < 2 {
			return answer, err
		}
	}
	n := len(answer) - 2
	sw := card.Status(answer[n])<<8 | card.Status(answer[n+1])
	w.believe(c, told, sw)
	if w.note != nil {
		w.note(told, answer[:n], sw)
	}
	return answer, nil
}

// believe follows what the answers say is selected.
func (w *witness) believe(c []byte, told command, sw card.Status) {
	w.rest = -1
	if sw>>8 == 0x61 {
		w.rest = int(sw & 0xFF)
	}
	switch {
	case told.how == selecting && (told.what == application || told.what == otherCard):
		w.app, w.file = card.NoApplication, 0
		if done(sw) {
			w.app = told.app
		}
	case told.how == selecting:
		w.file = 0
		if done(sw) {
			w.file = uint16(c[5])<<8 | uint16(c[6])
		}
	case told.how == byShortID && told.reads():
		w.file = 0
	}
}

// tell puts a command into words; false for one that no reading may send here.
func (w *witness) tell(c []byte) (command, bool) {
	if len(c) < 4 || c[0] != 0 {
		return command{}, false
	}
	switch {
	case c[1] == 0xA4 && c[2] == 4 && c[3] == 0x0C && len(c) == 5+int(c[4]):
		if app, ok := applicationOf[string(c[5:])]; ok {
			return command{application, selecting, app, 0}, true
		}
		return command{what: otherCard}, slices.Contains(otherCards, string(c[5:]))
	case c[1] == 0xA4 && c[2] == 4:
		return command{what: otherCard}, string(c) == "\x00\xA4\x04\x00\x0E2PAY.SYS.DDF01\x00"
	case c[1] == 0xA4 && c[2] == 2 && c[3] == 0x0C && len(c) == 7 && c[4] == 2:
		at := place{w.app, uint16(c[5])<<8 | uint16(c[6])}
		if key, ok := counterAt[at]; ok {
			return command{counter, selecting, w.app, key}, true
		}
		f, ok := fileAt[at]
		return command{what: f.what, how: selecting, app: w.app}, ok
	case c[1] == 0x20 && c[2] == 0 && c[3]&0xE0 == 0x80 && len(c) == 4:
		how, file := byShortID, uint16(c[3]&0x1F)
		if file == 0 {
			how, file = ofCurrent, w.file
		}
		key, ok := counterAt[place{w.app, file}]
		return command{counter, how, w.app, key}, ok
	case c[1] == 0xB0 && len(c) == 5:
		how, file, from, size := ofCurrent, w.file, int(c[2])<<8|int(c[3]), int(c[4])
		if c[2]&0xE0 == 0x80 {
			how, file, from = byShortID, uint16(c[2]&0x1F), int(c[3])
		}
		if size == 0 {
			size = 256
		}
		f, ok := fileAt[place{w.app, file}]
		return command{what: f.what, how: how, app: w.app}, ok && from+size <= f.end
	case c[1] == 0xCA && c[2] == 0x00 && c[3] == 0xF2 && len(c) == 5:
		return command{what: cardDate, how: byTag}, w.app == card.NoApplication
	case string(c) == "\x00\xB2\x01\x0C\x00":
		return command{what: cardDate, how: ofRecord, app: w.app}, w.app == card.CommonApp
	case c[1] == 0xC0 && c[2] == 0 && c[3] == 0 && len(c) == 5:
		told := w.last
		told.how = takingTheRest
		return told, w.rest == int(c[4])
	}
	return command{}, false
}

// step is one exchange of a faultless reading.
type step struct {
	command
	data []byte
}

// patient is a card that is lied about.
type patient struct {
	spec  cardtest.Spec
	truth card.Facts
	steps []step
}

func examine(t *testing.T, spec cardtest.Spec) patient {
	t.Helper()
	p := patient{spec: spec, truth: spec.Want()}
	w := &witness{chip: spec.New(), rest: -1, note: func(c command, data []byte, _ card.Status) {
		p.steps = append(p.steps, step{c, bytes.Clone(data)})
	}}
	got, err := card.Read(context.Background(), card.Card{Transmitter: w, ATR: spec.ATR}, nil)
	if err != nil || got.Outcome != p.truth.Outcome || w.illegal != "" {
		t.Fatalf("Read(%s) = %s, %v, %s; want %s", spec.Name, got.Outcome, err, w.illegal, p.truth.Outcome)
	}
	return p
}

// theLongWay is a card that has to be asked every other way, and carries everything that can be added.
func theLongWay(name string) cardtest.Spec {
	spec := cardtest.Adult(cardtest.Reference)
	spec.Name, spec.NoShortIDs, spec.DateInRecord, spec.Serial, spec.Chain = name, true, true, 20, 16
	spec.Applications = append(spec.Applications, card.LicenceApp, card.ResidenceApp)
	spec.Left[card.Licence], spec.LicencePIN = 10, true
	spec.AuthFrom = card.Date{Year: 2026, Month: 7, Day: 1}
	return spec
}

// patients are a healthy card, one with every counter blocked, those with a single thing wrong, which one lost answer would
// turn into a false all-clear, some that are not ours, and the long way.
func patients(t *testing.T) (all []patient) {
	for _, name := range []string{"all-fine", "locked-all", "locked-auth", "locked-sign", "locked-input-support", "locked-common",
		"locked-surface-b", "locked-input-support-b", "expired", "licence-added", "drivers-licence", "other-card", "phone-android"} {
		c, err := cardtest.New(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, examine(t, c.Spec()))
	}
	juki, locked := cardtest.Adult(cardtest.Reference), theLongWay("the-long-way-locked")
	juki.Name, juki.Left[card.Juki] = "locked-juki-alone", 0
	locked.Left[card.InputSupportB] = 0
	return append(all, examine(t, juki), examine(t, theLongWay("the-long-way")), examine(t, locked))
}

// said returns the counter that a status word of VERIFY without data is (card.md §2.1).
func said(key card.Key, sw card.Status) (card.Counter, bool) {
	switch {
	case sw == 0x63C0, sw == 0x6983, sw == 0x6984:
		return card.Counter{Key: key, State: card.Blocked}, true
	case sw >= 0x63C1 && sw <= 0x63CF:
		return card.Counter{Key: key, State: card.Counted, Left: int(sw & 15)}, true
	}
	return card.Counter{}, false
}

// expected is what must be known of a counter after one lie: the truth, or the lie taken at its word where it is about
// this very counter.
func (p *patient) expected(s step, l lie, key card.Key) card.Counter {
	truth := p.truth.Counter(key)
	state := func(s card.CounterState) card.Counter { return card.Counter{Key: key, State: s} }
	app := key.Spec().Application
	switch {
	case s.what == application && s.app == card.JPKI && !done(l.sw):
		return state(card.CounterUnread) // it is no My Number Card, or does not say so
	case s.what == application && s.app == app && l.sw == 0x6A82:
		return state(card.CounterAbsent)
	case s.what == application && s.app == app && !done(l.sw):
		return state(card.CounterUnread)
	case s.what == application && s.app == app && truth.State == card.CounterAbsent:
		return state(card.Unreported) // it says that the application is there, which then tells nothing
	case s.what != counter || s.key != key:
		return truth
	}
	word, number := said(key, l.sw)
	switch {
	case s.how == byShortID && number && l.sw>>8 == 0x63:
		return word
	case s.how == byShortID: // asked again, the long way
		return truth
	case s.how == ofCurrent && number:
		return word
	case s.how == selecting && done(l.sw):
		return truth
	case s.how == selecting && l.sw == 0x6A82 && p.alone(key):
		return state(card.Unreported) // an application without a single reference is no card anybody has seen
	case s.how == selecting && l.sw == 0x6A82:
		return state(card.CounterAbsent)
	}
	return state(card.Unreported)
}

// alone tells that the application of key has no other counter on this card.
func (p *patient) alone(key card.Key) bool {
	for _, k := range card.Keys() {
		if k.Key != key && k.Application == key.Spec().Application && p.truth.Counter(k.Key).State != card.CounterAbsent {
			return false
		}
	}
	return true
}

// verdicts remembers the headlines of facts: few facts come of many lies.
type verdicts map[heard]diagnosis.Headline

type heard struct {
	kind       card.Kind
	outcome    card.Outcome
	expiry     card.Date
	counters   [11]card.Counter
	auth, sign card.Certificate
}

func (v verdicts) of(f card.Facts) diagnosis.Headline {
	key := heard{f.Kind, f.Outcome, f.CardExpiry, [11]card.Counter(f.Counters), f.Certificate(card.AuthCertificate), f.Certificate(card.SignCertificate)}
	h, ok := v[key]
	if !ok {
		at := cardtest.Reference.Time().Add(10 * time.Hour)
		h = diagnosis.Diagnose(f, diagnosis.Now{Earliest: at, Latest: at}, diagnosis.Answers{}).Headline
		v[key] = h
	}
	return h
}

// judge returns everything that is wrong with what a reading made of one lie.
func (p *patient) judge(s step, l lie, w *witness, v verdicts, got card.Facts, err error) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if w.illegal != "" {
		bad("%s may not be sent", w.illegal)
	}
	if w.sent != got.Exchanges || w.sent > len(p.steps)+24 {
		bad("%d exchanges, %d counted; a faultless reading takes %d", w.sent, got.Exchanges, len(p.steps))
	}
	ours := p.spec.Kind == card.MyNumberCard
	switch {
	case !l.torn && err != nil:
		bad("%v", err)
	case !l.torn, p.spec.Kind == card.FeliCa: // which is known by its ATR alone
	case !errors.Is(err, card.ErrRemoved), got.Outcome != card.Removed, w.sent != l.at:
		bad("%s, %v after %d exchanges; want removed, ErrRemoved and nothing more", got.Outcome, err, w.sent)
	}

	for _, k := range card.Keys() {
		c, want := got.Counter(k.Key), p.expected(s, l, k.Key)
		switch {
		case l.torn && (c == p.truth.Counter(k.Key) || c.State == card.CounterUnread):
		case l.torn && k.Key == card.Licence && c.State == card.Unreported: // until its own file has told that it has no PIN
		case l.torn, ours && c != want:
			bad("%s is %s %d; want %s %d", k.Name, c.State, c.Left, want.State, want.Left)
		case !ours && (c.State == card.Counted || c.State == card.Blocked) && c.Left != p.spec.Left[k.Key]:
			bad("%s is %s %d on a %s", k.Name, c.State, c.Left, p.spec.Kind)
		}
	}

	auth, truth := got.Certificate(card.AuthCertificate), p.truth.Certificate(card.AuthCertificate)
	gone := s.what == authCertificate && s.how == selecting && l.sw == 0x6A82
	switch {
	case auth == truth, !ours && auth.NotAfter == p.spec.AuthTo:
	case auth.State == card.CertificateUnread && (l.torn || !ours || s.what == application && s.app == card.JPKI):
	case s.what == authCertificate && (auth.State == card.CertificateUnread || gone && auth.State == card.CertificateAbsent):
	default:
		bad("the auth certificate is %s until %s; want %s until %s", auth.State, auth.NotAfter, truth.State, truth.NotAfter)
	}
	if got.CardExpiry.Known() && got.CardExpiry != p.spec.CardTo {
		bad("the card ends on %s; want %s", got.CardExpiry, p.spec.CardTo)
	}

	if got.Outcome == card.Complete {
		for _, k := range card.Keys() {
			switch c := got.Counter(k.Key); {
			case c.State == card.CounterUnread && k.Key != card.Licence:
				bad("complete with %s unread", k.Name)
			case c.State == card.Unreported && core(k.Key):
				bad("complete with %s unreported", k.Name)
			}
		}
		if auth.State == card.CertificateUnread || !ours {
			bad("complete: a %s, auth certificate %s", p.spec.Kind, auth.State)
		}
	}
	why := p.notFine(s, l)
	switch h := v.of(got); {
	case h.Code == diagnosis.AllClear && (why != "" || got.Outcome != card.Complete):
		bad("all-clear of a %s reading; %s", got.Outcome, why)
	case h.Code != diagnosis.AllClear && why == "" && got.Outcome == card.Complete:
		bad("%s of a card on which nothing is wrong", h)
	}
	return wrong
}

func core(k card.Key) bool {
	return k == card.Auth || k == card.Sign || k == card.InputSupport || k == card.Juki
}

// notFine tells what keeps this card, with the lie taken at its word, from being in order; nothing when it is.
func (p *patient) notFine(s step, l lie) string {
	if p.spec.Kind != card.MyNumberCard {
		return "it is a " + p.spec.Kind.String()
	}
	none := bytes.HasPrefix(p.spec.Presence, []byte{0}) // no S certificate: its counter says nothing
	if s.what == presence && s.reads() && (l.sw == card.StatusOK || l.sw == 0x6282) && len(l.data) == 3 {
		none = l.data[0] == 0
	}
	for _, key := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.InputSupportB, card.SurfaceB, card.Juki, card.Common} {
		c := p.expected(s, l, key)
		if c.State != card.Counted && c.State != card.CounterAbsent && !(key == card.Sign && none) {
			return key.String() + " is " + c.State.String()
		}
	}
	if p.spec.AuthTo.Before(cardtest.Reference.AddMonths(3)) {
		return "its certificate ends on " + p.spec.AuthTo.String()
	}
	if s.what == authCertificate && s.how == selecting && l.sw == 0x6A82 {
		return "it says that it has no certificate"
	}
	return ""
}

// answerClasses are the columns of the table.
var answerClasses = []string{"9000", "6282", "63C0", "63C1–63CF", "6983, 6984", "6A82", "6A86", "61xx", "6Cxx", "6Fxx", "other"}

func class(sw card.Status) string {
	switch {
	case sw == 0x9000, sw == 0x6282, sw == 0x63C0, sw == 0x6A82, sw == 0x6A86:
		return sw.String()
	case sw>>4 == 0x63C:
		return "63C1–63CF"
	case sw == 0x6983, sw == 0x6984:
		return "6983, 6984"
	case sw>>8 == 0x61, sw>>8 == 0x6C, sw>>8 == 0x6F:
		return sw.String()[:2] + "xx"
	}
	return "other"
}

// String is the name of a row.
func (c command) String() string {
	what := [...]string{"the card's date", "", "", "", "the token label", "which certificates there are", "the auth certificate", "whether the licence has a PIN"}[c.what]
	switch {
	case c.what == otherCard:
		return "SELECT of another card's application"
	case c.what == application:
		return "SELECT " + c.app.String()
	case c.what == counter:
		switch what = "any other counter"; {
		case c.key == card.Licence:
			what = "the licence's counter"
		case core(c.key):
			what = "the counter of auth, sign, input-support or juki"
		}
		return [...]string{"SELECT EF", "VERIFY without data, by short id", "VERIFY without data"}[c.how] + ": " + what
	}
	return [...]string{"SELECT EF", "READ BINARY by short id", "READ BINARY", "GET DATA", "READ RECORD", "GET RESPONSE"}[c.how] + ": " + what
}

// cell says what became of the part that was lied about, and how far the whole reading goes.
func (p *patient) cell(s step, l lie, got card.Facts) string {
	part := "right"
	differs := func(right bool, state fmt.Stringer) {
		if !right {
			part = state.String()
		}
	}
	switch s.what {
	case counter:
		c := got.Counter(s.key)
		differs(c == p.truth.Counter(s.key), c.State)
		if word, ok := said(s.key, l.sw); ok && c == word && (s.how == ofCurrent || s.how == byShortID && l.sw>>8 == 0x63) {
			part = "as answered"
		}
	case application:
		for _, k := range card.Keys() {
			if c := got.Counter(k.Key); k.Application == s.app {
				differs(c == p.truth.Counter(k.Key), c.State)
			}
		}
		if found := got.Has(card.ResidenceOnCard); s.app == card.ResidenceApp && found != p.truth.Has(card.ResidenceOnCard) {
			part = map[bool]string{true: "found", false: "not found"}[found]
		}
	case cardDate:
		differs(got.CardExpiry == p.truth.CardExpiry, got.CardExpiry)
	case label, otherCard:
		differs(got.Kind == p.truth.Kind, got.Kind)
	case authCertificate:
		c := got.Certificate(card.AuthCertificate)
		differs(c == p.truth.Certificate(card.AuthCertificate), c.State)
	case presence:
		c := got.Certificate(card.SignCertificate)
		differs(c == p.truth.Certificate(card.SignCertificate), c.State)
	case licencePIN:
		c := got.Counter(card.Licence)
		differs(c == p.truth.Counter(card.Licence), c.State)
	}
	return part + ", " + got.Outcome.String()
}

// outcomes collects the cells of a table by row and column.
type outcomes map[[2]string]map[string]bool

func (all outcomes) add(row, column, cell string) {
	at := [2]string{row, column}
	if all[at] == nil {
		all[at] = map[string]bool{}
	}
	all[at][cell] = true
}

// table writes what became of every command.
func (all outcomes) table(head string, columns []string) string {
	rows := map[string]bool{}
	for at := range all {
		rows[at[0]] = true
	}
	var b strings.Builder
	b.WriteString(head + "\n| command | " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)+1) + "\n")
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "| %s |", row)
		for _, column := range columns {
			fmt.Fprintf(&b, " %s |", strings.Join(slices.Sorted(maps.Keys(all[[2]string{row, column}])), " / "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// sweep tells every lie at every exchange of every patient, on all cores, and adds what became of them to all.
func (all outcomes) sweep(t *testing.T, patients []patient, lies func(step) iter.Seq2[string, lie]) {
	t.Helper()
	type job struct {
		patient *patient
		at      int
	}
	var jobs []job
	for i := range patients {
		for at := range patients[i].steps {
			jobs = append(jobs, job{&patients[i], at + 1})
		}
	}
	var (
		next, readings, failures atomic.Int64
		mu                       sync.Mutex
		work                     sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			mine, chips, headlines := outcomes{}, map[*patient]*cardtest.Card{}, verdicts{}
			for n := next.Add(1); int(n) <= len(jobs); n = next.Add(1) {
				p, at := jobs[n-1].patient, jobs[n-1].at
				chip := chips[p]
				if chip == nil {
					chip = p.spec.New()
					chips[p] = chip
				}
				s := p.steps[at-1]
				row := s.String()
				for column, l := range lies(s) {
					if failures.Load() >= 20 {
						return
					}
					l.at = at
					chip.Reset()
					w := &witness{chip: chip, lie: l, rest: -1}
					got, err := card.Read(context.Background(), card.Card{Transmitter: w, ATR: p.spec.ATR}, nil)
					readings.Add(1)
					if wrong := p.judge(s, l, w, headlines, got, err); len(wrong) > 0 {
						failures.Add(1)
						t.Errorf("%s, exchange %d (%s), answer %s with %d bytes, obeyed %v: %s", p.spec.Name, at, s, l.sw, len(l.data), l.obeyed,
							strings.Join(wrong, "; "))
					}
					if p.spec.Kind == card.MyNumberCard || s.what == otherCard {
						mine.add(row+l.beside, column, p.cell(s, l, got))
					}
				}
				if traffic := chip.Traffic(); traffic.VerifyWithData != 0 {
					t.Errorf("%s: %d VERIFY with data", p.spec.Name, traffic.VerifyWithData)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for at, cells := range mine {
				for cell := range cells {
					all.add(at[0], at[1], cell)
				}
			}
		})
	}
	work.Wait()
	t.Logf("%d readings", readings.Load())
}

// answers are the lies of a card that stays: every word; nothing, zeros and the true answer beside it where the command
// reads data; and a SELECT that is refused but done all the same.
func answers(words []card.Status) func(step) iter.Seq2[string, lie] {
	zeros := make([]byte, 256)
	return func(s step) iter.Seq2[string, lie] {
		return func(yield func(string, lie) bool) {
			kinds := []lie{{obeyed: true}}
			if s.reads() {
				size := cmp.Or(len(s.data), 8)
				kinds = []lie{{obeyed: true, beside: ", nothing"}, {obeyed: true, data: zeros[:size:size], beside: ", zeros"}}
				if len(s.data) > 0 {
					kinds = append(kinds, lie{obeyed: true, data: s.data, beside: ", the true answer"})
				}
			}
			for _, l := range kinds {
				for _, sw := range words {
					l.sw, l.obeyed = sw, true
					if !yield(class(sw), l) {
						return
					}
					if l.obeyed = false; s.how == selecting && !done(sw) && !yield(class(sw), l) {
						return
					}
				}
			}
		}
	}
}

// tears are the ways in which a card leaves.
func tears(step) iter.Seq2[string, lie] {
	return func(yield func(string, lie) bool) {
		_ = yield("an error", lie{torn: true, err: cardtest.ErrTorn}) &&
			yield("an error with a code", lie{torn: true, err: &hw.Fault{Code: hw.ReaderOther, Err: cardtest.ErrTorn}}) &&
			yield("no byte", lie{torn: true}) && yield("one byte", lie{torn: true, stub: 1})
	}
}

func each(sw1, sw2 []int) (words []card.Status) {
	for _, a := range sw1 {
		for _, b := range sw2 {
			words = append(words, card.Status(a<<8|b))
		}
	}
	return words
}

// thinned are status words of every class, and enough of the others to meet each branch of a reading.
func thinned() []card.Status {
	return each([]int{0x00, 0x60, 0x61, 0x62, 0x63, 0x67, 0x69, 0x6A, 0x6C, 0x6D, 0x6F, 0x90, 0x91}, []int{0x00, 0x01, 0x0F, 0x82, 0x83, 0x84, 0x86, 0xC0, 0xC3})
}

// TestEveryAnswer lets every exchange of a reading answer something else than the chip would: the reading neither
// believes more than it was told, nor loses what it was not told about. With the build tag faults all status words are
// tried; the table is the same.
func TestEveryAnswer(t *testing.T) {
	all := outcomes{}
	all.sweep(t, patients(t), answers(thinned()))
	all.keep(t)
}

func (all outcomes) keep(t *testing.T) {
	t.Helper()
	golden.Text(t, "faults.md", all.table(`# What one strange answer does to a reading

Written by `+"`go test -run TestEveryAnswer ./card -update`"+`. A cell says what is then known of the part that was asked for, and how far the whole reading goes: only a complete one
carries a verdict, a partial one asks for the card again. *right*: what the chip holds, because it was asked another way or the answer was not needed. *as answered*: the strange
answer is itself a counter, and is believed. Several outcomes stand where it depends on the card or the key.
`, answerClasses))
}

// TestEveryTear takes every named card away at every exchange, in every way in which a reader may tell it.
func TestEveryTear(t *testing.T) {
	var all []patient
	for _, spec := range cardtest.Library() {
		all = append(all, examine(t, spec))
	}
	told := outcomes{}
	told.sweep(t, all, tears)
	golden.Text(t, "tears.md", told.table(`# What is known of a card that leaves

Written by `+"`go test -run TestEveryTear ./card -update`"+`; to be read as faults.md. Whatever was read before is right, the rest unread, and no verdict is given.
`, []string{"an error", "an error with a code", "no byte", "one byte"}))
}
