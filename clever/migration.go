package clever

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// migrationsOf returns the path of an add-on's migrations, which exist below an
// organisation only (docs/platform.md §2.5): the personal space is named by the user's id.
func (c *Client) migrationsOf(ctx context.Context, owner, id string, segments ...string) (string, error) {
	owner, err := c.ownerID(ctx, owner)
	if err != nil {
		return "", err
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

// StartMigration changes the plan, version or region of an add-on (docs/platform.md §4.7). There
// is one at a time: while another runs, it fails with a *MigratingError. After an
// unclear response the migrations are read again, and one that is new is the one.
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
	q, err := jsonCall(http.MethodPost, path, to)
	if err != nil {
		return Migration{}, err
	}
	var started Migration
	q.decode = func(body []byte) error { return decode(body, &started) }
	// What the list says of plan and region is no longer to be relied on.
	defer c.addons.forget(owner)
	err = c.postSeen(ctx, q, func(ctx context.Context) (bool, error) {
		after, err := c.Migrations(ctx, owner, id)
		for _, m := range after {
			if !slices.ContainsFunc(before, func(b Migration) bool { return b.ID == m.ID }) {
				started = m
				return true, nil
			}
		}
		return false, err
	})
	return started, err
}

// WaitMigration waits until a migration has ended, two hours at most, and tells of
// each step that begins, ends or fails. One that did not end well, or not in time,
// gives a *MigrationError.
func (c *Client) WaitMigration(ctx context.Context, owner, id string, m Migration, tell func(MigrationStep)) error {
	within, cancel := context.WithTimeout(ctx, c.timing.moving)
	defer cancel()
	m, err := c.follow(within, owner, id, m, tell)
	// What the list says was read before, or meanwhile.
	c.addons.forget(owner)
	switch {
	case err != nil:
		return fmt.Errorf("where the migration %s of add-on %s stands is not known: %w", m.ID, id, err)
	case m.Succeeded():
		return nil
	case m.Running() && ctx.Err() != nil:
		return fmt.Errorf("the migration %s of add-on %s goes on, but was not waited for: %w", m.ID, id, ctx.Err())
	}
	return &MigrationError{Addon: id, Migration: m}
}

// failedLooks is how many looks at a migration may fail in a row.
const failedLooks = 3

// follow looks at a migration until it has ended or the context has. A look that
// fails is repeated; only several in a row end it.
func (c *Client) follow(ctx context.Context, owner, id string, m Migration, tell func(MigrationStep)) (Migration, error) {
	reported := map[string]string{}
	failures := 0
	for look := 0; ; look++ {
		for _, s := range m.Steps {
			if reported[s.Value] != s.Status {
				reported[s.Value] = s.Status
				tell(s)
			}
		}
		if !m.Running() || look > 0 && pause(ctx, c.timing.wait(look)) != nil {
			return m, nil
		}
		now, err := c.Migration(ctx, owner, id, m.ID)
		switch {
		case err == nil:
			m, failures = now, 0
		case ctx.Err() != nil:
			return m, nil
		case IsAuth(err) || IsNotFound(err) || failures >= failedLooks:
			return m, err
		default:
			failures++
		}
	}
}

// A MigrationError says that a migration did not end well, or not in time.
type MigrationError struct {
	Addon     string // its id
	Migration Migration
}

func (e *MigrationError) Error() string {
	text := fmt.Sprintf("the migration %s of add-on %s ended %s", e.Migration.ID, e.Addon, e.Migration.Status)
	if e.Migration.Running() {
		return fmt.Sprintf("the migration %s of add-on %s has not ended yet", e.Migration.ID, e.Addon)
	}
	if s := e.Migration.broken(); s != nil {
		text += " at the step " + s.Value
		if s.Message != "" {
			text += ": " + s.Message
		}
	}
	return text
}

// Hint says what to do.
func (e *MigrationError) Hint() string {
	if e.Migration.Running() {
		return "play again: it is waited for"
	}
	return "play again to try once more, or ask the platform's support with the migration's id"
}

// Detail returns the steps that the migration went through.
func (e *MigrationError) Detail() string { return e.Migration.steps() }

// broken returns the first step that did not end well; nil if there is none.
func (m Migration) broken() *MigrationStep {
	i := slices.IndexFunc(m.Steps, func(s MigrationStep) bool {
		return s.Status != "OK" && s.Status != "RUNNING" && s.Status != ""
	})
	if i < 0 {
		return nil
	}
	return &m.Steps[i]
}

// Running reports whether a migration has not ended.
func (m Migration) Running() bool { return m.Status == "RUNNING" || m.Status == "RECOVERING" }

// Succeeded reports whether a migration ended well.
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

// Detail returns the steps that the migration has gone through.
func (e *MigratingError) Detail() string { return e.Migration.steps() }

func (m Migration) steps() string {
	steps := make([]string, 0, len(m.Steps))
	for _, s := range m.Steps {
		steps = append(steps, s.Value+" "+s.Status)
	}
	return strings.Join(steps, ", ")
}
