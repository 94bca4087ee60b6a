// Mutate proves that the tests of a package watch every decision it makes: it changes one decision at a time, builds
// the package's test binary with that change laid over the source, and expects a test to fail.
//
//	go run ./.ci/mutate [folder]
//
// The folder is kiosk/diagnosis unless given. Each mutant that no test notices is printed as file:line: old → new, and
// the exit status is 1; 2 if the tests fail before anything is changed, or the tool could not do its work.
//
// What is changed, in every file of the package that is not a test:
//
//   - each expression of type bool is negated, wherever it stands: condition, case, return value, argument;
//   - == and != are exchanged, < <= > >= moved by their edge and turned round;
//   - && and || are exchanged and lose either operand;
//   - the answer of three is taken for one of two: == Yes becomes != No, and so on, so that unknown is decided upon;
//   - a case of a switch over values is dropped, and so is each of its values and the default; neighbouring cases
//     without a value are exchanged, since the first that holds decides;
//   - an entry of a list, a map or a struct is dropped. Neighbours are exchanged where their order says something: rows
//     of a table, values of a struct, lists declared for the whole package; a list inside a function is only searched.
//     Lists of string literals are left alone: those are sources that are cited, not decisions;
//   - an integer literal becomes one more and one less: days, months, tries.
//
// The mutants' builds, about a gigabyte, go to a temporary folder and not into Go's own cache.
//
// A mutant that does not compile does not count. Nor does one that changes nothing anybody could see; those few are
// listed as harmless, each with its reason, and one listed there that no longer survives is a mistake as well.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// harmless lists the mutants that survive and are no hole in the tests, as they are printed after their line.
var harmless = []string{
	// Bounds that contradict each other never get into a calendar, so never both.
	"case d.AddDays(-1).Before(c.earliest): return Yes ⇄ case c.latest.Before(d): return No",
	// A face card has kept its A certificate, so never both.
	"{CertificatesAbsent, (*situation).noAuth} ⇄ {FaceCardFound, (*situation).faceCard}",
	// A certificate that is not there has no last day, so never both.
	`{"A certificate absent", (*situation).noAuth, func(s *situation) (Path, *Path) {… ⇄ {"A expired (then S is too)", func(s *situation) bool { return s.auth.past() }, …`,
	// A lone A or S in the renewal window has met its row further up, so never both.
	`{"only A or only S", lone(always), askStore} ⇄ {"nothing locked, renewal window", func(s *situation) bool { return s.auth.begun…`,
}

// slow matches the tests that take most of the time; they run only over what all others let pass.
const slow = "Properties"

