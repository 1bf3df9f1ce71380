package clever

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// An envForm is how a format writes variables, one after the other.
type envForm struct {
	format      string
	head        func(EnvOptions) (string, error)
	line        func(EnvVar, EnvOptions) (string, error)
	between     string
	foot        string
	none        string         // instead of lines and foot, where there are no variables
	key         *regexp.Regexp // finds the names in what was written, quoted or not
	quotedNames bool
}

var (
	dotenvKey = regexp.MustCompile(`(?m)^([A-Za-z_][A-Za-z0-9_]*)=`)
	shellKey  = regexp.MustCompile(`(?m)^export ([A-Za-z_][A-Za-z0-9_]*)=`)
	yamlKey   = regexp.MustCompile(`(?m)^("(?:[^"\\]|\\.)*"): `)
	jsonKey   = regexp.MustCompile(`(?m)^  ("(?:[^"\\]|\\.)*"): `)
)

func envForms() []envForm {
	text := func(head string) func(EnvOptions) (string, error) {
		return func(EnvOptions) (string, error) { return head, nil }
	}
	alone := func(line func(EnvVar) (string, error)) func(EnvVar, EnvOptions) (string, error) {
		return func(v EnvVar, _ EnvOptions) (string, error) { return line(v) }
	}
	dotenv := func(v EnvVar, o EnvOptions) (string, error) { return dotenvLine(v, o.For) }
	return []envForm{
		{format: "dotenv", head: text(""), line: dotenv, between: "\n", foot: "\n", key: dotenvKey},
		{format: "json", head: text("{"), line: alone(jsonLine), between: ",", foot: "\n}\n", none: "}\n", key: jsonKey, quotedNames: true},
		{format: "k8s-secret", head: secretHead, line: alone(secretLine), foot: "\n", none: " {}\n", key: jsonKey, quotedNames: true},
		{format: "shell", head: text(""), line: alone(shellLine), between: "\n", foot: "\n", key: shellKey},
		{format: "yaml", head: text(""), line: alone(yamlLine), between: "\n", foot: "\n", none: "{}\n", key: yamlKey, quotedNames: true},
	}
}

// EnvFormats lists the formats that WriteEnv knows.
func EnvFormats() []string {
	var list []string
	for _, f := range envForms() {
		list = append(list, f.format)
	}
	return list
}

func envFormOf(format string) (envForm, error) {
	forms := envForms()
	i := slices.IndexFunc(forms, func(f envForm) bool { return f.format == format })
	if i < 0 {
		return envForm{}, Unknown("format", format, "", EnvFormats())
	}
	return forms[i], nil
}

// EnvOptions say how variables are written.
type EnvOptions struct {
	Format string // one of EnvFormats
	// Name is what a Secret is called; it has to be a name that Kubernetes takes.
	Name string
	// Namespace is that of a Secret; "" leaves it out.
	Namespace string
	// For is the one of DotenvReaders that a dotenv file is for; "" is for all but
	// those that know no quotes.
	For string
}

// WriteEnv writes variables, in the order given, in a format:
//
//	dotenv      NAME='value' per line, for docker compose and the dotenv libraries
//	shell       export NAME='value' per line, for eval
//	json        one object
//	yaml        one map
//	k8s-secret  a Kubernetes Secret manifest
//
// It fails, before it writes anything, for an unknown format, for a value that
// the format cannot hold (a NUL in dotenv and shell, what is not UTF-8 in JSON and
// YAML, what readers of dotenv files would take for something else), and for a name
// that is no variable's, or no Secret's, where the format needs one.
func WriteEnv(w io.Writer, o EnvOptions, env []EnvVar) error {
	form, err := envFormOf(o.Format)
	if err != nil {
		return err
	}
	text, err := form.write(o, env)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

func (f envForm) write(o EnvOptions, env []EnvVar) (string, error) {
	head, err := f.head(o)
	if err != nil {
		return "", err
	}
	if len(env) == 0 {
		return head + f.none, nil
	}
	var b strings.Builder
	b.WriteString(head)
	var wrong []error
	for i, v := range env {
		line, err := f.line(v, o)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if i > 0 {
			b.WriteString(f.between)
		}
		b.WriteString(line)
	}
	b.WriteString(f.foot)
	if len(wrong) == 1 {
		return "", wrong[0]
	}
	return b.String(), errors.Join(wrong...)
}

// An EnvChange is how one variable differs from what a file holds.
type EnvChange struct {
	Name          string
	Before, After bool // whether it is there
}

// EnvChanges tells which variables differ from what WriteEnv once wrote in the
// same format, in the order of env, those that are gone last. A text that was
// written by hand may be read wrongly: it is for showing, not for deciding.
func EnvChanges(text string, o EnvOptions, env []EnvVar) []EnvChange {
	form, err := envFormOf(o.Format)
	if err != nil {
		return nil
	}
	names, lines := form.read(text)
	var changes []EnvChange
	wanted := map[string]bool{}
	for _, v := range env {
		wanted[v.Name] = true
		line, err := form.line(v, o)
		before, there := lines[v.Name]
		if err != nil || !there || before != strings.Trim(line, "\n") {
			changes = append(changes, EnvChange{Name: v.Name, Before: there, After: true})
		}
	}
	for _, name := range names {
		if !wanted[name] {
			changes = append(changes, EnvChange{Name: name, Before: true})
		}
	}
	return changes
}

// read returns the names in a text, and the line of each.
func (f envForm) read(text string) (names []string, lines map[string]string) {
	lines = map[string]string{}
	found := f.key.FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text) - len(f.foot)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		name := text[at[2]:at[3]]
		if f.quotedNames && json.Unmarshal([]byte(name), &name) != nil {
			continue
		}
		line := strings.Trim(text[at[0]:max(end, at[1])], "\n")
		if i+1 < len(found) {
			line = strings.TrimSuffix(line, strings.Trim(f.between, "\n"))
		}
		if _, twice := lines[name]; !twice {
			names = append(names, name)
		}
		lines[name] = line
	}
	return names, lines
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func checkVariable(v EnvVar) error {
	if !variableName.MatchString(v.Name) {
		return fmt.Errorf("%q cannot be the name of a variable: take json", v.Name)
	}
	if strings.ContainsRune(v.Value, 0) {
		return fmt.Errorf("the value of %s holds a NUL, which no variable can hold: take json", v.Name)
	}
	return nil
}

