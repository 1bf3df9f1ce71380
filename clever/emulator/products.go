package emulator

import (
	"slices"

	"runner/clever"
	"runner/clever/emulator/rest"
)

// listProviders returns the catalogue: the platform's own, and what vendors offer to
// everybody and to the query's orgaId.
func (e *Emulator) listProviders(c *rest.Call) (rest.Response, error) {
	owner := c.Request.URL.Query().Get("orgaId")
	offered := e.listed
	for _, p := range e.store.World().Registrations {
		if p.VisibleTo(owner) {
			offered = slices.Concat(offered[:len(offered)-1], comma(offered), p.Encoded, []byte{']'})
		}
	}
	return rest.Response{Body: offered}, nil
}

// comma returns what stands between the elements of a list and a further one.
func comma(list []byte) []byte {
	if len(list) <= len("[]") {
		return nil
	}
	return []byte{','}
}

func (e *Emulator) getProvider(c *rest.Call) (rest.Response, error) {
	p := e.store.World().Offered(c.Path["provider"], c.Request.URL.Query().Get("orgaId"))
	if p == nil {
		return rest.Response{}, rest.NotFound("provider")
	}
	return rest.Response{Body: p.View}, nil
}

// getProviderInfo tells versions, of those providers only that have plans with a
// type: the vendor's command line stops when it finds details without types.
func (e *Emulator) getProviderInfo(c *rest.Call) (rest.Response, error) {
	p := e.catalogue.Provider(c.Path["provider"])
	if p == nil || !p.Typed() {
		return rest.Response{}, rest.NotFound("provider")
	}
	return rest.Response{Body: p.Info()}, nil
}

// listZones returns the zones, with ?tag= those that have the tag.
func (e *Emulator) listZones(c *rest.Call) (rest.Response, error) {
	zones := slices.Clone(e.catalogue.Zones)
	if tag := c.Request.URL.Query().Get("tag"); tag != "" {
		zones = slices.DeleteFunc(zones, func(z clever.Zone) bool { return !slices.Contains(z.Tags, tag) })
	}
	return rest.Response{Body: zones}, nil
}

func (e *Emulator) getZone(c *rest.Call) (rest.Response, error) {
	z := e.catalogue.Zone(c.Path["zone"])
	if z == nil {
		return rest.Response{}, rest.NotFound("zone")
	}
	return rest.Response{Body: z}, nil
}

// listOldZones returns the zones as v2 did.
func (e *Emulator) listOldZones(*rest.Call) (rest.Response, error) {
	type zone struct {
		Name     string `json:"name"`
		Internal bool   `json:"internal"`
		Region   string `json:"correspondingRegion"`
	}
	list := []zone{}
	for _, z := range e.catalogue.Zones {
		list = append(list, zone{Name: z.Name, Region: z.Name})
	}
	return rest.Response{Body: list}, nil
}
