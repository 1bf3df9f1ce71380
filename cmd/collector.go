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
	lazily = 300       // percent: a small heap may grow so much between two collections
	roomy  = 120 << 20 // bytes: until the process has come to this
	spare  = 3         // quarters of what is in use that may come on top from there on
)

// paceCollector sets the collector's pace, unless the user's environment did (GOGC, GOMEMLIMIT).
func paceCollector() {
	if before := debug.SetGCPercent(lazily); before != 100 || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		debug.SetGCPercent(before)
		return
	}
	afterEachCollection(func() { debug.SetMemoryLimit(max(roomy, inUse()/4*(4+spare))) })
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
