package page_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// lockedSign is a report with both ways, as Diagnose gives it before any question is answered.
func lockedSign(t *testing.T) page.Verdict {
	t.Helper()
	for _, v := range visits(t) {
		if v.id == "v03" {
			return v.verdict()
		}
	}
	t.Fatal("cases.csv has no v03")
	return page.Verdict{}
}

func TestOpening(t *testing.T) {
	next := time.Date(2026, time.November, 24, 8, 30, 0, 0, card.Tokyo)
	for _, tt := range []struct {
		name         string
		opening      site.Opening
		ja, easy, en string
	}{
		{"open", site.Opening{State: site.Open, ClosesIn: 6 * time.Hour, LastEntry: "16:45"},
			"今、開いています（受付16:45まで）", "いま、あいています（16:45まで）", "Open now (last entry 16:45)"},
		{"open, an hour left to the minute", site.Opening{State: site.Open, ClosesIn: time.Hour, LastEntry: "16:45"},
			"今、開いています（受付16:45まで）", "いま、あいています（16:45まで）", "Open now (last entry 16:45)"},
		{"closing", site.Opening{State: site.Open, ClosesIn: 25 * time.Minute, LastEntry: "16:45"},
			"今、開いています。受付はあと25分（16:45まで）", "いま、あいています。あと 25分です（16:45まで）", "Open now for 25 more min (last entry 16:45)"},
		{"lunch ahead", site.Opening{State: site.Open, ClosesIn: 2 * time.Hour, LastEntry: "16:45", Lunch: "12:00-13:00"},
			"今、開いています（受付16:45まで、12:00-13:00は昼休み）", "いま、あいています（16:45まで。12:00-13:00は ひるやすみ）", "Open now (last entry 16:45, lunch break 12:00-13:00)"},
		{"lunch soon", site.Opening{State: site.Open, ClosesIn: 5 * time.Minute, LastEntry: "16:45", Lunch: "12:00-13:00"},
			"今、開いています。あと5分で昼休み（12:00-13:00）、受付16:45まで",
			"いま、あいています。あと 5分で ひるやすみ（12:00-13:00）です。16:45まで",
			"Open now; lunch break 12:00-13:00 in 5 min (last entry 16:45)"},
		{"after the last entry", site.Opening{State: site.ClosedNow, Next: next},
			"今は時間外です。次は11月24日（火）8:30から", "いまは しまっています。つぎは 11月24日（火曜日） 8:30から", "Closed at this hour. Opens Tue 24 November, 8:30"},
		{"nation-wide stop", site.Opening{State: site.ClosedToday, Reason: site.NationwideStop, Next: next},
			"今日は休みです（全国のシステム点検日）。次は11月24日（火）8:30から",
			"きょうは やすみです（全国（ぜんこく）の 点検（てんけん）の日）。つぎは 11月24日（火曜日） 8:30から",
			"Closed today (nation-wide system maintenance). Opens Tue 24 November, 8:30"},
		{"the office's own closure, no next opening known", site.Opening{State: site.ClosedToday, Reason: site.LocalClosure},
			"今日は休みです（この窓口の休業日）。", "きょうは やすみです（この窓口（まどぐち）の やすみの日）。", "Closed today (this counter is closed)."},
		{"time unknown", site.Opening{Hours: "月-金 8:30-12:00 13:00-16:45、土 9:00-11:30"},
			"受付時間：月-金 8:30-12:00 13:00-16:45、土 9:00-11:30",
			"あいている じかん：月曜日-金曜日 8:30-12:00 13:00-16:45、土曜日 9:00-11:30",
			"Hours: Mon-Fri 8:30-12:00 13:00-16:45, Sat 9:00-11:30"},
		{"nothing known", site.Opening{}, "", "", ""},
	} {
		for l, want := range map[text.Language]string{text.Japanese: tt.ja, text.EasyJapanese: tt.easy, text.English: tt.en} {
			o := site.Office{Primary: &site.Window{Name: "3番", Opening: tt.opening}}
			p := page.Of(lockedSign(t), o, l)
			got := p.Ways[len(p.Ways)-1].Opening
			if p.Ways[0].Opening != "" {
				got = p.Ways[0].Opening
			}
			if got != want {
				t.Errorf("%s, %s: opening = %q; want %q", tt.name, l, got, want)
			}
		}
	}
}

