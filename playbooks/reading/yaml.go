package reading

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// ParseYAML reads one YAML document, a file of variables for instance, into a
// tree whose scalars are parsed as templates. An empty text is an empty Scalar.
// The node is nil if a problem is no warning. What is vaulted is opened by v.
func ParseYAML(name string, text []byte, v *Vault) (*expr.Node, []*diagnostic.Problem) {
	src, p := SourceOf(name, text, v)
	if p != nil {
		return nil, []*diagnostic.Problem{p}
	}
	return ParseSource(src, v)
}

// ParseSource is ParseYAML for a source that was opened already.
func ParseSource(src *diagnostic.Source, v *Vault) (*expr.Node, []*diagnostic.Problem) {
	doc := NewDocument(src, v)
	n, problems := doc.Parse()
	if Failed(problems) {
		return nil, problems
	}
	for _, m := range doc.Templates(n, nil) {
		problems = append(problems, m.Problem.Each()...)
	}
	if Failed(problems) {
		return nil, problems
	}
	if src.Secret {
		v.Note(n)
	}
	return n, problems
}

// FromYAML returns the value of a YAML document. Nothing in it is a template.
func FromYAML(text string) (value.Value, error) {
	src, p := SourceOf("", []byte(text), nil)
	if p != nil {
		return nil, unplaced(p)
	}
	n, problems := NewDocument(src, nil).parseYAML()
	for _, p := range problems {
		if p.Severity == diagnostic.Error {
			return nil, unplaced(p)
		}
	}
	return ValueOf(n), nil
}

// unplaced returns a problem in a text that has no name: with its line at most.
func unplaced(p *diagnostic.Problem) error {
	if p.Place.Line == 0 {
		return errors.New(p.Msg)
	}
	return fmt.Errorf("line %d, column %d: %s", p.Place.Line, p.Place.Col, p.Msg)
}

// ValueOf returns what a tree without templates stands for.
func ValueOf(n *expr.Node) value.Value {
	switch n.Shape {
	case expr.Sequence:
		list := make([]value.Value, len(n.Items))
		for i, item := range n.Items {
			list[i] = ValueOf(item)
		}
		return list
	case expr.Mapping:
		m := &value.Map{}
		for _, e := range n.Entries {
			m.Set(e.Key.Value, ValueOf(e.Value))
		}
		return m
	}
	return n.Value
}

// Failed reports whether a list holds more than warnings.
func Failed(problems []*diagnostic.Problem) bool {
	for _, p := range problems {
		if p.Severity == diagnostic.Error {
			return true
		}
	}
	return false
}

// Parse reads the document's tree, in which nothing is a template yet: of JSON, or of
// YAML. The node is nil when the text is neither, or too much of it.
func (d *Document) Parse() (n *expr.Node, problems []*diagnostic.Problem) {
	if isJSON(d.src.Text) {
		n, problems = d.parseJSON()
	} else {
		n, problems = d.parseYAML()
	}
	if n != nil {
		markNames(n)
		d.vault.noteMarked(n)
	}
	return n, problems
}

func (d *Document) parseYAML() (*expr.Node, []*diagnostic.Problem) {
	y, next, err := decode(d.src.Text)
	if err != nil && !errors.Is(err, io.EOF) {
		if text, changed := mended(d.src.Text); changed {
			if again, second, bad := decode(text); bad == nil {
				y, next, err = again, second, nil
				restore(y)
			}
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return &expr.Node{Place: d.place(1, 1)}, nil
	case err != nil:
		return nil, []*diagnostic.Problem{d.explain(err)}
	case next != nil:
		return nil, []*diagnostic.Problem{diagnostic.Problemf(d.place(next.Line, next.Column), "a second YAML document starts here").
			WithHint("put each into a file of its own")}
	case len(y.Content) == 0:
		return &expr.Node{Place: d.place(y.Line, y.Column)}, nil
	}
	b := builder{doc: d, anchors: map[*yaml.Node]*anchor{}}
	n := b.node(y.Content[0], 1)
	if b.stopped {
		return nil, b.problems
	}
	return n, b.problems
}

// decode returns the first document of a text, and the second if there is one. The
// error is io.EOF where there is not even one.
func decode(text string) (first, second *yaml.Node, err error) {
	defer func() {
		// The library is no longer maintained: what it did not foresee must not
		// end the program.
		if r := recover(); r != nil {
			first, second, err = nil, nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(strings.NewReader(readable11(text)))
	first = &yaml.Node{}
	if err := dec.Decode(first); err != nil {
		return nil, nil, err
	}
	second = &yaml.Node{}
	if err := dec.Decode(second); errors.Is(err, io.EOF) {
		return first, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	return first, second, nil
}

// version finds the directive of a YAML version in front of a document.
var version = regexp.MustCompile(`^(?:[ \t]*(?:#[^\n]*)?\n)*(%)YAML[ \t]+1\.\d+[ \t]*(?:#[^\n]*)?\r?\n`)

// readable11 makes a comment of the directive %YAML 1.x. Python reads all versions
// alike; the package of ours refuses those that are not 1.1.
func readable11(text string) string {
	m := version.FindStringSubmatchIndex(text)
	if m == nil {
		return text
	}
	return text[:m[2]] + "#" + text[m[3]:]
}
