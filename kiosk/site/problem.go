package site

import (
	"fmt"
	"slices"
)

// Severity tells what a problem in a profile means.
type Severity uint8

// Severities.
const (
	Mistake    Severity = iota // the profile cannot be used
	UnknownKey                 // fails a check; ignored at boot, because an older program must run a newer file
	Advice                     // the profile works, but probably not as meant
)

// Problem is one thing wrong with a profile, told to staff in Japanese: what is wrong and how to put it right.
type Problem struct {
	File         string
	Line, Column int    // from 1; the column counts characters, as Notepad does
	Key          string // window[2].hours[1].open, or empty where no key is concerned
	Message      string
	Severity     Severity
}

// String writes file:line:column: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Failed tells whether a check of the profile fails. Load's profile may be usable all the same.
func Failed(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity != Advice })
}

// Unprintable finds characters in the profile's texts that neither screen nor slip can show: one of them would keep
// every slip that holds it from being printed. drawable is the typeface's word; comments may say what they like.
func Unprintable(name string, data []byte, drawable func(rune) bool) []Problem {
	d := &document{file: name}
	if d.data = d.readable(data); d.data == nil {
		return nil // Load has named the encoding
	}
	var quote rune // that began the text this is in; 0 outside
	comment := false
	for offset, r := range string(d.data) {
		switch {
		case r == '\n':
			quote, comment = 0, false
		case comment:
		case quote == 0 && r == '#':
			comment = true
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == r:
			quote = 0
		case quote != 0 && !drawable(r):
			d.report(offset, "", Mistake, "「%c」（U+%04X）は画面にも紙にも出せない文字です。別の書き方にしてください。", r, r)
		}
	}
	return d.sorted()
}
