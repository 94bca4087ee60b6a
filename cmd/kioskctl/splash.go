package main

import (
	"context"
	"fmt"
	"os"

	"kagimado/cmd/internal/exit"
	"kagimado/hw"
	"kagimado/hw/framebuffer"
	"kagimado/kiosk/screen"
	"kagimado/kiosk/session"
	"kagimado/kiosk/site"
)

// leastCell is the width in pixels of the smallest cell in which anything can be read.
const leastCell = 4

// splash draws what the panel shows while the kiosk is not there. It runs at boot and between two kiosks, so it draws one
// picture, needs nothing else to be in order, and asks neither the dated content nor the rest of the hardware.
func splash(_ context.Context, t *tool, args []string) error {
	fs := t.flags("splash")
	result := fs.String("result", os.Getenv("SERVICE_RESULT"), "how the kiosk ended, in systemd's words; empty: none has run yet")
	status := fs.String("status", os.Getenv("EXIT_STATUS"), "its exit status")
	profile := fs.String("profile", "", "profile of the office, for the size of the letters")
	device := fs.String("fb", "/dev/fb0", "the framebuffer")
	if err := parse(fs, args); err != nil {
		return err
	}
	f, err := framebuffer.Open(*device)
	if err != nil {
		return err
	}
	defer f.Close()
	return showPreparing(f, exit.Code(*result, *status), *profile)
}

// showPreparing fills the framebuffer.
func showPreparing(f *framebuffer.Framebuffer, code hw.Code, profile string) error {
	width, height := f.Size()
	w, h := splashCell(profile, width, height)
	if w < leastCell {
		return fmt.Errorf("the framebuffer has %d×%d pixels, too few for %d×%d letters", width, height, screen.MinCols, screen.MinRows)
	}
	b := screen.NewBuffer(width/w, height/h)
	screen.Draw(b, session.Still(session.Settings{}, session.Preparing, session.Visit{Code: string(code)}), screen.Panel{})
	return f.Show(pictured(b).Image(w, h))
}

// splashCell returns the size of a cell: the profile's, in which the kiosk itself draws, or else the largest there is room
// for. A profile that cannot be read is no matter here.
func splashCell(profile string, width, height int) (w, h int) {
	if data, err := os.ReadFile(profile); err == nil {
		if p, _ := site.Load(profile, data); p != nil && width >= screen.MinCols*p.Panel.CellWidth && height >= screen.MinRows*p.Panel.CellHeight {
			return p.Panel.CellWidth, p.Panel.CellHeight
		}
	}
	w = min(width/screen.MinCols, height/(2*screen.MinRows))
	return w, 2 * w
}
