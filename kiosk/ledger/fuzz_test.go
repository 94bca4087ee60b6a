package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRecord puts anything where a record stands. It is damaged, or it is to the byte what Save writes of what Load returns;
// and whatever is saved over it comes back.
func FuzzRecord(f *testing.F) {
	f.Fuzz(func(t *testing.T, record []byte) {
		l := open(t)
		path := filepath.Join(l.dir, "profile")
		if err := os.WriteFile(path, record, 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := l.Load("profile")
		if err != nil && (!errors.Is(err, ErrDamaged) || data != nil) {
			t.Fatalf("Load = %q, %v; want ErrDamaged and nothing", data, err)
		}
		if err == nil {
			save(t, l, "profile", string(data))
			if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, record) {
				t.Fatalf("Load took %q; Save writes %q, %v", record, again, err)
			}
		}
		save(t, l, "profile", string(record))
		if data, err := l.Load("profile"); err != nil || !bytes.Equal(data, record) {
			t.Fatalf("Load after Save = %q, %v; want %q", data, err, record)
		}
	})
}
