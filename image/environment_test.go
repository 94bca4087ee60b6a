//go:build image

package image_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kagimado/hw/hwtest/disk"
)

// Where the two copies of U-Boot's environment are on the card, and how long each is (u-boot/kagimado.config).
var copyAt = [2]int64{1 << 20, 2 << 20}

const copySize = 4096

// envCopy is one of them, as it lies on the card.
type envCopy struct {
	whole  bool
	serial byte
	values map[string]string
}

func copies(t *testing.T, sd string) (both [2]envCopy) {
	t.Helper()
	f, err := os.Open(sd)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, at := range copyAt {
		b := make([]byte, copySize)
		if _, err := f.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		both[i] = envCopy{crc32.ChecksumIEEE(b[5:]) == binary.LittleEndian.Uint32(b), b[4], map[string]string{}}
		text, _, _ := bytes.Cut(b[5:], []byte{0, 0})
		for _, line := range strings.Split(string(text), "\x00") {
			name, value, _ := strings.Cut(line, "=")
			both[i].values[name] = value
		}
	}
	return both
}

// counted is what the copy that counts says: the order, the tries of A and those of B. It is empty when no copy is whole.
func counted(t *testing.T, sd string) string {
	t.Helper()
	both := copies(t, sd)
	which := 0
	switch a, b := both[0], both[1]; {
	case !a.whole && !b.whole:
		return ""
	case a.whole && b.whole:
		if newer := int8(b.serial - a.serial); newer > 0 {
			which = 1
		}
	case b.whole:
		which = 1
	}
	v := both[which].values
	return v["BOOT_ORDER"] + " " + v["BOOT_A_LEFT"] + " " + v["BOOT_B_LEFT"]
}

// forge writes a copy whose checksum is right.
func forge(t *testing.T, sd string, which int, serial byte, data string) {
	t.Helper()
	if len(data) > copySize-5 {
		t.Fatalf("%d bytes are too many", len(data))
	}
	b := make([]byte, copySize)
	copy(b[5:], data)
	b[4] = serial
	binary.LittleEndian.PutUint32(b, crc32.ChecksumIEEE(b[5:]))
	onto(t, sd, copyAt[which], b)
}

// tries are an environment's three lines.
func tries(order, a, b string) string {
	return "BOOT_A_LEFT=" + a + "\x00BOOT_B_LEFT=" + b + "\x00BOOT_ORDER=" + order + "\x00"
}