func shellLine(v EnvVar) (string, error) {
	return "export " + v.Name + "=" + shellQuote(v.Value), checkVariable(v)
}

// shellQuote returns a word that every POSIX shell reads as text.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// quoted writes a name and a value as JSON strings, in which what YAML holds for
// unprintable is escaped too.
func quoted(v EnvVar) (string, error) {
	name, err := jsonQuote(v.Name)
	if err != nil {
		return "", fmt.Errorf("the name %q is not UTF-8, so no text of this format can hold it", v.Name)
	}
	value, err := jsonQuote(v.Value)
	if err != nil {
		return "", fmt.Errorf("the value of %s is not UTF-8, so no text of this format can hold it: take k8s-secret", v.Name)
	}
	return name + ": " + value, nil
}

func jsonLine(v EnvVar) (string, error) {
	line, err := quoted(v)
	return "\n  " + line, err
}

func yamlLine(v EnvVar) (string, error) { return quoted(v) }

func jsonQuote(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%q is not UTF-8", s)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if r >= 0x7f && r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String(), nil
}

var (
	secretKey  = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)
	secretName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	namespace  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	noName     = regexp.MustCompile(`[^a-z0-9]+`)
)

// CheckSecretName returns what is wrong with the name of a Secret.
func CheckSecretName(name string) error {
	if len(name) > 253 || !secretName.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a Secret: it takes at most 253 lower-case letters, digits, - and ., and begins and ends with a letter or digit", name)
	}
	return nil
}

// CheckNamespace returns what is wrong with the name of a namespace of Kubernetes.
func CheckNamespace(name string) error {
	if !namespace.MatchString(name) {
		return fmt.Errorf("%q cannot be a namespace: it takes at most 63 lower-case letters, digits and -, and begins and ends with a letter or digit", name)
	}
	return nil
}

// SecretName makes a name that a Secret can have of another one.
func SecretName(name string) string {
	name = strings.Trim(noName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if name == "" {
		return "addon"
	}
	return strings.TrimRight(name[:min(len(name), 253)], "-")
}

// secretHead quotes each name: without quotes 2024, on and 1e3 are no texts.
func secretHead(o EnvOptions) (string, error) {
	if err := CheckSecretName(o.Name); err != nil {
		return "", err
	}
	in := ""
	if o.Namespace != "" {
		if err := CheckNamespace(o.Namespace); err != nil {
			return "", err
		}
		in = fmt.Sprintf("  namespace: %q\n", o.Namespace)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata:\n  name: %q\n%stype: Opaque\ndata:", o.Name, in), nil
}

// secretLine writes a value in base64, as the API itself keeps it: no YAML rule
// can touch it.
func secretLine(v EnvVar) (string, error) {
	if !secretKey.MatchString(v.Name) {
		return "", fmt.Errorf("%q cannot be a key of a Secret: take json", v.Name)
	}
	return fmt.Sprintf("\n  %q: %q", v.Name, base64.StdEncoding.EncodeToString([]byte(v.Value))), nil
}
