package format

import (
	"fmt"
	"strings"
)

// A yamlLook says in which styles a scalar may be written.
type yamlLook struct {
	empty, breaks                 bool
	flowPlain, blockPlain, single bool
}

func isYAMLBreak(r rune) bool { return r == '\n' || r == '\u0085' || r == '\u2028' || r == '\u2029' }

func isYAMLBlank(r rune) bool {
	return isYAMLBreak(r) || r == 0 || r == ' ' || r == '\t' || r == '\r'
}

// printableYAML reports what needs no escape: of what is beyond 16 bits, nothing.
func printableYAML(r rune) bool {
	switch {
	case r == '\n', r >= ' ' && r <= '~', r == '\u0085':
		return true
	case r == '\uFEFF':
		return false
	}
	return r >= 0xA0 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD
}

// analyzeYAML looks for what forbids the simpler styles.
func analyzeYAML(s string) yamlLook {
	if s == "" {
		return yamlLook{empty: true, blockPlain: true, single: true}
	}
	r := []rune(s)
	l := yamlLook{}
	marks := strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...")
	flow, block := marks, marks
	special, breakSpace, spaceBreak := false, false, false
	for i, c := range r {
		f, b := yamlIndicator(r, i)
		flow, block = flow || f, block || b
		l.breaks = l.breaks || isYAMLBreak(c)
		special = special || !printableYAML(c)
		if i > 0 {
			breakSpace = breakSpace || c == ' ' && isYAMLBreak(r[i-1])
			spaceBreak = spaceBreak || isYAMLBreak(c) && r[i-1] == ' '
		}
	}
	edge := func(c rune) bool { return c == ' ' || isYAMLBreak(c) }
	plain := !edge(r[0]) && !edge(r[len(r)-1]) && !breakSpace && !spaceBreak && !special && !l.breaks
	l.flowPlain, l.blockPlain = plain && !flow, plain && !block
	l.single = !breakSpace && !spaceBreak && !special
	return l
}

// yamlIndicator reports whether the i-th character means something to YAML, in
// flow and in block collections.
func yamlIndicator(r []rune, i int) (flow, block bool) {
	followed := i+1 >= len(r) || isYAMLBlank(r[i+1])
	c := r[i]
	if i == 0 {
		switch {
		case strings.ContainsRune("#,[]{}&*!|>'\"%@`", c):
			return true, true
		case c == '?' || c == ':':
			return true, followed
		case c == '-' && followed:
			return true, true
		}
		return false, false
	}
	switch {
	case strings.ContainsRune(",?[]{}", c):
		return true, false
	case c == ':':
		return true, followed
	case c == '#' && isYAMLBlank(r[i-1]):
		return true, true
	}
	return false, false
}

// plain writes a scalar without quotes; long ones are broken at single spaces.
func (w *yamlWriter) plain(s string, split bool) {
	if s == "" {
		return
	}
	if !w.space {
		w.put(" ")
	}
	w.space, w.fresh = false, false
	w.words(s, split, func() {
		w.newIndent()
		w.space, w.fresh = false, false
	})
}

// words writes text, and breaks it where a lone space stands beyond the width.
func (w *yamlWriter) words(s string, split bool, breakLine func()) {
	for i := 0; i < len(s); {
		n := strings.IndexByte(s[i:], ' ')
		if n < 0 {
			w.put(s[i:])
			return
		}
		w.put(s[i : i+n])
		i += n
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], " "))
		if run == 1 && w.column > w.style.Width && split && i > 0 && i+1 < len(s) {
			breakLine()
		} else {
			w.put(s[i : i+run])
		}
		i += run
	}
}

// single writes a scalar in single quotes; its line breaks are doubled.
func (w *yamlWriter) single(s string, split bool) {
	w.indicator("'", true, false, false)
	for first := true; s != ""; first = false {
		n := strings.IndexFunc(s, isYAMLBreak)
		if n < 0 {
			n = len(s)
		}
		if n > 0 {
			w.singleLine(s[:n], split, first, n == len(s))
		}
		s = s[n:]
		rest := strings.TrimLeftFunc(s, isYAMLBreak)
		if breaks := s[:len(s)-len(rest)]; breaks != "" {
			if breaks[0] == '\n' {
				w.newline()
			}
			for _, r := range breaks {
				if r == '\n' {
					w.newline()
					continue
				}
				w.b.WriteRune(r)
				w.column, w.space, w.fresh = 0, true, true
			}
			w.newIndent()
		}
		s = rest
	}
	w.indicator("'", false, false, false)
}

func (w *yamlWriter) singleLine(s string, split, first, last bool) {
	s = strings.ReplaceAll(s, "'", "''")
	if !first && strings.HasPrefix(s, " ") || !last && strings.HasSuffix(s, " ") {
		split = false
	}
	w.words(s, split, w.newIndent)
}

// double writes a scalar in double quotes with escapes. As libyaml does, it goes to the next
// line at a space behind the width.
func (w *yamlWriter) double(s string, split bool) {
	w.indicator(`"`, true, false, false)
	r := []rune(s)
	spaces := false
	for i, c := range r {
		switch {
		case strings.ContainsRune("\"\\\r\u0085\u2028\u2029\uFEFF\n", c) || !printableYAML(c):
			w.put(yamlEscape(c))
			spaces = false
		case c != ' ':
			w.put(string(c))
			spaces = false
		case split && !spaces && w.column > w.style.Width && i > 0 && i < len(r)-1:
			w.newIndent()
			w.space, w.fresh = false, false
			if r[i+1] == ' ' {
				w.put(`\`)
			}
			spaces = true
		default:
			w.put(" ")
			spaces = true
		}
	}
	w.indicator(`"`, false, false, false)
}

func yamlEscape(r rune) string {
	const from = "\x00\a\b\t\n\v\f\r\x1b\"\\\u0085\u00a0\u2028\u2029"
	const to = `0abtnvfre"\N_LP`
	for i, f := range []rune(from) {
		if f == r {
			return `\` + to[i:i+1]
		}
	}
	switch {
	case r <= 0xFF:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xFFFF:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}
