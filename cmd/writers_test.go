//go:build unix

package cmd_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/clever"
	"runner/clever/emulator"
)

// A fileWriter is something of the program that writes a file.
type fileWriter struct {
	name string
	path string // in the shell's folder; a pattern where the name is found only once it is made
	// before is what stands in a file that is there already; "" where write has to
	// make it.
	before string
	// takes lists the targets that the file may be, beside nothing and a file.
	takes string
	// notes: it keeps notes of the program's own. Where they cannot be kept, the command may
	// go on, and nothing is written through what stands there.
	notes bool
	// args are a command that writes the file; nil: write does it.
	args  func(t *testing.T, s *shell, path string) []string
	write func(t *testing.T, path string) error
}

var fileWriters = []fileWriter{
	{name: "report", path: "kept/report.json", before: "of yesterday\n", takes: "link dangling device fifo", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"play", "--emulator", s.file(t, "site.yml", "- debug: {msg: x}\n"), "--report", "json=" + path}
	}},
	{name: "env_file", path: "kept/app.env", before: "A='1'\n", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"play", "--emulator", s.file(t, "site.yml", fmt.Sprintf("- env_file: {dest: %s, from: {A: two, B: %q}}\n", path, strings.Repeat("x", 4000)))}
	}},
	{name: "password", path: "kept/password", before: "kept\n", takes: "link", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"play", "--emulator", s.file(t, "site.yml", fmt.Sprintf("- debug: {msg: \"{{ lookup('password', '%s length=4000') }}\"}\n", path))}
	}},
	{name: "vault", path: "kept/secrets.yml", before: strings.Repeat("plain: text\n", 300), takes: "link", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"vault", "encrypt", "--vault-password-file", s.file(t, "pw", "correct horse"), path}
	}},
	{name: "state", path: "kept/state.json", takes: "link dangling", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"play", "--emulator", "--emulator-state", path, s.file(t, "site.yml", orders(3))}
	}},
	{name: "manifest", path: "kept/addon-manifest.json", before: "{}\n", args: func(_ *testing.T, _ *shell, path string) []string {
		return []string{"vendor", "init", "--output", path}
	}},
	{name: "history", path: "runner/history.jsonl", notes: true, args: stateful},
	{name: "orders", path: "runner/orders/*.jsonl", notes: true, args: stateful},
	{name: "lock", path: "runner/locks/*.lock", notes: true, args: stateful},
	{name: "identity", path: "runner/identities/*.json", notes: true, takes: "link dangling", args: stateful},
	{name: "manual", path: "kept/runner.1", before: "old\n", takes: "link dangling device fifo", args: func(t *testing.T, s *shell, path string) []string {
		return []string{"man", "--dir", filepath.Dir(path)}
	}},
	{name: "profile", path: "kept/clever-tools.json", before: "{}\n", takes: "link dangling", write: func(t *testing.T, path string) error {
		return clever.SaveProfile(t.Context(), path, clever.Profile{Alias: "default", Credentials: clever.Credentials{Token: "t", Secret: "s"}})
	}},
}

// stateful returns the arguments of a command that keeps notes, in the shell's folder.
func stateful(t *testing.T, s *shell, _ string) []string {
	s.env["XDG_STATE_HOME"] = s.dir
	if s.env["API_HOST"] == "" {
		s.on(t, emulator.Options{})
	}
	return []string{"play", s.file(t, "site.yml", orders(1))}
}

// targets are what may stand at the place of a file.
var targets = map[string]func(path string) error{
	"file":     func(string) error { return nil },
	"link":     func(path string) error { return os.Rename(path, path+".real") },
	"dangling": os.Remove,
	"device":   func(path string) error { return mknod(path, 1, 3) }, // as /dev/null
	"full":     func(path string) error { return mknod(path, 1, 7) }, // as /dev/full
	"fifo":     func(path string) error { return replaced(path, syscall.Mkfifo(path+".new", 0o600)) },
	"folder":   func(path string) error { return replaced(path, os.Mkdir(path+".new", 0o700)) },
	"locked":   func(path string) error { return os.Chmod(filepath.Dir(path), 0o500) }, // a file in a read-only folder
}

func mknod(path string, major, minor int) error {
	return replaced(path, syscall.Mknod(path+".new", syscall.S_IFCHR|0o666, major<<8|minor))
}

// replaced puts what was made beside a path in its place.
func replaced(path string, err error) error {
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return err
}

