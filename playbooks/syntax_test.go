package playbooks

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
				_, problems := Parse("site.yml", []byte(text), options())
				if len(problems) != 1 {
					t.Errorf("%s among %d of %s: told %v", badName, n, goodName, problems)
					continue
				}
				p := *problems[0]
				p.Hint = ""
				if got := strings.TrimPrefix(p.Error(), "site.yml:"); got != strconv.Itoa(line)+":"+want {
					t.Errorf("%s among %d of %s: told %s, want %d:%s", badName, n, goodName, got, line, want)
				}
			}
		}
	}
}

func TestKeysThatAreOne(t *testing.T) {
	for text, want := range map[string]string{
		"{1: a, 1.0: b}":  "line 1, column 8: the key \"1.0\" is there twice",
		"{yes: a, 1: b}":  "line 1, column 10: the key \"1\" is there twice",
		"{~: a, null: b}": "line 1, column 8: the key \"null\" is there twice",
		"{0: a, off: b}":  "line 1, column 8: the key \"off\" is there twice",
		"{1: a, '1': b, i: c, j: d, k: e, l: f, m: g, n: h, o: i, p: j, o: k}": "line 1, column 64: the key \"o\" is there twice",
		"{99999999999999999999: a, 99999999999999999999: b}":                   "line 1, column 27: the key \"99999999999999999999\" is there twice",
		"{<<: {a: b}, <<: {c: d}}":                                             "line 1, column 14: the key \"<<\" is there twice",
		"{1: a, '1': b, 1.5: c, '<<': d, <<: {e: f}}":                          "",
	} {
		_, err := FromYAML(text)
		if got := message(err); got != want {
			t.Errorf("%s: told %q, want %q", text, got, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
