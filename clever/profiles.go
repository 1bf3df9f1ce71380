package clever

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"runner/atomicfile"

	"github.com/gofrs/flock"
)

// A Profile is what a login leaves in clever-tools' file.
type Profile struct {
	Alias         string
	Credentials   Credentials // with the endpoint, "" for DefaultEndpoint
	UserID, Email string
	Console       string // the console's address, "" for DefaultConsole
}

// aliasForm is what clever-tools takes for an alias.
var aliasForm = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// CheckAlias says what is wrong with an alias.
func CheckAlias(alias string) error {
	if !aliasForm.MatchString(alias) {
		return fmt.Errorf("the alias %q is none: it takes letters, digits, hyphens and underscores", alias)
	}
	return nil
}

// Aliases returns the aliases of the profiles in clever-tools' file, the active one
// first; none where there is no file. It fails with *BadCredentials where the file
// is damaged, or of a form that nobody knows yet.
func Aliases(path string) ([]string, error) {
	b, err := openBook(path)
	if err != nil {
		return nil, err
	}
	if err := b.named(); err != nil {
		return nil, damaged(path, err)
	}
	return b.aliases(), nil
}

// ProfileCredentials returns the credentials of all profiles in clever-tools' file, by
// alias; a profile whose token or secret is missing is left out. It fails as Aliases does.
func ProfileCredentials(path string) (map[string]Credentials, error) {
	b, err := openBook(path)
	if err != nil {
		return nil, err
	}
	all := map[string]Credentials{}
	for _, o := range b.profiles {
		var p profile
		if json.Unmarshal(o.encoded(), &p) != nil {
			continue
		}
		if c := p.credentials(path); c.Token != "" && c.Secret != "" {
			all[p.Alias] = c.withConsumer()
		}
	}
	return all, nil
}

// SaveProfile puts a profile into clever-tools' file and makes it the active one,
// instead of another of its alias. Everything else in the file stays; the older
// flat form becomes the profile "default", as clever-tools does it.
func SaveProfile(ctx context.Context, path string, p Profile) error {
	if err := CheckAlias(p.Alias); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the folder of the profiles cannot be made: %w", err)
	}
	return changeBook(ctx, path, func(b *book) error {
		b.put(p)
		return nil
	})
}

// RemoveProfiles takes profiles out of clever-tools' file, all or none of them.
// It returns the alias that is active then, "" if no profile is left.
func RemoveProfiles(ctx context.Context, path string, aliases ...string) (active string, err error) {
	err = changeBook(ctx, path, func(b *book) error {
		for _, alias := range aliases {
			if b.find(alias) < 0 {
				return Unknown("profile", alias, "", b.aliases())
			}
			b.remove(alias)
		}
		if left := b.aliases(); len(left) > 0 {
			active = left[0]
		}
		return nil
	})
	return active, err
}

// lockWait is how long another process may take to write the file.
const lockWait = 5 * time.Second

// changeBook reads the file, changes it and replaces it at once, while no other
// process of ours does. A link stays one: what it points to is replaced.
func changeBook(ctx context.Context, path string, change func(*book) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if ok, err := lock.TryLockContext(ctx, 20*time.Millisecond); !ok {
		return fmt.Errorf("%s cannot be locked: %w", path, err)
	}
	defer func() { _ = lock.Close() }()
	b, err := openBook(path)
	if err != nil {
		return err
	}
	if err := b.named(); err != nil {
		return damaged(path, err)
	}
	if err := change(b); err != nil {
		return err
	}
	if err := atomicfile.WriteFile(path, b.text(), atomicfile.Options{Mode: 0o600, Exact: true, Regular: true}); err != nil {
		return fmt.Errorf("the profile cannot be stored: %w", err)
	}
	return nil
}

// A book is clever-tools' file, read so that what nobody here knows stays in it.
type book struct {
	rest     object // all but the profiles
	profiles []object
}

func openBook(path string) (*book, error) {
	text, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &book{}, nil
	}
	if err != nil {
		return nil, &BadCredentials{Source: path, Reason: err.Error(), Err: err}
	}
	b, err := readBook(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		return nil, damaged(path, err)
	}
	return b, nil
}

func damaged(path string, err error) error {
	reason := fmt.Sprintf("the file is damaged (%v); it was left as it is: repair it, or move it away", err)
	return &BadCredentials{Source: path, Reason: reason, Err: err}
}

