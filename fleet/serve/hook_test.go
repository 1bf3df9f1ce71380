package serve

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

const (
	hookSecret = "a secret of the tests"
	signer     = "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3Rz" // the same as a key of Standard Webhooks
)

// A hookTest is a server with a repository, whose plays are noted and not played.
type hookTest struct {
	*Server
	t       *testing.T
	repo    string
	mu      sync.Mutex
	started map[string]flow.Job
	fails   error // of starting
}

func newHookTest(t *testing.T) *hookTest {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	h := &hookTest{t: t, repo: filepath.Join(t.TempDir(), "shop.git"), started: map[string]flow.Job{}}
	h.git("init", "-q", "-b", "main", h.repo)
	h.commit("site.yml", "playbooks/a.yml", "playbooks/b.yml", "roles/db/tasks/main.yml")
	f, err := settings.Parse("fleet.yml", fmt.Sprintf(`
projects:
  shop: {git: %q, hook: env:SECRET}
  web: {git: %q, hook: env:SIGNER}
  closed: {git: %q}
playbooks:
  - {project: shop, files: site.yml, on_push: true, extra_vars: [a=b], approve: delete}
  - {project: shop, files: "playbooks/*.yml", on_push: true, changed: ["playbooks/*.yml", roles/]}
  - {project: shop, files: "*.yml", every: 1h}
  - {project: shop, files: site.yml, on_push: true, ref: v1}
  - {project: web, files: site.yml, on_push: true}
`, h.repo, h.repo, h.repo))
	if err != nil {
		t.Fatal(err)
	}
	h.Server, err = New(Options{
		Settings: f, Fleet: &control.Fleet{}, Logger: slog.New(slog.DiscardHandler),
		Getenv:  func(name string) string { return map[string]string{"SECRET": hookSecret, "SIGNER": signer}[name] },
		Sources: &checkout.Repositories{Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.look = func(context.Context) (*control.Overview, error) { return nil, errors.New("there is no server") }
	h.start = func(_ context.Context, id string, job flow.Job) (bool, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		_, already := h.started[id]
		if h.fails == nil {
			h.started[id] = job
		}
		return already, h.fails
	}
	return h
}

func (h *hookTest) git(args ...string) string {
	h.t.Helper()
	c := exec.Command("git", args...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.t.TempDir(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.test",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.test"}
	out, err := c.CombinedOutput()
	if err != nil {
		h.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files and returns the commit.
func (h *hookTest) commit(files ...string) string {
	h.t.Helper()
	for _, file := range files {
		path := filepath.Join(h.repo, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(time.Now().String()), 0o600)); err != nil {
			h.t.Fatal(err)
		}
	}
	h.git("-C", h.repo, "add", ".")
	h.git("-C", h.repo, "commit", "-qm", "files")
	return h.git("-C", h.repo, "rev-parse", "HEAD")
}

// send sends a delivery, and returns the status and what the response says.
func (h *hookTest) send(project, body string, header map[string]string) (int, result) {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/hook/"+project, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	var res result
	if err := json.Unmarshal(w.Body.Bytes(), &res); err != nil {
		h.t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), hookSecret) {
		h.t.Errorf("the response holds the secret: %s", w.Body)
	}
	return w.Code, res
}

// playbooks returns what was started, sorted.
func (h *hookTest) playbooks() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, job := range h.started {
		all = append(all, job.Name())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func signed(body string) string {
	return "sha256=" + hex.EncodeToString(sum([]byte(hookSecret), []byte(body)))
}

func gitHub(body, delivery string) map[string]string {
	return map[string]string{"X-Hub-Signature-256": signed(body), "X-GitHub-Event": "push", "X-GitHub-Delivery": delivery, "Content-Type": "application/json"}
}

func standard(body string, sent time.Time, id string) map[string]string {
	stamp := fmt.Sprint(sent.Unix())
	mac := base64.StdEncoding.EncodeToString(sum([]byte(hookSecret), []byte(id+"."+stamp+"."+body)))
	return map[string]string{"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1,AAAA v1," + mac, "X-Gitlab-Event": "Push Hook"}
}

// TestTheFormsOfWebHooks: each form starts the plays of the pushed commit once, however
// often the delivery is sent; with one byte changed, or without proof, nothing is started.
func TestTheFormsOfWebHooks(t *testing.T) {
	h := newHookTest(t)
	commit := h.git("-C", h.repo, "rev-parse", "HEAD")
	push := fmt.Sprintf(`{"ref": "refs/heads/main", "before": "%040d", "after": %q, "object_kind": "push", "commits": [{"modified": ["roles/db/x.yml"]}], "total_commits_count": 1}`, 1, commit)
	encoded := "payload=" + url.QueryEscape(push)
	plain := fmt.Sprintf(`{"ref": "main", "commit": %q}`, commit)
	asForm := gitHub(encoded, "d2")
	asForm["Content-Type"] = "application/x-www-form-urlencoded"
	const all = "shop/playbooks/a.yml shop/playbooks/b.yml shop/site.yml"
	for name, c := range map[string]struct {
		project, body string
		header        map[string]string
		want          string
	}{
		"GitHub":                     {"shop", push, gitHub(push, "d1"), all},
		"GitHub, as a form":          {"shop", encoded, asForm, all},
		"GitLab":                     {"shop", push, map[string]string{"X-Gitlab-Token": hookSecret, "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "u1"}, all},
		"GitLab, signed":             {"web", push, standard(push, time.Now(), "m1"), "web/site.yml"},
		"plain":                      {"shop", plain, map[string]string{"X-Runner-Signature": signed(plain)}, all},
		"plain, a branch alone":      {"shop", `{"ref":"main"}`, map[string]string{"X-Runner-Signature": signed(`{"ref":"main"}`)}, all},
		"plain, with what changed":   {"shop", `{"ref":"main","changed":["README"]}`, map[string]string{"X-Runner-Signature": signed(`{"ref":"main","changed":["README"]}`)}, "shop/site.yml"},
		"GitLab without a name":      {"shop", push, map[string]string{"X-Gitlab-Token": hookSecret}, all},
		"GitHub without a delivery":  {"shop", push, gitHub(push, ""), all},
		"GitHub, to a project's own": {"shop", push, gitHub(push, "d9"), all},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			clear(h.started)
			for proof := range c.header {
				if !slices.ContainsFunc(forms, func(f form) bool { return strings.EqualFold(f.header, proof) }) {
					continue
				}
				bad := map[string]string{}
				for name, value := range c.header {
					bad[name] = value
				}
				for _, value := range []string{"", "x", c.header[proof] + "x", strings.ToUpper(c.header[proof]), "sha256=", "v1,"} {
					bad[proof] = value
					if code, res := h.send(c.project, c.body, bad); code != 401 || res.Error != "not authorized" {
						t.Errorf("%s: %q: %d %+v", proof, value, code, res)
					}
				}
			}
			if _, token := c.header["X-Gitlab-Token"]; !token {
				if code, _ := h.send(c.project, c.body+" ", c.header); code != 401 {
					t.Errorf("a body that was changed: %d", code)
				}
			}
			for _, project := range []string{"closed", "nowhere"} {
				if code, res := h.send(project, c.body, c.header); code != 401 || res.Error != "not authorized" {
					t.Errorf("%s: %d %+v", project, code, res)
				}
			}
			if len(h.started) > 0 {
				t.Fatalf("started %v", h.started)
			}
			code, first := h.send(c.project, c.body, c.header)
			if code != 202 || first.Commit != commit || h.playbooks() != c.want {
				t.Fatalf("%d %+v started %s, want %s", code, first, h.playbooks(), c.want)
			}
			code, again := h.send(c.project, c.body, c.header)
			if d := cmp.Diff(first.Plays, again.Already); code != 202 || len(again.Plays) > 0 || d != "" {
				t.Errorf("sent again: %d %+v", code, again)
			}
			for id, job := range h.started {
				if job.Ref != commit || !strings.HasPrefix(id, "play/"+job.Name()+"/push-") {
					t.Errorf("%s: %+v", id, job)
				}
				if job.Playbook == "site.yml" && job.Project == "shop" && (job.Approve[0] != "delete" || job.ExtraVars[0] != "a=b") {
					t.Errorf("it is played otherwise than declared: %+v", job)
				}
			}
		})
	}
}

// TestAnOldDelivery: what was signed five minutes ago is refused where the form has the
// time; where it has not, an old push plays nothing older than what the ref is at.
func TestAnOldDelivery(t *testing.T) {
	h := newHookTest(t)
	old := h.git("-C", h.repo, "rev-parse", "HEAD")
	push := fmt.Sprintf(`{"ref": "refs/heads/main", "after": %q, "object_kind": "push"}`, old)
	for _, sent := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		if code, _ := h.send("web", push, standard(push, time.Now().Add(sent), "m")); code != 401 {
			t.Errorf("sent %v ago: %d", -sent, code)
		}
	}
	tip := h.commit("site.yml")
	code, res := h.send("shop", push, gitHub(push, "new name"))
	if code != 202 || res.Commit != tip || !strings.Contains(res.Note, old) {
		t.Errorf("%d %+v", code, res)
	}
	for id, job := range h.started {
		if job.Ref != tip {
			t.Errorf("%s plays %s", id, job.Ref)
		}
	}
}

// TestWhatAWebHookIgnores: it says why, with status 200, and starts nothing.
func TestWhatAWebHookIgnores(t *testing.T) {
	h := newHookTest(t)
	for _, c := range []struct{ event, body, want string }{
		{"ping", `{"zen": "x"}`, "it reports ping, and no push"},
		{"issues", `{}`, "it reports issues, and no push"},
		{"push", `{"ref": "refs/heads/dev", "after": "1"}`, "dev is not followed: playbooks of shop follow main, v1"},
		{"push", `{"ref": "refs/pull/1/head", "after": "1"}`, `"refs/pull/1/head" is neither a branch nor a tag`},
		{"push", `{"ref": "refs/heads/main", "after": "` + noCommit + `", "deleted": true}`, "main was deleted"},
		{"push", `{"ref": "refs/tags/v1", "after": "1"}`, h.repo + ` has no branch, tag or commit "v1"`},
	} {
		code, res := h.send("shop", c.body, map[string]string{"X-Hub-Signature-256": signed(c.body), "X-GitHub-Event": c.event})
		if code != 200 || res.Ignored != c.want {
			t.Errorf("%s %s: %d %+v", c.event, c.body, code, res)
		}
	}
	h.Settings.Playbooks = h.Settings.Playbooks[1:2]
	body := `{"ref": "refs/heads/main", "before": "2", "after": "1", "commits": [{"added": ["README"]}, {"removed": ["doc/roles"]}]}`
	if code, res := h.send("shop", body, gitHub(body, "d")); code != 200 || res.Ignored != "no file changed that an entry of playbooks names in changed" {
		t.Errorf("%d %+v", code, res)
	}
	h.Settings.Playbooks = nil
	if code, res := h.send("shop", body, gitHub(body, "d")); code != 200 || res.Ignored != "no entry of playbooks of shop says on_push: true" {
		t.Errorf("%d %+v", code, res)
	}
	if len(h.started) > 0 {
		t.Errorf("started %v", h.started)
	}
}

// TestBadDeliveries: what is signed and cannot be read is said; what cannot be started is
// an error, and the same delivery starts it later.
func TestBadDeliveries(t *testing.T) {
	h := newHookTest(t)
	for _, body := range []string{"", "{", "[]", `"x"`, `{"ref": 1}`, `{"ref": "main", "commt": "x"}`, `{"commit": "x"}`, strings.Repeat("[", 1<<20)} {
		if code, res := h.send("shop", body, map[string]string{"X-Runner-Signature": signed(body)}); code != 400 || res.Error == "" {
			t.Errorf("%.30q: %d %+v", body, code, res)
		}
	}
	if code, _ := h.send("shop", strings.Repeat(" ", mostBody+1), map[string]string{"X-Gitlab-Token": hookSecret}); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d", code)
	}
	body := `{"ref": "main", "id": "one"}`
	header := map[string]string{"X-Runner-Signature": signed(body)}
	h.fails = errors.New("the server is away")
	if code, res := h.send("shop", body, header); code != 503 || !strings.Contains(res.Error, "the server is away") {
		t.Errorf("%d %+v", code, res)
	}
	h.fails = nil
	if code, res := h.send("shop", body, header); code != 202 || len(res.Plays) != 3 {
		t.Errorf("%d %+v", code, res)
	}
	if err := os.RemoveAll(h.repo); err != nil {
		t.Fatal(err)
	}
	if code, res := h.send("shop", body, header); code != 502 || res.Error == "" {
		t.Errorf("%d %+v", code, res)
	}
	for method, path := range map[string]string{"GET": "/hook/shop", "PUT": "/hook/shop", "POST": "/hook/", "DELETE": "/healthz"} {
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != 405 && w.Code != 404 {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	}
}

func TestTouches(t *testing.T) {
	for _, c := range []struct {
		pattern, file string
		want          bool
	}{
		{"roles", "roles/db/tasks/main.yml", true}, {"roles/", "roles/x", true}, {"roles/*", "roles/db/x", true}, {"*.yml", "site.yml", true},
		{"*.yml", "roles/site.yml", false}, {"role", "roles/x", false}, {"roles/db", "roles", false}, {"*/*.yml", "a/b.yml", true}, {"x", "", false},
	} {
		if got := touches([]string{c.pattern}, c.file); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.file, got)
		}
	}
}

// TestSecretsAreChecked: all that is wrong with them at once, and no word of them.
func TestSecretsAreChecked(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := write("open.hook", hookSecret, 0o644)
	write("good.hook", hookSecret+"\n", 0o600)
	short := write("short", "password", 0o600)
	f := &settings.File{Projects: map[string]settings.Project{
		"a": {Hook: "open"}, "b": {Hook: "good"}, "c": {Hook: "file:" + short}, "d": {Hook: "env:NONE"}, "e": {Hook: "none"}, "f": {Hook: "vault:x"}, "g": {},
	}, Serve: settings.Serve{Secrets: dir}}
	secrets, err := hookSecrets(f, func(string) string { return "" })
	want := []string{
		"the web hook of project a: the secret file " + open + " can be used by others than its owner: chmod 600 " + open,
		"the web hook of project c: file:" + short + " has less than 16 characters: openssl rand -hex 32 makes one",
		"the web hook of project d: the variable NONE of the environment is empty",
		"the web hook of project e: the secret file " + filepath.Join(dir, "none.hook") + " is missing: create it, for its owner alone (chmod 600)",
		`the web hook of project f: "vault:x" names no secret: NAME, env:NAME or file:PATH`,
	}
	if err == nil || string(secrets["b"]) != hookSecret {
		t.Fatalf("%v, %q", err, secrets)
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Error(d)
	}
}

// TestThePlainFormWithOpenSSL sends what docs/fleet.md shows.
func TestThePlainFormWithOpenSSL(t *testing.T) {
	for _, name := range []string{"openssl", "curl", "sh"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("there is no %s", name)
		}
	}
	h := newHookTest(t)
	server := httptest.NewServer(h.Handler())
	defer server.Close()
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(page), "```bash hook\n")
	script, _, closed := strings.Cut(script, "```")
	if !ok || !closed {
		t.Fatal("docs/fleet.md has no block ```bash hook")
	}
	c := exec.Command("sh", "-euc", strings.ReplaceAll(script, "https://fleet.example.com", server.URL))
	c.Dir, c.Env = h.repo, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "SECRET=" + hookSecret}
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"plays":["play/shop/`) || h.playbooks() == "" {
		t.Errorf("%v\n%s", err, out)
	}
}
