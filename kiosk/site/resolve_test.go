package site

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

func reset(keys ...card.Key) []diagnosis.Action {
	var out []diagnosis.Action
	for _, k := range keys {
		out = append(out, diagnosis.Action{Verb: diagnosis.Reset, Key: k})
	}
	return out
}

func counter(actions ...diagnosis.Action) diagnosis.Path {
	return diagnosis.Path{Route: diagnosis.RouteCounter, At: diagnosis.AtOffice, Who: diagnosis.Owner, Actions: actions}
}

func own(actions ...diagnosis.Action) diagnosis.Path {
	return diagnosis.Path{Route: diagnosis.RouteCounter, At: diagnosis.AtOwnMunicipality, Who: diagnosis.Owner, Actions: actions}
}

func store(actions ...diagnosis.Action) diagnosis.Path {
	return diagnosis.Path{Route: diagnosis.RouteStore, At: diagnosis.AtAnyStore, Who: diagnosis.Owner, Actions: actions}
}

// locked is the report of design.md §6: one key locked, nothing answered.
func locked(k card.Key) diagnosis.Report {
	yes, no, alternative := store(reset(k)...), counter(reset(k)...), counter(reset(k)...)
	return diagnosis.Report{
		Headline:  diagnosis.Headline{Code: diagnosis.Locked, Key: k},
		Questions: []diagnosis.Question{diagnosis.NFCPhone, diagnosis.OtherPINKnown, diagnosis.UnchangedSinceIssue},
		Primary: diagnosis.Path{Route: diagnosis.RouteAsk, Who: diagnosis.Owner, Actions: reset(k),
			Yes: &yes, No: &no},
		Alternative: &alternative,
	}
}

func trusted(t *testing.T, s string) diagnosis.Now {
	t.Helper()
	return diagnosis.Now{Earliest: at(t, s), Latest: at(t, s)}
}

// The example of design.md §6, without a profile.
func TestResolveWithoutProfile(t *testing.T) {
	got := Resolve(locked(card.Sign), trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, nil, content.Embedded())
	b, err := json.Marshal(got.Report)
	if err != nil {
		t.Fatal(err)
	}
	want := `"primary":{"route":"ask","at":"","who":"owner","actions":["reset:sign"],"stores":[],"place":null,` +
		`"yes":{"route":"store","at":"any-store","who":"owner","actions":["reset:sign"],"stores":["seven-eleven","lawson","family-mart","ministop"],"place":null,"yes":null,"no":null},` +
		`"no":{"route":"counter","at":"office","who":"owner","actions":["reset:sign"],"stores":[],"place":null,"yes":null,"no":null}},` +
		`"alternative":{"route":"counter","at":"office","who":"owner","actions":["reset:sign"],"stores":[],"place":null,"yes":null,"no":null}`
	if !strings.Contains(string(b), want) {
		t.Errorf("report = %s\nwant in it %s", b, want)
	}
	o := got.Office
	if o.Primary != nil || o.StoreFirst || o.StoresOld || o.StoreHours != "6:30-23:00" || o.Name != "" ||
		o.Official != "https://www.jpki.go.jp/jpkiidreset/howto/kiosk.html" || o.StoresDate != (card.Date{Year: 2026, Month: 9, Day: 8}) ||
		o.InfoDate != o.StoresDate || !o.ReadAt.Equal(at(t, "2026-11-24T10:15")) {
		t.Errorf("office = %+v", o)
	}
}

func chains(stores []Store) []string {
	var out []string
	for _, s := range stores {
		out = append(out, s.ID)
	}
	return out
}

