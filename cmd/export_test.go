package cmd

import "net/http"

// Through lets a test's program go out through a transport instead of the network.
func (p *Program) Through(rt http.RoundTripper) { p.transport = rt }
