package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"kagimado/card"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
	"kagimado/kiosk/page"
	"kagimado/kiosk/text"
)

// writeMetrics writes the snapshot as a textfile of Prometheus' node exporter, which reads the old one or the new one and never a
// part of it.
func writeMetrics(file string, s kiosk.Snapshot, c *content.Content) error {
	if err := prometheus.WriteToTextfile(file, metrics(s, c)); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// printMetrics writes the same bytes to w.
func printMetrics(w io.Writer, s kiosk.Snapshot, c *content.Content) error {
	families, err := metrics(s, c).Gather()
	for _, f := range families {
		if err == nil {
			_, err = expfmt.MetricFamilyToText(w, f)
		}
	}
	if err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// metrics registers everything a snapshot holds. Sums over days become smaller when a day is forgotten, so all are gauges. A label
// is the kiosk's name or one of our own names: what else the records say, wherever it comes from, counts as "other".
func metrics(s kiosk.Snapshot, c *content.Content) *prometheus.Registry {
	r, our := prometheus.NewRegistry(), names{c}
	gauge := func(name, help string, value float64) {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "kagimado", Name: name, Help: help})
		g.Set(value)
		r.MustRegister(g)
	}
	gauges := func(name, help, label string, counts []page.Count) {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "kagimado", Name: name, Help: help}, []string{label})
		for _, n := range counts {
			v.WithLabelValues(n.Name).Add(float64(n.N))
		}
		r.MustRegister(v)
	}
	gauges("info", "Always 1; tells the kiosk's name.", "kiosk", []page.Count{{Name: strings.ToValidUTF8(s.Kiosk, "?"), N: 1}})
	if !s.Built.IsZero() {
		gauge("build_timestamp_seconds", "Unix time of the program's build.", float64(s.Built.Unix()))
	}
	gauge("uptime_seconds", "Time since the program started.", s.Up.Truncate(time.Second).Seconds())
	gauge("ready", "1 while a card that is laid down is read.", one(s.Ready))
	var fault []page.Count
	if s.Fault != "" {
		fault = ours([]page.Count{{Name: string(s.Fault), N: 1}}, our.code)
	}
	gauges("out_of_service", "1 for the code of the fault because of which no card is read.", "code", fault)
	gauge("clock_bounded", "1 while the time is known well enough to judge dates.", one(s.Bounded))
	gauges("clock", "1 for the reason of what the time can be.", "why", ours([]page.Count{{Name: s.Clock, N: 1}}, our.clock))

	const days, steps = " on the last 35 days that something was counted on", ", in steps of 5"
	t := s.Tally
	t.Visits, t.Guides, t.Slips = ours(t.Visits, our.headline), ours(t.Guides, our.guide), ours(t.Slips, our.slip)
	t.Recoveries = ours(t.Recoveries, our.recovery)
	t = t.Told()
	gauges("visits", "Cards that were read, by the verdict's headline,"+days+steps+".", "headline", t.Visits)
	gauges("guides", "Guides that were begun"+days+steps+".", "guide", t.Guides)
	gauges("slips", "Slips by how they ended"+days+steps+".", "end", t.Slips)
	gauges("recoveries", "What the kiosk got over by itself"+days+".", "kind", t.Recoveries)
	gauge("paper_meters", "Paper that was used"+days+", in whole meters.", float64(t.PaperMM)/1000)
	gauges("recent_faults", "Faults among the last ones that are kept.", "code", ours(s.Faults, our.code))
	return r
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// other stands for every name that is none of ours.
const other = "other"

// ours adds the counts whose names are none of ours together.
func ours(counts []page.Count, known func(string) bool) (all []page.Count) {
	for _, n := range counts {
		if !known(n.Name) {
			n.Name = other
		}
		if i := slices.IndexFunc(all, func(had page.Count) bool { return had.Name == n.Name }); i >= 0 {
			all[i].N += n.N
		} else {
			all = append(all, n)
		}
	}
	return all
}

// names knows what can be counted: what staff are told has its words in the catalogue or in the dated data.
type names struct{ *content.Content }

func (names) headline(name string) bool {
	code, key, of := strings.Cut(name, ":")
	k, err := card.ParseKey(key)
	return text.Has("staff.outcome."+code) && (!of || err == nil && k != card.KeyUnknown)
}

func (n names) guide(name string) bool {
	_, ok := n.Guides.Guide(name)
	return ok
}

func (names) slip(name string) bool { return text.Has("staff.slip." + name) }

func (names) clock(name string) bool { return text.Has("staff.clock-why." + name) }

func (names) recovery(name string) bool { return slices.Contains(kiosk.Recoveries, name) }

func (n names) code(name string) bool {
	_, ok := n.Fault(name)
	return ok
}
