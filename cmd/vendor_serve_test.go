package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestVendorServe: a vendor sees what each order makes of his back-end, secrets
// aside, and ends the marketplace with Ctrl-C.
func TestVendorServe(t *testing.T) {
	t.Parallel()
	b, err := newBackend(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.server.Close)
	s := newShell(t)
	c := s.process(t, "vendor", "serve", s.file(t, "kv.json", string(b.manifest)), "--listen", "127.0.0.1:0", "--plan", "small", "--plan", "huge")
	var out bytes.Buffer
	c.Stdout = &out
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	var printed strings.Builder
	until := func(pattern string) []string {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			printed.WriteString(line)
			if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
				return m
			}
			if err != nil {
				t.Fatalf("it never says %q:\n%s", pattern, printed.String())
			}
		}
	}
	page := until(`^order tinykv \(heroku-v1; plans small, huge\) on (http://127\.0\.0\.1:\d+)\n$`)[1]
	until(`^its back-end is called at ` + b.server.URL + `/resources\n$`)

	var catalogue []struct {
		ID    string
		Plans []struct{ ID string }
	}
	get(t, page+"/console/catalogue", &catalogue)
	if len(catalogue) != 1 || catalogue[0].ID != "tinykv" || len(catalogue[0].Plans) != 2 {
		t.Fatalf("it sells %+v", catalogue)
	}
	var world struct{ Owners []struct{ ID string } }
	get(t, page+"/console/world", &world)
	order := func(plan int) (answer struct{ ID, Error string }) {
		t.Helper()
		body, err := json.Marshal(map[string]any{"owner": world.Owners[0].ID, "order": map[string]any{
			"name": "kv", "providerId": "tinykv", "plan": catalogue[0].Plans[plan].ID, "region": "par"}})
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(page+"/console/addons", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if made := order(0); made.ID == "" {
		t.Errorf("not ordered: %s", made.Error)
	}
	until(`^\d\d:\d\d:\d\d provision, plan small: POST ` + b.server.URL + `/resources, \d+ ms: 200, id "kv-[-0-9a-f]+", sets TINYKV_URL\n$`)
	if refused := order(1); !strings.Contains(refused.Error, "there is only small") {
		t.Errorf("the refusal reads %+v", refused)
	}
	until(`^\d\d:\d\d:\d\d provision, plan huge: .*: the back-end refused it \(422\): there is only small, \*{8}\n$`)

	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	printed.Write(rest)
	if err := c.Wait(); err != nil || out.Len() > 0 {
		t.Errorf("it ended with %v, and on standard output %q", err, out.String())
	}
	for _, secret := range append(b.m.Secrets(), "hidden-value") {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("%q is printed:\n%s", secret, printed.String())
		}
	}
}

func get(t *testing.T, address string, into any) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
