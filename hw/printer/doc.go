// Package printer puts one slip on the paper of an ESC/POS receipt printer, or into a picture file, and says how far
// it certainly got.
//
// The slip is one picture, so that the printer's own fonts and code pages do not matter. The package must never
// print anything twice by itself, never claim paper that the printer did not confirm, and never know what a slip
// says.
package printer
