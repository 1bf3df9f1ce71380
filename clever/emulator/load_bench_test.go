//go:build bench

package emulator

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkLoad: 10 000 add-ons, 50 clients, 30 seconds, whatever -benchtime says.
//
//	go test -race -tags bench -run - -bench Load -benchtime 1x ./clever/emulator
func BenchmarkLoad(b *testing.B) {
	const lasting = 30 * time.Second
	for range b.N {
		var l load
		until := time.Now().Add(lasting)
		l.run(b, 10_000, 50, func(int) bool { return time.Now().After(until) })
		slices.Sort(l.took)
		b.ReportMetric(float64(len(l.took))/lasting.Seconds(), "requests/s")
		b.ReportMetric(float64(l.took[len(l.took)*50/100].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(l.took[len(l.took)*99/100].Microseconds())/1000, "p99-ms")
	}
}
