package clever

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// migrationsOf gives the path of an add-on's migrations, which exist below an
// organisation only (§2.5): the personal space is named by the user's id.
func (c *Client) migrationsOf(ctx context.Context, owner, id string, segments ...string) (string, error) {
	if owner == "" {
		me, err := c.Self(ctx)
		if err != nil {
			return "", err
		}
		owner = me.ID
	}
	return below(owner, append([]string{id, "migrations"}, segments...)...)
}

// Migrations reads the migrations of an add-on, those that ended included.
func (c *Client) Migrations(ctx context.Context, owner, id string) ([]Migration, error) {
	path, err := c.migrationsOf(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	return read[[]Migration](ctx, c, path)
}

// Migration reads where a migration stands.
func (c *Client) Migration(ctx context.Context, owner, id, migration string) (Migration, error) {
	path, err := c.migrationsOf(ctx, owner, id, migration)
	if err != nil {
		return Migration{}, err
	}
	return read[Migration](ctx, c, path)
}

// StartMigration changes the plan, version or region of an add-on (§4.8). There
// is one at a time: while another runs, it fails with a *MigratingError. After a
// lost answer the list is read again, and a migration that is new is the one.
func (c *Client) StartMigration(ctx context.Context, owner, id string, to MigrationRequest) (Migration, error) {
	path, err := c.migrationsOf(ctx, owner, id)
	if err != nil {
		return Migration{}, err
	}
	before, err := c.Migrations(ctx, owner, id)
	if err != nil {
		return Migration{}, err
	}
	for _, m := range before {
		if m.Running() {
			return Migration{}, &MigratingError{Addon: id, Migration: m}
		}
	}
	text, err := json.Marshal(to)
	if err != nil {
		return Migration{}, err
	}
	var started Migration
	err = c.do(ctx, call{method: http.MethodPost, path: path, body: text}, &started)
	if err != nil && mayHaveHappened(err) {
		return c.newMigration(ctx, owner, id, before, err)
	}
	// What the list says of plan and region is no longer to be relied on.
	c.addons.forget(owner)
	return started, err
}

func (c *Client) newMigration(ctx context.Context, owner, id string, before []Migration, failed error) (Migration, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	defer cancel()
	c.addons.forget(owner)
	after, err := c.Migrations(ctx, owner, id)
	if err != nil {
		return Migration{}, fmt.Errorf("whether the migration of %s was started is not known: %w", id, failed)
	}
	for _, m := range after {
		if !slices.ContainsFunc(before, func(b Migration) bool { return b.ID == m.ID }) {
			return m, nil
		}
	}
	return Migration{}, failed
}

// Running tells whether a migration has not ended.
func (m Migration) Running() bool { return m.Status == "RUNNING" || m.Status == "RECOVERING" }

// Succeeded tells whether a migration ended well.
func (m Migration) Succeeded() bool { return m.Status == "OK" }

// A MigratingError says that an add-on is being migrated already.
type MigratingError struct {
	Addon     string // its id
	Migration Migration
}

func (e *MigratingError) Error() string {
	return fmt.Sprintf("add-on %s is being migrated already (%s)", e.Addon, e.Migration.ID)
}

// Hint says what to do.
func (*MigratingError) Hint() string { return "wait until that migration has ended" }

// Detail gives the steps that the migration has gone through.
func (e *MigratingError) Detail() string {
	steps := make([]string, 0, len(e.Migration.Steps))
	for _, s := range e.Migration.Steps {
		steps = append(steps, s.Value+" "+s.Status)
	}
	return strings.Join(steps, ", ")
}
