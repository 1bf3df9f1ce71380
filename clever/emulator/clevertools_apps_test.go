package emulator

import (
	"slices"
	"strings"
	"time"

	"runner/clever"
)

// applications creates, links and unlinks, and looks at all of an application's
// settings. Each command line is a process: what one shows of several is checked at once.
func (tt *terminal) applications() {
	org, base := tt.organisation()
	var made struct{ ID, ExecutedAs, DeployURL string }
	tt.read(&made, "create", "shop", "--type", "node", "--org", org)
	a := tt.e.store.World().Applications.Find(made.ID)
	if a == nil || a.Owner != org || a.Variant != "node" || a.Zone != "par" || made.ExecutedAs != "REGULAR" {
		tt.t.Fatalf("made %+v, have %+v", made, a)
	}
	var addon struct{ ID, RealID string }
	tt.read(&addon, "addon", "create", "postgresql-addon", "shop-db", "--plan", "dev", "--org", org, "--link", "shop")
	var services struct {
		Applications []struct{ ID string }
		Addons       []struct {
			ID       string
			IsLinked bool
		}
	}
	tt.read(&services, "service")
	if len(services.Addons) != 1 || services.Addons[0].ID != addon.ID || !services.Addons[0].IsLinked {
		tt.t.Errorf("the services are %+v", services)
	}
	other := tt.api.app(base, "store")
	tt.api.must("PUT", base+"/applications/"+other.ID+"/exposed_env", map[string]string{"STORE_URL": "http://store"}, nil)
	tt.run("service", "link-app", other.ID)
	tt.run("env", "set", "GREETING", "hello")
	var env struct {
		Env              []clever.EnvVar
		FromAddons       []struct{ AddonID string }
		FromDependencies []struct{ Env []clever.EnvVar }
	}
	tt.read(&env, "env")
	if !slices.Equal(env.Env, []clever.EnvVar{{Name: "GREETING", Value: "hello"}}) || len(env.FromAddons) != 1 || env.FromAddons[0].AddonID != addon.ID ||
		len(env.FromDependencies) != 1 || len(env.FromDependencies[0].Env) != 1 {
		tt.t.Errorf("the variables are %+v", env)
	}
	tt.run("service", "unlink-app", other.ID)
	tt.run("service", "unlink-addon", addon.ID)
	if a := tt.e.store.World().Applications.Find(made.ID); len(a.Addons) != 0 || len(a.Dependencies) != 0 {
		tt.t.Errorf("linked to %v and %v still", a.Addons, a.Dependencies)
	}
	tt.run("service", "link-addon", "shop-db")
	if a := tt.e.store.World().Applications.Find(made.ID); !slices.Equal(a.Addons, []string{addon.ID}) {
		tt.t.Errorf("linked to %v", a.Addons)
	}
}

// settings scales an application, gives it a domain and tells others of it; its folder
// is linked and unlinked.
func (tt *terminal) settings() {
	made := tt.api.app("/v2/self", "scaled")
	tt.run("link", made.ID)
	tt.run("scale", "--min-instances", "2", "--max-instances", "3", "--flavor", "S", "--build-flavor", "M")
	tt.run("domain", "add", "scaled.example.com")
	tt.run("domain", "favourite", "set", "scaled.example.com")
	tt.run("published-config", "set", "PUBLIC", "yes")
	tt.run("config", "set", "force-https", "true")
	a := tt.e.store.World().Applications.Find(made.ID)
	if a.MinInstances != 2 || a.MaxInstances != 3 || a.MinFlavor != "S" || a.BuildFlavor != "M" || a.ForceHTTPS != "ENABLED" ||
		a.Favourite != "scaled.example.com/" || a.Exposed["PUBLIC"] != "yes" {
		tt.t.Errorf("it is %+v", a)
	}
	if out := tt.run("domain"); !strings.Contains(out, "* scaled.example.com") {
		tt.t.Errorf("its domains: %s", out)
	}
	tt.run("unlink", "scaled")
	tt.fails("no linked", "env")
	tt.run("delete", "--app", made.ID, "--yes")
	if tt.e.store.World().Applications.Find(made.ID) != nil {
		tt.t.Error("it is still there")
	}
}

