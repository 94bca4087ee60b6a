package card

import (
	"bytes"
	"errors"
	"testing"
)

// chip notes every byte that reaches it and answers from a list, then 9000.
type chip struct {
	got     [][]byte
	answers [][]byte
}

func (c *chip) Transmit(command []byte) ([]byte, error) {
	c.got = append(c.got, bytes.Clone(command))
	if len(c.answers) > 0 {
		a := c.answers[0]
		c.answers = c.answers[1:]
		return a, nil
	}
	return []byte{0x90, 0x00}, nil
}

var (
	selectJPKI = selectApplication(JPKI.AID())
	notFound   = []byte{0x6A, 0x82}
	fine       = []byte{0x90, 0x00}
)

// TestGuardTable walks design.md §5 row by row: what may pass in which state, and what next to it may not.
func TestGuardTable(t *testing.T) {
	jpki := func(g *guard) { mustPass(t, g, selectJPKI) }
	text := func(g *guard) { mustPass(t, g, selectApplication(InputSupportApp.AID())) }
	failed := func(g *guard) {
		g.to.(*chip).answers = [][]byte{notFound}
		mustPass(t, g, selectJPKI)
	}
	then := func(steps ...func(*guard)) func(*guard) {
		return func(g *guard) {
			for _, s := range steps {
				s(g)
			}
		}
	}
	pass := func(c ...byte) func(*guard) { return func(g *guard) { mustPass(t, g, c) } }
	start := func(*guard) {}
	for _, test := range []struct {
		name    string
		before  func(*guard)
		command []byte
		allowed bool
	}{
		{"SELECT of a known application", start, selectJPKI, true},
		{"SELECT of another card's application", start, selectApplication([]byte(otherCards[0].aid)), true},
		{"SELECT by a prefix", start, selectApplication(JPKI.AID()[:9]), false},
		{"SELECT of an unknown application", start, selectApplication([]byte("\xA0\x00\x00\x00\x03")), false},
		{"SELECT with FCI", start, append([]byte{0, 0xA4, 0x04, 0x00, 10}, JPKI.AID()...), false},
		{"SELECT with Le", start, append(selectApplication(JPKI.AID()), 0), false},
		{"SELECT of the MF", start, []byte{0, 0xA4, 0, 0}, false},
		{"SELECT on channel 1", start, append([]byte{0x01}, selectJPKI[1:]...), false},
		{"PPSE before anything", start, selectPPSE(), false},
		{"PPSE after JPKI failed", failed, selectPPSE(), true},
		{"PPSE after JPKI", jpki, selectPPSE(), false},
		{"SELECT EF of a key", jpki, selectFile(0x0018), true},
		{"SELECT EF of a file", jpki, selectFile(fileAuth), true},
		{"SELECT EF without application", start, selectFile(0x0018), false},
		{"SELECT EF of another application's key", jpki, selectFile(0x0011), false},
		{"SELECT EF of the signature certificate", jpki, selectFile(0x0001), false},
		{"SELECT EF of a private key", jpki, selectFile(0x001A), false},
		{"SELECT EF of an authority unasked", jpki, selectFile(fileAuthAuthority), false},
		{"SELECT EF after a failed SELECT", then(jpki, failed), selectFile(0x0018), false},
		{"query by short id", jpki, queryShort(0x18), true},
		{"query by short id of another application", jpki, queryShort(0x11), false},
		{"query without application", start, queryShort(0x18), false},
		{"query of the current file", then(jpki, pass(selectFile(0x0018)...)), queryCurrent(), true},
		{"query with no current file", jpki, queryCurrent(), false},
		{"query while a certificate is current", then(jpki, pass(selectFile(fileAuth)...)), queryCurrent(), false},
		{"query with Le", jpki, []byte{0, 0x20, 0, 0x98, 0}, false},
		{"VERIFY with a PIN", jpki, []byte{0, 0x20, 0, 0x98, 4, '0', '0', '0', '0'}, false},
		{"VERIFY with P1", jpki, []byte{0, 0x20, 1, 0x98}, false},
		{"VERIFY of an ever-blocked reference", text, queryShort(0x12), false},
		{"CHANGE REFERENCE DATA", jpki, []byte{0, 0x24, 0, 0x98}, false},
		{"RESET RETRY COUNTER", jpki, []byte{0, 0x2C, 0, 0x98}, false},
		{"COMPUTE SIGNATURE", jpki, []byte{0x80, 0x2A, 0, 0x97}, false},
		{"label", jpki, readShort(0x06, 0, 32), true},
		{"label and one byte more", jpki, readShort(0x06, 0, 33), false},
		{"serial number behind the label", jpki, readShort(0x06, 80, 16), false},
		{"whole label file", jpki, readShort(0x06, 0, 0), false},
		{"presence", jpki, readShort(0x08, 0, 3), true},
		{"window", jpki, readShort(0x0A, 160, 48), true},
		{"window a byte early", jpki, readShort(0x0A, 159, 48), false},
		{"window a byte long", jpki, readShort(0x0A, 160, 49), false},
		{"whole certificate first", jpki, readShort(0x0A, 0, 0), false},
		{"whole certificate after the window", then(jpki, pass(readShort(0x0A, 160, 48)...), pass(selectFile(fileAuth)...)), readCurrent(0, 0), true},
		{"beyond the prefix", then(jpki, pass(readShort(0x0A, 160, 48)...), pass(selectFile(fileAuth)...)), readCurrent(512, 0), false},
		{"prefix in another selection", then(jpki, pass(readShort(0x0A, 160, 48)...), text, jpki, pass(selectFile(fileAuth)...)), readCurrent(0, 0), false},
		{"current file after a read by short id", then(jpki, pass(selectFile(0x0006)...), pass(readShort(0x08, 0, 3)...)), readCurrent(0, 3), false},
		{"read of the signature certificate", jpki, readShort(0x01, 0, 16), false},
		{"read of name and address", text, readShort(0x02, 0, 16), false},
		{"read of an authority unasked", jpki, readShort(0x0B, 0, 0), false},
		{"read with extended Le", jpki, []byte{0, 0xB0, 0x86, 0, 0, 0, 0x20}, false},
		{"card expiry", start, getCardExpiry(), true},
		{"card expiry with the length that 6Cxx names", start, []byte{0, 0xCA, 0, 0xF2, 8}, true},
		{"card expiry after an application", jpki, getCardExpiry(), false},
		{"municipality", start, []byte{0, 0xCA, 0, 0xF0, 0}, false},
		{"record before GET DATA", pass(selectApplication(CommonApp.AID())...), readCommonRecord(), false},
		{"record after GET DATA gave nothing", then(pass(getCardExpiry()...), pass(selectApplication(CommonApp.AID())...)), readCommonRecord(), true},
		{"record elsewhere", then(pass(getCardExpiry()...), jpki), readCommonRecord(), false},
		{"another record", then(pass(getCardExpiry()...), pass(selectApplication(CommonApp.AID())...)), []byte{0, 0xB2, 2, 0x0C, 0}, false},
		{"GET RESPONSE out of the blue", jpki, getResponse(16), false},
		{"licence presence", pass(selectApplication(LicenceApp.AID())...), readShort(0x1A, 0, 3), true},
		{"nothing", jpki, nil, false},
		{"a control byte of the virtual reader", jpki, []byte{1}, false},
	} {
		c := &chip{}
		g := &guard{to: c}
		test.before(g)
		sent := len(c.got)
		_, _, err := g.exchange(test.command)
		if allowed := err == nil; allowed != test.allowed {
			t.Errorf("%s: allowed = %v (%v); want %v", test.name, allowed, err, test.allowed)
		}
		if !test.allowed && (!errors.Is(err, ErrForbidden) || len(c.got) != sent) {
			t.Errorf("%s: refused with %v and %d commands sent; want ErrForbidden and none", test.name, err, len(c.got)-sent)
		}
	}
}

