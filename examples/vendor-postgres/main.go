// Command vendor-postgres offers PostgreSQL databases on a marketplace of add-ons:
// each add-on is a role and a database of its own, in a server that it is pointed
// at. It is an example to begin from: what all vendors need is package backend,
// what is offered is in seller.go.
//
// It knows PostgreSQL and its own offers. Which marketplace calls, and in which
// dialect, it does not know.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

const usage = `usage: vendor-postgres [options]

Offers PostgreSQL databases on a marketplace of add-ons.

Options:
  --manifest FILE      the add-on's manifest (addon-manifest.json)
  --dialect DIALECT    how the marketplace speaks: clever, appfog, heroku-v1, heroku-v3; else as the manifest shows
  --env ENVIRONMENT    which of its sites is served: production or test (production)
  --postgres URL       the server, as a role that may make roles and databases
  --public HOST:PORT   where customers reach that server; else where the URL says
  --listen ADDRESS     where the marketplace reaches this program (127.0.0.1:9000)
  --data FILE          keeps what was ordered (vendor-postgres.data)
  --plans NAME=N,…     plans, and how many connections each allows (small=5,medium=20,large=50)
  --console ORIGIN     a console that may show dashboards in a frame (repeatable); else Clever Cloud's, in its dialect
  --slow               answer orders with 202, and say later when they are ready

From the environment, so that they need not stand in files and on command lines:
  VENDOR_POSTGRES      as --postgres
  VENDOR_PASSWORD      in place of the manifest's api.password
  VENDOR_SSO_SALT      in place of the manifest's api.sso_salt
  VENDOR_OLD_PASSWORD  is taken too, while the marketplace changes to a new one
`

// options are what the command line says.
type options struct {
	manifest, dialect, environment, postgres, public, listen, data, plans string
	consoles                                                              []string
	slow                                                                  bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run does what the command line says.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	o, err := parse(args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, usage)
		return err
	}
	if err != nil {
		return err
	}
	m, err := readManifest(o, getenv, stderr)
	if err != nil {
		return err
	}
	plans, err := parsePlans(o.plans, m)
	if err != nil {
		return err
	}
	s, err := newSeller(ctx, m, plans, o.postgres, o.public)
	if err != nil {
		return err
	}
	defer s.close()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	for _, database := range s.open {
		log.Warn("every customer may connect to the server's database " + database + ": REVOKE CONNECT ON DATABASE " + database + " FROM PUBLIC")
	}
	return serve(ctx, o, backend.Config{
		Manifest: m, Site: m.Site(o.environment), OldPassword: getenv("VENDOR_OLD_PASSWORD"),
		Plans: plans.names(), Service: s, Slow: o.slow, Consoles: o.consoles, Log: log,
	}, stdout)
}

func parse(args []string, getenv func(string) string) (options, error) {
	var o options
	f := flag.NewFlagSet("vendor-postgres", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.manifest, "manifest", "addon-manifest.json", "")
	f.StringVar(&o.dialect, "dialect", "", "")
	f.StringVar(&o.environment, "env", "production", "")
	f.StringVar(&o.postgres, "postgres", "", "")
	f.StringVar(&o.public, "public", "", "")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9000", "")
	f.StringVar(&o.data, "data", "vendor-postgres.data", "")
	f.StringVar(&o.plans, "plans", "small=5,medium=20,large=50", "")
	f.BoolVar(&o.slow, "slow", false, "")
	f.Func("console", "", func(origin string) error { o.consoles = append(o.consoles, origin); return nil })
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.postgres = cmp.Or(o.postgres, getenv("VENDOR_POSTGRES"))
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is one too many: vendor-postgres --help", f.Arg(0))
	case o.environment != "production" && o.environment != "test":
		return o, fmt.Errorf("--env is production or test, and not %q", o.environment)
	case o.postgres == "":
		return o, errors.New("which server? give --postgres or VENDOR_POSTGRES: postgresql://admin:password@localhost:5432/postgres")
	}
	if o.dialect != "" {
		if _, err := manifest.ParseDialect(o.dialect); err != nil {
			return o, fmt.Errorf("--dialect: %w", err)
		}
	}
	return o, nil
}

// serve answers until the context ends; what is under way then is finished.
func serve(ctx context.Context, o options, c backend.Config, stdout io.Writer) error {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err)
	}
	defer listener.Close()
	store, err := backend.OpenFile(o.data)
	if err != nil {
		return err
	}
	c.Store = store
	b, err := backend.New(c)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "%s (%s) listens at http://%s\n", c.Manifest.ID, c.Manifest.Dialect, listener.Addr())
	select {
	case err = <-ended:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = server.Shutdown(last)
	}
	b.Close()
	return errors.Join(err, store.Close())
}
