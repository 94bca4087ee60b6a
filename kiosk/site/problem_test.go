package site

import "testing"

func TestUnprintable(t *testing.T) {
	drawable := func(r rune) bool { return r != '♿' }
	data := "# ♿ in a comment\nname = \"2階 ♿\" # ♿\nnote = '♿'\nplain = \"3階\"\n"
	got := Unprintable("kiosk.toml", []byte(data), drawable)
	want := [][2]int{{2, 12}, {3, 9}}
	if len(got) != len(want) {
		t.Fatalf("Unprintable = %v; want %d problems", got, len(want))
	}
	for i, p := range got {
		if p.Line != want[i][0] || p.Column != want[i][1] || p.Severity != Mistake {
			t.Errorf("problem %d is %d:%d (%s); want %v", i, p.Line, p.Column, p, want[i])
		}
	}
}
