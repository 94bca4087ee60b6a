package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// FactsSchema names the document that Facts marshal to (design.md §6).
const FactsSchema = "facts/1"

func name[E ~uint8](names []string, e E) string {
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("out-of-range-%d", e)
}

func parse[E ~uint8](what string, names []string, b []byte, e *E) error {
	i := slices.Index(names, string(b))
	if i < 0 {
		return fmt.Errorf("reading %s: %q is none of %q", what, b, names)
	}
	*e = E(i)
	return nil
}

// String returns the stable name.
func (k Kind) String() string { return name(kindNames[:], k) }

// MarshalText writes the stable name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the stable name.
func (k *Kind) UnmarshalText(b []byte) error { return parse("kind", kindNames[:], b, k) }

// String returns the stable name.
func (o Outcome) String() string { return name(outcomeNames[:], o) }

// MarshalText writes the stable name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the stable name.
func (o *Outcome) UnmarshalText(b []byte) error { return parse("outcome", outcomeNames[:], b, o) }

// String returns the stable name.
func (s CounterState) String() string { return name(counterStateNames[:], s) }

// MarshalText writes the stable name.
func (s CounterState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the stable name.
func (s *CounterState) UnmarshalText(b []byte) error {
	return parse("counter state", counterStateNames[:], b, s)
}

// String returns the stable name.
func (k CertificateKey) String() string { return name(certificateNames[:], k) }

// MarshalText writes the stable name.
func (k CertificateKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the stable name.
func (k *CertificateKey) UnmarshalText(b []byte) error {
	return parse("certificate", certificateNames[:], b, k)
}

// String returns the stable name.
func (s CertificateState) String() string { return name(certificateStateNames[:], s) }

// MarshalText writes the stable name.
func (s CertificateState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the stable name.
func (s *CertificateState) UnmarshalText(b []byte) error {
	return parse("certificate state", certificateStateNames[:], b, s)
}

// String returns the stable name.
func (x Extra) String() string { return name(extraNames[:], x) }

// MarshalText writes the stable name.
func (x Extra) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText reads the stable name.
func (x *Extra) UnmarshalText(b []byte) error { return parse("also_on_card", extraNames[:], b, x) }

// The documents below mirror design.md §6 field by field; every field is always present.
type factsDocument struct {
	Schema       string                `json:"schema"`
	Kind         Kind                  `json:"kind"`
	Outcome      Outcome               `json:"outcome"`
	CardExpiry   Date                  `json:"card_expiry"`
	Counters     []counterDocument     `json:"counters"`
	Certificates []certificateDocument `json:"certificates"`
	AlsoOnCard   []Extra               `json:"also_on_card"`
	Exchanges    int                   `json:"exchanges"`
}

type counterDocument struct {
	Key   Key          `json:"key"`
	State CounterState `json:"state"`
	Left  *int         `json:"left"`
}

type certificateDocument struct {
	Key       CertificateKey   `json:"key"`
	State     CertificateState `json:"state"`
	NotBefore Date             `json:"not_before"`
	NotAfter  Date             `json:"not_after"`
}

// MarshalJSON writes the facts/1 document.
func (f Facts) MarshalJSON() ([]byte, error) {
	d := factsDocument{
		Schema: FactsSchema, Kind: f.Kind, Outcome: f.Outcome, CardExpiry: f.CardExpiry,
		Counters: []counterDocument{}, Certificates: []certificateDocument{},
		AlsoOnCard: append([]Extra{}, f.AlsoOnCard...), Exchanges: f.Exchanges,
	}
	for _, s := range keyTable {
		c := f.Counter(s.Key)
		cd := counterDocument{Key: c.Key, State: c.State}
		if c.State == Counted || c.State == Blocked {
			cd.Left = &c.Left
		}
		d.Counters = append(d.Counters, cd)
	}
	for _, c := range f.Certificates {
		d.Certificates = append(d.Certificates, certificateDocument(c))
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads a facts/1 document strictly: unknown fields, keys listed twice, a counter without its number
// and a number without its counter are errors, because a wrong verdict may hang on them. Counters that are not
// listed stay unread.
func (f *Facts) UnmarshalJSON(b []byte) error {
	var d factsDocument
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("reading facts: something follows the document")
	}
	if d.Schema != FactsSchema {
		return fmt.Errorf("reading facts: schema is %q, want %q", d.Schema, FactsSchema)
	}
	g := NewFacts()
	g.Kind, g.Outcome, g.CardExpiry, g.Exchanges = d.Kind, d.Outcome, d.CardExpiry, d.Exchanges
	if d.Exchanges < 0 {
		return fmt.Errorf("reading facts: exchanges is %d", d.Exchanges)
	}
	seen := map[string]bool{}
	once := func(what string) error {
		if seen[what] {
			return fmt.Errorf("reading facts: %s is listed twice", what)
		}
		seen[what] = true
		return nil
	}
	for _, c := range d.Counters {
		if err := once("counter " + c.Key.String()); err != nil {
			return err
		}
		v, err := c.counter()
		if err != nil {
			return err
		}
		g.Counters[c.Key-1] = v
	}
	for _, c := range d.Certificates {
		if err := once("certificate " + c.Key.String()); err != nil {
			return err
		}
		if c.Key == CertificateUnknown {
			return errors.New("reading facts: a certificate without key")
		}
		if (c.State == CertificateRead) != c.NotAfter.Known() || (c.State == CertificateRead) != c.NotBefore.Known() {
			return fmt.Errorf("reading facts: certificate %s is %s, its dates do not fit that", c.Key, c.State)
		}
		g.setCertificate(Certificate(c))
	}
	for _, x := range d.AlsoOnCard {
		if err := once("also_on_card " + x.String()); err != nil {
			return err
		}
		if x == ExtraUnknown {
			return errors.New("reading facts: also_on_card lists unknown")
		}
		g.AlsoOnCard = append(g.AlsoOnCard, x)
	}
	*f = g
	return nil
}

func (c counterDocument) counter() (Counter, error) {
	if c.Key == KeyUnknown {
		return Counter{}, errors.New("reading facts: a counter without key")
	}
	v := Counter{Key: c.Key, State: c.State}
	numbered := c.State == Counted || c.State == Blocked
	if numbered != (c.Left != nil) {
		return v, fmt.Errorf("reading facts: counter %s is %s, its left does not fit that", c.Key, c.State)
	}
	if !numbered {
		return v, nil
	}
	v.Left = *c.Left
	if (c.State == Blocked) != (v.Left == 0) || v.Left < 0 || v.Left > 15 {
		return v, fmt.Errorf("reading facts: counter %s is %s with %d tries left", c.Key, c.State, v.Left)
	}
	return v, nil
}

// setCertificate replaces the certificate of the same key, or adds it.
func (f *Facts) setCertificate(c Certificate) {
	for i := range f.Certificates {
		if f.Certificates[i].Key == c.Key {
			f.Certificates[i] = c
			return
		}
	}
	f.Certificates = append(f.Certificates, c)
}
