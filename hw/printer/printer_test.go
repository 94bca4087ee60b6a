package printer

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"kagimado/hw"
	"kagimado/hw/hwtest"
)

// limits let silence be short and leave a loaded machine the time to answer.
var limits = Limits{Open: 5 * time.Second, Answer: time.Second, Write: 2 * time.Second, Finish: 2 * time.Second}

// ways are the ways a virtual printer is reached in these tests.
var ways = map[string]func(testing.TB, *hwtest.Printer) *printer{
	"tcp": func(t testing.TB, paper *hwtest.Printer) *printer {
		address, stop, err := paper.Listen()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		return open(t, Options{Address: address, Limits: limits})
	},
	"serial": func(t testing.TB, paper *hwtest.Printer) *printer {
		path, stop, err := paper.PTY()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		return open(t, Options{Device: path, Flow: "none", Limits: limits})
	},
	"pipe": func(t testing.TB, paper *hwtest.Printer) *printer {
		var server sync.WaitGroup
		var one sync.Mutex // connection at a time
		t.Cleanup(server.Wait)
		return open(t, Options{Limits: limits, Dial: func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			server.Go(func() {
				one.Lock()
				defer one.Unlock()
				paper.Serve(t.Context(), far)
			})
			return near, nil
		}})
	},
}

func open(t testing.TB, o Options) *printer {
	t.Helper()
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*printer)
}

