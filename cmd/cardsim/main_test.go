package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// virtualReader is vpcd: it asks each card for its ATR and then sends it the commands.
func virtualReader(t *testing.T, commands ...[]byte) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for _, m := range append([][]byte{{1}, {4}}, commands...) {
					if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)); err != nil {
						return
					}
					if len(m) == 1 && m[0] != 4 {
						continue
					}
					var head [2]byte
					if _, err := io.ReadFull(conn, head[:]); err != nil {
						return
					}
					if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint16(head[:]))); err != nil {
						return
					}
				}
				_, _ = io.Copy(io.Discard, conn) // until the card is lifted
			}()
		}
	}()
	return l.Addr().String()
}

func TestCommands(t *testing.T) {
	addr := virtualReader(t)
	in := strings.Join([]string{
		"lift", "lay nobody", "lay", "dance", "fault", "fault torn 0", "fault mute 2", "latency fast", "", "latency 20ms",
		"lay all-fine", "lay locked-sign", "status", "fault torn 3", "swap locked-sign", "swap nobody", "status", "fault none",
		"lift", "status", "quit", "status",
	}, "\n")
	var out, problems bytes.Buffer
	status, err := run([]string{"-addr", addr}, strings.NewReader(in), &out, &problems)
	if status != 0 || err != nil {
		t.Fatalf("run = %d, %v; want 0", status, err)
	}
	want := []string{
		"error: lift: no card lies there",
		`error: lay: looking up simulated card "nobody": want one of`,
		"error: lay: write it as: lay NAME",
		"error: dance: no such command; help lists them",
		"error: fault: write it as: fault KIND [N]",
		`error: fault: "torn 0" is none of`,
		`error: fault: "mute 2" is none of`,
		`error: latency: "fast" is no duration such as 20ms`,
		"ok latency 20ms",
		"ok laid all-fine",
		"error: lay: laying a card: a card lies there already",
		"ok card=all-fine exchanges=0 sent=0 received=0 secrets=0 latency=20ms fault=none",
		"ok fault torn 3",
		"ok laid locked-sign",
		`error: swap: looking up simulated card "nobody"`,
		"ok card=locked-sign exchanges=0 sent=0 received=0 secrets=0 latency=20ms fault=torn@3",
		"ok fault none",
		"ok lifted locked-sign",
		"ok card=none exchanges=0 sent=0 received=0 secrets=0 latency=20ms fault=none",
		"ok card=none",
	}
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(got) != len(want) {
		t.Errorf("%d lines; want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d = %q; want %q…", i+1, got[i], want[i])
		}
	}
}

func TestListAndHelp(t *testing.T) {
	var out, problems bytes.Buffer
	if status, err := run(nil, strings.NewReader("list\nhelp\n"), &out, &problems); status != 0 || err != nil {
		t.Fatalf("run = %d, %v; want 0", status, err)
	}
	for _, want := range []string{"\nlocked-sign ", " cards\n", "swap NAME", "ok help\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
}

// A PIN that arrives is the one thing that must not pass unnoticed.
func TestSecretIsReported(t *testing.T) {
	addr := virtualReader(t, []byte{0x00, 0x20, 0x00, 0x80}, []byte{0x00, 0x20, 0x00, 0x80, 0x04, 0x30, 0x30, 0x30, 0x30})
	in, feed := io.Pipe()
	go func() {
		io.WriteString(feed, "lay all-fine\n")
		time.Sleep(200 * time.Millisecond)
		io.WriteString(feed, "quit\n")
	}()
	var out, problems bytes.Buffer
	status, err := run([]string{"-addr", addr}, in, &out, &problems)
	if status != 1 || err == nil || !strings.Contains(err.Error(), "PIN") {
		t.Errorf("run = %d, %v; want 1 and an error that names the PIN", status, err)
	}
	if !strings.Contains(out.String(), "exchanges=2 sent=13") || !strings.Contains(out.String(), "secrets=1") {
		t.Errorf("status = %q; want exchanges=2 sent=13 secrets=1", out.String())
	}
}

func TestSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ended := make(chan int)
	go func() {
		var out, problems bytes.Buffer
		status, err := run([]string{"-addr", virtualReader(t), "-listen", socket}, strings.NewReader(""), &out, &problems)
		if err != nil {
			t.Error(err)
		}
		ended <- status
	}()
	ask := func(command ...string) (string, int) {
		var out bytes.Buffer
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			status, err := run(append([]string{"-to", socket}, command...), nil, &out, io.Discard)
			if err == nil {
				return out.String(), status
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		command string
		want    string
		status  int
	}{
		{"lay all-fine", "ok laid all-fine\n", 0},
		{"lay all-fine", "error: lay: laying a card: a card lies there already\n", 1},
		{"lift", "ok lifted all-fine\n", 0},
		{"quit", "ok card=none", 0},
	} {
		if got, status := ask(strings.Fields(tt.command)...); !strings.HasPrefix(got, tt.want) || status != tt.status {
			t.Errorf("%s = %q, %d; want %q, %d", tt.command, got, status, tt.want, tt.status)
		}
	}
	if status := <-ended; status != 0 {
		t.Errorf("exit status = %d; want 0", status)
	}
	if _, err := run([]string{"-to", socket, "status"}, nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "cardsim -listen") {
		t.Errorf("command to nobody = %v; want an error with the remedy", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"lay", "all-fine"}, {"-to", "/nowhere"}, {"-date", "tomorrow"}, {"-nonsense"}} {
		if status, _ := run(args, strings.NewReader(""), io.Discard, io.Discard); status != 2 {
			t.Errorf("run(%q) = %d; want 2", args, status)
		}
	}
}
