//go:build chaos

package session_test

// chaosRounds is how many seeds each test of chaos plays.
const chaosRounds = 25
