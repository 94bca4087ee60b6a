package page

import (
	"slices"
	"strconv"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
)

// staffAfter is the number of incomplete readings in a row after which staff are called as well (rules §8.2).
const staffAfter = 3

// teller tells one reading to one visitor.
type teller struct {
	voice
	report diagnosis.Report
	facts  card.Facts
	office site.Office
}

func (t teller) verdict(tries int) Page {
	p := Page{}
	switch t.report.Headline.Code {
	case diagnosis.WrongCard:
		p.Mark = Unclear
		p.Headline = t.Say("headline.wrong-card." + t.report.Kind.String())
		p.Lead = t.lines("lead.wrong-card." + t.report.Kind.String())
		p.Buttons = []Button{t.main(ActFinish), t.button(ActGuides), t.button(ActResume)}
		return p
	case diagnosis.ReadAgain:
		p.Mark, p.Headline = Unclear, t.Say("headline.read-again")
		if t.facts.Outcome == card.Removed {
			p.Lead = t.lines("lead.read-again.removed")
		} else {
			p.Lead = t.lines("lead.read-again.partial")
		}
		p.Ways = []Way{t.layingWay()}
		if tries >= staffAfter {
			p.Headline = t.Say("headline.read-again-staff")
			p.Notes = append(p.Notes, t.Say("note.read-again-staff"))
		}
		p.Buttons = []Button{t.main(ActFinish), t.button(ActGuides), t.button(ActResume)}
		return p
	}
	p.Mark, p.Headline, p.Lead = t.headline()
	p.AllRows = t.allRows()
	p.Rows, p.Rest = t.rows()
	p.Ways = t.ways()
	if t.report.Headline.Code == diagnosis.AllClear {
		p.Question = t.Say("next.question")
		p.Why = t.Say("next.why")
	}
	p.Notes = t.notes()
	p.Bring = t.bring()
	p.Calendar, p.Dated = t.calendar()
	p.Limits = t.limits()
	p.Clerk = t.clerk()
	p.Codes = t.codes()
	if t.mendedHere() {
		p.Again = t.Say("again")
	}
	p.Foot = t.foot()
	if t.office.Official != "" {
		p.Link, p.LinkText = t.office.Official, t.Say("link")
	}
	p.Buttons = []Button{t.button(ActPrint)}
	switch {
	case len(t.report.Questions) > 0:
		p.Buttons = append(p.Buttons, t.button(ActAsk))
	case t.report.Headline.Code == diagnosis.AllClear:
		// Nothing is wrong with the card: then the trouble lies in what it was to be used for.
		p.Buttons = []Button{{Action: ActGuide + guidePurpose, Label: t.Say("button.purpose")}, p.Buttons[0]}
	}
	p.Buttons = append(p.Buttons, t.button(ActResume), t.button(ActDetails), t.button(ActGuides), t.button(ActExtend), t.button(ActFinish))
	// Of the buttons the first is the one most visitors want, but while it is open whose card this is, the answer
	// matters more than paper.
	if t.unsure() {
		p.Buttons[0], p.Buttons[1] = p.Buttons[1], p.Buttons[0]
	}
	p.Buttons[0].Main = true
	return p
}

func (t teller) details() Page {
	p := Page{
		Mark: NoMark, Headline: t.Say("scene.details.headline"), AllRows: t.allRows(), Limits: t.limits(),
		Foot: t.foot(), Buttons: []Button{t.main(ActBack), t.button(ActPrint), t.button(ActFinish)},
	}
	if t.faceCardB() {
		p.Notes = append(p.Notes, t.Say("note.face-card-b"))
	}
	switch {
	case t.agentTwice():
		p.Notes = append(p.Notes, t.Say("note.agent"))
	case t.agentRenewal():
		p.Notes = append(p.Notes, t.Say("note.agent-renewal"))
	}
	return p
}

