package builtin_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// These choose how the test against the installed Ansible runs: by hand with another
// seed and for longer.
var (
	differSeed  = flag.Uint64("differ.seed", 1, "seed of the expressions that are compared with Ansible's")
	differCount = flag.Int("differ.count", 1500, "how many expressions are compared with Ansible's")
)

// A peer is an ansible-core, which evaluates expressions.
type peer struct {
	in  io.Writer
	out *bufio.Scanner
	// strict: it is 2.19 or later, whose answers count, and expressions are templates.
	strict bool
}

// newPeer starts the ansible-core of the tree that ANSIBLE_TREE names, or the installed
// one, or skips the test where there is neither.
func newPeer(t testing.TB) *peer {
	t.Helper()
	words, home := []string{"/usr/bin/python3"}, t.TempDir() // ansible makes folders in it
	if tree := os.Getenv("ANSIBLE_TREE"); tree != "" {
		words, home = append([]string{"chroot", tree}, words...), "/root"
	}
	script, err := os.ReadFile("testdata/evaluate.py")
	if err != nil {
		t.Fatal(err)
	}
	try := exec.Command(words[0], append(slices.Clone(words[1:]), "-c", "import ansible.template")...)
	try.Env = append(try.Environ(), "HOME="+home)
	if err := try.Run(); err != nil {
		t.Skipf("ansible-core is not installed for %q", words)
	}
	cmd := exec.Command(words[0], append(words[1:], "-c", string(script))...)
	cmd.Env = append(cmd.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8", "HOME="+home, "ANSIBLE_DEPRECATION_WARNINGS=False")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	s := bufio.NewScanner(out)
	s.Buffer(nil, 16<<20)
	if !s.Scan() {
		t.Fatalf("ansible-core does not start: %v", s.Err())
	}
	version := strings.Trim(s.Text(), `"`)
	t.Logf("compared with ansible-core %s", version)
	return &peer{in, s, !regexp.MustCompile(`^2\.(\d|1[0-8])\.`).MatchString(version)}
}

// An outcome is what an expression comes to: a value as text, or an error.
type outcome struct {
	text string
	err  string
	skip bool
}

// ask returns what Ansible makes of an expression.
func (p *peer) ask(t testing.TB, text string) outcome {
	t.Helper()
	b, err := json.Marshal(map[string]any{"expr": text, "vars": differVars})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil || !p.out.Scan() {
		t.Fatalf("Ansible ended at %s: %v, %v", text, err, p.out.Err())
	}
	v, err := format.FromJSON(p.out.Text())
	if err != nil {
		t.Fatal(err)
	}
	m := v.(*value.Map)
	if e, ok := m.Get("error"); ok {
		return outcome{err: value.Text(e)}
	}
	if _, ok := m.Get("skip"); ok {
		return outcome{skip: true}
	}
	v, _ = m.Get("value")
	return outcome{text: shown(unwrapped(v))}
}

// unwrapped makes maps of {"map": pairs}.
func unwrapped(v value.Value) value.Value {
	switch v := v.(type) {
	case []value.Value:
		out := make([]value.Value, len(v))
		for i, e := range v {
			out[i] = unwrapped(e)
		}
		return out
	case *value.Map:
		pairs, _ := v.Get("map")
		m := &value.Map{}
		for _, p := range pairs.([]value.Value) {
			pair := unwrapped(p).([]value.Value)
			m.Set(pair[0], pair[1])
		}
		return m
	}
	return v
}

// shown writes a value so that types show: 1, 1.0, True and '1' differ. The order
// of keys counts for nothing, as between dicts.
func shown(v value.Value) string {
	switch v := v.(type) {
	case []value.Value:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = shown(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *value.Map:
		var parts []string
		for k, e := range v.All() {
			parts = append(parts, shown(k)+": "+shown(e))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case float64:
		return fmt.Sprintf("%.14g float", v)
	}
	return value.Repr(v)
}

// differVars are the variables of the expressions.
var differVars = map[string]any{
	"i": 7, "n": -3, "f": 2.5, "s": "Hello World", "e": "", "t": "a,b;c d", "b": true, "z": nil, "u": "straße Éa", "num": "42",
	"l": []any{3, 1, 2, 3}, "w": []any{"b", "a", "B", "aa"}, "m": []any{1, "1", 1.5, nil, true}, "ll": []any{[]any{1, 2}, []any{3, []any{4}}},
	"d": map[string]any{"a": 1, "b": "x", "c": []any{1}}, "dd": map[string]any{"x": map[string]any{"k": 1}, "y": map[string]any{"k": 2}},
	"r": []any{map[string]any{"n": "ann", "g": "x", "v": 2}, map[string]any{"n": "Bob", "g": "y", "v": 1}, map[string]any{"n": "cy", "g": "x", "v": 3}},
	"p": "/a/b.c/d.tar.gz", "url": "https://user:pw@example.com:8080/p/a;x?q=1&r=2#frag",
}

type differScope struct{}

func (differScope) Lookup(_ *expr.Context, name string) (value.Value, bool, error) {
	v, ok := differVars[name]
	return format.FromGo(v), ok, nil
}

// ours returns what we make of an expression, or of the template that it is to a strict peer.
func (p *peer) ours(text string) outcome {
	t, err := expr.ParseExpr(builtin.Table(), text, nil)
	if p.strict {
		t, err = expr.Parse(builtin.Table(), "{{ "+text+" }}", nil)
	}
	if err != nil {
		return outcome{err: err.Error()}
	}
	v, err := t.Eval(&expr.Context{Scope: differScope{}})
	if err == nil && p.strict {
		v, err = value.Complete(v)
	}
	if err != nil {
		if e, ok := err.(*value.Error); ok && e.Class == value.LimitError {
			return outcome{skip: true}
		}
		return outcome{err: err.Error()}
	}
	return outcome{text: shown(v)}
}

// agrees reports whether two outcomes are alike: one value, or both an error.
func agrees(a, b outcome) bool {
	return a.skip || b.skip || (a.err != "") == (b.err != "") && a.text == b.text
}

// A node is an expression that was made up: a form with places for others.
type node struct {
	form string // "%s | upper"
	kids []*node
}

func (n *node) String() string {
	args := make([]any, len(n.kids))
	for i, k := range n.kids {
		args[i] = k.String()
	}
	return fmt.Sprintf(n.form, args...)
}

func leafOf(r *rand.Rand) *node {
	leaves := strings.Split("i n f s e t b z u num l w m ll d dd r p url 0 1 2 -1 3.7 0.5 10 true false none 'a' 'x y' '' '12' ' p ' '0x1f' "+
		"'A,b' [] [1] ['a','b'] {} {'a':2} {'k':'v'} (1,2) nope", " ")
	leaf := leaves[r.IntN(len(leaves))]
	if leaf == "'x" || leaf == "y'" || leaf == "'" || leaf == "p" {
		leaf = "'x y'"
	}
	return &node{form: strings.ReplaceAll(leaf, "%", "%%")}
}

// A grown expression is at most so deep.
func grown(r *rand.Rand, depth int) *node {
	if depth == 0 || r.IntN(5) == 0 {
		return leafOf(r)
	}
	form := differForms[r.IntN(len(differForms))]
	n := &node{form: form}
	for range strings.Count(strings.ReplaceAll(form, "%%", ""), "%s") {
		n.kids = append(n.kids, grown(r, depth-1-r.IntN(2)*min(depth-1, 1)))
	}
	return n
}

// shrunk returns the smallest expression it finds that still differs.
func shrunk(n *node, differs func(*node) bool) *node {
	for {
		smaller := slices.IndexFunc(simpler(n), differs)
		if smaller < 0 {
			return n
		}
		n = simpler(n)[smaller]
	}
}

// simpler lists expressions that are n with less in it.
func simpler(n *node) []*node {
	out := slices.Clone(n.kids)
	for i, k := range n.kids {
		replaced := func(with *node) *node {
			kids := slices.Clone(n.kids)
			kids[i] = with
			return &node{n.form, kids}
		}
		for _, s := range simpler(k) {
			out = append(out, replaced(s))
		}
		if len(k.kids) > 0 {
			for _, leaf := range []string{"none", "1", "'a'", "[]", "l", "d", "s"} {
				out = append(out, replaced(&node{form: leaf}))
			}
		}
	}
	return out
}

// TestExpressionsAsTheInstalledAnsible makes up expressions and compares what they
// come to. What differs is shrunk and reported; mend it, and keep it as a case of
// testdata/cases.json.
func TestExpressionsAsTheInstalledAnsible(t *testing.T) {
	p := newPeer(t)
	t.Chdir("/") // which relative paths start from
	r := rand.New(rand.NewPCG(*differSeed, 0))
	differs := func(n *node) bool {
		text := n.String()
		mine := p.ours(text)
		if mine.skip {
			return false
		}
		theirs := p.ask(t, text)
		return !agrees(mine, theirs) && !(p.strict && meantDifference(text, mine, theirs) || !p.strict && knownDifference(text, mine, theirs))
	}
	found := map[string]bool{}
	count := 0
	for ; count < *differCount && len(found) < 40; count++ {
		n := grown(r, 3)
		if !differs(n) {
			continue
		}
		text := shrunk(n, differs).String()
		if found[text] {
			continue
		}
		found[text] = true
		mine, theirs := p.ours(text), p.ask(t, text)
		t.Errorf("%s\n\tours    %s%s\n\tAnsible %s%s", text, mine.text, errorText(mine), theirs.text, errorText(theirs))
	}
	t.Logf("%d expressions compared", count)
}

func errorText(o outcome) string {
	if o.err == "" {
		return ""
	}
	return "error: " + o.err
}
