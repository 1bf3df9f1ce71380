// Devserver is a server of workflows for one machine: all services of Temporal in one
// process, with its state in a file. It is for trying a fleet and for its tests; for a
// team, run the server as its own documentation says. It knows nothing of plays.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

func main() {
	address := flag.String("address", "127.0.0.1:7233", "listen at `HOST:PORT`")
	state := flag.String("state", "fleet.db", "keep the state in `FILE`")
	namespaces := flag.String("namespaces", "default", "have these `NAMES`, with commas between them")
	level := flag.String("log", "error", "log from this `LEVEL` on")
	flag.Parse()
	if err := run(*address, *state, strings.Split(*namespaces, ","), *level); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

const current = "active" // the name of the only cluster

func run(address, state string, namespaces []string, level string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the address %q is not HOST:PORT: %w", address, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("the port %q is no number", port)
	}
	cfg, err := configuration(host, number, state)
	if err != nil {
		return err
	}
	if err := prepare(cfg.Persistence.DataStores[sqliteplugin.PluginName].SQL, state, namespaces); err != nil {
		return err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: level}))
	server, err := temporal.NewServer(
		temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices), temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(settings()),
	)
	if err != nil {
		return fmt.Errorf("the server cannot be made: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("the server cannot start: %w", err)
	}
	fmt.Printf("listening at %s\n", address)
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	<-ends
	return server.Stop()
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

// configuration returns that of all services in one process.
func configuration(host string, port int, state string) (*config.Config, error) {
	store := &config.SQL{
		PluginName: sqliteplugin.PluginName, DatabaseName: state,
		ConnectAttributes: map[string]string{"mode": "rwc", "_journal_mode": "wal", "_synchronous": "2"},
	}
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore: sqliteplugin.PluginName, VisibilityStore: sqliteplugin.PluginName, NumHistoryShards: 4,
			DataStores: map[string]config.DataStore{sqliteplugin.PluginName: {SQL: store}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: current, CurrentClusterName: current,
			ClusterInformation: map[string]cluster.ClusterInformation{
				current: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: net.JoinHostPort(host, strconv.Itoa(port))},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History: config.HistoryArchival{State: "disabled"}, Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History: config.HistoryArchivalNamespaceDefaults{State: "disabled"}, Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: net.JoinHostPort(host, strconv.Itoa(port))},
		Services:     map[string]config.Service{},
	}
	cfg.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host}
	free, err := freePorts(host, 8)
	if err != nil {
		return nil, err
	}
	for i, name := range []string{"frontend", "history", "matching", "worker"} {
		rpc := config.RPC{GRPCPort: free[i], MembershipPort: free[4+i], BindOnIP: host}
		if name == "frontend" {
			rpc.GRPCPort = port
		}
		cfg.Services[name] = config.Service{RPC: rpc}
	}
	return cfg, nil
}

// freePorts returns ports that nobody listens on.
func freePorts(host string, n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// prepare makes the database where there is none, and the namespaces that are missing.
func prepare(store *config.SQL, state string, namespaces []string) error {
	if _, err := os.Stat(state); os.IsNotExist(err) {
		if err := os.MkdirAll(filepath.Dir(state), 0o700); err != nil {
			return err
		}
		// Only its owner may read what plays were started with.
		f, err := os.OpenFile(state, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		if err := sqlite.SetupSchema(store); err != nil {
			return fmt.Errorf("the state cannot be made: %w", err)
		}
	}
	var all []*sqlite.NamespaceConfig
	for _, name := range namespaces {
		ns, err := sqlite.NewNamespaceConfig(current, strings.TrimSpace(name), false, nil)
		if err != nil {
			return err
		}
		all = append(all, ns)
	}
	if err := sqlite.CreateNamespaces(store, all...); err != nil {
		return fmt.Errorf("the namespaces cannot be made: %w", err)
	}
	return nil
}
