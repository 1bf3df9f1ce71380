// Package fleet holds the tests of the whole fleet: real workers, a real server, and
// the emulator as the platform. The parts are in the folders beside it; it knows no
// more of them than that, and does nothing.
package fleet
