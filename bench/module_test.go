//go:build bench

package bench

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// BenchmarkModule measures what an Ansible module takes beside Ansible's own time: the
// start of the program alone, and a whole task that changes nothing, its requests to an
// emulator on this machine, of 20 ms each, included.
func BenchmarkModule(b *testing.B) {
	runner := build(b)
	env, stop := emulator(b, runner)
	defer stop()
	order := `{"name": "db", "provider": "postgres", "details": {"plan": "dev"}}`
	for _, bench := range []struct {
		name, arguments string
		args            []string
	}{
		{"start", "", []string{"version"}},
		{"refused", `{"nmae": "db"}`, []string{"module", "addon_register", "-"}},
		{"unchanged", order, []string{"module", "addon_register", "-"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			run := func() time.Duration {
				c := exec.Command(runner, bench.args...)
				c.Env, c.Stdin = env, strings.NewReader(bench.arguments)
				start := time.Now()
				if out, err := c.CombinedOutput(); err != nil && bench.name != "refused" {
					b.Fatalf("%v\n%s", err, out)
				}
				return time.Since(start)
			}
			run()
			var sum time.Duration
			for b.Loop() {
				sum += run()
			}
			b.ReportMetric(float64(sum.Microseconds())/1000/float64(b.N), "ms/module")
			b.ReportMetric(0, "ns/op")
		})
	}
}
