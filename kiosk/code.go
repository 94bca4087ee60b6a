package kiosk

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"kagimado/kiosk/ledger"
	"kagimado/kiosk/session"
)

// The staff code. Six digits fall to whoever may try them all: what protects them is that only a handful of tries is
// given, counted where pulling the plug does not reach. The slow hash is for the day on which somebody reads the memory
// card, and spares offices that use the same digits elsewhere no more than minutes. A code nobody knows any more is
// replaced by deleting its record; whoever can do that owns the machine.
const (
	codeRecord = "staff-code"
	codeTries  = 5
	lockedFor  = 10 * time.Minute
	slowness   = 200_000 // rounds; about half a second on a Pi 4, whose cores have no instructions for it
)

// staffCode is the record of the code.
type staffCode struct {
	Schema int    `json:"schema"`
	Salt   []byte `json:"salt"`
	Rounds int    `json:"rounds"`
	Hash   []byte `json:"hash"`
	Wrong  int    `json:"wrong"` // tries since the last right one; one that is being looked at is counted already
}

// lock guards staff's menu. Its methods take half a second and may be called from any goroutine.
type lock struct {
	records Records // nil: no code can be kept
	rounds  int

	mu    sync.Mutex
	until time.Time // the menu is locked, by the monotonic clock
}

func newLock(r Records) *lock { return &lock{records: r, rounds: slowness} }

var errNoRecords = errors.New("nothing is kept")

// state tells whether there is a code. A record that cannot be read is no reason to let a new one be chosen.
func (k *lock) state() (session.CodeState, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, err := k.load()
	switch {
	case err == nil:
		return session.CodeSet, nil
	case errors.Is(err, ledger.ErrNone):
		return session.CodeUnset, nil
	}
	return session.CodeImpossible, err
}

func (k *lock) load() (c staffCode, err error) {
	if k.records == nil {
		return c, errNoRecords
	}
	data, err := k.records.Load(codeRecord)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("reading the staff code: %w", err)
	}
	if c.Schema != 1 || len(c.Salt) < 16 || len(c.Hash) != sha256.Size || c.Rounds < 1 || c.Rounds > 100*slowness || c.Wrong < 0 {
		return c, errors.New("reading the staff code: the record makes no sense")
	}
	return c, nil
}

func (k *lock) save(c staffCode) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return k.records.Save(codeRecord, data)
}

// check compares a code with the one that is kept. A try is counted before it is looked at: else a plug pulled in
// between would give it back. Whoever cannot count does not look. The tries of a lock that has run out are forgotten; a
// restart begins the lock anew, because nothing else is known of how long the plug was out.
func (k *lock) check(code string) (verdict session.CodeVerdict, tries int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, err := k.load()
	if err != nil {
		return session.CodeFailed, 0, err
	}
	if c.Wrong >= codeTries {
		if k.until.IsZero() {
			k.until = time.Now().Add(lockedFor)
		}
		if time.Now().Before(k.until) {
			return session.CodeLocked, 0, nil
		}
		c.Wrong = 0
	}
	k.until = time.Time{}
	c.Wrong++
	if err := k.save(c); err != nil {
		return session.CodeFailed, 0, err
	}
	hash, err := pbkdf2.Key(sha256.New, code, c.Salt, c.Rounds, sha256.Size)
	if err != nil {
		return session.CodeFailed, 0, err
	}
	if subtle.ConstantTimeCompare(hash, c.Hash) == 1 {
		c.Wrong = 0
		return session.CodeRight, codeTries, k.save(c)
	}
	if c.Wrong >= codeTries {
		k.until = time.Now().Add(lockedFor)
		return session.CodeLocked, 0, nil
	}
	return session.CodeWrong, codeTries - c.Wrong, nil
}

// start begins the lock of a kiosk that was restarted while it was locked.
func (k *lock) start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, err := k.load(); err == nil && c.Wrong >= codeTries {
		k.until = time.Now().Add(lockedFor)
	}
}

// keep makes this the code, if there is none.
func (k *lock) keep(code string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.load(); !errors.Is(err, ledger.ErrNone) {
		return errors.Join(errors.New("there is a staff code"), err)
	}
	c := staffCode{Schema: 1, Salt: make([]byte, 16), Rounds: k.rounds}
	_, _ = rand.Read(c.Salt) // it never fails
	var err error
	if c.Hash, err = pbkdf2.Key(sha256.New, code, c.Salt, c.Rounds, sha256.Size); err != nil {
		return err
	}
	return k.save(c)
}