func TestLadder(t *testing.T) {
	t.Parallel()
	slip := text(576, 400, 1)
	garble := func(f func(b []byte) []byte) func(*hwtest.Condition) {
		return func(c *hwtest.Condition) { c.Garble = f }
	}
	tests := []struct {
		name   string
		lay    func(*hwtest.Condition)
		result hw.PrintResult
		state  hw.PrinterState
		slips  int
	}{
		{"ready", func(*hwtest.Condition) {}, hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
		{"paper low", func(c *hwtest.Condition) { c.NearEnd = true }, hw.PrintConfirmed, hw.PrinterState{Known: true, NearEnd: true}, 1},
		{"slow", func(c *hwtest.Condition) { c.RowTime = time.Millisecond / 4 }, hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
		{"cover open", func(c *hwtest.Condition) { c.CoverOpen = true }, hw.PrintRefused, hw.PrinterState{Known: true, Code: hw.PrinterCover}, 0},
		{"no paper", func(c *hwtest.Condition) { c.PaperEnd = true }, hw.PrintRefused, hw.PrinterState{Known: true, NearEnd: true, Code: hw.PrinterPaper}, 0},
		{"cutter", func(c *hwtest.Condition) { c.CutterError = true }, hw.PrintRefused, hw.PrinterState{Known: true, Code: hw.PrinterFault}, 0},
		{"offline", func(c *hwtest.Condition) { c.Offline = true }, hw.PrintRefused, hw.PrinterState{Known: true, Code: hw.PrinterOffline}, 0},
		{"cover before paper", func(c *hwtest.Condition) { c.CoverOpen, c.PaperEnd = true, true }, hw.PrintRefused, hw.PrinterState{Known: true, NearEnd: true, Code: hw.PrinterCover}, 0},
		{"paper ends within", func(c *hwtest.Condition) { c.RowsLeft = 100 }, hw.PrintBroken, hw.PrinterState{Known: true, NearEnd: true, Code: hw.PrinterPaper}, 0},
		{"paper ends at the last row", func(c *hwtest.Condition) { c.RowsLeft = 400 }, hw.PrintBroken, hw.PrinterState{Known: true, NearEnd: true, Code: hw.PrinterPaper}, 0},
		{"cutter jams", func(c *hwtest.Condition) { c.CutterJams = true }, hw.PrintBroken, hw.PrinterState{Known: true, Code: hw.PrinterFault}, 0},
		{"no job's end", func(c *hwtest.Condition) { c.NoJobEnd = true }, hw.PrintSent, hw.PrinterState{Known: true}, 1},
		{"no answer but the status", func(c *hwtest.Condition) { c.NoJobEnd, c.NoName = true, true }, hw.PrintSent, hw.PrinterState{Known: true}, 1},
		{"no name", func(c *hwtest.Condition) { c.NoName = true }, hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
		{"an old Epson", func(c *hwtest.Condition) { c.NoJobID = true }, hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
		{"ends too late", func(c *hwtest.Condition) { c.RowTime = 10 * time.Millisecond }, hw.PrintUnknown, hw.PrinterState{Known: true, Code: hw.PrinterSilent}, 1},
		{"deaf", func(c *hwtest.Condition) { c.Deaf = true }, hw.PrintSent, hw.PrinterState{}, 1},
		{"always zero", garble(func([]byte) []byte { return []byte{0} }), hw.PrintSent, hw.PrinterState{}, 1},
		{"always ones", garble(func([]byte) []byte { return []byte{0xFF} }), hw.PrintSent, hw.PrinterState{}, 1},
		{"half a block", garble(func([]byte) []byte { return []byte("\x5FTM") }), hw.PrintSent, hw.PrinterState{}, 1},
		{"noise around", garble(func(b []byte) []byte {
			return slices.Concat([]byte("\xFF\x13\x80\x5FTM-T88\x00\x37\x22abcd\x00"), b, []byte("\x91\x11"))
		}), hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
		{"automatic status between", garble(func(b []byte) []byte {
			return slices.Concat([]byte{0x14, 0x00, 0x00, 0x0F}, b, []byte{0x14, 0x00, 0x00, 0x0F})
		}), hw.PrintConfirmed, hw.PrinterState{Known: true}, 1},
	}
	var real sync.WaitGroup
	for _, tt := range tests {
		check := func(t *testing.T, way string) {
			paper := &hwtest.Printer{}
			paper.Set(tt.lay)
			got, err := ways[way](t, paper).Print(t.Context(), slip)
			if want := (hw.Printed{Result: tt.result, State: tt.state}); got != want {
				t.Errorf("Print = %+v, %v; want %+v", got, err, want)
			}
			if code := hw.CodeOf(err, ""); code != tt.state.Code {
				t.Errorf("Print's error %v has code %q; want %q", err, code, tt.state.Code)
			}
			if tt.result == hw.PrintRefused && paper.Received() > halfCommand+9 {
				t.Errorf("printer got %d bytes; want the three questions at most", paper.Received())
			}
			awaitSlips(t, paper, tt.slips)
			for _, printed := range paper.Slips() {
				if n := changed(t, slip, printed); n > 0 {
					t.Errorf("paper differs in %d dots", n)
				}
			}
			if text := paper.Text(); text != "" {
				t.Errorf("printer printed text %q; want only pictures", text)
			}
			if notes := paper.Notes(); len(notes) > 0 {
				t.Errorf("printer notes %q", notes)
			}
		}
		t.Run("pipe/"+tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { check(t, "pipe") })
		})
		// Real connections take real time to be silent: all at once, which t.Parallel would not do.
		for _, way := range []string{"tcp", "serial"} {
			real.Go(func() {
				t.Run(way+"/"+tt.name, func(t *testing.T) { check(t, way) })
			})
		}
	}
	real.Wait()
}

// awaitSlips waits for what a printer that answers nothing still has to take.
func awaitSlips(t *testing.T, paper *hwtest.Printer, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(paper.Slips()) < n && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := len(paper.Slips()); got != n {
		t.Errorf("printer cut %d slips; want %d", got, n)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	paper := &hwtest.Printer{}
	p := ways["tcp"](t, paper)
	for _, tt := range []struct {
		lay  func(*hwtest.Condition)
		want hw.PrinterState
	}{
		{func(c *hwtest.Condition) {}, hw.PrinterState{Known: true}},
		{func(c *hwtest.Condition) { *c = hwtest.Condition{NearEnd: true} }, hw.PrinterState{Known: true, NearEnd: true}},
		{func(c *hwtest.Condition) { *c = hwtest.Condition{PaperEnd: true} }, hw.PrinterState{Known: true, NearEnd: true, Code: hw.PrinterPaper}},
		{func(c *hwtest.Condition) { *c = hwtest.Condition{Deaf: true} }, hw.PrinterState{}},
	} {
		paper.Set(tt.lay)
		if got, err := p.State(t.Context()); got != tt.want || err != nil {
			t.Errorf("State = %+v, %v; want %+v", got, err, tt.want)
		}
	}
}

// A deaf network printer that goes away while it prints is not one that took the slip.
func TestDisconnectWhileDeaf(t *testing.T) {
	t.Parallel()
	paper := &hwtest.Printer{}
	paper.Set(func(c *hwtest.Condition) { c.Deaf, c.HangUpAt = true, flushBytes+1000 })
	got, err := ways["tcp"](t, paper).Print(t.Context(), text(576, 400, 3))
	if got.Result != hw.PrintBroken || hw.CodeOf(err, "") != hw.PrinterBroken {
		t.Errorf("Print = %+v, %v; want broken", got, err)
	}
}

// A printer that takes no more bytes is asked why, and believed.
func TestStuck(t *testing.T) {
	t.Parallel()
	var real sync.WaitGroup
	check := func(t *testing.T, way string) {
		paper := &hwtest.Printer{}
		paper.Set(func(c *hwtest.Condition) { c.StuckAt = flushBytes + 1000 })
		got, err := ways[way](t, paper).Print(t.Context(), text(576, 800, 4))
		if got.Result != hw.PrintUnknown || hw.CodeOf(err, "") != hw.PrinterSilent {
			t.Errorf("Print = %+v, %v; want unknown with %s", got, err, hw.PrinterSilent)
		}
	}
	for _, way := range []string{"tcp", "serial"} {
		real.Go(func() {
			t.Run(way, func(t *testing.T) { check(t, way) })
		})
	}
	t.Run("pipe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { check(t, "pipe") })
	})
	real.Wait()
}

func TestUnplug(t *testing.T) {
	paper := &hwtest.Printer{}
	paper.Set(func(c *hwtest.Condition) { c.HangUpAt = flushBytes + 2000 })
	p := ways["serial"](t, paper)
	got, err := p.Print(t.Context(), text(576, 800, 5))
	if got.Result != hw.PrintBroken || hw.CodeOf(err, "") != hw.PrinterBroken {
		t.Errorf("Print = %+v, %v; want broken", got, err)
	}
	got, err = p.Print(t.Context(), text(576, 800, 5))
	if got.Result != hw.PrintRefused || hw.CodeOf(err, "") != hw.PrinterMissing {
		t.Errorf("Print without a printer = %+v, %v; want refused with %s", got, err, hw.PrinterMissing)
	}
}

func TestMissing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	for _, o := range []Options{{Address: closed}, {Device: filepath.Join(t.TempDir(), "lp0")}, {Folder: "/dev/null/slips"}} {
		p, err := Open(o)
		if err != nil {
			t.Fatalf("Open(%+v): %v", o, err)
		}
		got, err := p.Print(t.Context(), text(384, 10, 6))
		if got.Result != hw.PrintRefused || got.State.Code != hw.PrinterMissing || hw.CodeOf(err, "") != hw.PrinterMissing {
			t.Errorf("Print on %+v = %+v, %v; want refused with %s", o, got, err, hw.PrinterMissing)
		}
		if o.Folder != "" {
			continue
		}
		if s, err := p.State(t.Context()); s.Code != hw.PrinterMissing || hw.CodeOf(err, "") != hw.PrinterMissing {
			t.Errorf("State of %+v = %+v, %v; want %s", o, s, err, hw.PrinterMissing)
		}
	}
}

func TestOpenRefusesMistakes(t *testing.T) {
	for _, o := range []Options{{}, {Device: "a", Folder: "b"}, {Device: "a", Baud: 1234}, {Device: "a", Flow: "dtr"}} {
		if _, err := Open(o); err == nil {
			t.Errorf("Open(%+v) succeeded; want an error", o)
		}
	}
}

func TestCancel(t *testing.T) {
	for way, connect := range ways {
		t.Run(way, func(t *testing.T) {
			paper := &hwtest.Printer{}
			paper.Set(func(c *hwtest.Condition) { c.RowTime = time.Minute })
			p := connect(t, paper)
			p.options.Limits.Finish = time.Hour
			p.options.Limits.Answer = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var hand sync.WaitGroup
			hand.Go(func() {
				awaitSlips(t, paper, 1)
				cancel()
			})
			got, err := p.Print(ctx, text(576, 100, 7))
			hand.Wait()
			if got.Result != hw.PrintUnknown || !errors.Is(err, context.Canceled) || hw.CodeOf(err, "") != "" {
				t.Errorf("Print = %+v, %v; want unknown and the context's error", got, err)
			}
			got, err = p.Print(ctx, text(576, 100, 7))
			if got.Result != hw.PrintRefused || !errors.Is(err, context.Canceled) || len(paper.Slips()) != 1 {
				t.Errorf("Print after the end = %+v, %v; want refused and no second slip", got, err)
			}
			if _, err := p.State(ctx); !errors.Is(err, context.Canceled) || hw.CodeOf(err, "") != "" {
				t.Errorf("State after the end = %v; want the context's error", err)
			}
		})
	}
}

func TestJobsFollowOneAnother(t *testing.T) {
	paper := &hwtest.Printer{}
	p := ways["tcp"](t, paper)
	slip := text(576, 200, 8)
	before := runtime.NumGoroutine()
	var jobs sync.WaitGroup
	for range 20 {
		jobs.Go(func() {
			if got, err := p.Print(t.Context(), slip); got.Result != hw.PrintConfirmed {
				t.Errorf("Print = %+v, %v; want confirmed", got, err)
			}
			if _, err := p.State(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	jobs.Wait()
	for _, printed := range paper.Slips() {
		if n := changed(t, slip, printed); n > 0 {
			t.Errorf("paper differs in %d dots", n)
		}
	}
	if n := len(paper.Slips()); n != 20 {
		t.Errorf("printer cut %d slips; want 20", n)
	}
	stream, err := Encode(slip, true)
	if err != nil {
		t.Fatal(err)
	}
	// Only the first job begins with a flush: a confirmed one leaves nothing behind.
	if got, most := paper.Received(), flushBytes+20*(len(stream)+200); got > most {
		t.Errorf("20 jobs took %d bytes; want at most %d", got, most)
	}
	for end := time.Now().Add(time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines after 20 jobs; want %d", n, before)
	}
}

// A printer that answers nothing but its status is neither waited for in vain nor given blank strips or a slip on top
// of another. Its paper's end is still seen.
func TestStatusOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paper := &hwtest.Printer{}
		paper.Set(func(c *hwtest.Condition) { c.NoJobEnd, c.NoName = true, true })
		p := ways["pipe"](t, paper)
		slip := text(576, 1600, 15)
		var received [3]int
		for job := range 2 {
			begun := time.Now()
			if got, err := p.Print(t.Context(), slip); got.Result != hw.PrintSent || !got.State.Known || err != nil {
				t.Errorf("Print = %+v, %v; want sent and a known state", got, err)
			}
			if d := time.Since(begun); d > 7*time.Second {
				t.Errorf("Print took %v; want no longer than a slow printer's 4 s for 20 cm and two answers' time", d)
			}
			received[job+1] = paper.Received()
		}
		if first, second := received[1], received[2]-received[1]; first != second || len(paper.Slips()) != 2 {
			t.Errorf("the second of %d slips took %d bytes; want %d as the first", len(paper.Slips()), second, first)
		}
		var hand sync.WaitGroup
		hand.Go(func() {
			time.Sleep(3 * time.Second)
			paper.Set(func(c *hwtest.Condition) { c.PaperEnd = true })
		})
		if got, err := p.Print(t.Context(), slip); got.Result != hw.PrintBroken || hw.CodeOf(err, "") != hw.PrinterPaper {
			t.Errorf("Print = %+v, %v; want broken with %s", got, err, hw.PrinterPaper)
		}
		hand.Wait()
	})
}

// Without a cutter the paper is fed past the tear bar and stays in one piece.
func TestNoCut(t *testing.T) {
	paper := &hwtest.Printer{Width: 384}
	address, stop, err := paper.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	slip := text(384, 100, 9)
	if got, err := open(t, Options{Address: address, NoCut: true, Limits: limits}).Print(t.Context(), slip); got.Result != hw.PrintConfirmed {
		t.Fatalf("Print = %+v, %v; want confirmed", got, err)
	}
	out := paper.Paper()
	if len(paper.Slips()) != 0 || out.Bounds().Dy() != 100+5*30 {
		t.Fatalf("%d slips and %d rows hanging out; want none and 250", len(paper.Slips()), out.Bounds().Dy())
	}
	changed(t, slip, out.SubImage(image.Rect(0, 0, 384, 100)).(*image.Paletted))
}

// A device that is only a file takes the bytes and cannot answer.
func TestDeviceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lp0")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	slip := text(576, 300, 10)
	if got, err := open(t, Options{Device: path, Limits: limits}).Print(t.Context(), slip); got.Result != hw.PrintSent || err != nil {
		t.Fatalf("Print = %+v, %v; want sent", got, err)
	}
	stream, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, printed := printOn(t, stream, 576)
	if n := changed(t, slip, printed); n > 0 {
		t.Errorf("the file differs in %d dots", n)
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "slips")
	p, err := Open(Options{Folder: dir})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.State(t.Context()); !s.Known || s.Code != "" || err != nil {
		t.Errorf("State = %+v, %v; want ready", s, err)
	}
	whole := text(576, 200, 11)
	slip := whole.SubImage(image.Rect(8, 8, 300, 190)).(*image.Paletted)
	for _, name := range []string{"slip-0001.png", "slip-0003.png"} {
		got, err := p.Print(t.Context(), slip)
		if want := (hw.Printed{Result: hw.PrintSaved, State: hw.PrinterState{Known: true}, Path: filepath.Join(dir, name)}); got != want || err != nil {
			t.Fatalf("Print = %+v, %v; want %+v", got, err, want)
		}
		// Another kiosk's slip is never replaced.
		if err := os.WriteFile(filepath.Join(dir, "slip-0002.png"), []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(got.Path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if n := changed(t, slip, m.(*image.Paletted)); n > 0 {
			t.Errorf("%s differs in %d dots", name, n)
		}
		if depth := data[24]; depth != 1 {
			t.Errorf("%s has %d bits a dot; want 1", name, depth)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("folder holds %v, %v; want three slips and no draft", entries, err)
	}
}

func TestPortCode(t *testing.T) {
	for _, tt := range []struct {
		lines byte
		ok    bool
		code  hw.Code
		known bool
	}{
		{0x18, true, "", true},
		{0x38, true, "", true}, // paper out but no error: the kernel's driver calls it fine, too
		{0x30, true, hw.PrinterPaper, true},
		{0x20, true, hw.PrinterPaper, true},
		{0x80, true, "", false},
		{0x00, true, "", false},
		{0x10, true, hw.PrinterFault, true},
		{0x18, false, "", false},
	} {
		if code, known := portCode(tt.lines, tt.ok); code != tt.code || known != tt.known {
			t.Errorf("portCode(%02X, %v) = %q, %v; want %q, %v", tt.lines, tt.ok, code, known, tt.code, tt.known)
		}
	}
}

// The status lines of a deaf USB printer stop a job at any time, but never confirm one.
func TestDeafUSB(t *testing.T) {
	empty := hw.PrinterState{Known: true, Code: hw.PrinterPaper}
	slip := text(576, 400, 12)
	// The first run counts how often the lines are looked at.
	looks := 0
	for _, tt := range []struct {
		before, after byte
		at            func() int // the look from which on after counts
		result        hw.PrintResult
		state         hw.PrinterState
	}{
		{0x18, 0x18, func() int { return 1 }, hw.PrintSent, hw.PrinterState{Known: true}},
		{0x18, 0x30, func() int { return looks }, hw.PrintBroken, empty},
		{0x18, 0x30, func() int { return 2 }, hw.PrintBroken, empty},
		{0x30, 0x30, func() int { return 1 }, hw.PrintRefused, empty},
		{0x00, 0x00, func() int { return 1 }, hw.PrintSent, hw.PrinterState{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			paper := &hwtest.Printer{}
			paper.Set(func(c *hwtest.Condition) { c.Deaf = true })
			p := ways["pipe"](t, paper)
			dial, at := p.dial, tt.at()
			p.dial = func(ctx context.Context) (*link, error) {
				l, err := dial(ctx)
				looks = 0
				l.port = func() (byte, bool) {
					if looks++; looks >= at {
						return tt.after, true
					}
					return tt.before, true
				}
				return l, err
			}
			got, err := p.Print(t.Context(), slip)
			if want := (hw.Printed{Result: tt.result, State: tt.state}); got != want {
				t.Errorf("Print with lines %02X and %02X from look %d on = %+v, %v; want %+v", tt.before, tt.after, at, got, err, want)
			}
		})
	}
}

// oneWay is a USB printer without a way back, as usblp shows it.
type oneWay struct{ stream }

func (oneWay) Read([]byte) (int, error) { return 0, syscall.EINVAL }

func TestOneWayUSB(t *testing.T) {
	paper := &hwtest.Printer{}
	paper.Set(func(c *hwtest.Condition) { c.Deaf = true })
	p := ways["pipe"](t, paper)
	dial := p.dial
	p.dial = func(ctx context.Context) (*link, error) {
		l, err := dial(ctx)
		l.stream = oneWay{l.stream}
		return l, err
	}
	slip := text(576, 100, 13)
	if got, err := p.Print(t.Context(), slip); got.Result != hw.PrintSent || err != nil {
		t.Fatalf("Print = %+v, %v; want sent", got, err)
	}
	awaitSlips(t, paper, 1)
	if n := changed(t, slip, paper.Slips()[0]); n > 0 {
		t.Errorf("paper differs in %d dots", n)
	}
}

// Whatever a printer sends, Print returns in bounded time, and success and code never contradict each other.
func TestNonsense(t *testing.T) {
	slip := text(384, 60, 14)
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			paper := &hwtest.Printer{}
			paper.Set(func(c *hwtest.Condition) {
				c.Garble = func(b []byte) []byte {
					out := make([]byte, r.IntN(9))
					for i := range out {
						out[i] = byte(r.Uint32())
					}
					return out
				}
			})
			begun := time.Now()
			got, err := ways["pipe"](t, paper).Print(t.Context(), slip)
			if d := time.Since(begun); d > 30*time.Second {
				t.Errorf("seed %d: Print took %v", seed, d)
			}
			well := got.Result == hw.PrintSent || got.Result == hw.PrintConfirmed
			if well != (err == nil) || well != (got.State.Code == "") || hw.CodeOf(err, "") != got.State.Code {
				t.Errorf("seed %d: Print = %+v, %v; want an error with the state's code, or success without", seed, got, err)
			}
			if got.Result == hw.PrintRefused && len(paper.Slips()) > 0 {
				t.Errorf("seed %d: a refused slip came out", seed)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name           string
		in             string
		status, jobEnd string
	}{
		{"status", "\x12\x1A\x16\x32\x7E", "\x12\x1A\x16\x32\x7E", ""},
		{"job end", "\x00\x03\x0F", "", "\x00\x03\x0F"},
		{"automatic status is no job end", "\x10\x00\x00\x00", "", ""},
		{"one answer within another", "\x3C\x00\x12\x0C\x00\x00", "\x12", "\x00"},
		{"model block", "\x5FTM-T20\x00\x12", "\x12", ""},
		{"process block", "\x37\x220000\x00\x00", "", "\x00"},
		{"an older job's end", "\x00\x5FEPSON\x00\x03", "", "\x03"},
		{"flow control", "\x11\x13\x12", "\x12", ""},
		{"high bytes", "\xFF\x80\x93\x92\x90", "", ""},
		{"endless block", "\x5F" + string(bytes.Repeat([]byte{'A'}, blockLimit)) + "\x12", "\x12", ""},
	} {
		var a answers
		for i := range len(tt.in) {
			a.take(tt.in[i])
		}
		if string(a.status) != tt.status || string(a.jobEnd) != tt.jobEnd {
			t.Errorf("%s: status % X, job end % X; want % X, % X", tt.name, a.status, a.jobEnd, tt.status, tt.jobEnd)
		}
	}
}
