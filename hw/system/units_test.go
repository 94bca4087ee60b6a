package system

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// units is where the units of the appliance lie.
var units = filepath.Join("..", "..", "systemd")

var everyWish = wishNames

// folders is where the unit of a wish may write; what it has beside the folder of all is for U-Boot's environment.
func folders(wish string) string {
	if wish == install || wish == keepSlot {
		return filepath.Dir(Folder) + " /run/lock"
	}
	return filepath.Dir(Folder)
}

// setting is one line of a unit, continuations joined.
type setting struct{ section, key, value string }

func unit(t *testing.T, name string) (settings []setting) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(units, name))
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for _, line := range strings.Split(strings.ReplaceAll(string(b), "\\\n", " "), "\n") {
		key, value, found := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case found:
			settings = append(settings, setting{section, key, value})
		default:
			t.Fatalf("%s: line %q is no setting", name, line)
		}
	}
	return settings
}

// values are those of one key, in order.
func values(settings []setting, section, key string) (all []string) {
	for _, s := range settings {
		if s.section == section && s.key == key {
			all = append(all, s.value)
		}
	}
	return all
}

// Each wish has one unit that waits for it and one that takes it away before it does anything.
func TestUnits(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(units, "kagimado-*.path"))
	if err != nil || len(found) != len(everyWish) {
		t.Errorf("units wait for %v, %v; want the wishes %v", found, err, everyWish)
	}
	for _, wish := range everyWish {
		path := unit(t, "kagimado-"+wish+".path")
		want := []setting{{"Path", "PathExists", Folder + "/" + wish}, {"Install", "WantedBy", "paths.target"}}
		if diff := cmp.Diff(want, slices.DeleteFunc(path, func(s setting) bool { return s.key == "Description" }), cmp.AllowUnexported(setting{})); diff != "" {
			t.Errorf("kagimado-%s.path (-want +got):\n%s", wish, diff)
		}
		// Drop-ins have the last word (systemd.unit(5)).
		service := slices.Concat(unit(t, "kagimado-"+wish+".service"), unit(t, "kagimado-.service.d/shut.conf"))
		taken := fmt.Sprintf("/usr/bin/mv --force --no-target-directory %s/%s %s/%s", Folder, wish, filepath.Dir(Folder), wish)
		begins := []string{taken}
		if wish == unlockStick { // what is told from then on is of this stick
			begins = []string{"/usr/bin/rm --force /run/kagimado/update", taken}
		}
		if got := values(service, "Service", "ExecStartPre"); !slices.Equal(got, begins) {
			t.Errorf("kagimado-%s.service begins with %q; want %q", wish, got, begins)
		}
		for _, s := range service {
			if s.key != "ExecStartPre" && strings.Contains(s.value, Folder) {
				t.Errorf("kagimado-%s.service: %s=%s reaches into the kiosk's folder", wish, s.key, s.value)
			}
		}
		for key, value := range map[string]string{
			"Type": "oneshot", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ReadWritePaths": folders(wish),
			"PrivateNetwork": "yes", "SystemCallArchitectures": "native", "CapabilityBoundingSet": capability[wish],
		} {
			if got := values(service, "Service", key); !slices.Equal(got, []string{value}) {
				t.Errorf("kagimado-%s.service: %s is %q; want %q once", wish, key, got, value)
			}
		}
		if got := values(service, "Service", "TimeoutStartSec"); len(got) != 1 {
			t.Errorf("kagimado-%s.service: TimeoutStartSec is %q; want one, a oneshot has none by itself", wish, got)
		}
	}
}

// capability is all that each wish's unit may hold.
var capability = map[string]string{setTime: "CAP_SYS_TIME", unlockStick: "CAP_SYS_MODULE", lockStick: "CAP_SYS_MODULE"}

func TestFolder(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(units, "tmpfiles.d", "kagimado.conf"))
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, line := range strings.Split(string(b), "\n") {
		if f := strings.Fields(line); len(f) > 0 && f[0] == "d" {
			made = append(made, strings.Join(f[1:5], " "))
		}
	}
	// Without a capability root is held to the modes like anybody: it takes wishes by the folder's group.
	want := []string{filepath.Dir(Folder) + " 0755 root root", Folder + " 0770 kiosk root", filepath.Dir(Folder) + "/stick 0755 root root"}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("tmpfiles.d (-want +got):\n%s", diff)
	}
}

// shown is what the machine's clock shows while a unit runs, which is wrong.
var shown = time.Unix(40, 0)

