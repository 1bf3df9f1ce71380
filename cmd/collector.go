package cmd

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The garbage collector's pace. With Go's own, a short run collects a heap of four
// megabytes again and again, a fifth of its time, and a long one holds twice what it uses.
const (
	smallGrowth = 300       // percent: how much a heap grows between two collections, below firstLimit
	firstLimit  = 120 << 20 // bytes of the whole process
	largeGrowth = 3         // quarters of what is in use: how much a heap grows above firstLimit
)

// paceCollector sets the collector's pace, unless the user's environment did (GOGC, GOMEMLIMIT).
func paceCollector() {
	if before := debug.SetGCPercent(smallGrowth); before != 100 || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		debug.SetGCPercent(before)
		return
	}
	afterEachCollection(func() { debug.SetMemoryLimit(max(firstLimit, inUse()/4*(4+largeGrowth))) })
}

// inUse returns how many bytes the last collection found in use.
func inUse() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// afterEachCollection calls a function now, and after each collection: an object that
// nobody holds is found by every one.
func afterEachCollection(do func()) {
	do()
	type object struct{ _ *object }
	runtime.AddCleanup(&object{}, afterEachCollection, do)
}
