package printer

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kagimado/hw"
	"kagimado/hw/hwtest"
)

// ends records where the writes of a connection ended.
type ends struct {
	stream
	at *[]int
}

func (e ends) Write(b []byte) (int, error) {
	n, err := e.stream.Write(b)
	total := n
	if len(*e.at) > 0 {
		total += (*e.at)[len(*e.at)-1]
	}
	*e.at = append(*e.at, total)
	return n, err
}

// bubble runs a test in which time passes only where everyone waits, and which ends only when no goroutine is left.
func bubble(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// boundaries returns after how many bytes each command of a first job on such a printer ends, the questions included.
func boundaries(t *testing.T, lay func(*hwtest.Condition), slip *image.Paletted) (at []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		paper := &hwtest.Printer{Width: slip.Bounds().Dx()}
		paper.Set(lay)
		p := ways["pipe"](t, paper)
		dial := p.dial
		p.dial = func(ctx context.Context) (*link, error) {
			l, err := dial(ctx)
			l.stream = ends{l.stream, &at}
			return l, err
		}
		if got, err := p.Print(t.Context(), slip); err != nil {
			t.Fatalf("Print = %+v, %v; want a slip", got, err)
		}
	})
	return at
}

// whole tells how many of the slips that were cut off are exactly slip, which must not stand on a paper with anything
// else, and whether there is ink anywhere.
func whole(slip *image.Paletted, paper *hwtest.Printer) (n int, ink bool) {
	for _, printed := range paper.Slips() {
		if bytes.Equal(printed.Pix, slip.Pix) {
			n++
		}
		ink = ink || bytes.IndexByte(printed.Pix, 1) >= 0
	}
	return n, ink || bytes.IndexByte(paper.Paper().Pix, 1) >= 0
}

// truthful fails when what Print claims is not on the paper, or what is on the paper is denied.
func truthful(t *testing.T, about string, got hw.Printed, err error, slip *image.Paletted, paper *hwtest.Printer) {
	t.Helper()
	n, ink := whole(slip, paper)
	well := got.Result == hw.PrintConfirmed || got.Result == hw.PrintSent
	switch {
	case n > 1:
		t.Errorf("%s: %d slips; want no reprint", about, n)
	case got.Result == hw.PrintConfirmed && n != 1:
		t.Errorf("%s: Print = %+v without a whole slip", about, got)
	case got.Result == hw.PrintRefused && ink:
		t.Errorf("%s: Print = %+v, but there is ink on the paper", about, got)
	case well != (err == nil), hw.CodeOf(err, "") != got.State.Code:
		t.Errorf("%s: Print = %+v, %v; want an error with the state's code, or success without", about, got, err)
	}
}

// next fails unless the following job ends as a job without a fault does and comes out whole, once and on a paper of its own, whatever the job
// before left in the printer.
func next(t *testing.T, about string, p *printer, paper *hwtest.Printer) {
	t.Helper()
	slip := text(paper.Width, 200, 21)
	before := len(paper.Slips())
	want := hw.PrintConfirmed
	paper.Set(func(c *hwtest.Condition) {
		if c.NoJobEnd {
			want = hw.PrintSent
		}
	})
	got, err := p.Print(t.Context(), slip)
	if got.Result != want || err != nil {
		t.Errorf("%s: the next Print = %+v, %v; want result %d", about, got, err, want)
		return
	}
	slips := paper.Slips()
	if n, _ := whole(slip, paper); n != 1 || len(slips) <= before || !bytes.Equal(slips[len(slips)-1].Pix, slip.Pix) {
		t.Errorf("%s: the next slip is not the last one, alone and whole", about)
	}
	if rest := paper.Paper(); rest.Bounds().Dy() > 0 {
		t.Errorf("%s: %d rows follow the next slip", about, rest.Bounds().Dy())
	}
	if text := paper.Text(); text != "" {
		t.Errorf("%s: text %q was printed", about, text)
	}
}

