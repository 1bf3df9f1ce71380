package backend

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

// An answer to the marketplace.
type answer struct {
	status int
	body   any
	plain  bool   // the body is a text for the customer, as AppFog wants it
	allow  string // methods, with 405
	addon  Addon  // that it is about, as far as it is known
	err    error  // for the log
}

// told gives the body of a refusal: {"message": …}.
type told struct {
	Message string `json:"message"`
}

func refuse(status int, message string) answer { return answer{status: status, body: told{message}} }

// later asks the marketplace to come again.
func later(a Addon, err error) answer {
	r := refuse(http.StatusServiceUnavailable, "it cannot be done now: try again")
	r.addon, r.err = a, err
	return r
}

// not refuses a method.
func not(allowed string) answer {
	a := refuse(http.StatusMethodNotAllowed, "the method is not known here")
	a.allow = allowed
	return a
}

// of says which add-on an answer is about.
func (a answer) of(addon Addon) answer {
	a.addon = addon
	return a
}

// message gives what a refusal says, "" where it is none.
func (a answer) message() string {
	t, _ := a.body.(told)
	return t.Message
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case a.status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="add-ons", charset="UTF-8"`)
	case a.status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case a.allow != "":
		h.Set("Allow", a.allow)
	}
	if a.plain {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.message()))
		return
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// authorized compares user and password whole, in a time that depends on neither.
func (b *Backend) authorized(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	known := same(password, b.c.Manifest.Password)
	if b.c.OldPassword != "" {
		known |= same(password, b.c.OldPassword)
	}
	return same(user, b.c.Manifest.ID)&known == 1 && ok
}

func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
