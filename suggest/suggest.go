// Package suggest finds the word that was probably meant by one that is not
// known. It knows words and the distance between them, and nothing of where they
// are used.
package suggest

import (
	"fmt"
	"strings"

	"github.com/hbollon/go-edlib"
)

// longest is the length in bytes up to which words are compared; a longer
// one is no slip of a finger.
const longest = 64

// Nearest returns the word of a list that was most likely meant, or "" when none
// is near: a letter wrong, left out, doubled or swapped, another case, or - for _.
// Of several that are equally near it is the first.
func Nearest(word string, among []string) string {
	best, least := "", 2+len(word)/4
	if len(word) > longest {
		return ""
	}
	for _, w := range among {
		if len(w) > longest {
			continue
		}
		if d := distance(word, w); d < least && d < len(word) {
			best, least = w, d
		}
	}
	return best
}

// DidYouMean returns `did you mean "x"?`, or "" when nothing is near.
func DidYouMean(word string, among []string) string {
	if near := Nearest(word, among); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// distance counts the letters to change, add, leave out or swap.
func distance(a, b string) int {
	return edlib.OSADamerauLevenshteinDistance(plain(a), plain(b))
}

func plain(word string) string { return strings.ReplaceAll(strings.ToLower(word), "-", "_") }