// kinds are the printers that answer at all, by what they answer in their turn.
var kinds = map[string]func(*hwtest.Condition){
	"epson":       func(*hwtest.Condition) {},
	"old epson":   func(c *hwtest.Condition) { c.NoJobID = true },
	"other":       func(c *hwtest.Condition) { c.NoName, c.NoJobID = true, true },
	"status only": func(c *hwtest.Condition) { c.NoName, c.NoJobEnd = true, true },
}

// TestDisconnect breaks the connection at every byte where a command ends, the slices and the questions among them, at
// the bytes beside it, between those that tell a picture's size, and at 500 others. No break may pass for a slip, and the job after it is clean. The bubble ends only
// when no goroutine is left.
func TestDisconnect(t *testing.T) {
	slip := text(384, 300, 2)
	for kind, places := range map[string]int{"epson": 300, "other": 200} {
		lay := kinds[kind]
		at := boundaries(t, lay, slip)
		total := at[len(at)-1]
		breaks := map[int]bool{}
		for _, n := range append(at, 0) {
			beside := []int{n - 1, n, n + 1, n + 5, n + 6, n + 7}
			if kind != "epson" {
				beside = beside[:3]
			}
			for _, n := range beside {
				breaks[min(max(n, 1), total)] = true
			}
		}
		for r := rand.New(rand.NewPCG(1, 5)); places > 0; places-- {
			breaks[1+r.IntN(total)] = true
		}
		questions := at[2]
		for _, n := range slices.Sorted(maps.Keys(breaks)) {
			bubble(t, fmt.Sprintf("%s/%d", kind, n), func(t *testing.T) { disconnect(t, "pipe", n, questions, lay, slip) })
		}
		for _, n := range at {
			if kind == "epson" { // the others are asked for a second of real time what they may still owe
				disconnect(t, "tcp", n, questions, lay, slip)
			}
		}
	}
}

func disconnect(t *testing.T, way string, n, questions int, lay func(*hwtest.Condition), slip *image.Paletted) {
	about := fmt.Sprintf("%s, break at byte %d", way, n)
	paper := &hwtest.Printer{Width: 384}
	paper.Set(lay)
	paper.Set(func(c *hwtest.Condition) { c.HangUpAt = n })
	p := ways[way](t, paper)
	got, err := p.Print(t.Context(), slip)
	truthful(t, about, got, err, slip, paper)
	want := hw.Printed{Result: hw.PrintBroken, State: hw.PrinterState{Code: hw.PrinterBroken}}
	if n <= questions {
		want.Result = hw.PrintRefused
	}
	if got.Result != want.Result || got.State.Code == "" {
		t.Errorf("%s: Print = %+v, %v; want %+v", about, got, err, want)
	}
	paper.Set(func(c *hwtest.Condition) { c.HangUpAt = 0 })
	next(t, about, p, paper)
	if notes := paper.Notes(); n <= questions && len(notes) > 0 {
		t.Errorf("%s: printer notes %q", about, notes)
	}
}

// TestPaperEnd lets the paper end at every row of a slip where a slice ends or begins and at others, 60 in all.
func TestPaperEnd(t *testing.T) {
	slip := text(384, 300, 2)
	commands, err := encode(slip, true)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]bool{}
	y := 0
	for _, c := range commands {
		if bytes.HasPrefix(c, []byte{0x1D, 0x76, 0x30, 0x00}) {
			y += int(c[6])
			rows[y-1], rows[y], rows[min(y+1, 300)] = true, true, true
		}
	}
	for r := rand.New(rand.NewPCG(1, 6)); len(rows) < 60; {
		rows[1+r.IntN(300)] = true
	}
	for kind, lay := range kinds {
		for _, n := range slices.Sorted(maps.Keys(rows)) {
			bubble(t, fmt.Sprintf("%s/%d", kind, n), func(t *testing.T) {
				about := fmt.Sprintf("%s, %d rows left", kind, n)
				paper := &hwtest.Printer{Width: 384}
				paper.Set(lay)
				paper.Set(func(c *hwtest.Condition) { c.RowsLeft = n })
				p := ways["pipe"](t, paper)
				got, err := p.Print(t.Context(), slip)
				truthful(t, about, got, err, slip, paper)
				if got.Result != hw.PrintBroken || got.State.Code != hw.PrinterPaper {
					t.Errorf("%s: Print = %+v, %v; want broken with %s", about, got, err, hw.PrinterPaper)
				}
				paper.Set(func(c *hwtest.Condition) { c.PaperEnd = false })
				// An Epson forgets what it had. The others were not filled up with all of the slip.
				late := paper.Paper().Bounds().Dy() - n
				for _, old := range paper.Slips() {
					late += old.Bounds().Dy()
				}
				if kind == "epson" && late != 0 || late > 150 {
					t.Errorf("%s: with new paper, %d rows come out of the old slip", about, late)
				}
				next(t, about, p, paper)
			})
		}
	}
}

