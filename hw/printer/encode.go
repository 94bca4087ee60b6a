package printer

import (
	"fmt"
	"image"
)

// sliceRows bounds one raster command. Interface buffers are as small as 4 KB, and a slice is what a broken job can
// leave half sent, so it is also what the next job may have to flush (field.md §3.4).
const sliceRows = 128

// gapRows is how many blank rows in a row are worth a raster command of their own: one millimetre.
const gapRows = 8

// maxWidth is the widest picture whose xH stays zero; print heads have 384 to 832 dots.
const maxWidth = 255 * 8

// Commands outside pictures. GS P, page mode and code pages are left out on purpose: cheap printers print what they
// do not know.
var (
	cmdInit   = []byte{0x1B, 0x40, 0x1D, 0x61, 0x00} // ESC @ · GS a 0: no automatic status
	cmdCut    = []byte{0x1D, 0x56, 0x42, 0x00}       // GS V 66 0: feed to the cutter and cut partially
	cmdTear   = []byte{0x1B, 0x64, 0x05}             // ESC d 5: past the tear bar
	cmdJobEnd = []byte{0x1D, 0x72, 0x01}             // GS r 1: obeyed in order, so its answer follows the paper
	cmdMaker  = []byte{0x1D, 0x49, 0x42}             // GS I 66: obeyed in order as well
	// GS ( H 48, before the four characters that are sent back when everything before it is printed.
	cmdJob = []byte{0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30}
	// DLE DC4 8 forgets everything received and not yet printed. A stopped printer obeys it, too.
	cmdClear = []byte{0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08}
)

// Encode returns the ESC/POS commands that print slip: index 1 is black, everything else white. With cut the slip is
// cut off, without it is fed past the tear bar. The picture is the printer's to the dot except for at most one dot
// for every real-time command that it would otherwise contain by chance.
func Encode(slip *image.Paletted, cut bool) ([]byte, error) {
	commands, err := encode(slip, cut)
	var stream []byte
	for _, c := range commands {
		stream = append(stream, c...)
	}
	return stream, err
}

// encode returns the commands one by one: between them, and only there, may a status request be sent.
func encode(slip *image.Paletted, cut bool) ([][]byte, error) {
	b := slip.Bounds()
	if b.Empty() || b.Dx() > maxWidth {
		return nil, fmt.Errorf("encoding slip: %d×%d dots is no slip", b.Dx(), b.Dy())
	}
	bits, used := pack(slip)
	stride := (b.Dx() + 7) / 8
	commands := [][]byte{cmdInit}
	for y := 0; y < len(used); {
		end := sliceEnd(used, y)
		commands = append(commands, raster(bits[y*stride:end*stride], used[y:end], stride))
		y = end
	}
	if cut {
		return append(commands, cmdCut), nil
	}
	return append(commands, cmdTear), nil
}

// pack returns eight dots a byte, most significant first, and for every row how many bytes of it are not white.
func pack(slip *image.Paletted) (bits []byte, used []int) {
	b := slip.Bounds()
	stride := (b.Dx() + 7) / 8
	bits, used = make([]byte, stride*b.Dy()), make([]int, b.Dy())
	for y := range used {
		at := slip.PixOffset(b.Min.X, b.Min.Y+y)
		row := bits[y*stride:][:stride]
		for x, index := range slip.Pix[at : at+b.Dx()] {
			if index == 1 {
				row[x/8] |= 0x80 >> (x % 8)
				used[y] = x/8 + 1
			}
		}
	}
	return bits, used
}

// sliceEnd returns the row after the slice that starts at y. A slice is all blank or ends at blank rows: a pause of
// the paper between two commands draws a white line across whatever stands there.
func sliceEnd(used []int, y int) int {
	limit := min(y+sliceRows, len(used))
	if blank := blankRun(used[y:limit]); blank >= gapRows || y+blank == limit {
		return y + blank
	}
	cut := limit
	for row := y; row < limit; row++ {
		if used[row] != 0 {
			continue
		}
		if blankRun(used[row:]) >= gapRows {
			if row > y {
				return row
			}
		} else if limit < len(used) && row > y {
			cut = row
		}
	}
	return cut
}

func blankRun(used []int) int {
	for i, n := range used {
		if n != 0 {
			return i
		}
	}
	return len(used)
}

// raster returns one GS v 0 command, cut off at the last black dot on the right. Blank rows are a picture one byte
// wide: ESC J would cost nothing, but it counts motion units, which are half a dot on some print heads and a whole
// one on others.
func raster(rows []byte, used []int, stride int) []byte {
	width := 1
	for _, n := range used {
		width = max(width, n)
	}
	command := make([]byte, 0, 8+width*len(used))
	command = append(command, 0x1D, 0x76, 0x30, 0x00, byte(width), 0x00, byte(len(used)), 0x00)
	for y := range used {
		command = append(command, rows[y*stride:][:width]...)
	}
	defuse(command[8:])
	return command
}

// defuse keeps real-time commands out of picture data: a printer obeys DLE EOT, DLE ENQ and DLE DC4 wherever they
// stand. One white dot beside the black one turns black. The last byte counts as well, because a status request may
// follow it and DLE DLE EOT is read differently by different printers. The new byte starts and ends no pair.
func defuse(data []byte) {
	for i, b := range data {
		if b != 0x10 {
			continue
		}
		if i+1 == len(data) || data[i+1] == 0x04 || data[i+1] == 0x05 || data[i+1] == 0x14 {
			data[i] = 0x30
		}
	}
}
