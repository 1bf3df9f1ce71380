package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"runner/clever"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/suggest"
)

// find looks for credentials: where the spec says, or everywhere.
func (p *Platform) find() (clever.Credentials, error) {
	kind, rest, _ := strings.Cut(p.spec.Credentials, ":")
	switch {
	case p.spec.Credentials == "":
		return clever.First(
			func() (clever.Credentials, error) { return clever.FromEnv(p.streams.Getenv) },
			p.Dotenv,
			func() (clever.Credentials, error) { return clever.FromProfile(clever.ProfilePath(p.streams.Getenv)) },
		)
	case rest == "":
	case kind == "login":
		return p.ofLogin(rest)
	case kind == "env":
		return p.ofVariables(rest)
	case kind == "file":
		return ofFile(rest)
	case kind == "command":
		return p.ofCommand(rest)
	}
	return clever.Credentials{}, (&diagnostic.Problem{Msg: fmt.Sprintf("credentials are from no %q", p.spec.Credentials)}).
		WithHint("write login:ALIAS, env:TOKEN,SECRET, file:PATH or command:PROGRAM")
}

// ofLogin returns the credentials of a profile of runner login.
func (p *Platform) ofLogin(alias string) (clever.Credentials, error) {
	path := clever.ProfilePath(p.streams.Getenv)
	all, err := clever.ProfileCredentials(path)
	if err != nil {
		return clever.Credentials{}, err
	}
	if c, ok := all[alias]; ok {
		c.Source = fmt.Sprintf("profile %s of %s", alias, path)
		return c, nil
	}
	aliases, _ := clever.Aliases(path)
	slices.Sort(aliases)
	hint := "runner login --alias " + alias + " makes one"
	if len(aliases) > 0 {
		hint = strings.TrimSpace(suggest.DidYouMean(alias, aliases) + " there is " + strings.Join(aliases, ", "))
	}
	problem := (&diagnostic.Problem{Msg: fmt.Sprintf("there is no profile %q", alias)}).WithHint("%s", hint)
	return clever.Credentials{}, &clever.BadCredentials{Source: "--profile", Reason: problem.Error(), Err: problem}
}

// ofVariables returns the credentials that two variables hold.
func (p *Platform) ofVariables(names string) (clever.Credentials, error) {
	token, secret, ok := strings.Cut(names, ",")
	if !ok {
		return clever.Credentials{}, (&diagnostic.Problem{Msg: "credentials of env: are two variables, not " + names}).WithHint("write env:TOKEN_NAME,SECRET_NAME")
	}
	as := map[string]string{"CLEVER_TOKEN": token, "CLEVER_SECRET": secret}
	c, err := clever.FromEnv(func(name string) string {
		if other, ok := as[name]; ok {
			name = strings.TrimSpace(other)
		}
		return p.streams.Getenv(name)
	})
	if _, missing := errors.AsType[*clever.Missing](err); missing {
		return c, &clever.Missing{Looked: []string{"$" + strings.TrimSpace(token), "$" + strings.TrimSpace(secret)}}
	}
	c.Source = "variables " + names
	return c, err
}

// ofCommand returns the credentials that a program prints, as the lines of a .env
// file.
func (p *Platform) ofCommand(line string) (clever.Credentials, error) {
	words, err := vaults.SplitWords(line)
	if err != nil || len(words) == 0 {
		return clever.Credentials{}, fmt.Errorf("credentials of command: %q is no command", line)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env, c.Stderr, c.WaitDelay = p.streams.Environment(), p.streams.Err, time.Second
	out, err := c.Output()
	if err != nil {
		return clever.Credentials{}, &clever.BadCredentials{Source: "the command " + words[0], Reason: err.Error(), Err: err}
	}
	values, err := godotenv.Parse(bytes.NewReader(out))
	if err != nil {
		return clever.Credentials{}, &clever.BadCredentials{Source: "the command " + words[0], Reason: "it prints no list of NAME=value lines"}
	}
	return ofValues(values, "the command "+words[0])
}

// Dotenv returns the credentials of a .env file.
func (p *Platform) Dotenv() (clever.Credentials, error) { return ofFile(filepath.Join(p.dir, ".env")) }

// ofFile returns the credentials of a file of NAME=value lines.
func ofFile(path string) (clever.Credentials, error) {
	values, err := godotenv.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return clever.Credentials{}, &clever.Missing{Looked: []string{path}}
	}
	if err != nil {
		// The parser's message quotes the line that it does not like.
		return clever.Credentials{}, &clever.BadCredentials{Source: path, Reason: "it is not a list of NAME=value lines"}
	}
	return ofValues(values, path)
}

func ofValues(values map[string]string, source string) (clever.Credentials, error) {
	c, err := clever.FromEnv(func(name string) string { return values[name] })
	if _, missing := errors.AsType[*clever.Missing](err); missing {
		return c, &clever.Missing{Looked: []string{source}}
	}
	c.Source, c.Endpoint = source, values["API_HOST"]
	return c, err
}
