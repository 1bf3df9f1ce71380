// Package schedule decides when each node of a list may start, change the world
// and end, so that nodes that run side by side mean what they would mean one
// after the other.
//
// It knows nodes by their number, what they wait for, and the resources that they
// use by path. It knows no step, no variable and no report.
//
// The rules:
//
//   - A node starts when the nodes that it needs have ended. A barrier starts when
//     all nodes before it have ended, and none after it starts sooner.
//   - Of two nodes that use one resource, the first in the list goes first, unless
//     both only read it.
//   - A node may change the world when every node before it has ended, or waits for
//     a change that is under way; none that has ended may have failed.
//   - A node may destroy something when every node before it has ended, or destroys
//     something itself, or waits for one that does.
//   - At most as many workers as there are slots are at work at once. Who waits for
//     another node holds no slot.
package schedule
