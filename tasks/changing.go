package tasks

import (
	"context"

	"runner/clever"
)

// This file stands between tasks and what changes the tags, the version or the variables of
// an add-on: what earlier tasks registered of it, and is read when it is used, is read before.
// What a result holds is what there was when its task ended.

// objectOf names an add-on to the engine.
func (p platform) objectOf(id string) string { return p.Endpoint() + " " + id }

// willChange reads what is pending of an add-on, as it is going to be another one.
func (p platform) willChange(id string) { p.pending.Read(p.objectOf(id)) }

// Delete removes an add-on; see [clever.Client.Delete].
func (p platform) Delete(ctx context.Context, owner, id string) error {
	p.willChange(id)
	return p.Client.Delete(ctx, owner, id)
}

// StartMigration starts a migration; see [clever.Client.StartMigration].
func (p platform) StartMigration(ctx context.Context, owner, id string, to clever.MigrationRequest) (clever.Migration, error) {
	p.willChange(id)
	return p.Client.StartMigration(ctx, owner, id, to)
}

// UpdateVersion changes a version; see [clever.Client.UpdateVersion].
func (p platform) UpdateVersion(ctx context.Context, a clever.Addon, version string) error {
	p.willChange(a.ID)
	return p.Client.UpdateVersion(ctx, a, version)
}

// Retag changes tags; see [clever.Client.Retag].
func (p platform) Retag(ctx context.Context, owner, id string, change func([]string) []string) ([]string, error) {
	p.willChange(id)
	return p.Client.Retag(ctx, owner, id, change)
}

// SetConfig sets the variables of a configuration provider; see [clever.Client.SetConfig].
func (p platform) SetConfig(ctx context.Context, a clever.Addon, env []clever.EnvVar) error {
	p.willChange(a.ID)
	return p.Client.SetConfig(ctx, a, env)
}
