package emulator

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"time"

	"runner/clever"
)

// grant ends a login with a token, which is kept before it is told.
func (srv *loginServer) grant(l login) (token, error) {
	if !srv.logins.end(l.id) {
		return token{}, unauthorized(errNoLogin.Error())
	}
	now := srv.now()
	t := token{
		Token: rand.Text(), Secret: rand.Text(), Consumer: l.consumer, Rights: l.rights,
		Created: now.UnixMilli(), Expires: now.AddDate(0, 3, 0).UnixMilli(), // as long as a real one
	}
	err := srv.store.change(func(d *draft) error {
		d.grant(t, now)
		return nil
	})
	if err != nil {
		srv.logins.resume(l)
	}
	return t, err
}

// getToken tells of the token in use. The emulator's own lives as long as a real
// one, from now on at any time.
func (srv *loginServer) getToken(c *call) (answer, error) {
	t := c.token
	if t == nil {
		t = &token{Token: ownToken, Rights: []string{rightToAll}, Created: srv.store.world().user.Created,
			Expires: srv.now().AddDate(0, 3, 0).UnixMilli()}
	}
	info, err := srv.tokenInfo(t)
	return answer{body: info}, err
}

func (srv *loginServer) tokenInfo(t *token) (clever.TokenInfo, error) {
	key := cmp.Or(t.Consumer, ownConsumer)
	granted := allowed(t.Rights)
	consumer, err := json.Marshal(map[string]any{"name": consumerName(key), "key": key, "url": "", "rights": granted})
	return clever.TokenInfo{
		Token: t.Token, Consumer: consumer, Rights: granted, CreationDate: t.Created,
		ExpirationDate: t.Expires, LastUtilisation: srv.now().Truncate(time.Hour).UnixMilli(),
	}, err
}

// listTokens tells of those that logins ended with, oldest first.
func (srv *loginServer) listTokens(*call) (answer, error) {
	list := []clever.TokenInfo{}
	for _, t := range srv.store.world().tokens {
		if t.expired(srv.now()) {
			continue
		}
		info, err := srv.tokenInfo(&t)
		if err != nil {
			return answer{}, err
		}
		list = append(list, info)
	}
	return answer{body: list}, nil
}

// endToken makes a token no good any more. A token may always end itself.
func (srv *loginServer) endToken(c *call) (answer, error) {
	id := c.path["token"]
	if c.token == nil || c.token.Token != id {
		if err := permit(c, rightToChangeOneself); err != nil {
			return answer{}, err
		}
	}
	if id == ownToken {
		return answer{}, ownTokenStays()
	}
	err := srv.store.change(func(d *draft) error {
		if d.token(id) == nil {
			return notFound("token")
		}
		d.end(func(t token) bool { return t.Token == id })
		return nil
	})
	return answer{body: tokensEnded()}, err
}

// endTokens makes all tokens no good any more that logins ended with.
func (srv *loginServer) endTokens(*call) (answer, error) {
	err := srv.store.change(func(d *draft) error {
		d.end(func(token) bool { return true })
		return nil
	})
	return answer{body: tokensEnded()}, err
}

// tokensEnded has a number of our own: the platform's is not known.
func tokensEnded() clever.Message {
	return clever.Message{ID: 90100, Message: "The token has been revoked.", Type: "success"}
}
