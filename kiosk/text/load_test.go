package text

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// changed are the program's own files with one text replaced in one of them; without old the file is gone.
func changed(t *testing.T, name, old, text string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	for _, l := range Languages() {
		data, err := fs.ReadFile(Files(), l.file())
		if err != nil {
			t.Fatal(err)
		}
		s := string(data)
		if l.file() == name {
			if old == "" {
				continue
			}
			if !strings.Contains(s, old) {
				t.Fatalf("%s does not hold %q", name, old)
			}
			s = strings.Replace(s, old, text, 1)
		}
		all[l.file()] = &fstest.MapFile{Data: []byte(s)}
	}
	return all
}

func TestLoad(t *testing.T) {
	c, err := Load(changed(t, "ja.toml", `headline = "印刷しています"`, `headline = "いま印刷しています"`))
	if err != nil {
		t.Fatal(err)
	}
	const key, before, after = "scene.printing.headline", "印刷しています", "いま印刷しています"
	if got := Japanese.Say(key); got != before {
		t.Errorf("before Use it says %q; want %q", got, before)
	}
	Use(c)
	defer Use(nil)
	if got, name := Japanese.Say(key), English.Say("language.name"); got != after || name != "English" || !Has(key) || len(Keys()) != len(builtin[Japanese]()) {
		t.Errorf("after Use it says %q, %q; want %q, English", got, name, after)
	}
	Use(nil)
	if got := Japanese.Say(key); got != before {
		t.Errorf("after Use(nil) it says %q; want %q", got, before)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct{ name, file, old, text, want string }{
		{"no file", "en.toml", "", "", "en.toml"},
		{"no TOML", "en.toml", "[scene.printing]", "[scene.printing", "en.toml: "},
		{"a message that is missing", "ja.toml", `restart = "再起動"`, "", "ja.toml: message button.restart is missing"},
		{"a message that is missing in another language", "ja-easy.toml", "[scene.printing]", "[scene.prynting]", "ja-easy.toml: message scene.printing.headline is missing"},
		{"a message of another program", "ja.toml", `restart = "再起動"`, "restart = \"再起動\"\nrestore = \"復元\"", "ja.toml: message button.restore is said nowhere"},
		{"a placeholder that is missing", "ja.toml", `"{done} / {total}"`, `"{done}"`, `ja.toml: message scene.reading.progress has the placeholders ["done"]`},
		{"a placeholder of another program", "ja.toml", `restart = "再起動"`, `restart = "再{n}"`, `message button.restart has the placeholders ["n"]`},
		{"a button without room", "ja.toml", `restart = "再起動"`, `restart = "プログラムと本体の再起動をする"`, "message button.restart"},
		{"a headline without room", "ja.toml", `headline = "印刷しています"`, `headline = "` + strings.Repeat("印刷しています", 6) + `"`, "message scene.printing.headline takes 3 rows"},
		{"a sentence without end", "ja.toml", `fault = "係の人に伝える番号：{code}"`, `fault = "` + strings.Repeat("あ", longest) + `{code}"`, "message scene.fault takes"},
		{"an empty message", "ja.toml", `restart = "再起動"`, `restart = ""`, "it is empty"},
		{"an escape", "ja.toml", `restart = "再起動"`, `restart = "\u001b[2J"`, "control character"},
	} {
		c, err := Load(changed(t, tt.file, tt.old, tt.text))
		if err == nil || c != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Load = %v, %v; want an error that says %q", tt.name, c, err, tt.want)
		}
		var at *FileError
		if tt.old != "" && (!errors.As(err, &at) || at.Name != tt.file) {
			t.Errorf("%s: %v does not name %s", tt.name, err, tt.file)
		}
	}
}

// FuzzMessages puts anything into the place of a language: a whole catalogue or none, and every message of it can be said.
func FuzzMessages(f *testing.F) {
	english, err := fs.ReadFile(Files(), "en.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(english)
	f.Add([]byte("[scene.printing]\nheadline = \"x\"\n"))
	f.Add([]byte("a" + strings.Repeat(".a", 1000) + " = 1"))
	f.Add([]byte("a = 2026-02-30"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all := changed(t, "en.toml", "", "").(fstest.MapFS)
		all["en.toml"] = &fstest.MapFile{Data: data}
		c, err := Load(all)
		if (c == nil) == (err == nil) || c != nil && len(c.messages) != len(Languages()) {
			t.Fatalf("Load = %v, %v; want all or nothing", c, err)
		}
	})
}
