package page

import (
	"slices"
	"strconv"
	"strings"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/site"
)

// guidePurpose is the guide an all-clear result leads to.
const guidePurpose = "purpose"

func (v voice) guideMenu(c *content.Content) Page {
	p := v.scene(NoMark, "guides")
	for _, id := range c.Guides.Menu {
		if g, ok := c.Guides.Guide(id); ok {
			p.Buttons = append(p.Buttons, Button{Action: ActGuide + Action(id), Label: v.words(g.Title), Choice: true})
		}
	}
	p.Buttons = append(p.Buttons, v.button(ActBack), v.button(ActExtend), v.button(ActFinish))
	return p
}

// words says a text of the guides in the visitor's language.
func (v voice) words(w content.Words) string { return w.In(v.String()) }

func (v voice) guideStep(s GuideStep, o site.Office) Page {
	t := guided{teller: teller{voice: v, office: o}, GuideStep: s, c: s.Content}
	if s.Verdict != nil {
		t.report, t.facts = s.Verdict.Report, s.Verdict.Facts
	}
	var p Page
	if q := s.Walk.Question(); q != nil {
		p = t.question(q)
	} else {
		p = t.leaf(s.Walk.Leaf())
	}
	p.Buttons = append(p.Buttons, v.button(ActBack), v.button(ActOver), v.button(ActExtend), v.button(ActFinish))
	return p
}

// guided tells one place in a guide.
type guided struct {
	teller
	GuideStep
	c *content.Content
}

func (t guided) question(q *content.Question) Page {
	p := Page{Headline: t.words(q.Ask)}
	if q.Why != (content.Words{}) {
		p.Why = t.words(q.Why)
	}
	for i, a := range q.Answers {
		p.Buttons = append(p.Buttons, Button{Action: ActAnswer + Action(strconv.Itoa(i)), Label: t.words(a.Label), Choice: true})
	}
	none := t.button(ActDontKnow)
	if q.NoneLabel != (content.Words{}) {
		none.Label, none.Choice = t.words(q.NoneLabel), true
	}
	p.Buttons = append(p.Buttons, none)
	return p
}

func (t guided) leaf(l *content.Leaf) Page {
	p := Page{Headline: t.words(l.Title), Lead: t.said(l.Lead)}
	t.state(&p, l)
	p.Ways = []Way{{Title: t.Say("guide.steps"), Steps: t.said(l.Steps)}}
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			p.Sections = append(p.Sections, Section{title, lines})
		}
	}
	notes := t.said(l.Notes)
	if t.Verdict != nil && slices.Contains(l.Keys, guide.Certificate) {
		if f := t.found(diagnosis.FoundGraceUntil); f != nil {
			notes = append([]string{t.Say("note.grace-until", "date", t.day(f.Date))}, notes...)
		}
	}
	add(t.Say("guide.stop"), t.said(l.Stop))
	add(t.Say("title.notes"), notes)
	for _, k := range l.Stores {
		add(t.Say("guide.stores", "name", t.Say("key."+k+".short")), t.chains(k))
	}
	if l.Office {
		w := t.window(t.office.Counter)
		title := t.Say("way.counter.title")
		if t.office.Name != "" {
			title = t.Say("guide.office", "office", t.office.Name)
		}
		add(title, append(w.Place, some(w.Opening)...))
	}
	add(t.Say("guide.phones"), t.phones(l.Phones))
	if len(l.Fields) > 0 {
		add(t.Say("guide.trail"), t.trail())
	}
	for _, f := range l.Fields {
		p.Fields = append(p.Fields, Field{t.words(f.Label), f.Lines})
	}
	if page, ok := t.c.Page(l.Page); ok {
		p.Link, p.LinkText = page.Address, t.words(page.Name)
	}
	p.Foot = t.guideFoot(l)
	p.Buttons = []Button{t.main(ActPrint)}
	if t.Verdict != nil && len(l.Forgotten) > 0 {
		p.Buttons = append(p.Buttons, t.choice(ActForgot))
	}
	if l.Then != "" {
		then := t.choice(ActThen)
		if l.ThenLabel != (content.Words{}) {
			then.Label = t.words(l.ThenLabel)
		}
		p.Buttons = append(p.Buttons, then)
	}
	for i, ref := range l.See {
		p.Buttons = append(p.Buttons, Button{Action: ActSee + Action(strconv.Itoa(i)), Label: t.titleOf(ref), Choice: true})
	}
	return p
}

func (v voice) choice(a Action) Button {
	b := v.button(a)
	b.Choice = true
	return b
}

// titleOf names the place a reference leads to: a leaf by its title, the beginning of a guide by the guide's, any other
// question by itself.
func (t guided) titleOf(ref string) string {
	g, node, ok := t.c.Guides.Resolve(t.Walk.Guide().ID, ref)
	if !ok {
		return ref
	}
	at, _ := t.c.Guides.Guide(g)
	if l, ok := at.Leaf(node); ok {
		return t.words(l.Title)
	}
	if q, _ := at.Question(node); q != &at.Questions[0] {
		return t.words(q.Ask)
	}
	return t.words(at.Title)
}

