package manifest

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rules returns all rules, in the order of their codes. The letters stand for
// clever, appfog, heroku-v1 and heroku-v3.
func Rules() []Rule {
	return slices.Concat([]Rule{
		{"M001", "strict JSON in UTF-8, without comments", "EEEE", (*lint).noComments}, // Read reports all else
		{"M002", "an object without duplicate keys", "EEEE", (*lint).duplicates},
		{"M010", "an id", "EEEE", (*lint).id},
		{"M011", "the characters of the id", "EEEE", (*lint).idCharacters},
		{"M012", "the id stays as it was pushed", "EEEE", (*lint).idKept},
		{"M020", "a name", "WEWW", (*lint).name},
		{"M030", "an api object", "EEEE", (*lint).apiObject},
		{"M031", "no api.username", "EWEE", (*lint).username},
		{"M040", "a password", "EEEE", func(l *lint) {
			l.nonEmpty(l.in(), l.api.get("password"), "api.password", "")
		}},
		{"M040b", "a long password", "EWWW", func(l *lint) { l.tooShort(l.api.get("password"), "api.password") }},
		{"M041", "no secret that was published", "EEEE", (*lint).samples},
		{"M042", "two different secrets", "WWWW", (*lint).equalSecrets},
		{"M043", "secrets of printable ASCII", "WWWW", (*lint).printable},
		{"M050", "a salt for single sign-on", "EEWE", (*lint).salt},
		{"M051", "a long salt", "EWWW", func(l *lint) { l.tooShort(l.api.get("sso_salt"), "api.sso_salt") }},
	}, siteRules(), configRules(), []Rule{
		{"M100", "a list of regions", "EWEE", (*lint).regions},
		{"M101", "a region that every add-on serves", "E-E-", (*lint).mustServe},
		{"M102", "known regions", "W-EW", (*lint).knownRegions},
		{"M110", "known requirements", "WEWW", (*lint).requires},
		{"M120", "plans with id, name and description", "-E--", (*lint).plans},
		{"M121", "plan ids once, and no prices", "-E--", (*lint).planIDs},
		{"M130", "plan_updateable is true or false", "-E--", (*lint).updateable},
		{"M150", "the version of the API", "---E", (*lint).version},
		{"M170", "no unknown keys", "WWWW", (*lint).unknown},
	})
}

// noComments reports comments, and lets the other rules go on. Clever Cloud's own
// template has them, while its API takes JSON only.
func (l *lint) noComments() {
	for _, at := range l.comments {
		l.add(at, "", l.o.Dialect == Clever, "a comment, which JSON does not have: remove it before the manifest is pushed")
	}
}

func (l *lint) duplicates() {
	if l.root.kind != object {
		l.report(l.root, "a manifest is an object: { … }")
		return
	}
	var walk func(n *node)
	walk = func(n *node) {
		seen := map[string]bool{}
		for _, m := range n.members {
			if seen[m.name] {
				l.add(m.at, m.value.pointer, false, "key %q appears twice", m.name)
			}
			seen[m.name] = true
			walk(m.value)
		}
		for _, item := range n.items {
			walk(item)
		}
	}
	walk(l.root)
}

func (l *lint) id() {
	l.nonEmpty(l.root, l.root.get("id"), "id", ": it is also the user name of every call")
}

var idForms = map[Dialect]struct {
	form  *regexp.Regexp
	words string
}{
	Clever:   {regexp.MustCompile(`\A[a-z][a-z0-9_-]*\z`), "lower-case letters, digits, dashes and underscores only, a letter first"},
	AppFog:   {regexp.MustCompile(`\A[a-z][a-z_0-9]+\z`), "lower-case letters, digits and underscores only, a letter first, two characters at least"},
	HerokuV1: {regexp.MustCompile(`\A[a-z][a-z0-9-]*\z`), "lower-case letters, digits and dashes only, a letter first"},
	HerokuV3: {regexp.MustCompile(`\A[a-z][a-z0-9-]*\z`), "lower-case letters, digits and dashes only, a letter first"},
}

func (l *lint) idCharacters() {
	n := l.root.get("id")
	want := idForms[l.o.Dialect]
	if strings.TrimSpace(n.str()) != "" && !want.form.MatchString(n.str()) {
		l.report(n, `"id" %q: use %s`, n.str(), want.words)
	}
}

func (l *lint) idKept() {
	n := l.root.get("id")
	if was := l.o.Previous; was != "" && n.is(text) && n.text != was {
		l.report(n, `"id" cannot change after the first push (was %q, now %q)`, was, n.text)
	}
}

func (l *lint) name() {
	n := l.root.get("name")
	if l.nonEmpty(l.root, n, "name", ": the catalogue shows it") && utf8.RuneCountInString(n.text) > 80 {
		l.warn(n, `"name" has %d characters: more than 80 are not shown well`, utf8.RuneCountInString(n.text))
	}
}

func (l *lint) apiObject() {
	switch {
	case l.api == nil:
		l.report(l.root, `"api" is missing`)
	case l.api.kind != object:
		l.report(l.api, `"api" must be an object`)
	}
}

func (l *lint) username() {
	n := l.api.get("username")
	switch {
	case n == nil:
	case l.o.Dialect == AppFog:
		l.report(n, `"api.username" was optional in AppFog's first version: the user name is the "id" now`)
	default:
		l.report(n, `"api.username" is not used: the user name is the "id"`)
	}
}