// TestStates puts a printer of every kind in every state before a job, in the midst of its picture, and after the last byte
// of it. Whatever happens, Print tells the truth; when the state is mended nothing is printed by itself but what the printer
// had already taken, and the next job is clean.
func TestStates(t *testing.T) {
	const refused, unknown, broken, sent, confirmed = hw.PrintRefused, hw.PrintUnknown, hw.PrintBroken, hw.PrintSent, hw.PrintConfirmed
	type outcome struct {
		result hw.PrintResult
		code   hw.Code
	}
	all := func(r hw.PrintResult) [3]outcome { return [3]outcome{{r, ""}, {r, ""}, {r, ""}} }
	stops := func(code hw.Code, after hw.PrintResult) [3]outcome {
		return [3]outcome{{refused, code}, {broken, code}, {after, code}}
	}
	slip := text(384, 500, 2)
	for _, tt := range []struct {
		name string
		lay  func(*hwtest.Condition)
		want [3]outcome // before, during, after
		only [3]outcome // of a printer that tells nothing but its status
	}{
		{"near end", func(c *hwtest.Condition) { c.NearEnd = true }, all(confirmed), all(sent)},
		{"paper end", func(c *hwtest.Condition) { c.PaperEnd = true }, stops(hw.PrinterPaper, unknown), stops(hw.PrinterPaper, broken)},
		{"cover", func(c *hwtest.Condition) { c.CoverOpen = true }, stops(hw.PrinterCover, unknown), stops(hw.PrinterCover, broken)},
		{"cutter", func(c *hwtest.Condition) { c.CutterError = true }, stops(hw.PrinterFault, unknown), stops(hw.PrinterFault, broken)},
		{"offline", func(c *hwtest.Condition) { c.Offline = true }, stops(hw.PrinterOffline, unknown), stops(hw.PrinterOffline, broken)},
		{"deaf", func(c *hwtest.Condition) { c.Deaf = true },
			[3]outcome{{sent, ""}, {unknown, hw.PrinterSilent}, {sent, ""}}, all(sent)},
		{"garbage", func(c *hwtest.Condition) {
			c.Garble = func([]byte) []byte { return []byte("\x00\xFF\x37\x22\x5FEPSON\x00") }
		}, all(sent), all(sent)},
		{"stuck", func(c *hwtest.Condition) { c.StuckAt = 1 },
			[3]outcome{{refused, hw.PrinterSilent}, {unknown, hw.PrinterSilent}, {sent, ""}},
			[3]outcome{{refused, hw.PrinterSilent}, {unknown, hw.PrinterSilent}, {sent, ""}}},
		{"slow", func(c *hwtest.Condition) { c.RowTime = 4 * time.Millisecond }, all(confirmed), all(sent)},
		{"too slow", func(c *hwtest.Condition) { c.RowTime = 40 * time.Millisecond },
			[3]outcome{{unknown, hw.PrinterSilent}, {unknown, hw.PrinterSilent}, {confirmed, ""}}, all(sent)},
	} {
		for kind, layKind := range kinds {
			at := boundaries(t, layKind, slip)
			// The last three writes ask for the state after the job.
			end := at[len(at)-4]
			for i, moment := range []int{0, (end + flushBytes) / 2, end} {
				want := tt.want[i]
				if kind == "status only" {
					want = tt.only[i]
				}
				about := fmt.Sprintf("%s/%s/%s", tt.name, [...]string{"before", "during", "after"}[i], kind)
				bubble(t, about, func(t *testing.T) {
					paper := &hwtest.Printer{Width: 384}
					paper.Set(layKind)
					paper.Set(func(c *hwtest.Condition) {
						if moment == 0 {
							tt.lay(c)
						} else {
							c.TurnAt, c.Turn = moment, tt.lay
						}
					})
					p := ways["pipe"](t, paper)
					got, err := p.Print(t.Context(), slip)
					truthful(t, about, got, err, slip, paper)
					if o := (outcome{got.Result, got.State.Code}); o != want {
						t.Errorf("%s: Print = %+v, %v; want %v", about, got, err, want)
					}
					paper.Set(func(c *hwtest.Condition) {
						*c = hwtest.Condition{}
						layKind(c)
					})
					time.Sleep(time.Minute) // the slow ones' rest
					next(t, about, p, paper)
				})
			}
		}
	}
}

