package site

import (
	"embed"
	"fmt"
)

//go:embed profiles/*.toml
var profiles embed.FS

// BuiltinNames are the names of the embedded profiles, invented places that show what a profile can say.
var BuiltinNames = []string{"city-hall", "pop-up", "branch"}

// BuiltinSource returns the text of an embedded profile, as a model to begin a new one with.
func BuiltinSource(name string) ([]byte, error) {
	data, err := profiles.ReadFile("profiles/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("reading built-in profile %q: want one of %q", name, BuiltinNames)
	}
	return data, nil
}

// Builtin returns the embedded profile with this name.
func Builtin(name string) (*Profile, error) {
	data, err := BuiltinSource(name)
	if err != nil {
		return nil, err
	}
	p, problems := Load(name+".toml", data)
	if p == nil {
		return nil, fmt.Errorf("reading built-in profile: %s", problems[0])
	}
	return p, nil
}
