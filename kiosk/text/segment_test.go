package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
)

func TestWidth(t *testing.T) {
	for _, tt := range []struct {
		s    string
		want int
	}{
		{"", 0}, {"PIN", 3}, {"暗証番号", 8}, {"残り3回", 7}, {"か\u3099", 2}, {"〇！Ｘ？", 8}, {"6〜16", 5},
	} {
		if got := Width(tt.s); got != tt.want {
			t.Errorf("Width(%q) = %d; want %d", tt.s, got, tt.want)
		}
	}
}

func TestLineEnds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		s     string
		cells int
		want  []string
	}{
		{"nothing", "", 10, nil},
		{"fits", "暗証番号", 8, []string{"暗証番号"}},
		{"an odd limit leaves a cell free", "暗証番号", 7, []string{"暗証", "番号"}},
		{"full stop never first", "使えません。次", 10, []string{"使えませ", "ん。次"}},
		{"comma never first", "名前、住所", 4, []string{"名", "前、", "住所"}},
		{"opening bracket never last", "住所「東京」です", 6, []string{"住所", "「東", "京」", "です"}},
		{"small kana never first", "あっちへちょっと", 10, []string{"あっちへ", "ちょっと"}},
		{"prolonged sound never first", "次のカード", 6, []string{"次の", "カード"}},
		{"number stays whole", "残り120回です", 8, []string{"残り", "120回", "です"}},
		{"full-width number stays whole", "残り１２回", 6, []string{"残り", "１２回"}},
		{"range stays whole", "文字数は6〜16文字", 12, []string{"文字数は", "6〜16文字"}},
		{"Latin word stays whole", "これはPassport です", 12, []string{"これは", "Passport", "です"}},
		{"Latin words break at spaces", "Your card is fine", 9, []string{"Your card", "is fine"}},
		{"too long a word is cut", "Donaudampfschiff", 6, []string{"Donaud", "ampfsc", "hiff"}},
		{"phrases of spaced Japanese", "あした 市役所へ いきます", 20, []string{"あした 市役所へ", "いきます"}},
		{"rather where a phrase ends", "5つの番号は、どれもロックされていません", 28, []string{"5つの番号は、", "どれもロックされていません"}},
		{"rather before a word than in it", "このカードのパスワードです", 18, []string{"このカードの", "パスワードです"}},
		{"katakana words whole", "住民用の署名用パスワードです", 22, []string{"住民用の", "署名用パスワードです"}},
		{"spaced Japanese at its spaces", "カードを よむことが できません", 18, []string{"カードを", "よむことが", "できません"}},
		{"newline", "一\n二", 10, []string{"一", "二"}},
		{"empty line", "一\n\n二", 10, []string{"一", "", "二"}},
		{"a cluster wider than the limit stands alone", "暗証", 1, []string{"暗", "証"}},
		{"combining mark stays", "かか\u3099", 2, []string{"か", "か\u3099"}},
		{"time", "受付は8:30-17:15です", 12, []string{"受付は", "8:30-17:15", "です"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Paragraph(tt.s, tt.cells)); diff != "" {
				t.Errorf("Paragraph(%q, %d) (-want +got):\n%s", tt.s, tt.cells, diff)
			}
		})
	}
}

func FuzzParagraph(f *testing.F) {
	for _, s := range []string{"使えません。次は「窓口」へ、3回まで（無料）です。", "Your card is fine.\nDone", "か\u3099６〜16ー", "🇯🇵👨‍👩‍👧 ok"} {
		for _, cells := range []int{1, 2, 7, 40} {
			f.Add(s, cells)
		}
	}
	solid := strings.NewReplacer(" ", "", "\n", "", "\r", "")
	f.Fuzz(func(t *testing.T, s string, cells int) {
		cells = min(max(cells, 1), 200)
		lines := Paragraph(s, cells)
		if got, want := solid.Replace(strings.Join(lines, "")), solid.Replace(s); got != want {
			t.Fatalf("Paragraph(%q, %d) holds %q; want %q", s, cells, got, want)
		}
		for _, line := range lines {
			if Width(line) > cells && uniseg.GraphemeClusterCount(line) > 1 {
				t.Fatalf("Paragraph(%q, %d) has the line %q of %d cells", s, cells, line, Width(line))
			}
			if strings.HasSuffix(line, " ") {
				t.Fatalf("Paragraph(%q, %d) has the line %q, which ends with a space", s, cells, line)
			}
		}
	})
}
