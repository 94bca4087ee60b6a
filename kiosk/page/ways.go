package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
)

// closingSoon is when the minutes until the last entry are worth saying.
const closingSoon = time.Hour

// paths returns the ways that are told, the one to take first.
func (t teller) paths() []*diagnosis.Path {
	r := t.report
	var ways []*diagnosis.Path
	switch {
	case r.Primary.Route == diagnosis.RouteAsk && t.unsure():
		ways = []*diagnosis.Path{r.Alternative}
	case r.Primary.Route == diagnosis.RouteAsk:
		ways = []*diagnosis.Path{r.Primary.Yes, r.Primary.No}
	default:
		ways = []*diagnosis.Path{&r.Primary, r.Alternative}
	}
	ways = slices.DeleteFunc(ways, func(p *diagnosis.Path) bool {
		return p == nil || !slices.Contains([]diagnosis.Route{diagnosis.RouteCounter, diagnosis.RouteStore, diagnosis.RouteHome, diagnosis.RouteStaffCheck}, p.Route)
	})
	// Which of two ways that both solve everything stands first is the office's choice and the hour's; a store that
	// is only a stop-gap never overtakes the counter.
	if len(ways) == 2 && ways[0].Route == diagnosis.RouteStore && ways[1].Route == diagnosis.RouteCounter && !t.office.StoreFirst {
		ways[0], ways[1] = ways[1], ways[0]
	}
	return ways
}

func (t teller) ways() []Way {
	paths := t.paths()
	var ways []Way
	for _, p := range paths {
		switch p.Route {
		case diagnosis.RouteCounter:
			ways = append(ways, t.counter(p))
		case diagnosis.RouteStore:
			ways = append(ways, t.store(p))
		case diagnosis.RouteHome:
			ways = append(ways, Way{
				Title: t.Say("way.home.title"), Price: t.Say("price.free"), Takes: t.Say("takes.home"),
				Steps: t.lines("way.home.step"),
			})
		case diagnosis.RouteStaffCheck:
			ways = append(ways, Way{Title: t.Say("way.staff-check.title"), Steps: t.lines("way.staff-check.step")})
		}
	}
	return ways
}

// either tells whether two ways are told of which each solves the same.
func (t teller) either() bool {
	p := t.paths()
	return len(p) == 2 && slices.Equal(p[0].Needs(), p[1].Needs())
}

// counterPath returns the told path to a counter, or nil.
func (t teller) counterPath() *diagnosis.Path {
	for _, p := range t.paths() {
		if p.Route == diagnosis.RouteCounter {
			return p
		}
	}
	return nil
}

// optional tells that the counter is for who wants it: as things are, the card may be as it should be.
func (t teller) optional() bool {
	return t.unsure() || t.report.Headline.Code == diagnosis.FaceCardFound && t.report.Primary.Route == diagnosis.RouteNothing
}

// agentTwice tells that whoever goes for the card's owner goes to the counter twice: for new PINs and new certificates
// the office first posts its inquiry to the owner (rules §3). A legal representative is no such agent.
func (t teller) agentTwice() bool {
	p := t.counterPath()
	return p != nil && p.Who == diagnosis.Owner && slices.ContainsFunc(p.Actions, func(a diagnosis.Action) bool {
		return a.Verb == diagnosis.Reset || a.Verb == diagnosis.IssueCertificates ||
			a.Verb == diagnosis.RenewCertificates && t.found(diagnosis.FoundCertificateExpired) != nil
	})
}

// agentRenewal tells that somebody else may renew in one visit, with the inquiry that came with the notice (rules §3).
func (t teller) agentRenewal() bool {
	return t.report.Headline.Code == diagnosis.CertificateExpiresSoon && t.does(diagnosis.RenewCertificates) &&
		t.report.Primary.Who == diagnosis.Owner && !t.agentTwice()
}

// mendedHere tells whether the visit changes something on the card in this building, so that a second tap shows it.
func (t teller) mendedHere() bool {
	p := t.counterPath()
	if p == nil || p.At == diagnosis.AtOwnMunicipality || t.office.Primary != nil && !t.office.Primary.Here() {
		return false
	}
	return slices.ContainsFunc(p.Actions, func(a diagnosis.Action) bool { return a.Verb != diagnosis.ApplyCard })
}

