//go:build pcscd

package main

import (
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
	"kagimado/card/cardtest/vpcd"
	"kagimado/hw/hwtest/pcscd"
	"kagimado/hw/reader"

	"github.com/rogpeppe/go-internal/testscript"
)

var daemon *pcscd.Daemon

// surrounded runs the tests beside a private real pcscd.
func surrounded(run func()) {
	pcscd.Main(func(d *pcscd.Daemon) int {
		daemon = d
		run() // does not return
		return 1
	})
}

// TestScriptsThroughPCSC runs testdata/pcscd/*.txtar, in which `lay NAME` puts a simulated card on the reader, `lift`
// takes it away, and `stop` and `start` are about pcscd.
func TestScriptsThroughPCSC(t *testing.T) {
	slot := vpcd.At(pcscd.FirstAddress)
	var laid *cardtest.Card
	scripts(t, "testdata/pcscd", map[string]func(*testscript.TestScript, bool, []string){
		"lay": func(ts *testscript.TestScript, _ bool, args []string) {
			slot.Lift()
			c, err := cardtest.New(args[0])
			ts.Check(err)
			for _, fault := range args[1:] {
				var f cardtest.Fault
				_, err := fmt.Sscanf(fault, "tear@%d", &f.At)
				ts.Check(err)
				f.Kind = cardtest.Tear
				c.Inject(f)
			}
			laid = c
			ts.Check(slot.Lay(c))
			time.Sleep(500 * time.Millisecond) // vpcd looks for cards every 400 ms at most
		},
		"lift": func(*testscript.TestScript, bool, []string) {
			slot.Lift()
			time.Sleep(500 * time.Millisecond)
		},
		"unspent": func(ts *testscript.TestScript, _ bool, _ []string) {
			if n := laid.Traffic().VerifyWithData; n != 0 {
				ts.Fatalf("%d VERIFY with data reached the card", n)
			}
		},
		"stop": func(*testscript.TestScript, bool, []string) { daemon.Stop() },
		"start": func(ts *testscript.TestScript, _ bool, _ []string) {
			var err error
			daemon, err = pcscd.Start()
			ts.Check(err)
		},
	})
}

// bare is the floor BenchmarkRead compares with: a process that connects and sends the same commands, and knows
// nothing of what they mean.
func init() {
	programs["bare"] = func() {
		recording, err := os.ReadFile(os.Args[1])
		if err == nil {
			err = bareExchanges(string(recording))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func bareExchanges(recording string) error {
	conn, err := reader.Open(reader.Options{}).Connect(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	for line := range strings.Lines(recording) {
		var command []byte
		hexadecimal, _, _ := strings.Cut(line, ">")
		if _, err := fmt.Sscanf(strings.ReplaceAll(hexadecimal, " ", ""), "%x", &command); err != nil {
			return err
		}
		if _, err := conn.Transmit(command); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkRead times `kioskctl read --json` as a whole process against the same exchanges without program logic, in
// turn, at 0 and at 20 ms for each exchange. ms-more is the difference; the goal is at most 60.
func BenchmarkRead(b *testing.B) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		b.Run(fmt.Sprintf("exchange=%v", latency), func(b *testing.B) {
			c, err := cardtest.New("all-fine")
			if err != nil {
				b.Fatal(err)
			}
			record := &cardtest.Record{To: c}
			if _, err := card.Read(b.Context(), card.Card{Transmitter: record}, nil); err != nil {
				b.Fatal(err)
			}
			dir := b.TempDir()
			recording := filepath.Join(dir, "recording")
			if err := os.WriteFile(recording, []byte(record.String()), 0o600); err != nil {
				b.Fatal(err)
			}
			if c, err = cardtest.New("all-fine"); err != nil {
				b.Fatal(err)
			}
			slot := vpcd.At(pcscd.FirstAddress)
			slot.SetLatency(latency)
			if err := slot.Lay(c); err != nil {
				b.Fatal(err)
			}
			defer slot.Lift()
			// Each run meets a card that was just laid; vpcd looks every 400 ms at most.
			measure := func(name string, args ...string) time.Duration {
				slot.Lift()
				time.Sleep(500 * time.Millisecond)
				if err := slot.Lay(c); err != nil {
					b.Fatal(err)
				}
				time.Sleep(500 * time.Millisecond)
				return runProgram(b, dir, name, args...)
			}
			measure("kioskctl", "read", "--json") // warm
			before, runs := c.Traffic(), 0
			var ours, bare time.Duration
			for b.Loop() {
				ours += measure("kioskctl", "read", "--json")
				bare += measure("bare", recording)
				runs++
			}
			after := c.Traffic()
			each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(runs) }
			b.ReportMetric(each(ours), "ms-kioskctl")
			b.ReportMetric(each(bare), "ms-bare")
			b.ReportMetric(each(ours-bare), "ms-more")
			b.ReportMetric(float64(ours)/float64(bare), "ratio")
			b.ReportMetric(float64(after.Commands-before.Commands)/float64(2*runs), "exchanges")
			b.ReportMetric(float64(after.Sent-before.Sent)/float64(2*runs), "bytes-sent")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// runProgram runs this binary under another name and returns how long the whole process took.
func runProgram(b *testing.B, dir, name string, args ...string) time.Duration {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	link := filepath.Join(dir, name)
	_ = os.Symlink(self, link) // there already after the first time
	cmd := exec.Command(link, args...)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return time.Since(start)
}
