package engine

import (
	"testing"

	"runner/engine/expr/value"
)

func TestMarkAtPaths(t *testing.T) {
	read := false
	m := value.MapOf(
		"id", "addon_x",
		"env", value.NewLater("db", func() (Value, error) { read = true; return value.MapOf("HOST", "h", "LIST", []Value{1, true}), nil }),
		"auth", value.MapOf("token", "t", "user", "u"),
		"results", []Value{value.MapOf("key", 1), value.MapOf("key", value.MapOf("a", nil)), "text"},
		"none", nil)
	for _, path := range [][]string{{"env"}, {"auth", "token"}, {"results", "key"}, {"none"}, {"absent"}, {"id", "deeper"}} {
		m = markAt(m, path).(*value.Map)
	}
	if read {
		t.Error("marking read what is read when it is used")
	}
	want := "{'id': 'addon_x', 'env': {'HOST': '********', 'LIST': ['********', True]}, 'auth': {'token': '********', 'user': 'u'}, " +
		"'results': [{'key': '********'}, {'key': {'a': None}}, 'text'], 'none': None}"
	if got := value.Text(m); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = "{'id': 'addon_x', 'env': {'HOST': 'h', 'LIST': [1, True]}, 'auth': {'token': 't', 'user': 'u'}, " +
		"'results': [{'key': 1}, {'key': {'a': None}}, 'text'], 'none': None}"
	if got := value.OpenText(m); got != want {
		t.Errorf("in clear: got  %s\nwant %s", got, want)
	}
}

func TestWithoutWord(t *testing.T) {
	for _, test := range [][3]string{
		{`unknown plan "ab"`, "ab", `unknown plan "********"`},
		{"about ab, cab and ab2: ab", "ab", "about ********, cab and ab2: ********"},
		{"4711 14711", "4711", "******** 14711"},
		{"é ée", "é", "******** ée"},
		{"same", "", "same"},
	} {
		if got := withoutWord(test[0], test[1]); got != test[2] {
			t.Errorf("%q without %q is %q, want %q", test[0], test[1], got, test[2])
		}
	}
}
