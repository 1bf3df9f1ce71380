// Package network knows the network groups of the emulated platform: add-ons,
// applications and machines elsewhere that would reach each other in a network of
// their own. It knows no machine, and no packet is ever sent.
package network

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A Server answers for network groups.
type Server struct {
	store *store.Store
	owner func(*rest.Call) (string, error) // the id of the owner that a path names
}

// New returns a Server.
func New(s *store.Store, owner func(*rest.Call) (string, error)) *Server { return &Server{s, owner} }

// Routes adds the routes of network groups.
func (s *Server) Routes(add func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	const base = "/v4/networkgroups/organisations/{owner}/networkgroups"
	const one = base + "/{group}"
	add("GET", base, s.list)
	add("POST", base, s.create)
	add("GET", base+"/search", s.search)
	add("GET", one, s.get)
	add("PUT", one, s.update)
	add("DELETE", one, s.remove)
	add("GET", one+"/members", s.listMembers)
	add("POST", one+"/members", s.addMember)
	add("GET", one+"/members/{member}", s.getMember)
	add("DELETE", one+"/members/{member}", s.removeMember)
	add("GET", one+"/peers", s.listPeers)
	add("GET", one+"/peers/{peer}", s.getPeer)
	add("DELETE", one+"/peers/{peer}", s.removePeer)
	add("GET", one+"/peers/{peer}/wireguard/configuration", s.getConfiguration)
	add("POST", one+"/external-peers", s.addPeer)
	add("POST", one+"/peers", s.addPeer)
	add("DELETE", one+"/external-peers/{peer}", s.removePeer)
}

// domain ends the names of members.
const domain = "cc-ng.cloud"

// find returns the group that a path names.
func (s *Server) find(w *store.World, c *rest.Call) (*store.Group, error) {
	owner, err := s.owner(c)
	if err != nil {
		return nil, err
	}
	return groupOf(w, owner, c.Path["group"])
}

func groupOf(w *store.World, owner, id string) (*store.Group, error) {
	g := w.Groups.Find(id)
	if g == nil || g.Owner != owner {
		return nil, rest.NotFound("network group")
	}
	return g, nil
}

// change changes a copy of the group that a path names.
func (s *Server) change(c *rest.Call, change func(w *store.World, g *store.Group) error) error {
	owner, err := s.owner(c)
	if err != nil {
		return err
	}
	return s.store.Change(func(d *store.Draft) error {
		g, err := groupOf(&d.World, owner, c.Path["group"])
		if err != nil {
			return err
		}
		g = g.Copy()
		if err := change(&d.World, g); err != nil {
			return err
		}
		d.Groups.Put(g)
		return nil
	})
}

func (s *Server) list(c *rest.Call) (rest.Response, error) {
	owner, err := s.owner(c)
	list := []any{}
	for _, g := range s.store.World().Groups.All() {
		if g.Owner == owner {
			list = append(list, view(g))
		}
	}
	return rest.Response{Body: list}, err
}

