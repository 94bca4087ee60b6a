// Package card knows the My Number Card chip: which keys and files it has, which few commands may be sent to it,
// and what their answers mean. Read turns a card on a reader into [Facts].
//
// It never asks for a PIN, never sends one, and never spends a try: every command passes a guard that knows the
// whole list of allowed commands and refuses anything else before a byte leaves. It reads no name, number or
// serial where that can be avoided, and what a fallback has to read is dropped inside the reading function.
//
// The package states facts only. It has no clock, compares no date with today, advises nobody, opens no file and
// logs nothing. It uses the standard library alone.
package card
