//go:build unix

package fleet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"runner/fleet/flow"
	"runner/fleet/settings"
)

// cronText makes up a cron text: most are nearly right.
func cronText(r *rand.Rand) string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	value := func(least, most int) string {
		switch r.IntN(12) {
		case 0:
			return pick("", "-1", "x", "+2", "007", "1.5", "*", "?", "L")
		case 1:
			return fmt.Sprint(most + r.IntN(3))
		case 2:
			return fmt.Sprint(max(0, least-r.IntN(2)))
		}
		return fmt.Sprint(least + r.IntN(most-least+1))
	}
	named := func(least, most int, names ...string) func() string {
		return func() string {
			if len(names) > 0 && r.IntN(3) == 0 {
				return pick(names...)
			}
			return value(least, most)
		}
	}
	field := func(value func() string) string {
		var parts []string
		for range 1 + r.IntN(2)*r.IntN(3) {
			part := pick("*", value(), value(), value()+"-"+value(), value()+"-"+value()+"-"+value())
			if r.IntN(3) == 0 {
				part += "/" + pick("1", "2", "5", "99", "0", "", "x", "2/3")
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ",")
	}
	month := named(1, 12, "jan", "JUN", "sept", "december", "decembers", "ma", "mar")
	weekday := named(0, 7, "mon", "Fri", "su", "s", "sunday", "7", "mo-fr")
	year := named(2000, 2100, "1999", "2101")
	fields := []string{field(named(0, 59)), field(named(0, 23)), field(named(1, 31)), field(month), field(weekday)}
	if r.IntN(6) == 0 {
		fields = append(fields, field(year))
		if r.IntN(2) == 0 {
			fields = append([]string{field(named(0, 59))}, fields...)
		}
	}
	if r.IntN(20) == 0 {
		fields = fields[:r.IntN(len(fields))]
	}
	for i := range fields { // most are simple, so that whole texts are right often enough
		if r.IntN(2) == 0 {
			fields[i] = "*"
		}
	}
	text := strings.Join(fields, " ")
	if r.IntN(6) == 0 {
		duration := func() string {
			return pick("1h", "90m", "1d", "1.5d", "1d2h", "1s", "500ms", "0s", "-1h", "x", "", "2", "1D", ".5d")
		}
		text = pick("@daily", "@Daily", "@hourly", "@annually", "@midnight", "@reboot", "@", "@every", "@every "+duration(), "@every  1h",
			"@every "+duration()+"/"+duration(), "@every "+duration()+"/"+duration()+"/1s", "@everyday 1h")
	}
	switch r.IntN(10) {
	case 0:
		text = pick("TZ=", "CRON_TZ=", "tz=", " TZ=") + pick("Europe/Paris", "UTC", "", "Local", "Mars/Base", "../etc", "+02:00") + pick(" ", "  ", "\t", "") + text
	case 1:
		text += pick("#", " # at night", " #"+strings.Repeat("x", 200), " #"+strings.Repeat("x", 201), "# a # b")
	}
	return text
}

// TestCronIsAsTheServerTakesIt: fleet.yml may have just the times that the server takes.
func TestCronIsAsTheServerTakesIt(t *testing.T) {
	s := newStage(t)
	schedules := s.fleet().Client.ScheduleClient()
	texts := []string{"99 * * * *", "0 3 * * *", "0 0 30 2 *", "60 * * * *", "* * * * * *", "* * * * * * *", "* * * * * * * *", "0 0 * * 5-7/2", "0 0 * * 7-7/3"}
	r := rand.New(rand.NewPCG(20, 26))
	for len(texts) < 400 {
		texts = append(texts, cronText(r))
	}
	taken := make([]bool, len(texts))
	var g errgroup.Group
	g.SetLimit(16)
	for i, text := range texts {
		g.Go(func() error {
			id := fmt.Sprintf("cron/%d", i)
			handle, err := schedules.Create(t.Context(), client.ScheduleOptions{ID: id, Paused: true,
				Spec: client.ScheduleSpec{CronExpressions: []string{text}}, Action: &client.ScheduleWorkflowAction{ID: id, Workflow: flow.PlayWorkflow, TaskQueue: "none"}})
			if _, refused := errors.AsType[*serviceerror.InvalidArgument](err); refused {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%q: %w", text, err)
			}
			taken[i] = true
			return handle.Delete(t.Context())
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, text := range texts {
		_, err := settings.Parse("fleet.yml", fmt.Sprintf("projects: {a: {git: x}}\nplaybooks: [{project: a, files: b, cron: %q}]", text))
		if taken[i] != (err == nil) {
			t.Errorf("%q: the server takes it: %v; fleet.yml: %v", text, taken[i], err)
		}
		if taken[i] {
			n++
		}
	}
	if n < len(texts)/10 || n > len(texts)*9/10 {
		t.Errorf("the server takes %d of %d: too few of one kind", n, len(texts))
	}
	t.Logf("the server takes %d of %d", n, len(texts))
}
