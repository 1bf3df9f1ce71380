package emulator

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/market"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// createMigration changes plan, region or version. It takes as long as
// Options.MigrationTime says, or a fault; where that is no time at all, it is over
// as soon as it is kept. But the answer still says RUNNING, as on the platform: a
// client that polls finds it done at its first look.
func (e *Emulator) createMigration(c *rest.Call) (rest.Response, error) {
	var wanted clever.MigrationRequest
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	took := max(e.options.MigrationTime, 0)
	if fault := faultOf(c); fault.Kind == MigrationLate {
		took = fault.Wait
	}
	began := e.options.Now()
	var started clever.Migration
	var of string // the add-on whose vendor is to be asked
	if err := e.checkRoom(c, wanted.PlanID); err != nil {
		return rest.Response{}, err
	}
	_, err := e.alter(c, func(a *store.Addon) error {
		if a.Moving != nil {
			return rest.CannotMigrate("it is being migrated already")
		}
		moved := *a
		p := e.store.World().ProviderOf(a)
		if err := move(p, &moved, wanted); err != nil {
			return err
		}
		m := store.Moving{From: began.UnixMilli(), Until: began.Add(took).UnixMilli(), Plan: moved.Plan, Region: moved.Region, Version: moved.Version}
		failing := faultOf(c).Kind == MigrationFailed
		m.Migration = newMigration(migrationSteps(p, a, a.Plan, moved.Plan), began, took, failing)
		started = m.At(m.From)
		if a.Vendor != nil && !failing {
			of = a.ID
			return market.ChangePlan(a, m, started)
		}
		if a.Vendor == nil {
			m.Facts = e.renewed(p, a)
		}
		a.BeginMigration(&m, started)
		if took == 0 || a.Vendor != nil { // nobody but its vendor says how long such a one takes
			a.CompleteMigration()
		}
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	if of != "" {
		_ = e.market.Await(c, of, false) // what becomes of it shows in the migration
	}
	return rest.Response{Body: started}, nil
}

// A stepRule is a step of migrations from or to a shared cluster, or an instance of
// one's own; of all migrations if it says neither.
type stepRule struct {
	step     string
	from, to string
}

const (
	shared    = "shared"
	dedicated = "dedicated"
)

// stepRules are the steps in their order. The words are the platform's (docs/platform.md §4.7); which
// migrations take which of them is not documented, and inferred from the words.
func stepRules() []stepRule {
	return []stepRule{
		{step: "RETRIEVE_ADDON"},
		{step: "CHECK_NO_MIGRATION_ALREADY_RUNNING_FOR_ADDON"},
		{step: "RETRIEVE_SOURCE_CLUSTER", from: shared},
		{step: "RETRIEVE_SOURCE_INSTANCE", from: dedicated},
		{step: "RETRIEVE_TARGET_CLUSTER", to: shared},
		{step: "REMOVE_EDIT_RIGHT"},
		{step: "CREATE_ADDON_ON_TARGET_CLUSTER", to: shared},
		{step: "ASK_MIGRATION_INSTANCE_BOOT", to: dedicated},
		{step: "DEPLOY_MIGRATION_INSTANCE", to: dedicated},
		{step: "PREPARE_MIGRATION"},
		{step: dataStep},
		{step: "REMOVE_ADDON_FROM_SOURCE_CLUSTER", from: shared},
		{step: "STOP_SOURCE_INSTANCE", from: dedicated},
		{step: "UPDATE_REVERSE_PROXIES"},
		{step: "UPDATE_ADDON"},
	}
}

// dataStep is the step at which a migration fails that a fault lets fail.
const dataStep = "DUMP_AND_RESTORE"

// steps returns those by which an add-on gets from one plan to another. A vendor is
// asked at the last one; what it does is its own affair.
func migrationSteps(p *catalogue.Provider, a *store.Addon, from, to string) []string {
	if a.Vendor != nil {
		return []string{"RETRIEVE_ADDON", dataStep, "UPDATE_ADDON"}
	}
	kind := func(id string) string {
		if p.Plan(id).Shared {
			return shared
		}
		return dedicated
	}
	var steps []string
	for _, l := range stepRules() {
		if (l.from == "" || l.from == kind(from)) && (l.to == "" || l.to == kind(to)) {
			steps = append(steps, l.step)
		}
	}
	return steps
}

// newMigration returns one as it will have been: each step takes as long as any
// other, and one that fails is the last.
func newMigration(steps []string, began time.Time, took time.Duration, failing bool) clever.Migration {
	if failing {
		steps = steps[:slices.Index(steps, dataStep)+1]
	}
	at := func(step int) string {
		return began.Add(took / time.Duration(len(steps)) * time.Duration(step)).UTC().Format(time.RFC3339)
	}
	m := clever.Migration{ID: "migration_" + catalogue.NewUUID(), RequestDate: at(0), Status: "OK"}
	for i, s := range steps {
		m.Steps = append(m.Steps, clever.MigrationStep{Value: s, Status: "OK", StartDate: at(i), EndDate: at(i + 1)})
	}
	if last := &m.Steps[len(m.Steps)-1]; failing {
		last.Status, last.Message, m.Status = "FAILED", "the data could not be copied", "FAILED"
	}
	return m
}

// migrations returns an add-on's migrations as they are now.
func (e *Emulator) migrations(a *store.Addon) []clever.Migration {
	list := append([]clever.Migration{}, a.Migrations...)
	for i := range list {
		if a.Moving != nil && list[i].ID == a.Moving.Migration.ID {
			list[i] = a.Moving.At(e.options.Now().UnixMilli())
		}
	}
	return list
}

// completeMigrations ends the migrations whose time has come. What is answered afterwards
// knows it.
func (e *Emulator) completeMigrations() error {
	now := e.options.Now().UnixMilli()
	due := func(w *store.World) []*store.Addon {
		var list []*store.Addon
		for _, a := range w.Moving {
			if a.Vendor == nil && a.Moving.Until <= now || a.Vendor != nil && a.Vendor.Overdue(now) {
				list = append(list, a)
			}
		}
		return list
	}
	if due(e.store.World()) == nil {
		return nil
	}
	return e.store.Change(func(d *store.Draft) error {
		for _, a := range due(&d.World) {
			if a.Vendor != nil {
				d.Expire(a)
				continue
			}
			there := *a
			there.CompleteMigration()
			d.Replace(&there)
		}
		return nil
	})
}

// renewed returns the facts that an add-on has after a migration instead of those it
// had: another password and, where its server is only pretended, another host. Who
// goes on with the old ones is to find out, as on the platform (docs/platform.md §4.7).
func (e *Emulator) renewed(p *catalogue.Provider, a *store.Addon) map[string]string {
	fresh, facts := p.NewFacts(), map[string]string{}
	for _, name := range []string{"password", "host", "direct"} {
		if fresh[name] != "" && (name == "password" || e.behind(a) == nil) {
			facts[name] = fresh[name]
		}
	}
	return facts
}

// checkRoom refuses a plan that has less room than an add-on has data, where a server
// is behind it.
func (e *Emulator) checkRoom(c *rest.Call, planID string) error {
	a, err := e.addon(c)
	if err != nil {
		return err
	}
	measured, ok := e.behind(a).(Measured)
	plan := e.store.World().ProviderOf(a).Plan(planID)
	if !ok || plan == nil || plan.Room() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), backingTime)
	defer cancel()
	size, err := measured.Size(ctx, e.instance(a))
	if err != nil {
		return rest.NoDatabase(err)
	}
	if size > plan.Room() {
		return rest.CannotMigrate(fmt.Sprintf("its data, %d MiB, does not fit into the %d MiB of %s", (size+1<<20-1)>>20, plan.Room()>>20, plan.Name))
	}
	return nil
}

