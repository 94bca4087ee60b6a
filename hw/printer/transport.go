package printer

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dial opens the way to the printer. It is done anew for every job: a replugged printer has a new file behind the
// same name, and a network printer serves one connection at a time.
func (o Options) dial(ctx context.Context) (*link, error) {
	if o.Dial != nil {
		conn, err := o.Dial(ctx)
		if err != nil {
			return nil, err
		}
		return &link{stream: conn}, nil
	}
	if o.Address != "" {
		d := net.Dialer{Timeout: o.Limits.Open}
		conn, err := d.DialContext(ctx, "tcp", o.Address)
		if err != nil {
			return nil, err
		}
		tcp := conn.(*net.TCPConn)
		return &link{stream: tcp, queued: queued(tcp), discard: func() { _ = tcp.SetLinger(0) }}, nil
	}
	return o.device()
}

// device opens a character device for both directions. O_NONBLOCK does two things: opening a serial line does not
// wait for its carrier, and reads and writes can be given up.
func (o Options) device() (*link, error) {
	f, err := os.OpenFile(o.Device, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	l := &link{stream: f, idleEOF: true}
	var serial bool
	if err := control(f, func(fd int) error {
		serial, err = o.setLine(fd)
		return err
	}); err != nil {
		f.Close()
		return nil, err
	}
	if serial {
		if o.Baud > 0 {
			l.byteTime = 10 * time.Second / time.Duration(o.Baud) // start, eight bits, stop
		}
		l.queued = queued(f)
		l.discard = func() {
			_ = control(f, func(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIOFLUSH) })
		}
		return l, nil
	}
	l.queued = inFlight(f)
	l.port = func() (lines byte, ok bool) {
		err := control(f, func(fd int) error {
			v, err := unix.IoctlGetInt(fd, lpGetStatus)
			lines = byte(v)
			return err
		})
		return lines, err == nil
	}
	return l, nil
}

// lpGetStatus is LPGETSTATUS of linux/lp.h, which usblp answers too.
const lpGetStatus = 0x060B

// queued asks the kernel how many bytes wait in a serial line's buffer, or unacknowledged in a TCP connection's.
func queued(f syscall.Conn) func() int {
	return func() int {
		n := 0
		_ = control(f, func(fd int) (err error) {
			n, err = unix.IoctlGetInt(fd, unix.TIOCOUTQ)
			return err
		})
		return n
	}
}

// inFlight tells 1 while a USB printer has not taken the last write. The kernel's usblp driver returns from a write
// before its last 8 KB have left, and closing the file then throws them away.
func inFlight(f syscall.Conn) func() int {
	return func() int {
		n := 0
		_ = control(f, func(fd int) error {
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
			if _, err := unix.Poll(ready, 0); err != nil {
				return err
			}
			if ready[0].Revents == 0 {
				n = 1
			}
			return nil
		})
		return n
	}
}

// control runs do on the file's descriptor. File.Fd would do it too, but also make every later call block.
func control(f syscall.Conn, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// setLine makes a serial line carry bytes as they are; serial is false when fd is none.
func (o Options) setLine(fd int) (serial bool, err error) {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return false, nil
	}
	speed, err := lineSpeed(o.Baud)
	if err != nil {
		return true, err
	}
	flow, err := lineFlow(o.Flow)
	if err != nil {
		return true, err
	}
	t.Iflag = flow.input
	t.Oflag, t.Lflag = 0, 0
	// Without HUPCL: a printer takes the drop of DTR at closing for a host that went away, in the midst of a slip.
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CSTOPB|unix.CRTSCTS|unix.HUPCL) | unix.CS8 | unix.CREAD | unix.CLOCAL | flow.control
	if o.Baud > 0 {
		t.Cflag = t.Cflag&^unix.CBAUD | speed
		t.Ispeed, t.Ospeed = speed, speed
	}
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return true, fmt.Errorf("setting the serial line: %w", err)
	}
	return true, nil
}

// lineSpeed returns the termios speed; 0 leaves it as it is.
func lineSpeed(baud int) (uint32, error) {
	speeds := map[int]uint32{
		0: 0, 9600: unix.B9600, 19200: unix.B19200, 38400: unix.B38400, 57600: unix.B57600, 115200: unix.B115200,
		230400: unix.B230400,
	}
	s, ok := speeds[baud]
	if !ok {
		return 0, fmt.Errorf("serial speed %d: want 9600, 19200, 38400, 57600, 115200 or 230400", baud)
	}
	return s, nil
}

type flow struct{ input, control uint32 }

// lineFlow returns the termios flags of a way to hold the sender back. The DTR that printers use for it is wired to
// CTS in the usual cables.
func lineFlow(name string) (flow, error) {
	switch name {
	case "", "rtscts":
		return flow{control: unix.CRTSCTS}, nil
	case "xonxoff":
		return flow{input: unix.IXON}, nil
	case "none":
		return flow{}, nil
	}
	return flow{}, fmt.Errorf("serial flow control %q: want rtscts, xonxoff or none", name)
}
