package clever

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A dotenvReader is a program, or a library, that reads dotenv files by rules of its
// own. Its quote returns a value as it is to be written, false where it cannot be.
type dotenvReader struct {
	name  string
	quote func(value string) (string, bool)
}

// dotenvReaders returns the readers that files can be written for.
func dotenvReaders() []dotenvReader {
	return []dotenvReader{
		{"node", quoteForNode}, {"docker", quoteForDocker}, {"compose", quoteForCompose}, {"systemd", quoteForSystemd},
		{"python", quoteForPython}, {"ruby", quoteForRuby}, {"php", quoteForPHP}, {"direnv", quoteForDirenv},
		{"bash", func(s string) (string, bool) { return shellQuote(s), true }}, {"make", quoteForMake},
	}
}

// DotenvReaders lists the readers that a dotenv file can be written for alone.
func DotenvReaders() []string {
	var list []string
	for _, r := range dotenvReaders() {
		list = append(list, r.name)
	}
	return list
}

// dotenvLine writes a variable for one reader, or so that all of node, compose,
// godotenv, python, ruby, bash and systemd read it back; docker and make, which know
// no quotes, have to be named.
func dotenvLine(v EnvVar, reader string) (string, error) {
	if err := checkVariable(v); err != nil {
		return "", err
	}
	if reader == "" {
		quoted, why := quoteForAll(v.Value)
		if len(why) > 0 {
			return "", &unwritableError{v.Name, why, readersOf(v.Value)}
		}
		return v.Name + "=" + quoted, nil
	}
	readers := dotenvReaders()
	i := slices.IndexFunc(readers, func(r dotenvReader) bool { return r.name == reader })
	if i < 0 {
		return "", Unknown("reader", reader, "dotenv files", DotenvReaders())
	}
	quoted, ok := readers[i].quote(v.Value)
	if !ok {
		return "", &unwritableError{v.Name, []string{reader + " has no way to write what it holds"}, readersOf(v.Value)}
	}
	return v.Name + "=" + quoted, nil
}

// readersOf lists who could read a value if the file were written for him alone.
func readersOf(value string) []string {
	var list []string
	for _, r := range dotenvReaders() {
		if _, ok := r.quote(value); ok {
			list = append(list, r.name)
		}
	}
	return list
}

// An unwritableError is a value that a reader would take for another one.
type unwritableError struct {
	name string
	why  []string
	able []string // who could read it
}

func (e *unwritableError) Error() string {
	return fmt.Sprintf("the value of %s cannot be written so that every reader of dotenv files reads it back: %s", e.name, strings.Join(e.why, "; "))
}

// Hint says for whom it can be written.
func (e *unwritableError) Hint() string {
	if len(e.able) == 0 {
		return "take another format, such as json"
	}
	return "say who reads the file, for: " + strings.Join(e.able, ", ") + "; or take json"
}

// Detail is empty.
func (*unwritableError) Detail() string { return "" }

// pythonVariable is what python-dotenv replaces, in whatever quotes.
var pythonVariable = regexp.MustCompile(`\$\{[^}:]*(:-[^}]*)?\}`)

