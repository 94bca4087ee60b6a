//go:build pcscd

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kagimado/card/cardtest"
	"kagimado/card/cardtest/vpcd"
	"kagimado/hw/hwtest"
	"kagimado/hw/hwtest/pcscd"
	"kagimado/kiosk/golden"
	"kagimado/kiosk/ledger"
)

// machine is a kiosk as it stands in a lobby: the release program under a supervisor, in a terminal, with a real pcscd, a
// printer on the network, a state folder and the privileged units. The test stands for what is not here: for systemd,
// which starts programs anew and watches over them, for foot and for the printer.
type machine struct {
	t       *testing.T
	dir     string
	slot    *vpcd.Slot
	printer *hwtest.Printer
	address string
	notes   *net.UnixConn

	mu      sync.Mutex
	service *pcscd.Daemon
	absent  bool // nobody starts a pcscd that died
	kiosk   *process
	ended   []string // how the program ended, each time
	said    []string // conditions, each that differs from the one before
	beat    time.Time
	ready   bool // since the program was started
	closing bool
	unplug  func() // of the printer
	stopped chan struct{}
	wishes  *hwtest.Wishes
}

// What systemd/ will say: how long a program may be silent, and how long after its end it is started anew.
const (
	watchdog = 12 * time.Second
	anew     = 200 * time.Millisecond
)

func newMachine(t *testing.T, service *pcscd.Daemon) *machine {
	t.Helper()
	m := &machine{
		t: t, dir: t.TempDir(), slot: vpcd.At(pcscd.FirstAddress), printer: &hwtest.Printer{}, service: service, stopped: make(chan struct{}),
	}
	build := exec.Command("go", "build", "-o", filepath.Join(m.dir, "kiosk"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the kiosk: %v\n%s", err, out)
	}
	m.plug()
	profile := fmt.Sprintf("schema = 1\n[office]\nname = \"みほん市役所\"\nmunicipality = \"みほん市\"\nkiosk = \"1号機\"\n"+
		"[printer]\nkind = \"tcp\"\naddress = %q\nwidth = 576\ndpi = 203\ncut = true\n", m.address)
	for _, err := range []error{
		os.WriteFile(filepath.Join(m.dir, "kiosk.toml"), []byte(profile), 0o644),
		os.MkdirAll(filepath.Join(m.dir, "wishes"), 0o755), os.MkdirAll(filepath.Join(m.dir, "state"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m.wishes = hwtest.NewWishes(filepath.Join(m.dir, "wishes"), func(wish string, _ time.Time) {
		if wish == "restart-reader" {
			m.restartService()
		}
	})
	var err error
	m.notes, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(m.dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	go m.listen()
	m.start()
	go m.supervise()
	go m.keepService()
	t.Cleanup(m.close)
	m.await("ready")
	return m
}

func (m *machine) close() {
	m.mu.Lock()
	m.closing = true
	k := m.kiosk
	m.mu.Unlock()
	_ = k.cmd.Process.Kill()
	<-m.stopped
	m.wishes.Close()
	m.notes.Close()
	m.unplug()
	m.slot.Lift()
	if m.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(m.dir, "log"))
		m.t.Logf("the log's end:\n%s", log[max(0, len(log)-8000):])
	}
}

// start starts the program in a terminal of its own.
func (m *machine) start() {
	cmd := exec.Command(filepath.Join(m.dir, "kiosk"), "-profile", filepath.Join(m.dir, "kiosk.toml"), "-state", m.state(),
		"-wishes", filepath.Join(m.dir, "wishes"), "-log", filepath.Join(m.dir, "log"))
	// systemd's word to a program that is its grandchild: cage and foot stand between, and WATCHDOG_PID is theirs.
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(m.dir, "notify"),
		"WATCHDOG_USEC="+strconv.Itoa(int(watchdog.Microseconds())), "WATCHDOG_PID=1")
	k, err := startProcess(cmd)
	if err != nil {
		m.t.Error(err)
		return
	}
	m.mu.Lock()
	m.kiosk, m.ready, m.beat = k, false, time.Now()
	m.mu.Unlock()
}

// listen takes in what the program tells systemd.
func (m *machine) listen() {
	b := make([]byte, 4096)
	for {
		n, err := m.notes.Read(b)
		if err != nil {
			return
		}
		m.mu.Lock()
		for _, line := range strings.Split(string(b[:n]), "\n") {
			condition, isCondition := strings.CutPrefix(line, "STATUS=")
			switch {
			case line == "WATCHDOG=1":
				m.beat = time.Now()
			case line == "READY=1":
				m.ready, m.beat = true, time.Now()
			case isCondition && (len(m.said) == 0 || m.said[len(m.said)-1] != condition):
				m.said = append(m.said, condition)
			}
		}
		m.mu.Unlock()
	}
}

// supervise starts the program anew when it ends, and ends it when it is silent.
func (m *machine) supervise() {
	defer close(m.stopped)
	for {
		m.mu.Lock()
		k := m.kiosk
		m.mu.Unlock()
		ended := make(chan error, 1)
		go func() { ended <- k.cmd.Wait() }()
		how := ""
		for how == "" {
			select {
			case err := <-ended:
				if how = "status 0"; err != nil {
					how = strings.Replace(err.Error(), "exit ", "", 1)
				}
			case <-time.After(100 * time.Millisecond):
				m.mu.Lock()
				limit := watchdog
				if !m.ready {
					limit = time.Minute // to start
				}
				if time.Since(m.beat) > limit {
					how = "watchdog"
				}
				m.mu.Unlock()
				if how != "" {
					_ = k.cmd.Process.Kill()
					<-ended
				}
			}
		}
		k.master.Close()
		m.mu.Lock()
		m.ended = append(m.ended, how)
		m.said = append(m.said, "down")
		closing := m.closing
		m.mu.Unlock()
		if closing {
			return
		}
		time.Sleep(anew)
		m.start()
	}
}

// keepService starts a pcscd that died anew, as its unit does.
func (m *machine) keepService() {
	for {
		m.mu.Lock()
		service, absent, closing := m.service, m.absent, m.closing
		m.mu.Unlock()
		if closing {
			return
		}
		if !absent && service.Ended() {
			m.restartService()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (m *machine) restartService() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return
	}
	m.service.Kill()
	s, err := pcscd.Start()
	if err != nil {
		m.t.Error(err)
		return
	}
	m.service, m.absent = s, false
}

func (m *machine) plug() {
	at := "127.0.0.1:0"
	if m.address != "" {
		at = m.address
	}
	var err error
	if m.address, m.unplug, err = m.printer.ListenOn(at); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) condition() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.said) == 0 {
		return ""
	}
	return m.said[len(m.said)-1]
}

// await waits until the kiosk is in that condition.
func (m *machine) await(condition string) {
	m.t.Helper()
	m.until(condition, func() bool { return m.condition() == condition })
}

// saw waits until the kiosk has been in that condition since the present fault; it may not stay so for long.
func (m *machine) saw(condition string) {
	m.t.Helper()
	m.until(condition, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Contains(m.said[1:], condition)
	})
}

