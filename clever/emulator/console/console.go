// Package console is the emulator's page in a browser: what there is, the last
// requests, orders and faults. It changes nothing but by the emulator's own API.
//
// It knows what is shown and which call a button makes. How a call is answered it
// does not know.
package console

import (
	"embed"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"runner/clever/emulator"
	"runner/clever/emulator/rest"
)

//go:embed page
var consoleFiles embed.FS

// A Console is an Emulator with a page to look at: / and /console/… are the
// page's, all other paths the platform's. It is for a server; in a process of its
// own an Emulator needs none.
//
// Nobody but its own page may use it: a browser's requests from other origins are
// refused, and so are those by names that are not the server's, since whoever
// owns a name can let it mean this machine.
type Console struct {
	e       *emulator.Emulator
	pages   *http.ServeMux
	name    string // the host that it listens on; "" or an address that means all of them
	streams chan struct{}
	once    sync.Once
	closed  chan struct{}
}

// streamLimit is how many pages are kept up to date at once.
const streamLimit = 32

// New returns an emulator with its page. Listen is the address that it is
// served on, as net.Listen takes it.
func New(e *emulator.Emulator, listen string) *Console {
	name, _, err := net.SplitHostPort(listen)
	if err != nil {
		name = listen
	}
	c := &Console{
		e: e, name: name, pages: http.NewServeMux(),
		streams: make(chan struct{}, streamLimit), closed: make(chan struct{}),
	}
	c.pages.HandleFunc("GET /{$}", file("page.html", "text/html; charset=utf-8"))
	c.pages.HandleFunc("GET /console/page.css", file("page.css", "text/css; charset=utf-8"))
	c.pages.HandleFunc("GET /console/page.js", file("page.js", "text/javascript; charset=utf-8"))
	c.pages.HandleFunc("GET /console/orders.js", file("orders.js", "text/javascript; charset=utf-8"))
	c.pages.HandleFunc("GET /console/icon.svg", file("icon.svg", "image/svg+xml"))
	c.pages.Handle("GET /console/{$}", http.RedirectHandler("/", http.StatusSeeOther))
	c.pages.HandleFunc("GET /console/world", c.getWorld)
	c.pages.HandleFunc("GET /console/variables/{addon}", c.getVariables)
	c.pages.HandleFunc("GET /console/events", c.getEvents)
	c.pages.HandleFunc("POST /console/faults", c.postFault)
	c.pages.HandleFunc("DELETE /console/faults", c.deleteFaults)
	c.pages.HandleFunc("POST /console/reset", c.postReset)
	c.pages.HandleFunc("GET /console/catalogue", c.getCatalogue)
	c.pages.HandleFunc("POST /console/addons", c.postOrder)
	c.pages.HandleFunc("POST /console/addons/{addon}/plan", c.postPlan)
	c.pages.HandleFunc("DELETE /console/addons/{addon}", c.deleteAddon)
	c.pages.HandleFunc("POST /console/addons/{addon}/dashboard", c.postDashboard)
	return c
}

// Close ends what keeps pages up to date. It can be called more than once.
func (c *Console) Close() { c.once.Do(func() { close(c.closed) }) }

// ServeHTTP answers one request, as Emulator.ServeHTTP does.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" && r.URL.Path != "/console" && !strings.HasPrefix(r.URL.Path, "/console/") {
		if c.foreign(r) {
			a := rest.OtherSite().Response(r)
			body, status := a.Result()
			_ = a.Write(w, r, status, body) // only slow answers fail
			return
		}
		c.e.ServeHTTP(w, r)
		return
	}
	for name, value := range consoleHeaders() {
		w.Header().Set(name, value)
	}
	if !c.own(r) {
		refuse(w, http.StatusForbidden, errors.New("this is for the emulator's own page, at the address that it listens on"))
		return
	}
	c.pages.ServeHTTP(w, r)
}

// own reports whether a request is the page's, or a browser's that opens it: links
// from elsewhere lead to the page, and to nothing else.
func (c *Console) own(r *http.Request) bool {
	opened := r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	return c.knows(r.Host) && (rest.SameOrigin(r) || opened)
}

// foreign reports whether a call of the platform comes from a page of somebody
// else. Other programs send no Origin; those in containers know this machine by
// other names, which is possible only where it listens to them.
func (c *Console) foreign(r *http.Request) bool {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return true
	}
	return !c.knows(r.Host) && (c.private() || r.Header.Get("Origin") != "")
}

// private reports whether it listens to this machine only.
func (c *Console) private() bool {
	at, err := netip.ParseAddr(c.name)
	return c.name == "localhost" || err == nil && at.IsLoopback()
}

// knows reports whether a Host header can only mean this server: a loopback
// address, or what it listens on. An address needs no name server, so
// one that listens on all of them takes them all.
func (c *Console) knows(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if strings.EqualFold(name, "localhost") || name != "" && strings.EqualFold(name, c.name) {
		return true
	}
	at, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	all, err := netip.ParseAddr(c.name)
	return at.IsLoopback() || c.name == "" || err == nil && all.IsUnspecified()
}

// consoleHeaders let the page use what comes with it, and nothing else.
func consoleHeaders() map[string]string {
	h := rest.PageHeaders()
	h["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
	h["Cross-Origin-Opener-Policy"] = "same-origin"
	h["Cross-Origin-Resource-Policy"] = "same-origin"
	return h
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := consoleFiles.ReadFile("page/" + name)
		if err != nil { // it is part of the program
			refuse(w, http.StatusNotFound, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(text) // a browser that has gone needs no page
	}
}

// respond answers the page with JSON.
func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // our own types can be written, and a browser that has gone needs nothing
}

func refuse(w http.ResponseWriter, status int, err error) {
	respond(w, status, map[string]string{"error": err.Error()})
}

// postFault takes a fault as ParseFault reads it. What is mistyped is
// answered with 200 and what is wrong: of any other status the browser complains
// on its own console.
func (c *Console) postFault(w http.ResponseWriter, r *http.Request) {
	var body struct{ Fault string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, emulator.TextLimit)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, errors.New("the body is no JSON with a fault"))
		return
	}
	f, err := emulator.ParseFault(body.Fault)
	if err == nil {
		err = c.e.Fail(f)
	}
	if err != nil {
		refuse(w, http.StatusOK, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (c *Console) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	c.e.Recover()
	w.WriteHeader(http.StatusNoContent)
}

// postReset begins anew, as Emulator.Reset does.
func (c *Console) postReset(w http.ResponseWriter, _ *http.Request) {
	if err := c.e.Reset(); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
