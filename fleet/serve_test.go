//go:build unix

package fleet_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A served is `runner fleet serve` in a process of its own.
type served struct {
	*exec.Cmd
	s   *stage
	url string
}

const hookSecret = "a secret of the tests, for a hook"

// serve starts it. The stage's fleet.yml gets what it needs for web hooks, and more.
func (s *stage) serve(more string) *served {
	s.t.Helper()
	text, err := os.ReadFile(s.settings)
	if err != nil {
		s.t.Fatal(err)
	}
	changed := strings.Replace(string(text), "credentials: shop,", "credentials: shop, hook: shop,", 1) + "serve: {listen: \"127.0.0.1:0\"" + more + "}\n"
	for path, text := range map[string]string{filepath.Join(s.dir, "worker", "secrets", "shop.hook"): hookSecret, s.settings: changed} {
		s.write(path, text)
	}
	c := exec.Command(s.program, "--file", s.settings, "serve")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	log, err := os.Create(filepath.Join(s.dir, "serve.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.start(c)
	line, _ := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening at ")
	if !ok {
		text, _ := os.ReadFile(log.Name())
		s.t.Fatalf("serve says %q\n%s", line, text)
	}
	return &served{c, s, url}
}

// send sends a request, and returns the status and the text of the response.
func (s *served) send(method, path, body string, headers map[string]string) (int, string) {
	s.s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.s.t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		s.s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.s.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// hook sends GitHub's delivery of a push, and returns the status and the response.
func (s *served) hook(body, delivery string) (code int, res hookResult) {
	s.s.t.Helper()
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(body))
	code, text := s.send(http.MethodPost, "/hook/shop", body, map[string]string{"X-GitHub-Event": "push", "X-GitHub-Delivery": delivery,
		"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))})
	if err := json.Unmarshal([]byte(text), &res); err != nil {
		s.s.t.Fatal(err)
	}
	return code, res
}

// as gets a page as a user; "": nobody.
func (s *served) as(user, path string) (int, string) {
	s.s.t.Helper()
	return s.send(http.MethodGet, path, "", map[string]string{"X-User": user})
}

// consent sends the form of the page as a user.
func (s *served) consent(form url.Values) (int, string) {
	s.s.t.Helper()
	return s.send(http.MethodPost, "/consent", form.Encode(), map[string]string{"X-User": "ann", "Content-Type": "application/x-www-form-urlencoded"})
}

// A hookResult is the response to a delivery.
type hookResult struct {
	Plays, Already []string
	Error, Ignored string
	Pending        bool
}

// TestAWebHookPlays: a push plays what is declared, once, however often its delivery is
// sent; serve ends well on SIGTERM.
func TestAWebHookPlays(t *testing.T) {
	on := newServer(t)
	s := newStageOn(t, on)
	s.commit(map[string]string{"site.yml": orders(organisation(0), "db", 1), "other.yml": orders(organisation(0), "other", 1)})
	s.declare("  - {project: shop, files: site.yml, on_push: true}\n")
	server := s.serve("")
	s.worker("one", 2)
	push := fmt.Sprintf(`{"ref": "refs/heads/main", "after": %q}`, strings.Repeat("1", 40))
	var plays []string
	for i := range 3 {
		code, res := server.hook(push, "delivery")
		if plays = append(plays, res.Plays...); code != 202 || len(res.Plays)+len(res.Already) != 1 {
			t.Fatalf("%d: %d %+v", i, code, res)
		}
	}
	if len(plays) != 1 {
		t.Fatalf("started %v", plays)
	}
	if o := s.outcome(s.fleet().Client, plays[0]); o.Exit != 0 || o.Counts["changed"] != 1 {
		t.Errorf("%+v", o)
	}
	if code, res := server.hook(push, "delivery"); code != 202 || len(res.Already) != 1 {
		t.Errorf("after its end: %d %+v", code, res)
	}
	if got := strings.Join(s.platform.names(), " "); got != "db-0" {
		t.Errorf("the platform has %s", got)
	}
	if code, _ := server.as("", "/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
	on.kill()
	s.eventually(15*time.Second, "/healthz notices that the server is away", func() bool { code, _ := server.as("", "/healthz"); return code == 503 })
	if code, res := server.hook(push, "while it is away"); code != 202 || !res.Pending {
		t.Errorf("%d %+v", code, res)
	}
	on.start(t)
	s.eventually(time.Minute, "it is played when the server is back", func() bool {
		_, res := server.hook(push, "while it is away")
		return len(res.Already) == 1
	})
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "serve.log"))
	if strings.Contains(string(log), hookSecret) {
		t.Errorf("the log has the secret:\n%s", log)
	}
}

// database is a playbook of one database.
func database(encrypted bool) string {
	return fmt.Sprintf("- hosts: localhost\n  tasks:\n    - name: Order it\n      addon_register: {name: db, provider: pg, details: {plan: xs_sml, encryption: %v}}\n", encrypted)
}

var formOf = regexp.MustCompile(`name="play" value="([^"]+)">\s*<input type="hidden" name="shown" value="([^"]+)"`)

// TestThePageTakesConsent: a play that would replace a database waits; the page shows what
// it needs. A form of what was shown before the plan changed is refused, and one of what
// is shown lets it go on. Nothing on the page, in metrics or in logs is a secret.
func TestThePageTakesConsent(t *testing.T) {
	s := newStage(t)
	s.commit(map[string]string{"site.yml": database(false)})
	s.declare("  - {project: shop, files: site.yml, every: 6h, drift: 6h, on_push: true, approve: [replace]}\n")
	server := s.serve(", user_header: X-User, ui: \"https://temporal.example.test\"")
	s.worker("one", 2)
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out := s.run("run", "shop/site.yml"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.commit(map[string]string{"site.yml": database(true)})
	_, res := server.hook(`{"ref": "refs/heads/main"}`, "replaces")
	if len(res.Plays) != 1 {
		t.Fatalf("%+v", res)
	}
	var text string
	s.eventually(time.Minute, "the page shows what waits", func() bool {
		_, text = server.as("ann", "/")
		return formOf.MatchString(text)
	})
	m := formOf.FindStringSubmatch(text)
	if html.UnescapeString(m[1]) != res.Plays[0] || !strings.Contains(text, "replace add-on &#34;db&#34;") || !strings.Contains(text, "https://temporal.example.test/namespaces/"+s.namespace+"/workflows/") {
		t.Errorf("the page is\n%s", text)
	}
	if code, text := server.consent(url.Values{"play": {res.Plays[0]}, "shown": {strings.Repeat("0", 64)}, "say": {"approve"}}); code != 409 || !strings.Contains(text, "has changed since it was shown") {
		t.Errorf("%d\n%s", code, text)
	}
	if code, text := server.consent(url.Values{"play": {res.Plays[0]}, "shown": {m[2]}, "say": {"approve"}}); code != 303 {
		t.Fatalf("%d\n%s", code, text)
	}
	if o := s.outcome(s.fleet().Client, res.Plays[0]); o.Exit != 0 {
		t.Errorf("%+v", o)
	}
	if code, _ := server.consent(url.Values{"play": {res.Plays[0]}, "shown": {m[2]}, "say": {"approve"}}); code != 409 {
		t.Errorf("consent after the end: %d", code)
	}
	if code, out := s.run("run", "--check", "shop/site.yml"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.commit(map[string]string{"site.yml": database(false)})
	if code, out := s.run("run", "--check", "shop/site.yml"); code != 3 {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.checkMetrics(server)
	s.checkStatus()
	s.noSecret(server)
}

// checkMetrics holds the metrics to what was played.
func (s *stage) checkMetrics(server *served) {
	s.t.Helper()
	want := []string{
		"runner_fleet_up 1", "runner_fleet_playbooks 1", "runner_fleet_playbooks_drifted 1", "runner_fleet_playbooks_failed 0", "runner_fleet_plays_waiting_for_consent 0",
		`runner_fleet_schedules{state="active"} 2`, `runner_fleet_webhooks_total{project="shop",status="202"} 1`, `runner_fleet_last_success_timestamp_seconds{playbook="shop/site.yml"} `,
		`runner_fleet_plays_ended_total{exit="0",kind="play",project="shop"} `, `runner_fleet_plays_ended_total{exit="3",kind="check",project="shop"} 1`,
	}
	var lacks, text string
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		_, text = server.as("prometheus", "/metrics")
		i := slices.IndexFunc(want, func(line string) bool { return !strings.Contains(text, "\n"+line) })
		if i < 0 {
			return
		}
		lacks = want[i]
	}
	s.t.Errorf("the metrics lack %q:\n%s", lacks, text)
}

// checkStatus holds status to what was played.
func (s *stage) checkStatus() {
	s.t.Helper()
	for args, want := range map[string]string{"--drift": "shop/site.yml (check)  drift", "": "shop/site.yml          ok", "--drift --format json": `"drift": true`} {
		if code, out := s.run(append([]string{"status"}, strings.Fields(args)...)...); code != 0 || !strings.Contains(out, want) {
			s.t.Errorf("status %s: exit %d\n%s", args, code, out)
		}
	}
	for _, args := range []string{"--failed", "--waiting"} {
		if code, out := s.run("status", args); code != 0 || strings.Contains(out, "shop/") {
			s.t.Errorf("status %s: exit %d\n%s", args, code, out)
		}
	}
	for args, want := range map[string]string{
		"approve shop/sitee.yml": `there is no play and no playbook "shop/sitee.yml"; did you mean "shop/site.yml"?`,
		"pause shop/sit.yml":     `there is no play and no playbook "shop/sit.yml"; did you mean "shop/site.yml"?`,
		"run shp/site.yml":       `there is no project "shp" in fleet.yml; did you mean "shop"?`,
		"status --format xml":    `takes text or json, not "xml"`,
	} {
		if code, out := s.run(strings.Fields(args)...); code == 0 || !strings.Contains(out, want) {
			s.t.Errorf("%s: exit %d\n%s", args, code, out)
		}
	}
}

// noSecret searches what serve shows and logs for each secret that there is.
func (s *stage) noSecret(server *served) {
	s.t.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, "serve.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	_, page := server.as("ann", "/")
	_, metrics := server.as("ann", "/metrics")
	secrets := []string{hookSecret, "emulator-token", "emulator-consumer"} // what the worker and serve have in files
	for _, secret := range secrets {
		for name, text := range map[string]string{"the log": string(log), "the page": page, "the metrics": metrics} {
			if strings.Contains(text, secret) {
				s.t.Errorf("%s holds a secret:\n%s", name, text)
			}
		}
	}
}
