package emulator

import "strings"

// authenticate finds out whose token it is. A lax emulator has one user, and
// takes whatever token for his; a strict one wants a signature that is right.
func (e *Emulator) authenticate(c *call) error {
	s, err := readSigned(c.r, c.body)
	if err != nil {
		return unauthorized(err.Error())
	}
	if c.fault.Kind == Expired {
		return unauthorized("the token has expired")
	}
	if e.options.Strict {
		err = e.verify(s)
	} else if s.oauth["oauth_token"] == "" && bearer(c.r.Header.Get("Authorization")) == "" {
		err = errNoCredentials
	}
	if err != nil {
		return unauthorized(err.Error())
	}
	c.user, c.token = e.User(), e.store.world().token(s.oauth["oauth_token"])
	return nil
}

func (e *Emulator) verify(s *signed) error {
	if len(s.oauth) == 0 {
		return errNoCredentials
	}
	secret, known := e.consumers[s.oauth["oauth_consumer_key"]]
	if !known {
		return errUnknownConsumer
	}
	if s.oauth["oauth_token"] == ownToken {
		return s.verify(secret, ownTokenSecret)
	}
	t := e.store.world().token(s.oauth["oauth_token"])
	if t == nil {
		return errUnknownToken
	}
	if err := t.fits(s.oauth["oauth_consumer_key"], e.options.Now()); err != nil {
		return err
	}
	return s.verify(secret, t.Secret)
}

// bearer gives the token of a Bearer header; "" for any other.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
