package emulator

import (
	"slices"

	"runner/clever"
)

// listProviders gives the catalogue; it is the same for every owner, so orgaId
// changes nothing.
func (e *Emulator) listProviders(*call) (answer, error) { return answer{body: e.shelf}, nil }

func (e *Emulator) getProvider(c *call) (answer, error) {
	p := e.catalogue.provider(c.path["provider"])
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
