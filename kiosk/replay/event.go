package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// kinds are the events of package session, each with its stable name and the document of its fields.
var kinds = []kind{
	bare[session.Started]("started"),
	bare[session.CardLaid]("card-laid"),
	bare[session.CardLifted]("card-lifted"),
	bare[session.CardMute]("card-mute"),
	bare[session.ReaderReady]("reader-ready"),
	of("reader-gone", func(e session.ReaderGone) (gone, error) { return gone(e), nil },
		func(d gone) (session.ReaderGone, error) { return session.ReaderGone(d), nil }),
	of("door-moved", func(e session.DoorMoved) (door, error) { return door(e), nil },
		func(d door) (session.DoorMoved, error) { return session.DoorMoved(d), nil }),
	of("progress", func(e session.Progress) (progress, error) { return progress(e), nil },
		func(d progress) (session.Progress, error) { return session.Progress(d), nil }),
	of("read-done", func(e session.ReadDone) (readDone, error) { return readDone(e), nil },
		func(d readDone) (session.ReadDone, error) { return session.ReadDone(d), nil }),
	of("judged", func(e session.Judged) (judged, error) { return judged{e.Visit, interval(e.Resolved.Office.Now)}, nil },
		func(d judged) (session.Judged, error) {
			return session.Judged{Visit: d.Visit, Resolved: site.Resolved{Office: site.Office{Now: diagnosis.Now(d.Now)}}}, nil
		}),
	of("touched", func(e session.Touched) (touched, error) { return touched(e), nil },
		func(d touched) (session.Touched, error) { return session.Touched(d), nil }),
	of("print-ended", func(e session.PrintEnded) (printEnded, error) {
		result, err := printResults.of(uint8(e.Result))
		return printEnded{e.Job, result, e.Code}, err
	}, func(d printEnded) (session.PrintEnded, error) {
		result, err := printResults.parse("result", d.Result)
		return session.PrintEnded{Job: d.Job, Result: session.PrintResult(result), Code: d.Code}, err
	}),
	of("timeout", func(e session.Timeout) (timeout, error) { return timeout(e), nil },
		func(d timeout) (session.Timeout, error) { return session.Timeout(d), nil }),
	of("clock-told", func(e session.ClockTold) (clockTold, error) { return clockTold(e), nil },
		func(d clockTold) (session.ClockTold, error) { return session.ClockTold(d), nil }),
	of("confirmed", func(e session.Confirmed) (confirmed, error) { return confirmed(e), nil },
		func(d confirmed) (session.Confirmed, error) { return session.Confirmed(d), nil }),
	of("code-checked", func(e session.CodeChecked) (codeChecked, error) {
		verdict, err := codeVerdicts.of(uint8(e.Verdict))
		return codeChecked{e.Visit, verdict, e.Tries, e.Code}, err
	}, func(d codeChecked) (session.CodeChecked, error) {
		verdict, err := codeVerdicts.parse("verdict", d.Verdict)
		return session.CodeChecked{Visit: d.Visit, Verdict: session.CodeVerdict(verdict), Tries: d.Tries, Code: d.Code}, err
	}),
	of("code-kept", func(e session.CodeKept) (codeKept, error) { return codeKept(e), nil },
		func(d codeKept) (session.CodeKept, error) { return session.CodeKept(d), nil }),
	of("parts-told", func(e session.PartsTold) (partsTold, error) {
		checks, err := each(e.Checks, checkOf)
		return partsTold{e.Visit, checks}, err
	}, func(d partsTold) (session.PartsTold, error) {
		checks, err := each(d.Checks, check.check)
		return session.PartsTold{Visit: d.Visit, Checks: checks}, err
	}),
	of("faults-told", func(e session.FaultsTold) (faultsTold, error) {
		list, err := each(e.List, func(r page.FaultRecord) (faultRecord, error) { return faultRecord(r), nil })
		return faultsTold{list}, err
	}, func(d faultsTold) (session.FaultsTold, error) {
		list, err := each(d.List, func(r faultRecord) (page.FaultRecord, error) { return page.FaultRecord(r), nil })
		return session.FaultsTold{List: list}, err
	}),
	of("tally-told", func(e session.TallyTold) (tally, error) {
		t := e.Tally
		return tally{t.From, t.Until, written(t.Visits), written(t.Guides), written(t.Slips), written(t.Recoveries), t.PaperMM}, nil
	}, func(d tally) (session.TallyTold, error) {
		return session.TallyTold{Tally: page.Tally{
			From: d.From, Until: d.Until, Visits: counts(d.Visits), Guides: counts(d.Guides), Slips: counts(d.Slips),
			Recoveries: counts(d.Recoveries), PaperMM: d.PaperMM,
		}}, nil
	}),
	of("exported", func(e session.Exported) (exported, error) { return exported(e), nil },
		func(d exported) (session.Exported, error) { return session.Exported(d), nil }),
	of("update-told", func(e session.UpdateTold) (updateTold, error) {
		u := e.Update
		return updateTold{e.Attempt, string(u.Stage), u.Kind, u.Version, u.Running, u.Code, u.Percent}, nil
	}, func(d updateTold) (session.UpdateTold, error) {
		return session.UpdateTold{Attempt: d.Attempt, Update: page.UpdateState{
			Stage: page.UpdateStage(d.Stage), Kind: d.Kind, Version: d.Version, Running: d.Running, Code: d.Code, Percent: d.Percent,
		}}, nil
	}),
}

