package store

import (
	"maps"
	"slices"

	"runner/clever"
)

// A Moving is where an add-on will be when its migration ends.
type Moving struct {
	From      int64             `json:"from"`  // milliseconds
	Until     int64             `json:"until"` // milliseconds
	Plan      string            `json:"plan"`
	Region    string            `json:"region"`
	Version   string            `json:"version,omitempty"`
	Facts     map[string]string `json:"facts,omitempty"` // those that it will have instead: its host, its password
	Migration clever.Migration  `json:"migration"`       // as it will have been
}

// migrationsKept is how many migrations of an add-on are remembered.
const migrationsKept = 20

// BeginMigration notes a migration that was asked for, and forgets what was long ago.
func (a *Addon) BeginMigration(m *Moving, started clever.Migration) {
	list := append(slices.Clone(a.Migrations), started)
	a.Moving, a.Migrations = m, list[max(0, len(list)-migrationsKept):]
}

// At returns a migration as it is at a time before its end: some steps are done,
// one runs, and nothing is said of the others.
func (m *Moving) At(now int64) clever.Migration {
	seen, done := m.Migration, 0
	if all := m.Until - m.From; all > 0 {
		part := float64(now-m.From) / float64(all)
		done = int(min(max(part, 0), 1) * float64(len(seen.Steps)))
	}
	done = min(done, len(seen.Steps)-1)
	seen.Status, seen.Steps = running, slices.Clone(seen.Steps[:done+1])
	seen.Steps[done] = clever.MigrationStep{Value: seen.Steps[done].Value, Status: running, StartDate: seen.Steps[done].StartDate}
	return seen
}

const running = "RUNNING"

// CompleteMigration ends the migration that is under way: well, or where it was.
func (a *Addon) CompleteMigration() {
	m := a.Moving
	if m.Migration.Status == "OK" {
		a.Plan, a.Region, a.Version = m.Plan, m.Region, m.Version
		if len(m.Facts) > 0 {
			facts := maps.Clone(a.Facts)
			maps.Copy(facts, m.Facts)
			a.Facts = facts
		}
	}
	a.EndMigration(m.Migration)
}

// EndMigration notes how the migration that was under way ended.
func (a *Addon) EndMigration(m clever.Migration) {
	a.Moving, a.Migrations = nil, slices.Clone(a.Migrations)
	for i := range a.Migrations {
		if a.Migrations[i].ID == m.ID {
			a.Migrations[i] = m
		}
	}
}

// Trouble returns why the last change of an add-on failed; "" if it did not.
func (a *Addon) Trouble() string {
	if len(a.Migrations) == 0 || a.Migrations[len(a.Migrations)-1].Status != "FAILED" {
		return ""
	}
	last := a.Migrations[len(a.Migrations)-1]
	for _, s := range last.Steps {
		if s.Status == "FAILED" && s.Message != "" {
			return "The last change failed: " + s.Message
		}
	}
	return "The last change failed."
}
