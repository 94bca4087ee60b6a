package slip

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"kagimado/kiosk/font"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// samples are pages in the sense of the rule sheet, written here so that layout is tested apart from advice. They
// hold what is hard to set: one way and two, long official names, every block and next to none.
var samples = map[string]page.Page{
	"locked-sign": {
		Mark:     page.Bad,
		Headline: "署名用パスワードがロックされています",
		Lead:     []string{"カードは無事です。同じ番号を入れ直しても戻りません。", "下のどちらかの方法で、無料で設定し直せます。"},
		Rows: []page.Row{{Mark: page.Bad, Name: "署名用パスワード", Official: "署名用電子証明書の暗証番号（英数字6〜16文字）",
			State: "使えません", Means: "e-Taxの送信、オンライン申請の署名に使います"}},
		Rest: "ほかの暗証番号と有効期限に問題はありません。",
		Ways: []page.Way{
			{Title: "市役所の窓口で", Place: []string{"市民課 3番窓口", "本庁舎1階 正面入口の右"}, Opening: "いま開いています（受付は16:45まで）",
				Price: "無料", Takes: "約15分", Steps: []string{"番号札をとる", "この紙を見せる", "新しい番号を決める"}},
			{Title: "コンビニで", If: "スマホがあり、4桁の番号がわかるとき", Opening: "6:30〜23:00", Price: "無料", Takes: "約20分",
				Place: []string{"セブン-イレブン、ローソン、ファミリーマート、ミニストップ"},
				Steps: []string{"アプリ「JPKI暗証番号リセット」で予約", "24時間以内に店へ", "マルチコピー機で新しい番号を決める"}},
		},
		Notes:    []string{"思い出せないまま試し続けないでください。"},
		Bring:    []string{"マイナンバーカード", "本人確認書類 1点", "この紙"},
		Limits:   []string{"カードの中の回数と日付だけを読みました。失効や住所の変更、番号の忘れは、この機械ではわかりません。"},
		Clerk:    []string{"公的個人認証AP 署名用電子証明書 ロック（残り0回）"},
		Codes:    "署0 利3 補3 住3 共3 照B券10 補10 証2030-02-17",
		Again:    "帰る前に、もう一度ここにカードをかざすと、直ったか確かめられます。",
		Foot:     []string{"2026-11-24 10:15 本庁舎ロビー 1号機", "案内の情報は 2026-11-01 のものです"},
		Link:     "https://www.kojinbango-card.go.jp/",
		LinkText: "くわしい案内（公式ページ）",
		Titles: page.Titles{Rows: "読み取りの結果", Ways: "直し方は2つあります", Notes: "ご注意", Bring: "持ち物",
			Limits: "この機械でわからないこと", Clerk: "窓口の方へ"},
	},
	"locked-several": {
		Mark:     page.Bad,
		Headline: "3つの暗証番号が使えません",
		Lead:     []string{"お住まいの市区町村の窓口で、一度にまとめて設定し直せます。"},
		Rows: []page.Row{
			{Mark: page.Bad, Name: "4桁の番号（ログイン用）", Official: "利用者証明用電子証明書の暗証番号", State: "使えません（残り0回）", Means: "マイナポータル、コンビニ交付、病院の受付に使います"},
			{Mark: page.Bad, Name: "4桁の番号（文字の読み取り用）", Official: "券面事項入力補助用の暗証番号", State: "使えません（残り0回）", Means: "名前や住所の自動入力に使います"},
			{Mark: page.Attention, Name: "署名用パスワード", Official: "署名用電子証明書の暗証番号", State: "残り1回", Means: "オンライン申請の署名に使います"},
			{Mark: page.Unclear, Name: "署名用電子証明書の期限", State: "わかりません"},
		},
		Rest: "ほかの3つは使えます。",
		Ways: []page.Way{{Title: "市役所の窓口で", Place: []string{"市民課 3番窓口（本庁舎1階）"}, Opening: "次は 11月24日（火）8:30 から",
			Price: "無料", Takes: "約15分", Steps: []string{"この紙を窓口で見せる", "本人確認を受ける", "新しい番号を3つ決める"}}},
		Notes:  []string{"もう試さないでください。", "病院では顔認証で受付できます。健康保険証としての利用は続けられます。"},
		Bring:  []string{"マイナンバーカード", "運転免許証など、本人確認書類をもう1点"},
		Limits: []string{"カードの中の回数と日付だけを読みました。", "失効、住所や名前の変更、番号の忘れは、この機械ではわかりません。"},
		Clerk:  []string{"公的個人認証AP 利用者証明用 ロック", "公的個人認証AP 署名用 残り1回", "券面事項入力補助AP 暗証番号 ロック", "券面事項入力補助AP 照合番号B 残り10回、券面事項確認AP 照合番号B 残り10回"},
		Codes:  "署1 利0 補0 住3 共3 照B券10 補10 証2030-02-17",
		Again:  "帰る前に、もう一度ここにカードをかざしてください。",
		Foot:   []string{"時刻不明 本庁舎ロビー 1号機", "案内の情報は 2026-11-01 のものです"},
		Link:   "https://www.kojinbango-card.go.jp/", LinkText: "公式の案内",
		Titles: page.Titles{Ways: "行き先", Notes: "ご注意", Bring: "持ち物", Limits: "この機械でわからないこと", Clerk: "窓口の方へ"},
	},
	"all-clear": {
		Mark:     page.Fine,
		Headline: "カードに問題は見つかりません",
		Lead:     []string{"暗証番号はどれも使えます。電子証明書は2030年2月17日まで有効です。"},
		Notes:    []string{"うまくいかないのは、スマホやパソコン、相手のサイトの側かもしれません。"},
		Foot:     []string{"2026-11-24 10:15 本庁舎ロビー 1号機"},
	},
	"expiring": {
		Mark:     page.Attention,
		Headline: "もうすぐ電子証明書の期限です",
		Lead:     []string{"電子証明書の期限は2027年1月15日までです。"},
		Rows:     []page.Row{{Mark: page.Attention, Name: "ログイン用の電子証明書", Official: "利用者証明用電子証明書", State: "2027年1月15日まで（あと52日）", Told: true}},
		Rest:     "番号は5つとも使えます。",
		Calendar: "BEGIN:VEVENT\r\nSUMMARY:電子証明書の更新\r\nDTSTART;VALUE=DATE:20261016\r\nDTEND;VALUE=DATE:20270116\r\nEND:VEVENT\r\n",
		Dated:    "電子証明書の更新 2026年10月16日から（カレンダー用）",
		Limits:   []string{"カードの中の回数と日付だけを読みました。失効や住所の変更、番号の忘れは、この機械ではわかりません。"},
		Clerk:    []string{"希望：電子証明書の更新"},
		Codes:    "署5 利3 補3 住3 共3 照B券10 補10 証2027-01-15",
		Foot:     []string{"2026-11-24 10:15 本庁舎ロビー 1号機", "案内の情報は 2026-11-01 のものです"},
		Link:     "https://www.kojinbango-card.go.jp/", LinkText: "公式の案内",
		Titles: page.Titles{Clerk: "窓口の方へ"},
	},
	"english": {
		Lang:     text.English,
		Mark:     page.Bad,
		Headline: "Your signature password is locked",
		Lead:     []string{"The card itself is fine. Trying again will not unlock it."},
		Rows:     []page.Row{{Mark: page.Bad, Name: "Signature password", Official: "署名用電子証明書の暗証番号", State: "Locked", Means: "Signs applications you send online"}},
		Rest:     "Your other numbers and the dates are fine.",
		Ways: []page.Way{
			{Title: "At the city hall", Place: []string{"Citizens' Affairs (市民課), window 3", "1st floor, right of the main entrance"}, Opening: "Open now, until 16:45", Price: "Free", Takes: "about 15 minutes", Steps: []string{"Take a queue ticket", "Show this slip", "Choose a new password"}},
			{Title: "At a convenience store", If: "If you have a smartphone and know your 4-digit number", Opening: "6:30 - 23:00", Price: "Free", Takes: "about 20 minutes", Place: []string{"7-Eleven, Lawson, FamilyMart, Ministop"}, Steps: []string{"Book in the app JPKI暗証番号リセット", "Go to a store within 24 hours", "Choose a new password at the copier"}},
		},
		Bring:  []string{"My Number Card", "One more ID, such as a residence card"},
		Limits: []string{"Only the counters and dates in the chip were read. Revocation, a change of address or a forgotten number cannot be seen here."},
		Clerk:  []string{"公的個人認証AP 署名用電子証明書 ロック（残り0回）"},
		Codes:  "署0 利3 補3 住3 共3 照B券10 補10 証2030-02-17",
		Again:  "Tap your card here once more before you leave.",
		Foot:   []string{"2026-11-24 10:15, main lobby, kiosk 1", "Information as of 2026-11-01"},
		Link:   "https://www.kojinbango-card.go.jp/en-kojinbango/", LinkText: "Official information",
		Titles: page.Titles{Ways: "Two ways to solve it", Bring: "Bring", Limits: "What this kiosk cannot see", Clerk: "窓口の方へ"},
	},
}

