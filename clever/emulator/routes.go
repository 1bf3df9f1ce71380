package emulator

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
)

// bodyLimit is the largest body that is read.
const bodyLimit = 1 << 20

// A call is one request on its way through the emulator.
type call struct {
	r     *http.Request
	path  map[string]string // what stands at the {places} of the route
	body  []byte
	user  string // whose token it is
	token *token // which one, if a login ended with it
	allow string // methods of the path, after a wrong one
}

// A route is a method and a path, and who answers there.
type route struct {
	method string
	parts  []string // "{name}" takes any one part
	public bool     // needs no credentials
	right  string   // what a login must have allowed; "": nothing
	serve  func(*call) (answer, error)
}

func bases(path string) []string {
	rest, ok := strings.CutPrefix(path, "{base}")
	if !ok {
		return []string{path}
	}
	return []string{"/v2/self" + rest, "/v2/organisations/{owner}" + rest}
}

// parts splits a path; empty parts do not count, since a client whose endpoint
// ends with a slash asks for //v2.
func parts(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(p string) bool { return p == "" })
}

// A routeTable has all routes of the API.
type routeTable []route

// find returns the route of a call and fills in the call's path. Of two routes
// that fit, the one without a {place} at the first difference is meant.
func (t routeTable) find(c *call) (*route, error) {
	asked := parts(c.r.URL.EscapedPath())
	for i, p := range asked {
		plain, err := url.PathUnescape(p)
		if err != nil || !utf8.ValidString(plain) {
			return nil, badPath()
		}
		asked[i] = plain
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *route
	var allowed []string
	for i := range t {
		rt := &t[i]
		if !rt.fits(asked) || found != nil && !rt.before(found) {
			continue
		}
		if rt.method == method {
			found = rt
		} else {
			allowed = append(allowed, rt.method)
		}
	}
	switch {
	case found != nil:
		c.path = found.places(asked)
		return found, nil
	case allowed != nil:
		slices.Sort(allowed)
		allowed = slices.Compact(allowed)
		c.allow = strings.Join(allowed, ", ")
		return nil, methodNotAllowed(allowed)
	default:
		return nil, noSuchPath()
	}
}

func place(part string) bool { return strings.HasPrefix(part, "{") }

func (rt *route) fits(asked []string) bool {
	if len(asked) != len(rt.parts) {
		return false
	}
	for i, p := range rt.parts {
		if !place(p) && p != asked[i] {
			return false
		}
	}
	return true
}

func (rt *route) before(other *route) bool {
	for i, p := range rt.parts {
		if place(p) != place(other.parts[i]) {
			return place(other.parts[i])
		}
	}
	return false
}

func (rt *route) places(asked []string) map[string]string {
	m := map[string]string{}
	for i, p := range rt.parts {
		if place(p) {
			m[p[1:len(p)-1]] = asked[i]
		}
	}
	return m
}

// read takes in the body. The connection of a client that sends too much is
// closed by the server.
func (c *call) read(w http.ResponseWriter) error {
	if c.r.Body == nil { // a request made by hand
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.r.Body, bodyLimit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		return badBody("it ends too early")
	}
	c.body = body
	return nil
}

// decode reads the body as JSON, whatever the Content-Type says. Members that
// nobody knows are passed over, as the platform does.
func (c *call) decode(into any) error {
	if !utf8.Valid(c.body) {
		return badBody("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	err := d.Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		f := badBody("there is a " + wrong.Value + " where the platform wants something else")
		if wrong.Field != "" {
			f.fields = map[string]string{wrong.Field: "it may not be a " + wrong.Value}
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
