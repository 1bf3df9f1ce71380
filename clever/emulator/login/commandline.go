package login

import (
	"net/http"
	"regexp"

	"runner/clever/emulator/rest"
)

// cliWord is what a command line may draw: long enough that nobody guesses it.
var cliWord = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

// getCLIPage asks the user whether a command line may log in. On the platform
// this page is the console's.
func (srv *Server) getCLIPage(c *rest.Call) (rest.Response, error) {
	word := c.Request.URL.Query().Get("cli_token")
	if !cliWord.MatchString(word) {
		return rest.MessagePage(http.StatusBadRequest, "There is nothing to log in", "This address has no cli_token in it, or a wrong one. Begin again in your terminal."), nil
	}
	l, err := srv.logins.begin(login{id: word}, srv.now())
	if err != nil {
		return refusedPage(err), nil
	}
	return srv.consentPage(l), nil
}

// postCLIPage takes the user's answer.
func (srv *Server) postCLIPage(c *rest.Call) (rest.Response, error) {
	l, err := srv.decision(c, "cli_token")
	switch {
	case err != nil:
		return refusedPage(err), nil
	case l.denied:
		return rest.MessagePage(http.StatusOK, "Denied", "The command line gets nothing. You can close this page."), nil
	}
	return rest.MessagePage(http.StatusOK, "Logged in", "Your terminal goes on by itself. You can close this page."), nil
}

// getCLIToken is what a command line polls while its user logs in with a browser:
// 404 until the user said yes, then the token, once.
func (srv *Server) getCLIToken(c *rest.Call) (rest.Response, error) {
	l, err := srv.logins.find(c.Request.URL.Query().Get("cli_token"), srv.now())
	switch {
	case err != nil, l.callback != "", !l.answered():
		return rest.Response{}, rest.NotFound("cli token")
	case l.denied:
		srv.logins.end(l.id)
		return rest.Response{}, rest.LoginDenied()
	}
	t, err := srv.issue(l)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: map[string]string{"token": t.Token, "secret": t.Secret, "expirationDate": t.Expiry()}}, nil
}
