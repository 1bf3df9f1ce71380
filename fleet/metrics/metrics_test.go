package metrics_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"runner/fleet/metrics"
)

// TestTheClientsMetrics: what many count at once with different tags adds up, and is as
// Prometheus's own linter wants it.
func TestTheClientsMetrics(t *testing.T) {
	r := metrics.NewRegistry()
	root := metrics.Client(r)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			m := root.WithTags(map[string]string{"namespace": "acme"}).WithTags(map[string]string{"task_queue": []string{"a", "b"}[i%2], "unknown": "x"})
			m.Counter("temporal_request").Inc(3)
			root.Counter("temporal_request").Inc(1)
			m.Gauge("temporal_num_pollers").Update(4)
			m.Timer("temporal_request_latency").Record(1500 * time.Millisecond)
		})
	}
	all.Wait()
	w := httptest.NewRecorder()
	metrics.Handler(r, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	const empty = `activity_type="",failure_reason="",namespace="",operation="",poller_type="",status_code="",task_queue="",worker_type="",workflow_type=""`
	tagged := strings.NewReplacer(`namespace=""`, `namespace="acme"`, `task_queue=""`, `task_queue="a"`).Replace(empty)
	for _, want := range []string{
		"temporal_request_total{" + empty + "} 10", "temporal_request_total{" + tagged + "} 15", "temporal_num_pollers{" + tagged + "} 4",
		"temporal_request_latency_seconds_count{" + tagged + "} 5", "temporal_request_latency_seconds_sum{" + tagged + "} 7.5", "go_build_info{",
	} {
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if problems, err := promlint.New(strings.NewReader(string(text))).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("%v %+v", err, problems)
	}
}

// TestServe: it serves until the context ends, and says at once that an address is taken.
func TestServe(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	if err := metrics.Serve(t.Context(), taken.Listener.Addr().String(), metrics.NewRegistry(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it serves at an address that is taken")
	}
}
