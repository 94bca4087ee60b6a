package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A power cut after staff confirmed the morning, on machines with and without a clock that has a battery.
func TestPowerCut(t *testing.T) {
	said := morning.Add(-wordWithin) // the lower bound that is left
	for _, tt := range []struct {
		name string
		d    time.Duration
		do   func(*fake)   // before the cut, after the record
		want time.Duration // either way, beyond staff's word; negative: only the lower bound is left
		is   BatteryState
	}{
		{"none", 0, nil, time.Second, BatteryFine},
		{"an hour", hour, nil, time.Second + 360*time.Millisecond, BatteryFine},
		{"34 days", 34 * daylong, nil, time.Second + 293760*time.Millisecond, BatteryFine},
		{"36 days", 36 * daylong, nil, -1, BatteryFine},
		{"ten years", 3650 * daylong, nil, -1, BatteryFine},
		{"no battery clock", hour, func(f *fake) { f.fails = fs.ErrNotExist }, -1, BatteryAbsent},
		{"it lost its time and says so", hour, func(f *fake) { f.fails = errInvalid }, -1, BatteryLost},
		{"it begins anew in 1970", hour, func(f *fake) { f.rtc = time.Unix(0, 0) }, -1, BatteryLost},
		{"it begins anew later than the build", hour, func(f *fake) { f.rtc = day.Add(daylong) }, -1, BatteryLost},
		{"it goes back a second", 0, func(f *fake) { f.rtc = f.rtc.Add(-time.Second) }, -1, BatteryLost},
		{"it jumps ahead", hour, func(f *fake) { f.rtc = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) }, -1, BatteryFine},
	} {
		f := withRTC()
		f.confirm(t, morning)
		saved, err := f.Record()
		if err != nil {
			t.Fatal(err)
		}
		if tt.do != nil {
			tt.do(f)
		}
		next := f.start(t, saved, tt.d)
		want := Now{said.Add(max(0, tt.d-tt.want)), morning.Add(wordWithin + tt.d + tt.want), Battery}
		if tt.want < 0 {
			want = Now{Earliest: said, Why: TooEarly}
		}
		if diff := cmp.Diff(want, next.Now()); diff != "" {
			t.Errorf("%s: Now (-want +got):\n%s", tt.name, diff)
		}
		if got := next.Battery(); got != tt.is {
			t.Errorf("%s: Battery = %d; want %d", tt.name, got, tt.is)
		}
		// Staff can always put right what is believed.
		next.confirm(t, day.Add(hour))
		if got := next.Now(); got.Why != Confirmed || !got.Latest.Equal(day.Add(hour+wordWithin)) {
			t.Errorf("%s: Now after another word = %v; want it", tt.name, got)
		}
	}
}

// Many short cuts: the battery is believed until somebody should have looked, whether the program runs or not.
func TestBatteryForLong(t *testing.T) {
	f := withRTC()
	f.confirm(t, morning)
	for range 13 {
		f.run(10 * daylong)
		f = f.cut(t, 20*daylong)
	}
	f = f.cut(t, 9*daylong)
	n := f.Now()
	if truth := morning.Add(399 * daylong); n.Why != Battery || n.Earliest.After(truth) || n.Latest.Before(truth) || n.Latest.Sub(n.Earliest) > 5*hour {
		t.Errorf("Now after 399 days = %v; want some hours around %v", n, truth)
	}
	later := f.cut(t, 2*daylong).Now()
	if !later.Latest.IsZero() || later.Earliest.Before(n.Earliest.Add(-time.Second)) {
		t.Errorf("Now after 401 days = %v; want a lower bound that is not before %v", later, n.Earliest)
	}
	f.run(2 * daylong)
	if now := f.Now(); !now.Latest.IsZero() || now.Earliest.Before(n.Earliest) {
		t.Errorf("Now when it ran to the 401st day = %v; want a lower bound that is not before %v", now, n.Earliest)
	}
	f.confirm(t, morning.Add(401*daylong))
	if now := f.cut(t, daylong).Now(); now.Why != Battery {
		t.Errorf("Now after staff looked again = %v; want %s", now, Battery)
	}
}

