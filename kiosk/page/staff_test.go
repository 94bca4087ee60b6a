package page_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/kiosk/page"
	"kagimado/kiosk/site"
	"kagimado/kiosk/text"
)

// TestNotice: staff read the same Japanese whatever the visitor before them chose, and only where something is wrong.
func TestNotice(t *testing.T) {
	said := []string{"F-01 kiosk.toml:26:8: 「open」がありません。", "前の設定で動いています。"}
	for _, l := range text.Languages() {
		p := page.Of(page.Attract{Staff: said}, site.Office{}, l)
		complete(t, "notice "+l.String(), p)
		want := []string{"係の方へ F-01 kiosk.toml:26:8: 「open」がありません。", "前の設定で動いています。"}
		if diff := cmp.Diff(want, p.Staff); diff != "" {
			t.Errorf("notice in %s (-want +got):\n%s", l, diff)
		}
		if text := page.Text(p); !strings.HasSuffix(text, strings.Join(want, "\n")+"\n") {
			t.Errorf("the text in %s does not end with the notice:\n%s", l, text)
		}
		if p := page.Of(page.Attract{}, site.Office{}, l); p.Staff != nil {
			t.Errorf("notice in %s = %q; want none when all is well", l, p.Staff)
		}
	}
	if said[0] != "F-01 kiosk.toml:26:8: 「open」がありません。" {
		t.Errorf("Of changed its subject to %q", said[0])
	}
}