func TestResolveStores(t *testing.T) {
	nationwide := []string{"seven-eleven", "lawson", "family-mart", "ministop"}
	for _, test := range []struct {
		name        string
		profile     string
		actions     []diagnosis.Action
		named, more []string
	}{
		{"sign, no profile", "", reset(card.Sign), nationwide, []string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji", "daiei"}},
		{"auth, no profile", "", reset(card.Auth), []string{"seven-eleven"}, []string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji"}},
		{"both keys at once", "", reset(card.Auth, card.Sign), []string{"seven-eleven"}, []string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji"}},
		{"auth, city hall", "city-hall", reset(card.Auth), []string{"seven-eleven"}, []string{"aeon-retail", "aeon-hokkaido", "aeon-tohoku", "fuji"}},
		{"auth, a regional shop nearby", "branch", reset(card.Auth), []string{"seven-eleven", "aeon-retail"}, []string{"aeon-hokkaido", "aeon-tohoku", "fuji"}},
		{"a key no terminal resets", "", reset(card.Juki), nil, nil},
		{"more than resets", "", append(reset(card.Sign), diagnosis.Action{Verb: diagnosis.RenewCertificates}), nil, nil},
		{"no action", "", nil, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p *Profile
			if test.profile != "" {
				p = builtin(t, test.profile)
			}
			got := Resolve(diagnosis.Report{Primary: store(test.actions...)}, trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, p, content.Embedded())
			if d := cmp.Diff(test.named, chains(got.Office.Stores)); d != "" {
				t.Errorf("named (-want +got):\n%s", d)
			}
			if d := cmp.Diff(test.more, chains(got.Office.MoreStores)); d != "" {
				t.Errorf("further (-want +got):\n%s", d)
			}
			if !slices.Equal(test.named, got.Report.Primary.Stores) || got.Report.Primary.Stores == nil {
				t.Errorf("path names %v; want %v, never null", got.Report.Primary.Stores, test.named)
			}
		})
	}
	o := Resolve(locked(card.Sign), trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, builtin(t, "city-hall"), content.Embedded()).Office
	want := Store{ID: "lawson", Name: "ローソン", Latin: "Lawson", Reach: "全国", Nationwide: true, Nearby: []Nearby{{"みほん中央通り店", 5}}}
	if d := cmp.Diff(want, o.Stores[1]); d != "" {
		t.Errorf("Lawson (-want +got):\n%s", d)
	}
}

func TestResolvePlace(t *testing.T) {
	yes, no := true, false
	minutes := func(n int) *int { return &n }
	renew := diagnosis.Action{Verb: diagnosis.RenewCertificates}
	apply := diagnosis.Action{Verb: diagnosis.ApplyCard}
	const hall = "3番 マイナンバーカード窓口"
	for _, test := range []struct {
		name, profile, at string
		path              diagnosis.Path
		want              *diagnosis.Place
		building          string
	}{
		{"open", "city-hall", "2026-11-24T10:15", counter(reset(card.Juki)...), &diagnosis.Place{Window: hall, Open: &yes, ClosesInMin: minutes(390), LastEntry: "16:45"}, ""},
		{"before opening", "city-hall", "2026-11-24T08:15", counter(reset(card.Juki)...), &diagnosis.Place{Window: hall, Open: &no, LastEntry: "16:45", Next: "2026-11-24T08:30"}, ""},
		{"over the holiday", "city-hall", "2026-11-20T16:55", counter(renew), &diagnosis.Place{Window: hall, Open: &no, LastEntry: "16:45", Next: "2026-11-24T08:30"}, ""},
		{"time unknown", "city-hall", "", counter(renew), &diagnosis.Place{Window: hall}, ""},
		{"beyond the calendar", "city-hall", "2028-02-29T10:15", counter(renew), &diagnosis.Place{Window: hall}, ""},
		{"a booth sends to the city hall", "pop-up", "2026-11-24T10:15", counter(renew), &diagnosis.Place{Window: hall, Open: &yes, ClosesInMin: minutes(390), LastEntry: "16:45"}, "みほん市役所 本庁舎"},
		{"the branch's own window", "branch", "2026-11-24T10:15", counter(renew), &diagnosis.Place{Window: "1番 市民窓口", Open: &yes, ClosesInMin: minutes(105), LastEntry: "16:30"}, ""},
		{"lunch at the branch, the hall is open", "branch", "2026-11-24T12:15", counter(renew), &diagnosis.Place{Window: "1番 市民窓口", Open: &no, LastEntry: "16:30", Next: "2026-11-24T13:00"}, ""},
		{"after the branch, the hall is open", "branch", "2026-11-24T16:35", counter(renew), &diagnosis.Place{Window: hall, Open: &yes, ClosesInMin: minutes(10), LastEntry: "16:45"}, "みほん市役所 本庁舎"},
		{"the branch is closed on a day of its own", "branch", "2026-12-28T08:00", counter(renew), &diagnosis.Place{Window: hall, Open: &no, LastEntry: "16:45", Next: "2026-12-28T08:30"}, "みほん市役所 本庁舎"},
		{"a new card is the hall's", "branch", "2026-11-24T10:15", counter(apply), &diagnosis.Place{Window: hall, Open: &yes, ClosesInMin: minutes(390), LastEntry: "16:45"}, "みほん市役所 本庁舎"},
		{"one window for all of it", "branch", "2026-11-24T10:15", counter(append([]diagnosis.Action{apply}, reset(card.Sign)...)...), &diagnosis.Place{Window: hall, Open: &yes, ClosesInMin: minutes(390), LastEntry: "16:45"}, "みほん市役所 本庁舎"},
		{"the branch opens first", "branch", "2026-12-12T10:00", counter(renew), &diagnosis.Place{Window: "1番 市民窓口", Open: &no, LastEntry: "11:30", Next: "2026-12-13T09:00"}, ""},
		{"another town's counter", "city-hall", "2026-11-24T10:15", own(renew), nil, ""},
		{"a store is no window", "city-hall", "2026-11-24T10:15", store(reset(card.Sign)...), nil, ""},
		{"nothing to do", "city-hall", "2026-11-24T10:15", diagnosis.Path{Route: diagnosis.RouteNothing, Who: diagnosis.Owner}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := diagnosis.Now{}
			if test.at != "" {
				now = trusted(t, test.at)
			}
			got := Resolve(diagnosis.Report{Primary: test.path}, now, diagnosis.Answers{}, builtin(t, test.profile), content.Embedded())
			if d := cmp.Diff(test.want, got.Report.Primary.Place); d != "" {
				t.Errorf("place (-want +got):\n%s", d)
			}
			if w := got.Office.Primary; (w == nil) != (test.want == nil) {
				t.Errorf("window = %+v", w)
			} else if w != nil && w.Building != test.building {
				t.Errorf("building = %q; want %q", w.Building, test.building)
			}
		})
	}
}

// A path that nobody serves whole goes to the window that can begin; whom a window does not serve it never gets.
func TestWindowFor(t *testing.T) {
	always := []Hours{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 1, Close: 1400, LastEntry: 1400}}
	p := &Profile{Windows: []Window{
		{Name: "pins", Serves: []diagnosis.Action{{Verb: diagnosis.Reset, Key: card.Sign}}, Hours: always},
		{Name: "cards", Serves: []diagnosis.Action{{Verb: diagnosis.ApplyCard}, {Verb: diagnosis.RenewCertificates}}, Whom: []diagnosis.Who{diagnosis.Owner}, Hours: always},
		{Name: "families", Whom: []diagnosis.Who{diagnosis.LegalRepresentative}, Hours: always},
	}}
	child := counter(reset(card.Auth)...)
	child.Who = diagnosis.LegalRepresentative
	for _, test := range []struct {
		path diagnosis.Path
		want string
	}{
		{counter(reset(card.Sign)...), "pins"},
		{counter(append([]diagnosis.Action{{Verb: diagnosis.ApplyCard}, {Verb: diagnosis.RenewCertificates}}, reset(card.Sign)...)...), "cards"},
		{child, "families"},
		{counter(reset(card.Juki)...), ""},
	} {
		got := Resolve(diagnosis.Report{Primary: test.path}, trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, p, content.Embedded())
		name := ""
		if got.Report.Primary.Place != nil {
			name = got.Report.Primary.Place.Window
		}
		if name != test.want {
			t.Errorf("window for %v of %s = %q; want %q", test.path.Actions, test.path.Who, name, test.want)
		}
	}
}

