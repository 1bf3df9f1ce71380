// Package control is what people do with a fleet: they make its schedules match
// fleet.yml, play a playbook now, look, consent, and end plays. It knows the server
// of the workflows, and nothing of how a worker plays.
package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"runner/diagnostic"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/seal"
	"runner/fleet/settings"
)

// dialTime is how long a server is waited for.
const dialTime = 5 * time.Second

// Dial connects with the server that settings name, and returns how payloads are read
// that it does not read by itself. Leases, which may be nil, follow the heartbeats of
// the connection; more changes its other options.
func Dial(ctx context.Context, s settings.Server, leases *lease.Leases, logger *slog.Logger, more ...func(*client.Options)) (client.Client, converter.DataConverter, error) {
	o, err := options(s, leases, logger)
	if err != nil {
		return nil, nil, err
	}
	for _, change := range more {
		change(&o)
	}
	within, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	for {
		c, err := client.DialContext(within, o)
		if err == nil {
			if err := readable(within, c, o.DataConverter); err != nil {
				c.Close()
				return nil, nil, err
			}
			return c, o.DataConverter, nil
		}
		select {
		case <-within.Done():
			return nil, nil, away(ctx, s.Address, err)
		case <-time.After(200 * time.Millisecond): // it may have been started just now
		}
	}
}

// dialled matches what a system says of a connection, within what is wrapped around it.
var dialled = regexp.MustCompile(`dial tcp[^:]*(?:\[[^\]]*\])?[^ ]*: (?:connect: )?([^"]+)`)

// away says that a server does not respond.
func away(ctx context.Context, address string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := err.Error()
	if m := dialled.FindStringSubmatch(why); m != nil {
		why = m[1]
	}
	return (&diagnostic.Problem{Msg: fmt.Sprintf("the server at %s does not respond: %s", address, why), Err: err}).
		WithHint("is it running, and is server.address of fleet.yml right? runner fleet dev starts one on this machine")
}

// readable returns an error where the latest play cannot be read with the codec's keys:
// whoever has other keys would start plays that nobody can play, and play none.
func readable(ctx context.Context, c client.Client, data converter.DataConverter) error {
	page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = '" + flow.PlayWorkflow + "'", PageSize: 1})
	if err != nil || len(page.GetExecutions()) == 0 {
		return nil //nolint:nilerr // what comes next reports it
	}
	memo, ok := page.GetExecutions()[0].GetMemo().GetFields()[flow.MemoKey]
	var m flow.Memo
	if !ok {
		return nil
	}
	if err := data.FromPayload(memo, &m); err != nil {
		return fmt.Errorf("the plays of the fleet cannot be read: %w; codec_key_file of fleet.yml has to name the keys that the other machines have", err)
	}
	return nil
}

// DialLater is as Dial, for those who go on while the server is away: it connects when
// there is something to ask.
func DialLater(s settings.Server, logger *slog.Logger) (client.Client, converter.DataConverter, error) {
	o, err := options(s, nil, logger)
	if err != nil {
		return nil, nil, err
	}
	c, err := client.NewLazyClient(o)
	return c, o.DataConverter, err
}

func options(s settings.Server, leases *lease.Leases, logger *slog.Logger) (client.Options, error) {
	o := client.Options{HostPort: s.Address, Namespace: s.Namespace, Logger: sdklog.NewStructuredLogger(logger)}
	o.DataConverter = converter.GetDefaultDataConverter()
	if s.CodecKeys != "" {
		keys, err := seal.ReadKeys(s.CodecKeys)
		if err != nil {
			return o, err
		}
		o.DataConverter, o.FailureConverter = keys.Converters()
	}
	var err error
	if o.ConnectionOptions.TLS, err = tlsConfig(s.TLS); err != nil {
		return o, err
	}
	o.ConnectionOptions.KeepAliveTime, o.ConnectionOptions.KeepAliveTimeout = 10*time.Second, 5*time.Second // of a network that lets nothing through
	again := backoff.DefaultConfig
	again.BaseDelay, again.MaxDelay = 200*time.Millisecond, 500*time.Millisecond
	o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions,
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: 5 * time.Second}), grpc.WithChainUnaryInterceptor(waitForServer))
	if leases != nil {
		o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(leases.Intercept))
	}
	return o, nil
}

// waitForServer lets polls, and what a worker reports of its tasks, wait for a server that is
// away. Whoever tries again instead waits longer each time, and keeps the slot of a play that
// has ended, so that the next begins late when the server is back.
func waitForServer(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if name := path.Base(method); strings.HasPrefix(name, "Poll") || strings.HasPrefix(name, "Respond") {
		opts = append(opts, grpc.WaitForReady(true))
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

func tlsConfig(t settings.TLS) (*tls.Config, error) {
	if t == (settings.TLS{}) {
		return nil, nil //nolint:nilnil // no TLS is an answer
	}
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("the authorities' certificates cannot be read: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", t.CA)
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, errors.New("cert_file and key_file go together")
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("the certificate cannot be used: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
