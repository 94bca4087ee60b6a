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
	facts, err := schemas.ReadFile("schema/facts.json")
	if err != nil {
		return err
	}
	report, err := schemas.ReadFile("schema/report.json")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "{\"facts/1\":%s,\"report/1\":%s}\n", facts, report)
	return err
}
