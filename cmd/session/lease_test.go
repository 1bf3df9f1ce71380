package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"runner/clever/emulator"
	"runner/cmd/exit"
	"runner/cmd/session"
	"runner/cmd/ui"
)

// TestARunWithoutTheRightToWriteStops: after the right ended nothing is written and
// nothing more is started, and the run counts as interrupted, so that it is played
// again.
func TestARunWithoutTheRightToWriteStops(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{1, 8} {
		for _, allowed := range []int64{0, 1, 3} {
			t.Run(fmt.Sprintf("%d jobs, %d writes", jobs, allowed), func(t *testing.T) {
				t.Parallel()
				e, err := emulator.New(emulator.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var writes atomic.Int64
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						writes.Add(1)
					}
					e.ServeHTTP(w, r)
				}))
				defer server.Close()
				err = playLeased(t, server.URL, jobs, func() error {
					if writes.Load() >= allowed {
						return errors.New("the lease has ended")
					}
					return nil
				})
				if code := session.ExitCode(err); code != exit.Interrupted && code != exit.Failed {
					t.Errorf("exit %d, %v", code, err)
				}
				if n := int64(len(e.Addons(e.User()))); n < allowed || allowed == 0 && n > 0 || n >= allowed+int64(jobs) {
					t.Errorf("%d add-ons were made, the right ended after %d writes", n, allowed)
				}
			})
		}
	}
}

// playLeased orders ten databases with a right to write.
func playLeased(t *testing.T, endpoint string, jobs int, mayWrite func() error) error {
	t.Helper()
	var book strings.Builder
	for i := range 10 {
		fmt.Fprintf(&book, "- addon_register: {name: db-%d, provider: pg, details: {plan: dev}}\n", i)
	}
	file := filepath.Join(t.TempDir(), "site.yml")
	if err := os.WriteFile(file, []byte(book.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"HOME": t.TempDir(), "API_HOST": endpoint, "CLEVER_TOKEN": "emulator-token", "CLEVER_SECRET": "emulator-token-secret",
		"OAUTH_CONSUMER_KEY": "emulator-consumer", "OAUTH_CONSUMER_SECRET": "emulator-consumer-secret",
	}
	out := ui.Shared(&bytes.Buffer{})
	world := session.World{
		Streams:  &ui.Streams{In: strings.NewReader(""), Out: out, Err: out, Getenv: func(name string) string { return env[name] }},
		MayWrite: mayWrite,
	}
	spec := session.Default()
	spec.Files, spec.Jobs = []string{file}, jobs
	return session.Play(context.Background(), world, spec)
}
