package font_test

import (
	"fmt"

	"kagimado/kiosk/font"
)

func ExampleCells() {
	for _, r := range "A窓♿" {
		cells, ok := font.Cells(r)
		fmt.Println(cells, ok)
	}
	// Output:
	// 1 true
	// 2 true
	// 0 false
}
