package hwtest

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"kagimado/hw"
	"kagimado/hw/update"
)

// Root stands for what root does about updates: it takes the wishes of hw/system from the folder wishes below its own, and tells in the
// files update and slot beside it, as hw/update reads them. Nothing is installed.
type Root struct {
	dir  string
	pace time.Duration

	end  chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	stick  *Stick
	in     bool   // the stick is mounted
	plan   []step // what is still to be told
	wished []string
}

// Stick is what is on a USB stick: an update of that kind, or the reason why nothing on it can be installed.
type Stick struct {
	Kind             hw.UpdateKind
	Version, Running string
	Code             hw.Code // why it is refused when it is looked at
	Fails            hw.Code // why it is refused while it is installed
}

type step struct {
	at   time.Time
	told hw.Update
}

// NewRoot takes wishes below dir until Close, with no stick plugged in. What takes root minutes takes it some of pace.
func NewRoot(dir string, pace time.Duration) (*Root, error) {
	r := &Root{dir: dir, pace: pace, end: make(chan struct{})}
	if err := os.MkdirAll(r.Wishes(), 0o755); err != nil {
		return nil, err
	}
	for _, name := range []string{r.UpdateFile(), r.SlotFile()} {
		_ = os.Remove(name) // of an earlier one
	}
	r.done.Go(func() {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				r.take()
				r.tell()
			case <-r.end:
				return
			}
		}
	})
	return r, nil
}

// Wishes is the folder that wishes are taken from.
func (r *Root) Wishes() string { return filepath.Join(r.dir, "wishes") }

// UpdateFile is where it tells of the stick.
func (r *Root) UpdateFile() string { return filepath.Join(r.dir, "update") }

// SlotFile is where it tells of the system that runs; nothing stands there before Stand.
func (r *Root) SlotFile() string { return filepath.Join(r.dir, "slot") }

// Plug puts a stick in; nil pulls it out.
func (r *Root) Plug(s *Stick) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stick = s
}

// Stand tells of the system that runs.
func (r *Root) Stand(s hw.Slot) error { return r.write(r.SlotFile(), update.EncodeSlot(s)) }

// Wished is what was wished so far.
func (r *Root) Wished() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.wished...)
}

// Close stops taking wishes.
func (r *Root) Close() {
	close(r.end)
	r.done.Wait()
}

// take takes wishes; what was told of an earlier stick is gone before a new one counts as let in.
func (r *Root) take() {
	r.mu.Lock()
	defer r.mu.Unlock()
	takeWishesAfter(r.Wishes(), func(wish string) {
		if wish == "unlock-stick" {
			r.plan = nil
			_ = os.Remove(r.UpdateFile())
		}
	}, func(wish string, _ time.Time) {
		r.wished = append(r.wished, wish)
		r.grant(wish)
	})
}

func (r *Root) grant(wish string) {
	s := r.stick
	after := func(d time.Duration, u hw.Update) { r.plan = append(r.plan, step{time.Now().Add(d), u}) }
	refused := func(d time.Duration, code hw.Code) { after(d, hw.Update{Stage: hw.UpdateRefused, Code: code}) }
	of := func(stage hw.UpdateStage, percent int) hw.Update {
		return hw.Update{Stage: stage, Kind: s.Kind, Version: s.Version, Running: s.Running, Percent: percent}
	}
	switch wish {
	case "unlock-stick":
		after(0, hw.Update{Stage: hw.UpdateLooking})
		switch r.in = s != nil; {
		case s == nil:
			refused(r.pace, hw.StickMissing)
		case s.Code != "":
			refused(r.pace, s.Code)
		default:
			after(r.pace, of(hw.UpdateFound, 0))
		}
	case "lock-stick":
		r.in = false
	case "install":
		if !r.in || s == nil || s.Code != "" {
			refused(0, hw.StickMissing)
			return
		}
		for percent := 0; percent <= 100; percent += 5 {
			if percent > 50 && s.Fails != "" {
				refused(time.Duration(percent)*r.pace/5, s.Fails)
				return
			}
			after(time.Duration(percent)*r.pace/5, of(hw.UpdateInstalling, percent))
		}
		after(21*r.pace, of(hw.UpdateInstalled, 100))
	}
}

// tell tells what is due.
func (r *Root) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.plan) > 0 && !time.Now().Before(r.plan[0].at) {
		_ = r.write(r.UpdateFile(), update.Encode(r.plan[0].told)) // a folder that is gone belongs to a test that is over
		r.plan = r.plan[1:]
	}
}

// write replaces a file by renaming.
func (r *Root) write(name string, document []byte) error {
	half := name + ".new"
	if err := os.WriteFile(half, document, 0o644); err != nil {
		return err
	}
	return os.Rename(half, name)
}
