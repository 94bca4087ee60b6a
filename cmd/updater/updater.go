package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kagimado/hw"
	"kagimado/hw/update"
	"kagimado/kiosk/edition"
)

// machine is where everything lies on an appliance, and how its programs are run.
type machine struct {
	root string // "" but for tests
	run  func(ctx context.Context, heard func(line string), name string, args ...string) (string, error)
	wait time.Duration // for a stick
	poll time.Duration
}

var appliance = machine{wait: 20 * time.Second, poll: 100 * time.Millisecond}

// Files, from the root.
const (
	stickDevice = "/dev/kagimado/stick"
	stickMount  = "/run/kagimado/stick"
	mountUnit   = "run-kagimado-stick.mount"
	tellSlot    = "/usr/lib/kagimado/slot"
	trialFile   = "/run/kagimado/trial" // is there while the system that runs is on trial (slot)
	refusalFile = "/run/kagimado/refusal"
	contentCopy = "/state/content/copy"
	rootImage   = "root.img" // in a bundle (image/bundle)
	copyImage   = "copy.img"
	systemConf  = "/etc/rauc/system.conf"
	osRelease   = "/usr/lib/os-release"
	cmdline     = "/proc/cmdline"
)

// What is larger is no update of ours, whatever it says of itself. A bundle holds one root and little else, or content, whose
// bound is edition.Most.
const (
	mostBundle = 300 << 20
	mostRoot   = 256 << 20 // a slot (image/disk.cfg)
)

// trialOf is a variable of U-Boot's environment: the slot that is on trial. The others are RAUC's.
const trialOf = "BOOT_TRIAL"

func (m machine) path(name string) string { return filepath.Join(m.root, name) }

// report tells the kiosk. It is tmpfs: a rename is all that a reader needs.
func (m machine) report(u hw.Update) {
	if err := m.write(update.File, update.Encode(u)); err != nil {
		fmt.Fprintln(os.Stderr, "updater: telling the kiosk:", err)
	}
}