// A feed button held down is no fault, as long as it is let go.
func TestFeedButton(t *testing.T) {
	slip := text(384, 500, 2)
	for held, want := range map[time.Duration]hw.PrintResult{time.Second: hw.PrintConfirmed, time.Minute: hw.PrintBroken} {
		bubble(t, held.String(), func(t *testing.T) {
			paper := &hwtest.Printer{Width: 384}
			paper.Set(func(c *hwtest.Condition) {
				c.TurnAt, c.Turn = flushBytes+5000, func(c *hwtest.Condition) {
					c.Offline = true
					time.AfterFunc(held, func() { paper.Set(func(c *hwtest.Condition) { c.Offline = false }) })
				}
			})
			p := ways["pipe"](t, paper)
			got, err := p.Print(t.Context(), slip)
			truthful(t, held.String(), got, err, slip, paper)
			if got.Result != want {
				t.Errorf("Print with the button held for %v = %+v, %v; want result %d", held, got, err, want)
			}
			time.Sleep(time.Hour) // for the timer
			next(t, held.String(), p, paper)
		})
	}
}

// kept is a line that outlives its conversations, as a serial one does: late answers are read by the next.
type kept struct{ net.Conn }

func (kept) Close() error { return nil }

// A job's end that comes too late does not confirm the job after it.
func TestLateJobEnd(t *testing.T) {
	slip := text(384, 500, 2)
	for kind, lay := range kinds {
		bubble(t, kind, func(t *testing.T) {
			paper := &hwtest.Printer{Width: 384}
			paper.Set(lay)
			paper.Set(func(c *hwtest.Condition) { c.RowTime = 5 * time.Millisecond })
			near, far := net.Pipe()
			var server sync.WaitGroup
			server.Go(func() { paper.Serve(t.Context(), far) })
			p := open(t, Options{Device: "pipe", Limits: limits})
			p.dial = func(context.Context) (*link, error) { return &link{stream: kept{near}}, nil }
			got, err := p.Print(t.Context(), slip)
			truthful(t, kind+", late", got, err, slip, paper)
			if got.Result == hw.PrintConfirmed {
				t.Errorf("%s: Print = %+v; want it too late", kind, got)
			}
			other := text(384, 500, 22)
			paper.Set(func(c *hwtest.Condition) { c.RowTime, c.RowsLeft = 0, flushBytes/48+250 })
			got, err = p.Print(t.Context(), other)
			if got.Result != hw.PrintBroken || got.State.Code != hw.PrinterPaper {
				t.Errorf("%s: Print after a late one = %+v, %v; want broken with %s", kind, got, err, hw.PrinterPaper)
			}
			near.Close()
			server.Wait()
		})
	}
}

// scripted is a printer whose answers come when a test wants them: those to the n-th GS r after each of the delays.
type scripted struct {
	maker   string // "" knows no GS I
	jobEnds [][]time.Duration
	mute    byte          // the DLE EOT it does not know
	busy    time.Duration // status is not answered before, from the first GS r on
	turn    time.Duration // from the last scripted GS r until turned counts
	turned  [5]byte       // answers to DLE EOT; 0 = well
}