// headline says the verdict, and what it means in at most two sentences.
func (t teller) headline() (Mark, string, []string) {
	h, code := t.report.Headline, string(t.report.Headline.Code)
	end, cardEnd := t.day(t.facts.Certificate(card.AuthCertificate).NotAfter), t.day(t.facts.CardExpiry)
	switch h.Code {
	case diagnosis.Locked:
		if t.unsure() {
			return Unclear, t.Say("headline.unsure"), t.lines("lead.unsure")
		}
		return Bad, t.Say("headline.locked", "name", t.Say("key."+h.Key.String()+".short")),
			t.lines("lead.locked")
	case diagnosis.LockedSeveral:
		n := 0
		for _, f := range t.report.Findings {
			if f.Code == diagnosis.FoundLocked {
				n++
			}
		}
		return Bad, t.Say("headline.locked-several", "n", strconv.Itoa(n)), t.lines("lead.locked-several")
	case diagnosis.Forgotten:
		return Attention, t.Say("headline.forgotten", "name", t.Say("key."+h.Key.String()+".short")),
			t.lines("lead.forgotten")
	case diagnosis.CardExpired:
		return Bad, t.Say("headline." + code), t.lines("lead."+code, "date", cardEnd)
	case diagnosis.CertificatesAbsent:
		return Bad, t.Say("headline." + code), t.lines("lead." + code)
	case diagnosis.FaceCardFound:
		if t.found(diagnosis.FoundCertificateExpired) != nil {
			return Attention, t.Say("headline." + code), t.lines("lead.face-card-expired", "date", end)
		}
		if t.faceCardB() {
			return Attention, t.Say("headline." + code), t.lines("lead." + code)
		}
		return Fine, t.Say("headline." + code), t.lines("lead." + code)
	case diagnosis.CertificateExpired:
		if t.does(diagnosis.ApplyCard) {
			return Bad, t.Say("headline." + code), t.lines("lead.certificate-expired-card", "date", end, "card", cardEnd)
		}
		return Bad, t.Say("headline." + code), t.lines("lead."+code, "date", end)
	case diagnosis.CardExpiresSoon:
		if t.does(diagnosis.ExtendCard) {
			return Attention, t.Say("headline." + code), t.lines("lead.card-expires-soon-stay", "date", cardEnd)
		}
		return Attention, t.Say("headline." + code), t.lines("lead."+code, "date", cardEnd)
	case diagnosis.CertificateExpiresSoon:
		return Attention, t.Say("headline." + code), t.lines("lead."+code, "date", end)
	case diagnosis.DateUnknown:
		switch {
		case t.does(diagnosis.RenewCertificates):
			return Attention, t.Say("headline.date-unknown-renew"), t.lines("lead.date-unknown-renew")
		case t.does(diagnosis.ApplyCard), t.does(diagnosis.ExtendCard):
			return Attention, t.Say("headline.date-unknown-card"), t.lines("lead.date-unknown-card")
		}
		return Unclear, t.Say("headline." + code), t.lines("lead." + code)
	default:
		switch {
		case t.rareLocked() || t.facts.Counter(card.Licence).State == card.Blocked:
			return Fine, t.Say("headline.all-clear-rare"), t.lines("lead.all-clear-rare")
		case t.found(diagnosis.FoundLastTry) != nil:
			return Attention, t.Say("headline." + code), t.lines("lead.all-clear-last-try")
		}
		return Fine, t.Say("headline." + code), t.lines("lead." + code)
	}
}

// unsure tells whether it is still open that a signing password exists at all: then the word "locked" is not said
// (rules §8.1).
func (t teller) unsure() bool {
	r := t.report
	return r.Headline == diagnosis.Headline{Code: diagnosis.Locked, Key: card.Sign} && t.asks(diagnosis.Under15)
}

func (t teller) asks(q diagnosis.Question) bool { return slices.Contains(t.report.Questions, q) }

func (t teller) found(code diagnosis.FindingCode) *diagnosis.Finding {
	for i, f := range t.report.Findings {
		if f.Code == code {
			return &t.report.Findings[i]
		}
	}
	return nil
}

func (t teller) does(v diagnosis.Verb) bool { return t.report.Primary.Does(diagnosis.Action{Verb: v}) }

// timeless tells that nobody knows today's date: site leaves the time of reading out then.
func (t teller) timeless() bool { return t.office.ReadAt.IsZero() }

// spoken returns what is said of k.
func (t teller) spoken(k card.Key) card.Counter { return diagnosis.Spoken(t.facts, k) }

// forgotten tells whether k is set anew on this visit although it is not locked.
func (t teller) forgotten(k card.Key) bool {
	reset := diagnosis.Action{Verb: diagnosis.Reset, Key: k}
	p := &t.report.Primary
	return slices.Contains(diagnosis.Speaking, k) && k != card.SurfaceB && (p.Does(reset) || p.Yes.Does(reset) || p.No.Does(reset)) &&
		t.spoken(k).State != card.Blocked
}

// neverHad tells that the signing counter only looks locked: there is no signing password on this card. On a card
// without numbers, without certificates or past its date that is beside the point.
func (t teller) neverHad() bool {
	switch t.report.Headline.Code {
	case diagnosis.FaceCardFound, diagnosis.CertificatesAbsent, diagnosis.CardExpired:
		return false
	}
	return t.facts.Counter(card.Sign).State == card.Blocked && !t.report.Has(diagnosis.FoundLocked, card.Sign)
}

// keyName is the visitor's word for k with its form, such as the number of digits.
func (v voice) keyName(k card.Key) string { return v.Say("key." + k.String() + ".name") }

func (v voice) shortNames(keys []card.Key) string {
	var names []string
	for _, k := range keys {
		names = append(names, v.Say("key."+k.String()+".short"))
	}
	return v.list(names)
}

// otherJPKI returns the key that opens the store route for k.
func otherJPKI(k card.Key) (card.Key, bool) {
	switch k {
	case card.Auth:
		return card.Sign, true
	case card.Sign:
		return card.Auth, true
	}
	return card.KeyUnknown, false
}