// said is statements as sentences, with the facts that stand elsewhere filled in.
func (t guided) said(all []content.Statement) []string {
	filled := guide.Filled(t.c.Terminal)
	var lines []string
	for _, s := range all {
		lines = append(lines, filled.Replace(t.words(s.Words)))
	}
	return lines
}

// state tells what this visitor's card says of the keys a leaf is about, or how to find out.
func (t guided) state(p *Page, l *content.Leaf) {
	switch {
	case len(l.Keys) == 0:
		return
	case t.Verdict == nil:
		p.Why = t.Say("guide.lay-card") // on paper it would come too late
		return
	}
	for _, name := range l.Keys {
		switch name {
		case guide.Certificate:
			p.Rows = append(p.Rows, t.authRow())
		case "card":
			p.Rows = append(p.Rows, t.cardRow())
		default:
			k, err := card.ParseKey(name)
			if err != nil {
				continue
			}
			p.Rows = append(p.Rows, t.keyRow(t.spoken(k)))
		}
	}
}

// chains names the shops that reset a key, those of which every one does first.
func (t guided) chains(key string) []string {
	var everywhere, some []string
	for _, h := range t.c.Resetting(key) {
		name := t.sign(site.Store{Name: h.Name, Latin: h.Latin})
		if h.Nationwide {
			everywhere = append(everywhere, name)
		} else {
			some = append(some, name)
		}
	}
	var lines []string
	if len(everywhere) > 0 {
		lines = append(lines, t.Say("place.stores-all", "stores", t.list(everywhere)))
	}
	if len(some) > 0 {
		lines = append(lines, t.Say("guide.stores-some", "stores", t.list(some)))
	}
	return lines
}

// phones tells telephone lines: those that speak the visitor's language, or all of them where none does. Who reads
// やさしい日本語 may want any.
func (t guided) phones(ids []string) []string {
	var all []content.Phone
	for _, id := range ids {
		if p, ok := t.c.Phone(id); ok {
			all = append(all, p)
		}
	}
	lang, _, easy := strings.Cut(t.String(), "-")
	mine := slices.DeleteFunc(slices.Clone(all), func(p content.Phone) bool { return !slices.Contains(p.Languages, lang) })
	if len(mine) == 0 || easy {
		mine = all
	}
	var lines []string
	for _, p := range mine {
		key := "guide.phone"
		if !p.Free {
			key = "guide.phone-charged"
		}
		line := t.Say(key, "name", t.words(p.Name), "number", p.Number, "hours", t.words(p.Hours))
		if p.Menu != (content.Words{}) {
			line = t.sentences([]string{line, t.Say("guide.phone-menu", "menu", t.words(p.Menu))})
		}
		lines = append(lines, line)
	}
	return lines
}

// trail tells the questions that led here and what was answered, for whoever helps next.
func (t guided) trail() []string {
	var lines []string
	for _, x := range t.Walk.Trail() {
		answer := t.Say("button.dont-know")
		switch {
		case x.Answer != nil:
			answer = t.words(x.Answer.Label)
		case x.Question.NoneLabel != (content.Words{}):
			answer = t.words(x.Question.NoneLabel)
		}
		lines = append(lines, t.Say("guide.turn", "question", t.words(x.Question.Ask), "answer", answer))
	}
	return lines
}

// guideFoot tells which leaf this is, for whoever helps by telephone, where the kiosk stands, and how old the oldest of
// the facts is.
func (t guided) guideFoot(l *content.Leaf) []string {
	foot := []string{t.words(t.Walk.Guide().Title), "(" + t.Walk.Ref() + ")"}
	if place := strings.TrimSpace(t.office.Name + " " + t.office.Kiosk); place != "" {
		foot = append(foot, place)
	}
	if d := t.oldest(l); d.Known() {
		foot = append(foot, t.Say("foot.info", "date", t.day(d)))
	}
	return foot
}

func (t guided) oldest(l *content.Leaf) card.Date {
	var dates []content.Date
	for _, s := range slices.Concat(l.Lead, l.Steps, l.Stop, l.Notes) {
		if x, ok := t.c.Guides.Source(s.Source); ok {
			dates = append(dates, x.Checked)
		}
	}
	for _, k := range l.Stores {
		for _, h := range t.c.Resetting(k) {
			dates = append(dates, h.Checked)
		}
	}
	for _, id := range l.Phones {
		if p, ok := t.c.Phone(id); ok {
			dates = append(dates, p.Checked)
		}
	}
	if p, ok := t.c.Page(l.Page); ok {
		dates = append(dates, p.Checked)
	}
	return site.Oldest(dates)
}
