package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/site"
)

// checker holds a value against the few words of JSON Schema that schema/*.json use; any other word is an error, so
// that no constraint is passed over in silence.
type checker struct{ root map[string]any }

func (c checker) check(at string, schema map[string]any, v any) error {
	for word, want := range schema {
		var err error
		switch word {
		case "$schema", "$id", "$defs", "title", "description":
		case "$ref":
			name := strings.TrimPrefix(want.(string), "#/$defs/")
			err = c.check(at, c.root["$defs"].(map[string]any)[name].(map[string]any), v)
		case "type":
			err = checkType(want, v)
		case "const":
			if v != want {
				err = fmt.Errorf("is %v; want %v", v, want)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				err = fmt.Errorf("is %v; want one of %v", v, want)
			}
		case "pattern":
			if s, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(s) {
				err = fmt.Errorf("is %q; want it to match %s", s, want)
			}
		case "minimum", "maximum":
			if n, ok := v.(float64); ok && (word == "minimum") == (n < want.(float64)) && n != want.(float64) {
				err = fmt.Errorf("is %v; %s is %v", n, word, want)
			}
		case "minItems", "maxItems":
			if l, ok := v.([]any); ok && (word == "minItems") == (float64(len(l)) < want.(float64)) && float64(len(l)) != want.(float64) {
				err = fmt.Errorf("has %d items; %s is %v", len(l), word, want)
			}
		case "items":
			list, _ := v.([]any)
			for i, item := range list {
				if err := c.check(fmt.Sprintf("%s[%d]", at, i), want.(map[string]any), item); err != nil {
					return err
				}
			}
		case "required":
			if o, ok := v.(map[string]any); ok {
				for _, name := range want.([]any) {
					if _, there := o[name.(string)]; !there {
						err = fmt.Errorf("lacks %s", name)
					}
				}
			}
		case "properties":
			o, _ := v.(map[string]any)
			for name, sub := range want.(map[string]any) {
				if value, there := o[name]; there {
					if err := c.check(at+"."+name, sub.(map[string]any), value); err != nil {
						return err
					}
				}
			}
		case "additionalProperties":
			if o, ok := v.(map[string]any); ok && want == false {
				known, _ := schema["properties"].(map[string]any)
				for name := range o {
					if _, there := known[name]; !there {
						err = fmt.Errorf("has the unknown field %s", name)
					}
				}
			}
		default:
			err = fmt.Errorf("the schema uses %s, which this test does not know", word)
		}
		if err != nil {
			return fmt.Errorf("%s %w", at, err)
		}
	}
	return nil
}

func checkType(want, v any) error {
	names, ok := want.([]any)
	if !ok {
		names = []any{want}
	}
	for _, n := range names {
		fits := false
		switch x := v.(type) {
		case nil:
			fits = n == "null"
		case bool:
			fits = n == "boolean"
		case string:
			fits = n == "string"
		case float64:
			fits = n == "integer" && x == math.Trunc(x)
		case []any:
			fits = n == "array"
		case map[string]any:
			fits = n == "object"
		}
		if fits {
			return nil
		}
	}
	return fmt.Errorf("is %v; want %v", v, want)
}

// valid holds a document of the tool against its schema.
func valid(t *testing.T, schema string, document []byte) error {
	t.Helper()
	b, err := schemas.ReadFile("schema/" + schema + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatalf("schema/%s.json: %v", schema, err)
	}
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return err
	}
	return checker{root}.check(schema, root, v)
}

func TestDocumentsFitTheirSchemas(t *testing.T) {
	place, err := site.Builtin("city-hall")
	if err != nil {
		t.Fatal(err)
	}
	now := diagnosis.Now{Earliest: cardtest.Reference.Time().Add(36600e9), Latest: cardtest.Reference.Time().Add(36600e9)}
	for _, spec := range cardtest.Library() {
		facts, err := card.ReadAll(t.Context(), card.Card{Transmitter: spec.New(), ATR: spec.ATR}, nil)
		if err != nil {
			t.Fatal(err)
		}
		document, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, "facts", document); err != nil {
			t.Errorf("facts of %s: %v", spec.Name, err)
		}
		for _, p := range []*site.Profile{nil, place} {
			for _, answers := range []string{"", "nfc-phone=yes,other-pin-known=yes,unchanged-since-issue=yes", "resident=elsewhere", "forgotten=sign"} {
				a, err := diagnosis.ParseAnswers(answers)
				if err != nil {
					t.Fatal(err)
				}
				report := site.Resolve(diagnosis.Diagnose(facts, now, a), now, a, p, content.Embedded()).Report
				if document, err = json.Marshal(report); err != nil {
					t.Fatal(err)
				}
				if err := valid(t, "report", document); err != nil {
					t.Errorf("report of %s with %q: %v", spec.Name, answers, err)
				}
			}
		}
	}
}

// TestGuidesFitTheirSchema holds every guide, and every leaf by itself, and finds what they cite.
func TestGuidesFitTheirSchema(t *testing.T) {
	c := content.Embedded()
	b := book{Guides: &c.Guides, filled: guide.Filled(c.Terminal)}
	fits := func(name string, d guideDocument) {
		document, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, "guide", document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if regexp.MustCompile(`\{[a-z]+\}`).Match(document) {
			t.Errorf("%s holds a placeholder that nobody filled", name)
		}
		for _, l := range d.Leaves {
			for _, s := range slices.Concat(l.Lead, l.Steps, l.Stop, l.Notes) {
				if !slices.ContainsFunc(d.Sources, func(x sourceDocument) bool { return x.ID == s.Source }) {
					t.Errorf("%s cites %q, which is not among its sources", name, s.Source)
				}
			}
		}
	}
	for _, g := range b.ordered() {
		fits(g.ID, b.document(g, g.Questions, g.Leaves))
		for _, l := range g.Leaves {
			fits(g.ID+"/"+l.ID, b.document(g, nil, []content.Leaf{l}))
		}
	}
}

// TestSchemasRefuse keeps the checker itself honest.
func TestSchemasRefuse(t *testing.T) {
	facts, err := json.Marshal(card.NewFacts())
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, "facts", facts); err != nil {
		t.Fatalf("unread facts: %v", err)
	}
	for _, change := range [][2]string{
		{`"exchanges":0`, `"exchanges":-1`}, {`"exchanges":0`, `"exchanges":"0"`}, {`"exchanges":0`, `"exchange":0`},
		{`"state":"unread"`, `"state":"fine"`}, {`"left":null`, `"left":16`}, {`"card_expiry":null`, `"card_expiry":"2030"`},
		{`{"key":"licence","state":"unread","left":null}`, `{"key":"licence","state":"unread","left":null,"pin":1}`},
		{`,{"key":"licence","state":"unread","left":null}`, ``},
	} {
		broken := strings.Replace(string(facts), change[0], change[1], 1)
		if broken == string(facts) {
			t.Fatalf("%s does not stand in the document", change[0])
		}
		if valid(t, "facts", []byte(broken)) == nil {
			t.Errorf("the schema takes %s for %s", change[1], change[0])
		}
	}
}