// run executes the lines of a unit as systemd would, on a folder of the test's and with stand-ins for the commands
// that would change this machine. It returns what those were asked, up to the first line that failed.
func run(t *testing.T, wish string, lines []string) (asked []string, err error) {
	t.Helper()
	at, log := filepath.Dir(wish), filepath.Join(t.TempDir(), "asked")
	bin := t.TempDir()
	for name, script := range map[string]string{
		"systemctl": `echo "systemctl $*" >>` + log,
		"hwclock":   `echo "hwclock $*" >>` + log,
		"updater":   `echo "updater $*" >>` + log,
		"stick":     `echo "stick $*" >>` + log,
		"date":      `case "$*" in +%s) echo ` + fmt.Sprint(shown.Unix()) + `;; *) echo "date $*" >>` + log + `;; esac`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range lines {
		line = strings.NewReplacer("$$", "$", "%%", "%", Folder, at, filepath.Dir(Folder), filepath.Dir(at),
			"/usr/bin/systemctl", "systemctl", "/usr/bin/updater", "updater", "/usr/lib/kagimado/stick", "stick", "/dev/rtc0", filepath.Join(at, "..", "rtc0")).Replace(line)
		line, forgiven := strings.CutPrefix(line, "-")
		c := exec.Command("sh", "-c", line)
		c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if out, err2 := c.CombinedOutput(); err2 != nil && !forgiven {
			err = fmt.Errorf("%s: %w: %s", line, err2, out)
			break
		}
	}
	b, _ := os.ReadFile(log)
	return strings.Split(strings.TrimSpace(string(b)), "\n"), err
}

// laid is a folder in which a wish lies.
func laid(t *testing.T, wish string, at time.Time) (s *System) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "wishes")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s = Open(dir)
	if err := s.lay(wish, at); err != nil {
		t.Fatal(err)
	}
	return s
}

func lines(t *testing.T, wish string) []string {
	settings := unit(t, "kagimado-"+wish+".service")
	return append(values(settings, "Service", "ExecStartPre"), values(settings, "Service", "ExecStart")...)
}

func TestUnitsDo(t *testing.T) {
	for wish, want := range map[string][]string{
		restartReader: {
			"systemctl kill --signal=SIGKILL pcscd.service", "systemctl stop pcscd.socket pcscd.service",
			"systemctl reset-failed pcscd.socket pcscd.service", "systemctl start pcscd.socket pcscd.service",
		},
		reboot:      {""}, // systemd does it
		install:     {"updater install"},
		unlockStick: {"stick unlock", "updater look"},
		lockStick:   {"stick lock"},
		keepSlot:    {"updater keep"},
	} {
		s := laid(t, wish, moment)
		got, err := run(t, s.path(wish), lines(t, wish))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, asked (-want +got):\n%s", wish, err, diff)
		}
		if _, err := os.Lstat(s.path(wish)); err == nil {
			t.Errorf("%s still lies there", wish)
		}
		// A wish that was withdrawn before the unit came is not done.
		if got, err := run(t, s.path(wish), lines(t, wish)); err == nil || got[0] != "" {
			t.Errorf("%s without a wish = %q, %v; want an error", wish, got, err)
		}
	}
	if got := values(unit(t, "kagimado-reboot.service"), "Unit", "SuccessAction"); !slices.Equal(got, []string{"reboot"}) {
		t.Errorf("SuccessAction of a reboot is %q", got)
	}
}

// The clock is set to the wished moment and what has passed since, however wrong it goes, but not long afterwards.
func TestUnitSetsTime(t *testing.T) {
	for _, tt := range []struct {
		name string
		age  time.Duration
		rtc  bool
		want []string
	}{
		{"at once", 0, false, []string{"date --utc --set=@1804205400"}},
		{"at the last moment", 10 * time.Second, true, []string{"date --utc --set=@1804205410", "hwclock --systohc --utc --noadjfile --rtc="}},
		{"too late", 11 * time.Second, true, []string{""}},
		{"the clock was put back", -time.Second, true, []string{""}},
	} {
		s := laid(t, setTime, moment)
		if err := os.Chtimes(s.path(setTime), shown.Add(-tt.age), moment); err != nil {
			t.Fatal(err)
		}
		if tt.rtc {
			rtc := filepath.Join(s.dir, "..", "rtc0")
			if err := os.WriteFile(rtc, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if len(tt.want) == 2 {
				tt.want[1] += rtc
			}
		}
		got, err := run(t, s.path(setTime), lines(t, setTime))
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != (tt.want[0] == "") {
			t.Errorf("%s: %v, asked (-want +got):\n%s", tt.name, err, diff)
		}
	}
}
