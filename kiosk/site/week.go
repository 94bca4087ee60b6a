package site

import (
	"fmt"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
)

var closedReasons = map[ClosedReason]string{
	NationwideStop: "全国のシステム停止日",
	YearEnd:        "年末年始",
	PublicHoliday:  "祝日",
	NoHours:        "受付のない曜日",
	LocalClosure:   "この窓口の休業日",
}

// Week writes what visitors would be told from one moment on: for each window whether it is open then, and its next
// seven days. It is for the staff member who checks a profile; the words for visitors are made in kiosk/page.
func Week(p *Profile, c *content.Content, from time.Time) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	from = from.In(card.Tokyo)
	add("%s（%s）  %s現在", p.Name, p.Kiosk, moment(from))
	for _, w := range p.Windows {
		add("")
		add("%s", strings.Join(present(w.Building, w.Floor, w.Name), " "))
		o := w.OpeningAt(from, c.Calendar)
		switch o.State {
		case Open:
			add("  いま: 受付中（あと%d分）", int(o.ClosesIn/time.Minute))
		case ClosedNow:
			add("  いま: 受付時間外")
		case ClosedToday:
			add("  いま: 本日休み（%s）", closedReasons[o.Reason])
		default:
			add("  いま: 案内しません（%sより後の祝日が分からないため）", c.Calendar.Until)
		}
		if o.State != Open && o.State != OpeningUnknown {
			if o.Next.IsZero() {
				add("  次の受付: 分かりません")
			} else {
				add("  次の受付: %s", moment(o.Next))
			}
		}
		for i := range 7 {
			t := time.Date(from.Year(), from.Month(), from.Day()+i, 0, 0, 0, 0, card.Tokyo)
			h, why, known := w.hoursOn(content.DateOf(t), c.Calendar)
			switch {
			case !known:
				add("  %s  不明", day(t))
			case why != NoReason:
				add("  %s  休み（%s）", day(t), closedReasons[why])
			default:
				add("  %s  %s", day(t), h.line())
			}
		}
	}
	if len(p.Nearby) > 0 {
		add("")
		add("近くの店舗（%s-%s）", c.Terminal.Opens, c.Terminal.Closes)
	}
	for _, h := range c.Chains {
		for _, n := range p.Nearby[h.ID] {
			add("  %s %s  徒歩%d分", h.Name, n.Name, n.Minutes)
		}
	}
	if old := OldStores(c, from); old != "" {
		add("")
		add("%s", old)
	}
	return out
}

// OldStores tells staff that the store list is certainly older than a year at the time; empty when it is not, or when the
// time is not known. Visitors read the same on the page.
func OldStores(c *content.Content, at time.Time) string {
	var checked []content.Date
	for _, h := range c.Chains {
		checked = append(checked, h.Checked)
	}
	day := Oldest(checked)
	if !old(day, at) {
		return ""
	}
	return fmt.Sprintf("店舗の一覧は%sに確かめたもので、1年を過ぎています。新しい情報に更新してください。", day)
}

// old tells whether what was checked on a day is older than a year.
func old(checked card.Date, at time.Time) bool { return checked.AddMonths(12).Before(card.DateOf(at)) }

func day(t time.Time) string {
	return fmt.Sprintf("%d月%d日(%s)", t.Month(), t.Day(), weekdayNames[t.Weekday()])
}

func moment(t time.Time) string { return day(t) + " " + Clock(t.Hour()*60+t.Minute()).String() }

func present(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
