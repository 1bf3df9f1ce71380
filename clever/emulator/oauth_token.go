package emulator

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"runner/clever"
)

// A token is what a login ended with: it is the user's, for one consumer.
type token struct {
	Token    string   `json:"token"`
	Secret   string   `json:"secret"`
	Consumer string   `json:"consumer,omitempty"` // "": any, as a command line's
	Rights   []string `json:"rights,omitempty"`   // what the user ticked
	Created  int64    `json:"created"`            // milliseconds
	Expires  int64    `json:"expires"`            // milliseconds
}

var (
	errTokenExpired = errors.New("the token has expired")
	errOtherToken   = errors.New("the token is another consumer's")
)

// grant ends a login with a token, which is kept before it is told.
func (e *Emulator) grant(l login) (token, error) {
	if !e.logins.end(l.id) {
		return token{}, unauthorized(errNoLogin.Error())
	}
	now := e.options.Now()
	t := token{
		Token: rand.Text(), Secret: rand.Text(), Consumer: l.consumer, Rights: l.rights,
		Created: now.UnixMilli(), Expires: now.AddDate(0, 3, 0).UnixMilli(), // as long as a real one
	}
	err := e.store.change(func(d *draft) error {
		d.grant(t, now)
		return nil
	})
	if err != nil {
		e.logins.resume(l)
	}
	return t, err
}

// fits says why the token is no good for a consumer now; nil if it is.
func (t *token) fits(consumer string, now time.Time) error {
	switch {
	case t.expired(now):
		return errTokenExpired
	case t.Consumer != "" && t.Consumer != consumer:
		return errOtherToken
	}
	return nil
}

func (t *token) expired(now time.Time) bool { return now.UnixMilli() >= t.Expires }

// expiry gives the end of the token's life in ISO 8601.
func (t *token) expiry() string {
	return time.UnixMilli(t.Expires).UTC().Format("2006-01-02T15:04:05.000Z")
}

// token finds one that a login ended with; nil if there is none.
func (w *world) token(id string) *token {
	i := slices.IndexFunc(w.tokens, func(t token) bool { return t.Token == id })
	if i < 0 {
		return nil
	}
	return &w.tokens[i]
}

// grant takes in a token, and forgets those that nobody can use any more.
func (d *draft) grant(t token, now time.Time) {
	d.end(func(old token) bool { return old.expired(now) })
	d.tokens = append(d.tokens, t)
}

// getToken tells of the token in use. The emulator's own lives as long as a real
// one, from now on at any time.
func (e *Emulator) getToken(c *call) (answer, error) {
	t := c.token
	if t == nil {
		t = &token{Token: ownToken, Rights: []string{rightToAll}, Created: e.store.world().user.Created,
			Expires: e.options.Now().AddDate(0, 3, 0).UnixMilli()}
	}
	info, err := e.tokenInfo(t)
	return answer{body: info}, err
}

func (e *Emulator) tokenInfo(t *token) (clever.TokenInfo, error) {
	key := cmp.Or(t.Consumer, ownConsumer)
	granted := allowed(t.Rights)
	consumer, err := json.Marshal(map[string]any{"name": consumerName(key), "key": key, "url": "", "rights": granted})
	return clever.TokenInfo{
		Token: t.Token, Consumer: consumer, Rights: granted, CreationDate: t.Created,
		ExpirationDate: t.Expires, LastUtilisation: e.options.Now().Truncate(time.Hour).UnixMilli(),
	}, err
}

// listTokens tells of those that logins ended with, oldest first.
func (e *Emulator) listTokens(*call) (answer, error) {
	list := []clever.TokenInfo{}
	for _, t := range e.store.world().tokens {
		if t.expired(e.options.Now()) {
			continue
		}
		info, err := e.tokenInfo(&t)
		if err != nil {
			return answer{}, err
		}
		list = append(list, info)
	}
	return answer{body: list}, nil
}

// endToken makes a token no good any more. A token may always end itself.
func (e *Emulator) endToken(c *call) (answer, error) {
	id := c.path["token"]
	if c.token == nil || c.token.Token != id {
		if err := c.permit(rightToChangeOneself); err != nil {
			return answer{}, err
		}
	}
	if id == ownToken {
		return answer{}, ownTokenStays()
	}
	err := e.store.change(func(d *draft) error {
		if d.token(id) == nil {
			return notFound("token")
		}
		d.end(func(t token) bool { return t.Token == id })
		return nil
	})
	return answer{body: tokensEnded()}, err
}

// endTokens makes all tokens no good any more that logins ended with.
func (e *Emulator) endTokens(*call) (answer, error) {
	err := e.store.change(func(d *draft) error {
		d.end(func(token) bool { return true })
		return nil
	})
	return answer{body: tokensEnded()}, err
}

// tokensEnded has a number of our own: the platform's is not known.
func tokensEnded() clever.Message {
	return clever.Message{ID: 90100, Message: "The token has been revoked.", Type: "success"}
}

// end forgets tokens.
func (d *draft) end(which func(token) bool) {
	d.tokens = slices.DeleteFunc(slices.Clone(d.tokens), which)
	d.changed = true
}
