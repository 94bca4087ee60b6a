//go:build faults

package card_test

import (
	"slices"
	"testing"
)

// TestEveryWord is TestEveryAnswer with all status words, every SW1 with SW2 of 00, 01, 0F and 80 to CF, on a healthy card
// and on one with every counter blocked.
func TestEveryWord(t *testing.T) {
	sw1, sw2 := make([]int, 256), []int{0x00, 0x01, 0x0F}
	for i := range sw1 {
		sw1[i] = i
	}
	for i := 0x80; i <= 0xCF; i++ {
		sw2 = append(sw2, i)
	}
	few := slices.DeleteFunc(patients(t), func(p patient) bool {
		return p.spec.Name != "all-fine" && p.spec.Name != "locked-all"
	})
	all := outcomes{}
	all.sweep(t, patients(t), answers(thinned()))
	all.sweep(t, few, answers(each(sw1, sw2)))
	all.keep(t)
}