func (t teller) counter(p *diagnosis.Path) Way {
	var w Way
	if p.At == diagnosis.AtOwnMunicipality {
		w.Title = t.Say("way.own.title")
		w.Place = t.lines("way.own.place")
		if t.office.StopToday {
			w.Opening = t.closedToday(site.NationwideStop)
		}
	} else {
		w = t.window(t.office.Primary)
		w.Title = t.Say("way.counter.title")
		switch win := t.office.Primary; {
		case win != nil && !win.Here():
			w.Title = t.Say("way.counter.title-office", "office", win.Building)
		case win != nil && win.Opening.State == site.Open:
			w.Title = t.Say("way.counter.title-here")
		case t.office.Name != "": // whoever comes back another day must read where
			w.Title = t.Say("way.counter.title-office", "office", t.office.Name)
		}
	}
	w.Price, w.Takes = t.Say("price.free"), t.Say("takes.counter")
	switch {
	case p.Does(diagnosis.Action{Verb: diagnosis.ApplyCard}):
		w.Takes = t.Say("takes.card")
	case t.agentTwice():
		w.Takes = t.Say("takes.agent")
	}
	switch {
	case t.stayOver():
		w.Price = t.Say("price.paid")
	case p.Does(diagnosis.Action{Verb: diagnosis.ExtendCard}):
		w.Price = ""
	}
	w.Steps = t.counterSteps(p)
	switch {
	case !t.optional():
	case t.unsure():
		w.If = t.Say("if.unsure")
	case t.faceCardB():
		w.If = t.Say("if.face-card-b")
	default:
		w.If = t.Say("if.face-card")
	}
	return w
}

// window says where the window is and whether it is open.
func (t teller) window(win *site.Window) Way {
	if win == nil {
		return Way{Place: []string{t.Say("place.ask-staff")}}
	}
	var w Way
	name := win.Name
	if win.Floor != "" {
		name = t.Say("place.window", "window", win.Name, "floor", win.Floor)
	}
	for _, s := range []string{win.Address, name, win.Directions, win.Appointment, t.office.QueueTicket} {
		if s != "" {
			w.Place = append(w.Place, s)
		}
	}
	if win.Phone != "" && win.Opening.State != site.Open {
		w.Place = append(w.Place, t.Say("place.phone", "phone", win.Phone))
	}
	w.Opening = t.opening(win.Opening)
	return w
}

func (t teller) opening(o site.Opening) string {
	var all []string
	switch o.State {
	case site.Open:
		key := "opening.open"
		switch soon := o.ClosesIn < closingSoon; {
		case soon && o.Lunch != "":
			key = "opening.closing-lunch"
		case soon:
			key = "opening.closing"
		case o.Lunch != "":
			key = "opening.open-lunch"
		}
		return t.Say(key, "minutes", strconv.Itoa(int(o.ClosesIn/time.Minute)), "last", o.LastEntry, "lunch", o.Lunch)
	case site.ClosedNow:
		all = append(all, t.Say("opening.closed-now"))
	case site.ClosedToday:
		all = append(all, t.closedToday(o.Reason))
	default:
		if o.Hours == "" {
			return ""
		}
		return t.Say("opening.hours", "hours", t.hours(o.Hours))
	}
	if !o.Next.IsZero() {
		all = append(all, t.Say("opening.next", "time", t.soon(o.Next)))
	}
	return t.sentences(all)
}

// reasons are those a visitor is told; that a window has no hours on this weekday is none.
var reasons = map[site.ClosedReason]string{
	site.NationwideStop: "reason.nationwide-stop",
	site.YearEnd:        "reason.year-end",
	site.PublicHoliday:  "reason.public-holiday",
	site.LocalClosure:   "reason.local-closure",
}

func (t teller) closedToday(why site.ClosedReason) string {
	if key, ok := reasons[why]; ok {
		return t.Say("opening.closed-today-for", "reason", t.Say(key))
	}
	return t.Say("opening.closed-today")
}

// sentences joins finished sentences; only Latin script puts a space between them.
func (v voice) sentences(all []string) string {
	if v.latin() {
		return strings.Join(all, " ")
	}
	return strings.Join(all, "")
}

func (t teller) counterSteps(p *diagnosis.Path) []string {
	var steps []string
	if p.Who == diagnosis.LegalRepresentative {
		steps = append(steps, t.Say("step.legal-representative"))
	}
	steps = append(steps, t.Say("step.show-slip"))
	dead := p.Does(diagnosis.Action{Verb: diagnosis.ApplyCard})
	for _, a := range p.Actions {
		switch a.Verb {
		case diagnosis.ApplyCard:
			if t.stayOver() {
				steps = append(steps, t.Say("step.apply-card-stay"))
			} else {
				steps = append(steps, t.Say("step.apply-card"))
			}
		case diagnosis.ExtendCard, diagnosis.IssueCertificates, diagnosis.RenewCertificates:
			steps = append(steps, t.Say("step."+string(a.Verb)))
		}
	}
	pins, printed := resets(p)
	switch {
	case len(pins) > 0 && dead:
		steps = append(steps, t.Say("step.reset-meanwhile", "names", t.shortNames(pins)))
	case len(pins) > 1 && len(printed) == 0 && t.report.Headline.Code == diagnosis.LockedSeveral && !slices.ContainsFunc(pins, t.forgotten):
		steps = append(steps, t.Say("step.reset-all"))
	case len(pins) > 0:
		steps = append(steps, t.Say("step.reset", "names", t.shortNames(pins)))
	}
	if len(printed) > 0 {
		steps = append(steps, t.Say("step.unlock", "names", t.shortNames(printed)))
	}
	return steps
}

