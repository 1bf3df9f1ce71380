package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/cmd/ui"
	"runner/fleet/seal"
)

// A world is a folder with a fleet.yml, in which command lines are run.
type world struct {
	dir string
	env map[string]string
}

const fleetYAML = `server: {address: "127.0.0.1:1"}
projects:
  shop: {git: "https://git.example.test/shop.git"}
  blog: {git: "https://git.example.test/blog.git", queue: web}
playbooks:
  - {project: shop, files: site.yml, every: 15m}
  - {project: shop, files: "playbooks/*.yml", every: 15m}
  - {project: blog, files: blog.yml, cron: "0 3 * * *"}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), env: map[string]string{"PATH": os.Getenv("PATH")}}
	w.env["HOME"] = w.dir
	w.write(t, "fleet.yml", fleetYAML)
	return w
}

func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a command line. FLEET stands for the path of fleet.yml.
func (w *world) run(args ...string) (code int, out, stderr string) {
	var o, e bytes.Buffer
	p := &program{Streams: ui.Streams{In: strings.NewReader(""), Out: &o, Err: &e, Getenv: func(name string) string { return w.env[name] }}}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "FLEET", filepath.Join(w.dir, "fleet.yml"))
	}
	code = p.run(context.Background(), append([]string{"runner-fleet"}, args...))
	return code, o.String(), e.String()
}

// TestWrongCommandLines: what is wrong is said with what was probably meant, before
// anything is read or connected with.
func TestWrongCommandLines(t *testing.T) {
	w := newWorld(t)
	for line, want := range map[string]string{
		"aply":                           `error: unknown command "fleet aply"; did you mean "apply"?`,
		"--file FLEET aply":              `error: unknown command "fleet aply"; did you mean "apply"?`,
		"help stats":                     `error: unknown command "fleet stats"; did you mean "status"?`,
		"quux":                           `error: unknown command "fleet quux"; runner fleet --help lists what there is`,
		"--fiel x status":                "error: unknown flag --fiel; did you mean --file?",
		"--file":                         "error: --file needs a value; runner fleet --file fleet.yml COMMAND",
		"apply --chek":                   "error: unknown flag --chek; did you mean --check?",
		"apply x y":                      `error: apply takes no argument, not "x"; runner fleet apply --help shows what it takes`,
		"status shop":                    `error: status takes no argument, not "shop"; runner fleet status --help shows what it takes`,
		"status --format jsn":            `error: --format takes text or json, not "jsn"; did you mean "json"?`,
		"run":                            "error: run takes one playbook: none is given; PROJECT/PATH, such as runner fleet run shop/site.yml",
		"run a b":                        "error: run takes one playbook: 2 arguments are given; PROJECT/PATH, such as runner fleet run shop/site.yml",
		"run shop/site.yml --chekc":      "error: unknown flag --chekc; did you mean --check?",
		"pause":                          "error: pause takes one playbook: none is given; PROJECT/PATH, such as runner fleet pause shop/site.yml",
		"approve a b c":                  "error: approve takes one play: 3 arguments are given; runner fleet approve RUN, with an id that runner fleet status lists, or the name of a playbook",
		"logs":                           "error: logs takes one play: none is given; runner fleet logs RUN, with an id that runner fleet status lists, or the name of a playbook",
		"worker --queue shop --slots x":  `error: --slots takes a whole number, not "x"; runner fleet worker --help shows what it takes`,
		"worker --queue shop --slots 0":  "error: --slots takes a number from 1 on",
		"worker -f FLEET":                "error: worker needs --queue QUEUE: it plays the projects of one queue; available: shop, web",
		"serve now":                      `error: serve takes no argument, not "now"; runner fleet serve --help shows what it takes`,
		"dev now":                        `error: dev takes no argument, not "now"; runner fleet dev --help shows what it takes`,
		"validate a":                     `error: validate takes no argument, not "a"; runner fleet validate --help shows what it takes`,
		"validate --file /nowhere/x.yml": "error: there is no file /nowhere/x.yml; it declares the projects and schedules of the fleet: docs/fleet.md begins with one; --file FILE names another",
	} {
		code, out, stderr := w.run(strings.Fields(line)...)
		wantCode := 1
		if strings.Contains(want, "there is no file") {
			wantCode = 4
		}
		if code != wantCode || out != "" || stderr != want+"\n" {
			t.Errorf("%s: exit %d\n%s%s", line, code, out, stderr)
		}
	}
}

// TestTheFileStandsAnywhere: before the command, behind it, behind its arguments.
func TestTheFileStandsAnywhere(t *testing.T) {
	w := newWorld(t)
	for _, line := range []string{
		"--file FLEET validate", "--file=FLEET validate", "-f FLEET validate", "-fFLEET validate", "validate --file FLEET", "validate -f FLEET",
		"-f /nowhere validate --file FLEET",
	} {
		code, out, stderr := w.run(strings.Fields(line)...)
		if want := filepath.Join(w.dir, "fleet.yml") + ": valid, 2 projects, playbooks: 3\n"; code != 0 || out != want || stderr != "" {
			t.Errorf("%s: exit %d\n%s%s", line, code, out, stderr)
		}
	}
}

// TestHelp: each command has one, which says how it is called.
func TestHelp(t *testing.T) {
	w := newWorld(t)
	code, all, stderr := w.run("--help")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	_, list, _ := strings.Cut(all, "COMMANDS:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	seen := 0
	for line := range strings.Lines(list) {
		name := strings.TrimSuffix(strings.Fields(line)[0], ",")
		if name == "help" || !strings.HasPrefix(line, "   ") || strings.HasPrefix(line, "    ") {
			continue
		}
		seen++
		for _, args := range [][]string{{name, "--help"}, {name, "-h"}, {"help", name}, {"--help", name}} {
			code, text, stderr := w.run(args...)
			if args[0] == "--help" { // help comes first, as with the main program
				if code != 0 || text != all {
					t.Errorf("%v: exit %d\n%s%s", args, code, text, stderr)
				}
				continue
			}
			if code != 0 || stderr != "" || !strings.Contains(text, "runner fleet "+name+" [OPTIONS]") || !strings.Contains(text, "--file FILE") {
				t.Errorf("%v: exit %d\n%s%s", args, code, text, stderr)
			}
		}
	}
	if seen < 13 {
		t.Errorf("%d commands have help:\n%s", seen, all)
	}
	if code, text, _ := w.run(); code != 0 || text != all {
		t.Errorf("without a command: exit %d\n%s", code, text)
	}
}

// TestCompletion: commands, flags and values, and names from fleet.yml without a server.
func TestCompletion(t *testing.T) {
	w := newWorld(t)
	file := "--file=" + filepath.Join(w.dir, "fleet.yml")
	for _, c := range []struct {
		words []string
		want  []string
	}{
		{[]string{"app"}, []string{"apply", "approve"}},
		{[]string{file, "stat"}, []string{"status"}},
		{[]string{"apply", "--ch"}, []string{"--check"}},
		{[]string{"status", "--format", ""}, []string{"text", "json"}},
		{[]string{"status", "--format=j"}, []string{"--format=json"}},
		{[]string{"run", file, "shop/"}, []string{"shop/site.yml"}},
		{[]string{file, "run", "--check", ""}, []string{"blog/blog.yml", "shop/site.yml"}},
		{[]string{file, "run", "shop/site.yml", ""}, nil},
		{[]string{file, "approve", "b"}, []string{"blog/blog.yml"}},
		{[]string{file, "worker", "--queue", ""}, []string{"shop", "web"}},
		{[]string{"--file", "/nowhere", "pause", ""}, nil},
		{[]string{"apply", ""}, nil},
		{[]string{"worker", "--file", ""}, []string{":files"}},
	} {
		code, out, stderr := w.run(append([]string{"__complete", "fish", "runner", "fleet"}, c.words...)...)
		var got []string
		for line := range strings.Lines(out) {
			text, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, text)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if code != 0 || stderr != "" || !slices.Equal(got, c.want) {
			t.Errorf("%v: exit %d, %q, want %q\n%s", c.words, code, got, c.want, stderr)
		}
	}
}

// TestKey: a key is made, added, and made the first; it is printed where that is asked for
// and nowhere else.
func TestKey(t *testing.T) {
	w := newWorld(t)
	keys := filepath.Join(w.dir, "codec.keys")
	w.write(t, "fleet.yml", strings.Replace(fleetYAML, "127.0.0.1:1\"", "127.0.0.1:1\", codec_key_file: \""+keys+"\"", 1))
	today := time.Now().Format(time.DateOnly)
	for _, c := range []struct{ line, want string }{
		{"key --file FLEET", keys + `: the key "` + today + `" was made, and encrypts; give every machine of the fleet the file`},
		{"key -f FLEET", keys + `: the key "` + today + `-2" was added, and decrypts; once every machine has its line: runner fleet key --first ` + today + "-2"},
		{"key --id new " + keys, keys + `: the key "new" was added, and decrypts; once every machine has its line: runner fleet key --first new`},
		{"key --first new " + keys, keys + `: the key "new" encrypts, on machines that have the file so`},
	} {
		if code, out, stderr := w.run(strings.Fields(c.line)...); code != 0 || out != c.want+"\n" || stderr != "" {
			t.Errorf("%s: exit %d\n%s%s", c.line, code, out, stderr)
		}
	}
	read, err := seal.ReadKeys(keys)
	if err != nil || strings.Join(read.IDs(), " ") != "new "+today+" "+today+"-2" {
		t.Errorf("%v, %v", read, err)
	}
	for line, want := range map[string]string{
		"key --first nwe " + keys:     "error: " + keys + ` has no key "nwe"; did you mean "new"?`,
		"key --id new " + keys:        "error: " + keys + ` has a key "new" already`,
		"key --first new -":           "error: --first goes with a file, and makes no key; runner fleet key --first new codec.keys",
		"key a b":                     `error: key takes at most one argument, not "b"; runner fleet key --help shows what it takes`,
		"key " + w.dir + "/none/keys": `error: "` + w.dir + `/none/keys" cannot be written: there is no folder "` + w.dir + `/none"`,
	} {
		if code, out, stderr := w.run(strings.Fields(line)...); code != 1 || out != "" || stderr != want+"\n" {
			t.Errorf("%s: exit %d\n%s%s", line, code, out, stderr)
		}
	}
	code, out, stderr := w.run("key", "-", "--id", "k1")
	if code != 0 || stderr != "" || !regexp.MustCompile(`^k1 [0-9a-f]{64}\n$`).MatchString(out) {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if _, again, _ := w.run("key", "-", "--id", "k1"); again == out {
		t.Error("the same key twice")
	}
}