// The documents of the events' fields. Where names are all that differs, an event is converted.
type (
	gone struct {
		Code string `json:"code"`
	}
	door struct {
		Open bool `json:"open"`
	}
	progress struct {
		Visit int `json:"visit"`
		Done  int `json:"done"`
		Total int `json:"total"`
	}
	readDone struct {
		Visit int        `json:"visit"`
		Facts card.Facts `json:"facts"`
	}
	judged struct {
		Visit int      `json:"visit"`
		Now   interval `json:"now"`
	}
	touched struct {
		Action page.Action `json:"action"`
	}
	printEnded struct {
		Job    int    `json:"job"`
		Result string `json:"result"`
		Code   string `json:"code,omitempty"`
	}
	timeout struct {
		Token int `json:"token"`
	}
	clockTold struct {
		Wall     time.Time `json:"wall,omitzero"`
		From     time.Time `json:"from,omitzero"`
		Until    time.Time `json:"until,omitzero"`
		Believed bool      `json:"believed"`
	}
	confirmed struct {
		OK bool `json:"ok"`
	}
	codeChecked struct {
		Visit   int    `json:"visit"`
		Verdict string `json:"verdict"`
		Tries   int    `json:"tries"`
		Code    string `json:"fault,omitempty"` // not the one that was typed
	}
	codeKept struct {
		Visit int    `json:"visit"`
		OK    bool   `json:"ok"`
		Code  string `json:"fault,omitempty"`
	}
	partsTold struct {
		Visit  int     `json:"visit"`
		Checks []check `json:"checks"`
	}
	check struct {
		Thing string    `json:"thing"`
		Mark  string    `json:"mark,omitempty"`
		Code  string    `json:"code,omitempty"`
		State string    `json:"state"`
		Said  []string  `json:"said,omitempty"`
		From  time.Time `json:"from,omitzero"`
		Until time.Time `json:"until,omitzero"`
		Why   string    `json:"why,omitempty"`
	}
	faultsTold struct {
		List []faultRecord `json:"faults"`
	}
	faultRecord struct {
		Code string    `json:"code"`
		At   time.Time `json:"from,omitzero"` // the hour that begins then
		N    int       `json:"n"`
	}
	tally struct {
		From       card.Date `json:"from"`
		Until      card.Date `json:"until"`
		Visits     []count   `json:"visits"`
		Guides     []count   `json:"guides"`
		Slips      []count   `json:"slips"`
		Recoveries []count   `json:"recoveries,omitempty"`
		PaperMM    int       `json:"paper_mm,omitempty"`
	}
	exported struct {
		Visit int    `json:"visit"`
		OK    bool   `json:"ok"`
		Name  string `json:"name,omitempty"` // of the file
		Code  string `json:"fault,omitempty"`
	}
	updateTold struct {
		Attempt int    `json:"attempt"`
		Stage   string `json:"stage"`
		Kind    string `json:"kind,omitempty"`
		Version string `json:"version,omitempty"`
		Running string `json:"running,omitempty"`
		Code    string `json:"fault,omitempty"`
		Percent int    `json:"percent,omitempty"`
	}
	count struct {
		Name string `json:"name"`
		N    int    `json:"n"`
	}
)

