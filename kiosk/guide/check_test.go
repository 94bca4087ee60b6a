package guide

import (
	"slices"
	"strings"
	"testing"

	"kagimado/kiosk/content"
)

// TestGuides holds the trees that visitors meet.
func TestGuides(t *testing.T) {
	for _, err := range Check(content.Embedded()) {
		t.Error(err)
	}
}

// TestCheckFinds plants one mistake at a time in guides that have none, and nothing else may be found.
func TestCheckFinds(t *testing.T) {
	if problems := Check(small()); len(problems) > 0 {
		t.Fatalf("the small guides have mistakes already: %v", problems)
	}
	long := strings.Repeat("あ", 37)
	for _, tt := range []struct {
		name  string
		plant func(p *planted)
		want  []string // how each problem begins, and a word of it after …
	}{
		{"an answer to nowhere", func(p *planted) { p.q1.Answers[0].To = "q9" },
			[]string{`door/q1: front leads to "q9", which does not exist`, "door/q2: nobody", "door/q3: nobody"}},
		{"an answer without an end", func(p *planted) { p.q4.Answers[0].To = "" }, []string{`door/q4: yes leads to "", which does not exist`}},
		{"an answer to another guide that has no such node", func(p *planted) { p.q4.Answers[0].To = "key/ring" }, []string{`door/q4: yes leads to "key/ring"`}},
		{"an answer to a guide without questions", func(p *planted) { p.q1.Answers[1].To = "shelf"; p.shelf() },
			[]string{`door/q1: back leads to "shelf", which does not exist`, "shelf/board: nobody can reach it"}},
		{"unknown to nowhere", func(p *planted) { p.q3.Unknown = "q9" }, []string{`door/q3: I don't know leads to "q9"`}},
		{"no way for who does not know", func(p *planted) { p.q3.Unknown = "" }, []string{"door/q3: nowhere to go for who does not know"}},
		{"then to nowhere", func(p *planted) { p.hook.Then = "nail" }, []string{`key/hook: then leads to "nail"`}},
		{"a reference to nowhere", func(p *planted) { p.hook.See = []string{"nail"} }, []string{`key/hook: see leads to "nail"`}},

		{"a guide nobody can reach", func(p *planted) { p.shelf() }, []string{"shelf/board: nobody can reach it from the menu"}},
		{"a guide out of the menu", func(p *planted) { p.g.Menu = []string{"key"} },
			[]string{"door/q1: nobody", "door/q2: nobody", "door/q3: nobody", "door/q4: nobody", "door/lock: nobody"}},
		{"a question nobody is led to", func(p *planted) { p.lock.Then = "" }, []string{"door/q4: nobody can reach it"}},
		{"the menu leads nowhere", func(p *planted) { p.g.Menu = append(p.g.Menu, "attic") }, []string{"attic: the menu leads to it"}},
		{"the menu leads to leaves alone", func(p *planted) {
			p.shelf()
			p.hook.See = []string{"shelf/board"}
			p.g.Menu = append(p.g.Menu, "shelf")
		},
			[]string{"shelf: the menu leads to it, and it has no question"}},
		{"the menu leads into a guide", func(p *planted) { p.g.Menu = append(p.g.Menu, "door/q1") }, []string{"door/q1: the menu leads to it"}},
		{"the menu says it twice", func(p *planted) { p.g.Menu = append(p.g.Menu, "door") }, []string{"door: the menu leads to it twice"}},

		{"an answer to its own question", func(p *planted) { p.q4.Answers[0].To = "q4" }, []string{"door/q4: a way goes round in a circle: door/q4 door/q4"}},
		{"then leads back", func(p *planted) { p.lock.Then = "q3"; p.q3.Answers[1].To = "q4" },
			[]string{"door/q3: a way goes round in a circle: door/q3 door/lock door/q3"}},
		{"a circle through two guides", func(p *planted) { p.hook.Then = "door/q4" }, []string{"door/q4: a way goes round in a circle: door/q4 key/hook door/q4"}},

		{"no answers", func(p *planted) { p.q4.Answers, p.q4.Card = nil, "" }, []string{"door/q4: 1 answers"}},
		{"more answers than fit", func(p *planted) {
			for _, s := range []string{"1", "2", "3", "4"} {
				p.q1.Answers = append(p.q1.Answers, content.Answer{Label: words(s), To: "lock"})
			}
		}, []string{`door/q1: 7 answers with "I don't know"; want 2 to 6`}},
		{"two buttons that say the same", func(p *planted) { p.q1.Answers[1].Label.En = "front" }, []string{`door/q1: two answers are "front" in en`}},
		{"a button that says the same as the last one", func(p *planted) { p.q1.NoneLabel = words("back") },
			[]string{`door/q1: two answers are "back" in ja`, `door/q1: two answers are "back" in ja-easy`, `door/q1: two answers are "back" in en`}},
		{"a card that answers nothing", func(p *planted) { p.q2.Card = "colour" },
			[]string{`door/q2: no reading answers "colour"`, "door/q2: answer", "door/q2: answer", "door/q2: answer"}},
		{"what no card says", func(p *planted) { p.q2.Answers[0].When = []string{Valid} }, []string{`door/q2: answer "yes": the card never says "valid" of "auth"`}},
		{"when twice", func(p *planted) { p.q2.Answers[1].When = []string{KeyLocked} }, []string{`door/q2: answer "no": the card never says "locked" of "auth", or another answer has it`}},
		{"a card without when", func(p *planted) { p.q1.Card = "auth" }, []string{"door/q1: card and when go together"}},
		{"when without a card", func(p *planted) { p.q1.Answers[0].When = []string{KeyOpen} }, []string{"door/q1: answer", "door/q1: card and when go together"}},

		{"no steps", func(p *planted) { p.lock.Steps = nil }, []string{"door/lock: 0 steps; want 1 to 7"}},
		{"too many steps", func(p *planted) { p.lock.Steps = slices.Repeat(p.lock.Steps, 8) }, []string{"door/lock: 8 steps; want 1 to 7"}},
		{"no end", func(p *planted) { p.lock.Stop = nil }, []string{"door/lock: 0 stop; want 1 to 2"}},
		{"too much before", func(p *planted) { p.lock.Lead = slices.Repeat(p.lock.Steps, 3) }, []string{"door/lock: 3 lead; want 0 to 2"}},
		{"too much after", func(p *planted) { p.lock.Notes = slices.Repeat(p.lock.Steps, 4) }, []string{"door/lock: 4 notes; want 0 to 3"}},
		{"too many references", func(p *planted) { p.lock.See = []string{"key", "key/hook", "q3", "q4"} }, []string{"door/lock: refers to 4 places"}},
		{"a reference to itself", func(p *planted) { p.hook.See = []string{"hook"} }, []string{"key/hook: refers to itself"}},
		{"a reference twice", func(p *planted) { p.hook.See = []string{"q1", "key"} }, []string{"key/hook: refers to key/q1 twice"}},

		{"a key that does not exist", func(p *planted) { p.lock.Keys = []string{"auth", "bicycle"} }, []string{`door/lock: nothing on a card is called "bicycle"`}},
		{"a key nobody forgets", func(p *planted) { p.lock.Forgotten = []string{"surface-b"} }, []string{`door/lock: "surface-b" is nothing a visitor can forget`}},
		{"stores for a key no store resets", func(p *planted) { p.lock.Stores = []string{"juki"} }, []string{`door/lock: no chain of stores resets "juki"`}},
		{"a telephone line that does not exist", func(p *planted) { p.lock.Phones = []string{"talking-clock"} }, []string{"door/lock: no telephone line"}},
		{"a page that does not exist", func(p *planted) { p.lock.Page = "weather" }, []string{"door/lock: no page"}},
		{"a field without a line", func(p *planted) { p.lock.Fields = []content.Field{{Label: words("name")}} }, []string{`door/lock: field "name" has 0 lines; want 1 to 4`}},

		{"a title is missing", func(p *planted) { p.g.All[0].Title.Easy = "" }, []string{`door: title "door": nothing in ja-easy`}},
		{"a question is not translated", func(p *planted) { p.q1.Ask.En = "" }, []string{`door/q1: question "which": nothing in en`}},
		{"a label is not translated", func(p *planted) { p.q1.Answers[0].Label.Easy = "" }, []string{`door/q1: answer "front": nothing in ja-easy`}},
		{"half a help to a question", func(p *planted) { p.q1.Why.Ja = "look" }, []string{`door/q1: help to the question "look": nothing in ja-easy`, `door/q1: help to the question "look": nothing in en`}},
		{"half a last label", func(p *planted) { p.q1.NoneLabel.En = "none" }, []string{`door/q1: label of the last answer "": nothing in ja,`, `door/q1: label of the last answer "": nothing in ja-easy`}},
		{"a statement is not translated", func(p *planted) { p.lock.Stop[0].En = " " }, []string{`door/lock: stop "call": nothing in en`}},
		{"a leaf without Japanese", func(p *planted) { p.lock.Title.Ja = "" }, []string{`door/lock: title "": nothing in ja`}},
		{"a field without a label", func(p *planted) {
			p.lock.Fields = []content.Field{{Label: content.Words{Ja: "名前", En: "name"}, Lines: 1}}
		},
			[]string{`door/lock: field "名前": nothing in ja-easy`}},
		{"a space at an end", func(p *planted) { p.lock.Steps[0].Ja = "turn " }, []string{`door/lock: steps "turn ": nothing in ja, or a space at an end`}},

		{"no source", func(p *planted) { p.lock.Steps[0].Source = "" }, []string{`door/lock: steps "turn": no source is called ""`}},
		{"a source nobody knows", func(p *planted) { p.lock.Notes = []content.Statement{{Words: words("hm"), Source: "rumour"}} }, []string{`door/lock: notes "hm": no source is called "rumour"`}},
		{"a source that says nothing", func(p *planted) {
			p.g.Sources = append(p.g.Sources, content.Source{ID: "mute", Title: "M", Checked: p.g.Sources[0].Checked})
		},
			[]string{"source mute: nothing is said on its word"}},
		{"a source without a date", func(p *planted) { p.g.Sources[0].Checked = content.Date{} }, []string{"source carpenter: title and checked must be given"}},
		{"a source without a title", func(p *planted) { p.g.Sources[0].Title = "" }, []string{"source carpenter: title and checked must be given"}},

		{"a long question", func(p *planted) { p.q1.Ask.Ja = long }, []string{"door/q1: question in ja: …: 37 ems; want 36 at most"}},
		{"a long title", func(p *planted) { p.lock.Title.Ja = long[:31*3] }, []string{"door/lock: title in ja: …: 31 ems; want 30 at most"}},
		{"a long button", func(p *planted) { p.q1.Answers[0].Label.Ja = long[:23*3] }, []string{"door/q1: answer in ja: …: 23 ems; want 22 at most"}},
		{"a long last button", func(p *planted) { p.q1.NoneLabel = words("none"); p.q1.NoneLabel.En = long[:23*3] },
			[]string{"door/q1: label of the last answer in en: …: 23 ems"}},
		{"a long name of a field", func(p *planted) {
			p.lock.Fields = []content.Field{{Label: words("a"), Lines: 1}}
			p.lock.Fields[0].Label.Ja = long[:31*3]
		},
			[]string{"door/lock: field in ja: …: 31 ems"}},
		{"a long easy sentence", func(p *planted) { p.lock.Steps[0].Easy = strings.Repeat("あ", 41) + "。" }, []string{"door/lock: steps in ja-easy: …: 42 characters in one sentence"}},
		{"a long English sentence", func(p *planted) { p.lock.Lead = p.lead(strings.Repeat("a ", 20) + "a.") }, []string{"door/lock: lead in en: …: 21 words in one sentence"}},
		{"an English double negation", func(p *planted) { p.lock.Steps[0].En = "It is not that nothing works." }, []string{"door/lock: steps in en: …negates 2 times"}},
		{"an easy double negation", func(p *planted) { p.lock.Steps[0].Easy = "使（つか）えない ことは ありません。" }, []string{"door/lock: steps in ja-easy: …negates 2 times"}},
		{"a word without its reading", func(p *planted) { p.lock.Steps[0].Easy = "番号を 入（い）れます。" }, []string{"door/lock: steps in ja-easy: …no reading behind 番号"}},
		{"no mistake: readings", func(p *planted) {
			p.lock.Steps[0].Easy = "申し込み書（もうしこみしょ）を 出（だ）します。「番号（ばんごう）」です。"
		}, nil},
		{"a rune of ambiguous width", func(p *planted) { p.lock.Steps[0].Ja = "①回す" }, []string{"door/lock: steps in ja: …whose width is ambiguous"}},
		{"a control character", func(p *planted) { p.q1.Answers[0].Label.En = "fro\nnt" }, []string{"door/q1: answer in en: …control character"}},
		{"a placeholder nobody fills", func(p *planted) { p.lock.Steps[0].En = "It opens at {dawn}." }, []string{"door/lock: steps in en: …a placeholder nobody fills"}},
		{"no mistake: a placeholder", func(p *planted) { p.lock.Steps[0].En = "It opens at {opens}, {minutes} minutes, {booking}, {closes}." }, nil},
	} {
		c := small()
		door, key := &c.Guides.All[0], &c.Guides.All[1]
		p := &planted{&c.Guides, &door.Questions[0], &door.Questions[1], &door.Questions[2], &door.Questions[3], &door.Leaves[0], &key.Leaves[0]}
		tt.plant(p)
		problems := Check(c)
		for _, want := range tt.want {
			begins, holds, _ := strings.Cut(want, "…")
			i := slices.IndexFunc(problems, func(err error) bool {
				return strings.HasPrefix(err.Error(), begins) && strings.Contains(err.Error(), holds)
			})
			if i < 0 {
				t.Errorf("%s: %q is not found", tt.name, want)
				continue
			}
			problems = slices.Delete(problems, i, i+1)
		}
		for _, err := range problems {
			t.Errorf("%s: nobody planted %q", tt.name, err)
		}
	}
}

// planted are the small guides, and the nodes that mistakes are planted in.
type planted struct {
	g              *content.Guides
	q1, q2, q3, q4 *content.Question
	lock, hook     *content.Leaf
}

// shelf adds a guide of leaves alone.
func (p *planted) shelf() {
	board := *p.hook
	board.ID = "board"
	p.g.All = append(p.g.All, content.Guide{ID: "shelf", Title: words("shelf"), Leaves: []content.Leaf{board}})
}

func (p *planted) lead(en string) []content.Statement {
	return []content.Statement{{Words: content.Words{Ja: "は", Easy: "は", En: en}, Source: "carpenter"}}
}

// TestCheckSpeaksInOrder: who mends a guide runs the check again and again and must find the same list.
func TestCheckSpeaksInOrder(t *testing.T) {
	said := func() (all []string) {
		c := small()
		for i := range c.Guides.All[0].Questions {
			c.Guides.All[0].Questions[i].Ask = content.Words{}
		}
		for _, err := range Check(c) {
			all = append(all, err.Error())
		}
		return all
	}
	first := said()
	for range 10 {
		if again := said(); !slices.Equal(first, again) {
			t.Fatalf("Check says %q, and then %q", first, again)
		}
	}
}
