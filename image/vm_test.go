//go:build image

// Package image_test boots the image of the SD card in QEMU and lets people visit it, touches, cards, paper and lamps
// included (make image-test). It changes nothing in the image but what staff may: kiosk.toml.
//
// It must never need a network, take more than one virtual machine at a time, or leave one behind.
package image_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kagimado/card/cardtest/vscard"
	"kagimado/hw/hwtest"
)

var (
	built   = flag.String("built", "../out/image", "the folder with kagimado.img and what it was made of")
	collect = flag.String("collect", "../out/image/test", "where pictures and logs are left")
)

// tools runs a command of the image's tools (image/tools).
func tools(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return script(ctx, t, "./tools", args...)
}

// script runs one of the image's scripts and returns what it printed.
func script(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, failed.String())
	}
	return string(out)
}

// copied is a copy of a file, under that name in a folder of its own.
func copied(t *testing.T, file, name string) string {
	t.Helper()
	out := filepath.Join(room(t), name)
	if said, err := exec.Command("cp", "--sparse=always", file, out).CombinedOutput(); err != nil {
		t.Fatalf("copying %s: %v\n%s", file, err, said)
	}
	return out
}

// build is a file that make image left.
func build(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(*built, name))
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		t.Fatalf("%v: make image makes it", err)
	}
	return path
}

