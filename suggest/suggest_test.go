package suggest

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"xxs_sml", "xs_sml", "dev", "S", "größe"}
	tests := map[string]string{
		"xxs_sm": "xxs_sml", "xxs_slm": "xxs_sml", "xs_sm": "xs_sml", "DEVS": "dev", "de": "dev", "dve": "dev",
		"xxs-sml": "xxs_sml", "grösse": "größe", "dev": "dev",
		"x": "", "": "", "production": "", "abc": "", strings.Repeat("x", 1000): "",
	}
	for word, want := range tests {
		if got := Nearest(word, words); got != want {
			t.Errorf("Nearest(%.20q) is %q, want %q", word, got, want)
		}
	}
	if got := Nearest("dev", nil); got != "" {
		t.Errorf("of no words %q is the nearest", got)
	}
}

func TestTheFirstOfEquallyNearWordsIsMeant(t *testing.T) {
	if got := Nearest("bat", []string{"cat", "rat", "mat"}); got != "cat" {
		t.Errorf("got %q", got)
	}
}

func TestDidYouMean(t *testing.T) {
	if got, want := DidYouMean("regin", []string{"region", "plan"}), `did you mean "region"?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := DidYouMean("colour", []string{"region", "plan"}); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
}
