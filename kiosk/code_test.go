package kiosk

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kagimado/kiosk/ledger"
	"kagimado/kiosk/session"
)

// kept is records by name.
type kept = map[string][]byte

// shelf is a memory with these records in it.
func shelf(records kept) *memory {
	if records == nil {
		records = kept{}
	}
	return &memory{kept: records}
}

// memory keeps records as a ledger does, from any goroutine, and can be broken.
type memory struct {
	mu         sync.Mutex
	kept       map[string][]byte
	load, save error
	saves      int
}

func (m *memory) Load(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.load != nil {
		return nil, m.load
	}
	data, ok := m.kept[name]
	if !ok {
		return nil, fmt.Errorf("loading %s: %w", name, ledger.ErrNone)
	}
	return bytes.Clone(data), nil
}

func (m *memory) Save(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.save != nil {
		return m.save
	}
	m.saves++
	m.kept[name] = bytes.Clone(data)
	return nil
}

// fast is a lock whose rounds a test can afford.
func fast(r Records) *lock { return &lock{records: r, rounds: 3} }

// coded is a memory in which this code is kept.
func coded(t *testing.T, code string) *memory {
	t.Helper()
	m := shelf(nil)
	if err := fast(m).keep(code); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := coded(t, "314159")
		k := fast(m)
		tried := func(code string, want session.CodeVerdict, left int) {
			t.Helper()
			if got, tries, err := k.check(code); got != want || err != nil || want == session.CodeWrong && tries != left {
				t.Fatalf("check(%s) = %d, %d tries, %v; want %d, %d", code, got, tries, err, want, left)
			}
		}
		if bytes.Contains(m.kept[codeRecord], []byte("314159")) {
			t.Error("the ledger holds the code itself")
		}
		restarted := func() {
			k = fast(m)
			k.start()
		}
		for range 2 { // a right one gives all tries back
			for left := 4; left > 0; left-- {
				tried("271828", session.CodeWrong, left)
				restarted() // and a restart gives none
			}
			tried("314159", session.CodeRight, 0)
		}
		for left := 4; left > 0; left-- {
			tried("271828", session.CodeWrong, left)
		}
		tried("271828", session.CodeLocked, 0)
		time.Sleep(lockedFor - time.Second)
		tried("314159", session.CodeLocked, 0)
		restarted()
		tried("314159", session.CodeLocked, 0)
		time.Sleep(lockedFor - time.Second)
		tried("314159", session.CodeLocked, 0)
		time.Sleep(time.Second)
		tried("271828", session.CodeWrong, 4)
		for left := 3; left > 0; left-- {
			tried("271828", session.CodeWrong, left)
		}
		tried("271828", session.CodeLocked, 0)
		k = fast(m) // of which nobody said that it starts
		tried("314159", session.CodeLocked, 0)
		restarted()
		time.Sleep(lockedFor)
		for left := 4; left > 0; left-- {
			tried("271828", session.CodeWrong, left)
		}
		tried("271828", session.CodeLocked, 0)
		time.Sleep(lockedFor) // counted from the last wrong one, not from the next try
		tried("314159", session.CodeRight, 0)
	})
}

// TestTriesAreCountedFirst: a plug that is pulled while a code is looked at does not give the try back, and whoever
// cannot count does not look.
func TestTriesAreCountedFirst(t *testing.T) {
	m := coded(t, "314159")
	before := m.saves
	if _, _, err := fast(m).check("271828"); err != nil || m.saves != before+1 {
		t.Errorf("a wrong code: %d records saved, %v; want one", m.saves-before, err)
	}
	m.save = errors.New("read-only file system")
	if got, _, err := fast(m).check("314159"); got != session.CodeFailed || err == nil {
		t.Errorf("the right code on a ledger that cannot count = %d, %v; want it not looked at", got, err)
	}
}

func TestLockState(t *testing.T) {
	good := coded(t, "314159")
	damaged := coded(t, "314159")
	damaged.kept[codeRecord] = []byte(`{"schema":1,"salt":"","rounds":1,"hash":""}`)
	empty := shelf(nil)
	for name, tt := range map[string]struct {
		r    Records
		want session.CodeState
		err  bool
	}{
		"no ledger":      {nil, session.CodeImpossible, true},
		"nothing kept":   {empty, session.CodeUnset, false},
		"a code":         {good, session.CodeSet, false},
		"makes no sense": {damaged, session.CodeImpossible, true},
		"damaged":        {&memory{load: ledger.ErrDamaged}, session.CodeImpossible, true},
	} {
		if got, err := fast(tt.r).state(); got != tt.want || (err != nil) != tt.err {
			t.Errorf("%s: state = %d, %v; want %d", name, got, err, tt.want)
		}
		if tt.want == session.CodeUnset {
			continue
		}
		if err := fast(tt.r).keep("271828"); err == nil {
			t.Errorf("%s: a new code is kept", name)
		}
		if got, _, _ := fast(tt.r).check("271828"); got == session.CodeRight {
			t.Errorf("%s: a wrong code opens", name)
		}
	}
	if got, _, err := fast(empty).check("000000"); got != session.CodeFailed || err == nil {
		t.Errorf("check without a code = %d, %v", got, err)
	}
}

// TestLedgerKeepsTheCode: the record goes through the real ledger, and the rounds are those of the appliance.
func TestLedgerKeepsTheCode(t *testing.T) {
	records, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := newLock(records).keep("314159"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds take %v", slowness, time.Since(begun))
	data, err := records.Load(codeRecord)
	if err != nil || !strings.Contains(string(data), fmt.Sprintf(`"rounds":%d`, slowness)) {
		t.Errorf("the record is %s, %v", data, err)
	}
	if got, _, err := newLock(records).check("314159"); got != session.CodeRight || err != nil {
		t.Errorf("check = %d, %v; want right", got, err)
	}
}
