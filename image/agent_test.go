//go:build image

package image_test

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The image has no way in. The test's is a unit that it gives systemd along on the kernel's command line, as a credential:
// a root shell on a virtual serial port that only this machine has. Nothing of it is in the image.
const agentUnit = `[Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'd=%s; until [ -c $d ]; do sleep 1; done; stty raw -echo <$d; exec sh <>$d >&0 2>/dev/null'
Restart=always
RestartSec=500ms
StandardError=null
OOMScoreAdjust=-1000
`

// agentArguments are what the kernel's command line says of it.
func agentArguments(device string) string {
	unit := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, agentUnit, device))
	return "systemd.set_credential_binary=systemd.extra-unit.image-test.service:" + unit + " systemd.wants=image-test.service"
}

// agent is the other end of that shell. It expects bytes to be lost whenever the guest is not there to take them.
type agent struct {
	mu    sync.Mutex
	conn  net.Conn
	lines chan string // what the guest says; closed when the port is
	n     int
}

var errSilent = errors.New("the guest's shell does not answer")

func dialAgent(path string) (*agent, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("dialling the guest's shell: %w", err)
	}
	a := &agent{conn: conn, lines: make(chan string, 10000)}
	go func() {
		defer close(a.lines)
		in := bufio.NewScanner(conn)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			a.lines <- strings.TrimRight(in.Text(), "\r")
		}
	}()
	return a, nil
}

func (a *agent) close() { a.conn.Close() }

func (a *agent) say(s string) error {
	_ = a.conn.SetWriteDeadline(time.Now().Add(5 * time.Second)) // nobody may be there to take it
	_, err := a.conn.Write([]byte(s))
	return err
}

// hear returns the next line, or an error when none comes before late.
func (a *agent) hear(late time.Time) (string, error) {
	timer := time.NewTimer(time.Until(late))
	defer timer.Stop()
	select {
	case l, more := <-a.lines:
		if !more {
			return "", net.ErrClosed
		}
		return l, nil
	case <-timer.C:
		return "", errSilent
	}
}

// meet waits until a shell answers and everything that was said before is out of the way.
func (a *agent) meet(within time.Duration) error {
	late := time.Now().Add(within)
	for time.Now().Before(late) {
		a.n++
		hello := fmt.Sprintf("hello-%d-%d", a.n, time.Now().UnixNano())
		if err := a.say("\n\necho " + hello + "\n"); errors.Is(err, net.ErrClosed) {
			return err
		}
		for again := time.Now().Add(2 * time.Second); ; {
			l, err := a.hear(again)
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			if err != nil {
				break
			}
			if l == hello {
				return nil
			}
		}
	}
	return errSilent
}

// run lets the guest's root run a script for at most limit and returns what it printed and its exit status, 124 when it
// took too long. An error means that the guest could not be asked.
func (a *agent) run(script string, limit time.Duration) (output string, status int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.meet(limit + 10*time.Second); err != nil {
		return "", 0, err
	}
	a.n++
	mark := fmt.Sprintf("done-%d-%d", a.n, time.Now().UnixNano())
	var said strings.Builder
	said.WriteString("cd ${AGENT:-/run}; base64 -d >agent.sh <<.\n" + folded(script) + ".\n")
	fmt.Fprintf(&said, "timeout -k 1 %d sh agent.sh </dev/null >agent.out 2>&1; s=$?\n", int(limit.Seconds()))
	fmt.Fprintf(&said, "echo; echo begin-%s $s; base64 agent.out; echo end-%s\n", mark, mark)
	if err := a.say(said.String()); err != nil {
		return "", 0, err
	}
	var encoded strings.Builder
	begun := false
	for late := time.Now().Add(limit + 10*time.Second); ; {
		l, err := a.hear(late)
		if err != nil {
			return "", 0, err
		}
		rest, begins := strings.CutPrefix(l, "begin-"+mark+" ")
		switch {
		case begins:
			begun = true
			if status, err = strconv.Atoi(rest); err != nil {
				return "", 0, fmt.Errorf("the guest's shell says %q", l)
			}
		case l == "end-"+mark:
			out, err := base64.StdEncoding.DecodeString(encoded.String())
			return string(out), status, err
		case begun:
			encoded.WriteString(l)
		}
	}
}

// folded is s in base64 on lines that any terminal takes.
func folded(s string) string {
	b := base64.StdEncoding.EncodeToString([]byte(s))
	var out strings.Builder
	for len(b) > 76 {
		out.WriteString(b[:76] + "\n")
		b = b[76:]
	}
	out.WriteString(b + "\n")
	return out.String()
}

// shell is a shell of this machine behind an agent.
func shell(t *testing.T) *agent {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := dialAgent(filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	f, err := conn.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	sh := exec.Command("sh")
	sh.Stdin, sh.Stdout, sh.Env = f, f, append(os.Environ(), "AGENT="+dir)
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	t.Cleanup(func() { a.close(); _ = sh.Wait() })
	return a
}

// TestAgent drives a shell of this machine as if it were the guest's.
func TestAgent(t *testing.T) {
	a := shell(t)
	long := strings.Repeat("printf '鍵窓 %s\\n' \"$0\" >&2\n", 500) + "exit 3"
	out, status, err := a.run(long, 5*time.Second)
	if err != nil || status != 3 || strings.Count(out, "鍵窓 ") != 500 {
		t.Errorf("run = %d bytes, %d, %v; want 500 lines and status 3", len(out), status, err)
	}
	if out, status, err := a.run("echo before; sleep 9", time.Second); out != "before\n" || status != 124 || err != nil {
		t.Errorf("a script that hangs = %q, %d, %v; want what it printed and 124", out, status, err)
	}
	if out, status, err := a.run("cat", time.Second); out != "" || status != 0 || err != nil {
		t.Errorf("a script that reads = %q, %d, %v; want nothing", out, status, err)
	}
}
