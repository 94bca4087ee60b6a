package edition

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

const (
	older = "2026-11-28.235959.0123abc"
	ours  = "2026-11-29.165101.4c01c99"
	newer = "2026-11-29.165102.0000000"
)

// whole is the packed edition as a tree of names.
func whole(t testing.TB, version string) map[string]string {
	t.Helper()
	all, err := builtinTree()
	if err != nil {
		t.Fatal(err)
	}
	all = maps.Clone(all)
	all["version.txt"] = version + "\n"
	return all
}

// builtinTree is read once: a test of every mistake reads it very often.
var builtinTree = sync.OnceValues(func() (map[string]string, error) {
	var b bytes.Buffer
	if err := Pack(&b, ours); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, f := range z.File {
		data, err := fs.ReadFile(z, f.Name)
		if err != nil {
			return nil, err
		}
		all[f.Name] = string(data)
	}
	return all, nil
})

func packed(t testing.TB, version string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Pack(&b, version); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipped packs a tree.
func zipped(t testing.TB, tree map[string]string) []byte {
	t.Helper()
	return archived(t, func(z *zip.Writer) {
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			put(t, z, &zip.FileHeader{Name: name, Method: zip.Store}, tree[name])
		}
	})
}

func archived(t testing.TB, fill func(*zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	fill(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t testing.TB, z *zip.Writer, head *zip.FileHeader, data string) {
	t.Helper()
	f, err := z.CreateHeader(head)
	if err == nil {
		_, err = f.Write([]byte(data))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(data []byte) (*Edition, error) { return Read(bytes.NewReader(data), int64(len(data))) }

// TestPack: the same bytes every time, and what is read from them is the built-in edition.
func TestPack(t *testing.T) {
	first := packed(t, ours)
	if !bytes.Equal(first, packed(t, ours)) {
		t.Error("two copies of one edition differ")
	}
	if len(first) > Most/2 {
		t.Errorf("a copy has %d bytes: no longer far from the limit of %d", len(first), Most)
	}
	e, err := read(first)
	if err != nil {
		t.Fatal(err)
	}
	if e.Version != ours {
		t.Errorf("version is %q; want %q", e.Version, ours)
	}
	if diff := cmp.Diff(content.Embedded(), e.Content, cmp.AllowUnexported(content.Calendar{})); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "2026-11-29", ours + "\n", "2026-13-29.165101.4c01c99", "2026-11-29.250000.4c01c99"} {
		if err := Pack(&bytes.Buffer{}, bad); err == nil {
			t.Errorf("a copy of version %q is packed", bad)
		}
	}
}

func TestUse(t *testing.T) {
	tree := whole(t, newer)
	tree["text/ja.toml"] = strings.Replace(tree["text/ja.toml"], `headline = "係員メニュー"`, `headline = "係員のメニュー"`, 1)
	e, err := read(zipped(t, tree))
	if err != nil {
		t.Fatal(err)
	}
	packedTree := whole(t, newer) // as it is made elsewhere, packed
	if e, err := read(archived(t, func(z *zip.Writer) {
		for _, name := range slices.Sorted(maps.Keys(packedTree)) {
			put(t, z, &zip.FileHeader{Name: name, Method: zip.Deflate}, packedTree[name])
		}
	})); err != nil || e.Version != newer {
		t.Errorf("a packed copy: %v, %v", e, err)
	}
	e.Use()
	defer Builtin().Use()
	if got := text.Japanese.Say("scene.staff.headline"); got != "係員のメニュー" {
		t.Errorf("it says %q; want the copy's words", got)
	}
	Builtin().Use()
	if got := text.Japanese.Say("scene.staff.headline"); got != "係員メニュー" {
		t.Errorf("it says %q; want the program's own words", got)
	}
}

func TestNewer(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{newer, ours, true}, {ours, newer, false}, {ours, older, true}, {ours, ours, false}, {ours + ".develop", ours, false},
		{"2026-11-29.165101.ffffff0", ours, false}, {ours, "", true}, {"", ours, false}, {"", "", false}, {"9999", ours, false}, {ours, "9999", true},
	} {
		if got := Newer(tt.a, tt.b); got != tt.want {
			t.Errorf("Newer(%q, %q) = %v; want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// of makes the program one of that version for one test.
func of(t *testing.T, version string) {
	t.Helper()
	was := built
	built = version
	t.Cleanup(func() { built = was })
}

func TestVersion(t *testing.T) {
	for given, want := range map[string]string{"": "", ours: ours, ours + ".develop": ours + ".develop", "2026-11-29.4c01c99": "", ".develop": ""} {
		if of(t, given); Version() != want {
			t.Errorf("told %q the program is of version %q; want %q", given, Version(), want)
		}
	}
}

// TestChoose: the newer one serves, and a copy that cannot be used costs nothing but itself.
func TestChoose(t *testing.T) {
	broken := whole(t, newer)
	delete(broken, "text/en.toml")
	dead := whole(t, newer)
	dead["content/guides/prevention.toml"] = strings.Replace(dead["content/guides/prevention.toml"], `id = "stop"`, `id = "stopped"`, 1)
	cut := packed(t, newer)
	for name, tt := range map[string]struct {
		program string
		copy    []byte
		used    bool
		fault   bool
	}{
		"no copy":                         {ours, nil, false, false},
		"newer":                           {ours, packed(t, newer), true, false},
		"the same":                        {ours, packed(t, ours), false, false},
		"older":                           {ours, packed(t, older), false, false},
		"older and not understood":        {newer, zipped(t, map[string]string{"version.txt": ours}), false, false},
		"of a program in development":     {"", packed(t, older), true, false},
		"without words":                   {ours, zipped(t, broken), false, true},
		"with a dead end":                 {ours, zipped(t, dead), false, true},
		"without version":                 {ours, zipped(t, map[string]string{"content/stores.toml": ""}), false, true},
		"cut short":                       {ours, cut[:len(cut)-100], false, true},
		"empty":                           {ours, []byte{}, false, true},
		"in development, and without all": {"", zipped(t, map[string]string{"version.txt": newer}), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			of(t, tt.program)
			name := filepath.Join(t.TempDir(), "copy")
			if tt.copy != nil {
				if err := os.WriteFile(name, tt.copy, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			e, err := Choose(name)
			if e == nil || e.Content == nil || (err != nil) != tt.fault {
				t.Fatalf("Choose = %+v, %v; want an edition, and an error: %v", e, err, tt.fault)
			}
			if used := e.words != nil; used != tt.used || !used && (e.Version != Version() || e.Content != content.Embedded()) {
				t.Errorf("the copy is used: %v, version %q; want %v and nothing of it else", used, e.Version, tt.used)
			}
		})
	}
	of(t, ours)
	if e, err := Choose(""); err != nil || e.Version != ours {
		t.Errorf("without a copy: %+v, %v", e, err)
	}
	if e, err := Choose(t.TempDir()); err == nil || e.Version != ours {
		t.Errorf("a folder in the copy's place: %+v, %v; want an error and the built-in edition", e, err)
	}
}

func TestCheckFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "copy")
	if _, err := CheckFile(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := CheckFile(dir); err == nil {
		t.Error("a folder passes")
	}
	if err := os.WriteFile(name, packed(t, older), 0o644); err != nil {
		t.Fatal(err)
	}
	of(t, ours)
	if v, err := CheckFile(name); v != older || err != nil {
		t.Errorf("CheckFile = %q, %v; want %q, whichever program asks", v, err, older)
	}
}

// TestLimits: each is held before or while a copy is unpacked.
func TestLimits(t *testing.T) {
	bomb := strings.Repeat("#", maxFile)
	lots := func(n, size int) []byte {
		return archived(t, func(z *zip.Writer) {
			put(t, z, &zip.FileHeader{Name: "version.txt"}, ours)
			for i := range n {
				put(t, z, &zip.FileHeader{Name: "content/guides/g" + strings.Repeat("x", i+1) + ".toml", Method: zip.Store}, strings.Repeat("#", size))
			}
		})
	}
	// liar claims to hold less than it does: sizes and checksum are the header's word.
	liar := archived(t, func(z *zip.Writer) {
		put(t, z, &zip.FileHeader{Name: "content/stores.toml", Method: zip.Deflate}, bomb[:5000])
	})
	patch := func(data []byte, signature string, at int, value byte) []byte {
		data = bytes.Clone(data)
		i := bytes.LastIndex(data, []byte(signature))
		copy(data[i+at:], []byte{value, 0, 0, 0})
		return data
	}
	small := zipped(t, map[string]string{"version.txt": ours})
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"a file that is too long": {append(bytes.Clone(small), make([]byte, Most)...), ErrTooLarge},
		"too many entries":        {lots(maxEntries, 1), ErrTooLarge},
		"an entry that is too long": {archived(t, func(z *zip.Writer) {
			put(t, z, &zip.FileHeader{Name: "content/stores.toml", Method: zip.Store}, bomb+"#")
		}), ErrTooLarge},
		"an entry that packs too well": {archived(t, func(z *zip.Writer) {
			put(t, z, &zip.FileHeader{Name: "content/stores.toml", Method: zip.Deflate}, bomb)
		}), ErrTooLarge},
		"an entry that holds more than told": {patch(liar, "PK\x01\x02", 24, 100), ErrDamaged},
		"an entry with another checksum":     {patch(liar, "PK\x01\x02", 16, 1), ErrDamaged},
		"no zip":                             {[]byte("schema = 1"), ErrDamaged},
		"nothing":                            {nil, ErrDamaged},
		"half":                               {packed(t, ours)[:1000], ErrDamaged},
		"an unknown way of packing":          {patch(liar, "PK\x01\x02", 10, 99), ErrDamaged},
	} {
		if e, err := read(tt.data); e != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, e, err, tt.want)
		}
	}
	// Less than all at once: each entry passes, all of them together do not.
	rnd := rand.New(rand.NewPCG(1, 2026))
	many := archived(t, func(z *zip.Writer) {
		for i := range maxUnpacked/maxFile + 1 {
			half := []byte(strings.Repeat("#", maxFile))
			for range maxFile / 60 { // so that it packs to a fiftieth
				half[rnd.IntN(maxFile)] = byte('a' + rnd.IntN(26))
			}
			put(t, z, &zip.FileHeader{Name: "content/guides/g" + strings.Repeat("x", i+1) + ".toml", Method: zip.Deflate}, string(half))
		}
	})
	if e, err := read(many); len(many) > Most || e != nil || !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "gxxxxxxxxxxxxxxxxx.toml") {
		t.Errorf("%d bytes that unpack to more than %d: %v, %v; want %v at the seventeenth", len(many), maxUnpacked, e, err, ErrTooLarge)
	}
}

// TestRefuses: a copy that this program does not understand, each with the file that is at fault.
func TestRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(map[string]string)
		file   string
		want   string
	}{
		"no version":          {func(m map[string]string) { delete(m, "version.txt") }, "version.txt", "missing"},
		"a version of words":  {func(m map[string]string) { m["version.txt"] = "latest\n" }, "version.txt", "no version"},
		"a day that is none":  {func(m map[string]string) { m["version.txt"] = "2026-02-30.165101.4c01c99\n" }, "version.txt", "no version"},
		"more than a version": {func(m map[string]string) { m["version.txt"] += "x" }, "version.txt", "follows"},
		"an unknown key": {func(m map[string]string) {
			m["content/stores.toml"] = strings.Replace(m["content/stores.toml"], `reach = "全国"`, "reach = \"全国\"\ncolour = 1", 1)
		}, "content/stores.toml", "23:1: unknown key chain.colour"},
		"no calendar": {func(m map[string]string) { delete(m, "content/calendar.toml") }, "content", "calendar.toml"},
		"no words":    {func(m map[string]string) { delete(m, "text/ja.toml") }, "text", "ja.toml"},
		"a guide's circle": {func(m map[string]string) {
			m["content/guides/index.toml"] = strings.Replace(m["content/guides/index.toml"], `menu = [`, `menu = ["nowhere", `, 1)
		}, "content/guides", "the menu leads to it"},
		"a message that is missing": {func(m map[string]string) {
			m["text/ja.toml"] = strings.Replace(m["text/ja.toml"], "restart = \"再起動\"\n", "", 1)
		}, "text/ja.toml", "message button.restart is missing"},
		"a message of a newer program": {func(m map[string]string) { m["text/ja.toml"] += "\n[scene.moon]\nheadline = \"月\"\n" }, "text/ja.toml", "message scene.moon.headline"},
		"a code that is missing": {func(m map[string]string) {
			m["content/faults.toml"] = strings.Replace(m["content/faults.toml"], `"U-10"`, `"U-99"`, 1)
		}, "content/faults.toml", "U-10"},
		"a character without a glyph": {func(m map[string]string) {
			m["content/stores.toml"] = strings.Replace(m["content/stores.toml"], "ローソン", "ローソン♿", 1)
		}, "content/stores.toml", "cannot be drawn"},
		"an address without end": {func(m map[string]string) {
			m["content/pages.toml"] = strings.Replace(m["content/pages.toml"], `address = "https://`, `address = "https://`+strings.Repeat("x", maxAddress), 1)
		}, "content/pages.toml", "want 500 at most"},
		"an escape": {func(m map[string]string) {
			m["content/faults.toml"] = strings.Replace(m["content/faults.toml"], `name = "`, `name = "\u001b[2J`, 1)
		}, "content/faults.toml", "cannot be drawn"},
		"a table of a newer program":    {func(m map[string]string) { m["content/moons.toml"] = "a = 1" }, "content/moons.toml", "does not know"},
		"a language of a newer program": {func(m map[string]string) { m["text/pt.toml"] = "a = \"b\"" }, "text/pt.toml", "does not know"},
		"another kind of file":          {func(m map[string]string) { m["content/run.sh"] = "" }, "content/run.sh", "no file of that name"},
		"a folder below":                {func(m map[string]string) { m["content/guides/a/b.toml"] = "" }, "content/guides/a/b.toml", "no file of that name"},
		"a way out":                     {func(m map[string]string) { m["../content/x.toml"] = "" }, "../content/x.toml", "leads out"},
		"a way out within":              {func(m map[string]string) { m["content/../../x.toml"] = "" }, "content/../../x.toml", "leads out"},
		"an absolute path":              {func(m map[string]string) { m["/etc/x.toml"] = "" }, "/etc/x.toml", "leads out"},
		"a path of another system":      {func(m map[string]string) { m[`content\x.toml`] = "" }, `content\x.toml`, "leads out"},
		"a folder":                      {func(m map[string]string) { m["content/x/"] = "" }, "content/x/", "leads out"},
	} {
		tree := whole(t, newer)
		tt.change(tree)
		e, err := read(zipped(t, tree))
		var at *Mistake
		if e != nil || !errors.As(err, &at) || at.File != tt.file || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want a mistake in %s that says %q", name, e, err, tt.file, tt.want)
		}
		if errors.Is(err, ErrTooLarge) || errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v is told as too large or damaged", name, err)
		}
	}
	for name, fill := range map[string]func(*zip.Writer){
		"twice": func(z *zip.Writer) {
			put(t, z, &zip.FileHeader{Name: "version.txt"}, ours)
			put(t, z, &zip.FileHeader{Name: "version.txt"}, newer)
		},
		"a link": func(z *zip.Writer) {
			head := &zip.FileHeader{Name: "version.txt"}
			head.SetMode(fs.ModeSymlink | 0o777)
			put(t, z, head, "/etc/passwd")
		},
	} {
		var at *Mistake
		if e, err := read(archived(t, fill)); e != nil || !errors.As(err, &at) || at.File != "version.txt" {
			t.Errorf("%s: %v, %v; want a mistake in version.txt", name, e, err)
		}
	}
}

// FuzzCopy: whatever is read, it is one whole edition or none, and never a crash.
func FuzzCopy(f *testing.F) {
	f.Add(packed(f, ours))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := read(data)
		if (e == nil) == (err == nil) {
			t.Fatalf("%v, %v; want an edition or an error", e, err)
		}
		if e != nil && (e.Content == nil || e.words == nil || checkVersion(e.Version) != nil) {
			t.Errorf("half an edition: %+v", e)
		}
	})
}
