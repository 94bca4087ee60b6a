package pcscd

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// FirstReader and SecondReader are the two readers that vpcd always makes; cards dial the ports of these addresses.
const (
	FirstReader   = "Virtual PCD 00 00"
	SecondReader  = "Virtual PCD 00 01"
	FirstAddress  = "127.0.0.1:35963"
	SecondAddress = "127.0.0.1:35964"
)

// Daemon is one running pcscd.
type Daemon struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	dir    string
	output *output
}

// output keeps what pcscd said.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Start starts a pcscd and waits until clients can connect and cards can be laid. It refuses outside of Isolate.
func Start() (*Daemon, error) {
	if os.Getenv(inside) != "furnished" {
		return nil, errors.New("starting pcscd: not within Isolate; it would replace the machine's service")
	}
	program, err := find("pcscd", "/usr/sbin/pcscd", "/usr/local/sbin/pcscd")
	if err != nil {
		return nil, err
	}
	driver, err := findDriver()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(runDir, "conf") // dies with the namespace
	if err != nil {
		return nil, err
	}
	d := &Daemon{dir: dir, ended: make(chan struct{}), output: &output{}}
	conf := fmt.Sprintf("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH %s\nCHANNELID 0x8C7B\n", driver)
	if err := os.WriteFile(filepath.Join(dir, "vpcd.conf"), []byte(conf), 0o644); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// A killed pcscd leaves its socket and its process id behind.
	for _, stale := range []string{"pcscd.comm", "pcscd.pid"} {
		if err := os.Remove(filepath.Join(runDir, stale)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	args := []string{"--foreground", "--config", dir}
	// From pcsc-lite 2.0 on pcscd may ask polkit, which is not in these namespaces.
	if help, _ := exec.Command(program, "--help").CombinedOutput(); bytes.Contains(help, []byte("--disable-polkit")) {
		args = append(args, "--disable-polkit")
	}
	d.cmd = exec.Command(program, args...)
	d.cmd.Env = append(os.Environ(), "PCSCLITE_HP_DROPDIR="+dir) // no driver for real readers
	d.cmd.Stdout, d.cmd.Stderr = d.output, d.output
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the terminal is not for it
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting pcscd: %w", err), os.RemoveAll(dir))
	}
	go func() {
		_ = d.cmd.Wait() // killed is how it ends
		close(d.ended)
	}()
	if err := d.ready(); err != nil {
		d.Kill()
		return nil, fmt.Errorf("starting pcscd: %w; it said:\n%s", err, d.output)
	}
	return d, nil
}

// Main ends the program with the status of run, which it calls within Isolate beside a Daemon: what a TestMain does.
func Main(run func(*Daemon) int) {
	status, err := Isolate(func() int {
		d, err := Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return run(d)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func find(name string, places ...string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("starting %s: it is not installed (Debian: apt-get install pcscd vsmartcard-vpcd)", name)
}

var libPath = regexp.MustCompile(`(?m)^LIBPATH\s+(\S+)`)

// findDriver asks the configuration that Debian's vsmartcard-vpcd brings.
func findDriver() (string, error) {
	if conf, err := os.ReadFile("/etc/reader.conf.d/vpcd"); err == nil {
		if m := libPath.FindSubmatch(conf); m != nil {
			return string(m[1]), nil
		}
	}
	for _, pattern := range []string{"/usr/lib/pcsc/drivers/serial/libifdvpcd.so*", "/usr/lib/*/pcsc/drivers/serial/libifdvpcd.so*"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", errors.New("starting pcscd: the vpcd driver is not installed (Debian: apt-get install vsmartcard-vpcd)")
}

// ready waits for the socket of the clients and for vpcd, which listens on its ports when its readers exist.
func (d *Daemon) ready() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		c, err := net.Dial("unix", filepath.Join(runDir, "pcscd.comm"))
		if err == nil {
			c.Close()
			if listening("8C7C") { // the second port; the first is open by then. Dialling would lay a card.
				return nil
			}
			err = errors.New("vpcd does not listen")
		}
		select {
		case <-d.ended:
			return errors.New("it ended at once")
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

// listening tells whether anything listens on the TCP port with these hexadecimal digits (proc_net_tcp).
func listening(port string) bool {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasSuffix(f[1], ":"+port) && f[3] == "0A" {
			return true
		}
	}
	return false
}

// Ended tells whether it has ended.
func (d *Daemon) Ended() bool {
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// Kill ends pcscd as a crash does, and waits for it.
func (d *Daemon) Kill() { d.end(syscall.SIGKILL) }

// Stop ends pcscd as systemd does, and waits for it.
func (d *Daemon) Stop() { d.end(syscall.SIGTERM) }

func (d *Daemon) end(sig syscall.Signal) {
	_ = d.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-d.ended:
	case <-time.After(5 * time.Second): // a driver that hangs also hangs the ending
		_ = d.cmd.Process.Kill()
		<-d.ended
	}
	_ = os.RemoveAll(d.dir)
}

// Freeze stops pcscd in its tracks, as a driver that hangs does; thaw lets it go on.
func (d *Daemon) Freeze() (thaw func(), err error) {
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return func() { _ = d.cmd.Process.Signal(syscall.SIGCONT) }, nil
}

// Files counts the open files of pcscd: one per client, at least.
func (d *Daemon) Files() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid))
	return len(entries), err
}

// Output returns what pcscd said.
func (d *Daemon) Output() string { return d.output.String() }
