// Package atomicfile writes files that are whole or as they were: a text is
// written beside its place, brought to the disk, and put into its place at once.
//
// What stands at the place decides how. A regular file keeps its owner, group,
// mode and access list. A symbolic link stays, and what it leads to is written. A
// device, a FIFO and a descriptor of this process (/dev/stdout) are written to as
// they are. A folder is refused. A file that cannot be replaced, because it is a
// mount point or because its owner would change, is written in place, and the
// caller is warned.
//
// The first error of a write is remembered, and nothing is put over a good file
// after one. What a killed process left beside a place is cleared by the next that
// writes there.
//
// The package knows files, and nothing of what is in them.
package atomicfile
