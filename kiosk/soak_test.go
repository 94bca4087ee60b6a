package kiosk

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"image"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"kagimado/card"
	"kagimado/card/cardtest"
	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/kiosk/content"
	"kagimado/kiosk/diagnosis"
	"kagimado/kiosk/guide"
	"kagimado/kiosk/ledger"
	"kagimado/kiosk/page"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
	"kagimado/kiosk/slip"
	"kagimado/kiosk/text"
)

var (
	soakTaps = flag.Int("taps", everyday(), "how many cards TestSoak lays in all")
	soakSeed = flag.Uint64("seed", 1, "of what happens in TestSoak")
	soakFrom = flag.Int("from", 0, "the tap with which TestSoak begins: what it plans for a tap hangs on seed and number alone")
)

// everyday is how many taps go test lays.
func everyday() int {
	if raced {
		return 60
	}
	return 200
}

// lives are the kiosks that TestSoak runs one after the other, each for a quarter of the taps: the profiles that ship, which
// print by themselves or when asked, and a kiosk without a printer.
var lives = []struct {
	profile string
	printer bool
}{{"city-hall", true}, {"pop-up", true}, {"branch", true}, {"city-hall", false}}

// TestSoak lets visitors loose on the whole program: Run with the simulated reader, the real driver of a virtual printer,
// the real profiles, guides, slips and ledger. Cards, visitors and faults are drawn by chance; what must be said follows
// from the card's description, from rulesSay and from cases.csv, never from diagnosis.
//
// It runs in fake time, one bubble a life, and that gives the truer figures of memory too: the same objects are made and
// dropped as in real time, every timer of a visit of minutes runs out, and a life of weeks fits into minutes. What a life
// keeps is weighed after a collection with nobody at the kiosk.
//
// A tap costs about 20 ms of one core: half of it is drawn frames, the countdown's above all, and a fifth are slips, each
// set once by the kiosk and once more to be compared. So nine visitors in ten clear the result, and of four kiosks one
// has no printer and one prints when asked: a slip is asked for in about one visit of three.
func TestSoak(t *testing.T) {
	sum := &tallied{counts: map[string]map[string]int{}}
	begun := time.Now()
	each := (*soakTaps + len(lives) - 1) / len(lives)
	for i, l := range lives {
		first, end := max(i*each, *soakFrom), min((i+1)*each, *soakTaps)
		if first >= end || t.Failed() {
			continue
		}
		synctest.Test(t, func(t *testing.T) { newLife(t, l.profile, l.printer, sum).live(first, end) })
	}
	t.Logf("%d taps in %s\n%s", sum.taps, time.Since(begun).Round(time.Second), sum)
	if *soakFrom == 0 && sum.taps >= 200 {
		for _, kind := range []string{"verdict", "card", "fault", "slip", "clock", "visitor"} {
			if len(sum.counts[kind]) < 4 {
				t.Errorf("only %v were seen of %s: the soak is not about a lobby any more", sum.counts[kind], kind)
			}
		}
	}
}

// TestCases takes every visit of cases.csv through the whole program, the answers by touch, to its headline and its way.
func TestCases(t *testing.T) {
	all, err := cases()
	if err != nil {
		t.Fatal(err)
	}
	var silent []string
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t, "city-hall", false, &tallied{counts: map[string]map[string]int{}})
		defer l.start()()
		l.rng = rand.New(rand.NewPCG(0, 0))
		l.desk.Delay = 20 * time.Millisecond
		for i := range all {
			row := &all[i]
			if row.silent {
				silent = append(silent, row.spec.Name)
				continue
			}
			l.forget()
			l.set(row.now)
			l.put(row.spec.New())
			l.told(row.spec, row, true)
			l.asked(row)
			l.leaves()
		}
	})
	// Their answers are about the visitor's town and memory: the profile asks no town, and guides lead to a forgotten number.
	if want := strings.Fields("v34 v36 v55 v56 v57 v58 v64 v65 v66"); !slices.Equal(silent, want) {
		t.Errorf("%v cannot be told by touch; want %v", silent, want)
	}
}

// tallied is what a soak saw.
type tallied struct {
	taps   int
	counts map[string]map[string]int
	weight []string
}

func (s *tallied) add(kind, what string) {
	if s.counts[kind] == nil {
		s.counts[kind] = map[string]int{}
	}
	s.counts[kind][what]++
}

func (s *tallied) String() string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(s.counts)) {
		for _, what := range slices.Sorted(maps.Keys(s.counts[kind])) {
			fmt.Fprintf(&b, "%-8s %-28s %7d\n", kind, what, s.counts[kind][what])
		}
	}
	return b.String() + strings.Join(s.weight, "\n")
}

// life is one kiosk from its start to its end.
type life struct {
	t       *testing.T
	sum     *tallied
	cfg     Config
	desk    *desk
	screen  tcell.SimulationScreen
	press   *press // nil: there is none
	records *brittle
	ended   chan error
	said    map[text.Language]map[string]string // words of slips
	today   time.Time

	tap  int
	rng  *rand.Rand
	laid []*cardtest.Card // in this tap
	plan []string         // what was done, for whoever reads a failure

	mu     sync.Mutex
	now    diagnosis.Now
	st     session.State
	lamp   hw.Signal
	seen   []glimpse // since the last mark
	mayBe  []subject // what a slip may say: of this tap, and of the one before where that did not end
	jobs   []*job
	spoken []claimed // what the screen said of slips
	log    []string  // lines that must not be there
}

// glimpse is what matters of a frame.
type glimpse struct {
	screen   session.Screen // below the choice of language
	headline string
}

// subject is what a slip can be about.
type subject struct {
	facts    card.Facts
	resolved site.Resolved
	lang     text.Language
	place    string // in the guides
	office   site.Office
}

// job is one slip that the driver was asked for.
type job struct {
	image *image.Paletted
	end   hw.Printed
	done  bool
	came  int  // slips cut off meanwhile
	whole bool // the last of them is the one that was asked for
}

