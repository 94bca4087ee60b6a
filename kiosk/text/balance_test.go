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

// TestParagraph: never a line more than there must be, and among those the ones a reader finds his way in.
func TestParagraph(t *testing.T) {
	for _, tt := range []struct {
		words string
		cells int
		want  []string
	}{
		{"「マイナンバーカード」の番号札をお取りください。", 38, []string{"「マイナンバーカード」の", "番号札をお取りください。"}},
		{"店の機械は点検時を除いて使えます。", 20, []string{"店の機械は点検時を", "除いて使えます。"}},
		{"顔と暗証番号の両方で止まったとき", 16, []string{"顔と暗証番号の両", "方で止まったとき"}}, // a third line would be one of three runes
		{"", 10, nil},
		{"a\n\nb", 10, []string{"a", "", "b"}},
	} {
		got := Paragraph(tt.words, tt.cells)
		if !slices.Equal(got, tt.want) {
			t.Errorf("Paragraph(%q, %d) = %q; want %q", tt.words, tt.cells, got, tt.want)
		}
	}
}