func readBook(text []byte) (*book, error) {
	b := &book{}
	if len(bytes.TrimSpace(text)) == 0 {
		return b, nil
	}
	if err := json.Unmarshal(text, &b.rest); err != nil {
		return nil, err
	}
	if v := b.rest.get("version"); v != nil && string(v) != "1" {
		return nil, fmt.Errorf("it is of version %s, and only 1 is known", v)
	}
	if all := b.rest.get("profiles"); all != nil {
		if err := json.Unmarshal(all, &b.profiles); err != nil {
			return nil, fmt.Errorf("its profiles: %w", err)
		}
		b.rest.drop("profiles")
	} else if err := b.migrate(); err != nil {
		return nil, err
	}
	return b, nil
}

// named fails where a profile has no alias: nobody could say which one is changed.
func (b *book) named() error {
	for _, p := range b.profiles {
		if p.text("alias") == "" {
			return errors.New("a profile has no alias")
		}
	}
	return nil
}

// migrate makes a profile of the older form, in which the file held one token.
func (b *book) migrate() error {
	token, secret := b.rest.text("token"), b.rest.text("secret")
	if (token == "") != (secret == "") {
		return errors.New("it has one of token and secret, but not both")
	}
	if token == "" {
		return nil
	}
	var p object
	p.set("alias", "default")
	p.set("token", token)
	p.set("secret", secret)
	p.date(dateOf(b.rest.get("expirationDate")))
	b.profiles = []object{p}
	for _, name := range []string{"token", "secret", "expirationDate"} {
		b.rest.drop(name)
	}
	return nil
}

func (b *book) aliases() []string {
	var list []string
	for _, p := range b.profiles {
		list = append(list, p.text("alias"))
	}
	return list
}

func (b *book) find(alias string) int {
	return slices.IndexFunc(b.profiles, func(p object) bool { return p.text("alias") == alias })
}

func (b *book) remove(alias string) {
	b.profiles = slices.DeleteFunc(b.profiles, func(p object) bool { return p.text("alias") == alias })
}

// put makes a profile the first one. What somebody added to the one before it, of
// the same alias, is kept: members that clever-tools does not know, and what is
// said of the endpoint, if that is the same.
func (b *book) put(p Profile) {
	var o, overrides object
	if i := b.find(p.Alias); i >= 0 {
		o = b.profiles[i]
		b.remove(p.Alias)
		var old object
		if json.Unmarshal(o.get("overrides"), &old) == nil && old.text("API_HOST") == p.endpoint() {
			overrides = old
		}
	}
	c := p.Credentials
	o.set("alias", p.Alias)
	o.set("token", c.Token)
	o.set("secret", c.Secret)
	o.date(c.Expires)
	o.set("userId", p.UserID)
	o.set("email", p.Email)
	overrides.set("API_HOST", p.endpoint())
	overrides.set("CONSOLE_URL", p.console())
	key, secret := PublicConsumer()
	if c.ConsumerKey == key && c.ConsumerSecret == secret {
		c.ConsumerKey, c.ConsumerSecret = "", ""
	}
	overrides.set("OAUTH_CONSUMER_KEY", c.ConsumerKey)
	overrides.set("OAUTH_CONSUMER_SECRET", c.ConsumerSecret)
	o.drop("overrides")
	if len(overrides) > 0 {
		o = append(o, member{"overrides", overrides.encoded()})
	}
	b.profiles = append([]object{o}, b.profiles...)
}

// endpoint returns what the profile says of it: nothing of the usual one.
func (p Profile) endpoint() string {
	if p.Credentials.Endpoint == DefaultEndpoint {
		return ""
	}
	return p.Credentials.Endpoint
}

func (p Profile) console() string {
	if c := strings.TrimRight(p.Console, "/"); c != DefaultConsole {
		return c
	}
	return ""
}

// text returns the file, in the form in which clever-tools writes it.
func (b *book) text() []byte {
	all := append(object(nil), b.rest...)
	if all.get("version") == nil {
		all = append(object{{"version", json.RawMessage("1")}}, all...)
	}
	list := make([][]byte, 0, len(b.profiles))
	for _, p := range b.profiles {
		list = append(list, p.encoded())
	}
	profiles := append(append([]byte("["), bytes.Join(list, []byte(","))...), ']')
	all = append(all, member{"profiles", profiles})
	var out bytes.Buffer
	_ = json.Indent(&out, all.encoded(), "", "  ") // it was made of JSON just now
	out.WriteByte('\n')
	return out.Bytes()
}
