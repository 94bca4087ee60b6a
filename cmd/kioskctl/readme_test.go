package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/content"
	"kagimado/kiosk/golden"
)

// TestReadmeTellsTheCodes holds README's table of codes against the one table there is; -update writes it anew.
func TestReadmeTellsTheCodes(t *testing.T) {
	const readme, head = "../../README.md", "| code | name | what staff can do first |\n|---|---|---|\n"
	var want strings.Builder
	want.WriteString(head)
	for _, f := range content.Embedded().Faults {
		for _, s := range []string{f.Name, f.Remedy[0]} {
			if strings.ContainsAny(s, "|*_<`") {
				t.Errorf("%s says %q, which Markdown would take for marks", f.Code, s)
			}
		}
		fmt.Fprintf(&want, "| %s | %s | %s |\n", f.Code, f.Name, f.Remedy[0])
	}
	file, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(file), "\n## Codes\n")
	section, after, ended := strings.Cut(rest, "\n## ")
	if !begun || !ended {
		t.Fatal("README has no section Codes with another after it")
	}
	intro, table, _ := strings.Cut(section, "| code |")
	if table != "" {
		table = "| code |" + table
	}
	if golden.Updating() {
		table = want.String()
		all := before + "\n## Codes\n" + strings.TrimRight(intro, "\n") + "\n\n" + table + "\n## " + after
		if err := os.WriteFile(readme, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want.String(), table); diff != "" {
		t.Errorf("README's codes (-want +got):\n%s", diff)
	}
}
