package printer

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kagimado/hw/hwtest"
)

func TestSerialLine(t *testing.T) {
	const ours = unix.CSIZE | unix.PARENB | unix.CSTOPB | unix.CREAD | unix.CLOCAL | unix.HUPCL | unix.CRTSCTS
	for _, tt := range []struct {
		baud    int
		flow    string
		speed   uint32
		control uint32
		input   uint32
		byte    time.Duration
	}{
		{9600, "", unix.B9600, unix.CS8 | unix.CREAD | unix.CLOCAL | unix.CRTSCTS, 0, 1041666 * time.Nanosecond},
		{115200, "xonxoff", unix.B115200, unix.CS8 | unix.CREAD | unix.CLOCAL, unix.IXON, 86805 * time.Nanosecond},
		{0, "none", unix.B38400, unix.CS8 | unix.CREAD | unix.CLOCAL, 0, 0},
	} {
		path, stop, err := (&hwtest.Printer{}).PTY()
		if err != nil {
			t.Fatal(err)
		}
		l, err := Options{Device: path, Baud: tt.baud, Flow: tt.flow}.device()
		if err != nil {
			t.Fatal(err)
		}
		var term *unix.Termios
		if err := control(l.stream.(*os.File), func(fd int) (err error) {
			term, err = unix.IoctlGetTermios(fd, unix.TCGETS)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if term.Cflag&unix.CBAUD != tt.speed || term.Cflag&ours != tt.control || term.Iflag != tt.input || term.Lflag != 0 || term.Oflag != 0 {
			t.Errorf("%d %q: control %o, input %o, local %o, output %o; want speed %o, control %o, input %o and no more",
				tt.baud, tt.flow, term.Cflag, term.Iflag, term.Lflag, term.Oflag, tt.speed, tt.control, tt.input)
		}
		if l.byteTime != tt.byte || l.port != nil {
			t.Errorf("%d: a byte takes %v; want %v", tt.baud, l.byteTime, tt.byte)
		}
		l.Close()
		stop()
	}
}

// A device that is no serial line is taken for a USB printer. It is not let go before it took what was written:
// usblp throws away the rest at closing. A full FIFO stands in for it.
func TestInFlight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lp0")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Options{Device: path}.device()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n := l.queued(); n != 0 {
		t.Errorf("queued = %d before the first byte; want 0", n)
	}
	for l.queued() == 0 { // again on a machine so loaded that the first deadline passes before the first byte
		if err := l.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write = %v; want the deadline", err)
		}
	}
	if _, known := portCode(l.port()); known {
		t.Error("a device without status lines has a known state; want unknown")
	}
	if _, err := l.Read(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if n := l.queued(); n != 0 {
		t.Errorf("queued = %d when it took what was written; want 0", n)
	}
}

// What a network printer did not take before a slip was given up does not follow later.
func TestDiscardOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := Options{Address: l.Addr().String(), Limits: Limits{}.orDefault()}
	link, err := o.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := link.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	written := 0
	for err = nil; err == nil; {
		var n int
		n, err = link.Write(make([]byte, 1<<20))
		written += n
	}
	link.discard()
	link.Close()
	if n, err := io.Copy(io.Discard, peer); !errors.Is(err, unix.ECONNRESET) || n >= int64(written) {
		t.Errorf("the printer reads %d of %d bytes, then %v; want fewer and a reset", n, written, err)
	}
}
