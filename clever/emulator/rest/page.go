package rest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageText string

// PageHeaders keep a page to itself: no scripts, no frames, nothing from elsewhere.
// The policy on referrers must let the form's own origin through.
func PageHeaders() map[string]string {
	return map[string]string{
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "same-origin",
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
	}
}

// A Page is what the template shows: a question if it has a Key, else a message.
type Page struct {
	Title, Text string
	Action      string // where the form goes
	Member, ID  string // what names the login in the form
	Key         string
	User, Email string
	Rights      []string
}

// Response is the page, with the headers that keep it on its own.
func (p Page) Response(status int) Response {
	var b bytes.Buffer
	if template.Must(template.New("page").Parse(pageText)).Execute(&b, p) != nil { // it is part of the program, and fits
		return Response{Status: http.StatusInternalServerError}
	}
	return Response{Status: status, Body: b.Bytes(), HTML: true, Headers: PageHeaders()}
}

// MessagePage is a page that only says something.
func MessagePage(status int, title, text string) Response {
	return Page{Title: title, Text: text}.Response(status)
}

// SameOrigin reports whether a form was sent by a page of this server, as far as
// the browser says.
func SameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	_, host, _ := strings.Cut(origin, "://")
	return strings.EqualFold(host, r.Host)
}