func onto(t *testing.T, sd string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(sd, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// resets is a kernel for U-Boot that does nothing but reset the Raspberry Pi 3 it runs on.
func resets() []byte {
	b := make([]byte, 4096)
	put := func(at int, words ...uint32) {
		for i, w := range words {
			binary.LittleEndian.PutUint32(b[at+4*i:], w)
		}
	}
	put(0, 0x14000010)              // over the header
	put(16, 4096)                   // the image's size
	put(24, 0xa)                    // little endian, 4 KiB pages, anywhere
	copy(b[56:], "ARM\x64")         // the magic number
	put(64, 0xd2800380, 0xf2a7e200, // x0: the power manager's PM_RSTC
		0xd2800401, 0xf2ab4001, // x1: its password, full reset
		0xb9000001, 0x14000000) // write it, and wait
	return b
}

// tinySlot is a root that U-Boot can start and that ends at once.
func tinySlot(t *testing.T) []byte {
	t.Helper()
	dir := room(t)
	for name, content := range map[string][]byte{"vmlinuz": resets(), "initrd.img": []byte("nothing"), "cmdline.env": []byte("cmdline=quiet\n")} {
		if err := os.MkdirAll(filepath.Join(dir, "root/boot"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "root/boot", name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packed := filepath.Join(dir, "root.squashfs")
	tools(t, "mksquashfs", filepath.Join(dir, "root"), packed, "-quiet", "-no-progress", "-no-xattrs", "-comp", "zstd")
	b, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tinyCard is a new card, gap and partition table as released, with these slots and nothing else.
func tinyCard(t *testing.T, a, b []byte) string {
	t.Helper()
	sd := filepath.Join(room(t), "sd.img")
	f, err := os.Open(build(t, "kagimado.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gap := make([]byte, 4<<20)
	if _, err := f.ReadAt(gap, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sd, gap, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sd, 1<<30); err != nil {
		t.Fatal(err)
	}
	if a != nil {
		fill(t, sd, slotA, a)
	}
	if b != nil {
		fill(t, sd, slotB, b)
	}
	return sd
}

// power lets U-Boot start from the card until something resets the machine or its disk has no power any more, and is what
// it said. Somebody types all the while.
func power(t *testing.T, sd string, dead <-chan struct{}, extra ...string) string {
	t.Helper()
	args := []string{"qemu-system-aarch64", "-accel", "tcg", "-nodefaults", "-display", "none", "-no-reboot",
		"-M", "raspi3b", "-dtb", build(t, "dtbs/broadcom/bcm2837-rpi-3-b.dtb"), "-kernel", build(t, "u-boot.bin"),
		"-drive", "if=sd," + source(sd) + strings.Join(extra, ""), "-serial", "null", "-serial", "stdio"}
	cmd := exec.Command("./tools", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &failed
	keys, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	typing := time.NewTicker(50 * time.Millisecond)
	defer typing.Stop()
	late := time.After(40 * time.Second)
	for {
		select {
		case <-typing.C:
			_, _ = keys.Write([]byte("\x03\r "))
			continue
		case <-dead:
			_ = cmd.Process.Kill()
			<-ended
		case <-late:
			_ = cmd.Process.Kill()
			<-ended
			t.Fatalf("nothing ends it:\n%.1000s\n%s", said.String(), failed.String())
		case <-ended:
		}
		break
	}
	if s := said.String(); strings.Contains(s, "U-Boot>") || strings.Contains(s, "=> ") || strings.Contains(s, "Unknown command") {
		t.Errorf("there is a prompt, or something is run that nobody wrote:\n%s", s)
	}
	return said.String()
}

// starts powers a card up and expects that slot to start and these tries afterwards.
func starts(t *testing.T, sd, slot, left string) {
	t.Helper()
	said := power(t, sd, nil)
	want := "Kagimado: starting 4b474d31-0" + map[string]string{"A": "2", "B": "3"}[slot]
	if strings.Count(said, "Kagimado: starting") != 1 || !strings.Contains(said, want) || !strings.Contains(said, "Starting kernel") {
		t.Errorf("slot %s is not started:\n%s", slot, said)
	}
	if got := counted(t, sd); got != left {
		t.Errorf("the card says %q; want %q\n%s", got, left, said)
	}
}

// triesTest counts tries with the real U-Boot: slots too small to be Linux, and every power cut that an environment can
// meet.
func triesTest(t *testing.T, r *results) {
	slot := tinySlot(t)
	t.Run("as-released", func(t *testing.T) {
		sd := tinyCard(t, slot, nil)
		if both := copies(t, sd); !both[0].whole || both[1].whole || counted(t, sd) != "A B 3 3" {
			t.Errorf("a new card says %q: %+v", counted(t, sd), both)
		}
		// Nobody marks it good, and B is empty.
		for _, left := range []string{"A B 2 3", "A B 1 3", "A B 0 3", "A B 2 3", "A B 1 3"} {
			starts(t, sd, "A", left)
		}
	})
	t.Run("falls-back", func(t *testing.T) {
		sd := tinyCard(t, slot, slot)
		forge(t, sd, 1, 9, tries("B A", "3", "3"))
		for _, left := range []string{"B A 3 2", "B A 3 1", "B A 3 0"} {
			starts(t, sd, "B", left)
		}
		for _, left := range []string{"B A 2 0", "B A 1 0", "B A 0 0"} {
			starts(t, sd, "A", left)
		}
		starts(t, sd, "B", "B A 3 2") // nobody was content: from the beginning
	})
	t.Run("empty-slot", func(t *testing.T) {
		starts(t, tinyCard(t, nil, slot), "B", "A B 2 2")
	})
	// While a slot is written, RAUC has taken it out of the order: it is tried when nothing else can be loaded, and only then.
	t.Run("out-of-order", func(t *testing.T) {
		sd := tinyCard(t, slot, slot)
		forge(t, sd, 1, 9, tries("A", "0", "0"))
		starts(t, sd, "A", "A 2 3")
		forge(t, sd, 1, 99, tries("B", "3", "3"))
		starts(t, sd, "B", "B 3 2")
		fill(t, sd, slotA, nil)
		forge(t, sd, 1, 200, tries("A", "3", "0"))
		starts(t, sd, "B", "A B 1 2")
	})
	t.Run("serial-turns-over", func(t *testing.T) {
		sd := tinyCard(t, slot, slot)
		forge(t, sd, 0, 255, tries("A B", "3", "3"))
		forge(t, sd, 1, 254, tries("B A", "1", "1"))
		starts(t, sd, "A", "A B 2 3")
		if both := copies(t, sd); both[1].serial != 0 || both[0].serial != 255 {
			t.Errorf("the copies are %d and %d", both[0].serial, both[1].serial)
		}
		starts(t, sd, "A", "A B 1 3")
	})
	t.Run("damaged-copies", func(t *testing.T) {
		for damaged := range 2 {
			sd := tinyCard(t, slot, slot)
			forge(t, sd, damaged, 8, tries("A B", "3", "3"))
			forge(t, sd, 1-damaged, 7, tries("B A", "3", "2"))
			onto(t, sd, copyAt[damaged]+700, []byte("?"))
			starts(t, sd, "B", "B A 3 1")
		}
		sd := tinyCard(t, slot, slot)
		for _, at := range copyAt {
			onto(t, sd, at, bytes.Repeat([]byte{0xff}, copySize))
		}
		starts(t, sd, "A", "A B 2 3")
		// A card that is worn out takes every write and keeps none. QEMU's never reports one that failed.
		forge(t, sd, 0, 1, tries("A B", "1", "3"))
		for range 3 {
			if said := power(t, sd, nil, ",snapshot=on"); !strings.Contains(said, "Kagimado: starting 4b474d31-02") || counted(t, sd) != "A B 1 3" {
				t.Errorf("a card that is worn out does not start, or says %q:\n%s", counted(t, sd), said)
			}
		}
	})
	t.Run("hostile", func(t *testing.T) { hostileTest(t, slot) })
	t.Run("cuts", func(t *testing.T) { environmentCutsTest(t, r, slot) })
}

// hostileTest starts from environments that somebody wrote who means no good. Their checksums are right.
func hostileTest(t *testing.T, slot []byte) {
	const evil = "stdin=serial\x00bootdelay=10\x00bootcmd=echo Unknown command\x00start=echo Unknown command\x00start_slots=run evil\x00start_slot=echo Unknown command\x00" +
		"evil=echo Unknown command\x00preboot=echo Unknown command\x00fdtfile=../evil.dtb\x00kernel_addr_r=0x08000000\x00stdout=nulldev\x00altbootcmd=run evil\x00" +
		".flags=start:sw,bootcmd:sw\x00.callbacks=stdin:x\x00cards=7\x00part=1\x00HUSH_NO_EVAL=1\x00"
	order := func(v string) string { return tries(v, "3", "3") }
	left := func(v string) string { return tries("A B", v, "3") }
	var many strings.Builder
	for i := 0; many.Len() < copySize-10; i++ {
		fmt.Fprintf(&many, "%x=1\x00", i)
	}
	for name, c := range map[string]struct{ data, slot, left string }{
		"commands":      {evil + tries("B A", "2", "1"), "B", "B A 2 0"},
		"order-command": {order("B'; echo Unknown command; '"), "A", "A B 2 3"},
		"order-quote":   {order("B A' = 'B A' -o 'x"), "A", "A B 2 3"},
		"order-long":    {order(strings.Repeat("B ", 1900)), "A", "A B 2 3"},
		"order-other":   {order("C B"), "A", "A B 2 3"},
		"order-empty":   {order(""), "A", "A B 2 3"},
		"left-negative": {left("-1"), "A", "A B 2 3"},
		"left-huge":     {left("99999999999999999999"), "A", "A B 2 3"},
		"left-hex":      {left("0x0"), "A", "A B 2 3"},
		"left-word":     {left("0; run start"), "A", "A B 2 3"},
		"left-spaced":   {left(" 0"), "A", "A B 2 3"},
		"no-end":        {strings.Repeat("x", copySize-5), "A", "A B 2 3"},
		"no-name":       {"=x\x00" + tries("B A", "3", "3"), "A", "A B 2 3"},
		"many":          {many.String(), "A", "A B 2 3"},
		"noise":         {noise(copySize - 5), "A", "A B 2 3"},
		"empty":         {"", "A", "A B 2 3"},
	} {
		t.Run(name, func(t *testing.T) {
			sd := tinyCard(t, slot, slot)
			forge(t, sd, 1, 200, c.data)
			starts(t, sd, c.slot, c.left)
		})
	}
}

// noise is bytes without any order, the same every time.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// environmentCutsTest cuts the power at every sector that U-Boot writes of its environment. The next start finds either
// the tries before or those after.
func environmentCutsTest(t *testing.T, r *results, slot []byte) {
	cuts := 0
	for _, before := range []struct {
		name, order, a, b string
		seeds             uint64
	}{{"new card", "A B", "3", "3", 1}, {"both copies", "B A", "3", "2", 2}, {"no tries left", "A B", "0", "0", 1}} {
		card := func(t *testing.T) string {
			sd := tinyCard(t, slot, slot)
			if before.name != "new card" {
				forge(t, sd, 0, 5, tries("A B", "1", "1"))
				forge(t, sd, 1, 6, tries(before.order, before.a, before.b))
			}
			return sd
		}
		// Without a cut, to know what there is to cut and what comes out.
		sd := card(t)
		old := counted(t, sd)
		d := plugCard(t, sd)
		whole := power(t, d.socket, nil)
		sectors, _ := d.Written()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		renewed := counted(t, sd)
		if sectors != copySize/disk.Sector || renewed == old {
			t.Fatalf("%s: %d sectors were written, and %q became %q\n%s", before.name, sectors, old, renewed, whole)
		}
		for n := range sectors {
			for seed := range before.seeds {
				sd := card(t)
				d := plugCard(t, sd)
				d.CutAfter(n, seed)
				said := power(t, d.socket, d.Dead())
				if strings.Contains(said, "Kagimado: starting") {
					t.Errorf("%s: it starts after the power was cut in sector %d:\n%s", before.name, n, said)
				}
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				got := counted(t, sd)
				if got != old && got != renewed {
					t.Errorf("%s: cut in sector %d, the card says %q; neither %q nor %q", before.name, n, got, old, renewed)
				}
				after := power(t, sd, nil)
				if strings.Count(after, "Kagimado: starting") != 1 {
					t.Errorf("%s: after a cut in sector %d nothing is started:\n%s", before.name, n, after)
				}
				if again := counted(t, sd); again == got || again == "" {
					t.Errorf("%s: after a cut in sector %d a start counts nothing: %q, then %q", before.name, n, got, again)
				}
				cuts++
			}
		}
	}
	r.add(t, "U-Boot: power cuts while it counts a try, at every sector; each time the card then starts", fmt.Sprint(cuts), "")
}

// pluggedCard is an SD card whose power can be cut.
type pluggedCard struct {
	*disk.Disk
	socket string // for source
}

func plugCard(t *testing.T, sd string) pluggedCard {
	t.Helper()
	socket := filepath.Join(room(t), "card")
	d, err := disk.Serve(sd, socket, disk.Direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return pluggedCard{d, "nbd:" + socket}
}