func TestStoreFirst(t *testing.T) {
	ask := locked(card.Sign)
	counterOf, storeOf := counter(reset(card.Sign)...), store(reset(card.Sign)...)
	chosen := diagnosis.Report{Primary: storeOf, Alternative: &counterOf}
	stopgap := diagnosis.Report{Primary: counter(append([]diagnosis.Action{{Verb: diagnosis.RenewCertificates}}, reset(card.Sign)...)...), Alternative: &storeOf}
	elsewhere, ownCounter := locked(card.Sign), own(reset(card.Sign)...)
	elsewhere.Primary.No, elsewhere.Alternative = &ownCounter, &ownCounter
	rare, rareCounter := elsewhere, own(reset(card.Sign, card.SurfaceA)...)
	rare.Primary.No, rare.Alternative = &rareCounter, &rareCounter
	const open, closed = "2026-11-24T10:15", "2026-11-21T10:15"
	for _, test := range []struct {
		name    string
		report  diagnosis.Report
		profile string
		prefer  Preference
		at      string
		want    bool
	}{
		{"open window here", ask, "city-hall", PreferBoth, open, false},
		{"closed", ask, "city-hall", PreferBoth, closed, true},
		{"open, but in another building", ask, "pop-up", PreferBoth, open, true},
		{"time unknown, nothing answered", ask, "city-hall", PreferBoth, "", false},
		{"time unknown, three times yes", chosen, "city-hall", PreferBoth, "", true},
		{"three times yes before an open window", chosen, "city-hall", PreferBoth, open, false},
		{"office prefers the counter", ask, "city-hall", PreferCounter, closed, false},
		{"office prefers the store", ask, "city-hall", PreferStore, open, true},
		{"a stop-gap never stands first", stopgap, "city-hall", PreferStore, closed, false},
		{"another town's counter is further away", elsewhere, "city-hall", PreferCounter, open, true},
		{"a rare key joins a visit and never decides on one", rare, "city-hall", PreferCounter, open, true},
		{"only the store", diagnosis.Report{Primary: storeOf}, "city-hall", PreferBoth, open, true},
		{"only the counter", diagnosis.Report{Primary: counterOf}, "city-hall", PreferStore, closed, false},
		{"no profile, three times yes", chosen, "", PreferBoth, open, true},
		{"no profile, nothing answered", ask, "", PreferBoth, open, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p *Profile
			if test.profile != "" {
				p = builtin(t, test.profile)
				p.Prefer = test.prefer
			}
			now := diagnosis.Now{}
			if test.at != "" {
				now = trusted(t, test.at)
			}
			if got := Resolve(test.report, now, diagnosis.Answers{}, p, content.Embedded()).Office.StoreFirst; got != test.want {
				t.Errorf("StoreFirst = %v; want %v", got, test.want)
			}
		})
	}
}

