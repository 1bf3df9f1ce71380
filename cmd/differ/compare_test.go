package differ_test

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A played holds what a program made of a playbook.
type played struct {
	code             int
	stdout, messages string // messages: standard error
}

var (
	banner = regexp.MustCompile(`^(PLAY RECAP|(?:PLAY|TASK|RUNNING HANDLER)(?: \[(.*)\])?) \*{3,}$`)
	state  = regexp.MustCompile(`^(?:(?:ok|changed|skipping|included|fatal|failed): |\.\.\.ignoring$|FAILED - RETRYING: )`)
	// aboutItself matches lines about the program rather than about the run.
	aboutItself = regexp.MustCompile(`^(?:No config file found; using defaults|Using \S+ as config file|Skipping callback .*|task path: .*|META: .*` +
		`|NOTIFIED HANDLER .*|Notification for handler .*|Read vars_file .*|PLAYBOOK: .*|\d+ plays in .*` +
		`|ansible-playbook \[core .*|  (?:config file|configured module search path|ansible python module location` +
		`|ansible collection location|executable location|python version|jinja version|pyyaml version) = .*)$`)
	before   = regexp.MustCompile(`(?:=>|Result was:) \{`)
	included = regexp.MustCompile(`^included: (.*?) for localhost(.*)$`)
	retrying = regexp.MustCompile(`(\(\d+ retries left\)\.).*`)
	detail   = regexp.MustCompile(` => .*`)
)

// normalised returns what counts of an output, as lines: without spaces at ends, the number
// of stars, the layout of JSON, what failures say of themselves, and full paths of files.
func normalised(text string) []string {
	var out, section []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if aboutItself.MatchString(line) {
			continue
		}
		if m := banner.FindStringSubmatch(line); m != nil {
			out = append(out, normalisedSection(section)...)
			section = nil
			line = m[1] + " ***"
			if strings.Contains(m[2], "<<") || strings.Contains(m[2], "{{") { // a name that cannot be rendered
				kind, _, _ := strings.Cut(m[1], "[")
				line = kind + "[?] ***"
			}
		}
		section = append(section, line)
	}
	out = append(out, normalisedSection(section)...)
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// normalisedSection does so with the lines between two banners, the first banner included.
func normalisedSection(lines []string) []string {
	type token struct {
		known bool // a state or a banner
		line  string
	}
	var tokens []token
	failing := false
	for at := 0; at < len(lines); at++ {
		line := lines[at]
		known := state.MatchString(line) || at == 0 && strings.HasSuffix(line, " ***")
		if state.MatchString(line) {
			more, head, value := resultOf(lines[at:])
			at += more
			bad := strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "failed: ")
			failing = failing || bad
			line = normalisedState(line, head, value, bad)
		}
		tokens = append(tokens, token{known, line})
	}
	var out []string
	for _, t := range tokens {
		if failing && !t.known { // details of errors
			continue
		}
		if failing || t.line != "" || len(out) == 0 || out[len(out)-1] != "" {
			out = append(out, t.line)
		}
	}
	if failing {
		out = append(out, "")
	}
	return out
}

// resultOf reads the JSON behind the state that lines begin with: over how many more lines
// it goes, what stands before it, and the value, nil if there is none.
func resultOf(lines []string) (more int, head string, value any) {
	text := strings.Join(lines, "\n")
	first := len(lines[0])
	for _, m := range before.FindAllStringIndex(lines[0], -1) {
		d := json.NewDecoder(strings.NewReader(text[m[1]-1:]))
		d.UseNumber()
		if d.Decode(&value) != nil {
			continue
		}
		end := m[1] - 1 + int(d.InputOffset())
		if rest, _, _ := strings.Cut(text[end:], "\n"); strings.TrimSpace(rest) == "" {
			if end > first {
				more = strings.Count(text[first:end], "\n")
			}
			return more, strings.TrimRight(lines[0][:m[0]], " "), value
		}
		value = nil
	}
	return 0, "", nil
}

