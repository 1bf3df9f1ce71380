//go:build !race

package cmd_test

// pace is how many requests a test that strikes each of them goes on at a time.
const pace = 1
