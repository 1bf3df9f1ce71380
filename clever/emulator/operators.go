package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/network"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// operatorDetail is what v4 tells of an add-on that is a whole program: where it
// is, who may enter, what it stands on (docs/platform.md §4.9). Some members have two names,
// as clients of the vendor read one or the other.
func operatorDetail(p *catalogue.Provider, a *store.Addon) map[string]any {
	resources := map[string]any{"entrypoint": a.Facts["app"]}
	for _, name := range p.Resources {
		resources[name] = nil
		if id := a.Facts[name]; id != "" {
			resources[name] = id
		}
		if name == "pgsqlId" {
			resources["postgresId"] = resources[name]
		}
	}
	d := map[string]any{
		"resourceId": a.RealID, "addonId": a.ID, "name": a.Name, "ownerId": a.Owner, "plan": p.Plan(a.Plan).Slug,
		"version": a.Version, "accessUrl": a.Facts["url"] + p.Access, "availableVersions": p.Versions,
		"initialCredentials": map[string]string{"user": "cc-account-admin", "password": a.Facts["adminPassword"]},
		"resources":          resources, "features": map[string]any{"networkGroup": networkOf(a)}, "envVars": envVars(p, a),
	}
	if p.Runtime != "" {
		d[p.Runtime] = map[string]string{"javaVersion": "21", "phpVersion": "8.3"}[p.Runtime]
	}
	if url := a.Facts["apiUrl"]; url != "" {
		d["api"] = map[string]string{
			"url": url, "user": a.Facts["apiUser"], "secret": a.Facts["apiSecret"],
			"openapi": url + "/apis/openapi.json", "swaggerUrl": url + "/apis/openapi/ui",
		}
	}
	return d
}

// networkOf returns the network group by both names of its id; nil if there is none.
func networkOf(a *store.Addon) any {
	if a.Network == "" {
		return nil
	}
	return map[string]string{"id": a.Network, "networkGroupId": a.Network}
}

func envVars(p *catalogue.Provider, a *store.Addon) map[string]string {
	vars := map[string]string{}
	for _, v := range environment(p, a) {
		vars[v.Name] = v.Value
	}
	if domain := a.Options["access-domain"]; domain != "" {
		vars["CC_"+strings.ToUpper(p.Family)+"_HOSTNAME"] = domain
	}
	return vars
}

// operator finds what a path below an operator's provider names.
func (e *Emulator) operator(w *store.World, c *rest.Call) (*store.Addon, *catalogue.Provider, error) {
	a, p, err := e.detailed(w, c.Path["provider"], c.Path["addon"])
	if err == nil && p.Detail != "operator" {
		err = rest.NoSuchPath()
	}
	return a, p, err
}

// operate takes an order to reboot or rebuild, which changes nothing here.
func (e *Emulator) operate(c *rest.Call) (rest.Response, error) {
	_, _, err := e.operator(e.store.World(), c)
	return rest.Response{}, err
}

func (e *Emulator) checkVersion(c *rest.Call) (rest.Response, error) {
	a, p, err := e.operator(e.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	latest := p.Versions[len(p.Versions)-1]
	return rest.Response{Body: map[string]any{
		"installed": a.Version, "available": p.Versions, "latest": latest, "needUpdate": a.Version != latest,
	}}, nil
}

// alterOperator changes a copy of the add-on that a path below an operator's
// provider names, and returns its details once it is kept.
func (e *Emulator) alterOperator(c *rest.Call, change func(*store.Draft, *store.Addon, *catalogue.Provider) error) (map[string]any, error) {
	var detail map[string]any
	err := e.store.Change(func(d *store.Draft) error {
		a, p, err := e.operator(&d.World, c)
		if err != nil {
			return err
		}
		changed := *a
		if err := change(d, &changed, p); err != nil {
			return err
		}
		d.Replace(&changed)
		detail = operatorDetail(p, &changed)
		return nil
	})
	return detail, err
}

func (e *Emulator) updateVersion(c *rest.Call) (rest.Response, error) {
	var body struct {
		Target string `json:"targetVersion"`
	}
	if err := c.Decode(&body); err != nil {
		return rest.Response{}, err
	}
	detail, err := e.alterOperator(c, func(_ *store.Draft, a *store.Addon, p *catalogue.Provider) error {
		if !slices.Contains(p.Versions, body.Target) {
			return rest.BadField(90024, "emulator.unknown-version", "targetVersion",
				fmt.Sprintf("%q is none of %s", body.Target, strings.Join(p.Versions, ", ")))
		}
		a.Version = body.Target
		return nil
	})
	return rest.Response{Body: detail}, err
}

// joinNetwork returns an operator a network group, once.
func (e *Emulator) joinNetwork(c *rest.Call) (rest.Response, error) {
	detail, err := e.alterOperator(c, func(d *store.Draft, a *store.Addon, _ *catalogue.Provider) error {
		if a.Network == "" {
			a.Network = "ng_" + catalogue.NewUUID()
			d.Groups.Put(network.NewGroup(&d.World, a.Network, a.Owner, a.Name))
		}
		return nil
	})
	return rest.Response{Status: http.StatusAccepted, Body: detail}, err
}

func (e *Emulator) leaveNetwork(c *rest.Call) (rest.Response, error) {
	_, err := e.alterOperator(c, func(d *store.Draft, a *store.Addon, _ *catalogue.Provider) error {
		d.Groups.Remove(a.Network)
		a.Network = ""
		return nil
	})
	return rest.Response{}, err
}

// getOtoroshiConfig returns the configuration that Otoroshi's own tools read. What the
// platform writes there is not known, save that it is YAML.
func (e *Emulator) getOtoroshiConfig(c *rest.Call) (rest.Response, error) {
	a, _, err := e.detailed(e.store.World(), "addon-otoroshi", c.Path["addon"])
	if err != nil {
		return rest.Response{}, err
	}
	text := fmt.Sprintf("otoroshi:\n  url: %q\n  api:\n    url: %q\n    client_id: %q\n    client_secret: %q\n",
		a.Facts["url"], a.Facts["apiUrl"], a.Facts["apiUser"], a.Facts["apiSecret"])
	return rest.Response{Body: []byte(text), Headers: map[string]string{"Content-Type": "application/yaml"}}, nil
}