// However wrong the clock with a battery goes, and whether it is set right after the last record or not: what is
// believed holds the truth.
func TestBatteryHoldsTheTruth(t *testing.T) {
	believed := 0
	for _, wrong := range []time.Duration{0, 3 * time.Second, -3 * time.Second, 20 * time.Minute, -20 * time.Minute, 20 * hour, -20 * hour, 25 * hour, -25 * hour, -400 * daylong} {
		for _, setRight := range []bool{false, true} {
			for _, cut := range []time.Duration{0, 10 * time.Second, hour, 30 * hour, 30 * daylong} {
				f := &fake{wall: morning, rtc: morning.Add(wrong)}
				f.Clock, _ = open(Options{}, day, f.machine())
				f.confirm(t, morning.Add(3*time.Minute)) // as wrong as staff may be
				f.run(hour)
				saved, _ := f.Record()
				f.run(time.Minute)
				truth := morning.Add(hour + time.Minute)
				if setRight {
					f.rtc = truth
				}
				n := f.start(t, saved, cut).Now()
				truth = truth.Add(cut)
				if n.Earliest.After(truth) || !n.Latest.IsZero() && n.Latest.Before(truth) {
					t.Errorf("wrong by %v, set right %v, cut %v: Now = %v; it is %v", wrong, setRight, cut, n, truth)
				}
				if !n.Latest.IsZero() {
					believed++
				}
				if want := wrong.Abs() <= time.Hour; n.Why != Battery && want && !(setRight && cut < hour) {
					t.Errorf("wrong by %v, set right %v, cut %v: Now = %v; want %s", wrong, setRight, cut, n, Battery)
				}
			}
		}
	}
	if believed == 0 {
		t.Error("nothing was ever believed")
	}
}

// A clock with a battery is set while the program runs: by the unit that staff's word started, or by somebody else.
func TestBatteryIsSet(t *testing.T) {
	relies := func(f *fake) bool {
		b, err := f.Record()
		if err != nil {
			t.Fatal(err)
		}
		return !strings.Contains(string(b), `"battery":null`)
	}
	f := withRTC()
	f.rtc = time.Unix(100, 0)
	if f.Battery() != BatteryLost || relies(f) {
		t.Error("a clock with a battery that was never set is relied on")
	}
	f.confirm(t, morning)
	if relies(f) {
		t.Error("it is relied on when the time is known and it was not set")
	}
	f.rtc = morning
	if !relies(f) || f.Battery() != BatteryFine {
		t.Error("it is not relied on when it was set right")
	}
	f.run(hour)
	f.rtc = f.rtc.Add(5 * hour)
	if relies(f) {
		t.Error("it is relied on at once when somebody set it wrong")
	}
	f.run(hour)
	if !relies(f) {
		t.Error("it is not relied on when it goes well, five hours wrong")
	}
	if n := f.cut(t, hour).Now(); n.Why != Battery || n.Latest.Sub(morning) < 8*hour {
		t.Errorf("Now = %v; want five hours ahead", n)
	}
	f.rtc = f.rtc.Add(-10 * hour)
	f.run(hour)
	if relies(f) {
		t.Error("it is relied on at once when somebody put it back")
	}
	for range 5 { // and now it stands still
		shows := f.rtc
		f.run(hour)
		if f.rtc = shows; relies(f) {
			t.Error("one that stands still is relied on")
		}
	}
	f.fails = errInvalid
	if relies(f) {
		t.Error("one that cannot be read is relied on")
	}
	f.fails = nil
	f.run(hour)
	if relies(f) {
		t.Error("one that comes back is relied on before it ran a while")
	}
}