// claimed is what the screen said when the jobs so far were these.
type claimed struct {
	what string
	jobs int
}

// Show, Call and Close are the lamps.
func (l *life) Show(s hw.Signal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lamp = s
	return nil
}

func (l *life) Call(bool) error { return nil }
func (l *life) Close() error    { return nil }

// witness sees what the driver makes of a slip.
type witness struct {
	hw.Printer
	l *life
}

func (w witness) Print(ctx context.Context, picture *image.Paletted) (hw.Printed, error) {
	l := w.l
	l.mu.Lock()
	j, before := &job{image: picture}, len(l.press.Slips())
	l.jobs = append(l.jobs, j)
	l.mu.Unlock()
	end, err := w.Printer.Print(ctx, picture)
	slips := l.press.Slips()
	l.mu.Lock()
	defer l.mu.Unlock()
	j.end, j.done, j.came = end, true, len(slips)-before
	j.whole = j.came > 0 && samePicture(picture, slips[len(slips)-1], fewDots)
	return end, err
}

// fewDots is how many dots the driver may blacken in a slip, so that no command stands inside its picture.
const fewDots = 50

// samePicture tells whether two pictures differ in so many dots at most.
func samePicture(a, b *image.Paletted, dots int) bool {
	if a.Bounds().Size() != b.Bounds().Size() {
		return false
	}
	for y := range a.Bounds().Dy() {
		i, j := a.PixOffset(a.Rect.Min.X, a.Rect.Min.Y+y), b.PixOffset(b.Rect.Min.X, b.Rect.Min.Y+y)
		row, other := a.Pix[i:i+a.Rect.Dx()], b.Pix[j:j+a.Rect.Dx()]
		if bytes.Equal(row, other) {
			continue
		}
		for x := range row {
			if row[x] != other[x] {
				dots--
			}
		}
		if dots < 0 {
			return false
		}
	}
	return true
}

// brittle is a ledger whose disk fails now and then.
type brittle struct {
	*ledger.Ledger
	mu  sync.Mutex
	err error
}

func (b *brittle) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *brittle) Save(name string, data []byte) error {
	b.mu.Lock()
	err := b.err
	b.mu.Unlock()
	if err != nil {
		return err
	}
	return b.Ledger.Save(name, data)
}

// secret is what no log may hold: a verdict, a day of a card, a key.
var secret = regexp.MustCompile(`\blocked|expire|all-clear|\d{4}-\d{2}-\d{2}|"(auth|sign|juki)"`)

// Write takes in a line of the log.
func (l *life) Write(line []byte) (int, error) {
	if secret.Match(line) {
		l.mu.Lock()
		l.log = append(l.log, string(line))
		l.mu.Unlock()
	}
	return len(line), nil
}

func newLife(t *testing.T, name string, withPrinter bool, sum *tallied) *life {
	profile, err := site.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &life{t: t, sum: sum, desk: &desk{Reader: hwtest.NewReader("soak")}, screen: tcell.NewSimulationScreen(""),
		records: &brittle{Ledger: kept}, ended: make(chan error, 1), said: map[text.Language]map[string]string{}}
	if err := fast(l.records).keep("314159"); err != nil {
		t.Fatal(err)
	}
	if err := l.screen.Init(); err != nil {
		t.Fatal(err)
	}
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	l.today = cardtest.Reference.Time().Add(10*time.Hour + 15*time.Minute)
	l.now = diagnosis.Now{Earliest: l.today, Latest: l.today}
	l.cfg = Config{
		Reader: l.desk, Lamps: l, Screen: l.screen, Profile: profile, Content: content.Embedded(), Records: l.records,
		Now:  func() diagnosis.Now { l.mu.Lock(); defer l.mu.Unlock(); return l.now },
		Slip: slip.Options{Width: profile.Printer.Width, DPI: profile.Printer.DPI},
		Log:  slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{ReplaceAttr: noTime})), Drawn: l.drawn,
	}
	l.grid()
	if withPrinter {
		press, driver := newPress(t)
		l.press, l.cfg.Printer = press, witness{driver, l}
		l.renew()
	}
	office := site.Resolve(diagnosis.Report{}, l.now, diagnosis.Answers{}, profile, l.cfg.Content).Office
	for _, lang := range []text.Language{text.Japanese, text.EasyJapanese, text.English} {
		l.said[lang] = saidOf(lang, office)
		if len(l.said[lang]) != 5 {
			t.Fatalf("the words for the end of a slip are not all different: %v", l.said[lang])
		}
	}
	return l
}

// grid gives the screen the size of the profile's panel.
func (l *life) grid() [2]int {
	cols, rows := l.cfg.Profile.Panel.Grid()
	l.screen.SetSize(cols, rows)
	return [2]int{cols, rows}
}

// renew lays in a new printer: the old one's paper is weighed with the program else.
func (l *life) renew() {
	l.press.Set(func(c *hwtest.Condition) { *c = hwtest.Condition{} }) // one that is stuck lets go of its last visitor
	synctest.Wait()
	l.press.mu.Lock()
	defer l.press.mu.Unlock()
	l.press.Printer = &hwtest.Printer{Width: l.cfg.Slip.Width}
}

// drawn sees every frame.
func (l *life) drawn(st session.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.st
	l.st = st
	g := glimpse{st.Below(), verdict(st)}
	if n := len(l.seen); n == 0 || l.seen[n-1] != g {
		l.seen = append(l.seen, g)
	}
	s := subject{st.Facts, st.Resolved, st.Lang, st.Place(), st.Resolved.Office}
	if n := len(l.mayBe); st.Resolved.Report.Headline.Code != "" || s.place != "" {
		if s.resolved.Report.Headline.Code == "" {
			s.office = site.Resolve(diagnosis.Report{}, diagnosis.Now{}, diagnosis.Answers{}, l.cfg.Profile, l.cfg.Content).Office
		}
		if n == 0 || !reflect.DeepEqual(l.mayBe[n-1], s) {
			l.mayBe = append(l.mayBe, s)
		}
	}
	if st.Screen == session.Staff {
		return // their slips are not visitors'
	}
	what, was := l.said[st.Lang][ofSlip(st)], l.said[before.Lang][ofSlip(before)]
	if what != "" && what != "printing" && (was == "printing" || was == "") {
		l.spoken = append(l.spoken, claimed{what, len(l.jobs)})
	}
}