// left is the name of a file that stays after the test.
func left(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(*collect, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// sdCard is an SD card that the image was written onto, with the profile that staff put there. Each has its own, so that
// no test finds what another left.
func sdCard(t *testing.T, profile string) string {
	t.Helper()
	path := copied(t, build(t, "kagimado.img"), "sd.img")
	const smallest = 1 << 30 // QEMU takes SD cards of a power of two only
	if err := os.Truncate(path, smallest); err != nil {
		t.Fatal(err)
	}
	toml := filepath.Join(filepath.Dir(path), "kiosk.toml")
	if err := os.WriteFile(toml, []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	tools(t, "mcopy", "-o", "-i", path+"@@4M", toml, "::kiosk.toml")
	return path
}

// source is where QEMU finds a card: in a file, or, as nbd:SOCKET, behind the socket of a hw/hwtest/disk.
func source(sd string) string {
	if socket, ok := strings.CutPrefix(sd, "nbd:"); ok {
		return "format=raw,file.driver=nbd,file.server.type=unix,file.server.path=" + socket
	}
	return "format=raw,file=" + sd
}

// room is a new folder with a name that is short enough for sockets.
func room(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kagimado")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// commandLine is what the image itself gives its kernel.
func commandLine(t *testing.T) string {
	t.Helper()
	for _, line := range strings.Split(tools(t, "unsquashfs", "-cat", build(t, "root.squashfs"), "boot/cmdline*"), "\n") {
		if value, ok := strings.CutPrefix(line, "cmdline="); ok {
			return value
		}
	}
	t.Fatal("the root has no line cmdline= in /boot/cmdline")
	return ""
}

// board is a machine that QEMU can be.
type board struct {
	name      string
	arguments func(t *testing.T, dir, sd string) []string
	console   string // the kernel's words for the line that is kept as console.log
	shell     string // the agent's device in the guest
	reader    bool
	printer   bool   // there is one
	lamps     uint64 // the register that shows the lines' levels
	bits      map[string]int
}

// What the lines of the profile are called, in the order of the bits of virt's PL061. Its line 3 is the power key.
var lineNames = []string{"GPIO17", "GPIO27", "GPIO22", "", "GPIO23", "GPIO24", "GPIO5", "GPIO25"}

const touchPanel = "virtio-multitouch-pci"

// virt has everything a kiosk stands on, and it is quick.
var virt = board{
	name: "virt", reader: true, printer: true, console: "console=ttyAMA0", shell: "/dev/virtio-ports/agent", lamps: 0x90303fc,
	bits: map[string]int{"white": 0, "blue": 1, "green": 2, "yellow": 4, "red": 5, "staff": 6, "beeper": 7},
	arguments: func(t *testing.T, dir, sd string) []string {
		// With ACPI, of which nobody here would know, a machine that starts from firmware has no PL061.
		base := []string{"-M", "virt,acpi=off", "-cpu", "cortex-a72", "-smp", "2", "-m", "1536"}
		// Lines have names on a Raspberry Pi, and QEMU gives them none.
		dtb := filepath.Join(dir, "virt.dtb")
		dump := append([]string{"qemu-system-aarch64", "-accel", "tcg", "-display", "none"}, base...)
		dump[len(dump)-len(base)+1] += ",dumpdtb=" + dtb
		tools(t, dump...)
		tools(t, append([]string{"fdtput", "-t", "s", dtb, "/pl061@9030000", "gpio-line-names"}, lineNames...)...)
		// 32 sockets for devices that a board has not, all empty: each keeps a start busy with looking for a driver.
		var sockets []string
		for i := range 32 {
			sockets = append(sockets, fmt.Sprintf("/virtio_mmio@%x", 0xa000000+0x200*i))
		}
		tools(t, append([]string{"fdtput", "-r", dtb}, sockets...)...)
		return append(base,
			"-dtb", dtb,
			"-drive", "if=none,id=sd,"+source(sd), "-device", "virtio-blk-pci,drive=sd",
			"-device", fmt.Sprintf("virtio-gpu-pci,xres=%d,yres=%d", panelWidth, panelHeight),
			"-device", touchPanel,
			"-device", "i6300esb",
			"-device", "qemu-xhci",
			"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent",
			"-chardev", "file,id=console,append=on,path="+filepath.Join(dir, "console.log"), "-serial", "chardev:console",
			"-chardev", "socket,id=agent,server=on,wait=off,path="+filepath.Join(dir, "agent"),
		)
	},
}

// virtCard is virt started as a board is: U-Boot finds everything on the SD card. QEMU knows no machine that has the board's
// own SD controller and a screen. Start it with -bios and virtUBoot's name.
var virtCard = func() board {
	b := virt
	b.name = "virt by U-Boot"
	b.arguments = func(t *testing.T, dir, sd string) []string {
		args := virt.arguments(t, dir, sd)
		i := slices.Index(args, "virtio-blk-pci,drive=sd")
		return slices.Replace(args, i, i+1, "sdhci-pci", "-device", "sd-card,drive=sd")
	}
	return b
}()

// virtUBoot is the U-Boot of the image, built for virt; the first time that takes minutes.
func virtUBoot(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(script(t.Context(), t, "./u-boot/build", "virt"))
}

// bare is virt with nothing plugged in: no touch panel, no reader, no printer.
func bare() board {
	b := virt
	b.reader, b.printer = false, false
	b.arguments = func(t *testing.T, dir, sd string) []string {
		args := virt.arguments(t, dir, sd)
		i := slices.Index(args, touchPanel)
		return slices.Delete(args, i-1, i+1)
	}
	return b
}

// machine is one that runs.
type machine struct {
	*monitor
	t      *testing.T
	board  board
	dir    string
	sd     string
	begun  time.Time
	looked time.Time     // when the screen was pictured last
	ended  chan struct{} // closed when QEMU is gone
	pid    int

	alone   bool // nobody listens at the other end of shell
	shell   *agent
	slot    *vscard.Slot
	crossed vscard.Traffic // the reader before it was unplugged
	printer *hwtest.Printer
	unplug  func() // the printer's cable; nil when it is out

	lamps *watch
}

// noShell is for boot: nothing of the test runs in the guest.
const noShell = "-"

// boot starts a machine with that SD card in it. extra is what the kernel's command line says beside what the image gives
// it.
func boot(t *testing.T, b board, sd string, extra ...string) *machine {
	t.Helper()
	words, alone := []string{commandLine(t), "root=PARTUUID=4b474d31-02", "rauc.slot=A", b.console}, false
	for _, word := range extra {
		if word == noShell {
			alone = true
			continue
		}
		words = append(words, word)
	}
	if !alone {
		words = append(words, agentArguments(b.shell))
	}
	line := strings.Join(words, " ")
	if len(line) >= 2048 {
		t.Fatalf("the kernel takes 2047 bytes of command line; these are %d", len(line))
	}
	m := start(t, b, sd, []string{"-kernel", build(t, "vmlinuz"), "-initrd", build(t, "initrd.img"), "-append", line})
	m.alone = alone
	return m
}

// start starts a machine with that SD card in it and what else QEMU is told. It stays until the test ends, or power is
// cut.
func start(t *testing.T, b board, sd string, software []string) *machine {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("a virtual machine needs root, for image/tools")
	}
	m := &machine{t: t, board: b, dir: room(t), sd: sd, ended: make(chan struct{}), printer: &hwtest.Printer{}}
	args := append([]string{"qemu-system-aarch64", "-accel", "tcg", "-nodefaults", "-display", "none"}, b.arguments(t, m.dir, sd)...)
	args = append(args, software...)
	args = append(args,
		"-qmp", "unix:"+filepath.Join(m.dir, "monitor")+",server=on,wait=off",
		"-chardev", "socket,id=card,server=on,wait=off,path="+filepath.Join(m.dir, "card"),
	)
	if b.reader {
		args = append(args, "-device", "usb-ccid,id=reader", "-device", "ccid-card-passthru,chardev=card,bus=reader.0")
	}
	if b.printer {
		args = append(args, "-chardev", "socket,id=paper,server=on,wait=off,path="+filepath.Join(m.dir, "paper"), "-device", "usb-serial,id=printer,chardev=paper")
	}
	cmd := exec.Command("./tools", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := os.Create(filepath.Join(m.dir, "qemu.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = said, said
	m.begun = time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said.Close()
	m.pid = cmd.Process.Pid // image/tools becomes the command
	go func() { _ = cmd.Wait(); close(m.ended) }()
	t.Cleanup(func() {
		if t.Failed() {
			m.keep()
		}
		m.cut()
	})
	m.connect()
	return m
}

// connect plugs everything in.
func (m *machine) connect() {
	m.t.Helper()
	var err error
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if m.monitor, err = dialMonitor(filepath.Join(m.dir, "monitor")); err == nil {
			break
		}
		if time.Now().After(late) || m.gone() {
			said, _ := os.ReadFile(filepath.Join(m.dir, "qemu.log"))
			m.t.Fatalf("starting QEMU: %v\n%s", err, said)
		}
	}
	if m.shell, err = dialAgent(filepath.Join(m.dir, "agent")); err != nil {
		m.t.Fatal(err)
	}
	if m.board.reader {
		if m.slot, err = vscard.Dial(filepath.Join(m.dir, "card")); err != nil {
			m.t.Fatal(err)
		}
	}
	if m.board.printer {
		m.plugPrinter()
	}
	m.lamps = watchLamps(m)
}

func (m *machine) gone() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// cut cuts the power.
func (m *machine) cut() {
	if !m.gone() {
		_ = syscall.Kill(m.pid, syscall.SIGKILL)
		<-m.ended
	}
	if m.lamps != nil {
		m.lamps.stop()
	}
	if m.unplug != nil {
		m.unplug()
		m.unplug = nil
	}
	if m.slot != nil {
		m.slot.Close()
	}
	if m.shell != nil {
		m.shell.close()
	}
	if m.monitor != nil {
		_ = m.close()
	}
}

// keep leaves what tells why a test failed.
func (m *machine) keep() {
	name := strings.ReplaceAll(m.t.Name(), "/", "-")
	for _, log := range []string{"console.log", "qemu.log"} {
		if b, err := os.ReadFile(filepath.Join(m.dir, log)); err == nil {
			_ = os.WriteFile(left(m.t, name+"-"+log), b, 0o644)
			m.t.Logf("the end of %s:\n%s", log, b[max(0, len(b)-3000):])
		}
	}
	if m.gone() || m.monitor == nil {
		return
	}
	if img, err := m.picture(left(m.t, name+"-screen.png")); err == nil {
		if read, err := theReader(); err == nil {
			m.t.Logf("on the screen:\n%s", read.read(img))
		}
	}
	if m.shell != nil && !m.alone {
		journal, _, err := m.shell.run("journalctl -b --no-pager -o short-monotonic; systemctl --no-pager; mount; ps -e || true", 60*time.Second)
		_ = os.WriteFile(left(m.t, name+"-journal.log"), []byte(journal), 0o644)
		failed, _, _ := m.shell.run("systemctl --failed --no-pager --plain --no-legend; journalctl -b -u kiosk --no-pager -o cat | tail -n 40", 20*time.Second)
		m.t.Logf("%v; failed units and the kiosk's journal:\n%s", err, failed)
	}
}

// plugPrinter plugs the printer's cable in: USB on the machine's side.
func (m *machine) plugPrinter() {
	m.t.Helper()
	stop, err := dialPrinter(m.printer, filepath.Join(m.dir, "paper"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.unplug = stop
}

// unplugReader pulls the reader's plug. Who takes the reader away takes the card with it.
func (m *machine) unplugReader() {
	m.t.Helper()
	m.slot.Lift()
	m.crossed = m.traffic()
	m.slot.Close() // QEMU hangs when it takes a device away that somebody is connected to, and comes back with it
	m.slot = nil
	if err := m.do("device_del", arguments{"id": "reader"}, nil); err != nil {
		m.t.Fatal(err)
	}
	for late := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err := m.do("qom-list", arguments{"path": "/machine/peripheral/reader"}, nil); err != nil {
			return // it is not there any more
		}
		if time.Now().After(late) {
			m.t.Fatal("the reader cannot be unplugged")
		}
	}
}

// plugReader plugs the reader in again.
func (m *machine) plugReader() {
	m.t.Helper()
	for _, device := range []arguments{
		{"driver": "usb-ccid", "id": "reader"},
		{"driver": "ccid-card-passthru", "chardev": "card", "bus": "reader.0"},
	} {
		// The socket is free again a moment after its device is gone.
		err := m.do("device_add", device, nil)
		for late := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
			err = m.do("device_add", device, nil)
		}
		if err != nil {
			m.t.Fatal(err)
		}
	}
	var err error
	if m.slot, err = vscard.Dial(filepath.Join(m.dir, "card")); err != nil {
		m.t.Fatal(err)
	}
}

// traffic is what has crossed the reader since the machine was started.
func (m *machine) traffic() vscard.Traffic {
	sum := m.crossed
	if m.slot != nil {
		now := m.slot.Traffic()
		sum.Exchanges += now.Exchanges
		sum.SecretSent += now.SecretSent
	}
	return sum
}

// tell runs a script in the guest, as root, and returns what it printed; it fails the test when the script fails.
func (m *machine) tell(script string) string {
	m.t.Helper()
	out, status, err := m.shell.run(script, 30*time.Second)
	if err != nil || status != 0 {
		m.t.Fatalf("%s: status %d, %v\n%s", script, status, err, out)
	}
	return strings.TrimRight(out, "\n")
}

// look reads the screen.
func (m *machine) look() seen {
	m.t.Helper()
	img, err := m.picture(filepath.Join(m.dir, "screen.png"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.looked = time.Now()
	read, err := theReader()
	if err != nil {
		m.t.Fatal(err)
	}
	return read.read(img)
}

// see waits until one of the texts stands on the screen, and tells which and where.
func (m *machine) see(within time.Duration, texts ...string) (which string) {
	m.t.Helper()
	for late := time.Now().Add(within); ; time.Sleep(time.Second) {
		s := m.look()
		for _, text := range texts {
			if s.has(text) {
				return text
			}
		}
		if time.Now().After(late) {
			m.t.Fatalf("after %v %q does not stand on the screen, but:\n%s", within, texts, s)
		}
	}
}

// touch touches the middle of the place where the text stands, as soon as it does.
func (m *machine) touch(text string) {
	m.t.Helper()
	if err := m.tap(m.place(text)); err != nil {
		m.t.Fatal(err)
	}
}

// place waits for a text and tells where its middle is, as a part of the panel.
func (m *machine) place(text string) (x, y float64) {
	m.t.Helper()
	m.see(10*time.Second, text)
	at, found := m.look().find(text)
	if !found {
		m.t.Fatalf("%q is gone before it could be touched", text)
	}
	return (float64(at.X) + float64(at.W)/2) * cellWidth / panelWidth, (float64(at.Y) + float64(at.H)/2) * cellHeight / panelHeight
}

// keepScreen leaves a picture of the screen.
func (m *machine) keepScreen(name string) string {
	m.t.Helper()
	path := left(m.t, name)
	if _, err := m.picture(path); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// keepSlip leaves a picture of a slip.
func keepSlip(t *testing.T, p *hwtest.Printer, name string) string {
	t.Helper()
	slips := p.Slips()
	path := left(t, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, slips[len(slips)-1]); err != nil {
		t.Fatal(err)
	}
	return path
}

// condition is what the kiosk tells systemd, and whether it runs.
func (m *machine) condition() (said string, running bool) {
	out, _, err := m.shell.run("systemctl show kiosk -p StatusText -p ActiveState --value", 10*time.Second)
	if err != nil {
		return err.Error(), false
	}
	lines := strings.Split(out+"\n\n", "\n")
	for _, l := range lines {
		if l == "active" {
			running = true
		} else if l != "" {
			said = l
		}
	}
	return said, running
}

// number is what a script prints.
func (m *machine) number(script string) float64 {
	m.t.Helper()
	out := m.tell(script)
	n, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
	if err != nil {
		m.t.Fatalf("%s: %q: %v", script, out, err)
	}
	return n
}
