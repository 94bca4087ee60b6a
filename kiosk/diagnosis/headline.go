package diagnosis

// headlines is rules §8.2: the first hit wins. Modifiers never set a headline.
var headlines = []struct {
	code HeadlineCode
	fits func(*situation) bool
}{
	{WrongCard, (*situation).notOurs},
	{ReadAgain, (*situation).incomplete},
	{CardExpired, func(s *situation) bool { return s.card.past() }},
	{CertificatesAbsent, (*situation).noAuth},
	{FaceCardFound, (*situation).faceCard},
	{CertificateExpired, func(s *situation) bool { return s.auth.past() }},
	{LockedSeveral, func(s *situation) bool { return len(s.locked) > 1 }},
	{Locked, func(s *situation) bool { return len(s.locked) > 0 }},
	{CardExpiresSoon, func(s *situation) bool { return s.card.soon() }},
	{CertificateExpiresSoon, func(s *situation) bool { return s.auth.soon() }},
	{Forgotten, func(s *situation) bool { return len(s.forgotten) > 0 }},
	// Not proven past, near or far. The card ends no earlier, so its own date then matters no more.
	{DateUnknown, func(s *situation) bool { return !s.auth.far() }},
	{ReadAgain, (*situation).unheard}, // never a false all-clear
	{AllClear, func(*situation) bool { return true }},
}

func (s *situation) headline() Headline {
	for _, h := range headlines {
		if !h.fits(s) {
			continue
		}
		switch h.code {
		case Locked:
			return Headline{Locked, s.locked[0]}
		case Forgotten: // of several the first in key order (rules §8.3)
			return Headline{Forgotten, s.forgotten[0]}
		}
		return Headline{Code: h.code}
	}
	return Headline{}
}
