//go:build unix

package fleet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority issues certificates.
type authority struct {
	*stage
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority returns an authority whose certificate is NAME.pem in the stage's folder.
func newAuthority(s *stage, name string) *authority {
	s.t.Helper()
	a := &authority{stage: s, name: name}
	a.cert, a.key = a.issue(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue returns a certificate, which is NAME.pem in the stage's folder, and NAME.key.
func (a *authority) issue(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.Subject, c.SerialNumber, c.NotAfter = pkix.Name{CommonName: name}, big.NewInt(time.Now().UnixNano()), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	text, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(filepath.Join(a.dir, name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text})))
	a.write(filepath.Join(a.dir, name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	issued, err := x509.ParseCertificate(text)
	if err != nil {
		a.t.Fatal(err)
	}
	return issued, key
}

// front puts TLS in front of the stage's server, for those who have a certificate of the
// authority, and returns its address.
func (a *authority) front() string {
	a.t.Helper()
	cert, key := a.issue("temporal", &x509.Certificate{DNSNames: []string{"temporal.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { l.Close() })
	behind := a.server.address
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go forward(conn, behind)
		}
	}()
	return l.Addr().String()
}

// forward connects a connection with an address, until one of both ends.
func forward(conn net.Conn, to string) {
	defer conn.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	for _, c := range [][2]net.Conn{{conn, server}, {server, conn}} {
		go func() {
			_, _ = io.Copy(c[0], c[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

// TestAServerBehindTLS: it is reached by who trusts its authority and has a certificate of
// its own; to whom either is missing, the message says so.
func TestAServerBehindTLS(t *testing.T) {
	s := newStage(t)
	ours, others := newAuthority(s, "ours"), newAuthority(s, "others")
	ours.issue("worker", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	others.issue("stranger", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	s.write(filepath.Join(s.dir, "empty.pem"), "no certificate\n")
	address, in := ours.front(), func(name string) string { return filepath.Join(s.dir, name) }
	for name, c := range map[string]struct {
		ca, cert, key, server string
		want                  string // "": it is reached
	}{
		"as it should be":              {"ours", "worker", "worker", "temporal.example", ""},
		"another authority":            {"others", "worker", "worker", "temporal.example", "certificate signed by unknown authority"},
		"another server":               {"ours", "worker", "worker", "other.example", "valid for temporal.example, not other.example"},
		"a stranger":                   {"ours", "stranger", "stranger", "temporal.example", "does not respond"}, // whether the reason comes through is a matter of who is faster
		"another's key":                {"ours", "worker", "stranger", "temporal.example", "the certificate cannot be used: tls: private key does not match public key"},
		"no certificate":               {"ours", "none", "none", "temporal.example", "none.pem: no such file"},
		"no authority":                 {"none", "worker", "worker", "temporal.example", "the authorities' certificates cannot be read"},
		"an authority's file is empty": {"empty", "worker", "worker", "temporal.example", "empty.pem holds no certificate in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := *s // with settings of its own
			one.t, one.settings = t, in(name+".yml")
			one.more = fmt.Sprintf(", tls: {ca_file: %q, cert_file: %q, key_file: %q, server_name: %s}", in(c.ca+".pem"), in(c.cert+".pem"), in(c.key+".key"), c.server)
			one.write(one.settings, one.fleetYAML(address, s.dir, "  []\n"))
			code, out := one.run("status")
			if (code == 0) != (c.want == "") || !strings.Contains(out, c.want) {
				t.Errorf("exit %d\n%s", code, out)
			}
		})
	}
}
