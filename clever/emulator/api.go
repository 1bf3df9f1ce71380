package emulator

import (
	"runner/clever/emulator/login"
	"runner/clever/emulator/rest"
)

// table returns all routes. {base} stands for both ways to name an owner.
func (e *Emulator) table() rest.Routes {
	var t rest.Routes
	add := func(method, path string, serve func(*rest.Call) (rest.Response, error)) {
		for _, base := range rest.Bases(path) {
			t = append(t, rest.Route{Method: method, Parts: rest.Parts(base), Right: login.RightFor(method, base), Serve: serve})
		}
	}
	open := func(method, path string, serve func(*rest.Call) (rest.Response, error)) {
		t = append(t, rest.Route{Method: method, Parts: rest.Parts(path), Public: true, Serve: serve})
	}
	public := func(path string, serve func(*rest.Call) (rest.Response, error)) { open("GET", path, serve) }
	public("/v2/products/addonproviders", e.listProviders)
	public("/v2/products/addonproviders/{provider}", e.getProvider)
	public("/v4/addon-providers/{provider}", e.getProviderInfo)
	public("/v2/products/zones", e.listOldZones)
	public("/v4/products/zones", e.listZones)
	public("/v4/products/zones/{zone}", e.getZone)

	e.login.Routes(open)
	e.market.VendorRoutes(open)

	add("GET", "/v2/self", e.getSelf)
	add("GET", "/v2/self/id", e.getSelfID)
	add("GET", "/v2/self/tokens", e.login.ListTokens)
	add("DELETE", "/v2/self/tokens", e.login.EndTokens)
	add("GET", "/v2/self/tokens/current", e.login.GetToken)
	add("DELETE", "/v2/self/tokens/{token}", e.login.EndToken)
	add("GET", "/v2/summary", e.getSummary)
	add("GET", "/v2/organisations", e.listOrganisations)
	add("GET", "/v2/organisations/{owner}", e.getOrganisation)

	add("GET", "{base}/addons", e.listAddons)
	add("POST", "{base}/addons", e.createAddon)
	add("POST", "{base}/addons/preorders", e.preorder)
	add("GET", "{base}/addons/{addon}", e.getAddon)
	add("PUT", "{base}/addons/{addon}", e.renameAddon)
	add("DELETE", "{base}/addons/{addon}", e.deleteAddon)
	add("GET", "{base}/addons/{addon}/env", e.getEnv)
	add("GET", "{base}/addons/{addon}/sso", e.getSSO)
	add("GET", "{base}/addons/{addon}/tags", e.getTags)
	add("PUT", "{base}/addons/{addon}/tags", e.putTags)
	add("PUT", "{base}/addons/{addon}/tags/{tag}", e.putTag)
	add("DELETE", "{base}/addons/{addon}/tags/{tag}", e.deleteTag)

	e.apps.Routes(add, open)
	e.network.Routes(add)
	e.logs.Routes(add)
	e.login.ConsumerRoutes(add, e.owner)
	e.login.BridgeRoutes(add, open)

	const inOrganisation = "/v2/organisations/{owner}/addons/{addon}"
	add("GET", inOrganisation+"/instances", e.listInstances)
	add("GET", inOrganisation+"/migrations", e.listMigrations)
	add("POST", inOrganisation+"/migrations", e.createMigration)
	add("GET", inOrganisation+"/migrations/preorders", e.previewMigration)
	add("GET", inOrganisation+"/migrations/{migration}", e.getMigration)
	add("DELETE", inOrganisation+"/migrations/{migration}", e.abortMigration)

	e.market.SellersRoutes(add)
	e.detailRoutes(add)
	return t
}

// detailRoutes adds those by which each provider tells of its own add-ons.
func (e *Emulator) detailRoutes(add func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	const ofProvider = "/v4/addon-providers/{provider}/addons/{addon}"
	add("GET", ofProvider, e.getDetail)
	add("POST", ofProvider+"/reboot", e.operate)
	add("POST", ofProvider+"/rebuild", e.operate)
	add("GET", ofProvider+"/version/check", e.checkVersion)
	add("POST", ofProvider+"/version/update", e.updateVersion)
	add("POST", ofProvider+"/networkgroup", e.joinNetwork)
	add("DELETE", ofProvider+"/networkgroup", e.leaveNetwork)
	add("GET", "/v4/addon-providers/config-provider/addons/{addon}/env", e.getConfig)
	add("PUT", "/v4/addon-providers/config-provider/addons/{addon}/env", e.putConfig)
	add("GET", "/v4/addon-providers/addon-otoroshi/addons/{addon}/config.yaml", e.getOtoroshiConfig)
	add("GET", "/v4/addon-providers/addon-pulsar/clusters/{cluster}", e.getPulsarCluster)
	add("GET", "/v4/addon-providers/addon-pulsar/addons/{addon}/storage-policies", e.getPolicies)
	add("PATCH", "/v4/addon-providers/addon-pulsar/addons/{addon}/storage-policies", e.patchPolicies)
	add("GET", "/v4/materia/organisations/{owner}/materia/databases/{addon}", e.getMateria)
	add("GET", "/v2/backups/{owner}/{addon}", e.listBackups)
}
