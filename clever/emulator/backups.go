package emulator

import (
	"slices"
	"strconv"
	"time"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A plan with backups has one a day, of which the last seven are kept: "Daily - 7
// Retained". The first is a day after the order.
const (
	backupEvery = 24 * time.Hour
	backupsKept = 7
)

// A backup is what is shown of one (docs/platform.md §4.11). The words of its status are not known,
// and no command is shown, since nothing is behind it.
type backup struct {
	ID      string    `json:"backup_id"`
	Entity  string    `json:"entity_id"` // the add-on's real id
	Status  string    `json:"status"`
	Created time.Time `json:"creation_date"`
	Until   time.Time `json:"delete_at"`
	File    string    `json:"filename"`
	URL     string    `json:"download_url"`
	Restore string    `json:"restore_command"`
	Delete  string    `json:"delete_command"`
}

// backups returns those that are kept now, the oldest first.
func backups(p *catalogue.Provider, a *store.Addon, now time.Time) []backup {
	list := []backup{}
	if !backsUp(p, a) {
		return list
	}
	born := time.UnixMilli(a.Created).UTC()
	last := int(now.Sub(born) / backupEvery)
	for n := max(1, last-backupsKept+1); n <= last; n++ {
		at := born.Add(time.Duration(n) * backupEvery)
		id := catalogue.UUIDOf(a.RealID + strconv.Itoa(n))
		list = append(list, backup{
			ID: id, Entity: a.RealID, Status: "DONE", Created: at, Until: at.Add(backupsKept * backupEvery),
			File: a.RealID + "-" + at.Format("20060102150405") + ".dump", URL: "https://backups.example.test/" + id,
		})
	}
	return list
}

// backsUp reports whether a plan has backups, and its owner did not do without.
func backsUp(p *catalogue.Provider, a *store.Addon) bool {
	return slices.Contains(p.Features, "backup") && !p.Plan(a.Plan).Shared && a.Options["do-backup"] != "false"
}

// listBackups answers for an add-on by its real id.
func (e *Emulator) listBackups(c *rest.Call) (rest.Response, error) {
	owner, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	a := e.store.World().Addon(c.Path["addon"])
	if a == nil || a.Owner != owner {
		return rest.Response{}, rest.NoSuchAddon()
	}
	return rest.Response{Body: backups(e.store.World().ProviderOf(a), a, e.options.Now())}, nil
}

// An instance is the machine of an add-on on a plan of its own (docs/platform.md §4.2).
type instance struct {
	ID      string `json:"id"`
	App     string `json:"appId"` // the add-on's id
	IP      string `json:"ip"`
	Port    int    `json:"appPort"`
	State   string `json:"state"` // UP, or MIGRATION_IN_PROGRESS
	Flavor  flavor `json:"flavor"`
	Commit  string `json:"commit"`
	Deploys int    `json:"deployNumber"`
	Deploy  string `json:"deployId"`
	Number  int    `json:"instanceNumber"`
	Name    string `json:"displayName"`
	Created int64  `json:"creationDate"` // milliseconds
}

type flavor struct {
	Name  string  `json:"name"`
	Mem   int64   `json:"mem"` // MiB
	CPUs  int     `json:"cpus"`
	Price float64 `json:"price"`
}

// listInstances returns the one machine of a database; what lives on a cluster, or is
// no database, has none.
func (e *Emulator) listInstances(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	p := e.store.World().ProviderOf(a)
	plan, list := p.Plan(a.Plan), []instance{}
	if plan.Shared || !slices.Contains(p.Features, "cpu") {
		return rest.Response{Body: list}, nil
	}
	_, bytes := catalogue.SizeText(plan.Memory)
	memory, _ := strconv.ParseInt(bytes, 10, 64) // 0 where the plan does not say
	i := instance{
		ID: catalogue.UUIDOf(a.ID + "instance"), App: a.ID, IP: "192.0.2.20", Port: number(a.Facts["port"]), State: "UP",
		Flavor:  flavor{Name: plan.Slug, Mem: memory >> 20, CPUs: plan.CPU, Price: plan.Price},
		Deploys: 1, Deploy: "deployment_" + catalogue.UUIDOf(a.ID+"deployment"), Name: a.Name, Created: a.Created,
	}
	if a.Moving != nil {
		i.State = "MIGRATION_IN_PROGRESS"
	}
	return rest.Response{Body: append(list, i)}, nil
}
