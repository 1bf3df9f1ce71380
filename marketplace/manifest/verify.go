package manifest

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	largestForm = 16 << 10 // bytes of a sign-in's form
	mostSeen    = 1 << 17  // proofs remembered at once
)

// A Refusal is a sign-in that is not let in. What it says is for logs: it names
// no expected value, and whoever tried is to see the status only.
type Refusal struct {
	Status int // 403; 405 for another method, 413 for too large a form
	Reason string
}

func (r *Refusal) Error() string { return r.Reason }

func refuseLogin(reason string) error { return &Refusal{http.StatusForbidden, reason} }

// A Verifier lets those in who come from the marketplace. It takes the proof of
// one scheme, and no other one: whoever knows the weaker proof of another scheme
// stays outside. It may be used by many goroutines.
type Verifier struct {
	Dialect Dialect
	Scheme  Scheme
	Salt    string
	Past    time.Duration    // how old a proof may be
	Future  time.Duration    // how far ahead of this clock
	Now     func() time.Time // nil: time.Now

	mu   sync.Mutex
	seen map[[sha256.Size]byte]time.Time // proofs used, until when they are good
}

// NewVerifier returns a Verifier of the dialect's best scheme, for proofs that are
// at most five minutes old and a minute ahead.
func NewVerifier(d Dialect, salt string) *Verifier {
	return &Verifier{Dialect: d, Scheme: d.Scheme(), Salt: salt, Past: 5 * time.Minute, Future: time.Minute}
}

// Request verifies the form of a request: its body's, never its query's. Every
// error is a *Refusal.
func (v *Verifier) Request(r *http.Request) (Login, error) {
	if r.Method != http.MethodPost {
		return Login{}, &Refusal{http.StatusMethodNotAllowed, "users sign in by POST"}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return Login{}, refuseLogin("not a form")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, largestForm+1))
	if err != nil {
		return Login{}, refuseLogin("the form was cut off")
	}
	if len(body) > largestForm {
		return Login{}, &Refusal{http.StatusRequestEntityTooLarge, "a form of more than 16 KiB"}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return Login{}, refuseLogin("a form that cannot be read")
	}
	return v.Verify(form)
}

// Verify verifies the fields of a form. A proof is good once.
func (v *Verifier) Verify(form url.Values) (Login, error) {
	for name, values := range form {
		if len(values) != 1 {
			return Login{}, refuseLogin("the field " + strconv.Quote(name) + " is there more than once")
		}
	}
	l := Login{
		ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"),
		NavData: form.Get("nav-data"), App: form.Get("app"), Timestamp: form.Get("timestamp"),
	}
	if err := v.complete(l); err != nil {
		return Login{}, err
	}
	if err := l.unambiguous(); err != nil {
		return Login{}, refuseLogin(err.Error())
	}
	at, ok := v.moment(l.Timestamp)
	if !ok {
		return Login{}, refuseLogin("a timestamp that is none")
	}
	want, got := v.Scheme.Proof(l, v.Salt), form.Get(string(v.Scheme))
	if v.Salt == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return Login{}, refuseLogin("a proof that is missing or wrong")
	}
	if err := v.fresh(at, want); err != nil {
		return Login{}, err
	}
	return l, nil
}

// complete asks for the fields that the scheme signs; nav-data may be empty.
func (v *Verifier) complete(l Login) error {
	needed := []field{{"timestamp", l.Timestamp}}
	switch v.Scheme {
	case Token:
		needed = append(needed, field{"id", l.ID})
	case Signature:
		needed = append(needed, field{"id", l.ID}, field{"user_id", l.UserID}, field{"email", l.Email})
	case ResourceToken:
		needed = append(needed, field{"resource_id", l.ResourceID})
	case UserScopedToken:
		needed = append(needed, field{"resource_id", l.ResourceID}, field{"user_id", l.UserID}, field{"email", l.Email})
	}
	for _, f := range needed {
		if strings.TrimSpace(f.value) == "" {
			return refuseLogin("the field " + f.name + " is missing")
		}
	}
	return nil
}

// stamp is strict: with a lenient reader, what somebody appends to a timestamp
// gives another good proof of the same moment.
var stamp = regexp.MustCompile(`\A[0-9]{10}([0-9]{3})?\z`)

// moment reads a timestamp: seconds, and milliseconds where the dialect has them.
func (v *Verifier) moment(written string) (time.Time, bool) {
	if !stamp.MatchString(written) || len(written) == 13 && v.Dialect != Clever {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(written, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(written) == 13 {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}

// fresh holds a good proof to the window, and to being used once. The proof alone
// says which one it is: what it covers is in it, and anything else in the form may
// be another each time.
func (v *Verifier) fresh(at time.Time, proof string) error {
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	switch {
	case at.Before(now.Add(-v.Past)):
		return refuseLogin("a proof that is too old")
	case at.After(now.Add(v.Future)):
		return refuseLogin("a proof of the future")
	}
	key := sha256.Sum256([]byte(proof))
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil {
		v.seen = map[[sha256.Size]byte]time.Time{}
	}
	if _, used := v.seen[key]; used {
		return refuseLogin("a proof that was used before")
	}
	for k, until := range v.seen {
		if now.After(until) {
			delete(v.seen, k)
		}
	}
	if len(v.seen) >= mostSeen {
		return refuseLogin("too many sign-ins at once")
	}
	v.seen[key] = at.Add(v.Past)
	return nil
}
