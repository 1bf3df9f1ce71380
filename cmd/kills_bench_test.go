//go:build bench

package cmd_test

import (
	"math"
	"time"
)

// kills are when TestKilledEmulator kills: in the middle of a minute's work, and many
// times soon after the start.
//
//	go test -race -tags bench -run KilledEmulator -v ./cmd
func kills() []kill {
	list := []kill{{math.MaxInt64, 30 * time.Second}}
	for n := range int64(20) {
		list = append(list, kill{1 + n*n, time.Minute})
	}
	return list
}
