package tasks

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

func compareIDs(a, b clever.Addon) int { return cmp.Compare(a.ID, b.ID) }

// byID reports whether a word is an id rather than a name.
func byID(word string) bool { return strings.HasPrefix(word, "addon_") }

// ofProvider reports whether an add-on is of the provider that a playbook names,
// by the rules of the catalogue: what is ordered by a word is found by it again.
func ofProvider(a clever.Addon, word string) bool {
	return strings.EqualFold(a.Provider.ID, clever.ProviderAlias(word)) || strings.EqualFold(a.Provider.Name, word)
}

// several is the problem of a name that fits more than one add-on.
func several(word string, found []clever.Addon) error {
	var ids []string
	for _, a := range found {
		ids = append(ids, fmt.Sprintf("%s (%s, created %s)", a.ID, a.Provider.ID, a.Created().UTC().Format("2006-01-02")))
	}
	return &diagnostic.Problem{Msg: fmt.Sprintf("%d add-ons are called %q: %s", len(found), word, strings.Join(ids, ", ")),
		Hint: "say which one: addon: " + found[0].ID}
}

// object is an add-on in plain words.
func object(a clever.Addon) string { return fmt.Sprintf("add-on %q (%s)", a.Name, a.ID) }

// result is what register holds of an add-on, without what must be read apart.
func result(a clever.Addon, owner string) *value.Map {
	return value.MapOf(
		"addon_id", a.ID,
		"real_id", a.RealID,
		"name", a.Name,
		"provider", a.Provider.ID,
		"organisation", orNothing(owner),
		"plan", planResult(a.Plan),
		"region", a.Region,
	)
}

// addonReturns documents what result returns, with what is read after it.
func addonReturns() []engine.Return {
	return []engine.Return{
		{Name: "addon_id", Doc: "its id, addon_…"},
		{Name: "real_id", Doc: "its id as the provider knows it: postgresql_…"},
		{Name: "name", Doc: "its name"},
		{Name: "provider", Doc: "its provider's id"},
		{Name: "organisation", Doc: "who owns it; null for the personal space"},
		{Name: "plan", Doc: "its plan: slug, id and name"},
		{Name: "version", Doc: "the version that runs, where a template mentions it"},
		{Name: "region", Doc: "the zone where it runs"},
		{Name: "tags", Doc: "its tags, where they are declared or a template mentions them"},
		{Name: "env", Doc: "its variables, where a template mentions them; hidden in reports"},
	}
}

func planResult(p clever.Plan) *value.Map {
	return value.MapOf("slug", p.Slug, "id", p.ID, "name", p.Name)
}

func orNothing(text string) engine.Value {
	if text == "" {
		return nil
	}
	return text
}

// envResult makes a map of variables and notes those that are secrets.
func envResult(secrets *engine.Secrets, env []clever.EnvVar) *value.Map {
	m := &value.Map{}
	for _, v := range env {
		m.Set(v.Name, v.Value)
		if secretName(v.Name) {
			secrets.Add(v.Value)
		}
	}
	return m
}

// secretWords are the parts of a variable's name that say that its value is a
// secret; a URI holds the password.
var secretWords = [...]string{"PASSWORD", "SECRET", "TOKEN", "KEY", "URI", "URL", "AUTH", "CREDENTIAL"}

func secretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, w := range secretWords {
		if strings.Contains(upper, w) {
			return true
		}
	}
	return false
}

// versionOf finds the version among an add-on's variables: POSTGRESQL_ADDON_VERSION,
// REDIS_VERSION. It is "" where there is none.
func versionOf(env []clever.EnvVar) string {
	for _, v := range env {
		if strings.HasSuffix(v.Name, "_VERSION") {
			return v.Value
		}
	}
	return ""
}

// sameVersion reports whether a running version is what a playbook asks for:
// "15" is also 15.4.
func sameVersion(running, wanted string) bool {
	return running == wanted || strings.HasPrefix(running, wanted+".")
}

// slug makes a name of a task's name: "Order a Postgres Database" becomes
// "order-a-postgres-database". It is "" where nothing is left.
func slug(text string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		} else {
			dash = true
		}
	}
	return b.String()
}

var errNoName = errors.New("an add-on needs a name: give name, or give the task one")
