package card_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/conformance"

	"github.com/google/go-cmp/cmp"
)

func TestConformanceInMemory(t *testing.T) {
	conformance.Run(t, func(_ *testing.T, c *cardtest.Card) card.Card { return inMemory(c) })
}

func inMemory(c *cardtest.Card) card.Card { return card.Card{Transmitter: c, ATR: c.ATR()} }

// TestReadTranscript reads answers that were written by hand, so that reader and simulated card cannot be wrong
// together.
func TestReadTranscript(t *testing.T) {
	recording, err := os.ReadFile("testdata/everything.apdu")
	if err != nil {
		t.Fatal(err)
	}
	p, err := cardtest.NewPlayback(string(recording))
	if err != nil {
		t.Fatal(err)
	}
	got, err := card.Read(context.Background(), card.Card{Transmitter: p}, nil)
	if err != nil || p.Left() != 0 {
		t.Fatalf("Read = %v with %d exchanges left; want all of them used", err, p.Left())
	}
	document, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema":"facts/1","kind":"my-number-card","outcome":"complete","card_expiry":"2035-02-17","counters":[` +
		`{"key":"auth","state":"counted","left":3},{"key":"sign","state":"blocked","left":0},` +
		`{"key":"input-support","state":"counted","left":3},{"key":"input-support-a","state":"counted","left":10},` +
		`{"key":"input-support-b","state":"counted","left":9},{"key":"surface-birth","state":"counted","left":10},` +
		`{"key":"surface-a","state":"counted","left":10},{"key":"surface-b","state":"blocked","left":0},` +
		`{"key":"juki","state":"counted","left":2},{"key":"common","state":"counted","left":3},` +
		`{"key":"licence","state":"absent","left":null}],"certificates":[` +
		`{"key":"auth","state":"read","not_before":"2025-10-27","not_after":"2030-02-17"},` +
		`{"key":"sign","state":"needs-password","not_before":null,"not_after":null}],"also_on_card":[],"exchanges":20}`
	if d := cmp.Diff(want, string(document)); d != "" {
		t.Errorf("Read: -want +got\n%s", d)
	}
	var again card.Facts
	if err := json.Unmarshal(document, &again); err != nil {
		t.Fatalf("Unmarshal(own document) = %v", err)
	}
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("facts changed on their way through JSON:\n%s", d)
	}
}

