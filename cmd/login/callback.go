package login

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// A callback is where the browser comes back to after a login: a port of this
// machine, open for as long as the login takes, at a path that nobody can guess.
type callback struct {
	url     string
	host    string
	path    string
	replies chan url.Values // what the browser brought, once
	server  *http.Server
	taken   atomic.Bool
	over    chan struct{} // closed when the login's end is known
	shown   chan struct{} // closed when the browser was shown it
	end     error         // read after over
}

// listen opens a port.
func listen() (*callback, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port to await the browser at: %w", err)
	}
	c := &callback{
		host: listener.Addr().String(), path: "/" + rand.Text(),
		replies: make(chan url.Values, 1), over: make(chan struct{}), shown: make(chan struct{}),
	}
	c.url = "http://" + c.host + c.path
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 1 << 16}
	go func() { _ = c.server.Serve(listener) }()
	return c, nil
}

// own reports whether a URL leads here.
func (c *callback) own(u *url.URL) bool {
	return u.Scheme == "http" && u.Host == c.host && subtle.ConstantTimeCompare([]byte(u.Path), []byte(c.path)) == 1
}

// ServeHTTP takes what the browser brings, and shows how the login ended. Whoever
// asks for anything else, such as another program that tries ports, changes nothing.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.own(&url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}) {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only a browser is awaited here", http.StatusMethodNotAllowed)
		return
	}
	if c.taken.CompareAndSwap(false, true) {
		defer close(c.shown)
		c.replies <- r.URL.Query()
	}
	select {
	case <-c.over:
		c.show(w)
	case <-r.Context().Done():
	}
}

const callbackPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}main{max-width:34rem;margin:3rem auto;padding:0 1rem}</style>
</head><body><main><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body></html>
`

// show says in the browser how the login ended. The address that holds the
// answer goes nowhere else.
func (c *callback) show(w http.ResponseWriter) {
	text := struct{ Title, Text string }{"Logged in", "runner has what it needs. You can close this page."}
	if c.end != nil {
		text.Title, text.Text = "Not logged in", "The reason is in your terminac. You can close this page."
	}
	var page bytes.Buffer
	_ = template.Must(template.New("page").Parse(callbackPage)).Execute(&page, text) // it is part of the program, and fits
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len())) // nothing is to follow: the port closes now
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(page.Bytes())
	_ = http.NewResponseController(w).Flush() // a browser that has gone needs no page
}

// close shows the end of the login, and closes the port.
func (c *callback) close(end error) {
	c.end = end
	close(c.over)
	if c.taken.Load() {
		grace := time.NewTimer(2 * time.Second)
		defer grace.Stop()
		select {
		case <-c.shown:
		case <-grace.C:
		}
	}
	_ = c.server.Close() // not Shutdown: browsers keep connections on which nothing comes
}
