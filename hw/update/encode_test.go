package update

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kagimado/hw"
)

// What root writes, the kiosk reads.
func TestEncode(t *testing.T) {
	for _, want := range []hw.Update{
		{Stage: hw.UpdateLooking},
		{Stage: hw.UpdateFound, Kind: hw.UpdateContent, Version: version, Running: "2026-10-01.000000.abc"},
		{Stage: hw.UpdateInstalling, Kind: hw.UpdateSystem, Version: version, Running: version},
		{Stage: hw.UpdateInstalling, Kind: hw.UpdateSystem, Version: version, Running: version, Percent: 40},
		{Stage: hw.UpdateInstalled, Kind: hw.UpdateSystem, Version: version, Running: version, Percent: 100},
		{Stage: hw.UpdateRefused, Code: hw.StickMissing},
	} {
		got, err := told(t, "update", string(Encode(want))).Update()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", Encode(want), err, diff)
		}
	}
	for _, want := range []hw.Slot{{Name: "A", Version: version}, {Name: "B", Version: version, Trial: true, FellBack: "unknown"}} {
		got, err := told(t, "slot", string(EncodeSlot(want))).Slot()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", EncodeSlot(want), err, diff)
		}
	}
}