// What one clock shows before the program is stopped and the other afterwards makes no pair.
func TestStoppedBetweenClocks(t *testing.T) {
	f := withRTC()
	f.confirm(t, morning)
	f.stopped = 2 * time.Second
	if l := f.look(); !errors.Is(l.err, errApart) {
		t.Errorf("reading both = %v; want %v", l.err, errApart)
	}
	if f.stopped = time.Second; f.look().err != nil {
		t.Errorf("reading both within a second = %v", f.look().err)
	}
}

func TestSynchronisedOutvotes(t *testing.T) {
	f := withRTC()
	f.confirm(t, morning.AddDate(1, 0, 0)) // staff are wrong by a year
	f.rtc = morning.AddDate(1, 0, 0)
	saved, err := f.Record()
	if err != nil {
		t.Fatal(err)
	}
	next := &fake{wall: morning, synchronised: true, rtc: f.rtc}
	if next.Clock, err = open(Options{Saved: saved}, day, next.machine()); err != nil {
		t.Fatal(err)
	}
	right := Now{morning.Add(-time.Second), morning.Add(time.Second), Synchronised}
	if diff := cmp.Diff(right, next.Now()); diff != "" {
		t.Errorf("Now (-want +got):\n%s", diff)
	}
	next.synchronised = false
	if right.Why = Carried; next.Now() != right {
		t.Errorf("Now without the source = %v; want %v", next.Now(), right)
	}
	// Its word is what the next run gets, and the battery's clock is a year off.
	if diff := cmp.Diff(Now{Earliest: morning.Add(-time.Second), Why: TooEarly}, next.cut(t, hour).Now()); diff != "" {
		t.Errorf("Now in the run after (-want +got):\n%s", diff)
	}
}

// The lower bound of a run is what the one before knew.
func TestLastSaved(t *testing.T) {
	f := newFake()
	f.run(2000 * hour)
	f = f.cut(t, daylong)
	if want := day.Add(1999 * hour); !f.Now().Earliest.Equal(want) {
		t.Errorf("Now after a run without anybody's word = %v; want %v", f.Now(), want)
	}
	f.confirm(t, morning.AddDate(0, 6, 0)) // wrongly
	f.run(2000 * time.Minute)
	f = f.cut(t, daylong)
	if want := (Now{Earliest: morning.AddDate(0, 6, 0).Add(1999*time.Minute - wordWithin), Why: TooEarly}); f.Now() != want {
		t.Errorf("Now after staff's word = %v; want %v", f.Now(), want)
	}
	f.confirm(t, morning.AddDate(0, 3, 0))
	if want := morning.AddDate(0, 3, 0).Add(-wordWithin); !f.Now().Earliest.Equal(want) {
		t.Errorf("Now after staff put it right = %v; want from %v", f.Now(), want)
	}
	if f = f.cut(t, hour); !f.Now().Earliest.Equal(morning.AddDate(0, 3, 0).Add(-wordWithin)) {
		t.Errorf("the wrong word comes back: %v", f.Now())
	}
}

