package clever_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"

	"runner/clever"
)

// nodeModules is where .ci/run installs what npm has.
func nodeModules() string {
	cache, _ := os.UserCacheDir()
	return filepath.Join(cache, "runner-ci", "node_modules")
}

// dotenvPrograms are readers that print what they read as JSON, and what to try
// before, to find out whether they are there. $FILE is the file.
var dotenvPrograms = map[string]struct {
	name string
	try  []string
	args []string
}{
	"node": {"node", []string{"-e", "require('dotenv')"}, []string{"-e",
		"process.stdout.write(JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.env.FILE))))"}},
	"python": {"/usr/bin/python3", []string{"-c", "import dotenv"}, []string{"-c",
		"import dotenv, json, os; print(json.dumps(dotenv.dotenv_values(os.environ['FILE'])))"}},
	"ruby": {"ruby", []string{"-rdotenv", "-e", ""}, []string{"-rdotenv", "-rjson", "-e",
		"puts JSON.generate(Dotenv::Environment.new(ENV['FILE'], true))"}},
	"bash": {"bash", []string{"-c", ":"}, []string{"-c",
		`set -a; while IFS= read -r -d '' v; do unset "${v%%=*}" 2>/dev/null; done < <(env -0 | grep -zv ^FILE=); . "$FILE"; exec /usr/bin/env -0`}},
}

func dotenvEnvironment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "NODE_PATH=" + nodeModules(), "LANG=C.UTF-8"}
}

// lacksDotenv says for each of dotenvPrograms why it cannot be used here; it is tried once.
var lacksDotenv = func() map[string]func() error {
	lacks := map[string]func() error{}
	for reader, p := range dotenvPrograms {
		lacks[reader] = sync.OnceValue(func() error {
			try := exec.Command(p.name, p.try...)
			try.Env = dotenvEnvironment()
			return try.Run()
		})
	}
	return lacks
}()

// readDotenv reads a file as one of the readers does.
func readDotenv(t *testing.T, reader, text string) map[string]string {
	t.Helper()
	switch reader {
	case "godotenv":
		values, err := godotenv.Unmarshal(text)
		must(t, err)
		return values
	case "compose":
		values, err := compose.UnmarshalWithLookup(text, func(string) (string, bool) { return "", false })
		must(t, err)
		return values
	case "systemd":
		return readAsSystemd(text)
	case "make":
		return readByMake(t, text)
	case "docker":
		values := map[string]string{}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			values[name] = value
		}
		return values
	}
	p, ok := dotenvPrograms[reader]
	if !ok {
		t.Skipf("nothing here reads as %s does", reader)
	}
	if err := lacksDotenv[reader](); err != nil {
		t.Skipf("%s has no dotenv here: %v", reader, err)
	}
	file := filepath.Join(t.TempDir(), "dotenv")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	c := exec.Command(p.name, p.args...)
	c.Env = append(dotenvEnvironment(), "FILE="+file)
	out, err := c.Output()
	must(t, err)
	values := map[string]string{}
	if reader != "bash" {
		must(t, json.Unmarshal(out, &values))
		return values
	}
	for pair := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "HARD_") || strings.HasPrefix(name, "V") {
			values[name] = value
		}
	}
	return values
}

// readByMake has make include a file and print each of its variables.
func readByMake(t *testing.T, text string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Makefile")
	var names []string
	script := text + "all: ;\n"
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
		script += "$(info [$(" + name + ")])\n"
	}
	must(t, os.WriteFile(file, []byte(script), 0o600))
	out, err := exec.Command("make", "-s", "-f", file).Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no make")
	}
	must(t, err)
	values := map[string]string{}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		if i < len(names) {
			values[names[i]] = strings.TrimSuffix(strings.TrimPrefix(line, "["), "]")
		}
	}
	return values
}