// resets parts the resets of p into PINs, which get new digits, and references to printed numbers, which are only
// unlocked.
func resets(p *diagnosis.Path) (pins, printed []card.Key) {
	for _, a := range p.Actions {
		switch {
		case a.Verb != diagnosis.Reset:
		case a.Key.Spec().Application == card.SurfaceApp:
			printed = append(printed, a.Key)
		default:
			pins = append(pins, a.Key)
		}
	}
	return pins, printed
}

// stayOver tells that the card ended with a period of stay: the only way then is a new card, and it costs money.
// An expired card without the way from home is that case and no other (rules §8.3, fine points).
func (t teller) stayOver() bool {
	return t.report.Headline.Code == diagnosis.CardExpired && t.does(diagnosis.ApplyCard) && t.report.Alternative == nil
}

func (t teller) store(p *diagnosis.Path) Way {
	key := card.KeyUnknown
	for _, a := range p.Actions {
		if a.Verb == diagnosis.Reset {
			key = a.Key
			break
		}
	}
	name := t.Say("key." + key.String() + ".short")
	w := Way{
		Title: t.Say("way.store.title"), Price: t.Say("price.free"),
	}
	other, _ := otherJPKI(key)
	w.Steps = t.lines("way.store.step", "other", t.Say("key."+other.String()+".short"),
		"form", t.Say("key."+other.String()+".form"))
	stopGap := len(p.Actions) < len(t.report.Primary.Actions)
	if stopGap {
		w.Title = t.Say("way.store.title-only", "name", name)
	}
	w.Place = t.stores(p, stopGap)
	if t.office.StoreHours != "" && !stopGap {
		w.Opening = t.Say("opening.store", "hours", t.office.StoreHours)
	}
	var conditions []string
	for _, q := range []diagnosis.Question{diagnosis.NFCPhone, diagnosis.OtherPINKnown, diagnosis.UnchangedSinceIssue} {
		if t.asks(q) && !(stopGap && q == diagnosis.OtherPINKnown) { // the steps say it
			conditions = append(conditions, t.Say("if."+string(q), "other", t.Say("key."+other.String()+".short")))
		}
	}
	if end := t.facts.Certificate(card.AuthCertificate).NotAfter; t.timeless() && end.Known() {
		conditions = append(conditions, t.Say("if.date", "date", t.day(end)))
	}
	if len(conditions) > 0 {
		w.If = t.Say("if.store", "conditions", t.list(conditions))
	}
	return w
}

// stores names the chains found all over Japan and the nearest shop the profile knows; that others do it too is
// only hinted at, because a list of chains of which "some shops" do it sends nobody anywhere. A stop-gap beside the
// counter is told in short.
func (t teller) stores(p *diagnosis.Path, stopGap bool) []string {
	var all []string
	var nearest, minutes = "", 0
	more := len(t.office.MoreStores) > 0
	for _, s := range t.office.Stores {
		if !slices.Contains(p.Stores, s.ID) {
			continue
		}
		if s.Nationwide {
			all = append(all, t.sign(s))
		} else {
			more = true
		}
		for _, n := range s.Nearby {
			if nearest == "" || n.Minutes < minutes {
				nearest, minutes = t.sign(s)+" "+n.Name, n.Minutes
			}
		}
	}
	var lines []string
	switch {
	case len(all) > 0 && more:
		lines = append(lines, t.Say("place.stores-more", "stores", t.list(all)))
	case len(all) > 0:
		lines = append(lines, t.Say("place.stores-all", "stores", t.list(all)))
	}
	if nearest != "" && !stopGap {
		lines = append(lines, t.Say("place.nearby", "shop", nearest, "minutes", strconv.Itoa(minutes)))
	}
	if t.office.StoresOld && t.office.StoresDate.Known() {
		lines = append(lines, t.Say("place.stores-old", "date", t.day(t.office.StoresDate)))
	}
	return lines
}

// sign is the chain's name as the visitor can read it on the shop.
func (v voice) sign(s site.Store) string {
	if v.latin() && s.Latin != "" {
		return s.Latin
	}
	return s.Name
}
