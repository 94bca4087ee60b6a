//go:build !pcscd

package main

// surrounded runs the tests without a PC/SC service: the tag pcscd brings a private one.
func surrounded(run func()) { run() }