func (m *machine) until(condition string, is func() bool) {
	m.t.Helper()
	for late := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			m.t.Fatalf("the kiosk is %q after a minute; want %q (it was %q)", m.condition(), condition, m.said)
		}
	}
}

// signal sends the program a signal.
func (m *machine) signal(s syscall.Signal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.kiosk.cmd.Process.Signal(s)
}

// served tells whether a card that is laid down becomes a slip.
func (m *machine) served() bool { return m.slip(10 * time.Second) }

// unserved wants no slip, since something keeps it from coming.
func (m *machine) unserved(why string) {
	m.t.Helper()
	if m.slip(3 * time.Second) {
		m.t.Errorf("a whole slip comes out of %s", why)
	}
}

func (m *machine) slip(within time.Duration) bool {
	c, err := cardtest.New("locked-input-support")
	if err != nil {
		m.t.Fatal(err)
	}
	before := len(m.printer.Slips())
	if err := m.slot.Lay(c); err != nil {
		return false // pcscd died a moment ago
	}
	defer func() {
		m.slot.Lift()
		time.Sleep(500 * time.Millisecond) // vpcd looks every 400 ms
	}()
	for late := time.Now().Add(within); time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
		if len(m.printer.Slips()) > before {
			return true
		}
	}
	return false
}

