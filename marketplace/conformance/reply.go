package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"runner/marketplace/manifest"
)

// A reply is an answer, or the lack of one.
type reply struct {
	s    *session
	sent string
	key  string // of the order that it answers
	a    *manifest.Response
	err  error
}

func (r *reply) status() int {
	if r.a == nil {
		return 0
	}
	return r.a.Status
}

// good reports whether the answer is a success.
func (r *reply) good() bool { return r.status()/100 == 2 }

// location returns where the answer leads, "" where it leads nowhere.
func (r *reply) location() string {
	if r.a == nil {
		return ""
	}
	return r.a.Header.Get("Location")
}

func (r *reply) body() []byte {
	if r.a == nil {
		return nil
	}
	return r.a.Body
}

// object reads the body; nil where it is no object.
func (r *reply) object() map[string]any {
	d := json.NewDecoder(bytes.NewReader(r.body()))
	d.UseNumber()
	var v map[string]any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// id returns the id that the body names, as a text; "" where there is none. At
// Heroku v3 the key names the add-on, too.
func (r *reply) id() string {
	switch v := r.object()["id"].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	if r.s.m.Dialect == manifest.HerokuV3 && r.good() && r.object() != nil {
		return r.key
	}
	return ""
}

// named reports whether the body names the add-on, by a text or a number.
func (r *reply) named() bool {
	switch v := r.object()["id"].(type) {
	case string:
		return v != ""
	case json.Number:
		return true
	}
	return false
}

func (r *reply) config() map[string]any {
	c, _ := r.object()["config"].(map[string]any)
	return c
}

// conceal replaces what an answer has of secrets: the values of variables, in
// whatever form they are, and where logs go to.
func conceal(v map[string]any) {
	switch config := v["config"].(type) {
	case map[string]any:
		for name := range config {
			config[name] = "********"
		}
	case []any:
		for i := range config {
			config[i] = "********"
		}
	case string:
		v["config"] = "********"
	}
	if drain, ok := v["log_drain_url"].(string); ok {
		scheme, _, _ := strings.Cut(drain, ":")
		v["log_drain_url"] = clip(scheme, 20) + ":********"
	}
}

// String says what came, without values of variables and other secrets.
func (r *reply) String() string {
	if r.a == nil {
		return "no answer: " + r.err.Error()
	}
	text := fmt.Sprintf("%d %s", r.a.Status, http.StatusText(r.a.Status))
	if r.a.Status/100 == 3 {
		where, _, _ := strings.Cut(r.location(), "?") // a query may hold a proof
		text += fmt.Sprintf(" to %q", clip(where, 200))
	}
	if kind := r.a.Header.Get("Content-Type"); kind != "" {
		text += ", " + kind
	}
	if v := r.object(); v != nil {
		conceal(v)
		if b, err := json.Marshal(v); err == nil {
			text += ", " + clip(string(b), 300)
		}
	} else if r.a.Truncated {
		text += fmt.Sprintf(", more than %d bytes", len(r.a.Body))
	} else if len(r.a.Body) > 0 {
		text += fmt.Sprintf(", %d bytes", len(r.a.Body))
	}
	return r.s.o.Backend.Mask(text)
}
