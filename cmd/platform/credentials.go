package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/suggest"
)

// find looks for credentials: where the spec says, or everywhere.
func (p *Platform) find(ctx context.Context) (clever.Credentials, error) {
	kind, rest, _ := strings.Cut(p.spec.Credentials, ":")
	switch {
	case p.spec.Credentials == "":
		return clever.First(
			func() (clever.Credentials, error) { return clever.FromEnv(p.streams.Getenv) },
			func() (clever.Credentials, error) { return p.Dotenv(ctx) },
			func() (clever.Credentials, error) { return clever.FromProfile(clever.ProfilePath(p.streams.Getenv)) },
		)
	case rest == "":
	case kind == "login":
		return p.ofLogin(rest)
	case kind == "env":
		return p.ofVariables(rest)
	case kind == "file":
		return p.ofFile(ctx, rest)
	case kind == "command":
		return p.ofCommand(ctx, rest)
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
func (p *Platform) ofCommand(ctx context.Context, line string) (clever.Credentials, error) {
	words, err := vaults.SplitWords(line)
	if err != nil || len(words) == 0 {
		return clever.Credentials{}, fmt.Errorf("credentials of command: %q is no command", line)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env, c.Stderr, c.WaitDelay = p.streams.Environment(), p.streams.Err, time.Second
	out, err := c.Output()
	if err != nil {
		return clever.Credentials{}, &clever.BadCredentials{Source: "the command " + words[0], Reason: err.Error(), Err: err}
	}
	return ofLines(out, "the command "+words[0])
}

// Dotenv returns the credentials of a .env file.
func (p *Platform) Dotenv(ctx context.Context) (clever.Credentials, error) {
	return p.ofFile(ctx, filepath.Join(p.dir, ".env"))
}

// ofFile returns the credentials of a file of NAME=value lines, which others may keep
// other things in.
func (p *Platform) ofFile(ctx context.Context, path string) (clever.Credentials, error) {
	text, err := p.read(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return clever.Credentials{}, &clever.Missing{Looked: []string{path}}
	case ctx.Err() != nil:
		return clever.Credentials{}, &exit.Error{Code: exit.Interrupted}
	case err != nil:
		return clever.Credentials{}, &clever.BadCredentials{Source: path, Reason: err.Error(), Err: err}
	}
	return ofLines(text, path)
}

// largestFile is the most that a file of credentials may hold, in bytes.
const largestFile = 1 << 20

// read reads a file, or gives up when the context ends: a pipe may have no writer, and a
// file be on a server that is away.
func (p *Platform) read(ctx context.Context, path string) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := readBounded(path)
		done <- result{text, err}
	}()
	late := time.NewTimer(2 * time.Second)
	defer late.Stop()
	for {
		select {
		case r := <-done:
			return r.text, r.err
		case <-late.C:
			p.streams.Warn(fmt.Sprintf("waiting for %s, which may hold credentials: it is a pipe without a writer, or on a disk that does not answer", path))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err == nil && len(text) > largestFile {
		err = fmt.Errorf("it is larger than %d MiB", largestFile>>20)
	}
	return text, err
}

// ofLines returns the credentials of NAME=value lines. Only the lines that are needed
// are read; one of them that cannot be is named.
func ofLines(text []byte, source string) (clever.Credentials, error) {
	values, odd := dotenv(text)
	c, err := clever.FromEnv(func(name string) string { return values[name] })
	if _, missing := errors.AsType[*clever.Missing](err); missing || err != nil && len(odd) > 0 {
		m := &clever.Missing{Looked: []string{source}}
		for _, o := range odd {
			m.Odd = append(m.Odd, fmt.Sprintf("%s:%d: %s cannot be read: write %[3]s=value, in quotes where it has blanks", source, o.number, o.name))
		}
		return clever.Credentials{}, m
	}
	c.Source, c.Endpoint = source, values["API_HOST"]
	return c, err
}

// needed matches the lines of a .env file that say something of credentials.
var needed = regexp.MustCompile(`^\s*(?:export\s+)?(CLEVER_TOKEN|CLEVER_SECRET|OAUTH_CONSUMER_KEY|OAUTH_CONSUMER_SECRET|API_HOST)\b(.*)$`)

// quoted matches a line whose value begins with a quote and does not end with it.
var quoted = regexp.MustCompile(`^[^#'"=]*=\s*(?:"[^"]*|'[^']*)$`)

// An oddEntry is one that is needed and cannot be read.
type oddEntry struct {
	number int
	name   string
}

// dotenv reads what it knows of in a .env file. All other lines may be what they like.
func dotenv(text []byte) (values map[string]string, odd []oddEntry) {
	values = map[string]string{}
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r")
		found := needed.FindStringSubmatch(line)
		if found == nil {
			i += rest(line, lines[i+1:])
			continue
		}
		all, err := godotenv.Unmarshal(line)
		if value, ok := all[found[1]]; err == nil && ok {
			values[found[1]] = value
		} else { // the parser's message quotes the line
			odd = append(odd, oddEntry{i + 1, found[1]})
		}
	}
	return values, odd
}

// rest returns how many of the lines that follow belong to a value in quotes that
// begins in a line; 0 where it does not, or never ends.
func rest(line string, following []string) int {
	if !quoted.MatchString(line) {
		return 0
	}
	_, value, _ := strings.Cut(line, "=")
	quote := strings.TrimSpace(value)[:1]
	for i, next := range following {
		if strings.Contains(next, quote) {
			return i + 1
		}
	}
	return 0
}
