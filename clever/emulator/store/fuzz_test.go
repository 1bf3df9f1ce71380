package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"runner/clever/emulator/catalogue"
)

// Whatever is in a state file, it is read or refused, and stays as it is.
func FuzzState(f *testing.F) {
	s := write(f)
	c, err := catalogue.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.text)
	f.Add(s.text[:len(s.text)/2])
	f.Add([]byte(`{"version":1,"user":{"id":"user_1"},"addons":[null]}`))
	f.Add([]byte(`{"version":4}`))
	f.Add([]byte{})
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		for i, text := range [][]byte{text, sealed(text)} {
			path := filepath.Join(folder, fmt.Sprint(i))
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := (&stateFile{path: path}).read(c)
			if after := contents(t, path); !bytes.Equal(after, text) {
				t.Errorf("reading made the file %q of %q", after, text)
			}
			if err == nil {
				holdTogether(t, w)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// sealed writes before each line of a text the checksum that it should have.
func sealed(text []byte) []byte {
	var all []byte
	for line := range bytes.Lines(text) {
		if _, rest, ok := bytes.Cut(line, []byte(`",`)); ok && bytes.HasPrefix(line, []byte(`{"sum":"`)) {
			line = append(fmt.Appendf(nil, opening, checksum(rest)), rest...)
		}
		all = append(all, line...)
	}
	return all
}

// holdTogether finds each add-on of a world by its ids, and nothing else.
func holdTogether(t *testing.T, w *World) {
	t.Helper()
	for _, a := range w.Addons {
		if w.Addon(a.ID) != a || w.Addon(a.RealID) != a {
			t.Errorf("%s is not found", a.ID)
		}
	}
	indexed := 0
	for _, part := range w.index {
		indexed += len(part)
	}
	if indexed != 2*len(w.Addons) {
		t.Errorf("%d ids are known, of %d add-ons", indexed, len(w.Addons))
	}
}
