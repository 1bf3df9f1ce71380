package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// listOfTexts returns the items of a list as texts, of a text those between its commas.
// path leads to the list, for errors.
func listOfTexts(path string, v value.Value) ([]string, error) {
	var list []string
	switch v := v.(type) {
	case string:
		for item := range strings.SplitSeq(v, ",") {
			list = append(list, strings.TrimSpace(item))
		}
	case []value.Value:
		for i, item := range v {
			text, err := itemText(fmt.Sprintf("%s[%d]", path, i), item)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
	default:
		return nil, fmt.Errorf("%s wants a list, not %s", path, value.TypeName(v))
	}
	return list, nil
}

// mapOfTexts returns the values of a map as texts. An error is placed where the value
// was written, in n.
func mapOfTexts(path string, n *expr.Node, v value.Value) (map[string]string, error) {
	m, ok := v.(*value.Map)
	if !ok {
		return nil, fmt.Errorf("%s wants a map, not %s", path, value.TypeName(v))
	}
	texts := make(map[string]string, m.Len())
	for key, val := range m.All() {
		name := value.Text(key)
		text, err := itemText(path+"."+name, val)
		if err != nil {
			return nil, diagnostic.From(err, placeOf(n, name))
		}
		texts[name] = text
	}
	return texts, nil
}

// itemText returns the text of an item: a boolean that a template returned is written as
// the platform writes it.
func itemText(path string, v value.Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", fmt.Errorf("%s is nothing, and text is wanted: write \"\" for an empty text", path)
	case bool:
		return strconv.FormatBool(v), nil
	case []value.Value, *value.Map:
		return "", fmt.Errorf("%s wants text, not %s", path, value.TypeName(v))
	}
	return value.Text(v), nil
}

// placeOf returns where the value under a key was written.
func placeOf(n *expr.Node, key string) diagnostic.Place {
	if part := n.Get(key); part != nil {
		return part.Place
	}
	return n.Place
}

// written returns a node whose scalars are texts as they were written, keys too: 0755 is
// "0755" and NO is "NO". What is nothing stays nothing, and templates stay templates.
func written(n *expr.Node) *expr.Node {
	if n == nil {
		return nil
	}
	text := *n
	if n.Shape == expr.Scalar && n.Tmpl == nil && n.Value != nil {
		text.Value = n.Text
	}
	text.Items, text.Entries = slices.Clone(n.Items), slices.Clone(n.Entries)
	for i, item := range text.Items {
		text.Items[i] = written(item)
	}
	for i, e := range text.Entries {
		text.Entries[i] = expr.Entry{Key: writtenKey(e.Key), Value: written(e.Value)}
	}
	return &text
}

// writtenKey is written for a key, which is a text even where it looks like nothing.
func writtenKey(n *expr.Node) *expr.Node {
	text := *n
	if n.Tmpl == nil {
		text.Value = n.Text
	}
	return &text
}
