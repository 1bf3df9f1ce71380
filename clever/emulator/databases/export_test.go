package databases

// What tests of killed processes write and read.
var (
	Born = born
	Note = note
)
