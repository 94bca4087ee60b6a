// Package framebuffer puts one picture into the kernel's framebuffer, which shows it while nobody else owns the screen:
// before the compositor starts and after it died. The memory keeps what was written, so the program that wrote may end.
//
// It must never set a mode, pan, blank or read what is typed: whoever owns the screen next finds it as it was.
package framebuffer

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of what is believed: a kernel that tells more than this tells nonsense, and no picture fits into less.
const (
	most  = 8192 // pixels each way
	least = 8
)

// Channel is where a colour lies within a pixel: so many bits, from this one on.
type Channel struct{ Offset, Length uint32 }

// Geometry is how the memory is shown.
type Geometry struct {
	Width, Height           int // pixels that are seen
	Left, Top               int // the first of them within the memory
	Stride                  int // bytes from one row to the next
	Bits                    int // of a pixel: 16 or 32
	Red, Green, Blue, Alpha Channel
	Memory                  int // bytes
}

// check refuses what would write beside the memory, or colours that are none.
func (g Geometry) check() error {
	switch {
	case g.Bits != 16 && g.Bits != 32:
		return fmt.Errorf("%d bits per pixel; want 16 or 32", g.Bits)
	case g.Width < least || g.Height < least || g.Width > most || g.Height > most:
		return fmt.Errorf("%d×%d pixels; want %d to %d each way", g.Width, g.Height, least, most)
	case g.Left < 0 || g.Top < 0 || g.Left > most || g.Top > most:
		return fmt.Errorf("the picture begins at %d, %d", g.Left, g.Top)
	case g.Stride < (g.Left+g.Width)*g.Bits/8 || g.Stride > most*8 || g.Stride%(g.Bits/8) != 0:
		return fmt.Errorf("%d bytes a row; want room for %d pixels of %d bits", g.Stride, g.Left+g.Width, g.Bits)
	case g.start()+g.size() > g.Memory:
		return fmt.Errorf("%d bytes of memory for %d rows of %d bytes", g.Memory, g.Top+g.Height, g.Stride)
	}
	for _, c := range []Channel{g.Red, g.Green, g.Blue} {
		if c.Length < 1 || c.Length > 16 || c.Offset > 32 || c.Offset+c.Length > uint32(g.Bits) {
			return fmt.Errorf("a colour of %d bits from bit %d on, in %d", c.Length, c.Offset, g.Bits)
		}
	}
	if a := g.Alpha; a.Offset > 32 || a.Length > 32 || a.Offset+a.Length > uint32(g.Bits) {
		return fmt.Errorf("an alpha of %d bits from bit %d on, in %d", a.Length, a.Offset, g.Bits)
	}
	return nil
}

// start is where the first byte that is seen lies.
func (g Geometry) start() int { return g.Top*g.Stride + g.Left*g.Bits/8 }

// size is the bytes from the first that is seen to the last.
func (g Geometry) size() int { return (g.Height-1)*g.Stride + g.Width*g.Bits/8 }

// Memory is what is written to: a device, or a file in a test.
type Memory interface {
	io.WriterAt
	io.Closer
}

// Framebuffer is one framebuffer, open.
type Framebuffer struct {
	memory   Memory
	geometry Geometry
}

// New returns the framebuffer with this memory; Open is New with a device.
func New(memory Memory, g Geometry) (*Framebuffer, error) {
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("reading the geometry: %w", err)
	}
	return &Framebuffer{memory, g}, nil
}

// Open opens a device such as /dev/fb0.
func Open(name string) (*Framebuffer, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the framebuffer: %w", err)
	}
	f, err := open(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("opening the framebuffer %s: %w", name, err)
	}
	return f, nil
}

func open(file *os.File) (*Framebuffer, error) {
	var variable variableInfo
	var fixed fixedInfo
	if err := ask(file, getVariable, unsafe.Pointer(&variable)); err != nil {
		return nil, fmt.Errorf("asking for its geometry: %w", err)
	}
	if err := ask(file, getFixed, unsafe.Pointer(&fixed)); err != nil {
		return nil, fmt.Errorf("asking for its memory: %w", err)
	}
	g, err := geometry(&variable, &fixed)
	if err != nil {
		return nil, err
	}
	return New(file, g)
}

// Close closes the device; the picture stays.
func (f *Framebuffer) Close() error { return f.memory.Close() }

// Size returns the pixels that are seen.
func (f *Framebuffer) Size() (width, height int) { return f.geometry.Width, f.geometry.Height }

// Show puts the picture into the upper left corner. What it does not cover continues the last pixel of each row, and below
// it of the last one; what has no room is cut.
func (f *Framebuffer) Show(img *image.RGBA) error {
	if img.Rect.Empty() {
		return fmt.Errorf("showing a picture: it is empty")
	}
	b := f.geometry.encode(img)
	if _, err := f.memory.WriteAt(b, int64(f.geometry.start())); err != nil {
		return fmt.Errorf("writing to the framebuffer: %w", err)
	}
	return nil
}

// encode returns the bytes from the first pixel that is seen to the last.
func (g Geometry) encode(img *image.RGBA) []byte {
	red, green, blue := g.Red.levels(), g.Green.levels(), g.Blue.levels()
	opaque := g.Alpha.max() << g.Alpha.Offset
	pixel := g.Bits / 8
	b := make([]byte, g.size())
	width, height := min(img.Rect.Dx(), g.Width), min(img.Rect.Dy(), g.Height)
	for y := range g.Height {
		row := b[y*g.Stride:][:g.Width*pixel]
		first := 0
		if y >= height {
			if y > height { // the second row below the picture is like the first
				copy(row, b[(y-1)*g.Stride:])
				continue
			}
			first = width - 1
		}
		from := img.Pix[min(y, height-1)*img.Stride:][:width*4]
		at := 0
		for x := first; x < width; x++ {
			p := from[x*4 : x*4+4]
			v := red[p[0]] | green[p[1]] | blue[p[2]] | opaque
			if pixel == 2 {
				binary.NativeEndian.PutUint16(row[at:], uint16(v))
			} else {
				binary.NativeEndian.PutUint32(row[at:], v)
			}
			at += pixel
		}
		// What is left repeats the last pixel.
		for at < len(row) {
			at += copy(row[at:], row[at-pixel:at])
		}
	}
	return b
}

// max is the brightest value.
func (c Channel) max() uint32 { return uint32(1<<c.Length - 1) }

// levels are the 256 brightnesses of a colour where it lies within the pixel.
func (c Channel) levels() (all [256]uint32) {
	for i := range all {
		all[i] = (uint32(i)*c.max() + 127) / 255 << c.Offset
	}
	return all
}
