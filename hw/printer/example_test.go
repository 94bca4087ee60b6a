package printer_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"time"

	"kagimado/hw"
	"kagimado/hw/hwtest"
	"kagimado/hw/printer"
)

// A printer without paper refuses with a code; with paper it confirms the slip.
func Example() {
	paper := &hwtest.Printer{Width: 384}
	address, stop, err := paper.Listen()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	p, err := printer.Open(printer.Options{Address: address})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	slip := image.NewPaletted(image.Rect(0, 0, 384, 200), color.Palette{color.White, color.Black})

	paper.Set(func(c *hwtest.Condition) { c.PaperEnd = true })
	printed, err := p.Print(ctx, slip)
	fmt.Println(printed.Result == hw.PrintRefused, printed.State.Code, err)

	paper.Set(func(c *hwtest.Condition) { c.PaperEnd = false })
	printed, err = p.Print(ctx, slip)
	fmt.Println(printed.Result == hw.PrintConfirmed, err, paper.Slips()[0].Bounds())
	// Output:
	// true P-02 printing: P-02: the printer is not ready
	// true <nil> (0,0)-(384,200)
}
