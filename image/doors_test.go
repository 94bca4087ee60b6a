//go:build image

package image_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kagimado/card/cardtest"
	"kagimado/kiosk/text"
)

// doorsTest stands in the lobby with bad intentions and tries every door (SECURITY.md, field.md 7.2). Each that stays shut is a
// row of RESULTS.md; one that opens fails the test.
func doorsTest(t *testing.T, r *results) {
	d := &doors{t: t, r: r}
	d.closedAsBuilt()
	d.enter()
	d.notUnderTheDoor()
	d.keyboards()
	d.usb()
	d.sticks()
	d.composite()
	d.lines()
	d.hostilePrinter()
	d.hostileCard()
	d.emergency()
}

type doors struct {
	*machine
	t *testing.T
	r *results

	twin string // the stick that says it is the card
}

// try lets somebody try a door and notes what he saw.
func (d *doors) try(door string, try func(t *testing.T) (seen string)) {
	d.t.Run(strings.NewReplacer(" ", "-", "/", "-").Replace(door), func(t *testing.T) {
		if d.machine != nil {
			d.machine.t = t
			defer func() { d.machine.t = d.t }()
		}
		if seen := try(t); !t.Failed() {
			d.r.add(t, "door: "+door, seen, "shut")
		}
	})
}

// --- as it was built

// entry is a file of the root as unsquashfs lists it.
type entry struct{ mode, owner, name string }

func rootEntries(t *testing.T) (all []entry) {
	t.Helper()
	line := regexp.MustCompile(`^(\S{10}) (\S+) .* squashfs-root(/\S*)`)
	for _, l := range strings.Split(tools(t, "unsquashfs", "-lls", build(t, "root.squashfs")), "\n") {
		if m := line.FindStringSubmatch(l); m != nil {
			all = append(all, entry{m[1], m[2], m[3]})
		}
	}
	if len(all) < 1000 {
		t.Fatalf("unsquashfs lists %d files of the root", len(all))
	}
	return all
}

func rootFile(t *testing.T, name string) string {
	t.Helper()
	return tools(t, "unsquashfs", "-cat", build(t, "root.squashfs"), name)
}

// initialFiles lists the initial file system: an archive as it is, with the drivers, and one packed.
func initialFiles(t *testing.T) []string {
	t.Helper()
	all, err := os.ReadFile(build(t, "initrd.img"))
	if err != nil {
		t.Fatal(err)
	}
	packed := bytes.Index(all, []byte("\x28\xB5\x2F\xFD"))
	if packed < 0 {
		t.Fatal("the initial file system has no packed part")
	}
	dir := room(t)
	for name, b := range map[string][]byte{"plain": all[:packed], "packed": all[packed:]} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return lines(tools(t, "sh", "-euc", `cpio -t --quiet <"$1/plain"; zstd -dc "$1/packed" | cpio -t --quiet`, "list", dir))
}

func lines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }

