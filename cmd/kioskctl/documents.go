package main

import (
	"embed"
	"fmt"
	"io"
)

// The documents as JSON Schema (draft 2020-12). Tests hold what the tool prints against them.
//
//go:embed schema/*.json
var schemas embed.FS

// describeDocuments prints one JSON object with a schema for each document.
func describeDocuments(w io.Writer) error {
	for i, name := range []string{"facts", "report", "guide", "selftest"} {
		schema, err := schemas.ReadFile("schema/" + name + ".json")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%c\"%s/1\":%s", "{,,,"[i], name, schema); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "}")
	return err
}
