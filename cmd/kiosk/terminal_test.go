//go:build terminal

package main

import (
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// terminal is the simulated kiosk in a terminal of its own: tmux draws it and is its visitor's finger.
type terminal struct {
	t    testing.TB
	dir  string // holds the log, tmux's socket and out/, where slips come out
	lang text.Language
	hand int // the card in the hand
}

// patience is how long the kiosk may take to show something.
const patience = 10 * time.Second

// startTerminal starts the kiosk with these flags in the usual 80×24, which a panel's terminal has for a moment too, and then
// takes its size.
func startTerminal(t testing.TB, cols, rows int, flags ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatal("this test needs tmux; make test installs it")
	}
	k := &terminal{t: t, dir: t.TempDir()}
	program := buildSim(t, k.dir)
	conf := filepath.Join(k.dir, "tmux.conf")
	if err := os.WriteFile(conf, []byte("set -g status off\nset -g default-terminal tmux-256color\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	k.tmux("-f", conf, "new-session", "-d", "-x", "80", "-y", "24", "-c", k.dir, "exec "+program+" -log "+filepath.Join(k.dir, "log")+" "+strings.Join(flags, " "))
	t.Cleanup(func() { _ = k.command("kill-server").Run() })
	k.see(text.Japanese.Say("scene.attract.headline"))
	k.tmux("resize-window", "-x", strconv.Itoa(cols), "-y", strconv.Itoa(rows))
	for late := time.Now().Add(patience); len(k.rows()) != rows; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("the terminal has %d rows; want %d", len(k.rows()), rows)
		}
	}
	return k
}

// buildSim builds the simulated kiosk in dir.
func buildSim(t testing.TB, dir string) (program string) {
	t.Helper()
	program = filepath.Join(dir, "kiosk-sim")
	build := exec.Command("go", "build", "-tags", "sim", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the simulated kiosk: %v\n%s", err, out)
	}
	return program
}

