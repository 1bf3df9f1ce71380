package conformance_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// insecurities are defects of how a back-end is reached, and what fails.
var insecurities = []struct{ name, want string }{
	{"", ""},
	{"an unknown authority", "K18 N90"},
	{"another name", "K18 N90"},
	{"old TLS only", "K18 N90"},
	{"no TLS", "K18 N90"},
	{"old TLS, too", "N90"},
	{"passwords in the clear", "N90"},
}

func TestInsecureBackends(t *testing.T) {
	for _, c := range insecurities {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, plain := newShop(t, manifest.HerokuV1, nil), &eavesdropper{}
			roots := f.encrypted(t, c.name, plain)
			transport := manifest.NewTransport(manifest.TransportOptions{Loopback: true, Roots: roots})
			t.Cleanup(transport.Close)
			report, err := conformance.Run(t.Context(), conformance.Options{
				Backend: &manifest.Backend{Manifest: f.m, Site: f.m.Test, Transport: transport}, Plan: "small", OtherPlan: "large",
			})
			if err != nil {
				t.Fatal(err)
			}
			failed, _ := breaches(report)
			if diff := cmp.Diff(c.want, strings.Join(failed, " ")); diff != "" {
				t.Errorf("%s\n%+v", diff, report.Breaches())
			}
			if plain.passwords.Load() > 0 {
				t.Error("a password travelled in the clear")
			}
		})
	}
}

// encrypted puts the back-end behind TLS as a defect has it, and returns whom the
// marketplace trusts. plain gets what comes in the clear.
func (f *shop) encrypted(t *testing.T, defect string, plain *eavesdropper) *x509.CertPool {
	t.Helper()
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{}
	switch defect {
	case "old TLS only":
		server.TLS.MinVersion, server.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	case "old TLS, too":
		server.TLS.MinVersion = tls.VersionTLS10
	}
	plain.Listener, plain.asks = server.Listener, defect == "passwords in the clear"
	server.Listener = plain
	root := "https://" + server.Listener.Addr().String()
	if defect == "no TLS" {
		server.Start()
	} else {
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	if defect == "another name" {
		root = strings.Replace(root, "127.0.0.1", "localhost", 1)
	}
	f.reachedAt(root)
	roots := x509.NewCertPool()
	if defect != "an unknown authority" && server.Certificate() != nil {
		roots.AddCert(server.Certificate())
	}
	return roots
}

// An eavesdropper listens for TLS, and hears what is sent in the clear to the
// same port.
type eavesdropper struct {
	net.Listener
	asks      bool // for a password; else it closes the connection
	passwords atomic.Int32
}

// Accept returns connections that speak TLS.
func (e *eavesdropper) Accept() (net.Conn, error) {
	for {
		conn, err := e.Listener.Accept()
		if err != nil {
			return nil, err
		}
		first := make([]byte, 1)
		if _, err := io.ReadFull(conn, first); err == nil && first[0] == 22 {
			return &begun{conn, io.MultiReader(bytes.NewReader(first), conn)}, nil
		}
		e.hear(conn, first)
	}
}

func (e *eavesdropper) hear(conn net.Conn, first []byte) {
	defer func() { _ = conn.Close() }()
	head := make([]byte, 4096)
	n, _ := conn.Read(head)
	if bytes.Contains(bytes.ToLower(head[:n]), []byte("authorization:")) {
		e.passwords.Add(1)
	}
	if e.asks {
		_, _ = io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
}

// begun is a connection whose beginning was read already.
type begun struct {
	net.Conn
	rest io.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.rest.Read(p) }
