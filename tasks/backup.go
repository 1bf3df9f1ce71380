package tasks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// backupAge reads how old a backup may be: a duration in hours and minutes, or days.
func backupAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, convErr := strconv.Atoi(days)
		age, err = time.Duration(n)*24*time.Hour, convErr
		if n > 36500 {
			err = strconv.ErrRange
		}
	}
	if err != nil || age <= 0 {
		return 0, (&diagnostic.Problem{Msg: fmt.Sprintf("%q is not how old a backup may be", text)}).WithHint("write a duration: 24h, 90m, 7d")
	}
	return age, nil
}

// checkBackupAge notes an age that is none.
func checkBackupAge(c *engine.Checking, text string) {
	if text != "" {
		_, err := backupAge(text)
		c.Add("require_backup", err)
	}
}

// requireBackup refuses what destroys or moves an add-on that has no backup younger than an
// age. Without an age, and for an add-on that is not there yet, nothing is required.
func requireBackup(ctx context.Context, client platform, owner string, a clever.Addon, text string) error {
	if text == "" || isMadeUp(a.ID) {
		return nil
	}
	age, err := backupAge(text)
	if err != nil {
		return engine.About("require_backup", err)
	}
	list, err := client.Backups(ctx, owner, a)
	if err != nil {
		return engine.About("require_backup", fmt.Errorf("whether %s has a backup cannot be read: %w", object(a), err))
	}
	latest := clever.Latest(list)
	lacks := (&diagnostic.Problem{}).WithHint("wait for the next one, or leave require_backup out")
	switch {
	case latest == nil:
		lacks.Msg = fmt.Sprintf("%s has no backup, and one younger than %s is required", object(a), text)
	case time.Since(latest.Created.Time) > age:
		lacks.Msg = fmt.Sprintf("the last backup of %s is of %s, and one younger than %s is required", object(a), latest.Created.UTC().Format("2006-01-02 15:04 UTC"), text)
	default:
		return nil
	}
	return engine.About("require_backup", lacks)
}

// backupsResult returns what addon_info registers of an add-on's backups, the newest first.
func backupsResult(list []clever.Backup) []engine.Value {
	all := []engine.Value{}
	for i := len(list) - 1; i >= 0; i-- {
		b := list[i]
		all = append(all, value.MapOf("id", b.ID, "status", b.Status, "created", timeResult(b.Created), "deleted", timeResult(b.Until),
			"file", b.File, "usable", b.Usable(), "url", secretText(b.URL)))
	}
	return all
}

// backupReturns documents what backupsResult returns of each.
func backupReturns() []engine.Return {
	return []engine.Return{
		{Name: "id", Type: engine.TextParam, Doc: "its id"},
		{Name: "status", Type: engine.TextParam, Doc: "what became of it: DONE, …"},
		{Name: "created", Type: engine.TextParam, Null: true, Doc: "when it was made"},
		{Name: "deleted", Type: engine.TextParam, Null: true, Doc: "when it will be removed"},
		{Name: "file", Type: engine.TextParam, Doc: "the name of its file"},
		{Name: "usable", Type: engine.BoolParam, Doc: "whether a database can be made of it"},
		{Name: "url", Type: engine.TextParam, Null: true, Secret: true, Doc: "where it can be fetched"},
	}
}

func timeResult(t clever.BackupTime) engine.Value {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