// configProvider fills a configuration provider.
func (tt *terminal) configProvider() {
	p := tt.e.catalogue.Provider("config-provider")
	a := tt.api.order("/v2/self", clever.CreateRequest{Name: "settings", ProviderID: p.ID, Plan: p.Plans[0].ID, Region: "par"})
	tt.run("config-provider", "set", "settings", "LEVEL", "info")
	var got []clever.EnvVar
	tt.read(&got, "config-provider", "get", a.RealID)
	if !slices.Equal(got, []clever.EnvVar{{Name: "LEVEL", Value: "info"}}) {
		tt.t.Errorf("it has %v", got)
	}
	var env map[string]string
	tt.read(&env, "addon", "env", a.ID)
	if env["LEVEL"] != "info" {
		tt.t.Errorf("its variables are %v", env)
	}
}

// networkGroups creates one with a member, looks at it and removes it.
func (tt *terminal) networkGroups() {
	ids, realIDs := tt.ordered("/v2/self", "member")
	tt.run("features", "enable", "ng")
	tt.run("ng", "create", "backbone", "--link", realIDs["member"], "--tags", "a,b")
	groups := tt.e.store.World().Groups.All()
	if len(groups) != 1 || groups[0].Label != "backbone" || len(groups[0].Members) != 1 || groups[0].Owner != tt.e.User() {
		tt.t.Fatalf("the groups are %+v (%v)", groups, ids)
	}
	var group struct{ ID, Type string }
	tt.read(&group, "ng", "get", "backbone")
	if group.ID != groups[0].ID || group.Type != "NetworkGroup" {
		tt.t.Errorf("got %+v", group)
	}
	if out := tt.run("ng", "search", realIDs["member"], "-F", "json"); !strings.Contains(out, realIDs["member"]) {
		tt.t.Errorf("found %s", out)
	}
	tt.run("ng", "delete", "backbone")
	if left := tt.e.store.World().Groups.All(); len(left) != 0 {
		tt.t.Errorf("left: %+v", left)
	}
}

// observing drains and reads the logs of an add-on.
func (tt *terminal) observing() {
	ids, realIDs := tt.ordered("/v2/self", "observed")
	tt.run("drain", "create", "raw-http", "https://logs.example.com/in", "--addon", ids["observed"])
	var drains []struct {
		ID     string
		Status struct{ Status string }
	}
	tt.read(&drains, "drain", "--addon", ids["observed"])
	if len(drains) != 1 || drains[0].Status.Status != "ENABLED" {
		tt.t.Fatalf("the drains are %+v", drains)
	}
	tt.run("drain", "disable", drains[0].ID, "--addon", ids["observed"])
	if !tt.e.store.World().Drains.Find(drains[0].ID).Disabled {
		tt.t.Error("it is enabled still")
	}
	tt.run("drain", "remove", drains[0].ID, "--addon", ids["observed"])
	var lines []struct{ Message, ResourceID string }
	tt.read(&lines, "logs", "--addon", ids["observed"], "--since", "2000-01-01T00:00:00Z", "--until", time.Now().UTC().Add(3*time.Second).Format(time.RFC3339))
	if len(lines) < 2 || lines[0].ResourceID != realIDs["observed"] || !strings.Contains(lines[0].Message, "observed was ordered") {
		tt.t.Errorf("the logs are %+v", lines)
	}
}

// consumers registers one, and signs with it.
func (tt *terminal) consumers() {
	var made struct{ Key, Name string }
	tt.read(&made, "oauth-consumers", "create", "store", "--description", "d", "--url", "https://shop.example.com",
		"--base-url", "https://shop.example.com", "--picture", "https://shop.example.com/p.png", "--rights", "access-organisations")
	var shown struct {
		Key, Secret string
		Rights      map[string]bool
	}
	tt.read(&shown, "oauth-consumers", "get", made.Key, "--with-secret")
	if shown.Key != made.Key || shown.Secret == "" || !shown.Rights["access_organisations"] || shown.Rights["almighty"] {
		tt.t.Errorf("shown %+v", shown)
	}
	own := tt.env[:2:2]
	tt.env = append([]string{"OAUTH_CONSUMER_KEY=" + shown.Key, "OAUTH_CONSUMER_SECRET=" + shown.Secret}, tt.env[2:]...)
	if out := tt.run("profile"); !strings.Contains(out, tt.e.User()) {
		tt.t.Errorf("with its own consumer: %s", out)
	}
	tt.env = append(own, tt.env[2:]...)
	tt.run("oauth-consumers", "delete", "store", "--yes")
	if tt.e.store.World().Consumers.Find(made.Key) != nil {
		tt.t.Error("it is still there")
	}
}