func (d *doors) closedAsBuilt() {
	all := rootEntries(d.t)
	modules := 0
	d.try("a program that gives its caller rights", func(t *testing.T) string {
		files := 0
		for _, e := range all {
			if e.mode[0] != '-' {
				continue
			}
			files++
			if strings.ContainsAny(e.mode[3:4]+e.mode[6:7], "sS") {
				t.Errorf("%s is %s", e.name, e.mode)
			}
		}
		if said := tools(t, "unsquashfs", "-s", build(t, "root.squashfs")); !strings.Contains(said, "Xattrs are not stored") {
			t.Error("the root stores extended attributes, so that a file may have capabilities")
		}
		return fmt.Sprintf("of %d files in the root none is setuid, setgid or has capabilities", files)
	})
	d.try("a file that everybody may write", func(t *testing.T) string {
		for _, e := range all {
			if e.mode[8] == 'w' && e.mode[0] != 'l' && e.mode[9] != 't' && e.mode[0] != 'c' {
				t.Errorf("%s is %s", e.name, e.mode)
			}
		}
		return "none but sticky folders; the root is read only besides"
	})
	d.try("logging in", func(t *testing.T) string {
		accounts := 0
		for _, l := range lines(rootFile(t, "etc/passwd")) {
			f := strings.Split(l, ":")
			if accounts++; len(f) != 7 || f[1] != "x" || f[6] != "/usr/sbin/nologin" {
				t.Errorf("/etc/passwd: %s", l)
			}
		}
		for _, l := range lines(rootFile(t, "etc/shadow")) {
			if f := strings.Split(l, ":"); len(f) < 2 || !strings.HasPrefix(f[1], "!") {
				t.Errorf("/etc/shadow: the password of %s is not locked", f[0])
			}
		}
		for _, e := range all {
			if regexp.MustCompile(`^/usr/s?bin/(sshd|telnetd|dropbear|login|sulogin|su|sudo|pkexec|bash|busybox|perl|python[0-9.]*|gcc|ld|gdb|nc|wget|curl)$`).MatchString(e.name) {
				t.Errorf("the root has %s", e.name)
			}
		}
		masked := []string{"getty@.service", "serial-getty@.service", "autovt@.service", "console-getty.service", "container-getty@.service", "getty.target",
			"ctrl-alt-del.target", "systemd-logind.service"}
		for _, unit := range masked {
			if !slices.ContainsFunc(all, func(e entry) bool { return e.mode[0] == 'l' && e.name == "/etc/systemd/system/"+unit }) {
				t.Errorf("%s is not masked", unit)
			}
		}
		return fmt.Sprintf("%d accounts without password and shell; no getty, login, su, ssh or interpreter but sh and awk", accounts)
	})
	d.try("the kernel's command line", func(t *testing.T) string {
		line := strings.Fields(commandLine(t))
		for _, want := range []string{"ro", "panic=5", "sysctl.kernel.sysrq=0", "console=tty1", "quiet"} {
			if !slices.Contains(line, want) {
				t.Errorf("it lacks %s: %q", want, line)
			}
		}
		for _, word := range line {
			name, _, _ := strings.Cut(word, "=")
			if slices.Contains([]string{"sysrq_always_enabled", "init", "rdinit", "single", "1", "S", "rescue", "emergency", "debug", "break", "netconsole", "kgdboc"}, name) ||
				strings.HasPrefix(word, "systemd.debug") || strings.HasPrefix(word, "console=tty") && word != "console=tty1" {
				t.Errorf("it says %s", word)
			}
		}
		return "in the slot, part of the verified root: no serial console, no shell, SysRq off from the first second; U-Boot's deafness: part slots"
	})
	d.try("a driver for what is plugged in", func(t *testing.T) string {
		allowed := map[string]bool{}
		b, err := os.ReadFile("drivers")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines(string(b)) {
			l, _, _ = strings.Cut(l, "#")
			if f := strings.Fields(l); len(f) == 1 {
				allowed[f[0]] = true
			}
		}
		bound := map[string]bool{}
		for _, l := range lines(rootFile(t, "usr/lib/modules/*/modules.alias")) {
			if f := strings.Fields(l); len(f) == 3 && regexp.MustCompile(`^(usb|hid|sdio|ieee1394|pcmcia|bluetooth):`).MatchString(f[1]) {
				bound[f[2]] = true
			}
		}
		for _, e := range all {
			_, path, ok := strings.Cut(e.name, "/kernel/")
			if !ok || !strings.Contains(e.name, ".ko") {
				continue
			}
			modules++
			name, _, _ := strings.Cut(path, ".ko")
			under := slices.ContainsFunc([]string{"drivers/usb/", "drivers/hid/", "drivers/input/", "drivers/net/usb/", "drivers/bluetooth/", "drivers/net/wireless/", "sound/usb/", "drivers/media/usb/"},
				func(folder string) bool { return strings.HasPrefix(name, folder) })
			module := strings.ReplaceAll(filepath.Base(name), "-", "_")
			if (under || bound[module]) && !allowed[name] {
				t.Errorf("the root has %s, which image/drivers does not name", name)
			}
			delete(bound, module)
		}
		for module := range bound {
			t.Errorf("modules.alias knows %s, which is not there", module)
		}
		for _, never := range []string{"hid-generic", "uas", "usbkbd", "usbmouse", "uinput", "uhid", "cdc_ether", "rndis_host", "snd-usb-audio", "btusb", "hid-logitech-dj", "gadgetfs", "vhci-hcd"} {
			if slices.ContainsFunc(all, func(e entry) bool { return strings.Contains(e.name, "/"+never+".ko") }) {
				t.Errorf("the root has %s", never)
			}
		}
		return fmt.Sprintf("%d modules; each that is for USB, HID, SDIO or FireWire stands in image/drivers", modules)
	})
	d.try("a stick or card reader instead of the card, at the start", func(t *testing.T) string {
		drivers := 0
		listing := initialFiles(t)
		for _, l := range listing {
			if !strings.Contains(l, ".ko") {
				continue
			}
			drivers++
			if regexp.MustCompile(`/(usb-storage|uas|sd_mod|scsi_mod|sr_mod|ushc|vub300|nvme|ahci|usbhid|hid.*|nbd)\.ko`).MatchString(l) {
				t.Errorf("the initial file system has %s", l)
			}
		}
		if drivers == 0 || !slices.Contains(listing, "usr/bin/busybox") {
			t.Errorf("the initial file system lists %d drivers, and whole it is not", drivers)
		}
		return fmt.Sprintf("the initial file system's %d drivers read the SD card and no other storage", drivers)
	})
}

// --- the machine

// gadgetModules are what makes this very kernel believe that a device is plugged in which QEMU has not; the image lacks them.
var gadgetModules = []string{"fs/configfs/configfs", "drivers/usb/gadget/libcomposite", "drivers/usb/gadget/function/usb_f_hid", "drivers/usb/gadget/udc/dummy_hcd"}

// lab is a disk with them.
func lab(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("./root").Output()
	if err != nil {
		t.Fatalf("finding Debian's part of the root: %v", err)
	}
	base := strings.TrimSpace(string(out))
	dir := room(t)
	packed := filepath.Join(dir, "lab.squashfs")
	args := []string{"sh", "-euc", `out=$1; base=$2; shift 2; mkdir "$out/lab"; for m; do cp "$base"/usr/lib/modules/*/kernel/$m.ko* "$out/lab/"; done
		mksquashfs "$out/lab" "$out/lab.squashfs" -quiet -no-progress >&2`, "lab", dir, base}
	tools(t, append(args, gadgetModules...)...)
	return packed
}

