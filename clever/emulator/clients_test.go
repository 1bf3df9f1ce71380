package emulator

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// python returns an interpreter that has requests-oauthlib.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import requests_oauthlib").Run() == nil {
			return name
		}
	}
	t.Skip("no python3 with requests_oauthlib: on Debian, install python3-requests-oauthlib")
	return ""
}

// A client that others wrote, with its own signatures, over a socket.
func TestRequestsOAuthlib(t *testing.T) {
	interpreter := python(t)
	for _, method := range []string{"HMAC-SHA1", "HMAC-SHA512", "PLAINTEXT"} {
		t.Run(method, func(t *testing.T) {
			e, _ := newEmulator(t, Options{Strict: true})
			server := httptest.NewServer(e)
			defer server.Close()
			key, secret, token, tokenSecret := e.Credentials()
			run := exec.CommandContext(t.Context(), interpreter, "-B", "testdata/article.py", server.URL)
			run.Env = []string{"OAUTH_CONSUMER_KEY=" + key, "OAUTH_CONSUMER_SECRET=" + secret, "CLEVER_TOKEN=" + token,
				"CLEVER_SECRET=" + tokenSecret, "SIGNATURE_METHOD=" + method, "OAUTHLIB_INSECURE_TRANSPORT=1", "NO_PROXY=*"}
			var problems bytes.Buffer
			run.Stderr = &problems
			out, err := run.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, problems.String())
			}
			checkArticle(t, e, out)
		})
	}
}

func checkArticle(t *testing.T, e *Emulator, out []byte) {
	t.Helper()
	var seen struct {
		Plans                        map[string]int
		Versions                     map[string][]string
		Zones, Made, Env, Tags       []string
		Self, Renamed, Read, Removed string
		Listed                       bool
		After, Forged                int
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
	if len(seen.Plans) != 17 || seen.Plans["postgresql-addon"] != 32 || len(seen.Versions) != 11 || len(seen.Zones) != 11 || seen.Self != e.User() {
		t.Errorf("catalogue: %+v", seen)
	}
	if diff := cmp.Diff([]string{"5.7", "8.0", "8.4"}, seen.Versions["mysql-addon"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"from-python", "postgresql-addon", "dev", "par"}, seen.Made); diff != "" {
		t.Error(diff)
	}
	if len(seen.Env) != 7 || seen.Renamed != "renamed, by Python" || seen.Read != seen.Renamed || !seen.Listed || seen.Tags[0] != "with space" {
		t.Errorf("add-on: %+v", seen)
	}
	if seen.Removed != "success" || seen.After != 404 || seen.Forged != 401 || len(e.Addons(e.User())) != 0 {
		t.Errorf("end: %+v", seen)
	}
}
