package text

import (
	"slices"
	"testing"
)

func TestBalance(t *testing.T) {
	for _, tt := range []struct {
		words string
		cells int
		want  []string
	}{
		{"Ｘ 署名用パスワードがロックされています", 19, []string{"Ｘ 署名用", "パスワードが", "ロックされています"}},
		{"〇 カードに問題は見つかりません", 19, []string{"〇 カードに問題は", "見つかりません"}},
		{"Ｘ 3つの暗証番号が使えません", 12, []string{"Ｘ 3つの", "暗証番号が", "使えません"}},
		{"Ｘ 読み取り用の暗証番号が使えません", 20, []string{"Ｘ 読み取り用の", "暗証番号が使えません"}},
		{"〇 ロックも期限切れも見つかりません", 20, []string{"〇 ロックも", "期限切れも", "見つかりません"}},
		{"Your signature password is locked", 19, []string{"Your signature", "password is locked"}},
		{"短い", 19, []string{"短い"}},
		{"あ", 1, []string{"あ"}},
		{"一行目\n二行目", 19, []string{"一行目", "二行目"}},
	} {
		if got := Balance(tt.words, tt.cells); !slices.Equal(got, tt.want) {
			t.Errorf("Balance(%q, %d) = %q; want %q", tt.words, tt.cells, got, tt.want)
		}
	}
}
