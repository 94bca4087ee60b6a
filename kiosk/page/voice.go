package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/text"
)

// voice says messages of the catalogue in one language and writes dates and lists the way that language does.
type voice struct{ text.Language }

// official is the voice of the clerk's note: Japanese whatever the visitor chose.
var official = voice{text.Japanese}

// lines returns the messages key.1, key.2 … as far as the catalogue has them.
func (v voice) lines(key string, pairs ...string) []string {
	var all []string
	for i := 1; text.Has(key + "." + strconv.Itoa(i)); i++ {
		all = append(all, v.Say(key+"."+strconv.Itoa(i), pairs...))
	}
	return all
}

// list joins items as an enumeration.
func (v voice) list(items []string) string {
	comma := v.Say("list.comma")
	if v.latin() {
		comma += " "
	}
	return strings.Join(items, comma)
}

// latin tells whether the language is written with spaces between words and sentences: its comma is narrow.
func (v voice) latin() bool { return text.Width(v.Say("list.comma")) == 1 }

func (v voice) day(d card.Date) string {
	return v.Say("date.day", "year", strconv.Itoa(d.Year), "month", v.month(d.Month), "day", strconv.Itoa(d.Day))
}

// soon writes a near moment: its year goes without saying, its weekday does not.
func (v voice) soon(t time.Time) string {
	t = t.In(card.Tokyo)
	return v.Say("date.soon", "month", v.month(t.Month()), "day", strconv.Itoa(t.Day()),
		"weekday", v.weekday(t.Weekday()), "time", v.clock(t))
}

// full writes a moment with its weekday, for who compares it with another clock.
func (v voice) full(t time.Time) string {
	t = t.In(card.Tokyo)
	return v.Say("date.full", "date", v.day(card.DateOf(t)), "weekday", v.weekday(t.Weekday()), "time", v.clock(t))
}

// moment writes a moment.
func (v voice) moment(t time.Time) string {
	t = t.In(card.Tokyo)
	return v.Say("date.moment", "date", v.day(card.DateOf(t)), "time", v.clock(t))
}

// clock writes 8:30 as a door plate does, where time's own formats would write 08:30.
func (v voice) clock(t time.Time) string {
	t = t.In(card.Tokyo)
	return fmt.Sprintf("%d:%02d", t.Hour(), t.Minute())
}

func (v voice) month(m time.Month) string { return v.Say("month." + strconv.Itoa(int(m))) }

func (v voice) weekday(d time.Weekday) string { return v.Say("weekday." + strconv.Itoa(int(d))) }

// hours turns the weekdays of the profile's Japanese line of hours (月-金 8:30-17:15) into the visitor's.
func (v voice) hours(line string) string {
	if v.weekday(time.Sunday) == official.weekday(time.Sunday) {
		return line
	}
	pairs := []string{official.Say("list.comma"), v.list([]string{"", ""})}
	for d := time.Sunday; d <= time.Saturday; d++ {
		pairs = append(pairs, official.weekday(d), v.weekday(d))
	}
	return strings.NewReplacer(pairs...).Replace(line)
}

func (v voice) titles() Titles {
	return Titles{
		Rows: v.Say("title.rows"), Ways: v.Say("title.ways"), Notes: v.Say("title.notes"), Fields: v.Say("title.fields"), Bring: v.Say("title.bring"),
		Limits: v.Say("title.limits"), Clerk: official.Say("title.clerk"),
	}
}

func (v voice) button(a Action) Button { return Button{Action: a, Label: v.Say("button." + string(a))} }

func (v voice) main(a Action) Button {
	b := v.button(a)
	b.Main = true
	return b
}
