package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kagimado/card"
	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

// Actions of the statistics.
const (
	ActStatistics Action = "statistics" // what people came for
	ActExport     Action = "export"     // onto a USB stick
)

// Count is how often something happened.
type Count struct {
	Name string
	N    int
}

// Tally is what was counted between two days, both included and unknown when nobody knew them: visits by their headline
// (locked:sign), guides by their id, slips by how they ended (confirmed, sent, failed); and of the kiosk itself what it got over
// without anybody's help, by kind, and how much paper it used.
type Tally struct {
	From, Until           card.Date
	Visits, Guides, Slips []Count
	Recoveries            []Count
	PaperMM               int
}

// few is the smallest count that is told as it is. Below it, in a small town, a number may be somebody. What the kiosk did
// for itself is nobody's and told exactly.
const few = 5

// Told returns t as it may leave the kiosk. What people did is told in steps of few, and what is below the first step not at all:
// whoever reads the same count again and again would learn from a single step when somebody came, and what for. Paper is told
// in whole metres, which are about five slips. What the kiosk did is exact.
func (t Tally) Told() Tally {
	for _, counts := range []*[]Count{&t.Visits, &t.Guides, &t.Slips} {
		var told []Count
		for _, c := range *counts {
			if c.N -= c.N % few; c.N > 0 {
				told = append(told, c)
			}
		}
		*counts = told
	}
	t.PaperMM -= t.PaperMM % 1000
	return t
}

// Export is what became of the statistics on a USB stick. The zero Export was not asked for.
type Export struct {
	Writing bool
	Done    bool
	Name    string // of the file, when Done
	Code    string // why it is not there
}

// Statistics is what people came for.
type Statistics struct {
	Tally   Tally
	Export  Export
	Slip    Subject // as in SelfTest
	Content *content.Content
	At      time.Time // as in SelfTest
	Paper   bool      // as it stands on paper, with a summary for machines
}

func (Statistics) subject() {}

func (v voice) statistics(s Statistics, kiosk string) Page {
	p := v.scene(NoMark, "statistics")
	p.Buttons = []Button{v.button(ActPrint), v.button(ActExport), v.button(ActBack)}
	switch e := s.Export; {
	case e.Code != "":
		p.Mark, p.Headline = Attention, v.Say("staff.not-exported", "code", e.Code)
		p.Sections = remedies(s.Content, e.Code)
		return p
	case e.Writing:
		p.Headline = v.Say("staff.exporting")
	case e.Done:
		p.Mark, p.Headline = Fine, v.Say("staff.exported")
		p.Lead = []string{v.Say("staff.exported-as", "file", e.Name)}
	}
	p.Rest = v.slipSaid(s.Slip)
	t := s.Tally
	switch {
	case t.From.Known():
		p.Lead = append(p.Lead, v.Say("staff.counted", "from", v.day(t.From), "until", v.day(t.Until)))
	case len(t.Visits)+len(t.Guides)+len(t.Slips)+len(t.Recoveries) > 0:
		p.Lead = append(p.Lead, v.Say("staff.counted-undated"))
	default:
		p.Lead = append(p.Lead, v.Say("staff.nothing-counted"))
	}
	for _, c := range mostFirst(t.Visits) {
		code, key, _ := strings.Cut(c.Name, ":")
		p.Rows = append(p.Rows, Row{Name: v.Say("staff.outcome."+code, "name", v.Say("key."+key+".short")), State: v.number(c.N)})
	}
	section := func(title string, said []string) {
		if len(said) > 0 {
			p.Sections = append(p.Sections, Section{v.Say(title), said})
		}
	}
	lines := func(counts []Count, number func(int) string, name func(string) string) (said []string) {
		for _, c := range counts {
			said = append(said, v.Say("staff.count", "name", name(c.Name), "n", number(c.N)))
		}
		return said
	}
	section("staff.guides", lines(mostFirst(t.Guides), v.number, func(id string) string {
		if g, ok := s.Content.Guides.Guide(id); ok {
			return v.words(g.Title)
		}
		return id // of content that has been replaced
	}))
	slips := lines(mostFirst(t.Slips), v.number, func(end string) string { return v.Say("staff.slip." + end) })
	if t.PaperMM > 0 {
		slips = append(slips, v.Say("staff.paper-used", "length", v.metres(t.PaperMM)))
	}
	section("staff.slips", slips)
	section("staff.recoveries", lines(t.Recoveries, strconv.Itoa, func(name string) string {
		if key := "staff.recovery." + name; text.Has(key) {
			return v.Say(key)
		}
		return name // of a program that has been replaced
	}))
	p.Foot = v.machineTime(s.At)
	if s.Paper {
		p.Foot = append(p.Foot, some(kiosk)...)
		p.Link, p.LinkText = summary(t, kiosk), v.Say("staff.summary")
	}
	return p
}

