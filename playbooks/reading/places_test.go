package reading

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine/expr"
)

// sourced returns the Source of a text that is good.
func sourced(t testing.TB, text string) *diagnostic.Source {
	t.Helper()
	src, p := SourceOf("site.yml", []byte(text), nil)
	if p != nil {
		t.Fatal(p)
	}
	return src
}

// scalarsOf calls f for each scalar of a tree, keys included.
func scalarsOf(n *expr.Node, f func(*expr.Node)) {
	if n.Shape == expr.Scalar {
		f(n)
	}
	for _, item := range n.Items {
		scalarsOf(item, f)
	}
	for _, e := range n.Entries {
		f(e.Key)
		scalarsOf(e.Value, f)
	}
}

// In each text § stands once. Its place in the file must be found from its place
// in the scalar.
var marked = map[string]string{
	"plain":                 "a: b §",
	"plain after text":      "- été: là § x",
	"plain in a flow list":  "a: [é, b § c]",
	"plain, two lines":      "a: é\n   b § c",
	"plain, empty line":     "a: b\n\n\n   c § d",
	"plain, quotes inside":  "a: it's \"b\" § d",
	"plain, after a tag":    "a: !!str  b §",
	"plain, after both":     "a: &x !!str b §",
	"plain, next line":      "a: &x\n  !unsafe\n  b §",
	"single quotes":         "a: '§'",
	"single, doubled":       "a: 'it''s § it''s'",
	"single, two lines":     "a: 'it''s\n   b  § c'",
	"double quotes":         "a: \"b § c\"",
	"double, escapes":       "a: \"\\t\\n\\\"\\u00e9\\x41\\U0001F600 § c\"",
	"double, after escapes": "a: \"\\u00e9é\\\\x § \\n\"",
	"double, two lines":     "a: \"b\n\n   c § d\"",
	"double, line joined":   "a: \"b\\\n   c§ d\"",
	"double, hard spaces":   "a: \"\\_b\\N\\L\\P \\\n  \\  § d\"",
	"literal":               "a: |\n  é b\n  c §\n",
	"literal, first line":   "a: |\n  § c\n",
	"literal, stripped":     "a: |-\n\n    b\n      c § d\n\n",
	"literal, kept":         "- a: |+\n    b §\n\n\n",
	"literal, indented":     "a: |2\n    b\n  c § d\n",
	"literal, commented":    "a: | # comment |\n  b # § c\n",
	"literal, a tab":        "a: |\n  b\tc\n  \td §\n",
	"literal, no indent":    "|\n é\n §\n",
	"folded":                "a: >\n  b\n  c § d\n",
	"folded, kept":          "a: >+\n  b\n\n  c\n   d\n  §\n\n",
	"folded, stripped":      "- >-\n  b\n  c §",
	"carriage returns":      "a: |\r\n  b\r\n  c § d\r\n",
	"quoted, CRLF":          "a: \"b\r\n  c § d\"\r\n",
	"key":                   "'it''s §': b",
	"after a mark":          "\ufeff- a: b §",
	"second value":          "a: {b: 'x', c: \"é\", d: e § f}",
	"dashes":                "- - - a: b §",
	"multi-line in flow":    "[a,\n b\n c §\n]",
	"asked key":             "? b §\n: c",
}

func TestPlacesInsideScalars(t *testing.T) {
	for name, text := range marked {
		t.Run(name, func(t *testing.T) {
			src := sourced(t, text)
			doc := NewDocument(src, nil)
			root, problems := doc.Parse()
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			want := placeOf(src, strings.Index(src.Text, "§"))
			found := 0
			scalarsOf(root, func(n *expr.Node) {
				if i := strings.Index(n.Text, "§"); i >= 0 {
					found++
					if got := doc.Origin(n)(i); got != want {
						t.Errorf("§ of %q is at %s, want %s", n.Text, got, want)
					}
				}
			})
			if found != 1 {
				t.Errorf("%d scalars have the mark", found)
			}
		})
	}
}

func TestPlacesOfOddLines(t *testing.T) {
	// A separator of Unicode ends a line to YAML, but not to an editor.
	src := sourced(t, "a: 'b\u2028  c'\nd: 'e'\rf: g § h\n")
	doc := NewDocument(src, nil)
	root, problems := doc.Parse()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	scalarsOf(root, func(n *expr.Node) { got = append(got, n.Place.String()) })
	want := []string{"site.yml:1:1", "site.yml:1:4", "site.yml:2:1", "site.yml:2:4", "site.yml:2:8", "site.yml:2:11"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if at := doc.Origin(root.Get("f"))(2); at != root.Get("f").Place {
		t.Errorf("inside the scalar: %s", at)
	}
}

func TestPlacesOfNodes(t *testing.T) {
	n, problems := ParseYAML("site.yml", []byte("é: \"ü\"\n日本: {x: é, y: z}\nl:\n  - a\n  -\n    b: c\n"), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	scalarsOf(n, func(n *expr.Node) { got = append(got, n.Text+" "+n.Place.String()[len("site.yml:"):]) })
	want := []string{"é 1:1", "ü 1:4", "日本 2:1", "x 2:6", "é 2:9", "y 2:12", "z 2:15", "l 3:1", "a 4:5", "b 6:5", "c 6:8"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
