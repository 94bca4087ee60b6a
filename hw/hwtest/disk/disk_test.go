package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The protocol's other end, which knows nothing of nbd.go but its numbers.
type client struct {
	t     *testing.T
	conn  net.Conn
	size  uint64
	flags uint16
}

func connect(t *testing.T, socket string) *client {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn}
	if got := string(c.take(18)); got != "NBDMAGICIHAVEOPT\x00\x03" {
		t.Fatalf("the greeting is %q", got)
	}
	// Structured replies (8) are declined, then the export of any name is opened (7).
	c.give("\x00\x00\x00\x03" + "IHAVEOPT\x00\x00\x00\x08\x00\x00\x00\x00" + "IHAVEOPT\x00\x00\x00\x07\x00\x00\x00\x07" + "\x00\x00\x00\x01x\x00\x00")
	for {
		head := c.take(20)
		data := c.take(int(binary.BigEndian.Uint32(head[16:])))
		switch kind := binary.BigEndian.Uint32(head[12:]); {
		case head[11] == 8 && kind != repUnsupported:
			t.Fatalf("structured replies are answered by %x", kind)
		case head[11] == 7 && kind == repAck:
			return c
		case head[11] == 7 && kind == repInfo && data[1] == infoExport:
			c.size, c.flags = binary.BigEndian.Uint64(data[2:]), binary.BigEndian.Uint16(data[10:])
		}
	}
}

func (c *client) take(n int) []byte {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *client) give(s string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a request and does not wait.
func (c *client) ask(flags, kind uint16, at uint64, length int, data []byte) {
	c.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, reqMagic)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint64(b, 4711)
	b = binary.BigEndian.AppendUint64(b, at)
	b = binary.BigEndian.AppendUint32(b, uint32(length))
	c.give(string(append(b, data...)))
}

// code is the answer's.
func (c *client) code() uint32 {
	c.t.Helper()
	b := c.take(16)
	if binary.BigEndian.Uint32(b) != simpleReply || binary.BigEndian.Uint64(b[8:]) != 4711 {
		c.t.Fatalf("an answer begins with %x", b)
	}
	return binary.BigEndian.Uint32(b[4:])
}

func (c *client) write(sector int, data []byte, flags uint16) {
	c.t.Helper()
	c.ask(flags, cmdWrite, uint64(sector)*Sector, len(data), data)
	if code := c.code(); code != 0 {
		c.t.Fatalf("a write is answered by %d", code)
	}
}

func (c *client) flush() {
	c.t.Helper()
	c.ask(0, cmdFlush, 0, 0, nil)
	if code := c.code(); code != 0 {
		c.t.Fatalf("a flush is answered by %d", code)
	}
}

func (c *client) read(sector, sectors int) []byte {
	c.t.Helper()
	c.ask(0, cmdRead, uint64(sector)*Sector, sectors*Sector, nil)
	if code := c.code(); code != 0 {
		c.t.Fatalf("a read is answered by %d", code)
	}
	return c.take(sectors * Sector)
}

// silent fails when anything comes.
func (c *client) silent() {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if n, err := c.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("a disk without power says something: %d, %v", n, err)
	}
}

// full is n sectors of one letter.
func full(letter byte, n int) []byte { return bytes.Repeat([]byte{letter}, n*Sector) }

