// Package exit is how cmd/kiosk says why it ended, and how kioskctl splash understands it: the exit statuses, once. The units
// that start the kiosk know them too.
package exit

import (
	"errors"
	"strconv"

	"kagimado/hw"
	"kagimado/kiosk"
)

// Exit statuses of the kiosk; 0 is the end of a program that was told to stop. All from ReaderHung on want it started again,
// and so does Failed: what it needs is gone.
const (
	Failed       = 1
	Usage        = 2
	ReaderHung   = 70 // an exchange with a card does not return
	Restart      = 71 // staff asked for it
	PrinterHung  = 72 // a printer's driver does not return
	TerminalHung = 73 // the terminal does not answer
)

// reasons are the ends that have a status of their own, with what staff are told; without a code nothing is wrong.
var reasons = []struct {
	err    error
	status int
	code   hw.Code
}{
	{kiosk.ErrReaderHung, ReaderHung, hw.ReaderHung},
	{kiosk.ErrRestart, Restart, ""},
	{kiosk.ErrPrinterHung, PrinterHung, hw.PrinterSilent},
	{kiosk.ErrTerminalSilent, TerminalHung, hw.TerminalSilent},
}

// Status returns the exit status of a kiosk that ended with err, which is not nil.
func Status(err error) int {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.status
		}
	}
	return Failed
}

// Code returns what is wrong with a kiosk that ended so, in the words of systemd's $SERVICE_RESULT and $EXIT_STATUS; none
// where nothing is, or where none has ended yet. A status counts only where the program could choose it.
func Code(result, status string) hw.Code {
	switch result {
	case "", "success":
		return ""
	case "exit-code":
		for _, r := range reasons {
			if status == strconv.Itoa(r.status) {
				return r.code
			}
		}
	}
	return hw.Restarted
}
