package clock

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfirm(t *testing.T) {
	for _, tt := range []struct {
		name string
		said time.Time
		move func(*fake)
		want Now
	}{
		{"at once", morning, func(*fake) {}, Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"time passes", morning, func(s *fake) { s.passed += 2000 * time.Minute },
			Now{morning.Add(2000*time.Minute - 11*time.Minute), morning.Add(2000*time.Minute + 11*time.Minute), Confirmed}},
		{"the wall jumps ahead", morning, func(s *fake) { s.wall = s.wall.AddDate(3, 0, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the wall falls back to 1970", morning, func(s *fake) { s.wall = time.Unix(40, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the wall runs beyond the build's life", morning, func(s *fake) { s.wall = s.wall.AddDate(30, 0, 0) },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"a time source comes", morning, func(s *fake) { s.wall, s.synchronised = morning.Add(48*time.Hour), true },
			Now{morning.Add(48*time.Hour - time.Second), morning.Add(48*time.Hour + time.Second), Synchronised}},
		{"a time source comes and goes", morning, func(s *fake) { s.synchronised = true; s.Now(); s.synchronised = false },
			Now{morning.Add(-time.Second), morning.Add(time.Second), Carried}},
		{"a time source that cannot be right", morning, func(s *fake) { s.wall, s.synchronised = time.Unix(40, 0), true },
			Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
		{"the lower bound is not undercut", day.Add(time.Minute), func(*fake) {}, Now{day, day.Add(11 * time.Minute), Confirmed}},
		{"the first moment", day, func(*fake) {}, Now{day, day.Add(10 * time.Minute), Confirmed}},
		{"the last day", day.AddDate(15, 0, 0), func(*fake) {},
			Now{day.AddDate(15, 0, 0).Add(-10 * time.Minute), day.AddDate(15, 0, 0).Add(10 * time.Minute), Confirmed}},
		{"the build's life ends", day.AddDate(15, 0, 0), func(s *fake) { s.passed += 2000 * time.Second }, Now{Earliest: day.Add(1999 * time.Second), Why: Unsynchronised}},
		{"the lower bound moves on meanwhile", day.Add(hour), func(s *fake) {
			s.passed += 2000 * time.Minute
			if err := s.Confirm(day.Add(1990 * time.Minute)); err != nil {
				panic(err)
			}
		}, Now{day.Add(1999 * time.Minute), day.Add(2000 * time.Minute), Confirmed}},
		{"staff correct themselves", morning.AddDate(0, 1, 0), func(s *fake) {
			s.passed += time.Hour
			if err := s.Confirm(morning); err != nil {
				panic(err)
			}
		}, Now{morning.Add(-10 * time.Minute), morning.Add(10 * time.Minute), Confirmed}},
	} {
		s := newFake()
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
	s := newFake()
	for _, at := range []time.Time{{}, time.Unix(40, 0), day.Add(-time.Second), day.AddDate(15, 0, 0).Add(time.Second)} {
		if err := s.Confirm(at); !errors.Is(err, ErrImplausible) {
			t.Errorf("Confirm(%v) = %v; want ErrImplausible", at, err)
		}
	}
	s.run(2000 * hour)
	if at := day.Add(1999*hour - wordWithin - 1); !errors.Is(s.Confirm(at), ErrImplausible) {
		t.Errorf("Confirm(%v) is taken, and so much has passed since", at)
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
	c, err := Open(Options{})
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