func (m machine) write(name string, data []byte) error {
	name = m.path(name)
	if err := os.WriteFile(name+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// refused is an update that may not be installed.
func refused(code hw.Code, format string, args ...any) error {
	return &hw.Fault{Code: code, Err: fmt.Errorf(format, args...)}
}

// found is a bundle that may be installed.
type found struct {
	file             string
	kind             hw.UpdateKind
	version, running string
}

// look tells the kiosk what is on the stick.
func (m machine) look(ctx context.Context) {
	m.report(hw.Update{Stage: hw.UpdateLooking})
	f, err := m.find(ctx)
	if err != nil {
		m.refuse(f, err, hw.StickFailed)
		return
	}
	m.report(hw.Update{Stage: hw.UpdateFound, Kind: f.kind, Version: f.version, Running: f.running})
}

// refuse tells why nothing is installed; otherwise is the code of what has none.
func (m machine) refuse(f found, err error, otherwise hw.Code) {
	fmt.Fprintln(os.Stderr, "updater:", err)
	m.report(hw.Update{Stage: hw.UpdateRefused, Kind: f.kind, Version: f.version, Running: f.running, Code: hw.CodeOf(err, otherwise)})
}

// find mounts the stick, and looks for the one bundle on it and into that. What it found so far it returns with an error
// too. The stick may answer differently the next time it is read: RAUC verifies again what it installs.
func (m machine) find(ctx context.Context) (found, error) {
	for late := time.Now().Add(m.wait); ; {
		if _, err := os.Stat(m.path(stickDevice)); err == nil {
			break
		}
		if time.Now().After(late) {
			return found{}, refused(hw.StickMissing, "waiting for a stick: none came in %v", m.wait)
		}
		time.Sleep(m.poll)
	}
	if _, err := m.run(ctx, nil, "systemctl", "start", mountUnit); err != nil {
		return found{}, refused(hw.StickFailed, "mounting the stick: %w", err)
	}
	file, err := m.bundle()
	if err != nil {
		return found{}, err
	}
	return m.inspect(ctx, file)
}

// bundle is the one on the stick. What a Macintosh leaves beside it begins with a dot.
func (m machine) bundle() (string, error) {
	entries, err := os.ReadDir(m.path(stickMount))
	if err != nil {
		return "", refused(hw.StickFailed, "reading the stick: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && strings.EqualFold(filepath.Ext(e.Name()), ".raucb") {
			names = append(names, e.Name())
		}
	}
	if len(names) != 1 {
		return "", refused(hw.UpdateMissing, "looking for the bundle: %d files end in .raucb; want one", len(names))
	}
	file := filepath.Join(m.path(stickMount), names[0])
	info, err := os.Stat(file)
	if err != nil {
		return "", refused(hw.StickFailed, "reading the stick: %w", err)
	}
	if info.Size() > mostBundle {
		return "", refused(hw.UpdateLarge, "reading the bundle: it has %d bytes; the most is %d", info.Size(), mostBundle)
	}
	return file, nil
}

// manifest is what RAUC says of a bundle whose signature holds.
type manifest struct {
	Update struct {
		Compatible string `json:"compatible"`
		Build      string `json:"build"` // our version; RAUC's own is a number made of it
	} `json:"update"`
	Images []struct {
		SlotClass string `json:"slot-class"`
		Artifact  string `json:"artifact"`
		Filename  string `json:"filename"`
		Size      int64  `json:"size"`
	} `json:"images"`
}

// inspect has RAUC verify the bundle's signature, and judges what it says.
func (m machine) inspect(ctx context.Context, file string) (found, error) {
	f := found{file: file}
	out, err := m.run(ctx, nil, "rauc", "info", "--output-format=json-2", file)
	if err != nil {
		return f, refused(hw.UpdateUnsigned, "verifying the bundle: %w", err)
	}
	var said manifest
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return f, refused(hw.UpdateDamaged, "reading what RAUC says of the bundle: %w", err)
	}
	compatible, err := m.setting(systemConf, "compatible")
	if err != nil {
		return f, err
	}
	if said.Update.Compatible != compatible {
		return f, refused(hw.UpdateOther, "judging the bundle: it is for %q; this is %q", said.Update.Compatible, compatible)
	}
	if len(said.Images) != 1 {
		return f, refused(hw.UpdateDamaged, "judging the bundle: it has %d images; want one", len(said.Images))
	}
	image, most := said.Images[0], int64(mostRoot)
	running, err := m.setting(osRelease, "VERSION_ID")
	if err != nil {
		return f, err
	}
	switch {
	case image.SlotClass == "rootfs" && image.Filename == rootImage:
		f.kind = hw.UpdateSystem
	case image.SlotClass == "content" && image.Filename == copyImage:
		f.kind, most = hw.UpdateContent, edition.Most
		running = m.contentInUse(running)
	default:
		return f, refused(hw.UpdateDamaged, "judging the bundle: nobody here takes the image %s for %s", image.Filename, image.SlotClass)
	}
	f.version, f.running = said.Update.Build, running
	if image.Size <= 0 || image.Size > most {
		return f, refused(hw.UpdateLarge, "judging the bundle: unpacked it has %d bytes; the most is %d", image.Size, most)
	}
	if !edition.Newer(f.version, running) {
		return f, refused(hw.UpdateOld, "judging the bundle: it is %q, and %q runs", f.version, running)
	}
	return f, nil
}

// contentInUse is the version of the content that the kiosk uses: the copy's, when that is newer than the root's own.
func (m machine) contentInUse(own string) string {
	version, err := edition.CheckFile(m.path(contentCopy))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintln(os.Stderr, "updater: the copy of the content that is here counts for nothing:", err)
		}
		return own
	}
	if edition.Newer(version, own) {
		return version
	}
	return own
}

// setting is the value of a line KEY=VALUE.
func (m machine) setting(file, key string) (string, error) {
	f, err := os.Open(m.path(file))
	if err != nil {
		return "", fmt.Errorf("looking up %s: %w", key, err)
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if value, is := strings.CutPrefix(in.Text(), key+"="); is {
			return strings.Trim(value, `"`), nil
		}
	}
	return "", fmt.Errorf("looking up %s: it is not in %s", key, file)
}

// install has RAUC install the bundle on the stick. Power may be cut at any moment of it: RAUC takes the other slot out of
// U-Boot's order before it writes there, and puts it back when everything is on the card.
func (m machine) install(ctx context.Context) error {
	f, err := m.find(ctx)
	if err != nil {
		m.refuse(f, err, hw.StickFailed)
		return nil
	}
	told := hw.Update{Stage: hw.UpdateInstalling, Kind: f.kind, Version: f.version, Running: f.running}
	m.report(told)
	_ = os.Remove(m.path(refusalFile))
	if err := m.installing(ctx, f, func(percent int) {
		if percent > told.Percent {
			told.Percent = percent
			m.report(told)
		}
	}); err != nil {
		code := hw.UpdateDamaged
		if b, read := os.ReadFile(m.path(refusalFile)); read == nil { // check's word
			code = hw.Code(strings.TrimSpace(string(b)))
		}
		m.refuse(f, err, code)
		return nil
	}
	m.report(hw.Update{Stage: hw.UpdateInstalled, Kind: f.kind, Version: f.version, Running: f.running, Percent: 100})
	return nil
}

