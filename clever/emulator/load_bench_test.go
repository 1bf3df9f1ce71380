//go:build bench

package emulator

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkLoad: 10 000 add-ons, 50 clients, 30 seconds, whatever -benchtime says,
// in the process and over sockets that are kept open.
//
//	go test -race -tags bench -run - -bench Load -benchtime 1x ./clever/emulator
func BenchmarkLoad(b *testing.B) {
	const lasting = 30 * time.Second
	for _, network := range []bool{false, true} {
		b.Run(fmt.Sprintf("network=%v", network), func(b *testing.B) {
			for range b.N {
				var l load
				until := time.Now().Add(lasting)
				l.run(b, network, 10_000, 50, func(int) bool { return time.Now().After(until) })
				b.ReportMetric(float64(len(l.reads)+len(l.writes))/lasting.Seconds(), "requests/s")
				b.ReportMetric(at(99, slices.Concat(l.reads, l.writes)), "p99-ms")
				b.ReportMetric(at(50, l.reads), "read-p50-ms")
				b.ReportMetric(at(99, l.reads), "read-p99-ms")
				b.ReportMetric(at(50, l.writes), "write-p50-ms")
				b.ReportMetric(at(99, l.writes), "write-p99-ms")
			}
		})
	}
}

// at returns a percentile in milliseconds.
func at(percent int, took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)*percent/100].Microseconds()) / 1000
}