func mustPass(t *testing.T, g *guard, command []byte) {
	t.Helper()
	if _, _, err := g.exchange(command); err != nil {
		t.Fatalf("exchange(% X) = %v; want it allowed", command, err)
	}
}

func TestGuardGetResponseFollowsOnly61(t *testing.T) {
	c := &chip{answers: [][]byte{fine, {0x61, 0x10}, {0x61, 0x08}, fine}}
	g := &guard{to: c}
	mustPass(t, g, selectJPKI)
	mustPass(t, g, readShort(0x06, 0, 32))
	if _, _, err := g.exchange(getResponse(0x11)); !errors.Is(err, ErrForbidden) {
		t.Errorf("GET RESPONSE of another length = %v; want ErrForbidden", err)
	}
	mustPass(t, g, getResponse(0x10))
	mustPass(t, g, getResponse(0x08))
	if _, _, err := g.exchange(getResponse(0x08)); !errors.Is(err, ErrForbidden) {
		t.Errorf("GET RESPONSE after the end = %v; want ErrForbidden", err)
	}
}

func TestGuardCopiesTheCommand(t *testing.T) {
	command := queryShort(0x18)
	g := &guard{to: &swapping{command}}
	mustPass(t, g, selectJPKI)
	mustPass(t, g, command)
}

// swapping changes the caller's slice while the command is on its way.
type swapping struct{ command []byte }

