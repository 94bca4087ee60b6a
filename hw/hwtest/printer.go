package hwtest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"net"
	"sync"
	"time"
)

// Condition is the state of a virtual printer and the faults laid into it. The zero Condition is a printer in order
// with paper in it.
type Condition struct {
	CoverOpen   bool
	NearEnd     bool
	PaperEnd    bool
	CutterError bool
	Offline     bool // taken offline by hand
	CutterJams  bool // the next cut raises CutterError
	RowsLeft    int  // the paper ends after so many more rows; 0 = it does not

	Deaf     bool                       // prints, answers nothing
	NoJobEnd bool                       // answers everything but GS r and GS ( H
	NoJobID  bool                       // knows no GS ( H
	NoName   bool                       // knows no GS I
	Garble   func(answer []byte) []byte // what is sent instead of an answer; nil = the answer

	HangUpAt int           // the connection breaks when its n-th byte, counted from 1, arrives; 0 = it does not
	StuckAt  int           // no byte is taken from the n-th on, until Set; 0 = all are
	RowTime  time.Duration // a job-end answer comes as much later as its rows take

	TurnAt int              // Turn happens once after the n-th byte of a connection; 0 = never
	Turn   func(*Condition) // nil = nothing
}

// stopped tells whether the mechanism stands still: commands wait, only real-time commands are obeyed.
func (c Condition) stopped() bool {
	return c.CoverOpen || c.PaperEnd || c.CutterError || c.Offline
}

// Printer is a virtual ESC/POS receipt printer: it takes the bytes that a real one takes, keeps the paper as a
// one-bit picture and answers as its Condition says. Commands are those of field.md §3.2 and of the generator
// receiptline. Text takes its room on the paper but is not drawn.
//
// Like a real one it keeps half a command across connections, obeys real-time commands wherever they stand, and
// stops obeying all others while it is out of paper. The zero Printer has 576 dots and is ready. Its methods may be
// called from any goroutine.
type Printer struct {
	Width int // dots of the print head; 0 = 576

	mu        sync.Mutex
	condition Condition
	changed   chan struct{} // closed by Set; nil until someone waits
	current   *session

	pending  []byte // received, not yet obeyed
	realTime []byte // the real-time command being received
	received int

	rows      [][]byte // one byte a dot; nil is a blank row
	held      [][]byte // rows of an obeyed command that the mechanism has yet to print
	slips     []*image.Paletted
	text      []byte
	notes     []string
	graphic   *picture // stored by function 112, printed by function 50
	lineDots  int
	inLine    bool
	align     byte
	margin    int
	area      int // 0 = to the right edge
	automatic bool
	busyUntil time.Time
}

type picture struct {
	width, height int // dots
	data          []byte
	scaleX        int
	scaleY        int
}

const (
	defaultLine = 30 // dots from line to line: 1/6 inch at 180 dpi
	textDots    = 24 // height of a character of font A
)

func (p *Printer) width() int {
	if p.Width == 0 {
		return 576
	}
	return p.Width
}

// Set changes the printer's condition. What waited is obeyed if it now can be; whoever asked for automatic status
// is told.
func (p *Printer) Set(change func(*Condition)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn(func() { change(&p.condition) })
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
	p.obey()
}

// turn changes the condition and tells whoever asked for automatic status.
func (p *Printer) turn(change func()) {
	before := p.automaticStatus()
	change()
	if p.automatic && p.automaticStatus() != before {
		p.sendAutomatic()
	}
}

// Slips returns the pictures cut off so far: index 1 is black.
func (p *Printer) Slips() []*image.Paletted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*image.Paletted(nil), p.slips...)
}

// Paper returns what hangs out of the printer uncut.
func (p *Printer) Paper() *image.Paletted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paper()
}

// Text returns the characters printed as text: nothing, unless picture data was lost or read as text.
func (p *Printer) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}

// Notes returns what a real printer might have taken amiss: unknown commands, pictures wider than the paper,
// real-time commands inside the data of others.
func (p *Printer) Notes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.notes...)
}

// Received returns the number of bytes taken so far.
func (p *Printer) Received() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.received
}

// Write takes bytes as from a cable without a way back. It never fails.
func (p *Printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(b)
	return len(b), nil
}

