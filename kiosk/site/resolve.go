package site

import (
	"slices"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
)

// Resolve says where the report's paths lead from here: every store path gets the chains that reset its key, every
// counter path at this office the window that serves it, and Office what a page needs to know beside them. The report
// itself is not changed. Without a profile (p is nil) stores are named and places are not.
//
// A store path names the nation-wide chains, and of the regional ones only those of which the profile knows a shop
// nearby: "some shops" is no direction, a walk of four minutes is. The others are in Office.MoreStores.
//
// If the profile asks whether the visitor lives here, the question joins the report's, first, as long as it is
// unanswered in a and its answer would lead elsewhere.
func Resolve(r diagnosis.Report, now diagnosis.Now, a diagnosis.Answers, p *Profile, c *content.Content) Resolved {
	v := resolver{now: now, profile: p, content: c}
	v.resolve(&r.Primary)
	if r.Alternative != nil {
		alternative := *r.Alternative
		v.resolve(&alternative)
		r.Alternative = &alternative
	}
	if p != nil && p.AskResident && a.Resident == diagnosis.Unknown && v.counter != nil && v.counter.At == diagnosis.AtOffice &&
		!slices.Contains(r.Questions, diagnosis.Resident) {
		r.Questions = append([]diagnosis.Question{diagnosis.Resident}, r.Questions...)
	}
	return Resolved{Report: r, Office: v.office(r)}
}

type resolver struct {
	now     diagnosis.Now
	profile *Profile
	content *content.Content

	counter, store *diagnosis.Path // the first of each in the report
	window         *Window         // of the first counter path that has one
	stores, more   []Store         // of the first store path
	checked        []content.Date  // of the dated facts used
}

func (v *resolver) resolve(p *diagnosis.Path) {
	switch {
	case p.Route == diagnosis.RouteStore:
		stores, more := v.chains(p.Actions)
		p.Stores = []string{}
		for _, s := range stores {
			p.Stores = append(p.Stores, s.ID)
		}
		if v.store == nil {
			v.store, v.stores, v.more = p, stores, more
		}
	case p.Route == diagnosis.RouteCounter:
		if v.counter == nil {
			v.counter = p
		}
		if p.At != diagnosis.AtOffice {
			break
		}
		if w := v.windowFor(p); w != nil {
			p.Place = place(*w)
			if v.window == nil {
				v.window = w
			}
		}
	}
	for _, branch := range []**diagnosis.Path{&p.Yes, &p.No} {
		if *branch != nil {
			b := **branch
			v.resolve(&b)
			*branch = &b
		}
	}
}

// chains returns the chains that reset every key the actions name, those to be named and those only to be hinted at.
func (v *resolver) chains(actions []diagnosis.Action) (named, more []Store) {
	var keys []string
	for _, a := range actions {
		if a.Verb != diagnosis.Reset {
			return nil, nil // no terminal does anything else
		}
		keys = append(keys, a.Key.String())
	}
	if len(keys) == 0 {
		return nil, nil
	}
	for _, h := range v.content.Resetting(keys[0]) {
		if slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(h.Resets, k) }) {
			continue
		}
		s := Store{ID: h.ID, Name: h.Name, Latin: h.Latin, Reach: h.Reach, Nationwide: h.Nationwide}
		if v.profile != nil {
			s.Nearby = v.profile.Nearby[h.ID]
		}
		if h.Nationwide || len(s.Nearby) > 0 {
			named = append(named, s)
		} else {
			more = append(more, s)
		}
	}
	return named, more
}

// windowFor chooses the one window for a path: one that serves all of it if there is any, otherwise the one that
// serves most, so that the visitor stands before somebody who can begin. Of equals the one that is reached soonest, and
// of those the one the profile names first.
func (v *resolver) windowFor(p *diagnosis.Path) *Window {
	if v.profile == nil {
		return nil
	}
	var best *Window
	most := 0
	for _, w := range v.profile.Windows {
		n := w.serves(p)
		if n == 0 || n < most {
			continue
		}
		w.Opening = w.opening(v.now, v.content.Calendar)
		if n > most || v.sooner(w, *best) {
			best, most = &w, n
		}
	}
	return best
}

// sooner tells whether a serves the visitor before b does. A window in this building that opens later today comes
// before one that is open in another: who stands in the lobby at noon waits rather than takes the bus.
func (v *resolver) sooner(a, b Window) bool {
	rank := func(w Window) int {
		today := !w.Opening.Next.IsZero() && content.DateOf(w.Opening.Next) == content.DateOf(v.now.Latest.In(card.Tokyo))
		switch {
		case w.Here() && w.Opening.State == Open:
			return 0
		case w.Here() && today:
			return 1
		case w.Opening.State == Open:
			return 2
		case !w.Opening.Next.IsZero():
			return 3
		}
		return 4
	}
	if x, y := rank(a), rank(b); x != y {
		return x < y
	}
	return a.Opening.Next.Before(b.Opening.Next)
}

