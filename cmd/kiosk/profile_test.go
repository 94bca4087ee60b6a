package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/content"
	"kagimado/kiosk/ledger"
)

// device is a kiosk's two partitions: the profile on one, the state on the other.
type device struct {
	t           *testing.T
	file, state string
	log         bytes.Buffer
}

func newDevice(t *testing.T) *device {
	dir := t.TempDir()
	return &device{t: t, file: filepath.Join(dir, "firmware", "kiosk.toml"), state: filepath.Join(dir, "state")}
}

// write puts a profile on the device.
func (d *device) write(data string) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.file, []byte(data), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// boot loads the profile as the program does.
func (d *device) boot() (profile, error) {
	d.t.Helper()
	d.log.Reset()
	log := slog.New(slog.NewTextHandler(&d.log, nil))
	records := openLedger(d.state, log)
	p, err := loadProfile(d.file, content.Embedded(), records, log)
	if err == nil {
		keepProfile(p, records, log)
	}
	return p, err
}

// runs wants the kiosk to run with the office of that name and to tell staff this.
func (d *device) runs(office string, staff ...string) {
	d.t.Helper()
	p, err := d.boot()
	if err != nil {
		d.t.Fatalf("loadProfile: %v\n%s", err, &d.log)
	}
	if p.Name != office {
		d.t.Errorf("the kiosk runs for %q; want %q", p.Name, office)
	}
	if diff := cmp.Diff(staff, p.staff); diff != "" {
		d.t.Errorf("staff are told (-want +got):\n%s", diff)
	}
}

// fails wants an error that names all of this.
func (d *device) fails(names ...string) error {
	d.t.Helper()
	p, err := d.boot()
	if err == nil {
		d.t.Fatalf("the kiosk runs for %q; want an error", p.Name)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			d.t.Errorf("loadProfile = %q; want %q in it", err, name)
		}
	}
	return err
}

// logged wants this in the log of the last boot.
func (d *device) logged(said string) {
	d.t.Helper()
	if !strings.Contains(d.log.String(), said) {
		d.t.Errorf("the log does not say %q:\n%s", said, &d.log)
	}
}

// kept returns the record of the last good profile.
func (d *device) kept() string {
	d.t.Helper()
	l, err := ledger.Open(d.state)
	if err != nil {
		d.t.Fatal(err)
	}
	data, err := l.Load(lastGood)
	if err != nil && !errors.Is(err, ledger.ErrNone) {
		d.t.Fatal(err)
	}
	return string(data)
}

// cityHall is a good profile, with one line replaced if there is something to replace.
func cityHall(t *testing.T, pairs ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "kiosk", "site", "profiles", "city-hall.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(data), pairs[i]) {
			t.Fatalf("the profile does not say %q", pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(string(data))
}

const (
	city = "みほん市役所 本庁舎"
	runs = "kiosk.toml を読めないので、最後に正しかった設定で動いています。"
)

func TestGoodProfileIsKept(t *testing.T) {
	d := newDevice(t)
	d.write(cityHall(t))
	d.runs(city)
	if d.kept() != cityHall(t) {
		t.Error("a good profile is not kept")
	}
	d.logged("kept as the last good one")
	d.runs(city)
	if strings.Contains(d.log.String(), "kept") {
		t.Errorf("the same profile is written again:\n%s", &d.log)
	}
	d.write(cityHall(t, city, "別の庁舎"))
	d.runs("別の庁舎")
	if d.kept() != cityHall(t, city, "別の庁舎") {
		t.Error("the newer good profile is not the last good one")
	}
}

// TestMistakes: whatever is wrong with the file, the last good profile runs and staff read where and what first.
func TestMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ file, said string }{
		"value":        {cityHall(t, `open = "8:30"`, `open = "8時"`), `F-01 kiosk.toml:30:8: 「open」に「8時」は使えません。`},
		"syntax":       {cityHall(t, `print = "auto" `, `print = "auto `), `F-01 kiosk.toml:15:52: `},
		"curly quotes": {cityHall(t, `prefer = "both" `, `prefer = “both” `), `F-01 kiosk.toml:13:10: 引用符「U+201C」は使えません。`},
		"Shift_JIS":    {"schema = 1\n# \x8a\xa7\n", "F-01 kiosk.toml:2:3: 文字コードが UTF-8 ではありません。"},
		"empty":        {"", "F-01 kiosk.toml:1:1: 「schema」がありません。"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.write(tt.file)
			place, _, _ := strings.Cut(strings.TrimPrefix(tt.said, "F-01 "), ": ")
			err := d.fails("reading profile", place, ledger.ErrNone.Error())
			if !errors.Is(err, ledger.ErrNone) {
				t.Errorf("loadProfile = %v; want ledger.ErrNone in it", err)
			}
			if d.kept() != "" {
				t.Error("a profile with mistakes is kept")
			}

			d.write(cityHall(t))
			d.runs(city)
			d.write(tt.file)
			p, err := d.boot()
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != city || len(p.staff) != 2 || !strings.HasPrefix(p.staff[0], tt.said) || p.staff[1] != runs {
				t.Errorf("the kiosk runs for %q and tells staff %q; want %q … %q", p.Name, p.staff, tt.said, runs)
			}
			d.logged("code=F-01")
			if d.kept() != cityHall(t) {
				t.Error("the last good profile has changed")
			}

			d.write(cityHall(t))
			d.runs(city) // and nobody is told of a mistake that was put right
		})
	}
}

