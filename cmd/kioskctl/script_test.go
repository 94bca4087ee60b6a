package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/golden"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what scripts and benchmarks start: this very binary under another name.
var programs = map[string]func(){
	"kioskctl": func() { os.Exit(run(context.Background(), &tool{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])) },
}

func TestMain(m *testing.M) {
	if _, called := programs[filepath.Base(os.Args[0])]; called {
		testscript.Main(m, programs)
	}
	surrounded(func() { testscript.Main(m, programs) })
}

// TestScripts runs testdata/*.txtar. In them, `facts NAME FILE` writes the document of a simulated card, `valid SCHEMA
// FILE` holds a document against its schema, `append FILE FROM` joins two files, `replace FILE OLD NEW` edits one, `entry FROM.zip TO.zip
// ENTRY OLD NEW` edits an archive's, and `status N|M COMMAND` wants one of these exit statuses.
func TestScripts(t *testing.T) { scripts(t, "testdata", nil) }

func scripts(t *testing.T, dir string, more map[string]func(*testscript.TestScript, bool, []string)) {
	params := testscript.Params{
		Dir:           dir,
		UpdateScripts: golden.Updating(),
		Setup: func(e *testscript.Env) error {
			profiles, err := filepath.Abs("../../kiosk/site/profiles")
			e.Setenv("PROFILES", profiles)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"append": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("append FILE FROM")
				}
				all := ts.ReadFile(args[0]) + ts.ReadFile(args[1])
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(all), 0o644))
			},
			"facts": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("facts NAME FILE")
				}
				c, err := cardtest.New(args[0])
				ts.Check(err)
				f, err := card.Read(context.Background(), card.Card{Transmitter: c, ATR: c.ATR()}, nil)
				ts.Check(err)
				b, err := json.MarshalIndent(f, "", " ")
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
			},
			"replace": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 3 || !strings.Contains(ts.ReadFile(args[0]), args[1]) {
					ts.Fatalf("replace FILE OLD NEW, with OLD in FILE")
				}
				all := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2])
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(all), 0o644))
			},
			"entry": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 5 {
					ts.Fatalf("entry FROM.zip TO.zip ENTRY OLD NEW")
				}
				b, err := edited([]byte(ts.ReadFile(args[0])), args[2], args[3], args[4])
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
			},
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				var exit *exec.ExitError
				got := 0
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if !slices.Contains(strings.Split(args[0], "|"), strconv.Itoa(got)) {
					ts.Fatalf("%q ends with exit status %d; want %s", args[1:], got, args[0])
				}
			},
			"valid": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("valid SCHEMA FILE")
				}
				ts.Check(valid(t, args[0], []byte(ts.ReadFile(args[1]))))
			},
		},
	}
	maps.Copy(params.Cmds, more)
	testscript.Run(t, params)
}

// edited is an archive with one text replaced in one of its files.
func edited(archive []byte, name, from, to string) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	found := false
	for _, f := range r.File {
		data, err := fs.ReadFile(r, f.Name)
		if err != nil {
			return nil, err
		}
		if f.Name == name && bytes.Contains(data, []byte(from)) {
			data, found = bytes.Replace(data, []byte(from), []byte(to), 1), true
		}
		entry, err := w.Create(f.Name)
		if err == nil {
			_, err = entry.Write(data)
		}
		if err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fmt.Errorf("%s does not hold %q", name, from)
	}
	err = w.Close()
	return b.Bytes(), err
}
