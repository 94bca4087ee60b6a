package card

import "fmt"

// Key names one PIN, password or printed-number reference on the chip. The zero Key means unknown.
type Key uint8

// The eleven keys, in the order in which they are read, listed and printed (design.md §5).
const (
	KeyUnknown Key = iota
	Auth
	Sign
	InputSupport
	InputSupportA
	InputSupportB
	SurfaceBirth
	SurfaceA
	SurfaceB
	Juki
	Common
	Licence
)

// Application names one application of the chip. The zero Application means none.
type Application uint8

// The applications a My Number Card may carry (card.md §1).
const (
	NoApplication Application = iota
	JPKI
	InputSupportApp
	SurfaceApp
	JukiApp
	CommonApp
	LicenceApp
	ResidenceApp
)

// KeySpec is one row of the key table. The table drives Read, the guard, the simulated card, the JSON documents
// and the clerk's note; what a key is used for is told to visitors by the message catalogue.
type KeySpec struct {
	Key         Key
	Name        string // stable name in JSON and on the command line
	Application Application
	File        uint16 // file identifier of the reference; its low five bits are the short identifier
	Tries       int    // tries of a fresh key; 0 = not certain, and then never shown
	Official    string // the name the counter uses
	Code        string // the character(s) of the clerk's line of codes (design.md §8)
}

// ShortID returns the short file identifier of the key's reference (ISO 7816-4 §7.4.1).
func (s KeySpec) ShortID() byte { return byte(s.File & 0x1F) }

// keyTable follows card.md §2. Tries are given only where two independent sources agree.
var keyTable = [...]KeySpec{
	{Auth, "auth", JPKI, 0x0018, 3, "利用者証明用電子証明書の暗証番号", "利"},
	{Sign, "sign", JPKI, 0x001B, 5, "署名用電子証明書の暗証番号", "署"},
	{InputSupport, "input-support", InputSupportApp, 0x0011, 3, "券面事項入力補助用の暗証番号", "補"},
	{InputSupportA, "input-support-a", InputSupportApp, 0x0014, 0, "照合番号A", "照A補"},
	{InputSupportB, "input-support-b", InputSupportApp, 0x0015, 0, "照合番号B", "照B補"},
	{SurfaceBirth, "surface-birth", SurfaceApp, 0x0011, 0, "生年月日の照合番号", "生"},
	{SurfaceA, "surface-a", SurfaceApp, 0x0013, 0, "照合番号A", "照A券"},
	{SurfaceB, "surface-b", SurfaceApp, 0x0012, 0, "照合番号B", "照B券"},
	{Juki, "juki", JukiApp, 0x001C, 3, "住民基本台帳用の暗証番号", "住"},
	{Common, "common", CommonApp, 0x001C, 0, "住民基本台帳用の暗証番号（共通）", "共"},
	{Licence, "licence", LicenceApp, 0x0006, 0, "マイナ免許証の暗証番号", "免"},
}

// Keys returns the key table in its fixed order. The caller may keep and change the slice.
func Keys() []KeySpec { return append([]KeySpec(nil), keyTable[:]...) }

// Spec returns the table row of k; the zero row for an unknown key.
func (k Key) Spec() KeySpec {
	if k < Auth || int(k) > len(keyTable) {
		return KeySpec{}
	}
	return keyTable[k-1]
}

// String returns the stable name of k.
func (k Key) String() string {
	if s := k.Spec(); s.Name != "" {
		return s.Name
	}
	return "unknown"
}

// ParseKey returns the key with this stable name.
func ParseKey(name string) (Key, error) {
	for _, s := range keyTable {
		if s.Name == name {
			return s.Key, nil
		}
	}
	return KeyUnknown, fmt.Errorf("looking up key %q: no such key", name)
}

// MarshalText writes the stable name.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the stable name.
func (k *Key) UnmarshalText(b []byte) error {
	v, err := ParseKey(string(b))
	*k = v
	return err
}

// applicationTable follows card.md §1: the full identifiers only, because the chip also selects by a prefix and
// then a success proves little.
var applicationTable = [...]struct {
	app  Application
	aid  string
	name string
}{
	{JPKI, "\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01", "公的個人認証AP"},
	{InputSupportApp, "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x08", "券面事項入力補助AP"},
	{SurfaceApp, "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02", "券面事項確認AP"},
	{JukiApp, "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x01", "住基AP"},
	{CommonApp, "\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00", "共通カードAP"},
	{LicenceApp, "\xA0\x00\x00\x02\x31\x06" + tenZeros, "免許AP"},
	{ResidenceApp, "\xD3\x92\xF0\x00\x4F\x01" + tenZeros, "在留AP"},
}

const tenZeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// AID returns the full application identifier.
func (a Application) AID() []byte {
	for _, r := range applicationTable {
		if r.app == a {
			return []byte(r.aid)
		}
	}
	return nil
}

// String returns the official Japanese name, as it stands in the clerk's note and in the JSON documents.
func (a Application) String() string {
	for _, r := range applicationTable {
		if r.app == a {
			return r.name
		}
	}
	return "unknown"
}
