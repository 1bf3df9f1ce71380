package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names returns what is in a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestModes(t *testing.T) {
	tests := []struct {
		name   string
		before fs.FileMode // 0: there is no file
		o      Options
		want   fs.FileMode
	}{
		{"new", 0, Options{}, 0o600},
		{"new with a mode", 0, Options{Mode: 0o644}, 0o644},
		{"kept", 0o640, Options{}, 0o640},
		{"kept whatever a new one has", 0o640, Options{Mode: 0o600}, 0o640},
		{"exact", 0o644, Options{Mode: 0o600, Exact: true}, 0o600},
		{"kept though nobody may write", 0o400, Options{}, 0o400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if tt.before != 0 {
				put(t, path, "before", tt.before)
			}
			if err := WriteFile(path, []byte("after"), tt.o); err != nil {
				t.Fatal(err)
			}
			if got := modeOf(t, path); got != tt.want {
				t.Errorf("mode %o, want %o", got, tt.want)
			}
			if got := names(t, filepath.Dir(path)); read(t, path) != "after" || got != "file" {
				t.Errorf("%q in a folder with %s", read(t, path), got)
			}
		})
	}
}

func TestNothingIsThereBeforeCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put(t, path, "before", 0o600)
	for _, commit := range []bool{false, true} {
		f, err := Create(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("after"); err != nil || read(t, path) != "before" {
			t.Fatalf("%v, and there is %q", err, read(t, path))
		}
		want := "before"
		if commit {
			want = "after"
			err = f.Commit()
		}
		f.Discard()
		if err != nil || read(t, path) != want || names(t, dir) != "file" {
			t.Errorf("%v, and %q in a folder with %s", err, read(t, path), names(t, dir))
		}
		if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a second end is %v", err)
		}
	}
}

func TestLinksStay(t *testing.T) {
	dir := t.TempDir()
	file, link, second, nowhere := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "second"), filepath.Join(dir, "nowhere")
	put(t, file, "before", 0o640)
	for from, to := range map[string]string{link: "file", second: link, nowhere: "made"} {
		if err := os.Symlink(to, from); err != nil {
			t.Skip(err)
		}
	}
	for path, at := range map[string]string{link: file, second: file, nowhere: filepath.Join(dir, "made")} {
		if err := WriteFile(path, []byte("by "+path), Options{}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 || read(t, at) != "by "+path {
			t.Errorf("%s is %v (%v), and there is %q", path, info.Mode(), err, read(t, at))
		}
	}
	if got := modeOf(t, file); got != 0o640 {
		t.Errorf("mode %o", got)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "before", 0o600)
	for from, to := range map[string]string{"around": "circle", "circle": "around", "link": "file", "folderlink": "."} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip(err)
		}
	}
	tests := []struct {
		path, want string
		o          Options
	}{
		{"", "a file needs a name", Options{}},
		{dir, "it is a folder", Options{}},
		{dir + "/", "it is a folder", Options{}},
		{dir + "/folderlink", "it is a folder", Options{}},
		{dir + "/none/file", "there is no folder", Options{}},
		{dir + "/new/", "there is no folder", Options{}},
		{dir + "/file/file", "not a directory", Options{}},
		{dir + "/around", "in a circle", Options{}},
		{dir + "/file", "exist", Options{New: true}},
		{dir + "/link", "exist", Options{New: true}},
		{os.DevNull, "not a regular file", Options{Regular: true}},
	}
	for _, tt := range tests {
		err := WriteFile(tt.path, []byte("after"), tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.path, err, tt.want)
		}
		if tt.o.New && !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v is not fs.ErrExist", tt.path, err)
		}
	}
	if got := names(t, dir); read(t, filepath.Join(dir, "file")) != "before" || got != "around circle file folderlink link" {
		t.Errorf("there is %s", got)
	}
}

func TestANewFileIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() { errs[i] = WriteFile(path, []byte{byte('a' + i)}, Options{New: true}) })
	}
	all.Wait()
	made := 0
	for i, err := range errs {
		switch {
		case err == nil:
			made++
			if got := read(t, path); got != string(rune('a'+i)) {
				t.Errorf("%d made it, and there is %q", i, got)
			}
		case !errors.Is(err, fs.ErrExist):
			t.Error(err)
		}
	}
	if made != 1 || names(t, filepath.Dir(path)) != "file" {
		t.Errorf("%d made it; there is %s", made, names(t, filepath.Dir(path)))
	}
}

func TestWhoWritesAtOnceLeavesOneWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := WriteFile(path, []byte(strings.Repeat(string(rune('a'+i)), 5000)), Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := read(t, path)
	if len(got) != 5000 || strings.Trim(got, got[:1]) != "" || names(t, filepath.Dir(path)) != "file" {
		t.Errorf("%.50q… of %d, in a folder with %s", got, len(got), names(t, filepath.Dir(path)))
	}
}

func TestNamesOfAllLengthsAndCharacters(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{strings.Repeat("n", 255), "[*]?", "a b\tc", "größe", ".hidden", "*"} {
		path := filepath.Join(dir, name)
		for range 2 {
			if err := WriteFile(path, []byte("text"), Options{}); err != nil {
				t.Errorf("%.20q: %v", name, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, dir); got != "" {
		t.Errorf("left are %s", got)
	}
}
