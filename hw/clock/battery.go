package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How far the clock with a battery is believed. It is never asked what time it is, only how much has passed since a
// moment that staff or a time source vouched for.
const (
	// batteryDrift is what its crystal may err: 100 millionths, for a cheap one in the sun.
	batteryDrift = 10_000 // one part in
	// batteryCut is the longest power cut it is believed over (field.md §6 rule 2).
	batteryCut = 35 * 24 * time.Hour
	// batteryFor is how long after the last who vouched. Its drift would make less than an hour of that; but a battery
	// is changed and a clock is set in ways nobody noticed, and somebody shall look at it once a year and a month.
	batteryFor = 400 * 24 * time.Hour
	// batteryOff is how wrong it may go and still be relied on. It is set right when the time becomes known, by a unit or
	// by the kernel, and perhaps after the last record; then what it shows is the moment itself, and no longer what it was
	// when the record was written. By how far it was off, that much less is known; a day is the most that helps.
	batteryOff = 24 * time.Hour
	// batteryReads is in what it counts, and the most that reading two clocks may take.
	batteryReads = time.Second
)

// BatteryState tells of the clock with a battery. The zero state means that there is none.
type BatteryState uint8

// States of the clock with a battery.
const (
	BatteryAbsent BatteryState = iota // a Raspberry Pi before the 5 has none of its own
	BatteryFine
	BatteryLost // it lost its time, or was never set: C-03
)

// Battery looks how the clock with a battery is. It may take as long as a slow bus takes.
func (c *Clock) Battery() BatteryState {
	l := c.look()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(l.err, fs.ErrNotExist):
		return BatteryAbsent
	case l.err != nil, l.shows.Before(c.build), l.shows.Before(c.least):
		return BatteryLost
	}
	return BatteryFine
}

// look is both clocks and what is known, read together.
type look struct {
	now    Now
	shows  time.Time // the clock with a battery
	passed time.Duration
	err    error
}

var errApart = errors.New("the machine is too slow to read two clocks together")

// look reads again when the program was stopped in between: what one clock showed then is not what the other shows.
func (c *Clock) look() (l look) {
	for range 3 {
		_, l.passed = c.clocks()
		l.now = c.Now()
		l.shows, l.err = c.battery()
		if _, after := c.clocks(); l.err != nil || after-l.passed <= batteryReads {
			return l
		}
	}
	l.err = errApart
	return l
}

// readRTC reads a clock of the kernel's class rtc, which needs no right. The first is the one that the kernel itself
// sets its clock by at start and that the unit of hw/system sets: the Raspberry Pi 5's own, or the one on a header. The
// error is fs.ErrNotExist without one; a clock that knows its oscillator stopped makes the kernel answer EINVAL.
func readRTC(folder string) (time.Time, error) {
	if folder == "" {
		folder = "/sys/class/rtc/rtc0"
	}
	b, err := os.ReadFile(filepath.Join(folder, "since_epoch"))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the clock with a battery: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the clock with a battery: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
