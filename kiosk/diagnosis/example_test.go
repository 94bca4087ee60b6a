package diagnosis_test

import (
	"fmt"
	"time"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// The normal use: facts from card.Read, an interval from hw/clock, the visitor's answers so far.
func ExampleDiagnose() {
	facts := healthy()
	facts.Counters[card.Sign-1] = card.Counter{Key: card.Sign, State: card.Blocked}
	t := time.Date(2026, 11, 24, 10, 15, 0, 0, card.Tokyo)
	now := diagnosis.Now{Earliest: t, Latest: t, Why: "NTP"}

	var answers diagnosis.Answers
	r := diagnosis.Diagnose(facts, now, answers)
	fmt.Println(r.Headline)
	fmt.Println(r.Primary.Route, r.Primary.Actions, "yes:", r.Primary.Yes.Route, "no:", r.Primary.No.Route)
	fmt.Println(r.Questions)

	// The visitor has no suitable phone: the question is settled, and so is the way.
	answers = answers.With(diagnosis.NFCPhone, diagnosis.No)
	r = diagnosis.Diagnose(facts, now, answers)
	fmt.Println(r.Primary.Route, r.Primary.At, r.Primary.Actions, r.Questions)
	for _, c := range r.Clerk {
		fmt.Println(c.Application, c.Key.Spec().Official, c.State)
	}
	// Output:
	// locked:sign
	// ask [reset:sign] yes: store no: counter
	// [nfc-phone other-pin-known unchanged-since-issue]
	// counter office [reset:sign] []
	// 公的個人認証AP 署名用電子証明書の暗証番号 blocked
}
