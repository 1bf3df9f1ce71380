package network

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// view returns a group as v4 shows it, with its id by both of its names.
func view(g *store.Group) map[string]any {
	peers := []any{}
	for _, p := range g.Peers {
		peers = append(peers, peerView(g, p))
	}
	return map[string]any{
		"id": g.ID, "networkGroupId": g.ID, "ownerId": g.Owner, "label": g.Label, "description": g.Description,
		"networkIp": fmt.Sprintf("10.%d.0.0/16", g.Network), "lastAllocatedIp": address(g, g.Last),
		"tags": append([]string{}, g.Tags...), "members": append([]store.Member{}, g.Members...), "peers": peers, "version": g.Version,
	}
}

// address returns an address of a group's network.
func address(g *store.Group, number int) string {
	return fmt.Sprintf("10.%d.%d.%d", g.Network, number>>8, number&0xff)
}

func peerView(g *store.Group, p store.Peer) map[string]any {
	endpoint := map[string]any{"ngIp": address(g, p.Address)}
	kind := "ExternalPeer"
	if p.Role == "" {
		kind = "CleverPeer"
		endpoint = map[string]any{
			"ngIp": address(g, p.Address), "ngTerm": map[string]any{"host": address(g, p.Address), "port": 51820},
			"publicTerm": map[string]any{"host": "192.0.2.20", "port": 51820},
		}
	}
	return map[string]any{
		"type": kind, "id": p.ID, "label": p.Label, "publicKey": p.PublicKey, "hostname": p.Hostname, "parentMember": p.Parent,
		"parentEvent": "", "hv": "", "role": p.Role, "endpoint": endpoint,
	}
}

func memberView(m store.Member) map[string]any {
	return map[string]any{"type": "Member", "id": m.ID, "label": m.Label, "domainName": m.DomainName, "kind": m.Kind}
}

// search answers with all groups, members and peers in whose id, label or name the
// query is.
func (s *Server) search(c *rest.Call) (rest.Response, error) {
	owner, err := s.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	query := strings.ToLower(c.Request.URL.Query().Get("query"))
	fits := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), query) })
	}
	list := []any{}
	for _, g := range s.store.World().Groups.All() {
		if g.Owner != owner {
			continue
		}
		if fits(g.ID, g.Label) {
			v := view(g)
			v["type"] = "NetworkGroup"
			list = append(list, v)
		}
		for _, m := range g.Members {
			if fits(m.ID, m.Label, m.DomainName) {
				list = append(list, memberView(m))
			}
		}
		for _, p := range g.Peers {
			if fits(p.ID, p.Label, p.Hostname) {
				list = append(list, peerView(g, p))
			}
		}
	}
	return rest.Response{Body: list}, nil
}

func (s *Server) listPeers(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: view(g)["peers"]}, nil
}

func peerAt(g *store.Group, id string) int {
	return slices.IndexFunc(g.Peers, func(p store.Peer) bool { return p.ID == id })
}

func (s *Server) getPeer(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	i := peerAt(g, c.Path["peer"])
	if i < 0 {
		return rest.Response{}, rest.NotFound("peer")
	}
	return rest.Response{Body: peerView(g, g.Peers[i])}, nil
}

// addPeer takes a machine from elsewhere into a group, for a member that is one.
func (s *Server) addPeer(c *rest.Call) (rest.Response, error) {
	var wanted struct{ PeerRole, PublicKey, Label, ParentMember, Hostname string }
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	if key, err := base64.StdEncoding.DecodeString(wanted.PublicKey); err != nil || len(key) != 32 {
		return rest.Response{}, badGroup("publicKey", "it is no key of WireGuard's: 32 bytes in base64")
	}
	var made store.Peer
	err := s.change(c, func(_ *store.World, g *store.Group) error {
		if wanted.ParentMember != "" && g.Member(wanted.ParentMember) == nil {
			return rest.NotFound("member")
		}
		made = addPeer(g, store.Peer{Label: wanted.Label, PublicKey: wanted.PublicKey, Parent: wanted.ParentMember, Role: "CLIENT", Hostname: wanted.Hostname})
		return nil
	})
	return rest.Response{Status: http.StatusCreated, Body: map[string]string{"peerId": made.ID, "id": made.ID}}, err
}

func (s *Server) removePeer(c *rest.Call) (rest.Response, error) {
	return rest.Response{}, s.change(c, func(_ *store.World, g *store.Group) error {
		i := peerAt(g, c.Path["peer"])
		if i < 0 {
			return rest.NotFound("peer")
		}
		g.Peers = slices.Delete(g.Peers, i, i+1)
		return nil
	})
}

// getConfiguration answers with what a machine elsewhere gives to WireGuard. Its own
// private key nobody here knows.
func (s *Server) getConfiguration(c *rest.Call) (rest.Response, error) {
	g, err := s.find(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	i := peerAt(g, c.Path["peer"])
	if i < 0 {
		return rest.Response{}, rest.NotFound("peer")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[Interface]\nPrivateKey = <%%PrivateKey%%>\nAddress = %s/16\n", address(g, g.Peers[i].Address))
	for _, p := range g.Peers {
		if p.ID != g.Peers[i].ID {
			fmt.Fprintf(&b, "\n[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\nEndpoint = 192.0.2.20:51820\nPersistentKeepalive = 20\n", p.PublicKey, address(g, p.Address))
		}
	}
	return rest.Response{Body: []byte(b.String()), Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}}, nil
}
