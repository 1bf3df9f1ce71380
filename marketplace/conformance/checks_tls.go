package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// secure looks at how the back-end is reached: a certificate that is trusted, no
// old TLS, and no ear for passwords in the clear.
func secure(p *probe) {
	base := p.o.Backend.Site.BaseURL
	switch {
	case strings.HasPrefix(base, "https:"):
	case p.local():
		p.skip("this back-end is on this machine, and reached by http")
		return
	default:
		p.failText("https", "base_url has http")
		return
	}
	looked := map[string]bool{}
	for _, address := range []string{base, p.o.Backend.Site.SSOURL} {
		if u, err := url.Parse(address); err == nil && u.Scheme == "https" && !looked[u.Host] {
			looked[u.Host] = true
			p.trusted(u)
			p.closed(u)
		}
	}
}

// trusted makes a connection as the marketplace does, and another one of old.
func (p *probe) trusted(u *url.URL) {
	at := u.Host
	if u.Port() == "" {
		at = net.JoinHostPort(u.Hostname(), "443")
	}
	hello := &reply{s: p.session, sent: "a TLS handshake with " + at}
	switch err := p.handshake(at, 0); {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		p.failText("TLS 1.2 or newer for "+u.Hostname()+", and a certificate that is trusted", err.Error(), hello)
	case p.handshake(at, tls.VersionTLS11) == nil:
		p.failText("nothing older than TLS 1.2", "TLS 1.1 is spoken, too", hello)
	}
}

func (p *probe) handshake(at string, newest uint16) error {
	return p.o.Backend.Transport.Handshake(p.ctx, at, newest)
}

// closed sends an order without credentials over http. It may be refused, by a
// closed port, too, or led to https; who asks for a password there gets it in
// the clear one day.
func (p *probe) closed(u *url.URL) {
	ctx, cancel := context.WithTimeout(p.ctx, p.o.Soft) // a port that drops everything is closed, too
	defer cancel()
	order := p.order()
	r := p.request(http.MethodPost, "", order.Body(p.m), with("Authorization", "")).WithContext(ctx)
	plain := *u
	plain.Scheme = "http"
	r.URL = &plain
	a := p.exchange(r)
	a.key = order.Key
	p.keep(order, a)
	to, _ := url.Parse(a.location())
	switch status := a.status(); {
	case status/100 == 3 && (to == nil || to.Scheme != "https" || to.Hostname() != u.Hostname()):
		p.fail("http leads to https on the same host", a)
	case status/100 == 2, status == http.StatusUnauthorized:
		p.fail("http is refused, or leads to https", a)
	}
}
