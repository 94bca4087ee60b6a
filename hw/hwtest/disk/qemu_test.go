//go:build image

package disk

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// QEMU itself is the other end.
func TestQEMU(t *testing.T) {
	for _, kind := range []Kind{Cached, Direct} {
		dir, err := os.MkdirTemp("", "disk") // image/tools sees /tmp
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		image := filepath.Join(dir, "image")
		if err := os.WriteFile(image, full('o', 4096), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Serve(image, filepath.Join(dir, "s"), kind)
		if err != nil {
			t.Fatal(err)
		}
		tool := func(args ...string) string {
			t.Helper()
			out, err := exec.Command("../../../image/tools", args...).CombinedOutput()
			if err != nil || strings.Contains(string(out), "failed") || strings.Contains(string(out), "error") {
				t.Fatalf("%q: %v\n%s", args, err, out)
			}
			return string(out)
		}
		url := "nbd+unix:///any?socket=" + filepath.Join(dir, "s")
		if got := tool("qemu-img", "info", url); !strings.Contains(got, "virtual size: 2 MiB (2097152 bytes)") {
			t.Errorf("qemu-img says\n%s", got)
		}
		tool("qemu-io", "-f", "raw", "-c", "read -P 0x6f 0 2M", "-c", "write -P 0x61 64k 256k", "-c", "flush", "-c", "write -f -P 0x66 1M 100",
			"-c", "write -z 1100k 4k", "-c", "read -P 0x61 64k 256k", "-c", "read -P 0 1100k 4k", url)
		sectors, flushes := d.Written()
		if sectors < 512+1+8 || (flushes > 0) != (kind == Cached) {
			t.Errorf("%v: %d sectors were written and %d flushes asked for", kind, sectors, flushes)
		}
		if err := d.Cut(1); err != nil {
			t.Fatal(err)
		}
		got := content(t, image)
		if string(got[64<<10:320<<10]) != strings.Repeat("a", 256<<10) || string(got[1<<20:1<<20+100]) != strings.Repeat("f", 100) || got[1<<20+100] != 'o' {
			t.Errorf("%v: what was flushed is not there after the cut", kind)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
