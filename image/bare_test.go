//go:build image

package image_test

import (
	"strings"
	"testing"
	"time"
)

// bareTest starts the kiosk with nothing plugged in. It says what is missing, and is open as soon as a reader comes.
func bareTest(t *testing.T, r *results) {
	m := boot(t, bare(), sdCard(t, profile(t, virt)))
	m.see(starting, startOfDay, say("scene.out-of-service.headline"))
	m.keepScreen("bare.png")
	m.await("red", 30*time.Second)
	if said, running := m.condition(); !running || !strings.Contains(said, "R-02") {
		t.Errorf("with nothing plugged in the kiosk says %q (running: %v); want R-02", said, running)
	}
	if failed := m.tell(failedUnits); failed != "" {
		t.Errorf("failed units:\n%s", failed)
	}
	begun := time.Now()
	m.plugReader()
	m.await("white", recovery)
	r.within(t, "started with nothing plugged in, then the reader: ready after", time.Since(begun), recovery)
}