// fault is one row of the table: something goes wrong, and within a minute somebody's card becomes a slip again.
type fault struct {
	name  string
	do    func(*machine)
	ended string // how the program ends, "" = it goes on
	said  string // what systemd is told meanwhile, of "out of service: …"
	kept  string // the code that staff find in the history
}

// recovers lets a fault happen and waits until a visitor is served. Nothing but what the table says may happen.
func (m *machine) recovers(f fault) (row string) {
	m.t.Helper()
	m.mu.Lock()
	m.said, m.ended = m.said[len(m.said)-1:], nil
	m.mu.Unlock()
	noted := m.noted(f.kept)
	begun := time.Now()
	f.do(m)
	var took time.Duration
	for {
		for c := m.condition(); c != "ready" && c != "serving"; c = m.condition() { // a result gives way to the next card
			if time.Since(begun) > time.Minute {
				m.t.Fatalf("%s: the kiosk is %q after a minute (it was %q)", f.name, m.condition(), m.said)
			}
			time.Sleep(20 * time.Millisecond)
		}
		took = time.Since(begun)
		if m.served() {
			break
		}
		if time.Since(begun) > time.Minute {
			m.t.Fatalf("%s: no visitor is served after a minute (the kiosk was %q)", f.name, m.said)
		}
	}
	if took > time.Minute {
		m.t.Errorf("%s: ready after %v; want a minute at most", f.name, took)
	}
	m.mu.Lock()
	ended, said := strings.Join(m.ended, ", "), slices.Clone(m.said)
	m.mu.Unlock()
	if !slices.Contains(strings.Split(f.ended, " or "), ended) {
		m.t.Errorf("%s: the program ended by %q; want %q", f.name, ended, f.ended)
	}
	said = slices.DeleteFunc(said, func(s string) bool { return !strings.HasPrefix(s, "out of service") })
	got := strings.Join(slices.Compact(said), ", ")
	if f.said != "out of service: R-01" {
		got = strings.TrimSuffix(got, ", out of service: R-01") // the service is being restarted, if somebody saw it
	}
	if got != f.said && f.said != "*" {
		m.t.Errorf("%s: systemd was told %q; want %q", f.name, got, f.said)
	}
	if f.kept != "" {
		m.finds(f.name, f.kept, noted)
	}
	m.t.Logf("%-60s ready after %.1f s", f.name, took.Seconds())
	codes := strings.ReplaceAll(strings.ReplaceAll(f.said, "out of service: ", ""), "*", "(by chance)")
	return fmt.Sprintf("| %s | %s | %s | %s | yes |\n", f.name, cmp.Or(codes, "–"), cmp.Or(f.kept, "–"), cmp.Or(f.ended, "it went on"))
}

// noted is how often a code stands in the kept history.
func (m *machine) noted(code string) (n int) {
	m.t.Helper()
	l, err := ledger.Open(m.state())
	if err != nil {
		m.t.Fatal(err)
	}
	var history struct {
		Faults []struct {
			Code string
			N    int
		}
	}
	data, err := l.Load("faults")
	if err != nil {
		return 0 // none yet, or spoilt by this test
	}
	if err := json.Unmarshal(data, &history); err != nil {
		m.t.Fatal(err)
	}
	for _, o := range history.Faults {
		if o.Code == code {
			n += o.N
		}
	}
	return n
}

// finds wants a code in the kept history oftener than before; it is written some seconds later.
func (m *machine) finds(name, code string, before int) {
	m.t.Helper()
	for late := time.Now().Add(40 * time.Second); m.noted(code) <= before; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) {
			m.t.Errorf("%s: %s stands in the history %d times; want more than %d", name, code, m.noted(code), before)
			return
		}
	}
}

func (m *machine) pcscd() *pcscd.Daemon {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.service
}

// laid lays a card that stays, for what happens in the middle of its reading.
func (m *machine) laid(latency time.Duration) {
	m.t.Helper()
	c, err := cardtest.New("all-fine")
	if err != nil {
		m.t.Fatal(err)
	}
	m.slot.SetLatency(latency)
	m.t.Cleanup(func() { m.slot.SetLatency(0) })
	if err := m.slot.Lay(c); err != nil {
		m.t.Fatal(err)
	}
	m.await("serving")
}