// enter starts the machine with everything plugged in that should not matter.
func (d *doors) enter() {
	t := d.t
	modules := lab(t)
	stick := filepath.Join(room(t), "stick.img")
	tools(t, "sh", "-euc", `truncate -s 64M "$1"; mkfs.vfat -F 32 "$1" >&2; echo hello >"$1.txt"; mcopy -i "$1" "$1.txt" ::hello.txt`, "stick", stick)
	d.twin = sdCard(t, strings.ReplaceAll(profile(t, virt), "みほん市役所", "にせもの市役所"))
	b := virt
	b.arguments = func(t *testing.T, dir, sd string) []string {
		args := virt.arguments(t, dir, sd)
		for i, a := range args {
			if strings.HasPrefix(a, "file,id=console,") {
				args[i] = "socket,id=console,server=on,wait=off,path=" + filepath.Join(dir, "console") + ",logfile=" + filepath.Join(dir, "console.log")
			}
		}
		return append(args,
			"-device", "virtio-keyboard-pci", "-device", "virtio-mouse-pci",
			"-netdev", "user,id=lan", "-device", "virtio-net-pci,netdev=lan", "-object", "filter-dump,id=tap,netdev=lan,file="+filepath.Join(dir, "lan.pcap"),
			"-blockdev", "driver=raw,node-name=lab,read-only=on,file.driver=file,file.filename="+modules, "-device", "virtio-blk-pci,drive=lab,serial=lab",
			"-blockdev", "driver=raw,node-name=twin,file.driver=file,file.filename="+d.twin, "-device", "usb-storage,id=twin,drive=twin",
			"-blockdev", "driver=raw,node-name=stick,file.driver=file,file.filename="+stick,
			"-audiodev", "none,id=sound",
			"-device", "qemu-xhci,id=lobby,p2=8,p3=8", // sockets enough, or QEMU puts a hub in between
		)
	}
	d.machine = boot(t, b, sdCard(t, profile(t, virt)))
	d.open()
}

// standing is all that a door which opens would change, in words that can be compared.
func (d *doors) standing() string {
	d.machine.t.Helper()
	return d.tell(`cat /proc/sys/kernel/random/boot_id; systemctl show kiosk seatd -p InvocationID --value; cat /sys/class/tty/tty0/active
		for i in /sys/class/input/input*; do echo "${i##*/} $(cat $i/inhibited) $(cat $i/name)"; done
		cd /sys/class; for c in block net sound hidraw scsi_host video4linux bluetooth ieee80211 usbmisc tty rtc; do n=$(ls $c 2>/dev/null); test -z "$n" || echo $c $n; done
		sort /proc/mounts; systemctl list-units --failed --plain --no-legend`)
}

// unmoved fails the test when something changed since before, on the screen or behind it.
func (d *doors) unmoved(before, screen string) {
	d.machine.t.Helper()
	if now := d.standing(); now != before {
		d.machine.t.Errorf("something has changed: before\n%s\nnow\n%s", before, now)
	}
	if now := d.look().String(); now != screen {
		d.machine.t.Errorf("the screen has changed:\n%s", now)
	}
}

// serves lets a visitor come and go.
func (d *doors) serves() {
	d.machine.t.Helper()
	if !d.served(2 * time.Minute) { // a busy machine
		d.machine.t.Fatalf("the next visitor is not served:\n%s", d.look())
	}
	d.leave()
	d.settleScreen()
}

// settleScreen waits until the waiting screen stands still.
func (d *doors) settleScreen() {
	d.machine.t.Helper()
	d.see(20*time.Second, attract)
	for last, late := "", time.Now().Add(10*time.Second); time.Now().Before(late); time.Sleep(500 * time.Millisecond) {
		now := d.look().String()
		if now == last {
			return
		}
		last = now
	}
}

// untilAttract ends whatever visit is on the screen; also by waiting.
func (d *doors) untilAttract() {
	d.machine.t.Helper()
	for late := time.Now().Add(3 * time.Minute); !d.look().has(attract) && time.Now().Before(late); time.Sleep(time.Second) {
		if at, found := d.look().find(say("button.finish")); found {
			_ = d.tap((float64(at.X)+float64(at.W)/2)*cellWidth/panelWidth, (float64(at.Y)+float64(at.H)/2)*cellHeight/panelHeight)
		}
	}
}

// --- network and sockets