func (k *terminal) command(args ...string) *exec.Cmd {
	c := exec.Command("tmux", append([]string{"-u", "-S", filepath.Join(k.dir, "tmux")}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color", "TMUX=")
	return c
}

func (k *terminal) tmux(args ...string) string {
	k.t.Helper()
	out, err := k.command(args...).CombinedOutput()
	if err != nil {
		k.t.Fatalf("tmux %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func (k *terminal) rows() []string {
	k.t.Helper()
	return strings.Split(strings.TrimSuffix(k.tmux("capture-pane", "-p"), "\n"), "\n")
}

// settled returns the rows once nothing has moved for a while: the kiosk takes no touch on what has just appeared.
func (k *terminal) settled() []string {
	k.t.Helper()
	rows, since := k.rows(), time.Now()
	for late := time.Now().Add(patience); time.Since(since) < 320*time.Millisecond && time.Now().Before(late); {
		time.Sleep(40 * time.Millisecond)
		if now := k.rows(); !slices.Equal(now, rows) {
			rows, since = now, time.Now()
		}
	}
	return rows
}

var blanks = strings.NewReplacer(" ", "", "　", "")

// squeezed is the rows without blanks and line ends, and without the language button, which stands in the middle of
// every headline that takes two rows.
func squeezed(rows []string) string {
	return strings.ReplaceAll(blanks.Replace(strings.Join(rows, "")), text.Japanese.Say("button.language"), "")
}

// see waits until the screen says s.
func (k *terminal) see(s string) {
	k.t.Helper()
	want := blanks.Replace(s)
	for late := time.Now().Add(patience); !strings.Contains(squeezed(k.rows()), want); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(late) {
			k.t.Fatalf("the screen does not say %q:\n%s", s, strings.Join(k.rows(), "\n"))
		}
	}
}

// find looks for a label from the bottom, where the buttons are, or for its first line where it takes more.
func find(rows []string, label string) (x, y int, ok bool) {
	letters := []rune(label)
	for n := len(letters); n >= min(len(letters), 3); n-- {
		s := strings.TrimSpace(string(letters[:n]))
		for y := len(rows) - 1; y >= 0; y-- {
			before, after, found := strings.Cut(" "+rows[y]+"  ", " "+s+" ")
			if found && (n == len(letters) || strings.HasPrefix(after, " ")) {
				return text.Width(before), y, true
			}
		}
	}
	return 0, 0, false
}

// tap touches a button, turning to the part that has it, as SGR mouse reporting writes a press and a release.
func (k *terminal) tap(label string) {
	k.t.Helper()
	for range 20 {
		rows := k.settled()
		x, y, ok := find(rows, label)
		if !ok {
			if x, y, ok = find(rows, k.lang.Say("button.more")); !ok {
				break
			}
		}
		_, _, there := find(rows, label)
		at := fmt.Sprintf("%d;%d", x+1, y+1)
		k.tmux("send-keys", "-l", "\x1b[<0;"+at+"M\x1b[<0;"+at+"m")
		for late := time.Now().Add(patience); slices.Equal(k.rows(), rows); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(late) {
				k.t.Fatalf("nothing happens at %d,%d when %q is touched:\n%s", x, y, label, strings.Join(rows, "\n"))
			}
		}
		if there {
			return
		}
	}
	k.t.Fatalf("no button %q:\n%s", label, strings.Join(k.rows(), "\n"))
}

// button touches a button by its name in the catalogue.
func (k *terminal) button(name string) {
	k.t.Helper()
	k.tap(k.lang.Say("button." + name))
}

// everywhere is what all parts of this screen say.
func (k *terminal) everywhere() string {
	k.t.Helper()
	var all []string
	for range 40 {
		rows := k.settled()
		if len(all) > 0 && slices.Equal(rows, all[:len(rows)]) {
			break
		}
		all = append(all, rows...)
		if _, _, more := find(rows, k.lang.Say("button.more")); !more {
			break
		}
		k.button("more")
	}
	return squeezed(all)
}

// lay takes a card of the library into the hand and lays it down; the verdict is what is diagnosed of its description.
func (k *terminal) lay(name string) (card.Facts, diagnosis.Report) {
	k.t.Helper()
	cards := cardtest.LibraryOn(card.DateOf(time.Now()))
	to := slices.IndexFunc(cards, func(s cardtest.Spec) bool { return s.Name == name })
	for key, n := "Right", to-k.hand; n != 0; n = 0 {
		if n < 0 {
			key, n = "Left", -n
		}
		k.tmux("send-keys", "-N", strconv.Itoa(n), key)
	}
	k.hand = to
	k.tmux("send-keys", "Space")
	facts, now := cards[to].Want(), time.Now()
	return facts, diagnosis.Diagnose(facts, diagnosis.Now{Earliest: now, Latest: now}, diagnosis.Answers{})
}

// slip waits for the n-th slip and looks whether something is on it.
func (k *terminal) slip(n int) {
	k.t.Helper()
	name := filepath.Join(k.dir, "out", fmt.Sprintf("slip-%04d.png", n))
	var paper image.Image
	for late := time.Now().Add(patience); paper == nil; time.Sleep(50 * time.Millisecond) {
		if f, err := os.Open(name); err == nil {
			paper, _ = png.Decode(f) // it may not be whole yet
			f.Close()
		}
		if time.Now().After(late) {
			k.t.Fatalf("slip %d does not come out", n)
		}
	}
	ink, size := 0, paper.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			if r, _, _, _ := paper.At(x, y).RGBA(); r < 0x8000 {
				ink++
			}
		}
	}
	if share := float64(ink) / float64(size.X*size.Y); size.X != 576 || size.Y < 500 || share < 0.02 || share > 0.4 {
		k.t.Errorf("slip %d is %v dots with %.2f of them black", n, size, share)
	}
	if all, _ := filepath.Glob(filepath.Join(k.dir, "out", "*.png")); len(all) != n {
		k.t.Errorf("%d slips came out; want %d", len(all), n)
	}
}

// TestVisitsInATerminal takes three visitors through the kiosk in a real terminal, on the smallest grid and on the usual one.
func TestVisitsInATerminal(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {64, 20}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			k := startTerminal(t, size[0], size[1])
			k.lockedCard()
			k.healthyCard()
			k.noCard()
		})
	}
}