func TestRecordPlaysBack(t *testing.T) {
	c, err := cardtest.New("locked-sign")
	if err != nil {
		t.Fatal(err)
	}
	r := &cardtest.Record{To: c}
	want, err := card.Read(context.Background(), card.Card{Transmitter: r}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := cardtest.NewPlayback(r.String())
	if err != nil {
		t.Fatal(err)
	}
	got, err := card.Read(context.Background(), card.Card{Transmitter: p}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("recording plays back differently:\n%s", d)
	}
}

// TestReadStrangeAnswers lets every exchange from one on answer every kind of status word and nothing; TestEveryAnswer
// does so once. Whatever comes back, a reading that calls itself complete says of each core key what the chip holds.
func TestReadStrangeAnswers(t *testing.T) {
	spec := cardtest.Adult(cardtest.Reference)
	for at := 1; at <= 21; at++ {
		for _, sw := range thinned() {
			c := spec.New()
			c.Inject(cardtest.Fault{At: at, Kind: cardtest.Answer, SW: sw, Always: true})
			got, _ := card.Read(context.Background(), inMemory(c), nil)
			if n := c.Traffic().Commands; n > 120 {
				t.Fatalf("Read(%s from %d) took %d exchanges", sw, at, n)
			}
			if got.Outcome == card.Complete {
				claimsCore(t, got, sw, at)
			}
		}
	}
}

// claimsCore fails on a complete reading that holds something nobody said. A status word that is itself a counter
// is an answer like any other.
func claimsCore(t *testing.T, got card.Facts, sw card.Status, at int) {
	t.Helper()
	for _, k := range []card.Key{card.Auth, card.Sign, card.InputSupport, card.Juki} {
		c := got.Counter(k)
		said := sw>>4 == 0x63C || sw == 0x6983 || sw == 0x6984
		if c.State == card.Counted && c.Left == k.Spec().Tries || said && (c.State == card.Counted || c.State == card.Blocked) {
			continue
		}
		t.Errorf("Read(%s at %d) is complete with %s %s", sw, at, k, c.State)
	}
	if s := got.Certificate(card.AuthCertificate).State; s != card.CertificateRead {
		t.Errorf("Read(%s at %d) is complete with the auth certificate %s", sw, at, s)
	}
}

func TestReadCertificateFiles(t *testing.T) {
	good := cardtest.Certificate(time.Date(2030, 2, 17, 14, 59, 59, 0, time.UTC), time.Date(2025, 10, 27, 1, 0, 0, 0, time.UTC), 4)
	if i := strings.Index(string(good), "\x30\x1E\x17\x0D"); i != 167 {
		t.Fatalf("validity of the simulated certificate begins at %d; want 167 as on today's cards (card.md §3)", i)
	}
	earlier := cardtest.Certificate(time.Date(2030, 2, 17, 3, 0, 0, 0, time.UTC), time.Date(2025, 10, 27, 1, 0, 0, 0, time.UTC), 4)
	swapped := cardtest.Certificate(time.Date(2025, 10, 27, 1, 0, 0, 0, time.UTC), time.Date(2030, 2, 17, 14, 59, 59, 0, time.UTC), 4)
	corrupt := slices.Clone(good)
	corrupt[175] = 'x'
	for _, test := range []struct {
		name  string
		file  []byte
		empty bool // reads past the end answer nothing for ever
		state card.CertificateState
		until string
	}{
		{"good", good, false, card.CertificateRead, "2030-02-17"},
		{"filler", append(slices.Clone(good), make([]byte, 500)...), false, card.CertificateRead, "2030-02-17"},
		{"endless nothing", good[:200], true, card.CertificateRead, "2030-02-17"},
		{"ends in the middle of the day", earlier, false, card.CertificateRead, "2030-02-16"},
		{"cut behind the window", good[:208], false, card.CertificateRead, "2030-02-17"},
		{"cut within the validity", good[:190], false, card.CertificateUnread, "unknown"},
		{"cut within the validity, endless nothing", good[:190], true, card.CertificateUnread, "unknown"},
		{"cut before it", good[:100], false, card.CertificateUnread, "unknown"},
		{"corrupt digit", corrupt, false, card.CertificateUnread, "unknown"},
		{"end before begin", swapped, false, card.CertificateUnread, "unknown"},
		{"zeros", make([]byte, 2048), false, card.CertificateUnread, "unknown"},
		{"nothing", []byte{}, true, card.CertificateUnread, "unknown"},
	} {
		for _, short := range []bool{true, false} {
			spec := cardtest.Adult(cardtest.Reference)
			spec.AuthFile, spec.EmptyReads, spec.NoShortIDs = test.file, test.empty, !short
			c := spec.New()
			got, err := card.Read(context.Background(), inMemory(c), nil)
			if err != nil {
				t.Fatalf("Read(%s) = %v", test.name, err)
			}
			auth := got.Certificate(card.AuthCertificate)
			if auth.State != test.state || auth.NotAfter.String() != test.until {
				t.Errorf("Read(%s, short ids %v) = %s until %s; want %s until %s", test.name, short, auth.State, auth.NotAfter,
					test.state, test.until)
			}
			if complete := got.Outcome == card.Complete; complete != (test.state == card.CertificateRead) {
				t.Errorf("Read(%s, short ids %v) has outcome %s", test.name, short, got.Outcome)
			}
		}
	}
}

// TestReadMute shows that a card that never answers hangs only the reading's own goroutine, and that lifting it ends
// the reading.
func TestReadMute(t *testing.T) {
	c, err := cardtest.New("all-fine")
	if err != nil {
		t.Fatal(err)
	}
	c.Inject(cardtest.Fault{At: 7, Kind: cardtest.Mute})
	done := make(chan error)
	reached := make(chan struct{})
	go func() {
		_, err := card.Read(context.Background(), inMemory(c), func(s card.Step) {
			if s.Done == 6 {
				close(reached)
			}
		})
		done <- err
	}()
	<-reached
	select {
	case err := <-done:
		t.Fatalf("Read(mute card) came back with %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	for { // the reading may not have reached the mute exchange yet; lifting is what a visitor does again and again
		c.Lift()
		select {
		case err := <-done:
			if !errors.Is(err, card.ErrRemoved) {
				t.Errorf("Read(mute card, lifted) = %v; want ErrRemoved", err)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestReadStopsWithItsContext(t *testing.T) {
	c, err := cardtest.New("all-fine")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	got, err := card.Read(ctx, inMemory(c), func(s card.Step) {
		if s.Done == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || got.Outcome != card.Partial || c.Traffic().Commands != 5 {
		t.Errorf("Read(cancelled) = %s, %v after %d commands; want partial, Canceled, 5", got.Outcome, err, c.Traffic().Commands)
	}
}

func TestReadProgress(t *testing.T) {
	c, err := cardtest.New("everything-added")
	if err != nil {
		t.Fatal(err)
	}
	last := card.Step{Done: -1}
	_, err = card.Read(context.Background(), inMemory(c), func(s card.Step) {
		if s.Done < last.Done || s.Done > s.Total {
			t.Errorf("progress went from %d to %d of %d", last.Done, s.Done, s.Total)
		}
		last = s
	})
	if err != nil || last.Done != last.Total {
		t.Errorf("Read ended at %d of %d with %v; want the end", last.Done, last.Total, err)
	}
}

func TestReadAllAddsAuthorities(t *testing.T) {
	c, err := cardtest.New("all-fine")
	if err != nil {
		t.Fatal(err)
	}
	got, err := card.ReadAll(context.Background(), inMemory(c), nil)
	if err != nil || got.Outcome != card.Complete {
		t.Fatalf("ReadAll = %s, %v", got.Outcome, err)
	}
	for _, k := range []card.CertificateKey{card.AuthAuthority, card.SignAuthority} {
		if c := got.Certificate(k); c.State != card.CertificateRead || c.NotAfter.String() != "2033-07-15" {
			t.Errorf("ReadAll: %s is %s until %s; want read until 2033-07-15", k, c.State, c.NotAfter)
		}
	}
}

// TestReadLabels covers chips whose token label does not say what they are.
func TestReadLabels(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*cardtest.Spec)
		kind    card.Kind
		outcome card.Outcome
	}{
		{"no label, everything else", func(s *cardtest.Spec) { s.Label = "" }, card.MyNumberCard, card.Complete},
		{"no label, JPKI only", func(s *cardtest.Spec) { s.Label, s.Applications = "", s.Applications[:1] }, card.UnknownJPKI, card.WrongCard},
		{"unheard-of label", func(s *cardtest.Spec) { s.Label = "JPKIAPNEXT" }, card.UnknownJPKI, card.WrongCard},
	} {
		spec := cardtest.Adult(cardtest.Reference)
		test.change(&spec)
		got, err := card.Read(context.Background(), inMemory(spec.New()), nil)
		if err != nil || got.Kind != test.kind || got.Outcome != test.outcome {
			t.Errorf("Read(%s) = %s %s, %v; want %s %s", test.name, got.Kind, got.Outcome, err, test.kind, test.outcome)
		}
	}
}

func TestReadSaysNoWrongCardOfADefectiveOne(t *testing.T) {
	c, err := cardtest.New("all-fine")
	if err != nil {
		t.Fatal(err)
	}
	c.Inject(cardtest.Fault{At: 1, Kind: cardtest.Answer, SW: 0x6F00, Always: true})
	got, err := card.Read(context.Background(), inMemory(c), nil)
	if err != nil || got.Outcome != card.Partial || got.Kind != card.KindUnknown {
		t.Errorf("Read(6F00 for ever) = %s %s, %v; want unknown partial", got.Kind, got.Outcome, err)
	}
}
