package emulator

import (
	"net/http"
	"strings"
	"time"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// databaseDetail is what v4 tells of a database (docs/platform.md §4.8).
type databaseDetail struct {
	ID            string                 `json:"id"`     // the real id
	AppID         string                 `json:"app_id"` // the add-on id
	OwnerID       string                 `json:"owner_id"`
	CreationDate  string                 `json:"creation_date"`
	Host          string                 `json:"host"`
	Port          int                    `json:"port"`
	User          string                 `json:"user"`
	Password      string                 `json:"password"`
	Database      string                 `json:"database"`
	Plan          string                 `json:"plan"` // the slug
	Version       string                 `json:"version"`
	Zone          string                 `json:"zone"`
	Locale        string                 `json:"locale,omitempty"` // PostgreSQL, as it was ordered
	Status        string                 `json:"status"`
	ReadOnlyUsers []string               `json:"read_only_users"`
	Features      []clever.FeatureSwitch `json:"features"`
}

// elasticDetail adds what comes beside an Elasticsearch; null for what was not
// asked for.
type elasticDetail struct {
	databaseDetail
	KibanaHost     *string                `json:"kibana_host"`
	KibanaUser     *string                `json:"kibana_user"`
	KibanaPassword *string                `json:"kibana_password"`
	APMHost        *string                `json:"apm_host"`
	APMUser        *string                `json:"apm_user"`
	APMPassword    *string                `json:"apm_password"`
	APMAuthToken   *string                `json:"apm_auth_token"`
	Plugins        []string               `json:"plugins"`
	Services       []clever.FeatureSwitch `json:"services"`
	Backups        map[string]string      `json:"backups"`
}

// detailPath is how v4 writes the provider: operators have "addon-" before their
// name there, also those that have none in the catalogue.
func detailPath(p *catalogue.Provider) string {
	if p.Detail == "operator" {
		return "addon-" + strings.TrimPrefix(p.ID, "addon-")
	}
	return p.ID
}

// detailID is the id that v4 knows an add-on by: the add-on id for databases,
// the real id for all others.
func detailID(p *catalogue.Provider, a *store.Addon) string {
	if p.Detail == "database" || p.Detail == "elastic" {
		return a.ID
	}
	return a.RealID
}

// detailed finds what a v4 path of a provider names.
func (e *Emulator) detailed(w *store.World, path, id string) (*store.Addon, *catalogue.Provider, error) {
	a := w.Addon(id)
	if a == nil {
		return nil, nil, rest.NoSuchAddon()
	}
	p := e.store.World().ProviderOf(a)
	if p.Detail == "" || p.Detail == "materia" || detailPath(p) != path || detailID(p, a) != id {
		return nil, nil, rest.NoSuchAddon()
	}
	return a, p, nil
}

func (e *Emulator) getDetail(c *rest.Call) (rest.Response, error) {
	a, p, err := e.detailed(e.store.World(), c.Path["provider"], c.Path["addon"])
	if err != nil {
		return rest.Response{}, err
	}
	switch p.Detail {
	case "elastic":
		return rest.Response{Body: newElasticDetail(p, a)}, nil
	case "operator":
		return rest.Response{Body: operatorDetail(p, a)}, nil
	case "config":
		return rest.Response{Body: map[string]any{
			"id": a.RealID, "owner_id": a.Owner, "creation_date": javaDate(a.Created), "env": environment(p, a),
		}}, nil
	case "pulsar":
		return rest.Response{Body: pulsarDetail(p, a)}, nil
	default: // database, jenkins
		return rest.Response{Body: newDatabaseDetail(p, a)}, nil
	}
}

// javaDate writes milliseconds as the platform's Java does.
func javaDate(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") + "[UTC]"
}

func newDatabaseDetail(p *catalogue.Provider, a *store.Addon) databaseDetail {
	d := databaseDetail{
		ID: a.RealID, AppID: a.ID, OwnerID: a.Owner, CreationDate: javaDate(a.Created),
		Host: a.Facts["host"], User: a.Facts["user"], Password: a.Facts["password"], Database: a.Facts["database"],
		Plan: p.Plan(a.Plan).Slug, Version: a.Version, Zone: a.Region, Locale: a.Options["locale"], Status: "ACTIVE",
		ReadOnlyUsers: []string{}, Features: p.SwitchesOf(p.Plan(a.Plan), a.Options),
	}
	d.Port = number(a.Facts["port"])
	return d
}

// number reads a port; 0 if there is none.
func number(s string) int {
	n := 0
	for _, digit := range s {
		n = n*10 + int(digit-'0')
	}
	return n
}

func newElasticDetail(p *catalogue.Provider, a *store.Addon) elasticDetail {
	fact := func(name, option string) *string {
		if a.Options[option] != "true" {
			return nil
		}
		text := a.Facts[name]
		return &text
	}
	d := elasticDetail{
		databaseDetail: newDatabaseDetail(p, a),
		KibanaHost:     fact("kibana", "kibana"), KibanaUser: fact("kibanaUser", "kibana"), KibanaPassword: fact("kibanaPassword", "kibana"),
		APMHost: fact("apm", "apm"), APMUser: fact("apmUser", "apm"), APMPassword: fact("apmPassword", "apm"), APMAuthToken: fact("apmToken", "apm"),
		Plugins: []string{},
		Backups: map[string]string{"kibana_snapshots_url": "https://" + a.Facts["kibana"] + "/app/management/data/snapshot_restore"},
	}
	if list := a.Options["plugins"]; list != "" {
		d.Plugins = strings.Split(list, ",")
	}
	for _, name := range []string{"kibana", "apm"} {
		d.Services = append(d.Services, clever.FeatureSwitch{Name: name, Enabled: a.Options[name] == "true"})
	}
	return d
}

func (e *Emulator) getMateria(c *rest.Call) (rest.Response, error) {
	owner, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	a := e.store.World().Addon(c.Path["addon"])
	if a == nil || a.Owner != owner || a.RealID != c.Path["addon"] || e.store.World().ProviderOf(a).Detail != "materia" {
		return rest.Response{}, rest.NoSuchAddon()
	}
	p := e.store.World().ProviderOf(a)
	return rest.Response{Body: map[string]any{
		"id": a.RealID, "clusterId": a.Facts["cluster"], "ownerId": a.Owner, "kind": "KV", "plan": p.Plan(a.Plan).Slug,
		"host": a.Facts["host"], "port": number(a.Facts["port"]), "token": a.Facts["token"], "tokenId": a.Facts["tokenId"],
		"status": "PROVISIONED",
	}}, nil
}

const configPath = "config-provider"

func (e *Emulator) getConfig(c *rest.Call) (rest.Response, error) {
	a, p, err := e.detailed(e.store.World(), configPath, c.Path["addon"])
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: environment(p, a)}, nil
}

// putConfig replaces all variables of a configuration provider; their order is
// its owner's.
func (e *Emulator) putConfig(c *rest.Call) (rest.Response, error) {
	var env []clever.EnvVar
	if err := c.Decode(&env); err != nil {
		return rest.Response{}, err
	}
	if env == nil { // the body was null
		env = []clever.EnvVar{}
	}
	for _, v := range env {
		if err := rest.CheckName(v.Name); err != nil {
			return rest.Response{}, err
		}
	}
	err := e.store.Change(func(d *store.Draft) error {
		a, _, err := e.detailed(&d.World, configPath, c.Path["addon"])
		if err != nil {
			return err
		}
		changed := *a
		changed.Env = env
		d.Replace(&changed)
		return nil
	})
	return rest.Response{Status: http.StatusOK, Body: env}, err
}