func (l *life) state() session.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.st
}

func (l *life) signal() hw.Signal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lamp
}

func (l *life) pass(d time.Duration) session.State {
	time.Sleep(d)
	synctest.Wait()
	return l.state()
}

func (l *life) set(now diagnosis.Now) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
}

func (l *life) fatalf(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("tap %d, seed %d: %s\nplan: %s\nseen: %v\nagain: go test ./kiosk -run 'TestSoak$' -taps %d -seed %d -from %d", l.tap, *soakSeed,
		fmt.Sprintf(format, args...), strings.Join(l.plan, "; "), l.seen, *soakTaps, *soakSeed, l.tap)
}

// did notes what was done.
func (l *life) did(kind, what string) {
	l.plan = append(l.plan, kind+" "+what)
	l.sum.add(kind, what)
}

func (l *life) chance(percent int) bool { return l.rng.IntN(100) < percent }

func (l *life) between(from, to time.Duration) time.Duration {
	return from + time.Duration(l.rng.Int64N(int64(to-from)+1))
}

// start begins the life; the function it returns ends it, also after a failure: a bubble ends with its last goroutine.
func (l *life) start() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() { l.ended <- Run(ctx, l.cfg) }()
	synctest.Wait()
	return func() {
		cancel()
		l.desk.Lift()
		if err := <-l.ended; err != nil {
			l.t.Errorf("Run = %v; want nil after its context ended", err)
		}
	}
}

// live runs the taps of one life and weighs what it kept.
func (l *life) live(first, end int) {
	defer l.start()()
	warm := first + min(1000, (end-first)/3)
	var before weight
	for l.tap = first; l.tap < end; l.tap++ {
		if l.tap == warm {
			before = l.weigh()
		}
		l.visitor()
		if l.sum.taps++; l.sum.taps%1000 == 0 {
			l.t.Logf("%6d taps, now %s", l.sum.taps, l.weigh())
		}
	}
	after := l.weigh()
	l.sum.weight = append(l.sum.weight, fmt.Sprintf("%s: from tap %d to %d the heap grew by %d KB, goroutines %d → %d, descriptors %d → %d",
		l.cfg.Profile.Name, warm, end, (after.heap-before.heap)/1024, before.goroutines, after.goroutines, before.files, after.files))
	if grown := after.heap - before.heap; grown > 5<<20 || after.goroutines > before.goroutines || after.files > before.files {
		l.t.Errorf("from tap %d to %d this kiosk grew from %s to %s", warm, end, before, after)
	}
	if len(l.log) > 0 {
		l.t.Errorf("the log tells of visitors: %q", l.log[0])
	}
}

// weight is what a life holds.
type weight struct {
	heap              int64
	goroutines, files int
}

func (w weight) String() string {
	return fmt.Sprintf("%d KB, %d goroutines, %d descriptors", w.heap/1024, w.goroutines, w.files)
}

// weigh waits until nobody is there and counts what is left.
func (l *life) weigh() weight {
	l.t.Helper()
	l.leaves()
	l.forget()
	if l.press != nil {
		l.renew()
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		l.t.Fatal(err)
	}
	return weight{int64(m.HeapAlloc), runtime.NumGoroutine(), len(open)}
}

// forget drops what was noted of taps that are over.
func (l *life) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.mayBe, l.jobs, l.spoken, l.laid, l.plan = nil, nil, nil, nil, nil, nil
}

// Cards.

// draw makes a card by chance.
func (l *life) draw(today card.Date) cardtest.Spec {
	r := l.rng
	s := cardtest.Adult(today)
	s.Name = "drawn"
	for _, k := range card.Keys() {
		full, there := s.Left[k.Key]
		if !there {
			continue
		}
		switch n := r.IntN(100); {
		case n < 13:
			s.Left[k.Key] = 0
		case n < 25:
			s.Left[k.Key] = 1 + r.IntN(full)
		case n < 27:
			delete(s.Left, k.Key)
		case n < 29:
			s.Strange = map[card.Key]card.Status{k.Key: []card.Status{0x6300, 0x6983, 0x6984, 0x6F00}[r.IntN(4)]}
		}
	}
	if l.chance(6) {
		i := r.IntN(len(s.Applications))
		if s.Applications[i] != card.JPKI {
			s.Applications = slices.Delete(s.Applications, i, i+1)
		}
	}
	end := s.AuthTo
	switch r.IntN(8) {
	case 0, 1:
		end = today.AddDays(r.IntN(120) - 10)
	case 2:
		end = today.AddDays(-r.IntN(400))
	case 3:
		end = []card.Date{today, today.AddDays(-1), today.AddDays(1), today.AddMonths(3), today.AddMonths(3).AddDays(-1), today.AddMonths(3).AddDays(1)}[r.IntN(6)]
	}
	s.AuthFrom, s.AuthTo = end.AddMonths(-58), end
	switch r.IntN(6) {
	case 0:
		s.CardTo = end
	case 1:
		s.CardTo = end.AddMonths(-r.IntN(40))
	case 2:
		s.CardTo = card.Date{}
	default:
		s.CardTo = end.AddMonths(r.IntN(60))
	}
	s.Presence = [][]byte{{0x8F, 0x8F, 0}, {0x8F, 0x8F, 0}, {0x8F, 0x8F, 0}, {0, 0x8F, 0}, {0x12, 0x8F, 0}, nil}[r.IntN(6)]
	switch r.IntN(40) {
	case 0:
		s.AuthFrom, s.AuthTo, s.Presence = card.Date{}, card.Date{}, []byte{0, 0, 0}
	case 1:
		s.AuthFrom, s.AuthTo, s.AuthFile = card.Date{}, card.Date{}, bytes.Repeat([]byte{0x5A}, 300)
	}
	s.Serial, s.Filler = 1+r.IntN(20), r.IntN(700)
	s.NoShortIDs, s.FirstAnswer6F00, s.WrongLength, s.EmptyReads = l.chance(10), l.chance(10), l.chance(10), l.chance(10)
	s.DateInRecord = l.chance(10) && slices.Contains(s.Applications, card.CommonApp)
	if l.chance(10) {
		s.Chain = 16 + r.IntN(100)
	}
	if l.chance(10) {
		s.Applications = append(s.Applications, card.LicenceApp)
		s.LicencePIN = true
		s.Left[card.Licence] = r.IntN(11)
	}
	return s
}

