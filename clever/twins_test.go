package clever_test

import (
	"net/http"
	"strings"
	"testing"

	"runner/clever"
)

// TestTwins: two machines find that there is no add-on of a name, and both order
// it. The later one is told of both, the earlier one of nothing.
func TestTwins(t *testing.T) {
	e, first := emulated(t)
	second, err := clever.New(configOf(e))
	must(t, err)
	for _, c := range []*clever.Client{first, second} {
		_, err := c.Addons(t.Context(), "")
		must(t, err)
	}
	early := order(t, first, "", "pg", "dev", "par", "db")
	late := order(t, second, "", "pg", "dev", "par", "db")
	order(t, second, "", "redis", "s_mono", "par", "db") // another provider's
	order(t, second, "", "pg", "dev", "par", "other")
	if early.CreationDate == late.CreationDate && early.ID > late.ID {
		early, late, first, second = late, early, second, first
	}

	twins, err := first.Twins(t.Context())
	must(t, err)
	if len(twins) != 0 {
		t.Errorf("the earlier one is told: %v", twins)
	}
	twins, err = second.Twins(t.Context())
	must(t, err)
	if len(twins) != 1 || twins[0].Mine != late.ID || twins[0].Theirs != early.ID || !strings.Contains(twins[0].Error(), early.ID) {
		t.Errorf("the later one is told %+v of %s and %s", twins, early.ID, late.ID)
	}

	must(t, second.Delete(t.Context(), "", late.ID))
	if twins, err = second.Twins(t.Context()); err != nil || len(twins) != 0 {
		t.Errorf("it is gone, and told: %v, %v", twins, err)
	}
}

// TestTwinsThatAreNone: what had the name before, and was known of, is no twin; and
// who ordered nothing asks nothing.
func TestTwinsThatAreNone(t *testing.T) {
	e, c := emulated(t)
	order(t, c, "", "pg", "dev", "par", "db")
	c, err := clever.New(configOf(e))
	must(t, err)
	e.ResetJournal()
	if twins, err := c.Twins(t.Context()); err != nil || len(twins) != 0 || len(e.Journal()) != 0 {
		t.Errorf("%v, %v, asked %v", twins, err, e.Journal())
	}
	for range 3 {
		order(t, c, "", "pg", "dev", "par", "db")
	}
	e.ResetJournal()
	if twins, err := c.Twins(t.Context()); err != nil || len(twins) != 0 {
		t.Errorf("%v, %v", twins, err)
	}
	if n := len(e.Journal()); n != 1 || e.Journal()[0].Method != http.MethodGet {
		t.Errorf("three orders of one owner cost %d requests", n)
	}
}
