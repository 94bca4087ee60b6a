package hwtest

import (
	"context"
	"sync"

	"kagimado/hw"
)

// Door is the door of a case that opens by call. The zero Door is shut. Its methods may be called from any goroutine.
type Door struct {
	mu      sync.Mutex
	open    bool
	changed chan struct{} // closed by Move; nil until someone waits
}

var _ hw.Door = (*Door)(nil)

// Move opens or shuts it.
func (d *Door) Move(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = open
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// look returns how it is, and what is closed when it is moved.
func (d *Door) look() (open bool, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.open, d.changed
}

// WatchDoor implements hw.Door.
func (d *Door) WatchDoor(ctx context.Context) <-chan bool {
	out := make(chan bool)
	go func() {
		defer close(out)
		for {
			open, changed := d.look()
			select {
			case out <- open:
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
