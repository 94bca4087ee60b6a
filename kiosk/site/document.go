package site

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a parsed TOML file that remembers where every key and value stands. Decoding into structs would stop at
// the first mistake and forget the places of values; staff want all mistakes at once, each with its line.
type document struct {
	file     string
	data     []byte
	keys     map[string]int // byte offset of the key, by path such as window[1].hours[2].open
	values   map[string]int // byte offset of the value
	problems []Problem
}

// parse returns the top table; nil after a mistake that leaves nothing to decode.
func parse(file string, data []byte) (*document, *table) {
	d := &document{file: file, data: data, keys: map[string]int{}, values: map[string]int{}}
	if d.data = d.readable(data); d.data == nil {
		return d, nil
	}
	d.lookAlikes()
	if len(d.problems) > 0 {
		return d, nil // the parser would only stumble over the same places
	}
	values := map[string]any{}
	if err := toml.Unmarshal(d.data, &values); err != nil {
		at := (*toml.DecodeError)(nil)
		if errors.As(err, &at) {
			row, column := at.Position()
			d.syntax(row, column, err)
		} else {
			d.syntax(1, 1, err)
		}
		return d, nil
	}
	d.locate()
	return d, &table{doc: d, values: values, used: map[string]bool{}}
}

// report adds a problem at a byte offset.
func (d *document) report(offset int, key string, s Severity, format string, args ...any) {
	line := bytes.Count(d.data[:offset], []byte("\n")) + 1
	start := bytes.LastIndexByte(d.data[:offset], '\n') + 1
	d.problems = append(d.problems, Problem{
		File: d.file, Line: line, Column: utf8.RuneCount(d.data[start:offset]) + 1, Key: key,
		Message: fmt.Sprintf(format, args...), Severity: s,
	})
}

// at is the offset of the value at path, else of its key, else of the nearest table around it.
func (d *document) at(path string) int {
	if o, ok := d.values[path]; ok {
		return o
	}
	for path != "" {
		if o, ok := d.keys[path]; ok {
			return o
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

const saveAsUTF8 = "メモ帳の「名前を付けて保存」で文字コードに「UTF-8」を選んで保存しなおしてください。"

// readable returns data without byte order mark, or nil after naming an encoding that is not UTF-8.
func (d *document) readable(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) || bytes.IndexByte(data, 0) >= 0 {
		d.report(0, "", Mistake, "文字コードが UTF-16（Unicode）のようです。%s", saveAsUTF8)
		return nil
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			d.data = data
			d.report(i, "", Mistake, "文字コードが UTF-8 ではありません。Shift_JIS（ANSI）のようです。%s", saveAsUTF8)
			return nil
		}
		i += n
	}
	return data
}

// lookAlikes reports characters outside of strings and comments that look like TOML and are not: what a Japanese
// input method types when it was not switched off. One per line is enough.
func (d *document) lookAlikes() {
	var quote string // the quotation mark(s) that end the present string
	comment, reported := false, false
	for i := 0; i < len(d.data); {
		rest := d.data[i:]
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == '\n':
			comment, reported = false, false
			if len(quote) == 1 {
				quote = "" // an unclosed string ends with its line, the parser will say so
			}
		case comment:
		case quote != "":
			if r == '\\' && quote[0] == '"' && len(rest) > 1 && rest[1] != '\n' {
				n = 2
			} else if bytes.HasPrefix(rest, []byte(quote)) {
				n, quote = len(quote), ""
			}
		case r == '#':
			comment = true
		case r == '"' || r == '\'':
			quote = string(r)
			if triple := strings.Repeat(quote, 3); bytes.HasPrefix(rest, []byte(triple)) {
				quote, n = triple, 3
			}
		case reported:
		case strings.ContainsRune("“”„‟＂″「」『』", r):
			d.report(i, "", Mistake, "引用符「%c」は使えません。半角の \" で囲んでください。", r)
			reported = true
		case strings.ContainsRune("‘’‚‛＇′", r):
			d.report(i, "", Mistake, "引用符「%c」は使えません。半角の \" で囲んでください。", r)
			reported = true
		case r == '\u3000':
			d.report(i, "", Mistake, "全角の空白があります。半角の空白にするか、消してください。")
			reported = true
		case r >= '！' && r <= '～':
			d.report(i, "", Mistake, "全角の「%c」があります。半角の「%c」で書いてください。", r, r-'！'+'!')
			reported = true
		case strings.ContainsRune("、。−–—〜", r):
			d.report(i, "", Mistake, "「%c」はここでは使えません。半角の記号で書いてください。", r)
			reported = true
		}
		i += n
	}
}

