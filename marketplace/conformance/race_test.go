//go:build race

package conformance_test

// raceDetector reports whether the race detector watches.
const raceDetector = true
