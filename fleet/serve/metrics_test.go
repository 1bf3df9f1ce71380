package serve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"runner/fleet/control"
	"runner/fleet/settings"
)

// TestMetrics: they are as Prometheus's own linter wants them, and say what the fleet is.
func TestMetrics(t *testing.T) {
	p := newPageTest(t, 10, settings.Serve{})
	response, text := p.send("GET", "/metrics", nil, nil)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if response.StatusCode != 200 || err != nil || len(problems) > 0 {
		t.Fatalf("%d %v %+v", response.StatusCode, err, problems)
	}
	for _, want := range []string{
		"runner_fleet_up 1", "runner_fleet_playbooks 10", "runner_fleet_playbooks_failed 2", "runner_fleet_playbooks_drifted 2",
		"runner_fleet_plays_waiting_for_consent 2", `runner_fleet_plays_active{phase="queued or playing"} 1`, `runner_fleet_plays_active{phase="resolving"} 0`,
		"runner_fleet_schedule_lag_seconds 1.5", `runner_fleet_schedules{state="active"} 20`,
		fmt.Sprintf(`runner_fleet_last_success_timestamp_seconds{playbook="shop/teams/p0001.yml"} %v`, float64(p.o.Playbooks[1].Success.UnixMilli())/1000),
	} {
		if !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return sameSample(line, want) }) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(text, "p0000.yml\"") {
		t.Error("a playbook that never ended well has a time of success")
	}
}

// sameSample compares samples, whose values may be written with an exponent.
func sameSample(line, want string) bool {
	name, value, _ := strings.Cut(line, "} ")
	if name == line {
		name, value, _ = strings.Cut(line, " ")
	}
	wantName, wantValue, _ := strings.Cut(want, "} ")
	if wantName == want {
		wantName, wantValue, _ = strings.Cut(want, " ")
	}
	var a, b float64
	_, errA := fmt.Sscan(value, &a)
	_, errB := fmt.Sscan(wantValue, &b)
	return name == wantName && errA == nil && errB == nil && a == b
}

// TestDeliveriesAndEndsAreCounted: made-up projects do not become labels.
func TestDeliveriesAndEndsAreCounted(t *testing.T) {
	h := newHookTest(t)
	body := `{"ref": "main"}`
	h.send("shop", body, map[string]string{"X-Runner-Signature": signed(body)})
	h.send("shop", body, map[string]string{"X-Runner-Signature": "x"})
	h.send("made-up", body, map[string]string{"X-Runner-Signature": signed(body)})
	one, two := 0, 2
	h.counts.count(control.PlayInfo{Name: "shop/site.yml", Exit: &one})
	h.counts.count(control.PlayInfo{Name: "shop/site.yml", Exit: &two, Check: true})
	h.counts.count(control.PlayInfo{Name: "shop/other.yml"})
	want := `# HELP runner_fleet_webhooks_total Deliveries of web hooks, by project and the status of the response; "" is one without a hook.
# TYPE runner_fleet_webhooks_total counter
runner_fleet_webhooks_total{project="",status="401"} 1
runner_fleet_webhooks_total{project="shop",status="202"} 1
runner_fleet_webhooks_total{project="shop",status="401"} 1
# HELP runner_fleet_plays_ended_total Plays that ended since this process began, by project and exit code; without one they were ended from outside.
# TYPE runner_fleet_plays_ended_total counter
runner_fleet_plays_ended_total{exit="",kind="play",project="shop"} 1
runner_fleet_plays_ended_total{exit="0",kind="play",project="shop"} 1
runner_fleet_plays_ended_total{exit="2",kind="check",project="shop"} 1
`
	if err := testutil.GatherAndCompare(h.counts.registry, strings.NewReader(want), "runner_fleet_webhooks_total", "runner_fleet_plays_ended_total"); err != nil {
		t.Error(err)
	}
}