// plug makes a disk of that many sectors, full of o, and opens it.
func plug(t *testing.T, kind Kind, sectors int) (d *Disk, c *client, image string) {
	t.Helper()
	dir := t.TempDir()
	image = filepath.Join(dir, "image")
	if err := os.WriteFile(image, full('o', sectors), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := Serve(image, filepath.Join(dir, "s"), kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, connect(t, filepath.Join(dir, "s")), image
}

func content(t *testing.T, image string) []byte {
	t.Helper()
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func isDead(d *Disk) bool {
	select {
	case <-d.Dead():
		return true
	default:
		return false
	}
}

func TestPromises(t *testing.T) {
	if _, c, _ := plug(t, Cached, 8); c.size != 8*Sector || c.flags != hasFlags|sendFlush|sendFUA {
		t.Errorf("a cached disk has %d bytes and the flags %x", c.size, c.flags)
	}
	if _, c, _ := plug(t, Direct, 8); c.flags != hasFlags {
		t.Errorf("an SD card has the flags %x: it knows no flush", c.flags)
	}
}

func TestRequestsOutsideAreRefused(t *testing.T) {
	d, c, image := plug(t, Direct, 8)
	for _, q := range []struct {
		kind   uint16
		at     uint64
		length int
	}{{cmdRead, 8 * Sector, Sector}, {cmdRead, 7 * Sector, 2 * Sector}, {cmdWrite, 1 << 63, Sector}, {cmdRead, 1, Sector}, {cmdWrite, 0, 100}, {cmdRead, 0, 0}, {4, 0, Sector}} {
		var data []byte
		if q.kind == cmdWrite {
			data = make([]byte, q.length)
		}
		c.ask(0, q.kind, q.at, q.length, data)
		if code := c.code(); code != invalid {
			t.Errorf("%+v is answered by %d", q, code)
		}
	}
	if !bytes.Equal(content(t, image), full('o', 8)) || !bytes.Equal(c.read(0, 8), full('o', 8)) || isDead(d) {
		t.Error("what was refused has changed something")
	}
}

func TestFlushedSurvivesAndTheRestMayNot(t *testing.T) {
	const sectors = 64
	outcomes := map[byte]int{}
	for seed := range uint64(40) {
		d, c, image := plug(t, Cached, sectors)
		c.write(0, full('a', 16), 0)
		c.flush()
		c.write(16, full('b', 8), 0)
		c.write(16, full('f', 8), flagFUA)
		c.write(24, full('c', 20), 0)
		c.write(44, full('d', 10), 0)
		c.write(44, full('e', 10), 0)
		if got := c.read(40, 8); !bytes.Equal(got, append(full('c', 4), full('e', 4)...)) {
			t.Fatal("the disk does not read what was written to it")
		}
		if err := d.Cut(seed); err != nil {
			t.Fatal(err)
		}
		if seed == 0 {
			c.ask(0, cmdRead, 0, Sector, nil)
			c.silent()
		}
		got := content(t, image)
		if !isDead(d) || !bytes.Equal(got[:24*Sector], append(full('a', 16), full('f', 8)...)) || !bytes.Equal(got[54*Sector:], full('o', 10)) {
			t.Fatalf("seed %d: what was promised is not kept, or more was touched", seed)
		}
		for n := 24; n < 54; n++ {
			s := got[n*Sector:][:Sector]
			allowed := "oc"
			if n >= 44 {
				allowed = "ode"
			}
			if !bytes.Equal(s, full(s[0], 1)) || !bytes.ContainsRune([]byte(allowed), rune(s[0])) {
				t.Fatalf("seed %d: sector %d is of %q", seed, n, s[:1])
			}
			outcomes[s[0]]++
		}
	}
	for _, letter := range []byte("ocde") { // lost, kept, overtaken
		if outcomes[letter] < 20 {
			t.Errorf("only %d sectors of %q in 40 cuts: %v", outcomes[letter], letter, outcomes)
		}
	}
}

func TestSameSeedSameCut(t *testing.T) {
	var images [2][]byte
	for i := range images {
		d, c, image := plug(t, Cached, 64)
		c.write(0, full('a', 64), 0)
		c.write(3, full('b', 32), 0)
		if err := d.Cut(7); err != nil {
			t.Fatal(err)
		}
		images[i] = content(t, image)
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Error("the same seed cuts differently")
	}
}

func TestCardIsTornInTheMiddle(t *testing.T) {
	mixed := 0
	for n := range 9 {
		for seed := range uint64(6) {
			d, c, image := plug(t, Direct, 16)
			c.write(0, full('a', 1), 0)
			d.CutAfter(n, seed)
			c.ask(0, cmdWrite, 4*Sector, 8*Sector, full('n', 8))
			if n == 8 { // all of it fits in
				if code := c.code(); code != 0 || isDead(d) {
					t.Fatalf("code %d, dead: %v", code, isDead(d))
				}
				c.ask(0, cmdWrite, 12*Sector, Sector, full('n', 1))
			}
			<-d.Dead()
			if seed == 0 {
				c.silent()
			}
			got := content(t, image)
			torn := got[(4+n)*Sector:][:Sector]
			want := append(append(full('a', 1), full('o', 3)...), full('n', n)...)
			want = append(append(want, torn...), full('o', 16-4-n-1)...)
			if !bytes.Equal(got, want) {
				t.Fatalf("after %d sectors, seed %d: not the sectors before are new and those behind old", n, seed)
			}
			if rest := bytes.Trim(torn, "o"); !bytes.Equal(rest, bytes.Repeat([]byte("n"), len(rest))) {
				t.Fatalf("the torn sector is %q", torn)
			} else if len(rest) > 0 && len(rest) < Sector {
				mixed++
			}
			if sectors, _ := d.Written(); sectors != 1+n {
				t.Errorf("%d sectors are said to be written, want %d", sectors, 1+n)
			}
		}
	}
	if mixed < 40 {
		t.Errorf("only %d of 54 sectors are torn", mixed)
	}
}

func TestCutAfterOfACachedDisk(t *testing.T) {
	d, c, image := plug(t, Cached, 32)
	c.write(0, full('a', 4), 0)
	c.flush()
	d.CutAfter(12, 3)
	c.ask(0, cmdWrite, 8*Sector, 16*Sector, full('n', 16))
	<-d.Dead()
	c.silent()
	got := content(t, image)
	if !bytes.Equal(got[:4*Sector], full('a', 4)) || !bytes.Equal(got[20*Sector:], full('o', 12)) {
		t.Error("what was flushed is gone, or what came too late is there")
	}
	if sectors, flushes := d.Written(); sectors != 16 || flushes != 1 {
		t.Errorf("%d sectors and %d flushes", sectors, flushes)
	}
}

func TestCloseIsNoCut(t *testing.T) {
	d, c, image := plug(t, Cached, 8)
	c.write(2, full('n', 3), 0)
	c.conn.Close() // a machine that is killed is no disk without power
	again := connect(t, d.listener.Addr().String())
	if !bytes.Equal(again.read(2, 3), full('n', 3)) {
		t.Error("the next machine does not find what the one before has written")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if want := append(append(full('o', 2), full('n', 3)...), full('o', 3)...); !bytes.Equal(content(t, image), want) {
		t.Error("not everything is written")
	}
	d, c, _ = plug(t, Cached, 8)
	if err := d.Cut(1); err != nil {
		t.Fatal(err)
	}
	if err := d.Cut(1); err != nil {
		t.Error(err)
	}
	c.ask(0, cmdFlush, 0, 0, nil)
	c.silent()
}

func TestImageOfNoSectors(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	for _, size := range []int{0, 511, 513} {
		if err := os.WriteFile(image, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Serve(image, image+".s", Cached); err == nil {
			t.Errorf("an image of %d bytes is served", size)
		}
	}
}
