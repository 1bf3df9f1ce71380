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
	fault Fault  // what goes wrong with it; of no kind: nothing
}

// A route is a method and a path, and who answers there.
type route struct {
	method string
	parts  []string // "{name}" takes any one part
	public bool     // needs no credentials
	right  string   // what a login must have allowed; "": nothing
	serve  func(*call) (answer, error)
}

// table gives all routes. {base} stands for both ways to name an owner.
func (e *Emulator) table() []route {
	var t []route
	add := func(method, path string, serve func(*call) (answer, error)) {
		for _, base := range bases(path) {
			t = append(t, route{method: method, parts: parts(base), right: rightFor(method, base), serve: serve})
		}
	}
	open := func(method, path string, serve func(*call) (answer, error)) {
		t = append(t, route{method: method, parts: parts(path), public: true, serve: serve})
	}
	public := func(path string, serve func(*call) (answer, error)) { open("GET", path, serve) }
	public("/v2/products/addonproviders", e.listProviders)
	public("/v2/products/addonproviders/{provider}", e.getProvider)
	public("/v4/addon-providers/{provider}", e.getProviderInfo)
	public("/v2/products/zones", e.listOldZones)
	public("/v4/products/zones", e.listZones)
	public("/v4/products/zones/{zone}", e.getZone)

	e.loginRoutes(open)
	for _, base := range []string{"/v2/vendor/apps", "/vendor/apps"} {
		open("GET", base, e.fromVendor)
		open("GET", base+"/{key}", e.fromVendor)
		open("PUT", base+"/{key}", e.fromVendor)
	}
	open("GET", "/addons/{key}", e.fromVendor)
	open("PATCH", "/addons/{key}/config", e.fromVendor)
	open("POST", "/addons/{key}/actions/{action}", e.fromVendor)

	add("GET", "/v2/self", e.getSelf)
	add("GET", "/v2/self/id", e.getSelfID)
	add("GET", "/v2/self/tokens", e.listTokens)
	add("DELETE", "/v2/self/tokens", e.endTokens)
	add("GET", "/v2/self/tokens/current", e.getToken)
	add("DELETE", "/v2/self/tokens/{token}", e.endToken)
	add("GET", "/v2/summary", e.getSummary)
	add("GET", "/v2/organisations", e.listOrganisations)
	add("GET", "/v2/organisations/{owner}", e.getOrganisation)
	add("GET", "{base}/applications", e.empty)

	add("GET", "{base}/addons", e.listAddons)
	add("POST", "{base}/addons", e.createAddon)
	add("POST", "{base}/addons/preorders", e.preorder)
	add("GET", "{base}/addons/{addon}", e.getAddon)
	add("PUT", "{base}/addons/{addon}", e.renameAddon)
	add("DELETE", "{base}/addons/{addon}", e.deleteAddon)
	add("GET", "{base}/addons/{addon}/env", e.getEnv)
	add("GET", "{base}/addons/{addon}/applications", e.emptyOfAddon)
	add("GET", "{base}/addons/{addon}/sso", e.getSSO)
	add("GET", "{base}/addons/{addon}/tags", e.getTags)
	add("PUT", "{base}/addons/{addon}/tags", e.putTags)
	add("PUT", "{base}/addons/{addon}/tags/{tag}", e.putTag)
	add("DELETE", "{base}/addons/{addon}/tags/{tag}", e.deleteTag)

	const ofApplication = "/v2/organisations/{owner}/applications/{application}/addons"
	add("GET", ofApplication, e.refuseApplication)
	add("POST", ofApplication, e.refuseApplication)
	add("GET", ofApplication+"/env", e.refuseApplication)
	add("DELETE", ofApplication+"/{addon}", e.refuseApplication)

	const inOrganisation = "/v2/organisations/{owner}/addons/{addon}"
	add("GET", inOrganisation+"/instances", e.listInstances)
	add("GET", inOrganisation+"/migrations", e.listMigrations)
	add("POST", inOrganisation+"/migrations", e.createMigration)
	add("GET", inOrganisation+"/migrations/preorders", e.previewMigration)
	add("GET", inOrganisation+"/migrations/{migration}", e.getMigration)
	add("DELETE", inOrganisation+"/migrations/{migration}", e.abortMigration)

	e.sellersRoutes(add)
	e.detailRoutes(add)
	return t
}

// loginRoutes adds those of logins, which nobody needs credentials for.
func (e *Emulator) loginRoutes(open func(method, path string, serve func(*call) (answer, error))) {
	open("POST", "/v2/oauth/request_token", e.requestToken)
	open("POST", "/v2/oauth/request_token_query", e.requestToken)
	open("GET", "/v2/oauth/authorize", e.getAuthorize)
	open("POST", "/v2/oauth/authorize", e.postAuthorize)
	open("POST", "/v2/oauth/access_token", e.accessToken)
	open("POST", "/v2/oauth/access_token_query", e.accessToken)
	open("GET", "/v2/oauth/rights", e.listRights)
	open("GET", "/v2/oauth/login_data", e.getLoginData)
	open("GET", "/cli-oauth", e.getCLIPage)
	open("POST", "/cli-oauth", e.postCLIPage)
	open("GET", "/v2/self/cli_tokens", e.getCLIToken)
}

// detailRoutes adds those by which each provider tells of its own add-ons.
func (e *Emulator) detailRoutes(add func(method, path string, serve func(*call) (answer, error))) {
	const ofProvider = "/v4/addon-providers/{provider}/addons/{addon}"
	add("GET", ofProvider, e.getDetail)
	add("POST", ofProvider+"/reboot", e.operate)
	add("POST", ofProvider+"/rebuild", e.operate)
	add("GET", ofProvider+"/version/check", e.checkVersion)
	add("POST", ofProvider+"/version/update", e.updateVersion)
	add("POST", ofProvider+"/networkgroup", e.joinNetwork)
	add("DELETE", ofProvider+"/networkgroup", e.leaveNetwork)
	add("GET", "/v4/addon-providers/config-provider/addons/{addon}/env", e.getConfig)
	add("PUT", "/v4/addon-providers/config-provider/addons/{addon}/env", e.putConfig)
	add("GET", "/v4/addon-providers/addon-otoroshi/addons/{addon}/config.yaml", e.getOtoroshiConfig)
	add("GET", "/v4/addon-providers/addon-pulsar/clusters/{cluster}", e.getPulsarCluster)
	add("GET", "/v4/addon-providers/addon-pulsar/addons/{addon}/storage-policies", e.getPolicies)
	add("PATCH", "/v4/addon-providers/addon-pulsar/addons/{addon}/storage-policies", e.patchPolicies)
	add("GET", "/v4/materia/organisations/{owner}/materia/databases/{addon}", e.getMateria)
	add("GET", "/v4/networkgroups/organisations/{owner}/networkgroups", e.empty)
	add("GET", "/v2/backups/{owner}/{addon}", e.listBackups)
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

// find gives the route of a call and fills in the call's path. Of two routes
// that fit, the one without a {place} at the first difference is meant.
func (e *Emulator) find(c *call) (*route, error) {
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
	for i := range e.routes {
		rt := &e.routes[i]
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
