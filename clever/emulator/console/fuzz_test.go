package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"runner/clever/emulator"
)

// FuzzConsole: whatever the page is sent, it answers, and what is no fault is none.
func FuzzConsole(f *testing.F) {
	e := start(f, emulator.Options{})
	console := New(e, "127.0.0.1:0")
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
		for _, text := range e.Faults() {
			if _, err := emulator.ParseFault(text); err != nil {
				t.Errorf("%s became %q: %v", body, text, err)
			}
		}
	})
}
