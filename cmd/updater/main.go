// Command updater is root's part of an update. Units of the appliance start it, and RAUC does, nobody else: it looks what
// lies on the stick that staff brought, has RAUC install it, and keeps a system that has passed. RAUC verifies and writes;
// this program decides whether it may, and tells the kiosk in a small document (hw/update).
//
// It must never read anything the kiosk wrote, never install what it has not looked at, and never say that a system
// passed: that is the kiosk's word.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

const usage = "usage: updater look | install | check MOUNT | keep"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	m := appliance
	m.run = command
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "look":
		m.look(ctx) // whatever it finds, the kiosk is told
	case len(args) == 1 && args[0] == "install":
		err = m.install(ctx)
	case len(args) == 2 && args[0] == "check":
		err = m.check(args[1])
	case len(args) == 1 && args[0] == "keep":
		err = m.keep(ctx)
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "updater:", err)
		os.Exit(1)
	}
}

// command runs a program of the appliance and hands each line it prints to heard, which may be nil; it returns all of
// what it printed.
func command(ctx context.Context, heard func(string), name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	l := &lines{heard: heard}
	var complaint strings.Builder
	c.Stdout, c.Stderr = l, &complaint
	if err := c.Run(); err != nil {
		return l.all.String(), fmt.Errorf("running %s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return l.all.String(), nil
}

// lines hands on each line as soon as it is complete.
type lines struct {
	heard func(string)
	rest  string
	all   strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.all.Write(p)
	l.rest += string(p)
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return len(p), nil
		}
		l.rest = rest
		if l.heard != nil {
			l.heard(line)
		}
	}
}
