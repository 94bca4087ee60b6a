package page

import (
	"cmp"
	"slices"
	"strconv"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// severity orders rows: what stops the visitor first.
func severity(m Mark) int { return slices.Index([]Mark{Bad, Attention, Unclear, NoMark, Fine}, m) }

// rows returns the lines of what is not fine, worst first, and the sentence about the other numbers.
func (t teller) rows() (rows []Row, rest string) {
	fine, open := 0, 0
	for _, k := range diagnosis.Speaking {
		r := t.keyRow(t.spoken(k))
		if r.Mark == Fine {
			fine++
		}
		if t.spoken(k).State == card.Counted {
			open++
		}
		rows = append(rows, r)
	}
	// What the headline is about comes first among equals.
	switch t.report.Headline.Code {
	case diagnosis.Locked, diagnosis.LockedSeveral, diagnosis.Forgotten:
		rows = append(rows, t.authRow(), t.cardRow())
	case diagnosis.CardExpired, diagnosis.CardExpiresSoon:
		rows = append([]Row{t.cardRow()}, rows...)
		if t.facts.Certificate(card.AuthCertificate).NotAfter != t.facts.CardExpiry { // else it ends with its card
			rows = slices.Insert(rows, 1, t.authRow())
		}
	default:
		rows = append([]Row{t.authRow(), t.cardRow()}, rows...)
	}
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Mark == Fine || r.Mark == NoMark })
	worstFirst(rows)
	for i := range rows {
		rows[i].Told = t.told(rows[i])
	}
	switch {
	case t.unsure() || fine == 0 || t.report.Headline.Code == diagnosis.FaceCardFound:
		return rows, ""
	case open == len(diagnosis.Speaking), len(rows) == 0: // "the others" would say that one is locked
		return rows, t.Say("rest.all", "n", strconv.Itoa(open))
	default:
		return rows, t.Say("rest.others", "n", strconv.Itoa(fine))
	}
}

// told tells whether headline and lead say all of r that matters on paper: what is locked or forgotten, or the one date
// that is near or past.
func (t teller) told(r Row) bool {
	switch h := t.report.Headline; h.Code {
	case diagnosis.Locked, diagnosis.LockedSeveral:
		return r.Mark == Bad || t.unsure() && r.Mark == Unclear
	case diagnosis.Forgotten:
		return r.Official == h.Key.Spec().Official && !t.report.Has(diagnosis.FoundLastTry, h.Key)
	case diagnosis.CertificateExpired, diagnosis.CertificateExpiresSoon:
		return r.Official == t.authRow().Official
	case diagnosis.CardExpired, diagnosis.CardExpiresSoon:
		return r.Official == t.cardRow().Official
	}
	return false
}

// typed are the keys that a face card does without (rules §4).
var typed = []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.Common}

// allRows returns every counter and date of the reading, worst first.
func (t teller) allRows() []Row {
	var rows []Row
	for _, s := range card.Keys() {
		c := t.facts.Counter(s.Key)
		if c.State == card.CounterAbsent && !slices.Contains(diagnosis.Speaking, s.Key) {
			continue
		}
		rows = append(rows, t.keyRow(c))
	}
	rows = append(rows, t.authRow(), t.signRow(), t.cardRow())
	worstFirst(rows)
	return rows
}

func worstFirst(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(severity(a.Mark), severity(b.Mark)) })
}

