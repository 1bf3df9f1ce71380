package emulator

import (
	"cmp"
	"slices"

	"runner/clever"
)

func pulsarDetail(p *provider, a *addon) map[string]any {
	return map[string]any{
		"id": a.RealID, "owner_id": a.Owner, "tenant": a.Owner, "namespace": a.RealID,
		"cluster_id": clusterOf(p, a.Region).ID, "token": a.Facts["token"], "plan": p.plan(a.Plan).Slug,
		"status": "ACTIVE", "creation_date": javaDate(a.Created), "ask_for_deletion_date": nil, "deletion_date": nil,
		"cold_storage_id": nil, "cold_storage_linked": false, "cold_storage_must_be_provided": false,
	}
}

// cluster gives the cluster of a zone; the zero one if there is none.
func clusterOf(p *provider, zone string) clever.Cluster {
	i := slices.IndexFunc(p.Clusters, func(c clever.Cluster) bool { return c.Zone == zone })
	if i < 0 {
		return clever.Cluster{}
	}
	return p.Clusters[i]
}

func (e *Emulator) getPulsarCluster(c *call) (answer, error) {
	p := e.catalogue.provider("addon-pulsar")
	for _, k := range p.Clusters {
		if k.ID == c.path["cluster"] {
			return answer{body: map[string]any{
				"id": k.ID, "url": "materiamq.eu-fr-1.services.clever-cloud.com", "pulsar_port": 6650, "pulsar_tls_port": 6651,
				"web_port": 80, "web_tls_port": 443, "version": k.Version, "available": true, "zone": k.Zone,
				"support_cold_storage": false, "supported_plans": []string{p.Plans[0].Slug},
			}}, nil
		}
	}
	return answer{}, notFound("cluster")
}

// pulsar finds what a path below Pulsar's provider names.
func (e *Emulator) pulsar(w *world, c *call) (*addon, error) {
	a, _, err := e.detailed(w, "addon-pulsar", c.path["addon"])
	return a, err
}

func (e *Emulator) getPolicies(c *call) (answer, error) {
	a, err := e.pulsar(e.store.world(), c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: a.policies()}, nil
}

// patchPolicies replaces those of the two that are sent.
func (e *Emulator) patchPolicies(c *call) (answer, error) {
	var wish policies
	if err := c.decode(&wish); err != nil {
		return answer{}, err
	}
	var now policies
	err := e.store.change(func(d *draft) error {
		a, err := e.pulsar(&d.world, c)
		if err != nil {
			return err
		}
		changed := *a
		now = a.policies()
		now.Retention, now.Offload = cmp.Or(wish.Retention, now.Retention), cmp.Or(wish.Offload, now.Offload)
		changed.Policies = &now
		d.replace(&changed)
		return nil
	})
	return answer{body: now}, err
}
