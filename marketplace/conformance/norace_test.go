//go:build !race

package conformance_test

// raceDetector tells whether the race detector watches.
const raceDetector = false
