// Package content holds the dated data: facts that rot, each with the place it comes from and the day it was checked.
// Store chains, days on which counters are closed, telephone numbers, official pages, and what a fault code means to
// staff. The embedded copy serves when no newer one was installed.
//
// The package must never decide anything, never know the present moment, and never accept a file it does not
// understand: an unknown key, an entry without source or date, a date that does not exist fails the whole load,
// because half a store list is worse than an old one.
package content

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Date is a calendar day. The zero Date means unknown.
type Date = toml.LocalDate

// Dated is the pedigree of a fact.
type Dated struct {
	Source  string `toml:"source"`  // address or document
	Checked Date   `toml:"checked"` // the day on which it was last compared with the source
}

func (d Dated) check(what string) error {
	if d.Source == "" || d.Checked == (Date{}) {
		return fmt.Errorf("checking %s: source and checked must be given", what)
	}
	return nil
}

// Chain is one chain of shops whose terminal resets a PIN of the certificates.
type Chain struct {
	ID         string   `toml:"id"`
	Name       string   `toml:"name"`  // as it stands on the shop's sign
	Latin      string   `toml:"latin"` // the sign in Latin letters
	Resets     []string `toml:"resets"`
	Nationwide bool     `toml:"nationwide"` // every shop in Japan; otherwise only those Reach tells
	Reach      string   `toml:"reach"`
	Dated
}

// Terminal is what holds for the terminals of all chains.
type Terminal struct {
	Opens        string `toml:"opens"` // 6:30
	Closes       string `toml:"closes"`
	BookingHours int    `toml:"booking_hours"`
	Minutes      int    `toml:"minutes"`
	Dated
}

// Phone is one telephone line. Hours and Menu are for people to read.
type Phone struct {
	ID        string   `toml:"id"`
	Name      Words    `toml:"name"`
	Number    string   `toml:"number"`
	Languages []string `toml:"languages"` // ISO 639-1
	Hours     Words    `toml:"hours"`
	Menu      Words    `toml:"menu"` // what to press; empty where nobody asks
	Free      bool     `toml:"free"`
	Dated
}

// Page is one official page on the web.
type Page struct {
	ID      string `toml:"id"`
	Name    Words  `toml:"name"`
	Address string `toml:"address"`
	Dated
}

// Pages every Content has.
const (
	PageStoreReset = "store-reset"
	PageCard       = "card"
)

// Fault is what staff need to know about one fault code.
type Fault struct {
	Code   string   `toml:"code"`
	Name   string   `toml:"name"`
	Cause  string   `toml:"cause"`
	Remedy []string `toml:"remedy"` // steps in order
}

// Content is one complete, checked set of dated data. It is not changed after loading.
type Content struct {
	Terminal Terminal
	Chains   []Chain // nation-wide ones first
	Calendar Calendar
	Phones   []Phone
	Pages    []Page
	Faults   []Fault
	Guides   Guides
}

// Phone returns the line with this id.
func (c *Content) Phone(id string) (Phone, bool) {
	return find(c.Phones, func(p Phone) bool { return p.ID == id })
}

// Page returns the page with this id.
func (c *Content) Page(id string) (Page, bool) {
	return find(c.Pages, func(p Page) bool { return p.ID == id })
}

// Chain returns the chain with this id.
func (c *Content) Chain(id string) (Chain, bool) {
	return find(c.Chains, func(h Chain) bool { return h.ID == id })
}

// Fault returns the entry of a fault code.
func (c *Content) Fault(code string) (Fault, bool) {
	return find(c.Faults, func(f Fault) bool { return f.Code == code })
}

// Resetting returns the chains that reset the key with this stable name, nation-wide ones first.
func (c *Content) Resetting(key string) []Chain {
	var out []Chain
	for _, h := range c.Chains {
		if slices.Contains(h.Resets, key) {
			out = append(out, h)
		}
	}
	return out
}

func find[T any](s []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(s, is); i >= 0 {
		return s[i], true
	}
	var none T
	return none, false
}

//go:embed data/*.toml data/guides/*.toml
var embedded embed.FS

// Files are the data this program was built with, as Load reads them.
func Files() fs.FS {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		panic(err) // the name is no path
	}
	return sub
}

// Embedded returns the data this program was built with. The caller must not change it.
var Embedded = sync.OnceValue(func() *Content {
	c, err := Load(Files())
	if err != nil {
		panic(err) // a test loads it: a program that gets here was never tested
	}
	return c
})

// FileError tells which file is at fault.
type FileError struct {
	Name string
	Err  error
}

