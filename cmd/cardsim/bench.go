package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/card/cardtest/vpcd"
)

// bench is one reader and the person who lays cards on it. Commands are done one after the other.
type bench struct {
	slot  *vpcd.Slot
	today card.Date

	mu      sync.Mutex
	name    string         // of the card laid last
	card    *cardtest.Card // the same
	fault   string
	latency time.Duration
}

const help = `  list              name every card
  lay NAME          lay a card on the reader
  lift              take it away, also in the middle of an exchange
  swap NAME         take it away and lay another
  fault KIND [N]    from now on, at the N-th command after each power-up (default 1):
                      torn    the card leaves without an answer
                      hang    the card never answers
                      short   the card answers a single byte
                      empty   the card answers 9000 without data, from there on
                    and, without N:
                      mute    cards cannot power up, as two cards at once
                      none    no fault, from the next lay on
  latency DURATION  let every exchange take at least so long, such as 20ms
  status            what lies there, and how much was exchanged
  help              this list
  quit              take the card away and end`

// faults are the kinds that happen at a command.
var faults = map[string]cardtest.Fault{
	"torn":  {Kind: cardtest.Tear},
	"hang":  {Kind: cardtest.Mute},
	"short": {Kind: cardtest.Short},
	"empty": {Kind: cardtest.Empty, Always: true},
}

// do does one command and answers on out.
func (b *bench) do(line string, out io.Writer) (quit bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	words := strings.Fields(line)
	if len(words) == 0 {
		return false
	}
	answer, err := b.obey(words[0], words[1:], out)
	if err != nil {
		fmt.Fprintf(out, "error: %s: %v\n", words[0], err)
		return false
	}
	fmt.Fprintln(out, "ok", answer)
	return words[0] == "quit"
}

func (b *bench) obey(command string, args []string, out io.Writer) (answer string, err error) {
	want := map[string]struct {
		least, most int
		form        string
	}{
		"list": {0, 0, "list"}, "lay": {1, 1, "lay NAME"}, "lift": {0, 0, "lift"}, "swap": {1, 1, "swap NAME"},
		"fault": {1, 2, "fault KIND [N]"}, "latency": {1, 1, "latency 20ms"}, "status": {0, 0, "status"},
		"help": {0, 0, "help"}, "quit": {0, 0, "quit"},
	}
	w, known := want[command]
	switch {
	case !known:
		return "", errors.New("no such command; help lists them")
	case len(args) < w.least || len(args) > w.most:
		return "", fmt.Errorf("write it as: %s", w.form)
	}
	switch command {
	case "list":
		specs := cardtest.LibraryOn(b.today)
		for _, s := range specs {
			fmt.Fprintf(out, "%-28s %s\n", s.Name, s.About)
		}
		return fmt.Sprintf("%d cards", len(specs)), nil
	case "lay":
		return "laid " + args[0], b.lay(args[0])
	case "lift":
		if !b.slot.Lift() {
			return "", errors.New("no card lies there")
		}
		return "lifted " + b.name, nil
	case "swap":
		if _, err := cardtest.NewOn(args[0], b.today); err != nil {
			return "", err // before the other card is taken away
		}
		b.slot.Lift()
		return "laid " + args[0], b.lay(args[0])
	case "fault":
		return b.setFault(args)
	case "latency":
		d, err := time.ParseDuration(args[0])
		if err != nil || d < 0 {
			return "", fmt.Errorf("%q is no duration such as 20ms", args[0])
		}
		b.latency = d
		b.slot.SetLatency(d)
		return "latency " + d.String(), nil
	case "help":
		fmt.Fprintln(out, help)
		return "help", nil
	case "quit":
		return b.status(), nil
	}
	return b.status(), nil
}

func (b *bench) lay(name string) error {
	c, err := cardtest.NewOn(name, b.today)
	if err != nil {
		return err
	}
	if f, ok := parseFault(strings.Fields(b.fault)); ok {
		c.Inject(f)
	}
	if err := b.slot.Lay(c); err != nil {
		return err
	}
	b.name, b.card = name, c
	return nil
}

// parseFault reads "torn 3"; not ok is what is no fault of a command.
func parseFault(words []string) (f cardtest.Fault, ok bool) {
	if len(words) == 0 {
		return f, false
	}
	f, ok = faults[words[0]]
	f.At = 1
	if len(words) > 1 {
		n, err := strconv.Atoi(words[1])
		f.At, ok = n, ok && err == nil && n > 0
	}
	return f, ok
}

func (b *bench) setFault(words []string) (string, error) {
	f, ok := parseFault(words)
	quiet := words[0] == "none" || words[0] == "mute"
	if !ok && (!quiet || len(words) > 1) {
		return "", fmt.Errorf("%q is none of: torn N, hang N, short N, empty N, mute, none", strings.Join(words, " "))
	}
	b.fault = ""
	if ok {
		b.fault = fmt.Sprint(words[0], " ", f.At)
		if b.slot.Laid() {
			b.card.Inject(f)
		}
	}
	b.slot.SetMute(words[0] == "mute")
	if words[0] == "mute" {
		b.fault = "mute"
	}
	return "fault " + cmp.Or(b.fault, "none"), nil
}

// status is one line of name=value; a script may rely on the names, and on secrets=0.
func (b *bench) status() string {
	lies := "none"
	if b.slot.Laid() {
		lies = b.name
	}
	t := b.slot.Traffic()
	return fmt.Sprintf("card=%s exchanges=%d sent=%d received=%d secrets=%d latency=%v fault=%s", lies,
		t.Exchanges, t.Sent, t.Received, t.SecretSent, b.latency, strings.ReplaceAll(cmp.Or(b.fault, "none"), " ", "@"))
}
