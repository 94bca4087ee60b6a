package lines

import (
	"errors"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// chips opens the GPIO character devices. driverreg.Init starts only what is imported here; host.Init would also
// start the memory-mapped drivers, which replace these lines and do not know a Pi 5.
func chips() ([]chip, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, err
	}
	if len(gpioioctl.Chips) == 0 {
		return nil, errors.New("no GPIO chip can be opened")
	}
	var found []chip
	for _, c := range gpioioctl.Chips {
		found = append(found, periphChip{c})
	}
	return found, nil
}

type periphChip struct{ *gpioioctl.GPIOChip }

func (c periphChip) has(line string) bool { return c.ByName(line) != nil }

func (c periphChip) outputs(lines []string) (lineSet, error) {
	return c.LineSet(gpioioctl.LineOutput, gpio.NoEdge, gpio.PullNoChange, lines...)
}

func (c periphChip) input(line string) (input, error) {
	return c.LineSet(gpioioctl.LineInput, gpio.NoEdge, gpio.PullUp, line)
}
