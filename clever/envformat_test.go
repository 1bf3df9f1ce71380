package clever_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"runner/clever"
)

// hard are values that some format could get wrong.
var hard = []string{
	"", " ", "plain", " padded ", "two words", "#hash", "a # b", "x=y", "'", "''", `"`, `""`, `it's`, `say "hi"`, `'"'"'`,
	"$HOME", "${HOME}", "$(id)", "`id`", `\`, `\\`, `\n`, `\$HOME`, `\\$HOME`, `a\'b`, "$", "$$", `"$A'`, `'$A'`, `'$(B)`, `'\$C`,
	"line\nline", "\n", "\n\n", "a\n", "\na", "crlf\r\nend", "\r", "tab\there", "a\nexport B='c'\n", "A='b'\nC='d'",
	"é", "日本語", "🦊", "\u2028", "\u0085", "\u007f", "\ufeff", "\ufffe", "\u200b", "\a\b\x1b[0m",
	"{{ x }}", "%s", "!", "!!", "*", "&a", "- b", "? c", "true", "null", "~", "1e3", "0x10", "[a]", "{b}", "|", ">", "@", ",",
	"postgresql://u:p%40ss@host:5432/db?x=1&y=2#z", strings.Repeat("long ", 2000),
}

func hardEnv() []clever.EnvVar {
	env := make([]clever.EnvVar, 0, len(hard))
	for i, value := range hard {
		env = append(env, clever.EnvVar{Name: fmt.Sprintf("HARD_%d", i), Value: value})
	}
	return env
}

// manyEnv returns ten thousand variables of what is special somewhere.
func manyEnv() []clever.EnvVar {
	special := []rune("ab '\"\\$#`\n\r\t{}()=!%&;<>|*?[]~ é日🦊")
	random := rand.New(rand.NewPCG(1, 2))
	env := make([]clever.EnvVar, 0, 10_000)
	for i := range 10_000 {
		value := make([]rune, random.IntN(12))
		for j := range value {
			value[j] = special[random.IntN(len(special))]
		}
		env = append(env, clever.EnvVar{Name: fmt.Sprintf("V%d", i), Value: string(value)})
	}
	return env
}

// consumers read each format as those do whom it is for.
var consumers = map[string]func(t *testing.T, text string) map[string]string{
	"json": func(t *testing.T, text string) map[string]string {
		var values map[string]string
		must(t, json.Unmarshal([]byte(text), &values))
		return values
	},
	"shell": readByShell,
	"k8s-secret": func(t *testing.T, text string) map[string]string {
		var secret struct {
			APIVersion, Kind, Type string
			Metadata               map[string]any
			Data                   map[string][]byte
		}
		must(t, yaml.UnmarshalStrict([]byte(text), &secret))
		if secret.APIVersion != "v1" || secret.Kind != "Secret" || secret.Type != "Opaque" || secret.Metadata["name"] != "x" {
			t.Errorf("it is %+v", secret)
		}
		values := map[string]string{}
		for name, value := range secret.Data {
			values[name] = string(value)
		}
		return values
	},
}

// readByShell lets sh source the text and print what came of it. The values go
// through a built-in printf, so that no limit of the system on arguments holds.
func readByShell(t *testing.T, text string) map[string]string {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	file := filepath.Join(t.TempDir(), "env.sh")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	script := `. "$1"; while read -r name; do eval "value=\$$name"; printf '%s=%s\0' "$name" "$value"; done`
	c := exec.Command(sh, "-c", script, "sh", file)
	c.Env = []string{}
	var names strings.Builder
	for line := range strings.Lines(text) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "export "), "='"); ok && strings.HasPrefix(line, "export ") {
			names.WriteString(name + "\n")
		}
	}
	c.Stdin = strings.NewReader(names.String())
	out, err := c.Output()
	must(t, err)
	values := map[string]string{}
	for pair := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		name, value, _ := strings.Cut(string(pair), "=")
		values[name] = value
	}
	delete(values, "B") // stands inside a value, see hard
	return values
}

// held leaves out what a format refuses: of these values only dotenv does.
func held(t *testing.T, format string, env []clever.EnvVar) ([]clever.EnvVar, map[string]string) {
	var list []clever.EnvVar
	values := map[string]string{}
	for _, v := range env {
		err := clever.WriteEnv(io.Discard, clever.EnvOptions{Format: format, Name: "x"}, []clever.EnvVar{v})
		if err != nil {
			t.Errorf("%s of %q: %v", format, v.Value, err)
		}
		if err == nil {
			list = append(list, v)
			values[v.Name] = v.Value
		}
	}
	return list, values
}

func TestEachFormatIsReadBackByItsConsumer(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]clever.EnvVar{"hard": hardEnv(), "many": manyEnv(), "none": {}} {
		for format, read := range consumers {
			t.Run(name+" "+format, func(t *testing.T) {
				if format == "shell" && len(env) == 0 {
					t.Skip("nothing to source")
				}
				var b strings.Builder
				env, want := held(t, format, env)
				must(t, clever.WriteEnv(&b, clever.EnvOptions{Format: format, Name: "x"}, env))
				got := read(t, b.String())
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("read back otherwise: %s", diff)
				}
				if changes := clever.EnvChanges(b.String(), clever.EnvOptions{Format: format, Name: "x"}, env); name != "hard" && len(changes) != 0 {
					t.Errorf("what was just written differs: %v", changes)
				}
			})
		}
	}
}

