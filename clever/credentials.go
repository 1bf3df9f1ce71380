package clever

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Credentials are a user's token with its secret, and those of the program that
// the token was given to. They print as their source only.
type Credentials struct {
	ConsumerKey, ConsumerSecret string // both "": those of PublicConsumer
	Token, Secret               string
	Source                      string    // where they come from, in a person's words: "environment"
	Expires                     time.Time // zero: not known
	Endpoint                    string    // the endpoint that they are for, "" when they do not say
	Warning                     string    // what is wrong with how they are kept, "" if nothing is
}

// String gives the source.
func (c Credentials) String() string {
	if c.Token == "" {
		return "no credentials"
	}
	return "credentials from " + c.Source
}

// GoString gives the source too.
func (c Credentials) GoString() string { return c.String() }

// LogValue gives the source too.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// PublicConsumer gives the consumer pair that the clever-tools npm package
// publishes with its source. It is no secret: it names a program, not a user,
// and tokens made by `clever login` are only good with it.
func PublicConsumer() (key, secret string) {
	return "T5nFjKeHH4AIlEveuGhB5S3xg8T19e", "MgVMqTr6fWlf2M0tkC2MXOnhfqBWDT"
}

// Missing says that there are no credentials.
type Missing struct {
	Looked []string // where they were looked for
}

func (m *Missing) Error() string {
	if len(m.Looked) == 0 {
		return "no credentials"
	}
	return "no credentials in " + strings.Join(m.Looked, ", nor in ")
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

// Unwrap gives what reading them failed with.
func (b *BadCredentials) Unwrap() error { return b.Err }

// First gives the credentials of the first source that has some. Sources that
// answer *Missing are passed over, and named together if all do; any other error
// ends the search.
func First(sources ...func() (Credentials, error)) (Credentials, error) {
	all := &Missing{}
	for _, source := range sources {
		c, err := source()
		missing, ok := errors.AsType[*Missing](err)
		if !ok {
			return c, err
		}
		all.Looked = append(all.Looked, missing.Looked...)
	}
	return Credentials{}, all
}

// FromEnv takes credentials from CLEVER_TOKEN and CLEVER_SECRET, with
// OAUTH_CONSUMER_KEY and OAUTH_CONSUMER_SECRET where the token has a consumer of
// its own (§1.2). It fails with *Missing or *BadCredentials.
func FromEnv(getenv func(string) string) (Credentials, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) } // a file's last line end
	c := Credentials{
		Token: get("CLEVER_TOKEN"), Secret: get("CLEVER_SECRET"),
		ConsumerKey: get("OAUTH_CONSUMER_KEY"), ConsumerSecret: get("OAUTH_CONSUMER_SECRET"),
		Source: "environment",
	}
	if c.Token == "" && c.Secret == "" {
		return Credentials{}, &Missing{[]string{"the environment (CLEVER_TOKEN, CLEVER_SECRET)"}}
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

func (c Credentials) check() error {
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

// ProfilePath gives where clever-tools keeps its profiles (§1.3), "" when the
// environment does not tell.
func ProfilePath(getenv func(string) string) string { return profilePath(runtime.GOOS, getenv) }

func profilePath(goos string, getenv func(string) string) string {
	const folder, file = "clever-cloud", "clever-tools.json"
	if path := getenv("CONFIGURATION_FILE"); path != "" {
		return path
	}
	if goos == "windows" {
		if dir := getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, folder, file)
		}
		return ""
	}
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, folder, file)
	}
	if dir := getenv("HOME"); dir != "" {
		return filepath.Join(dir, ".config", folder, file)
	}
	return ""
}

// profileFile is clever-tools' file: version 1 with profiles, of which the first
// is the active one, or the older flat form.
type profileFile struct {
	Profiles *[]profile `json:"profiles"`
	profile
}

type profile struct {
	Alias     string          `json:"alias"`
	Token     string          `json:"token"`
	Secret    string          `json:"secret"`
	Expires   json.RawMessage `json:"expirationDate"`
	Overrides struct {
		Endpoint       string `json:"API_HOST"`
		ConsumerKey    string `json:"OAUTH_CONSUMER_KEY"`
		ConsumerSecret string `json:"OAUTH_CONSUMER_SECRET"`
	} `json:"overrides"`
}

// largestProfile is the most that a profile file may hold, in bytes.
const largestProfile = 1 << 20

// FromProfile takes the credentials of the active profile of clever-tools' file.
// It fails with *Missing where there is no file or no profile, and with
// *BadCredentials where the file is damaged.
func FromProfile(path string) (Credentials, error) {
	if path == "" {
		return Credentials{}, &Missing{[]string{"clever-tools' profiles (no home directory is known)"}}
	}
	text, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, &Missing{[]string{path}}
	}
	if err != nil {
		return Credentials{}, &BadCredentials{Source: path, Reason: err.Error(), Err: err}
	}
	p, err := activeProfile(text)
	if err != nil {
		return Credentials{}, &BadCredentials{Source: path, Reason: "the file is damaged: " + err.Error(), Err: err}
	}
	if p.Token == "" && p.Secret == "" {
		return Credentials{}, &Missing{[]string{path}}
	}
	c := p.credentials(path)
	if err := whole(c, path, "token", "secret", "OAUTH_CONSUMER_KEY", "OAUTH_CONSUMER_SECRET"); err != nil {
		return Credentials{}, err
	}
	c.Warning = openToAll(path)
	return c.withConsumer(), nil
}

func activeProfile(text []byte) (profile, error) {
	var file profileFile
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &file); err != nil {
		return profile{}, err
	}
	switch {
	case file.Profiles == nil:
		return file.profile, nil
	case len(*file.Profiles) == 0:
		return profile{}, nil
	}
	return (*file.Profiles)[0], nil
}

func (p profile) credentials(path string) Credentials {
	source := "profile of " + path
	if p.Alias != "" {
		source = fmt.Sprintf("profile %s of %s", p.Alias, path)
	}
	return Credentials{
		Token: p.Token, Secret: p.Secret,
		ConsumerKey: p.Overrides.ConsumerKey, ConsumerSecret: p.Overrides.ConsumerSecret,
		Source: source, Expires: dateOf(p.Expires), Endpoint: p.Overrides.Endpoint,
	}
}

// dateOf reads a date as text or as milliseconds; the zero time when it is
// neither, since nothing depends on it but a message.
func dateOf(raw json.RawMessage) time.Time {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		t, _ := time.Parse(time.RFC3339, text)
		return t
	}
	var ms int64
	if json.Unmarshal(raw, &ms) == nil && ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, largestProfile+1))
	if err == nil && len(text) > largestProfile {
		err = fmt.Errorf("the file is larger than %d MiB", largestProfile>>20)
	}
	return text, err
}

// openToAll warns of a file that any user of this machine can read. clever-tools
// closes the folder rather than the file, which is as good.
func openToAll(path string) string {
	file, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || file.Mode().Perm()&0o004 == 0 {
		return ""
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil || folder.Mode().Perm()&0o001 == 0 {
		return ""
	}
	return fmt.Sprintf("%s holds a secret and can be read by every user of this machine: run chmod 600 on it", path)
}