// serves counts the actions of p that the window does for this person.
func (w Window) serves(p *diagnosis.Path) int {
	if len(w.Whom) > 0 && !slices.Contains(w.Whom, p.Who) {
		return 0
	}
	n := 0
	for _, a := range p.Actions {
		if len(w.Serves) == 0 || slices.Contains(w.Serves, a) || slices.Contains(w.Serves, diagnosis.Action{Verb: a.Verb}) {
			n++
		}
	}
	return n
}

func place(w Window) *diagnosis.Place {
	o := w.Opening
	p := &diagnosis.Place{Window: w.Name, LastEntry: o.LastEntry}
	if o.State != OpeningUnknown {
		open := o.State == Open
		p.Open = &open
	}
	if o.State == Open {
		minutes := int(o.ClosesIn / time.Minute)
		p.ClosesInMin = &minutes
	}
	if !o.Next.IsZero() {
		p.Next = o.Next.In(card.Tokyo).Format("2006-01-02T15:04")
	}
	return p
}

// usual is what most people come for.
var usual = diagnosis.Path{Route: diagnosis.RouteCounter, At: diagnosis.AtOffice, Who: diagnosis.Owner, Actions: []diagnosis.Action{
	{Verb: diagnosis.IssueCertificates}, {Verb: diagnosis.RenewCertificates}, {Verb: diagnosis.Reset, Key: card.Auth},
	{Verb: diagnosis.Reset, Key: card.Sign}, {Verb: diagnosis.Reset, Key: card.InputSupport}, {Verb: diagnosis.Reset, Key: card.Juki},
}}

func (v *resolver) office(r diagnosis.Report) Office {
	o := Office{Primary: v.window, Stores: v.stores, MoreStores: v.more, Now: v.now}
	if p := v.profile; p != nil {
		o.Name, o.Municipality, o.Kiosk = p.Name, p.Municipality, p.Kiosk
		if v.window != nil && v.window.Here() {
			o.QueueTicket = p.QueueTicket
		}
		o.Bring = p.bring(v.counter, &r.Primary)
		o.Counter = v.windowFor(&usual)
		if o.Counter != nil {
			o.Counter.Opening = Opening{Hours: o.Counter.Opening.Hours}
		}
	}
	page := content.PageCard
	if v.store != nil && len(v.stores) > 0 {
		page = content.PageStoreReset
		o.StoreHours = v.content.Terminal.Opens + "-" + v.content.Terminal.Closes
		dates := []content.Date{v.content.Terminal.Checked}
		for _, s := range v.stores {
			h, _ := v.content.Chain(s.ID)
			dates = append(dates, h.Checked)
		}
		o.StoresDate = Oldest(dates)
		// Also a clock that is not believed has a lower bound, and that is enough to know that a list is old.
		o.StoresOld = old(o.StoresDate, v.now.Earliest)
		v.checked = append(v.checked, dates...)
	}
	if v.window != nil {
		v.checked = append(v.checked, v.content.Calendar.Checked)
	}
	if p, ok := v.content.Page(page); ok {
		o.Official = p.Address
		v.checked = append(v.checked, p.Checked)
	}
	o.InfoDate = Oldest(v.checked)
	o.StoreFirst = v.storeFirst(r)
	if believed(v.now) {
		o.ReadAt = v.now.Earliest.Add(v.now.Latest.Sub(v.now.Earliest) / 2)
		o.StopToday = v.stops(v.now.Earliest) && v.stops(v.now.Latest)
	}
	return o
}

// storeFirst decides which of two ways that lead to the same end stands first. A store that solves only a part is a
// stop-gap and never does. Where the counter is another town's, the store is nearer whatever the office prefers.
func (v *resolver) storeFirst(r diagnosis.Report) bool {
	if v.store == nil || len(v.stores) == 0 {
		return false
	}
	if v.counter == nil {
		return true
	}
	if !slices.Equal(v.store.Needs(), v.counter.Needs()) {
		return false
	}
	if v.counter.At == diagnosis.AtOwnMunicipality {
		return true
	}
	prefer := PreferBoth
	if v.profile != nil {
		prefer = v.profile.Prefer
	}
	switch prefer {
	case PreferCounter:
		return false
	case PreferStore:
		return true
	}
	if v.window != nil && v.window.Opening.State != OpeningUnknown {
		return v.window.Opening.State != Open || !v.window.Here()
	}
	return r.Primary.Route == diagnosis.RouteStore
}

// Oldest returns the oldest of the dates, the zero Date of none.
func Oldest(dates []content.Date) card.Date {
	var o card.Date
	for _, d := range dates {
		if c := (card.Date{Year: d.Year, Month: time.Month(d.Month), Day: d.Day}); !o.Known() || c.Before(o) {
			o = c
		}
	}
	return o
}

// stops tells whether t falls on the nation-wide stop.
func (v *resolver) stops(t time.Time) bool {
	return v.content.Calendar.NationwideStop(content.DateOf(t.In(card.Tokyo)))
}
