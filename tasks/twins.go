package tasks

import (
	"context"
	"net/http"
	"slices"

	"runner/clever"
)

// Twins gives what was ordered in this run and, a little earlier, by somebody else
// too; see clever.Client.Twins. Out is the way to the platform.
func (c *Cloud) Twins(ctx context.Context, out http.RoundTripper) ([]*clever.TwinError, error) {
	c.mu.Lock()
	var clients []*clever.Client
	for _, client := range c.clients {
		clients = append(clients, client)
	}
	c.mu.Unlock()
	var all []*clever.TwinError
	for _, client := range clients {
		twins, err := client.Via(out).Twins(ctx)
		if all = append(all, twins...); err != nil {
			return all, err
		}
	}
	slices.SortFunc(all, (*clever.TwinError).Compare)
	return all, nil
}