// Serve takes bytes from conn and answers on it until it breaks, ctx ends or a laid fault hangs up; then it closes
// conn. A printer serves one connection at a time.
func (p *Printer) Serve(ctx context.Context, conn io.ReadWriteCloser) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{wake: make(chan struct{}, 1)}
	p.mu.Lock()
	p.current = s
	p.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	var writer sync.WaitGroup
	writer.Go(func() { p.answer(ctx, conn, s) })
	p.receive(ctx, conn)
	p.mu.Lock()
	if p.current == s { // the next connection may have come before this one was let go
		p.current, p.automatic = nil, false
	}
	p.mu.Unlock()
	cancel()
	if stop() {
		conn.Close()
	}
	writer.Wait()
}

func (p *Printer) receive(ctx context.Context, conn io.Reader) {
	buf := make([]byte, 4096)
	taken := 0
	for {
		n, err := conn.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			p.mu.Lock()
			c := p.condition
			now := len(rest)
			if c.HangUpAt > 0 {
				now = min(now, max(0, c.HangUpAt-1-taken))
			}
			if c.StuckAt > 0 {
				now = min(now, max(0, c.StuckAt-1-taken))
			}
			if c.TurnAt > taken {
				now = min(now, c.TurnAt-taken)
			}
			p.take(rest[:now])
			taken += now
			rest = rest[now:]
			turned := now > 0 && taken == c.TurnAt && c.Turn != nil
			if turned {
				p.turn(func() {
					p.condition.TurnAt, p.condition.Turn = 0, nil
					c.Turn(&p.condition)
				})
				p.obey()
			}
			if turned || len(rest) == 0 {
				p.mu.Unlock()
				continue
			}
			var changed chan struct{}
			if c.HangUpAt == 0 || taken < c.HangUpAt-1 {
				if p.changed == nil {
					p.changed = make(chan struct{})
				}
				changed = p.changed
			}
			p.mu.Unlock()
			if changed == nil {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0) // a reset, as from a printer that starts anew
				}
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// session holds the answers on their way to one connection. They have a queue of their own because a client may
// write much before it reads.
type session struct {
	replies []reply
	wake    chan struct{}
}

type reply struct {
	due   time.Time
	bytes []byte
}

// send queues b for the present connection; without one it is lost.
func (p *Printer) send(due time.Time, b ...byte) {
	if p.condition.Deaf || p.current == nil {
		return
	}
	if p.condition.Garble != nil {
		b = p.condition.Garble(b)
	}
	p.current.replies = append(p.current.replies, reply{due, b})
	select {
	case p.current.wake <- struct{}{}:
	default:
	}
}

// answer writes replies when they are due: the answer at a job's end does not hold up the real-time answers.
func (p *Printer) answer(ctx context.Context, conn io.Writer, s *session) {
	for {
		p.mu.Lock()
		next, wait := -1, time.Duration(-1)
		for i, r := range s.replies {
			if d := time.Until(r.due); next < 0 || d < wait {
				if d <= 0 {
					next, wait = i, 0
					break
				}
				next, wait = i, d
			}
		}
		var out []byte
		if next >= 0 && wait == 0 {
			out = s.replies[next].bytes
			s.replies = append(s.replies[:next], s.replies[next+1:]...)
		}
		p.mu.Unlock()
		if out != nil {
			if _, err := conn.Write(out); err != nil {
				return
			}
			continue
		}
		var timer <-chan time.Time
		if next >= 0 {
			timer = time.After(wait)
		}
		select {
		case <-timer:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// Listen serves connections on a free TCP port of this machine, one after the other as printers do. The returned
// function ends it and waits.
func (p *Printer) Listen() (address string, stop func(), err error) {
	return p.ListenOn("127.0.0.1:0")
}

// ListenOn is Listen with an address.
func (p *Printer) ListenOn(at string) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return "", nil, fmt.Errorf("opening the virtual printer: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.Serve(ctx, conn)
		}
	})
	return l.Addr().String(), func() { cancel(); l.Close(); server.Wait() }, nil
}

// take receives bytes: real-time commands act at once, all others in their turn.
func (p *Printer) take(b []byte) {
	p.received += len(b)
	for len(b) > 0 {
		n := 1
		if len(p.realTime) == 0 {
			// Nothing is to be heard before the next DLE.
			if n = bytes.IndexByte(b, 0x10); n < 0 {
				n = len(b)
			}
			n = max(n, 1)
		}
		p.pending = append(p.pending, b[:n]...)
		p.hear(b[n-1])
		b = b[n:]
	}
	p.obey()
}

// hear watches for real-time commands in whatever comes.
func (p *Printer) hear(b byte) {
	r := append(p.realTime, b)
	switch {
	case r[0] != 0x10:
		p.realTime = r[:0]
		return
	case len(r) == 2 && b != 0x04 && b != 0x05 && b != 0x14:
		p.realTime = r[:0]
		if b == 0x10 {
			p.realTime = r[:1]
		}
		return
	case len(r) < 3, r[1] == 0x14 && r[2] == 0x08 && len(r) < 10:
		p.realTime = r
		return
	}
	p.realTime = nil
	switch {
	case r[1] == 0x04 && b >= 1 && b <= 4:
		p.send(time.Time{}, p.realTimeStatus(b))
	case r[1] == 0x05 && (b == 1 || b == 2):
		p.turn(func() { p.condition.CutterError = false })
		if b == 2 {
			p.pending, p.held = nil, nil
		}
	case r[1] == 0x14 && r[2] == 0x08 && string(r[3:]) == "\x01\x03\x14\x01\x06\x02\x08":
		p.pending, p.held = nil, nil
		p.send(time.Time{}, 0x37, 0x25, 0x00)
	}
}

func flag(on bool, bits byte) byte {
	if on {
		return bits
	}
	return 0
}

func (p *Printer) realTimeStatus(n byte) byte {
	c := p.condition
	switch n {
	case 1:
		return 0x12 | flag(c.stopped(), 0x08)
	case 2:
		return 0x12 | flag(c.CoverOpen, 0x04) | flag(c.PaperEnd, 0x20) | flag(c.CutterError, 0x40)
	case 3:
		return 0x12 | flag(c.CutterError, 0x08)
	}
	return 0x12 | flag(c.NearEnd || c.PaperEnd, 0x0C) | flag(c.PaperEnd, 0x60)
}

func (p *Printer) automaticStatus() [4]byte {
	c := p.condition
	return [4]byte{
		0x10 | flag(c.stopped(), 0x08) | flag(c.CoverOpen, 0x20),
		flag(c.CutterError, 0x08),
		flag(c.NearEnd || c.PaperEnd, 0x03) | flag(c.PaperEnd, 0x0C),
	}
}

func (p *Printer) sendAutomatic() {
	s := p.automaticStatus()
	p.send(time.Time{}, s[:]...)
}

// obey executes what is complete, while the mechanism runs.
func (p *Printer) obey() {
	held := p.held
	p.held = nil
	for _, row := range held {
		p.advance(row)
	}
	for len(p.pending) > 0 && !p.condition.stopped() {
		n := p.command(p.pending)
		if n == 0 {
			return
		}
		p.pending = p.pending[n:]
	}
}

// command executes the first command of b and returns its length; 0 when it is not complete.
func (p *Printer) command(b []byte) int {
	switch b[0] {
	case 0x0A:
		if rows := p.lineDots; p.inLine {
			p.feed(max(rows, textDots))
		} else {
			p.feed(rows)
		}
		p.inLine = false
		return 1
	case 0x10:
		return p.skipRealTime(b)
	case 0x1B:
		return p.escape(b)
	case 0x1C:
		return p.fileSeparator(b)
	case 0x1D:
		return p.groupSeparator(b)
	}
	if b[0] >= 0x20 {
		p.text = append(p.text, b[0])
		p.inLine = true
	}
	return 1
}

// skipRealTime passes over a real-time command, which was obeyed when it came.
func (p *Printer) skipRealTime(b []byte) int {
	switch {
	case len(b) < 2:
		return 0
	case b[1] != 0x04 && b[1] != 0x05 && b[1] != 0x14:
		return 1
	case len(b) < 3:
		return 0
	case b[1] == 0x14 && b[2] == 0x08:
		return have(b, 10)
	}
	return 3
}

// have returns n when b holds that many bytes, otherwise 0.
func have(b []byte, n int) int {
	if len(b) < n {
		return 0
	}
	return n
}

// Lengths of the commands that change nothing here, parameters included.
var (
	escapeLengths = map[byte]int{
		0x06: 3, ' ': 3, '!': 3, '$': 4, '%': 3, '-': 3, '=': 3, 'E': 3, 'G': 3, 'L': 2, 'M': 3, 'R': 3, 'S': 2, 'T': 3,
		'V': 3, 'W': 10, '\\': 4, 'c': 4, 'p': 5, 'r': 3, 't': 3, 'u': 3, '{': 3,
	}
	fileLengths  = map[byte]int{'!': 3, '&': 2, '-': 3, '.': 2, 'C': 3, 'S': 4, 'W': 3}
	groupLengths = map[byte]int{
		'!': 3, '$': 4, '/': 3, 'B': 3, 'H': 3, 'P': 4, 'T': 3, '\\': 4, 'b': 3, 'f': 3, 'h': 3, 'w': 3, '^': 5,
	}
)

func (p *Printer) unknown(b []byte) int {
	p.note("unknown command % X", b[:2])
	return 2
}

func (p *Printer) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *Printer) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '@':
		p.lineDots, p.align, p.margin, p.area, p.automatic, p.graphic = defaultLine, 0, 0, 0, false, nil
		return 2
	case '2':
		p.lineDots = defaultLine
		return 2
	case '3', 'J', 'a', 'd':
		if len(b) < 3 {
			return 0
		}
		switch b[1] {
		case '3':
			p.lineDots = int(b[2])
		case 'J':
			p.feed(int(b[2]))
		case 'a':
			p.align = b[2] & 3
		case 'd':
			p.feed(int(b[2]) * p.lineDots)
		}
		return 3
	case '*':
		return p.columnImage(b)
	}
	if n := escapeLengths[b[1]]; n > 0 {
		return have(b, n)
	}
	return p.unknown(b)
}

