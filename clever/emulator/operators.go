package emulator

import (
	"fmt"
	"slices"
	"strings"
)

// operatorDetail is what v4 tells of an add-on that is a whole program: where it
// is, who may enter, what it stands on (§4.11). Some members have two names,
// as clients of the vendor read one or the other.
func (p *provider) operatorDetail(a *addon) map[string]any {
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
		"resources":          resources, "features": map[string]any{"networkGroup": nil}, "envVars": p.envVars(a),
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

func (p *provider) envVars(a *addon) map[string]string {
	vars := map[string]string{}
	for _, v := range p.environment(a) {
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

func (e *Emulator) updateVersion(c *call) (answer, error) {
	var body struct {
		Target string `json:"targetVersion"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	var changed addon
	var p *provider
	err := e.store.change(func(d *draft) error {
		a, of, err := e.operator(&d.world, c)
		if err != nil {
			return err
		}
		if !slices.Contains(of.Versions, body.Target) {
			return wrongField(90024, "emulator.unknown-version", "targetVersion",
				fmt.Sprintf("%q is none of %s", body.Target, strings.Join(of.Versions, ", ")))
		}
		changed, p = *a, of
		changed.Version = body.Target
		d.replace(&changed)
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: p.operatorDetail(&changed)}, nil
}
