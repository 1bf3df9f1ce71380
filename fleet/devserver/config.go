package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
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

// freePorts returns ports that nobody listens on. They fit into 15 bits, as the column of
// PostgreSQL does in which the server notes its members, and are below those that systems
// hand out to who asks for any.
func freePorts(host string, n int) ([]int, error) {
	var ports []int
	var last error
	for range 100 * n {
		if len(ports) == n {
			return ports, nil
		}
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		defer l.Close()
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("no free port was found: %w", last)
}
