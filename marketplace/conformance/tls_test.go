package conformance_test

import (
	"bytes"
	"context"
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

// insecurities are defects of how a back-end is reached.
var insecurities = []defect{
	{"", map[string]string{"*": ""}},
	{"an unknown authority", map[string]string{"*": "K18 N90 N93w"}},
	{"another name", map[string]string{"*": "K18 N90 N93w"}},
	{"old TLS only", map[string]string{"*": "K18 N90 N93w"}},
	{"no TLS", map[string]string{"*": "K18 N90 N93w"}},
	{"old TLS, too", map[string]string{"*": "N90"}},
	{"passwords in the clear", map[string]string{"*": "N90"}},
}

func TestInsecureBackends(t *testing.T) {
	for _, c := range insecurities {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, manifest.HerokuV1, "", false)
			plain := &eavesdropper{}
			roots := f.encrypted(t, c.name, plain)
			line := manifest.NewTransport(manifest.TransportOptions{Loopback: true, Roots: roots})
			t.Cleanup(line.Close)
			o := options(f, line)
			o.Profiles, o.Market, o.Callback = []string{"heroku-header"}, nil, ""
			report, err := conformance.Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want["*"], strings.Join(notPassed(report), " ")); diff != "" {
				t.Errorf("%s\n%+v", diff, report.Results)
			}
			if plain.passwords.Load() > 0 {
				t.Error("a password travelled in the clear")
			}
		})
	}
}

// encrypted puts the back-end behind TLS as a defect has it, and gives whom the
// marketplace trusts. What comes in the clear, plain hears.
func (f *faulty) encrypted(t *testing.T, defect string, plain *eavesdropper) *x509.CertPool {
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
	f.at(root)
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