func main() {
	dir := "kiosk/diagnosis"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	survivors, err := run(dir, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

// run tries every mutant of the package in dir and returns how many mistakes it reported.
func run(dir string, out io.Writer) (mistakes int, err error) {
	began := time.Now()
	dir, err = filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	mutants, stillborn, err := mutantsOf(dir)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", dir, err)
	}
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	b := bench{dir: dir, work: work}
	if noticed, err := b.try(0, mutant{}); err != nil {
		return 0, err
	} else if noticed {
		return 0, errors.New("the tests fail before anything is changed")
	}

	var (
		queue    = make(chan mutant)
		workers  sync.WaitGroup
		mutex    sync.Mutex
		survived int
		excused  = map[string]bool{}
	)
	for n := range runtime.NumCPU() {
		workers.Go(func() {
			for m := range queue {
				noticed, failed := b.try(n, m)
				mutex.Lock()
				switch {
				case failed != nil:
					err = failed
				case noticed:
				case slices.Contains(harmless, m.what):
					excused[m.what] = true
				default:
					survived++
					fmt.Fprintln(out, m)
				}
				mutex.Unlock()
			}
		})
	}
	for _, m := range mutants {
		queue <- m
	}
	close(queue)
	workers.Wait()
	if err != nil {
		return 0, err
	}
	mistakes = survived
	for _, what := range harmless {
		if !excused[what] {
			mistakes++
			fmt.Fprintf(out, "no longer survives, so it is not to be listed as harmless: %s\n", what)
		}
	}
	fmt.Fprintf(out, "%d mutants: %d noticed, %d survived, %d harmless; %d more do not compile. %s\n", len(mutants),
		len(mutants)-survived-len(excused), survived, len(excused), stillborn, time.Since(began).Round(time.Second))
	return mistakes, nil
}

// mutant is a file with one change.
type mutant struct {
	file   string
	line   int
	what   string // as it was → as it is now, or neighbours ⇄ exchanged
	source string // the whole file
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s", filepath.Base(m.file), m.line, m.what)
}

// short puts code on one line of bounded length.
func short(code string) string {
	line := []rune(strings.Join(strings.Fields(code), " "))
	if len(line) > 80 {
		return string(line[:80]) + "…"
	}
	if len(line) == 0 {
		return "nothing"
	}
	return string(line)
}

// bench builds and runs mutants of the package in dir.
type bench struct{ dir, work string }

// try builds m in the n-th worker's corner and tells whether a test notices it. The zero mutant is the package as it is.
func (b bench) try(n int, m mutant) (noticed bool, err error) {
	path := func(name string) string { return filepath.Join(b.work, fmt.Sprint(n, name)) }
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if m.file != "" {
		if err := os.WriteFile(path("-mutant.go"), []byte(m.source), 0o600); err != nil {
			return false, err
		}
		overlay.Replace[m.file] = path("-mutant.go")
	}
	document, err := json.Marshal(overlay)
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(path("-overlay.json"), document, 0o600); err != nil {
		return false, err
	}
	build := exec.Command("go", "test", "-c", "-vet", "off", "-gcflags", "all=-dwarf=false", "-overlay", path("-overlay.json"), "-o", path("-test"), ".")
	build.Dir, build.Env = b.dir, append(os.Environ(), "GOCACHE="+filepath.Join(b.work, "cache"))
	if said, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("building %v: %w\n%s", m, err, said)
	}
	for _, choice := range []string{"-test.skip", "-test.run"} {
		test := exec.Command(path("-test"), choice, slow, "-test.failfast", "-test.timeout", "20s")
		test.Dir = b.dir
		if err := test.Run(); err != nil {
			return true, nil
		}
	}
	return false, nil
}

// mutantsOf lists the mutants of the package in dir that compile, and counts the others.
func mutantsOf(dir string) (alive []mutant, stillborn int, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, 0, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, 0, err
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(set, "source", nil)}
	if _, err := config.Check(dir, set, files, info); err != nil {
		return nil, 0, err
	}
	for i, f := range files {
		source, err := os.ReadFile(set.File(f.FileStart).Name())
		if err != nil {
			return nil, 0, err
		}
		c := changer{file: set.File(f.FileStart), source: string(source), info: info, skip: map[ast.Expr]bool{}}
		for _, d := range f.Decls {
			_, function := d.(*ast.FuncDecl)
			c.declared = !function
			ast.Inspect(d, c.visit)
		}
		for _, m := range c.mutants {
			with := slices.Clone(files)
			if with[i], err = parser.ParseFile(set, m.file, m.source, parser.SkipObjectResolution); err == nil {
				_, err = config.Check(dir, set, with, nil)
			}
			if err != nil {
				stillborn++
				continue
			}
			alive = append(alive, m)
		}
	}
	return alive, stillborn, nil
}

// changer collects the mutants of one file.
type changer struct {
	file     *token.File
	source   string
	info     *types.Info
	declared bool              // in a declaration of the package, not in a function
	skip     map[ast.Expr]bool // not to be negated: assigned to, or what a parent changes already
	mutants  []mutant
}

func (c *changer) text(from, to token.Pos) string {
	return c.source[c.file.Offset(from):c.file.Offset(to)]
}

func (c *changer) of(n ast.Node) string { return c.text(n.Pos(), n.End()) }

// change notes the mutant that reads text between from and to.
func (c *changer) change(from, to token.Pos, text string) {
	c.mutants = append(c.mutants, mutant{
		file: c.file.Name(), line: c.file.Line(from), what: short(c.text(from, to)) + " → " + short(text),
		source: c.source[:c.file.Offset(from)] + text + c.source[c.file.Offset(to):],
	})
}

// edges are the comparisons that an ordering is mistaken for: by its edge, and turned round.
var edges = map[token.Token][]string{
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
}

