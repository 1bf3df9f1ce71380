package reading

import (
	"strconv"
	"strings"
	"testing"
)

// Values of several lines cannot be read when they are cut; the line of a mistake
// that stands behind, between or before them must be found all the same.
func TestLineOfMistake(t *testing.T) {
	good := map[string]string{
		"list":    "- debug:\n    msg: [a,\n\n      b, {c: d,\n      e: f}]\n",
		"double":  "- debug:\n    msg: \"a\n\n      b: c\n      - d\"\n",
		"single":  "- debug:\n    msg: 'a\n      it''s: \"c\n      d'\n",
		"block":   "- debug:\n    msg: |\n      a: b: c\n      \"d\n\n",
		"plain":   "- debug:\n    msg: a\n\n     b 'c\n",
		"comment": "- debug:\n    # a: b: c\n    msg: a # \"\n",
	}
	bad := map[string]struct{ text, want string }{
		"indentation": {"- debug:\n    msg: a\n   verbosity: 1\n", "+3:4: the indentation does not fit the lines above"},
		"colon":       {"- debug:\n    msg: a: b\n", "+2:11: a colon and a space stand inside a text without quotes"},
		"quote":       {"- debug:\n    msg: 'a\n", "+2:10: this quote is never closed"},
		"bracket":     {"- debug:\n    msg: [a, b\n", "+2:10: this [ is never closed"},
		"after":       {"- debug:\n    msg: [a, b] c\n", "+2:16: text goes on after the closing ]"},
		"start":       {"- debug:\n    msg: @a\n", "+2:10: text cannot start with @"},
		"no colon":    {"- debug:\n    msg\n    verbosity: 1\n", "+2:5: a key without a colon"},
	}
	for goodName, before := range good {
		for badName, test := range bad {
			if badName == "quote" && goodName == "single" {
				continue // the next quote would close it
			}
			for _, n := range []int{0, 1, 7, 40} {
				text := strings.Repeat(before, n)
				at, want, _ := strings.Cut(strings.TrimPrefix(test.want, "+"), ":")
				line := strings.Count(text, "\n") + int(at[0]-'0')
				text += test.text
				if badName != "quote" && badName != "bracket" {
					text += strings.Repeat(before, n)
				}
				_, problems := ParseYAML("site.yml", []byte(text), nil)
				if len(problems) != 1 {
					t.Errorf("%s among %d of %s: reported %v", badName, n, goodName, problems)
					continue
				}
				p := *problems[0]
				p.Hint = ""
				if got := strings.TrimPrefix(p.Error(), "site.yml:"); got != strconv.Itoa(line)+":"+want {
					t.Errorf("%s among %d of %s: reported %s, want %d:%s", badName, n, goodName, got, line, want)
				}
			}
		}
	}
}
