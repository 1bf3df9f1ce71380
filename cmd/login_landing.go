package cmd

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

// A landing is where the browser comes back to after a login: a port of this
// machine, open for as long as the login takes, at a path that nobody can guess.
type landing struct {
	url     string
	host    string
	path    string
	answers chan url.Values // what the browser brought, once
	server  *http.Server
	taken   atomic.Bool
	over    chan struct{} // closed when the login's end is known
	shown   chan struct{} // closed when the browser was told
	end     error         // read after over
}

// land opens a port.
func land() (*landing, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port to await the browser at: %w", err)
	}
	l := &landing{
		host: listener.Addr().String(), path: "/" + rand.Text(),
		answers: make(chan url.Values, 1), over: make(chan struct{}), shown: make(chan struct{}),
	}
	l.url = "http://" + l.host + l.path
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 16}
	go func() { _ = l.server.Serve(listener) }()
	return l, nil
}

// own tells whether a URL leads here.
func (l *landing) own(u *url.URL) bool {
	return u.Scheme == "http" && u.Host == l.host && subtle.ConstantTimeCompare([]byte(u.Path), []byte(l.path)) == 1
}

// ServeHTTP takes the browser's answer, and shows how the login ended. Whoever
// asks for anything else, such as another program that tries ports, changes nothing.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.own(&url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}) {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only a browser is awaited here", http.StatusMethodNotAllowed)
		return
	}
	if l.taken.CompareAndSwap(false, true) {
		defer close(l.shown)
		l.answers <- r.URL.Query()
	}
	select {
	case <-l.over:
		l.show(w)
	case <-r.Context().Done():
	}
}

const landingPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}main{max-width:34rem;margin:3rem auto;padding:0 1rem}</style>
</head><body><main><h1>{{.Title}}</h1><p>{{.Text}}</p></main></body></html>
`

// show tells in the browser how the login ended. The address that holds the
// answer goes nowhere else.
func (l *landing) show(w http.ResponseWriter) {
	says := struct{ Title, Text string }{"Logged in", "runner has what it needs. You can close this page."}
	if l.end != nil {
		says.Title, says.Text = "Not logged in", "The reason is in your terminal. You can close this page."
	}
	var page bytes.Buffer
	_ = template.Must(template.New("landing").Parse(landingPage)).Execute(&page, says) // it is part of the program, and fits
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len())) // nothing is to follow: the port closes now
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(page.Bytes())
	_ = http.NewResponseController(w).Flush() // a browser that has gone needs no page
}

// leave shows the end of the login, and closes the port.
func (l *landing) leave(end error) {
	l.end = end
	close(l.over)
	if l.taken.Load() {
		patience := time.NewTimer(2 * time.Second)
		defer patience.Stop()
		select {
		case <-l.shown:
		case <-patience.C:
		}
	}
	_ = l.server.Close() // not Shutdown: browsers keep connections on which nothing comes
}
