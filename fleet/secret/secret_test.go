package secret_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"runner/fleet/secret"
)

// write writes a file with a mode, whatever the umask is.
func write(t *testing.T, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.env")
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOnlyTheOwnerMayReadAFile: of all modes, those that let anybody else do anything are
// refused, and each with the command that mends it.
func TestOnlyTheOwnerMayReadAFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := write(t, "text\n", 0o600)
	for mode := range fs.FileMode(0o1000) {
		if mode&0o400 == 0 {
			continue // not even its owner, who may be root
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := secret.Read(path)
		if mode&0o077 == 0 {
			if err != nil || !bytes.Equal(text, []byte("text\n")) {
				t.Errorf("%v: %q, %v", mode, text, err)
			}
			continue
		}
		if want := "the secret file " + path + " can be used by others than its owner: chmod 600 " + path; err == nil || err.Error() != want || text != nil {
			t.Errorf("%v: %q, %v", mode, text, err)
		}
	}
}

// TestWhatIsNoFileOfSecrets: each error names the file once, and says what to do.
func TestWhatIsNoFileOfSecrets(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "text", 0o600)
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "is missing: create it, for its owner alone (chmod 600)",
		dir:                        "is a folder",
		filepath.Join(file, "x"):   "cannot be read: not a directory",
		"a\x00b":                   "cannot be read: invalid argument",
	} {
		for what, err := range map[string]error{"Check": secret.Check(path), "Read": func() error { _, err := secret.Read(path); return err }()} {
			if wrong, ok := errors.AsType[*secret.Error](err); !ok || wrong.Path != path || err.Error() != "the secret file "+path+" "+want {
				t.Errorf("%s: %v, want that it %s", what, err, want)
			}
		}
	}
}

// TestPath: a word is a name in the folder, or a path.
func TestPath(t *testing.T) {
	for word, want := range map[string]string{"shop": filepath.Join("dir", "shop.env"), "file:/etc/shop": "/etc/shop", "file:shop.env": "shop.env"} {
		if got := secret.Path(word, "dir", ".env"); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}
