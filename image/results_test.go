//go:build image

package image_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// results is what was measured, for RESULTS.md. Parts may run one by one, as long as what they test is the same.
type results struct {
	sum    string // of what is tested
	commit string
	whole  bool     // parts run whole, and not some of their tests only
	rows   []string // of the part that runs
}

func newResults(t *testing.T) *results {
	t.Helper()
	sum, err := contentSum()
	if err != nil {
		t.Fatal(err)
	}
	commit, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	if changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(changed) > 0 {
		commit = append([]byte(strings.TrimSpace(string(commit))), " and what was committed on it with this file"...)
	}
	whole := strings.Count(flag.Lookup("test.run").Value.String(), "/") < 2 // -run TestImage/part/test
	return &results{sum: sum, commit: strings.TrimSpace(string(commit)), whole: whole}
}

// add notes a number; limit is what it must not pass, in words, if there is such.
func (r *results) add(t *testing.T, what, value, limit string) {
	t.Helper()
	r.rows = append(r.rows, fmt.Sprintf("| %s | %s | %s |", what, value, limit))
	t.Logf("%s: %s", what, value)
}

// within notes a duration and fails the test when it is too long.
func (r *results) within(t *testing.T, what string, took, limit time.Duration) {
	t.Helper()
	r.add(t, what, fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprintf("%.0f s", limit.Seconds()))
	if took > limit {
		t.Errorf("%s took %.1f s; want %.0f s at most", what, took.Seconds(), limit.Seconds())
	}
}

// head stands above what a part measured; it tells parts of one image from those of another.
func (r *results) head() string { return "sum " + r.sum }

// begin forgets what a part measured before: one that fails now, or one test of it, has not passed, whatever it once did.
func (r *results) begin(t *testing.T, part string) {
	t.Helper()
	r.rows = nil
	forget := func() {
		if err := os.Remove(left(t, "part-"+part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if r.whole {
		forget()
		return
	}
	t.Cleanup(func() {
		if t.Failed() {
			forget()
		}
	})
}

// passed keeps what a part measured until all have passed. Some of its tests are not the part.
func (r *results) passed(t *testing.T, part string) {
	t.Helper()
	if !r.whole {
		t.Logf("%s: not recorded, since it did not run whole", part)
		return
	}
	if again, err := contentSum(); err != nil || again != r.sum {
		t.Fatalf("image/ or systemd/ has changed since the test began (%v)", err)
	}
	kept := append([]string{r.head()}, r.rows...)
	if err := os.WriteFile(left(t, "part-"+part), []byte(strings.Join(kept, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

const resultsHead = `# What make image-test measured

Written by the test when everything had passed, or with the names of what had not. QEMU emulates the processor on whatever machine it ran on: seconds are upper
bounds there and say nothing about a board's; ratios and megabytes do. The ratio is against the login that Debian's own
serial-getty unit starts on the same root, with reader, compositor's keeper and all else but the kiosk running.

`

// unfinished is for a day that ends too early: it says in RESULTS.md itself what is still to pass.
var unfinished = flag.Bool("unfinished", false, "write RESULTS.md though parts have not passed, and name them there")

// write writes RESULTS.md if all of these parts have passed on the same image. A run that records nothing leaves it alone.
func (r *results) write(t *testing.T, parts []string) {
	if !r.whole {
		return
	}
	var rows, passed, missing []string
	for _, part := range parts {
		b, _ := os.ReadFile(left(t, "part-"+part))
		kept := strings.Split(string(b), "\n")
		if kept[0] != r.head() {
			missing = append(missing, part)
			continue
		}
		passed = append(passed, part)
		rows = append(rows, kept[1:]...)
	}
	if len(missing) > 0 && !*unfinished {
		t.Logf("RESULTS.md stays as it is: %s have not passed on this image", strings.Join(missing, ", "))
		return
	}
	qemu, _, _ := strings.Cut(tools(t, "qemu-system-aarch64", "--version"), "\n")
	var out strings.Builder
	out.WriteString(resultsHead)
	fmt.Fprintf(&out, "- commit %s\n- day %s\n- %s\n- sum %s\n- passed: %s\n\n", r.commit, time.Now().Format(time.DateOnly), qemu, r.sum, strings.Join(passed, ", "))
	if len(missing) > 0 {
		fmt.Fprintf(&out, "**NOT passed on this sum yet: %s.** What is below is of the others.\n\n", strings.Join(missing, ", "))
	}
	out.WriteString("| what | measured | at most |\n|---|---|---|\n" + strings.Join(rows, "\n") + "\n")
	if err := os.WriteFile("RESULTS.md", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
