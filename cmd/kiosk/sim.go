//go:build sim

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/printer"
	"kagimado/hw/reader"
	"kagimado/hw/system"
	"kagimado/hw/update"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/edition"
	"kagimado/kiosk/replay"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// simulation is the person at the bench: a hand with one card of the library in it, a reader, lamps and a printer that
// writes pictures.
type simulation struct {
	table table
	lamps *hwtest.Lamps
	cards []cardtest.Spec

	root   *hwtest.Root
	sticks []stickAtHand

	mu   sync.Mutex
	hand int    // index of the card in the hand
	lies bool   // something lies on the reader
	away bool   // the reader is unplugged
	slip string // path of the last slip, or what became of it
	usb  int    // index of the stick that is plugged in
}

// stickAtHand is a USB stick that lies on the bench.
type stickAtHand struct {
	name  string
	stick *hwtest.Stick // nil: none is plugged in
}

// sticksAtHand are those that the key u goes round.
func sticksAtHand() []stickAtHand {
	next := time.Now().UTC().Format("2006-01-02.150405") + ".0123abc"
	return []stickAtHand{
		{"a system", &hwtest.Stick{Kind: hw.UpdateSystem, Version: next, Running: edition.Version()}},
		{"content", &hwtest.Stick{Kind: hw.UpdateContent, Version: next, Running: edition.Version()}},
		{"a wrong signature", &hwtest.Stick{Code: hw.UpdateUnsigned}},
		{"damaged inside", &hwtest.Stick{Kind: hw.UpdateSystem, Version: next, Running: edition.Version(), Fails: hw.UpdateDamaged}},
		{"none", nil},
	}
}

// rootFolder is where the simulated root takes wishes and tells; installPace is how long it looks, and a twentieth of an installation.
const (
	rootFolder  = "out/root"
	installPace = 400 * time.Millisecond
)

// table is where cards are laid: a reader in memory, or one of pcscd.
type table interface {
	lay(c cardtest.Spec, torn bool)
	lift()
	mute()
	gone(away bool)
}

// cardsim makes the kiosk use the real PC/SC service, on whose virtual reader a running cardsim lays the cards.
var cardsim = flag.String("cardsim", "", "control socket of a running cardsim; empty simulates the reader in memory")

// record writes what happens into a file. It goes with the reader in memory alone: cardsim's is pcscd's, where a real card could be
// laid too, and a recording holds what was read.
var record = flag.String("record", "", "record what happens into this file, for kioskctl replay; not with -cardsim")

// exchangeTime is about what a real card needs on a contactless reader; without it no progress would be seen.
const exchangeTime = 25 * time.Millisecond

func openHardware(p *site.Profile, _ []byte, log *slog.Logger) (hardware, error) {
	recording, err := recorder(p, log)
	if err != nil {
		return hardware{}, err
	}
	folder, err := printer.Open(printer.Options{Folder: "out"})
	if err != nil {
		return hardware{}, err
	}
	root, err := hwtest.NewRoot(rootFolder, installPace)
	if err != nil {
		return hardware{}, err
	}
	s := &simulation{root: root, sticks: sticksAtHand(), lamps: &hwtest.Lamps{}, cards: cardtest.LibraryOn(card.DateOf(time.Now()))}
	root.Plug(s.sticks[0].stick)
	var r hw.Reader
	if *cardsim != "" {
		r, s.table = reader.Open(reader.Options{Name: p.Reader, Log: log}), socket(*cardsim)
	} else {
		memory := hwtest.NewReader("simulated reader")
		memory.Delay = exchangeTime
		r, s.table = memory, inMemory{memory}
	}
	return hardware{
		reader: r, lamps: s.lamps, beeper: s.lamps, printer: &watched{folder, s}, now: believed,
		system: system.Open(root.Wishes()), updates: update.Told{UpdateFile: root.UpdateFile(), SlotFile: root.SlotFile()},
		bench: bench{status: s.status, keys: s.key, typed: true, record: recording},
	}, nil
}

// recorder returns what writes the file of -record; nil without that flag. The file is whole after every event and ends with the
// program.
func recorder(p *site.Profile, log *slog.Logger) (func(before session.State, ev session.Event, after session.State, effects []session.Effect), error) {
	if *record == "" {
		return nil, nil
	}
	if *cardsim != "" {
		return nil, errors.New("-record does not go with -cardsim: a real card could lie on that reader, and what was read stands in a recording")
	}
	f, err := os.Create(*record)
	if err != nil {
		return nil, fmt.Errorf("opening the recording: %w", err)
	}
	begun, r, broken := time.Now(), replay.NewRecorder(f, p), false
	return func(before session.State, ev session.Event, after session.State, effects []session.Effect) {
		if broken { // a line that is missing would make the rest another visit
			return
		}
		if err := r.Record(time.Since(begun), before, ev, after, effects); err != nil {
			broken = true
			log.Error("the recording ends here", "error", err)
		}
	}, nil
}

