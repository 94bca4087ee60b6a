package card_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/diagnosis"

	"github.com/google/go-cmp/cmp"
)

// script is a chip in front of which somebody answers as he likes. One byte for each exchange says how: below 80 the chip
// answers; 80–BF so many bytes and a status word follow; C0–DF a status word follows that stands behind the chip's own
// data; FD is an error, FE nothing, FF a single byte. After its end the chip answers.
type script struct {
	chip *cardtest.Card
	rest []byte
}

// Transmit plays the next part.
func (s *script) Transmit(c []byte) ([]byte, error) {
	answer, err := s.chip.Transmit(c)
	take := func(n int) (part []byte) {
		n = min(n, len(s.rest))
		part, s.rest = slices.Clone(s.rest[:n]), s.rest[n:]
		return part
	}
	op := take(1)
	switch {
	case err != nil || len(op) == 0 || op[0] < 0x80:
	case op[0] < 0xC0:
		answer = take(int(op[0]&0x3F) + 2)
	case op[0] < 0xE0:
		answer = append(answer[:len(answer)-2], take(2)...)
	case op[0] == 0xFD:
		return nil, cardtest.ErrTorn
	case op[0] == 0xFE:
		return nil, nil
	case op[0] == 0xFF:
		return []byte{0x90}, nil
	}
	return answer, err
}

// FuzzRead reads cards that answer anything. Whatever they say, only harmless commands are sent, the reading ends, and what
// it claims of a counter was said of that counter.
func FuzzRead(f *testing.F) {
	specs := []cardtest.Spec{cardtest.Adult(cardtest.Reference), theLongWay("the-long-way"), {Name: "nothing"}}
	for _, s := range cardtest.Library() {
		if s.Name == "locked-all" || s.Name == "drivers-licence" || s.Name == "transit-card" || s.Name == "everything-added" {
			specs = append(specs, s)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, played []byte) {
		spec := specs[int(which)%len(specs)]
		said := map[card.Key][]card.Status{} // to VERIFY
		missing := map[card.Application]bool{}
		lacking := map[card.Key]bool{}
		w := &witness{chip: &script{spec.New(), played}, rest: -1, note: func(c command, _ []byte, sw card.Status) {
			switch {
			case c.what == counter && c.how != selecting:
				said[c.key] = append(said[c.key], sw)
			case c.what == counter && sw == 0x6A82:
				lacking[c.key] = true
			case c.what == application && sw == 0x6A82:
				missing[c.app] = true
			}
		}}
		got, err := card.Read(context.Background(), card.Card{Transmitter: w, ATR: spec.ATR}, nil)
		if w.illegal != "" {
			t.Fatalf("%s may not be sent", w.illegal)
		}
		if got.Exchanges != w.sent || w.sent > 400 {
			t.Fatalf("%d exchanges, %d counted", w.sent, got.Exchanges)
		}
		if err != nil && !errors.Is(err, card.ErrRemoved) || (err != nil) != (got.Outcome == card.Removed) {
			t.Fatalf("Read = %s, %v", got.Outcome, err)
		}
		for _, c := range got.Counters {
			var ok bool
			switch words := said[c.Key]; c.State {
			case card.Counted:
				ok = c.Left > 0 && slices.Contains(words, card.Status(0x63C0+c.Left))
			case card.Blocked:
				ok = c.Left == 0 && (slices.Contains(words, 0x63C0) || slices.Contains(words, 0x6983) || slices.Contains(words, 0x6984))
			case card.CounterAbsent:
				ok = lacking[c.Key] || missing[c.Key.Spec().Application] || c.Key == card.Licence
			default:
				ok = got.Outcome != card.Complete || c.Key == card.Licence || c.State == card.Unreported && !core(c.Key)
			}
			if !ok {
				t.Fatalf("a %s reading says that %s is %s %d; the chip said %s", got.Outcome, c.Key, c.State, c.Left, said[c.Key])
			}
		}
		auth := got.Certificate(card.AuthCertificate)
		if auth.State == card.CertificateRead && auth.NotAfter.Before(auth.NotBefore.AddDays(-1)) {
			t.Fatalf("the auth certificate is valid from %s to %s", auth.NotBefore, auth.NotAfter)
		}
		if got.Outcome == card.Complete && (got.Kind != card.MyNumberCard || auth.State == card.CertificateUnread) {
			t.Fatalf("a complete reading of a %s, auth certificate %s", got.Kind, auth.State)
		}
		if (verdicts{}).of(got).Code == diagnosis.AllClear {
			for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.InputSupportB, card.SurfaceB, card.Juki, card.Common} {
				c := got.Counter(k)
				never := k == card.Sign && got.Certificate(card.SignCertificate).State == card.CertificateAbsent
				if got.Outcome != card.Complete || c.State != card.Counted && c.State != card.CounterAbsent && !never {
					t.Fatalf("all-clear of a %s reading with %s %s", got.Outcome, k, c.State)
				}
			}
		}
	})
}

// FuzzFacts reads documents. What is taken is written again as the same facts, and no counter in it is one that a chip
// could not have.
func FuzzFacts(f *testing.F) {
	f.Fuzz(func(t *testing.T, document []byte) {
		var facts, again card.Facts
		if err := json.Unmarshal(document, &facts); err != nil {
			return
		}
		for _, c := range facts.Counters {
			if number := c.State == card.Counted || c.State == card.Blocked; c.Left < 0 || c.Left > 15 || (c.State == card.Counted) != (c.Left > 0) || !number && c.Left != 0 {
				t.Fatalf("%s is %s %d", c.Key, c.State, c.Left)
			}
		}
		written, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("own document %s: %v", written, err)
		}
		if d := cmp.Diff(facts, again); d != "" {
			t.Fatalf("facts changed on their way through JSON:\n%s", d)
		}
		verdicts{}.of(facts)
	})
}
