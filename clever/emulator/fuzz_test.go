package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
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
		for _, wanted := range []http.Handler{strict, e} {
			w := httptest.NewRecorder()
			wanted.ServeHTTP(w, r.Clone(t.Context()))
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
