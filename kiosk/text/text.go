// Package text holds the words: the message catalogue in every language, and how lines of Japanese are broken.
// It must never decide what is said (kiosk/page does), draw anything, or look for files: its catalogue is embedded, and
// whoever has a newer one hands it over.
package text

import "fmt"

// Language is a language the kiosk speaks. The zero Language is Japanese, which is complete by definition.
type Language uint8

// Languages, in the order of the language screen.
const (
	Japanese     Language = iota
	EasyJapanese          // やさしい日本語: short sentences, readings beside kanji, no double negation
	English
)

var languageNames = [...]string{"ja", "ja-easy", "en"}

// Languages returns every language in the order of the language screen.
func Languages() []Language { return []Language{Japanese, EasyJapanese, English} }

// String returns the stable name used on the command line and in the profile.
func (l Language) String() string {
	if int(l) < len(languageNames) {
		return languageNames[l]
	}
	return fmt.Sprintf("language-%d", uint8(l))
}

// ParseLanguage returns the language with this stable name.
func ParseLanguage(name string) (Language, error) {
	for i, n := range languageNames {
		if n == name {
			return Language(i), nil
		}
	}
	return Japanese, fmt.Errorf("looking up language %q: want one of %q", name, languageNames)
}