// cases are the visits of cases.csv.
var cases = sync.OnceValues(func() (all []visitOf, err error) {
	file, err := os.Open("diagnosis/testdata/cases.csv")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		get := func(column string) string { return row[slices.Index(rows[0], column)] }
		v, err := caseOf(get)
		if err != nil {
			return nil, fmt.Errorf("reading case %s: %w", get("id"), err)
		}
		all = append(all, v)
	}
	return all, nil
})

// visitOf is one row of cases.csv: a card, a moment, what the visitor answers, and what must come of it.
type visitOf struct {
	spec            cardtest.Spec
	now             diagnosis.Now
	answers         map[diagnosis.Question]string
	headline, route string
	silent          bool // the row has answers that no button gives
}

func caseOf(get func(string) string) (v visitOf, err error) {
	v.spec = cardtest.Adult(cardtest.Reference)
	v.spec.Name = get("id")
	columns := map[card.Key]string{card.Auth: get("auth"), card.Sign: get("sign"), card.InputSupport: get("input_support"), card.Juki: get("juki"),
		card.Common: get("common"), card.SurfaceB: get("surface_b"), card.InputSupportB: get("input_support_b")}
	for pair := range strings.SplitSeq(get("other_counters"), ";") {
		if name, state, ok := strings.Cut(pair, "="); ok {
			k, err := card.ParseKey(name)
			if err != nil {
				return v, err
			}
			if columns[k] = state; k == card.Licence {
				v.spec.Applications, v.spec.LicencePIN = append(v.spec.Applications, card.LicenceApp), true
			}
		}
	}
	for k, state := range columns {
		switch n, err := strconv.Atoi(state); {
		case err == nil:
			v.spec.Left[k] = n
		case state == "blocked":
			v.spec.Left[k] = 0
		case state == "unreported":
			v.spec.Strange = map[card.Key]card.Status{k: 0x6300}
		default:
			return v, fmt.Errorf("a counter that is %q", state)
		}
	}
	v.spec.AuthFrom, v.spec.AuthTo, v.spec.CardTo = card.Date{}, card.Date{}, card.Date{}
	switch end := get("auth_cert_end"); end {
	case "unread":
		v.spec.AuthFile = bytes.Repeat([]byte{0x5A}, 300)
	case "absent":
	default:
		if v.spec.AuthTo, err = card.ParseDate(end); err != nil {
			return v, err
		}
		v.spec.AuthFrom = v.spec.AuthTo.AddMonths(-58)
	}
	auth := byte(0x8F)
	if get("auth_cert_end") == "absent" {
		auth = 0
	}
	v.spec.Presence = map[string][]byte{"needs-password": {0x8F, auth, 0}, "absent": {0, auth, 0}, "unread": nil}[get("sign_cert")]
	if end := get("card_end"); end != "" {
		if v.spec.CardTo, err = card.ParseDate(end); err != nil {
			return v, err
		}
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", get("now"), card.Tokyo)
	if err != nil {
		return v, err
	}
	v.now = diagnosis.Now{Earliest: at, Latest: at}
	if get("clock") == "untrusted" {
		v.now = diagnosis.Now{}
		if bound := get("not_before"); bound != "" {
			d, err := card.ParseDate(bound)
			if err != nil {
				return v, err
			}
			v.now.Earliest = d.Time()
		}
	}
	v.answers = map[diagnosis.Question]string{}
	for pair := range strings.SplitSeq(get("answers"), ";") {
		if q, a, ok := strings.Cut(pair, "="); ok {
			v.answers[diagnosis.Question(q)] = a
			v.silent = v.silent || q == "resident" || q == "forgotten"
		}
	}
	v.headline, v.route = get("headline"), get("route")
	return v, nil
}

// Visitors.

// strange are status words that no table knows: whatever they are answered to, the card has told nothing.
func (l *life) strange() card.Status {
	for {
		sw := card.Status(l.rng.IntN(0x10000))
		if one := sw >> 8; sw != card.StatusOK && sw&0xFFF0 != 0x63C0 && sw != 0x6A82 && sw != 0x6983 && sw != 0x6984 && one != 0x61 && one != 0x6C {
			return sw
		}
	}
}

// visitor is one tap: somebody comes, lays a card, and goes.
func (l *life) visitor() {
	l.rng = rand.New(rand.NewPCG(*soakSeed, uint64(l.tap)))
	l.mu.Lock()
	l.seen, l.spoken, l.laid, l.plan = nil, nil, nil, nil
	l.jobs = slices.DeleteFunc(l.jobs, func(j *job) bool { return j.done })
	if len(l.jobs) == 0 {
		l.mayBe = nil
	}
	l.mu.Unlock()
	l.clock()
	spec, row := l.choose()
	l.disturb()
	l.before()
	sure := l.lay(spec, row)
	st := l.told(spec, row, sure)
	if row != nil && sure && !row.silent {
		l.asked(row)
	} else {
		l.behave(st)
	}
	l.goes()
}

// clock chooses what is known of the time.
func (l *life) clock() {
	l.today = cardtest.Reference.Time().AddDate(0, 0, l.rng.IntN(300)).Add(l.between(0, 24*time.Hour-time.Second)).Truncate(time.Minute)
	built := cardtest.Reference.AddDays(-4).Time()
	switch n := l.rng.IntN(100); {
	case n < 80:
		l.did("clock", "trusted")
		l.set(diagnosis.Now{Earliest: l.today, Latest: l.today.Add(l.between(0, 16*time.Second))})
	case n < 90:
		l.did("clock", "not before the build")
		l.set(diagnosis.Now{Earliest: built})
	case n < 94:
		l.did("clock", "unknown")
		l.set(diagnosis.Now{})
	case n < 98:
		l.did("clock", "within some days")
		l.set(diagnosis.Now{Earliest: l.today, Latest: l.today.AddDate(0, 0, 1+l.rng.IntN(40))})
	default:
		l.did("clock", "crossed")
		l.set(diagnosis.Now{Earliest: l.today, Latest: l.today.AddDate(-1, 0, 0)})
	}
}

// choose takes a card out of the visitor's purse.
func (l *life) choose() (spec cardtest.Spec, row *visitOf) {
	today := card.DateOf(l.today)
	switch n := l.rng.IntN(100); {
	case n < 35:
		all := cardtest.LibraryOn(today)
		spec = all[l.rng.IntN(len(all))]
		l.did("card", "named")
	case n < 45:
		all, err := cases()
		if err != nil {
			l.t.Fatal(err)
		}
		row = &all[l.rng.IntN(len(all))]
		spec = row.spec
		l.set(row.now)
		l.did("card", "of cases.csv")
	case n < 48:
		spec = cardtest.Spec{Name: "stranger", Kind: card.KindUnknown, ATR: []byte{0x3B, 0x80, 0x80, 0x01, 0x01}, NoCommands: l.chance(30)}
		aid := make([]byte, 5+l.rng.IntN(11))
		for i := range aid {
			aid[i] = byte(l.rng.IntN(256))
		}
		aid[0] = 0xFF // of nobody's registry
		spec.Other = []string{string(aid)}
		l.did("card", "of strangers")
	default:
		spec = l.draw(today)
		l.did("card", "drawn")
	}
	l.plan = append(l.plan, spec.Name)
	return spec, row
}

// disturb lays faults that have nothing to do with the card.
func (l *life) disturb() {
	l.records.fail(nil)
	if l.chance(2) {
		l.did("fault", "disk")
		l.records.fail(syscall.ENOSPC)
	}
	if l.press == nil || l.printing() {
		return // nobody mends a printer within a slip
	}
	l.press.lose(nil)
	if len(l.press.Slips()) > 20 {
		l.renew()
	}
	c, what := hwtest.Condition{}, ""
	at := 1 + l.rng.IntN(60000)
	turns := map[string]func(*hwtest.Condition){
		"printer cover":  func(c *hwtest.Condition) { c.CoverOpen = true },
		"printer paper":  func(c *hwtest.Condition) { c.PaperEnd = true },
		"printer cutter": func(c *hwtest.Condition) { c.CutterError = true },
		"printer off":    func(c *hwtest.Condition) { c.Offline = true },
		"printer deaf":   func(c *hwtest.Condition) { c.Deaf = true },
		"printer plain":  func(c *hwtest.Condition) { c.NoJobID, c.NoName = true, true },
		"printer mute":   func(c *hwtest.Condition) { c.NoJobEnd = true },
	}
	names := slices.Sorted(maps.Keys(turns))
	turn := names[l.rng.IntN(len(names))]
	switch n := l.rng.IntN(100); {
	case n < 70:
		what = "no printer"
	case n < 78:
		what = turn
		turns[turn](&c)
	case n < 84:
		what = turn + " later"
		c.TurnAt, c.Turn = at, turns[turn]
	case n < 87:
		what, c.NearEnd = "printer low", true
	case n < 90:
		what, c.HangUpAt = "printer hangs up", at
	case n < 92:
		what, c.StuckAt = "printer stuck", at
	case n < 94:
		what, c.RowsLeft = "printer paper later", 1+l.rng.IntN(2000)
	case n < 96:
		what, c.CutterJams = "printer jam", true
	case n < 98:
		what, c.RowTime = "printer slow", l.between(0, 20*time.Millisecond)
	default:
		what = "printer gone"
		l.press.lose(syscall.ENOENT)
	}
	if what != "no printer" {
		l.did("fault", what)
	}
	l.press.Set(func(now *hwtest.Condition) { *now = c })
}

// printing tells whether a slip is on its way.
func (l *life) printing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.jobs, func(j *job) bool { return !j.done })
}

