//go:build image

package image_test

import "testing"

// TestImage proves the image, part by part, each in a machine of its own. When all have passed, what they measured is
// written into RESULTS.md.
func TestImage(t *testing.T) {
	r := newResults(t)
	var parts []string
	for _, part := range []struct {
		name string
		test func(*testing.T, *results)
	}{
		{"visit", visitTest}, {"bare", bareTest}, {"slots", slotsTest}, {"tries", triesTest}, {"pi", piTest}, {"faults", faultsTest}, {"cuts", cutsTest},
		{"update", updateTest}, {"refused", refusedTest}, {"trial", trialTest}, {"torn", tornTest}, {"doors", doorsTest}, {"start", startTest},
	} {
		parts = append(parts, part.name)
		t.Run(part.name, func(t *testing.T) {
			r.begin(t, part.name)
			part.test(t, r)
			if !t.Failed() {
				r.passed(t, part.name)
			}
		})
	}
	r.write(t, parts)
}
