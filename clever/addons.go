package clever

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"runner/orderlog"
)

// Addons returns the add-ons of an owner ("": the personal space). They are read
// once per client; what this client creates, renames and deletes is followed, and
// what this machine did lately and the platform does not show yet is in it. The list
// is shared: leave it as it is.
func (c *Client) Addons(ctx context.Context, owner string) ([]Addon, error) {
	l := c.addons.of(owner)
	if list, ok := l.look(); ok {
		return list, nil
	}
	return c.addons.readings.do(ctx, owner, func() ([]Addon, error) {
		if list, ok := l.look(); ok {
			return list, nil
		}
		return c.load(ctx, owner)
	})
}

// Refresh reads the add-ons of an owner again, and keeps them. The list is shared.
func (c *Client) Refresh(ctx context.Context, owner string) ([]Addon, error) {
	path, err := below(owner)
	if err != nil {
		return nil, err
	}
	return c.addons.of(owner).read(func() ([]Addon, error) { return read[[]Addon](ctx, c, path) })
}

// Env reads the variables of an add-on.
func (c *Client) Env(ctx context.Context, owner, addonID string) ([]EnvVar, error) {
	path, err := below(owner, addonID, "env")
	if err != nil {
		return nil, err
	}
	return read[[]EnvVar](ctx, c, path)
}

// Rename changes the name of an add-on.
func (c *Client) Rename(ctx context.Context, owner, id, name string) error {
	path, err := below(owner, id)
	if err != nil {
		return err
	}
	err = c.put(ctx, path, map[string]string{"name": name})
	c.addons.edit(owner, err, func(list []Addon) []Addon {
		list = slices.Clone(list)
		for i := range list {
			if list[i].ID == id {
				list[i].Name = name
			}
		}
		return list
	})
	if err != nil {
		return err
	}
	return c.recall(ctx, owner, func(log *orderlog.Log) error { return log.Renamed(id, name) })
}

// Delete removes an add-on and its data. One that is gone already is no error.
func (c *Client) Delete(ctx context.Context, owner, id string) error {
	path, err := below(owner, id)
	if err != nil {
		return err
	}
	err = c.do(ctx, call{method: http.MethodDelete, path: path, decode: anyJSON})
	if IsNotFound(err) {
		err = nil
	}
	c.addons.edit(owner, err, leaving(id))
	if err != nil {
		return err
	}
	return c.recall(ctx, owner, func(log *orderlog.Log) error { return log.Removed(id) })
}

// recall notes what was done to an owner's add-on. What cannot be noted was done all
// the same, and is reported as a notice.
func (c *Client) recall(ctx context.Context, owner string, write func(*orderlog.Log) error) error {
	log, err := c.log(ctx, owner)
	if err != nil {
		return err
	}
	if err := write(log); err != nil {
		c.notice(fmt.Sprintf("a change could not be noted: %v", err))
	}
	return nil
}

// WaitEnv reads the variables of an add-on that was just ordered until all of
// its ConfigKeys and of what Complete names for its provider are there, for two
// minutes at most. Usually they are at once (docs/platform.md §4.4). Which keys it has is read
// again meanwhile: an order that is finished later may end with fewer.
func (c *Client) WaitEnv(ctx context.Context, owner string, addon Addon) ([]EnvVar, error) {
	within, cancel := context.WithTimeout(ctx, c.timing.env)
	defer cancel()
	for attempt := 1; ; attempt++ {
		env, err := c.Env(within, owner, addon.ID)
		if err != nil && !IsNotFound(err) && within.Err() == nil {
			return nil, err
		}
		gone := false
		if attempt > 1 {
			gone = c.renew(within, owner, &addon) && IsNotFound(err)
		}
		lacks := lacking(env, addon)
		if err == nil && len(lacks) == 0 {
			return env, nil
		}
		if pause(within, c.timing.wait(attempt)) == nil {
			continue
		}
		if ctx.Err() != nil {
			return env, fmt.Errorf("waiting for the variables of add-on %q: %w", addon.Name, ctx.Err())
		}
		return env, &IncompleteError{Addon: addon.Name, Lacks: lacks, Gone: gone, Err: err}
	}
}

// renew reads an add-on again, and reports whether it is gone. One that cannot be
// read stays as it is.
func (c *Client) renew(ctx context.Context, owner string, addon *Addon) (gone bool) {
	path, err := below(owner, addon.ID)
	if err != nil {
		return false
	}
	now, err := read[Addon](ctx, c, path)
	if err == nil {
		*addon = now
	}
	return IsNotFound(err)
}

// An IncompleteError says that an add-on's variables did not come in time.
type IncompleteError struct {
	Addon string
	Lacks []string // the names of the variables that are not there
	Gone  bool     // nor is the add-on, any more
	Err   error    // what reading them failed with at last, nil if it did not
}

func (e *IncompleteError) Error() string {
	if e.Gone {
		return fmt.Sprintf("add-on %q was ordered, and is not there any more", e.Addon)
	}
	return fmt.Sprintf("add-on %q exists, but not all of its variables: %s", e.Addon, strings.Join(e.Lacks, ", "))
}

// Unwrap returns what reading failed with.
func (e *IncompleteError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *IncompleteError) Hint() string {
	if e.Gone {
		return "somebody removed it, or its vendor could not make it; play again to order it anew"
	}
	return "play again: the add-on is found and nothing is ordered twice"
}

// Detail returns what reading failed with.
func (e *IncompleteError) Detail() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func lacking(env []EnvVar, addon Addon) []string {
	want := map[string]bool{}
	for _, name := range slices.Concat(addon.ConfigKeys, Complete(addon.Provider.ID)) {
		want[name] = true
	}
	for _, v := range env {
		delete(want, v.Name)
	}
	return slices.Sorted(maps.Keys(want))
}

// Complete returns the names of the variables without which an add-on of a
// provider is of no use (docs/platform.md §4.6); none for providers that are not known.
func Complete(providerID string) []string {
	switch providerID {
	case "postgresql-addon":
		return prefixed("POSTGRESQL_ADDON_", "HOST", "PORT", "DB", "USER", "PASSWORD", "URI")
	case "mysql-addon":
		return prefixed("MYSQL_ADDON_", "HOST", "PORT", "DB", "USER", "PASSWORD", "URI")
	case "mongodb-addon":
		return prefixed("MONGODB_ADDON_", "HOST", "PORT", "DB", "USER", "PASSWORD", "URI")
	case "redis-addon":
		return prefixed("REDIS_", "HOST", "PORT", "PASSWORD", "URL")
	case "es-addon":
		return prefixed("ES_ADDON_", "HOST", "USER", "PASSWORD", "URI")
	case "cellar-addon":
		return prefixed("CELLAR_ADDON_", "HOST", "KEY_ID", "KEY_SECRET")
	case "fs-bucket":
		return prefixed("BUCKET_", "HOST", "FTP_USERNAME", "FTP_PASSWORD")
	case "kv":
		return prefixed("KV_", "HOST", "PORT", "TOKEN")
	case "addon-pulsar":
		return prefixed("ADDON_PULSAR_", "BINARY_URL", "HTTP_URL", "TENANT", "NAMESPACE", "TOKEN")
	case "keycloak":
		return prefixed("CC_KEYCLOAK_", "URL")
	case "metabase", "addon-matomo":
		return prefixed(strings.ToUpper(strings.TrimPrefix(providerID, "addon-"))+"_", "URL")
	}
	return nil
}

func prefixed(prefix string, names ...string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}