// lockedCard reads, looks at the details, answers, and gets the slip.
func (k *terminal) lockedCard() {
	k.t.Helper()
	facts, report := k.lay("locked-sign")
	k.see(k.lang.Say("scene.take-card.headline"))
	k.tmux("send-keys", "Space")
	verdict := page.Of(page.Verdict{Report: report, Facts: facts}, site.Office{}, k.lang).Headline
	k.see(verdict)
	k.button("details")
	details := page.Of(page.Details{Report: report, Facts: facts}, site.Office{}, k.lang)
	k.see(details.Headline)
	said := k.everywhere()
	for _, r := range details.AllRows {
		if !strings.Contains(said, blanks.Replace(r.Name)) {
			k.t.Errorf("the details do not tell of %s:\n%s", r.Name, said)
		}
	}
	k.button("back")
	k.see(verdict)
	k.button("ask")
	asked := 0
	for ; asked < 6; asked++ {
		if _, _, more := find(k.settled(), k.lang.Say("button.dont-know")); !more {
			break
		}
		k.button("yes")
	}
	if asked == 0 {
		k.t.Error("no question was asked")
	}
	k.see(verdict)
	k.slip(1)
	k.button("finish")
	k.see(k.lang.Say("scene.attract.headline"))
}

// healthyCard is led on to the guide of purposes and prints the leaf.
func (k *terminal) healthyCard() {
	k.t.Helper()
	facts, report := k.lay("all-fine")
	k.see(k.lang.Say("scene.take-card.headline"))
	k.tmux("send-keys", "Space")
	k.see(page.Of(page.Verdict{Report: report, Facts: facts}, site.Office{}, k.lang).Headline)
	k.slip(2)
	k.button("purpose")
	guides := &content.Embedded().Guides
	for range 8 {
		at := k.place(guides)
		if at.Leaf() != nil {
			k.button("print")
			k.slip(3)
			k.see(k.lang.Say("scene.printed.headline"))
			k.button("finish")
			k.see(k.lang.Say("scene.attract.headline"))
			return
		}
		k.tap(at.Question().Answers[0].Label.In(k.lang.String()))
	}
	k.t.Error("the guide of purposes comes to no end")
}

// place finds the node of the guides whose words stand at the top of the screen: what the card tells is not asked, so that
// nobody outside knows beforehand.
func (k *terminal) place(guides *content.Guides) (at guide.Walk) {
	k.t.Helper()
	said, longest := squeezed(k.settled()), 0
	for _, ref := range guide.Nodes(guides) {
		w, _ := guide.At(guides, ref, nil)
		if s := blanks.Replace(k.title(w)); strings.HasPrefix(said, s) && len(s) > longest {
			at, longest = w, len(s)
		}
	}
	if longest == 0 {
		k.t.Fatalf("no place in the guides:\n%s", said)
	}
	return at
}

func (k *terminal) title(w guide.Walk) string {
	if q := w.Question(); q != nil {
		return q.Ask.In(k.lang.String())
	}
	return w.Leaf().Title.In(k.lang.String())
}

// noCard changes to English, and goes through the guide about insurance to a memo and out again.
func (k *terminal) noCard() {
	k.t.Helper()
	k.button("language")
	k.tap(text.English.Say("language.name"))
	k.lang = text.English
	k.see(k.lang.Say("scene.attract.headline"))
	k.button("guides")
	guides := &content.Embedded().Guides
	insurance, _ := guides.Guide("insurance")
	k.tap(insurance.Title.In(k.lang.String()))
	start, _ := guide.At(guides, "insurance", nil)
	k.see(k.title(start))
	for _, s := range k.wayToMemo(guides, start) {
		k.tap(s.label)
		k.see(k.title(s.to))
	}
	memo := k.place(guides).Leaf()
	said := k.everywhere()
	for _, f := range memo.Fields {
		if !strings.Contains(said, blanks.Replace(f.Label.In(k.lang.String()))) {
			k.t.Errorf("the memo %s has no place for %q:\n%s", memo.ID, f.Label.En, said)
		}
	}
	k.button("print")
	k.slip(4)
	k.see(k.lang.Say("scene.printed.headline"))
	k.button("back")
	k.see(memo.Title.In(k.lang.String()))
	k.button("start-over")
	k.see(k.lang.Say("scene.guides.headline"))
	k.button("back")
	k.see(text.Japanese.Say("scene.attract.headline")) // the next visitor is greeted in the kiosk's own language
}

