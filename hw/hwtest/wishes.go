package hwtest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Wishes stands for the privileged units: it takes wishes from a folder and tells a function.
type Wishes struct {
	end  chan struct{}
	done sync.WaitGroup
}

// NewWishes takes every wish that is laid into dir until Close, looking a hundred times a second. grant gets its name,
// such as set-time, and its moment; it is never called twice at once, and the next wish waits for it.
func NewWishes(dir string, grant func(wish string, at time.Time)) *Wishes {
	w := &Wishes{end: make(chan struct{})}
	w.done.Go(func() {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				takeWishes(dir, grant)
			case <-w.end:
				return
			}
		}
	})
	return w
}

// takeWishes leaves alone what begins with a dot, which is not complete, and what is withdrawn before it is taken.
func takeWishes(dir string, grant func(string, time.Time)) {
	takeWishesAfter(dir, func(string) {}, grant)
}

// takeWishesAfter calls before while a wish still lies there.
func takeWishesAfter(dir string, before func(string), grant func(string, time.Time)) {
	entries, _ := os.ReadDir(dir) // a folder that is not there holds no wish
	for _, e := range entries {
		info, err := e.Info()
		if strings.HasPrefix(e.Name(), ".") || err != nil {
			continue
		}
		before(e.Name())
		if os.Remove(filepath.Join(dir, e.Name())) == nil {
			grant(e.Name(), info.ModTime())
		}
	}
}

// Close stops taking wishes and waits until none is being granted.
func (w *Wishes) Close() {
	close(w.end)
	w.done.Wait()
}