func (d *doors) notUnderTheDoor() {
	d.try("the network", func(t *testing.T) string {
		for _, l := range lines(d.tell(`for n in /sys/class/net/*; do echo ${n##*/} $(cat $n/flags); done`)) {
			var name string
			var flags int
			if _, err := fmt.Sscanf(l, "%s 0x%x", &name, &flags); err != nil || name != "lo" && flags&1 != 0 {
				t.Errorf("the interface %s is up (%v)", l, err)
			}
		}
		const sockets = `tail -q -n +2 /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/raw /proc/net/raw6 /proc/net/packet 2>/dev/null || true`
		if open := d.tell(sockets); open != "" {
			t.Errorf("there are sockets:\n%s", open)
		}
		dump, err := os.Stat(filepath.Join(d.dir, "lan.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		const head = 24 // of the file; every frame adds to it
		if dump.Size() != head {
			t.Errorf("%d bytes of frames left the machine", dump.Size()-head)
		}
		return fmt.Sprintf("cable to a network with a DHCP server, for %.0f s: interface down, no frame sent, no socket of IP or packets", time.Since(d.begun).Seconds())
	})
	d.try("from the kiosk's program to root", func(t *testing.T) string {
		for _, l := range lines(d.tell(`for n in kernel.sysrq kernel.kexec_load_disabled kernel.unprivileged_userns_clone kernel.unprivileged_bpf_disabled kernel.io_uring_disabled kernel.perf_event_paranoid kernel.yama.ptrace_scope kernel.dmesg_restrict kernel.kptr_restrict dev.tty.ldisc_autoload dev.tty.legacy_tiocsti fs.protected_symlinks fs.protected_hardlinks fs.protected_fifos fs.protected_regular fs.suid_dumpable; do echo $n $(cat /proc/sys/$(echo $n | tr . /)); done`)) {
			f := strings.Fields(l)
			want := map[string]string{
				"kernel.sysrq": "0", "kernel.kexec_load_disabled": "1", "kernel.unprivileged_userns_clone": "0", "kernel.unprivileged_bpf_disabled": "1", "kernel.io_uring_disabled": "2",
				"kernel.perf_event_paranoid": "3", "kernel.yama.ptrace_scope": "2", "kernel.dmesg_restrict": "1", "kernel.kptr_restrict": "2", "dev.tty.ldisc_autoload": "0",
				"dev.tty.legacy_tiocsti": "0", "fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "2", "fs.protected_regular": "2", "fs.suid_dumpable": "0",
			}
			if len(f) != 2 || f[1] != want[f[0]] {
				t.Errorf("%s; want %s", l, want[f[0]])
			}
		}
		const as = `setpriv --reuid=kiosk --regid=kiosk --clear-groups `
		if who := d.tell(as + "id -un"); who != "kiosk" {
			t.Fatalf("the tries would be %s's", who)
		}
		for try, script := range map[string]string{
			"a new name space": as + "unshare --user true", "a module": as + "modprobe usb_storage", "a mount": as + "mount -t tmpfs none /mnt", "a device": as + "cat /dev/vda",
			"a reboot": as + "systemctl reboot", "another unit": as + "systemctl stop pcscd", "the state of root": as + "cat /etc/shadow", "the journal": as + "dmesg",
		} {
			if out, status, err := d.shell.run(script, 20*time.Second); err != nil || status == 0 {
				t.Errorf("the kiosk's user gets %s: %d, %v\n%s", try, status, err, out)
			}
		}
		return "as its user, without the unit's sandbox: no name space, module, mount, disk, reboot, other unit, kernel log; kexec and SysRq off"
	})
}

// --- keys

// combinations are what somebody with a keyboard tries. The first comes seven times: systemd counts.
var combinations = [][]string{
	{"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"}, {"ctrl", "alt", "delete"},
	{"alt", "f2"}, {"ctrl", "alt", "f2"}, {"alt", "right"}, {"alt", "sysrq", "b"}, {"alt", "sysrq", "c"}, {"ctrl", "c"}, {"ctrl", "shift", "n"}, {"ctrl", "shift", "o"}, {"ctrl", "shift", "v"},
	{"alt", "esc"}, {"alt", "f4"}, {"1"}, {"2"}, {"q"}, {"ret"}, {"esc"},
}

// types presses them on the keyboard that QEMU plugged in last.
func (d *doors) types() {
	d.machine.t.Helper()
	for _, keys := range combinations {
		var codes []arguments
		for _, k := range keys {
			codes = append(codes, arguments{"type": "qcode", "data": k})
		}
		if err := d.do("send-key", arguments{"keys": codes, "hold-time": 30}, nil); err != nil {
			d.machine.t.Fatal(err)
		}
		time.Sleep(60 * time.Millisecond)
	}
	time.Sleep(time.Second)
}

const whatIsTyped = "Ctrl-Alt-Del seven times, Alt-F2, Alt-SysRq-B and -C, Ctrl-Shift-N, digits"

func (d *doors) keyboards() {
	d.settleScreen()
	d.try("a keyboard and a mouse that have a driver", func(t *testing.T) string {
		if got := d.tell(`for i in /sys/class/input/input*; do echo "$(cat $i/inhibited) $(cat $i/name)"; done | grep -i 'keyboard\|mouse' | cut -c1 | sort | uniq -c | xargs`); got != "2 1" {
			t.Errorf("of keyboard and mouse are inhibited: %q; want both", got)
		}
		before, screen := d.standing(), d.look().String()
		d.types()
		for _, ev := range [][]arguments{
			{{"type": "rel", "data": arguments{"axis": "x", "value": 400}}, {"type": "rel", "data": arguments{"axis": "y", "value": 300}}},
			{{"type": "btn", "data": arguments{"button": "left", "down": true}}}, {{"type": "btn", "data": arguments{"button": "left", "down": false}}},
		} {
			if err := d.do("input-send-event", arguments{"events": ev}, nil); err != nil {
				t.Fatal(err)
			}
		}
		d.unmoved(before, screen)
		d.serves()
		return "virtio's, there from the start: both silenced (inhibited); " + whatIsTyped + ", a click: nothing"
	})
}

// --- USB

// plug plugs a device into USB and returns what its interfaces are and which driver has each; pull takes it out again.
func (d *doors) plug(t *testing.T, device arguments) (interfaces string, pull func()) {
	t.Helper()
	const devices = `cd /sys/bus/usb/devices; ls | grep -v : | xargs`
	before := strings.Fields(d.tell(devices))
	id := "tried"
	device["id"], device["bus"] = id, "lobby.0"
	if err := d.do("device_add", device, nil); err != nil {
		t.Fatal(err)
	}
	if device["driver"] == "usb-uas" { // waits to be told that its disks are in
		if err := d.do("qom-set", arguments{"path": "/machine/peripheral/" + id, "property": "attached", "value": true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	anew := ""
	for late := time.Now().Add(20 * time.Second); anew == ""; time.Sleep(200 * time.Millisecond) {
		for _, name := range strings.Fields(d.tell(devices)) {
			if !slices.Contains(before, name) && d.tell("ls -d /sys/bus/usb/devices/"+name+":* 2>/dev/null || true") != "" {
				anew = name
			}
		}
		if time.Now().After(late) {
			t.Fatalf("the machine does not notice the %v", device["driver"])
		}
	}
	time.Sleep(time.Second)
	interfaces = d.tell(`udevadm settle; for i in /sys/bus/usb/devices/` + anew + `:*; do echo "$(cat $i/bInterfaceClass)$(cat $i/bInterfaceSubClass)$(cat $i/bInterfaceProtocol)=$(test ! -e $i/driver || basename $(readlink $i/driver))"; done | xargs`)
	return interfaces, func() {
		t.Helper()
		if err := d.do("device_del", arguments{"id": id}, nil); err != nil {
			t.Fatal(err)
		}
		for late := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			gone := d.do("qom-list", arguments{"path": "/machine/peripheral/" + id}, nil) != nil
			if gone && !slices.Contains(strings.Fields(d.tell(devices)), anew) {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("the %v cannot be unplugged", device["driver"])
			}
		}
	}
}

func (d *doors) usb() {
	for _, tt := range []struct {
		door   string
		device arguments
		driver string // the only one that an interface may have: HID's transport, which hands on to none
		typed  bool
	}{
		{"a USB keyboard", arguments{"driver": "usb-kbd"}, "usbhid", true},
		{"a USB mouse", arguments{"driver": "usb-mouse"}, "usbhid", false},
		{"a USB tablet", arguments{"driver": "usb-tablet"}, "usbhid", false},
		{"a USB pen tablet", arguments{"driver": "usb-wacom-tablet"}, "usbhid", false},
		{"a USB network adapter", arguments{"driver": "usb-net"}, "", false},
		{"a USB sound card", arguments{"driver": "usb-audio", "audiodev": "sound"}, "", false},
		{"a telephone's files (MTP)", arguments{"driver": "usb-mtp", "rootdir": "/tmp"}, "", false},
		{"a USB disk (UAS)", arguments{"driver": "usb-uas"}, "", false},
	} {
		d.try(tt.door, func(t *testing.T) string {
			before, screen := d.standing(), d.look().String()
			interfaces, pull := d.plug(t, tt.device)
			for _, i := range strings.Fields(interfaces) {
				if _, driver, _ := strings.Cut(i, "="); driver != "" && driver != tt.driver {
					t.Errorf("an interface is bound: %s", interfaces)
				}
			}
			if bound := d.tell(`for h in /sys/bus/hid/devices/*; do test ! -e $h/driver || echo $h; done`); bound != "" {
				t.Errorf("a driver of HID is bound: %s", bound)
			}
			seen := "plugged in (" + strings.ReplaceAll(interfaces, "=", "") + "): no driver, no device"
			if tt.driver != "" {
				seen = "plugged in (" + interfaces + "): no driver behind it, no input device"
			}
			if tt.typed {
				d.types()
				seen += "; " + whatIsTyped + ": nothing"
			}
			d.unmoved(before, screen)
			pull()
			d.unmoved(before, screen)
			if tt.typed {
				d.serves()
			}
			return seen
		})
	}
}

// --- sticks

// where tells from which disk the root, staff's partition and the state are.
const where = `for m in / /boot/firmware /state; do
	n=$(mountpoint -d $m); echo "$m $(basename $(readlink -f /sys/dev/block/$n))"; done`

const fromTheCard = "/ vda2\n/boot/firmware vda1\n/state vda4"

func (d *doors) sticks() {
	noDisk := func(t *testing.T) {
		t.Helper()
		if got := d.tell(`ls /sys/class/block | grep ^sd; grep -o '^usb_storage\|^uas\|^sd_mod' /proc/modules; true`); got != "" {
			t.Errorf("a stick is read: %s", got)
		}
	}
	d.try("a stick that says it is the card, before the start", func(t *testing.T) string {
		noDisk(t)
		if got := d.tell(where); got != fromTheCard {
			t.Errorf("the machine runs from\n%s", got)
		}
		if got := d.tell(`cd /sys/bus/usb/devices; grep -l 08 */bInterfaceClass | wc -l`); got != "1" {
			t.Errorf("%s sticks are there; want the one that was plugged in", got)
		}
		return "a copy of the whole card (its signature 4b474d31, another kiosk.toml) plugged in all the while: root, profile and state are the card's"
	})
	d.try("a stick", func(t *testing.T) string {
		before, screen := d.standing(), d.look().String()
		interfaces, pull := d.plug(t, arguments{"driver": "usb-storage", "drive": "stick"})
		noDisk(t)
		if interfaces != "080650=" {
			t.Errorf("its interfaces are %s; want mass storage without a driver", interfaces)
		}
		d.unmoved(before, screen)
		pull()
		return "plugged in (" + strings.TrimSuffix(interfaces, "=") + "): no driver, no disk, nothing mounted"
	})
	d.try("a stick that says it is the card, while staff have theirs unlocked", func(t *testing.T) string {
		screen := d.look().String()
		before := d.standing()
		d.tell("modprobe usb_storage; for i in $(seq 60); do test ! -b /dev/sda4 || break; sleep .5; done; udevadm settle; test -b /dev/sda4") // what root does for them
		if got := d.tell(where); got != fromTheCard {
			t.Errorf("the machine runs from\n%s", got)
		}
		d.tell("systemctl restart boot-firmware.mount")
		if got := d.tell(where); got != fromTheCard {
			t.Errorf("mounted once more, the machine runs from\n%s", got)
		}
		names := d.tell(`for n in 1 2 3 4; do basename $(readlink -f /dev/kagimado/card-part$n); done | xargs`)
		if names != "vda1 vda2 vda3 vda4" {
			t.Errorf("the card's names lead to %s", names)
		}
		stolen := d.tell("basename $(readlink -f /dev/disk/by-partuuid/4b474d31-01)")
		if mounted := d.tell("grep ^/dev/sd /proc/mounts || true"); mounted != "" {
			t.Errorf("mounted by itself: %s", mounted)
		}
		d.tell("modprobe -r usb_storage sd_mod; udevadm settle")
		noDisk(t)
		d.unmoved(before, screen)
		d.serves()
		return "root loads the driver: the copy's four partitions appear (by-partuuid/4b474d31-01 is " + stolen + "), nothing is mounted, /dev/kagimado/card-part* stay the card's"
	})
}

// --- a panel with a keyboard on the same plug

// Reports of HID (Device Class Definition for HID 1.11, HID Usage Tables).
var (
	// Report 1: tip, contact, x, y, number of contacts.
	touchScreen = []byte{
		0x05, 0x0D, 0x09, 0x04, 0xA1, 0x01, 0x85, 0x01, 0x09, 0x22, 0xA1, 0x02,
		0x09, 0x42, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x81, 0x02, 0x95, 0x07, 0x81, 0x03,
		0x09, 0x51, 0x25, 0x7F, 0x75, 0x08, 0x95, 0x01, 0x81, 0x02,
		0x05, 0x01, 0x26, 0xFF, 0x7F, 0x75, 0x10, 0x09, 0x30, 0x81, 0x02, 0x09, 0x31, 0x81, 0x02, 0xC0,
		0x05, 0x0D, 0x09, 0x54, 0x25, 0x7F, 0x75, 0x08, 0x81, 0x02,
	}
	// Modifiers, a blank, six keys.
	keys = []byte{
		0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x03,
		0x95, 0x06, 0x26, 0xFF, 0x00, 0x19, 0x00, 0x2A, 0xFF, 0x00, 0x81, 0x00,
	}
	collectionOfKeys = []byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x01}
	reportTwo        = []byte{0x85, 0x02}
	end              = []byte{0xC0}
)

// function is an interface of the device.
type function struct {
	name       string
	descriptor []byte
	length     int
	lead       []byte // before the keys in its report; nil: it has no keys
	boot       bool   // says that it is a keyboard as a BIOS wants it
	want       string // as bound says
}

var composite = []function{
	{"the panel's touch", slices.Concat(touchScreen, end), 8, nil, false, "hid-multitouch touch=0"},
	{"a keyboard beside it", slices.Concat(collectionOfKeys, keys, end), 8, []byte{}, true, "none"},
	{"touch and keyboard on one interface", slices.Concat(touchScreen, end, collectionOfKeys, reportTwo, keys, end), 9, []byte{2}, false, "hid-multitouch keys=1 touch=0"},
	{"touch and keys in one collection", slices.Concat(touchScreen, reportTwo, keys, end), 9, []byte{2}, false, "hid-multitouch keys=1 touch=0"},
}

// printed is bytes for the shell's printf.
func printed(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\%03o`, c)
	}
	return s.String()
}

// typing is a script that presses and lets go of combinations on one function. Nobody may be there to take them.
func typing(i int, f function) string {
	var s strings.Builder
	report := func(modifiers, a, b byte) {
		r := slices.Concat(f.lead, []byte{modifiers, 0, a, b, 0, 0, 0, 0})
		fmt.Fprintf(&s, "timeout 1 sh -c \"printf '%s' >/dev/hidg%d\" || true\n", printed(r[:f.length]), i)
	}
	const ctrl, alt = 1, 4
	for range 7 {
		report(ctrl|alt, 0x4C, 0) // Delete
		report(0, 0, 0)
	}
	for _, c := range [][3]byte{{alt, 0x3B, 0}, {ctrl | alt, 0x3B, 0}, {alt, 0x46, 0x05}, {0, 0x1E, 0}, {0, 0x14, 0}, {0, 0x28, 0}} { // F2, F2, SysRq-B, 1, q, Return
		report(c[0], c[1], c[2])
		report(0, 0, 0)
	}
	return s.String()
}

// plugComposite lets the kernel find a device with all of composite's functions.
func (d *doors) plugComposite(t *testing.T) {
	t.Helper()
	var s strings.Builder
	s.WriteString("set -e\nmkdir -p /run/lab; mountpoint -q /run/lab || mount -o ro /dev/disk/by-id/virtio-lab /run/lab\nmodprobe udc-core\n")
	for _, m := range gadgetModules {
		fmt.Fprintf(&s, "insmod /run/lab/%s.ko*\n", filepath.Base(m))
	}
	s.WriteString("mount -t configfs none /sys/kernel/config; mkdir /sys/kernel/config/usb_gadget/panel; cd /sys/kernel/config/usb_gadget/panel\n" +
		"echo 0x4b47 >idVendor; echo 0x4d31 >idProduct; mkdir -p strings/0x409 configs/c.1; echo Panel >strings/0x409/product\n")
	for i, f := range composite {
		boot := "0"
		if f.boot {
			boot = "1"
		}
		fmt.Fprintf(&s, "mkdir functions/hid.%d; cd functions/hid.%[1]d; echo %s >protocol; echo %[2]s >subclass; echo %d >report_length; printf '%s' >report_desc; cd ../..; ln -s functions/hid.%[1]d configs/c.1/\n",
			i, boot, f.length, printed(f.descriptor))
	}
	s.WriteString("echo dummy_udc.0 >UDC\nfor i in $(seq 40); do test $(ls -d /sys/bus/hid/devices/*:4B47:4D31.* 2>/dev/null | wc -l) -lt 4 || break; sleep .25; done; sleep 1; udevadm settle\n")
	d.tell(s.String())
}

// bound is what became of each function: its driver, and of each input device whether it has keys (below BTN_MISC, 0x100) and
// whether it is silenced.
func (d *doors) bound() []string {
	d.machine.t.Helper()
	return lines(d.tell(`for h in /sys/bus/hid/devices/*:4B47:4D31.*; do
		i=$(basename $(dirname $(readlink -f $h))); driver=none; test ! -e $h/driver || driver=$(basename $(readlink $h/driver))
		echo ${i##*.} $driver $(for n in $h/input/input*; do test -e $n || continue
			keys=$(awk '{ for (i = NF; i > NF-4 && i > 0; i--) if ($i != "0") k = 1; print k ? "keys" : "touch" }' $n/capabilities/key)
			echo $keys=$(cat $n/inhibited); done | sort); done | sort`))
}

func (d *doors) composite() {
	d.try("a panel with a keyboard on the same plug", func(t *testing.T) string {
		screen := d.look().String()
		d.plugComposite(t)
		for i, got := range d.bound() {
			if want := fmt.Sprint(i, " ", composite[i].want); got != want {
				t.Errorf("%s is %q; want %q; udev says\n%s", composite[i].name, got, want, d.tell(`for n in /sys/bus/hid/devices/*:4B47:4D31.*/input/input*; do
					udevadm info --query=property $n | grep 'DEVPATH\|^ID_INPUT'; cat $n/capabilities/ev $n/capabilities/key; done`))
			}
		}
		before := d.standing()
		for i, f := range composite {
			if f.lead == nil {
				continue
			}
			d.long(typing(i, f))
			d.unmoved(before, screen)
		}
		// The touch of the same device is one.
		x, y := d.place(say("button.language"))
		px, py := int(x*0x7FFF), int(y*0x7FFF)
		finger := func(tip byte) string {
			return fmt.Sprintf("timeout 2 sh -c \"printf '%s' >/dev/hidg0\"\n", printed([]byte{1, tip, 1, byte(px), byte(px >> 8), byte(py), byte(py >> 8), 1}))
		}
		d.tell(finger(1) + "sleep .1\n" + finger(0))
		d.see(10*time.Second, text.English.Say("language.name"))
		d.touch(say("language.name"))
		d.settleScreen()
		d.serves()
		return "USB gadget with touch, boot keyboard, both on one interface, both in one collection, same ids: the touch works; the keys are input devices of their own and silenced, or bound by nothing; " + whatIsTyped + " on each: nothing"
	})
	d.try("a key that gets through all the same", func(t *testing.T) string {
		// The rule is lifted by hand: what the kernel itself makes of keys, which is the last door.
		const keyboard = `for k in /sys/bus/hid/devices/*:4B47:4D31.*/input/input*/inhibited; do
				case $(readlink -f $k) in *:1.2/*) test $(cat $k) = 0 || break;; esac
			done
			test $(cat $k) = 1; case $(readlink -f $k) in *:1.2/*) echo $k >/run/silenced;; *) false;; esac`
		heard := func() string {
			return d.long("e=$(echo $(dirname $(cat /run/silenced))/event*)\ntimeout 60 cat /dev/input/${e##*/} >/run/heard & p=$!\nsleep .5\n" +
				typing(2, composite[2]) + "{ kill $p; wait $p; } 2>/dev/null; wc -c </run/heard")
		}
		d.tell(keyboard)
		screen := d.look().String()
		before := d.standing()
		if got := heard(); got != "0" {
			t.Errorf("the silenced keyboard says %s bytes", got)
		}
		d.tell("echo 0 >$(cat /run/silenced)")
		loud := heard()
		if loud == "0" {
			t.Error("with the rule lifted it says nothing either: what was tried proves nothing")
		}
		d.tell("echo 1 >$(cat /run/silenced)")
		d.unmoved(before, screen)
		d.serves()
		return "with the rule lifted by hand the kernel hears " + loud + " bytes of keys: no second screen to switch to, no restart, SysRq off"
	})
	d.tell("echo >/sys/kernel/config/usb_gadget/panel/UDC; sleep 1; umount /sys/kernel/config /run/lab || true")
}

