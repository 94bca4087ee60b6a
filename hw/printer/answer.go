package printer

import "strings"

// answers sorts the bytes a printer sends. Answers to DLE EOT, automatic status, GS r and whole blocks share one stream
// without framing; only fixed bits tell them apart (field.md §3.2, §3.4).
type answers struct {
	status  []byte // answers to DLE EOT, oldest first
	jobEnd  []byte // answers to GS r, oldest first, since the last name
	maker   string // the last answer to GS I 66
	job     string // the last answer to GS ( H
	cleared bool   // an answer to DLE DC4 8 came

	pending int    // bytes of an automatic status still to come
	block   []byte // a block that has begun; nil outside
}

// blockLimit ends a block whose NUL never comes: a noisy line must not hide every later answer.
const blockLimit = 80

func (a *answers) take(b byte) {
	switch {
	case a.block != nil:
		if b == 0 {
			a.read(string(a.block))
		}
		if a.block = append(a.block, b); b == 0 || len(a.block) > blockLimit {
			a.block = nil
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
		a.block = []byte{b}
	}
	// Anything else, XON and XOFF among it, is no answer.
}

// read takes a whole block without its NUL.
func (a *answers) read(block string) {
	if maker, ok := strings.CutPrefix(block, "\x5F"); ok {
		// The printer obeys GS I in its turn: what it answered before belongs to an older job.
		a.maker, a.jobEnd = maker, nil
	}
	if job, ok := strings.CutPrefix(block, "\x37\x22"); ok {
		a.job = job
	}
	if block == "\x37\x25" {
		a.cleared = true
	}
}
