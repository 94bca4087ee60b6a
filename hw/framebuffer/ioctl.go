package framebuffer

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From linux/fb.h, which x/sys does not have. Both are questions.
const (
	getVariable = 0x4600 // FBIOGET_VSCREENINFO
	getFixed    = 0x4602 // FBIOGET_FSCREENINFO
)

// What the kernel answers of how pixels are stored.
const (
	packedPixels = 0 // FB_TYPE_PACKED_PIXELS
	trueColour   = 2 // FB_VISUAL_TRUECOLOR
)

type bitfield struct{ Offset, Length, MSBRight uint32 }

// variableInfo is struct fb_var_screeninfo.
type variableInfo struct {
	XRes, YRes, XResVirtual, YResVirtual, XOffset, YOffset uint32
	BitsPerPixel, Grayscale                                uint32
	Red, Green, Blue, Transp                               bitfield
	NonStd                                                 uint32
	_                                                      [19]uint32 // size in millimetres, timing, rotation
}

// fixedInfo is struct fb_fix_screeninfo.
type fixedInfo struct {
	ID                           [16]byte
	SMemStart                    uintptr // unsigned long
	SMemLen                      uint32
	Type, TypeAux, Visual        uint32
	XPanStep, YPanStep, YWrap, _ uint16
	LineLength                   uint32
	MMIOStart                    uintptr
	MMIOLen, Accel               uint32
	Capabilities                 uint16
	_                            [2]uint16
}

func ask(file *os.File, question uint, answer unsafe.Pointer) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, uintptr(question), uintptr(answer))
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return err
}

// geometry takes what matters out of the kernel's answers.
func geometry(v *variableInfo, f *fixedInfo) (Geometry, error) {
	if f.Type != packedPixels || f.Visual != trueColour || v.Grayscale != 0 || v.NonStd != 0 ||
		v.Red.MSBRight|v.Green.MSBRight|v.Blue.MSBRight != 0 {
		return Geometry{}, fmt.Errorf("pixels of type %d, visual %d; want red, green and blue in each", f.Type, f.Visual)
	}
	channel := func(b bitfield) Channel { return Channel{b.Offset, b.Length} }
	return Geometry{
		Width: int(v.XRes), Height: int(v.YRes), Left: int(v.XOffset), Top: int(v.YOffset), Stride: int(f.LineLength), Bits: int(v.BitsPerPixel),
		Red: channel(v.Red), Green: channel(v.Green), Blue: channel(v.Blue), Alpha: channel(v.Transp), Memory: int(f.SMemLen),
	}, nil
}
