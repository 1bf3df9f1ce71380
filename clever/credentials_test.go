package clever

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestFromEnv(t *testing.T) {
	key, secret := PublicConsumer()
	tests := []struct {
		name string
		env  func(string) string
		want Credentials
		err  string
	}{
		{"token and secret", env("CLEVER_TOKEN", "emulator-token", "CLEVER_SECRET", "emulator-secret\n"),
			Credentials{Token: "emulator-token", Secret: "emulator-secret", ConsumerKey: key, ConsumerSecret: secret, Source: "environment"}, ""},
		{"all four", env("CLEVER_TOKEN", "t", "CLEVER_SECRET", "s", "OAUTH_CONSUMER_KEY", "ck", "OAUTH_CONSUMER_SECRET", "cs"),
			Credentials{Token: "t", Secret: "s", ConsumerKey: "ck", ConsumerSecret: "cs", Source: "environment"}, ""},
		{"nothing", env(), Credentials{}, "no credentials in the environment (CLEVER_TOKEN, CLEVER_SECRET)"},
		{"consumer only", env("OAUTH_CONSUMER_KEY", "ck"), Credentials{}, "no credentials in the environment (CLEVER_TOKEN, CLEVER_SECRET)"},
		{"no secret", env("CLEVER_TOKEN", "t"), Credentials{},
			"the credentials in the environment cannot be used: CLEVER_TOKEN is there, but CLEVER_SECRET is not"},
		{"no token", env("CLEVER_SECRET", "s"), Credentials{},
			"the credentials in the environment cannot be used: CLEVER_SECRET is there, but CLEVER_TOKEN is not"},
		{"half a consumer", env("CLEVER_TOKEN", "t", "CLEVER_SECRET", "s", "OAUTH_CONSUMER_KEY", "ck"), Credentials{},
			"the credentials in the environment cannot be used: OAUTH_CONSUMER_KEY is there, but OAUTH_CONSUMER_SECRET is not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FromEnv(tt.env)
			checkCredentials(t, got, err, tt.want, tt.err)
		})
	}
}

// checkCredentials compares credentials and errors; each of these errors is one
// of authentication.
func checkCredentials(t *testing.T, got Credentials, err error, want Credentials, wantErr string) {
	t.Helper()
	text := ""
	if err != nil {
		text = err.Error()
		if !IsAuth(err) {
			t.Errorf("%q does not count as an error of authentication", err)
		}
	}
	if text != wantErr {
		t.Errorf("error %q, want %q", text, wantErr)
	}
	// As the underlying type, since Credentials print as their source only.
	type shown Credentials
	if d := cmp.Diff(shown(want), shown(got)); d != "" {
		t.Error(d)
	}
}

func TestFromProfile(t *testing.T) {
	key, secret := PublicConsumer()
	june := time.Date(2027, 6, 30, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name, text string
		want       Credentials // without Source's path
		err        string
	}{
		{"the first profile, with overrides", `{"version":1,"profiles":[
			{"alias":"test","token":"t1","secret":"s1","expirationDate":"2027-06-30T10:00:00.000Z","userId":"user_1","email":"a@example.test",
			 "overrides":{"API_HOST":"http://127.0.0.1:8080","OAUTH_CONSUMER_KEY":"ck","OAUTH_CONSUMER_SECRET":"cs"}},
			{"alias":"default","token":"t2","secret":"s2"}]}`,
			Credentials{Token: "t1", Secret: "s1", ConsumerKey: "ck", ConsumerSecret: "cs", Expires: june,
				Endpoint: "http://127.0.0.1:8080", Source: "profile test of PATH"}, ""},
		{"no overrides", `{"version":1,"profiles":[{"alias":"default","token":"t","secret":"s"}]}`,
			Credentials{Token: "t", Secret: "s", ConsumerKey: key, ConsumerSecret: secret, Source: "profile default of PATH"}, ""},
		{"the older form", "\ufeff" + `{"token":"t","secret":"s","expirationDate":"2027-06-30T10:00:00Z"}`,
			Credentials{Token: "t", Secret: "s", ConsumerKey: key, ConsumerSecret: secret, Expires: june, Source: "profile default of PATH"}, ""},
		{"a date in milliseconds", fmt.Sprintf(`{"token":"t","secret":"s","expirationDate":%d}`, june.UnixMilli()),
			Credentials{Token: "t", Secret: "s", ConsumerKey: key, ConsumerSecret: secret, Expires: june, Source: "profile default of PATH"}, ""},
		{"a date that is none", `{"token":"t","secret":"s","expirationDate":{"x":1}}`,
			Credentials{Token: "t", Secret: "s", ConsumerKey: key, ConsumerSecret: secret, Source: "profile default of PATH"}, ""},
		{"no profiles", `{"version":1,"profiles":[]}`, Credentials{}, "no credentials in PATH"},
		{"nothing in it", `{}`, Credentials{}, "no credentials in PATH"},
		{"half", `{"version":1,"profiles":[{"token":"t"}]}`, Credentials{},
			"the credentials in PATH cannot be used: token is there, but secret is not"},
		{"half a consumer", `{"profiles":[{"token":"t","secret":"s","overrides":{"OAUTH_CONSUMER_SECRET":"cs"}}]}`, Credentials{},
			"the credentials in PATH cannot be used: OAUTH_CONSUMER_SECRET is there, but OAUTH_CONSUMER_KEY is not"},
		{"damaged", `{"version":1,"profiles":[`, Credentials{},
			"the credentials in PATH cannot be used: the file is damaged (unexpected end of JSON input); it was left as it is: repair it, or move it away"},
		{"empty", " \n", Credentials{}, "no credentials in PATH"},
		{"too large", strings.Repeat(" ", largestProfile+1), Credentials{},
			"the credentials in PATH cannot be used: the file is larger than 1 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clever-tools.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			tt.want.Source = strings.ReplaceAll(tt.want.Source, "PATH", path)
			got, err := FromProfile(path)
			got.Expires = got.Expires.UTC()
			checkCredentials(t, got, err, tt.want, strings.ReplaceAll(tt.err, "PATH", path))
		})
	}
}

func TestFromProfileWithoutAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.json")
	_, err := FromProfile(path)
	checkCredentials(t, Credentials{}, err, Credentials{}, "no credentials in "+path)
	_, err = FromProfile("")
	checkCredentials(t, Credentials{}, err, Credentials{}, "no credentials in clever-tools' profiles (no home directory is known)")
	_, err = FromProfile(t.TempDir())
	if _, ok := errors.AsType[*BadCredentials](err); !ok {
		t.Errorf("a directory gives %v, want *BadCredentials", err)
	}
}

func TestFromProfileWarnsOfAFileThatAllCanRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	tests := []struct {
		name         string
		folder, file os.FileMode
		warns        bool
	}{
		{"closed file", 0o755, 0o600, false},
		{"open file in a closed folder, as clever-tools makes it", 0o700, 0o644, false},
		{"open file in an open folder", 0o755, 0o644, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "clever-tools.json")
			if err := os.WriteFile(path, []byte(`{"token":"t","secret":"s"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chmod(path, tt.file), os.Chmod(folder, tt.folder)); err != nil {
				t.Fatal(err)
			}
			c, err := FromProfile(path)
			if err != nil || (c.Warning != "") != tt.warns {
				t.Errorf("warning %q, error %v; want a warning: %v", c.Warning, err, tt.warns)
			}
		})
	}
}

func TestProfilePath(t *testing.T) {
	all := env("CONFIGURATION_FILE", "/c/f.json", "XDG_CONFIG_HOME", "/x", "HOME", "/h", "APPDATA", "/a")
	tests := []struct {
		goos string
		env  func(string) string
		want string
	}{
		{"linux", all, "/c/f.json"},
		{"linux", env("XDG_CONFIG_HOME", "/x", "HOME", "/h"), "/x/clever-cloud/clever-tools.json"},
		{"darwin", env("HOME", "/h"), "/h/.config/clever-cloud/clever-tools.json"},
		{"windows", env("APPDATA", "/a", "HOME", "/h"), "/a/clever-cloud/clever-tools.json"},
		{"windows", env("HOME", "/h"), ""},
		{"linux", env(), ""},
	}
	for _, tt := range tests {
		if got := profilePath(tt.goos, tt.env); got != filepath.FromSlash(tt.want) {
			t.Errorf("on %s: %q, want %q", tt.goos, got, tt.want)
		}
	}
}

func TestFirst(t *testing.T) {
	none := func(place string) func() (Credentials, error) {
		return func() (Credentials, error) { return Credentials{}, &Missing{Looked: []string{place}} }
	}
	some := func() (Credentials, error) { return Credentials{Token: "t", Secret: "s", Source: "here"}, nil }
	bad := func() (Credentials, error) { return FromEnv(env("CLEVER_TOKEN", "t")) }

	if c, err := First(none("a"), some, bad); err != nil || c.Source != "here" {
		t.Errorf("got %v, %v; want those from here", c, err)
	}
	if _, err := First(none("a"), bad, some); err == nil || !strings.Contains(err.Error(), "CLEVER_SECRET is not") {
		t.Errorf("half credentials give %v; they must end the search", err)
	}
	_, err := First(none("a"), none("b"))
	if want := "no credentials in a, nor in b; log in with `runner login`, or set CLEVER_TOKEN and CLEVER_SECRET"; withHint(err) != want {
		t.Errorf("%q, want %q", withHint(err), want)
	}
}

func TestCredentialsNeverPrint(t *testing.T) {
	c := Credentials{Token: "emulator-token", Secret: "emulator-secret", ConsumerSecret: "consumer-secret", Source: "environment"}
	text := fmt.Sprint(c, &c, []Credentials{c}, c.LogValue()) + fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c)
	for _, secret := range []string{c.Token, c.Secret, c.ConsumerSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
}

func FuzzProfile(f *testing.F) {
	for _, text := range []string{"", "{}", `{"profiles":null}`, `{"profiles":[{}]}`, `{"profiles":[null]}`,
		`{"token":"t","secret":"s","expirationDate":1e400}`, `{"profiles":[{"token":"t","secret":"s","overrides":null}]}`} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "clever-tools.json")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := FromProfile(path)
		if err == nil && (c.Token == "" || c.Secret == "" || c.ConsumerKey == "" || c.ConsumerSecret == "") {
			t.Errorf("half credentials from %q", text)
		}
		if err != nil && !IsAuth(err) {
			t.Errorf("%v does not count as an error of authentication", err)
		}
	})
}