func (p *Printer) fileSeparator(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] == '(' {
		return block(b)
	}
	if n := fileLengths[b[1]]; n > 0 {
		return have(b, n)
	}
	return p.unknown(b)
}

// block returns the length of a command with a two-byte count after its third byte.
func block(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	return have(b, 5+int(b[3])+int(b[4])<<8)
}

func (p *Printer) groupSeparator(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case 'v':
		return p.rasterImage(b)
	case '(':
		n := block(b)
		if n > 0 {
			p.function(b[2], b[5:n])
		}
		return n
	case '8':
		if len(b) < 7 {
			return 0
		}
		n := have(b, 7+int(b[3])+int(b[4])<<8+int(b[5])<<16+int(b[6])<<24)
		if n > 0 {
			p.function(b[2], b[7:n])
		}
		return n
	case 'V':
		return p.cut(b)
	case 'k':
		return p.barcode(b)
	case 'L', 'W':
		if len(b) < 4 {
			return 0
		}
		n := int(b[2]) + int(b[3])<<8
		if b[1] == 'L' {
			p.margin = n
		} else {
			p.area = n
		}
		return 4
	case 'a', 'r', 'I':
		if len(b) < 3 {
			return 0
		}
		p.report(b[1], b[2])
		return 3
	}
	if n := groupLengths[b[1]]; n > 0 {
		return have(b, n)
	}
	return p.unknown(b)
}