func TestWhatAFormatCannotHoldIsRefused(t *testing.T) {
	nul, bytes := clever.EnvVar{Name: "A", Value: "a\x00b"}, clever.EnvVar{Name: "A", Value: "\xff"}
	dash := clever.EnvVar{Name: "A-B", Value: "x"}
	for _, test := range []struct {
		format string
		v      clever.EnvVar
		want   string // "": it is written
	}{
		{"dotenv", nul, "the value of A holds a NUL, which no variable can hold: take json"},
		{"shell", nul, "the value of A holds a NUL, which no variable can hold: take json"},
		{"json", nul, ""}, {"yaml", nul, ""}, {"k8s-secret", nul, ""},
		{"json", bytes, "the value of A is not UTF-8, so no text of this format can hold it: take k8s-secret"},
		{"yaml", bytes, "the value of A is not UTF-8, so no text of this format can hold it: take k8s-secret"},
		{"k8s-secret", bytes, ""},
		{"dotenv", dash, `"A-B" cannot be the name of a variable: take json`},
		{"shell", dash, `"A-B" cannot be the name of a variable: take json`},
		{"json", dash, ""}, {"yaml", dash, ""}, {"k8s-secret", dash, ""},
		{"k8s-secret", clever.EnvVar{Name: "A B"}, `"A B" cannot be a key of a Secret: take json`},
		{"toml", dash, `unknown format "toml"`},
	} {
		var b strings.Builder
		err := clever.WriteEnv(&b, clever.EnvOptions{Format: test.format, Name: "x"}, []clever.EnvVar{{Name: "FIRST"}, test.v})
		if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
			t.Errorf("%s of %q: %v, want %q", test.format, test.v, err, test.want)
		}
		if err != nil && b.Len() > 0 {
			t.Errorf("%s of %q: something was written", test.format, test.v)
		}
	}
}

func TestChangesOfVariables(t *testing.T) {
	before := []clever.EnvVar{{Name: "SAME", Value: "a"}, {Name: "OTHER", Value: "b"}, {Name: "GONE", Value: "c"}, {Name: "LAST", Value: "d"}}
	after := []clever.EnvVar{{Name: "NEW", Value: "n"}, {Name: "SAME", Value: "a"}, {Name: "OTHER", Value: "B"}, {Name: "LAST", Value: "d"}}
	want := []clever.EnvChange{{Name: "NEW", After: true}, {Name: "OTHER", Before: true, After: true}, {Name: "GONE", Before: true}}
	for _, format := range clever.EnvFormats() {
		var b strings.Builder
		must(t, clever.WriteEnv(&b, clever.EnvOptions{Format: format, Name: "x"}, before))
		if diff := cmp.Diff(want, clever.EnvChanges(b.String(), clever.EnvOptions{Format: format, Name: "x"}, after)); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
		if diff := cmp.Diff([]clever.EnvChange(nil), clever.EnvChanges(b.String(), clever.EnvOptions{Format: format, Name: "x"}, before)); diff != "" {
			t.Errorf("%s, unchanged: %s", format, diff)
		}
	}
}

// TestNamesOfSecrets: what YAML would take for a number or a boolean stays a text, and
// a name that Kubernetes refuses is refused.
func TestNamesOfSecrets(t *testing.T) {
	for _, name := range []string{"2024", "on", "no", "0123", "1e3", "null", "true", "my.secret", "0x1f", "1.5", "a", strings.Repeat("a", 253)} {
		var b strings.Builder
		must(t, clever.WriteEnv(&b, clever.EnvOptions{Format: "k8s-secret", Name: name, Namespace: "on"}, []clever.EnvVar{{Name: "1e3", Value: "x"}}))
		var secret struct {
			Metadata struct{ Name, Namespace any }
			Data     map[string]any
		}
		must(t, yaml.Unmarshal([]byte(b.String()), &secret))
		if secret.Metadata.Name != name || secret.Metadata.Namespace != "on" || secret.Data["1e3"] != "eA==" {
			t.Errorf("of %q there is %+v", name, secret)
		}
	}
	for _, o := range []clever.EnvOptions{{Name: "Bad_Name"}, {Name: ""}, {Name: "a..b"}, {Name: "-a"}, {Name: "a."}, {Name: strings.Repeat("a", 254)},
		{Name: "a", Namespace: "my.space"}, {Name: "a", Namespace: "A"}, {Name: "a", Namespace: strings.Repeat("a", 64)}, {Name: "a\nb"}} {
		o.Format = "k8s-secret"
		var b strings.Builder
		if err := clever.WriteEnv(&b, o, nil); err == nil || b.Len() > 0 {
			t.Errorf("%+v is written as\n%s", o, &b)
		}
	}
	for from, want := range map[string]string{"Shop DB": "shop-db", "__": "addon", "a": "a", "Ünï": "n", strings.Repeat("x-", 200): strings.TrimSuffix(strings.Repeat("x-", 127), "-")[:253]} {
		if got := clever.SecretName(from); got != want || clever.CheckSecretName(got) != nil {
			t.Errorf("of %q comes %q (%v)", from, got, clever.CheckSecretName(got))
		}
	}
}
