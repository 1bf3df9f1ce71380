package main

import (
	"net"
	"strconv"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
)

const current = "active" // the name of the only cluster

// configuration returns that of all services in one process.
func configuration(address string, s *stores) (*config.Config, error) {
	host, port, err := hostPort(address)
	if err != nil {
		return nil, err
	}
	public := net.JoinHostPort(host, strconv.Itoa(port))
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore: "main", VisibilityStore: "visibility", NumHistoryShards: 4,
			DataStores: map[string]config.DataStore{"main": {SQL: s.main}, "visibility": {SQL: s.visibility}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: current, CurrentClusterName: current,
			ClusterInformation: map[string]cluster.ClusterInformation{
				current: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: public},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History: config.HistoryArchival{State: "disabled"}, Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History: config.HistoryArchivalNamespaceDefaults{State: "disabled"}, Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: public},
		Services:     map[string]config.Service{},
	}
	free, err := freePorts(host, 3)
	if err != nil {
		return nil, err
	}
	for i, name := range services {
		cfg.Services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: append(free, port)[i], BindOnIP: host}}
	}
	return cfg, nil
}

// services are the parts of a server; the last is the one that clients speak with.
var services = []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService, primitives.FrontendService}

// hosts says where the services are. They do not have to find each other, which after a
// server was killed would take a minute in which those of the dead one are asked.
func hosts(cfg *config.Config) map[primitives.ServiceName]static.Hosts {
	at := map[primitives.ServiceName]static.Hosts{}
	for _, name := range services {
		rpc := cfg.Services[string(name)].RPC
		at[name] = static.SingleLocalHost(net.JoinHostPort(rpc.BindOnIP, strconv.Itoa(rpc.GRPCPort)))
	}
	return at
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
