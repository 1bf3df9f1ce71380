//go:build nolease

package lease

// held says that leases do not count: the tests of the fleet build a worker with this to
// show that writes overlap without them.
const held = false
