package kiosk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRecoveries: every kind that is counted is in the list, since what is not is told as something else.
func TestRecoveries(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "supervise.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(v.Names[0].Name, "recovered") {
			return true
		}
		found++
		kind, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(Recoveries, kind) {
			t.Errorf("the recovery %q is not in Recoveries", kind)
		}
		return false
	})
	if found != len(Recoveries) {
		t.Errorf("%d recoveries are counted; Recoveries has %d", found, len(Recoveries))
	}
}