func (m machine) installing(ctx context.Context, f found, progress func(percent int)) error {
	if f.kind == hw.UpdateSystem {
		if _, err := os.Stat(m.path(trialFile)); err == nil {
			return errors.New("installing: the system that runs is on trial itself, and the other slot holds the one that is known to work")
		}
		slot, err := m.slotName()
		if err != nil {
			return err
		}
		// Before RAUC starts: at no moment may the new system be the first in order and not on trial.
		if _, err := m.run(ctx, nil, "fw_setenv", trialOf, other(slot)); err != nil {
			return fmt.Errorf("putting slot %s on trial: %w", other(slot), err)
		}
	}
	_, err := m.run(ctx, func(line string) {
		number, _, is := strings.Cut(strings.TrimSpace(line), "%")
		if percent, err := strconv.Atoi(number); is && err == nil && percent >= 0 && percent <= 100 {
			progress(percent)
		}
	}, "rauc", "install", f.file)
	return err
}

func other(slot string) string {
	if slot == "A" {
		return "B"
	}
	return "A"
}

// check is what RAUC's pre-install handler asks: whether what is in the bundle, which is verified and mounted now, may be
// installed. RAUC tells nobody why a handler said no, so that the code is left in a file.
func (m machine) check(mount string) error {
	err := m.acceptable(mount)
	if err == nil {
		return nil
	}
	return errors.Join(err, m.write(refusalFile, []byte(hw.CodeOf(err, hw.UpdateDamaged)+"\n")))
}

func (m machine) acceptable(mount string) error {
	content := filepath.Join(mount, copyImage)
	if _, err := os.Stat(content); errors.Is(err, fs.ErrNotExist) {
		return isRoot(filepath.Join(mount, rootImage))
	}
	version, err := edition.CheckFile(content)
	switch {
	case errors.Is(err, edition.ErrTooLarge):
		return refused(hw.UpdateLarge, "checking the content: %w", err)
	case errors.Is(err, edition.ErrDamaged):
		return refused(hw.UpdateDamaged, "checking the content: %w", err)
	case err != nil:
		return refused(hw.UpdateUnknown, "checking the content: %w", err)
	}
	own, err := m.setting(osRelease, "VERSION_ID")
	if err != nil {
		return err
	}
	if running := m.contentInUse(own); !edition.Newer(version, running) {
		return refused(hw.UpdateOld, "checking the content: it is %q, and %q is in use", version, running)
	}
	return nil
}

// isRoot tells whether this is a root at all: a squashfs, as U-Boot reads it.
func isRoot(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("checking the root: %w", err)
	}
	defer f.Close()
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "hsqs" {
		return refused(hw.UpdateDamaged, "checking the root: it is no squashfs (%q, %v)", magic, err)
	}
	return nil
}

// slotName is U-Boot's word on the kernel's command line.
func (m machine) slotName() (string, error) {
	b, err := os.ReadFile(m.path(cmdline))
	if err != nil {
		return "", fmt.Errorf("looking up the slot: %w", err)
	}
	for _, word := range strings.Fields(string(b)) {
		switch name, _ := strings.CutPrefix(word, "rauc.slot="); name {
		case "A", "B":
			return name, nil
		}
	}
	return "", errors.New("looking up the slot: the kernel's command line has no rauc.slot=A or B")
}

// keep makes the system that runs the one that is started from now on, with all its tries.
func (m machine) keep(ctx context.Context) error {
	if _, err := m.run(ctx, nil, "rauc", "status", "mark-good"); err != nil {
		return err
	}
	s, err := update.Told{SlotFile: m.path(update.SlotFile)}.Slot()
	if err != nil {
		return err
	}
	if s.FellBack != "" {
		// It stands first in U-Boot's order and would be tried again whenever all tries are used up.
		if _, err := m.run(ctx, nil, "rauc", "status", "mark-bad", "other"); err != nil {
			return err
		}
	}
	if !s.Trial {
		return nil
	}
	// In this order: whatever is cut off in between, the trial goes on and ends the same way.
	if _, err := m.run(ctx, nil, "fw_setenv", trialOf); err != nil {
		return fmt.Errorf("ending the trial: %w", err)
	}
	_, err = m.run(ctx, nil, tellSlot)
	return err
}
