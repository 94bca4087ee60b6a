package page

import (
	"slices"
	"strconv"
	"strings"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// notes says what must not be overlooked, the most urgent first.
func (t teller) notes() []string {
	var notes []string
	say := func(key string, pairs ...string) { notes = append(notes, t.Say(key, pairs...)) }
	for _, k := range diagnosis.Speaking {
		if t.report.Has(diagnosis.FoundLastTry, k) {
			say("note.last-try", "name", t.keyName(k))
		}
	}
	if slices.ContainsFunc(diagnosis.Speaking, t.forgotten) {
		say("note.try-no-more")
	}
	if t.neverHad() {
		say("note.never-had-sign")
	}
	if f := t.found(diagnosis.FoundGraceUntil); f != nil {
		say("note.grace-until", "date", t.day(f.Date))
	}
	graceOver := t.found(diagnosis.FoundGraceOver) != nil
	if graceOver {
		say("note.grace-over")
	}
	if t.asks(diagnosis.FaceCard) {
		say("note.face-card-ask")
	}
	if t.report.Headline.Code == diagnosis.FaceCardFound {
		if t.faceCardB() {
			say("note.face-card-b")
		}
		say("note.face-card")
	} else if !t.asks(diagnosis.FaceCard) && t.found(diagnosis.FoundCertificateExpired) == nil && t.found(diagnosis.FoundCardExpired) == nil &&
		t.facts.Certificate(card.AuthCertificate).State == card.CertificateRead {
		auth, b := t.spoken(card.Auth).State, t.spoken(card.SurfaceB).State
		switch {
		case b == card.Blocked && auth == card.Counted:
			say("note.hospital-pin")
		case auth == card.Blocked && b == card.Counted:
			say("note.hospital-face")
		}
	}
	if t.timeless() && !graceOver && t.report.Headline.Code != diagnosis.CardExpired &&
		t.facts.Certificate(card.AuthCertificate).NotAfter.Known() {
		say("note.compare-today", "date", t.day(t.facts.Certificate(card.AuthCertificate).NotAfter))
	}
	if t.found(diagnosis.FoundCardDateStale) != nil {
		say("note.printed-date")
	}
	if t.asks(diagnosis.LimitedStay) {
		say("note.limited-stay-ask")
	}
	if t.does(diagnosis.RenewCertificates) {
		say("note.after-renewal")
	}
	if t.agentRenewal() {
		say("note.agent-renewal")
	}
	if t.rareLocked() && t.counterPath() == nil { // a visit that is made anyway unlocks them too
		say("note.rare")
	}
	if t.report.Headline.Code == diagnosis.AllClear {
		say("note.forgotten-ask")
	}
	return notes
}

// faceCardB tells that the reference which face readers use is locked on a card without numbers: there it is the one
// lock that is not as it should be.
func (t teller) faceCardB() bool {
	return t.report.Headline.Code == diagnosis.FaceCardFound && t.spoken(card.SurfaceB).State == card.Blocked
}

// rareLocked tells whether a key that visitors hardly ever type is blocked.
func (t teller) rareLocked() bool {
	for _, k := range []card.Key{card.InputSupportA, card.SurfaceA, card.SurfaceBirth} {
		if t.facts.Counter(k).State == card.Blocked {
			return true
		}
	}
	return false
}

// bring lists what to take along to a counter, nothing when no counter is told. The office's own list wins over the
// usual one.
func (t teller) bring() []string {
	p := t.counterPath()
	switch {
	case p == nil:
		return nil
	case len(t.office.Bring) > 0:
		return t.office.Bring
	}
	stay := p.Does(diagnosis.Action{Verb: diagnosis.ExtendCard}) || t.stayOver()
	apply := p.Does(diagnosis.Action{Verb: diagnosis.ApplyCard}) && !stay
	var bring []string
	switch {
	case p.Who == diagnosis.LegalRepresentative:
		bring = t.lines("bring.legal-representative")
	case apply:
		bring = []string{t.Say("bring.old-card"), t.Say("bring.second-id")}
	default:
		bring = []string{t.Say("bring.card"), t.Say("bring.second-id")}
	}
	if stay {
		bring = append(bring, t.Say("bring.residence-card"))
	}
	if p.Does(diagnosis.Action{Verb: diagnosis.ApplyCard}) {
		bring = append(bring, t.Say("bring.photo"))
	}
	if apply || t.agentRenewal() {
		bring = append(bring, t.Say("bring.notice"))
	}
	return bring
}

// limits says in two lines what the chip cannot tell.
func (t teller) limits() []string {
	var hidden, dates []string
	for _, l := range t.report.Limits {
		switch l {
		case diagnosis.LimitCardDate, diagnosis.LimitFaceCard:
			dates = append(dates, t.Say("limit."+string(l)))
		default:
			hidden = append(hidden, t.Say("limit."+string(l)))
		}
	}
	var lines []string
	if len(hidden) > 0 {
		lines = append(lines, t.Say("limit.hidden", "list", t.list(hidden)))
	}
	if len(dates) > 0 {
		lines = append(lines, t.sentences(dates))
	}
	return lines
}

// clerk is the note for the window, in Japanese: what is asked for, then what the chip answered, a line for each state.
func (t teller) clerk() []string {
	var lines []string
	switch asked := official.list(t.asked()); {
	case asked == "":
	case t.optional():
		lines = append(lines, official.Say("clerk.asked-if", "list", asked))
	default:
		lines = append(lines, official.Say("clerk.asked", "list", asked))
	}
	var forgotten []string
	for _, k := range diagnosis.Speaking {
		if t.forgotten(k) {
			forgotten = append(forgotten, k.Spec().Official)
		}
	}
	if len(forgotten) > 0 {
		lines = append(lines, official.Say("clerk.forgotten", "list", official.list(forgotten)))
	}
	var states []string
	keys := map[string][]string{} // by state, those of each application together
	for i, l := range t.report.Clerk {
		state := t.clerkState(l)
		same := func(m diagnosis.ClerkLine) bool { return m.Application == l.Application && t.clerkState(m) == state }
		if slices.IndexFunc(t.report.Clerk, same) < i {
			continue // told with the first of its application and state
		}
		var names []string
		for _, m := range t.report.Clerk[i:] {
			if same(m) {
				names = append(names, m.Key.Spec().Official)
			}
		}
		if keys[state] == nil {
			states = append(states, state)
		}
		keys[state] = append(keys[state], official.Say("clerk.key", "application", l.Application, "names", official.list(names)))
	}
	for _, state := range states {
		all := strings.Join(keys[state], official.Say("clerk.between"))
		lines = append(lines, official.Say("clerk.line", "keys", all, "state", state))
	}
	switch {
	case t.asks(diagnosis.FaceCard):
		lines = append(lines, official.Say("clerk.face-card-ask"))
	case t.report.Headline.Code == diagnosis.FaceCardFound:
		lines = append(lines, official.Say("clerk.face-card"))
	}
	return lines
}

// asked names the procedures the visitor needs, in the clerk's words.
func (t teller) asked() []string {
	p := t.counterPath()
	if p == nil {
		return nil
	}
	var asked []string
	for _, a := range p.Actions {
		if a.Verb != diagnosis.Reset {
			asked = append(asked, official.Say("clerk.do."+string(a.Verb)))
		}
	}
	pins, printed := resets(p)
	if len(pins) > 0 {
		asked = append(asked, official.Say("clerk.do.reset"))
	}
	if len(printed) > 0 {
		asked = append(asked, official.Say("clerk.do.unlock"))
	}
	return asked
}

// clerkState is what the chip answered, in the clerk's words.
func (t teller) clerkState(l diagnosis.ClerkLine) string {
	switch {
	case l.State == card.Blocked && l.Key == card.Sign && t.neverHad():
		return official.Say("clerk.state.never")
	case l.State == card.Blocked && l.Key == card.Sign && t.unsure():
		return official.Say("clerk.state.unsure")
	case l.State == card.Blocked:
		return official.Say("clerk.state.blocked")
	case l.State == card.Counted && l.Left != nil:
		return official.Say("clerk.state.counted", "left", strconv.Itoa(*l.Left))
	case l.State == card.CounterAbsent:
		return official.Say("clerk.state.absent")
	default:
		return official.Say("clerk.state.unread")
	}
}

// codeOrder is the order of the clerk's line of codes (design.md §8). Rare keys join it only when they are blocked.
var codeOrder = []card.Key{card.Sign, card.Auth, card.InputSupport, card.Juki, card.Common, card.SurfaceB, card.InputSupportB,
	card.SurfaceA, card.InputSupportA, card.SurfaceBirth, card.Licence}

// codes packs every counter that matters and the certificate's end into one line for the clerk.
func (t teller) codes() string {
	var codes []string
	for i, k := range codeOrder {
		c := t.facts.Counter(k)
		if i >= 7 && c.State != card.Blocked {
			continue
		}
		code := k.Spec().Code
		if k == card.InputSupportB {
			code = strings.TrimPrefix(code, common(card.SurfaceB.Spec().Code, code))
		}
		codes = append(codes, code+codeState(c))
	}
	switch c := t.facts.Certificate(card.AuthCertificate); c.State {
	case card.CertificateRead:
		codes = append(codes, official.Say("clerk.code.certificate", "date", c.NotAfter.String()))
	case card.CertificateAbsent:
		codes = append(codes, official.Say("clerk.code.certificate", "date", official.Say("clerk.code.absent")))
	default:
		codes = append(codes, official.Say("clerk.code.certificate", "date", official.Say("clerk.code.unread")))
	}
	return strings.Join(codes, " ")
}

func codeState(c card.Counter) string {
	switch c.State {
	case card.Counted, card.Blocked:
		return strconv.Itoa(c.Left)
	case card.CounterAbsent:
		return official.Say("clerk.code.absent")
	default:
		return official.Say("clerk.code.unread")
	}
}

// common returns the characters with which both begin: 照B券10 is followed by 補10, as clerks write it.
func common(a, b string) string {
	n := 0
	for i, r := range b {
		if !strings.HasPrefix(a, b[:i+len(string(r))]) {
			break
		}
		n = i + len(string(r))
	}
	return b[:n]
}

// foot tells when and where the card was read and how old the information is.
func (t teller) foot() []string {
	read := t.Say("foot.time-unknown")
	if !t.timeless() {
		read = t.Say("foot.read", "time", t.moment(t.office.ReadAt))
	}
	foot := []string{read}
	if place := strings.TrimSpace(t.office.Name + " " + t.office.Kiosk); place != "" {
		foot = append(foot, place)
	}
	if t.office.InfoDate.Known() {
		foot = append(foot, t.Say("foot.info", "date", t.day(t.office.InfoDate)))
	}
	return foot
}
