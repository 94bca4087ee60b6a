package edition

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"

	"kagimado/kiosk/content"
	"kagimado/kiosk/text"
)

// Pack writes the built-in edition as a copy of that version. The same program always writes the same bytes: entries in the order of
// their names, without a time, and stored as they are, since whoever signs a copy packs it anyway.
func Pack(w io.Writer, version string) error {
	if err := checkVersion(version); err != nil {
		return fmt.Errorf("packing content: %w", err)
	}
	z := zip.NewWriter(w)
	add := func(name string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	}
	all := func(folder string, files fs.FS) error {
		return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			return add(folder+"/"+name, data)
		})
	}
	err := all(contentFolder, content.Files())
	if err == nil {
		err = all(textFolder, text.Files())
	}
	if err == nil {
		err = add(versionEntry, []byte(version+"\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("packing content: %w", err)
	}
	return nil
}
