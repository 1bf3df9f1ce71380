package backend

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"runner/marketplace/manifest"
)

const (
	largestBody = 64 << 10 // no marketplace sends more
	longestText = 255      // of a key, in bytes
)

// A body is a request's object. Marketplaces add fields without asking: what is
// not looked for does not matter.
type body map[string]json.RawMessage

// readBody reads a request's object; the answer is the refusal.
func readBody(w http.ResponseWriter, r *http.Request) (body, *response) {
	no := func(status int, message string) (body, *response) {
		a := refuse(status, message)
		return nil, &a
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return no(http.StatusUnsupportedMediaType, "application/json is due")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return no(http.StatusRequestEntityTooLarge, "more than 64 KiB")
	}
	if err != nil {
		return no(http.StatusBadRequest, "the request was cut off")
	}
	var b body
	if err := json.Unmarshal(text, &b); err != nil || b == nil {
		return no(http.StatusBadRequest, "a JSON object is due")
	}
	return b, nil
}

// text returns a field; "" where it is no text.
func (b body) text(name string) string {
	var s string
	if json.Unmarshal(b[name], &s) != nil {
		return ""
	}
	return s
}

// object returns a field that is an object, an empty one where it is none.
func (b body) object(name string) body {
	var o body
	if json.Unmarshal(b[name], &o) != nil {
		return nil
	}
	return o
}

// order reads an order of any dialect.
func (b body) order(d manifest.Dialect) manifest.Order {
	o := manifest.Order{
		Key: b.text(d.KeyField()), App: b.text("heroku_id"), OwnerID: b.text("owner_id"), OwnerName: b.text("owner_name"),
		UserID: b.text("user_id"), Account: b.object("clc").text("account"), Name: b.text("name"), Plan: b.text("plan"),
		Region: b.text("region"), Callback: b.text("callback_url"),
	}
	options := b.object("options")
	for name := range options {
		if o.Options == nil {
			o.Options = map[string]string{}
		}
		o.Options[name] = options.text(name)
	}
	grant := b.object("oauth_grant")
	o.Grant = grant.text("code")
	o.GrantEnds, _ = time.Parse(time.RFC3339, grant.text("expires_at"))
	return o
}

// usable reports whether a market's key can be one: not empty, not endless, and
// nothing that spoils a line.
func usable(key string) bool {
	return key != "" && len(key) <= longestText && !strings.ContainsFunc(key, unicode.IsControl)
}
