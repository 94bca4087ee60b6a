package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kagimado/hw"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/ledger"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

const lastGood = "profile" // the record of the last good one

// profile is what the kiosk runs with.
type profile struct {
	*site.Profile
	staff []string // what staff must see to
	keep  []byte   // the file to keep as last good; nil: nothing to keep
}

// openLedger opens the records in the folder of that name; nil when there is none. A state partition that is gone
// costs what is kept on it and not the kiosk.
func openLedger(folder string, log *slog.Logger) *ledger.Ledger {
	if folder == "" {
		return nil
	}
	l, err := ledger.Open(folder)
	if err != nil {
		log.Warn("nothing is kept", "error", err)
		return nil
	}
	return l
}

// loadTime returns what was kept of the time; nil when nothing can be used, which costs staff a touch.
func loadTime(records *ledger.Ledger, log *slog.Logger) []byte {
	if records == nil {
		return nil
	}
	data, err := records.Load(kiosk.ClockRecord)
	if err != nil {
		if !errors.Is(err, ledger.ErrNone) {
			log.Warn("the time was lost", "error", err)
		}
		return nil
	}
	return data
}

// loadProfile takes a profile with unknown keys, because an older program must run a newer file. Instead of one with
// mistakes, or of none, it takes the last good one in the ledger, and fails where there is none either.
func loadProfile(file string, facts *content.Content, records *ledger.Ledger, log *slog.Logger) (profile, error) {
	if file == "" {
		place, err := site.Builtin("city-hall")
		return profile{Profile: place}, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fallBack(facts, records, "", err, log)
	}
	place, mistakes := parseProfile(file, data, log)
	if place == nil {
		return fallBack(facts, records, told(mistakes[0]), joined(mistakes), log)
	}
	p := profile{Profile: place, keep: data}
	if len(mistakes) > 0 { // no visitor is sent astray, but a slip may not come
		p.staff = []string{string(hw.ProfileMistake) + " " + told(mistakes[0])}
	}
	return p, nil
}

// parseProfile logs every problem and returns the mistakes; without a profile there is one at least.
func parseProfile(file string, data []byte, log *slog.Logger) (*site.Profile, []site.Problem) {
	place, problems := site.Load(file, data)
	problems = append(problems, site.Unprintable(file, data, slip.Drawable)...)
	for _, p := range problems {
		log.Warn("profile", "problem", p.String())
	}
	return place, slices.DeleteFunc(problems, func(p site.Problem) bool { return p.Severity != site.Mistake })
}

// fallBack runs the last good profile instead of the one that cannot be used because of cause; said is that cause in
// staff's words, if there are any.
func fallBack(facts *content.Content, records *ledger.Ledger, said string, cause error, log *slog.Logger) (profile, error) {
	cause = fmt.Errorf("reading profile: %w", cause)
	if records == nil {
		return profile{}, cause
	}
	data, err := records.Load(lastGood)
	if err != nil {
		return profile{}, errors.Join(cause, fmt.Errorf("reading the last good profile: %w", err))
	}
	place, mistakes := parseProfile("last good profile", data, log)
	if place == nil { // a program older than the one that kept it
		return profile{}, errors.Join(cause, fmt.Errorf("reading the last good profile: %w", joined(mistakes)))
	}
	log.Error("the last good profile runs", "code", hw.ProfileMistake, "error", cause)
	fault, _ := facts.Fault(string(hw.ProfileMistake))
	p := profile{Profile: place, staff: []string{fault.Cause}}
	if said != "" {
		p.staff = []string{said, fault.Cause}
	}
	p.staff[0] = string(hw.ProfileMistake) + " " + p.staff[0]
	return p, nil
}

func joined(mistakes []site.Problem) error {
	var all []error
	for _, m := range mistakes {
		all = append(all, errors.New(m.String()))
	}
	return errors.Join(all...)
}

// told is a mistake as staff read it on the screen. They know the file by its name, wherever it is mounted; a
// character that cannot be shown, such as the curly quote the message is about, is spelt.
func told(mistake site.Problem) string {
	mistake.File = filepath.Base(mistake.File)
	var b strings.Builder
	for _, r := range mistake.String() {
		if text.Check(string(r)) != nil || !slip.Drawable(r) {
			fmt.Fprintf(&b, "U+%04X", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// keepProfile makes a profile the last good one. It is called when the devices it names could be opened. An SD card
// lives longer if what is the same is not written again.
func keepProfile(p profile, records *ledger.Ledger, log *slog.Logger) {
	if records == nil || p.keep == nil {
		return
	}
	kept, err := records.Load(lastGood)
	if err == nil && bytes.Equal(kept, p.keep) {
		return
	}
	if err != nil && !errors.Is(err, ledger.ErrNone) {
		log.Warn("the last good profile was lost", "error", err)
	}
	if err := records.Save(lastGood, p.keep); err != nil {
		log.Warn("the profile is not kept as the last good one", "error", err)
		return
	}
	log.Info("the profile is kept as the last good one")
}
