package clever

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testProfile(alias string) Profile {
	key, secret := PublicConsumer()
	return Profile{
		Alias: alias, UserID: "user_1", Email: "a<b>@example.test",
		Credentials: Credentials{
			ConsumerKey: key, ConsumerSecret: secret, Token: "new-token", Secret: "new-secret",
			Expires: time.Date(2027, 6, 30, 10, 0, 0, 0, time.UTC), Endpoint: DefaultEndpoint,
		},
	}
}

const newProfile = `{"alias":"work","token":"new-token","secret":"new-secret","expirationDate":"2027-06-30T10:00:00.000Z","userId":"user_1","email":"a<b>@example.test"`

func TestSaveProfile(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		change              func(*Profile)
	}{
		{name: "no file yet", after: `{"version":1,"profiles":[` + newProfile + `}]}`},
		{name: "an empty file", before: " \n", after: `{"version":1,"profiles":[` + newProfile + `}]}`},
		{
			name:   "others are kept, with what nobody knows",
			before: `{"version":1,"future":{"b":1.50,"a":"\u00e9"},"profiles":[{"alias":"old","token":"t","secret":"s","z":[1,2]}],"more":null}`,
			after:  `{"version":1,"future":{"b":1.50,"a":"\u00e9"},"more":null,"profiles":[` + newProfile + `},{"alias":"old","token":"t","secret":"s","z":[1,2]}]}`,
		},
		{
			name:   "the one of its alias is replaced, and comes first",
			before: `{"version":1,"profiles":[{"alias":"old","token":"t","secret":"s"},{"alias":"work","token":"u","secret":"v","note":"mine","overrides":{"SSH_GATEWAY":"g"}}]}`,
			after: `{"version":1,"profiles":[{"alias":"work","token":"new-token","secret":"new-secret","note":"mine","expirationDate":"2027-06-30T10:00:00.000Z",` +
				`"userId":"user_1","email":"a<b>@example.test","overrides":{"SSH_GATEWAY":"g"}},{"alias":"old","token":"t","secret":"s"}]}`,
		},
		{
			name:   "what belonged to another endpoint goes with it",
			before: `{"version":1,"profiles":[{"alias":"work","token":"u","secret":"v","overrides":{"API_HOST":"https://old.test","SSH_GATEWAY":"g"}}]}`,
			after:  `{"version":1,"profiles":[` + newProfile + `}]}`,
		},
		{
			name:   "the older form becomes a profile",
			before: "\ufeff" + `{"token":"t","secret":"s","expirationDate":"2026-01-01T00:00:00.000Z","other":true}`,
			after: `{"version":1,"other":true,"profiles":[` + newProfile +
				`},{"alias":"default","token":"t","secret":"s","expirationDate":"2026-01-01T00:00:00.000Z"}]}`,
		},
		{
			name:  "another endpoint and consumer",
			after: `{"version":1,"profiles":[` + newProfile + `,"overrides":{"API_HOST":"http://127.0.0.1:8080","CONSOLE_URL":"http://127.0.0.1:8080","OAUTH_CONSUMER_KEY":"k","OAUTH_CONSUMER_SECRET":"s"}}]}`,
			change: func(p *Profile) {
				p.Console, p.Credentials.Endpoint = "http://127.0.0.1:8080/", "http://127.0.0.1:8080"
				p.Credentials.ConsumerKey, p.Credentials.ConsumerSecret = "k", "s"
			},
		},
		{
			name:   "an end that is not known",
			after:  `{"version":1,"profiles":[{"alias":"work","token":"new-token","secret":"new-secret","userId":"user_1","email":"a<b>@example.test"}]}`,
			change: func(p *Profile) { p.Credentials.Expires = time.Time{} },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clever-cloud", "clever-tools.json")
			if tt.before != "" {
				write(t, path, tt.before)
			}
			p := testProfile("work")
			if tt.change != nil {
				tt.change(&p)
			}
			if err := SaveProfile(t.Context(), path, p); err != nil {
				t.Fatal(err)
			}
			checkModes(t, path)
			if diff := cmp.Diff(tt.after, compacted(t, path)); diff != "" {
				t.Error(diff)
			}
			c, err := FromProfile(path)
			if err != nil || c.Token != "new-token" || c.ConsumerKey != p.Credentials.ConsumerKey || !c.Expires.Equal(p.Credentials.Expires) {
				t.Errorf("read again: %+v, %v", c.Source, err)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// compacted returns a file's JSON without its blanks, its order and escapes as they are.
func compacted(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !json.Valid(text) || !strings.HasSuffix(string(text), "}\n") {
		t.Fatalf("%v: %s", err, text)
	}
	var raw strings.Builder
	for line := range strings.Lines(string(text)) {
		raw.WriteString(strings.Replace(strings.TrimSpace(line), `": `, `":`, 1))
	}
	return raw.String()
}

func checkModes(t *testing.T, path string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	file, err1 := os.Stat(path)
	folder, err2 := os.Stat(filepath.Dir(path))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if file.Mode().Perm() != 0o600 || folder.Mode().Perm() != 0o700 {
		t.Errorf("modes %o and %o", file.Mode().Perm(), folder.Mode().Perm())
	}
}

// What cannot be understood is refused, by all three, and stays as it is.
func TestDamagedProfiles(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"version":1,"profiles":[`, "unexpected end of JSON input"},
		{`[]`, "something else where a JSON object is due"},
		{`{"version":2,"profiles":[]}`, "it is of version 2, and only 1 is known"},
		{`{"profiles":{}}`, "its profiles: "},
		{`{"profiles":[null]}`, "its profiles: "},
		{`{"profiles":[{"token":"t"}]}`, "a profile has no alias"},
		{`{"token":"t"}`, "it has one of token and secret, but not both"},
	} {
		path := filepath.Join(t.TempDir(), "clever-tools.json")
		write(t, path, tt.text)
		_, listed := Aliases(path)
		_, removed := RemoveProfiles(t.Context(), path, "work")
		for _, err := range []error{listed, removed, SaveProfile(t.Context(), path, testProfile("work"))} {
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "left as it is") || !IsAuth(err) {
				t.Errorf("%s: %v", tt.text, err)
			}
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != tt.text {
			t.Errorf("%s became %s, %v", tt.text, text, err)
		}
	}
}

func TestRemoveProfiles(t *testing.T) {
	const before = `{"version":1,"profiles":[{"alias":"a","token":"t","secret":"s"},{"alias":"b","token":"t","secret":"s"},{"alias":"a","token":"u","secret":"s"}],"x":1}`
	for _, tt := range []struct {
		gone   []string
		active string
		after  string
		err    string
	}{
		{[]string{"a"}, "b", `{"version":1,"x":1,"profiles":[{"alias":"b","token":"t","secret":"s"}]}`, ""},
		{[]string{"b", "a"}, "", `{"version":1,"x":1,"profiles":[]}`, ""},
		{[]string{"b", "c"}, "", before, `unknown profile "c"`},
	} {
		path := filepath.Join(t.TempDir(), "clever-tools.json")
		write(t, path, before)
		active, err := RemoveProfiles(t.Context(), path, tt.gone...)
		if active != tt.active || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%v: active %q, %v", tt.gone, active, err)
		}
		after := tt.after
		if tt.err == "" {
			if got := compacted(t, path); got != after {
				t.Errorf("%v leave %s", tt.gone, got)
			}
		} else if text, _ := os.ReadFile(path); string(text) != before {
			t.Errorf("%v leave %s", tt.gone, text)
		}
	}
}

// A file that is a link, as those have it who keep their settings elsewhere, stays one.
func TestProfilesBehindALink(t *testing.T) {
	path, target := filepath.Join(t.TempDir(), "clever-tools.json"), filepath.Join(t.TempDir(), "kept.json")
	write(t, target, `{"version":1,"profiles":[]}`)
	if err := os.Symlink(target, path); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if err := SaveProfile(t.Context(), path, testProfile("work")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if list, err := Aliases(target); err != nil || cmp.Diff([]string{"work"}, list) != "" {
		t.Errorf("%v, %v", list, err)
	}
}

// Logins at the same time do not lose each other's profiles.
func TestProfilesAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clever-tools.json")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := SaveProfile(t.Context(), path, testProfile(fmt.Sprintf("p%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := Aliases(path); err != nil || len(list) != 20 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestAliases(t *testing.T) {
	for alias, good := range map[string]bool{"default": true, "a-B_3": true, "": false, "$env": false, "a b": false, "é": false} {
		if err := CheckAlias(alias); (err == nil) != good {
			t.Errorf("%q: %v", alias, err)
		}
	}
}

// Whatever a file holds, it is either refused and left alone, or still there
// beside the new profile.
func FuzzProfiles(f *testing.F) {
	for _, text := range []string{"", "{}", `{"profiles":null}`, `{"version":1,"profiles":[{"alias":"a"}]}`, `{"token":"t","secret":"s","expirationDate":1e400}`,
		`{"profiles":[{"alias":"work","overrides":5,"alias":"b"}]}`, `{"a":{"b":[1,{"c":"\u2028<"}]},"a":1}`} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "clever-tools.json")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := Aliases(path)
		if err != nil {
			return
		}
		if err := SaveProfile(t.Context(), path, testProfile("work")); err != nil {
			t.Fatal(err)
		}
		after, err := Aliases(path)
		if err != nil || len(after) == 0 || after[0] != "work" {
			t.Fatalf("%q, %v", after, err)
		}
		kept := []string{"work"}
		for _, alias := range before {
			if alias != "work" {
				kept = append(kept, alias)
			}
		}
		if diff := cmp.Diff(kept, after); diff != "" {
			t.Error(diff)
		}
	})
}
