// Package pcscd gives a test or a bench a PC/SC service of its own: a real pcscd with the virtual reader of vsmartcard,
// in namespaces of its own, so that it neither sees nor disturbs the machine's service and several run side by side.
//
// Isolate runs this very program again inside the namespaces. Everything in there dies with it: no daemon can stay
// behind. It works as root and, where user namespaces are allowed, as any user. Tests that need it carry the build tag
// pcscd; nothing but the tag has to be given. It is never part of the release program.
package pcscd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"
)

// inside marks a program that runs within the namespaces: "bare" as Isolate starts it, "furnished" as it and what it
// starts are from then on, and as private.sh starts its program.
const inside = "KAGIMADO_PRIVATE_PCSCD"

// runDir is where pcscd and libpcsclite meet; the path is compiled into both.
const runDir = "/run/pcscd"

// Isolate runs this program again, with the same arguments, in mount, network and process namespaces of its own, and
// returns its exit status. In there Isolate runs f and returns what f returns. A test calls it with m.Run in its TestMain.
func Isolate(f func() int) (int, error) {
	switch os.Getenv(inside) {
	case "furnished":
		return f(), nil
	case "bare":
		err := furnish()
		if err == nil {
			err = os.Setenv(inside, "furnished")
		}
		if err != nil {
			return 0, fmt.Errorf("furnishing the namespaces for a private pcscd: %w", err)
		}
		return f(), nil
	}
	// The death signal comes when the thread ends that started the program, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), inside+"=bare")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	// The terminal sends an interrupt to both; it is for the one inside.
	signal.Ignore(syscall.SIGINT)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	case errors.As(err, &exit):
		return 0, fmt.Errorf("the program in the namespaces of the private pcscd: %w", err)
	}
	return 0, fmt.Errorf("making namespaces for a private pcscd: %w (it needs root or user namespaces; in a container, SYS_ADMIN)", err)
}

// furnish makes the new namespaces fit for pcscd: a /proc and a run directory of their own, and a loopback that is up.
func furnish() error {
	// Nothing that is mounted here may reach the machine.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	dir := runDir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		dir = filepath.Dir(runDir) // not ours to write: hide all of it
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mounting %s: %w", dir, err)
	}
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return err
	}
	return raiseLoopback()
}

// raiseLoopback does "ip link set lo up", which not every machine has a program for (netdevice(7)).
func raiseLoopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raising the loopback: %w", err)
	}
	defer syscall.Close(fd)
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("raising the loopback: %w", errno)
	}
	if _, err := net.InterfaceByName("lo"); err != nil {
		return fmt.Errorf("raising the loopback: %w", err)
	}
	return nil
}
