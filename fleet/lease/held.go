//go:build !nolease

package lease

// held reports whether leases count; see nolease.go.
const held = true
