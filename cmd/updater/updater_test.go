package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/hw/update"
	"kagimado/kiosk/edition"
)

const (
	older  = "2026-10-01.000000.aaaaaaa"
	now    = "2026-11-29.165101.bbbbbbb"
	newer  = "2026-12-01.000000.ccccccc"
	newest = "2027-01-05.000000.ddddddd"
)

// bench is a machine in a folder whose programs are stood in for.
type bench struct {
	machine
	asked  []string
	fails  map[string]bool // by the program's first two words, or all of them
	info   string          // rauc's word on a bundle
	prints []string        // rauc's lines while it installs
	after  func()          // when it has
	fail   func()          // before something fails
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{fails: map[string]bool{}}
	b.machine = machine{root: t.TempDir(), run: b.do, poll: time.Millisecond}
	for _, folder := range []string{"run/kagimado/stick", "dev/kagimado", "etc/rauc", "usr/lib", "proc", "state/content"} {
		if err := os.MkdirAll(filepath.Join(b.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.lay(t, stickDevice, "")
	b.lay(t, systemConf, "[system]\ncompatible=kagimado-arm64\n")
	b.lay(t, osRelease, "NAME=Kagimado\nVERSION_ID="+now+"\n")
	b.lay(t, cmdline, "ro quiet rauc.slot=A root=PARTUUID=4b474d31-02\n")
	b.lay(t, stickMount+"/update.raucb", "bundle")
	b.info = said("kagimado-arm64", newer, "rootfs", rootImage, 150<<20)
	return b
}

func (b *bench) lay(t *testing.T, name, data string) {
	t.Helper()
	if err := os.WriteFile(b.path(name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func said(compatible, version, class, file string, size int64) string {
	image := map[string]any{"slot-class": class, "filename": file, "size": size, "hooks": []string{}}
	if class == "content" {
		image["artifact"] = "copy"
	}
	out, _ := json.Marshal(map[string]any{
		"update": map[string]string{"compatible": compatible, "version": "2026.1201.0", "build": version},
		"images": []any{image}, "bundle": map[string]string{"format": "verity"},
	})
	return string(out)
}

func (b *bench) do(_ context.Context, heard func(string), name string, args ...string) (string, error) {
	line := strings.ReplaceAll(name+" "+strings.Join(args, " "), b.root, "")
	b.asked = append(b.asked, line)
	words := strings.Fields(line)
	if b.fails[strings.Join(words[:min(2, len(words))], " ")] || b.fails[line] {
		if b.fail != nil {
			b.fail()
		}
		return "", errors.New("it fails")
	}
	switch {
	case strings.HasPrefix(line, "rauc info"):
		return b.info, nil
	case strings.HasPrefix(line, "rauc install"):
		for _, l := range b.prints {
			heard(l)
		}
		if b.after != nil {
			b.after()
		}
	}
	return "", nil
}

func (b *bench) told(t *testing.T) hw.Update {
	t.Helper()
	u, err := update.Told{UpdateFile: b.path(update.File)}.Update()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestLook(t *testing.T) {
	found := hw.Update{Stage: hw.UpdateFound, Kind: hw.UpdateSystem, Version: newer, Running: now}
	no := func(code hw.Code) hw.Update { return hw.Update{Stage: hw.UpdateRefused, Code: code} }
	judged := func(code hw.Code, version string) hw.Update {
		return hw.Update{Stage: hw.UpdateRefused, Code: code, Kind: hw.UpdateSystem, Version: version, Running: now}
	}
	for name, tt := range map[string]struct {
		set  func(*bench)
		want hw.Update
	}{
		"a newer system":                 {func(*bench) {}, found},
		"no stick":                       {func(b *bench) { os.Remove(b.path(stickDevice)) }, no(hw.StickMissing)},
		"a stick that cannot be mounted": {func(b *bench) { b.fails["systemctl start"] = true }, no(hw.StickFailed)},
		"no bundle":                      {func(b *bench) { os.Remove(b.path(stickMount + "/update.raucb")) }, no(hw.UpdateMissing)},
		"two bundles":                    {func(b *bench) { b.lay(t, stickMount+"/B.RAUCB", "") }, no(hw.UpdateMissing)},
		"what a Macintosh leaves":        {func(b *bench) { b.lay(t, stickMount+"/._update.raucb", "") }, found},
		"a folder of that name":          {func(b *bench) { os.Mkdir(b.path(stickMount+"/b.raucb"), 0o755) }, found},
		"a file that is too large":       {func(b *bench) { os.Truncate(b.path(stickMount+"/update.raucb"), mostBundle+1) }, no(hw.UpdateLarge)},
		"a signature that does not hold": {func(b *bench) { b.fails["rauc info"] = true }, no(hw.UpdateUnsigned)},
		"something else than RAUC says":  {func(b *bench) { b.info = "{" }, no(hw.UpdateDamaged)},
		"another machine's":              {func(b *bench) { b.info = said("kagimado-arm64-develop", newer, "rootfs", rootImage, 1) }, no(hw.UpdateOther)},
		"another image":                  {func(b *bench) { b.info = said("kagimado-arm64", newer, "firmware", "firmware.img", 1) }, no(hw.UpdateDamaged)},
		"no image":                       {func(b *bench) { b.info = `{"update":{"compatible":"kagimado-arm64"}}` }, no(hw.UpdateDamaged)},
		"the same":                       {func(b *bench) { b.info = said("kagimado-arm64", now, "rootfs", rootImage, 1) }, judged(hw.UpdateOld, now)},
		"an older one":                   {func(b *bench) { b.info = said("kagimado-arm64", older, "rootfs", rootImage, 1) }, judged(hw.UpdateOld, older)},
		"one without a version":          {func(b *bench) { b.info = said("kagimado-arm64", "", "rootfs", rootImage, 1) }, judged(hw.UpdateOld, "")},
		"one larger than a slot":         {func(b *bench) { b.info = said("kagimado-arm64", newer, "rootfs", rootImage, mostRoot+1) }, judged(hw.UpdateLarge, newer)},
		"a slot's full size":             {func(b *bench) { b.info = said("kagimado-arm64", newer, "rootfs", rootImage, mostRoot) }, found},
		"newer content": {func(b *bench) { b.info = said("kagimado-arm64", newer, "content", copyImage, 1) },
			hw.Update{Stage: hw.UpdateFound, Kind: hw.UpdateContent, Version: newer, Running: now}},
		"content that is too large": {func(b *bench) { b.info = said("kagimado-arm64", newer, "content", copyImage, edition.Most+1) },
			hw.Update{Stage: hw.UpdateRefused, Code: hw.UpdateLarge, Kind: hw.UpdateContent, Version: newer, Running: now}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tt.set(b)
			b.look(t.Context())
			if diff := cmp.Diff(tt.want, b.told(t)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			for _, line := range b.asked {
				if strings.HasPrefix(line, "rauc install") || strings.HasPrefix(line, "fw_setenv") {
					t.Errorf("looking asked for %q", line)
				}
			}
		})
	}
}

func TestInstall(t *testing.T) {
	b := newBench(t)
	var percents []int
	b.prints = []string{"installing", "  0% Installing", " 40% Checking slot rootfs.1 (B)", " 20% going back is not told", "100% Installing done.", "140% nonsense"}
	b.after = func() { percents = append(percents, b.told(t).Percent) }
	if err := b.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := hw.Update{Stage: hw.UpdateInstalled, Kind: hw.UpdateSystem, Version: newer, Running: now, Percent: 100}
	if diff := cmp.Diff(want, b.told(t)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{100}, percents); diff != "" {
		t.Errorf("percent when RAUC was done (-want +got):\n%s", diff)
	}
	// Put on trial before a byte is written.
	order := []string{"systemctl start run-kagimado-stick.mount", "rauc info --output-format=json-2 /run/kagimado/stick/update.raucb",
		"fw_setenv BOOT_TRIAL B", "rauc install /run/kagimado/stick/update.raucb"}
	if diff := cmp.Diff(order, b.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestInstallRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		set  func(*bench)
		code hw.Code
		puts bool // RAUC was asked
	}{
		"damaged inside":                      {func(b *bench) { b.fails["rauc install"] = true }, hw.UpdateDamaged, true},
		"another bundle by now":               {func(b *bench) { b.info = said("kagimado-arm64", older, "rootfs", rootImage, 1) }, hw.UpdateOld, false},
		"pulled by now":                       {func(b *bench) { os.Remove(b.path(stickDevice)) }, hw.StickMissing, false},
		"the running system is on trial":      {func(b *bench) { b.lay(t, trialFile, "") }, hw.UpdateDamaged, false},
		"an environment that is not writable": {func(b *bench) { b.fails["fw_setenv BOOT_TRIAL"] = true }, hw.UpdateDamaged, false},
		"no word which slot runs":             {func(b *bench) { b.lay(t, cmdline, "ro quiet\n") }, hw.UpdateDamaged, false},
		"an old refusal counts for nothing": {func(b *bench) {
			b.lay(t, refusalFile, "U-06\n")
			b.fails["rauc install"] = true
		}, hw.UpdateDamaged, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tt.set(b)
			if err := b.install(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := b.told(t); got.Stage != hw.UpdateRefused || got.Code != tt.code {
				t.Errorf("told %+v; want refused with %s", got, tt.code)
			}
			if asked := strings.Contains(strings.Join(b.asked, "\n"), "rauc install"); asked != tt.puts {
				t.Errorf("RAUC was asked to install: %v; want %v", asked, tt.puts)
			}
		})
	}
}

func TestCheckRoot(t *testing.T) {
	b, mount := newBench(t), t.TempDir()
	for data, want := range map[string]string{"hsqs and more": "", "PK\x03\x04": "U-08", "": "U-08"} {
		_ = os.Remove(b.path(refusalFile))
		if err := os.WriteFile(filepath.Join(mount, rootImage), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		err := b.check(mount)
		refusal, _ := os.ReadFile(b.path(refusalFile))
		if got := strings.TrimSpace(string(refusal)); got != want || (err != nil) != (want != "") {
			t.Errorf("a root that begins with %q: %v, left %q; want %q", data, err, got, want)
		}
	}
	if err := b.check(t.TempDir()); err == nil {
		t.Error("an empty bundle is taken")
	}
}

func TestKeep(t *testing.T) {
	const good, end, tell, bad = "rauc status mark-good", "fw_setenv BOOT_TRIAL", "/usr/lib/kagimado/slot ", "rauc status mark-bad other"
	for name, tt := range map[string]struct {
		slot  hw.Slot
		fails string
		asked []string
	}{
		"kept before":                  {hw.Slot{Name: "A", Version: now}, "", []string{good}},
		"on trial":                     {hw.Slot{Name: "B", Version: now, Trial: true}, "", []string{good, end, tell}},
		"the other one failed":         {hw.Slot{Name: "A", Version: now, FellBack: newer}, "", []string{good, bad}},
		"on trial, the other failed":   {hw.Slot{Name: "A", Version: now, Trial: true, FellBack: newer}, "", []string{good, bad, end, tell}},
		"a failed one that stays":      {hw.Slot{Name: "A", Version: now, Trial: true, FellBack: newer}, bad, []string{good, bad}},
		"without RAUC":                 {hw.Slot{Name: "B", Version: now, Trial: true}, "rauc status", []string{good}},
		"a trial that cannot be ended": {hw.Slot{Name: "B", Version: now, Trial: true}, "fw_setenv BOOT_TRIAL", []string{good, end}},
	} {
		b := newBench(t)
		b.lay(t, update.SlotFile, string(update.EncodeSlot(tt.slot)))
		b.fails[tt.fails] = true
		if err := b.keep(t.Context()); (err != nil) != (tt.fails != "") {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tt.asked, b.asked); diff != "" {
			t.Errorf("%s: asked (-want +got):\n%s", name, diff)
		}
	}
}

func TestLines(t *testing.T) {
	var heard []string
	out, err := command(t.Context(), func(l string) { heard = append(heard, l) }, "sh", "-c", "printf 'one\\ntw'; sleep 0.1; printf 'o\\nrest'; echo no >&2")
	if diff := cmp.Diff([]string{"one", "two"}, heard); diff != "" || out != "one\ntwo\nrest" || err != nil {
		t.Errorf("%q, %v, heard (-want +got):\n%s", out, err, diff)
	}
	if _, err := command(t.Context(), nil, "sh", "-c", "echo why >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a program that fails = %v; want its own words", err)
	}
}

// copyOf is the content of this program as a copy of that version.
func copyOf(t *testing.T, version string) string {
	t.Helper()
	var b bytes.Buffer
	if err := edition.Pack(&b, version); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheckContent(t *testing.T) {
	bomb := func() string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("text/ja.toml")
		if err == nil {
			_, err = w.Write(make([]byte, 64<<20))
		}
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		content, installed string
		want               string
	}{
		"newer":                                 {copyOf(t, newer), "", ""},
		"newer than the copy that is here":      {copyOf(t, newest), copyOf(t, newer), ""},
		"older than the root's own":             {copyOf(t, older), "", "U-06"},
		"as old":                                {copyOf(t, now), "", "U-06"},
		"older than the copy that is here":      {copyOf(t, newer), copyOf(t, newest), "U-06"},
		"a spoilt copy here counts for nothing": {copyOf(t, newer), "PK spoilt", ""},
		"an old copy here counts for nothing":   {copyOf(t, newer), copyOf(t, older), ""},
		"no archive":                            {"hsqs", "", "U-08"},
		"cut short":                             {copyOf(t, newer)[:9000], "", "U-08"},
		"64 MiB":                                {bomb(), "", "U-07"},
		"without a version":                     {emptyZip(t), "", "U-09"},
	} {
		t.Run(name, func(t *testing.T) {
			b, mount := newBench(t), t.TempDir()
			if tt.installed != "" {
				b.lay(t, contentCopy, tt.installed)
			}
			if err := os.WriteFile(filepath.Join(mount, copyImage), []byte(tt.content), 0o644); err != nil {
				t.Fatal(err)
			}
			err := b.check(mount)
			refusal, _ := os.ReadFile(b.path(refusalFile))
			if got := strings.TrimSpace(string(refusal)); got != tt.want || (err != nil) != (tt.want != "") {
				t.Errorf("check = %v, left %q; want %q", err, got, tt.want)
			}
		})
	}
}

func emptyZip(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What the check in RAUC's handler says comes to the kiosk.
func TestRefusalIsTold(t *testing.T) {
	b := newBench(t)
	b.info = said("kagimado-arm64", newer, "content", copyImage, 1)
	b.fails["rauc install"] = true
	b.fail = func() { b.lay(t, refusalFile, "U-09\n") }
	if err := b.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.told(t); got.Code != hw.UpdateUnknown {
		t.Errorf("told %+v; want %s", got, hw.UpdateUnknown)
	}
	for _, line := range b.asked {
		if strings.HasPrefix(line, "fw_setenv") {
			t.Errorf("content asked for %q", line)
		}
	}
}

// Whatever RAUC says of a bundle, one that may be installed is for this machine, newer, and no larger than its place.
func FuzzManifest(f *testing.F) {
	f.Add(said("kagimado-arm64", newer, "rootfs", rootImage, 1))
	f.Add(said("kagimado-arm64", newer, "content", copyImage, edition.Most))
	f.Add(said("kagimado-arm64", older, "rootfs", rootImage, mostRoot+1))
	f.Add(`{"update":{"compatible":"kagimado-arm64","build":"9999-99-99.999999.0000"},"images":[{"slot-class":"rootfs","filename":"root.img","size":-1}]}`)
	f.Add(`{"update":null,"images":[null]}`)
	f.Fuzz(func(t *testing.T, out string) {
		b := newBench(t)
		b.info = out
		got, err := b.inspect(t.Context(), "update.raucb")
		if err != nil {
			return
		}
		var what manifest
		if err := json.Unmarshal([]byte(out), &what); err != nil || what.Update.Compatible != "kagimado-arm64" || got.version <= now[:17] {
			t.Errorf("%q is taken: %+v", out, got)
		}
		most := map[hw.UpdateKind]int64{hw.UpdateSystem: mostRoot, hw.UpdateContent: edition.Most}[got.kind]
		if size := what.Images[0].Size; size <= 0 || size > most {
			t.Errorf("%q is taken with %d bytes; want 1 to %d", out, size, most)
		}
	})
}
