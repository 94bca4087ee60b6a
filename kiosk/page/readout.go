package page

import (
	"slices"
	"strconv"
	"strings"

	"kagimado/card"
	"kagimado/kiosk/text"
)

// Readout is what staff read on the bench: every counter and date as the chip gave it, under its official name, and
// what could not be known and why. It judges nothing by the calendar and speaks of no way out.
func Readout(f card.Facts, lang text.Language) string {
	v := voice{lang}
	var b strings.Builder
	b.WriteString(v.Say("readout.title", "kind", v.Say("readout.kind."+f.Kind.String())) + "\n")
	b.WriteString(v.Say("readout.outcome", "outcome", v.Say("readout.outcome-name."+f.Outcome.String()),
		"exchanges", strconv.Itoa(f.Exchanges)) + "\n")
	if f.Outcome == card.WrongCard {
		return b.String()
	}
	var also []string
	for _, x := range f.AlsoOnCard {
		also = append(also, v.Say("readout.extra."+x.String()))
	}
	if len(also) > 0 {
		b.WriteString(v.Say("readout.also", "list", v.list(also)) + "\n")
	}
	state, means := v.Say("readout.head.state"), v.Say("readout.head.means")
	counters := [][]string{{v.Say("readout.counters"), v.Say("readout.head.application"), state, means}}
	for _, s := range card.Keys() {
		c := f.Counter(s.Key)
		m, said := v.readCounter(c)
		if noSign(f) && c.Key == card.Sign && c.State == card.Blocked {
			m = NoMark
		}
		counters = append(counters, []string{
			cell(m) + s.Official, s.Application.String(), said, v.Say("key." + s.Name + ".means"),
		})
	}
	b.WriteString("\n" + table(counters))
	certificates := [][]string{{v.Say("readout.certificates"), state, means}}
	for _, c := range f.Certificates {
		m, said := v.readCertificate(c)
		means := v.Say("certificate." + c.Key.String() + ".means")
		if c.State == card.CertificateAbsent {
			means = ""
		}
		certificates = append(certificates, []string{cell(m) + certificateName(c.Key), said, means})
	}
	end := []string{cell(Unclear) + official.Say("card.official"), v.Say("readout.state.unread"), v.Say("card.means")}
	if f.CardExpiry.Known() {
		end[0], end[1] = cell(NoMark)+official.Say("card.official"), v.Say("state.until", "date", v.day(f.CardExpiry))
	}
	b.WriteString("\n" + table(append(certificates, end)))
	b.WriteString("\n" + v.Say("readout.notes") + "\n")
	for _, n := range v.readNotes(f) {
		b.WriteString("  - " + n + "\n")
	}
	return b.String()
}

// noSign tells that the signing counter, though at zero, is no lock: there is no signing certificate.
func noSign(f card.Facts) bool {
	return f.Certificate(card.SignCertificate).State == card.CertificateAbsent
}

func (v voice) readCounter(c card.Counter) (Mark, string) {
	switch c.State {
	case card.Blocked:
		return Bad, v.Say("readout.state.blocked")
	case card.Counted:
		if c.Left == 1 {
			return Attention, v.left(c)
		}
		return Fine, v.left(c)
	case card.CounterAbsent:
		return NoMark, v.Say("readout.state.absent")
	case card.Unreported:
		return Unclear, v.Say("readout.state.unreported")
	default:
		return Unclear, v.Say("readout.state.unread")
	}
}

func (v voice) readCertificate(c card.Certificate) (Mark, string) {
	switch c.State {
	case card.CertificateRead:
		return NoMark, v.Say("readout.state.issued", "from", v.day(c.NotBefore), "until", v.day(c.NotAfter))
	case card.NeedsPassword:
		return NoMark, v.Say("readout.state.needs-password")
	case card.CertificateAbsent:
		return NoMark, v.Say("readout.state.absent")
	default:
		return Unclear, v.Say("readout.state.unread")
	}
}

func (v voice) readNotes(f card.Facts) []string {
	var notes []string
	unread := 0
	for _, s := range card.Keys() {
		switch c := f.Counter(s.Key); {
		case c.State == card.CounterUnread:
			unread++
		case c.State == card.Unreported:
			notes = append(notes, v.Say("readout.note.unreported", "name", s.Official))
		case c.State == card.Blocked && c.Key == card.Sign && noSign(f):
			notes = append(notes, v.Say("readout.note.never-sign"))
		}
	}
	if unread > 0 {
		notes = append(notes, v.Say("readout.note.unread", "n", strconv.Itoa(unread)))
	}
	for _, c := range f.Certificates {
		switch c.State {
		case card.NeedsPassword:
			notes = append(notes, v.Say("readout.note.sign-date"))
		case card.CertificateUnread:
			notes = append(notes, v.Say("readout.note.certificate-unread", "name", certificateName(c.Key)))
		}
	}
	if !f.CardExpiry.Known() {
		notes = append(notes, v.Say("readout.note.card-date"))
	}
	return append(notes, v.Say("readout.note.revocation"))
}

func certificateName(k card.CertificateKey) string {
	return official.Say("certificate." + k.String() + ".official")
}

// cell is a mark as the beginning of a table cell; lines without one stay aligned.
func cell(m Mark) string {
	if m == NoMark {
		return "   "
	}
	return string(m.Rune()) + " "
}

// table aligns columns by cells, as a terminal draws them; the last column is left ragged.
func table(rows [][]string) string {
	widths := make([]int, len(slices.MaxFunc(rows, func(a, b []string) int { return len(a) - len(b) })))
	for _, r := range rows {
		for i, s := range r {
			widths[i] = max(widths[i], text.Width(s))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		for i, s := range r {
			b.WriteString(s)
			if i < len(r)-1 && r[i+1] != "" {
				b.WriteString(strings.Repeat(" ", widths[i]-text.Width(s)+2))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
