package reading

import (
	"fmt"
	"testing"

	"runner/engine/expr/value"
)

func TestFromYAML(t *testing.T) {
	got, err := FromYAML("a: [1, two, {{}: x}]\n")
	if err == nil {
		t.Errorf("a map as a key is %v", got)
	}
	for text, want := range map[string]string{
		"":              "<nil> <nil>",
		"# nothing":     "<nil> <nil>",
		"15":            "int 15",
		"'{{ x }}'":     "string {{ x }}",
		"- a\n- [b, 1]": "[]interface {} [a [b 1]]",
		"- &x a\n- *x":  "[]interface {} [a a]",
	} {
		if v, err := FromYAML(text); err != nil || typed(v) != want {
			t.Errorf("%q is %s, %v", text, typed(v), err)
		}
	}
	for text, want := range map[string]string{
		"\x00":        "the file is binary, not text",
		"a: b: c":     "line 1, column 5: a colon and a space stand inside a text without quotes",
		"a: 1\n---\n": "line 2, column 1: a second YAML document starts here",
	} {
		if _, err := FromYAML(text); err == nil || err.Error() != want {
			t.Errorf("%q fails with %v", text, err)
		}
	}
}

func TestMergeKeys(t *testing.T) {
	const text = `
base: &base {b: 1, a: 2}
more: &more {c: 3, a: 4}
own: {<<: *base, a: 5, z: 6}
two: {a: 7, <<: [*more, *base]}
quoted: {"<<": 8}
nothing: {<<: {}}
`
	v, err := FromYAML(text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"own": "b=1 a=5 z=6", "two": "b=1 a=7 c=3", "quoted": "<<=8", "nothing": "",
	}
	for key, want := range want {
		m, _ := v.(*value.Map).Get(key)
		if got := inOrder(m.(*value.Map)); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}

func inOrder(m *value.Map) string {
	s, sep := "", ""
	for k, v := range m.All() {
		s += fmt.Sprintf("%s%v=%v", sep, k, v)
		sep = " "
	}
	return s
}

func TestKeysThatAreOne(t *testing.T) {
	for text, want := range map[string]string{
		"{1: a, 1.0: b}":  "line 1, column 8: the key \"1.0\" is there twice, and the last one counts",
		"{yes: a, 1: b}":  "line 1, column 10: the key \"1\" is there twice, and the last one counts",
		"{~: a, null: b}": "line 1, column 8: the key \"null\" is there twice, and the last one counts",
		"{0: a, off: b}":  "line 1, column 8: the key \"off\" is there twice, and the last one counts",
		"{1: a, '1': b, i: c, j: d, k: e, l: f, m: g, n: h, o: i, p: j, o: k}": "line 1, column 64: the key \"o\" is there twice, and the last one counts",
		"{99999999999999999999: a, 99999999999999999999: b}":                   "line 1, column 27: the key \"99999999999999999999\" is there twice, and the last one counts",
		"{<<: {a: b}, <<: {c: d}}":                                             "",
		"{1: a, '1': b, 1.5: c, '<<': d, <<: {e: f}}":                          "",
	} {
		_, problems := NewDocument(sourced(t, text), nil).Parse()
		got := ""
		for _, p := range problems {
			got = unplaced(p).Error()
		}
		if got != want {
			t.Errorf("%s: reported %q, want %q", text, got, want)
		}
	}
}

func FuzzFromYAML(f *testing.F) {
	for _, s := range scalars {
		f.Add(s.raw)
	}
	for _, text := range marked {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := FromYAML(text)
		if err != nil && v != nil {
			t.Errorf("%v and %v", v, err)
		}
	})
}
