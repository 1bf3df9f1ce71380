//go:build unix

package fleet_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// hook sends GitHub's delivery of a push, and returns the status and the response.
func (s *served) hook(body, delivery string) (int, hookResult) {
	s.s.t.Helper()
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(body))
	r, err := http.NewRequest(http.MethodPost, s.url+"/hook/shop", strings.NewReader(body))
	if err != nil {
		s.s.t.Fatal(err)
	}
	for name, value := range map[string]string{"X-GitHub-Event": "push", "X-GitHub-Delivery": delivery,
		"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))} {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.s.t.Fatal(err)
	}
	defer response.Body.Close()
	var res hookResult
	if err := json.NewDecoder(response.Body).Decode(&res); err != nil {
		s.s.t.Fatal(err)
	}
	return response.StatusCode, res
}

// A hookResult is the response to a delivery.
type hookResult struct {
	Plays, Already []string
	Error, Ignored string
	Pending        bool
}

// get returns the status and the text of a page.
func (s *served) get(path string) (int, string) {
	s.s.t.Helper()
	response, err := http.Get(s.url + path)
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
	if code, _ := server.get("/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
	on.kill()
	s.eventually(15*time.Second, "/healthz notices that the server is away", func() bool { code, _ := server.get("/healthz"); return code == 503 })
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