func normalisedState(line, head string, value any, bad bool) string {
	switch {
	case bad && value != nil:
		if m, ok := value.(map[string]any); ok && m["censored"] != nil {
			head += " (censored)"
		}
		return head
	case bad:
		return detail.ReplaceAllString(line, "")
	case strings.HasPrefix(line, "FAILED - RETRYING: "):
		return retrying.ReplaceAllString(line, "$1")
	case strings.HasPrefix(line, "included: "):
		m := included.FindStringSubmatch(line)
		if m == nil {
			return line
		}
		if !strings.HasPrefix(m[1], "{DIR}") {
			m[1] = path.Join("{DIR}", m[1])
		}
		return "included: " + path.Clean(m[1]) + " for localhost" + m[2]
	case value != nil:
		b, _ := json.Marshal(value) // keys sorted
		return head + " => " + string(b)
	}
	return line
}

// A difference is how two programs played a playbook differently.
type difference struct {
	kind         string // the same for what differs alike, in short
	ours, theirs played
}

// differ returns how outcomes differ, nil if they do not.
func differ(ours, theirs played) *difference {
	d := &difference{ours: ours, theirs: theirs}
	switch {
	case ours.code == 4 && theirs.code != 0: // what is certain to fail is refused before anything runs
		return nil
	case ours.code == 4:
		d.kind = "refused: " + gist(firstMessage(ours.messages))
	case ours.code != theirs.code:
		d.kind = fmt.Sprintf("exit %d instead of %d: %s", ours.code, theirs.code, gist(errorOf(ours, theirs)))
	default:
		mine, other := normalised(ours.stdout), normalised(theirs.stdout)
		if slices.Equal(mine, other) {
			return nil
		}
		at := 0
		for at < min(len(mine), len(other)) && mine[at] == other[at] {
			at++
		}
		d.kind = "output: " + first(mine, at) + " instead of " + first(other, at)
	}
	return d
}

// lines returns Ansible's lines that are not ours, each after a -, and ours, after a +.
func (d *difference) lines() string {
	mine, other := normalised(d.ours.stdout), normalised(d.theirs.stdout)
	var b strings.Builder
	for _, l := range other {
		if !slices.Contains(mine, l) {
			b.WriteString("-" + l + "\n")
		}
	}
	for _, l := range mine {
		if !slices.Contains(other, l) {
			b.WriteString("+" + l + "\n")
		}
	}
	return b.String()
}

// first returns the kind of line at a place: its first word.
func first(lines []string, at int) string {
	if at >= len(lines) {
		return "the end"
	}
	word, _, _ := strings.Cut(lines[at], " ")
	if word == "" {
		return "an empty line"
	}
	if strings.Contains(lines[at], " => ") {
		word += " =>"
	}
	return gist(word)
}

// errorOf returns what the program says that failed where the other did not.
func errorOf(ours, theirs played) string {
	if theirs.code != 0 {
		all := theirs.stdout + theirs.messages
		if m := regexp.MustCompile(`(?m)^\[ERROR\]: (.*)`).FindAllStringSubmatch(all, -1); m != nil {
			return m[len(m)-1][1]
		}
		if m := regexp.MustCompile(`"msg": "([^"]*)`).FindStringSubmatch(all); m != nil {
			return m[1]
		}
		return ""
	}
	if m := regexp.MustCompile(`(?m)^\[ERROR\]: (.*)`).FindStringSubmatch(ours.stdout + ours.messages); m != nil {
		return m[1]
	}
	return firstMessage(ours.messages)
}

// firstMessage returns the first problem of a standard error.
func firstMessage(text string) string {
	if i := strings.Index(text, "error: "); i >= 0 {
		text = text[i:]
	}
	for line := range strings.SplitSeq(text, "\n") {
		if _, message, ok := strings.Cut(line, ".yml:"); ok && !strings.Contains(line, "warning") {
			return message
		}
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}

var particulars = regexp.MustCompile(`"[^"]*"|'[^']*'|\d+|: \S+\.(?:yml|j2)\b|\{DIR\}\S*`)

// gist returns a message without names and numbers.
func gist(message string) string {
	s := particulars.ReplaceAllString(message, "…")
	if r := []rune(s); len(r) > 110 {
		s = string(r[:110])
	}
	return s
}
