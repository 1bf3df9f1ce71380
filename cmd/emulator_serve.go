package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"time"

	"runner/atomicfile"
	"runner/clever/emulator"
	"runner/clever/emulator/console"
	"runner/clever/emulator/services"
	"runner/cmd/platform"
	"runner/cmd/ui"
)

// serveEmulator serves an emulator until the context ends. Where it cannot start, the
// shell that wants its lines gets others, which lead nowhere.
func (p *Program) serveEmulator(ctx context.Context, e emulation) (err error) {
	announced := false
	defer func() {
		if err != nil && !announced {
			p.announceFailure()
		}
	}()
	if err := e.check(); err != nil {
		return err
	}
	if e.options.Faults, err = faults(e.faults); err != nil {
		return err
	}
	if e.options.Vendors, err = p.vendors(e.vendors); err != nil {
		return err
	}
	listener, err := listen(e.listen)
	if err != nil {
		return err
	}
	e.options.URL = reachedAt(listener.Addr())
	side, err := e.openServices()
	if err != nil {
		return p.First(err, listener.Close())
	}
	made, err := platform.NewEmulation(ctx, &p.Streams, e.options, e.backing)
	if err != nil {
		return p.First(err, errors.Join(listener.Close(), side.close()))
	}
	side.begin(made.Emulator)
	done := func() {}
	defer func() { done() }()
	announce := func() error {
		announced = true
		err := p.announce(made.Emulator, listener.Addr(), side, func() error {
			var err error
			done, err = p.recordEmulator(listener.Addr())
			return err
		})
		return err
	}
	return p.First(serve(ctx, made.Emulator, e.listen, listener, announce), errors.Join(side.close(), made.Close()))
}

// A side is what listens beside an emulator; the nil side does not.
type side struct {
	listener net.Listener
	pair     tls.Certificate
	server   *services.Server
	ended    chan error
}

// openServices begins to listen where --services says, and writes the certificate.
func (e *emulation) openServices() (*side, error) {
	if e.services == noServices {
		return nil, nil
	}
	listener, err := net.Listen("tcp", e.services)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --services", e.services, err)
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	s := &side{listener: listener, ended: make(chan error, 1)}
	public, private, err := services.NewCertificate(host)
	if err == nil {
		s.pair, err = tls.X509KeyPair(public, private)
	}
	if err == nil && e.certificate != "" {
		err = atomicfile.WriteFile(e.certificate, public, atomicfile.Options{Mode: 0o644})
	}
	e.options.Services = net.JoinHostPort(host, port)
	return s, errors.Join(err, closeOn(err, listener))
}

// closeOn closes something if there was an error.
func closeOn(err error, c io.Closer) error {
	if err == nil {
		return nil
	}
	return c.Close()
}

func (s *side) begin(e *emulator.Emulator) {
	if s == nil {
		return
	}
	s.server = e.Services(s.pair)
	go func() { s.ended <- s.server.Serve(s.listener) }()
}

func (s *side) close() error {
	switch {
	case s == nil:
		return nil
	case s.server == nil:
		return s.listener.Close()
	}
	s.server.Close()
	return <-s.ended
}

// listen begins to listen where --listen says.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", address, err)
	}
	return listener, nil
}

// reachedAt returns the URL of an emulator for those on this machine; "" where it
// listens on all addresses: whoever orders there knows one.
func reachedAt(address net.Addr) string {
	if at, err := netip.ParseAddrPort(address.String()); err != nil || at.Addr().IsUnspecified() {
		return ""
	}
	return "http://" + address.String()
}

// How long a client may take to send a request: one that sends half of it and no more
// is let go.
const (
	headerTime = 10 * time.Second
	bodyTime   = 30 * time.Second
	idleTime   = 2 * time.Minute
)

// serve announces an emulator and answers until the context ends, then lets what
// is under way finish. Address is what the listener was made for.
func serve(ctx context.Context, e *emulator.Emulator, address string, listener net.Listener, announce func() error) error {
	page := console.New(e, address)
	server := &http.Server{Handler: page, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, IdleTimeout: idleTime}
	server.RegisterOnShutdown(page.Close)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := announce(); err != nil {
		_ = server.Close()
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil { // somebody connected and says nothing
		_ = server.Close()
	}
	return nil
}

// A shellVariable is one that a shell exports.
type shellVariable struct{ name, value string }

// pointing returns the variables by which runner and clever-tools find a platform.
func pointing(at, token, secret, key, keySecret string) []shellVariable {
	return []shellVariable{
		{"API_HOST", at}, {"RUNNER_ENDPOINT", at}, {"CONSOLE_URL", at}, {"AUTH_BRIDGE_HOST", at}, {"CLEVER_TOKEN", token}, {"CLEVER_SECRET", secret},
		{"OAUTH_CONSUMER_KEY", key}, {"OAUTH_CONSUMER_SECRET", keySecret},
	}
}

func (p *Program) export(all []shellVariable) (err error) {
	for _, s := range all {
		if _, err = fmt.Fprintf(p.Out, "export %s=%s\n", s.name, s.value); err != nil {
			return err
		}
	}
	return nil
}

// announce prints what a shell needs, and closes standard output, so that
// whoever waits for its end goes on. Before, it is recorded where the emulator is.
func (p *Program) announce(e *emulator.Emulator, at net.Addr, s *side, record func() error) error {
	if err := record(); err != nil {
		return err
	}
	key, keySecret, token, tokenSecret := e.Credentials()
	err := p.export(pointing("http://"+at.String(), token, tokenSecret, key, keySecret))
	if closer, ok := p.Out.(io.Closer); ok && err == nil {
		err = closer.Close()
	}
	fmt.Fprintf(p.Err, "the emulator listens on http://%s\n", at)
	if s != nil {
		fmt.Fprintf(p.Err, "buckets, and refusals for databases that are only pretended, are on %s\n", e.Options().Services)
	}
	return err
}

// nowhere is where nobody listens.
const nowhere = "http://127.0.0.1:1"

// announceFailure prints lines that let every command of a shell fail: without them
// it would go on with whatever it was set up for, which may be the real platform.
func (p *Program) announceFailure() {
	if f, ok := p.Out.(*os.File); ok && ui.IsTerminal(f) {
		return
	}
	const none = "the-emulator-did-not-start"
	if p.export(pointing(nowhere, none, none, none, none)) == nil {
		fmt.Fprintln(p.Out, "false # the emulator did not start: nothing can be reached")
	}
}

// servesEmulator reports whether a command line is of an emulator whose lines a shell
// waits for.
func servesEmulator(args []string) bool {
	at := slices.Index(args, "emulator")
	return at == 1 && (len(args) == 2 || args[2] != "stop" && args[2] != "status")
}
