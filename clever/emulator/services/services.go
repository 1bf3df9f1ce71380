// Package services knows what the emulated platform announces at one address beside
// its API: Cellar's buckets by the S3 protocol, the retention of Pulsar's namespaces,
// and, for databases that are only pretended, a refusal at once in the client's own
// protocol. It knows no route of the API, and runs no database.
package services

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"runner/clever/emulator/store"
)

const (
	sniffTime   = 300 * time.Millisecond // after which a client waits for the server to speak first
	talkTime    = 10 * time.Second       // how long the beginning of a conversation may take
	requestTime = 2 * time.Minute        // how long a request may take to come
)

// refusal is what those hear who take a pretended database for one.
const refusal = "no server is behind this add-on: the emulator only pretends it; runner emulator --real runs PostgreSQL and Redis"

// A Server is what listens there. TLS and plain connections come to the same port.
type Server struct {
	store *store.Store
	now   func() time.Time
	tls   *tls.Config
	http  *http.Server
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

// New returns a Server that shows a certificate to those who want TLS.
func New(s *store.Store, certificate tls.Certificate, now func() time.Time) *Server {
	srv := &Server{store: s, now: now, tls: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, conns: make(chan net.Conn), done: make(chan struct{})}
	srv.http = &http.Server{Handler: srv, ReadHeaderTimeout: talkTime, ReadTimeout: requestTime, IdleTimeout: requestTime}
	return srv
}

// Serve answers until the listener is closed or Close is called.
func (srv *Server) Serve(l net.Listener) error {
	go func() { _ = srv.http.Serve(&queue{srv, l.Addr()}) }() // it ends with the queue
	go func() {
		<-srv.done
		_ = l.Close()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			srv.Close()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		go srv.begin(c)
	}
}

// Close ends all conversations. It can be called more than once.
func (srv *Server) Close() {
	srv.once.Do(func() {
		close(srv.done)
		_ = srv.http.Close()
	})
}

// A queue hands over the connections that speak HTTP.
type queue struct {
	srv  *Server
	addr net.Addr
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.srv.conns:
		return c, nil
	case <-q.srv.done:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error   { return nil }
func (q *queue) Addr() net.Addr { return q.addr }

// A peeked connection was looked into.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// request begins an HTTP request.
var request = regexp.MustCompile(`^(GET|PUT|POST|HEAD|DELETE|OPTIONS|PATCH) [/h*]`)

// sslRequest is how a client of PostgreSQL asks for TLS.
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

// begin finds out which protocol a client speaks by its first bytes.
func (srv *Server) begin(c net.Conn) {
	p := &peeked{c, bufio.NewReader(c)}
	_ = c.SetReadDeadline(time.Now().Add(sniffTime))
	first, _ := p.r.Peek(8)
	_ = c.SetDeadline(time.Now().Add(talkTime))
	switch {
	case len(first) == 0:
		refuseMySQL(c)
	case first[0] == 0x16: // a TLS handshake
		srv.handOver(tls.Server(p, srv.tls))
		return
	case request.Match(first):
		srv.handOver(p)
		return
	case first[0] == '*' || first[0] == '+' || bytes.HasPrefix(first, []byte("AUTH")) || bytes.HasPrefix(first, []byte("PING")):
		_, _ = c.Write([]byte("-ERR " + refusal + "\r\n"))
	case bytes.Equal(first, sslRequest):
		_, _ = p.r.Discard(len(sslRequest))
		_, _ = c.Write([]byte("S"))
		secure := tls.Server(p, srv.tls)
		refusePostgres(secure)
	case len(first) == 8 && first[4] == 0 && first[5] == 3: // the startup of protocol 3
		refusePostgres(p)
	}
	_ = c.Close() // MongoDB's clients take that for what it is
}

func (srv *Server) handOver(c net.Conn) {
	_ = c.SetDeadline(time.Time{}) // the server of HTTP has its own
	select {
	case srv.conns <- c:
	case <-srv.done:
		_ = c.Close()
	}
}

// refusePostgres reads the startup of a client of PostgreSQL, and refuses it as a
// server does that knows neither the user nor the database.
func refusePostgres(c net.Conn) {
	var size [4]byte
	if _, err := c.Read(size[:]); err != nil {
		return
	}
	rest := make([]byte, min(max(int(binary.BigEndian.Uint32(size[:]))-4, 0), 10_000))
	_, _ = c.Read(rest)
	var body bytes.Buffer
	for _, field := range []string{"SFATAL", "VFATAL", "C28000", "M" + refusal} {
		body.WriteString(field + "\x00")
	}
	body.WriteByte(0)
	message := append([]byte{'E'}, binary.BigEndian.AppendUint32(nil, uint32(body.Len()+4))...)
	_, _ = c.Write(append(message, body.Bytes()...))
}

// refuseMySQL speaks first, as a server of MySQL does: error 1045, access denied.
func refuseMySQL(c net.Conn) {
	body := append([]byte{0xff, 0x15, 0x04}, refusal...)
	_, _ = c.Write(append([]byte{byte(len(body)), byte(len(body) >> 8), 0, 0}, body...))
}
