package emulator

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed oauth_page.html
var oauthPage string

// pageHeaders keep a page to itself: no scripts, no frames, nothing from elsewhere.
// The policy on referrers must let the form's own origin through.
func pageHeaders() map[string]string {
	return map[string]string{
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "same-origin",
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
	}
}

// A page is what the template shows: a question if it has a Key, else a message.
type page struct {
	Title, Text string
	Action      string // where the form goes
	Member, ID  string // what names the login in the form
	Key         string
	User, Email string
	Rights      []string
}

func (p page) answer(status int) answer {
	var b bytes.Buffer
	if template.Must(template.New("page").Parse(oauthPage)).Execute(&b, p) != nil { // it is part of the program, and fits
		return answer{status: http.StatusInternalServerError}
	}
	return answer{status: status, body: b.Bytes(), page: true, headers: pageHeaders()}
}

// consentPage asks whether the login is wanted.
func (e *Emulator) consentPage(l login) answer {
	u := e.store.world().user
	p := page{
		Title: "A command line wants to log in", Action: "/cli-oauth", Member: "cli_token", ID: l.id, Key: l.formKey,
		User: u.Name, Email: u.Email,
	}
	if l.callback != "" {
		p.Title, p.Action, p.Member = consumerName(l.consumer)+" wants to log in", "/v2/oauth/authorize", "oauth_token"
		p.Rights = rights()
	}
	return p.answer(http.StatusOK)
}

func messagePage(status int, title, text string) answer {
	return page{Title: title, Text: text}.answer(status)
}

// refusedPage tells a person what refused means.
func refusedPage(err error) answer {
	switch {
	case errors.Is(err, errNoLogin):
		return messagePage(http.StatusNotFound, "This login is over", "It took too long, was answered already, or never began. Begin again where you came from.")
	case errors.Is(err, errFullLogins):
		return messagePage(http.StatusTooManyRequests, "Not now", "Too many logins are under way. Try again in some minutes.")
	}
	return messagePage(http.StatusForbidden, "Refused", "This answer did not come from the page that asks. Nothing was allowed.")
}

// getAuthorize is the second step: the user is asked.
func (e *Emulator) getAuthorize(c *call) (answer, error) {
	l, err := e.logins.find(c.r.URL.Query().Get("oauth_token"), e.options.Now())
	if err == nil && (l.callback == "" || l.answered()) {
		err = errNoLogin
	}
	if err != nil {
		return refusedPage(err), nil
	}
	return e.consentPage(l), nil
}

// postAuthorize takes the user's answer and sends the browser back to the
// consumer with it.
func (e *Emulator) postAuthorize(c *call) (answer, error) {
	l, err := e.decided(c, "oauth_token")
	if err != nil {
		return refusedPage(err), nil
	}
	back, err := url.Parse(l.callback)
	if err != nil {
		return answer{}, badCallback()
	}
	q := back.Query()
	q.Set("oauth_token", l.id)
	if l.denied {
		e.logins.end(l.id)
		q.Set("oauth_problem", "permission_denied")
	} else {
		q.Set("oauth_verifier", l.verifier)
		q.Set("user", e.User())
	}
	back.RawQuery = q.Encode()
	headers := pageHeaders()
	headers["Location"] = back.String()
	return answer{status: http.StatusSeeOther, headers: headers}, nil
}

// decided reads the form of a consent page and notes the answer. Only the page
// itself can give it: another site's page neither knows the key of the form nor
// has this origin.
func (e *Emulator) decided(c *call, member string) (login, error) {
	if !sameOrigin(c.r) {
		return login{}, errFormKey
	}
	list, err := parsePairs(string(c.body))
	if err != nil {
		return login{}, errFormKey
	}
	form := map[string]string{}
	var agreed []string
	for _, p := range list {
		form[p.name] = p.value
		if slices.Contains(rights(), p.name) {
			agreed = append(agreed, p.name)
		}
	}
	l, err := e.logins.find(form[member], e.options.Now())
	if err != nil || (l.callback == "") != (member == "cli_token") {
		return login{}, errNoLogin
	}
	if l.callback == "" {
		agreed = []string{rightToAll}
	}
	return e.logins.decide(l.id, form["form_key"], form["decision"] == "allow", agreed, e.options.Now())
}

// sameOrigin tells whether a form was sent by a page of this server, as far as
// the browser says.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	_, host, _ := strings.Cut(origin, "://")
	return strings.EqualFold(host, r.Host)
}

// formAnswer gives values in the form in which OAuth's steps answer.
func formAnswer(v url.Values) answer {
	return answer{body: []byte(v.Encode()), headers: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Cache-Control": "no-store",
	}}
}
