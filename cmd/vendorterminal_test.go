//go:build linux

package cmd_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestVendorTestProgress: on a terminal a line says which check is being made, and is
// gone when the report comes.
func TestVendorTestProgress(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(new(any))
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "kv"})
	}))
	t.Cleanup(server.Close)
	file, _ := s.manifestFor(t, server.URL)
	c := s.process(t, "vendor", "test", file, "--only", "K18,N1")
	c.Env = append(c.Env, "TERM=xterm", "CI=")
	user := sit(t, c)
	user.waitFor(t, "1/2, 0 failed, 0 advised: K18 an order is taken")
	user.waitFor(t, "2/2, 0 failed, 0 advised: N1 no credentials are refused")
	user.waitFor(t, "FAIL N1")
	if _, after, _ := strings.Cut(user.seen.String(), "N1 no credentials are refused"); !strings.HasPrefix(after, "  0s\x1b[0m\r\x1b[K") {
		t.Errorf("the line is still there: %q", after)
	}
}