// long is tell for scripts that take their time.
func (d *doors) long(script string) string {
	d.machine.t.Helper()
	out, status, err := d.shell.run(script, 2*time.Minute)
	if err != nil || status != 0 {
		d.machine.t.Fatalf("status %d, %v\n%s", status, err, out)
	}
	return strings.TrimSpace(out)
}

// --- lines

func (d *doors) lines() {
	d.try("the serial line", func(t *testing.T) string {
		conn, err := net.Dial("unix", filepath.Join(d.dir, "console"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		before, screen, said := d.standing(), d.look().String(), len(d.console())
		for _, s := range []string{"\r\n\r\nroot\r\n", "\x03\x03\r", "\x1b[A\r"} {
			if _, err := conn.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if err := d.do("chardev-send-break", arguments{"id": "console"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("b")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		d.unmoved(before, screen)
		if answer := d.console()[said:]; strings.Contains(answer, "login") || strings.Contains(answer, "#") {
			t.Errorf("it answers %q", answer)
		}
		if open := d.tell(`ls -l /proc/[0-9]*/fd 2>/dev/null | grep -o '/dev/tty[A-Z0-9][^ ]*\|/dev/console' | grep -v ttyUSB | sort -u | xargs`); open != "" && open != "/dev/console" {
			t.Errorf("programs read from %s", open)
		}
		return "even with the test's console on it: root, Ctrl-C, a break and b (SysRq): no answer, no restart; no program has a terminal but foot's"
	})
}

// hostilePrinter answers everything a printer could and could not say.
func (d *doors) hostilePrinter() {
	d.try("a hostile printer", func(t *testing.T) string {
		chance := rand.New(rand.NewPCG(seed, 1))
		d.unplug()
		d.tell("for i in $(seq 50); do test -c /dev/ttyUSB0 || break; sleep .2; done; test ! -c /dev/ttyUSB0; sleep 1")
		conn, err := net.Dial("unix", filepath.Join(d.dir, "paper"))
		if err != nil {
			t.Fatal(err)
		}
		d.tell("for i in $(seq 50); do test ! -c /dev/ttyUSB0 || break; sleep .2; done; test -c /dev/ttyUSB0; sleep 1")
		done := make(chan int)
		go func() { _, _ = io.Copy(io.Discard, conn) }() // QEMU hangs with a printer that takes nothing
		go func() {                                      // it answers nothing that is asked and never stops talking, as fast as its line is (115200 baud)
			said := bytes.NewBuffer(slices.Concat(
				slices.Repeat([]byte{0x12}, 4096), slices.Repeat([]byte("\x1b]52;c;MXEDMQ==\x07\x1bP1q\x1b\\\x1b[200~1q\x1b[201~\x9b0n"), 100),
				slices.Repeat([]byte{0x14, 0, 0, 0x0F, 0x5F, 0}, 1000), slices.Repeat([]byte("_"), 4096), make([]byte, 4096)))
			for sent := 0; ; time.Sleep(25 * time.Millisecond) {
				b := said.Next(256)
				if len(b) == 0 {
					b = make([]byte, 256)
					for i := range b {
						b[i] = byte(chance.Uint32())
					}
				}
				n, err := conn.Write(b)
				if sent += n; err != nil {
					done <- sent
					return
				}
			}
		}()
		d.lay("locked-input-support")
		d.see(time.Minute, say("scene.take-card.headline"))
		d.slot.Lift()
		d.see(time.Minute, say("button.finish"))
		time.Sleep(20 * time.Second) // it may try to print
		if said, running := d.condition(); !running {
			t.Errorf("the kiosk is %q", said)
		}
		d.untilAttract()
		conn.Close()
		sent := <-done
		d.plugPrinter()
		d.settle()
		d.settleScreen()
		d.serves()
		return fmt.Sprintf("%d KiB of statuses, escape sequences and noise without end while a card is read and printed: the result is complete on screen, the next visitor has his slip", sent>>10)
	})
}

// liar is a card that answers anything.
type liar struct{ answer func(command []byte) []byte }

// ATR's historical bytes are an escape sequence; its check byte is right, or the reader would not take it.
func (l *liar) ATR() []byte {
	atr := append([]byte{0x3B, 0x8F, 0x80, 0x01}, []byte("\x1b]0;root\x07\x1b[2J\x00\xff")...)
	for len(atr) < 19 {
		atr = append(atr, 0x9B)
	}
	var sum byte
	for _, b := range atr[1:] {
		sum ^= b
	}
	return append(atr, sum)
}

func (l *liar) Transmit(command []byte) ([]byte, error) { return l.answer(command), nil }
func (l *liar) Reset()                                  {}

func (d *doors) hostileCard() {
	d.try("a hostile card", func(t *testing.T) string {
		chance := rand.New(rand.NewPCG(seed, 2))
		noise := func(n int) []byte {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(chance.Uint32())
			}
			return b
		}
		const most = 350 // QEMU's reader lets no longer answer through; longer ones: FuzzRead
		good := newCard(t, "all-fine")
		lies := []struct {
			name string
			card interface {
				Transmit([]byte) ([]byte, error)
				ATR() []byte
				Reset()
			}
		}{
			{"noise", &liar{func([]byte) []byte { return noise(chance.IntN(most)) }}},
			{"9000 and noise", &liar{func([]byte) []byte { return append(noise(256), 0x90, 0x00) }}},
			{"escape sequences", &liar{func([]byte) []byte { return []byte("\x1b[2J\x1b]52;c;MXEDMQ==\x07\x1bP>|foot\x1b\\1q\x90\x00") }}},
			{"nothing", &liar{func([]byte) []byte { return nil }}},
			{"more to come, always", &liar{func([]byte) []byte { return []byte{0x61, 0xFF} }}},
			{"wrong length, always", &liar{func([]byte) []byte { return []byte{0x6C, 0x00} }}},
			{"an endless certificate", &liar{func([]byte) []byte {
				return append([]byte{0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}, append(noise(250), 0x90, 0)...)
			}}},
			{"tears itself away", good},
		}
		good.Inject(cardtest.Fault{At: 7, Kind: cardtest.TearSilent})
		for _, lie := range lies {
			if err := d.slot.Lay(lie.card); err != nil {
				t.Fatalf("%s: %v", lie.name, err)
			}
			time.Sleep(4 * time.Second)
			d.slot.Lift()
			time.Sleep(time.Second)
		}
		d.untilAttract()
		for late := time.Now().Add(time.Minute); !d.ready() && time.Now().Before(late); {
			time.Sleep(time.Second)
		}
		if raw := d.tell(`journalctl -b -u kiosk -o cat --no-pager | grep -c "$(printf '\033')" || true`); raw != "0" {
			t.Errorf("%s lines of the journal carry an escape sequence", raw)
		}
		if traffic := d.traffic(); traffic.SecretSent != 0 {
			t.Errorf("%d secrets were sent", traffic.SecretSent)
		}
		d.settleScreen()
		d.serves()
		return fmt.Sprintf("%d kinds of lies (noise of up to %d bytes, escape sequences in ATR and answers, no end): no verdict, no secret sent, nothing of it in the journal, the next visitor is served", len(lies), most)
	})
}

// emergency is where systemd itself would open a shell.
func (d *doors) emergency() {
	d.try("systemd's emergency shell", func(t *testing.T) string {
		before := d.tell("cat /proc/sys/kernel/random/boot_id")
		said := len(d.console())
		_ = d.shell.say("systemctl --no-block isolate emergency.target\n")
		begun := time.Now()
		for late := begun.Add(2 * time.Minute); ; time.Sleep(time.Second) {
			now, _, err := d.shell.run("cat /proc/sys/kernel/random/boot_id", 10*time.Second)
			if now = strings.TrimSpace(now); err == nil && now != "" && now != before {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("the machine is not started anew:\n%s", d.console())
			}
		}
		if answer := d.console()[said:]; strings.Contains(answer, "Press Enter") || strings.Contains(answer, "root@") {
			t.Errorf("there is a shell:\n%s", answer)
		}
		d.open()
		return fmt.Sprintf("emergency.target: no shell; started anew, ready again after %.0f s", time.Since(begun).Seconds())
	})
}
