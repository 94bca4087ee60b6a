package content_test

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"kagimado/kiosk/content"
	"kagimado/kiosk/guide"
)

// small is a guide that guide.Check finds nothing in. The whole set would take a second to load and check each time.
const small = `id = "small"
title = { ja = "ちいさい", ja-easy = "ちいさい", en = "Small" }
[[question]]
id = "q"
ask = { ja = "はいですか", ja-easy = "はい ですか", en = "Is it yes?" }
unknown = "l"
[[question.answer]]
label = { ja = "はい", ja-easy = "はい", en = "Yes" }
to = "l"
[[leaf]]
id = "l"
title = { ja = "おわり", ja-easy = "おわり", en = "The end" }
steps = [{ ja = "まちます。", ja-easy = "まちます。", en = "Wait.", source = "own" }]
stop = [{ ja = "ききます。", ja-easy = "ききます。", en = "Ask.", source = "own" }]
`

const index = `menu = ["small"]
[[source]]
id = "own"
title = "own"
address = ""
checked = 2026-11-21
`

// FuzzContent loads the dated data with one of its files replaced. It is refused, or it can be used: the check of its
// guides ends, whatever it finds, and a guide in which it finds nothing can be walked to an end.
func FuzzContent(f *testing.F) {
	files := fstest.MapFS{"guides/small.toml": {Data: []byte(small)}, "guides/index.toml": {Data: []byte(index)}}
	data := os.DirFS("data")
	names, err := fs.Glob(data, "*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(data, name)
		if err != nil {
			f.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	if c, err := content.Load(files); err != nil || len(guide.Check(c)) > 0 {
		f.Fatal(err, guide.Check(c))
	}
	order := slices.Sorted(maps.Keys(files))
	f.Fuzz(func(t *testing.T, which byte, replaced []byte) {
		with := maps.Clone(files)
		with[order[int(which)%len(order)]] = &fstest.MapFile{Data: replaced}
		c, err := content.Load(with)
		if err != nil {
			return
		}
		for day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2027; day = day.AddDate(0, 0, 1) {
			d := content.DateOf(day)
			_, holiday := c.Calendar.Holiday(d)
			if holiday && !c.Calendar.Known(d) {
				t.Fatalf("%s is a holiday outside the list", d)
			}
			c.Calendar.YearEnd(d)
			c.Calendar.NationwideStop(d)
		}
		for _, id := range []string{content.PageStoreReset, content.PageCard} {
			if _, ok := c.Page(id); !ok {
				t.Fatalf("page %s is missing", id)
			}
		}
		if len(guide.Check(c)) > 0 {
			return
		}
		for _, id := range c.Guides.Menu {
			w, ok := guide.At(&c.Guides, id, nil)
			for range 100 {
				if ok = ok && !w.Nowhere(); !ok || w.Leaf() != nil {
					break
				}
				w = w.Answer(-1)
			}
			if !ok || w.Leaf() == nil {
				t.Fatalf("guide %s comes to no end", id)
			}
		}
	})
}
