package builtin

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestParagraph: a paragraph has as many words as were wanted, in sentences, and no word
// twice in a row.
func TestParagraph(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sentence := regexp.MustCompile(`^[A-Z][a-z]*(,? [a-z]+)*\.$`)
	for n := 1; n < 200; n++ {
		text := paragraph(n, r.IntN)
		words := strings.Fields(text)
		if len(words) != n {
			t.Fatalf("%d words, want %d: %s", len(words), n, text)
		}
		for _, part := range strings.SplitAfter(text, ". ") {
			if !sentence.MatchString(strings.TrimSpace(part)) {
				t.Errorf("no sentence: %q", part)
			}
		}
		for i := 1; i < n; i++ {
			if plain := strings.NewReplacer(",", "", ".", ""); strings.EqualFold(plain.Replace(words[i-1]), plain.Replace(words[i])) {
				t.Errorf("%q stands twice", words[i])
			}
		}
	}
	if got := paragraph(0, r.IntN); got != "." {
		t.Errorf("no words are %q", got)
	}
}