func (s *swapping) Transmit(sent []byte) ([]byte, error) {
	s.command[1] = 0x2C
	if sent[1] == 0x2C {
		return nil, errors.New("the changed command was sent")
	}
	if sent[1] == 0xA4 {
		s.command[1] = 0x20
	}
	return fine, nil
}

// FuzzGuard sends any sequence of commands against any answers. An independent, stateless description of what can
// be harmless must hold for every command that reached the chip, and a refused one must not have reached it.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{15}, []byte{0x90, 0x00})
	seed := func(commands ...[]byte) {
		var b []byte
		for _, c := range commands {
			b = append(append(b, byte(len(c))), c...)
		}
		f.Add(b, []byte{0x90, 0x00, 0x61, 0x10, 0x6A, 0x82})
	}
	seed(getCardExpiry(), selectJPKI, queryShort(0x18), readShort(0x06, 0, 32), []byte{0, 0x20, 0, 0x98, 4, 1, 2, 3, 4})
	seed(selectJPKI, selectFile(fileAuth), readCurrent(160, 48), readCurrent(0, 0), getResponse(0x10), selectPPSE())
	seed(selectApplication(CommonApp.AID()), readCommonRecord(), queryShort(0x1C), queryCurrent())
	f.Fuzz(func(t *testing.T, script, words []byte) {
		c := &chip{}
		g := &guard{to: c}
		for len(script) > 0 {
			n := min(int(script[0]), len(script)-1)
			command := script[1 : 1+n]
			script = script[1+n:]
			if len(words) >= 2 {
				c.answers = [][]byte{words[:2]}
				words = words[2:]
			}
			sent := len(c.got)
			_, _, err := g.exchange(command)
			if errors.Is(err, ErrForbidden) != (len(c.got) == sent) {
				t.Fatalf("exchange = %v with %d commands sent", err, len(c.got)-sent)
			}
			if len(c.got) > sent && !harmless(c.got[sent]) {
				t.Fatalf("% X reached the chip", c.got[sent])
			}
		}
	})
}

// harmless says in other words than the guard what may ever be sent, whatever came before.
func harmless(c []byte) bool {
	if len(c) < 4 || len(c) > 21 || c[0] != 0 {
		return false
	}
	switch c[1] {
	case 0x20: // never with data
		return len(c) == 4 && c[2] == 0 && c[3]&0x80 != 0
	case 0xA4:
		return c[2] == 4 && (c[3] == 0x0C || bytes.Contains(c, []byte(ppse))) || c[2] == 2 && len(c) == 7 && c[5] == 0 && c[6] < 0x1F && c[6] != 0x01
	case 0xB0: // at most the first 512 bytes of anything
		return len(c) == 5 && (c[2]&0x80 != 0 && c[2]&0x1F != 0x01 || c[2] < 2)
	case 0xCA:
		return len(c) == 5 && c[2] == 0 && c[3] == 0xF2
	case 0xB2:
		return len(c) == 5 && c[2] == 1 && c[3] == 0x0C
	case 0xC0:
		return len(c) == 5 && c[2] == 0 && c[3] == 0
	}
	return false
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte("\x30\x1E\x17\x0D251027010203Z\x17\x0D300217145959Z"))
	f.Add([]byte("\x30\x82\x01\x00\x30\x81\x80\xA0\x03\x02\x01\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte) (validity, bool){windowValidity, prefixValidity} {
			if v, ok := read(b); ok && (!v.notBefore.Known() || v.notAfter.Before(v.notBefore.AddDays(-1))) {
				t.Fatalf("validity of % X is %v", b, v)
			}
		}
	})
}

func TestValidityYears(t *testing.T) {
	for _, test := range []struct{ der, until string }{
		{"\x30\x1E\x17\x0D251027010203Z\x17\x0D491231145959Z", "2049-12-31"},
		{"\x30\x20\x17\x0D461027010203Z\x18\x0F20510217145959Z", "2051-02-17"},
		{"\x30\x22\x18\x0F20500101010203Z\x18\x0F20550217145959Z", "2055-02-17"},
		{"\x30\x1E\x17\x0D511027010203Z\x17\x0D521231145959Z", "1952-12-31"}, // UTCTime cannot mean 2052
	} {
		v, ok := windowValidity([]byte("filler" + test.der + "filler"))
		if !ok || v.notAfter.String() != test.until {
			t.Errorf("windowValidity(%q) = %s, %v; want %s", test.der, v.notAfter, ok, test.until)
		}
	}
	twice := "\x30\x1E\x17\x0D251027010203Z\x17\x0D491231145959Z"
	if _, ok := windowValidity([]byte(twice + twice)); ok {
		t.Error("windowValidity took one of two candidates")
	}
}