// step is a button and where it leads.
type step struct {
	label string
	to    guide.Walk
}

// wayToMemo is the shortest way to a leaf with lines to fill in.
func (k *terminal) wayToMemo(guides *content.Guides, start guide.Walk) []step {
	k.t.Helper()
	seen := map[string]bool{start.Ref(): true}
	for ways := [][]step{{{to: start}}}; len(ways) > 0; ways = ways[1:] {
		way := ways[0]
		at := way[len(way)-1].to
		var next []step
		if q := at.Question(); q != nil {
			for i, a := range q.Answers {
				next = append(next, step{a.Label.In(k.lang.String()), at.Answer(i)})
			}
		} else if l := at.Leaf(); len(l.Fields) > 0 {
			return way[1:]
		} else {
			for i := range l.See {
				if to := at.See(i); to.Leaf() != nil {
					next = append(next, step{k.title(to), to})
				}
			}
		}
		for _, s := range next {
			if !seen[s.to.Ref()] {
				seen[s.to.Ref()] = true
				ways = append(ways, append(way[:len(way):len(way)], s))
			}
		}
	}
	k.t.Fatal("no way leads to a memo")
	return nil
}

// BenchmarkAttract lets the real program wait for a minute and reads from /proc what that takes. The goal is 0.3 % of
// a core at most; more fails.
func BenchmarkAttract(b *testing.B) {
	const minute, goal = 60 * time.Second, 0.3
	k := startTerminal(b, 64, 20)
	pid := strings.TrimSpace(k.tmux("display-message", "-p", "#{pane_pid}"))
	k.settled()
	for b.Loop() {
		before, frames := cpu(b, pid), k.rows()
		time.Sleep(minute)
		share := 100 * (cpu(b, pid) - before).Seconds() / minute.Seconds()
		b.ReportMetric(share, "%core")
		b.ReportMetric(resident(b, pid), "MiB")
		if share > goal {
			b.Errorf("waiting takes %.3f %% of a core; at most %.1f %% is the goal", share, goal)
		}
		if !slices.Equal(k.rows(), frames) {
			b.Errorf("the waiting screen has changed:\n%s", strings.Join(k.rows(), "\n"))
		}
	}
}

// BenchmarkStart starts the program until it says that it is ready: its first frame is drawn and the terminal has answered.
// ratio-start is that over the same program printing its flags and ending.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	program := buildSim(b, dir)
	notes, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		b.Fatal(err)
	}
	defer notes.Close()
	var bare, ready time.Duration
	for b.Loop() {
		begun := time.Now()
		_ = exec.Command(program, "-help").Run() // status 2
		bare += time.Since(begun)
		cmd := exec.Command(program)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
		begun = time.Now()
		k, err := startProcess(cmd)
		if err != nil {
			b.Fatal(err)
		}
		for said := make([]byte, 4096); ; {
			_ = notes.SetReadDeadline(time.Now().Add(patience))
			n, err := notes.Read(said)
			if err != nil {
				b.Fatal(err)
			}
			if strings.HasPrefix(string(said[:n]), "READY=1") {
				break
			}
		}
		ready += time.Since(begun)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		k.master.Close()
	}
	b.ReportMetric(float64(ready.Microseconds())/1000/float64(b.N), "ms-start")
	b.ReportMetric(float64(ready)/float64(bare), "ratio-start")
	b.ReportMetric(0, "ns/op")
}

// cpu is the time the threads of a process have had (/proc/pid/task/*/schedstat, first field, in nanoseconds): ticks
// of 10 ms are too coarse for a program that sleeps. The threads of a Go program do not end.
func cpu(t testing.TB, pid string) (had time.Duration) {
	t.Helper()
	threads, err := filepath.Glob("/proc/" + pid + "/task/*/schedstat")
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads of process %s: %v", pid, err)
	}
	for _, name := range threads {
		stat, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(strings.Fields(string(stat))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		had += time.Duration(n)
	}
	if had == 0 {
		t.Fatal("a process that has drawn a screen has had no time: nothing is measured")
	}
	return had
}

// resident is the memory of a process in MiB.
func resident(t testing.TB, pid string) float64 {
	t.Helper()
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) / 1024
}
