package differ_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A tree is a playbook or a part of one: nil, a text, plain, *node, seq or dict.
type tree any

// plain is a scalar that stands as it is: true, 3, null.
type plain string

// A seq is a list.
type seq []tree

// A dict is a map whose keys keep their order.
type dict []pair

type pair struct {
	key   string
	value tree
}

// get returns the value of a key, nil if there is none.
func (d dict) get(key string) tree {
	for _, p := range d {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// yaml writes a tree as YAML in block style.
func yaml(t tree) string {
	var b strings.Builder
	write(&b, t, "")
	return strings.TrimPrefix(b.String(), "\n") + "\n"
}

// write writes a tree behind "key:" or "-", what has lines of its own at an indent.
func write(b *strings.Builder, t tree, indent string) {
	switch t := t.(type) {
	case seq:
		if len(t) == 0 {
			b.WriteString(" []")
		}
		for _, e := range t {
			b.WriteString("\n" + indent + "-")
			var item strings.Builder
			write(&item, e, indent+"  ")
			b.WriteString(regexp.MustCompile(`^\n\s*`).ReplaceAllString(item.String(), " "))
		}
	case dict:
		if len(t) == 0 {
			b.WriteString(" {}")
		}
		for _, p := range t {
			b.WriteString("\n" + indent + scalar(p.key) + ":")
			write(b, p.value, indent+"  ")
		}
	case nil:
	default:
		text := scalarOf(t)
		b.WriteString(" " + text)
	}
}

func scalarOf(t tree) string {
	switch t := t.(type) {
	case string:
		return scalar(t)
	case plain:
		return string(t)
	case *node:
		return scalar(t.String())
	}
	panic(fmt.Sprintf("%T in a tree", t))
}

// unquoted matches texts that YAML reads as the text that they are.
var unquoted = regexp.MustCompile(`^[A-Za-z_/][\w ./(=<>+-]*[\w)]$|^[A-Za-z]$`)

// words of YAML that are no text.
var noText = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n)$`)

// scalar writes a text, in quotes where it needs them.
func scalar(s string) string {
	if unquoted.MatchString(s) && !noText.MatchString(s) {
		return s
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		quoted, _ := json.Marshal(s)
		return string(quoted)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// simpler lists trees that are t with less in it.
func simpler(t tree) []tree {
	var out []tree
	switch t := t.(type) {
	case seq:
		for size := len(t) / 2; size >= 1; size /= 2 {
			for at := 0; at+size <= len(t); at += size {
				out = append(out, slices.Concat(t[:at], t[at+size:]))
			}
		}
		for i, e := range t {
			if d, ok := e.(dict); ok {
				for _, part := range []string{"block", "rescue", "always"} {
					if tasks, ok := d.get(part).(seq); ok {
						out = append(out, slices.Concat(t[:i], tasks, t[i+1:]))
					}
				}
			}
			for _, s := range simpler(e) {
				out = append(out, slices.Concat(t[:i], seq{s}, t[i+1:]))
			}
		}
	case dict:
		for i, p := range t {
			if p.key == "gather_facts" || p.key == "hosts" {
				continue // without them the two differ on purpose
			}
			out = append(out, slices.Concat(t[:i], t[i+1:]))
		}
		for i, p := range t {
			for _, s := range simpler(p.value) {
				out = append(out, slices.Concat(t[:i], dict{{p.key, s}}, t[i+1:]))
			}
		}
	case *node:
		for _, s := range t.simpler() {
			out = append(out, s)
		}
	}
	return out
}
