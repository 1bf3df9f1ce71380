package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"runner/clever"
	"runner/cmd/exit"
	"runner/diagnostic"
)

// endTimeout is how long the platform has for ending a token.
const endTimeout = 5 * time.Second

// LogoutOptions say who is logged out.
type LogoutOptions struct {
	Alias     string // the name of the profile; "": the active one
	All       bool
	KeepToken bool // it is used elsewhere
}

// Logout removes profiles from the file that clever-tools shares, and ends their
// tokens at the platform that they are of.
func Logout(ctx context.Context, p World, o LogoutOptions) error {
	path := clever.ProfilePath(p.Getenv)
	if path == "" {
		return errors.New("no home folder is known that profiles could be in: set HOME or CONFIGURATION_FILE")
	}
	aliases, err := clever.Aliases(path)
	if err != nil {
		return err
	}
	if len(aliases) == 0 {
		return &clever.Missing{Looked: []string{path}}
	}
	gone := aliases[:1]
	switch {
	case o.All:
		gone = aliases
	case o.Alias != "":
		gone = []string{o.Alias}
	}
	ended := map[string]bool{}
	if known := slices.Contains(aliases, gone[0]); known && !o.KeepToken {
		if ended, err = p.endTokens(ctx, path, gone); err != nil {
			return err
		}
	}
	active, err := clever.RemoveProfiles(ctx, path, gone...)
	if err != nil {
		return err
	}
	for _, alias := range gone {
		how := ""
		if ended[alias] {
			how = "; its token is ended"
		}
		fmt.Fprintf(p.Out, "logged out of %s%s\n", alias, how)
	}
	if active != "" && active != aliases[0] {
		fmt.Fprintf(p.Out, "the active profile is now %s\n", active)
	}
	if c, err := clever.FromEnv(p.Getenv); err == nil {
		p.Warn(fmt.Sprintf("there are credentials in the %s still: unset CLEVER_TOKEN and CLEVER_SECRET", c.Source))
	}
	return nil
}

// endTokens ends the tokens of profiles, those that other profiles have too
// excepted, and returns whose are ended. What does not succeed is warned about; only an
// interrupt is an error.
func (p World) endTokens(ctx context.Context, path string, gone []string) (map[string]bool, error) {
	profiles, err := clever.ProfileCredentials(path)
	if err != nil {
		return nil, err
	}
	stays := map[string]bool{}
	for alias, c := range profiles {
		if !slices.Contains(gone, alias) {
			stays[c.Token] = true
		}
	}
	ended := map[string]bool{}
	for _, alias := range gone {
		c, whole := profiles[alias]
		if !whole || stays[c.Token] {
			continue
		}
		err := p.endToken(ctx, c)
		if ctx.Err() != nil {
			return nil, &exit.Error{Code: exit.Interrupted}
		}
		if ended[alias] = err == nil; err != nil {
			p.warnOfToken(alias, c, err)
		}
	}
	return ended, nil
}

// endToken asks the platform that a token is of, whatever the environment names.
func (p World) endToken(ctx context.Context, c clever.Credentials) error {
	p.Secrets.Add(c.Token)
	p.Secrets.Add(c.Secret)
	p.Secrets.Add(c.ConsumerSecret)
	client, err := clever.New(clever.Config{Endpoint: c.Endpoint, Credentials: c, Timeout: endTimeout, Transport: p.Transport})
	if err != nil {
		return err
	}
	return client.EndToken(ctx)
}

// warnOfToken says of a token that was not ended that it may live on.
func (p World) warnOfToken(alias string, c clever.Credentials, err error) {
	until := ""
	if !c.Expires.IsZero() {
		until = " until " + c.Expires.UTC().Format(time.DateOnly)
	}
	where := clever.DefaultConsole
	if endpoint := cmp.Or(c.Endpoint, clever.DefaultEndpoint); endpoint != clever.DefaultEndpoint {
		where = "the console of " + endpoint
	}
	problem := &diagnostic.Problem{Msg: fmt.Sprintf("the token of the profile %s may live on%s: %v", alias, until, err), Severity: diagnostic.Warning}
	p.Print(problem.WithHint("end it in %s, among the tokens of your account", where))
}
