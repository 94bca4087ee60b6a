package update

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
)

const version = "2026-11-29.165101.4c01c99"

func told(t testing.TB, name, document string) Told {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	return Told{file, file}
}

func TestUpdate(t *testing.T) {
	for document, want := range map[string]hw.Update{
		`{"schema":"update/1","stage":"looking","kind":null,"version":null,"running":"","code":null,"percent":null}`: {Stage: hw.UpdateLooking},
		`{"schema":"update/1","stage":"found","kind":"system","version":"` + version + `","running":"2026-10-01.000000.abc","code":null,"percent":null}` + "\n": {
			Stage: hw.UpdateFound, Kind: hw.UpdateSystem, Version: version, Running: "2026-10-01.000000.abc"},
		`{"schema":"update/1","stage":"installing","kind":"content","version":"` + version + `","running":"","code":null,"percent":100}`: {
			Stage: hw.UpdateInstalling, Kind: hw.UpdateContent, Version: version, Percent: 100},
		`{"schema":"update/1","stage":"installed","kind":"content","version":"` + version + `.develop","running":"","code":null,"percent":null}`: {
			Stage: hw.UpdateInstalled, Kind: hw.UpdateContent, Version: version + ".develop"},
		`{"schema":"update/1","stage":"refused","kind":null,"version":null,"running":"` + version + `","code":"U-04","percent":null}`: {
			Stage: hw.UpdateRefused, Running: version, Code: hw.UpdateUnsigned},
	} {
		got, err := told(t, "update", document).Update()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", document, err, diff)
		}
	}
}

func TestSlot(t *testing.T) {
	for document, want := range map[string]hw.Slot{
		`{"schema":"slot/1","slot":"A","version":"` + version + `","trial":false,"fell_back":null}`:                   {Name: "A", Version: version},
		`{"schema":"slot/1","slot":"B","version":"` + version + `","trial":true,"fell_back":"2026-10-01.000000.abc"}`: {Name: "B", Version: version, Trial: true, FellBack: "2026-10-01.000000.abc"},
	} {
		got, err := told(t, "slot", document).Slot()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", document, err, diff)
		}
	}
}

// TestNothingIsTold: a file that is not there is nothing known, and no fault.
func TestNothingIsTold(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "none", "update")
	for _, from := range []Told{{}, {gone, gone}} {
		if u, err := from.Update(); u != (hw.Update{}) || err != nil {
			t.Errorf("Update of %+v = %+v, %v; want nothing", from, u, err)
		}
		if s, err := from.Slot(); s != (hw.Slot{}) || err != nil {
			t.Errorf("Slot of %+v = %+v, %v; want nothing", from, s, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	found := `{"schema":"update/1","stage":"found","kind":"system","version":"` + version + `","running":"","code":null,"percent":null}`
	slot := `{"schema":"slot/1","slot":"A","version":"` + version + `","trial":true,"fell_back":null}`
	for _, tt := range []struct{ name, from, old, new string }{
		{"nothing", found, found, ""},
		{"half a document", found, `"running"`, ""},
		{"another schema", found, "update/1", "update/2"},
		{"an unknown key", found, `"code"`, `"colour":1,"code"`},
		{"something that follows", found, `null}`, `null}{}`},
		{"an unknown stage", found, `"found"`, `"finding"`},
		{"no stage", found, `"found"`, `""`},
		{"an unknown kind", found, `"system"`, `"kernel"`},
		{"an empty kind", found, `"system"`, `""`},
		{"found without a kind", found, `"system"`, `null`},
		{"found without a version", found, `"` + version + `"`, `null`},
		{"a version that is words", found, version, "２０２６"},
		{"a version with an escape", found, version, `\u001b[2J`},
		{"a version without end", found, version, strings.Repeat("1", 65)},
		{"found with a code", found, `"code":null`, `"code":"U-04"`},
		{"refused without a code", found, `"found"`, `"refused"`},
		{"refused with no code of ours", found, `"found","kind":"system","version":"` + version + `","running":"","code":null`, `"refused","kind":null,"version":null,"running":"","code":"broken"`},
		{"more than all", found, `"percent":null`, `"percent":101`},
		{"less than nothing", found, `"percent":null`, `"percent":-1`},
		{"a percent in quotes", found, `"percent":null`, `"percent":"1"`},
		{"too long", found, "{", "{" + strings.Repeat(" ", maxBytes)},
		{"another slot", slot, `"A"`, `"C"`},
		{"a slot without version", slot, version, ""},
		{"a trial in quotes", slot, "true", `"true"`},
		{"another document", slot, "slot/1", "update/1"},
		{"a fall back that is words", slot, `"fell_back":null`, `"fell_back":"a b"`},
	} {
		if !strings.Contains(tt.from, tt.old) {
			t.Fatalf("%s: %q is not in the document", tt.name, tt.old)
		}
		document := strings.Replace(tt.from, tt.old, tt.new, 1)
		from := told(t, "told", document)
		var got any
		var err error
		if tt.from == slot {
			got, err = from.Slot()
		} else {
			got, err = from.Update()
		}
		if err == nil || got != any(hw.Update{}) && got != any(hw.Slot{}) {
			t.Errorf("%s: %+v, %v; want an error and nothing known", tt.name, got, err)
		}
	}
}

// TestNoPlainFile: what cannot be read is an error, at once.
func TestNoPlainFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, pipe, "/dev/null"} {
		read := make(chan error, 1)
		go func() { _, err := (Told{UpdateFile: name}).Update(); read <- err }()
		select {
		case err := <-read:
			if err == nil {
				t.Errorf("%s is read", name)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("reading %s does not end", name)
		}
	}
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"schema":"update/1","stage":"installing","kind":"system","version":"` + version + `","running":"","code":null,"percent":7}`))
	f.Add([]byte(`{"schema":"update/1","stage":"refused","kind":null,"version":null,"running":"","code":"U-01","percent":null}`))
	f.Add([]byte(`{"schema":"slot/1","slot":"A","version":"` + version + `","trial":true,"fell_back":null}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		from := told(t, "told", string(document))
		if u, err := from.Update(); err != nil && u != (hw.Update{}) || err == nil && (u.Percent < 0 || u.Percent > 100 || u.Stage == "" && len(document) > 0) {
			t.Errorf("Update = %+v, %v", u, err)
		}
		if s, err := from.Slot(); err != nil && s != (hw.Slot{}) || err == nil && s.Name == "" {
			t.Errorf("Slot = %+v, %v", s, err)
		}
	})
}
