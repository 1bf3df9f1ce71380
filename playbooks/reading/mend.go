package reading

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// yaml.v3 refuses two things that PyYAML reads: a question mark inside a plain text of a
// flow collection ({u: postgresql://h/d?sslmode=require}), and \/ in double quotes, which
// PHP writes. This is the one place that mends that, in front of the library: a text that
// it refuses is read once more with stand-ins of the same width in their places, which are
// taken out of what was read. Places and everything else stay as they are.

// The stand-ins are of Unicode's private use; a text that holds one is not mended.
const (
	standInMark      = "\uf8f0"       // for ? behind a character of a word
	standInBackslash = "\uf8f1\uf8f2" // for \/
)

var innerMark = regexp.MustCompile(`[^\s,\[\]{}:?-]\?+`)

// mended returns a text with stand-ins, and whether it holds any.
func mended(text string) (string, bool) {
	if strings.ContainsAny(text, standInMark+standInBackslash) {
		return text, false
	}
	out := innerMark.ReplaceAllStringFunc(text, func(s string) string { return strings.ReplaceAll(s, "?", standInMark) })
	out = escapedSlash.ReplaceAllStringFunc(out, func(s string) string {
		slashes := len(s) - 1
		if slashes%2 == 0 { // backslashes that are escaped themselves
			return s
		}
		return s[:slashes-1] + standInBackslash
	})
	return out, out != text
}

var escapedSlash = regexp.MustCompile(`\\+/`)

// restore takes the stand-ins out of a tree.
func restore(n *yaml.Node) {
	if n == nil {
		return
	}
	slash := `\/`
	if n.Kind == yaml.ScalarNode && n.Style&yaml.DoubleQuotedStyle != 0 {
		slash = "/"
	}
	back := strings.NewReplacer(standInMark, "?", standInBackslash, slash)
	for _, text := range []*string{&n.Value, &n.Tag, &n.HeadComment, &n.LineComment, &n.FootComment} {
		*text = back.Replace(*text)
	}
	for _, inner := range n.Content {
		restore(inner)
	}
}