// Error tells the file and what is wrong with it.
func (e *FileError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Load reads and checks a complete set of data: stores.toml, calendar.toml, phones.toml, pages.toml, faults.toml, and
// the folder guides.
// The error names the file, and line and column where the file's form is at fault.
func Load(files fs.FS) (*Content, error) {
	var (
		stores struct {
			Terminal Terminal `toml:"terminal"`
			Chains   []Chain  `toml:"chain"`
		}
		calendar calendarFile
		phones   struct {
			Phones []Phone `toml:"phone"`
		}
		pages struct {
			Pages []Page `toml:"page"`
		}
		faults struct {
			Dated
			Faults []Fault `toml:"fault"`
		}
	)
	c := new(Content)
	for _, f := range []struct {
		name string
		into any
		take func() error
	}{
		{"stores.toml", &stores, func() error {
			c.Terminal, c.Chains = stores.Terminal, stores.Chains
			return checkStores(c.Terminal, c.Chains)
		}},
		{"calendar.toml", &calendar, func() (err error) {
			c.Calendar, err = calendar.calendar()
			return err
		}},
		{"phones.toml", &phones, func() error { c.Phones = phones.Phones; return checkPhones(c.Phones) }},
		{"pages.toml", &pages, func() error { c.Pages = pages.Pages; return checkPages(c) }},
		{"faults.toml", &faults, func() error {
			c.Faults = faults.Faults
			return errors.Join(faults.check("faults"), checkFaults(c.Faults))
		}},
	} {
		data, err := fs.ReadFile(files, f.name)
		if err != nil {
			return nil, fmt.Errorf("loading content: %w", err)
		}
		if err := decode(data, f.into); err != nil {
			return nil, fmt.Errorf("loading content: %w", &FileError{f.name, err})
		}
		if err := f.take(); err != nil {
			return nil, fmt.Errorf("loading content: %w", &FileError{f.name, err})
		}
	}
	var err error
	if c.Guides, err = loadGuides(files, "guides"); err != nil {
		return nil, fmt.Errorf("loading content: %w", err)
	}
	return c, nil
}

func decode(data []byte, into any) error {
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into)
	if missing := (*toml.StrictMissingError)(nil); errors.As(err, &missing) {
		var all []error
		for _, e := range missing.Errors {
			row, col := e.Position()
			all = append(all, fmt.Errorf("%d:%d: unknown key %s", row, col, strings.Join(e.Key(), ".")))
		}
		return errors.Join(all...)
	}
	if at := (*toml.DecodeError)(nil); errors.As(err, &at) {
		row, col := at.Position()
		return fmt.Errorf("%d:%d: %w", row, col, err)
	}
	return err
}

// resettable are the keys a terminal can reset at all (rules.md section 2).
var resettable = []string{"auth", "sign"}

func checkStores(t Terminal, chains []Chain) error {
	errs := []error{t.check("terminal")}
	for _, s := range []string{t.Opens, t.Closes} {
		if _, err := time.Parse("15:04", s); err != nil {
			errs = append(errs, fmt.Errorf("checking terminal: %q is no time of day", s))
		}
	}
	if t.BookingHours <= 0 || t.Minutes <= 0 {
		errs = append(errs, errors.New("checking terminal: booking_hours and minutes must be given"))
	}
	errs = append(errs, ids("chain", chains, func(h Chain) string { return h.ID }))
	regional := false
	for _, h := range chains {
		errs = append(errs, h.check("chain "+h.ID))
		if h.Name == "" || h.Latin == "" || h.Reach == "" || len(h.Resets) == 0 {
			errs = append(errs, fmt.Errorf("checking chain %s: name, latin, reach and resets must be given", h.ID))
		}
		for _, k := range h.Resets {
			if !slices.Contains(resettable, k) {
				errs = append(errs, fmt.Errorf("checking chain %s: no terminal resets %q", h.ID, k))
			}
		}
		if h.Nationwide && regional {
			errs = append(errs, fmt.Errorf("checking chain %s: nation-wide chains come first", h.ID))
		}
		regional = regional || !h.Nationwide
	}
	return errors.Join(errs...)
}

var phoneNumber = regexp.MustCompile(`^0\d{1,3}-\d{2,4}-\d{2,4}$`)

func checkPhones(phones []Phone) error {
	errs := []error{ids("phone", phones, func(p Phone) string { return p.ID })}
	for _, p := range phones {
		errs = append(errs, p.check("phone "+p.ID))
		if p.Name.Ja == "" || p.Hours.Ja == "" || len(p.Languages) == 0 || !phoneNumber.MatchString(p.Number) {
			errs = append(errs, fmt.Errorf("checking phone %s: name, languages, hours and a number must be given", p.ID))
		}
	}
	return errors.Join(errs...)
}

func checkPages(c *Content) error {
	errs := []error{ids("page", c.Pages, func(p Page) string { return p.ID })}
	for _, p := range c.Pages {
		errs = append(errs, p.check("page "+p.ID))
		if p.Name.Ja == "" || !strings.HasPrefix(p.Address, "https://") {
			errs = append(errs, fmt.Errorf("checking page %s: name and an https address must be given", p.ID))
		}
	}
	for _, id := range []string{PageStoreReset, PageCard} {
		if _, ok := c.Page(id); !ok {
			errs = append(errs, fmt.Errorf("checking pages: page %s is missing", id))
		}
	}
	return errors.Join(errs...)
}

var faultCode = regexp.MustCompile(`^[A-Z]-\d{2}$`)

func checkFaults(faults []Fault) error {
	errs := []error{ids("fault", faults, func(f Fault) string { return f.Code })}
	for _, f := range faults {
		if !faultCode.MatchString(f.Code) || f.Name == "" || f.Cause == "" || len(f.Remedy) == 0 || slices.Contains(f.Remedy, "") {
			errs = append(errs, fmt.Errorf("checking fault %q: code, name, cause and remedy must be given", f.Code))
		}
	}
	return errors.Join(errs...)
}

// ids reports a list that is empty, or an id that is empty or stands twice.
func ids[T any](what string, list []T, id func(T) string) error {
	if len(list) == 0 {
		return fmt.Errorf("checking %s list: it is empty", what)
	}
	seen := map[string]bool{"": true}
	for _, e := range list {
		if seen[id(e)] {
			return fmt.Errorf("checking %s %q: the id is empty or stands twice", what, id(e))
		}
		seen[id(e)] = true
	}
	return nil
}