func TestResidentQuestion(t *testing.T) {
	asking := builtin(t, "pop-up")
	elsewhere := locked(card.Sign)
	away := own(reset(card.Sign)...)
	elsewhere.Primary.No, elsewhere.Alternative = &away, &away
	clear := diagnosis.Report{Primary: diagnosis.Path{Route: diagnosis.RouteNothing, Who: diagnosis.Owner}}
	for _, test := range []struct {
		name    string
		report  diagnosis.Report
		answers diagnosis.Answers
		profile *Profile
		want    bool
	}{
		{"asked first", locked(card.Sign), diagnosis.Answers{}, asking, true},
		{"answered: here", locked(card.Sign), diagnosis.Answers{Resident: diagnosis.Yes}, asking, false},
		{"answered: elsewhere", elsewhere, diagnosis.Answers{Resident: diagnosis.No}, asking, false},
		{"changes nothing", clear, diagnosis.Answers{}, asking, false},
		{"not asked by this office", locked(card.Sign), diagnosis.Answers{}, builtin(t, "city-hall"), false},
		{"no profile", locked(card.Sign), diagnosis.Answers{}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := slices.Clone(test.report.Questions)
			if test.want {
				want = append([]diagnosis.Question{diagnosis.Resident}, want...)
			}
			got := Resolve(test.report, trusted(t, "2026-11-24T10:15"), test.answers, test.profile, content.Embedded())
			if d := cmp.Diff(want, got.Report.Questions); d != "" {
				t.Errorf("questions (-want +got):\n%s", d)
			}
			again := Resolve(got.Report, trusted(t, "2026-11-24T10:15"), test.answers, test.profile, content.Embedded())
			if d := cmp.Diff(want, again.Report.Questions); d != "" {
				t.Errorf("questions when resolved twice (-want +got):\n%s", d)
			}
		})
	}
}

