package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Numbers of the NBD protocol (its doc/proto.md): fixed newstyle, simple replies.
const (
	nbdMagic    = 0x4e42444d41474943
	optMagic    = 0x49484156454f5054
	optReply    = 0x3e889045565a9
	reqMagic    = 0x25609513
	simpleReply = 0x67446698

	fixedNewstyle, noZeroes = 1, 2

	optExportName, optAbort, optInfo, optGo = 1, 2, 6, 7

	repAck, repInfo, repUnsupported = 1, 3, 1<<31 | 1
	infoExport, infoBlockSize       = 0, 3

	hasFlags, sendFlush, sendFUA = 1, 4, 8

	cmdRead, cmdWrite, cmdDisconnect, cmdFlush = 0, 1, 2, 3
	flagFUA                                    = 1

	ioFailed, invalid = 5, 22
)

// most is the longest request that is answered, in bytes, which is QEMU's own.
const most = 32 << 20

// speak talks to one peer until that goes away or the power is cut.
func (d *Disk) speak(conn net.Conn) error {
	if err := d.shakeHands(conn); err != nil {
		return err
	}
	for {
		var q struct {
			Magic       uint32
			Flags, Type uint16
			Cookie      uint64
			At          uint64
			Length      uint32
		}
		if err := binary.Read(conn, binary.BigEndian, &q); err != nil {
			return err
		}
		if q.Magic != reqMagic || q.Type == cmdWrite && q.Length > most {
			return fmt.Errorf("a request begins with %x and is for %d bytes", q.Magic, q.Length)
		}
		var data []byte
		if q.Type == cmdWrite {
			data = make([]byte, q.Length)
			if _, err := io.ReadFull(conn, data); err != nil {
				return err
			}
		}
		var failed error
		var answer []byte
		code := uint32(0)
		inside := q.Length > 0 && q.Length <= most && q.At%Sector == 0 && q.Length%Sector == 0 &&
			q.At <= uint64(d.size) && uint64(q.Length) <= uint64(d.size)-q.At
		switch {
		case q.Type == cmdDisconnect:
			return nil
		case q.Type == cmdFlush:
			failed = d.sync()
		case q.Type == cmdRead && inside:
			answer = make([]byte, q.Length)
			failed = d.read(answer, int64(q.At))
		case q.Type == cmdWrite && inside:
			failed = d.write(data, int64(q.At), q.Flags&flagFUA != 0)
		default:
			code = invalid
		}
		if errors.Is(failed, errDead) {
			return failed
		}
		if failed != nil {
			code, answer = ioFailed, nil
		}
		if err := send(conn, uint32(simpleReply), code, q.Cookie, answer); err != nil {
			return err
		}
	}
}

// shakeHands tells the peer how large the disk is and what it promises.
func (d *Disk) shakeHands(conn net.Conn) error {
	var theirs uint32
	if err := send(conn, uint64(nbdMagic), uint64(optMagic), uint16(fixedNewstyle|noZeroes)); err != nil {
		return err
	}
	if err := binary.Read(conn, binary.BigEndian, &theirs); err != nil {
		return err
	}
	flags := uint16(hasFlags)
	if d.kind == Cached {
		flags |= sendFlush | sendFUA
	}
	for {
		var q struct {
			Magic          uint64
			Option, Length uint32
		}
		if err := binary.Read(conn, binary.BigEndian, &q); err != nil {
			return err
		}
		if q.Magic != optMagic || q.Length > 1<<16 {
			return fmt.Errorf("an option begins with %x and is %d bytes long", q.Magic, q.Length)
		}
		if _, err := io.CopyN(io.Discard, conn, int64(q.Length)); err != nil {
			return err
		}
		reply := func(kind uint32, parts ...any) error {
			var data bytes.Buffer
			if err := send(&data, parts...); err != nil {
				return err
			}
			return send(conn, uint64(optReply), q.Option, kind, uint32(data.Len()), data.Bytes())
		}
		var err error
		switch q.Option {
		case optExportName:
			if err = send(conn, uint64(d.size), flags); err == nil && theirs&noZeroes == 0 {
				err = send(conn, make([]byte, 124))
			}
			return err
		case optGo, optInfo:
			err = errors.Join(
				reply(repInfo, uint16(infoExport), uint64(d.size), flags),
				reply(repInfo, uint16(infoBlockSize), uint32(Sector), uint32(4096), uint32(most)),
				reply(repAck))
			if q.Option == optGo {
				return err
			}
		case optAbort:
			_ = reply(repAck)
			return io.EOF
		default:
			err = reply(repUnsupported)
		}
		if err != nil {
			return err
		}
	}
}

// send writes numbers, in the network's order, and bytes, all at once.
func send(w io.Writer, parts ...any) error {
	var b bytes.Buffer
	for _, part := range parts {
		if err := binary.Write(&b, binary.BigEndian, part); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
