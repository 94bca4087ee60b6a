package card

import (
	"bytes"
	"fmt"
)

// guard stands between this program and the card. It knows the whole list of design.md §5, follows the successful
// SELECTs, and refuses everything else before a byte leaves: a command it does not recognise, a VERIFY of any
// length but four, a file or a range that is not in the tables, a command out of its order.
//
// A SELECT that did not answer 9000 leaves nothing selected here, although the chip keeps its old selection: when
// in doubt the guard refuses.
type guard struct {
	to          Transmitter
	authorities bool // the caller asked for the two CA certificates

	touched  bool        // some SELECT of an application was sent: no longer in the power-on state
	app      Application // selected application
	file     uint16      // current file, by SELECT EF only; 0 none
	noJPKI   bool        // SELECT of the JPKI application failed
	window   bool        // the window of the auth certificate was tried
	noExpiry bool        // GET DATA gave no card expiry
	more     byte        // the xx of a 61xx just received
	moreOpen bool
}

// exchange sends an allowed command and returns data and status word. Anything else returns ErrForbidden and no
// byte leaves. Fewer than two bytes back mean that the card is gone: some readers report a torn card as success
// with nothing (pcsc.md).
func (g *guard) exchange(command []byte) ([]byte, Status, error) {
	c := bytes.Clone(command) // what was checked is what is sent
	learn, err := g.check(c)
	if err != nil {
		return nil, 0, err
	}
	g.moreOpen = false
	answer, err := g.to.Transmit(c)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrRemoved, err)
	}
	if len(answer) < 2 {
		return nil, 0, fmt.Errorf("%w: answer of %d bytes", ErrRemoved, len(answer))
	}
	n := len(answer) - 2
	sw := Status(answer[n])<<8 | Status(answer[n+1])
	if sw>>8 == 0x61 {
		g.more, g.moreOpen = byte(sw), true
	}
	learn(answer[:n], sw)
	return answer[:n], sw, nil
}

// lesson takes in the answer to an allowed command.
type lesson func(data []byte, sw Status)

// succeeded includes 61xx: done, and more bytes wait.
func succeeded(sw Status) bool { return sw == StatusOK || sw>>8 == 0x61 }

// check returns what to remember of the answer, or ErrForbidden.
func (g *guard) check(c []byte) (learn lesson, err error) {
	nothing := func([]byte, Status) {}
	if len(c) < 4 || c[0] != 0x00 {
		return nil, refuse(c)
	}
	switch ins, p1, p2 := c[1], c[2], c[3]; {
	case ins == 0xA4 && p1 == 0x04:
		return g.checkSelectApplication(c)
	case ins == 0xA4 && p1 == 0x02 && p2 == 0x0C && len(c) == 7 && c[4] == 2:
		return g.checkSelectFile(c, uint16(c[5])<<8|uint16(c[6]))
	case ins == 0x20 && p1 == 0x00 && len(c) == 4:
		if g.knowsKey(p2) {
			return nothing, nil
		}
	case ins == 0xB0 && len(c) == 5:
		return g.checkRead(c)
	case ins == 0xCA && len(c) == 5 && bytes.Equal(c[:4], getCardExpiry()[:4]) && !g.touched: // any Le: 6Cxx names it
		return func(data []byte, sw Status) { g.noExpiry = sw != StatusOK || !parseCardExpiry(data).Known() }, nil
	case ins == 0xB2 && bytes.Equal(c, readCommonRecord()) && g.app == CommonApp && g.noExpiry:
		return nothing, nil
	case ins == 0xC0 && g.moreOpen && bytes.Equal(c, getResponse(g.more)):
		return nothing, nil
	}
	return nil, refuse(c)
}

func (g *guard) checkSelectApplication(c []byte) (lesson, error) {
	if g.noJPKI && bytes.Equal(c, selectPPSE()) {
		return g.selected(NoApplication), nil
	}
	for _, r := range applicationTable {
		if bytes.Equal(c, selectApplication([]byte(r.aid))) {
			return g.selected(r.app), nil
		}
	}
	for _, o := range otherCards {
		if bytes.Equal(c, selectApplication([]byte(o.aid))) {
			return g.selected(NoApplication), nil
		}
	}
	return nil, refuse(c)
}

func (g *guard) selected(app Application) lesson {
	return func(_ []byte, sw Status) {
		g.touched, g.app, g.file, g.window = true, NoApplication, 0, false
		if succeeded(sw) {
			g.app = app
		} else if app == JPKI {
			g.noJPKI = true
		}
	}
}

func (g *guard) checkSelectFile(c []byte, file uint16) (lesson, error) {
	known := false
	for _, s := range keyTable {
		known = known || s.Application == g.app && s.File == file
	}
	for _, e := range fileTable {
		known = known || e.app == g.app && e.file == file && (e.when != onlyWithAll || g.authorities)
	}
	if !known || g.app == NoApplication {
		return nil, refuse(c)
	}
	return func(_ []byte, sw Status) {
		g.file = 0
		if succeeded(sw) {
			g.file = file
		}
	}, nil
}

// knowsKey tells whether P2 of a VERIFY points at a row of the key table in the selected application: by the short
// identifier, or with 80 at the current file.
func (g *guard) knowsKey(p2 byte) bool {
	for _, s := range keyTable {
		if s.Application != g.app {
			continue
		}
		if p2 == 0x80|s.ShortID() || p2 == 0x80 && s.File == g.file {
			return true
		}
	}
	return false
}

func (g *guard) checkRead(c []byte) (lesson, error) {
	file, from := g.file, int(c[2])<<8|int(c[3])
	byShortID := c[2]&0x80 != 0
	if byShortID {
		if c[2]&0x60 != 0 { // P1 = 100xxxxx: bits 7 and 6 must be 0 (ISO 7816-4 §11.3.3)
			return nil, refuse(c)
		}
		file, from = uint16(c[2]&0x1F), int(c[3])
	}
	if file == 0 {
		return nil, refuse(c)
	}
	to := from + int(c[4])
	if c[4] == 0 {
		to = from + 256
	}
	for _, e := range fileTable {
		if e.app != g.app || e.file != file || from < e.from || to > e.to {
			continue
		}
		if e.when == afterWindow && !g.window || e.when == onlyWithAll && !g.authorities {
			continue
		}
		return func([]byte, Status) {
			if file == fileAuth {
				g.window = true
			}
			if byShortID { // the chip has made this file current; which one it would be after a failure nobody knows
				g.file = 0
			}
		}, nil
	}
	return nil, refuse(c)
}

// refuse names the header only: whatever follows it might be a secret.
func refuse(c []byte) error {
	return fmt.Errorf("%w: header % X, %d bytes", ErrForbidden, c[:min(4, len(c))], len(c))
}
