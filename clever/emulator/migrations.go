package emulator

import (
	"cmp"
	"math"
	"slices"
	"time"

	"runner/clever"
)

// migrationSteps are the steps that every migration here goes through.
var migrationSteps = [...]string{
	"RETRIEVE_ADDON", "CREATE_ADDON_ON_TARGET_CLUSTER", "DUMP_AND_RESTORE", "UPDATE_REVERSE_PROXIES", "UPDATE_ADDON",
}

// createMigration changes plan, region or version. It is over as soon as it is
// kept, unless a fault makes it take its time; but the answer still says RUNNING,
// as on the platform: a client that polls finds it done at its first look.
func (e *Emulator) createMigration(c *call) (answer, error) {
	var wish clever.MigrationRequest
	if err := c.decode(&wish); err != nil {
		return answer{}, err
	}
	m := e.newMigration(c.fault.Kind == MigrationFailed)
	_, err := e.alter(c, func(a *addon) error {
		if a.Moving != nil {
			return cannotMigrate("it is being migrated already")
		}
		moved := *a
		if err := e.catalogue.move(&moved, wish); err != nil {
			return err
		}
		kept := m
		switch c.fault.Kind {
		case MigrationFailed:
		case MigrationLate:
			kept = begun(m)
			a.Moving = &moving{Until: e.options.Now().Add(c.fault.Wait).UnixMilli(), Migration: m,
				Plan: moved.Plan, Region: moved.Region, Version: moved.Version}
		default:
			*a = moved
		}
		a.Migrations = append(slices.Clone(a.Migrations), kept)
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return answer{body: begun(m)}, nil
}

// begun gives a migration as it is at its second step.
func begun(m clever.Migration) clever.Migration {
	m.Status = "RUNNING"
	m.Steps = []clever.MigrationStep{m.Steps[0], {Value: migrationSteps[1], Status: "RUNNING", StartDate: m.RequestDate}}
	return m
}

// arrive ends the migrations whose time has come. What is answered afterwards
// knows it.
func (e *Emulator) arrive() error {
	now := e.options.Now().UnixMilli()
	due := func(a *addon) bool { return a.Moving != nil && a.Moving.Until <= now }
	if !slices.ContainsFunc(e.store.world().addons, due) {
		return nil
	}
	return e.store.change(func(d *draft) error {
		for _, a := range d.addons {
			if due(a) {
				there := *a
				there.arrive()
				d.replace(&there)
			}
		}
		return nil
	})
}

func (a *addon) arrive() {
	m := a.Moving
	a.Plan, a.Region, a.Version, a.Moving = m.Plan, m.Region, m.Version, nil
	a.Migrations = slices.Clone(a.Migrations)
	for i := range a.Migrations {
		if a.Migrations[i].ID == m.Migration.ID {
			a.Migrations[i] = m.Migration
		}
	}
}

// newMigration gives one that went well, a moment ago, or failed at the data.
func (e *Emulator) newMigration(failing bool) clever.Migration {
	now := e.options.Now().UTC().Format(time.RFC3339)
	m := clever.Migration{ID: "migration_" + newUUID(), RequestDate: now, Status: "OK"}
	for _, s := range migrationSteps {
		step := clever.MigrationStep{Value: s, Status: "OK", StartDate: now, EndDate: now}
		if failing && s == "DUMP_AND_RESTORE" {
			step.Status, step.Message, m.Status = "FAILED", "the data could not be copied", "FAILED"
			m.Steps = append(m.Steps, step)
			break
		}
		m.Steps = append(m.Steps, step)
	}
	return m
}

// move gives an add-on the plan, region and version that are wished; what is
// left out stays. Its ids stay, and here its hosts and passwords do too.
func (c *catalogue) move(a *addon, wish clever.MigrationRequest) error {
	p := c.provider(a.Provider)
	if !p.CanUpgrade {
		return cannotMigrate("the addons of " + p.ID + " stay what they are")
	}
	region := cmp.Or(wish.Region, a.Region)
	pl, err := p.choose(cmp.Or(wish.PlanID, a.Plan), region)
	if err != nil {
		return err
	}
	version := a.Version
	if wish.Version != nil && *wish.Version != "" {
		version = *wish.Version
	}
	if err := p.checkVersion(pl, version); err != nil {
		return err
	}
	a.Plan, a.Region, a.Version = pl.ID, region, p.version(pl, region, version)
	return nil
}

func (e *Emulator) listMigrations(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: append([]clever.Migration{}, a.Migrations...)}, nil
}

func (e *Emulator) getMigration(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	for _, m := range a.Migrations {
		if m.ID == c.path["migration"] {
			return answer{body: m}, nil
		}
	}
	return answer{}, notFound("migration")
}

// abortMigration always comes too late.
func (e *Emulator) abortMigration(c *call) (answer, error) {
	if _, err := e.getMigration(c); err != nil {
		return answer{}, err
	}
	return answer{}, cannotMigrate("the migration is over, and can no longer be aborted")
}

// previewMigration says what a plan would cost, with French VAT.
func (e *Emulator) previewMigration(c *call) (answer, error) {
	a, err := e.addon(c)
	if err != nil {
		return answer{}, err
	}
	pl, err := e.catalogue.provider(a.Provider).choose(c.r.URL.Query().Get("planId"), a.Region)
	if err != nil {
		return answer{}, err
	}
	vat := math.Round(pl.Price*20) / 100
	line := map[string]any{"description": a.Name + ", " + pl.Name, "VAT": 20, "price": pl.Price}
	return answer{body: map[string]any{
		"status": "PENDING", "type": "ADDON_PREORDER", "lines": []any{line},
		"totalHT": pl.Price, "totalVAT": vat, "totalTTC": math.Round((pl.Price+vat)*100) / 100,
	}}, nil
}
