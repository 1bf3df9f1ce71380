package clever

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
)

// A Group is a network group: add-ons and applications that reach each other in a network
// of their own (docs/platform.md §8.3).
type Group struct {
	ID          string        `json:"id"` // "ng_…", drawn by the client
	Label       string        `json:"label"`
	Description string        `json:"description"`
	Tags        []string      `json:"tags"`
	Members     []GroupMember `json:"members"`
}

// A GroupMember is an add-on, by its real id, an application, or a machine elsewhere.
type GroupMember struct {
	ID         string `json:"id"`
	Label      string `json:"label"`
	Kind       string `json:"kind"` // ADDON, APPLICATION or EXTERNAL
	DomainName string `json:"domainName"`
}

// Member returns the member of an id; nil if there is none.
func (g *Group) Member(id string) *GroupMember {
	i := slices.IndexFunc(g.Members, func(m GroupMember) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return &g.Members[i]
}

// ownerID returns the id of an owner, for paths that have no word for the personal space.
func (c *Client) ownerID(ctx context.Context, owner string) (string, error) {
	if owner != "" {
		return owner, nil
	}
	me, err := c.Self(ctx)
	return me.ID, err
}

// ofGroup returns a path below an owner's network groups.
func (c *Client) ofGroup(ctx context.Context, owner string, segments ...string) (string, error) {
	owner, err := c.ownerID(ctx, owner)
	if err != nil {
		return "", err
	}
	base, err := pathOf("/v4/networkgroups/organisations", owner)
	if err != nil {
		return "", err
	}
	return pathOf(base+"/networkgroups", segments...)
}

// Groups reads the network groups of an owner.
func (c *Client) Groups(ctx context.Context, owner string) ([]Group, error) {
	path, err := c.ofGroup(ctx, owner)
	if err != nil {
		return nil, err
	}
	return read[[]Group](ctx, c, path)
}

// group reads one; nil if it is not there.
func (c *Client) group(ctx context.Context, owner, id string) (*Group, error) {
	path, err := c.ofGroup(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	g, err := read[Group](ctx, c, path)
	if IsNotFound(err) {
		return nil, nil
	}
	return &g, err
}

// CreateGroup creates a network group with its members, and waits until it is there: the
// platform takes such orders and carries them out later. Its id is drawn here, so a request
// that is repeated makes no second one.
func (c *Client) CreateGroup(ctx context.Context, owner string, g Group) (Group, error) {
	g.ID = "ng_" + NewUUID()
	for i := range g.Members {
		g.Members[i].DomainName = g.Members[i].ID + ".m." + g.ID + ".cc-ng.cloud"
	}
	path, err := c.ofGroup(ctx, owner)
	if err != nil {
		return g, err
	}
	id, err := c.ownerID(ctx, owner)
	if err != nil {
		return g, err
	}
	q, err := jsonCall(http.MethodPost, path, struct {
		Owner string `json:"ownerId"`
		Group
	}{id, g})
	if err != nil {
		return g, err
	}
	there := func(ctx context.Context) (bool, error) {
		now, err := c.group(ctx, owner, g.ID)
		return now != nil, err
	}
	if err := c.postSeen(ctx, q, there); err != nil {
		return g, err
	}
	return g, c.untilSeen(ctx, fmt.Sprintf("network group %q is not there yet", g.Label), there)
}

// RemoveGroup removes a network group, and waits until it is gone.
func (c *Client) RemoveGroup(ctx context.Context, owner, id string) error {
	path, err := c.ofGroup(ctx, owner, id)
	if err != nil {
		return err
	}
	if err := c.remove(ctx, path); err != nil {
		return err
	}
	return c.untilSeen(ctx, fmt.Sprintf("network group %s is still there", id), func(ctx context.Context) (bool, error) {
		now, err := c.group(ctx, owner, id)
		return now == nil, err
	})
}

// EditGroup changes the description and the tags of a network group.
func (c *Client) EditGroup(ctx context.Context, owner string, g Group) error {
	path, err := c.ofGroup(ctx, owner, g.ID)
	if err != nil {
		return err
	}
	return c.put(ctx, path, map[string]any{"label": g.Label, "description": g.Description, "tags": append([]string{}, g.Tags...)})
}

// AddMember takes an add-on or an application into a network group, and waits until it is in it.
func (c *Client) AddMember(ctx context.Context, owner, group string, m GroupMember) error {
	path, err := c.ofGroup(ctx, owner, group, "members")
	if err != nil {
		return err
	}
	m.DomainName = m.ID + ".m." + group + ".cc-ng.cloud"
	q, err := jsonCall(http.MethodPost, path, m)
	if err != nil {
		return err
	}
	if err := c.postSeen(ctx, q, c.memberIs(owner, group, m.ID, true)); err != nil {
		return err
	}
	return c.untilSeen(ctx, fmt.Sprintf("%s is not in network group %s yet", m.ID, group), c.memberIs(owner, group, m.ID, true))
}

// RemoveMember takes a member out of a network group, and waits until it is out.
func (c *Client) RemoveMember(ctx context.Context, owner, group, member string) error {
	path, err := c.ofGroup(ctx, owner, group, "members", member)
	if err != nil {
		return err
	}
	if err := c.remove(ctx, path); err != nil {
		return err
	}
	return c.untilSeen(ctx, fmt.Sprintf("%s is still in network group %s", member, group), c.memberIs(owner, group, member, false))
}

// memberIs looks whether a member is in a group, or is not.
func (c *Client) memberIs(owner, group, member string, in bool) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		g, err := c.group(ctx, owner, group)
		return (g != nil && g.Member(member) != nil) == in, err
	}
}

// untilSeen looks until a change shows that the platform took and carries out later, for two
// minutes at most.
func (c *Client) untilSeen(ctx context.Context, still string, look func(context.Context) (bool, error)) error {
	within, cancel := context.WithTimeout(ctx, c.timing.env)
	defer cancel()
	for attempt := 1; ; attempt++ {
		seen, err := look(within)
		if err != nil && within.Err() == nil {
			return err
		}
		if seen && err == nil {
			return nil
		}
		if pause(within, c.timing.wait(attempt)) != nil {
			return fmt.Errorf("%s: the platform took the change, and does not show it: play again later", still)
		}
	}
}

// NewUUID returns a random UUID, version 4 of RFC 4122.
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the process would have ended
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}