// published lists the beginnings of secrets that stand in public documentation
// and code. Vendors have been found to use them.
var published = []string{
	"44ca82ddf8d4", "fcb5b3add85d", "10105417630e", "df98014d1d3e",
	"correcthorsebatterystaple", "statistically.significant", "gqagamdrnkdfcvr9", "7cwqmjlejv8yztxk", "changeme", "super-secret", "<your",
}

func (l *lint) samples() {
	for _, name := range []string{"password", "sso_salt"} {
		n := l.api.get(name)
		low := strings.ToLower(n.str())
		if slices.ContainsFunc(published, func(p string) bool { return strings.HasPrefix(low, p) }) {
			l.report(n, `"api.%s" is a value printed in public documentation: generate your own`, name)
		}
	}
}

func (l *lint) equalSecrets() {
	p, s := l.api.get("password"), l.api.get("sso_salt")
	if p.str() != "" && p.str() == s.str() {
		l.report(s, `"api.password" and "api.sso_salt" are equal: who learns one knows both`)
	}
}

func (l *lint) printable() {
	for _, name := range []string{"password", "sso_salt"} {
		n := l.api.get(name)
		odd := func(r rune) bool { return r < ' ' || r > '~' }
		switch {
		case strings.ContainsFunc(n.str(), odd):
			l.report(n, `"api.%s" has characters beside printable ASCII: not every HTTP library sends them alike`, name)
		case strings.Contains(n.str(), ":"):
			l.report(n, `"api.%s" contains ":": some parsers cut it there`, name)
		}
	}
}

func (l *lint) salt() {
	n := l.api.get("sso_salt")
	if strings.TrimSpace(n.str()) != "" {
		return
	}
	what, at := "is missing", l.in()
	switch {
	case n.is(text):
		what, at = "is empty", n
	case n != nil:
		what, at = "must be a text", n
	}
	for _, where := range []string{"production", "test"} {
		if s := l.api.get(where); s.is(text) || s.get("sso_url") != nil {
			l.report(at, `users sign in at %q, but "api.sso_salt" %s`, where, what)
			return
		}
	}
	if n != nil {
		l.report(n, `"api.sso_salt" %s: write a text, or leave it out`, what)
	}
}

// regionsOf lists what a dialect's regions are called. New ones come: only kensa
// held vendors to its list.
var regionsOf = map[Dialect][]string{
	Clever:   {"eu", "par", "rbx", "rbxhds", "mtl", "war", "sgp", "syd", "scw", "grahds", "wsw", "jed", "ldn"},
	HerokuV1: {"us", "eu", "frankfurt", "oregon", "tokyo", "virginia", "*", "dublin", "sydney", "london", "montreal", "mumbai", "singapore"},
	HerokuV3: {"us", "eu", "frankfurt", "oregon", "tokyo", "virginia", "*", "dublin", "sydney", "london", "montreal", "mumbai", "singapore"},
}

func (l *lint) regions() {
	n := l.api.get("regions")
	switch {
	case l.o.Dialect == AppFog:
		if n != nil {
			l.report(n, `"api.regions" is ignored by this marketplace`)
		}
	case n == nil:
		l.report(l.in(), `"api.regions" is missing: it must be a list that is not empty`)
	case n.kind != array || len(n.items) == 0:
		l.report(n, `"api.regions" must be a list that is not empty`)
	default:
		l.strings(n, "api.regions")
	}
}

func (l *lint) mustServe() {
	n := l.api.get("regions")
	if len(n.list()) == 0 {
		return
	}
	all := texts(n)
	switch {
	case l.o.Dialect == Clever && holdsRegion(all, "eu"):
	case l.o.Dialect == Clever && holdsRegion(all, regionsOf[Clever]...):
		l.warn(n, `"api.regions" does not contain "eu", which the documentation asks for; the platform's API and its Go package have zones such as "par"`)
	case l.o.Dialect == Clever:
		l.report(n, `"api.regions" must contain "eu"`)
	case l.o.Dialect == HerokuV1 && !slices.Contains(all, "us") && !slices.Contains(all, "*"):
		l.report(n, `"api.regions" must contain "us" or "*"`)
	}
}

// holdsRegion reports whether one of some regions is among all, whatever its case.
func holdsRegion(all []string, some ...string) bool {
	return slices.ContainsFunc(all, func(r string) bool {
		return slices.ContainsFunc(some, func(s string) bool { return strings.EqualFold(r, s) })
	})
}

func (l *lint) knownRegions() {
	for _, n := range each(l.api.get("regions")) {
		known := regionsOf[l.o.Dialect]
		if !slices.ContainsFunc(known, func(r string) bool { return strings.EqualFold(r, n.text) }) {
			l.report(n, "unknown region %q%s", n.text, didYouMean(n.text, known))
		}
	}
}

func (l *lint) requires() {
	n := l.api.get("requires")
	switch known := []string{"many_per_app", "attachable", "syslog_drain", "log_input"}; {
	case n == nil:
	case !l.o.Dialect.Heroku():
		l.report(n, `"api.requires" is not supported by this marketplace`)
	case n.kind != array:
		l.report(n, `"api.requires" must be a list`)
	default:
		l.strings(n, "api.requires")
		for _, item := range each(n) {
			if !slices.Contains(known, item.text) {
				l.report(item, "unknown requirement %q%s", item.text, didYouMean(item.text, known))
			}
		}
	}
}

func (l *lint) version() {
	n := l.api.get("version")
	switch {
	case n == nil:
		l.report(l.in(), `"api.version" is missing: it must be the text "3"`)
	case n.str() != "3":
		l.report(n, `"api.version" must be the text "3"`)
	}
}
