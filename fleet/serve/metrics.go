package serve

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/metrics"
)

// counts are of what happens here.
type counts struct {
	registry *prometheus.Registry
	ended    *prometheus.CounterVec
	hooks    *prometheus.CounterVec
}

// A fleetCollector describes the fleet when somebody asks.
type fleetCollector struct {
	look func(context.Context) (*control.Overview, error)
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("runner_fleet_"+name, help, labels, nil)
}

var (
	descUp        = describe("up", "Whether the server of the workflows responds.")
	descPlaybooks = describe("playbooks", "Playbooks that have a schedule or were played.")
	descFailed    = describe("playbooks_failed", "Playbooks whose latest play or check failed.")
	descDrifted   = describe("playbooks_drifted", "Playbooks whose check found something to do since they were played.")
	descActive    = describe("plays_active", "Plays that go on, by what they are doing.", "phase")
	descWaiting   = describe("plays_waiting_for_consent", "Plays that wait for consent.")
	descSuccess   = describe("last_success_timestamp_seconds", "When a play of a playbook last ended well.", "playbook")
	descSchedules = describe("schedules", "Schedules, by whether they are paused.", "state")
	descLag       = describe("schedule_lag_seconds", "How late the schedule is that is the latest.")
)

func newCounts() *counts {
	m := &counts{
		registry: metrics.NewRegistry(),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "runner_fleet_plays_ended_total", Help: "Plays that ended since this process began, by project and exit code; without one they were ended from outside.",
		}, []string{"project", "kind", "exit"}),
		hooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "runner_fleet_webhooks_total", Help: "Deliveries of web hooks, by project and the status of the response; \"\" is one without a hook.",
		}, []string{"project", "status"}),
	}
	m.registry.MustRegister(m.ended, m.hooks)
	return m
}

// count counts a play that ended.
func (m *counts) count(p control.PlayInfo) {
	project, _, _ := strings.Cut(p.Name, "/")
	kind, exit := "play", ""
	if p.Check {
		kind = "check"
	}
	if p.Exit != nil {
		exit = strconv.Itoa(*p.Exit)
	}
	m.ended.WithLabelValues(project, kind, exit).Inc()
}

// Describe sends what there is.
func (f fleetCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descPlaybooks, descFailed, descDrifted, descActive, descWaiting, descSuccess, descSchedules, descLag} {
		to <- d
	}
}

// scrapeTime is how long the server may take for an overview.
const scrapeTime = 8 * time.Second

// Collect sends how the fleet is.
func (f fleetCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	o, err := f.look(ctx)
	if err != nil {
		gauge(descUp, 0) // what was known before would look as if it were so now
		return
	}
	gauge(descUp, 1)
	gauge(descPlaybooks, float64(len(o.Playbooks)))
	gauge(descFailed, float64(len(o.Filter(control.Filter{Failed: true}))))
	gauge(descDrifted, float64(len(o.Filter(control.Filter{Drift: true}))))
	gauge(descWaiting, float64(len(o.Waiting)))
	for _, phase := range []string{flow.Resolving, flow.Queued, flow.Waiting} {
		gauge(descActive, float64(o.Phases[phase]), phase)
	}
	gauge(descSchedules, float64(o.Schedules-o.Paused), "active")
	gauge(descSchedules, float64(o.Paused), "paused")
	gauge(descLag, o.Lag.Seconds())
	for _, b := range o.Playbooks {
		if !b.Success.IsZero() {
			gauge(descSuccess, float64(b.Success.UnixMilli())/1000, b.Name)
		}
	}
}
