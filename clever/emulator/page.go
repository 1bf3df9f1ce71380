package emulator

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed oauth_page.html
var oauthPage string

// pageHeaders keep a page to itself: no scripts, no frames, nothing from elsewhere.
// The policy on referrers must let the form's own origin through.
func pageHeaders() map[string]string {
	return map[string]string{
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "same-origin",
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
	}
}

// A page is what the template shows: a question if it has a Key, else a message.
type page struct {
	Title, Text string
	Action      string // where the form goes
	Member, ID  string // what names the login in the form
	Key         string
	User, Email string
	Rights      []string
}

func (p page) answer(status int) answer {
	var b bytes.Buffer
	if template.Must(template.New("page").Parse(oauthPage)).Execute(&b, p) != nil { // it is part of the program, and fits
		return answer{status: http.StatusInternalServerError}
	}
	return answer{status: status, body: b.Bytes(), page: true, headers: pageHeaders()}
}

func messagePage(status int, title, text string) answer {
	return page{Title: title, Text: text}.answer(status)
}

// sameOrigin tells whether a form was sent by a page of this server, as far as
// the browser says.
func sameOrigin(r *http.Request) bool {
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