func TestFileIsGone(t *testing.T) {
	d := newDevice(t)
	d.fails("reading profile", "kiosk.toml", "no such file")
	d.write(cityHall(t))
	d.runs(city)
	if err := os.Remove(d.file); err != nil {
		t.Fatal(err)
	}
	d.runs(city, "F-01 "+runs)
	if err := os.Mkdir(d.file, 0o755); err != nil { // what a broken FAT may show
		t.Fatal(err)
	}
	d.runs(city, "F-01 "+runs)
}

func TestUnknownKeysOnlyWarn(t *testing.T) {
	d := newDevice(t)
	newer := cityHall(t, "\n[visit]\n", "\n[visit]\nhologram = true\n")
	d.write(newer)
	d.runs(city)
	d.logged("hologram")
	if d.kept() != newer {
		t.Error("a profile with unknown keys is not kept")
	}
}

// TestUnprintable: a profile with a character that nobody can draw is used, and staff are told why slips do not come.
func TestUnprintable(t *testing.T) {
	d := newDevice(t)
	d.write(cityHall(t, city, "みほん市役所 ♿"))
	d.runs("みほん市役所 ♿", "F-01 kiosk.toml:7:16: 「U+267F」（U+267F）は画面にも紙にも出せない文字です。別の書き方にしてください。")
}

func TestDamagedLastGood(t *testing.T) {
	d := newDevice(t)
	d.write(cityHall(t))
	d.runs(city)
	record := filepath.Join(d.state, lastGood)
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(record, data, 0o600); err != nil {
		t.Fatal(err)
	}
	d.write("schema = 1")
	if err := d.fails("kiosk.toml:1:", "last good profile", ledger.ErrDamaged.Error()); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("loadProfile = %v; want ledger.ErrDamaged in it", err)
	}
	d.write(cityHall(t))
	d.runs(city)
	d.logged("the last good profile was lost")
	if d.kept() != cityHall(t) {
		t.Error("a damaged record is not replaced")
	}
}

// TestNewerLastGood: the older of two programs cannot run what the newer one kept.
func TestNewerLastGood(t *testing.T) {
	d := newDevice(t)
	l, err := ledger.Open(d.state)
	if err == nil {
		err = l.Save(lastGood, []byte("schema = 2\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	d.write("schema = 1")
	d.fails("kiosk.toml:1:", "reading the last good profile", "schema = 2")
}

func TestNothingIsKept(t *testing.T) {
	d := newDevice(t)
	d.state = ""
	d.write(cityHall(t))
	d.runs(city)
	d.write("schema = 1")
	if err := d.fails("kiosk.toml:1:"); strings.Contains(err.Error(), "last good") {
		t.Errorf("loadProfile = %v; want no word of a last good profile where none is kept", err)
	}

	d.state = filepath.Join(d.file, "below a file")
	d.write(cityHall(t))
	d.runs(city)
	d.logged("nothing is kept")

	d.file, d.state = "", filepath.Join(t.TempDir(), "state")
	d.runs(city)
	if d.kept() != "" {
		t.Error("the built-in profile is kept; it is always there")
	}
}

// TestLastGoodThatCannotBeSaved runs the good profile all the same.
func TestLastGoodThatCannotBeSaved(t *testing.T) {
	d := newDevice(t)
	if err := os.MkdirAll(filepath.Join(d.state, lastGood+".new"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.write(cityHall(t))
	d.runs(city)
	d.logged("not kept")
}

// TestCell asks for the size of a character, with a profile and when the last good one has to do.
func TestCell(t *testing.T) {
	d := newDevice(t)
	d.write(strings.Replace(cityHall(t), "cell = [20, 40]", "cell = [26, 52]", 1))
	if _, err := d.boot(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		screen := os.Stdout
		os.Stdout = in
		err = run(t.Context(), options{profile: d.file, state: d.state, cell: true})
		os.Stdout = screen
		in.Close()
		said, _ := io.ReadAll(out)
		if err != nil || string(said) != "26 52\n" {
			t.Errorf("kiosk -cell says %q, %v; want 26 52", said, err)
		}
		d.write("schema = 1")
	}
}