// nothing is a surface on which nobody draws; what could be touched is wanted alone.
type nothing struct{ cols, rows int }

func (n nothing) Size() (cols, rows int)                                   { return n.cols, n.rows }
func (nothing) Fill(rune, tcell.Style)                                     {}
func (nothing) Put(_, _ int, s string, _ tcell.Style) (rest string, w int) { return "", text.Width(s) }

// touch makes a tap on a button, and tells whether there is one.
func (l *life) touch(a page.Action) bool {
	st := l.pass(settled)
	cols, rows := l.screen.Size()
	for _, target := range screen.Draw(nothing{cols, rows}, st, panel(l.cfg.Profile)) {
		if target.Action == a {
			r := target.Rect
			l.finger(r.X+l.rng.IntN(r.W), r.Y+l.rng.IntN(r.H))
			return true
		}
	}
	return false
}

func (l *life) finger(x, y int) {
	l.screen.InjectMouse(x, y, tcell.Button1, 0)
	l.screen.InjectMouse(x, y, tcell.ButtonNone, 0)
	synctest.Wait()
}

// any touches one of the buttons there are, but none that ends the program or looks at what is staff's.
func (l *life) any() {
	st := l.pass(settled)
	cols, rows := l.screen.Size()
	targets := screen.Draw(nothing{cols, rows}, st, panel(l.cfg.Profile))
	if len(targets) == 0 {
		return
	}
	r := targets[l.rng.IntN(len(targets))].Rect
	l.finger(r.X+l.rng.IntN(r.W), r.Y+l.rng.IntN(r.H))
}

