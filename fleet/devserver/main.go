// Devserver is a server of workflows for one machine: all services of Temporal in one
// process, with its state in a file or in PostgreSQL, and its web pages. It is for trying
// a fleet and for its tests; for a team, run the server as its own documentation says. It
// knows nothing of plays.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// options are what the command line says.
type options struct {
	address    string // HOST:PORT
	ui         string // HOST:PORT of the web pages; "": there are none
	state      string // the file; not used with postgres
	postgres   string // the URL of a PostgreSQL server
	namespaces []string
	retention  time.Duration
	level      string
	stdin      bool // end when standard input does
}

func main() {
	o := options{}
	flag.StringVar(&o.address, "address", "127.0.0.1:7233", "listen at `HOST:PORT`")
	flag.StringVar(&o.ui, "ui", "", "serve the web pages at `HOST:PORT`")
	flag.StringVar(&o.state, "state", "fleet.db", "keep the state in `FILE`")
	flag.StringVar(&o.postgres, "postgres", os.Getenv("RUNNER_FLEET_POSTGRES"),
		"keep the state in the databases NAME and NAME_visibility of `postgres://USER:PASSWORD@HOST:PORT/NAME`;\nthey are created where they are missing ($RUNNER_FLEET_POSTGRES)")
	namespaces := flag.String("namespaces", "default", "create these `NAMES`, with commas between them")
	flag.DurationVar(&o.retention, "retention", 72*time.Hour, "keep what ended for a `TIME`, in namespaces that are created")
	flag.StringVar(&o.level, "log", "error", "log from this `LEVEL` on: debug, info, warn, error")
	flag.BoolVar(&o.stdin, "until-eof", false, "end when standard input does, as well as on a signal")
	flag.Parse()
	o.namespaces = strings.FieldsFunc(*namespaces, func(r rune) bool { return r == ',' || r == ' ' })
	err := run(&o)
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(o *options) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; -help lists the options", flag.Arg(0))
	}
	if err := canListen(o.address, o.ui); err != nil {
		return err
	}
	stores, err := storesOf(o)
	if err != nil {
		return err
	}
	if err := stores.prepare(o.namespaces, o.retention); err != nil {
		return err
	}
	cfg, err := configuration(o.address, stores)
	if err != nil {
		return err
	}
	server, err := start(cfg, o.level)
	if err != nil {
		return err
	}
	if o.ui != "" {
		pages, err := startPages(o.ui, o.address, o.namespaces)
		if err != nil {
			return errors.Join(err, server.Stop())
		}
		defer pages.Stop()
		fmt.Printf("web pages at http://%s\n", o.ui)
	}
	fmt.Printf("listening at %s\n", o.address)
	awaitEnd(o.stdin)
	return server.Stop()
}

// canListen reports what keeps the server from listening, before anything is written.
func canListen(addresses ...string) error {
	for _, address := range addresses {
		if address == "" {
			continue
		}
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("another program listens at %s already", address)
		}
		if err != nil {
			return fmt.Errorf("cannot listen at %q: %w", address, err)
		}
		l.Close()
	}
	return nil
}

func start(cfg *config.Config, level string) (temporal.Server, error) {
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: level}))
	server, err := temporal.NewServer(
		temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices), temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(settings()), temporal.WithStaticHosts(hosts(cfg)),
	)
	if err != nil {
		return nil, fmt.Errorf("the server cannot be made: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("the server cannot start: %w", err)
	}
	return server, nil
}

// hosts returns where each service is: here. What the database remembers of an earlier
// process, which was perhaps killed, is not waited for.
func hosts(cfg *config.Config) map[primitives.ServiceName]static.Hosts {
	all := map[primitives.ServiceName]static.Hosts{}
	for name, service := range cfg.Services {
		all[primitives.ServiceName(name)] = static.SingleLocalHost(net.JoinHostPort(service.RPC.BindOnIP, strconv.Itoa(service.RPC.GRPCPort)))
	}
	return all
}

// settings are what the server does otherwise than by default: polls of dead clients
// are found out in seconds, so that no play is handed to one.
func settings() dynamicconfig.StaticClient {
	duration := func(d time.Duration) []dynamicconfig.ConstrainedValue {
		return []dynamicconfig.ConstrainedValue{{Value: d}}
	}
	return dynamicconfig.StaticClient{
		dynamicconfig.KeepAliveTime.Key():    duration(5 * time.Second),
		dynamicconfig.KeepAliveTimeout.Key(): duration(3 * time.Second),
	}
}

// awaitEnd returns on a signal, and, if asked to, when standard input ends: so a parent
// ends its child on every system, and a child ends with its parent.
func awaitEnd(stdin bool) {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	closed := make(chan struct{})
	if stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			close(closed)
		}()
	}
	select {
	case <-ends:
	case <-closed:
	}
}

// hostPort returns the parts of an address that can be listened at.
func hostPort(address string) (host string, port int, err error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return "", 0, err
	}
	host, _, _ = net.SplitHostPort(address)
	return cmp.Or(host, "127.0.0.1"), at.Port, nil
}
