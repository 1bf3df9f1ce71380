package login

import (
	"runner/clever/emulator/rest"
	"strings"
)

// Authenticate finds out whose token it is. A lax emulator has one user, and
// takes whatever token for his; a strict one wants a signature that is right.
func (srv *Server) Authenticate(c *rest.Call) error {
	s, err := readSigned(c.Request, c.Body)
	if err != nil {
		return rest.Unauthorized(err.Error())
	}
	if srv.strict {
		err = srv.verify(s)
	} else if s.oauth["oauth_token"] == "" && bearer(c.Request.Header.Get("Authorization")) == "" {
		err = errNoCredentials
	}
	if err != nil {
		return rest.Unauthorized(err.Error())
	}
	c.User, c.Token = srv.store.World().User.ID, srv.store.World().Token(s.oauth["oauth_token"])
	return nil
}

func (srv *Server) verify(s *signed) error {
	if len(s.oauth) == 0 {
		return errNoCredentials
	}
	secret, known := srv.consumers[s.oauth["oauth_consumer_key"]]
	if !known {
		return errUnknownConsumer
	}
	if s.oauth["oauth_token"] == ownToken {
		return s.verify(secret, ownTokenSecret)
	}
	t := srv.store.World().Token(s.oauth["oauth_token"])
	if t == nil {
		return errUnknownToken
	}
	if err := t.ValidFor(s.oauth["oauth_consumer_key"], srv.now()); err != nil {
		return err
	}
	return s.verify(secret, t.Secret)
}

// bearer returns the token of a Bearer header; "" for any other.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// The pair that a strict Emulator accepts. These are words, not secrets.
const (
	ownConsumer       = "emulator-consumer"
	ownConsumerSecret = "emulator-consumer-secret"
	ownToken          = "emulator-token"
	ownTokenSecret    = "emulator-token-secret"
)

// Credentials returns the pair that a strict server accepts.
func Credentials() (consumerKey, consumerSecret, token, secret string) {
	return ownConsumer, ownConsumerSecret, ownToken, ownTokenSecret
}
