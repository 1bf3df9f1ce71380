package conformance

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"runner/marketplace/manifest"
)

// pageChecks are about the page that a sign-in ends at.
func pageChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"K40", "the cookie of Heroku's header", "Heroku's header stays empty.", "Set the cookie heroku-nav-data to the form's nav-data.",
			section, onHeader, "1", "1", needing(anOrder, signedIn, herokuPage), nil, func(p *probe) {
				v := p.open(p.first, nil)
				sent, got := v.in.Form.Get("nav-data"), ""
				for _, c := range v.cookies {
					if c.Name == "heroku-nav-data" {
						got = c.Value
					}
				}
				plain, err := url.QueryUnescape(got)
				p.wantThat(v.first, "the cookie heroku-nav-data, equal to the form's nav-data", got != "" && (got == sent || err == nil && plain == sent))
			}},
		{"K41", "Heroku's header is on the page", "Customers do not find their way back.", "Show a div of the id heroku-header, or load the script boomerang.",
			section, onHeader, "1", "1", needing(anOrder, signedIn, herokuPage), nil, func(p *probe) {
				p.wantThat(p.own().last, "a div of the id heroku-header, or the script boomerang", herokuHeader.Match(p.own().last.body()))
			}},
		{"N84", "nobody but the console may frame the page", "Another site lays its own buttons over the customer's.", "Send Content-Security-Policy: frame-ancestors with the console, or none.",
			section, onAdvice, "", "c", needing(anOrder, signedIn), nil, framing},
		{"N86", "wrong proofs take the same time", "Who can tell how much of a proof is right finds the rest.", "Compare in constant time.",
			section, onAdvice, "", all, needing(anOrder, signedIn, clock), nil, evenTimes},
	}
}

var herokuHeader = regexp.MustCompile(`(?is)<div[^>]+id\s*=\s*["']?heroku-header\b|<script[^>]+src\s*=\s*["']?[^"'>\s]*boomerang`)

// theConsole is where Clever Cloud's users open dashboards, where nobody says otherwise.
const theConsole = "https://console.clever-cloud.com"

// framing holds the page to say who may frame it: the console or nobody, and the
// console for sure where it opens dashboards in a frame. Browsers look at
// X-Frame-Options only where no policy has frame-ancestors.
func framing(p *probe) {
	page := p.own()
	console, err := url.Parse(orElse(p.o.Console, theConsole))
	if err != nil {
		p.skip("the console has no address: " + err.Error())
		return
	}
	who := ancestors(page.last.a.Header)
	ours, others := false, ""
	for _, source := range who {
		switch {
		case source == "*" || !p.mayFrame(source, console):
			others = source
		case source != "'self'" && source != "'none'":
			ours = true
		}
	}
	switch {
	case others == "*":
		p.failText("frame-ancestors in Content-Security-Policy", "everybody may frame the page", page.last)
	case others != "":
		p.failText("nobody else", clip(others, 100)+" may frame the page, too", page.last)
	case p.o.Console != "" && !ours:
		p.failText("frame-ancestors with "+console.String(), "the console may not frame it", page.last)
	}
}

// ancestors returns who may frame a page, as sources of a policy: "*" is everybody.
func ancestors(h http.Header) []string {
	var who []string
	for _, policy := range strings.FieldsFunc(strings.Join(h.Values("Content-Security-Policy"), ","), func(r rune) bool { return r == ',' || r == ';' }) {
		if words := strings.Fields(strings.ToLower(policy)); len(words) > 0 && words[0] == "frame-ancestors" {
			who = append(who, "'none'")
			who = append(who, words[1:]...)
		}
	}
	switch option := strings.ToLower(strings.TrimSpace(h.Get("X-Frame-Options"))); {
	case who != nil:
		return who
	case option == "deny":
		return []string{"'none'"}
	case option == "sameorigin":
		return []string{"'self'"}
	}
	return []string{"*"}
}

// mayFrame reports whether a source of a policy is the back-end itself, the console,
// or, while the back-end is on this machine, another page of this machine.
func (s *session) mayFrame(source string, console *url.URL) bool {
	if source == "'self'" || source == "'none'" {
		return true
	}
	scheme, rest, found := strings.Cut(source, "://")
	if !found {
		scheme, rest = console.Scheme, source
	}
	host, _, _ := strings.Cut(rest, "/")
	if h, port, ok := strings.Cut(host, ":"); ok && port != "" {
		host = h
	}
	domain, wild := strings.CutPrefix(host, "*")
	switch {
	case s.local() && manifest.IsLoopback(host):
		return true
	case wild:
		return scheme == console.Scheme && strings.Count(domain, ".") > 1 && strings.HasSuffix(console.Hostname(), domain)
	}
	return scheme == console.Scheme && host == console.Hostname()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
