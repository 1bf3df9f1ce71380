//go:build unix

package cmd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/tasks"
)

// TestPages does what the pages of documentation show, block after block, in a new
// folder and with a new home for each page:
//
//	```yaml NAME     is written to that file; without a name, tasks are validated
//	```sh            is run, and has to succeed; `needs=PROGRAM` leaves it out where
//	                 the program is missing; `story` leaves it to the test of
//	                 examples/vendor-postgres
//	```console       holds commands behind "$ ", each with what it prints below it,
//	                 ids and secrets aside; nothing: whatever it prints. A line "…"
//	                 stands for any lines.
//
// Variables and the folder stay as a block left them. The folder holds the examples
// and the documentation of this repository.
func TestPages(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"../README.md", "../docs/*.md", "../docs/howto/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 12 {
		t.Fatalf("there are only these pages: %v", pages)
	}
	for _, name := range pages {
		t.Run(strings.TrimPrefix(name, "../"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			newReader(t).read(blocksOf(string(text)))
		})
	}
}

// A block is one of code on a page.
type block struct {
	language string
	words    []string // behind the language
	text     string
	line     int // where it begins
}

var fenced = regexp.MustCompile("(?ms)^```(\\S*)([^\n]*)\n(.*?)^```$")

func blocksOf(page string) []block {
	var all []block
	for _, at := range fenced.FindAllStringSubmatchIndex(page, -1) {
		all = append(all, block{
			language: page[at[2]:at[3]], words: strings.Fields(page[at[4]:at[5]]), text: page[at[6]:at[7]],
			line: 1 + strings.Count(page[:at[0]], "\n"),
		})
	}
	return all
}

// needs returns the programs that a block needs, and reports whether all are there.
func (b block) needs() (missing string, ok bool) {
	for _, word := range b.words {
		if list, found := strings.CutPrefix(word, "needs="); found {
			for program := range strings.SplitSeq(list, ",") {
				if _, err := exec.LookPath(program); err != nil {
					return program, false
				}
			}
		}
	}
	return "", true
}

// A reader does what a page shows.
type reader struct {
	t                *testing.T
	home, dir, state string
	env              []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "runner")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, home: t.TempDir(), dir: t.TempDir(), state: filepath.Join(t.TempDir(), "state")}
	for _, folder := range []string{"examples", "docs"} {
		if err := os.Symlink(filepath.Join(root, folder), filepath.Join(r.dir, folder)); err != nil {
			t.Fatal(err)
		}
	}
	r.env = []string{"HOME=" + r.home, "PATH=" + bin + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	t.Cleanup(r.stop)
	return r
}

// stop ends the emulators that the page started.
func (r *reader) stop() {
	for range 5 {
		c := exec.Command("/bin/sh", "-c", `runner emulator status | sed 's,^http://,,; s, .*,,' | head -n 1 | xargs runner emulator stop`)
		c.Dir, c.Env = r.dir, r.env
		if c.Run() != nil {
			return
		}
	}
}

func (r *reader) read(blocks []block) {
	for _, b := range blocks {
		if missing, ok := b.needs(); !ok {
			r.t.Logf("line %d: not run, since there is no %s", b.line, missing)
			continue
		}
		switch b.language {
		case "sh":
			if slices.Contains(b.words, "story") {
				continue
			}
			if out, err := r.run(b.text); err != nil {
				r.t.Fatalf("line %d: %v\n%s\n%s", b.line, err, b.text, out)
			}
		case "console":
			r.console(b)
		case "yaml", "toml", "json", "ini", "text":
			r.file(b)
		case "":
			r.t.Errorf("line %d: a block of code without a language", b.line)
		}
	}
}

// file writes a block that has a file's name, and validates tasks that have none.
func (r *reader) file(b block) {
	r.t.Helper()
	if len(b.words) == 0 {
		if b.language == "yaml" && strings.HasPrefix(b.text, "- ") {
			name := filepath.Join(r.dir, ".block.yml")
			if err := os.WriteFile(name, []byte(b.text), 0o600); err != nil {
				r.t.Fatal(err)
			}
			if out, err := r.run("runner validate .block.yml"); err != nil {
				r.t.Errorf("line %d: %v\n%s", b.line, err, out)
			}
		}
		return
	}
	name := filepath.Join(r.dir, b.words[0])
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(b.text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// console runs the commands of a block, and holds each to what it prints.
func (r *reader) console(b block) {
	r.t.Helper()
	for _, part := range strings.Split("\n"+b.text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		for strings.HasSuffix(command, "\\") { // goes on in the next line
			var more string
			more, want, _ = strings.Cut(want, "\n")
			command += "\n" + more
		}
		if isLong(command) {
			continue
		}
		out, err := r.run(command)
		out = strings.ReplaceAll(strings.ReplaceAll(out, r.home, "~"), r.dir+"/", "")
		want = strings.TrimSpace(want)
		switch {
		case want == "" && err != nil:
			r.t.Errorf("line %d: %s: %v\n%s", b.line, command, err, out)
		case want != "" && !likePage(want).MatchString(trimLines(normalized(out))):
			r.t.Errorf("line %d: %s prints\n%s\nthe page says\n%s", b.line, command, out, want)
		}
	}
}

// isLong reports whether a command takes another test's time: it builds the program,
// or is the tests themselves.
func isLong(command string) bool {
	return strings.HasPrefix(command, "go ")
}

// likePage returns what matches that which a page shows.
func likePage(text string) *regexp.Regexp {
	var b strings.Builder
	for line := range strings.SplitSeq(trimLines(normalized(text)), "\n") {
		if strings.TrimSpace(line) == "…" {
			b.WriteString("(?s:.*)")
			continue
		}
		b.WriteString(regexp.QuoteMeta(line) + "\n")
	}
	return regexp.MustCompile("^" + strings.TrimSuffix(b.String(), "\n") + "$")
}

// trimLines takes blanks from the ends of lines, and of the text.
func trimLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// run runs commands in the page's shell and returns what they print.
func (r *reader) run(script string) (string, error) {
	r.t.Helper()
	before := fmt.Sprintf("[ ! -e %[1]q ] || . %[1]q\n", r.state)
	after := fmt.Sprintf("\n{ ended=$?; } 2>/dev/null; { export -p; echo \"cd '$PWD'\"; } >%q; exit $ended\n", r.state)
	c := exec.CommandContext(r.t.Context(), "/bin/sh", "-c", before+"set -e\n"+script+after)
	c.Dir, c.Env = r.dir, r.env
	c.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

// TestReadmeNamesKinds: README's table has every kind of task, and no other.
func TestReadmeNamesKinds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Kinds of task\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var named, kinds []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(table, -1) {
		for word := range strings.SplitSeq(row[1], ", ") {
			named = append(named, strings.Trim(word, "`"))
		}
	}
	for _, k := range tasks.Kinds(nil) {
		kinds = append(kinds, k.Name)
	}
	slices.Sort(named)
	slices.Sort(kinds)
	if !slices.Equal(named, kinds) {
		t.Errorf("README has\n%v\nand there are\n%v", named, kinds)
	}
}