// groupID is the form of the ids that clients draw.
var groupID = regexp.MustCompile(`^ng_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// create takes a group whose id its client has drawn.
func (s *Server) create(c *rest.Call) (rest.Response, error) {
	owner, err := s.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	var wanted struct {
		ID, Label, Description string
		Tags                   []string
		Members                []store.Member
	}
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	id := cmp.Or(wanted.ID, "ng_"+catalogue.NewUUID())
	if !groupID.MatchString(id) {
		return rest.Response{}, badGroup("id", fmt.Sprintf("%q is no ng_ with a UUID", id))
	}
	if err := rest.CheckName(wanted.Label); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Status: http.StatusAccepted, Body: map[string]string{"id": id}}, s.store.Change(func(d *store.Draft) error {
		if d.Groups.Find(id) != nil {
			return rest.AlreadyThere("network group", id)
		}
		g := NewGroup(&d.World, id, owner, wanted.Label)
		g.Description, g.Tags = wanted.Description, wanted.Tags
		for _, m := range wanted.Members {
			if err := join(&d.World, g, m); err != nil {
				return err
			}
		}
		d.Groups.Put(g)
		return nil
	})
}

// NewGroup returns a group without members, with addresses that no other one has.
func NewGroup(w *store.World, id, owner, label string) *store.Group {
	return &store.Group{ID: id, Owner: owner, Label: label, Network: freeNetwork(w), Version: 1}
}

// freeNetwork returns the first number that no group's addresses have.
func freeNetwork(w *store.World) int {
	used := map[int]bool{}
	for _, g := range w.Groups.All() {
		used[g.Network] = true
	}
	n := 100
	for used[n] {
		n++
	}
	return n
}

func badGroup(field, why string) error {
	return rest.BadField(90083, "emulator.bad-network-group", field, why)
}

func (s *Server) get(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: view(g)}, nil
}

// update changes the label, the description and the tags.
func (s *Server) update(c *rest.Call) (rest.Response, error) {
	var wanted struct {
		Label, Description *string
		Tags               *[]string
	}
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, s.change(c, func(_ *store.World, g *store.Group) error {
		if wanted.Label != nil {
			g.Label = *wanted.Label
		}
		if wanted.Description != nil {
			g.Description = *wanted.Description
		}
		if wanted.Tags != nil {
			g.Tags = *wanted.Tags
		}
		return rest.CheckName(g.Label)
	})
}

func (s *Server) remove(c *rest.Call) (rest.Response, error) {
	owner, err := s.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Status: http.StatusAccepted, Body: map[string]string{"id": c.Path["group"]}}, s.store.Change(func(d *store.Draft) error {
		g, err := groupOf(&d.World, owner, c.Path["group"])
		if err != nil {
			return err
		}
		d.Groups.Remove(g.ID)
		return nil
	})
}

// join takes a resource of the group's owner into it. An add-on has a machine; an
// application has none, as it never deploys.
func join(w *store.World, g *store.Group, m store.Member) error {
	if g.Member(m.ID) != nil {
		return rest.AlreadyThere("member", m.ID)
	}
	kind, err := kindOf(w, g.Owner, m.ID)
	if err != nil {
		return err
	}
	m.Kind, m.DomainName = kind, cmp.Or(m.DomainName, m.ID+".m."+g.ID+"."+domain)
	g.Members = append(g.Members, m)
	if kind == "ADDON" {
		addPeer(g, store.Peer{Label: m.ID, Parent: m.ID, PublicKey: newKey()})
	}
	return nil
}

// kindOf returns what a member is; an error if it is nothing of the owner's.
func kindOf(w *store.World, owner, id string) (string, error) {
	if a := w.Applications.Find(id); a != nil && a.Owner == owner {
		return "APPLICATION", nil
	}
	if a := w.Addon(id); a != nil && a.RealID == id && a.Owner == owner {
		return "ADDON", nil
	}
	if strings.HasPrefix(id, "external_") {
		return "EXTERNAL", nil
	}
	return "", badGroup("member", fmt.Sprintf("%q is no application, no add-on's real id and no external_… of this owner", id))
}

func addPeer(g *store.Group, p store.Peer) store.Peer {
	g.Last++
	p.ID, p.Address = catalogue.NewUUID(), g.Last
	p.Hostname = cmp.Or(p.Hostname, p.ID)
	g.Peers = append(g.Peers, p)
	return p
}

// newKey returns 32 bytes as WireGuard writes its keys.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: the process would have ended
	return base64.StdEncoding.EncodeToString(b[:])
}

func (s *Server) listMembers(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: append([]store.Member{}, g.Members...)}, nil
}

func (s *Server) getMember(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	m := g.Member(c.Path["member"])
	if m == nil {
		return rest.Response{}, rest.NotFound("member")
	}
	return rest.Response{Body: *m}, nil
}

func (s *Server) addMember(c *rest.Call) (rest.Response, error) {
	var m store.Member
	if err := c.Decode(&m); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Status: http.StatusAccepted, Body: map[string]string{"id": m.ID}}, s.change(c, func(w *store.World, g *store.Group) error { return join(w, g, m) })
}

func (s *Server) removeMember(c *rest.Call) (rest.Response, error) {
	id := c.Path["member"]
	return rest.Response{Status: http.StatusAccepted, Body: map[string]string{"id": id}}, s.change(c, func(_ *store.World, g *store.Group) error {
		if g.Member(id) == nil {
			return rest.NotFound("member")
		}
		*g = *g.Without(id)
		return nil
	})
}
