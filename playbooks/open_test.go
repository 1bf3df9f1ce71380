package playbooks

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"runner/diagnostic"
	"runner/engine"
)

const hello = "- name: Say hello\n  debug:\n    msg: hello\n"

// written makes a file, and gives its path.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTextsThatAreNone(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":          {"", "site.yml:1:1: the playbook is empty; write a list of plays or of tasks"},
		"only a mark":    {"\ufeff", "site.yml:1:1: the playbook is empty; write a list of plays or of tasks"},
		"only a comment": {"# nothing\n", "site.yml:1:1: the playbook is empty; write a list of plays or of tasks"},
		"a dash":         {"---\n", "site.yml:2:1: the playbook is empty; write a list of plays or of tasks"},
		"UTF-16":         {"\xff\xfe-\x00", "site.yml: the file is written in UTF-16; save it as UTF-8"},
		"UTF-16, other":  {"\xfe\xff\x00-", "site.yml: the file is written in UTF-16; save it as UTF-8"},
		"binary":         {"\x7fELF\x00\x01", "site.yml: the file is binary, not text"},
		"Latin-1":        {"- é: a\n- d\xe9j\xe0 vu\n", "site.yml:2:4: the byte 0xe9 is not UTF-8 text; save the file as UTF-8"},
		"an escape":      {"- é\x1b[0m\n", `site.yml:1:4: the control character U+001B cannot stand in YAML; remove it, or write "\x1b" in double quotes`},
		"a vault":        {"$ANSIBLE_VAULT;1.1;AES256\n6162\n", "site.yml:2:1: the vault is damaged: it ends too soon"},
		"too large":      {strings.Repeat("# \n", (8<<20)/3+1), "site.yml: the file is larger than 8 MiB"},
		"too deep":       {strings.Repeat("[", 250) + strings.Repeat("]", 250), "site.yml:1:201: this is nested deeper than 200 levels"},
		"far too deep":   {strings.Repeat("- ", 20000) + "x", "site.yml:1:1: this is nested deeper than 200 levels"},
		"a replacement":  {"- '\ufffd'", "site.yml:1:3: a task is a map, not text; write its kind, a colon, and its parameters below"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			program, problems := Parse("site.yml", []byte(test.text), options())
			if program != nil || len(problems) != 1 || problems[0].Error() != test.want {
				t.Errorf("reported %v, want %s", problems, test.want)
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	large := filepath.Join(dir, "large.yml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Skip("no sparse files here:", err)
	}
	tests := map[string]struct{ path, want string }{
		"missing":      {filepath.Join(dir, "nope.yml"), "no such file"},
		"a directory":  {dir, "this is a directory, not a playbook"},
		"a pipe":       {pipe, "this is not a regular file; give `-` to read standard input"},
		"a device":     {"/dev/zero", "this is not a regular file; give `-` to read standard input"},
		"large":        {large, "the file is larger than 8 MiB"},
		"below a file": {filepath.Join(large, "x.yml"), "not a directory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			program, problems := Load([]string{test.path}, options())
			want := test.path + ": " + test.want
			if program != nil || len(problems) != 1 || problems[0].Error() != want {
				t.Errorf("reported %v, want %s", problems, want)
			}
		})
	}
}

func TestMissingFileIsTellable(t *testing.T) {
	_, problems := Load([]string{"testdata/nope.yml"}, options())
	if len(problems) != 1 || !errors.Is(problems[0], fs.ErrNotExist) {
		t.Errorf("reported %v", problems)
	}
}

func TestStandardInput(t *testing.T) {
	opt := options()
	opt.Stdin = strings.NewReader(hello)
	program, problems := Load([]string{"-"}, opt)
	if len(problems) > 0 || program.Plays[0].File != "-" || program.Plays[0].Tasks[0].(*engine.Step).Place.String() != "stdin:1:3" {
		t.Errorf("made %v, reported %v", program, problems)
	}
	broken := map[string]struct {
		stdin io.Reader
		want  string
	}{
		"none":    {nil, "stdin: there is no standard input to read from"},
		"fails":   {iotest.ErrReader(errors.New("cut off")), "stdin: cut off"},
		"endless": {endless{}, "stdin: the file is larger than 8 MiB"},
	}
	for name, test := range broken {
		t.Run(name, func(t *testing.T) {
			opt.Stdin = test.stdin
			_, problems := Load([]string{"-"}, opt)
			if len(problems) != 1 || problems[0].Error() != test.want {
				t.Errorf("reported %v", problems)
			}
		})
	}
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestProcessSubstitution(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := w.WriteString(hello); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/dev/fd", fd(r))
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /dev/fd here:", err)
	}
	program, problems := Load([]string{path}, options())
	if program == nil {
		t.Errorf("reported %v", problems)
	}
}

func fd(f *os.File) string {
	digits := ""
	for n := f.Fd(); ; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
		if n < 10 {
			return digits
		}
	}
}

func TestWhatEditorsLeave(t *testing.T) {
	text := "\ufeff- name: Say hello\r\n  debug:\r\n    mgs: hello\r\n"
	_, problems := Load([]string{written(t, "dos.yml", text)}, options())
	if len(problems) != 1 || problems[0].Place.Line != 3 || problems[0].Place.Col != 5 {
		t.Errorf("reported %v", problems)
	}
	program, problems := Load([]string{written(t, "good.yml", strings.Replace(text, "mgs", "msg", 1))}, options())
	if len(problems) > 0 || program.Plays[0].Tasks[0].(*engine.Step).Name.Text != "Say hello" {
		t.Errorf("reported %v", problems)
	}
}

func TestSeveralFiles(t *testing.T) {
	first, second := written(t, "b.yml", hello), written(t, "a.yml", hello)
	program, problems := Load([]string{first, second}, options())
	if len(problems) > 0 || len(program.Plays) != 2 {
		t.Fatalf("reported %v", problems)
	}
	for i, path := range []string{first, second} {
		if play := program.Plays[i]; play.File != path || play.Place.Source.Name != path {
			t.Errorf("play %d is of %s", i+1, play.File)
		}
	}
	if id := program.Plays[1].Tasks[0].(*engine.Step).ID; id != "2.1" {
		t.Errorf("the second file's task is %s", id)
	}
}

func TestProblemsOfSeveralFiles(t *testing.T) {
	first := written(t, "b.yml", "- nothing\n- neither\n")
	second := written(t, "a.yml", "- debug:\n    mgs: hello\n")
	program, problems := Load([]string{first, "testdata/nope.yml", second}, options())
	if program != nil {
		t.Error("a program was made of them")
	}
	want := []string{first + ":1:3", first + ":2:3", "testdata/nope.yml", second + ":2:5"}
	if got := places(problems); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("reported %v, want %v", got, want)
	}
}

func places(problems []*diagnostic.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Place.String())
	}
	return all
}
