package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestNeovimAsThePageSetsItUp has Neovim configured by the block of docs/editors.md for its
// version: a playbook that is opened is checked.
func TestNeovimAsThePageSetsItUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("editors take their time to start")
	}
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Skip("nvim is not there: install it")
	}
	scripts, err := filepath.Abs("testdata/editors")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```lua\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d blocks of Lua", len(blocks))
	}
	folder := editorFolder(t, scripts)
	for i, name := range []string{"new.lua", "old.lua"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(blocks[i][1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const look = `
vim.cmd("source " .. vim.env.FOLDER .. (vim.lsp.enable and "/new.lua" or "/old.lua"))
vim.cmd("filetype on")
vim.cmd("edit " .. vim.env.FOLDER .. "/site.yml")
vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 10)
local all = vim.tbl_map(function(d) return d.message end, vim.diagnostic.get(0))
vim.fn.writefile(all, vim.env.FOLDER .. "/said.txt")
vim.cmd("qall!")`
	if err := os.WriteFile(filepath.Join(folder, "look.lua"), []byte(look), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), nvim, "--clean", "--headless", "-n", "-S", filepath.Join(folder, "look.lua"))
	c.Dir = folder
	c.Env = []string{"PATH=" + filepath.Join(folder, "bin") + ":" + os.Getenv("PATH"), "HOME=" + filepath.Join(folder, "home"), "FOLDER=" + folder, "LC_ALL=C.UTF-8"}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said, err := os.ReadFile(filepath.Join(folder, "said.txt"))
	if err != nil || !strings.Contains(string(said), `did you mean "lower"?`) {
		t.Errorf("it shows %q (%v)\n%s", said, err, out)
	}
}
