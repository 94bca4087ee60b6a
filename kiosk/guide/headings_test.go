package guide

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kagimado/kiosk/content"

	"github.com/google/go-cmp/cmp"
)

// The guides grew out of five texts. testdata/seed-headings.md lists every heading and question of theirs, with what
// holds of it and where it belongs; nothing in that list may be lost. The tests below read the list itself, so that
// a row that is added or moved is held at once.

// row is one heading of a seed.
type row struct {
	seed, id, heading, belongs string
}

// homes are the guides that a kind of the last column belongs to; guide-NAME stands for NAME.
var homes = map[string]string{"store-steps": "store", "counter-steps": "counter", "bring-list": "bring", "prevention": "prevention", "memo": "memo", "contact": "contact"}

func (r row) kind() string { return strings.TrimRight(strings.Fields(r.belongs)[0], ":") }

func headings(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/seed-headings.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// part returns what stands below a heading of the list, up to the next one of that level or above.
func part(t *testing.T, list, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut("\n"+list, "\n"+heading)
	if !ok {
		t.Fatalf("the list has no part %q", heading)
	}
	if i := strings.Index(rest, "\n## "); i >= 0 {
		rest = rest[:i]
	}
	if strings.HasPrefix(heading, "### ") {
		rest, _, _ = strings.Cut(rest, "\n### ")
	}
	return rest
}

// cells returns the rows of the tables in a part, header and rule aside.
func cells(part string) (rows [][]string) {
	for line := range strings.Lines(part) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		var row []string
		for c := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(c))
		}
		rows = append(rows, row)
	}
	return rows[min(1, len(rows)):]
}

func rows(t *testing.T) (all []row) {
	list := headings(t)
	for _, seed := range []string{"000", "001", "002", "003", "004"} {
		for i, c := range cells(part(t, list, "## Seed "+seed)) {
			if want := "S" + seed + "-" + strconv.Itoa(100 + i + 1)[1:]; len(c) != 5 || c[0] != want || c[4] == "" {
				t.Fatalf("row %d of seed %s is %q; want five cells that begin with %s", i+1, seed, c, want)
			}
			all = append(all, row{seed, c[0], c[1], c[4]})
		}
	}
	return all
}