// before is what somebody does who has not laid a card yet.
func (l *life) before() {
	switch n := l.rng.IntN(100); {
	case n < 6:
		l.did("visitor", "chooses a language")
		if l.touch(page.ActLanguage) {
			l.any()
		}
	case n < 10:
		l.did("visitor", "walks the guides first")
		if l.touch(page.ActGuides) {
			for range 1 + l.rng.IntN(5) {
				l.any()
			}
		}
	case n < 12:
		l.did("visitor", "plays with the keypad")
		if l.touch(page.ActLanguage) && l.touch(page.ActStaff) {
			for range 1 + l.rng.IntN(15) {
				l.touch(page.ActDigit + page.Action(rune('0'+l.rng.IntN(3)))) // never staff's own
			}
		}
	case n < 14:
		l.did("visitor", "storms the screen first")
		l.storm()
	}
}

// storm is a child at the panel.
func (l *life) storm() {
	cols, rows := l.screen.Size()
	for range 1 + l.rng.IntN(10) {
		for range 1 + l.rng.IntN(30) {
			b := []tcell.ButtonMask{tcell.Button1, tcell.Button1, tcell.ButtonNone, tcell.WheelUp, tcell.WheelLeft, tcell.Button3}[l.rng.IntN(6)]
			l.screen.InjectMouse(l.rng.IntN(cols), l.rng.IntN(rows), b, 0)
		}
		l.pass(l.between(0, 300*time.Millisecond))
	}
	l.screen.InjectMouse(0, 0, tcell.ButtonNone, 0)
	l.pass(0)
}

func (l *life) resize() {
	sizes := [][2]int{{40, 12}, {64, 20}, {80, 25}, {1, 1}, {200, 60}, {64, 20}}
	s := sizes[l.rng.IntN(len(sizes))]
	l.screen.SetSize(s[0], s[1])
	_ = l.screen.PostEvent(tcell.NewEventResize(s[0], s[1]))
	l.pass(0)
}

// put lays a card down.
func (l *life) put(c *cardtest.Card) {
	l.mu.Lock()
	l.seen = nil
	l.mu.Unlock()
	l.laid = append(l.laid, c)
	l.desk.Lay(c)
}

// lay lays the card with whatever goes wrong, and tells whether nothing did that may keep the truth from being told.
func (l *life) lay(spec cardtest.Spec, row *visitOf) (sure bool) {
	l.desk.Delay = l.between(5*time.Millisecond, 30*time.Millisecond)
	c := spec.New()
	at := 1 + l.rng.IntN(25)
	inject := func(k cardtest.FaultKind, sw card.Status, always bool) {
		c.Inject(cardtest.Fault{At: at, Kind: k, SW: sw, Always: always})
		l.put(c)
	}
	moment := time.Duration(at)*l.desk.Delay - l.desk.Delay/2
	switch n := l.rng.IntN(100); {
	case n < 55:
		l.put(c)
		sure = true
	case n < 61:
		l.did("fault", "card torn")
		l.put(c)
		l.pass(moment)
		l.desk.Lift()
	case n < 65:
		l.did("fault", "contact lost for a moment")
		l.desk.set(func() { l.desk.tearAt = at })
		l.put(c)
	case n < 67:
		l.did("fault", "contact lost for good")
		inject(cardtest.Tear, 0, false)
	case n < 69:
		l.did("fault", "contact lost silently")
		inject(cardtest.TearSilent, 0, l.chance(50))
	case n < 76:
		l.did("fault", "strange answer")
		inject(cardtest.Answer, l.strange(), l.chance(40))
	case n < 78:
		l.did("fault", "short answer")
		inject(cardtest.Short, 0, l.chance(50))
	case n < 80:
		l.did("fault", "card mute")
		inject(cardtest.Mute, 0, false)
		l.pass(l.between(time.Second, 18*time.Second))
		l.desk.Lift()
	case n < 83:
		l.did("fault", "card slow")
		l.desk.Delay = l.between(100*time.Millisecond, 900*time.Millisecond)
		l.put(c)
	case n < 86:
		l.did("fault", "two cards")
		l.desk.Mute()
		l.pass(l.between(0, 5*time.Second))
		l.put(c)
		sure = true
	case n < 89:
		l.did("fault", "card exchanged")
		l.put(l.draw(card.DateOf(l.today)).New())
		l.pass(moment)
		l.put(c)
		sure = true
	case n < 93:
		l.did("fault", "reader unplugged")
		l.put(c)
		l.pass(moment)
		l.desk.Gone(readerCodes[l.rng.IntN(len(readerCodes))])
		l.pass(l.between(0, 20*time.Second))
		l.desk.Back()
	case n < 95:
		l.did("fault", "reader gone before")
		l.desk.Gone(readerCodes[l.rng.IntN(len(readerCodes))])
		l.pass(l.between(0, 10*time.Minute))
		l.desk.Back()
		l.put(c)
		sure = true
	case n < 98:
		l.did("fault", "reader refuses")
		l.desk.set(func() { l.desk.fault = &hw.Fault{Code: hw.ReaderBusy, Err: errors.New("shared")} })
		l.put(c)
		l.pass(l.between(0, 8*time.Second))
		l.desk.set(func() { l.desk.fault = nil })
	default:
		l.did("fault", "exchange hangs")
		block := make(chan struct{})
		l.desk.set(func() { l.desk.block = block })
		l.put(c)
		l.pass(l.between(time.Second, 18*time.Second))
		l.desk.set(func() { l.desk.block = nil })
		close(block)
	}
	if l.chance(3) {
		l.did("visitor", "storms the screen meanwhile")
		l.storm()
	}
	return sure
}

// answers are the screens that answer a tap.
var answers = []session.Screen{session.TakeCard, session.Result, session.Details, session.Question, session.Guides, session.GuideStep, session.Printing,
	session.Printed, session.NotPrinted, session.WrongCard, session.RemovedEarly, session.TwoCards, session.OutOfService}

