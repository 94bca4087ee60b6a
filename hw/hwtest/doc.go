// Package hwtest doubles the hardware: a printer that turns ESC/POS back into paper, a reader on which cards are
// laid by call, and lamps that remember. Tests use them, and so does the simulated kiosk of make run.
//
// It must never be part of the release binary, and it holds no opinion about cards or visitors: a card is whatever
// answers to Transmit.
package hwtest