// Stable names of what the program knows by number.
var (
	printModes   = names{"auto", "ask"}
	codeStates   = names{"impossible", "unset", "set"}
	printResults = names{"partial", "nothing", "unconfirmed", "confirmed"}
	codeVerdicts = names{"failed", "wrong", "locked", "right"}
	marks        = names{"", "fine", "attention", "bad", "unclear"}
)

type names []string

func (n names) of(i uint8) (string, error) {
	if int(i) >= len(n) {
		return "", fmt.Errorf("value %d is none of %q", i, []string(n))
	}
	return n[i], nil
}

func (n names) parse(what, s string) (uint8, error) {
	i := slices.Index(n, s)
	if i < 0 {
		return 0, fmt.Errorf("%s %q is none of %q", what, s, []string(n))
	}
	return uint8(i), nil
}

func checkOf(c page.Check) (check, error) {
	mark, err := marks.of(uint8(c.Mark))
	return check{c.Thing, mark, c.Code, c.State, c.Said, c.From, c.Until, c.Why}, err
}

func (c check) check() (page.Check, error) {
	mark, err := marks.parse("mark", c.Mark)
	return page.Check{
		Thing: c.Thing, Mark: page.Mark(mark), Code: c.Code, State: c.State, Said: c.Said, From: c.From, Until: c.Until, Why: c.Why,
	}, err
}

// each turns every element; no list stays none, which in PartsTold is not the same as an empty one.
func each[A, B any](all []A, turn func(A) (B, error)) (turned []B, err error) {
	if all != nil {
		turned = []B{}
	}
	for _, a := range all {
		b, err := turn(a)
		if err != nil {
			return nil, err
		}
		turned = append(turned, b)
	}
	return turned, nil
}

func written(all []page.Count) (c []count) {
	for _, a := range all {
		c = append(c, count(a))
	}
	return c
}

func counts(all []count) (c []page.Count) {
	for _, a := range all {
		c = append(c, page.Count(a))
	}
	return c
}

// kind is one type of event.
type kind struct {
	name  string
	goes  reflect.Type
	write func(session.Event) (json.RawMessage, error)
	read  func(json.RawMessage) (session.Event, error)
}

// bare is a kind without fields.
func bare[E session.Event](name string) kind {
	return kind{name, reflect.TypeFor[E](), func(session.Event) (json.RawMessage, error) { return nil, nil },
		func(b json.RawMessage) (session.Event, error) {
			var e E
			if b != nil {
				return e, errors.New("it comes with nothing")
			}
			return e, nil
		}}
}

// of is a kind whose fields make the document D.
func of[E session.Event, D any](name string, to func(E) (D, error), from func(D) (E, error)) kind {
	return kind{name, reflect.TypeFor[E](), func(e session.Event) (json.RawMessage, error) {
		d, err := to(e.(E))
		if err != nil {
			return nil, err
		}
		return json.Marshal(d)
	}, func(b json.RawMessage) (session.Event, error) {
		var d D
		if err := strictly(b, &d); err != nil {
			return nil, err
		}
		return from(d)
	}}
}

func kindOf(e session.Event) (kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.goes == reflect.TypeOf(e) })
	if i < 0 {
		return kind{}, fmt.Errorf("event %T has no encoding", e)
	}
	return kinds[i], nil
}

func kindNamed(name string) (kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, fmt.Errorf("no event is called %q", name)
	}
	return kinds[i], nil
}