// report answers the commands that are obeyed in their turn: GS a, GS r and GS I.
func (p *Printer) report(command, n byte) {
	c := p.condition
	switch command {
	case 'a':
		p.automatic = n != 0
		if p.automatic {
			p.sendAutomatic()
		}
	case 'r':
		if (n == 1 || n == '1') && !c.NoJobEnd {
			p.send(p.busyUntil, flag(c.NearEnd, 0x03))
		}
	case 'I':
		if c.NoName {
			return
		}
		switch n {
		case 65, 66, 67, 68, 69:
			name := [...]string{"1.0", "EPSON", "KAGIMADO", "0", "KANJI JAPANESE"}[n-65]
			p.send(p.busyUntil, append(append([]byte{0x5F}, name...), 0)...)
		default:
			p.send(p.busyUntil, 0x02)
		}
	}
}

// function executes GS ( … and GS 8 L; those that are not about pictures or job ends change nothing here.
func (p *Printer) function(kind byte, d []byte) {
	switch {
	case kind == 'H' && len(d) == 6 && d[0] == 0x30 && d[1] == 0x30:
		if !p.condition.NoJobEnd && !p.condition.NoJobID {
			p.send(p.busyUntil, 0x37, 0x22, d[2], d[3], d[4], d[5], 0x00)
		}
	case kind != 'L' || len(d) < 2:
	case d[1] == 112 && len(d) >= 10:
		g := &picture{scaleX: int(d[3]), scaleY: int(d[4]), width: int(d[6]) + int(d[7])<<8, height: int(d[8]) + int(d[9])<<8}
		if g.data = d[10:]; len(g.data) != (g.width+7)/8*g.height || g.scaleX < 1 || g.scaleY < 1 {
			p.note("graphics of %d×%d dots with %d bytes", g.width, g.height, len(g.data))
			return
		}
		g.data = append([]byte(nil), g.data...)
		p.inspect(g.data)
		p.graphic = g
	case d[1] == 50 || d[1] == 2:
		if p.graphic != nil {
			p.print(*p.graphic)
		}
		p.graphic = nil
	}
}

