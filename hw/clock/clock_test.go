package clock

import (
	"errors"
	"io/fs"
	"runtime/debug"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNow(t *testing.T) {
	build := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	year := 365 * 24 * time.Hour
	tests := []struct {
		name         string
		wall         time.Time
		notBefore    time.Time
		synchronised bool
		want         Now
	}{
		{"synchronised", build.Add(year), time.Time{}, true, Now{build.Add(year - time.Second), build.Add(year + time.Second), Synchronised}},
		{"on the lower bound", build, time.Time{}, true, Now{build, build.Add(time.Second), Synchronised}},
		{"unsynchronised", build.Add(year), time.Time{}, false, Now{build, time.Time{}, Unsynchronised}},
		{"staff know more", build.Add(year), build.Add(year / 2), false, Now{build.Add(year / 2), time.Time{}, Unsynchronised}},
		{"staff know less", build.Add(year), build.Add(-year), false, Now{build, time.Time{}, Unsynchronised}},
		{"1970", time.Unix(40, 0), time.Time{}, false, Now{build, time.Time{}, TooEarly}},
		{"1970 and sure of it", time.Unix(40, 0), time.Time{}, true, Now{build, time.Time{}, TooEarly}},
		{"before what staff said", build.Add(year), build.Add(2 * year), true, Now{build.Add(2 * year), time.Time{}, TooEarly}},
		{"the last day of the build's life", build.AddDate(15, 0, 0), time.Time{}, true, Now{build.AddDate(15, 0, 0).Add(-time.Second), build.AddDate(15, 0, 0).Add(time.Second), Synchronised}},
		{"beyond it", build.AddDate(15, 0, 0).Add(time.Second), time.Time{}, true, Now{build, time.Time{}, TooLate}},
		{"after 2038", time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Time{}, true, Now{time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC), time.Date(2038, 1, 19, 3, 14, 9, 0, time.UTC), Synchronised}},
	}
	for _, tt := range tests {
		f := fake{wall: tt.wall, synchronised: tt.synchronised, fails: fs.ErrNotExist}
		c, err := open(Options{NotBefore: tt.notBefore}, build, f.machine())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, c.Now()); diff != "" {
			t.Errorf("%s: Now (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A clock that is set while the program runs changes the answer at once.
func TestNowAfterAJump(t *testing.T) {
	f := newFake()
	for _, step := range []struct {
		wall         time.Time
		synchronised bool
		want         string
	}{
		{time.Unix(41, 0), false, TooEarly},
		{day.Add(hour), false, Unsynchronised},
		{day.AddDate(10, 0, 0), false, Unsynchronised},
		{day.AddDate(20, 0, 0), true, TooLate},
		{day.Add(hour), true, Synchronised},
		{day.AddDate(20, 0, 0), true, Carried},
		{day.Add(2 * hour), true, Synchronised},
	} {
		f.wall, f.synchronised = step.wall, step.synchronised
		if got := f.Now().Why; got != step.want {
			t.Errorf("Now at %v = %q; want %q", f.wall, got, step.want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		state  int
		err    error
		status int32
		micros int64
		want   time.Duration
		ok     bool
	}{
		{"disciplined", 0, nil, 0x2001, 1500, 1500 * time.Microsecond, true},
		{"leap second ahead", 1, nil, 0x11, 0, 0, true},
		{"unsynchronised", 5, nil, 0x40, 16000000, 0, false},
		{"the bit alone", 0, nil, 0x2041, 100, 0, false},
		{"the state alone", 5, nil, 0x2001, 100, 0, false},
		{"no answer", -1, errors.New("not permitted"), 0, 0, 0, false},
		{"error beyond belief", 0, nil, 0x2001, 17000000, 0, false},
		{"error below zero", 0, nil, 0x2001, -1, 0, false},
	} {
		if got, ok := judge(tt.state, tt.err, tt.status, tt.micros); got != tt.want || ok != tt.ok {
			t.Errorf("%s: judge = %v, %v; want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestBuilt(t *testing.T) {
	defer func(b string) { built = b }(built)
	for _, tt := range []struct {
		linker string
		want   time.Time
		fails  bool
	}{
		{"2027-05-06T07:08:09Z", time.Date(2027, 5, 6, 7, 8, 9, 0, time.UTC), false},
		{"1970-01-01T00:00:00Z", founded, false},
		{"yesterday", time.Time{}, true},
	} {
		built = tt.linker
		if got, err := Built(); !got.Equal(tt.want) || (err != nil) != tt.fails {
			t.Errorf("Built with %q = %v, %v; want %v", tt.linker, got, err, tt.want)
		}
		if c, err := Open(Options{}); (err != nil) != tt.fails || c == nil {
			t.Errorf("Open with %q = %v, %v; want a clock", tt.linker, c, err)
		}
	}
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.time", Value: "2027-01-02T03:04:05Z"}}}
	if got, want := commitTime(info), time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC); !got.Equal(want) {
		t.Errorf("commitTime = %v; want %v", got, want)
	}
	for _, info := range []*debug.BuildInfo{nil, {}, {Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "?"}}}} {
		if got := commitTime(info); !got.IsZero() {
			t.Errorf("commitTime(%v) = %v; want none", info, got)
		}
	}
}

// The real machine's clock is one of the cases above, whichever.
func TestOpen(t *testing.T) {
	c, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := c.Now()
	if n.Earliest.Before(founded) || (n.Why == Synchronised) != !n.Latest.IsZero() || !n.Latest.IsZero() && n.Latest.Before(n.Earliest) {
		t.Errorf("Now = %+v; want a lower bound, and an upper one exactly when synchronised", n)
	}
	t.Logf("%+v", n)
}

// The lower bound moves on with the time that certainly passed.
func TestLowerBoundMoves(t *testing.T) {
	f := newFake()
	f.run(2000 * hour)
	if got, want := f.Now(), (Now{Earliest: day.Add(1999 * hour), Why: Unsynchronised}); got != want {
		t.Errorf("Now = %v; want %v", got, want)
	}
	if _, from, _ := f.Wall(); !from.Equal(day.Add(1999 * hour)) {
		t.Errorf("staff may confirm from %v; want %v", from, day.Add(1999*hour))
	}
}

// A time source that is lost is still believed for what it said.
func TestCarried(t *testing.T) {
	f := newFake()
	f.synchronised = true
	f.Now()
	f.synchronised, f.wall = false, time.Unix(40, 0)
	f.passed += 2000 * time.Second
	at := morning.Add(2000 * time.Second)
	if diff := cmp.Diff(Now{at.Add(-2 * time.Second), at.Add(2 * time.Second), Carried}, f.Now()); diff != "" {
		t.Errorf("Now (-want +got):\n%s", diff)
	}
}

func TestJumped(t *testing.T) {
	f := newFake()
	for _, step := range []struct {
		name         string
		ran, set     time.Duration
		synchronised bool
		want         time.Duration
	}{
		{"nothing happens", 0, 0, false, 0},
		{"time passes", 50 * daylong, 0, false, 0},
		{"a leap second", hour, -time.Second, true, 0},
		{"just under", hour, 2*time.Second - 1, false, 0},
		{"ahead", hour, 2 * time.Second, false, 2 * time.Second},
		{"once", 0, 0, false, 0},
		{"back to 1970", hour, -57 * 365 * daylong, false, -57 * 365 * daylong},
		{"by a time source", hour, 57 * 365 * daylong, true, 57 * 365 * daylong},
		{"and on", 300 * daylong, 0, true, 0},
	} {
		f.run(step.ran)
		f.wall, f.synchronised = f.wall.Add(step.set), step.synchronised
		if got := f.Jumped(); got != step.want {
			t.Errorf("%s: Jumped = %v; want %v", step.name, got, step.want)
		}
	}
	if n := f.Now(); n.Why != Synchronised {
		t.Errorf("Now after jumps of a time source = %v; want %s", n, Synchronised)
	}
}
