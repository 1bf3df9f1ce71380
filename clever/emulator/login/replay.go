package login

import (
	"errors"
	"strconv"
	"sync"
	"time"
)

const (
	clockSkew  = 5 * time.Minute // how far a timestamp may be from the server's time
	nonceLimit = 200_000         // how many are remembered
)

// What is wrong with a request that was signed at another time, or sent twice (RFC
// 5849 §3.2, RFC 5849 §3.3).
var (
	errTimestamp = errors.New("oauth_timestamp is more than five minutes from the server's time")
	errNonce     = errors.New("oauth_nonce was used before with this timestamp")
	errNoNonce   = errors.New("oauth_nonce is missing beside oauth_timestamp")
)

// nonces are those of the last minutes. They end with the process.
type nonces struct {
	mu   sync.Mutex
	seen map[string]time.Time // when they may be forgotten
}

// check refuses what was signed long ago or not yet, and what was seen before. What
// has neither timestamp nor nonce, as PLAINTEXT may, is not checked.
func (ns *nonces) check(s *signed, now time.Time) error {
	stamp, dated := s.oauth["oauth_timestamp"]
	nonce, unique := s.oauth["oauth_nonce"]
	switch {
	case !dated && !unique:
		return nil
	case !unique:
		return errNoNonce
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if at := time.Unix(seconds, 0); err != nil || at.Before(now.Add(-clockSkew)) || at.After(now.Add(clockSkew)) {
		return errTimestamp
	}
	id := s.oauth["oauth_consumer_key"] + "\n" + s.oauth["oauth_token"] + "\n" + stamp + "\n" + nonce
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if until, used := ns.seen[id]; used && now.Before(until) {
		return errNonce
	}
	ns.forget(now)
	ns.seen[id] = time.Unix(seconds, 0).Add(clockSkew + time.Second)
	return nil
}

// forget makes room: for what is too old to be sent again, or else, of very many, for
// all.
func (ns *nonces) forget(now time.Time) {
	if ns.seen == nil || len(ns.seen) >= nonceLimit {
		old := ns.seen
		ns.seen = map[string]time.Time{}
		for id, until := range old {
			if now.Before(until) && len(ns.seen) < nonceLimit/2 {
				ns.seen[id] = until
			}
		}
	}
}
