package diagnosis

import "kagimado/card"

// RowOf returns the row of rules §8.3 that a visit falls into, Rows all of them.
func RowOf(f card.Facts, now Now, a Answers) string { return situationOf(f, now, a).row().situation }

// Rows lists the rows in their order.
func Rows() []string {
	var names []string
	for _, r := range paths() {
		names = append(names, r.situation)
	}
	return names
}