// misreadings are what readers do with a value in the form that the others need:
// single quotes, or double ones without any escape for what holds a single quote.
func misreadings() []struct {
	has func(s string) bool
	why string
} {
	single := func(s string) bool { return strings.Contains(s, "'") }
	return []struct {
		has func(s string) bool
		why string
	}{
		{func(s string) bool { return !utf8.ValidString(s) }, "node and python read UTF-8 only, and it is not"},
		{func(s string) bool { return strings.Contains(s, "\r") }, "python would read its carriage return as a line end"},
		{func(s string) bool { return strings.Contains(s, "\n") }, "ruby would read its first line only, unless written as \\n, which bash does not undo"},
		{func(s string) bool { return strings.ContainsFunc(s, isDropped) }, "systemd would drop it for its control characters"},
		{pythonVariable.MatchString, "python would replace its ${…} by a variable"},
		{func(s string) bool { return !single(s) && strings.Contains(s, `\\`) }, "python would read two backslashes as one"},
		{func(s string) bool { return !single(s) && strings.HasSuffix(s, `\`) }, "python, compose and godotenv would take its last backslash and the closing quote for a quote"},
		{func(s string) bool { return single(s) && strings.ContainsAny(s, `"\`) }, `it has ' with " or \, which need an escape that node does not undo`},
		{func(s string) bool { return single(s) && strings.ContainsAny(s, "$`") }, "it has ' with $ or `, which bash would replace without an escape that node does not undo"},
	}
}

func isDropped(r rune) bool { return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' && r != '\r' }

// quoteForAll returns a value as every reader reads it back, or why there is no such
// form.
func quoteForAll(s string) (quoted string, why []string) {
	for _, m := range misreadings() {
		if m.has(s) {
			why = append(why, m.why)
		}
	}
	if strings.Contains(s, "'") {
		return `"` + s + `"`, why
	}
	return "'" + s + "'", why
}

// inSingle returns a value in single quotes that undo nothing, false where it holds
// one of the characters in bad, a single quote, or a backslash at its end, which
// would hide the closing quote.
func inSingle(s, bad string) (string, bool) {
	return "'" + s + "'", !strings.ContainsAny(s, "'"+bad) && !strings.HasSuffix(s, `\`)
}

// inDouble returns a value in double quotes, with its characters replaced by escapes.
func inDouble(s string, escapes ...string) string {
	return `"` + strings.NewReplacer(escapes...).Replace(s) + `"`
}

// quoteForNode: of escapes dotenv and Node.js know \n and \r, in double quotes only.
func quoteForNode(s string) (string, bool) {
	if quoted, ok := inSingle(s, "\r"); ok {
		return quoted, true
	}
	if !strings.ContainsAny(s, `"\`) {
		return inDouble(s, "\r", `\r`), utf8.ValidString(s)
	}
	if !strings.ContainsAny(s, "`\r") && !strings.HasSuffix(s, `\`) {
		return "`" + s + "`", true
	}
	return s, bare.MatchString(s)
}

// bare is what means itself without quotes.
var bare = regexp.MustCompile(`^[^\s'"` + "`" + `#][^'"` + "`" + `#\r\n]*[^\s'"` + "`" + `#]$`)

// quoteForDocker: docker run --env-file takes all behind the = as it is.
func quoteForDocker(s string) (string, bool) {
	return s, !strings.ContainsAny(s, "\n\r") && utf8.ValidString(s)
}

// quoteForCompose: compose and godotenv undo escapes in double quotes, and look for
// the closing quote without counting backslashes.
func quoteForCompose(s string) (string, bool) {
	if quoted, ok := inSingle(s, "\r"); ok {
		return quoted, true
	}
	ends := strings.HasSuffix(s, `\`) || strings.HasSuffix(s, `"`)
	return inDouble(s, `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "$", `\$`), !ends
}

// quoteForSystemd: in double quotes four characters take a backslash; values with
// control characters are dropped.
func quoteForSystemd(s string) (string, bool) {
	quoted := inDouble(s, `\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	return quoted, utf8.ValidString(s) && !strings.ContainsFunc(s, isDropped) && !strings.Contains(s, "\r")
}

// quoteForPython: python-dotenv undoes \\ and \' in single quotes, and replaces ${…}
// everywhere.
func quoteForPython(s string) (string, bool) {
	ok := utf8.ValidString(s) && !pythonVariable.MatchString(s)
	switch {
	case strings.HasSuffix(s, `\`): // which would hide any closing quote
		return s, ok && bare.MatchString(s)
	case strings.Contains(s, "\r"):
		return inDouble(s, `\`, `\\`, `"`, `\"`, "\r", `\r`), ok && !strings.HasSuffix(s, `"`)
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'", ok
}

// quoteForRuby: a value is on one line; in double quotes dotenv undoes \n before it
// undoes \\.
func quoteForRuby(s string) (string, bool) {
	if quoted, ok := inSingle(s, "\r\n"); ok {
		return quoted, true
	}
	return inDouble(s, `"`, `\"`, "\n", `\n`, "\r", `\r`, "$", `\$`), !strings.Contains(s, `\`) && !strings.Contains(s, "$(") && utf8.ValidString(s)
}

// quoteForPHP: phpdotenv knows values of several lines in double quotes only.
func quoteForPHP(s string) (string, bool) {
	if !strings.ContainsAny(s, "'\n\r") {
		return "'" + s + "'", utf8.ValidString(s)
	}
	return inDouble(s, `\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`), utf8.ValidString(s)
}

// quoteForDirenv: a value is on one line; double quotes undo \n before \\.
func quoteForDirenv(s string) (string, bool) {
	if quoted, ok := inSingle(s, "\r\n"); ok {
		return quoted, true
	}
	return inDouble(s, `"`, `\"`, "\n", `\n`, "\r", `\r`, "$", `\$`), !strings.Contains(s, `\`)
}

// quoteForMake: make's assignments have no quotes, and end with their line.
func quoteForMake(s string) (string, bool) {
	bad := strings.ContainsAny(s, "\n\r") || strings.HasSuffix(s, `\`) || strings.Contains(s, `\#`) || strings.TrimLeft(s, " \t") != s
	return strings.NewReplacer("$", "$$", "#", `\#`).Replace(s), !bad
}
