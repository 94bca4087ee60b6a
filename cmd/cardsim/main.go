// Command cardsim lays simulated cards on the virtual PC/SC reader of vsmartcard. It is for development and never in the
// image: it must hold invented cards only, and it never shows a byte of a command.
//
// It takes commands, one a line, on standard input and on a Unix socket (-listen); "cardsim -to SOCKET COMMAND" sends one
// to a cardsim that runs. Every command is answered by lines of which the last begins with "ok" or "error:". When it ends
// after a command with a PIN in it arrived, its exit status is 1: that would have spent a try.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest/vpcd"
)

const usage = `usage: cardsim [-addr HOST:PORT] [-listen SOCKET] [-card NAME] [-date YYYY-MM-DD]
       cardsim -to SOCKET COMMAND [ARG...]

Lays simulated cards on the reader of a running pcscd with the vpcd driver.
Commands, also on standard input:
` + help + `
`

func main() {
	status, err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cardsim:", err)
	}
	os.Exit(status)
}

func run(args []string, in io.Reader, out, problems io.Writer) (status int, err error) {
	flags := flag.NewFlagSet("cardsim", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.Usage = func() {
		fmt.Fprint(problems, usage, "Flags:\n")
		flags.PrintDefaults()
	}
	addr := flags.String("addr", vpcd.Address, "where the virtual reader waits for its card")
	listen := flags.String("listen", "", "take commands on this Unix socket as well")
	to := flags.String("to", "", "send one command to the cardsim that listens on this Unix socket")
	name := flags.String("card", "", "lay this card at the start")
	date := flags.String("date", card.DateOf(time.Now()).String(), "the day around which cards expire")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0, nil
	case err != nil:
		return 2, nil // said by flags
	}
	if *to != "" {
		return send(*to, flags.Args(), out)
	}
	if flags.NArg() > 0 {
		return 2, fmt.Errorf("%q is no flag; commands come on standard input, or with -to SOCKET (cardsim -h)", flags.Arg(0))
	}
	today, err := card.ParseDate(*date)
	if err != nil {
		return 2, err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b := &bench{slot: vpcd.At(*addr), today: today}
	defer func() {
		b.slot.Lift()
		if n := b.slot.Traffic().SecretSent; n > 0 && err == nil {
			status, err = 1, fmt.Errorf("%d commands carried a PIN: each would have spent a try on a real card", n)
		}
	}()
	if *name != "" {
		if err := b.lay(*name); err != nil {
			return 1, err
		}
		fmt.Fprintln(out, "ok laid", *name)
	}
	stays := *name != "" || *listen != "" // standard input may be at its end from the start
	if *listen != "" {
		end, err := b.listen(*listen, stop)
		if err != nil {
			return 1, err
		}
		defer end()
	}
	go func() {
		if b.converse(in, out) || !stays {
			stop()
		}
	}()
	<-ctx.Done()
	return 0, nil
}

// converse does the commands of in until "quit", which it reports, or the end.
func (b *bench) converse(in io.Reader, out io.Writer) (quit bool) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if b.do(lines.Text(), out) {
			return true
		}
	}
	return false
}

// listen takes commands on a Unix socket until the returned end is called.
func (b *bench) listen(path string, quit func()) (end func(), err error) {
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("listening on %s: another cardsim does already", path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path) // left by one that was killed; if that fails Listen says why
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listening for commands: %w", err), l.Close())
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if b.converse(conn, conn) {
					quit()
				}
			})
		}
	})
	return func() { l.Close() }, nil
}

// send sends one command to another cardsim; the status is 1 when that answers with an error.
func send(path string, command []string, out io.Writer) (status int, err error) {
	if len(command) == 0 {
		return 2, errors.New("-to needs a command, such as: lay all-fine")
	}
	dial, err := net.Dial("unix", path)
	if err != nil {
		return 1, fmt.Errorf("sending the command: %w (start one with: cardsim -listen %s)", err, path)
	}
	conn := dial.(*net.UnixConn)
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, strings.Join(command, " ")); err != nil {
		return 1, fmt.Errorf("sending the command: %w", err)
	}
	if err := conn.CloseWrite(); err != nil {
		return 1, fmt.Errorf("sending the command: %w", err)
	}
	last := ""
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		last = lines.Text()
		fmt.Fprintln(out, last)
	}
	if !strings.HasPrefix(last, "ok") {
		status = 1
	}
	return status, nil
}
