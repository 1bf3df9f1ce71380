//go:build !bench

package cmd_test

import "time"

// kills are when TestKilledEmulator kills: soon, since the suite is to be short.
func kills() []kill {
	return []kill{{1, time.Minute}, {30, time.Minute}, {600, time.Minute}}
}
