package history

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
)

// A Change is what a step does to something. All of it is text for people.
type Change struct {
	Number  int    `json:"number,omitempty"` // counts the changes of a run
	Step    string `json:"step,omitempty"`   // its id in the program
	Name    string `json:"name,omitempty"`
	Kind    string `json:"kind,omitempty"`
	At      string `json:"at,omitempty"` // file:line
	Action  string `json:"action,omitempty"`
	Object  string `json:"object,omitempty"`
	Outcome string `json:"outcome,omitempty"` // under way, changed, failed
	Addon   string `json:"addon,omitempty"`   // the id of what came of it
}

// String returns what was done, and where the task stands.
func (d Change) String() string {
	text := d.Action + " " + d.Object
	if d.Object == "" {
		text = cmp.Or(d.Name, d.Kind)
	}
	if d.Addon != "" && !strings.Contains(text, d.Addon) {
		text += " (" + d.Addon + ")"
	}
	return fmt.Sprintf("%s [%s]", text, d.At)
}

// Stats count the tasks of a run by outcome.
type Stats struct {
	OK          int `json:"ok"`
	Changed     int `json:"changed"`
	Unreachable int `json:"unreachable"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	Rescued     int `json:"rescued"`
	Ignored     int `json:"ignored"`
	Blocked     int `json:"not_started"`
	Unknown     int `json:"unknown,omitempty"`
}

// listed returns names as one text.
func listed(names []string) string {
	return cmp.Or(strings.Join(names, ", "), "a playbook")
}

// plain makes text safe for one line of a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
