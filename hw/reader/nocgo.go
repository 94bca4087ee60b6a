//go:build !cgo

package reader

import (
	"errors"

	"kagimado/hw"
)

// system says that this program cannot reach any reader: PC/SC is spoken by libpcsclite alone.
func system() (session, error) {
	return nil, &hw.Fault{Code: hw.ReaderService, Err: errors.New("this program was built without PC/SC: build it with CGO_ENABLED=1 and libpcsclite-dev")}
}
