package manifest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// A callKind is one of the calls to a back-end.
type callKind string

const (
	provision   callKind = "provision"
	planChange  callKind = "plan change"
	deprovision callKind = "deprovision"
)

func (k callKind) method() string {
	switch k {
	case planChange:
		return http.MethodPut
	case deprovision:
		return http.MethodDelete
	}
	return http.MethodPost
}

// An Outcome is what a response, or the lack of one, means for an add-on.
type Outcome string

// The outcomes.
const (
	Done           Outcome = "done"
	Pending        Outcome = "pending"     // the back-end will say when
	Refused        Outcome = "refused"     // with a message for the user
	BadCredentials Outcome = "credentials" // the vendor's are wrong: the provider has to mend them
	WrongURL       Outcome = "misplaced"   // a redirect, a 404, an address inside: the URL is wrong
	Mismatch       Outcome = "mismatch"    // the back-end does not speak the protocol
	NotFound       Outcome = "missing"     // no such add-on
	Gone           Outcome = "gone"        // there was one
	Conflict       Outcome = "conflict"    // the same key with other content
	Malformed      Outcome = "garbled"     // a success that cannot be understood
	Untrusted      Outcome = "untrusted"   // its certificate is not good, or its TLS too old
	Transient      Outcome = "transient"   // later it may go well
)

// outcome returns what a status means.
func (k callKind) outcome(status int) Outcome {
	switch status {
	case 200, 201:
		return Done
	case 202:
		return Pending
	case 204:
		if k == provision {
			return Malformed
		}
		return Done
	case 401, 403:
		return BadCredentials
	case 404:
		if k == provision {
			return WrongURL
		}
		return NotFound
	case 405, 406, 411, 413, 414, 415:
		return Mismatch
	case 408, 425, 429:
		return Transient
	case 409:
		return Conflict
	case 410:
		return Gone
	}
	switch status / 100 {
	case 2:
		return Malformed
	case 3:
		return WrongURL
	case 4:
		return Refused
	}
	return Transient
}

// A Failure is a call that did not do what was asked for. It holds no secret.
type Failure struct {
	Call    string // "provision", "plan change", "deprovision"
	Outcome Outcome
	Status  int    // 0 without an answer
	Message string // what the back-end says; untrusted text
	Tries   int
	Unknown bool  // the back-end may have done it all the same
	Err     error // why there was no answer, or none that can be used

	after time.Duration // how long to stay away, as the answer asks
}

// outcomeTexts describe outcomes in messages.
var outcomeTexts = map[Outcome]string{
	Refused:        "the back-end refused it",
	BadCredentials: "the back-end refused the credentials of the manifest",
	WrongURL:       "nothing of the vendor's answers at this URL; redirects are not followed",
	Mismatch:       "the back-end does not speak the protocol",
	NotFound:       "the back-end knows no such add-on",
	Gone:           "the add-on was removed before",
	Conflict:       "the back-end has the key with other content",
	Malformed:      "a success that cannot be understood",
	Untrusted:      "the back-end cannot be trusted",
	Transient:      "the back-end is not there, or not well",
}

func (f *Failure) Error() string {
	s := f.Call + ": " + outcomeTexts[f.Outcome]
	if f.Status != 0 {
		s += fmt.Sprintf(" (%d)", f.Status)
	}
	if f.Message != "" {
		s += ": " + f.Message
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	if f.Tries > 1 {
		s += fmt.Sprintf(", tried %d times", f.Tries)
	}
	return s
}

// Hint says what to do about it, "" where there is nothing to advise.
func (f *Failure) Hint() string {
	if f.Unknown {
		return "it may have been done all the same: repeat it with the same key, or ask the provider what became of it"
	}
	switch f.Outcome {
	case BadCredentials:
		return `it must take the manifest's "id" and "api.password"`
	case WrongURL:
		return "check base_url in the manifest"
	}
	return ""
}

// Unwrap returns why there was no answer.
func (f *Failure) Unwrap() error { return f.Err }

// A RetryPolicy says how long a call is repeated. The zero RetryPolicy tries once.
type RetryPolicy struct {
	Waits []time.Duration // after the first tries
	Every time.Duration   // after those; 0: no more
	Tries int             // in all; 0: as many as there are waits
}

// PersistentRetry is for marketplaces: soon at first, then every five minutes for a
// day.
func PersistentRetry() RetryPolicy {
	p := BriefRetry()
	p.Waits = append(p.Waits, 15*time.Second, time.Minute)
	p.Every, p.Tries = 5*time.Minute, 24*12
	return p
}

// longestWait is how long a user waits because a back-end asks for it.
const longestWait = 30 * time.Second

// BriefRetry is for users who wait.
func BriefRetry() RetryPolicy {
	return RetryPolicy{Waits: []time.Duration{0, 2 * time.Second, 5 * time.Second}}
}

// Next reports whether to try again after a failure, and after how long; try counts
// from 1. What cannot be understood
// is repeated once, as the second answer of a good back-end is the same.
func (p RetryPolicy) Next(try int, f *Failure) (time.Duration, bool) {
	if f.Outcome != Transient && (f.Outcome != Malformed || try > 1) {
		return 0, false
	}
	if p.Tries > 0 && try >= p.Tries || p.Every == 0 && f.after > longestWait {
		return 0, false
	}
	switch {
	case try <= len(p.Waits):
		return max(p.Waits[try-1], f.after), true
	case p.Every > 0:
		return max(p.Every/2+rand.N(p.Every), f.after), true
	}
	return 0, false
}

// retryAfter reads how long to stay away, an hour at most; 0 where the header
// does not say.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if s, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(s, 0), 3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	return 0
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