// syntax turns the parser's error into what staff can do about the line it points at.
func (d *document) syntax(row, column int, err error) {
	lines := bytes.Split(d.data, []byte("\n"))
	row = min(max(row, 1), len(lines))
	line := string(bytes.TrimRight(lines[row-1], "\r"))
	offset := min(column-1, len(line))
	for _, l := range lines[:row-1] {
		offset += len(l) + 1
	}
	key, value, assigned := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	header := strings.HasPrefix(key, "[")
	message := "書き方が正しくありません。「項目 = 値」の形で書いてください（文字の値は半角の \" で囲みます）。"
	switch said := err.Error(); {
	case strings.Contains(said, "already") || strings.Contains(said, "redefine") || strings.Contains(said, "duplicate"):
		message = fmt.Sprintf("「%s」が2回書かれています。どちらかを消してください。", strings.Trim(key, "[] "))
	case header && strings.Count(line, "[") != strings.Count(line, "]"):
		message = "見出しのかっこ [ ] の数が合っていません。"
	case !assigned && !header && strings.TrimSpace(line) != "":
		message = "「=」がありません。「項目 = 値」の形で書いてください。"
	case strings.Count(value, `"`)%2 == 1:
		message = fmt.Sprintf("「%s」の値の引用符 \" が片方しかありません。値の前後を \" で囲んでください。", key)
	case assigned && value == "":
		message = fmt.Sprintf("「%s」の値がありません。使わない項目は行ごと消してください。", key)
	case strings.HasPrefix(value, "[") && strings.Count(value, "[") != strings.Count(value, "]"):
		message = fmt.Sprintf("「%s」のかっこ [ ] が閉じていません。", key)
	case assigned && !strings.ContainsAny(value, "\"'[{"):
		message = fmt.Sprintf("「%s」の値を半角の \" で囲んでください。例: %s = \"%s\"", key, key, value)
	}
	d.report(offset, "", Mistake, "%s", message)
}

// locate walks the syntax tree for the places of keys and values. The document is known to parse.
func (d *document) locate() {
	p := unstable.Parser{}
	p.Reset(d.data)
	prefix := ""
	count := map[string]int{} // elements of arrays of tables so far
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			prefix = ""
			for it := e.Key(); it.Next(); {
				prefix = join(prefix, string(it.Node().Data))
				if _, seen := d.keys[prefix]; !seen {
					d.keys[prefix] = int(it.Node().Raw.Offset)
				}
				if it.IsLast() && e.Kind == unstable.ArrayTable {
					count[prefix]++
				}
				if n := count[prefix]; n > 0 {
					prefix += "[" + strconv.Itoa(n) + "]"
					if _, seen := d.keys[prefix]; !seen {
						d.keys[prefix] = int(it.Node().Raw.Offset)
					}
				}
			}
		case unstable.KeyValue:
			d.locateValue(e, prefix)
		}
	}
}

func (d *document) locateValue(e *unstable.Node, prefix string) {
	for it := e.Key(); it.Next(); {
		prefix = join(prefix, string(it.Node().Data))
		if _, seen := d.keys[prefix]; !seen {
			d.keys[prefix] = int(it.Node().Raw.Offset)
		}
	}
	d.locateElement(e.Value(), prefix)
}

func (d *document) locateElement(v *unstable.Node, path string) {
	if v.Raw.Length > 0 {
		d.values[path] = int(v.Raw.Offset)
	}
	switch v.Kind {
	case unstable.Array:
		n := 0
		for it := v.Children(); it.Next(); {
			n++
			element := path + "[" + strconv.Itoa(n) + "]"
			d.locateElement(it.Node(), element)
			if o, ok := d.values[element]; ok && n == 1 {
				d.values[path] = o // the parser keeps no place of the bracket itself
			}
		}
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			d.locateValue(it.Node(), path)
		}
	}
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// table is one table of a document. Reading a key marks it as known; finish reports the rest.
type table struct {
	doc    *document
	path   string
	values map[string]any
	used   map[string]bool
}

func (t *table) full(key string) string { return join(t.path, key) }

func (t *table) mistake(key, format string, args ...any) {
	path := t.full(key)
	t.doc.report(t.doc.at(path), path, Mistake, format, args...)
}

func (t *table) advice(key, format string, args ...any) {
	path := t.full(key)
	t.doc.report(t.doc.at(path), path, Advice, format, args...)
}

func (t *table) has(key string) bool { _, ok := t.values[key]; return ok }

func (t *table) get(key string) (any, bool) {
	t.used[key] = true
	v, ok := t.values[key]
	return v, ok
}

// text reads a string; missing is "".
func (t *table) text(key string) string {
	v, ok := t.get(key)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		t.mistake(key, "「%s」は文字で書きます。値を半角の \" で囲んでください。", key)
	}
	return strings.TrimSpace(s)
}

// need reads a string that must be there.
func (t *table) need(key string) string {
	s := t.text(key)
	if v, ok := t.values[key]; !ok {
		t.mistake(key, "「%s」がありません。%s = \"…\" の行を足してください。", key, key)
	} else if v == "" {
		t.mistake(key, "「%s」が空です。値を書いてください。", key)
	}
	return s
}

