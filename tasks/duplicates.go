package tasks

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"runner/clever"
)

// Duplicates returns what was ordered in this run and is there twice; see
// clever.Client.Duplicates. Out is the way to the platform.
func (c *Cloud) Duplicates(ctx context.Context, out http.RoundTripper) ([]*clever.DuplicateError, error) {
	c.mu.Lock()
	var clients []*clever.Client
	for _, client := range c.clients {
		clients = append(clients, client)
	}
	c.mu.Unlock()
	var all []*clever.DuplicateError
	var errs error
	for _, client := range clients {
		found, err := client.Via(out).Duplicates(ctx)
		all = append(all, found...)
		errs = errors.Join(errs, err)
	}
	slices.SortFunc(all, (*clever.DuplicateError).Compare)
	return all, errs
}
