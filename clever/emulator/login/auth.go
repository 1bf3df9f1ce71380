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
	token := bearer(c.Request.Header.Get("Authorization"))
	switch {
	case srv.options.Strict && token != "" && srv.knowsAPIToken(token):
	case srv.options.Strict:
		err = srv.verify(s)
	case s.oauth["oauth_token"] == "" && token == "":
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
	secret, known := srv.secretOf(s.oauth["oauth_consumer_key"])
	if !known {
		return errUnknownConsumer
	}
	if s.oauth["oauth_token"] == ownToken {
		return srv.verifyOnce(s, secret, ownTokenSecret)
	}
	t := srv.store.World().Token(s.oauth["oauth_token"])
	if t == nil {
		return errUnknownToken
	}
	if err := t.ValidFor(s.oauth["oauth_consumer_key"], srv.now()); err != nil {
		return err
	}
	return srv.verifyOnce(s, secret, t.Secret)
}

// verifyOnce returns why the signature is not that of the two secrets, or, where that
// is looked at, was not made now or was seen before; nil if it is good.
func (srv *Server) verifyOnce(s *signed, consumerSecret, tokenSecret string) error {
	if err := s.verify(consumerSecret, tokenSecret); err != nil || !srv.options.StrictTime {
		return err
	}
	return srv.nonces.check(s, srv.now())
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
