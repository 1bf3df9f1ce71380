package emulator

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"runner/clever/emulator/catalogue"
)

type group struct {
	ID, NetworkGroupID, OwnerID, Label, Description, NetworkIP, LastAllocatedIP string
	Tags                                                                        []string
	Members                                                                     []struct{ ID, DomainName, Kind string }
	Peers                                                                       []struct {
		ID, ParentMember, PublicKey, Type string
		Endpoint                          struct{ NgIP string }
	}
}

// A network group has the members that it was given, and its own addresses.
func TestNetworkGroups(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := e.Organisations()[0]
	base := "/v4/networkgroups/organisations/" + org + "/networkgroups"
	db, a := c.order("/v2/organisations/"+org, order("db")), c.app("/v2/organisations/"+org, "shop")
	foreign := c.order("/v2/self", order("foreign"))
	id := "ng_" + catalogue.NewUUID()
	c.must("POST", base, map[string]any{"id": id, "label": "back", "description": "d", "tags": []string{"x"}, "ownerId": org,
		"members": []map[string]string{{"id": db.RealID, "kind": "ADDON", "domainName": db.RealID + ".m." + id + ".cc-ng.cloud"}}}, nil)
	var g group
	c.must("GET", base+"/"+id, nil, &g)
	if g.ID != id || g.NetworkGroupID != id || g.OwnerID != org || g.Label != "back" || !slices.Equal(g.Tags, []string{"x"}) || !strings.HasSuffix(g.NetworkIP, ".0.0/16") ||
		len(g.Members) != 1 || g.Members[0].Kind != "ADDON" || len(g.Peers) != 1 || g.Peers[0].ParentMember != db.RealID || g.Peers[0].Endpoint.NgIP != g.LastAllocatedIP {
		t.Errorf("made %+v", g)
	}
	for body, want := range map[string]int{
		`{"id":"` + id + `","label":"again"}`: 409, `{"id":"x","label":"x"}`: 400, `{"label":""}`: 400,
		`{"label":"x","members":[{"id":"` + foreign.RealID + `"}]}`: 400, `{"label":"x","members":[{"id":"` + db.ID + `"}]}`: 400,
	} {
		if status := c.ask("POST", base, body, nil); status != want {
			t.Errorf("%s: %d", body, status)
		}
	}
	var other group
	c.must("POST", base, map[string]any{"label": "front"}, nil)
	var all []group
	c.must("GET", base, nil, &all)
	if other = all[1]; len(all) != 2 || other.NetworkIP == g.NetworkIP {
		t.Errorf("all: %+v", all)
	}
	c.must("POST", base+"/"+id+"/members", map[string]string{"id": a.ID}, nil)
	if status := c.ask("POST", base+"/"+id+"/members", map[string]string{"id": a.ID}, nil); status != 409 {
		t.Errorf("twice: %d", status)
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	var made struct{ PeerID string }
	c.must("POST", base+"/"+id+"/members", map[string]string{"id": "external_1", "label": "laptop"}, nil)
	c.must("POST", base+"/"+id+"/external-peers", map[string]string{"publicKey": key, "label": "laptop", "parentMember": "external_1", "peerRole": "CLIENT"}, &made)
	if status := c.ask("POST", base+"/"+id+"/external-peers", map[string]string{"publicKey": "x"}, nil); status != 400 {
		t.Errorf("no key: %d", status)
	}
	var found []struct{ Type, ID string }
	c.must("GET", base+"/search?query=laptop", nil, &found)
	if len(found) != 2 || found[0].Type != "Member" || found[1].Type != "ExternalPeer" {
		t.Errorf("found %+v", found)
	}
	c.must("DELETE", base+"/"+id+"/members/external_1", nil, nil)
	c.must("DELETE", "/v2/organisations/"+org+"/addons/"+db.ID, nil, nil)
	c.must("GET", base+"/"+id, nil, &g)
	if len(g.Members) != 1 || g.Members[0].ID != a.ID || g.Members[0].Kind != "APPLICATION" || len(g.Peers) != 0 {
		t.Errorf("after the add-on and the laptop are gone: %+v", g)
	}
	c.must("DELETE", base+"/"+id, nil, nil)
	if status := c.ask("GET", base+"/"+id, nil, nil); status != 404 {
		t.Errorf("after its removal: %d", status)
	}
	if status := c.ask("GET", "/v4/networkgroups/organisations/"+e.User()+"/networkgroups/"+other.ID, nil, nil); status != 404 {
		t.Errorf("by another owner: %d", status)
	}
}
