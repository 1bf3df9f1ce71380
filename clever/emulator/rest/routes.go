// Package rest knows what all parts of the emulator's API share: a call on its way,
// the table of routes, responses, pages and refusals. It knows no route by itself.
package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"runner/clever/emulator/store"
)

// BodyLimit is the largest body that is read.
const BodyLimit = 1 << 20

// A Call is one request on its way through the emulator.
type Call struct {
	Request *http.Request
	Path    map[string]string // what stands at the {places} of the route
	Body    []byte
	User    string       // whose token it is
	Token   *store.Token // which one, if a login ended with it
	Allow   string       // methods of the path, after a wrong one
}

// A Route is a method and a path, and who answers there.
type Route struct {
	Method string
	Parts  []string // "{name}" takes any one part
	Public bool     // needs no credentials
	Right  string   // what a login must have allowed; "": nothing
	Serve  func(*Call) (Response, error)
}

// Bases returns the paths that one with {base} stands for.
func Bases(path string) []string {
	rest, ok := strings.CutPrefix(path, "{base}")
	if !ok {
		return []string{path}
	}
	return []string{"/v2/self" + rest, "/v2/organisations/{owner}" + rest}
}

// Parts splits a path; empty parts do not count, since a client whose endpoint
// ends with a slash asks for //v2.
func Parts(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(p string) bool { return p == "" })
}

// A Routes has all routes of the API.
type Routes []Route

// Find returns the route of a call and fills in the call's path. Of two routes
// that fit, the one without a {place} at the first difference is meant.
func (t Routes) Find(c *Call) (*Route, error) {
	segments := Parts(c.Request.URL.EscapedPath())
	for i, p := range segments {
		plain, err := url.PathUnescape(p)
		if err != nil || !utf8.ValidString(plain) {
			return nil, badPath()
		}
		segments[i] = plain
	}
	method := c.Request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *Route
	var allowed []string
	for i := range t {
		rt := &t[i]
		if !rt.fits(segments) || found != nil && !rt.before(found) {
			continue
		}
		if rt.Method == method {
			found = rt
		} else {
			allowed = append(allowed, rt.Method)
		}
	}
	switch {
	case found != nil:
		c.Path = found.places(segments)
		return found, nil
	case allowed != nil:
		slices.Sort(allowed)
		allowed = slices.Compact(allowed)
		c.Allow = strings.Join(allowed, ", ")
		return nil, methodNotAllowed(allowed)
	default:
		return nil, NoSuchPath()
	}
}

func place(part string) bool { return strings.HasPrefix(part, "{") }

func (rt *Route) fits(segments []string) bool {
	if len(segments) != len(rt.Parts) {
		return false
	}
	for i, p := range rt.Parts {
		if !place(p) && p != segments[i] {
			return false
		}
	}
	return true
}

func (rt *Route) before(other *Route) bool {
	for i, p := range rt.Parts {
		if place(p) != place(other.Parts[i]) {
			return place(other.Parts[i])
		}
	}
	return false
}

func (rt *Route) places(segments []string) map[string]string {
	m := map[string]string{}
	for i, p := range rt.Parts {
		if place(p) {
			m[p[1:len(p)-1]] = segments[i]
		}
	}
	return m
}

// Read takes in the body. The connection of a client that sends too much is
// closed by the server.
func (c *Call) Read(w http.ResponseWriter) error {
	if c.Request.Body == nil { // a request made by hand
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.Request.Body, BodyLimit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		return badBody("it ends too early")
	}
	c.Body = body
	return nil
}

// Decode reads the body as JSON, whatever the Content-Type says. Members that
// nobody knows are passed over, as the platform does.
func (c *Call) Decode(into any) error {
	if !utf8.Valid(c.Body) {
		return badBody("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(c.Body))
	err := d.Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		f := badBody("there is a " + wrong.Value + " where the platform wants something else")
		if wrong.Field != "" {
			f.Fields = map[string]string{wrong.Field: "it may not be a " + wrong.Value}
		}
		return f
	case err != nil:
		return badBody("it is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badBody("there is something after the JSON")
	}
	return nil
}