// papers are the widths a slip is printed at (field.md §3.1).
var papers = []Options{{384, 203}, {512, 180}, {576, 203}, {640, 203}}

// eachSlip runs a test for every sample on every paper.
func eachSlip(t *testing.T, test func(t *testing.T, p page.Page, o Options)) {
	for name, p := range samples {
		for _, o := range papers {
			t.Run(fmt.Sprintf("%s-%d", name, o.Width), func(t *testing.T) { test(t, p, o) })
		}
	}
}

func TestGolden(t *testing.T) {
	for name, p := range samples {
		for _, o := range []Options{{384, 203}, {576, 203}} {
			img, err := Set(p, o)
			if err != nil {
				t.Fatalf("Set(%s, %v): %v", name, o, err)
			}
			golden.Picture(t, fmt.Sprintf("%s-%d.png", name, o.Width), img)
		}
	}
}

func TestPNGIsOneBitDeep(t *testing.T) {
	img, err := Set(samples["all-clear"], papers[0])
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := PNG(&b, img); err != nil {
		t.Fatal(err)
	}
	const depth, colour = 24, 25 // in IHDR
	if got := b.Bytes(); got[depth] != 1 || got[colour] != 3 {
		t.Errorf("PNG has depth %d and colour type %d; want 1 and 3", got[depth], got[colour])
	}
}

