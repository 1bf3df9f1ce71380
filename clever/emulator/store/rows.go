package store

import (
	"encoding/json"
	"slices"
	"time"
)

// A Group is a network group: add-ons, applications and others that reach each
// other in a network of their own.
type Group struct {
	ID          string   `json:"id"`
	Owner       string   `json:"owner"`
	Label       string   `json:"label"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Network     int      `json:"network"` // the second number of its addresses: 10.N.0.0/16
	Last        int      `json:"last"`    // the last of its addresses that was given away
	Members     []Member `json:"members,omitempty"`
	Peers       []Peer   `json:"peers,omitempty"`
	Version     int64    `json:"version"` // how often it was changed
}

// A Member is a resource in a network group.
type Member struct {
	ID         string `json:"id"` // an application's, or an add-on's real one
	Label      string `json:"label,omitempty"`
	DomainName string `json:"domainName"`
	Kind       string `json:"kind"` // APPLICATION, ADDON or EXTERNAL
}

// A Peer is a machine of a member.
type Peer struct {
	ID        string `json:"id"`
	Label     string `json:"label,omitempty"`
	PublicKey string `json:"publicKey"`
	Hostname  string `json:"hostname,omitempty"`
	Parent    string `json:"parent"`         // the member's id
	Role      string `json:"role,omitempty"` // an external one's
	Address   int    `json:"address"`        // its number in the group's network
}

// Key returns the id.
func (g *Group) Key() string { return g.ID }

// Member returns the member of an id; nil if there is none.
func (g *Group) Member(id string) *Member {
	i := slices.IndexFunc(g.Members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return &g.Members[i]
}

// Copy returns a group whose lists are its own, and that was changed once more.
func (g *Group) Copy() *Group {
	c := *g
	c.Tags, c.Members, c.Peers = slices.Clone(g.Tags), slices.Clone(g.Members), slices.Clone(g.Peers)
	c.Version++
	return &c
}

// without returns the group without a member and its peers.
func (g *Group) without(member string) *Group {
	c := g.Copy()
	c.Members = slices.DeleteFunc(c.Members, func(m Member) bool { return m.ID == member })
	c.Peers = slices.DeleteFunc(c.Peers, func(p Peer) bool { return p.Parent == member })
	return c
}

// Without returns the group without a member and its peers.
func (g *Group) Without(member string) *Group { return g.without(member) }

// A Drain sends the logs of a resource somewhere else. Here nothing is sent.
type Drain struct {
	ID        string          `json:"id"`
	Owner     string          `json:"owner"`
	Resource  string          `json:"resource"` // an application's id, or an add-on's real one
	Kind      string          `json:"kind"`     // LOG, ACCESSLOG or AUDITLOG
	Recipient json.RawMessage `json:"recipient"`
	Disabled  bool            `json:"disabled,omitempty"`
	Changed   time.Time       `json:"changed"`
}

// Key returns the id.
func (r *Drain) Key() string { return r.ID }

// A Hook hears of an owner's events: by e-mail, or by a call. Here there are no
// events to hear of.
type Hook struct {
	ID      string          `json:"id"`
	Owner   string          `json:"owner"`
	Channel string          `json:"channel"` // "webhooks" or "emailhooks"
	Body    json.RawMessage `json:"body"`    // as it was sent
	Created time.Time       `json:"created"`
}

// Key returns the id.
func (h *Hook) Key() string { return h.ID }

// A Consumer is a program of an owner's that may ask people for access.
type Consumer struct {
	ConsumerKey string   `json:"key"`
	Secret      string   `json:"secret"`
	Owner       string   `json:"owner"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	URL         string   `json:"url"`
	Picture     string   `json:"picture"`
	BaseURL     string   `json:"baseUrl"`
	Rights      []string `json:"rights,omitempty"`
}

// Key returns the consumer's key.
func (c *Consumer) Key() string { return c.ConsumerKey }

// A Bucket is one of a Cellar, with its objects.
type Bucket struct {
	Name    string             `json:"name"`
	Addon   string             `json:"addon"` // the Cellar's id
	Created time.Time          `json:"created"`
	Objects map[string]*Object `json:"objects,omitempty"` // by key
}

// An Object is what a bucket keeps.
type Object struct {
	Data     []byte            `json:"data"`
	Type     string            `json:"type,omitempty"`
	ETag     string            `json:"etag"`
	Meta     map[string]string `json:"meta,omitempty"` // headers x-amz-meta-…
	Modified time.Time         `json:"modified"`
}

// Key returns the bucket's name, which only one bucket has.
func (b *Bucket) Key() string { return b.Name }

// An APIToken is one that its user made to be sent as it is, in a Bearer header.
type APIToken struct {
	ID          string    `json:"id"`
	Token       string    `json:"token"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires"`
}

// Key returns the id.
func (t *APIToken) Key() string { return t.ID }
