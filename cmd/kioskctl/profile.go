package main

import (
	"context"
	"fmt"
	"os"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
)

// profile checks a kiosk.toml more strictly than the kiosk does at boot: an unknown key is a mistake here. What it
// has to say is for office staff and therefore in Japanese.
func profile(_ context.Context, t *tool, args []string) error {
	fs := t.flags("profile")
	if len(args) == 0 || args[0] != "check" {
		return usagef("kioskctl profile check FILE")
	}
	now := fs.String("now", "", "first moment of the week that is printed, as 2026-11-24T10:15")
	if err := fs.Parse(args[1:]); err != nil {
		return failure{status: usage}
	}
	if fs.NArg() != 1 {
		return usagef("profile check takes one file")
	}
	moment, err := (&visit{now: *now, clock: "trusted"}).moment()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(fs.Arg(0))
	if err != nil {
		return usagef("reading profile: %w", err)
	}
	p, problems := site.Load(fs.Arg(0), data)
	problems = append(problems, site.Unprintable(fs.Arg(0), data, slip.Drawable)...)
	for _, problem := range problems {
		fmt.Fprintln(t.stdout, problem)
	}
	if p != nil {
		fmt.Fprintln(t.stdout, p.Panel)
		for _, line := range site.Week(p, content.Embedded(), moment.Earliest.In(card.Tokyo)) {
			fmt.Fprintln(t.stdout, line)
		}
	}
	if site.Failed(problems) {
		return failure{status: usage}
	}
	return nil
}