// believed takes the machine's clock at its word, which the appliance never does.
func believed() diagnosis.Now {
	now := time.Now()
	return diagnosis.Now{Earliest: now, Latest: now, Why: "simulation"}
}

// status is the line at the bottom, the most needed first, because narrow terminals cut it. The keys m (two cards), t
// (torn while reading), g (reader unplugged) and u (another USB stick) stand in the README.
func (s *simulation) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lamp := hw.Dark
	if shown := s.lamps.Signals(); len(shown) > 0 {
		lamp = shown[len(shown)-1]
	}
	place := "in hand"
	switch {
	case s.away:
		place = "unplugged"
	case s.lies:
		place = "on reader"
	}
	c := s.cards[s.hand]
	parts := []string{
		"lamp " + lamp.String(), fmt.Sprintf("%d/%d %s %s", s.hand+1, len(s.cards), c.Name, place), "<> card, space lay/lift, q quit", c.About,
	}
	if s.usb > 0 {
		parts = slices.Insert(parts, 1, "USB "+s.sticks[s.usb].name)
	}
	if s.slip != "" {
		parts = slices.Insert(parts, 2, s.slip)
	}
	return strings.Join(parts, " | ")
}

func (s *simulation) key(ev *tcell.EventKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev.Key() {
	case tcell.KeyLeft:
		s.choose(-1)
	case tcell.KeyRight:
		s.choose(+1)
	case tcell.KeyPgUp:
		s.choose(-10)
	case tcell.KeyPgDn:
		s.choose(+10)
	case tcell.KeyRune:
		return s.letter(ev.Rune())
	default:
		return false
	}
	return true
}

func (s *simulation) choose(by int) {
	s.slip = ""
	s.hand = ((s.hand+by)%len(s.cards) + len(s.cards)) % len(s.cards)
}

func (s *simulation) letter(r rune) bool {
	switch {
	case r == 'u':
		s.usb = (s.usb + 1) % len(s.sticks)
		s.root.Plug(s.sticks[s.usb].stick)
	case r == 'g':
		s.away = !s.away
		s.table.gone(s.away)
	case (r == ' ' || r == 'm' || r == 't') && s.lies:
		s.lies = false
		s.table.lift()
	case r == 'm':
		s.lies = true
		s.table.mute()
	case r == ' ' || r == 't':
		s.lies = true
		s.table.lay(s.cards[s.hand], r == 't')
	default:
		return false
	}
	return true
}

// tornAt is the exchange in whose middle a card is torn away with the key t.
const tornAt = 9

type inMemory struct{ reader *hwtest.Reader }

func (m inMemory) lay(s cardtest.Spec, torn bool) {
	c := s.New()
	if torn {
		c.Inject(cardtest.Fault{At: tornAt, Kind: cardtest.Tear})
	}
	m.reader.Lay(c)
}

func (m inMemory) lift() { m.reader.Lift() }
func (m inMemory) mute() { m.reader.Mute() }

func (m inMemory) gone(away bool) {
	if away {
		m.reader.Gone(hw.ReaderMissing)
	} else {
		m.reader.Back()
	}
}

// socket is the control socket of a cardsim. What goes wrong there is seen on the reader, and in cardsim's own log.
type socket string

func (s socket) lay(c cardtest.Spec, torn bool) {
	fault := "fault none"
	if torn {
		fault = fmt.Sprintf("fault torn %d", tornAt)
	}
	s.send(fault, "latency "+exchangeTime.String(), "lay "+c.Name)
}

func (s socket) lift() { s.send("lift") }
func (s socket) mute() { s.send("fault mute", "lay all-fine") }

// gone does nothing: vpcd's reader cannot be unplugged.
func (s socket) gone(bool) {}

func (s socket) send(commands ...string) {
	conn, err := net.Dial("unix", string(s))
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintln(conn, strings.Join(commands, "\n"))
	_ = conn.(*net.UnixConn).CloseWrite()
	_, _ = io.Copy(io.Discard, conn) // until every command is done
}

// watched tells the status line what became of a slip.
type watched struct {
	hw.Printer
	s *simulation
}

func (w *watched) Print(ctx context.Context, slip *image.Paletted) (hw.Printed, error) {
	p, err := w.Printer.Print(ctx, slip)
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.s.slip = p.Path; err != nil {
		w.s.slip = err.Error()
	}
	return p, err
}
