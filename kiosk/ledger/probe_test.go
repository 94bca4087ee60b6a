package ledger

import (
	"os"
	"slices"
	"sync"
	"testing"
)

// TestProbe: it leaves the records as they are, also when several try at once.
func TestProbe(t *testing.T) {
	l := open(t)
	save(t, l, "profile", "first")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := l.Probe(); err != nil {
				t.Errorf("Probe = %v; want nil", err)
			}
		})
	}
	wait.Wait()
	if got := files(t, l); !slices.Equal(got, []string{"profile"}) {
		t.Errorf("the folder holds %q; want the one record", got)
	}
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	if err := l.Probe(); err == nil {
		t.Error("Probe = nil; want an error where the folder is gone")
	}
}
