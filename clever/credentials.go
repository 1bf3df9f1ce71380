package clever

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/dghubble/oauth1"
)

// Credentials are a user's token with its secret, and those of the program that
// the token was given to. They print as their source only.
type Credentials struct {
	ConsumerKey, ConsumerSecret string // both "": those of PublicConsumer
	Token, Secret               string
	Source                      string    // where they come from, in plain words: "environment"
	Expires                     time.Time // zero: not known
	Endpoint                    string    // the endpoint that they are for, "" when they do not say
	Warning                     string    // what is wrong with how they are kept, "" if nothing is
}

// String returns the source.
func (c Credentials) String() string {
	if c.Token == "" {
		return "no credentials"
	}
	return "credentials from " + c.Source
}

// GoString returns the source too.
func (c Credentials) GoString() string { return c.String() }

// LogValue returns the source too.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// PublicConsumer returns the consumer pair that the clever-tools npm package
// publishes with its source. It is no secret: it names a program, not a user,
// and tokens made by `clever login` are only good with it.
func PublicConsumer() (key, secret string) {
	return "T5nFjKeHH4AIlEveuGhB5S3xg8T19e", "MgVMqTr6fWlf2M0tkC2MXOnhfqBWDT"
}

// Missing says that there are no credentials.
type Missing struct {
	Looked []string // where they were looked for
	Odd    []string // what could not be read there, each with its place
}

func (m *Missing) Error() string {
	if len(m.Looked) == 0 {
		return "no credentials"
	}
	text := "no credentials in " + strings.Join(m.Looked, ", nor in ")
	for _, odd := range m.Odd {
		text += "; " + odd
	}
	return text
}

// Hint says how to get some.
func (*Missing) Hint() string {
	return "log in with `runner login`, or set CLEVER_TOKEN and CLEVER_SECRET"
}

// Detail is empty.
func (*Missing) Detail() string { return "" }

// BadCredentials says that there are credentials which cannot be used.
type BadCredentials struct {
	Source string // where they are
	Reason string
	Err    error // may be nil
}

func (b *BadCredentials) Error() string {
	return fmt.Sprintf("the credentials in %s cannot be used: %s", b.Source, b.Reason)
}

// Unwrap returns what reading them failed with.
func (b *BadCredentials) Unwrap() error { return b.Err }

// First returns the credentials of the first source that has some. Sources that
// answer *Missing are passed over, and named together if all do; what could not be
// read there becomes a warning. Any other error ends the search.
func First(sources ...func() (Credentials, error)) (Credentials, error) {
	all := &Missing{}
	for _, source := range sources {
		c, err := source()
		missing, ok := errors.AsType[*Missing](err)
		if !ok {
			for _, odd := range all.Odd {
				c.Warning = strings.TrimPrefix(c.Warning+"; "+odd, "; ")
			}
			return c, err
		}
		all.Looked = append(all.Looked, missing.Looked...)
		all.Odd = append(all.Odd, missing.Odd...)
	}
	return Credentials{}, all
}

// FromEnv takes credentials from CLEVER_TOKEN and CLEVER_SECRET, with
// OAUTH_CONSUMER_KEY and OAUTH_CONSUMER_SECRET where the token has a consumer of
// its own (docs/platform.md §1.2). It fails with *Missing or *BadCredentials.
func FromEnv(getenv func(string) string) (Credentials, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) } // a file's last line end
	c := Credentials{
		Token: get("CLEVER_TOKEN"), Secret: get("CLEVER_SECRET"),
		ConsumerKey: get("OAUTH_CONSUMER_KEY"), ConsumerSecret: get("OAUTH_CONSUMER_SECRET"),
		Source: "environment",
	}
	if c.Token == "" && c.Secret == "" {
		return Credentials{}, &Missing{Looked: []string{"the environment (CLEVER_TOKEN, CLEVER_SECRET)"}}
	}
	if err := whole(c, "the environment", "CLEVER_TOKEN", "CLEVER_SECRET", "OAUTH_CONSUMER_KEY", "OAUTH_CONSUMER_SECRET"); err != nil {
		return Credentials{}, err
	}
	return c.withConsumer(), nil
}

// whole fails when one half of a pair is there without the other. The names are
// those of token, secret, consumer key and consumer secret at the source.
func whole(c Credentials, source string, names ...string) error {
	halves := []string{c.Token, c.Secret, c.ConsumerKey, c.ConsumerSecret}
	for i := 0; i < len(halves); i += 2 {
		a, b := i, i+1
		if halves[a] != "" {
			a, b = b, a
		}
		if (halves[a] == "") != (halves[b] == "") {
			return &BadCredentials{Source: source, Reason: fmt.Sprintf("%s is there, but %s is not", names[b], names[a])}
		}
	}
	return nil
}

// Check reports what is missing of credentials that are given in part.
func (c Credentials) Check() error {
	source := c.Source
	if source == "" {
		source = "what was given"
	}
	return whole(c, source, "the token", "the secret of the token", "the consumer key", "the consumer secret")
}

func (c Credentials) withConsumer() Credentials {
	if c.Token != "" && c.ConsumerKey == "" {
		c.ConsumerKey, c.ConsumerSecret = PublicConsumer()
	}
	return c
}

// forms returns the secrets as they may come back from a server: as they are, and
// escaped once and twice as the header of a PLAINTEXT signature has them. Very
// short ones are left out, since they are in every text.
func (c Credentials) forms() []string {
	var all []string
	for _, secret := range []string{c.Secret, c.ConsumerSecret, c.Token} {
		if len(secret) < 4 {
			continue
		}
		once := oauth1.PercentEncode(secret)
		all = append(all, oauth1.PercentEncode(once), once, secret)
	}
	return all
}

// advice says what to do when they were refused.
func (c Credentials) advice(now time.Time) string {
	if !c.Expires.IsZero() && c.Expires.Before(now) {
		return fmt.Sprintf("the token from %s expired on %s: log in again with `runner login`", c.Source, c.Expires.Format(time.DateOnly))
	}
	if c.Source == "" {
		return "check token and secret, or log in again with `runner login`"
	}
	return fmt.Sprintf("the token comes from %s: check it, or log in again with `runner login`", c.Source)
}

// lacking says what to do about a token that may not do something.
func (c Credentials) lacking() string {
	const again = "log in again with `runner login`, and leave the rights ticked that it takes"
	if c.Source == "" {
		return "the token may lack a right: " + again
	}
	return fmt.Sprintf("the token from %s may lack a right: %s", c.Source, again)
}
