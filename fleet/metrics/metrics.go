// Package metrics hands what the client of the workflows' server counts to Prometheus. It
// knows the two libraries, and nothing of plays.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"
)

// NewRegistry returns a registry with what there is to know of any process: its memory,
// its goroutines, and of what it was built.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return r
}

// Handler returns what responds with the metrics of a registry.
func Handler(r *prometheus.Registry, logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), Timeout: 30 * time.Second})
}

// Serve responds with the metrics of a registry at /metrics of an address, until the
// context ends. Its error is that the address cannot be had.
func Serve(ctx context.Context, address string, r *prometheus.Registry, logger *slog.Logger) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("metrics cannot be served at %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Handler(r, logger))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 16}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	go func() {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("metrics are not served any more", "error", err)
		}
	}()
	logger.Info("metrics are served", "address", "http://"+listener.Addr().String()+"/metrics")
	return nil
}

// labels are those of the client's tags that metrics have; Prometheus wants the same ones
// for all metrics of a name.
var labels = []string{"namespace", "task_queue", "worker_type", "workflow_type", "activity_type", "operation", "poller_type", "status_code", "failure_reason"}

// clientMetrics are a client's metrics with tags.
type clientMetrics struct {
	*all
	tags map[string]string
}

// all are the metrics of a client that there are by now.
type all struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
	timers   map[string]*prometheus.HistogramVec
}

// Client returns what a client counts with, for a registry.
func Client(r *prometheus.Registry) client.MetricsHandler {
	return clientMetrics{&all{
		registry: r, counters: map[string]*prometheus.CounterVec{}, gauges: map[string]*prometheus.GaugeVec{}, timers: map[string]*prometheus.HistogramVec{},
	}, nil}
}

// WithTags returns the same metrics with further tags.
func (c clientMetrics) WithTags(tags map[string]string) client.MetricsHandler {
	with := maps.Clone(c.tags)
	if with == nil {
		with = map[string]string{}
	}
	maps.Copy(with, tags)
	return clientMetrics{c.all, with}
}

func (c clientMetrics) values() []string {
	values := make([]string, len(labels))
	for i, label := range labels {
		values[i] = c.tags[label]
	}
	return values
}

const help = "Counted by the client of the workflows' server."

// made returns the metric of a name, and makes and registers it at first.
func made[V prometheus.Collector](a *all, there map[string]V, name string, make func() V) V {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := there[name]
	if !ok {
		v = make()
		there[name] = v
		_ = a.registry.Register(v) // it would be refused for a name that is there already: then it is counted and not shown
	}
	return v
}

// Counter returns the counter of a name.
func (c clientMetrics) Counter(name string) client.MetricsCounter {
	v := made(c.all, c.counters, name, func() *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: strings.TrimSuffix(name, "_total") + "_total", Help: help}, labels)
	}).WithLabelValues(c.values()...)
	return counter{v}
}

// Gauge returns the gauge of a name.
func (c clientMetrics) Gauge(name string) client.MetricsGauge {
	return gauge{made(c.all, c.gauges, name, func() *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}).WithLabelValues(c.values()...)}
}

// Timer returns the histogram of a name, in seconds.
func (c clientMetrics) Timer(name string) client.MetricsTimer {
	return timer{made(c.all, c.timers, name, func() *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name + "_seconds", Help: help, Buckets: []float64{.005, .02, .1, .5, 2, 10, 60, 300, 1800}}, labels)
	}).WithLabelValues(c.values()...)}
}

type (
	counter struct{ prometheus.Counter }
	gauge   struct{ prometheus.Gauge }
	timer   struct{ prometheus.Observer }
)

// Inc adds to a counter.
func (c counter) Inc(n int64) { c.Add(float64(n)) }

// Update sets a gauge.
func (g gauge) Update(value float64) { g.Set(value) }

// Record adds to a histogram.
func (t timer) Record(d time.Duration) { t.Observe(d.Seconds()) }