func TestResolveLeavesTheReportAlone(t *testing.T) {
	r, same := locked(card.Sign), locked(card.Sign)
	Resolve(r, trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, builtin(t, "pop-up"), content.Embedded())
	if d := cmp.Diff(same, r); d != "" {
		t.Errorf("Resolve changed its argument:\n%s", d)
	}
}

func TestOfficeTime(t *testing.T) {
	for _, test := range []struct {
		name             string
		earliest, latest string
		read             string
		old              bool
	}{
		{"believed", "2026-11-24T10:15", "2026-11-24T10:15", "2026-11-24T10:15", false},
		{"believed within minutes", "2026-11-24T10:10", "2026-11-24T10:20", "2026-11-24T10:15", false},
		{"not believed", "2026-11-10T00:00", "", "", false},
		{"not believed, but surely old", "2027-10-01T00:00", "", "", true},
		{"nothing known", "", "", "", false},
		{"too wide", "2026-11-24T10:15", "2026-11-26T10:15", "", false},
		{"a year to the day", "2027-09-08T10:15", "2027-09-08T10:15", "2027-09-08T10:15", false},
		{"a year and a day", "2027-09-09T10:15", "2027-09-09T10:15", "2027-09-09T10:15", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var now diagnosis.Now
			var read time.Time
			if test.earliest != "" {
				now.Earliest = at(t, test.earliest)
			}
			if test.latest != "" {
				now.Latest = at(t, test.latest)
			}
			if test.read != "" {
				read = at(t, test.read)
			}
			o := Resolve(locked(card.Sign), now, diagnosis.Answers{}, builtin(t, "city-hall"), content.Embedded()).Office
			if !o.ReadAt.Equal(read) || o.StoresOld != test.old {
				t.Errorf("ReadAt, StoresOld = %v, %v; want %v, %v", o.ReadAt, o.StoresOld, read, test.old)
			}
		})
	}
}

func TestOfficeWords(t *testing.T) {
	hall := builtin(t, "city-hall")
	o := Resolve(locked(card.Juki), trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, hall, content.Embedded()).Office
	if o.Name != "みほん市役所 本庁舎" || o.Municipality != "みほん市" || o.Kiosk != "ロビー 1号機" || o.QueueTicket != hall.QueueTicket || len(o.Bring) > 0 {
		t.Errorf("office = %+v", o)
	}
	// No store resets this key: nothing about stores may be said.
	if len(o.Stores) > 0 || o.StoreHours != "" || o.StoresDate.Known() || o.StoreFirst || o.Official != "https://www.kojinbango-card.go.jp/" {
		t.Errorf("office speaks of stores: %+v", o)
	}
	// The ticket machine stands before this office's own window only.
	booth := builtin(t, "pop-up")
	booth.QueueTicket = "番号札"
	if o := Resolve(locked(card.Sign), trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, booth, content.Embedded()).Office; o.QueueTicket != "" {
		t.Errorf("QueueTicket = %q at a window elsewhere", o.QueueTicket)
	}
}

func TestBring(t *testing.T) {
	p := builtin(t, "branch")
	usual := diagnosis.Action{Verb: diagnosis.ApplyCard}
	child := counter(reset(card.Auth)...)
	child.Who = diagnosis.LegalRepresentative
	for _, test := range []struct {
		name string
		path diagnosis.Path
		want int
	}{
		{"reset", counter(reset(card.Auth)...), 2},
		{"renewal and reset", counter(append([]diagnosis.Action{{Verb: diagnosis.RenewCertificates}}, reset(card.Sign)...)...), 2},
		{"a new card is not in the list", counter(append([]diagnosis.Action{usual}, reset(card.Sign)...)...), 0},
		{"another person", child, 0},
		{"nothing", diagnosis.Path{Route: diagnosis.RouteNothing}, 0},
	} {
		got := Resolve(diagnosis.Report{Primary: test.path}, trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, p, content.Embedded()).Office.Bring
		if len(got) != test.want {
			t.Errorf("%s: Bring = %q; want %d things", test.name, got, test.want)
		}
	}
}