// Every sentence of the page must be on the paper whole.
func TestNothingIsDropped(t *testing.T) {
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == ' ' || r == '　' || r == '\n' {
				return -1
			}
			return r
		}, s)
	}
	eachSlip(t, func(t *testing.T, p page.Page, o Options) {
		s, err := lay(p, o)
		if err != nil {
			t.Fatal(err)
		}
		var set strings.Builder
		for _, l := range s.lines {
			set.WriteString(bare(l.s))
		}
		for _, want := range sentences(p) {
			if !strings.Contains(set.String(), bare(want)) {
				t.Errorf("%q is not on the slip", want)
			}
		}
	})
}

// sentences returns what a slip says of a page.
func sentences(p page.Page) []string {
	all := slices.Concat([]string{p.Headline, p.Rest, p.Codes, p.Again, p.LinkText, p.Dated}, p.Lead, p.Notes, p.Bring, p.Limits, p.Clerk, p.Foot)
	for _, r := range p.Rows {
		all = append(all, r.Official) // in the table or the clerk's note
		if !r.Told {
			all = append(all, r.State)
		}
		if !r.Told || len(p.Rows) > 1 {
			all = append(all, r.Name)
		}
	}
	for _, w := range p.Ways {
		all = slices.Concat(all, []string{w.Title, w.Opening, w.Price, w.Takes, w.If}, w.Place, w.Steps)
	}
	return all
}

