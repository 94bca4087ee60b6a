package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const status = `Package: cage
Status: install ok installed
Version: 0.2.0-2+b1
Architecture: arm64
Description: one
 Package: not-this

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: arm64

Package: linux-image-6.12-arm64
Version: 6.12.1-1
Architecture: arm64
`

func TestDocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(file, []byte(status), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var plain, doc bytes.Buffer
	if err := run([]string{"-plain", "-packages", file}, &plain); err != nil {
		t.Fatal(err)
	}
	if want := "cage 0.2.0-2+b1 debian\nlinux-image-6.12-arm64 6.12.1-1 debian\n"; plain.String() != want {
		t.Errorf("plain is %q; want %q", plain.String(), want)
	}
	if err := run([]string{"-date", "2026-11-29T00:00:00Z", "-version", "1", "-packages", file, self}, &doc); err != nil {
		t.Fatal(err)
	}
	var d spdx
	if err := json.Unmarshal(doc.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, p := range d.Packages {
		for _, r := range p.Refs {
			locator, _, _ := strings.Cut(r.Locator, "@")
			found[locator] = true
		}
	}
	for _, want := range []string{"pkg:deb/debian/cage", "pkg:deb/debian/linux-image-6.12-arm64", "pkg:golang/std"} {
		if !found[want] {
			t.Errorf("%s is missing among %v", want, found)
		}
	}
	if len(d.Packages) != len(d.Relationships) {
		t.Errorf("%d packages, %d relationships", len(d.Packages), len(d.Relationships))
	}
}

func TestNothing(t *testing.T) {
	for _, args := range [][]string{{}, {"-packages", "absent"}, {os.DevNull}} {
		if err := run(args, new(bytes.Buffer)); err == nil {
			t.Errorf("run(%q) found something", args)
		}
	}
}
