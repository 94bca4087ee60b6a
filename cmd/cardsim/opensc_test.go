//go:build pcscd

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw/hwtest/pcscd"
	"kagimado/hw/reader"
)

// These tests put cardsim, a real pcscd, and clients that nobody here wrote together.

func TestMain(m *testing.M) {
	pcscd.Main(func(d *pcscd.Daemon) int {
		defer d.Stop()
		return m.Run()
	})
}

// simulator starts cardsim and returns a way to give it commands.
func simulator(t *testing.T) (do func(command string) string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	ended := make(chan error, 1)
	go func() {
		status, err := run([]string{"-listen", socket}, strings.NewReader(""), os.Stdout, os.Stderr)
		if err == nil && status != 0 {
			err = fmt.Errorf("exit status %d", status)
		}
		ended <- err
	}()
	do = func(command string) string {
		t.Helper()
		var out bytes.Buffer
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			status, err := run(append([]string{"-to", socket}, strings.Fields(command)...), nil, &out, os.Stderr)
			if err == nil && status == 0 {
				return out.String()
			}
			if time.Now().After(end) || err == nil {
				t.Fatalf("cardsim %s: %v%s", command, err, out.String())
			}
		}
	}
	t.Cleanup(func() {
		do("quit")
		if err := <-ended; err != nil { // also when a PIN arrived
			t.Errorf("cardsim: %v", err)
		}
		time.Sleep(450 * time.Millisecond) // until pcscd must have seen that the card left
	})
	return do
}

// openSC runs a tool as a stranger would, but with a home of its own: it keeps a cache.
func openSC(t *testing.T, tool string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestOpenSC(t *testing.T) {
	do := simulator(t)
	do("lay one-try-left")
	c, err := cardtest.New("one-try-left")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("opensc-tool -a", func(t *testing.T) {
		var atr []string
		for _, b := range c.ATR() {
			atr = append(atr, fmt.Sprintf("%02x", b))
		}
		if got, want := openSC(t, "opensc-tool", "-a"), strings.Join(atr, ":"); !strings.Contains(strings.ToLower(got), want) {
			t.Errorf("ATR = %q; want %s", got, want)
		}
	})
	t.Run("opensc-tool -n", func(t *testing.T) {
		if got := openSC(t, "opensc-tool", "-n"); !strings.Contains(strings.ToLower(got), "jpki") {
			t.Errorf("name of the card = %q; want jpki", got)
		}
	})
	t.Run("pkcs15-tool --list-pins", func(t *testing.T) {
		got := openSC(t, "pkcs15-tool", "--list-pins")
		pins := strings.Split(got, "PIN [")[1:]
		if len(pins) != 2 {
			t.Fatalf("%d PINs; want 2:\n%s", len(pins), got)
		}
		want := []int{1, 5} // user authentication, digital signature
		for i, p := range pins {
			if tries(p) != want[i] {
				t.Errorf("PIN %d has %d tries left; want %d:\n%s", i+1, tries(p), want[i], p)
			}
		}
	})
	status := do("status")
	if !strings.Contains(status, " secrets=0 ") || strings.Contains(status, "exchanges=0 ") {
		t.Errorf("status = %q; want exchanges and secrets=0", status)
	}
	t.Log(strings.TrimSpace(status))
}

// tries finds the line "Tries left : 3".
func tries(pin string) int {
	for line := range strings.Lines(pin) {
		var n int
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) == "Tries left" {
			if _, err := fmt.Sscan(value, &n); err == nil {
				return n
			}
		}
	}
	return -1
}

// The whole chain: cards laid, swapped, torn and lifted by command, read by our own reader.
func TestThroughReader(t *testing.T) {
	do := simulator(t)
	r := reader.Open(reader.Options{})
	read := func() (card.Facts, error) {
		t.Helper()
		for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			conn, err := r.Connect(t.Context())
			if err == nil {
				defer conn.Close()
				return card.Read(t.Context(), card.Card{Transmitter: conn, ATR: conn.ATR()}, nil)
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	do("lay all-fine")
	if f, err := read(); err != nil || f.Outcome != card.Complete {
		t.Errorf("all-fine: %v, %v; want complete", f.Outcome, err)
	}
	do("swap locked-sign")
	if f, err := read(); err != nil || f.Counter(card.Sign).State != card.Blocked {
		t.Errorf("locked-sign: %v, %v; want the signing key blocked", f.Counter(card.Sign), err)
	}
	do("fault torn 5")
	do("swap all-fine")
	if f, err := read(); err == nil || f.Outcome != card.Removed {
		t.Errorf("torn: %v, %v; want removed", f.Outcome, err)
	}
	if got := do("status"); !strings.HasPrefix(got, "ok card=none ") {
		t.Errorf("status after the tear = %q; want card=none", got)
	}
	do("fault none")
	do("latency 20ms")
	do("lay all-fine")
	begin := time.Now()
	f, err := read()
	if took := time.Since(begin); err != nil || f.Outcome != card.Complete || took < time.Duration(f.Exchanges)*20*time.Millisecond {
		t.Errorf("with latency: %v, %v, %v for %d exchanges; want complete and at least 20 ms each", f.Outcome, err, took, f.Exchanges)
	}
}
