package conformance

import (
	"slices"
	"strings"

	"runner/marketplace/manifest"
)

// A Level is how much a check weighs in a dialect.
type Level string

// The levels. What is required decides whether a back-end may go live.
const (
	Required Level = "required" // a sentence of the marketplace's documentation asks for it
	Advice   Level = "advice"   // customers and operators are better off with it
)

// A Check is one thing that a back-end is held to. Those whose id begins with K
// were kensa's, Heroku's tester.
type Check struct {
	ID       string
	Title    string
	Means    string // what a breach means for customers and their provider
	Fix      string // what to change in the back-end
	Section  string // of the marketplaces' API: "provision", "single sign-on"
	topic    topic  // of the documentation
	required string // a letter for each dialect that requires it: c, a, 1, 3
	in       string // a letter for each dialect that has it
	needs    []ground
	holds    []ground // what later checks stand on, and lack where this one does not pass
	run      func(*probe)
}

// A ground is what has to hold for a check to make sense.
type ground string

const (
	anOrder    ground = "an add-on that was ordered"
	variables  ground = "an add-on with variables"
	plans      ground = "a back-end that changes plans"
	changes    ground = "a plan that was changed"
	signOn     ground = "a manifest with sso_url and sso_salt"
	signedIn   ground = "a user who is signed in"
	timed      ground = "timestamps that are looked at"
	repeats    ground = "orders that can be repeated"
	removal    ground = "add-ons that can be removed"
	callbacks  ground = "a marketplace that the back-end can call"
	herokuPage ground = "the profile heroku-header"
	clock      ground = "the profile timing"
)

// letters stand for the dialects, in the order of manifest.Dialects.
const all = "ca13"

func letter(d manifest.Dialect) string {
	i := slices.Index(manifest.Dialects(), d)
	if i < 0 {
		return "-"
	}
	return all[i : i+1]
}

// In reports whether a dialect has the check.
func (c Check) In(d manifest.Dialect) bool { return strings.Contains(c.in, letter(d)) }

// Level returns how much a breach weighs in a dialect.
func (c Check) Level(d manifest.Dialect) Level {
	if strings.Contains(c.required, letter(d)) {
		return Required
	}
	return Advice
}

// Source returns the sentence that a dialect's documentation has about the check.
// It is empty where an advice has none.
func (c Check) Source(d manifest.Dialect) manifest.Source { return sources[c.topic][d] }

// Profile returns the name of the profile that a check is made for only; "" where
// it is always made.
func (c Check) Profile() string {
	switch {
	case slices.Contains(c.needs, herokuPage):
		return "heroku-header"
	case slices.Contains(c.needs, clock):
		return "timing"
	}
	return ""
}

// Profiles returns what can be asked for beside the usual checks: heroku-header is
// what Heroku once wanted of a dashboard's page, and timing measures how long
// wrong proofs take.
func Profiles() []string { return []string{"heroku-header", "timing"} }

// Checks returns all checks, in the order in which they are made.
func Checks() []Check {
	return slices.Concat(manifestChecks(), provisionChecks(), credentialChecks(), requestChecks(), repeatChecks(), configChecks(),
		planChecks(), loginChecks(), proofChecks(), sessionChecks(), pageChecks(), callbackChecks(), removalChecks(), afterwardsChecks(), lastChecks())
}

// needing lists what a check stands on.
func needing(g ...ground) []ground { return g }
