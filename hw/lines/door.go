package lines

import (
	"context"
	"time"
)

// The door is looked at ten times a second, which costs next to nothing and, unlike waiting for an edge, can end at any
// time. What its switch says counts once it still says so 50 ms later: contacts bounce for a few.
const (
	doorPoll   = 100 * time.Millisecond
	doorSettle = 50 * time.Millisecond
)

// WatchDoor implements hw.Door. Without a door, and while its line cannot be read, nothing is told. Close ends it too.
func (l *Lines) WatchDoor(ctx context.Context) <-chan bool {
	told := make(chan bool)
	go func() {
		defer close(told)
		if l.door != nil {
			l.watch(ctx, told)
			return
		}
		select {
		case <-ctx.Done():
		case <-l.closed:
		}
	}()
	return told
}

func (l *Lines) watch(ctx context.Context, told chan<- bool) {
	clock := time.NewTimer(0)
	defer clock.Stop()
	<-clock.C
	wait := func(d time.Duration) bool {
		clock.Reset(d)
		select {
		case <-clock.C:
			return true
		case <-ctx.Done():
		case <-l.closed:
		}
		return false
	}
	known, last := false, false
	for {
		open, ok := l.doorOpen()
		if ok && (!known || open != last) {
			if !wait(doorSettle) {
				return
			}
			if again, ok := l.doorOpen(); ok && again == open {
				select {
				case told <- open:
					known, last = true, open
				case <-ctx.Done():
					return
				case <-l.closed:
					return
				}
			}
		}
		if !wait(doorPoll) {
			return
		}
	}
}

// doorOpen reads the switch: high is open, or not connected.
func (l *Lines) doorOpen() (open, ok bool) {
	bits, err := l.door.Read(1)
	return bits&1 != 0, err == nil
}