// TestCoverage holds the list against its own table: no row was lost on the way here.
func TestCoverage(t *testing.T) {
	got := map[string][]int{}
	for _, r := range rows(t) {
		column := 2 // guides
		switch kind := r.kind(); {
		case kind == "rule":
			column = 3
		case kind == "store-steps" || kind == "counter-steps" || kind == "bring-list":
			column = 4
		case homes[kind] != "":
			column = 5
		case kind == "not-applicable":
			column = 6
		case !strings.HasPrefix(kind, "guide-"):
			t.Errorf("%s belongs to %q, which is no kind", r.id, r.belongs)
		}
		for _, line := range []string{r.seed, "all"} {
			if got[line] == nil {
				got[line] = make([]int, 7)
			}
			got[line][1]++
			got[line][column]++
		}
	}
	want := map[string][]int{}
	for _, c := range cells(part(t, headings(t), "## Coverage")) {
		want[c[0]] = make([]int, 7)
		for i := 1; i < 7; i++ {
			n, err := strconv.Atoi(c[i])
			if err != nil {
				t.Fatal(err)
			}
			want[c[0]][i] = n
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows by seed and kind (-table +counted):\n%s", diff)
	}
	if got["all"][1] != 297 {
		t.Errorf("%d rows; want 297", got["all"][1])
	}
}

var (
	leafRef     = regexp.MustCompile(`^([a-z]+)/([a-z0-9-]+)$`)
	questionRef = regexp.MustCompile(`^([a-z]+) (q[0-9]+)$`)
	ruleRef     = regexp.MustCompile(`^§([0-9]+(?:\.[0-9]+)?)(?: (C[0-9]+))?$`)
)

// TestHeadings finds every heading of the seeds in a node, a rule or a stated reason.
func TestHeadings(t *testing.T) {
	sources := rooms(t)
	for _, r := range rows(t) {
		if kind, reason, ok := strings.Cut(r.belongs, ": "); ok && kind == "not-applicable" {
			// One word is reason enough where it says what kind of text the heading is.
			if len(strings.Fields(reason)) < 2 && !slices.Contains([]string{"introduction", "aside", "recap"}, reason) {
				t.Errorf("%s (%s) is left out without a reason: %q", r.id, r.heading, r.belongs)
			}
			continue
		}
		kind, target, ok := strings.Cut(r.belongs, " → ")
		if !ok {
			t.Errorf("%s (%s) belongs nowhere: %q", r.id, r.heading, r.belongs)
			continue
		}
		if kind == "rule" {
			if missing := unkept(sources, target); missing != "" {
				t.Errorf("%s (%s) belongs to rule %s: %s", r.id, r.heading, target, missing)
			}
			continue
		}
		home, named := homes[kind]
		if !named {
			home = strings.TrimPrefix(kind, "guide-")
		}
		guide, missing := lost(target)
		if guide != home {
			missing = "it is no node of guide " + home
		}
		if missing != "" {
			t.Errorf("%s (%s) belongs to %q: %s", r.id, r.heading, target, missing)
		}
	}
}

// lost tells what is wrong with a reference as the list writes it: GUIDE/LEAF or GUIDE qN.
func lost(ref string) (guide, missing string) {
	g := &content.Embedded().Guides
	if m := questionRef.FindStringSubmatch(ref); m != nil {
		if x, ok := g.Guide(m[1]); !ok {
			missing = "there is no guide " + m[1]
		} else if _, ok := x.Question(m[2]); !ok {
			missing = "guide " + m[1] + " has no question " + m[2]
		}
		return m[1], missing
	}
	m := leafRef.FindStringSubmatch(ref)
	if m == nil {
		return "", "it is neither GUIDE/LEAF nor GUIDE qN"
	}
	if x, ok := g.Guide(m[1]); !ok {
		missing = "there is no guide " + m[1]
	} else if _, ok := x.Leaf(m[2]); !ok {
		missing = "guide " + m[1] + " has no leaf " + m[2]
	}
	return m[1], missing
}

// rooms returns the Go sources of card and kiosk, tests aside: what the kiosk really runs.
func rooms(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, root := range []string{"..", filepath.Join("..", "..", "card")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			all.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// unkept tells why a rule is not kept by the program. Code that rests on a section of the rule sheet names it, in a
// finding or in the comment of what it decides, as "rules §8.3", "rules 8.3" or "rules.md section 3"; that is what can be
// searched for. It proves that the section has a place in the program, not that the place is right: that is what the
// visits of kiosk/diagnosis/testdata/cases.csv prove. A section that was read for another reason than deciding is held here.
func unkept(sources, rule string) string {
	m := ruleRef.FindStringSubmatch(rule)
	if m == nil {
		return "it is no section of the rule sheet"
	}
	if m[1] == "10" { // sources: every fact says where it comes from and when that was looked at
		return undated(content.Embedded())
	}
	want := `\brules(\.md)?( section)? §?` + regexp.QuoteMeta(m[1])
	if m[2] != "" { // one correction of a seed
		want += " " + m[2]
	}
	if !regexp.MustCompile(want + `($|[^.0-9]|\.[^0-9])`).MatchString(sources) {
		return "no code of card or kiosk rests on it"
	}
	return ""
}

func undated(c *content.Content) string {
	for _, s := range c.Guides.Sources {
		if s.Title == "" || s.Checked == (content.Date{}) {
			return "source " + s.ID + " says not what it is or when it was checked"
		}
	}
	dated := []content.Dated{c.Terminal.Dated}
	for _, x := range c.Chains {
		dated = append(dated, x.Dated)
	}
	for _, x := range c.Phones {
		dated = append(dated, x.Dated)
	}
	for _, x := range c.Pages {
		dated = append(dated, x.Dated)
	}
	if slices.ContainsFunc(dated, func(d content.Dated) bool { return d.Source == "" || d.Checked == (content.Date{}) }) {
		return "a dated fact says not where it comes from or when it was checked"
	}
	return ""
}

// TestUnkept keeps the search for rules itself honest.
func TestUnkept(t *testing.T) {
	for _, tt := range []struct {
		source, rule string
		kept         bool
	}{
		{"// now (rules §8.3).", "§8.3", true}, {`{"rules 8.3"}`, "§8.3", true}, {"// (rules.md section 2).", "§2", true}, {"as rules §4, end", "§4", true},
		{"(rules §8.31)", "§8.3", false}, {"(rules §8.3)", "§8", false}, {"(design.md §8.3)", "§8.3", false}, {"", "§1", false},
		{"(rules §0 C8)", "§0 C8", true}, {"(rules §0 C9)", "§0 C8", false}, {"(rules §0)", "§0 C8", false}, {"(rules §1)", "everything", false},
	} {
		if missing := unkept(tt.source, tt.rule); (missing == "") != tt.kept {
			t.Errorf("unkept(%q, %q) = %q; want it kept: %v", tt.source, tt.rule, missing, tt.kept)
		}
	}
}

// In the proposed trees /leaf and qN are nodes of the guide whose tree it is, guide/leaf and guide qN nodes of another.
var (
	treeNode  = regexp.MustCompile(`(?:\b([a-z]+))?/([a-z][a-z0-9-]+)|(?:\b([a-z]+) )?\b(q[0-9])\b`)
	proseNode = regexp.MustCompile("`([a-z]*)/([a-z0-9-]+)`")
)

// TestProposedTrees finds every node of the trees that the list proposes, under the very name.
func TestProposedTrees(t *testing.T) {
	list := headings(t)
	trees := part(t, list, "## Guides the seeds ask for")
	refs := map[string][]string{}
	add := func(tree, ref string) {
		if !slices.Contains(refs[ref], tree) {
			refs[ref] = append(refs[ref], tree)
		}
	}
	guides := strings.Fields("portal insurance forgotten purpose representative phone clinic")
	known := append(strings.Fields("store counter bring prevention memo contact"), guides...)
	for _, tree := range guides {
		pieces := strings.Split(part(t, trees, "### "+tree+" "), "```")
		if len(pieces) != 3 {
			t.Fatalf("the tree of %s has %d pieces; want prose, one drawing, prose", tree, len(pieces))
		}
		for _, m := range treeNode.FindAllStringSubmatch(pieces[1], -1) {
			home, node, sep := m[1], m[2], "/"
			if node == "" {
				home, node, sep = m[3], m[4], " "
			}
			if sep == " " && !slices.Contains(known, home) {
				home = "" // an ordinary word before a question of the same tree
			}
			if home == "" {
				home = tree
			}
			add(tree, home+sep+node)
		}
		for _, m := range proseNode.FindAllStringSubmatch(pieces[2], -1) {
			home := m[1]
			if home == "" {
				home = tree
			}
			add(tree, home+"/"+m[2])
		}
	}
	for _, m := range proseNode.FindAllStringSubmatch(part(t, trees, "### Shared leaves"), -1) {
		add("shared leaves", m[1]+"/"+m[2])
	}
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		trees := refs[ref]
		if guide, missing := lost(ref); missing != "" {
			t.Errorf("%q, proposed by %s: %s", ref, strings.Join(trees, ", "), missing)
		} else if !slices.Contains(known, guide) {
			t.Errorf("%q is no guide of the list", guide)
		}
	}
	// So many the list holds: a pattern that overlooks some would find nothing missing.
	if want := 178; len(refs) != want {
		t.Errorf("the trees name %d nodes; want %d", len(refs), want)
	}
}

// topics are what the rules need and no seed carries, under the words of the list: where each is, and what must stand
// there, in Japanese or as the id of a telephone line.
var topics = []struct {
	topic string
	at    string // nodes and rules, set apart by commas
	says  string // pattern
}{
	{"J lock and its use", "forgotten/juki, purpose/moving, rule §8.3", "窓口"},
	{"照合番号A and birth-date keys", "purpose/number-image, rule §8.1", "照合番号A"},
	{"child's card without S", "representative/child, rule §8.1", "署名用"},
	{"adult ward's papers", "representative/ward", "登記事項証明書"},
	{"顔認証 card", "forgotten/face-card, representative/face-card, rule §8.1", "顔認証"},
	{"foreign residents (在留期間, `extend-card`)", "renewal/stay, rule §8.1", "在留カード"},
	{"card's own expiry and the two letters (§8.7)", "renewal/expired-card, renewal/letter-card, renewal/letter-certificate, rule §8.7", "有効期限通知書"},
	{"renewal window and opening hours", "renewal/when, counter/when, rule §8.4", "3か月前"},
	{"certificate absent", "renewal/absent, rule §8.3", "入っていない|ない"},
	{"moving and S re-issue", "purpose/moving, portal/sign-revoked", "引っ越し"},
	{"iPhone PIN reset ⚠", "phone/iphone-pin", "iPhone"},
	{"phone sold or lost", "phone/replace, phone/lost, contact/lost", "phone:general"},
	{"マイナ免許証 PIN", "forgotten/licence", "免許証"},
	{"EDZ207, EI123-2008/-2303, 115", "phone/private-mode, portal/card-date, portal/sign-revoked", "EDZ207(?s:.*)EI123-2008(?s:.*)2303(?s:.*)115"},
	{"75+ rule of 2026-08", "insurance/age75", "2026年8月|令和8年8月"},
	{"grace date arithmetic", "insurance/grace, rule §8.4", "3か月"},
	{"face or PIN swap at the reader", "insurance/face-or-pin", "顔(?s:.*)暗証番号"},
	{"● in names", "insurance/wrong-data", "黒い丸"},
	{"not registered as マイナ保険証", "insurance/not-registered", "登録"},
	{"booking, face match and 24 h of the store route", "store/book, store/terminal, rule §2", `顔(?s:.*)\{booking\}`},
	{"nation-wide stop Sundays", "counter/when, rule §3", "第3土曜日の次の日曜日"},
	{"closed year-end", "counter/when", "年末年始"},
	{"other languages' numbers (§7)", "contact/card, contact/portal", "phone:card-foreign(?s:.*)phone:general-foreign"},
	{"phishing", "portal/address, renewal/not-online", "メール"},
	{"what to do when a deadline is near", "portal/resume", "期限|締め切り|締切"},
}

// TestTopics holds the paragraph of what no seed carries: each of its topics, and no other, has a place that speaks of it.
func TestTopics(t *testing.T) {
	paragraph := part(t, headings(t), "## Needed by the rules, carried by no seed")
	_, paragraph, _ = strings.Cut(paragraph, "\n") // the rest of the heading
	var want, got []string
	for topic := range strings.SplitSeq(strings.TrimSuffix(strings.Join(strings.Fields(paragraph), " "), "."), " · ") {
		want = append(want, topic)
	}
	sources := rooms(t)
	for _, tt := range topics {
		got = append(got, tt.topic)
		var said strings.Builder
		for at := range strings.SplitSeq(tt.at, ", ") {
			rule, isRule := strings.CutPrefix(at, "rule ")
			var missing string
			if isRule {
				missing = unkept(sources, rule)
			} else if _, missing = lost(at); missing == "" {
				said.WriteString(sayings(at))
			}
			if missing != "" {
				t.Errorf("%q has no place at %s: %s", tt.topic, at, missing)
			}
		}
		if !regexp.MustCompile(tt.says).MatchString(said.String()) {
			t.Errorf("%q: nothing at %s says %s", tt.topic, tt.at, tt.says)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topics (-list +table):\n%s", diff)
	}
}

// sayings is all that a leaf says in Japanese, and the telephone lines it gives.
func sayings(ref string) string {
	g := &content.Embedded().Guides
	guide, node, _ := g.Resolve("", ref)
	x, _ := g.Guide(guide)
	l, _ := x.Leaf(node)
	all := []string{l.Title.Ja}
	for _, s := range slices.Concat(l.Lead, l.Steps, l.Stop, l.Notes) {
		all = append(all, s.Ja)
	}
	for _, id := range l.Phones {
		all = append(all, "phone:"+id)
	}
	return strings.Join(all, "\n") + "\n"
}
