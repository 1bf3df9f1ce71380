package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	largestValue  = 32 << 10
	largestConfig = 64 << 10
	longestID     = 255
)

// A Resource is an add-on as its vendor's back-end answers it.
type Resource struct {
	ID      string            // the vendor's id; "" where the answer has none
	Config  map[string]string // declared variables only; these are secrets
	Unset   []string          // variables that the answer wants removed
	Dropped []string          // the names of others, which nobody gets
	Message string            // for the user; untrusted text
	Pending bool              // the back-end will finish it later, by the callback
}

// read takes over what an answer's body holds. The id is asked for by the caller.
func (r *Resource) read(body []byte, m *Manifest) error {
	root, err := parse(body)
	if err != nil {
		return fmt.Errorf("the answer is %w", err)
	}
	if root.kind != object {
		return fmt.Errorf("the answer is JSON, but no object")
	}
	if n := root.get("id"); n != nil {
		if r.ID, err = identifier(n); err != nil {
			return err
		}
	}
	r.Message = root.get("message").str()
	return r.settings(root.get("config"), m)
}

// identifier reads a vendor's id: a text, or an integer as it was written.
func identifier(n *node) (string, error) {
	switch integer := n.kind == number && !strings.ContainsAny(n.text, ".eE"); {
	case n.kind != text && !integer:
		return "", fmt.Errorf("the answer's id is neither a text nor an integer")
	case n.text == "":
		return "", fmt.Errorf("the answer's id is empty")
	case len(n.text) > longestID:
		return "", fmt.Errorf("the answer's id is longer than %d bytes", longestID)
	case strings.ContainsFunc(n.text, unicode.IsControl):
		return "", fmt.Errorf("the answer's id has a control character in it")
	}
	return n.text, nil
}

// settings reads config: declared names only, numbers and booleans as they were
// written, null for what is to be removed. A value that is none of these spoils
// the whole, as nobody knows what was meant.
func (r *Resource) settings(n *node, m *Manifest) error {
	if n == nil || n.kind == null {
		return nil
	}
	if n.kind != object {
		return fmt.Errorf("the answer's config is no object")
	}
	config, size := map[string]string{}, 0
	for _, v := range n.members {
		switch {
		case v.value.kind == object || v.value.kind == array:
			return fmt.Errorf("the answer's config has a list or an object under %q", printable(v.name))
		case !m.Declares(v.name):
			r.Dropped = append(r.Dropped, printable(v.name))
			continue
		case v.value.kind == null:
			r.Unset = append(r.Unset, v.name)
			continue
		case strings.ContainsRune(v.value.text, 0):
			return fmt.Errorf("the answer's config has a NUL in %s", v.name)
		case len(v.value.text) > largestValue:
			return fmt.Errorf("the answer's config has more than %d bytes in %s", largestValue, v.name)
		}
		if size += len(v.value.text); size > largestConfig {
			return fmt.Errorf("the answer's config has more than %d bytes", largestConfig)
		}
		config[v.name] = v.value.text
	}
	slices.Sort(r.Dropped)
	r.Config = config
	return nil
}

// Merge returns an add-on's variables after an answer: what it names is replaced,
// what it wants removed is not there any more, and all else is kept.
func (r *Resource) Merge(before map[string]string) map[string]string {
	after := map[string]string{}
	for name, value := range before {
		if !slices.Contains(r.Unset, name) {
			after[name] = value
		}
	}
	for name, value := range r.Config {
		after[name] = value
	}
	return after
}

// refusalText returns what a refusal says for the user: its message, its error, or its
// plain text; "" for a page.
func refusalText(body []byte) string {
	if root, err := parse(body); err == nil {
		for _, name := range []string{"message", "error"} {
			if s := root.get(name).str(); s != "" {
				return s
			}
		}
		if root.kind == text {
			return root.text
		}
		return ""
	}
	plain := strings.TrimSpace(string(body))
	if strings.HasPrefix(plain, "<") || !utf8.ValidString(plain) {
		return ""
	}
	return plain
}

// printable makes a text of others fit for one line: bounded, nothing but letters.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 256 {
		s = string(runes[:256]) + "…"
	}
	return strings.TrimSpace(s)
}
