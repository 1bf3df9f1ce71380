package emulator

import (
	"slices"

	"runner/clever"
)

// listProviders gives the catalogue: the platform's own, and what vendors sell to
// everybody and to the query's orgaId.
func (e *Emulator) listProviders(c *call) (answer, error) {
	owner := c.r.URL.Query().Get("orgaId")
	shelf := e.shelf
	for _, p := range e.store.world().partners {
		if p.seenBy(owner) {
			shelf = slices.Concat(shelf[:len(shelf)-1], comma(shelf), p.encoded, []byte{']'})
		}
	}
	return answer{body: shelf}, nil
}

// comma gives what stands between the elements of a list and a further one.
func comma(list []byte) []byte {
	if len(list) <= len("[]") {
		return nil
	}
	return []byte{','}
}

func (e *Emulator) getProvider(c *call) (answer, error) {
	p := e.store.world().offered(c.path["provider"], c.r.URL.Query().Get("orgaId"))
	if p == nil {
		return answer{}, notFound("provider")
	}
	return answer{body: p.view}, nil
}

// getProviderInfo tells versions, of those providers only that have plans with a
// type: the vendor's command line stops when it finds details without types.
func (e *Emulator) getProviderInfo(c *call) (answer, error) {
	p := e.catalogue.provider(c.path["provider"])
	if p == nil || !p.typed() {
		return answer{}, notFound("provider")
	}
	return answer{body: p.info()}, nil
}

// listZones gives the zones, with ?tag= those that have the tag.
func (e *Emulator) listZones(c *call) (answer, error) {
	zones := slices.Clone(e.catalogue.zones)
	if tag := c.r.URL.Query().Get("tag"); tag != "" {
		zones = slices.DeleteFunc(zones, func(z clever.Zone) bool { return !slices.Contains(z.Tags, tag) })
	}
	return answer{body: zones}, nil
}

func (e *Emulator) getZone(c *call) (answer, error) {
	z := e.catalogue.zone(c.path["zone"])
	if z == nil {
		return answer{}, notFound("zone")
	}
	return answer{body: z}, nil
}

// listOldZones gives the zones as v2 did.
func (e *Emulator) listOldZones(*call) (answer, error) {
	type zone struct {
		Name     string `json:"name"`
		Internal bool   `json:"internal"`
		Region   string `json:"correspondingRegion"`
	}
	list := []zone{}
	for _, z := range e.catalogue.zones {
		list = append(list, zone{Name: z.Name, Region: z.Name})
	}
	return answer{body: list}, nil
}