func TestCounterElsewhere(t *testing.T) {
	o := site.Office{
		Name: "みほん駅前 出張所", QueueTicket: "番号札をお取りください。",
		Primary: &site.Window{
			Name: "3番窓口", Building: "みほん市役所", Address: "みほん市中央1-1", Floor: "1階", Phone: "000-000-0103",
			Opening: site.Opening{State: site.Open, ClosesIn: 3 * time.Hour, LastEntry: "16:45"},
		},
	}
	p := page.Of(lockedSign(t), o, text.Japanese)
	want := page.Way{
		Title: "みほん市役所の窓口", Place: []string{"みほん市中央1-1", "3番窓口（1階）", "番号札をお取りください。"},
		Opening: "今、開いています（受付16:45まで）", Price: "無料", Takes: "約15分（代理の方は2回）",
		Steps: []string{"この紙を見せる", "署名用パスワードを決め直す"},
	}
	if diff := cmp.Diff(want, p.Ways[0]); diff != "" {
		t.Errorf("way to another building (-want +got):\n%s", diff)
	}
	if p.Again != "" {
		t.Errorf("Again = %q; want nothing: the counter is in another building", p.Again)
	}
}

func TestStores(t *testing.T) {
	v := lockedSign(t)
	place := func(o site.Office, named ...string) []string {
		o.StoreFirst = true
		v.Report.Primary.Yes.Stores = named
		return page.Of(v, o, text.Japanese).Ways[0].Place
	}
	all := place(site.Office{Stores: []site.Store{
		{ID: "a", Name: "店A", Nationwide: true, Nearby: []site.Nearby{{Name: "北", Minutes: 9}, {Name: "南", Minutes: 4}}},
		{ID: "b", Name: "店B", Nationwide: true, Nearby: []site.Nearby{{Name: "東", Minutes: 6}}},
		{ID: "c", Name: "店C", Nationwide: true},
	}}, "a", "b")
	if diff := cmp.Diff([]string{"店A、店B（全店）", "近く：店A 南 徒歩4分"}, all); diff != "" {
		t.Errorf("Place (-want +got):\n%s", diff)
	}
	old := place(site.Office{
		Stores:     []site.Store{{ID: "a", Name: "店A", Nationwide: true}},
		MoreStores: []site.Store{{ID: "c", Name: "店C"}},
		StoresOld:  true, StoresDate: card.Date{Year: 2025, Month: 9, Day: 8},
	}, "a")
	want := []string{"店A（全店）ほか", "店の一覧は古いかもしれません（2025年9月8日の情報）。行く前に店に確かめてください。"}
	if diff := cmp.Diff(want, old); diff != "" {
		t.Errorf("Place of an old list (-want +got):\n%s", diff)
	}
}

// TestStoreFirst: the office's choice orders two ways that solve the same, never a stop-gap.
func TestStoreFirst(t *testing.T) {
	for _, v := range visits(t) {
		if v.resolved.Report.Primary.Route != diagnosis.RouteCounter || v.resolved.Report.Alternative == nil {
			continue
		}
		o := v.resolved.Office
		o.StoreFirst = true
		want := page.Of(v.verdict(), v.resolved.Office, text.Japanese).Ways[0].Title
		if got := page.Of(v.verdict(), o, text.Japanese).Ways[0].Title; got != want {
			t.Errorf("%s: the way %q overtakes the counter", v.id, got)
		}
	}
	v := lockedSign(t)
	for first, want := range map[bool]string{true: "コンビニで本人が", false: "市区町村の窓口"} {
		if got := page.Of(v, site.Office{StoreFirst: first}, text.Japanese).Ways[0].Title; got != want {
			t.Errorf("first way with StoreFirst=%v is %q; want %q", first, got, want)
		}
	}
}

func TestCountdown(t *testing.T) {
	for _, l := range text.Languages() {
		if got := page.Countdown(15, l); !strings.Contains(got, "15") || text.Width(got) > 38 {
			t.Errorf("Countdown(15, %s) = %q; want the number, in 38 cells at most", l, got)
		}
	}
}
