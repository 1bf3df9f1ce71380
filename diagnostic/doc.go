// Package diagnostic holds what is said about a text that somebody wrote: a
// problem, how grave it is, what to do about it, and the place where it stands.
//
// It knows sources and places in them. It knows no language, no run and no form
// of output: who reads a text makes problems, who prints them decides how.
package diagnostic
