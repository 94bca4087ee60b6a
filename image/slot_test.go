package image_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
	"kagimado/hw/update"
)

// tellsSlot runs overlay/usr/lib/kagimado/slot on files of a test's own. env is what fw_printenv prints; without any it fails.
func tellsSlot(t *testing.T, cmdline, env, records string) (hw.Slot, string, error) {
	t.Helper()
	root := t.TempDir()
	fail := ""
	if env == "" {
		fail = "\nexit 1"
	}
	for name, data := range map[string]string{
		"proc/cmdline":             "ro quiet " + cmdline + " root=PARTUUID=4b474d31-02\n",
		"usr/lib/os-release":       "NAME=Kagimado\nVERSION_ID=" + slotRuns + "\nPRETTY_NAME=\"Kagimado\"\n",
		"state/rauc/central.raucs": records,
		"run/kagimado/trial":       "of an earlier start\n",
		"bin/fw_printenv":          "#!/bin/sh\ncat <<.\n" + env + "\n." + fail + "\n",
		"bin/systemctl":            "#!/bin/sh\necho \"$*\" >>" + root + "/asked\n",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("overlay/usr/lib/kagimado/slot")
	cmd.Env = []string{"ROOT=" + root, "PATH=" + root + "/bin:/usr/bin:/bin"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return hw.Slot{}, string(said), err
	}
	got, err := update.Told{SlotFile: filepath.Join(root, "run/kagimado/slot")}.Slot()
	asked, _ := os.ReadFile(filepath.Join(root, "asked"))
	if _, missing := os.Stat(filepath.Join(root, "run/kagimado/trial")); (missing == nil) != got.Trial {
		t.Errorf("that the system is on trial is noted: %v; want %v", missing == nil, got.Trial)
	}
	return got, strings.TrimSpace(string(asked)), err
}

const slotRuns = "2026-11-29.165101.bbbbbbb"

func TestSlot(t *testing.T) {
	const newer, older = "2026-12-01.000000.ccccccc", "2026-10-01.000000.aaaaaaa"
	records := "[status]\nx=1\n\n[slot.rootfs.0]\nbundle.build=" + older + "\n\n[slot.rootfs.1]\nbundle.compatible=k\nbundle.build=" + newer + "\nstatus=ok\n"
	for name, tt := range map[string]struct {
		cmdline, env, records string
		want                  hw.Slot
	}{
		"as released":              {"rauc.slot=A", "BOOT_ORDER=A B\nBOOT_A_LEFT=2", "", hw.Slot{Name: "A", Version: slotRuns}},
		"no environment":           {"rauc.slot=B", "", "", hw.Slot{Name: "B", Version: slotRuns}},
		"on trial":                 {"rauc.slot=B", "BOOT_ORDER=B A\nBOOT_TRIAL=B", records, hw.Slot{Name: "B", Version: slotRuns, Trial: true}},
		"power cut in the middle":  {"rauc.slot=A", "BOOT_ORDER=A\nBOOT_TRIAL=B", records, hw.Slot{Name: "A", Version: slotRuns}},
		"B failed":                 {"rauc.slot=A", "BOOT_ORDER=B A\nBOOT_TRIAL=B", records, hw.Slot{Name: "A", Version: slotRuns, FellBack: newer}},
		"A failed":                 {"rauc.slot=B", "BOOT_ORDER=A B", records, hw.Slot{Name: "B", Version: slotRuns, FellBack: older}},
		"one without a record":     {"rauc.slot=A", "BOOT_ORDER=B A", "[slot.rootfs.0]\nbundle.build=" + older, hw.Slot{Name: "A", Version: slotRuns, FellBack: "unknown"}},
		"a record that is odd":     {"rauc.slot=A", "BOOT_ORDER=B A", "[slot.rootfs.1]\nbundle.build=\"},\n", hw.Slot{Name: "A", Version: slotRuns, FellBack: "unknown"}},
		"an environment of others": {"rauc.slot=A", "bootcmd=run x\nBOOT_ORDER=\nBOOT_TRIAL=$(reboot)", "", hw.Slot{Name: "A", Version: slotRuns}},
	} {
		t.Run(name, func(t *testing.T) {
			got, asked, err := tellsSlot(t, tt.cmdline, tt.env, tt.records)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("told: %v (-want +got):\n%s", err, diff)
			}
			want := ""
			if tt.want.Trial {
				want = "--no-block start kagimado-trial.timer"
			}
			if asked != want {
				t.Errorf("systemd is asked %q; want %q", asked, want)
			}
		})
	}
	if _, said, err := tellsSlot(t, "rauc.slot=C", "BOOT_ORDER=A B", ""); err == nil || !strings.Contains(said, "rauc.slot") {
		t.Errorf("a slot C: %q, %v; want an error", said, err)
	}
}
