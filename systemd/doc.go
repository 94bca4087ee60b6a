// Package systemd holds the units, drop-ins and rules that run the kiosk on the appliance, as files, and the tests that
// let systemd itself read them. It must never hold a program.
package systemd