// A record that nobody can have written is refused, said, and does no harm.
func TestBadRecords(t *testing.T) {
	const battery = `{"schema":1,"floor":"2026-11-24T03:00:00Z","earliest":"2027-03-05T00:00:00Z","battery":{"latest":%q,"shows":%q,"vouched":%q,"by":%q}}`
	bad := map[string]string{
		"empty": ``, "garbage": "\x00\xff", "torn": `{"schema":1,"floor":"2026-`, "not an object": `[]`, "nothing in it": `{}`,
		"newer":            `{"schema":2,"floor":"2026-11-24T03:00:00Z","earliest":"2026-11-24T03:00:00Z"}`,
		"no times":         `{"schema":1}`,
		"before any build": `{"schema":1,"floor":"1970-01-01T00:00:00Z","earliest":"2026-11-24T03:00:00Z"}`,
		"bounds turned":    `{"schema":1,"floor":"2026-11-24T03:00:00Z","earliest":"2026-11-24T02:59:59Z"}`,
		"beyond the build": `{"schema":1,"floor":"2026-11-24T03:00:00Z","earliest":"2041-11-24T03:00:01Z"}`,
		"interval turned":  fmt.Sprintf(battery, "2027-03-04T23:59:59Z", "2027-03-05T00:10:00Z", "2027-03-04T00:10:00Z", "staff"),
		"no end":           fmt.Sprintf(battery, "9999-03-05T00:20:00Z", "2027-03-05T00:10:00Z", "2027-03-05T00:10:00Z", "staff"),
		"far off":          fmt.Sprintf(battery, "2027-03-05T00:20:00Z", "2027-03-07T00:10:00Z", "2027-03-05T00:10:00Z", "staff"),
		"vouched later":    fmt.Sprintf(battery, "2027-03-05T00:20:00Z", "2027-03-05T00:10:00Z", "2027-03-05T00:20:01Z", "staff"),
		"by a stranger":    fmt.Sprintf(battery, "2027-03-05T00:20:00Z", "2027-03-05T00:10:00Z", "2027-03-05T00:10:00Z", "a card"),
	}
	for name, saved := range bad {
		f := &fake{wall: morning, rtc: morning}
		var err error
		if f.Clock, err = open(Options{Saved: []byte(saved)}, day, f.machine()); err == nil {
			t.Errorf("%s: open says nothing", name)
		}
		if diff := cmp.Diff(Now{Earliest: day, Why: Unsynchronised}, f.Now()); diff != "" {
			t.Errorf("%s: Now (-want +got):\n%s", name, diff)
		}
	}
	good := fmt.Sprintf(battery, "2027-03-05T00:20:00Z", "2027-03-05T00:10:00Z", "2027-03-05T00:10:00Z", "source")
	f := withRTC().start(t, []byte(good), hour)
	if f.Now().Why != Battery {
		t.Errorf("the same with nothing wrong = %v; want %s", f.Now(), Battery)
	}
	// Old news, and from somebody who vouched too long ago.
	f = withRTC().start(t, []byte(strings.Replace(good, `"vouched":"2027`, `"vouched":"2025`, 1)), hour)
	if got := f.Now(); !got.Latest.IsZero() {
		t.Errorf("vouched two years ago = %v; want a lower bound", got)
	}
}

func TestReadRTC(t *testing.T) {
	folder := t.TempDir()
	if _, err := readRTC(filepath.Join(folder, "rtc0")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without one: %v; want %v", err, fs.ErrNotExist)
	}
	for content, want := range map[string]int64{"1804205400\n": 1804205400, "0\n": 0, "4102444800": 4102444800} {
		if err := os.WriteFile(filepath.Join(folder, "since_epoch"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readRTC(folder); err != nil || got.Unix() != want {
			t.Errorf("%q = %v, %v; want %d", content, got, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "since_epoch"), []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readRTC(folder); err == nil {
		t.Errorf("garbage = %v; want an error", got)
	}
}

// FuzzSaved gives Open whatever may lie on a state partition. What it believes can be saved and read again.
func FuzzSaved(f *testing.F) {
	f.Fuzz(func(t *testing.T, saved []byte) {
		m := &fake{wall: morning, rtc: morning}
		var err error
		m.Clock, err = open(Options{Saved: saved}, day, m.machine())
		n := m.Now()
		if n.Earliest.Before(day) || !n.Latest.IsZero() && (n.Latest.Before(n.Earliest) || n.Why != Battery) || n.Earliest.After(m.until()) {
			t.Errorf("Now = %v", n)
		}
		if err != nil && n != (Now{Earliest: day, Why: Unsynchronised}) {
			t.Errorf("Now after %v = %v; want nothing of it", err, n)
		}
		next := m.cut(t, hour)
		if got := next.Now(); got.Earliest.Before(n.Earliest.Add(-time.Second)) {
			t.Errorf("Now in the next run = %v; before it was %v", got, n)
		}
	})
}
