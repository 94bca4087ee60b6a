package image_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contentSum is over names, modes and contents of all files of image/ and systemd/ that the image is made of: not what is
// for people (*.md), nor the tests.
func contentSum() (string, error) {
	h := sha256.New()
	for _, room := range []string{".", "../systemd"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			var b []byte
			if info.Mode().IsRegular() {
				b, err = os.ReadFile(path)
			} else {
				var to string
				to, err = os.Readlink(path)
				b = []byte(to)
			}
			fmt.Fprintf(h, "%s %v %d\n%s\n", filepath.ToSlash(path), info.Mode()&0o100 != 0, len(b), b)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("summing %s: %w", room, err)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// TestResultsAreOfThis fails when image/ or systemd/ is another than make image-test last passed on.
func TestResultsAreOfThis(t *testing.T) {
	b, err := os.ReadFile("RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := contentSum()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "\n- sum "+sum+"\n") {
		t.Errorf("RESULTS.md is not of these files, whose sum is %s: make image image-test", sum)
	}
}