func (t teller) keyRow(c card.Counter) Row {
	name := c.Key.String()
	r := Row{
		Name: t.keyName(c.Key), Official: c.Key.Spec().Official, Means: t.Say("key." + name + ".means"),
	}
	rare := !slices.Contains(diagnosis.Speaking, c.Key) && c.Key != card.Common && c.Key != card.InputSupportB
	switch {
	case c.State == card.Blocked && c.Key == card.Sign && (t.neverHad() || t.facts.Certificate(card.SignCertificate).State == card.CertificateAbsent):
		r.State = t.Say("state.never")
	case c.State == card.Blocked && t.report.Headline.Code == diagnosis.FaceCardFound && !slices.Contains(typed, c.Key):
		r.Mark, r.State = Attention, t.Say("state.locked") // a card without numbers keeps its printed ones
	case c.State == card.Blocked && t.report.Headline.Code == diagnosis.FaceCardFound:
		r.State = t.Say("state.face-card")
	case c.State == card.Blocked && c.Key == card.Sign && t.unsure():
		r.Mark, r.State = Unclear, t.Say("state.unsure")
	case c.State == card.Blocked && rare:
		r.Mark, r.State = Attention, t.Say("state.locked")
	case c.State == card.Blocked:
		r.Mark, r.State = Bad, t.Say("state.locked")
	case c.State == card.Counted && t.report.Has(diagnosis.FoundLastTry, c.Key):
		r.Mark, r.State = Attention, t.Say("state.last-try")
	case c.State == card.Counted && t.forgotten(c.Key):
		r.Mark, r.State = Attention, t.Say("state.forgotten", "left", t.left(c))
	case c.State == card.Counted:
		r.Mark, r.State = Fine, t.Say("state.left", "left", t.left(c))
	case c.State == card.CounterAbsent:
		r.State = t.Say("state.absent")
	default:
		r.Mark, r.State = Unclear, t.Say("state.unread")
	}
	return r
}

// left says the tries left, and of how many only where the key table is certain of it.
func (v voice) left(c card.Counter) string {
	if n := c.Key.Spec().Tries; n >= c.Left && n > 0 {
		return v.Say("state.tries-of", "left", strconv.Itoa(c.Left), "tries", strconv.Itoa(n))
	}
	return v.Say("state.tries", "left", strconv.Itoa(c.Left))
}

func (t teller) authRow() Row {
	c := t.facts.Certificate(card.AuthCertificate)
	r := t.certificateRow(card.AuthCertificate)
	switch c.State {
	case card.CertificateRead:
		r.Mark, r.State = t.date(c.NotAfter, diagnosis.FoundCertificateExpired, diagnosis.FoundCertificateExpiresSoon)
	case card.CertificateAbsent:
		r.Mark, r.State = Bad, t.Say("state.absent")
	default:
		r.Mark, r.State = Unclear, t.Say("state.unread")
	}
	return r
}

// signRow tells why the end of the signing certificate stays unknown, and what follows from the other certificate:
// the signing certificate never ends later than it (rules §1).
func (t teller) signRow() Row {
	c := t.facts.Certificate(card.SignCertificate)
	r := t.certificateRow(card.SignCertificate)
	switch {
	case c.State == card.CertificateAbsent:
		r.State, r.Means = t.Say("state.absent"), ""
	case t.found(diagnosis.FoundCertificateExpired) != nil:
		r.Mark, r.State = Bad, t.Say("state.sign-expired")
	case c.State == card.NeedsPassword:
		r.State = t.Say("state.needs-password")
	default:
		r.State = t.Say("state.unread")
	}
	return r
}

func (v voice) certificateRow(k card.CertificateKey) Row {
	return Row{
		Name:     v.Say("certificate." + k.String() + ".name"),
		Official: official.Say("certificate." + k.String() + ".official"),
		Means:    v.Say("certificate." + k.String() + ".means"),
	}
}

func (t teller) cardRow() Row {
	r := Row{Name: t.Say("card.name"), Official: official.Say("card.official"), Means: t.Say("card.means")}
	switch {
	case !t.facts.CardExpiry.Known():
		r.State = t.Say("state.card-unread")
	case t.found(diagnosis.FoundCardDateStale) != nil:
		r.State = t.Say("state.card-stale")
	default:
		r.Mark, r.State = t.date(t.facts.CardExpiry, diagnosis.FoundCardExpired, diagnosis.FoundCardExpiresSoon)
	}
	return r
}

// date says a last day and what the findings make of it.
func (t teller) date(d card.Date, expired, soon diagnosis.FindingCode) (Mark, string) {
	day := t.day(d)
	if t.found(expired) != nil {
		return Bad, t.Say("state.expired", "date", day)
	}
	if f := t.found(soon); f != nil {
		if f.Days == nil || t.timeless() {
			return Attention, t.Say("state.until", "date", day)
		}
		if *f.Days == 0 {
			return Attention, t.Say("state.until-today", "date", day)
		}
		return Attention, t.Say("state.until-days", "date", day, "days", strconv.Itoa(*f.Days))
	}
	if t.timeless() {
		return Unclear, t.Say("state.until", "date", day)
	}
	return Fine, t.Say("state.until", "date", day)
}
