package reading

import (
	"strings"

	"gopkg.in/yaml.v3"

	"runner/diagnostic"
	"runner/engine/expr"
)

// node builds one node. What is wrong in it is noted, and stands for null.
func (b *builder) node(y *yaml.Node, depth int) *expr.Node {
	b.height = max(b.height, depth)
	if depth > deepest && !b.stopped {
		b.stopped = true
		b.problem(b.doc.place(y.Line, y.Column), "this is nested deeper than %d levels", deepest)
	}
	if b.stopped {
		return b.make(b.doc.place(y.Line, y.Column))
	}
	if y.Kind == yaml.AliasNode {
		return b.alias(y, depth)
	}
	if y.Anchor == "" {
		return b.plainNode(y, depth)
	}
	a := &anchor{}
	b.anchors[y] = a
	before, height := b.count, b.height
	b.height = depth
	n := b.plainNode(y, depth)
	*a = anchor{node: n, size: b.count - before, height: b.height - depth}
	b.height = max(height, b.height)
	return n
}

// alias returns the node that an alias repeats, the same one each time.
func (b *builder) alias(y *yaml.Node, depth int) *expr.Node {
	at := b.doc.place(y.Line, y.Column)
	a := b.anchors[y.Alias]
	if a == nil || a.node == nil {
		b.problem(at, "the alias *%s stands inside what it repeats", y.Value)
		return b.make(at)
	}
	b.count += a.size
	b.repeated += a.size
	b.height = max(b.height, depth+a.height)
	if b.repeated > mostRepeated || b.height > deepest {
		b.stopped = true
		b.problem(at, "the aliases of this file make it too large").
			WithHint("at most %d repeated values, nested %d levels deep", mostRepeated, deepest)
		return b.make(at)
	}
	if b.doc.shared == nil {
		b.doc.shared = map[*expr.Node]bool{}
	}
	b.doc.shared[a.node] = false
	return a.node
}

func (b *builder) plainNode(y *yaml.Node, depth int) *expr.Node {
	defer func(was bool) { b.unsafe = was }(b.unsafe)
	n := b.make(b.start(y))
	if y.Style&yaml.TaggedStyle != 0 && !b.tag(y, n.Place) {
		return n
	}
	switch y.Kind {
	case yaml.SequenceNode:
		n.Shape = expr.Sequence
		n.Items = make([]*expr.Node, len(y.Content))
		for i, item := range y.Content {
			n.Items[i] = b.node(item, depth+1)
		}
	case yaml.MappingNode:
		b.mapping(n, y, depth)
	default:
		b.scalar(n, y)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		b.reshape(n, y.ShortTag())
	}
	return n
}

// start is where a node itself starts, after its anchor and tag if it is a scalar.
func (b *builder) start(y *yaml.Node) diagnostic.Place {
	at := b.doc.place(y.Line, y.Column)
	if y.Kind != yaml.ScalarNode || y.Anchor == "" && y.Style&yaml.TaggedStyle == 0 || b.doc.odd {
		return at
	}
	w := walker{src: b.doc.src.Text, at: b.doc.offset(y.Line, y.Column), place: at}
	for w.at < len(w.src) && strings.IndexByte("!& \t\r\n", w.src[w.at]) >= 0 {
		if c := w.step(); c == '!' || c == '&' {
			for w.at < len(w.src) && !isBlank(rune(w.src[w.at])) {
				w.step()
			}
		}
	}
	return w.place
}

// tag takes note of a node's tag; it is false when the node cannot be used.
func (b *builder) tag(y *yaml.Node, at diagnostic.Place) bool {
	scalar := y.Kind == yaml.ScalarNode
	switch tag := y.ShortTag(); tag {
	case "!unsafe":
		b.unsafe = true
		return true
	case "!!str", "!!merge", "!vault", "!vault-encrypted", "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!timestamp":
		if scalar {
			return true
		}
		b.problem(at, "the tag %s is for single values, not for lists or maps", tag)
		return false
	case "!!seq", "!!omap", "!!pairs":
		if y.Kind == yaml.SequenceNode {
			return true
		}
	case "!!map", "!!set":
		if y.Kind == yaml.MappingNode {
			return true
		}
	default:
		b.problem(at, "unknown tag %q", tag)
		return false
	}
	b.problem(at, "the tag %s does not fit this value", y.ShortTag())
	return false
}