// No ink leaves its column, its line or the margins, and nothing is set over anything else.
func TestInk(t *testing.T) {
	eachSlip(t, func(t *testing.T, p page.Page, o Options) {
		s, err := lay(p, o)
		if err != nil {
			t.Fatal(err)
		}
		pieces := 0
		for _, l := range s.lines {
			if l.left < margin || l.right > o.Width-margin {
				t.Errorf("%q is set in %v; want it inside the margins of %d dots", l.s, l.column, o.Width)
			}
			alone := image.NewPaletted(image.Rect(-50, l.top-50, o.Width+50, l.top+l.face.Em()+50), color.Palette{color.White, color.Black})
			l.face.Draw(alone, l.x, l.top, l.s, Black)
			if got, want := inkBounds(alone), image.Rect(l.left, l.top, l.right, l.top+l.face.Em()); !got.In(want) {
				t.Errorf("ink of %q is %v; want it inside %v", l.s, got, want)
			}
			pieces += ink(alone)
		}
		for _, b := range s.bars {
			if want := image.Rect(margin, margin, o.Width-margin, s.y-margin); !b.In(want) {
				t.Errorf("bar %v; want it inside %v", b, want)
			}
			pieces += b.Dx() * b.Dy()
		}
		if got := ink(s.print(o.Width)); got != pieces {
			t.Errorf("the slip has %d black dots, its pieces have %d: something covers something or is cut off", got, pieces)
		}
	})
}

// A printer driver cuts the picture at rows without ink and holds 128 rows at most. Only the QR code, which has no
// such row, and what stands beside it may be longer: a hairline through it does no harm.
func TestStrips(t *testing.T) {
	const strip, gap = 128, 4
	eachSlip(t, func(t *testing.T, p page.Page, o Options) {
		s, err := lay(p, o)
		if err != nil {
			t.Fatal(err)
		}
		code := map[int]bool{} // rows of a QR code: each has a module, and a module is square
		for _, b := range s.bars {
			for y := b.Min.Y; y < b.Max.Y && b.Dx() == b.Dy(); y++ {
				code[y] = true
			}
		}
		img := s.print(o.Width)
		from, blank := 0, 0
		for y := range img.Rect.Dy() {
			if slices.Contains(img.Pix[y*img.Stride:(y+1)*img.Stride], Black) {
				blank = 0
			} else if blank++; blank >= gap {
				from = y
			}
			if code[y] {
				from = y
			} else if y-from > strip {
				t.Fatalf("no %d rows without ink between row %d and row %d", gap, from, y)
			}
		}
	})
}

