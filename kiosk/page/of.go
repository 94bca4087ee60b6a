package page

import (
	"slices"
	"strconv"

	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// Of makes the page for subject in the place o, wholly in lang but for official terms and the clerk's note.
func Of(subject Subject, o site.Office, lang text.Language) Page {
	v := voice{lang}
	if p, ok := v.staff(subject, o.Kiosk); ok {
		return p
	}
	var p Page
	switch s := subject.(type) {
	case Attract:
		p = v.scene(NoMark, "attract")
		notes := slices.Clone(s.Staff)
		if s.NoCode {
			notes = append(notes, official.Say("staff.no-code"))
		}
		p.Staff = v.toStaff(notes)
		p.Buttons = []Button{v.button(ActGuides)}
	case ChooseLanguage:
		p = v.scene(NoMark, "choose-language")
		for _, l := range text.Languages() {
			p.Buttons = append(p.Buttons, Button{
				Action: ActLang + Action(l.String()), Label: l.Say("language.name"), Main: l == lang,
			})
		}
		p.Buttons = append(p.Buttons, v.button(ActStaff), v.button(ActBack))
	case Reading:
		p = v.scene(NoMark, "reading")
		if s.Total > 0 {
			p.Rest = v.Say("scene.reading.progress", "done", strconv.Itoa(min(s.Done, s.Total)), "total", strconv.Itoa(s.Total))
		}
	case TakeCard:
		p = v.scene(Fine, "take-card")
	case Verdict:
		p = teller{v, s.Report, s.Facts, o}.verdict(s.Tries)
	case Details:
		p = teller{v, s.Report, s.Facts, o}.details()
	case Ask:
		p = v.ask(s.Question, s.Report)
	case GuideMenu:
		p = v.guideMenu(s.Content)
	case GuideStep:
		p = v.guideStep(s, o)
	case Printing:
		p = v.scene(NoMark, "printing")
	case Printed:
		if s.Confirmed {
			p = v.scene(Fine, "printed")
		} else {
			p = v.scene(Unclear, "printed-maybe")
		}
		p.Buttons = []Button{v.main(ActBack), v.button(ActFinish)}
	case NotPrinted:
		if s.Partial {
			p = v.scene(Attention, "printed-partly")
		} else {
			p = v.scene(Attention, "not-printed")
		}
		p.Rest = v.fault(s.Code)
		p.Buttons = []Button{v.main(ActBack), v.button(ActPrint), v.button(ActFinish)}
	case Mute:
		p = v.scene(Attention, "mute")
		p.Ways = []Way{v.layingWay()}
		p.Buttons = []Button{v.button(ActGuides)}
	case OutOfService:
		p = v.scene(Bad, "out-of-service")
		p.Rest = v.fault(s.Code)
		if f, ok := fault(s.Content, s.Code); ok {
			p.Staff = v.toStaff([]string{f.Code + " " + f.Name, f.Remedy[0]})
		}
		p.Buttons = []Button{v.button(ActGuides)}
	case Preparing:
		p = v.scene(NoMark, "preparing")
		p.Rest = v.fault(s.Code)
	}
	switch subject.(type) {
	case ChooseLanguage, Preparing: // one is it, and nobody answers on the other
	default:
		p.Buttons = append(p.Buttons, v.button(ActLanguage))
	}
	p.Lang, p.Titles, p.Help = lang, v.titles(), v.Say("help")
	if _, ok := subject.(GuideStep); ok {
		p.Titles.Ways = "" // the steps of a leaf are no way among others
	}
	if s, ok := subject.(Verdict); ok && (teller{v, s.Report, s.Facts, o}).either() {
		p.Titles.Ways = v.Say("title.ways-either")
	}
	return p
}

// Countdown is the line that warns before a result leaves the screen by itself.
func Countdown(seconds int, lang text.Language) string {
	return lang.Say("countdown", "seconds", strconv.Itoa(seconds))
}

// CountdownShort is the same on a button that keeps it from leaving; empty before the countdown.
func CountdownShort(seconds int, lang text.Language) string {
	if seconds <= 0 {
		return ""
	}
	return lang.Say("countdown-short", "seconds", strconv.Itoa(seconds))
}

// scene is a page of a headline and what it means.
func (v voice) scene(m Mark, name string) Page {
	return Page{Mark: m, Headline: v.Say("scene." + name + ".headline"), Lead: v.lines("scene." + name + ".lead")}
}

// fault gives staff what to say on the phone; nothing when there is no code.
func (v voice) fault(code string) string {
	if code == "" {
		return ""
	}
	return v.Say("scene.fault", "code", code)
}

// toStaff addresses notes to staff; nothing when there are none.
func (v voice) toStaff(notes []string) []string {
	if len(notes) == 0 {
		return nil
	}
	return append([]string{v.Say("scene.attract.staff", "said", notes[0])}, notes[1:]...)
}

// layingWay tells how to lay a card so that it can be read.
func (v voice) layingWay() Way {
	return Way{Title: v.Say("way.laying.title"), Steps: v.lines("way.laying.step")}
}

func (v voice) ask(q diagnosis.Question, r diagnosis.Report) Page {
	pairs := []string{"name", ""}
	for _, a := range r.Primary.Actions {
		if a.Verb == diagnosis.Reset {
			if other, ok := otherJPKI(a.Key); ok {
				pairs[1] = v.Say("key." + other.String() + ".short")
			}
		}
	}
	return Page{
		Mark:     Unclear,
		Headline: v.Say("question."+string(q)+".ask", pairs...),
		Why:      v.Say("question."+string(q)+".why", pairs...),
		Buttons:  []Button{v.button(ActYes), v.button(ActNo), v.button(ActDontKnow), v.button(ActBack)},
	}
}
