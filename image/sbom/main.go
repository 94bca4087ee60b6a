// Command sbom tells what is in the appliance's image: Debian's packages with their versions, and the modules that our
// programs were built from. It writes an SPDX 2.3 document on standard output, or with -plain one line for each part, which
// is what the repository keeps of an image.
//
//	sbom [-plain] -date DATE -packages FILE ... PROGRAM ...
//
// It must never guess: a file that cannot be read ends it.
package main

import (
	"bufio"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// part is one thing of a certain version.
type part struct{ name, version, source, purl string }

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	plain := flags.Bool("plain", false, "one line for each part: name, version, whose it is")
	date := flags.String("date", "", "when the image was made, as RFC 3339")
	version := flags.String("version", "", "of the image")
	var parts []part
	flags.Func("packages", "a file in the form of dpkg's status (may be given again)", func(name string) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		found, err := packages(f)
		parts = append(parts, found...)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, program := range flags.Args() {
		found, err := modules(program)
		if err != nil {
			return fmt.Errorf("reading %s: %w", program, err)
		}
		parts = append(parts, found...)
	}
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.purl, b.purl) })
	parts = slices.Compact(parts)
	if len(parts) == 0 {
		return errors.New("nothing is in this image")
	}
	if *plain {
		for _, p := range parts {
			if _, err := fmt.Fprintln(out, p.name, p.version, p.source); err != nil {
				return err
			}
		}
		return nil
	}
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(document(*date, *version, parts))
}

// packages reads paragraphs of deb822 (deb-src-control(5)): those that are installed, or that have no status at all because
// they were unpacked without dpkg.
func packages(r io.Reader) (parts []part, err error) {
	fields := map[string]string{}
	end := func() {
		if status, kept := fields["Status"]; fields["Package"] != "" && (!kept || strings.HasSuffix(status, " installed")) {
			name, version := fields["Package"], fields["Version"]
			parts = append(parts, part{name, version, "debian",
				fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s&distro=trixie", name, strings.ReplaceAll(version, "+", "%2B"), fields["Architecture"])})
		}
		clear(fields)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, found := strings.Cut(lines.Text(), ":")
		switch {
		case lines.Text() == "":
			end()
		case found && !strings.HasPrefix(key, " "):
			fields[key] = strings.TrimSpace(value)
		}
	}
	end()
	return parts, lines.Err()
}

// modules reads what the linker wrote into a Go program.
func modules(program string) (parts []part, err error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	goes := strings.TrimPrefix(info.GoVersion, "go")
	parts = append(parts, part{"go", goes, "go", "pkg:golang/std@" + goes})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, part{m.Path, m.Version, "go", "pkg:golang/" + m.Path + "@" + m.Version})
	}
	return parts, nil
}

// What SPDX 2.3 asks of a document (https://spdx.github.io/spdx-spec/v2.3/).
type (
	spdx struct {
		Version       string         `json:"spdxVersion"`
		DataLicense   string         `json:"dataLicense"`
		ID            string         `json:"SPDXID"`
		Name          string         `json:"name"`
		Namespace     string         `json:"documentNamespace"`
		Creation      creation       `json:"creationInfo"`
		Packages      []spdxPackage  `json:"packages"`
		Relationships []relationship `json:"relationships"`
	}
	creation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		Name     string      `json:"name"`
		ID       string      `json:"SPDXID"`
		Version  string      `json:"versionInfo"`
		Download string      `json:"downloadLocation"`
		Analyzed bool        `json:"filesAnalyzed"`
		Refs     []reference `json:"externalRefs,omitempty"`
	}
	reference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	relationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

func document(date, version string, parts []part) spdx {
	const root = "SPDXRef-image"
	d := spdx{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "kagimado-" + version,
		Namespace: "https://kagimado.example/spdx/" + version,
		Creation:  creation{date, []string{"Tool: kagimado-image-sbom"}},
		Packages:  []spdxPackage{{Name: "kagimado", ID: root, Version: version, Download: "NOASSERTION"}},
		Relationships: []relationship{
			{"SPDXRef-DOCUMENT", "DESCRIBES", root},
		},
	}
	for i, p := range parts {
		id := fmt.Sprintf("SPDXRef-%d", i+1)
		d.Packages = append(d.Packages, spdxPackage{
			Name: p.name, ID: id, Version: p.version, Download: "NOASSERTION",
			Refs: []reference{{"PACKAGE-MANAGER", "purl", p.purl}},
		})
		d.Relationships = append(d.Relationships, relationship{root, "CONTAINS", id})
	}
	return d
}
