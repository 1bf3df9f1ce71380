package reading

import (
	"testing"

	"runner/engine/expr/format"
)

// What is mended for the library is read as it is written, wherever it stands.
func TestMendedTextsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		`{u: p://h/d?a=b, q: what?, 'x?y': "a\/b\\/c"}`: `{"u": "p://h/d?a=b", "q": "what?", "x?y": "a/b\\/c"}`,
		"{u: a?b}\n": `{"u": "a?b"}`,
		"a: {u: a?b}\nb: |\n  c?d \\/ e\nc: 'f\\/g?'\nd: h\\/i?": `{"a": {"u": "a?b"}, "b": "c?d \\/ e\n", "c": "f\\/g?", "d": "h\\/i?"}`,
		"a: \"x\\/?\"\nb: &ky [m?n]\nc: *ky":                     `{"a": "x/?", "b": ["m?n"], "c": ["m?n"]}`,
	} {
		v, err := FromYAML(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := format.JSON(v, format.JSONStyle{}); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if _, err := FromYAML("{u: a?b, \uf8f0"); err == nil {
		t.Error("what is no YAML is read")
	}
}
