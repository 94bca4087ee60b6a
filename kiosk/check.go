package kiosk

import (
	"time"

	"kagimado/hw"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
)

// What answers mean in a self-test: that of the running program, and kioskctl's.

// PrinterCheck weighs what a printer answered. One that cannot tell how it is has no fault.
func PrinterCheck(s hw.PrinterState, err error) page.Check {
	c := page.Check{Thing: page.ThingPrinter, Mark: page.Fine, State: "fine", Code: string(s.Code)}
	if err != nil && c.Code == "" {
		c.Code = string(hw.CodeOf(err, hw.PrinterSilent))
	}
	switch {
	case c.Code != "":
		c.Mark, c.State = page.Bad, "fault"
	case !s.Known:
		c.Mark, c.State = page.Unclear, "unknown"
	case s.NearEnd:
		c.Mark, c.State = page.Attention, "near-end"
	}
	return c
}

// ClockCheck weighs what is known of the present moment. Lost tells that the clock with a battery lost its time.
func ClockCheck(n diagnosis.Now, lost bool) page.Check {
	c := page.Check{Thing: page.ThingClock, Mark: page.Fine, State: "fine", From: n.Earliest, Until: n.Latest, Why: n.Why}
	switch {
	case lost:
		c.Mark, c.State, c.Code = page.Attention, "fault", string(hw.ClockBattery)
	case n.Latest.IsZero():
		c.Mark, c.State, c.Code = page.Attention, "untrusted", string(hw.ClockUntrusted)
	}
	return c
}

// ProfileCheck names the place and the kiosk of the profile that runs. Mistaken tells that another one was meant to.
func ProfileCheck(p *site.Profile, mistaken bool) page.Check {
	c := page.Check{Thing: page.ThingProfile, Mark: page.Fine, State: "fine"}
	for _, s := range []string{p.Name, p.Kiosk} {
		if s != "" {
			c.Said = append(c.Said, s)
		}
	}
	if mistaken {
		c.Mark, c.State, c.Code = page.Attention, "fault", string(hw.ProfileMistake)
	}
	return c
}

// ContentCheck tells the day at which the oldest of the dated facts was checked; it is not before now. Unusable tells that they serve in
// place of a copy that was installed.
func ContentCheck(facts *content.Content, now time.Time, unusable bool) page.Check {
	days := []content.Date{facts.Terminal.Checked}
	for _, x := range facts.Chains {
		days = append(days, x.Checked)
	}
	for _, x := range facts.Phones {
		days = append(days, x.Checked)
	}
	for _, x := range facts.Pages {
		days = append(days, x.Checked)
	}
	c := page.Check{Thing: page.ThingContent, Mark: page.Fine, State: "fine", From: site.Oldest(days).Time()}
	switch {
	case unusable:
		c.Mark, c.State, c.Code = page.Attention, "fault", string(hw.ContentUnusable)
	case site.OldStores(facts, now) != "":
		c.Mark, c.State = page.Attention, "old"
	}
	return c
}