func TestWaysSideBySide(t *testing.T) {
	tops := func(width, dpi int) (a, b line) {
		s, err := lay(samples["locked-sign"], Options{width, dpi})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range s.lines {
			switch l.s {
			case "市役所の窓口で":
				a = l
			case "コンビニで":
				b = l
			}
		}
		return a, b
	}
	for _, o := range papers {
		a, b := tops(o.Width, o.DPI)
		if beside := a.top == b.top && a.right < b.left; beside != (o.Width >= 512) {
			t.Errorf("on %d dots the ways are set at %v, row %d and %v, row %d", o.Width, a.column, a.top, b.column, b.top)
		}
		if below := a.top < b.top && a.column == b.column; below != (o.Width < 512) {
			t.Errorf("on %d dots the ways are set at %v, row %d and %v, row %d", o.Width, a.column, a.top, b.column, b.top)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, o := range papers {
		s, err := lay(samples["locked-sign"], o)
		if err != nil {
			t.Fatal(err)
		}
		points := func(want string) float64 {
			for _, l := range s.lines {
				if strings.HasPrefix(l.s, want) {
					return float64(l.face.Em()) * 72 / float64(o.DPI)
				}
			}
			t.Fatalf("no line begins with %q", want)
			return 0
		}
		for _, l := range s.lines {
			if got := float64(l.face.Em()) * 72 / float64(o.DPI); got < 9 {
				t.Errorf("on %v %q is %.1f pt; want 9", o, l.s, got)
			}
		}
		if got := points("Ｘ 署名用"); got < 20 {
			t.Errorf("on %v the headline is %.1f pt; want 20", o, got)
		}
		for _, body := range []string{"カードは無事", "番号札", "マイナンバーカード"} {
			if got := points(body); got < 10.5 {
				t.Errorf("on %v body text is %.1f pt; want 10.5", o, got)
			}
		}
	}
}

// A module below 0.4 mm is not read by every phone.
func TestModules(t *testing.T) {
	for _, o := range papers {
		s, err := lay(samples["expiring"], o)
		if err != nil {
			t.Fatal(err)
		}
		modules := 0
		for _, b := range s.bars {
			if b.Dx() != b.Dy() {
				continue // a rule
			}
			if modules++; float64(b.Dx())*25.4/float64(o.DPI) < 0.4 {
				t.Fatalf("on %v a module is %d dots wide; want 0.4 mm", o, b.Dx())
			}
		}
		if modules < 1000 {
			t.Errorf("on %v there are %d black modules; want those of two QR codes", o, modules)
		}
	}
}

func TestErrors(t *testing.T) {
	with := func(change func(*page.Page)) page.Page {
		p := page.Page{Headline: "見出し"}
		change(&p)
		return p
	}
	good := Options{576, 203}
	for _, tt := range []struct {
		name string
		p    page.Page
		o    Options
		want []string // of the error
	}{
		{"no width", page.Page{}, Options{DPI: 203}, []string{"width is 0"}},
		{"no whole byte", page.Page{}, Options{577, 203}, []string{"width is 577"}},
		{"no dpi", page.Page{}, Options{Width: 576}, []string{"0 dpi"}},
		{"glyph in place", with(func(p *page.Page) { p.Ways = []page.Way{{Place: []string{"𠮷野家の隣"}}} }), good, []string{"way", "U+20BB7", "𠮷野家の隣"}},
		{"glyph in row", with(func(p *page.Page) { p.Rows = []page.Row{{Name: "♿"}} }), good, []string{"table", "U+267F"}},
		{"glyph in bring", with(func(p *page.Page) { p.Bring = []string{"a\tb"} }), good, []string{"things to bring", "U+0009"}},
		{"glyph in headline", with(func(p *page.Page) { p.Headline = "😀" }), good, []string{"headline", "U+1F600"}},
		{"wide code", with(func(p *page.Page) { p.Link = "https://example.jp/" + strings.Repeat("x", 1500) }), Options{384, 203}, []string{"link", "dots wide"}},
		{"endless entry", with(func(p *page.Page) { p.Calendar = strings.Repeat("x", 5000) }), good, []string{"calendar"}},
		{"endless link", with(func(p *page.Page) { p.Link = strings.Repeat("x", 5000) }), good, []string{"link"}},
	} {
		img, err := Set(tt.p, tt.o)
		if err == nil || img != nil {
			t.Errorf("%s: Set = %v, %v; want an error and no picture", tt.name, img != nil, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", tt.name, err, want)
			}
		}
	}
}

// TestLongestAddress: what a copy of the content may have for an address (kiosk/edition) has room on every paper.
func TestLongestAddress(t *testing.T) {
	for _, width := range []int{384, 512, 576, 640} {
		for _, dpi := range []int{180, 203} {
			p := page.Page{Headline: "見出し", Link: "https://" + strings.Repeat("x", 492), LinkText: "案内"}
			if _, err := Set(p, Options{width, dpi}); err != nil {
				t.Errorf("on %d dots at %d dpi: %v", width, dpi, err)
			}
		}
	}
}

func TestEmptyBlocksTakeNoRoom(t *testing.T) {
	o := Options{576, 203}
	height := func(p page.Page) int {
		img, err := Set(p, o)
		if err != nil {
			t.Fatal(err)
		}
		return img.Rect.Dy()
	}
	if got := height(page.Page{}); got != 2*margin {
		t.Errorf("an empty page is %d rows long; want its margins", got)
	}
	p := page.Page{Headline: "見出し"}
	want := height(p)
	p.Titles = page.Titles{Rows: "a", Ways: "b", Notes: "c", Bring: "d", Limits: "e", Clerk: "f"}
	p.Lead, p.Notes, p.Bring, p.Limits, p.Clerk, p.Foot = []string{}, []string{}, []string{}, []string{}, []string{}, []string{}
	if got := height(p); got != want {
		t.Errorf("with titles of empty blocks the page is %d rows long; want %d", got, want)
	}
}

// The runes that slips add of their own.
func TestOwnGlyphs(t *testing.T) {
	for _, r := range "・□〇！Ｘ？0123456789 " {
		if !font.Has(r) {
			t.Errorf("the font has no glyph for %q", r)
		}
	}
}

func FuzzSet(f *testing.F) {
	for _, s := range []string{"", " ", "\n\n", "\x00", "\xff", "あ", "、。」』", "「「「", strings.Repeat("長", 300), strings.Repeat("w", 300),
		strings.Repeat("（", 40), "1\n2\n3", "é", "か\u3099", "á\u0301", "６〜１６文字", "https://www.jpki.go.jp/jpkiidreset/howto/"} {
		f.Add(s, s, uint16(576), uint16(203), uint8(2))
		f.Add("見出し", s, uint16(384), uint16(203), uint8(1))
		f.Add(s, "本文", uint16(320), uint16(300), uint8(3))
	}
	f.Fuzz(func(t *testing.T, a, b string, width, dpi uint16, n uint8) {
		if len(a)+len(b) > 4000 || n > 8 {
			return
		}
		p := page.Page{Mark: page.Mark(n % 5), Headline: a, Lead: []string{b, a}, Rest: b, Codes: a, Again: b, Link: b, LinkText: a, Calendar: a, Dated: b}
		for range n {
			p.Rows = append(p.Rows, page.Row{Mark: page.Mark(n % 5), Name: a, Official: b, State: a, Means: b, Told: n%2 > 0})
			p.Ways = append(p.Ways, page.Way{Title: a, Place: []string{b}, Opening: a, Price: b, Takes: a, Steps: []string{b, a}, If: b})
			p.Notes, p.Bring, p.Limits, p.Clerk, p.Foot = append(p.Notes, a), append(p.Bring, b), append(p.Limits, a), append(p.Clerk, b), append(p.Foot, a)
		}
		img, err := Set(p, Options{int(width), int(dpi)})
		if err != nil {
			return
		}
		if img.Rect.Dx() != int(width) || inkBounds(img).Max.X > int(width)-margin {
			t.Errorf("picture %v with ink in %v; want %d dots with margins", img.Rect, inkBounds(img), width)
		}
	})
}

func BenchmarkSet(b *testing.B) {
	for b.Loop() {
		if _, err := Set(samples["locked-sign"], Options{576, 203}); err != nil {
			b.Fatal(err)
		}
	}
}

func inkBounds(img *image.Paletted) image.Rectangle {
	var r image.Rectangle
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
			if img.ColorIndexAt(x, y) == Black {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func ink(img *image.Paletted) int {
	n := 0
	for _, p := range img.Pix {
		n += int(p)
	}
	return n
}
