package login

import (
	_ "embed" // the page
	"errors"
	"net/http"
	"net/url"
	"slices"

	"runner/clever/emulator/rest"
)

// consentPage asks whether the login is wanted.
func (srv *Server) consentPage(l login) rest.Response {
	u := srv.store.World().User
	p := rest.Page{
		Title: "A command line wants to log in", Action: "/cli-oauth", Member: "cli_token", ID: l.id, Key: l.formKey,
		User: u.Name, Email: u.Email,
	}
	if l.callback != "" {
		p.Title, p.Action, p.Member = srv.consumerName(l.consumer)+" wants to log in", "/v2/oauth/authorize", "oauth_token"
		p.Rights = rights()
	}
	return p.Response(http.StatusOK)
}

// refusedPage says on a page what refused means.
func refusedPage(err error) rest.Response {
	switch {
	case errors.Is(err, errNoLogin):
		return rest.MessagePage(http.StatusNotFound, "This login is over", "It took too long, was answered already, or never began. Begin again where you came from.")
	case errors.Is(err, errFullLogins):
		return rest.MessagePage(http.StatusTooManyRequests, "Not now", "Too many logins are under way. Try again in some minutes.")
	}
	return rest.MessagePage(http.StatusForbidden, "Refused", "This answer did not come from the page that asks. Nothing was allowed.")
}

// getAuthorize is the second step: the user is asked.
func (srv *Server) getAuthorize(c *rest.Call) (rest.Response, error) {
	l, err := srv.logins.find(c.Request.URL.Query().Get("oauth_token"), srv.now())
	if err == nil && (l.callback == "" || l.answered()) {
		err = errNoLogin
	}
	if err != nil {
		return refusedPage(err), nil
	}
	return srv.consentPage(l), nil
}

// postAuthorize takes the user's answer and sends the browser back to the
// consumer with it.
func (srv *Server) postAuthorize(c *rest.Call) (rest.Response, error) {
	l, err := srv.decision(c, "oauth_token")
	if err != nil {
		return refusedPage(err), nil
	}
	back, err := url.Parse(l.callback)
	if err != nil {
		return rest.Response{}, rest.BadCallback()
	}
	q := back.Query()
	q.Set("oauth_token", l.id)
	if l.denied {
		srv.logins.end(l.id)
		q.Set("oauth_problem", "permission_denied")
	} else {
		q.Set("oauth_verifier", l.verifier)
		q.Set("user", srv.store.World().User.ID)
	}
	back.RawQuery = q.Encode()
	headers := rest.PageHeaders()
	headers["Location"] = back.String()
	return rest.Response{Status: http.StatusSeeOther, Headers: headers}, nil
}

// decision reads the form of a consent page and notes the answer. Only the page
// itself can give it: another site's page neither knows the key of the form nor
// has this origin.
func (srv *Server) decision(c *rest.Call, member string) (login, error) {
	if !rest.SameOrigin(c.Request) {
		return login{}, errFormKey
	}
	list, err := parsePairs(string(c.Body))
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
	l, err := srv.logins.find(form[member], srv.now())
	if err != nil || (l.callback == "") != (member == "cli_token") {
		return login{}, errNoLogin
	}
	if l.callback == "" {
		agreed = []string{rightToAll}
	}
	return srv.logins.decide(l.id, form["form_key"], form["decision"] == "allow", agreed, srv.now())
}

// formAnswer returns values in the form in which OAuth's steps answer.
func formAnswer(v url.Values) rest.Response {
	return rest.Response{Body: []byte(v.Encode()), Headers: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Cache-Control": "no-store",
	}}
}
