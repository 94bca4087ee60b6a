package hwtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// PTY serves a pseudo-terminal, which to a program looks like a serial line, and returns its path. The returned
// function ends it and waits.
func (p *Printer) PTY() (path string, stop func(), err error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", nil, fmt.Errorf("opening a pseudo-terminal: %w", err)
	}
	var unlock, number int32
	for _, c := range []struct {
		request uintptr
		value   *int32
	}{{syscall.TIOCSPTLCK, &unlock}, {syscall.TIOCGPTN, &number}} {
		if err := ioctl(master, c.request, c.value); err != nil {
			master.Close()
			return "", nil, fmt.Errorf("opening a pseudo-terminal: %w", err)
		}
	}
	path = fmt.Sprintf("/dev/pts/%d", number)
	// Held open: between two jobs the line has no other user, and reading its master would fail.
	held, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		master.Close()
		return "", nil, fmt.Errorf("opening a pseudo-terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() { p.Serve(ctx, master) })
	return path, func() { cancel(); server.Wait(); held.Close() }, nil
}

func ioctl(f *os.File, request uintptr, value *int32) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value)))
	}); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}
