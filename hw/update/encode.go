package update

import (
	"encoding/json"

	"kagimado/hw"
)

// Encode is the document that tells u, for root to write.
func Encode(u hw.Update) []byte {
	return encoded(updateDocument{
		Schema: updateSchema, Stage: string(u.Stage), Kind: known(string(u.Kind)), Version: known(u.Version), Running: u.Running,
		Code: known(string(u.Code)), Percent: percent(u),
	})
}

// EncodeSlot is the document that tells s, for root to write.
func EncodeSlot(s hw.Slot) []byte {
	return encoded(slotDocument{Schema: slotSchema, Slot: s.Name, Version: s.Version, Trial: s.Trial, FellBack: known(s.FellBack)})
}

func encoded(document any) []byte {
	b, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings, numbers and truths are always told
	}
	return append(b, '\n')
}

// known is nil for what is unknown.
func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// percent is nil outside an installation.
func percent(u hw.Update) *int {
	if u.Stage != hw.UpdateInstalling && u.Stage != hw.UpdateInstalled {
		return nil
	}
	return &u.Percent
}
