package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever/emulator"
	"runner/clever/emulator/console"
	"runner/cmd/platform"
	"runner/diagnostic"
)

// faultHelp tells what --fault takes.
const faultHelp = "A fault is [METHOD:][PATH][:WHICH]=KIND[,WITH]. PATH is a regular expression that is looked for in\n" +
	"the path. WHICH of the requests that match: 2, 2-4, 3+ (from the third on), */3 (each third); all\n" +
	"of them if left out. The kinds:\n\n" +
	"  refuse, cut-before      the connection ends, and nothing is done\n" +
	"  cut-after               the work is done, and the answer lost\n" +
	"  hang, hang-after        no answer comes (,DURATION: for so long); nothing or all is done\n" +
	"  429, 503                too many requests, no capacity (,DURATION: Retry-After)\n" +
	"  html-500, html-503      a proxy's page; nothing is done\n" +
	"  truncated               half of the answer's JSON\n" +
	"  slow,DURATION           the answer comes bit by bit\n" +
	"  expired                 the token is no longer good\n" +
	"  deleted[,ADDON]         somebody removes the add-on (else the path's own) just before\n" +
	"  env-late,DURATION       variables are incomplete while an add-on is younger\n" +
	"  migration-failed        the migration that is asked for fails\n" +
	"  migration-late,DURATION the migration that is asked for takes its time\n\n" +
	"--fault POST:/addons:2=cut-after loses the answer to the second order, --fault :4+=expired lets the\n" +
	"token expire before the fourth request."

// faults reads what --fault gave.
func faults(specs []string) ([]emulator.Fault, error) {
	var all []emulator.Fault
	for _, spec := range specs {
		f, err := emulator.ParseFault(spec)
		if err != nil {
			return nil, (&diagnostic.Problem{Msg: err.Error()}).WithHint("runner emulator --help tells what there is")
		}
		all = append(all, f)
	}
	return all, nil
}

func (p *Program) emulatorCommand() *cli.Command {
	var backing platform.Databases
	return &cli.Command{
		Name:  "emulator",
		Usage: "serve the platform on this machine",
		Description: "Prints, on standard output and then no more, the lines that point runner and clever-tools at it:\n" +
			"eval \"$(runner emulator &)\" starts it and sets a shell up for it.\n\n" + vendorHelp + "\n\n" + faultHelp,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "listen on `ADDRESS`; port 0 takes a free one"},
			&cli.StringFlag{Name: "state", Usage: "keep the state in `FILE`; in memory only if left out"},
			&cli.BoolFlag{Name: "strict", Usage: "verify signatures; otherwise any token is good"},
			&cli.BoolFlag{Name: "strict-ids", Usage: "refuse real ids (postgresql_…) in paths of v2, as the platform began to do in 2026"},
			&cli.BoolFlag{Name: "strict-options", Usage: "refuse orders with options that the provider does not have; otherwise they are passed over"},
			&cli.DurationFlag{Name: "latency", Usage: "answer after `DURATION`: 20ms"},
			&cli.DurationFlag{Name: "migration-time", Usage: "let a migration take `DURATION`, step by step: 2m; none if left out"},
			&cli.StringSliceFlag{Name: "fault", Usage: "let something go wrong, as `SPEC` says (repeatable)"},
			vendorFlag(),
		}, databaseFlags(&backing)...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("emulator takes no argument %q", c.Args().First())}).WithHint("runner emulator --help")
			}
			for _, name := range []string{"latency", "migration-time"} {
				if c.Duration(name) < 0 {
					return fmt.Errorf("--%s cannot be negative", name)
				}
			}
			faults, err := faults(c.StringSlice("fault"))
			if err != nil {
				return err
			}
			if err := backing.Check(); err != nil {
				return err
			}
			vendors, err := p.vendors(c.StringSlice("vendor"))
			if err != nil {
				return err
			}
			listener, err := listen(c.String("listen"))
			if err != nil {
				return err
			}
			e, err := platform.NewEmulation(c.Context, &p.Streams, emulator.Options{
				State: c.String("state"), Strict: c.Bool("strict"), StrictIDs: c.Bool("strict-ids"), StrictOptions: c.Bool("strict-options"),
				Faults: faults, Latency: c.Duration("latency"), MigrationTime: c.Duration("migration-time"),
				Vendors: vendors, URL: reachedAt(listener.Addr()),
			}, backing)
			if err != nil {
				return p.First(err, listener.Close())
			}
			announce := func() error { return p.announce(e.Emulator, listener.Addr()) }
			return p.First(serve(c.Context, e.Emulator, c.String("listen"), listener, announce), e.Close())
		},
	}
}

// listen begins to listen where --listen says.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", address, err)
	}
	return listener, nil
}

// reachedAt gives the URL of an emulator for those on this machine; "" where it
// listens on all addresses: whoever orders there knows one.
func reachedAt(address net.Addr) string {
	if at, err := netip.ParseAddrPort(address.String()); err != nil || at.Addr().IsUnspecified() {
		return ""
	}
	return "http://" + address.String()
}

// serve announces an emulator and answers until the context ends, then lets what
// is under way finish. Address is what the listener was made for.
func serve(ctx context.Context, e *emulator.Emulator, address string, listener net.Listener, announce func() error) error {
	page := console.New(e, address)
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
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

// announce prints what a shell needs, and closes standard output, so that
// whoever waits for its end goes on.
func (p *Program) announce(e *emulator.Emulator, at net.Addr) error {
	key, keySecret, token, tokenSecret := e.Credentials()
	_, err := fmt.Fprintf(p.Out, "export API_HOST=http://%s\nexport CLEVER_TOKEN=%s\nexport CLEVER_SECRET=%s\n"+
		"export OAUTH_CONSUMER_KEY=%s\nexport OAUTH_CONSUMER_SECRET=%s\n", at, token, tokenSecret, key, keySecret)
	if closer, ok := p.Out.(io.Closer); ok && err == nil {
		err = closer.Close()
	}
	fmt.Fprintf(p.Err, "the emulator listens on http://%s\nfor clever-tools' login in a browser: export CONSOLE_URL=http://%[1]s\n", at)
	return err
}
