package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// operatorDetail is what v4 tells of an add-on that is a whole program: where it
// is, who may enter, what it stands on (§4.11). Some members have two names,
// as clients of the vendor read one or the other.
func operatorDetail(p *provider, a *addon) map[string]any {
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
		"resourceId": a.RealID, "addonId": a.ID, "name": a.Name, "ownerId": a.Owner, "plan": p.plan(a.Plan).Slug,
		"version": a.Version, "accessUrl": a.Facts["url"], "availableVersions": p.Versions,
		"initialCredentials": map[string]string{"user": "cc-account-admin", "password": a.Facts["adminPassword"]},
		"resources":          resources, "features": map[string]any{"networkGroup": network(a)}, "envVars": envVars(p, a),
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

// network tells the network group by both names of its id; nil if there is none.
func network(a *addon) any {
	if a.Network == "" {
		return nil
	}
	return map[string]string{"id": a.Network, "networkGroupId": a.Network}
}

func envVars(p *provider, a *addon) map[string]string {
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
func (e *Emulator) operator(w *world, c *call) (*addon, *provider, error) {
	a, p, err := e.detailed(w, c.path["provider"], c.path["addon"])
	if err == nil && p.Detail != "operator" {
		err = noSuchPath()
	}
	return a, p, err
}

// operate takes an order to reboot or rebuild, which changes nothing here.
func (e *Emulator) operate(c *call) (answer, error) {
	_, _, err := e.operator(e.store.world(), c)
	return answer{}, err
}

func (e *Emulator) checkVersion(c *call) (answer, error) {
	a, p, err := e.operator(e.store.world(), c)
	if err != nil {
		return answer{}, err
	}
	latest := p.Versions[len(p.Versions)-1]
	return answer{body: map[string]any{
		"installed": a.Version, "available": p.Versions, "latest": latest, "needUpdate": a.Version != latest,
	}}, nil
}

// alterOperator changes a copy of the add-on that a path below an operator's
// provider names, and gives its details once it is kept.
func (e *Emulator) alterOperator(c *call, change func(*addon, *provider) error) (map[string]any, error) {
	var detail map[string]any
	err := e.store.change(func(d *draft) error {
		a, p, err := e.operator(&d.world, c)
		if err != nil {
			return err
		}
		changed := *a
		if err := change(&changed, p); err != nil {
			return err
		}
		d.replace(&changed)
		detail = operatorDetail(p, &changed)
		return nil
	})
	return detail, err
}

func (e *Emulator) updateVersion(c *call) (answer, error) {
	var body struct {
		Target string `json:"targetVersion"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	detail, err := e.alterOperator(c, func(a *addon, p *provider) error {
		if !slices.Contains(p.Versions, body.Target) {
			return wrongField(90024, "emulator.unknown-version", "targetVersion",
				fmt.Sprintf("%q is none of %s", body.Target, strings.Join(p.Versions, ", ")))
		}
		a.Version = body.Target
		return nil
	})
	return answer{body: detail}, err
}

// joinNetwork gives an operator a network group, once.
func (e *Emulator) joinNetwork(c *call) (answer, error) {
	detail, err := e.alterOperator(c, func(a *addon, _ *provider) error {
		if a.Network == "" {
			a.Network = "ng_" + newUUID()
		}
		return nil
	})
	return answer{status: http.StatusAccepted, body: detail}, err
}

func (e *Emulator) leaveNetwork(c *call) (answer, error) {
	_, err := e.alterOperator(c, func(a *addon, _ *provider) error {
		a.Network = ""
		return nil
	})
	return answer{}, err
}

// getOtoroshiConfig gives the configuration that Otoroshi's own tools read. What the
// platform writes there is not known, save that it is YAML.
func (e *Emulator) getOtoroshiConfig(c *call) (answer, error) {
	a, _, err := e.detailed(e.store.world(), "addon-otoroshi", c.path["addon"])
	if err != nil {
		return answer{}, err
	}
	text := fmt.Sprintf("otoroshi:\n  url: %q\n  api:\n    url: %q\n    client_id: %q\n    client_secret: %q\n",
		a.Facts["url"], a.Facts["apiUrl"], a.Facts["apiUser"], a.Facts["apiSecret"])
	return answer{body: []byte(text), headers: map[string]string{"Content-Type": "application/yaml"}}, nil
}
