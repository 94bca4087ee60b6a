package slip_test

import (
	"fmt"

	"kagimado/kiosk/page"
	"kagimado/kiosk/slip"
)

func ExampleSet() {
	img, err := slip.Set(page.Page{Mark: page.Bad, Headline: "署名用パスワードが使えません"}, slip.Options{Width: 576, DPI: 203})
	fmt.Println(img.Rect.Dx(), len(img.Palette), err)

	_, err = slip.Set(page.Page{Foot: []string{"2階 ♿"}}, slip.Options{Width: 576, DPI: 203})
	fmt.Println(err)
	// Output:
	// 576 2 <nil>
	// setting foot: no glyph for U+267F in "2階 ♿"
}
