package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEditors uses each feature of the language server once, with real clients: Neovim,
// and the library that VS Code's client is made with.
func TestEditors(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("editors take their time to start")
	}
	scripts, err := filepath.Abs("testdata/editors")
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]struct {
		program, wants string
		args           func(folder string) []string
	}{
		"Neovim": {"nvim", "", func(string) []string {
			return []string{"--clean", "--headless", "-n", "-S", filepath.Join(scripts, "client.lua")}
		}},
		"VS Code's library": {"node", "vscode-languageserver-protocol", func(folder string) []string {
			return []string{filepath.Join(scripts, "client.js"), folder}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(client.program)
			if err != nil {
				t.Skipf("%s is not there: install it", client.program)
			}
			if client.wants != "" && !nodeHas(client.wants) {
				t.Skipf("%s is not there: .ci/run installs it", client.wants)
			}
			folder := editorFolder(t, scripts)
			c := exec.CommandContext(t.Context(), program, client.args(folder)...)
			c.Dir = folder
			c.Env = []string{"PATH=" + filepath.Join(folder, "bin") + ":" + os.Getenv("PATH"), "HOME=" + filepath.Join(folder, "home"),
				"FOLDER=" + folder, "NODE_PATH=" + nodeModules(), "LC_ALL=C.UTF-8"}
			out, err := c.CombinedOutput()
			said := string(out)
			if text, readErr := os.ReadFile(filepath.Join(folder, "said.txt")); readErr == nil {
				said = string(text)
			}
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, said, out)
			}
			want, err := os.ReadFile(filepath.Join(scripts, "expected.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(said) != strings.TrimSpace(string(want)) {
				t.Errorf("got\n%s\nwant\n%s", said, want)
			}
		})
	}
}

// editorFolder returns a folder with a playbook, and runner in its bin.
func editorFolder(t *testing.T, scripts string) string {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "home"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(folder, "bin", "runner")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"site.yml", "more.yml"} {
		text, err := os.ReadFile(filepath.Join(scripts, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// nodeModules returns the folder in which .ci/run has npm install libraries.
func nodeModules() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "runner-ci", "node_modules")
}

func nodeHas(library string) bool {
	_, err := os.Stat(filepath.Join(nodeModules(), library))
	return err == nil
}