// since returns what was seen since the last card was read: the verdict before it may still have stood there when it came.
func (l *life) since() []glimpse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen[max(0, slices.IndexFunc(l.seen, func(g glimpse) bool { return g.headline == "" })):])
}

// told waits for the answer and holds it against the card.
func (l *life) told(spec cardtest.Spec, row *visitOf, sure bool) session.State {
	answered := func() bool {
		seen := l.since()
		return len(seen) > 0 && seen[0].headline == "" && slices.ContainsFunc(seen, func(g glimpse) bool {
			return slices.Contains(answers, g.screen) && (g.headline != "" || g.screen == session.TwoCards || g.screen == session.OutOfService)
		})
	}
	limit := readTimeout + overdueBy + 500*time.Millisecond
	if sure {
		limit = time.Duration(exchangesOf(spec)+4) * l.desk.Delay
	}
	for begun := time.Now(); !answered(); l.pass(l.desk.Delay) {
		if time.Since(begun) > limit {
			l.fatalf("no answer within %s", limit)
		}
	}
	l.pass(0)
	// What is judged late, as a card that is read once more, is judged before anybody looks again.
	if !sure {
		l.pass(l.between(0, 12*time.Second))
	}
	l.judge(spec, row, sure)
	if st := l.state(); !sure && l.chance(60) {
		l.did("visitor", "lays the card again")
		l.desk.Back()
		l.desk.Lift()
		l.pass(l.between(100*time.Millisecond, 3*time.Second))
		l.desk.Delay = 20 * time.Millisecond
		l.put(spec.New())
		return l.told(spec, row, true)
	} else if sure && verdict(st) == "read-again" && l.chance(50) {
		l.did("visitor", "tries three times")
		for range 2 {
			l.desk.Lift()
			l.pass(l.between(100*time.Millisecond, 3*time.Second))
			l.put(spec.New())
			l.pass(time.Duration(2*exchangesOf(spec)+4) * l.desk.Delay)
			l.judge(spec, row, true)
		}
	}
	return l.state()
}

// exchangesOf bounds the exchanges of a reading and its second try.
func exchangesOf(spec cardtest.Spec) int {
	c := spec.New()
	n := 0
	for range 2 {
		_, _ = card.Read(context.Background(), card.Card{Transmitter: c, ATR: c.ATR()}, nil)
		n = c.Traffic().Commands
	}
	return n
}

// judge holds what was said since the card was laid against the card.
func (l *life) judge(spec cardtest.Spec, row *visitOf, sure bool) {
	l.t.Helper()
	now := l.cfg.Now()
	truth := rulesSay(known(spec), now)
	if row != nil && len(row.answers) == 0 && truth != row.headline {
		l.fatalf("cases.csv wants %s; the rules say %s", row.headline, truth)
	}
	st := l.state()
	heard := ""
	for _, g := range l.since() {
		if g.headline == "" {
			continue
		}
		heard = g.headline
		if sure && g.headline != truth {
			l.fatalf("%s is shown for %+v; want %s", g.headline, spec, truth)
		}
		if g.headline == "all-clear" && truth != g.headline {
			l.fatalf("a false all-clear for %+v; the truth is %s", spec, truth)
		}
	}
	if sure && heard == "" && !st.Down() {
		l.fatalf("nothing was said of a card that was read")
	}
	if heard != "" {
		l.sum.add("verdict", heard)
	}
	if code := verdict(st); code != "" && code != "read-again" && code != "wrong-card" && len(st.Facts.Counters) > 0 && st.Answers.Of(diagnosis.FaceCard) == diagnosis.Unknown && reflect.DeepEqual(st.Answers, diagnosis.Answers{}) {
		if lies := untrue(st.Facts, spec); len(lies) > 0 {
			l.fatalf("the kiosk knows of %v what the card did not say: %+v", lies, spec)
		}
		if want := rulesSay(st.Facts, now); code != want {
			l.fatalf("%s is shown for what was read; want %s", code, want)
		}
	}
}

// asked answers the questions as the row of cases.csv does, and holds its verdict and way.
func (l *life) asked(row *visitOf) {
	l.did("visitor", "answers as in cases.csv")
	l.desk.Lift()
	l.pass(0)
	st := l.state()
	if len(row.answers) > 0 {
		if !l.touch(page.ActAsk) {
			l.fatalf("%s: no way to answer", row.spec.Name)
		}
		var put []diagnosis.Question
		for st = l.pass(0); st.Screen == session.Question; st = l.pass(0) {
			i := slices.IndexFunc(st.Resolved.Report.Questions, func(q diagnosis.Question) bool { return !slices.Contains(put, q) })
			if i < 0 {
				l.fatalf("%s: a question that is none of %v", row.spec.Name, st.Resolved.Report.Questions)
			}
			q := st.Resolved.Report.Questions[i]
			put = append(put, q)
			a := map[string]page.Action{"yes": page.ActYes, "no": page.ActNo, "": page.ActDontKnow}[row.answers[q]]
			if !l.touch(a) {
				l.fatalf("%s: no button %s for %s", row.spec.Name, a, q)
			}
		}
	}
	if st.Screen == session.Attract {
		l.fatalf("%s: the visit ended in the questions", row.spec.Name)
	}
	if got := verdict(st); got != row.headline {
		l.fatalf("%s: %s after the answers; want %s", row.spec.Name, got, row.headline)
	}
	if got := string(st.Resolved.Report.Primary.Route); got != row.route {
		l.fatalf("%s: the way is %s; want %s", row.spec.Name, got, row.route)
	}
}

