package clever_test

import (
	"net/http"
	"strings"
	"testing"

	"runner/clever"
)

// TestDuplicates: two machines find that there is no add-on of a name, and both order
// it. Both report both, and both advise to remove the later one.
func TestDuplicates(t *testing.T) {
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

	for c, ids := range map[*clever.Client][2]string{first: {early.ID, late.ID}, second: {late.ID, early.ID}} {
		all, err := c.Duplicates(t.Context())
		must(t, err)
		if len(all) != 1 || all[0].Mine != ids[0] || all[0].Theirs != ids[1] || all[0].Later != late.ID || !strings.Contains(all[0].Hint(), late.ID) {
			t.Errorf("it reports %+v of %v", all, ids)
		}
	}

	must(t, second.Delete(t.Context(), "", late.ID))
	for _, c := range []*clever.Client{first, second} {
		if all, err := c.Duplicates(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("it is gone, and reported: %v, %v", all, err)
		}
	}
}

// TestNoDuplicates: what had the name before, and was known of, is no duplicate; and
// who ordered nothing asks nothing.
func TestNoDuplicates(t *testing.T) {
	e, c := emulated(t)
	order(t, c, "", "pg", "dev", "par", "db")
	c, err := clever.New(configOf(e))
	must(t, err)
	e.ResetJournal()
	if all, err := c.Duplicates(t.Context()); err != nil || len(all) != 0 || len(e.Journal()) != 0 {
		t.Errorf("%v, %v, asked %v", all, err, e.Journal())
	}
	for range 3 {
		order(t, c, "", "pg", "dev", "par", "db")
	}
	e.ResetJournal()
	if all, err := c.Duplicates(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if n := len(e.Journal()); n != 1 || e.Journal()[0].Method != http.MethodGet {
		t.Errorf("three orders of one owner cost %d requests", n)
	}
}