// refuse takes the place of pcscd for a while and hangs up on everybody, as pcscd does on those whom polkit refuses.
func (m *machine) refuse(d time.Duration) {
	m.t.Helper()
	m.mu.Lock()
	m.absent = true
	m.service.Kill()
	m.mu.Unlock()
	const socket = "/run/pcscd/pcscd.comm"
	_ = os.Remove(socket)
	l, err := net.Listen("unix", socket)
	if err != nil {
		m.t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond) // polkit is asked
			c.Close()
		}
	}()
	time.Sleep(d)
	l.Close()
	m.restartService()
}

var errNoTmpfs = errors.New("the test's mount namespace takes no tmpfs")

// fill lets the state folder lie on a disk without room.
func (m *machine) state() string { return filepath.Join(m.dir, "state") }

func (m *machine) restart() {
	m.signal(syscall.SIGTERM)
	m.saw("down")
	m.await("ready")
}

// TestMachineRecovers lets everything fail that can fail around the program, one after the other in one machine, and writes
// down what came of it.
func TestMachineRecovers(t *testing.T) {
	m := newMachine(t, service)
	defer func() { service = m.pcscd() }() // whichever of them runs now
	if !m.served() {
		t.Fatal("the kiosk serves nobody to begin with")
	}
	faults := []fault{
		{"kiosk killed (SIGKILL)", func(m *machine) { m.signal(syscall.SIGKILL); m.saw("down") }, "signal: killed", "", "S-03"},
		{"kiosk killed while it reads a card", func(m *machine) {
			m.laid(100 * time.Millisecond)
			m.signal(syscall.SIGKILL)
			m.saw("down")
			m.slot.Lift()
			m.slot.SetLatency(0)
		}, "signal: killed", "", "S-03"},
		{"kiosk asked to end (SIGTERM)", func(m *machine) { m.signal(syscall.SIGTERM); m.saw("down") }, "status 0", "", ""},
		{"terminal hung up (SIGHUP)", func(m *machine) { m.signal(syscall.SIGHUP); m.saw("down") }, "status 0", "", ""},
		{"kiosk stopped (SIGSTOP) for 5 s", func(m *machine) {
			m.signal(syscall.SIGSTOP)
			time.Sleep(5 * time.Second)
			m.signal(syscall.SIGCONT)
		}, "", "", ""},
		{"kiosk stopped (SIGSTOP) for good", func(m *machine) { m.signal(syscall.SIGSTOP); m.saw("down") }, "watchdog", "", "S-03"},
		{"terminal takes nothing any more", func(m *machine) {
			m.mu.Lock()
			close(m.kiosk.deaf)
			m.mu.Unlock()
			m.saw("down")
		}, "status 73", "", "T-01"},
		{"terminal closed", func(m *machine) {
			m.mu.Lock()
			m.kiosk.master.Close()
			m.mu.Unlock()
			m.saw("down")
		}, "status 0 or status 1", "", ""}, // by the signal or by the read, whichever comes first
		{"pcscd killed", func(m *machine) { m.pcscd().Kill(); m.saw("out of service: R-01") }, "", "out of service: R-01", "R-01"},
		{"pcscd killed while a card is read", func(m *machine) {
			m.laid(100 * time.Millisecond)
			m.pcscd().Kill()
			m.saw("out of service: R-01")
			m.slot.Lift()
			m.slot.SetLatency(0)
		}, "", "out of service: R-01", "R-01"},
		{"pcscd dead, and nobody starts it", func(m *machine) {
			m.mu.Lock()
			m.absent = true
			m.service.Kill()
			m.mu.Unlock()
			m.saw("out of service: R-01")
		}, "", "out of service: R-01", "R-01"},
		{"pcscd hangs", func(m *machine) {
			if _, err := m.pcscd().Freeze(); err != nil {
				m.t.Fatal(err)
			}
			m.saw("out of service: R-05")
		}, "", "out of service: R-05", "R-05"},
		{"pcscd hangs in an exchange with a card", func(m *machine) {
			m.laid(100 * time.Millisecond)
			if _, err := m.pcscd().Freeze(); err != nil {
				m.t.Fatal(err)
			}
			m.saw("out of service: R-05")
			m.slot.Lift()
			m.slot.SetLatency(0)
		}, "", "out of service: R-05", "R-05"},
		{"card never answers", func(m *machine) {
			c, err := cardtest.New("all-fine")
			if err != nil {
				m.t.Fatal(err)
			}
			c.Inject(cardtest.Fault{At: 5, Kind: cardtest.Mute})
			if err := m.slot.Lay(c); err != nil {
				m.t.Fatal(err)
			}
			m.saw("out of service: R-05")
			m.slot.Lift()
		}, "", "out of service: R-05", "R-05"},
		{"pcscd refuses the kiosk (polkit) for 8 s", func(m *machine) { m.refuse(8 * time.Second) }, "", "out of service: R-01, out of service: R-04", "R-04"},
		{"printer unplugged and back", func(m *machine) {
			m.unplug()
			m.unserved("a printer that is gone")
			m.plug()
		}, "", "", "P-01"},
		{"printer out of paper, then filled", func(m *machine) {
			m.printer.Set(func(c *hwtest.Condition) { c.PaperEnd = true })
			m.unserved("a printer without paper")
			m.printer.Set(func(c *hwtest.Condition) { c.PaperEnd = false })
		}, "", "", "P-02"},
		{"printer dies in the middle of a slip", func(m *machine) {
			m.printer.Set(func(c *hwtest.Condition) { c.StuckAt = 20000 })
			m.unserved("a printer that died")
			m.unplug()
			m.printer.Set(func(c *hwtest.Condition) { c.StuckAt = 0 })
			m.plug()
		}, "", "", "P-07"},
		{"every record spoilt", func(m *machine) {
			names, err := os.ReadDir(m.state())
			if err != nil || len(names) < 3 {
				m.t.Fatalf("%d records, %v", len(names), err)
			}
			for _, n := range names {
				if err := os.WriteFile(filepath.Join(m.state(), n.Name()), []byte("\x00\xff{"), 0o600); err != nil {
					m.t.Fatal(err)
				}
			}
			m.restart()
		}, "status 0", "", "S-01"},
		{"disk full", func(m *machine) {
			if err := syscall.Mount("tmpfs", m.state(), "tmpfs", 0, "size=4k,mode=0700"); err != nil {
				m.t.Fatal(errors.Join(errNoTmpfs, err))
			}
			if err := os.WriteFile(filepath.Join(m.state(), "full"), make([]byte, 4096), 0o600); err != nil {
				m.t.Fatal(err)
			}
			m.restart()
			if !m.served() {
				m.t.Error("with a full disk nobody is served")
			}
			if err := syscall.Unmount(m.state(), syscall.MNT_DETACH); err != nil {
				m.t.Fatal(err)
			}
		}, "status 0", "", ""},
		{"disk read-only", func(m *machine) {
			if err := syscall.Mount("tmpfs", m.state(), "tmpfs", syscall.MS_RDONLY, ""); err != nil {
				m.t.Fatal(errors.Join(errNoTmpfs, err))
			}
			m.restart()
			if !m.served() {
				m.t.Error("with a read-only disk nobody is served")
			}
			if err := syscall.Unmount(m.state(), syscall.MNT_DETACH); err != nil {
				m.t.Fatal(err)
			}
		}, "status 0", "", ""},
	}
	for i := range 5 {
		faults = append(faults, fault{fmt.Sprintf("power cut %d", i+1), func(m *machine) {
			m.laid(20 * time.Millisecond)
			time.Sleep(time.Duration(i) * 170 * time.Millisecond) // before, in and after the reading and the slip
			m.signal(syscall.SIGKILL)
			m.pcscd().Kill()
			m.saw("down")
			m.slot.Lift()
			m.slot.SetLatency(0)
		}, "signal: killed", "*", "S-03"})
	}
	var table strings.Builder
	table.WriteString(tableHead)
	for _, f := range faults {
		if !t.Run(f.name, func(sub *testing.T) {
			m.t = sub
			table.WriteString(m.recovers(f))
		}) {
			m.t = t
			return // what follows stands on it
		}
	}
	m.t = t
	golden.Text(t, "faults.md", table.String())
}

const tableHead = `# What happens when something around the program fails

TestMachineRecovers writes this: the release program under a supervisor as systemd's, a real pcscd, a terminal, a printer on
the network, one fault after the other. "Ready" means that within a minute the next card became a slip.

| fault | out of service | kept for staff | the program ended by | ready again in 60 s |
|---|---|---|---|---|
`
