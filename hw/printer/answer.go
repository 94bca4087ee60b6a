package printer

// answers sorts the bytes a printer sends. Answers to DLE EOT, automatic status and GS r share one stream without
// framing; only fixed bits tell them apart (field.md §3.2, §3.4).
type answers struct {
	status  []byte // answers to DLE EOT, oldest first
	jobEnd  []byte // answers to GS r, oldest first
	pending int    // bytes of an automatic status still to come
	block   int    // bytes of a block that may still come before its NUL
}

// blockLimit ends a block whose NUL never comes: a noisy line must not hide every later answer.
const blockLimit = 80

func (a *answers) take(b byte) {
	switch {
	case a.block > 0:
		a.block--
		if b == 0 {
			a.block = 0
		}
	case b&0x93 == 0x12:
		a.status = append(a.status, b)
	case b&0x93 == 0x10:
		a.pending = 3
	case b&0x90 == 0x00 && a.pending > 0:
		a.pending--
	case b&0x90 == 0x00:
		a.jobEnd = append(a.jobEnd, b)
	case b == 0x5F || b&0xF1 == 0x31:
		a.block = blockLimit
	}
	// Anything else, XON and XOFF among it, is no answer.
}
