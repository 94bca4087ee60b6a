package page

import (
	"fmt"
	"strings"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// calendar makes an entry for the visitor's calendar, and its caption: the days on which card or certificate can be
// renewed. It is made where such a day is what the visitor takes home, not where something else must be done first.
func (t teller) calendar() (entry, caption string) {
	what, end := "calendar.certificate", t.facts.Certificate(card.AuthCertificate).NotAfter
	whole := t.facts.CardExpiry.Known() && t.found(diagnosis.FoundCardDateStale) == nil
	switch t.report.Headline.Code {
	case diagnosis.CertificateExpiresSoon:
	case diagnosis.CardExpiresSoon:
		if !t.does(diagnosis.ApplyCard) { // a period of stay is extended when it is, not in this window
			return "", ""
		}
		what, end = "calendar.card", t.facts.CardExpiry
	case diagnosis.AllClear:
		if whole && !end.Before(t.facts.CardExpiry) { // its certificate ends with it
			what, end = "calendar.card", t.facts.CardExpiry
		}
	default:
		return "", ""
	}
	if !end.Known() {
		return "", ""
	}
	from := diagnosis.RenewalStart(end)
	caption = t.Say("calendar.caption", "what", t.Say(what), "from", t.day(from))
	return event(t.Say(what), from, end), caption
}

// event is a VEVENT of RFC 5545, section 3.6.1, of whole days wherever the phone is: DTEND is the day after the last. It
// is not wrapped in a VCALENDAR with identity and stamp, because every module counts and cameras do without. No summary
// holds a character that TEXT escapes.
func event(summary string, from, until card.Date) string {
	day := func(d card.Date) string { return fmt.Sprintf("%04d%02d%02d", d.Year, d.Month, d.Day) }
	return strings.Join([]string{
		"BEGIN:VEVENT",
		"SUMMARY:" + summary,
		"DTSTART;VALUE=DATE:" + day(from),
		"DTEND;VALUE=DATE:" + day(until.AddDays(1)),
		"END:VEVENT",
	}, "\r\n") + "\r\n"
}
