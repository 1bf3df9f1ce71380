package store

import (
	"errors"
	"slices"
	"time"
)

// A Token is what a login ended with: it is the user's, for one consumer.
type Token struct {
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

// ValidFor returns why the token is no good for a consumer now; nil if it is.
func (t *Token) ValidFor(consumer string, now time.Time) error {
	switch {
	case t.Expired(now):
		return errTokenExpired
	case t.Consumer != "" && t.Consumer != consumer:
		return errOtherToken
	}
	return nil
}

// Expired reports whether the token is over.
func (t *Token) Expired(now time.Time) bool { return now.UnixMilli() >= t.Expires }

// Expiry returns the end of the token's life in ISO 8601.
func (t *Token) Expiry() string {
	return time.UnixMilli(t.Expires).UTC().Format("2006-01-02T15:04:05.000Z")
}

// Token finds one that a login ended with; nil if there is none.
func (w *World) Token(id string) *Token {
	i := slices.IndexFunc(w.Tokens, func(t Token) bool { return t.Token == id })
	if i < 0 {
		return nil
	}
	return &w.Tokens[i]
}

// AddToken takes in a token, and forgets those that nobody can use any more.
func (d *Draft) AddToken(t Token, now time.Time) {
	d.RemoveTokens(func(old Token) bool { return old.Expired(now) })
	d.Tokens = append(d.Tokens, t)
}

// RemoveTokens forgets tokens.
func (d *Draft) RemoveTokens(which func(Token) bool) {
	d.Tokens = slices.DeleteFunc(slices.Clone(d.Tokens), which)
	d.Changed = true
}
