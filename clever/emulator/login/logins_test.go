package login

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Many logins that nobody answers do not fill the memory, and end by themselves.
func TestLoginsAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var ls logins
	for i := range loginLimit {
		if _, err := ls.begin(login{id: strings.Repeat("x", i+1)}, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ls.begin(login{id: "one more"}, now); !errors.Is(err, errFullLogins) {
		t.Errorf("one more: %v", err)
	}
	if _, err := ls.begin(login{id: "one more"}, now.Add(loginLife)); err != nil || len(ls.all) != 1 {
		t.Errorf("later: %v, %d under way", err, len(ls.all))
	}
}
