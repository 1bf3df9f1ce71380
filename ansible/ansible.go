// Package ansible plays playbooks by an ansible-core of this machine, for tests. It knows
// nothing of what is in them, nor of what should come of it.
package ansible

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

//go:embed server.py
var script []byte

// A Server is an ansible-core with its imports done. It may play several playbooks at the
// same time.
type Server struct {
	Dir    string // an empty folder that Ansible sees too; it is removed with the test
	Modern bool   // it is 2.19 or later
	tree   string
}

// A Result is what the command ansible-playbook came to. Code is negative if it crashed:
// then Err says what is known of it.
type Result struct {
	Code     int
	Out, Err string
}

// Start starts the ansible-core of a tree, the root of another system; the installed one, if
// tree is "". It ends with the test, which is skipped where there is no ansible-core. The
// environment has nothing that changes what Ansible does, but what env adds.
func Start(t testing.TB, tree string, env ...string) *Server {
	t.Helper()
	words := python(t, tree)
	version, err := exec.CommandContext(t.Context(), words[0], append(slices.Clone(words[1:]), "-c", "import ansible.release as r; print(r.__version__)")...).Output()
	if err != nil {
		t.Skipf("ansible-core is not installed for %q", words)
	}
	t.Logf("compared with ansible-core %s", version)
	dir, err := os.MkdirTemp(filepath.Join(tree, os.TempDir()), "ansible-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{Dir: filepath.Join(dir, "case"), Modern: !regexp.MustCompile(`^2\.(\d|1[0-8])\.`).Match(version), tree: tree}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"server.py": script, "ansible.cfg": nil} { // empty, so that no other one is found
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t, append(words, s.Inside(filepath.Join(dir, "server.py")), s.Inside(s.socket())), env)
	return s
}

// python returns the command of the Python that has Ansible.
func python(t testing.TB, tree string) []string {
	t.Helper()
	if tree != "" {
		return []string{"chroot", tree, "/usr/bin/python3"}
	}
	program, err := exec.LookPath("ansible-playbook")
	if err != nil {
		t.Skip("ansible-playbook is not there: install ansible-core")
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	command, ok := strings.CutPrefix(first, "#!")
	if !ok {
		t.Fatalf("%s is no script: it begins %.20q", program, first)
	}
	return strings.Fields(command)
}

// Inside returns the path of a file as programs in the tree name it.
func (s *Server) Inside(path string) string { return strings.TrimPrefix(path, s.tree) }

func (s *Server) socket() string { return filepath.Join(filepath.Dir(s.Dir), "socket") }

func (s *Server) start(t testing.TB, words, env []string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), words[0], words[1:]...)
	home := s.Inside(filepath.Dir(s.Dir))
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ANSIBLE_") }),
		"HOME="+home, "ANSIBLE_HOME="+home, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "COLUMNS=80",
		"ANSIBLE_CONFIG="+home+"/ansible.cfg", "PYTHONDONTWRITEBYTECODE=1",
		// Values keep their types in templates, as they do without asking since 2.19.
		"ANSIBLE_JINJA2_NATIVE=1")
	command.Env = append(command.Env, env...)
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
}

// Play plays as the command ansible-playbook does with args, in a folder: "" is the one
// that the test was in when the server was started.
func (s *Server) Play(t testing.TB, dir string, args []string) Result {
	t.Helper()
	connection, err := net.Dial("unix", s.socket())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	home, err := os.MkdirTemp(filepath.Dir(s.Dir), "home")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	request := map[string]any{"args": args, "home": s.Inside(home)}
	if dir != "" {
		request["dir"] = s.Inside(dir)
	}
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.NewDecoder(connection).Decode(&r); err != nil {
		t.Fatalf("Ansible ended without a result: %v", err)
	}
	return r
}