// readAsSystemd reads EnvironmentFile= by the rules of systemd's parse_env_file, and
// drops values as its services do.
func readAsSystemd(text string) map[string]string {
	values := map[string]string{}
	for at := 0; at < len(text); {
		name, rest, _ := strings.Cut(text[at:], "=")
		at = len(text) - len(rest)
		var value strings.Builder
		var quote byte // that is open
		for ; at < len(text) && (quote != 0 || text[at] != '\n'); at++ {
			switch c := text[at]; {
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case c == quote:
				quote = 0
			case c == '\\' && quote != '\'' && at+1 < len(text):
				at++
				if quote == '"' && !strings.ContainsRune("\"\\`$\n", rune(text[at])) {
					value.WriteByte('\\')
				}
				if text[at] != '\n' {
					value.WriteByte(text[at])
				}
			default:
				value.WriteByte(c)
			}
		}
		at++
		if !strings.ContainsFunc(value.String(), func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 }) {
			values[name] = value.String()
		}
	}
	return values
}

// writable returns the variables that can be written for a reader, and the values of
// all that can.
func writable(t *testing.T, reader string, env []clever.EnvVar) (text string, values map[string]string) {
	t.Helper()
	o := clever.EnvOptions{Format: "dotenv", For: reader}
	var list []clever.EnvVar
	values = map[string]string{}
	for _, v := range env {
		var b strings.Builder
		if clever.WriteEnv(&b, o, []clever.EnvVar{v}) == nil {
			list, values[v.Name] = append(list, v), v.Value
		} else if b.Len() > 0 {
			t.Errorf("%q is refused, and %q was written", v.Value, b.String())
		}
	}
	var b strings.Builder
	must(t, clever.WriteEnv(&b, o, list))
	return b.String(), values
}

// TestDotenvIsReadBackByAll: what is written for nobody in particular is what every
// reader takes it for.
func TestDotenvIsReadBackByAll(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]clever.EnvVar{"hard": hardEnv(), "many": manyEnv()} {
		text, want := writable(t, "", env)
		if len(want) < len(env)/3 {
			t.Errorf("%s: only %d of %d can be written", name, len(want), len(env))
		}
		for _, reader := range []string{"node", "compose", "godotenv", "python", "ruby", "bash", "systemd"} {
			t.Run(name+" by "+reader, func(t *testing.T) {
				t.Parallel()
				if diff := cmp.Diff(want, readDotenv(t, reader, text)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestDotenvForOneReader: what is written for a reader is what that one takes it for.
func TestDotenvForOneReader(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]clever.EnvVar{"hard": hardEnv(), "many": manyEnv()} {
		for _, reader := range clever.DotenvReaders() {
			t.Run(name+" for "+reader, func(t *testing.T) {
				t.Parallel()
				text, want := writable(t, reader, env)
				got := readDotenv(t, reader, text)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// The three values of which bug reports tell, in the form that all readers share.
func TestDotenvTakesSingleQuotesForBackslashes(t *testing.T) {
	for value, want := range map[string]string{
		`{"a":"b\"c","d":[1]}`: `V='{"a":"b\"c","d":[1]}'`, `C:\new\table`: `V='C:\new\table'`, `a\nb`: `V='a\nb'`, "it's": `V="it's"`,
	} {
		if text, _ := writable(t, "", []clever.EnvVar{{Name: "V", Value: value}}); text != want+"\n" {
			t.Errorf("of %q comes %s", value, text)
		}
	}
}

func TestARefusedValueIsNamedWithWhoWouldMisreadIt(t *testing.T) {
	for value, want := range map[string]string{
		`it's "x"`: `it has ' with " or \, which need an escape that node does not undo`,
		"it's $5":  "which bash would replace",
		"a\nb":     "ruby would read its first line only",
		"a\r\nb":   "python would read its carriage return as a line end",
		`a\\b`:     "python would read two backslashes as one",
		`ends\`:    "would take its last backslash and the closing quote for a quote",
		"${HOME}":  "python would replace its ${…} by a variable",
		"\x1b[0m":  "systemd would drop it",
		"\xff":     "it is not",
	} {
		var b strings.Builder
		err := clever.WriteEnv(&b, clever.EnvOptions{Format: "dotenv"}, []clever.EnvVar{{Name: "V", Value: value}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the value of V") || b.Len() > 0 {
			t.Errorf("%q: %v, want %s", value, err, want)
			continue
		}
		if h, ok := err.(interface{ Hint() string }); !ok || !strings.Contains(h.Hint(), "bash") || strings.Contains(err.Error(), value) && len(value) > 3 {
			t.Errorf("%q: %v has the hint %v", value, err, h)
		}
	}
}
