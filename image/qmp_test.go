//go:build image

package image_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// monitor is QEMU's own door (QMP): what a person at the machine sees, touches, plugs and measures. Its methods may be
// called from any goroutine.
type monitor struct {
	dir string // for pictures

	mu   sync.Mutex
	conn net.Conn
	read *bufio.Reader
	id   int
	told map[string]time.Time // when QEMU told of an event last, by its own clock, which is this machine's
}

// answerTime is how long QEMU may take: it holds its answers back while the guest's processors keep its lock.
const answerTime = 20 * time.Second

func dialMonitor(path string) (*monitor, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("dialling the monitor: %w", err)
	}
	m := &monitor{dir: filepath.Dir(path), conn: conn, read: bufio.NewReader(conn), told: map[string]time.Time{}}
	_ = conn.SetDeadline(time.Now().Add(answerTime))
	if _, err := m.read.ReadBytes('\n'); err != nil { // the greeting
		conn.Close()
		return nil, fmt.Errorf("dialling the monitor: %w", err)
	}
	if err := m.do("qmp_capabilities", nil, nil); err != nil {
		conn.Close()
		return nil, err
	}
	return m, nil
}

// do executes one command. Of events that come meanwhile it is noted when they were.
func (m *monitor) do(command string, arguments, result any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.id++
	ask := map[string]any{"execute": command, "id": m.id}
	if arguments != nil {
		ask["arguments"] = arguments
	}
	line, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	_ = m.conn.SetDeadline(time.Now().Add(answerTime))
	if _, err := m.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("monitor, %s: %w", command, err)
	}
	for {
		line, err := m.read.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("monitor, %s: %w", command, err)
		}
		var answer struct {
			ID     int
			Return json.RawMessage
			Error  *struct{ Class, Desc string }
			Event  string
			Stamp  struct{ Seconds, Microseconds int64 } `json:"timestamp"`
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("monitor, %s: %w", command, err)
		}
		switch {
		case answer.Event != "":
			m.told[answer.Event] = time.Unix(answer.Stamp.Seconds, answer.Stamp.Microseconds*1000)
		case answer.ID != m.id: // to a command that was given up
		case answer.Error != nil:
			return fmt.Errorf("monitor, %s: %s", command, answer.Error.Desc)
		case result != nil:
			return json.Unmarshal(answer.Return, result)
		default:
			return nil
		}
	}
}

// last is when QEMU told of an event last; zero when it never did.
func (m *monitor) last(event string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told[event]
}

type arguments map[string]any

// human executes a command of the older monitor.
func (m *monitor) human(command string) (said string, err error) {
	err = m.do("human-monitor-command", arguments{"command-line": command}, &said)
	return said, err
}

// word reads one register at its physical address, as a probe on the bus would.
func (m *monitor) word(address uint64) (uint32, error) {
	said, err := m.human(fmt.Sprintf("xp /1xw %#x", address))
	if err != nil {
		return 0, err
	}
	_, value, found := strings.Cut(said, ": ")
	if !found {
		return 0, fmt.Errorf("reading %#x: the monitor says %q", address, said)
	}
	w, err := strconv.ParseUint(strings.TrimSpace(value), 0, 32)
	return uint32(w), err
}

// picture is what the panel shows. It is also left in a file of that name.
func (m *monitor) picture(path string) (image.Image, error) {
	if err := m.do("screendump", arguments{"filename": path, "format": "png"}, nil); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("reading the screen: %w", err)
	}
	return img, nil
}

// holding is how long a finger rests; a longer one might be taken for a drag.
const holding = 80 * time.Millisecond

// tap touches the panel once at a part of its width and height.
func (m *monitor) tap(x, y float64) error {
	const full = 0x7FFF
	finger := func(kind string, id int) map[string]any {
		return map[string]any{"type": "mtt", "data": map[string]any{"type": kind, "slot": 0, "tracking-id": id, "axis": "x", "value": 0}}
	}
	at := func(axis string, part float64) map[string]any {
		return map[string]any{"type": "mtt", "data": map[string]any{
			"type": "data", "slot": 0, "tracking-id": 1, "axis": axis, "value": int(part * full)}}
	}
	button := func(down bool) map[string]any {
		return map[string]any{"type": "btn", "data": map[string]any{"button": "touch", "down": down}}
	}
	down := []any{finger("begin", 1), button(true), at("x", x), at("y", y)}
	if err := m.do("input-send-event", arguments{"events": down}, nil); err != nil {
		return err
	}
	time.Sleep(holding)
	return m.do("input-send-event", arguments{"events": []any{finger("end", -1), button(false)}}, nil)
}

func (m *monitor) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conn.Close()
}
