package card

import (
	"bytes"
	"time"
)

// validity holds both ends of a certificate as days (design.md §6).
type validity struct{ notBefore, notAfter Date }

// windowValidity finds the validity in the window of an auth certificate by its shape: a SEQUENCE of exactly two
// times (RFC 5280 §4.1.2.5). Two candidates, or ends in the wrong order, prove nothing.
func windowValidity(b []byte) (v validity, ok bool) {
	for i := range b {
		w, good := parseValidity(b[i:])
		if !good {
			continue
		}
		if ok {
			return validity{}, false
		}
		v, ok = w, true
	}
	return v, ok
}

// prefixValidity walks a certificate from its first byte to its validity. It takes a prefix on purpose: the rest
// would only be personal. crypto/x509 needs the whole certificate and is therefore the wrong tool here.
func prefixValidity(b []byte) (validity, bool) {
	body, ok := enter(b, 0x30)
	if ok {
		body, ok = enter(body, 0x30) // tbsCertificate
	}
	for _, tag := range []byte{0xA0, 0x02, 0x30, 0x30} { // version, serialNumber, signature, issuer
		if ok {
			body, ok = skip(body, tag)
		}
	}
	if !ok {
		return validity{}, false
	}
	return parseValidity(body)
}

// header reads a DER tag and a definite length of at most two octets.
func header(b []byte, tag byte) (start, length int, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return 0, 0, false
	}
	switch n := int(b[1]); {
	case n < 0x80:
		return 2, n, true
	case n == 0x81 && len(b) >= 3 && b[2] >= 0x80:
		return 3, int(b[2]), true
	case n == 0x82 && len(b) >= 4 && b[2] != 0:
		return 4, int(b[2])<<8 | int(b[3]), true
	}
	return 0, 0, false
}

// enter returns what is there of the contents, which may be cut short.
func enter(b []byte, tag byte) ([]byte, bool) {
	start, length, ok := header(b, tag)
	if !ok {
		return nil, false
	}
	return b[start:min(start+length, len(b))], true
}

// skip returns what follows an element that must be wholly there.
func skip(b []byte, tag byte) ([]byte, bool) {
	start, length, ok := header(b, tag)
	if !ok || start+length > len(b) {
		return nil, false
	}
	return b[start+length:], true
}

// parseValidity reads a Validity that begins at b[0]. Its times are UTCTime through 2049 and GeneralizedTime from
// 2050 on.
func parseValidity(b []byte) (validity, bool) {
	start, length, ok := header(b, 0x30)
	if !ok || start+length > len(b) {
		return validity{}, false
	}
	from, rest, ok := parseTime(b[start : start+length])
	if !ok {
		return validity{}, false
	}
	to, rest, ok := parseTime(rest)
	if !ok || len(rest) != 0 || !from.Before(to) {
		return validity{}, false
	}
	v := validity{DateOf(from), DateOf(to)}
	// The last second of a day in Tokyo counts its own day; any earlier moment leaves the day before as the last
	// whole one.
	if !to.Add(time.Second).Equal(v.notAfter.AddDays(1).Time()) {
		v.notAfter = v.notAfter.AddDays(-1)
	}
	return v, true
}

func parseTime(b []byte) (t time.Time, rest []byte, ok bool) {
	layout := "060102150405Z"
	start, length, ok := header(b, 0x17)
	if !ok {
		layout = "20060102150405Z"
		start, length, ok = header(b, 0x18)
	}
	if !ok || length != len(layout) || start+length > len(b) {
		return time.Time{}, nil, false
	}
	digits := b[start : start+length]
	if bytes.ContainsFunc(digits[:length-1], func(r rune) bool { return r < '0' || r > '9' }) {
		return time.Time{}, nil, false // time.Parse would take a sign or a fraction here and there
	}
	t, err := time.Parse(layout, string(digits))
	if err != nil {
		return time.Time{}, nil, false
	}
	if length == 13 { // RFC 5280: YY ≥ 50 is 19YY; package time puts the border at 69
		year := 1900 + int(digits[0]-'0')*10 + int(digits[1]-'0')
		if year < 1950 {
			year += 100
		}
		t = t.AddDate(year-t.Year(), 0, 0)
	}
	return t, b[start+length:], true
}

// parseCardExpiry takes the last eight ASCII digits of b as a day: some cards put a tag and a length before them
// (card.md §5).
func parseCardExpiry(b []byte) Date {
	if len(b) < 8 {
		return Date{}
	}
	t, err := time.ParseInLocation("20060102", string(b[len(b)-8:]), Tokyo)
	if err != nil || t.Year() < 2015 || t.Year() > 2199 {
		return Date{}
	}
	return DateOf(t)
}
