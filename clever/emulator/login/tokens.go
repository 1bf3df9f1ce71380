package login

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"time"

	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// issue ends a login with a token, which is kept before it is sent.
func (srv *Server) issue(l login) (store.Token, error) {
	if !srv.logins.end(l.id) {
		return store.Token{}, rest.Unauthorized(errNoLogin.Error())
	}
	now := srv.now()
	t := store.Token{
		Token: rand.Text(), Secret: rand.Text(), Consumer: l.consumer, Rights: l.rights,
		Created: now.UnixMilli(), Expires: now.AddDate(0, 3, 0).UnixMilli(), // as long as a real one
	}
	err := srv.store.Change(func(d *store.Draft) error {
		d.AddToken(t, now)
		return nil
	})
	if err != nil {
		srv.logins.resume(l)
	}
	return t, err
}

// GetToken tells of the token in use. The emulator's own lives as long as a real
// one, from now on at any time.
func (srv *Server) GetToken(c *rest.Call) (rest.Response, error) {
	t := c.Token
	if t == nil {
		t = &store.Token{Token: ownToken, Rights: []string{rightToAll}, Created: srv.store.World().User.Created,
			Expires: srv.now().AddDate(0, 3, 0).UnixMilli()}
	}
	info, err := srv.tokenInfo(t)
	return rest.Response{Body: info}, err
}

func (srv *Server) tokenInfo(t *store.Token) (clever.TokenInfo, error) {
	key := cmp.Or(t.Consumer, ownConsumer)
	granted := allowed(t.Rights)
	consumer, err := json.Marshal(map[string]any{"name": srv.consumerName(key), "key": key, "url": "", "rights": granted})
	return clever.TokenInfo{
		Token: t.Token, Consumer: consumer, Rights: granted, CreationDate: t.Created,
		ExpirationDate: t.Expires, LastUtilisation: srv.now().Truncate(time.Hour).UnixMilli(),
	}, err
}

// ListTokens tells of those that logins ended with, oldest first.
func (srv *Server) ListTokens(*rest.Call) (rest.Response, error) {
	list := []clever.TokenInfo{}
	for _, t := range srv.store.World().Tokens {
		if t.Expired(srv.now()) {
			continue
		}
		info, err := srv.tokenInfo(&t)
		if err != nil {
			return rest.Response{}, err
		}
		list = append(list, info)
	}
	return rest.Response{Body: list}, nil
}

// EndToken makes a token no good any more. A token may always end itself.
func (srv *Server) EndToken(c *rest.Call) (rest.Response, error) {
	id := c.Path["token"]
	if c.Token == nil || c.Token.Token != id {
		if err := Permit(c, rightToChangeOneself); err != nil {
			return rest.Response{}, err
		}
	}
	if id == ownToken {
		return rest.Response{}, rest.OwnTokenStays()
	}
	err := srv.store.Change(func(d *store.Draft) error {
		if d.Token(id) == nil {
			return rest.NotFound("token")
		}
		d.RemoveTokens(func(t store.Token) bool { return t.Token == id })
		return nil
	})
	return rest.Response{Body: tokensEnded()}, err
}

// EndTokens makes all tokens no good any more that logins ended with.
func (srv *Server) EndTokens(*rest.Call) (rest.Response, error) {
	err := srv.store.Change(func(d *store.Draft) error {
		d.RemoveTokens(func(store.Token) bool { return true })
		return nil
	})
	return rest.Response{Body: tokensEnded()}, err
}

// tokensEnded has a number of our own: the platform's is not known.
func tokensEnded() clever.Message {
	return clever.Message{ID: 90100, Message: "The token has been revoked.", Type: "success"}
}
