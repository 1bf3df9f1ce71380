package tasks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/atomicfile"
	"runner/engine"
	"runner/engine/expr"
)

func TestEnvFileHoldsTheVariablesOfAddons(t *testing.T) {
	p := newPlatform(t)
	db := small
	db.register = "db"
	write := step{kind: "env_file", args: args("dest", "shop.env", "from", "{{ [db, {'LOG': 'info', 'N': 3}] }}",
		"strip_prefix", "POSTGRESQL_ADDON_", "prefix", "DB_", "rename", args("POSTGRESQL_ADDON_URI", "DATABASE_URL"))}
	if checked := p.play(t, true, db, write)[1]; checked.Outcome != engine.Changed || checked.Change == nil {
		t.Errorf("check: %v (%v)", checked.Outcome, checked.Problem)
	}
	p.play(t, false, db)
	for _, want := range []engine.Outcome{engine.Changed, engine.OK} {
		if end := p.play(t, false, db, write)[1]; end.Outcome != want {
			t.Fatalf("%v (%v)", end.Outcome, end.Problem)
		}
	}
	path := filepath.Join(p.dir, "shop.env")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DATABASE_URL='postgresql://", "DB_HOST='", "DB_VERSION='15'\n", "DB_LOG='info'\nDB_N='3'\n"} {
		if !strings.Contains("\n"+string(text), "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v)", info.Mode(), err)
	}
}

func TestEnvFileTakesWhatALoopRegistered(t *testing.T) {
	p := newPlatform(t)
	loop := "{{ {'results': [{'addon_id': 'a', 'env': {'A': 'one'}}, {'skipped': true}, {'addon_id': 'b', 'env': {'B': 'two'}}]} }}"
	if end := p.play(t, false, step{kind: "env_file", args: args("dest", "loop.env", "from", loop)})[0]; end.Outcome != engine.Changed {
		t.Fatalf("%v (%v)", end.Outcome, end.Problem)
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "loop.env"))
	if err != nil || string(text) != "A='one'\nB='two'\n" {
		t.Errorf("%q (%v)", text, err)
	}
	clash := "{{ {'results': [{'env': {'A': 'one'}}, {'env': {'A': 'two'}}]} }}"
	end := p.play(t, false, step{kind: "env_file", args: args("dest", "clash.env", "from", clash)})[0]
	if end.Problem == nil || !strings.Contains(end.Problem.Error(), "A is in from.results[0] already, with another value") {
		t.Errorf("%v (%v)", end.Outcome, end.Problem)
	}
}

func TestEnvFileRefuses(t *testing.T) {
	p := newPlatform(t)
	for _, err := range []error{
		os.Mkdir(filepath.Join(p.dir, "folder"), 0o700),
		os.WriteFile(filepath.Join(p.dir, "file"), []byte("A='kept'\n"), 0o600),
		os.Symlink("file", filepath.Join(p.dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := p.world(t)
	vars := args("A", "1")
	for name, test := range map[string]struct {
		args *expr.Node
		want string
	}{
		"a folder":        {args("dest", "folder", "from", vars), "is a folder: name a file in it"},
		"a link":          {args("dest", "link", "from", vars), "is a symbolic link, which writing would replace"},
		"no folder":       {args("dest", "nowhere/x", "from", vars), "there is no folder"},
		"in a file":       {args("dest", "file/x", "from", vars), "not a directory"},
		"mode":            {args("dest", "file", "from", vars, "mode", "rw"), `"rw" is no mode`},
		"larger mode":     {args("dest", "file", "from", vars, "mode", "7777"), `"7777" is no mode`},
		"no such user":    {args("dest", "file", "from", vars, "owner", "no-such-user"), `there is no user "no-such-user" on this machine`},
		"no such group":   {args("dest", "file", "from", vars, "group", "no-such-group"), `there is no group "no-such-group" on this machine`},
		"no Secret":       {args("dest", "file", "from", vars, "format", "k8s-secret", "name", "Bad_Name"), `"Bad_Name" cannot be the name of a Secret`},
		"no namespace":    {args("dest", "file", "from", vars, "format", "k8s-secret", "name", "a", "namespace", "a.b"), `"a.b" cannot be a namespace`},
		"misread":         {args("dest", "file", "from", args("A", `it's "x"`)), "the value of A cannot be written so that every reader"},
		"text":            {args("dest", "file", "from", "A=1"), "a map of variables is wanted"},
		"a name":          {args("dest", "file", "from", args("A B", "1")), `"A B" cannot be the name of a variable`},
		"NUL":             {args("dest", "file", "from", args("A", "\x00")), "the value of A holds a NUL"},
		"a list":          {args("dest", "file", "from", "{{ {'A': [1]} }}"), "A: text is wanted, not"},
		"two of one name": {args("dest", "file", "from", "{{ [{'A': 1}, {'A': 2}] }}"), "A is in from[0] already, with another value"},
		"no such rename":  {args("dest", "file", "from", vars, "rename", args("B", "C")), `there is no variable "B" to rename`},
		"skipped":         {args("dest", "file", "from", "{{ {'changed': false, 'skipped': true} }}"), "it holds no variables"},
	} {
		t.Run(name, func(t *testing.T) {
			end := p.play(t, false, step{kind: "env_file", args: test.args})[0]
			if end.Problem == nil || !strings.Contains(end.Problem.Error(), test.want) {
				t.Errorf("%v: %v, want %q", end.Outcome, end.Problem, test.want)
			}
		})
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "file"))
	if diff := cmp.Diff(before, p.world(t)); diff != "" || string(text) != "A='kept'\n" {
		t.Errorf("something was written: %s %q %v", diff, text, err)
	}
}

// TestEnvFileBelongsToItsOwner: what is there keeps its permissions, and as root its
// owner and group, unless the task names others.
func TestEnvFileBelongsToItsOwner(t *testing.T) {
	p := newPlatform(t)
	path := filepath.Join(p.dir, "app.env")
	write := func(value string, more ...any) engine.TaskEnd {
		return p.play(t, false, step{kind: "env_file", args: args(append([]any{"dest", "app.env", "from", args("A", value)}, more...)...)})[0]
	}
	access := func() string {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		uid, gid := atomicfile.Owner(info)
		return fmt.Sprintf("%d:%d %o", uid, gid, info.Mode().Perm())
	}
	if end := write("1"); end.Outcome != engine.Changed {
		t.Fatalf("%v (%v)", end.Outcome, end.Problem)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 65534, 65533); err != nil {
			t.Fatal(err)
		}
	}
	before := access()
	if end := write("2"); end.Outcome != engine.Changed || access() != before {
		t.Errorf("%v (%v): it is of %s, and was of %s", end.Outcome, end.Problem, access(), before)
	}
	if end := write("2", "mode", "0600"); end.Outcome != engine.Changed || !strings.HasSuffix(access(), " 600") {
		t.Errorf("%v (%v): it is of %s", end.Outcome, end.Problem, access())
	}
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	for _, want := range []engine.Outcome{engine.Changed, engine.OK} {
		if end := write("2", "owner", "0", "group", "65533"); end.Outcome != want || access() != "0:65533 600" {
			t.Errorf("%v (%v): it is of %s", end.Outcome, end.Problem, access())
		}
	}
}
