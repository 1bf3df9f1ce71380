package manifest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whoever watches gets each attempt and its result, and no secret.
func TestAttemptsAreReported(t *testing.T) {
	requests := 0
	b := answering(t, Clever, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch requests++; {
		case requests == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.Contains(string(body), "huge"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprintf(w, `{"message": "no huge for %s"}`, testPassword)
		default:
			fmt.Fprint(w, `{"id": "kv1", "config": {"TINYKV_URL": "kv://x", "OTHER": "x"}}`)
		}
	})
	b.Retry = RetryPolicy{Waits: []time.Duration{time.Millisecond}}
	var got []string
	b.After = func(a Attempt) {
		line := fmt.Sprintf("%s %s %s %s %q %d: %d", a.Vendor, a.Call, a.Method, strings.TrimPrefix(a.URL, b.Site.BaseURL), a.Plan, a.Number, a.Status)
		if a.Resource != nil {
			line += fmt.Sprintf(" %s %d %s", a.Resource.ID, len(a.Resource.Config), a.Resource.Dropped)
		}
		if a.Err != nil {
			line += " " + a.Err.Error()
		}
		got = append(got, line)
	}
	if _, err := b.Provision(t.Context(), testOrder); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ChangePlan(t.Context(), "kv1", testOrder, "huge"); err == nil {
		t.Error("the change was not refused")
	}
	b.Site.BaseURL = "http://127.0.0.1:1"
	if _, err := b.Deprovision(t.Context(), "kv1", testOrder); err == nil {
		t.Error("nobody is there, and it is removed")
	}
	want := []string{
		`tinykv provision POST  "small" 1: 503 provision: the back-end is not there, or not well (503)`,
		`tinykv provision POST  "small" 2: 200 kv1 1 [OTHER]`,
		`tinykv plan change PUT /kv1 "huge" 1: 422 plan change: the back-end refused it (422): no huge for ********`,
		`tinykv deprovision DELETE /kv1 "" 1: 0 deprovision: the back-end is not there, or not well: connection refused, nothing listens there`,
		`tinykv deprovision DELETE /kv1 "" 2: 0 deprovision: the back-end is not there, or not well: connection refused, nothing listens there`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Of a secret that a back-end sends back nothing is printed, wherever it stands: not
// where a text is cut, nor in an answer that is none.
func TestSecretsSentBack(t *testing.T) {
	far := strings.Repeat("x", 240)
	for name, h := range map[string]http.HandlerFunc{
		"a refusal": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, far+testPassword)
		},
		"a success": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"id": "kv1", "message": "%s"}`, far+testPassword)
		},
		"a redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://example.com/"+far[:225]+testPassword)
			w.WriteHeader(http.StatusFound)
		},
		"a broken answer": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nyour password is %s\r\n\r\n", testPassword)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			b := answering(t, Clever, h)
			b.After = func(a Attempt) {
				got += fmt.Sprintf("%v %+v", a.Err, a.Resource)
			}
			_, err := b.Provision(t.Context(), testOrder)
			if got += fmt.Sprint(err); strings.Contains(got, testPassword[:10]) {
				t.Errorf("it is printed: %s", got)
			}
		})
	}
}
