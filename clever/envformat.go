package clever

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// EnvFormats lists the formats that WriteEnv knows.
func EnvFormats() []string { return []string{"dotenv", "json", "k8s-secret", "shell"} }

// WriteEnv writes variables in a format, in the order given:
//
//	dotenv      NAME="value" per line, for docker compose and the dotenv libraries
//	shell       export NAME='value' per line, for eval
//	json        one object
//	k8s-secret  a Kubernetes Secret manifest called name
//
// It fails, before it writes anything, for an unknown format, for a value that
// the format cannot hold (a NUL anywhere but in JSON and Secrets), and for a name
// that is no variable's where the format needs one.
func WriteEnv(w io.Writer, format, name string, env []EnvVar) error {
	var text string
	var err error
	switch format {
	case "dotenv":
		text, err = envLines(env, func(v EnvVar) string { return v.Name + "=" + dotenvQuote(v.Value) })
	case "shell":
		text, err = envLines(env, func(v EnvVar) string { return "export " + v.Name + "=" + shellQuote(v.Value) })
	case "json":
		text, err = envJSON(env)
	case "k8s-secret":
		text, err = envSecret(name, env)
	default:
		return unknown("format", format, "", EnvFormats())
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func envLines(env []EnvVar, line func(EnvVar) string) (string, error) {
	var b strings.Builder
	for _, v := range env {
		if !variableName.MatchString(v.Name) {
			return "", fmt.Errorf("%q cannot be the name of a variable: take json", v.Name)
		}
		if strings.ContainsRune(v.Value, 0) {
			return "", fmt.Errorf("the value of %s holds a NUL, which no variable can hold: take json", v.Name)
		}
		b.WriteString(line(v))
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// shellQuote gives a word that every POSIX shell reads as text.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// dotenvQuote gives a value that dotenv libraries read as it is: in single
// quotes, where nothing is special; in double quotes with escapes for what
// single ones cannot hold.
func dotenvQuote(s string) string {
	if !strings.ContainsAny(s, "'\n\r\\") {
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "$", `\$`, "`", "\\`").Replace(s) + `"`
}

func envJSON(env []EnvVar) (string, error) {
	values := make(map[string]string, len(env))
	for _, v := range env {
		values[v.Name] = v.Value
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(values)
	return b.String(), err
}

var (
	secretKey  = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)
	secretName = regexp.MustCompile(`[^a-z0-9]+`)
)

// envSecret writes values in base64, as the API itself keeps them: no YAML rule
// can touch them.
func envSecret(name string, env []EnvVar) (string, error) {
	name = strings.Trim(secretName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if name == "" {
		name = "addon"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ntype: Opaque\ndata:", name[:min(len(name), 253)])
	if len(env) == 0 {
		b.WriteString(" {}")
	}
	b.WriteByte('\n')
	for _, v := range env {
		if !secretKey.MatchString(v.Name) {
			return "", fmt.Errorf("%q cannot be a key of a Secret: take json", v.Name)
		}
		fmt.Fprintf(&b, "  %q: %s\n", v.Name, base64.StdEncoding.EncodeToString([]byte(v.Value)))
	}
	return b.String(), nil
}
