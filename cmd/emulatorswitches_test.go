package cmd_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestEmulatorSwitches starts the command with all that makes it stricter, or slow,
// than it is by itself.
func TestEmulatorSwitches(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	c := s.process(t, "emulator", "--listen", "127.0.0.1:0", "--strict", "--strict-ids", "--strict-options", "--migration-time", "1h")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if base, ok := strings.CutPrefix(lines.Text(), "export API_HOST="); ok {
			s.env["API_HOST"] = base
		}
	}
	ask := func(want int, authorization, method, path, body string) (answer struct{ ID, RealID, Status string }) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.env["API_HOST"]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", authorization)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d (%v)\n%s", method, path, resp.StatusCode, want, err, text)
		}
		_ = json.Unmarshal(text, &answer) // the id of a refusal is a number
		return answer
	}
	const signed = `OAuth oauth_consumer_key="emulator-consumer", oauth_token="emulator-token", oauth_signature="emulator-consumer-secret%26emulator-token-secret"`
	const addons = "/v2/self/addons"
	order := `{"name":"x","providerId":"postgresql-addon","plan":"plan_c32d00fb-6c06-48a9-a0a3-9d808937ec68","region":"par","options":{`
	ask(401, "Bearer anything", "GET", addons, "")
	ask(400, signed, "POST", addons, order+`"colour":"blue"}}`)
	made := ask(200, signed, "POST", addons, order+`"encryption":"true"}}`)
	ask(404, signed, "GET", addons+"/"+made.RealID, "")
	self := ask(200, signed, "GET", "/v2/self", "")
	moves := "/v2/organisations/" + self.ID + "/addons/" + made.ID + "/migrations"
	if m := ask(200, signed, "POST", moves, `{"region":"rbx"}`); m.Status != "RUNNING" {
		t.Errorf("the migration: %+v", m)
	}
	ask(400, signed, "POST", moves, `{"region":"rbx"}`)

	for _, name := range []string{"latency", "migration-time"} {
		if code, _, stderr := s.run("emulator", "--"+name, "-1s"); code != 1 || !strings.Contains(stderr, "--"+name+" cannot be negative") {
			t.Errorf("exit %d\n%s", code, stderr)
		}
	}
}