func (c *changer) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok {
		c.negate(e)
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			c.skip[e] = true
		}
	case *ast.ParenExpr:
		c.skip[n.X] = c.skip[n]
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			c.skip[n.X] = true
			c.change(n.Pos(), n.End(), c.of(n.X))
		}
	case *ast.BinaryExpr:
		c.operator(n)
	case *ast.BasicLit:
		if value, err := strconv.Atoi(n.Value); err == nil && n.Kind == token.INT {
			c.change(n.Pos(), n.End(), strconv.Itoa(value+1))
			c.change(n.Pos(), n.End(), strconv.Itoa(value-1))
		}
	case *ast.SwitchStmt:
		c.cases(n)
	case *ast.CompositeLit:
		c.entries(n)
	}
	return true
}

// negate turns a boolean expression round, unless a change of its operator does the same.
func (c *changer) negate(e ast.Expr) {
	of, ok := c.info.Types[e]
	if !ok || !of.IsValue() || c.skip[e] {
		return
	}
	if basic, ok := of.Type.Underlying().(*types.Basic); !ok || basic.Info()&types.IsBoolean == 0 {
		return
	}
	switch e := e.(type) {
	case *ast.ParenExpr, *ast.UnaryExpr:
		return
	case *ast.BinaryExpr:
		if e.Op != token.LAND && e.Op != token.LOR {
			return
		}
	}
	c.change(e.Pos(), e.End(), "!("+c.of(e)+")")
}

func (c *changer) operator(e *ast.BinaryExpr) {
	x, y := c.of(e.X), c.of(e.Y)
	with := func(op string) { c.change(e.Pos(), e.End(), x+" "+op+" "+y) }
	switch e.Op {
	case token.LAND, token.LOR:
		other := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[e.Op]
		c.change(e.Pos(), e.End(), "(("+x+") "+other+" ("+y+"))")
		c.change(e.Pos(), e.End(), x)
		c.change(e.Pos(), e.End(), y)
	case token.EQL, token.NEQ:
		other := map[token.Token]string{token.EQL: "!=", token.NEQ: "=="}[e.Op]
		with(other)
		if opposite := map[string]string{"Yes": "No", "No": "Yes"}[y]; opposite != "" {
			c.change(e.Pos(), e.End(), x+" "+other+" "+opposite)
		}
	}
	for _, op := range edges[e.Op] {
		with(op)
	}
}

// cases changes the clauses of a switch.
func (c *changer) cases(s *ast.SwitchStmt) {
	for i, clause := range s.Body.List {
		values := clause.(*ast.CaseClause).List
		if s.Tag == nil && len(values) > 0 {
			if i > 0 && len(s.Body.List[i-1].(*ast.CaseClause).List) > 0 {
				c.exchange(s.Body.List[i-1], clause, "\n")
			}
			continue
		}
		c.change(clause.Pos(), clause.End(), "")
		dropEach(c, values)
	}
}

// entries changes the entries of a composite literal.
func (c *changer) entries(l *ast.CompositeLit) {
	cited := 0
	for _, e := range l.Elts {
		if s, ok := e.(*ast.BasicLit); ok && s.Kind == token.STRING {
			cited++
		}
	}
	if cited == len(l.Elts) {
		return
	}
	dropEach(c, l.Elts)
	_, ordered := c.info.TypeOf(l).Underlying().(*types.Struct)
	for i, e := range l.Elts[1:] {
		_, keyed := e.(*ast.KeyValueExpr)
		_, row := e.(*ast.CompositeLit)
		if !keyed && (row || ordered || c.declared) {
			c.exchange(l.Elts[i], e, "")
		}
	}
}

// exchange lets a and its right neighbour b change places, with what stands between them.
func (c *changer) exchange(a, b ast.Node, end string) {
	c.change(a.Pos(), b.End(), c.of(b)+end+c.text(a.End(), b.Pos())+c.of(a))
	c.mutants[len(c.mutants)-1].what = short(c.of(a)) + " ⇄ " + short(c.of(b))
}

// dropEach drops each of a list with the comma beside it.
func dropEach[N ast.Node](c *changer, list []N) {
	for i, n := range list {
		switch {
		case i+1 < len(list):
			c.change(n.Pos(), list[i+1].Pos(), "")
		case i > 0:
			c.change(list[i-1].End(), n.End(), "")
		default:
			c.change(n.Pos(), n.End(), "")
		}
	}
}