// flag reads a truth value.
func (t *table) flag(key string) bool {
	v, ok := t.get(key)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		t.mistake(key, "「%s」は true（はい）か false（いいえ）で、引用符なしで書きます。", key)
	}
	return b
}

// number reads a whole number between low and high.
func (t *table) number(key string, low, high, otherwise int) int {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	n, ok := v.(int64)
	if !ok {
		t.mistake(key, "「%s」は半角の数字で、引用符なしで書きます。例: %s = %d", key, key, otherwise)
		return otherwise
	}
	if n < int64(low) || n > int64(high) {
		t.mistake(key, "「%s」は%dから%dまでの数です（%dになっています）。", key, low, high, n)
		return otherwise
	}
	return int(n)
}

// oneOf reads a number or text that must be one of a few.
func (t *table) oneOf(key string, otherwise string, choices ...string) string {
	v, ok := t.get(key)
	if !ok {
		return otherwise
	}
	s := fmt.Sprint(v)
	if !slices.Contains(choices, s) {
		t.mistake(key, "「%s」に「%s」は使えません。%sのどれかを書いてください。%s", key, s, strings.Join(choices, "、"), nearest(s, choices))
		return otherwise
	}
	return s
}

// texts reads an array of strings, each one of choices if there are any.
func (t *table) texts(key string, choices ...string) []string {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.mistake(key, "「%s」はかっこで囲んで並べます。例: %s = [\"…\", \"…\"]", key, key)
		return nil
	}
	var out []string
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", key, i+1)
		s, ok := e.(string)
		switch {
		case !ok || strings.TrimSpace(s) == "":
			t.mistake(at, "「%s」の%d番目は文字で書きます。値を半角の \" で囲んでください。", key, i+1)
		case len(choices) > 0 && !slices.Contains(choices, s):
			t.mistake(at, "「%s」に「%s」は使えません。%sから選んでください。%s", key, s, strings.Join(choices, "、"), nearest(s, choices))
		default:
			out = append(out, s)
		}
	}
	return out
}

// pair reads an array of two positive numbers.
func (t *table) pair(key string) (a, b int) {
	v, ok := t.get(key)
	if !ok {
		t.mistake(key, "「%s」がありません。%s = [横, 縦] の行を足してください。", key, key)
		return 0, 0
	}
	list, _ := v.([]any)
	if len(list) == 2 {
		x, xOK := list[0].(int64)
		y, yOK := list[1].(int64)
		if xOK && yOK && x > 0 && y > 0 && x < 100000 && y < 100000 {
			return int(x), int(y)
		}
	}
	t.mistake(key, "「%s」は横と縦の数を %s = [横, 縦] の形で書きます。", key, key)
	return 0, 0
}

// table returns the sub-table key; an empty one if it is missing.
func (t *table) table(key string) *table {
	sub := &table{doc: t.doc, path: t.full(key), used: map[string]bool{}}
	v, ok := t.get(key)
	if !ok {
		return sub
	}
	if sub.values, ok = v.(map[string]any); !ok {
		t.mistake(key, "「%s」は見出しです。[%s] と書き、その下に項目を並べてください。", key, key)
	}
	return sub
}

// tables returns the elements of the array of tables key.
func (t *table) tables(key string) []*table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	var out []*table
	list, ok := v.([]any)
	for i, e := range list {
		var values map[string]any
		if values, ok = e.(map[string]any); !ok {
			break
		}
		out = append(out, &table{doc: t.doc, path: fmt.Sprintf("%s[%d]", t.full(key), i+1), values: values, used: map[string]bool{}})
	}
	if !ok {
		t.mistake(key, "「%s」はくりかえせる見出しです。かっこを二重にして [[%s]] と書いてください。", key, key)
		return nil
	}
	return out
}

// finish reports every key that was not read, with the nearest known one.
func (t *table) finish() {
	known := slices.Sorted(maps.Keys(t.used))
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if t.used[key] {
			continue
		}
		path := t.full(key)
		offset, ok := t.doc.keys[path]
		if !ok {
			offset = t.doc.at(path)
		}
		t.doc.report(offset, path, UnknownKey, "「%s」という項目はありません。%s", key, nearest(key, known))
	}
}

// nearest suggests the choice that s was probably meant to be, or nothing.
func nearest(s string, choices []string) string {
	best, least := "", len(s)/3+2
	for _, c := range choices {
		if n := distance(s, c); n < least {
			best, least = c, n
		}
	}
	if best == "" {
		return ""
	}
	return "「" + best + "」の書きまちがいではありませんか。"
}

// distance is the number of characters to add, drop or change (Levenshtein).
func distance(a, b string) int {
	x, y := []rune(strings.ToLower(a)), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			change := diagonal
			if x[i] != y[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

func (d *document) sorted() []Problem {
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.problems
}