// rasterImage executes GS v 0.
func (p *Printer) rasterImage(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	stride, height := int(b[4])+int(b[5])<<8, int(b[6])+int(b[7])<<8
	n := have(b, 8+stride*height)
	if n == 0 {
		return 0
	}
	if b[2] != '0' {
		p.note("raster of type %q", b[2])
	}
	p.inspect(b[8:n])
	p.print(picture{stride * 8, height, b[8:n], 1 + int(b[3]&1), 1 + int(b[3]>>1&1)})
	return n
}

// columnImage passes over ESC *: one line of 8 or 24 dots, which keeps its room but is not drawn.
func (p *Printer) columnImage(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := int(b[3]) + int(b[4])<<8
	if b[2] >= 32 {
		n *= 3
	}
	if have(b, 5+n) > 0 {
		p.inLine = true
		p.note("column image: not drawn")
	}
	return have(b, 5+n)
}

// inspect looks for what a real printer would obey in the midst of data.
func (p *Printer) inspect(data []byte) {
	for i := range len(data) - 1 {
		if data[i] == 0x10 && (data[i+1] == 0x04 || data[i+1] == 0x05 || data[i+1] == 0x14) {
			p.note("real-time command 10 %02X inside a picture", data[i+1])
		}
	}
}

func (p *Printer) print(g picture) {
	area := p.width() - p.margin
	if p.area > 0 {
		area = min(area, p.area)
	}
	wide := g.width * g.scaleX
	left := p.margin
	if wide > area {
		p.note("picture of %d dots on %d", wide, area)
	} else {
		left += (area - wide) * int(p.align) / 2
	}
	stride := (g.width + 7) / 8
	for y := range g.height {
		row := make([]byte, p.width())
		for x := range g.width * g.scaleX {
			dot := x / g.scaleX
			if left+x < p.margin+area && g.data[y*stride+dot/8]&(0x80>>(dot%8)) != 0 {
				row[left+x] = 1
			}
		}
		for range g.scaleY {
			p.advance(row)
		}
	}
}

func (p *Printer) feed(rows int) {
	for range rows {
		p.advance(nil)
	}
}

func (p *Printer) advance(row []byte) {
	if p.condition.stopped() {
		p.held = append(p.held, row)
		return
	}
	p.rows = append(p.rows, row)
	c := &p.condition
	if c.RowTime > 0 {
		if now := time.Now(); p.busyUntil.Before(now) {
			p.busyUntil = now
		}
		p.busyUntil = p.busyUntil.Add(c.RowTime)
	}
	if c.RowsLeft > 0 {
		if c.RowsLeft--; c.RowsLeft == 0 {
			p.turn(func() { c.PaperEnd = true })
		}
	}
}

func (p *Printer) cut(b []byte) int {
	n := 3
	if len(b) >= 3 && b[2] >= 65 {
		n = 4
	}
	if len(b) < n {
		return 0
	}
	if p.condition.CutterJams {
		p.turn(func() { p.condition.CutterJams, p.condition.CutterError = false, true })
		return n
	}
	if len(p.rows) > 0 {
		p.slips = append(p.slips, p.paper())
		p.rows = nil
	}
	return n
}

func (p *Printer) barcode(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	if b[2] >= 65 {
		return have(b, 4+int(b[3]))
	}
	for i, c := range b[3:] {
		if c == 0 {
			return 4 + i
		}
	}
	return 0
}

func (p *Printer) paper() *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, p.width(), len(p.rows)), color.Palette{color.White, color.Black})
	for y, row := range p.rows {
		copy(m.Pix[y*m.Stride:], row)
	}
	return m
}
