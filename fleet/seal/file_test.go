package seal_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"

	"runner/fleet/seal"
)

// TestKeysAreReplaced: as docs/fleet.md says, with two machines that get the file one after
// the other: at each step what either seals the other can read.
func TestKeysAreReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codec.keys")
	if err := seal.AddKey(path, "2026-11"); err != nil {
		t.Fatal(err)
	}
	read := func() *seal.Keys {
		t.Helper()
		keys, err := seal.ReadKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	one, two := read(), read()
	check := func(step string) {
		t.Helper()
		for _, pair := range [][2]*seal.Keys{{one, two}, {two, one}} {
			sealed, err := pair[0].Encode([]*commonpb.Payload{{Data: []byte("text")}})
			if err != nil {
				t.Fatal(err)
			}
			opened, err := pair[1].Decode(sealed)
			if err != nil || string(opened[0].GetData()) != "text" {
				t.Errorf("%s: %v, %v", step, opened, err)
			}
		}
	}
	for _, step := range []func() error{
		func() error { return seal.AddKey(path, "2026-12") },
		func() error { return seal.FirstKey(path, "2026-12") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		one = read()
		check("one has it")
		two = read()
		check("both have it")
	}
	if got := one.IDs(); !slices.Equal(got, []string{"2026-12", "2026-11"}) {
		t.Errorf("the keys are %q", got)
	}
	sealed, err := one.Encode([]*commonpb.Payload{{}})
	if err != nil || string(sealed[0].GetMetadata()["encryption-key-id"]) != "2026-12" {
		t.Errorf("%v, %v", sealed, err)
	}
}

// TestFilesOfKeys: what is there stays, and only its owner can read it.
func TestFilesOfKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codec.keys")
	key := strings.Repeat("1", 64)
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	text := func() string {
		t.Helper()
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		return string(bytes)
	}
	write("# ours\n\na "+key+" # old\nb "+strings.Repeat("2", 64)+"\n# end", 0o600)
	if err := seal.AddKey(path, "c"); err != nil {
		t.Fatal(err)
	}
	if got := text(); !strings.HasPrefix(got, "# ours\n\na "+key+" # old\nb "+strings.Repeat("2", 64)+"\n# end\nc ") || len(got) != len("# ours\n\na  # old\nb \n# end\nc \n")+3*64 {
		t.Errorf("the file is\n%s", got)
	}
	if err := seal.FirstKey(path, "b"); err != nil {
		t.Fatal(err)
	}
	if got := text(); !strings.HasPrefix(got, "# ours\n\nb "+strings.Repeat("2", 64)+"\na "+key+" # old\n# end\nc ") {
		t.Errorf("the file is\n%s", got)
	}
	before := text()
	for _, c := range []struct {
		do   error
		want string
	}{
		{seal.AddKey(path, "b"), `has a key "b" already`},
		{seal.AddKey(path, "a b"), `"a b" is no id of a key`},
		{seal.AddKey(path, "a#"), `"a#" is no id of a key`},
		{seal.AddKey(path, ""), `"" is no id of a key`},
		{seal.FirstKey(path, "d"), "available: b, a, c"},
		{seal.AddKey(filepath.Join(path, "x"), "a"), "cannot be read: not a directory"},
	} {
		if c.do == nil || !strings.Contains(c.do.Error(), c.want) || strings.Contains(c.do.Error(), key) {
			t.Errorf("%v, want %s", c.do, c.want)
		}
	}
	if text() != before {
		t.Error("a mistake changed the file")
	}
	if runtime.GOOS != "windows" {
		write(before, 0o644)
		if err := seal.AddKey(path, "d"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("others can read it: %v", err)
		}
	}
	write("a 123\n", 0o600)
	if err := seal.AddKey(path, "d"); err == nil || text() != "a 123\n" {
		t.Errorf("a file with a mistake: %v", err)
	}
	if err := seal.FirstKey(filepath.Join(t.TempDir(), "none"), "a"); err == nil {
		t.Error("a file that is not there has a first key")
	}
}
