package diagnosis

import "kagimado/card"

// clerk lists every counter that is not fine, and both copies of 照合番号B and of the 住民基本台帳用 PIN whenever one
// of them is named or the two PIN copies differ: whoever looks at one application only says "nothing is locked"
// (rules §0 C8). It tells counters, not opinions: a child's blocked S counter stands here too.
func (s *situation) clerk() []ClerkLine {
	if s.notOurs() {
		return nil
	}
	named := map[card.Key]bool{card.Juki: s.copiesDiffer()}
	for _, spec := range card.Keys() {
		named[spec.Key] = named[spec.Key] || !fine(counter(s.facts, spec.Key))
	}
	for _, k := range []card.Key{card.Juki, card.SurfaceB} {
		pair := copies(k)
		both := named[pair[0]] || named[pair[1]]
		named[pair[0]], named[pair[1]] = both, both
	}
	var lines []ClerkLine
	for _, spec := range card.Keys() {
		if named[spec.Key] {
			lines = append(lines, clerkLine(counter(s.facts, spec.Key)))
		}
	}
	return lines
}

func clerkLine(c card.Counter) ClerkLine {
	line := ClerkLine{Key: c.Key, Application: c.Key.Spec().Application.String(), State: c.State}
	if counts(c) {
		line.Left = &c.Left
	}
	return line
}

// fine tells that nobody has to look at c: tries to spare, no such key, or not asked. A counter that was not asked is
// unknown rather than wrong, and the headline already says read-again where that matters.
func fine(c card.Counter) bool {
	switch c.State {
	case card.Counted:
		return c.Left > 1
	case card.CounterAbsent, card.CounterUnread:
		return true
	}
	return false
}
