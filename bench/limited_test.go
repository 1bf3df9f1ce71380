//go:build bench

package bench

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bears is how many requests the platform of BenchmarkLimited bears at once.
const bears = 8

// BenchmarkLimited orders 100 add-ons from a platform that answers 429 to what is more
// than eight requests at once: with -j 8, which never comes to it, and as usual. The
// ratio is the second to the first; it fails if a play does, or an order is refused.
func BenchmarkLimited(b *testing.B) {
	runner := build(b)
	var fixed, adaptive time.Duration
	var refused, orders int64
	for range b.N {
		took, _, _ := limited(b, runner, "-j", "8")
		fixed += took
		took, n, o := limited(b, runner)
		adaptive += took
		refused += n
		orders += o
	}
	if orders > 0 {
		b.Errorf("%d orders were refused: each has to be looked for", orders)
	}
	b.ReportMetric(fixed.Seconds()/float64(b.N), "s/fixed")
	b.ReportMetric(adaptive.Seconds()/float64(b.N), "s/play")
	b.ReportMetric(float64(adaptive)/float64(fixed), "×fixed")
	b.ReportMetric(float64(refused)/float64(b.N), "refused")
	b.ReportMetric(0, "ns/op")
}

// limited plays 100 orders once, and returns how long it took, and how many requests
// were refused, orders apart.
func limited(b *testing.B, runner string, args ...string) (took time.Duration, refused, orders int64) {
	b.Helper()
	env, stop := emulator(b, runner)
	defer stop()
	var requests, inFlight, all, posts atomic.Int64
	var host string
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "API_HOST="); ok {
			host = value
		}
	}
	target, err := url.Parse(host)
	if err != nil {
		b.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		defer inFlight.Add(-1)
		if inFlight.Add(1) > bears {
			all.Add(1)
			if r.Method == http.MethodPost {
				posts.Add(1)
			}
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	book := filepath.Join(b.TempDir(), "site.yml")
	if err := os.WriteFile(book, []byte(orderBook(100)), 0o600); err != nil {
		b.Fatal(err)
	}
	took, _ = play(b, runner, book, append(env, "RUNNER_ENDPOINT="+server.URL), args...)
	if requests.Load() < 200 {
		b.Fatalf("%d requests came to the limited platform", requests.Load())
	}
	return took, all.Load(), posts.Load()
}
