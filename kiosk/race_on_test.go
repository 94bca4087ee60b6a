//go:build race

package kiosk

// raced tells that the race detector runs, which makes everything ten times slower: what only repeats itself is done less
// often.
const raced = true
