// Package golden holds what a test made against what somebody looked at and kept in the package's testdata. go test
// -update writes it anew, to be looked at again. It is for tests only: no program may import it.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is kept in testdata anew")

// Updating tells whether the goldens are to be written anew.
func Updating() bool { return *update }

// Text holds got against the file called name.
func Text(t *testing.T, name, got string) {
	t.Helper()
	path, want := kept(t, name, func() []byte { return []byte(got) })
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Picture holds got against the PNG called name. It compares pixels and not files, because a later compressor may
// write other bytes.
func Picture(t *testing.T, name string, got *image.Paletted) {
	t.Helper()
	path, file := kept(t, name, func() []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, got); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	})
	want, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := want.(*image.Paletted); !ok || p.Rect != got.Rect || !bytes.Equal(p.Pix, got.Pix) {
		t.Errorf("%s differs; look at it after go test -update", path)
	}
}

// kept reads the file called name, which it first writes anew where that is asked for.
func kept(t *testing.T, name string, made func() []byte) (path string, file []byte) {
	t.Helper()
	path = filepath.Join("testdata", name)
	if Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, made(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is missing: run the test with -update", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, file
}
