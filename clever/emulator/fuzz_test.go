package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is asked, there is an answer in the platform's shape, and no 500.
func FuzzHandler(f *testing.F) {
	strict, _ := newEmulator(f, Options{Strict: true})
	e, c := newEmulator(f, Options{})
	made := c.order("/v2/self", order("x"))
	path := "/v2/self/addons/" + made.ID
	for _, seed := range [][4]string{
		{"GET", "/v2/self", "", "Bearer x"},
		{"GET", path + "/env?%zz", "", `OAuth oauth_token="x",oauth_token="y"`},
		{"POST", "/v2/self/addons", `{"name":"x","providerId":"kv","plan":"plan_310a853e-ec9a-42f2-8ea9-877af376bc25","region":"par","options":{"a":"b"}}`, "Bearer x"},
		{"POST", "/v2/self/addons", `{"name":null,"options":[]}`, "Bearer x"},
		{"PUT", path + "/tags", `["a",1]`, "Bearer x"},
		{"PUT", path + "/tags/%ff", "", "Bearer x"},
		{"POST", "/v2/organisations/orga_a/addons/" + made.ID + "/migrations", `{"planId":5}`, "Bearer x"},
		{"PUT", "/v4/addon-providers/config-provider/addons/x/env", `null`, "Bearer x"},
		{"GET", "/v4//addon-providers/%2e%2e/../addons", "", `OAuth oauth_signature="%"`},
		{"OPTIONS", "*", "", ""},
		{"GET", "/v2/self?oauth_timestamp=1&oauth_nonce=n", "", `OAuth oauth_consumer_key="emulator-consumer", oauth_token="emulator-token", oauth_signature_method="HMAC-SHA512", oauth_signature="eA=="`},
		{"HEAD", "/v4/products/zones?tag=%", "", ""},
		{"GET", "/cli-oauth?cli_token=%3Cscript%3E", "", ""},
		{"POST", "/cli-oauth", "cli_token=a&form_key=%&decision=allow", ""},
		{"POST", "/v2/oauth/request_token", "", `OAuth oauth_consumer_key="x", oauth_callback="http%3A%2F%2Fa"`},
		{"POST", "/v2/oauth/access_token", "oauth_token=x&oauth_verifier=y", `OAuth oauth_consumer_key="x"`},
		{"POST", "/v2/oauth/authorize", "oauth_token=x&oauth_token=y&decision", ""},
		{"GET", "/v2/self/cli_tokens?cli_token=x", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, target, body, auth string) {
		r, err := http.NewRequest(method, "http://emulator.test", strings.NewReader(body))
		if err != nil {
			return
		}
		u, err := r.URL.Parse(target)
		if err != nil {
			return
		}
		r.URL = u
		r.Header["Authorization"] = []string{auth}
		for _, asked := range []http.Handler{strict, e, e.Console("emulator.test")} {
			if _, ok := asked.(*Console); ok && r.URL.Path == "/console/events" {
				continue // it has no end
			}
			w := httptest.NewRecorder()
			asked.ServeHTTP(w, r.Clone(t.Context()))
			if w.Code >= 500 {
				t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
			}
			kind := w.Header().Get("Content-Type")
			if text := w.Body.Bytes(); kind == "application/json" && !json.Valid(text) {
				t.Errorf("%s %s: not JSON: %s", method, target, text)
			}
			if kind == "" && w.Body.Len() > 0 {
				t.Errorf("%s %s: nobody says what this is: %s", method, target, w.Body)
			}
			r.Body = io.NopCloser(strings.NewReader(body))
		}
	})
}

// FuzzConsole: whatever the page is sent, it answers, and what is no fault is none.
func FuzzConsole(f *testing.F) {
	e, _ := newEmulator(f, Options{})
	console := e.Console("127.0.0.1:0")
	for _, seed := range [][5]string{
		{"GET", "/", "", "127.0.0.1", ""},
		{"GET", "/console/world?q=%", "", "localhost:1", "http://localhost:1"},
		{"GET", "/console/variables/addon_x", "", "[::1]", "null"},
		{"POST", "/console/faults", `{"fault":"POST:/a[:1=503"}`, "127.0.0.1", ""},
		{"POST", "/console/faults", `{"fault":":*/0=slow,-1s"}`, "127.0.0.1:80", "http://127.0.0.1:80"},
		{"DELETE", "/console/faults", "", "[", "://"},
		{"POST", "/console/reset", "", "127.0.0.1%00", ""},
		{"GET", "/console/../v2/self", "", "127.0.0.1", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, method, target, body, host, origin string) {
		r, err := http.NewRequest(method, "http://emulator.test/", strings.NewReader(body))
		if err != nil {
			return
		}
		u, err := r.URL.Parse(target)
		if err != nil || u.Path == "/console/events" {
			return
		}
		r.URL, r.Host = u, host
		r.Header["Origin"] = []string{origin}
		e.Recover()
		w := httptest.NewRecorder()
		console.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		for _, text := range e.faults.texts() {
			if _, err := ParseFault(text); err != nil {
				t.Errorf("%s became %q: %v", body, text, err)
			}
		}
	})
}

// Whatever is in a state file, it is read or refused, and stays as it is.
func FuzzState(f *testing.F) {
	s := write(f)
	c, err := loadCatalogue()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.text)
	f.Add(s.text[:len(s.text)/2])
	f.Add([]byte(`{"version":1,"user":{"id":"user_1"},"addons":[null]}`))
	f.Add([]byte(`{"version":3}`))
	f.Add([]byte{})
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		for i, text := range [][]byte{text, sealed(text)} {
			path := filepath.Join(folder, fmt.Sprint(i))
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := (&stateFile{path: path}).read(c)
			if after := contents(t, path); !bytes.Equal(after, text) {
				t.Errorf("reading made the file %q of %q", after, text)
			}
			if err == nil {
				holdTogether(t, w)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// sealed gives each line of a text the checksum that it should have.
func sealed(text []byte) []byte {
	var all []byte
	for line := range bytes.Lines(text) {
		if _, rest, ok := bytes.Cut(line, []byte(`",`)); ok && bytes.HasPrefix(line, []byte(`{"sum":"`)) {
			line = append(fmt.Appendf(nil, opening, checksum(rest)), rest...)
		}
		all = append(all, line...)
	}
	return all
}

// holdTogether finds each add-on of a world by its ids, and nothing else.
func holdTogether(t *testing.T, w *world) {
	t.Helper()
	for _, a := range w.addons {
		if w.addon(a.ID) != a || w.addon(a.RealID) != a {
			t.Errorf("%s is not found", a.ID)
		}
	}
	indexed := 0
	for _, part := range w.index {
		indexed += len(part)
	}
	if indexed != 2*len(w.addons) {
		t.Errorf("%d ids are known, of %d add-ons", indexed, len(w.addons))
	}
}
