package differ_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/cmd"
	"runner/cmd/ui"
	"runner/playbooks/vault"
)

// password is what vaulted values of made-up playbooks are locked with.
const password = "a password for tests"

// sealed is a vaulted value of a playbook.
type sealed string

func (s sealed) yaml() string {
	text, err := vault.Encrypt([]byte(s), vault.Secret{Password: []byte(password)})
	if err != nil {
		panic(err)
	}
	quoted, _ := json.Marshal(string(text))
	return "!vault " + string(quoted)
}

// put writes the files of a playbook into a folder.
func (p playbook) put(t testing.TB, dir string) {
	t.Helper()
	for _, f := range p.files {
		text, ok := f.value.(string)
		if n, isNode := f.value.(*node); isNode {
			text, ok = n.String(), true
		}
		if !ok {
			text = yaml(f.value)
		}
		at := filepath.Join(dir, f.key)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// arguments returns the words of the command line, the playbook last.
func (p playbook) arguments() []string { return append(slices.Concat(p.args...), "play.yml") }

// ours plays a playbook of a folder, the current one, by runner.
func ours(dir string, args []string) played {
	var stdout, stderr bytes.Buffer
	env := map[string]string{"HOME": filepath.Join(dir, ".home"), "TZ": "UTC"}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Getenv: func(name string) string { return env[name] }}, Args: append([]string{"runner", "play"}, args...)}
	code := p.Run(ctx)
	plain := strings.NewReplacer(dir, "{DIR}")
	return played{code, plain.Replace(stdout.String()), plain.Replace(stderr.String())}
}

// ansible is an ansible-core with its imports done: testdata/ansible-server.py of cmd.
type ansible struct {
	tree   string // folder that it is in, as root; "" for the machine's own
	socket string
	dir    string // folder for playbooks, below tree
	modern bool
}

// startAnsible starts the ansible-core of the tree that ANSIBLE_TREE names, or the installed one.
func startAnsible(t testing.TB) *ansible {
	t.Helper()
	a := &ansible{tree: os.Getenv("ANSIBLE_TREE")}
	dir, err := os.MkdirTemp(a.tree+"/tmp", "differ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a.dir = filepath.Join(dir, "case")
	a.socket = filepath.Join(dir, "socket")
	script, err := os.ReadFile("../testdata/ansible-server.py")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"server.py": script, "ansible.cfg": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	words := []string{"/usr/bin/python3"}
	if a.tree != "" {
		words = append([]string{"chroot", a.tree}, words...)
	}
	version, err := exec.Command(words[0], append(slices.Clone(words[1:]), "-c", "import ansible.release as r; print(r.__version__)")...).Output()
	if err != nil {
		t.Skipf("ansible-core is not installed for %q", words)
	}
	t.Logf("compared with ansible-core %s", version)
	a.modern = !regexp.MustCompile(`^2\.(\d|1[0-8])\.`).Match(version)
	words = append(words, a.inside(filepath.Join(dir, "server.py")), a.inside(a.socket))
	a.start(t, words)
	return a
}

// inside returns the path of a file as programs in the tree name it.
func (a *ansible) inside(path string) string { return strings.TrimPrefix(path, a.tree) }

func (a *ansible) start(t testing.TB, words []string) {
	command := exec.CommandContext(t.Context(), words[0], words[1:]...)
	home := a.inside(filepath.Dir(a.dir))
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ANSIBLE_") }),
		"HOME="+home, "ANSIBLE_HOME="+home, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "COLUMNS=80", "TZ=UTC",
		"ANSIBLE_CONFIG="+home+"/ansible.cfg", "PYTHONDONTWRITEBYTECODE=1", "ANSIBLE_LOCALHOST_WARNING=False",
		"ANSIBLE_DEPRECATION_WARNINGS=False", "ANSIBLE_JINJA2_NATIVE=1")
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

// play plays a playbook of its folder.
func (a *ansible) play(t testing.TB, args []string) played {
	t.Helper()
	connection, err := net.Dial("unix", a.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	home, err := os.MkdirTemp(filepath.Dir(a.dir), "home")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	request := map[string]any{"args": append([]string{"-i", "localhost,", "-c", "local"}, args...), "home": a.inside(home), "dir": a.inside(a.dir)}
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		t.Fatal(err)
	}
	var result struct {
		Code     int
		Out, Err string
	}
	if err := json.NewDecoder(connection).Decode(&result); err != nil {
		t.Fatalf("Ansible ended without a result: %v", err)
	}
	plain := strings.NewReplacer(a.inside(a.dir), "{DIR}")
	return played{result.Code, plain.Replace(result.Out), plain.Replace(result.Err)}
}