// Newer content need not know the chain of an older profile, and the other way round.
func TestUnknownChain(t *testing.T) {
	p := builtin(t, "city-hall")
	p.Nearby["gone-mart"] = []Nearby{{"みほん店", 2}}
	got := Resolve(locked(card.Sign), trusted(t, "2026-11-24T10:15"), diagnosis.Answers{}, p, content.Embedded())
	if slices.Contains(got.Report.Primary.Yes.Stores, "gone-mart") || len(got.Report.Primary.Yes.Stores) != 4 {
		t.Errorf("stores = %v", got.Report.Primary.Yes.Stores)
	}
}

func TestWeek(t *testing.T) {
	got := strings.Join(Week(builtin(t, "branch"), content.Embedded(), at(t, "2026-12-12T10:00")), "\n")
	want := strings.Join([]string{
		"みほん市 みなみ支所（1号機）  12月12日(土) 10:00現在",
		"",
		"1階 1番 市民窓口",
		"  いま: 本日休み（受付のない曜日）",
		"  次の受付: 12月13日(日) 9:00",
		"  12月12日(土)  休み（受付のない曜日）",
		"  12月13日(日)  9:00-12:00（受付11:30まで）",
		"  12月14日(月)  8:30-17:15（昼休み12:00-13:00、受付16:30まで）",
		"  12月15日(火)  8:30-17:15（昼休み12:00-13:00、受付16:30まで）",
		"  12月16日(水)  8:30-17:15（昼休み12:00-13:00、受付16:30まで）",
		"  12月17日(木)  8:30-17:15（昼休み12:00-13:00、受付16:30まで）",
		"  12月18日(金)  8:30-17:15（昼休み12:00-13:00、受付16:30まで）",
		"",
	}, "\n")
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "近くの店舗（6:30-23:00）\n  セブン-イレブン みほん南町店  徒歩12分\n  イオン・イオンスタイル イオンみほん南店  徒歩15分") {
		t.Errorf("Week = %s\nwant it to begin with %s", got, want)
	}
	for when, want := range map[string]string{
		"2026-11-24T10:15": "  いま: 受付中（あと390分）",
		"2026-11-24T08:00": "  いま: 受付時間外\n  次の受付: 11月24日(火) 8:30",
		"2026-11-22T08:00": "  いま: 本日休み（全国のシステム停止日）",
		"2027-12-30T08:00": "  いま: 本日休み（年末年始）\n  次の受付: 分かりません",
		"2028-01-05T08:00": "  いま: 案内しません（2027-12-31より後の祝日が分からないため）",
	} {
		if got := strings.Join(Week(builtin(t, "city-hall"), content.Embedded(), at(t, when)), "\n"); !strings.Contains(got, want) {
			t.Errorf("Week from %s = %s\nwant in it %s", when, got, want)
		}
	}
}

func TestOldStores(t *testing.T) {
	c := content.Embedded()
	for at, want := range map[string]bool{"2027-09-08T23:59": false, "2027-09-09T00:00": true} {
		moment := trusted(t, at).Earliest
		if got := OldStores(c, moment) != ""; got != want {
			t.Errorf("OldStores at %s tells so: %v; want %v", at, got, want)
		}
		week := strings.Join(Week(builtin(t, "city-hall"), c, moment), "\n")
		if got := strings.Contains(week, "1年を過ぎています"); got != want {
			t.Errorf("Week at %s tells so: %v; want %v", at, got, want)
		}
	}
	if OldStores(c, time.Time{}) != "" {
		t.Error("OldStores claims something of a list when nothing is known of the time")
	}
}