func (s scripted) serve(conn net.Conn) {
	var in []byte
	answer := func(after time.Duration, b ...byte) {
		// In the order of the questions.
		time.AfterFunc(max(after, 0)+time.Duration(len(in)), func() { _, _ = conn.Write(b) })
	}
	asked, idle, turn := 0, time.Now(), time.Now().Add(time.Hour)
	for buf := make([]byte, 1); ; {
		if _, err := conn.Read(buf); err != nil {
			return
		}
		in = append(in, buf[0])
		switch {
		case len(in) > 2 && bytes.Equal(in[len(in)-3:len(in)-1], []byte("\x10\x04")) && buf[0] != s.mute:
			status := byte(0x12)
			if time.Now().After(turn) {
				status |= s.turned[buf[0]]
			}
			answer(time.Until(idle), status)
		case bytes.HasSuffix(in, cmdMaker) && s.maker != "":
			answer(0, []byte("\x5F"+s.maker+"\x00")...)
		case bytes.HasSuffix(in, cmdJobEnd) && asked < len(s.jobEnds):
			for _, after := range s.jobEnds[asked] {
				answer(after, 0x00)
			}
			if asked++; asked == 1 {
				idle = time.Now().Add(s.busy)
			}
			if asked == len(s.jobEnds) {
				turn = time.Now().Add(s.turn)
			}
		}
	}
}

// Only an answer that certainly belongs to this job's end confirms it.
func TestWhoseAnswer(t *testing.T) {
	const soon, late = 500 * time.Millisecond, 1500 * time.Millisecond
	for _, tt := range []struct {
		name    string
		printer scripted
		want    hw.PrintResult
	}{
		{"at once", scripted{jobEnds: [][]time.Duration{{0}, {0}}}, hw.PrintConfirmed},
		{"no paper sensor", scripted{jobEnds: [][]time.Duration{{0}, {2 * late}}, mute: 4}, hw.PrintConfirmed},
		{"status late, but well", scripted{jobEnds: [][]time.Duration{{0}, {0}}, busy: late}, hw.PrintConfirmed},
		{"status late, and offline", scripted{jobEnds: [][]time.Duration{{0}, {0}}, busy: late, turned: [5]byte{1: 0x08}}, hw.PrintUnknown},
		{"status late, and no paper", scripted{jobEnds: [][]time.Duration{{0}, {0}}, busy: late, turned: [5]byte{4: 0x60}}, hw.PrintUnknown},
		{"the second at the beginning is ours", scripted{jobEnds: [][]time.Duration{{0, soon}, nil}}, hw.PrintUnknown},
		{"the beginning's comes after it", scripted{jobEnds: [][]time.Duration{{late}}}, hw.PrintSent},
		{"an old Epson", scripted{maker: epson, jobEnds: [][]time.Duration{{0}, {0}}}, hw.PrintConfirmed},
		{"an Epson still prints", scripted{maker: epson, jobEnds: [][]time.Duration{{0}, {0}}, turn: soon, turned: [5]byte{4: 0x60}}, hw.PrintUnknown},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			p := open(t, Options{Device: "pipe", Limits: limits})
			p.options.Limits.Finish = 3 * late
			var server sync.WaitGroup
			p.dial = func(context.Context) (*link, error) {
				near, far := net.Pipe()
				server.Go(func() { tt.printer.serve(far) })
				return &link{stream: near}, nil
			}
			if got, err := p.Print(t.Context(), text(384, 500, 2)); got.Result != tt.want {
				t.Errorf("Print = %+v, %v; want result %d", got, err, tt.want)
			}
			server.Wait()
			time.Sleep(time.Minute) // for the timers
		})
	}
}

// A printer takes four printable characters; those of two jobs differ.
func TestJobName(t *testing.T) {
	seen := map[string]bool{}
	for at := range 20000 {
		name := jobName(time.UnixMilli(1_800_000_000_000 + int64(at)))
		if len(name) != 4 || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r > 0x7E }) || seen[name] {
			t.Fatalf("jobName = %q; want four printable characters, not seen before", name)
		}
		seen[name] = true
	}
}
