package manifest

import (
	"regexp"
	"slices"
	"strings"
)

// configRules are those about variables.
func configRules() []Rule {
	return []Rule{
		{"M080", "a list of variables", "EEEE", (*lint).configVars},
		{"M081", "the names of variables", "EWEE", (*lint).variableNames},
		{"M082", "the prefix of variables", "E-EE", (*lint).prefixed},
		{"M082b", "an id that can be a prefix", "E-EE", (*lint).prefixable},
		{"M083", "variables once", "WWWW", (*lint).variablesOnce},
		{"M084", "no variables of the platform", "-W--", (*lint).platformVariables},
		{"M090", "the form of config_vars_prefix", "WEEE", (*lint).prefixForm},
	}
}

var (
	variableName  = regexp.MustCompile(`\A[A-Z][A-Z0-9_]+\z`)
	variableStart = regexp.MustCompile(`\A[A-Z][A-Z0-9_]*\z`)
	notInNames    = regexp.MustCompile(`[^A-Z0-9_]+`)
)

func (l *lint) configVars() {
	n := l.api.get("config_vars")
	switch {
	case n != nil:
		l.strings(n, "api.config_vars")
	case l.o.Dialect != HerokuV1:
		l.report(l.in(), `"api.config_vars" is missing: it may be an empty list`)
	}
}

func (l *lint) variableNames() {
	for _, n := range each(l.api.get("config_vars")) {
		if variableName.MatchString(n.text) {
			continue
		}
		better := strings.Trim(notInNames.ReplaceAllString(strings.ToUpper(n.text), "_"), "_0123456789")
		if !variableName.MatchString(better) {
			better = "capital letters, digits and _"
		}
		l.report(n, "%q is not a valid name: use %s", n.text, better)
	}
}

func (l *lint) prefixed() {
	p := prefix(l.root)
	if p == "" || !variableStart.MatchString(p) {
		return // reported by the rules about id and prefix
	}
	for _, n := range each(l.api.get("config_vars")) {
		if !strings.HasPrefix(n.text, strings.TrimSuffix(p, "_")+"_") {
			l.report(n, "%q must begin with %q", n.text, p+"_")
		}
	}
}

func (l *lint) prefixable() {
	id := l.root.get("id")
	if l.api.get("config_vars_prefix").str() != "" || strings.TrimSpace(id.str()) == "" || variableStart.MatchString(prefix(l.root)) {
		return
	}
	what := "choose another id"
	if l.o.Dialect.Heroku() {
		what = "set config_vars_prefix"
	}
	l.report(id, "id %q gives the prefix %q, which cannot begin a variable's name: %s", id.text, prefix(l.root), what)
}

func (l *lint) variablesOnce() {
	seen := map[string]bool{}
	for _, n := range each(l.api.get("config_vars")) {
		if seen[n.text] {
			l.report(n, "%q is listed twice", n.text)
		}
		seen[n.text] = true
	}
}

func (l *lint) platformVariables() {
	for _, n := range each(l.api.get("config_vars")) {
		if slices.Contains([]string{"PATH", "HOME", "PORT", "SHELL", "USER"}, n.text) || strings.HasPrefix(n.text, "LD_") {
			l.report(n, "%q would overwrite a variable of the platform", n.text)
		}
	}
}

func (l *lint) prefixForm() {
	n := l.api.get("config_vars_prefix")
	switch {
	case n == nil:
	case !l.o.Dialect.Heroku():
		l.report(n, `"api.config_vars_prefix" is not supported by this marketplace`)
	case !n.is(text):
		l.report(n, `"api.config_vars_prefix" must be a text`)
	case strings.HasSuffix(n.text, "_"):
		l.report(n, `"api.config_vars_prefix" %q: leave the "_" at its end out`, n.text)
	case !variableStart.MatchString(n.text):
		l.report(n, `"api.config_vars_prefix" %q: use capital letters, digits and _, a letter first`, n.text)
	}
}

var planName = regexp.MustCompile(`\A[a-z_\-0-9]+\z`)

func (l *lint) plans() {
	n := l.root.get("plans")
	if n == nil {
		return
	}
	if n.kind != array || len(n.items) == 0 {
		l.report(n, `"plans" must be a list that is not empty; leave it out where there are none`)
		return
	}
	for _, p := range n.items {
		if p.kind != object {
			l.report(p, "a plan is an object with id, name and description")
			continue
		}
		l.nonEmpty(p, p.get("id"), "plans.id", "")
		for _, name := range []string{"name", "description"} {
			if p.get(name) == nil {
				l.warn(p, `%q is missing: the schema asks for it, and an older document of the same marketplace shows plans that have an id only`, "plans."+name)
				continue
			}
			l.nonEmpty(p, p.get(name), "plans."+name, "")
		}
		if name := p.get("name"); name.str() != "" && !planName.MatchString(name.text) {
			l.report(name, `the plan's name %q: lower-case letters, digits, "-" and "_" only`, name.text)
		}
	}
}

func (l *lint) planIDs() {
	seen := map[string]bool{}
	for _, p := range l.root.get("plans").list() {
		if id := p.get("id"); id.str() != "" {
			if seen[id.text] {
				l.report(id, "the plan id %q is listed twice", id.text)
			}
			seen[id.text] = true
		}
		for _, name := range []string{"price", "price_unit"} {
			if n := p.get(name); n != nil {
				l.report(n, "%q of a plan is no longer accepted", name)
			}
		}
	}
}

func (l *lint) updateable() {
	if n := l.root.get("plan_updateable"); n != nil && n.kind != boolean {
		l.report(n, `"plan_updateable" must be true or false`)
	}
}
