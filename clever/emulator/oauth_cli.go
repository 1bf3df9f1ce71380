package emulator

import (
	"net/http"
	"regexp"
)

// cliWord is what a command line may draw: long enough that nobody guesses it.
var cliWord = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

// getCLIPage asks the user whether a command line may log in. On the platform
// this page is the console's.
func (srv *loginServer) getCLIPage(c *call) (answer, error) {
	word := c.r.URL.Query().Get("cli_token")
	if !cliWord.MatchString(word) {
		return messagePage(http.StatusBadRequest, "There is nothing to log in", "This address has no cli_token in it, or a wrong one. Begin again in your terminal."), nil
	}
	l, err := srv.logins.begin(login{id: word}, srv.now())
	if err != nil {
		return refusedPage(err), nil
	}
	return srv.consentPage(l), nil
}

// postCLIPage takes the user's answer.
func (srv *loginServer) postCLIPage(c *call) (answer, error) {
	l, err := srv.decided(c, "cli_token")
	switch {
	case err != nil:
		return refusedPage(err), nil
	case l.denied:
		return messagePage(http.StatusOK, "Denied", "The command line gets nothing. You can close this page."), nil
	}
	return messagePage(http.StatusOK, "Logged in", "Your terminal goes on by itself. You can close this page."), nil
}

// getCLIToken is what a command line polls while its user logs in with a browser:
// 404 until the user said yes, then the token, once.
func (srv *loginServer) getCLIToken(c *call) (answer, error) {
	l, err := srv.logins.find(c.r.URL.Query().Get("cli_token"), srv.now())
	switch {
	case err != nil, l.callback != "", !l.answered():
		return answer{}, notFound("cli token")
	case l.denied:
		srv.logins.end(l.id)
		return answer{}, loginDenied()
	}
	t, err := srv.grant(l)
	if err != nil {
		return answer{}, err
	}
	return answer{body: map[string]string{"token": t.Token, "secret": t.Secret, "expirationDate": t.expiry()}}, nil
}
