package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnsible plays testdata/ansible/*.yml and */play.yml by Ansible and by runner: the exit code
// and the standard output must be the same. A playbook may name its arguments in a
// first line, `# args: …`, one by one between blanks, or quoted by '.
//
// The playbooks keep to what Ansible has done the same since its core 2.14, and
// the environment makes a 2.14 do as later ones do.
func TestAnsible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Ansible takes a second to start")
	}
	ansible, err := exec.LookPath("ansible-playbook")
	if err != nil {
		t.Skip("ansible-playbook is not there: install ansible-core")
	}
	books, err := filepath.Glob("testdata/ansible/*.yml")
	folders, _ := filepath.Glob("testdata/ansible/*/play.yml")
	if err != nil || len(books) < 40 || len(folders) < 10 {
		t.Fatalf("%d playbooks, %d folders of such, %v", len(books), len(folders), err)
	}
	books = append(books, folders...)
	server := startAnsible(t, ansible)
	for _, book := range books {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(book, "testdata/ansible/"), ".yml"), func(t *testing.T) {
			t.Parallel()
			args := append([]string{book}, bookArgs(t, book)...)
			wantCode, want := server.play(t, args)
			code, got, stderr := newShell(t).run(append([]string{"play", "--jobs", "1"}, args...)...)
			if code != wantCode {
				t.Errorf("exit %d, and Ansible %d\n%s%s", code, wantCode, got, stderr)
			}
			if diff := cmp.Diff(commonGround(want), commonGround(got)); diff != "" {
				t.Errorf("standard output (-Ansible +runner):\n%s", diff)
			}
		})
	}
}

// bookArgs reads the arguments that a playbook wants to be played with.
func bookArgs(t *testing.T, book string) []string {
	text, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	line, ok := strings.CutPrefix(first, "# args: ")
	if !ok {
		return nil
	}
	var args []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

// An ansibleServer is Ansible with its imports done: testdata/ansible-server.py.
type ansibleServer struct{ socket string }

// startAnsible starts one, by the Python that the command is for.
func startAnsible(t *testing.T, ansible string) ansibleServer {
	t.Helper()
	script, err := os.ReadFile(ansible)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(script), "\n")
	python, ok := strings.CutPrefix(first, "#!")
	if !ok {
		t.Fatalf("%s is no script: it begins %.20q", ansible, first)
	}
	home := t.TempDir()
	config := filepath.Join(home, "ansible.cfg") // empty, so that no other one is found
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := ansibleServer{socket: filepath.Join(home, "socket")}
	words := append(strings.Fields(python), "testdata/ansible-server.py", s.socket)
	command := exec.CommandContext(t.Context(), words[0], words[1:]...)
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ANSIBLE_") }),
		"HOME="+home, "ANSIBLE_HOME="+home, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "COLUMNS=80",
		"ANSIBLE_CONFIG="+config, "PYTHONDONTWRITEBYTECODE=1",
		// Values keep their types in templates, as they do without asking since 2.19.
		"ANSIBLE_JINJA2_NATIVE=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // killed
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		_ = command.Process.Kill()
		t.Fatalf("Ansible does not start: %v\n%s", command.Wait(), stderr.String())
	}
	return s
}

// play plays a playbook in a process of its own.
func (s ansibleServer) play(t *testing.T, args []string) (code int, out string) {
	t.Helper()
	connection, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	request := struct {
		Args []string `json:"args"`
		Home string   `json:"home"`
	}{args, t.TempDir()}
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		t.Fatal(err)
	}
	var played struct {
		Code     int
		Out, Err string
	}
	if err := json.NewDecoder(connection).Decode(&played); err != nil {
		t.Fatalf("Ansible ended without an answer: %v", err)
	}
	if played.Out == "" {
		t.Fatalf("Ansible said nothing, and on standard error\n%s", played.Err)
	}
	return played.Code, played.Out
}

// Where the two may differ.
var differences = []struct {
	pattern *regexp.Regexp
	instead string
}{
	// Ansible names its configuration file with -v; runner has none.
	{regexp.MustCompile(`(?m)^(?:Using .* as config file|No config file found; using defaults)\n`), ""},
	// The detail of an error: since 2.19 Ansible tells it before the result, with
	// its place and the lines around it, and so does runner, in its own form.
	{regexp.MustCompile(`(?m)^\[ERROR\]: .*\n(?: +\d* \| ?.*\n)*`), ""},
	// How an undefined name or a condition that cannot be tested is worded, and
	// with it whether the result says more than that.
	{regexp.MustCompile(`=> \{"msg": "(?:The task includes an option with an undefined|The conditional check|object of type|'\w+' is undefined).*\}\n`), "=> {undefined}\n"},
	// What a failure left undone, which Ansible does not count.
	{regexp.MustCompile(`(?m)^\d+ tasks? (?:was|were) not started: .*\n`), ""},
}

// commonGround takes out of an output what may differ.
func commonGround(out string) string {
	for _, d := range differences {
		out = d.pattern.ReplaceAllString(out, d.instead)
	}
	return strings.ReplaceAll(out, "\r", "")
}
