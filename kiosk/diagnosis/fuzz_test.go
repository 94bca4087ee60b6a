package diagnosis_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
)

// FuzzParseAnswers reads answers from anything. What is taken can be written down again, and nothing is answered that was
// not named.
func FuzzParseAnswers(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		a, err := diagnosis.ParseAnswers(s)
		if err != nil {
			return
		}
		var said []string
		for _, q := range allQuestions {
			v := a.Of(q)
			if v == diagnosis.Unknown {
				continue
			}
			yes, no := "yes", "no"
			if q == diagnosis.Resident {
				yes, no = "here", "elsewhere"
			}
			said = append(said, string(q)+"="+map[diagnosis.Tri]string{diagnosis.Yes: yes, diagnosis.No: no}[v])
		}
		for _, k := range a.Forgotten {
			if !slices.Contains(forgettable, k) {
				t.Fatalf("ParseAnswers(%q) has %s forgotten", s, k)
			}
			said = append(said, "forgotten="+k.String())
		}
		for _, pair := range said {
			if !strings.Contains(s, pair) {
				t.Errorf("ParseAnswers(%q) says %s", s, pair)
			}
		}
		again, err := diagnosis.ParseAnswers(strings.Join(said, ","))
		if d := cmp.Diff(a, again); err != nil || d != "" {
			t.Errorf("ParseAnswers(%q), written down and read again: %v\n%s", s, err, d)
		}
		diagnosis.Diagnose(card.NewFacts(), on("2026-11-24"), a)
		diagnosis.Diagnose(healthy(), on("2026-11-24"), a)
	})
}
