package syntax

import (
	"strconv"
	"strings"
)

// Options are how a template is marked and read.
type Options struct {
	VariableStart, VariableEnd string
	BlockStart, BlockEnd       string
	CommentStart, CommentEnd   string
	TrimBlocks                 bool // one newline behind a block is left out
	LstripBlocks               bool // white space from the beginning of a line to a block is left out
	Escapes                    bool // a backslash escapes in strings inside {{ }} too
}

// Defaults are Ansible's for the text of a playbook.
func Defaults() Options {
	return Options{VariableStart: "{{", VariableEnd: "}}", BlockStart: "{%", BlockEnd: "%}", CommentStart: "{#", CommentEnd: "#}", TrimBlocks: true}
}

// Set changes an option by Jinja's name. It reports whether there is such an
// option, and the value fits it.
func (o *Options) Set(name, text string) bool {
	if p := o.marker(name); p != nil {
		*p = text
		return text != ""
	}
	yes, err := strconv.ParseBool(strings.ToLower(text))
	switch name {
	case "trim_blocks":
		o.TrimBlocks = yes
	case "lstrip_blocks":
		o.LstripBlocks = yes
	default:
		return false
	}
	return err == nil
}

func (o *Options) marker(name string) *string {
	switch name {
	case "variable_start_string":
		return &o.VariableStart
	case "variable_end_string":
		return &o.VariableEnd
	case "block_start_string":
		return &o.BlockStart
	case "block_end_string":
		return &o.BlockEnd
	case "comment_start_string":
		return &o.CommentStart
	case "comment_end_string":
		return &o.CommentEnd
	}
	return nil
}

// Header reads the first line of a template's file if it is one of options,
// "#jinja2: trim_blocks:False, …", and returns the text behind it; bad is the entry
// that cannot be read.
func (o *Options) Header(text string) (rest, bad string) {
	line, rest, _ := strings.Cut(text, "\n")
	list, ok := strings.CutPrefix(line, "#jinja2:")
	if !ok {
		return text, ""
	}
	for entry := range strings.SplitSeq(list, ",") {
		name, v, _ := strings.Cut(entry, ":")
		v = strings.TrimSpace(v)
		if len(v) > 1 && (v[0] == '\'' || v[0] == '"') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		if !o.Set(strings.TrimSpace(name), v) {
			return rest, strings.TrimSpace(entry)
		}
	}
	return rest, ""
}

// next finds the first marker from an offset on: where it is, and its text; -1 if
// there is none. Of two at one place the longer counts.
func (o *Options) next(text string, from int) (at int, marker string) {
	if o.VariableStart == "{{" && o.BlockStart == "{%" && o.CommentStart == "{#" {
		if at = nextMarker(text, from); at >= 0 {
			marker = text[at : at+2]
		}
		return at, marker
	}
	at = -1
	for _, m := range []string{o.VariableStart, o.BlockStart, o.CommentStart} {
		i := strings.Index(text[from:], m)
		if i >= 0 && (at < 0 || from+i < at || from+i == at && len(m) > len(marker)) {
			at, marker = from+i, m
		}
	}
	return at, marker
}
