package tasks

import "testing"

func TestSameVersion(t *testing.T) {
	for _, c := range []struct {
		running, wanted string
		same            bool
	}{
		{"15", "15", true},
		{"15.4", "15", true},
		{"15.4.1", "15.4", true},
		{"150", "15", false},
		{"15.40", "15.4", false},
		{"1.15", "15", false},
		{"15", "15.4", false},
		{"", "15", false},
	} {
		if got := sameVersion(c.running, c.wanted); got != c.same {
			t.Errorf("%q runs, %q is wanted: same = %v", c.running, c.wanted, got)
		}
	}
}

func TestSlug(t *testing.T) {
	for text, want := range map[string]string{
		"Order a Postgres Database": "order-a-postgres-database",
		"  2 databases, please! ":   "2-databases-please",
		"":                          "",
		"…":                         "",
	} {
		if got := slug(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