// behave is what visitors do with a result.
func (l *life) behave(st session.State) {
	l.pass(l.between(0, 4*time.Second))
	if l.chance(85) {
		l.desk.Lift()
	} else {
		l.did("visitor", "leaves the card lying")
	}
	l.pass(l.between(0, 2*time.Second))
	switch n := l.rng.IntN(100); {
	case n < 20:
		l.did("visitor", "waits")
	case n < 45:
		l.did("visitor", "has seen it")
	case n < 60:
		l.did("visitor", "prints")
		l.touch(page.ActPrint)
		l.pass(l.between(0, 15*time.Second))
	case n < 66:
		l.did("visitor", "reads the details")
		if l.touch(page.ActDetails) {
			for range l.rng.IntN(4) {
				l.touch(page.ActMore)
			}
		}
	case n < 76:
		l.did("visitor", "answers by chance")
		if l.touch(page.ActAsk) {
			for range 7 {
				l.touch([]page.Action{page.ActYes, page.ActNo, page.ActDontKnow}[l.rng.IntN(3)])
			}
		}
	case n < 86:
		l.did("visitor", "touches buttons by chance")
		for range 1 + l.rng.IntN(8) {
			l.any()
			l.pass(l.between(0, 2*time.Second))
		}
	case n < 90:
		l.did("visitor", "storms the screen")
		l.storm()
	case n < 94:
		l.did("visitor", "meets a window that changes")
		for range 1 + l.rng.IntN(5) {
			l.resize()
		}
	default:
		l.did("visitor", "goes on to the guides")
		if l.touch(page.ActGuides) {
			for range 1 + l.rng.IntN(6) {
				l.any()
			}
			l.touch(page.ActPrint)
		}
	}
}

// goes ends the visit: most clear what is on the screen, the others leave it to the countdown. Three in ten are followed
// at once by the next visitor.
func (l *life) goes() {
	if l.chance(90) {
		l.touch(page.ActFinish)
	}
	if l.chance(30) {
		l.did("visitor", "is hurried on")
		l.desk.Back()
		l.desk.Lift()
		l.pass(0)
		l.after(false)
		return
	}
	l.leaves()
	l.after(true)
}

// leaves waits until the kiosk is ready for the next.
func (l *life) leaves() {
	l.t.Helper()
	if now, rows := l.screen.Size(); [2]int{now, rows} != l.grid() {
		_ = l.screen.PostEvent(tcell.NewEventResize(l.screen.Size()))
	}
	l.desk.Back()
	l.desk.Lift()
	for begun := time.Now(); ; l.pass(time.Second) {
		synctest.Wait()
		st := l.state()
		if st.Screen == session.Attract && l.signal() == hw.Ready && !l.printing() {
			if l.press != nil {
				l.press.Set(func(c *hwtest.Condition) { *c = hwtest.Condition{} })
			}
			if len(st.Facts.Counters) > 0 || !reflect.DeepEqual(st.Resolved, site.Resolved{}) || !reflect.DeepEqual(st.Answers, diagnosis.Answers{}) {
				l.fatalf("something of the visitor is left on the waiting screen")
			}
			return
		}
		if time.Since(begun) > 4*time.Minute {
			l.fatalf("four minutes later the screen shows %s and the lamps %s", st.Screen, l.signal())
		}
		select {
		case err := <-l.ended:
			l.ended <- nil
			l.fatalf("Run = %v", err)
		default:
		}
	}
}

// after holds what came out of the printer against what the screen said, and the cards against what was sent to them.
func (l *life) after(over bool) {
	l.t.Helper()
	for _, c := range l.laid {
		if n := c.Traffic().VerifyWithData; n > 0 {
			l.fatalf("%d tries were spent", n)
		}
	}
	l.mu.Lock()
	jobs := make([]job, len(l.jobs))
	for i, j := range l.jobs {
		jobs[i] = *j
	}
	spoken, mayBe := slices.Clone(l.spoken), slices.Clone(l.mayBe)
	l.mu.Unlock()
	for _, j := range jobs {
		if !j.done {
			continue
		}
		l.sum.add("slip", map[hw.PrintResult]string{hw.PrintConfirmed: "confirmed", hw.PrintSent: "sent", hw.PrintRefused: "refused",
			hw.PrintBroken: "broken", hw.PrintUnknown: "unknown"}[j.end.Result])
		switch {
		case j.end.Result == hw.PrintConfirmed && !j.whole:
			l.fatalf("a slip is confirmed; %d came out, and not that one", j.came)
		case j.end.Result == hw.PrintRefused && j.came > 0:
			l.fatalf("a slip was refused; %d came out", j.came)
		}
		if !l.about(j.image, mayBe) {
			l.fatalf("a slip says nothing that was ever on this visitor's screen")
		}
	}
	for _, s := range spoken {
		i := s.jobs - 1
		if i < 0 || !jobs[i].done { // it was asked for before this tap, or refused while another hangs
			continue
		}
		want := "partial"
		switch jobs[i].end.Result {
		case hw.PrintConfirmed:
			want = "printed"
		case hw.PrintSent:
			want = "sent"
		case hw.PrintRefused:
			want = "nothing"
		}
		if s.what != want {
			l.fatalf("the screen says of the slip: %s; it was %s", s.what, want)
		}
	}
}

// about tells whether a slip says what was on the screen, or what the result would have said there: a slip that comes by
// itself may come while its visitor reads something else.
func (l *life) about(picture *image.Paletted, mayBe []subject) bool {
	for _, s := range slices.Backward(mayBe) {
		var pages []page.Page
		v := page.Verdict{Report: s.resolved.Report, Facts: s.facts}
		code := s.resolved.Report.Headline.Code
		read := code != "" && code != diagnosis.WrongCard && code != diagnosis.ReadAgain
		if walk, ok := guide.At(&l.cfg.Content.Guides, s.place, nil); ok && walk.Leaf() != nil {
			step := page.GuideStep{Content: l.cfg.Content, Walk: walk}
			if read {
				step.Verdict = &v
			}
			pages = append(pages, page.Of(step, s.office, s.lang))
		}
		if read {
			pages = append(pages, page.Of(v, s.office, s.lang))
		}
		for _, p := range pages {
			set, err := slip.Set(p, l.cfg.Slip)
			if err != nil {
				l.fatalf("setting what the screen showed: %v", err)
			}
			if samePicture(set, picture, 0) {
				return true
			}
		}
	}
	return false
}