// move puts an add-on on the plan, and into the region and version, that are wanted; what is
// left out stays. Its ids stay.
func move(p *catalogue.Provider, a *store.Addon, wanted clever.MigrationRequest) error {
	if !p.CanUpgrade {
		return rest.CannotMigrate("the addons of " + p.ID + " stay what they are")
	}
	region := cmp.Or(wanted.Region, a.Region)
	pl, err := choosePlan(p, cmp.Or(wanted.PlanID, a.Plan), region)
	if err != nil {
		return err
	}
	version := a.Version
	if wanted.Version != nil && *wanted.Version != "" {
		version = *wanted.Version
	}
	if err := checkVersion(p, pl, version); err != nil {
		return err
	}
	a.Plan, a.Region, a.Version = pl.ID, region, p.Version(pl, region, version)
	return nil
}

func (e *Emulator) listMigrations(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: e.migrations(a)}, nil
}

func (e *Emulator) getMigration(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	for _, m := range e.migrations(a) {
		if m.ID == c.Path["migration"] {
			return rest.Response{Body: m}, nil
		}
	}
	return rest.Response{}, rest.NotFound("migration")
}

// abortMigration ends a migration that runs; the add-on stays what it is. What the
// platform answers is not known: here it is the migration.
func (e *Emulator) abortMigration(c *rest.Call) (rest.Response, error) {
	var aborted clever.Migration
	_, err := e.alter(c, func(a *store.Addon) error {
		known := func(m clever.Migration) bool { return m.ID == c.Path["migration"] }
		switch {
		case !slices.ContainsFunc(a.Migrations, known):
			return rest.NotFound("migration")
		case a.Moving == nil || !known(a.Moving.Migration):
			return rest.CannotMigrate("the migration is over, and can no longer be aborted")
		case a.Vendor != nil:
			return rest.CannotMigrate("its vendor was asked already, and the migration can no longer be aborted")
		}
		now := e.options.Now()
		aborted = a.Moving.At(now.UnixMilli())
		last := &aborted.Steps[len(aborted.Steps)-1]
		aborted.Status, last.Status, last.EndDate = "ABORTED", "ABORTED", now.UTC().Format(time.RFC3339)
		a.EndMigration(aborted)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: aborted}, nil
}

// previewMigration says what a plan would cost, with French VAT.
func (e *Emulator) previewMigration(c *rest.Call) (rest.Response, error) {
	a, err := e.addon(c)
	if err != nil {
		return rest.Response{}, err
	}
	pl, err := choosePlan(e.store.World().ProviderOf(a), c.Request.URL.Query().Get("planId"), a.Region)
	if err != nil {
		return rest.Response{}, err
	}
	vat := math.Round(pl.Price*20) / 100
	line := map[string]any{"description": a.Name + ", " + pl.Name, "VAT": 20, "price": pl.Price}
	return rest.Response{Body: map[string]any{
		"status": "PENDING", "type": "ADDON_PREORDER", "lines": []any{line},
		"totalHT": pl.Price, "totalVAT": vat, "totalTTC": math.Round((pl.Price+vat)*100) / 100,
	}}, nil
}
