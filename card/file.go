package card

// The files that are read, beside the references of the key table (card.md §3, §4).
const (
	fileTokenLabel    uint16 = 0x0006 // CK_TOKEN_INFO: the first 32 bytes name the device, bytes 80–95 are a serial
	fileCertificates  uint16 = 0x0008 // three bytes: which certificates exist
	fileAuth          uint16 = 0x000A
	fileAuthAuthority uint16 = 0x000B
	fileSignAuthority uint16 = 0x0002
	fileLicencePIN    uint16 = 0x001A // C1 01 01: the licence has a PIN; C1 01 00: it has none
)

// The 48 bytes of the auth certificate that hold its validity whatever the serial number's length, and neither the
// serial number nor any character of the subject (card.md §3).
const (
	windowStart = 160
	windowSize  = 48
)

// prefixSize bounds a certificate read from its start. The validity ends before byte 205 on every known card; the
// rest leaves room for a longer issuer. What stands beyond it, keys and signatures, is no business of this program.
const prefixSize = 512

// extent is a range of a file that may be read.
type extent struct {
	app      Application
	file     uint16
	from, to int // bytes, to exclusive
	when     condition
}

type condition uint8

const (
	always      condition = iota
	afterWindow           // only after the privacy-friendly window was tried in this application
	onlyWithAll           // only when the caller asked for the authorities
)

var fileTable = [...]extent{
	{JPKI, fileTokenLabel, 0, 32, always},
	{JPKI, fileCertificates, 0, 3, always},
	{JPKI, fileAuth, windowStart, windowStart + windowSize, always},
	{JPKI, fileAuth, 0, prefixSize, afterWindow},
	{JPKI, fileAuthAuthority, 0, prefixSize, onlyWithAll},
	{JPKI, fileSignAuthority, 0, prefixSize, onlyWithAll},
	{LicenceApp, fileLicencePIN, 0, 3, always},
}

// otherCards are applications of cards that are not ours, asked for by name only after the JPKI application was not
// found, in the order in which such cards are met in a lobby (card.md §4).
var otherCards = [...]struct {
	kind Kind
	aid  string
}{
	{DriversLicence, "\xA0\x00\x00\x02\x31\x01" + tenZeros},
	{ResidenceCard, "\xD3\x92\xF0\x00\x4F\x02" + tenZeros},
	{DriversLicence, "\xA0\x00\x00\x02\x31\x02" + tenZeros},
	{DriversLicence, "\xA0\x00\x00\x02\x48\x03" + tenZeros},
	{Passport, "\xA0\x00\x00\x02\x47\x10\x01"},
}
