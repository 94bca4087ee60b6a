package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kagimado/hw"
	"kagimado/kiosk"
	"kagimado/kiosk/content"
)

func TestStick(t *testing.T) {
	for folder, want := range map[string]hw.Code{
		filepath.Join(t.TempDir(), "none"): hw.StickMissing,
		t.TempDir():                        hw.StickMissing, // what is not mounted would stay in the kiosk
		"/proc":                            hw.StickFailed,  // mounted, and takes no file
	} {
		name, err := stick(folder).write(kiosk.Snapshot{}, content.Embedded())
		if hw.CodeOf(err, "") != want || name != "" {
			t.Errorf("writing to %s = %q, %v; want %s", folder, name, err, want)
		}
	}
	dir := t.TempDir()
	for _, want := range []string{"kagimado-001.prom", "kagimado-002.prom"} {
		name, err := stick(dir).fill(kiosk.Snapshot{Kiosk: "1号機"}, content.Embedded())
		if err != nil || name != want {
			t.Fatalf("fill = %q, %v; want %s", name, err, want)
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(data), `kagimado_info{kiosk="1号機"} 1`) {
			t.Errorf("%s holds %q, %v; want the kiosk's name in it", name, data, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for o, ok := range map[options]bool{
		{}: true, {wishes: "w"}: true, {wishes: "w", update: "u"}: true, {wishes: "w", update: "u", slot: "s"}: true,
		{update: "u"}: false, {slot: "s"}: false, {wishes: "w", slot: "s"}: false,
	} {
		if err := o.check(); (err == nil) != ok {
			t.Errorf("%+v: %v; want that it passes: %v", o, err, ok)
		}
	}
}
