package cmd

import (
	"context"
	"net/http"

	"runner/cmd/platform"
	"runner/lsp"
)

// Through lets a test's program go out through a transport instead of the network.
func (p *Program) Through(rt http.RoundTripper) { p.transport = rt }

// Browsing lets a test be the browser that opens pages.
func (p *Program) Browsing(open func(ctx context.Context, page string) error) { p.browse = open }

// Offer returns what the platform offers, as the language server completes it.
func (p *Program) Offer() *lsp.Catalogue { return p.known(platform.Default(), true).Catalogue }
