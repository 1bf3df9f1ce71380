package emulator

import (
	"errors"
	"slices"
	"time"
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

// end forgets tokens.
func (d *draft) end(which func(token) bool) {
	d.tokens = slices.DeleteFunc(slices.Clone(d.tokens), which)
	d.changed = true
}
