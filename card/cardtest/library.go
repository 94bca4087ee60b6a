package cardtest

import (
	"fmt"
	"maps"
	"strings"

	"kagimado/card"
)

// Reference is the day the library's dates are laid around when nobody names another: the day of most visits in
// cases.csv.
var Reference = card.Date{Year: 2026, Month: 11, Day: 24}

// New returns the named card with its dates around Reference.
func New(name string) (*Card, error) { return NewOn(name, Reference) }

// NewOn returns the named card as it would be on that day: expiring soon, just expired, and so on.
func NewOn(name string, today card.Date) (*Card, error) {
	var names []string
	for _, s := range LibraryOn(today) {
		if s.Name == name {
			return s.New(), nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("looking up simulated card %q: want one of %s", name, strings.Join(names, " "))
}

// Library returns every named card, dates around Reference.
func Library() []Spec { return LibraryOn(Reference) }

// Adult returns the standard card: a healthy one of an adult, the certificate issued a year ago.
func Adult(today card.Date) Spec {
	end := card.Date{Year: today.Year + 3, Month: today.Month, Day: 1}.AddMonths(3).AddDays(16)
	s := Spec{
		Name: "all-fine", About: "大人のカード。どこも悪くない",
		Kind: card.MyNumberCard, ATR: atrMyNumber, Label: "JPKIAPICCTOKEN2",
		Applications: []card.Application{card.JPKI, card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp},
		Left:         map[card.Key]int{},
		AuthFrom:     end.AddMonths(-51).AddDays(-21), AuthTo: end,
		Filler:   585,
		Presence: []byte{0x8F, 0x8F, 0x00},
		CardTo:   card.Date{Year: end.Year + 5, Month: end.Month, Day: end.Day},
	}
	for _, k := range card.Keys() {
		switch {
		case k.Key == card.Licence:
		case k.Key == card.Common:
			s.Left[k.Key] = 3
		case k.Tries > 0:
			s.Left[k.Key] = k.Tries
		default:
			s.Left[k.Key] = 10
		}
	}
	return s
}

// as returns a copy of s under another name, changed by the given steps.
func (s Spec) as(name, about string, changes ...func(*Spec)) Spec {
	s.Name, s.About = name, about
	s.Left = maps.Clone(s.Left)
	s.Strange = maps.Clone(s.Strange)
	s.Applications = append([]card.Application(nil), s.Applications...)
	for _, change := range changes {
		change(&s)
	}
	return s
}

func left(n int, keys ...card.Key) func(*Spec) {
	return func(s *Spec) {
		for _, k := range keys {
			s.Left[k] = n
		}
	}
}

func locked(keys ...card.Key) func(*Spec) { return left(0, keys...) }

func without(apps ...card.Application) func(*Spec) {
	return func(s *Spec) {
		var keep []card.Application
		for _, a := range s.Applications {
			if !(Spec{Applications: apps}).has(a) {
				keep = append(keep, a)
			}
		}
		s.Applications = keep
	}
}

// ends sets the last days of certificate and card; the certificate was issued five years before its end.
func ends(certificate, whole card.Date) func(*Spec) {
	return func(s *Spec) {
		s.AuthFrom, s.AuthTo, s.CardTo = certificate.AddMonths(-58), certificate, whole
	}
}

func set(change func(*Spec)) func(*Spec) { return change }

// child leaves the signing key as cards of under-15s answer: blocked, without a certificate behind it.
func child(s *Spec) {
	s.Left[card.Sign] = 0
	s.Presence = []byte{0x00, 0x8F, 0x00}
}

// other returns a card that is not a My Number Card.
func other(name, about string, kind card.Kind, atr []byte, aids ...string) Spec {
	return Spec{Name: name, About: about, Kind: kind, ATR: atr, Other: aids}
}

const zeros10 = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// LibraryOn returns every named card as it would be on that day.
func LibraryOn(today card.Date) []Spec {
	adult := Adult(today)
	soon, later := today.AddDays(52), card.Date{Year: today.AddDays(52).Year + 5, Month: today.AddDays(52).Month, Day: 1}
	var (
		everyKey = []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki, card.Common, card.InputSupportA,
			card.InputSupportB, card.SurfaceBirth, card.SurfaceA, card.SurfaceB}
		fourDigits = []card.Key{card.Auth, card.InputSupport, card.Juki, card.Common}
		infant     = adult.as("", "", child, ends(today.AddMonths(30), today.AddMonths(30)))
	)
	return []Spec{
		adult,
		adult.as("locked-auth", "利用者証明用がロック", locked(card.Auth)),
		adult.as("locked-sign", "署名用がロック", locked(card.Sign)),
		adult.as("locked-input-support", "券面事項入力補助用がロック", locked(card.InputSupport)),
		adult.as("locked-juki", "住民基本台帳用がロック（二つとも）", locked(card.Juki, card.Common)),
		adult.as("locked-common", "住民基本台帳用の片方だけロック", locked(card.Common)),
		adult.as("locked-surface-b", "照合番号Bが券面事項確認APだけロック", locked(card.SurfaceB)),
		adult.as("locked-input-support-b", "照合番号Bが券面事項入力補助APだけロック", locked(card.InputSupportB)),
		adult.as("locked-both-b", "照合番号Bが両方のAPでロック", locked(card.SurfaceB, card.InputSupportB)),
		adult.as("locked-rare", "照合番号Aと生年月日がロック", locked(card.SurfaceA, card.InputSupportA, card.SurfaceBirth)),
		adult.as("locked-auth-sign", "利用者証明用と署名用がロック", locked(card.Auth, card.Sign)),
		adult.as("locked-sign-input-support", "署名用と券面事項入力補助用がロック", locked(card.Sign, card.InputSupport)),
		adult.as("locked-auth-juki", "利用者証明用と住民基本台帳用がロック", locked(card.Auth, card.Juki, card.Common)),
		adult.as("locked-input-support-b-pair", "券面事項入力補助用と照合番号Bがロック", locked(card.InputSupport, card.SurfaceB)),
		adult.as("locked-four-digits", "4けたの番号が三つともロック", locked(fourDigits...)),
		adult.as("locked-all", "すべてロック", locked(everyKey...)),
		adult.as("face-card", "顔認証マイナンバーカード", locked(append(fourDigits, card.Sign)...),
			set(func(s *Spec) { s.Presence = []byte{0x00, 0x8F, 0x00} })),
		adult.as("one-try-left", "利用者証明用があと1回", left(1, card.Auth)),
		adult.as("locked-auth-last-sign", "利用者証明用がロック、署名用があと1回", locked(card.Auth), left(1, card.Sign)),
		adult.as("counters-differ", "住民基本台帳用の二つの回数がちがう", left(1, card.Common)),
		infant.as("child", "15歳未満のカード。署名用はもともとない"),
		infant.as("child-locked-auth", "15歳未満のカード、利用者証明用がロック", locked(card.Auth)),
		infant.as("child-absent-key", "15歳未満のカード、署名用の鍵そのものがない", set(func(s *Spec) { delete(s.Left, card.Sign) })),
		infant.as("sign-unclear", "署名用だけロック、証明書の有無がわからない", set(func(s *Spec) { s.Presence = nil })),
		adult.as("expiring", "電子証明書が3か月以内に切れる", ends(soon, later)),
		adult.as("expiring-locked-sign", "電子証明書が3か月以内に切れ、署名用がロック", ends(soon, later), locked(card.Sign)),
		adult.as("expires-today", "電子証明書が今日まで", ends(today, later)),
		adult.as("expired", "電子証明書が先月切れた", ends(today.AddMonths(-1), later)),
		adult.as("expired-locked", "電子証明書が切れ、署名用と券面事項入力補助用がロック", ends(today.AddDays(-1), later),
			locked(card.Sign, card.InputSupport)),
		adult.as("expired-grace-over", "電子証明書が半年前に切れた", ends(today.AddMonths(-6), later)),
		adult.as("ending-together", "カードも電子証明書も3か月以内に切れる", ends(soon, soon)),
		adult.as("ending-locked-sign", "カードも電子証明書も3か月以内に切れ、署名用がロック", ends(soon, soon), locked(card.Sign)),
		adult.as("card-past", "カードの有効期限が過ぎた", ends(today.AddDays(-1), today.AddDays(-1))),
		adult.as("card-date-stale", "チップのカード期限が古い（在留期間の延長後）", ends(today.AddMonths(30), today.AddMonths(-1))),
		adult.as("no-certificates", "電子証明書のないカード、券面事項入力補助用がロック", locked(card.Sign, card.InputSupport),
			set(func(s *Spec) { s.AuthFrom, s.AuthTo, s.Presence = card.Date{}, card.Date{}, []byte{0, 0, 0} })),
		adult.as("licence-added", "マイナ免許証つき", set(func(s *Spec) {
			s.Applications, s.Left[card.Licence], s.LicencePIN = append(s.Applications, card.LicenceApp), 10, true
		})),
		adult.as("residence", "特定在留カード", ends(today.AddMonths(58), today.AddMonths(58)), set(func(s *Spec) {
			s.AuthFrom = card.Date{Year: 2026, Month: 7, Day: 1}
			s.Applications = append(s.Applications, card.ResidenceApp)
		})),
		adult.as("everything-added", "マイナ免許証と在留APつき、期限は記録から、最初の応答は6F00", set(func(s *Spec) {
			s.AuthFrom = card.Date{Year: 2026, Month: 7, Day: 1}
			s.Applications = append(s.Applications, card.LicenceApp, card.ResidenceApp)
			s.Left[card.Licence], s.LicencePIN, s.DateInRecord, s.FirstAnswer6F00 = 10, true, true, true
		})),
		adult.as("licence-without-pin", "マイナ免許証つき、暗証番号なし", set(func(s *Spec) {
			s.Applications = append(s.Applications, card.LicenceApp)
		})),
		adult.as("no-short-ids", "短いファイルIDに答えないチップ", set(func(s *Spec) { s.NoShortIDs = true })),
		adult.as("first-6f00", "最初の命令に6F00と答えるチップ", set(func(s *Spec) { s.FirstAnswer6F00 = true })),
		adult.as("date-in-record", "カードの期限を共通カードAPだけが持つ", set(func(s *Spec) { s.DateInRecord = true })),
		adult.as("no-card-date", "カードの期限がわからない", set(func(s *Spec) { s.CardTo = card.Date{} })),
		adult.as("chained", "長い答えを61xxで分ける", set(func(s *Spec) { s.Chain = 16 })),
		adult.as("long-serial", "電子証明書の番号が長く、窓に入らない", set(func(s *Spec) { s.Serial = 20 })),
		adult.as("far-future", "2051年までの電子証明書", ends(card.Date{Year: 2051, Month: 2, Day: 17}, card.Date{Year: 2051, Month: 2, Day: 17})),
		adult.as("blocked-6983", "ロックを6983と答えるチップ", set(func(s *Spec) { s.Strange = map[card.Key]card.Status{card.Sign: 0x6983} })),
		adult.as("odd-juki", "住民基本台帳用が回数を答えない", set(func(s *Spec) { s.Strange = map[card.Key]card.Status{card.Juki: 0x6300} })),
		adult.as("no-surface", "券面事項確認APが見つからない", without(card.SurfaceApp)),
		adult.as("juki-card", "住基カード", without(card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp), set(func(s *Spec) {
			s.Kind, s.Label, s.ATR, s.CardTo = card.JukiCard, "JPKIAPICCTOKEN", atrJuki, card.Date{}
		})),
		adult.as("phone-android", "Androidの電子証明書", without(card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp), set(func(s *Spec) {
			s.Kind, s.Label, s.ATR, s.CardTo = card.PhoneAndroid, "JPKIAPGPSETOKEN", atrPlain, card.Date{}
		})),
		adult.as("phone-iphone", "iPhoneのマイナンバーカード", without(card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp), set(func(s *Spec) {
			s.Kind, s.Label, s.ATR, s.CardTo = card.PhoneIPhone, "JPKIAPIOSTOKEN", atrPlain, card.Date{}
		})),
		adult.as("next-card", "このキオスクが知らない新しいカード", without(card.InputSupportApp, card.SurfaceApp, card.JukiApp, card.CommonApp), set(func(s *Spec) {
			s.Kind, s.Label, s.CardTo = card.UnknownJPKI, "JPKIAPICCTOKEN3", card.Date{}
		})),
		other("drivers-licence", "運転免許証", card.DriversLicence, atrLicence, "\xA0\x00\x00\x02\x31\x01"+zeros10),
		other("residence-card", "在留カード", card.ResidenceCard, atrPlain, "\xD3\x92\xF0\x00\x4F\x02"+zeros10),
		other("passport", "パスポート", card.Passport, atrPlain, "\xA0\x00\x00\x02\x47\x10\x01"),
		other("payment-card", "クレジットカード", card.PaymentCard, atrPlain, "2PAY.SYS.DDF01"),
		{Name: "transit-card", About: "交通系ICカード", Kind: card.FeliCa, ATR: atrFeliCa, NoCommands: true},
		other("other-card", "ほかのICカード", card.KindUnknown, atrPlain, "\xA0\x00\x00\x00\x03\x00\x00\x00"),
	}
}
