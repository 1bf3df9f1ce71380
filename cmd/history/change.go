package history

import (
	"cmp"
	"fmt"
	"slices"
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
	Outcome string `json:"outcome,omitempty"` // under way, changed, failed; planned, unknown in a check
	Addon   string `json:"addon,omitempty"`   // the id of what came of it

	Attributes []string `json:"attributes,omitempty"` // what differs: "plan: dev → xs_sml"
	Risk       string   `json:"risk,omitempty"`       // "data is lost"
	Needs      string   `json:"needs,omitempty"`      // the consent that it needs: "replace"
	Given      string   `json:"given,omitempty"`      // who gave it: flag, task, user, plan
}

// text returns what was done, how it differs, what it risks and who consented.
func (d Change) text() string {
	text := d.String()
	parts := d.Attributes
	if d.Risk != "" {
		parts = append(slices.Clone(parts), d.Risk)
	}
	switch {
	case d.Given != "":
		parts = append(slices.Clone(parts), "allowed by the "+d.Given)
	case d.Needs != "":
		parts = append(slices.Clone(parts), "needs --allow "+d.Needs)
	}
	if len(parts) == 0 {
		return text
	}
	return text + ": " + strings.Join(parts, ", ")
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
