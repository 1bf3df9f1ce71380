package differ_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/ansible"
	"runner/cmd"
	"runner/cmd/ui"
)

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

// startAnsible starts the ansible-core of the tree that ANSIBLE_TREE names, or the installed one.
func startAnsible(t testing.TB) *ansible.Server {
	t.Helper()
	return ansible.Start(t, os.Getenv("ANSIBLE_TREE"), "TZ=UTC", "ANSIBLE_LOCALHOST_WARNING=False", "ANSIBLE_DEPRECATION_WARNINGS=False")
}

// theirs plays the playbook of the server's folder by Ansible.
func theirs(t testing.TB, s *ansible.Server, args []string) played {
	t.Helper()
	r := s.Play(t, s.Dir, append([]string{"-i", "localhost,", "-c", "local"}, args...))
	plain := strings.NewReplacer(s.Inside(s.Dir), "{DIR}")
	return played{r.Code, plain.Replace(r.Out), plain.Replace(r.Err)}
}