func (b *builder) mapping(n *expr.Node, y *yaml.Node, depth int) {
	if b.bareTemplate(n, y) {
		return
	}
	n.Shape = expr.Mapping
	n.Entries = make([]expr.Entry, 0, len(y.Content)/2)
	var merged []expr.Entry
	var seen keys
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := b.key(y.Content[i], depth+1)
		value := b.node(y.Content[i+1], depth+1)
		if key == nil {
			continue
		}
		merge := isMerge(y.Content[i])
		if merge {
			merged = overlay(merged, b.merge(key, value))
		} else if first := seen.add(key); first != nil {
			b.problems = append(b.problems, twice(key, first))
			replace(n.Entries, first, value)
		} else {
			n.Entries = append(n.Entries, expr.Entry{Key: key, Value: value})
		}
	}
	if merged != nil {
		n.Entries = overlay(merged, n.Entries)
	}
}

// reshape makes a list of what a tag says is a set, and lists of two of pairs.
func (b *builder) reshape(n *expr.Node, tag string) {
	switch tag {
	case "!!set":
		for _, e := range n.Entries {
			n.Items = append(n.Items, e.Key)
		}
		n.Shape, n.Entries = expr.Sequence, nil
	case "!!omap", "!!pairs":
		for i, item := range n.Items {
			if len(item.Entries) != 1 {
				b.problem(item.Place, "each item of %s is a map of one key", tag)
				continue
			}
			e := item.Entries[0]
			n.Items[i] = &expr.Node{Shape: expr.Sequence, Place: item.Place, Items: []*expr.Node{e.Key, e.Value}}
		}
	}
}

// isMerge reports whether a key is <<, or tagged as that.
func isMerge(y *yaml.Node) bool {
	return y.Tag == "!!merge" && (y.Style == 0 || y.Style&yaml.TaggedStyle != 0)
}

// twice warns of a key that stands in a map already: the last one counts.
func twice(key, first *expr.Node) *diagnostic.Problem {
	p := diagnostic.Problemf(key.Place, "the key %q is there twice, and the last one counts", key.Text).
		WithHint("the first one is in line %d", first.Place.Line)
	p.Severity, p.Rule = diagnostic.Warning, DuplicateKey
	return p
}

// DuplicateKey is the rule of warnings about keys that stand twice in one map.
const DuplicateKey = "duplicate-key"

// replace returns a key that is there another value.
func replace(entries []expr.Entry, key, value *expr.Node) {
	for i := range entries {
		if entries[i].Key == key {
			entries[i].Value = value
		}
	}
}

// bareTemplate notices {{ x }} without quotes, which YAML reads as a map
// whose key is a map.
func (b *builder) bareTemplate(n *expr.Node, y *yaml.Node) bool {
	if len(y.Content) == 0 || y.Style&yaml.FlowStyle == 0 || y.Content[0].Kind != yaml.MappingNode ||
		y.Content[0].Line != y.Line || y.Content[0].Column != y.Column+1 {
		return false
	}
	at := b.doc.offset(y.Line, y.Column)
	line, _, _ := strings.Cut(b.doc.src.Text[at:], "\n")
	if text, _, ok := strings.Cut(line, "}}"); ok && !strings.Contains(text, " #") {
		b.problem(n.Place, "missing quotes around a template").WithHint(`write "%s}}"`, text)
	} else {
		b.problem(n.Place, "missing quotes around a template").WithHint(`write "{{ … }}"`)
	}
	return true
}

// key builds a key, nil if it is none that we can use.
func (b *builder) key(y *yaml.Node, depth int) *expr.Node {
	if y.Kind == yaml.MappingNode && b.bareTemplate(b.make(b.doc.place(y.Line, y.Column)), y) {
		return nil
	}
	key := b.node(y, depth)
	if key.Shape != expr.Scalar {
		b.problem(key.Place, "a list or a map cannot be a key")
		return nil
	}
	return key
}
