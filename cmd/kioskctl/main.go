// Command kioskctl is the bench tool: it reads a card, says what is wrong with it, and shows what the kiosk would
// show and print, one step at a time and each step on its own. `kioskctl help json` describes the documents,
// `kioskctl help codes` the fault codes.
//
// It must never send a card anything the kiosk would not send, and never print a byte of a certificate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"kagimado/hw"
	"kagimado/kiosk/content"
)

// Exit statuses (design.md §6).
const (
	done       = 0
	internal   = 1 // an error of this program or of the machine it runs on
	usage      = 2 // or an invalid input file
	noReader   = 3 // or no PC/SC service
	noCard     = 4 // within the time limit
	wrongCard  = 5 // the document is printed all the same
	incomplete = 6 // left early or read in part; the document is printed all the same

	staffNeeded = 7 // the self-test calls for them; the document is printed all the same
)

// failure is an error with an exit status of its own. A nil Err exits silently: everything is said already.
type failure struct {
	status int
	err    error
}

func (f failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.status)
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

func usagef(format string, args ...any) error { return failure{usage, fmt.Errorf(format, args...)} }

// tool is one call of kioskctl.
type tool struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

type command struct {
	name, synopsis, about string
	run                   func(context.Context, *tool, []string) error
}

// benchCommands are those of a development build alone.
var benchCommands []command

func commands() []command {
	return append([]command{
		{"read", "[--reader NAME] [--timeout 10s] [--all] [--trace] [--lang LANG] [--json]", "read the card on the reader", read},
		{"diagnose", "--facts FILE " + caseSynopsis + " [--json]", "say what is wrong and which way solves it", diagnose},
		{"slip", "(--facts FILE | --guide ID/LEAF) " + caseSynopsis + " [--width DOTS] [--dpi DPI] (--png OUT | --escpos OUT | --text)", "set the slip", makeSlip},
		{"screen", "--show STATE [--facts FILE] [--guide ID/NODE] [--room ROOM] [--stage STAGE] " + caseSynopsis + " [--size 40x12] [--page N] (--text | --png OUT)", "draw one screen", makeScreen},
		{"splash", "[--result RESULT --status STATUS] [--profile FILE] [--fb /dev/fb0]", "show on the bare panel that the kiosk is not there yet, and the code of what ended it", splash},
		{"guide", "[ID[/LEAF]] [--lang LANG] [--profile FILE] [--json] [--check]", "list the guides, draw one as a tree, print one of its leaves", guides},
		{"profile", "check FILE", "find the mistakes in a profile", profile},
		{"content", "(pack OUT.zip [--version V] | check FILE.zip)", "pack data and words as a copy that kiosks can install; check such a copy as they do", contents},
		{"replay", "FILE [--profile FILE] [--verbose] [--until LINE] [--png OUT] [--anew OUT]", "run a recording of the simulated kiosk again, to the same screens and slips", playBack},
		{"selftest", "[--profile FILE] [--state DIR] [--content FILE] [--print] [--lang LANG] [--json]", "ask every part how it is, and print a slip with rulers", selftest},
		{"help", "[COMMAND | json | codes]", "say how to call it; json: describe the documents; codes: every fault code, its cause and remedy", help},
	}, benchCommands...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, &tool{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:]))
}

func run(ctx context.Context, t *tool, args []string) int {
	if len(args) == 0 {
		_ = help(ctx, t, nil)
		return usage
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		return t.status(c.run(ctx, t, args[1:]))
	}
	return t.status(usagef("kioskctl has no command %q; kioskctl help lists them", args[0]))
}

// status says what went wrong and returns the exit status. A fault with a stable code comes with its cause and
// remedy, as staff find them everywhere.
func (t *tool) status(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return done
	}
	f := failure{internal, err}
	if !errors.As(err, &f) || f.err != nil {
		fmt.Fprintf(t.stderr, "kioskctl: %v\n", err)
	}
	if code := hw.CodeOf(err, ""); code != "" { // the table is not read for nothing
		if fault, ok := content.Embedded().Fault(string(code)); ok {
			writeFault(t.stderr, fault)
		}
	}
	return f.status
}

// writeFault says what a code means and what staff can do about it.
func writeFault(w io.Writer, f content.Fault) {
	fmt.Fprintf(w, "%s  %s\n  %s\n", f.Code, f.Name, f.Cause)
	for i, step := range f.Remedy {
		fmt.Fprintf(w, "  %d. %s\n", i+1, step)
	}
}

// flags returns the flag set of a command; its own messages go where errors go.
func (t *tool) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(t.stderr)
	fs.Usage = func() { t.synopsis(t.stderr, name) }
	return fs
}

// parse reads flags, which take no further arguments.
func parse(fs *flag.FlagSet, args []string) error {
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usagef("%s takes no argument %q", fs.Name(), fs.Arg(0))
	}
	return nil
}

// parseFlags reads flags up to the first argument.
func parseFlags(fs *flag.FlagSet, args []string) error {
	err := fs.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return failure{status: usage} // the flag package has said it
}

func (t *tool) synopsis(w io.Writer, name string) {
	for _, c := range commands() {
		if c.name == name || name == "" {
			fmt.Fprintf(w, "kioskctl %s %s\n", c.name, c.synopsis)
			fmt.Fprintf(w, "    %s\n", c.about)
		}
	}
}

func help(_ context.Context, t *tool, args []string) error {
	switch {
	case len(args) == 0:
		t.synopsis(t.stdout, "")
		fmt.Fprint(t.stdout, statuses)
		return nil
	case args[0] == "json":
		return describeDocuments(t.stdout)
	case args[0] == "codes":
		for i, fault := range content.Embedded().Faults {
			if i > 0 {
				fmt.Fprintln(t.stdout)
			}
			writeFault(t.stdout, fault)
		}
		return nil
	}
	var b strings.Builder
	if t.synopsis(&b, args[0]); b.Len() == 0 {
		return usagef("kioskctl has no command %q", args[0])
	}
	fmt.Fprint(t.stdout, b.String())
	return nil
}

const statuses = `
exit status: 0 done, 1 internal error, 2 usage or invalid input file, 3 no reader or no PC/SC service,
4 no card in time, 5 not a My Number Card, 6 card left early or read in part, 7 selftest: staff are needed
`
