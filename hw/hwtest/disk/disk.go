// Package disk is a disk for virtual machines whose power can be cut: everything that a real one may lose or mix up then,
// it does. It serves a raw image by the NBD protocol on a unix socket, as QEMU and qemu-io speak it.
//
// It must never lose what it has promised to keep, and never keep a promise that no real disk gives.
package disk

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
)

// Sector is the unit in which a disk writes, in bytes.
const Sector = 512

// Kind is what a disk promises.
type Kind int

const (
	// Cached is a disk with a memory of its own: a write may be lost, whole or in part, and overtaken by later ones until
	// a flush has been answered. QEMU's virtio-blk hands flushes on.
	Cached Kind = iota
	// Direct is an SD card, which knows no flush: writes are kept sector after sector as they come, and a power cut tears
	// the one in the middle of which it happens.
	Direct
)

// Disk is one that is plugged in. Its power is on until Cut, or until CutAfter's last sector was written.
type Disk struct {
	kind     Kind
	listener net.Listener
	size     int64

	mu      sync.Mutex
	image   *os.File
	pending map[int64][][]byte // what was written to a sector and not flushed, oldest first
	conns   map[net.Conn]bool
	ended   bool
	dead    chan struct{} // closed when the power is cut
	fuse    *fuse
	written int
	flushes int
}

// fuse is a power cut that is to come.
type fuse struct {
	left int
	seed uint64
}

// errDead is why nothing is answered any more.
var errDead = errors.New("the power is cut")

// Serve plugs a disk in: image is its raw content, whose size must be a whole number of sectors, and socket the name of
// the unix socket that it makes. Who connects sees one disk, whatever name of an export it asks for.
func Serve(image, socket string, kind Kind) (*Disk, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (info.Size() == 0 || info.Size()%Sector != 0) {
		err = fmt.Errorf("%s has %d bytes, which are not sectors of %d", image, info.Size(), Sector)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		f.Close()
		return nil, err
	}
	d := &Disk{
		kind: kind, listener: listener, size: info.Size(), image: f,
		pending: map[int64][][]byte{}, conns: map[net.Conn]bool{}, dead: make(chan struct{}),
	}
	go d.accept()
	return d, nil
}

func (d *Disk) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		if d.ended {
			conn.Close()
		}
		d.conns[conn] = true
		d.mu.Unlock()
		go func() {
			// A peer that goes away or talks nonsense is no loss of power; another one may come.
			if err := d.speak(conn); errors.Is(err, errDead) {
				return // no answer, and no end either: a computer whose disk has no power has none itself
			}
			conn.Close()
			d.mu.Lock()
			delete(d.conns, conn)
			d.mu.Unlock()
		}()
	}
}

// Dead is closed when the power has been cut. A disk without power answers nothing, so the machine hangs: kill it.
func (d *Disk) Dead() <-chan struct{} { return d.dead }

// Written is how many sectors have been written since the disk was plugged in, and how many flushes it has answered.
func (d *Disk) Written() (sectors, flushes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written, d.flushes
}

// Cut cuts the power now. Of a Cached disk's writes that were not flushed each sector survives or does not, and where a
// sector was written more than once any of them may be the last; the same seed decides the same. The image then is what
// the next machine finds, and nothing of this disk touches it any more.
func (d *Disk) Cut(seed uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut(rand.New(rand.NewPCG(seed, 0)))
}

// CutAfter cuts the power when that many more sectors have been written. A Direct disk then is in the middle of the next
// one, whose bytes are partly the old and partly the new; with a Cached one it is as if Cut were called.
func (d *Disk) CutAfter(sectors int, seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fuse = &fuse{left: sectors, seed: seed}
}

func (d *Disk) cut(r *rand.Rand) error {
	if d.image == nil {
		return nil
	}
	close(d.dead)
	// Some disks have written nearly all of it, some next to nothing.
	kept := r.Float64()
	var failed error
	for _, sector := range slices.Sorted(maps.Keys(d.pending)) {
		versions := d.pending[sector]
		survives, which := r.Float64() < kept, r.IntN(len(versions))
		if survives {
			_, err := d.image.WriteAt(versions[which], sector*Sector)
			failed = errors.Join(failed, err)
		}
	}
	failed = errors.Join(failed, d.image.Close())
	d.image, d.pending = nil, nil
	return failed
}

// Close unplugs the disk. If its power is still on, everything is written first, as when a machine is shut down.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return nil
	}
	d.ended = true
	failed := d.listener.Close()
	for conn := range d.conns {
		conn.Close()
	}
	if d.image != nil {
		failed = errors.Join(failed, d.flush(), d.image.Close())
		d.image = nil
	}
	return failed
}

// read reads whole sectors.
func (d *Disk) read(b []byte, at int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.image == nil {
		return errDead
	}
	if _, err := d.image.ReadAt(b, at); err != nil {
		return err
	}
	for done := int64(0); done < int64(len(b)); done += Sector {
		if versions := d.pending[(at+done)/Sector]; versions != nil {
			copy(b[done:done+Sector], versions[len(versions)-1])
		}
	}
	return nil
}

// write writes whole sectors; durable is a promise about these alone.
func (d *Disk) write(b []byte, at int64, durable bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; len(b) > 0; b, at = b[Sector:], at+Sector {
		if d.image == nil {
			return errDead
		}
		sector := b[:Sector:Sector]
		if d.fuse != nil && d.fuse.left == 0 {
			return errors.Join(d.blow(sector, at), errDead)
		}
		if d.fuse != nil {
			d.fuse.left--
		}
		d.written++
		if d.kind == Cached && !durable {
			d.pending[at/Sector] = append(d.pending[at/Sector], sector)
			continue
		}
		// What was written there before may not come back.
		delete(d.pending, at/Sector)
		if _, err := d.image.WriteAt(sector, at); err != nil {
			return err
		}
	}
	// Not only when the next sector comes: it may never.
	if d.kind == Cached && d.fuse != nil && d.fuse.left == 0 {
		return errors.Join(d.blow(nil, 0), errDead)
	}
	return nil
}

// blow is the end that CutAfter has prepared.
func (d *Disk) blow(sector []byte, at int64) error {
	r := rand.New(rand.NewPCG(d.fuse.seed, 0))
	if d.kind == Cached {
		return d.cut(r)
	}
	torn := make([]byte, Sector)
	if _, err := d.image.ReadAt(torn, at); err != nil {
		return err
	}
	middle := r.IntN(Sector + 1)
	if r.IntN(2) == 0 {
		copy(torn[:middle], sector)
	} else {
		copy(torn[middle:], sector[middle:])
	}
	_, err := d.image.WriteAt(torn, at)
	return errors.Join(err, d.cut(r))
}

// sync answers a flush.
func (d *Disk) sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.image == nil {
		return errDead
	}
	d.flushes++
	return d.flush()
}

func (d *Disk) flush() error {
	for sector, versions := range d.pending {
		if _, err := d.image.WriteAt(versions[len(versions)-1], sector*Sector); err != nil {
			return err
		}
		delete(d.pending, sector)
	}
	return nil
}
