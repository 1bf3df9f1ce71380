package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// startPages serves the web pages of the server at an address.
func startPages(ui, address string, namespaces []string) (*server.Server, error) {
	host, port, err := hostPort(ui)
	if err != nil {
		return nil, fmt.Errorf("cannot serve the web pages at %q: %w", ui, err)
	}
	c := &config.Config{
		TemporalGRPCAddress: address, Host: host, Port: port, EnableUI: true, HideLogs: true, DisableNewsFetch: true,
		CORS: config.CORS{CookieInsecure: true}, RefreshInterval: time.Hour,
	}
	if len(namespaces) > 0 {
		c.DefaultNamespace = slices.Clone(namespaces)[0]
	}
	pages := server.NewServer(server_options.WithConfigProvider(c))
	go func() {
		if err := pages.Start(); err != nil {
			fmt.Fprintf(os.Stderr, "error: the web pages: %v\n", err)
		}
	}()
	return pages, nil
}
