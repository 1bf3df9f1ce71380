package cmd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
)

// TestYAMLParserReadsVariablesBack stands here because only this package knows both
// who writes variables and who reads YAML.
func TestYAMLParserReadsVariablesBack(t *testing.T) {
	t.Parallel()
	env := []clever.EnvVar{{Name: "a key: with # and \"quotes\"", Value: "x"}, {Name: "yes", Value: "no"}, {Name: "1", Value: "2"}}
	for i, value := range []string{
		"", " ", "it's", `say "hi"`, "$HOME ${HOME} `id`", `\`, `\n`, "line\nline\n", "\r\n", "\t", "a # b", "# a", "a: b", "- a", "{{ x }}",
		"é日🦊", "\u2028\u0085\u00a0", "\x00", "\x01\x1b[0m\x7f\u0080\u009f", "\ufeff", "\ufffe\uffff", "true", "null", "~", "1e3", "0o7", "2001-01-01", "|", ">", "*a", "&a", "!x", "%", "@",
		strings.Repeat("long ", 5000),
	} {
		env = append(env, clever.EnvVar{Name: fmt.Sprintf("V%d", i), Value: value})
	}
	for i := range 10_000 {
		env = append(env, clever.EnvVar{Name: fmt.Sprintf("MANY_%d", i), Value: strings.Repeat(string(rune(i%0xd7ff)), i%5)})
	}
	var b strings.Builder
	if err := clever.WriteEnv(&b, clever.EnvOptions{Format: "yaml"}, env); err != nil {
		t.Fatal(err)
	}
	got, err := reading.FromYAML(b.String())
	if err != nil {
		t.Fatal(err)
	}
	values := got.(*value.Map)
	for _, v := range env {
		if val, _ := values.Get(v.Name); !cmp.Equal(val, value.Value(v.Value)) {
			t.Errorf("%s is %q, want %q", v.Name, val, v.Value)
		}
	}
	if values.Len() != len(env) {
		t.Errorf("%d variables, want %d", values.Len(), len(env))
	}
}
