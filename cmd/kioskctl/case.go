package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

const caseSynopsis = "[--now TIME] [--clock trusted|untrusted] [--not-before DATE] [--profile FILE] [--answers k=v,…] [--lang LANG]"

// visit is what the flags that several commands share describe: a card, a moment, a place, a visitor.
type visit struct {
	facts, now, clock, notBefore, profile, answers string
	lang                                           *languageValue
}

func (v *visit) register(fs *flag.FlagSet) {
	fs.StringVar(&v.facts, "facts", "", "facts/1 document, - for standard input")
	fs.StringVar(&v.now, "now", "", "moment in Asia/Tokyo as 2026-11-24T10:15; the machine's when empty")
	fs.StringVar(&v.clock, "clock", "trusted", "trusted, or untrusted: the moment is unknown")
	fs.StringVar(&v.notBefore, "not-before", "", "with an untrusted clock: the day it is at least")
	fs.StringVar(&v.profile, "profile", "", "profile of the office")
	fs.StringVar(&v.answers, "answers", "", "what the visitor said, as nfc-phone=yes,forgotten=sign")
	v.lang = languageFlag(fs)
}

// resolve reads everything the flags name and diagnoses.
func (v *visit) resolve(t *tool) (card.Facts, site.Resolved, error) {
	var none site.Resolved
	facts, err := v.readFacts(t.stdin)
	if err != nil {
		return facts, none, err
	}
	now, err := v.moment()
	if err != nil {
		return facts, none, err
	}
	answers, err := diagnosis.ParseAnswers(v.answers)
	if err != nil {
		return facts, none, usagef("--answers: %w", err)
	}
	place, err := v.place()
	if err != nil {
		return facts, none, err
	}
	report := diagnosis.Diagnose(facts, now, answers)
	return facts, site.Resolve(report, now, answers, place, content.Embedded()), nil
}

func (v *visit) readFacts(stdin io.Reader) (f card.Facts, err error) {
	if v.facts == "" {
		return f, usagef("--facts names the document to start from; kioskctl read --json writes one")
	}
	data, name := []byte(nil), v.facts
	if v.facts == "-" {
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(stdin, 1<<20))
	} else {
		data, err = os.ReadFile(v.facts)
	}
	if err != nil {
		return f, usagef("reading facts: %w", err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return f, usagef("%s:%d: %w", name, lineOf(data, err), err)
	}
	return f, nil
}

// What an error says about a document: first what it quotes, then a key such as "counter sign".
var named = []*regexp.Regexp{
	regexp.MustCompile(`"([^"]+)"`), regexp.MustCompile(`(?:counter|certificate|also_on_card) ([a-z-]+)`),
}

// lineOf finds the line an error of a document is about: by its offset where it has one, else by the first name in
// the message that stands in the document in quotes. The first line stands for the whole.
func lineOf(data []byte, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at := 0
	switch {
	case errors.As(err, &syntax):
		at = int(syntax.Offset)
	case errors.As(err, &kind):
		at = int(kind.Offset)
	default:
		for _, name := range named {
			if m := name.FindStringSubmatch(err.Error()); m != nil && at == 0 {
				at = max(0, strings.Index(string(data), `"`+m[1]+`"`))
			}
		}
	}
	return 1 + strings.Count(string(data[:min(at, len(data))]), "\n")
}

// moment returns the interval of time the flags describe.
func (v *visit) moment() (diagnosis.Now, error) {
	now := time.Now().In(card.Tokyo)
	if v.now != "" {
		var err error
		if now, err = time.ParseInLocation("2006-01-02T15:04", v.now, card.Tokyo); err != nil {
			return diagnosis.Now{}, usagef("--now %q: want Asia/Tokyo as 2026-11-24T10:15", v.now)
		}
	}
	switch v.clock {
	case "trusted":
		if v.notBefore != "" {
			return diagnosis.Now{}, usagef("--not-before goes with --clock untrusted")
		}
		return diagnosis.Now{Earliest: now, Latest: now, Why: "--now"}, nil
	case "untrusted":
		n := diagnosis.Now{Why: "--clock untrusted"}
		if v.notBefore != "" {
			day, err := card.ParseDate(v.notBefore)
			if err != nil {
				return n, usagef("--not-before: %w", err)
			}
			n.Earliest = day.Time()
		}
		return n, nil
	}
	return diagnosis.Now{}, usagef("--clock %q: want trusted or untrusted", v.clock)
}

// place returns the profile, nil when none is named.
func (v *visit) place() (*site.Profile, error) {
	if v.profile == "" {
		return nil, nil
	}
	data, err := os.ReadFile(v.profile)
	if err != nil {
		return nil, usagef("reading profile: %w", err)
	}
	p, problems := site.Load(v.profile, data)
	if p == nil {
		return nil, failure{usage, problemsError(problems)}
	}
	return p, nil
}

// problemsError is every problem of a profile, one a line.
type problemsError []site.Problem

func (p problemsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the profile has %d problems", len(p))
	for _, problem := range p {
		fmt.Fprintf(&b, "\n%s", problem)
	}
	return b.String()
}

// languageValue is a text.Language as a flag.
type languageValue text.Language

func languageFlag(fs *flag.FlagSet) *languageValue {
	l := new(languageValue)
	fs.Var(l, "lang", "ja, ja-easy or en")
	return l
}

func (l *languageValue) String() string { return text.Language(*l).String() }

func (l *languageValue) Set(s string) error {
	v, err := text.ParseLanguage(s)
	*l = languageValue(v)
	return err
}
