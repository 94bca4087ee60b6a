package screen

import (
	"fmt"
	"strings"
	"testing"

	"kagimado/kiosk/golden"
	"kagimado/kiosk/session"
	"kagimado/kiosk/text"
)

// TestTexts holds every state and part in every language on every panel's grid against one file of text for each language
// and grid. Colours and targets stand in TestGoldens.
func TestTexts(t *testing.T) {
	for _, l := range text.Languages() {
		for _, g := range grids {
			if g.panel == (Panel{}) || l == text.Japanese && (g.cols == 40 || g.cols == 64) {
				continue // no panel has this grid; TestGoldens has the text too
			}
			file := fmt.Sprintf("all-%s-%dx%d.txt", l, g.cols, g.rows)
			t.Run(file, func(t *testing.T) {
				var got strings.Builder
				seen := map[session.Screen]bool{}
				for _, st := range stills(t, l) {
					seen[st.Screen] = true
					all := parts(st, g.cols, g.rows, g.panel)
					for i, part := range all {
						fmt.Fprintf(&got, "== %s, part %d of %d\n%s", name(st), i+1, len(all), strings.TrimRight(part, "\n")+"\n")
					}
				}
				for _, s := range session.Screens() {
					if !seen[s] {
						t.Errorf("no still of %s", s)
					}
				}
				golden.Text(t, file, got.String())
			})
		}
	}
}
