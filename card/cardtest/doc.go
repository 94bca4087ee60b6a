// Package cardtest is the simulated My Number Card: applications, files, counters, dates and faults, behind the same
// Transmitter as a real card. It serves unit tests in memory and pcscd through a virtual reader, so that both see
// the same chip. A library of named cards covers what visitors bring; each knows what a faultless reading of it has
// to say, and Conformance holds any way of reaching a card against that.
//
// It is never part of the release program. It holds invented values only, and it counts every VERIFY that carries
// data, because none must ever arrive.
package cardtest
