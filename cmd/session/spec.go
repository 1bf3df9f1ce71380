// Package session plays playbooks: a run is a value, its Spec, and a function that
// plays it. The command line makes specs, and so can whoever plays many. A run has
// no effect on the process that it is in: several can go on side by side. It knows
// no command line.
package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/clever"
	"runner/cmd/notify"
	"runner/cmd/platform"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
)

// A Spec says what is played, on what, and how.
type Spec struct {
	Files     []string     // the playbooks
	Text      []byte       // the one playbook, where it is in no file: Files names it all the same
	ExtraVars []string     // name=value pairs, a JSON or YAML map, or @FILE
	Vars      []engine.Var // further variables of the same rank
	Vault     vaults.Spec
	Platform  platform.Spec
	Selection engine.Selection
	Hosts     playbooks.Hosts

	Check, Diff      bool
	PlanOut          string // where the plan of a check is written; implies Check
	Plan             string // a plan that is carried out, and nothing else
	Verbosity        int
	Jobs             int
	KeepGoing        bool
	ForceHandlers    bool
	Step             bool     // ask before each task
	Allow            []string // risks that are consented to; see [Risks]
	Approved         []Need   // changes that somebody consented to, and no others of their risk
	Prune            bool     // consent to what plays that say prune remove
	DetailedExitCode bool
	Settle           time.Duration // how long the platform's list may be behind, where a response was unclear
	LockTimeout      time.Duration // how long to wait for another run; 0: not at all
	Timeout          time.Duration // nothing more is started after it; 0: no limit

	Reports  []string // KIND[=FILE]; none: text on standard output
	Notify   []string // receivers of notifications: URLs, or env:NAME
	NotifyOn []string // the events that they get; see [notify.Events]
	Quiet    bool     // in text only what changes or fails

	// One of these makes a session that plays nothing: it lists, or checks.
	SyntaxCheck, ListTasks, ListTags, ListHosts bool
}

// A Need is a change that needs consent, as the needs of a report name it.
type Need struct {
	Risk   string // the word of --allow: "replace"
	Action string // "replace", "update", "delete", …
	Object string // `add-on "shop-db" (addon_…)`
}

// Default returns a spec of what is meant where nothing is said.
func Default() Spec {
	return Spec{NotifyOn: notify.Events(), Jobs: engine.DefaultJobs, Settle: clever.DefaultSettle, Platform: platform.Default()}
}

// Risks are what --allow takes: the risks of changes, and pipe for lookup('pipe').
func Risks() []string { return append(engine.Risks(), "pipe") }

// Validate returns what is wrong with a spec, by the names of the flags.
func (s Spec) Validate() error {
	switch {
	case len(s.Files) == 0:
		return (&diagnostic.Problem{Msg: "play needs a playbook"}).WithHint("runner play site.yml")
	case s.Jobs < 1:
		return fmt.Errorf("--jobs must be at least 1, not %d", s.Jobs)
	case s.Timeout < 0:
		return errors.New("--timeout must be more than nothing, such as 30m")
	case s.Settle < 0:
		return errors.New("--settle cannot be negative")
	case s.LockTimeout < 0:
		return errors.New("--lock-timeout cannot be negative")
	case s.Plan != "" && s.Check:
		return errors.New("--plan carries a plan out, and --check and --plan-out do not")
	case s.DetailedExitCode && !s.Check:
		return errors.New("--detailed-exitcode goes with --check")
	}
	for _, risk := range s.Allow {
		if !slices.Contains(Risks(), risk) {
			return (&diagnostic.Problem{Msg: fmt.Sprintf("--allow knows no %q", risk)}).
				WithHint("it takes %s", strings.Join(Risks(), ", "))
		}
	}
	return nil
}

// lists reports whether nothing is to be played.
func (s Spec) lists() bool { return s.SyntaxCheck || s.ListTasks || s.ListTags || s.ListHosts }

// consented returns the risks that are consented to: --prune does to the removals
// of a play that says prune.
func (s Spec) consented() []string {
	if s.Prune {
		return append(slices.Clone(s.Allow), "delete")
	}
	return s.Allow
}
