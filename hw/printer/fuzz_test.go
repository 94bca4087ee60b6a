package printer

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kagimado/hw"
)

// heard is the near end of a line, and remembers what crossed it: what was written, and what was read after the last
// request for an answer at the job's end was.
type heard struct {
	stream
	written, before, after []byte
}

func (h *heard) final() bool { return bytes.Count(h.written, cmdJobEnd) > 1 }

func (h *heard) Write(b []byte) (int, error) {
	n, err := h.stream.Write(b)
	h.written = append(h.written, b[:n]...)
	return n, err
}

func (h *heard) Read(b []byte) (int, error) {
	n, err := h.stream.Read(b)
	if h.final() {
		h.after = append(h.after, b[:n]...)
	} else {
		h.before = append(h.before, b[:n]...)
	}
	return n, err
}

// babble is a printer that takes every byte and sends what the script says: after each piece that it has received, one
// piece of at most 31 bytes, as much later as the upper three bits of its first byte say. Its end hangs up if drop is set.
func babble(line net.Conn, script []byte, drop bool) {
	received := make(chan struct{}, 1<<12)
	var talk sync.WaitGroup
	talk.Go(func() {
		for range received {
			if len(script) == 0 {
				if drop {
					_ = line.Close()
				}
				continue
			}
			n := min(int(script[0]&0x1F), len(script)-1)
			time.Sleep(time.Duration(script[0]>>5) * 300 * time.Millisecond)
			piece := script[1 : 1+n]
			script = script[1+n:]
			if len(piece) > 0 {
				_, _ = line.Write(piece)
			}
		}
	})
	for buf := make([]byte, 1<<13); ; {
		if _, err := line.Read(buf); err != nil {
			break
		}
		select {
		case received <- struct{}{}:
		default: // it says nothing to that
		}
	}
	_ = line.Close()
	close(received)
	talk.Wait()
}

// FuzzConversation prints on printers that send anything, cut up and late as they like. Print comes back, tells success and
// failure apart, and confirms a slip only when all of it was sent, the printer had answered GS r at its beginning, and after
// the last request came an answer of its form, or the job's own name, and a status.
func FuzzConversation(f *testing.F) {
	slip := image.NewPaletted(image.Rect(0, 0, 64, 40), color.Palette{color.White, color.Black})
	for i := range 600 {
		slip.Pix[i*4] = 1
	}
	commands, err := encode(slip, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, script []byte, drop bool) {
		if len(script) > 2000 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			p := open(t, Options{Device: "pipe", Limits: limits})
			var line *heard
			var server sync.WaitGroup
			p.dial = func(context.Context) (*link, error) {
				near, far := net.Pipe()
				line = &heard{stream: near}
				server.Go(func() { babble(far, script, drop) })
				return &link{stream: line}, nil
			}
			begun := time.Now()
			got, err := p.Print(t.Context(), slip)
			if took := time.Since(begun); took > 2*time.Minute {
				t.Errorf("Print took %v", took)
			}
			server.Wait()
			if well := got.Result == hw.PrintConfirmed || got.Result == hw.PrintSent; well != (err == nil) || hw.CodeOf(err, "") != got.State.Code {
				t.Errorf("Print = %+v, %v; want an error with the state's code, or success without", got, err)
			}
			if got.Result != hw.PrintConfirmed {
				return
			}
			for _, c := range commands {
				if !bytes.Contains(line.written, c) {
					t.Errorf("confirmed without % X… being sent", c[:min(len(c), 8)])
				}
			}
			jobEnd := func(b byte) bool { return b&0x90 == 0 }
			status := func(b byte) bool { return b&0x93 == 0x12 }
			name := []byte("no job was named\x00")
			if at := bytes.LastIndex(line.written, cmdJob); at >= 0 {
				name = append([]byte("\x37\x22"), line.written[at+len(cmdJob):][:4]...)
			}
			answered := anyOf(line.after, jobEnd) || bytes.Contains(line.after, name)
			if !line.final() || !anyOf(line.before, jobEnd) || !answered || !anyOf(line.after, status) {
				t.Errorf("confirmed after % X, and % X after the last request", line.before, line.after)
			}
		})
	})
}

func anyOf(b []byte, is func(byte) bool) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return r < 0x80 && is(byte(r)) })
}