// TestWhatStandsAtAPlaceStays: whatever writes a file, what stands at its place is
// the same kind of thing afterwards; a file is whole or as it was, and nothing is left
// beside it.
func TestWhatStandsAtAPlaceStays(t *testing.T) {
	t.Parallel()
	for _, w := range fileWriters {
		for name, prepare := range targets {
			t.Run(w.name+" to "+name, func(t *testing.T) {
				t.Parallel()
				s := newShell(t)
				path := w.begin(t, s)
				if err := prepare(path); err != nil {
					t.Skip(err)
				}
				if name == "link" || name == "dangling" {
					if err := os.Symlink(filepath.Base(path)+".real", path); err != nil {
						t.Skip(err)
					}
				}
				if name == "fifo" { // that somebody reads from
					r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer r.Close()
				}
				before := lookAt(t, path)
				err := w.run(t, s, path)
				_ = os.Chmod(filepath.Dir(path), 0o700)
				w.check(t, name, path, before, lookAt(t, path), err)
			})
		}
	}
}

// begin makes the file that is there already, and returns its path.
func (w fileWriter) begin(t *testing.T, s *shell) string {
	t.Helper()
	path := filepath.Join(s.dir, w.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if w.before == "" {
		if err := w.run(t, s, path); err != nil {
			t.Fatal(err)
		}
		if found, _ := filepath.Glob(path); len(found) == 1 {
			return found[0]
		}
		t.Fatalf("%s was not made, or several were", path)
	}
	if err := os.WriteFile(path, []byte(w.before), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (w fileWriter) run(t *testing.T, s *shell, path string) error {
	t.Helper()
	if w.write != nil {
		return w.write(t, path)
	}
	if code, _, stderr := s.run(w.args(t, s, path)...); code != 0 {
		return fmt.Errorf("exit %d: %s", code, stderr)
	}
	return nil
}

// A thing is what stands at a path.
type thing struct {
	kind  fs.FileMode
	inode uint64
	text  string // of the file that it is or leads to
}

func lookAt(t *testing.T, path string) thing {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	is := thing{kind: info.Mode().Type(), inode: info.Sys().(*syscall.Stat_t).Ino}
	if target, err := os.Stat(path); err == nil && target.Mode().IsRegular() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		is.text = string(text)
	}
	return is
}

func (w fileWriter) check(t *testing.T, target, path string, before, after thing, err error) {
	t.Helper()
	plain := target == "file" || target == "locked"
	if after.kind != before.kind || !plain && after.inode != before.inode {
		t.Errorf("it became %v of %v", after, before)
	}
	if target == "locked" {
		w.nothingBeside(t, path)
		if root := os.Geteuid() == 0; !w.notes && (err == nil) != root && w.name != "manifest" && w.name != "state" && !(w.name == "password" && err == nil) {
			t.Errorf("in a read-only folder: %v", err) // which is none for the superuser; the state grows in place
		}
		return
	}
	regular := target == "file" || target == "link" || target == "dangling"
	if w.notes {
		if target != "file" && !strings.Contains(w.takes, target) && after.text != before.text {
			t.Errorf("what stands there was written through: %.60q", after.text)
		}
		w.nothingBeside(t, path)
		return
	}
	if err != nil && after.text != before.text {
		t.Errorf("after %v it holds %.60q", err, after.text)
	}
	if target == "file" && err != nil && w.name != "manifest" || target != "file" && (err == nil) != strings.Contains(" "+w.takes+" ", " "+target+" ") {
		t.Errorf("error %v; it takes %s", err, w.takes)
	}
	if err == nil && regular && w.name != "password" && (after.text == before.text && w.name != "state" || after.text == "") {
		t.Errorf("it was not written: %.60q", after.text)
	}
	w.nothingBeside(t, path)
}

// nothingBeside holds that no half of a file is left.
func (w fileWriter) nothingBeside(t *testing.T, path string) {
	t.Helper()
	for _, pattern := range []string{path + ".new*", filepath.Join(filepath.Dir(path), ".*new*")} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("left are %v", left)
		}
	}
}

// TestFullDiskForEachWriter: the file stays as it was, or there is none, and the
// command says so.
func TestFullDiskForEachWriter(t *testing.T) {
	t.Parallel()
	for _, w := range fileWriters {
		if w.args == nil || w.notes || w.name == "manifest" || w.name == "manual" { // which are smaller than the least room that a shell can leave
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			path := filepath.Join(s.dir, w.path)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			args := w.args(t, s, path)
			if w.name == "vault" {
				path = w.begin(t, s)
			}
			if w.name == "report" {
				args[2] = s.file(t, "long.yml", strings.Repeat("- debug: {msg: a long report}\n", 50))
			}
			before, _ := os.ReadFile(path)
			out, err := s.cramped(t, args...).CombinedOutput()
			after, _ := os.ReadFile(path)
			if w.name == "report" { // it may say that the run has begun
				if readJSON(t, after).state != "running" {
					t.Errorf("it holds\n%s", after)
				}
			} else if string(after) != string(before) && w.name != "state" { // whose records are whole, each
				t.Errorf("it holds %.100q", after)
			}
			if err == nil || !strings.Contains(string(out), "file too large") {
				t.Errorf("%v\n%s", err, out)
			}
			w.nothingBeside(t, path)
		})
	}
}
