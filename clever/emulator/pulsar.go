package emulator

import (
	"cmp"
	"net"
	"slices"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

func pulsarDetail(p *catalogue.Provider, a *store.Addon) map[string]any {
	return map[string]any{
		"id": a.RealID, "owner_id": a.Owner, "tenant": a.Owner, "namespace": a.RealID,
		"cluster_id": clusterOf(p, a.Region).ID, "token": a.Facts["token"], "plan": p.Plan(a.Plan).Slug,
		"status": "ACTIVE", "creation_date": javaDate(a.Created), "ask_for_deletion_date": nil, "deletion_date": nil,
		"cold_storage_id": nil, "cold_storage_linked": false, "cold_storage_must_be_provided": false,
	}
}

// cluster returns the cluster of a zone; the zero one if there is none.
func clusterOf(p *catalogue.Provider, zone string) clever.Cluster {
	i := slices.IndexFunc(p.Clusters, func(c clever.Cluster) bool { return c.Zone == zone })
	if i < 0 {
		return clever.Cluster{}
	}
	return p.Clusters[i]
}

func (e *Emulator) getPulsarCluster(c *rest.Call) (rest.Response, error) {
	p := e.catalogue.Provider("addon-pulsar")
	for _, k := range p.Clusters {
		if k.ID == c.Path["cluster"] {
			url, web, webTLS := "materiamq.eu-fr-1.services.clever-cloud.com", 80, 443
			if host, port, err := net.SplitHostPort(e.options.Services); err == nil { // its administration is played there
				url, web, webTLS = host, number(port), number(port)
			}
			return rest.Response{Body: map[string]any{
				"id": k.ID, "url": url, "pulsar_port": 6650, "pulsar_tls_port": 6651,
				"web_port": web, "web_tls_port": webTLS, "version": k.Version, "available": true, "zone": k.Zone,
				"support_cold_storage": false, "supported_plans": []string{p.Plans[0].Slug},
			}}, nil
		}
	}
	return rest.Response{}, rest.NotFound("cluster")
}

// pulsar finds what a path below Pulsar's provider names.
func (e *Emulator) pulsar(w *store.World, c *rest.Call) (*store.Addon, error) {
	a, _, err := e.detailed(w, "addon-pulsar", c.Path["addon"])
	return a, err
}

func (e *Emulator) getPolicies(c *rest.Call) (rest.Response, error) {
	a, err := e.pulsar(e.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: a.StoragePolicies()}, nil
}

// patchPolicies replaces those of the two that are sent.
func (e *Emulator) patchPolicies(c *rest.Call) (rest.Response, error) {
	var wanted store.Policies
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	var now store.Policies
	err := e.store.Change(func(d *store.Draft) error {
		a, err := e.pulsar(&d.World, c)
		if err != nil {
			return err
		}
		changed := *a
		now = a.StoragePolicies()
		now.Retention, now.Offload = cmp.Or(wanted.Retention, now.Retention), cmp.Or(wanted.Offload, now.Offload)
		changed.Policies = &now
		d.Replace(&changed)
		return nil
	})
	return rest.Response{Body: now}, err
}
