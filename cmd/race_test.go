//go:build race

package cmd_test

// pace is how many requests a test that strikes each of them goes on at a time:
// with the race detector all is slow, and some of them do.
const pace = 4
