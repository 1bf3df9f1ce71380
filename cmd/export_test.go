package cmd

import (
	"context"
	"net/http"
)

// Through lets a test's program go out through a transport instead of the network.
func (p *Program) Through(rt http.RoundTripper) { p.transport = rt }

// Browsing lets a test be the browser that opens pages.
func (p *Program) Browsing(open func(ctx context.Context, page string) error) { p.browse = open }
