package clever

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ProfilePath returns where clever-tools keeps its profiles (docs/platform.md §1.3), "" when the
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

// A profile is one of clever-tools' file, as far as it is for a client.
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
		return Credentials{}, &Missing{Looked: []string{"clever-tools' profiles (no home directory is known)"}}
	}
	b, err := openBook(path)
	if err != nil {
		return Credentials{}, err
	}
	var p profile
	if len(b.profiles) > 0 {
		if err := json.Unmarshal(b.profiles[0].encoded(), &p); err != nil {
			return Credentials{}, damaged(path, err)
		}
	}
	if p.Token == "" && p.Secret == "" {
		return Credentials{}, &Missing{Looked: []string{path}}
	}
	c := p.credentials(path)
	if err := whole(c, path, "token", "secret", "OAUTH_CONSUMER_KEY", "OAUTH_CONSUMER_SECRET"); err != nil {
		return Credentials{}, err
	}
	c.Warning = openToAll(path)
	return c.withConsumer(), nil
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
		return dateOfText(text)
	}
	var ms int64
	if json.Unmarshal(raw, &ms) == nil && ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// dateOfText reads ISO 8601, with a colon in the zone's offset and without.
func dateOfText(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

func readBounded(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a FIFO would be waited for
		return nil, errors.New("it is not a regular file")
	}
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
