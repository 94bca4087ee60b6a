//go:build pcscd || terminal

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminalPair makes a terminal of 64×20 cells.
func terminalPair() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: 64}); err != nil {
		return nil, nil, err
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	return master, slave, err
}

// process is a program in a terminal of its own.
type process struct {
	cmd    *exec.Cmd
	master *os.File
	deaf   chan struct{} // closed: the terminal reads and answers nothing any more
}

// startProcess starts cmd in a terminal of its own.
func startProcess(cmd *exec.Cmd) (*process, error) {
	master, slave, err := terminalPair()
	if err != nil {
		return nil, err
	}
	defer slave.Close()
	cmd.Env = append(cmd.Env, "TERM=xterm-256color")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		master.Close()
		return nil, err
	}
	k := &process{cmd, master, make(chan struct{})}
	go k.terminal()
	return k, nil
}

// terminal does as foot does: it takes what is drawn and answers what it is asked.
func (k *process) terminal() {
	b := make([]byte, 4096)
	for {
		n, err := k.master.Read(b)
		if err != nil {
			return // the program has ended
		}
		select {
		case <-k.deaf:
			return
		default:
		}
		for range strings.Count(string(b[:n]), statusAsked) {
			_, _ = io.WriteString(k.master, statusFine)
		}
	}
}
