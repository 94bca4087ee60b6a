package clock

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// spoken is a clock whose wall, monotonic clock and time source the test moves.
type spoken struct {
	*Clock
	at           time.Time
	passed       time.Duration
	synchronised bool
}

var (
	day     = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) // of the build
	morning = time.Date(2027, 3, 5, 0, 10, 0, 0, time.UTC)
)

func newSpoken() *spoken {
	s := &spoken{at: morning}
	s.Clock = &Clock{
		lower: day, build: day,
		wall:    func() time.Time { return s.at },
		kernel:  func() (time.Duration, bool) { return time.Second, s.synchronised },
		elapsed: func() time.Duration { return s.passed },
	}
	return s
}

func TestConfirm(t *testing.T) {
	for _, tt := range []struct {
		name string
		said time.Time
		move func(*spoken)
		want Now
	}{
		{"at once", morning, func(*spoken) {}, Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"time passes", morning, func(s *spoken) { s.passed += 2000 * time.Minute },
			Now{morning.Add(2000*time.Minute - 11*time.Minute), morning.Add(2000*time.Minute + 11*time.Minute), Confirmed}},
		{"the wall jumps ahead", morning, func(s *spoken) { s.at = s.at.AddDate(3, 0, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the wall falls back to 1970", morning, func(s *spoken) { s.at = time.Unix(40, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the wall runs beyond the build's life", morning, func(s *spoken) { s.at = s.at.AddDate(30, 0, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"a time source comes", morning, func(s *spoken) { s.at, s.synchronised = morning.Add(48*time.Hour), true },
			Now{morning.Add(48*time.Hour - time.Second), morning.Add(48*time.Hour + time.Second), Synchronised}},
		{"a time source comes and goes", morning, func(s *spoken) { s.synchronised = true; s.Now(); s.synchronised = false },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"a time source that cannot be right", morning, func(s *spoken) { s.at, s.synchronised = time.Unix(40, 0), true },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the lower bound is not undercut", day.Add(time.Minute), func(*spoken) {}, Now{day, day.Add(11 * time.Minute), Confirmed}},
		{"the first moment", day, func(*spoken) {}, Now{day, day.Add(10 * time.Minute), Confirmed}},
		{"the last day", day.AddDate(15, 0, 0), func(*spoken) {},
			Now{day.AddDate(15, 0, 0).Add(-10 * time.Minute), day.AddDate(15, 0, 0).Add(10 * time.Minute), Confirmed}},
		{"the build's life ends", day.AddDate(15, 0, 0), func(s *spoken) { s.passed += time.Second }, Now{Earliest: day, Why: Unsynchronised}},
		{"staff correct themselves", morning.AddDate(0, 1, 0), func(s *spoken) {
			s.passed += time.Hour
			if err := s.Confirm(morning); err != nil {
				panic(err)
			}
		}, Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
	} {
		s := newSpoken()
		if err := s.Confirm(tt.said); err != nil {
			t.Errorf("%s: Confirm = %v", tt.name, err)
		}
		tt.move(s)
		if diff := cmp.Diff(tt.want, s.Now()); diff != "" {
			t.Errorf("%s: Now (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestConfirmRefuses(t *testing.T) {
	s := newSpoken()
	for _, at := range []time.Time{{}, time.Unix(40, 0), day.Add(-time.Second), day.AddDate(15, 0, 0).Add(time.Second)} {
		if err := s.Confirm(at); !errors.Is(err, ErrImplausible) {
			t.Errorf("Confirm(%v) = %v; want ErrImplausible", at, err)
		}
	}
	if got := s.Now(); !got.Latest.IsZero() {
		t.Errorf("after refused words Now = %+v; want no upper bound", got)
	}
	if err := s.Confirm(morning); err != nil {
		t.Fatal(err)
	}
	if err := s.Confirm(time.Unix(40, 0)); err == nil || s.Now().Why != Confirmed {
		t.Errorf("a refused word takes back the one before it: %+v", s.Now())
	}
}

// The real machine's clocks move together while a test runs.
func TestOpenConfirm(t *testing.T) {
	c, err := Open(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	_, from, until := c.Wall()
	at := from.Add(until.Sub(from) / 2)
	if err := c.Confirm(at); err != nil {
		t.Fatal(err)
	}
	if n := c.Now(); n.Why != Synchronised && (n.Earliest.After(at) || n.Latest.Before(at) || n.Latest.Sub(n.Earliest) > 21*time.Minute) {
		t.Errorf("Now after Confirm(%v) = %+v; want about ten minutes either way", at, n)
	}
}