// number writes a count, unless it is small.
func (v voice) number(n int) string {
	if n < few {
		return v.Say("staff.few", "n", strconv.Itoa(few))
	}
	return strconv.Itoa(n)
}

// metres writes a length in whole metres. Below one it would tell how few slips it was.
func (v voice) metres(mm int) string {
	if mm < 1000 {
		return v.Say("staff.few", "n", v.Say("staff.metres", "n", "1"))
	}
	return v.Say("staff.metres", "n", strconv.Itoa(mm/1000))
}

// mostFirst sorts counts; those that are not told have no order among themselves that would tell them.
func mostFirst(counts []Count) []Count {
	sorted := slices.Clone(counts)
	slices.SortStableFunc(sorted, func(a, b Count) int { return max(b.N, few-1) - max(a.N, few-1) })
	return sorted
}

// summaryBytes is what a QR code takes whose modules a phone can tell apart on 58 mm paper.
const summaryBytes = 700

// summary is the figures for a machine that reads them from paper: ASCII, a figure a line, the kiosk's name as a string of
// Go or JSON. What words do not tell of small counts it leaves out. When it grows too long so are the rarest, the kiosk's
// own work last, and a last line says so.
func summary(t Tally, kiosk string) string {
	type figure struct {
		line string
		n    int
		own  bool
		kept bool
	}
	var figures []*figure
	for _, kind := range []struct {
		name   string
		counts []Count
		own    bool
	}{{"visit", t.Visits, false}, {"guide", t.Guides, false}, {"slip", t.Slips, false}, {"recovery", t.Recoveries, true}} {
		for _, c := range mostFirst(kind.counts) {
			if c.N >= few || kind.own {
				figures = append(figures, &figure{line: fmt.Sprintf("\n%s %s %d", kind.name, c.Name, c.N), n: c.N, own: kind.own})
			}
		}
	}
	said := fmt.Sprintf("kagimado-statistics/1\nkiosk %s\nfrom %s\nuntil %s", strconv.QuoteToASCII(kiosk), dayOrUnknown(t.From), dayOrUnknown(t.Until))
	if t.PaperMM >= 1000 {
		said += fmt.Sprintf("\npaper-m %d", t.PaperMM/1000)
	}
	const more = "\nand more"
	long := len(said)
	for _, f := range figures {
		long += len(f.line)
	}
	room, rest := summaryBytes-len(said), ""
	if long > summaryBytes {
		room, rest = room-len(more), more
	}
	ranked := slices.Clone(figures)
	slices.SortStableFunc(ranked, func(a, b *figure) int {
		if a.own != b.own {
			return map[bool]int{true: -1, false: 1}[a.own]
		}
		return b.n - a.n
	})
	for _, f := range ranked {
		if room -= len(f.line); room < 0 {
			break
		}
		f.kept = true
	}
	for _, f := range figures {
		if f.kept {
			said += f.line
		}
	}
	return said + rest
}

func dayOrUnknown(d card.Date) string {
	if !d.Known() {
		return "unknown"
	}
	return d.String()
}
