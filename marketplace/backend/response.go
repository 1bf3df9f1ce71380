package backend

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

// A response to a call of the marketplace.
type response struct {
	status int
	body   any
	plain  bool   // the body is a text for the customer, as AppFog wants it
	allow  string // methods, with 405
	addon  Addon  // that it is about, as far as it is known
	err    error  // for the log
}

// A messageBody is the body of a refusal: {"message": …}.
type messageBody struct {
	Message string `json:"message"`
}

func refuse(status int, message string) response {
	return response{status: status, body: messageBody{message}}
}

// tryLater asks the marketplace to repeat the call.
func tryLater(a Addon, err error) response {
	r := refuse(http.StatusServiceUnavailable, "it cannot be done now: try again")
	r.addon, r.err = a, err
	return r
}

// methodNotAllowed refuses a method.
func methodNotAllowed(allowed string) response {
	a := refuse(http.StatusMethodNotAllowed, "the method is not known here")
	a.allow = allowed
	return a
}

// of says which add-on an answer is about.
func (a response) of(addon Addon) response {
	a.addon = addon
	return a
}

// message returns what a refusal says, "" where it is none.
func (a response) message() string {
	t, _ := a.body.(messageBody)
	return t.Message
}

func (a response) write(w http.ResponseWriter) {
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
